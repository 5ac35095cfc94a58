/* SPDX-License-Identifier: Apache-2.0
 *
 * Names are looked up in a hash table that is only a help: what is not found within a few probes is taken for
 * new, and equal names become one when they are sorted. So names that were chosen to collide cost a sort and
 * no more.
 */
#include "rules/categories.h"

#include "rules/sort.h"
#include "rules/when.h"
#include "rules/work.h"

enum { PROBES = 8 };

struct table {
	uint32_t *slot; /* a name's number + 1 */
	size_t mask;
	struct bytes *name;
	size_t count;
};

static struct bytes name_of(const struct facts *facts, size_t item)
{
	return facts->item_category ? facts->item_category[item] : (struct bytes){0};
}

/* Both ends of a name. What stands between them may collide, which costs little. */
static uint64_t hash(struct bytes name)
{
	uint64_t first = 0, last = 0;
	size_t len = name.len < sizeof first ? name.len : sizeof first;
	if (len >= 4) {
		memcpy(&first, name.at, len == sizeof first ? len : 4);
		memcpy(&last, name.at + name.len - 4, 4);
	} else if (len) {
		first = (unsigned char)name.at[0];
		last = (unsigned char)name.at[len - 1];
	}
	uint64_t sum = (first ^ last << 32 ^ name.len) * UINT64_C(0x9e3779b97f4a7c15);
	return sum >> 32;
}

/* memcmp wants a place even for nothing. */
static bool same(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static uint32_t number_of(struct table *table, struct bytes name)
{
	size_t at = (size_t)hash(name), probes = 0;
	for (; probes < PROBES && table->slot[at & table->mask]; at++, probes++) {
		uint32_t found = table->slot[at & table->mask] - 1;
		if (same(table->name[found], name))
			return found;
	}
	table->name[table->count++] = name;
	if (probes < PROBES)
		table->slot[at & table->mask] = (uint32_t)table->count;
	return (uint32_t)table->count - 1;
}

static int by_name(const void *context, uint32_t a, uint32_t b)
{
	const struct bytes *name = context;
	if (name[a].len != name[b].len)
		return name[a].len < name[b].len ? -1 : 1;
	return name[a].len ? memcmp(name[a].at, name[b].at, name[a].len) : 0;
}

/* Numbers in the order of names, equal ones once. */
static void number_in_order(struct rules_work *work, struct categories *made, struct table *table)
{
	uint32_t *order = rules_work_alloc(work, table->count, sizeof *order);
	uint32_t *room = rules_work_alloc(work, table->count, sizeof *room);
	made->name = rules_work_alloc(work, table->count, sizeof *made->name);
	if (work->full)
		return;
	for (size_t i = 0; i < table->count; i++)
		order[i] = (uint32_t)i;
	rules_sort_stable(order, table->count, room, by_name, table->name);
	uint32_t *number = room; /* of a name of the table */
	for (size_t i = 0; i < table->count; i++) {
		struct bytes name = table->name[order[i]];
		if (made->count == 0 || !same(made->name[made->count - 1], name))
			made->name[made->count++] = name;
		number[order[i]] = (uint32_t)made->count - 1;
	}
	for (size_t i = 0; i < work->facts->item_count; i++)
		made->of[i] = number[made->of[i]];
}

/* The first name is that of no category, whether some item has none or not. */
static struct categories *make(struct rules_work *work)
{
	size_t count = work->facts->item_count, slots = 16;
	while (slots < 2 * (count + 1))
		slots *= 2;
	struct table table = {.mask = slots - 1};
	struct categories *made = rules_work_alloc(work, 1, sizeof *made);
	table.slot = rules_work_alloc(work, slots, sizeof *table.slot);
	table.name = rules_work_alloc(work, count + 1, sizeof *table.name);
	uint32_t *of = rules_work_alloc(work, count, sizeof *of);
	if (work->full)
		return NULL;
	number_of(&table, (struct bytes){0});
	for (size_t i = 0; i < count; i++) {
		struct bytes name = name_of(work->facts, i);
		bool again = i && same(name, table.name[of[i - 1]]);
		of[i] = again ? of[i - 1] : number_of(&table, name);
	}
	made->of = of;
	number_in_order(work, made, &table);
	return work->full ? NULL : made;
}

const struct categories *rules_work_categories(struct rules_work *work)
{
	if (!work->categories && !work->full)
		work->categories = make(work);
	return work->categories;
}

const bool *rules_categories_concerned(struct rules_work *work, const struct texts *globs)
{
	const struct categories *categories = rules_work_categories(work);
	bool *concerned = categories ? rules_work_alloc(work, categories->count, sizeof *concerned) : NULL;
	for (size_t i = 0; concerned && i < categories->count; i++)
		concerned[i] = i == 0 || globs->count == 0 || rules_globs_match(globs, categories->name[i]);
	return concerned;
}

static int by_category(const void *context, uint32_t a, uint32_t b)
{
	const uint32_t *of = context;
	return (of[a] > of[b]) - (of[a] < of[b]);
}

void rules_categories_sort(struct rules_work *work, uint32_t *item, size_t count)
{
	const struct categories *categories = rules_work_categories(work);
	uint32_t *room = rules_work_alloc(work, count, sizeof *room);
	if (categories && room)
		rules_sort_stable(item, count, room, by_category, categories->of);
}
