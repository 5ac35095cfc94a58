/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/tool_place.h"

#include <inttypes.h>
#include <stdio.h>

/* epoch 0: none is named. */
static bool parse_place(const char *text, unsigned *epoch, uint64_t *index)
{
	char name[AUDIT_EPOCH_NAME] = "";
	const char *slash = strrchr(text, '/'), *digits = slash ? slash + 1 : text, *start = text;
	size_t len = strlen(digits);
	if (len == 0 || len > 18 || strspn(digits, "0123456789") != len || (len > 1 && digits[0] == '0'))
		return false;
	*index = 0;
	for (size_t i = 0; i < len; i++)
		*index = *index * 10 + (uint64_t)(digits[i] - '0');
	*epoch = 0;
	if (!slash)
		return true;
	for (const char *at = text; at < slash; at++)
		start = *at == '/' ? at + 1 : start;
	if ((size_t)(slash - start) >= sizeof name)
		return false;
	memcpy(name, start, (size_t)(slash - start));
	*epoch = audit_epoch_parse(name);
	return *epoch != 0;
}

enum tool_exit tool_place_open(const struct tool_verb *verb, const char *directory, const char *place,
			       struct audit_reader *reader, uint64_t *index)
{
	struct audit_logdir logdir;
	struct err err;
	unsigned epoch;
	enum tool_exit result = TOOL_YES;
	if (!parse_place(place, &epoch, index))
		return tool_usage(verb, "\"%s\" is not an index; write 12, 0001/12 or a whole receipt",
				  place);
	if (!audit_logdir_open(&logdir, directory, &err))
		return tool_fail(&err);
	size_t i = logdir.count - 1;
	while (epoch && !logdir.single && i > 0 && logdir.epochs[i] != epoch)
		i--;
	if (epoch && !logdir.single && logdir.epochs[i] != epoch) {
		fprintf(stderr, "rankguard-audit: %s: has no epoch %04u\n", logdir.path, epoch);
		result = TOOL_NO;
	} else if (!audit_logdir_reader(&logdir, i, reader, &err)) {
		result = tool_fail(&err);
	}
	audit_logdir_close(&logdir);
	return result;
}

static bool keep(void *ctx, uint64_t index, struct bytes leaf)
{
	(void)index;
	buf_add_bytes(ctx, leaf);
	return false;
}

enum tool_exit tool_place_read(struct audit_reader *reader, uint64_t index, struct buf *leaf)
{
	struct err err;
	buf_clear(leaf);
	bool good = audit_reader_walk(reader, index, index + 1, keep, leaf, NULL, &err);
	if (leaf->failed)
		good = err_set(&err, "memory is short");
	if (!good)
		return tool_fail(&err);
	if (leaf->len > 0)
		return TOOL_YES;
	fprintf(stderr, "rankguard-audit: %s has no entry %" PRIu64 "; %" PRIu64 " are signed\n",
		reader->identity.vkey.name, index, reader->checkpoint.size);
	return TOOL_NO;
}
