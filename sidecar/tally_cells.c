/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/tally_cells.h"

#include <pthread.h>
#include <stdlib.h>

/* The whole ranking's first ten: pages behind the first say nothing of it. */
enum { TOP = 10, SLOTS = 512 };
_Static_assert(SLOTS > 2 * TALLY_CATEGORIES, "a free slot is near");

struct name {
	size_t len;
	char at[TALLY_NAME_MAX];
};

struct cell {
	struct name name;
	uint64_t governed, changed, interventions;
};

struct category {
	struct name name;
	uint64_t items;
	int64_t shift; /* sum of places moved down */
	uint64_t proposed, governed, baseline;
};

struct counts {
	struct {
		struct cell cell[TALLY_CELLS];
		size_t count;
	} dimension[TALLY_DIMENSIONS];
	struct category category[TALLY_CATEGORIES];
	size_t categories;
	uint16_t slot[SLOTS]; /* 1 + position in `category`, by hash; 0: free */
};

struct tally_cells {
	pthread_mutex_t lock;
	struct counts now;
	struct counts taken; /* in the last entry; with the rows touched by the tallying thread alone */
	struct tally_rows rows;
};

static const char *const dimension_names[TALLY_DIMENSIONS] = {"surface", "locale", "segment", "experiment"};

struct tally_cells *tally_cells_new(void)
{
	struct tally_cells *cells = calloc(1, sizeof *cells);
	if (cells)
		pthread_mutex_init(&cells->lock, NULL);
	return cells;
}

void tally_cells_free(struct tally_cells *cells)
{
	if (cells)
		pthread_mutex_destroy(&cells->lock);
	free(cells);
}

/* ---- rows ---- */

static const struct bytes other = BYTES_LITERAL("_other");

static struct bytes bytes_of_name(const struct name *name)
{
	return (struct bytes){name->at, name->len};
}

static void set_name(struct name *name, struct bytes text)
{
	name->len = text.len;
	if (text.len)
		memcpy(name->at, text.at, text.len);
}

/* One row is kept for `_other`. */
static struct cell *cell_of(struct counts *counts, size_t dimension, struct bytes of)
{
	struct cell *row = counts->dimension[dimension].cell;
	size_t *count = &counts->dimension[dimension].count;
	if (of.len > TALLY_NAME_MAX)
		of = other;
	for (;; of = other) {
		for (size_t i = 0; i < *count; i++)
			if (bytes_equal(bytes_of_name(&row[i].name), of))
				return &row[i];
		if (*count < TALLY_CELLS - 1 || bytes_equal(of, other)) {
			set_name(&row[*count].name, of);
			return &row[(*count)++];
		}
	}
}

/* FNV-1a. Names that collide on purpose cost a walk over at most 200 slots. */
static size_t hash(struct bytes text)
{
	uint32_t sum = 2166136261u;
	for (size_t i = 0; i < text.len; i++)
		sum = (sum ^ (unsigned char)text.at[i]) * 16777619u;
	return sum % SLOTS;
}

static struct category *category_of(struct counts *counts, struct bytes name)
{
	for (;; name = other) {
		size_t at = hash(name);
		for (; counts->slot[at]; at = (at + 1) % SLOTS) {
			struct category *row = &counts->category[counts->slot[at] - 1];
			if (bytes_equal(bytes_of_name(&row->name), name))
				return row;
		}
		if (counts->categories < TALLY_CATEGORIES - 1 || bytes_equal(name, other)) {
			struct category *row = &counts->category[counts->categories];
			set_name(&row->name, name);
			counts->slot[at] = (uint16_t)++counts->categories;
			return row;
		}
	}
}

/* ---- counting ---- */

static void count_cells(struct counts *counts, const struct facts *facts,
			const struct rules_decision *decision)
{
	const struct bytes of[TALLY_DIMENSIONS] = {facts->surface, facts->locale, facts->segment,
						   facts->experiment};
	uint64_t interventions = 0;
	for (size_t i = 0; i < decision->intervention_count; i++)
		interventions += !decision->intervention[i].would;
	for (size_t i = 0; i < TALLY_DIMENSIONS; i++) {
		struct cell *cell = cell_of(counts, i, of[i]);
		cell->governed++;
		cell->changed += decision->changed;
		cell->interventions += interventions;
	}
}

/* Item a before item b in the baseline's order; of equal ones the one proposed first. */
static bool before(const struct facts *facts, size_t a, size_t b)
{
	const double *baseline = facts->item_baseline.value;
	if (baseline[a] == baseline[b])
		return a < b;
	return facts->order == ORDER_SCORE_ASC ? baseline[a] < baseline[b] : baseline[a] > baseline[b];
}

