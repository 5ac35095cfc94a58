/* SPDX-License-Identifier: Apache-2.0
 *
 * An entry as exports look at it: whole, in whatever parts it was written. Nothing here fails because of what a
 * log holds: what is not JSON as rankguard writes it is passed over. Runs borrow from the leaves. Inside audit/
 * only.
 */
#ifndef AUDIT_ENTRY_VIEW_H
#define AUDIT_ENTRY_VIEW_H

#include "audit/entry_member.h"

/* Values of the named members of an object; those that are not there stay as they are, so that the first part of
 * an entry that has a member gives it. Quickest when `keys` are in the order of the entry. */
void entry_members(struct bytes object, const char *const *keys, struct bytes *values, size_t count);

/* A value as text: a string without its quotes and escapes, null absent, anything else as it stands. Borrows
 * from the value, or from `scratch`, which is overwritten; memory that is short sets scratch->failed for good. */
struct bytes entry_plain(struct bytes value, struct buf *scratch);

/* A JSON number as a double. False: it is none, or "NaN", "Infinity", "-Infinity". */
MUST_USE bool entry_number(struct bytes value, double *number);

/* The lists of an intervention: its targets, side by side, and its evidence. */
enum { ENTRY_IDS, ENTRY_BEFORE, ENTRY_AFTER, ENTRY_EVIDENCE, ENTRY_LISTS, ENTRY_SIDES = ENTRY_EVIDENCE };

/* The interventions of a decision. An intervention that goes on in the next part stands there again, with its
 * rule and the place from which it continues; here it is one. */
struct entry_view {
	struct entry_piece {
		struct bytes object;
		struct bytes list[ENTRY_LISTS]; /* its lists; absent where it has none */
		bool goes_on;			/* it continues the piece before it */
	} * piece;				/* owned; in order */
	size_t count, cap;
	bool failed; /* memory is short */
};
void entry_view_done(struct entry_view *view); /* zeroed is fine */

/* Collects the pieces from all leaves of one entry. */
void entry_view_read(struct entry_view *view, const struct bytes *leaf, size_t count);

/* Behind the last piece of the intervention that begins at piece `first`. */
size_t entry_view_end(const struct entry_view *view, size_t first);

/* Arrays in step over all pieces of an intervention. Start with { .piece = &view->piece[first], .end =
 * &view->piece[end] }. */
struct entry_walk {
	const struct entry_piece *piece, *end;
	bool open;
	struct bytes side[ENTRY_SIDES]; /* what is not read yet */
};

/* The next target: its id, before and after, as JSON. */
MUST_USE bool entry_walk_target(struct entry_walk *walk, struct bytes value[ENTRY_SIDES]);

/* The next index in `evidence`. */
MUST_USE bool entry_walk_evidence(struct entry_walk *walk, struct bytes *index);

#endif
