/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/join.h"

#include "proto/sort.h"

struct candidate {
	struct bytes id; /* first: it is compared */
	size_t row;
};

static int compare(const void *a, const void *b)
{
	const struct bytes *left = a, *right = b;
	return bytes_compare(*left, *right);
}

/* The last one of the id; NULL: none. */
static const struct candidate *find(const struct candidate *all, size_t count, struct bytes id)
{
	size_t from = 0, to = count; /* those before `from` are not greater, those from `to` on are */
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (bytes_compare(all[middle].id, id) <= 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from > 0 && bytes_equal(all[from - 1].id, id) ? &all[from - 1] : NULL;
}

static size_t items_without(const struct facts *facts)
{
	size_t without = 0;
	for (size_t i = 0; i < facts->item_count; i++)
		without += !facts->item_baseline.present[i] && facts->item_id[i].len;
	return without;
}

bool join_baselines(struct facts *facts, struct arena *arena)
{
	size_t count = 0;
	if (facts->candidate_count == 0 || items_without(facts) == 0)
		return true;
	struct candidate *all = arena_array(arena, facts->candidate_count, sizeof *all);
	for (size_t i = 0; all && i < facts->candidate_count; i++)
		if (facts->candidate_id[i].len)
			all[count++] = (struct candidate){facts->candidate_id[i], i};
	if (!all || !sort_stable(all, count, sizeof *all, compare, arena))
		return false;
	for (size_t i = 0; i < facts->item_count; i++) {
		struct facts_numbers *to = &facts->item_baseline;
		const struct candidate *from =
			to->present[i] || !facts->item_id[i].len ? NULL : find(all, count, facts->item_id[i]);
		if (!from || !facts->candidate_score.present[from->row])
			continue;
		to->value[i] = facts->candidate_score.value[from->row];
		to->present[i] = 1;
	}
	return true;
}