/* The first ten of the baseline, in order. Returns how many; items without a baseline are not among them. */
static size_t baseline_top(const struct facts *facts, size_t top[TOP])
{
	const struct facts_numbers *numbers = &facts->item_baseline;
	size_t count = 0;
	for (size_t i = 0; i < facts->item_count && facts->offset == 0; i++) {
		if (!numbers->present[i] || numbers->value[i] != numbers->value[i] ||
		    (count == TOP && !before(facts, i, top[TOP - 1])))
			continue;
		size_t at = count < TOP ? count++ : TOP - 1;
		for (; at > 0 && before(facts, i, top[at - 1]); at--)
			top[at] = top[at - 1];
		top[at] = i;
	}
	return count;
}

static struct bytes category_name(const struct facts *facts, size_t item)
{
	struct bytes name = facts->item_category[item];
	return name.len > TALLY_NAME_MAX ? other : name;
}

/* Place by place, as governed. A rejected response has no governed places. */
static void count_items(struct counts *counts, const struct facts *facts,
			const struct rules_decision *decision)
{
	const uint32_t *order = decision->edits.order;
	struct category *row = NULL;
	struct bytes last = {NULL, 0};
	for (size_t place = 0; place < facts->item_count; place++) {
		size_t item = order ? order[place] : place;
		struct bytes name = category_name(facts, item);
		if (!row || !bytes_equal(name, last))
			row = category_of(counts, name);
		last = name;
		row->items++;
		row->shift += (int64_t)place - (int64_t)item;
		row->proposed += facts->offset == 0 && item < TOP;
		row->governed += facts->offset == 0 && place < TOP && !decision->rejected;
	}
}

void tally_cells_count(struct tally_cells *cells, const struct facts *facts,
		       const struct rules_decision *decision)
{
	size_t top[TOP], tops = baseline_top(facts, top);
	pthread_mutex_lock(&cells->lock);
	count_cells(&cells->now, facts, decision);
	count_items(&cells->now, facts, decision);
	for (size_t i = 0; i < tops; i++)
		category_of(&cells->now, category_name(facts, top[i]))->baseline++;
	pthread_mutex_unlock(&cells->lock);
}

/* ---- taking ---- */

static void fill_cells(const struct counts *counts, struct tally_rows *rows)
{
	rows->cells = 0;
	for (size_t i = 0; i < TALLY_DIMENSIONS; i++)
		for (size_t n = 0; n < counts->dimension[i].count; n++) {
			const struct cell *cell = &counts->dimension[i].cell[n];
			rows->cell[rows->cells++] =
				(struct audit_entry_tally_cell){.by = dimension_names[i],
								.of = bytes_of_name(&cell->name),
								.governed = cell->governed,
								.changed = cell->changed,
								.interventions = cell->interventions};
		}
}

static void fill_categories(const struct counts *counts, struct tally_rows *rows)
{
	rows->categories = counts->categories;
	for (size_t i = 0; i < counts->categories; i++) {
		const struct category *from = &counts->category[i];
		double mean = from->items ? (double)from->shift / (double)from->items : 0;
		rows->category[i] =
			(struct audit_entry_tally_category){.category = bytes_of_name(&from->name),
							    .items = from->items,
							    .rank_change = mean,
							    .top10_proposed = from->proposed,
							    .top10_governed = from->governed,
							    .top10_baseline = from->baseline};
	}
}

const struct tally_rows *tally_cells_take(struct tally_cells *cells)
{
	pthread_mutex_lock(&cells->lock);
	cells->taken = cells->now;
	memset(&cells->now, 0, sizeof cells->now);
	pthread_mutex_unlock(&cells->lock);
	fill_cells(&cells->taken, &cells->rows);
	fill_categories(&cells->taken, &cells->rows);
	return &cells->rows;
}

static void add_cell(struct counts *to, size_t dimension, const struct cell *from)
{
	struct cell *cell = cell_of(to, dimension, bytes_of_name(&from->name));
	cell->governed += from->governed;
	cell->changed += from->changed;
	cell->interventions += from->interventions;
}

static void add_category(struct counts *to, const struct category *from)
{
	struct category *row = category_of(to, bytes_of_name(&from->name));
	row->items += from->items;
	row->shift += from->shift;
	row->proposed += from->proposed;
	row->governed += from->governed;
	row->baseline += from->baseline;
}

void tally_cells_lost(struct tally_cells *cells)
{
	pthread_mutex_lock(&cells->lock);
	for (size_t i = 0; i < TALLY_DIMENSIONS; i++)
		for (size_t n = 0; n < cells->taken.dimension[i].count; n++)
			add_cell(&cells->now, i, &cells->taken.dimension[i].cell[n]);
	for (size_t i = 0; i < cells->taken.categories; i++)
		add_category(&cells->now, &cells->taken.category[i]);
	pthread_mutex_unlock(&cells->lock);
	memset(&cells->taken, 0, sizeof cells->taken);
}
