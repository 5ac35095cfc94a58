/* SPDX-License-Identifier: Apache-2.0
 *
 * What rules say of places, all enforcing ones together: kinds narrow it through kind->constrain, and the one
 * pass of step 3 arranges the list by it.
 */
#ifndef RULES_PLACES_H
#define RULES_PLACES_H

#include "rules/arrange.h"
#include "rules/work.h"

struct places {
	struct arrange arrange;
	struct places_group {
		struct bytes category;
		size_t size; /* items */
		size_t list; /* where their list begins */
	} * group;	     /* arrange.group_count of them; items without category are in none */
};

/* The item stands at a place from `first` on, and not behind `last`. */
void rules_places_from(struct places *places, size_t item, size_t first);
void rules_places_until(struct places *places, size_t item, size_t last);

/* Items without a baseline stand behind all of their list that have one. */
void rules_places_missing_last(const struct rules_work *work, struct places *places);

/* Makes the groups, once: items of one category in one list. False: the arena is full. */
bool rules_places_groups(struct rules_work *work, struct places *places);

/* Among the first `top` places of its list at most `most` of the group. */
void rules_places_quota(struct rules_work *work, struct places *places, size_t group, size_t top,
			size_t most);

#endif
