/* SPDX-License-Identifier: Apache-2.0
 *
 * A stable sort of indices in given room: glibc's qsort_r may allocate, and promises no stability.
 */
#ifndef RULES_SORT_H
#define RULES_SORT_H

#include <stddef.h>
#include <stdint.h>

typedef int sort_compare(const void *context, uint32_t a, uint32_t b);

/* room: as long as list. O(n log n); a list in order costs n comparisons. */
void rules_sort_stable(uint32_t *list, size_t count, uint32_t *room, sort_compare *compare,
		       const void *context);

#endif
