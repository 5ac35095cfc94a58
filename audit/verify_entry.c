/* SPDX-License-Identifier: Apache-2.0
 *
 * What must hold from one entry to the next.
 */
#include "audit/verify_inside.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

static void check_part(struct verify *v, uint64_t index, const struct audit_entry_head *head)
{
	if (v->parts &&
	    (head->part != v->part + 1 || head->parts != v->parts || !bytes_equal(head->type, v->part_type)))
		verify_find(v, "entry %" PRIu64 ": part %u of %u of the %.*s before it is missing", index,
			    v->part + 1, v->parts, BYTES_ARG(v->part_type));
	else if (!v->parts && head->part > 1)
		verify_find(v, "entry %" PRIu64 ": part %u of %u without the parts before it", index,
			    head->part, head->parts);
	bool more = head->part < head->parts;
	v->part = more ? head->part : 0;
	v->parts = more ? head->parts : 0;
	v->part_type = more ? head->type : (struct bytes){NULL, 0};
}

/* A tail that was cut off lies in quarantine/ as the entry says. */
static void check_recovery(struct verify *v, uint64_t index, struct bytes leaf)
{
	struct audit_entry_recovery recovery;
	struct buf file = {0};
	struct err err;
	char name[128], hex[2 * AUDIT_HASH_LEN + 1], digest[8 + 2 * AUDIT_HASH_LEN];
	if (!audit_entry_read_recovery(leaf, &v->scratch, &recovery, &err)) {
		verify_find(v, "entry %" PRIu64 ": %s", index, err.text);
		return;
	}
	if (!bytes_present(recovery.file))
		return;
	snprintf(name, sizeof name, "%.*s", BYTES_ARG(recovery.file));
	if (strncmp(name, "quarantine/", 11) != 0 || strstr(name, ".."))
		verify_find(v, "entry %" PRIu64 ": it names a file outside quarantine/", index);
	else if (audit_file_read(v->reader.epoch, name, SIZE_MAX / 2, &file, &err) != AUDIT_FOUND)
		verify_find(v, "%s (of entry %" PRIu64 ")", err.text, index);
	else {
		struct audit_hash hash = audit_hash_plain(&v->hasher, buf_bytes(&file));
		audit_hash_hex(&hash, hex);
		snprintf(digest, sizeof digest, "sha256:%s", hex);
		if (!bytes_equal(recovery.digest, bytes_of(digest)) || recovery.cut != file.len)
			verify_find(v, "%s: is not what entry %" PRIu64 " says", name, index);
	}
	buf_done(&file);
}

/* A file that repair set aside must lie there as the entry says. */
static void check_set_aside(void *ctx, const struct audit_entry_set_aside *file)
{
	struct verify *v = ctx;
	char path[AUDIT_EPOCH_NAME + 80];
	struct buf content = {0};
	struct err err;
	if (v->logdir.single || !v->before[0] || file->file.len > 64 ||
	    memmem(file->file.at, file->file.len, "..", 2))
		return;
	const char *number = strrchr(v->before, '/');
	snprintf(path, sizeof path, "%s/%.*s", number ? number + 1 : "", BYTES_ARG(file->file));
	if (audit_file_read(v->logdir.fd, path, SIZE_MAX / 2, &content, &err) != AUDIT_FOUND) {
		verify_find(v, "gap: %s", err.text);
	} else {
		char hex[2 * AUDIT_HASH_LEN + 1], digest[8 + 2 * AUDIT_HASH_LEN];
		struct audit_hash hash = audit_hash_plain(&v->hasher, buf_bytes(&content));
		audit_hash_hex(&hash, hex);
		snprintf(digest, sizeof digest, "sha256:%s", hex);
		if (!bytes_equal(file->digest, bytes_of(digest)) || file->bytes != content.len)
			verify_find(v, "gap: %s: is not what was set aside", path);
	}
	buf_done(&content);
}

