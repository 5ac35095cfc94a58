/* SPDX-License-Identifier: Apache-2.0
 *
 * Cells of a tally: every governed response is counted once in each dimension, whatever names come, and nothing is
 * lost or counted twice when an entry is lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "sidecar/tally_cells.h"
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

enum { ITEMS = 12 };

/* Twelve items, jazz and folk in turn; the baseline has them the other way round. */
struct ranking {
	struct facts facts;
	struct bytes category[ITEMS];
	double baseline[ITEMS];
	uint8_t present[ITEMS];
};

static void make(struct ranking *ranking)
{
	*ranking = (struct ranking){.facts = {.item_count = ITEMS,
					      .surface = BYTES_LITERAL("home"),
					      .locale = BYTES_LITERAL("en"),
					      .order = ORDER_SCORE_DESC}};
	for (size_t i = 0; i < ITEMS; i++) {
		ranking->category[i] = i % 2 ? BYTES_LITERAL("folk") : BYTES_LITERAL("jazz");
		ranking->baseline[i] = (double)i;
		ranking->present[i] = 1;
	}
	ranking->facts.item_category = ranking->category;
	ranking->facts.item_baseline =
		(struct facts_numbers){.value = ranking->baseline, .present = ranking->present};
}

static const struct audit_entry_tally_cell *cell(const struct tally_rows *rows, const char *by,
						 const char *of)
{
	for (size_t i = 0; i < rows->cells; i++)
		if (strcmp(rows->cell[i].by, by) == 0 && bytes_equal(rows->cell[i].of, bytes_of(of)))
			return &rows->cell[i];
	fail_msg("no cell %s %s", by, of);
	return NULL;
}

static void category_is(const struct tally_rows *rows, size_t i, struct audit_entry_tally_category want)
{
	const struct audit_entry_tally_category *got = &rows->category[i];
	assert_true(bytes_equal(got->category, want.category));
	assert_int_equal(got->items, want.items);
	assert_true(got->rank_change <= want.rank_change && got->rank_change >= want.rank_change);
	assert_int_equal(got->top10_proposed, want.top10_proposed);
	assert_int_equal(got->top10_governed, want.top10_governed);
	assert_int_equal(got->top10_baseline, want.top10_baseline);
}

static void each_dimension_and_category_is_counted(void **state)
{
	struct tally_cells *cells = tally_cells_new();
	struct ranking ranking;
	uint32_t order[ITEMS] = {11, 1, 2, 3, 4,  5,
				 6,  7, 8, 9, 10, 0}; /* the first and the last change places */
	struct rules_intervention done[3] = {{.would = true}, {.would = false}, {.would = false}};
	struct rules_decision changed = {
		.changed = true, .edits.order = order, .intervention = done, .intervention_count = 3};
	const struct rules_decision same = {.changed = false};
	(void)state;
	make(&ranking);
	tally_cells_count(cells, &ranking.facts, &changed);
	tally_cells_count(cells, &ranking.facts, &same);
	const struct tally_rows *rows = tally_cells_take(cells);
	assert_int_equal(rows->cells, TALLY_DIMENSIONS);
	const struct audit_entry_tally_cell *home = cell(rows, "surface", "home");
	assert_int_equal(home->governed, 2);
	assert_int_equal(home->changed, 1);
	assert_int_equal(home->interventions, 2);
	assert_int_equal(cell(rows, "locale", "en")->governed, 2);
	assert_int_equal(cell(rows, "segment", "")->governed, 2);
	assert_int_equal(cell(rows, "experiment", "")->changed, 1);
	assert_int_equal(rows->categories, 2);
	category_is(rows, 0,
		    (struct audit_entry_tally_category){BYTES_LITERAL("folk"), 12, -11.0 / 12, 10, 11, 10});
	category_is(rows, 1,
		    (struct audit_entry_tally_category){BYTES_LITERAL("jazz"), 12, 11.0 / 12, 10, 9, 10});
	rows = tally_cells_take(cells);
	assert_int_equal(rows->cells + rows->categories, 0);
	tally_cells_free(cells);
}

