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
