/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/sort.h"

#include <string.h>

/* Merges from[a..b) and from[b..c) into to[a..c). */
static void merge(const uint32_t *from, uint32_t *to, size_t a, size_t b, size_t c, sort_compare *compare,
		  const void *context)
{
	size_t left = a, right = b;
	if (b >= c || compare(context, from[b - 1], from[b]) <= 0) {
		memcpy(to + a, from + a, (c - a) * sizeof *to);
		return;
	}
	for (size_t at = a; at < c; at++) {
		if (right == c || (left < b && compare(context, from[left], from[right]) <= 0))
			to[at] = from[left++];
		else
			to[at] = from[right++];
	}
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

void rules_sort_stable(uint32_t *list, size_t count, uint32_t *room, sort_compare *compare,
		       const void *context)
{
	uint32_t *from = list, *to = room;
	size_t sorted = 1;
	while (sorted < count && compare(context, list[sorted - 1], list[sorted]) <= 0)
		sorted++;
	if (sorted >= count)
		return;
	for (size_t run = 1; run < count; run *= 2) {
		for (size_t a = 0; a < count; a += 2 * run)
			merge(from, to, a, least(a + run, count), least(a + 2 * run, count), compare,
			      context);
		uint32_t *done = to;
		to = from;
		from = done;
	}
	if (from != list)
		memcpy(list, from, count * sizeof *list);
}