static void pages_behind_the_first_and_rejections_have_no_top(void **state)
{
	struct tally_cells *cells = tally_cells_new();
	struct ranking ranking;
	const struct rules_decision rejected = {.changed = true, .rejected = true}, same = {.changed = false};
	(void)state;
	make(&ranking);
	tally_cells_count(cells, &ranking.facts, &rejected);
	ranking.facts.offset = 20;
	tally_cells_count(cells, &ranking.facts, &same);
	const struct tally_rows *rows = tally_cells_take(cells);
	category_is(rows, 0, (struct audit_entry_tally_category){BYTES_LITERAL("jazz"), 12, 0, 5, 0, 5});
	ranking.facts.offset = 0;
	memset(ranking.present, 0, sizeof ranking.present);
	tally_cells_count(cells, &ranking.facts, &same);
	rows = tally_cells_take(cells);
	category_is(rows, 0, (struct audit_entry_tally_category){BYTES_LITERAL("jazz"), 6, 0, 5, 5, 0});
	tally_cells_free(cells);
}

/* The baseline's first ten by a sort of everything. */
static void the_baseline_is_that_of_a_sort(void **state)
{
	unsigned seed = 7;
	(void)state;
	print_message("seed %u\n", seed);
	for (int round = 0; round < 2000; round++) {
		struct tally_cells *cells = tally_cells_new();
		struct ranking ranking;
		const struct rules_decision same = {.changed = false};
		size_t list[ITEMS], count = 0, jazz = 0;
		make(&ranking);
		ranking.facts.order = round % 2 ? ORDER_SCORE_ASC : ORDER_SCORE_DESC;
		for (size_t i = 0; i < ITEMS; i++) {
			ranking.baseline[i] = (double)(rand_r(&seed) % 5);
			ranking.present[i] = rand_r(&seed) % 8 != 0;
		}
		for (size_t i = 0; i < ITEMS; i++) {
			size_t at = count;
			if (!ranking.present[i])
				continue;
			for (; at > 0; at--) {
				double a = ranking.baseline[i], b = ranking.baseline[list[at - 1]];
				if (round % 2 ? a >= b : a <= b)
					break;
				list[at] = list[at - 1];
			}
			list[at] = i;
			count++;
		}
		for (size_t i = 0; i < count && i < 10; i++)
			jazz += list[i] % 2 == 0;
		tally_cells_count(cells, &ranking.facts, &same);
		const struct tally_rows *rows = tally_cells_take(cells);
		assert_int_equal(rows->category[0].top10_baseline, jazz);
		tally_cells_free(cells);
	}
}

/* Names without end: bounded, and the sums still hold. */
static void what_has_no_cell_is_other(void **state)
{
	enum { CALLS = 5000 };
	struct tally_cells *cells = tally_cells_new();
	struct ranking ranking;
	const struct rules_decision same = {.changed = false};
	char text[2 * TALLY_NAME_MAX];
	(void)state;
	make(&ranking);
	for (int i = 0; i < CALLS; i++) {
		memset(text, 'x', sizeof text);
		int len = snprintf(text, sizeof text, "name-%d", i);
		if (i % 7 == 3)
			len = sizeof text;
		ranking.facts.surface = ranking.category[0] = (struct bytes){text, (size_t)len};
		tally_cells_count(cells, &ranking.facts, &same);
		if (i % 1000 == 500) { /* a lost entry in between, twice */
			(void)tally_cells_take(cells);
			tally_cells_lost(cells);
			tally_cells_lost(cells);
		}
	}
	const struct tally_rows *rows = tally_cells_take(cells);
	uint64_t surfaces = 0, items = 0;
	size_t distinct = 0;
	for (size_t i = 0; i < rows->cells; i++) {
		surfaces += strcmp(rows->cell[i].by, "surface") == 0 ? rows->cell[i].governed : 0;
		distinct += strcmp(rows->cell[i].by, "surface") == 0;
	}
	for (size_t i = 0; i < rows->categories; i++)
		items += rows->category[i].items;
	assert_int_equal(distinct, TALLY_CELLS - 1); /* `_other` came early */
	assert_int_equal(rows->categories, TALLY_CATEGORIES - 1);
	assert_int_equal(surfaces, CALLS);
	assert_int_equal(items, CALLS * ITEMS);
	assert_true(cell(rows, "surface", "_other")->governed > CALLS / 2);
	assert_int_equal(cell(rows, "locale", "en")->governed, CALLS);
	tally_cells_free(cells);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_dimension_and_category_is_counted),
		cmocka_unit_test(pages_behind_the_first_and_rejections_have_no_top),
		cmocka_unit_test(the_baseline_is_that_of_a_sort),
		cmocka_unit_test(what_has_no_cell_is_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
