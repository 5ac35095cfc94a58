/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/recover_inside.h"

#include "audit/entry.h"
#include <inttypes.h>

struct check {
	struct survey *survey;
	const struct audit_tree *tree;
	struct audit_hasher *hasher;
	struct err *err;
};

/* Entries below the checkpoint must be those that were signed. */
static bool leaf_signed(const struct check *c, uint64_t index, struct bytes entry)
{
	if (index >= c->tree->size)
		return true;
	struct audit_hash leaf = audit_hash_leaf(c->hasher, entry);
	if (audit_hash_equal(&leaf, &c->tree->edge[0][audit_tree_width(index, 0)]))
		return true;
	return err_set(c->err, "entry %" PRIu64 " is not the one that the checkpoint covers", index);
}

/* The journal need not reach back to the start of the bundle: then the partial bundle does. */
static bool survey_head(const struct check *c)
{
	struct survey *s = c->survey;
	uint64_t from = audit_journal_first(s->reader.journal);
	struct bytes bundle, entry;
	bool exact;
	if (from <= s->begin)
		return true;
	if (!audit_reader_bundle(&s->reader, s->begin / AUDIT_TILE_WIDTH, audit_tree_width(c->tree->size, 0),
				 &bundle, &exact, c->err))
		return false;
	for (uint64_t index = s->begin; index < from && audit_bundle_next(&bundle, &entry); index++) {
		if (!leaf_signed(c, index, entry))
			return false;
		buf_add(&s->head, entry.at - AUDIT_ENTRY_HEAD, entry.len + AUDIT_ENTRY_HEAD);
		s->head_count++;
	}
	return !s->head.failed || err_set(c->err, "memory is short");
}

static void note_last(struct survey *s, struct bytes entry)
{
	struct audit_entry_head head;
	struct bytes successor = {NULL, 0};
	bool good = audit_entry_read_head(entry, &head, NULL);
	s->last_ns = good ? head.time_ns : 0;
	s->clean = good && bytes_equal(head.type, BYTES_LITERAL("close"));
	s->sealed = s->clean && audit_entry_read_close(entry, &s->scratch, &successor, NULL) &&
		    bytes_present(successor);
}

/* Where every entry stands in a full bundle, the last one does. */
static bool note_last_published(struct survey *s, struct err *err)
{
	struct bytes bundle, entry = {NULL, 0};
	bool exact;
	if (s->end > s->begin || s->end == 0)
		return true;
	if (!audit_reader_bundle(&s->reader, s->end / AUDIT_TILE_WIDTH - 1, AUDIT_TILE_WIDTH, &bundle, &exact,
				 err))
		return false;
	while (audit_bundle_next(&bundle, &entry))
		;
	note_last(s, entry);
	return true;
}

enum outcome survey_journal(const struct audit_recover_options *o, struct audit_recovered *r,
			    struct survey *s, struct audit_hasher *hasher, struct err *err)
{
	const struct check check = {s, r->tree, hasher, err}, *c = &check;
	struct audit_journal *journal = s->reader.journal;
	struct audit_journal_batch batch;
	enum audit_journal_step step;
	if (audit_journal_segments(journal) == 0 && r->checkpoint.size > 0) {
		err_set(c->err, "journal: holds no segment, so what came after the checkpoint is lost");
		return ABANDON;
	}
	if (audit_journal_segments(journal) > 0 && audit_journal_first(journal) > r->checkpoint.size) {
		err_set(c->err, "journal: begins at entry %" PRIu64 "; the checkpoint covers %" PRIu64,
			audit_journal_first(journal), r->checkpoint.size);
		return DAMAGED;
	}
	if (!survey_head(c))
		return ABANDON;
	audit_journal_seek(journal, s->begin + s->head_count, NULL);
	s->end = s->begin + s->head_count;
	while ((step = audit_journal_next(journal, &batch, c->err)) == AUDIT_JOURNAL_BATCH) {
		struct bytes entry;
		s->bytes += audit_batch_size(batch.entries.len);
		while (audit_bundle_next(&batch.entries, &entry)) {
			if (!leaf_signed(c, s->end++, entry))
				return ABANDON;
			if (batch.entries.len == 0)
				note_last(s, entry);
		}
	}
	if (step == AUDIT_JOURNAL_DAMAGED)
		return DAMAGED;
	if (step == AUDIT_JOURNAL_FAILED || !audit_journal_tail(journal, &r->cut, &s->torn, c->err)) {
		err_within(c->err, "%s", o->directory);
		return REFUSED;
	}
	if (r->cut.kind == AUDIT_TAIL_DAMAGED) {
		err_set(c->err,
			"journal/%s: byte %" PRIu64 ", entry %" PRIu64 ": %s, and valid entries follow",
			r->cut.name, r->cut.offset, r->cut.index, r->cut.why);
		return DAMAGED;
	}
	if (!note_last_published(s, c->err))
		return DAMAGED;
	if (s->end >= r->checkpoint.size)
		return READY;
	err_set(c->err, "journal: ends before entry %" PRIu64 "; the checkpoint covers %" PRIu64, s->end,
		r->checkpoint.size);
	return ABANDON;
}

void survey_done(struct survey *s)
{
	audit_reader_close(&s->reader);
	buf_done(&s->head);
	buf_done(&s->torn);
	buf_done(&s->scratch);
}
