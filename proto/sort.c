/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/sort.h"

struct sort {
	char *rows, *scratch;
	size_t size;
	int (*compare)(const void *, const void *);
};

/* Two sorted neighbours [from, middle) and [middle, end) become one. */
static void merge(const struct sort *sort, size_t from, size_t middle, size_t end)
{
	size_t size = sort->size;
	char *to = sort->rows + from * size;
	const char *left = sort->scratch, *left_end = sort->scratch + (middle - from) * size;
	const char *right = sort->rows + middle * size, *right_end = sort->rows + end * size;
	if (sort->compare(right - size, right) <= 0)
		return;
	memcpy(sort->scratch, to, (middle - from) * size);
	while (left < left_end) {
		bool take_right = right < right_end && sort->compare(left, right) > 0;
		const char *next = take_right ? right : left;
		memmove(to, next, size);
		to += size;
		left += take_right ? 0 : size;
		right += take_right ? size : 0;
	}
}

bool sort_stable(void *rows, size_t count, size_t size, int (*compare)(const void *, const void *),
		 struct arena *arena)
{
	size_t unsorted = 1;
	while (unsorted < count &&
	       compare((char *)rows + (unsorted - 1) * size, (char *)rows + unsorted * size) <= 0)
		unsorted++;
	if (unsorted >= count)
		return true;
	struct sort sort = {rows, arena_array(arena, count, size), size, compare};
	if (!sort.scratch)
		return false;
	for (size_t run = 1; run < count; run *= 2)
		for (size_t from = 0; from + run < count; from += 2 * run)
			merge(&sort, from, from + run, count - from > 2 * run ? from + 2 * run : count);
	return true;
}
