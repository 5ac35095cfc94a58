/* SPDX-License-Identifier: Apache-2.0
 *
 * Arrange: the one pass of step 3, as plain numbers. Each item has a first and a last place, and of each group
 * at most so many may stand among the first places of the list.
 *
 * At each place stands the first item in the order to start from that may stand here, fits the quotas of its
 * group, and leaves room for every last place still open. An item that already satisfies everything in that
 * order stays, so an order that is good is kept as it is.
 *
 * From an order by last places (the baseline order is one) this is the earliest-deadline rule, which finds an
 * order of unit jobs whenever there is one (Jackson 1955); a quota only makes the later members of a group
 * wait. That needs windows of which none lies strictly inside another of its group, as those around baseline
 * places are: only with quotas, rank_shift and items free of it together may an order be missed.
 */
#ifndef RULES_ARRANGE_H
#define RULES_ARRANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rules_work;

#define ARRANGE_NO_GROUP UINT32_MAX

/* Among the first `top` places at most `most`. */
struct arrange_quota {
	size_t top, most;
	const struct arrange_quota *next;
};

struct arrange {
	size_t count;
	uint32_t *first, *last; /* per item: the places it may stand at, both included; last < count */
	uint32_t *group;	/* per item, or ARRANGE_NO_GROUP; NULL: no groups */
	const struct arrange_quota **quota; /* per group; NULL: none */
	size_t group_count;
};

/* True when an order was found: order[place] = item. `start` and `order` do not overlap. Memory comes from the
 * work's arena; when that is full the answer is false and work->full is set. O((n + g) log n), where g is how
 * often a quota closes a group, times its size: at most once for each of its quotas. */
bool rules_arrange(struct rules_work *work, const struct arrange *arrange, const uint32_t *start,
		   uint32_t *order);

#endif