static void check_gap(struct verify *v, uint64_t index, struct bytes leaf)
{
	struct audit_entry_gap gap;
	struct err err;
	if (!audit_entry_read_gap(leaf, &v->scratch, &gap, v->o->strict ? check_set_aside : NULL, v, &err)) {
		verify_find(v, "entry %" PRIu64 ": %s", index, err.text);
		return;
	}
	if (v->before[0] && !bytes_equal(gap.origin, bytes_of(v->before)))
		verify_find(v, "entry %" PRIu64 ": a gap in %.*s; the epoch before this one is %s", index,
			    BYTES_ARG(gap.origin), v->before);
	else if (gap.to > gap.from)
		verify_note(v,
			    "entry %" PRIu64 ": a gap: entries %" PRIu64 " to %" PRIu64
			    " of %.*s are lost; repair set %zu files aside: %.*s",
			    index, gap.from, gap.to - 1, BYTES_ARG(gap.origin), gap.file_count,
			    BYTES_ARG(gap.reason));
	else
		verify_note(
			v,
			"entry %" PRIu64 ": a gap: entries from %" PRIu64
			" on of %.*s may be lost, how many is not known; repair set %zu files aside: %.*s",
			index, gap.from, BYTES_ARG(gap.origin), gap.file_count, BYTES_ARG(gap.reason));
}

static void check_prune(struct verify *v, uint64_t index, struct bytes leaf)
{
	struct audit_entry_prune prune;
	struct err err;
	if (!audit_entry_read_prune(leaf, &v->scratch, &prune, &err))
		verify_find(v, "entry %" PRIu64 ": %s", index, err.text);
}

/* Is it the last entry that a sealed epoch has? */
static void note_close(struct verify *v, uint64_t index, struct bytes leaf)
{
	struct bytes successor;
	struct err err;
	if (!audit_entry_read_close(leaf, &v->scratch, &successor, &err)) {
		verify_find(v, "entry %" PRIu64 ": %s", index, err.text);
		return;
	}
	v->sealed = bytes_present(successor);
	snprintf(v->successor, sizeof v->successor, "%.*s", BYTES_ARG(successor));
}

/* The first entry names the log, and the one before it. */
static void check_first(struct verify *v, struct bytes leaf)
{
	struct audit_entry_open open;
	struct err err;
	if (!audit_entry_read_open(leaf, &v->scratch, &open, &err)) {
		verify_find(v, "entry 0: %s", err.text);
		return;
	}
	if (!bytes_equal(open.origin, bytes_of(v->reader.identity.vkey.name)))
		verify_find(v, "entry 0: it opens log %.*s; this is %s", BYTES_ARG(open.origin),
			    v->reader.identity.vkey.name);
	if (v->before[0] && !bytes_equal(open.predecessor, bytes_of(v->before)))
		verify_find(v, "entry 0: its predecessor is not %s, which stands before it", v->before);
	if (v->before_successor[0] && !bytes_equal(open.origin, bytes_of(v->before_successor)))
		verify_find(v, "entry 0: the epoch before was sealed for %s; this is %.*s",
			    v->before_successor, BYTES_ARG(open.origin));
	if (v->before[0] && !bytes_equal(open.predecessor_checkpoint, buf_bytes(&v->before_note)))
		verify_find(v, "entry 0: the checkpoint that it states of %s is not the last one of that log",
			    v->before);
	if (!v->before[0] && bytes_present(open.predecessor))
		verify_note(v, "its predecessor %.*s is not here", BYTES_ARG(open.predecessor));
}

void verify_entry(struct verify *v, uint64_t index, struct bytes leaf)
{
	struct audit_entry_head head;
	struct err err;
	v->next = index + 1;
	bool good = v->o->strict ? audit_entry_check(leaf, &head, &err)
				 : audit_entry_read_head(leaf, &head, &err);
	if (!good) {
		verify_find(v, "entry %" PRIu64 ": %s", index, err.text);
		return;
	}
	if (head.time_ns < v->time_ns)
		verify_find(v, "entry %" PRIu64 ": its time is before that of the entry before it", index);
	v->time_ns = head.time_ns;
	check_part(v, index, &head);
	v->sealed = false;
	if (bytes_equal(head.type, BYTES_LITERAL("close")))
		note_close(v, index, leaf);
	if (bytes_equal(head.type, BYTES_LITERAL("gap")))
		check_gap(v, index, leaf);
	if (bytes_equal(head.type, BYTES_LITERAL("prune")))
		check_prune(v, index, leaf);
	if (bytes_equal(head.type, BYTES_LITERAL("failure")))
		v->last_failure = index;
	if (v->o->strict && bytes_equal(head.type, BYTES_LITERAL("recovery")))
		check_recovery(v, index, leaf);
	if (index == 0)
		check_first(v, leaf);
}

void verify_entries_end(struct verify *v)
{
	/* Parts are acknowledged together, but a checkpoint may stand between them; the journal goes on. */
	if (v->parts && !v->live)
		verify_find(v, "entry %" PRIu64 ": part %u of %u is missing; the log ends before it", v->next,
			    v->part + 1, v->parts);
}
