/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/base64.h"
#include "audit/logdir.h"
#include "audit/tool.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

struct shown {
	struct buf leaf;
	bool found;
};

static bool keep(void *ctx, uint64_t index, struct bytes leaf)
{
	struct shown *shown = ctx;
	(void)index;
	buf_add_bytes(&shown->leaf, leaf);
	shown->found = true;
	return false;
}

/* `12`, `0001/12`, or a receipt `<origin>/0001/12`. epoch 0: none is named. */
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

/* One entry for people: each member on a line of its own, lists of plain values on one line. */
static void indent_json(struct buf *to, struct bytes json)
{
	int depth = 0;
	bool quoted = false;
	for (size_t i = 0; i < json.len; i++) {
		char c = json.at[i];
		bool opens = !quoted && (c == '{' || (c == '[' && i + 1 < json.len && json.at[i + 1] == '{'));
		bool closes = !quoted && (c == '}' || (c == ']' && json.at[i - 1] == '}'));
		bool parts = !quoted && c == ',' && i + 1 < json.len &&
			     ((json.at[i + 1] == '"' && depth > 0) || json.at[i + 1] == '{');
		if (closes)
			buf_printf(to, "\n%*s", 2 * --depth, "");
		buf_add(to, &c, 1);
		if (opens)
			depth++;
		if (opens || parts)
			buf_printf(to, "\n%*s", 2 * depth, "");
		if (quoted && c == '\\')
			buf_add(to, &json.at[++i], 1);
		else if (c == '"')
			quoted = !quoted;
		if (!quoted && c == ':')
			buf_add(to, " ", 1);
	}
	buf_add_text(to, "\n");
}

static void add_hash(struct buf *to, struct bytes leaf)
{
	struct audit_hasher hasher;
	struct err err;
	if (!audit_hasher_init(&hasher, &err)) {
		to->failed = true;
		return;
	}
	struct audit_hash hash = audit_hash_leaf(&hasher, leaf);
	audit_base64_add(to, hash.at, AUDIT_HASH_LEN);
	audit_hasher_done(&hasher);
}

static enum tool_exit answer(const struct audit_reader *reader, uint64_t index, struct bytes leaf, bool json)
{
	struct buf text = {0}, hash = {0};
	bool is_signed = index < reader->checkpoint.size;
	add_hash(&hash, leaf);
	if (json) {
		json_open(&text, '{');
		json_key(&text, "origin");
		json_text(&text, reader->identity.vkey.name);
		json_key(&text, "index");
		json_uint(&text, index);
		json_key(&text, "signed");
		json_bool(&text, is_signed);
		json_key(&text, "leaf_hash");
		json_string(&text, buf_bytes(&hash));
		json_key(&text, "entry");
		buf_add_bytes(&text, leaf);
		json_close(&text, '}');
		buf_add_text(&text, "\n");
	} else {
		buf_printf(&text, "receipt  %s/%" PRIu64 "\n", reader->identity.vkey.name, index);
		if (is_signed)
			buf_printf(&text, "state    under the checkpoint of %" PRIu64 " entries\n",
				   reader->checkpoint.size);
		else
			buf_add_text(&text, "state    in the journal, not signed yet\n");
		buf_printf(&text, "leaf     %.*s\n", BYTES_ARG(buf_bytes(&hash)));
		indent_json(&text, leaf);
	}
	enum tool_exit result = hash.failed ? TOOL_FAILED : tool_answer(&text, TOOL_YES);
	buf_done(&text);
	buf_done(&hash);
	return result;
}

static enum tool_exit show_in(const struct audit_logdir *logdir, size_t i, uint64_t index, bool json)
{
	struct audit_reader reader;
	struct shown shown = {{0}, false};
	struct err err;
	enum tool_exit result;
	if (!audit_logdir_reader(logdir, i, &reader, &err))
		return tool_fail(&err);
	if (index < reader.pruned) {
		fprintf(stderr,
			"rankguard-audit: %s/%" PRIu64
			": is pruned: the log's retention policy removed the entries "
			"below %" PRIu64 "; their hashes stay, and a copy of the entry can still be proven\n",
			reader.identity.vkey.name, index, reader.pruned);
		audit_reader_close(&reader);
		return TOOL_NO;
	}
	bool good = audit_reader_walk(&reader, index, index + 1, keep, &shown, NULL, &err);
	if (shown.found && !shown.leaf.failed)
		result = answer(&reader, index, buf_bytes(&shown.leaf), json);
	else if (!good || shown.leaf.failed)
		result = tool_fail(&err);
	else {
		fprintf(stderr, "rankguard-audit: %s has no entry %" PRIu64 "; %" PRIu64 " are signed\n",
			reader.identity.vkey.name, index, reader.checkpoint.size);
		result = TOOL_NO;
	}
	buf_done(&shown.leaf);
	audit_reader_close(&reader);
	return result;
}

static enum tool_exit show(const struct tool_verb *verb, int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, TOOL_OPTION_HELP},
						{"json", no_argument, NULL, TOOL_OPTION_JSON},
						{NULL, 0, NULL, 0}};
	struct audit_logdir logdir;
	struct err err;
	bool json = false;
	unsigned epoch;
	uint64_t index;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == TOOL_OPTION_HELP)
			return tool_help(verb);
		if (c != TOOL_OPTION_JSON)
			return tool_usage(verb, "wrong option");
		json = true;
	}
	if (argc - optind != 2)
		return tool_usage(verb, "name a directory and an index");
	if (!parse_place(argv[optind + 1], &epoch, &index))
		return tool_usage(verb, "\"%s\" is not an index; write 12, 0001/12 or a whole receipt",
				  argv[optind + 1]);
	if (!audit_logdir_open(&logdir, argv[optind], &err))
		return tool_fail(&err);
	size_t i = logdir.count - 1;
	while (epoch && !logdir.single && i > 0 && logdir.epochs[i] != epoch)
		i--;
	enum tool_exit result = TOOL_NO;
	if (epoch && !logdir.single && logdir.epochs[i] != epoch)
		fprintf(stderr, "rankguard-audit: %s: has no epoch %04u\n", logdir.path, epoch);
	else
		result = show_in(&logdir, i, index, json);
	audit_logdir_close(&logdir);
	return result;
}

const struct tool_verb tool_show = {
	.name = "show",
	.usage = "[--json] DIR INDEX",
	.help = "Shows one entry. INDEX is a number in the newest epoch, <epoch>/<number>, or a receipt as\n"
		"rankguard puts it into a response's metadata.\n\n"
		"  --json   as one JSON object; its member `entry` is the leaf as it stands\n",
	.run = show,
};
