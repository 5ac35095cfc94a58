/* SPDX-License-Identifier: Apache-2.0
 *
 * Several lists in one response: each is a ranking of its own. What is decided on all of them together is what is
 * decided on each of them alone, on random responses; and places, records and bounds in a table.
 */
#include "support.h"

#include "rules/record.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS = 12, LISTS = 4 };

#define RULE(id, kind, keys)                                                                                 \
	"{ id = \"" id "\"; kind = \"" kind "\"; reason = \"r\"; on_unknown = \"flag\"; " keys " }"
static const char *const rulesets[] = {
	"rules = ( " RULE("s", "score_bound", "max_absolute = 0.5;") " );",
	"rules = ( " RULE("s", "score_bound", "max_relative = 0.2; missing_baseline = \"allow\";") " );",
	"rules = ( " RULE("r", "rank_shift", "max_places = 1;") " );",
	"rules = ( " RULE("r", "rank_shift", "max_places = 0;") ", " RULE("s", "score_bound",
									  "max_absolute = 1;") " );",
	"rules = ( " RULE("k", "retain_top", "baseline_top = 2; within = 2; at_least = 1;") " );",
	"rules = ( " RULE("c", "category_share", "top = 3; max_share = 0.34;") " );",
};

/* The columns of one response, and lists cut out of it. */
struct columns {
	struct bytes id[ITEMS], category[ITEMS], source[ITEMS];
	double score[ITEMS], baseline[ITEMS];
	uint8_t scored[ITEMS], based[ITEMS];
	uint32_t first[ITEMS];
	size_t count;
	enum facts_order order;
};

static void facts_of(struct facts *facts, struct columns *from, size_t at, size_t end, bool lists)
{
	*facts = (struct facts){.item_count = end - at,
				.item_id = from->id + at,
				.item_category = from->category + at,
				.item_source = from->source + at,
				.item_score = {from->score + at, from->scored + at, false},
				.item_baseline = {from->baseline + at, from->based + at, false},
				.item_first = lists ? from->first : NULL,
				.order = from->order};
}

static void make(struct columns *to)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"};
	*to = (struct columns){.order = (enum facts_order)(rand() % 3)};
	for (int list = 0; list < LISTS; list++) {
		uint32_t first = (uint32_t)to->count;
		for (int left = rand() % 5; left && to->count < ITEMS; left--) {
			size_t i = to->count++;
			to->id[i] = bytes_of(names[i]);
			to->category[i] = bytes_of(rand() % 3 ? names[rand() % 2] : "");
			to->score[i] = rand() % 8;
			to->baseline[i] = rand() % 8;
			to->scored[i] = rand() % 8 != 0;
			to->based[i] = rand() % 6 != 0;
			to->first[i] = first;
		}
	}
}

static bool unsatisfied(const struct rules_decision *decision)
{
	bool found = false;
	for (size_t i = 0; i < decision->intervention_count; i++)
		found |= decision->intervention[i].unsatisfied;
	return found;
}

static size_t item_at(const struct edits *edits, size_t place)
{
	return edits->order ? edits->order[place] : place;
}

static double score_of(const struct edits *edits, const struct facts *facts, size_t i)
{
	return edits->score && edits->score_set[i] ? edits->score[i] : facts->item_score.value[i];
}

/* The list at [from, to) by itself, against its part of the whole. */
static void check_list(const struct rules_ruleset *ruleset, struct columns *columns,
		       const struct trial *whole, size_t from, size_t to)
{
	struct trial one = {.arena = {0}};
	facts_of(&one.facts, columns, from, to, false);
	trial_decide(&one, ruleset);
	for (size_t i = 0; i < to - from && !unsatisfied(&one.decision); i++) {
		double alone = score_of(&one.decision.edits, &one.facts, i),
		       together = score_of(&whole->decision.edits, &whole->facts, from + i);
		assert_memory_equal(&alone, &together, sizeof alone);
		assert_int_equal(item_at(&one.decision.edits, i) + from,
				 item_at(&whole->decision.edits, from + i));
	}
	trial_done(&one);
}

static void lists_together_are_lists_alone(void **state)
{
	(void)state;
	size_t moved = 0;
	srand(20261124);
	for (size_t r = 0; r < COUNT(rulesets); r++) {
		struct rules_ruleset *ruleset = ruleset_of(rulesets[r]);
		for (int n = 0; n < 2000; n++) {
			struct columns columns;
			struct trial whole = {.arena = {0}};
			make(&columns);
			facts_of(&whole.facts, &columns, 0, columns.count, true);
			trial_decide(&whole, ruleset);
			moved += whole.decision.changed;
			for (size_t from = 0, to; from < columns.count && !unsatisfied(&whole.decision);
			     from = to) {
				for (to = from; to < columns.count && columns.first[to] == from;)
					to++;
				check_list(ruleset, &columns, &whole, from, to);
			}
			trial_done(&whole);
		}
		rules_ruleset_drop(ruleset);
	}
	assert_true(moved > 1000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_together_are_lists_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
