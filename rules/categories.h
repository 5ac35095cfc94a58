/* SPDX-License-Identifier: Apache-2.0
 *
 * The categories of a response's items as numbers, so that rules look at each name once and not at each item.
 */
#ifndef RULES_CATEGORIES_H
#define RULES_CATEGORIES_H

#include "proto/bytes.h"
#include "rules/keys.h"
#include <stdint.h>

struct rules_work;

struct categories {
	size_t count;
	struct bytes *name; /* by length, then bytes; items without category have the first, of length 0 */
	uint32_t *of;	    /* per item */
};

/* Made at the first call. NULL: the arena is full. O(n) where few names repeat, O(n log n) at worst. */
const struct categories *rules_work_categories(struct rules_work *work);

/* Per category: does one of the globs match? The first, of items without category, and all when there are no
 * globs: they do. NULL: the arena is full. */
const bool *rules_categories_concerned(struct rules_work *work, const struct texts *globs);

/* Sorts indices of items by category. Stable. */
void rules_categories_sort(struct rules_work *work, uint32_t *item, size_t count);

#endif
