/* SPDX-License-Identifier: Apache-2.0
 *
 * What stands over a change of epochs, as a fold over entries: what each subject said last about opting out,
 * which the next epoch's `open` carries, so that history can be rebuilt after this epoch's entries were pruned;
 * and the last `ruleset` and `mode` entries, which the next epoch repeats, so that each tells its own rules.
 *
 * One thread at a time. Memory: one row a subject that ever said anything about it.
 */
#ifndef AUDIT_STANDING_H
#define AUDIT_STANDING_H

#include "audit/entry.h"
#include "proto/err.h"

struct audit_standing {
	struct standing_row *row; /* owned; open addressing, cap is 0 or a power of two */
	size_t cap, count;
	struct buf scratch;
	struct audit_batch ruleset, mode; /* as they stood; empty when there was none */
};

/* Zeroed to begin. */
void audit_standing_done(struct audit_standing *standing);

/* One entry, in log order: signals that opt out or in, and the words of `open`; all others are passed over.
 * False: memory is short, or the entry is not one. */
MUST_USE bool audit_standing_fold(struct audit_standing *standing, uint64_t place, struct bytes leaf,
				  struct err *err);

/* All words by time, as a list that the caller frees; never NULL. Runs borrow from `standing`. */
MUST_USE bool audit_standing_list(const struct audit_standing *standing, struct audit_entry_word **word,
				  size_t *count, struct err *err);

#endif
