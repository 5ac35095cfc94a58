/* SPDX-License-Identifier: Apache-2.0
 *
 * The journal: entries beyond the checkpoint, and, strictly, that its other entries are those that were signed
 * and that nothing else stands in it.
 */
#include "audit/verify_inside.h"

#include <inttypes.h>

struct leaves {
	uint64_t n; /* of the tile in v->tile; UINT64_MAX: none */
	bool good;
};

static void compare_signed(struct verify *v, struct leaves *leaves, uint64_t index, struct bytes entry)
{
	uint64_t n = index / AUDIT_TILE_WIDTH;
	if (leaves->n != n) {
		struct audit_tile tile = {0, n, audit_reader_width(&v->reader, n)};
		*leaves = (struct leaves){n, verify_tile(v, &tile)};
	}
	struct audit_hash leaf = audit_hash_leaf(&v->hasher, entry);
	size_t at = (size_t)(index % AUDIT_TILE_WIDTH) * AUDIT_HASH_LEN;
	if (leaves->good && memcmp(leaf.at, v->tile.at + at, AUDIT_HASH_LEN) != 0)
		verify_find(v, "journal: entry %" PRIu64 " and its hash in tile/0 at byte %zu do not agree",
			    index, at);
}

static void walk_batch(struct verify *v, struct leaves *leaves, const struct audit_journal_batch *batch)
{
	struct bytes rest = batch->entries, entry;
	for (uint64_t index = batch->first; audit_bundle_next(&rest, &entry); index++) {
		if (index < v->reader.checkpoint.size) {
			if (v->o->strict)
				compare_signed(v, leaves, index, entry);
			continue;
		}
		if (index == v->next) {
			verify_entry(v, index, entry);
			v->journal_entries++;
		}
	}
}

/* What a failed write left behind is followed by a `failure` entry; anything else does not belong there. */
static void check_leftover(struct verify *v)
{
	uint64_t next, offset;
	const char *name;
	if (!audit_journal_leftover(v->reader.journal, &next, &offset, &name))
		return;
	if (v->last_failure == UINT64_MAX || v->last_failure < next)
		verify_find(v, "journal/%s: byte %" PRIu64 ": something stands behind the last batch", name,
			    offset);
}

static void check_tail(struct verify *v)
{
	struct audit_journal_tail tail;
	struct err err;
	if (!audit_journal_tail(v->reader.journal, &tail, NULL, &err)) {
		verify_find(v, "%s", err.text);
		return;
	}
	/* A live writer may be in the middle of a batch. */
	if (tail.kind == AUDIT_TAIL_CLEAN || v->live)
		return;
	if (tail.kind == AUDIT_TAIL_DAMAGED)
		verify_find(v,
			    "journal/%s: byte %" PRIu64 ", entry %" PRIu64 ": %s, and valid entries follow",
			    tail.name, tail.offset, tail.index, tail.why);
	else if (v->o->strict)
		verify_find(v,
			    "journal/%s: byte %" PRIu64 ", entry %" PRIu64 ": a torn tail of %" PRIu64
			    " bytes; the writer cuts it off when it starts",
			    tail.name, tail.offset, tail.index, tail.len);
	else
		verify_note(v,
			    "journal/%s: a torn tail of %" PRIu64
			    " bytes; the writer cuts it off when it starts",
			    tail.name, tail.len);
}

void verify_journal(struct verify *v)
{
	struct audit_journal *journal = v->reader.journal;
	struct leaves leaves = {.n = UINT64_MAX};
	struct audit_journal_batch batch;
	enum audit_journal_step step;
	uint64_t size = v->reader.checkpoint.size;
	struct err err;
	if (!journal) {
		verify_find(v, "%s", v->reader.journal_err.text);
		return;
	}
	if (audit_journal_segments(journal) == 0) {
		/* The journal of an epoch that was ended for good goes, and what repair sets aside. */
		bool may_lack = size == 0 ? v->newest : v->sealed || v->reader.pruned;
		if (!may_lack && (v->o->strict || size == 0) && !verify_set_aside(v))
			verify_find(v, "journal: holds no segment");
		return;
	}
	if (audit_journal_first(journal) > size)
		verify_find(v,
			    "journal: begins at entry %" PRIu64 "; entries from %" PRIu64 " on are missing",
			    audit_journal_first(journal), size);
	if (v->o->strict)
		audit_journal_watch(journal);
	audit_journal_seek(journal, v->o->strict ? 0 : size, NULL);
	while ((step = audit_journal_next(journal, &batch, &err)) == AUDIT_JOURNAL_BATCH)
		walk_batch(v, &leaves, &batch);
	uint64_t end = audit_journal_here(journal).first;
	if (step == AUDIT_JOURNAL_STOP)
		check_tail(v);
	else
		verify_find(v, "%s", err.text);
	if (step == AUDIT_JOURNAL_STOP && end < size && !v->live)
		verify_find(v, "journal: ends before entry %" PRIu64 "; the checkpoint covers %" PRIu64, end,
			    size);
	check_leftover(v);
}
