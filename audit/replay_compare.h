/* SPDX-License-Identifier: Apache-2.0
 *
 * What the log says of one decision against what the program that decides says now.
 *
 * A text stands in the log as its digest: with the subject key it is compared, without it only whether there is
 * one. A text that the log cut is compared as far as it goes.
 */
#ifndef AUDIT_REPLAY_COMPARE_H
#define AUDIT_REPLAY_COMPARE_H

#include "audit/entry_view.h"
#include "audit/pseudonym.h"

struct replay_sides {
	const struct audit_subject_key *key; /* NULL: digests are not compared */
	struct bytes logged;		     /* the entry's first part, for `rejected` */
	struct bytes answer;
	struct entry_view was, is; /* interventions: in the log, and now */
};

/* The same in everything, in order. False: *what says the first difference (appended). */
MUST_USE bool replay_same(const struct replay_sides *sides, struct buf *what);

/* The same effect, whatever the order, the files and the words. Calls `differs` for each intervention that only
 * the log has (now false) or that is only there now (now true); its rule as JSON. Returns how many. */
size_t replay_effect(const struct replay_sides *sides,
		     void (*differs)(void *ctx, struct bytes rule, bool now), void *ctx);

#endif
