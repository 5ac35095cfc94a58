/* SPDX-License-Identifier: Apache-2.0
 *
 * The first entries of a run, and of an epoch that follows a sealed one.
 */
#include "audit/log_inside.h"
#include "audit/reader.h"

#include <stdlib.h>

const char *audit_opening_reason(const struct audit_recovered *found)
{
	if (found->why[0])
		return found->why;
	return found->cut.kind == AUDIT_TAIL_TORN ? "the last write was cut off"
						  : "the last run did not close the log";
}

static bool add_open(struct audit_log *log, const struct audit_recovered *found,
		     const struct audit_standing *standing, struct audit_batch *batch, struct err *err)
{
	char vkey[AUDIT_VKEY_LEN + 1];
	struct audit_entry_word *word = NULL;
	audit_vkey_text(&found->identity.vkey, vkey);
	struct audit_entry_open open = {
		.origin = bytes_of(found->identity.vkey.name),
		.vkey = bytes_of(vkey),
		.durability = log->durability == AUDIT_DISK ? "disk" : "process",
		.publish_ns = log->publish_ns,
		.retain = buf_bytes(&log->retain),
		.versions = buf_bytes(&log->versions),
		.configuration = buf_bytes(&log->configuration),
	};
	if (found->predecessor[0]) {
		open.predecessor = bytes_of(found->predecessor);
		if (found->predecessor_note.len > 0)
			open.predecessor_checkpoint = buf_bytes(&found->predecessor_note);
	}
	if (standing && !audit_standing_list(standing, &word, &open.word_count, err))
		return false;
	open.word = word;
	bool good = audit_entry_open(batch, audit_log_now(log), &open);
	free(word);
	return good || err_set(err, "%s: memory is short", log->directory);
}

static bool add_recovery(struct audit_log *log, const struct audit_recovered *found,
			 struct audit_batch *batch)
{
	const struct audit_entry_recovery recovery = {
		.reason = bytes_of(audit_opening_reason(found)),
		.entries = found->rewritten,
		.cut = found->cut.len,
		.file = found->cut_file[0] ? bytes_of(found->cut_file) : (struct bytes){NULL, 0},
		.digest = found->cut_digest[0] ? bytes_of(found->cut_digest) : (struct bytes){NULL, 0},
	};
	return audit_entry_recovery(batch, audit_log_now(log), &recovery);
}

static bool add_gap(struct audit_log *log, const struct audit_gap *from, struct audit_batch *batch)
{
	struct audit_entry_set_aside *file = calloc(from->file_count + 1, sizeof *file);
	if (!file)
		return false;
	for (size_t i = 0; i < from->file_count; i++)
		file[i] = (struct audit_entry_set_aside){
			bytes_of(from->file[i].to[0] ? from->file[i].to : from->file[i].from),
			from->file[i].bytes, bytes_of(from->file[i].digest)};
	const struct audit_entry_gap gap = {.origin = bytes_of(from->origin),
					    .from = from->from,
					    .to = from->to,
					    .reason = bytes_of(from->reason),
					    .file = file,
					    .file_count = from->file_count};
	bool good = audit_entry_gap(batch, audit_log_now(log), &gap);
	free(file);
	return good;
}

/* An entry that is repeated: the log gives it a new time. */
static void repeat(struct audit_batch *batch, const struct audit_batch *entry)
{
	buf_add_bytes(&batch->leaves, buf_bytes(&entry->leaves));
	batch->count += entry->count;
}

bool audit_opening(struct audit_log *log, const struct audit_recovered *found,
		   const struct audit_standing *standing, struct audit_batch *batch, bool *unclean,
		   struct err *err)
{
	*unclean =
		!found->gap.found && (found->why[0] || !found->clean || found->cut.kind == AUDIT_TAIL_TORN);
	if (!add_open(log, found, standing, batch, err))
		return false;
	bool good = (!found->gap.found || add_gap(log, &found->gap, batch)) &&
		    (!*unclean || add_recovery(log, found, batch));
	if (standing) {
		repeat(batch, &standing->ruleset);
		repeat(batch, &standing->mode);
	}
	return (good && !batch->leaves.failed) || err_set(err, "%s: memory is short", log->directory);
}

struct fold {
	struct audit_standing *standing;
	unsigned epoch;
	struct err *err;
	bool good;
};

static bool fold_leaf(void *ctx, uint64_t index, struct bytes leaf)
{
	struct fold *fold = ctx;
	return fold->good =
		       audit_standing_fold(fold->standing, audit_place(fold->epoch, index), leaf, fold->err);
}

/* What can be read of the epoch before counts: it may be damaged, that is why there is a new one. Its rules are
 * not repeated: a program that starts states its own. */
bool audit_opening_fold(struct audit_log *log, struct audit_standing *standing, struct err *err)
{
	struct audit_reader reader = {.epoch = -1};
	struct fold fold = {standing, log->found.number - 1, err, true};
	struct err ignored;
	if (audit_reader_open(&reader, log->found.directory, fold.epoch, &ignored) &&
	    !audit_reader_walk(&reader, reader.pruned, UINT64_MAX, fold_leaf, &fold, NULL, &ignored))
		audit_log_talk(log, 'w',
			       "%s/%04u: not all of it can be read for what users said about opting "
			       "out: %s",
			       log->directory, fold.epoch, ignored.text);
	audit_reader_close(&reader);
	audit_batch_done(&standing->ruleset);
	audit_batch_done(&standing->mode);
	return fold.good;
}
