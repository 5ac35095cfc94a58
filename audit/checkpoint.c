/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/checkpoint.h"

#include "audit/base64.h"
#include <inttypes.h>
#include <stdio.h>

#define DASH "\xe2\x80\x94 "

void audit_checkpoint_text(const struct audit_checkpoint *checkpoint, struct buf *text)
{
	buf_printf(text, "%s\n%" PRIu64 "\n", checkpoint->origin, checkpoint->size);
	audit_base64_add(text, checkpoint->root.at, AUDIT_HASH_LEN);
	buf_add_text(text, "\n");
}

/* Takes everything up to `mark`, which is taken too. */
static bool take_until(struct bytes *rest, char mark, struct bytes *field)
{
	const char *end = rest->len ? memchr(rest->at, mark, rest->len) : NULL;
	if (!end)
		return false;
	*field = (struct bytes){rest->at, (size_t)(end - rest->at)};
	rest->at += field->len + 1;
	rest->len -= field->len + 1;
	return true;
}

static bool read_size(struct bytes text, uint64_t *size)
{
	uint64_t value = 0;
	if (text.len == 0 || text.len > 19 || (text.len > 1 && text.at[0] == '0'))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text.at[i] - '0');
	}
	*size = value;
	return value <= INT64_MAX;
}

bool audit_checkpoint_parse(struct bytes text, struct audit_checkpoint *checkpoint, struct err *err)
{
	struct audit_checkpoint made = {{0}, 0, {{0}}};
	struct bytes rest = text, origin, size, root;
	size_t len;
	if (!take_until(&rest, '\n', &origin) || !take_until(&rest, '\n', &size) ||
	    !take_until(&rest, '\n', &root))
		return err_set(err, "checkpoint: lines are missing; it has origin, size and root");
	if (rest.len > 0)
		return err_set(err, "checkpoint: extension lines; this log writes none");
	if (!audit_name_valid(origin))
		return err_set(err, "checkpoint: the origin is not a key name");
	if (!read_size(size, &made.size))
		return err_set(err, "checkpoint: the size is not a number below 2^63 without leading zeros");
	if (!audit_base64_read(root, made.root.at, AUDIT_HASH_LEN, &len) || len != AUDIT_HASH_LEN)
		return err_set(err, "checkpoint: the root is not the base64 of 32 bytes");
	memcpy(made.origin, origin.at, origin.len);
	*checkpoint = made;
	return true;
}

bool audit_checkpoint_open(struct bytes note, const struct audit_vkey *vkey,
			   struct audit_checkpoint *checkpoint, struct err *err)
{
	struct bytes text;
	struct audit_checkpoint made;
	if (!audit_note_open(note, vkey, true, &text, err) || !audit_checkpoint_parse(text, &made, err))
		return false;
	if (strcmp(made.origin, vkey->name) != 0)
		return err_set(err, "checkpoint: it is of log %s; this log is %s", made.origin, vkey->name);
	*checkpoint = made;
	return true;
}

bool audit_checkpoint_line(struct bytes note, struct buf *line, struct err *err)
{
	struct bytes text, signatures, signature;
	struct audit_checkpoint checkpoint;
	if (!audit_note_split(note, &text, &signatures, err) ||
	    !audit_checkpoint_parse(text, &checkpoint, err))
		return false;
	size_t head = strlen(DASH) + strlen(checkpoint.origin) + 1;
	if (signatures.len != head + AUDIT_SIGNATURE_LEN + 1)
		return err_set(err, "checkpoint: not signed by its log alone");
	signature = (struct bytes){signatures.at + head, AUDIT_SIGNATURE_LEN};
	buf_printf(line, "checkpoint %s %" PRIu64 " ", checkpoint.origin, checkpoint.size);
	audit_base64_add(line, checkpoint.root.at, AUDIT_HASH_LEN);
	buf_printf(line, " %.*s", BYTES_ARG(signature));
	return line->failed ? err_set(err, "checkpoint: memory is short") : true;
}

bool audit_checkpoint_find(struct bytes line, struct buf *note)
{
	static const char word[] = "checkpoint ";
	const char *at = line.len ? memmem(line.at, line.len, word, strlen(word)) : NULL;
	for (; at; at = memmem(at + 1, (size_t)(line.at + line.len - at - 1), word, strlen(word))) {
		struct bytes rest = {at + strlen(word), (size_t)(line.at + line.len - at) - strlen(word)};
		struct bytes origin, size, root;
		if (!take_until(&rest, ' ', &origin) || !take_until(&rest, ' ', &size) ||
		    !take_until(&rest, ' ', &root) || rest.len < AUDIT_SIGNATURE_LEN)
			continue;
		/* The words may be somebody's prose: only what reads as a checkpoint is one. */
		struct audit_checkpoint unused;
		size_t start = note->len;
		buf_printf(note, "%.*s\n%.*s\n%.*s\n", BYTES_ARG(origin), BYTES_ARG(size), BYTES_ARG(root));
		struct bytes text = {note->at + start, note->len - start};
		if (note->failed || !audit_checkpoint_parse(text, &unused, NULL)) {
			note->len = start;
			continue;
		}
		buf_printf(note, "\n" DASH "%.*s %.*s\n", BYTES_ARG(origin), AUDIT_SIGNATURE_LEN, rest.at);
		return !note->failed;
	}
	return false;
}
