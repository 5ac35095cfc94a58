/* SPDX-License-Identifier: Apache-2.0
 *
 * score_bound: boundaries in both number types, what cannot be told, order, and several rules at once.
 */
#include "support.h"

#include <float.h>
#include <math.h>

#define NONE (-1e300) /* absent, in the tables below */

enum { ITEMS = 4 };

struct scores {
	const char *name, *rule;
	enum facts_order order;
	bool narrow;
	double score[ITEMS], baseline[ITEMS]; /* NONE: absent */
	const char *story;
	double after[ITEMS]; /* by item, as they were proposed */
	const char *places;  /* items in their order afterwards: "abcd" */
};

#define BOUND(keys) "rules = ( { id = \"s\"; kind = \"score_bound\"; reason = \"r\"; " keys " } );"
#define TWO(first, second)                                                                                   \
	"rules = ( { id = \"a\"; kind = \"score_bound\"; reason = \"r\"; " first " },"                       \
	" { id = \"b\"; kind = \"score_bound\"; reason = \"r\"; " second " } );"

static const struct scores scores[] = {
	{"within: nothing happens",
	 BOUND("max_absolute = 0.5;"),
	 ORDER_SCORE_DESC,
	 false,
	 {4, 3, 2, 1},
	 {4.5, 2.5, 2, 1},
	 "",
	 {4, 3, 2, 1},
	 "abcd"},
	{"above is clamped to the bound",
	 BOUND("max_absolute = 0.5;"),
	 ORDER_POSITION,
	 false,
	 {4, 3, 2, 1},
	 {3, 3, 2, 1},
	 "s clamp exceeded a",
	 {3.5, 3, 2, 1},
	 "abcd"},
	{"below is clamped to the bound",
	 BOUND("max_absolute = 0.5;"),
	 ORDER_POSITION,
	 false,
	 {4, 3, 2, 1},
	 {4, 3, 2, 2},
	 "s clamp exceeded d",
	 {4, 3, 2, 1.5},
	 "abcd"},
	{"a bound of nothing is the baseline",
	 BOUND("max_absolute = 0;"),
	 ORDER_POSITION,
	 false,
	 {4, 3, 2, 1},
	 {1, 2, 3, 4},
	 "s clamp exceeded a,b,c,d",
	 {1, 2, 3, 4},
	 "abcd"},
	{"a relative bound",
	 BOUND("max_relative = 0.5;"),
	 ORDER_POSITION,
	 false,
	 {4, 3, 2, 1},
	 {2, 2, 2, 2},
	 "s clamp exceeded a",
	 {3, 3, 2, 1},
	 "abcd"},
	{"a relative bound of a negative baseline",
	 BOUND("max_relative = 0.5;"),
	 ORDER_POSITION,
	 false,
	 {4, -3, -2, 0},
	 {4, -1, -2, -1},
	 "s clamp exceeded b,d",
	 {4, -1.5, -2, -0.5},
	 "abcd"},
	{"a relative bound of a baseline of 0 leaves nothing",
	 BOUND("max_relative = 0.5;"),
	 ORDER_POSITION,
	 false,
	 {1, 0, 0, 0},
	 {0, 0, 0, 0},
	 "s clamp exceeded a",
	 {0, 0, 0, 0},
	 "abcd"},
	{"both bounds hold",
	 BOUND("max_absolute = 0.5; max_relative = 0.5;"),
	 ORDER_POSITION,
	 false,
	 {4, 3, 2, 1},
	 {3, 0.5, 2, 1},
	 "s clamp exceeded a,b",
	 {3.5, 0.75, 2, 1},
	 "abcd"},
	{"a list that came sorted is sorted again",
	 BOUND("max_absolute = 0.5;"),
	 ORDER_SCORE_DESC,
	 false,
	 {4, 3, 2, 1},
	 {1, 3, 2, 1},
	 "s clamp exceeded a",
	 {1.5, 3, 2, 1},
	 "bcad"},
	{"so is one that came sorted upwards",
	 BOUND("max_absolute = 0.5;"),
	 ORDER_SCORE_ASC,
	 false,
	 {1, 2, 3, 4},
	 {3, 2, 3, 4},
	 "s clamp exceeded a",
	 {2.5, 2, 3, 4},
	 "bacd"},
	{"one that did not come sorted keeps its places",
	 BOUND("max_absolute = 0.5;"),
	 ORDER_SCORE_DESC,
	 false,
	 {4, 1, 2, 3},
	 {1, 1, 2, 3},
	 "s clamp exceeded a",
	 {1.5, 1, 2, 3},
	 "abcd"},
	{"so does one whose declared order is its position",
	 BOUND("max_absolute = 0.5;"),
	 ORDER_POSITION,
	 false,
	 {4, 3, 2, 1},
	 {1, 3, 2, 1},
	 "s clamp exceeded a",
	 {1.5, 3, 2, 1},
	 "abcd"},
	{"ties keep their places",
	 BOUND("max_absolute = 0;"),
	 ORDER_SCORE_DESC,
	 false,
	 {4, 3, 2, 1},
	 {2, 2, 2, 2},
	 "s clamp exceeded a,b,d",
	 {2, 2, 2, 2},
	 "abcd"},
	{"revert takes the whole ranking to the baseline",
	 BOUND("max_absolute = 0.5; action = \"revert\";"),
	 ORDER_SCORE_DESC,
	 false,
	 {4, 3, 2, 1},
	 {1, 3, 2.25, 1},
	 "s revert exceeded",
	 {1, 3, 2.25, 1},
	 "bcad"},
	{"revert orders a list by position too",
	 BOUND("max_absolute = 0.5; action = \"revert\";"),
	 ORDER_POSITION,
	 false,
	 {4, 1, 2, 3},
	 {1, 2, 3, 4},
	 "s revert exceeded",
	 {1, 2, 3, 4},
	 "dcba"},
	{"reject refuses",
	 BOUND("max_absolute = 0.5; action = \"reject\";"),
	 ORDER_POSITION,
	 false,
	 {4, 3, 2, 1},
	 {1, 3, 2, 1},
	 "s reject exceeded a",
	 {4, 3, 2, 1},
	 "abcd"},
	{"flag leaves it",
	 BOUND("max_absolute = 0.5; action = \"flag\";"),
	 ORDER_POSITION,
	 false,
	 {4, 3, 2, 1},
	 {1, 3, 2, 1},
	 "s flag exceeded a",
	 {4, 3, 2, 1},
	 "abcd"},
	{"observe leaves it",
	 BOUND("max_absolute = 0.5; mode = \"observe\";"),
	 ORDER_POSITION,
	 false,
	 {4, 3, 2, 1},
	 {1, 3, 2, 1},
	 "(s clamp exceeded a)",
	 {4, 3, 2, 1},
	 "abcd"},

	{"NaN: cannot tell, revert",
	 BOUND("max_absolute = 9;"),
	 ORDER_SCORE_DESC,
	 false,
	 {4, NAN, 2, 1},
	 {4, 3, 2, 1},
	 "s revert unknown",
	 {4, 3, 2, 1},
	 "abcd"},
	{"infinity: cannot tell, revert",
	 BOUND("max_absolute = 9;"),
	 ORDER_SCORE_DESC,
	 false,
	 {INFINITY, 3, 2, 1},
	 {1, 3, 2, 1},
	 "s revert unknown",
	 {1, 3, 2, 1},
	 "bcad"},
	{"an absent score: cannot tell, revert",
	 BOUND("max_absolute = 9;"),
	 ORDER_SCORE_DESC,
	 false,
	 {4, NONE, 2, 1},
	 {4, 3, 2, 1},
	 "s revert unknown",
	 {4, 3, 2, 1},
	 "abcd"},
	{"NaN with on_unknown flag",
	 BOUND("max_absolute = 9; on_unknown = \"flag\";"),
	 ORDER_SCORE_DESC,
	 false,
	 {4, NAN, 2, 1},
	 {4, 3, 2, 1},
	 "s flag unknown b",
	 {4, NAN, 2, 1},
	 "abcd"},
	{"no baseline at all: reject",
	 BOUND("max_absolute = 9;"),
	 ORDER_SCORE_DESC,
	 false,
	 {4, 3, 2, 1},
	 {NONE, NONE, NONE, NONE},
	 "s reject unknown",
	 {4, 3, 2, 1},
	 "abcd"},
	{"baselines that are not finite are none",
	 BOUND("max_absolute = 9;"),
	 ORDER_SCORE_DESC,
	 false,
	 {4, 3, 2, 1},
	 {NAN, INFINITY, -INFINITY, NONE},
	 "s reject unknown",
	 {4, 3, 2, 1},
	 "abcd"},
	{"no baseline at all with on_unknown flag",
	 BOUND("max_absolute = 9; on_unknown = \"flag\";"),
	 ORDER_SCORE_DESC,
	 false,
	 {4, 3, 2, 1},
	 {NONE, NONE, NONE, NONE},
	 "s flag unknown",
	 {4, 3, 2, 1},
	 "abcd"},
	{"an item without baseline goes behind the others",
	 BOUND("max_absolute = 9;"),
	 ORDER_SCORE_DESC,
	 false,
	 {4, 3, 2, 1},
	 {4, NONE, 2, 1},
	 "s reorder unknown b",
	 {4, 3, 2, 1},
	 "acdb"},
	{"several keep their order",
	 BOUND("max_absolute = 9;"),
	 ORDER_SCORE_DESC,
	 false,
	 {4, 3, 2, 1},
	 {NONE, 3, NONE, 1},
	 "s reorder unknown a,c",
	 {4, 3, 2, 1},
	 "bdac"},
	{"one that is last already stays",
	 BOUND("max_absolute = 9;"),
	 ORDER_SCORE_DESC,
	 false,
	 {4, 3, 2, 1},
	 {4, 3, 2, NONE},
	 "",
	 {4, 3, 2, 1},
	 "abcd"},
	{"also when clamped items fall behind it",
	 BOUND("max_absolute = 0;"),
	 ORDER_SCORE_DESC,
	 false,
	 {4, 3, 2, 1.5},
	 {4, 3, 1, NONE},
	 "s clamp exceeded c",
	 {4, 3, 1, 1.5},
	 "abcd"},
	{"missing_baseline allow",
	 BOUND("max_absolute = 9; missing_baseline = \"allow\";"),
	 ORDER_SCORE_DESC,
	 false,
	 {4, 3, 2, 1},
	 {NONE, 3, 2, 1},
	 "",
	 {4, 3, 2, 1},
	 "abcd"},
	{"missing_baseline reject",
	 BOUND("max_absolute = 9; missing_baseline = \"reject\";"),
	 ORDER_SCORE_DESC,
	 false,
	 {4, 3, 2, 1},
	 {4, NONE, 2, 1},
	 "s reject unknown b",
	 {4, 3, 2, 1},
	 "abcd"},
	{"a NaN without a baseline is demoted",
	 BOUND("max_absolute = 9;"),
	 ORDER_SCORE_DESC,
	 false,
	 {4, NAN, 2, 1},
	 {4, NONE, 2, 1},
	 "s reorder unknown b",
	 {4, NAN, 2, 1},
	 "acdb"},

	{"other categories are left alone",
	 BOUND("max_absolute = 0; categories = [ \"k*\" ];"),
	 ORDER_POSITION,
	 false,
	 {4, 3, 2, 1},
	 {0, 0, 0, 0},
	 "s clamp exceeded a,b,d",
	 {0, 0, 2, 0},
	 "abcd"},

	{"two rules: the tighter bound on each side is recorded",
	 TWO("max_absolute = 2;", "max_absolute = 1;"),
	 ORDER_POSITION,
	 false,
	 {9, 3, 2, 1},
	 {5, 3, 2, 1},
	 "b clamp exceeded a",
	 {6, 3, 2, 1},
	 "abcd"},
	{"two equal rules: the smaller id",
	 TWO("max_absolute = 1;", "max_absolute = 1;"),
	 ORDER_POSITION,
	 false,
	 {9, 3, 2, 1},
	 {5, 3, 2, 1},
	 "a clamp exceeded a",
	 {6, 3, 2, 1},
	 "abcd"},
	{"two rules: revert wins over clamp",
	 TWO("max_absolute = 2;", "max_absolute = 1; action = \"revert\";"),
	 ORDER_POSITION,
	 false,
	 {9, 3, 2, 1},
	 {5, 3, 2, 1},
	 "b revert exceeded",
	 {5, 3, 2, 1},
	 "abcd"},
	{"two rules: reject wins over revert",
	 TWO("max_absolute = 1; action = \"revert\";", "max_absolute = 2; action = \"reject\";"),
	 ORDER_POSITION,
	 false,
	 {9, 3, 2, 1},
	 {5, 3, 2, 1},
	 "b reject exceeded a",
	 {9, 3, 2, 1},
	 "abcd"},
	{"an observing rule sees what the enforcing one left",
	 TWO("max_absolute = 1; mode = \"observe\";", "max_absolute = 1;"),
	 ORDER_POSITION,
	 false,
	 {9, 3, 2, 1},
	 {5, 3, 2, 1},
	 "b clamp exceeded a",
	 {6, 3, 2, 1},
	 "abcd"},
	{"and what is still too much for it",
	 TWO("max_absolute = 0.5; mode = \"observe\";", "max_absolute = 1;"),
	 ORDER_POSITION,
	 false,
	 {9, 3, 2, 1},
	 {5, 3, 2, 1},
	 "(a clamp exceeded a); b clamp exceeded a",
	 {6, 3, 2, 1},
	 "abcd"},

	/* 0.4 + 0.2 lies between two doubles; the bound is the lower one, 0.6 */
	{"a double bound is rounded towards the baseline",
	 BOUND("max_absolute = 0.2;"),
	 ORDER_POSITION,
	 false,
	 {0.4 + 0.2, 0.6, 2, 1},
	 {0.4, 0.4, 2, 1},
	 "s clamp exceeded a",
	 {0.6, 0.6, 2, 1},
	 "abcd"},
	{"a float bound is rounded towards the baseline",
	 BOUND("max_absolute = 0.1;"),
	 ORDER_POSITION,
	 true,
	 {1, (double)0.30000001f, 2, 1},
	 {(double)0.2f, (double)0.2f, 2, 1},
	 "s clamp exceeded a,b",
	 {(double)0.3f - 0x1p-25, (double)0.3f - 0x1p-25, 2, 1},
	 "abcd"},
	{"huge values stay finite",
	 BOUND("max_absolute = 1e308;"),
	 ORDER_POSITION,
	 false,
	 {DBL_MAX, -DBL_MAX, 2, 1},
	 {1e308, -1e308, 2, 1},
	 "",
	 {DBL_MAX, -DBL_MAX, 2, 1},
	 "abcd"},
	{"the smallest values keep their bound",
	 BOUND("max_relative = 0.5;"),
	 ORDER_POSITION,
	 false,
	 {0x1p-1074, 3, 2, 1},
	 {0x1p-1074, 3, 2, 1},
	 "",
	 {0x1p-1074, 3, 2, 1},
	 "abcd"},
};

struct ranking {
	double score[ITEMS], baseline[ITEMS];
	uint8_t score_present[ITEMS], baseline_present[ITEMS];
	struct bytes id[ITEMS], category[ITEMS];
};

static void fill(struct ranking *ranking, struct facts *facts, const double *score, const double *baseline)
{
	static const char *const ids[] = {"a", "b", "c", "d"};
	static const char *const categories[] = {"kids", "k", "news", NULL};
	for (size_t i = 0; i < ITEMS; i++) {
		ranking->score[i] = score[i];
		ranking->baseline[i] = baseline[i];
		ranking->score_present[i] = !(score[i] == NONE);
		ranking->baseline_present[i] = !(baseline[i] == NONE);
		ranking->id[i] = bytes_of(ids[i]);
		ranking->category[i] = bytes_of(categories[i]);
	}
	facts->item_count = ITEMS;
	facts->item_id = ranking->id;
	facts->item_category = ranking->category;
	facts->item_score.value = ranking->score;
	facts->item_score.present = ranking->score_present;
	facts->item_baseline.value = ranking->baseline;
	facts->item_baseline.present = ranking->baseline_present;
}

static bool same(double a, double b)
{
	return memcmp(&a, &b, sizeof a) == 0 || a == b || (isnan(a) && isnan(b));
}

static void run_scores(void **state)
{
	const struct scores *row = *state;
	struct rules_ruleset *ruleset = ruleset_of(row->rule);
	struct ranking ranking;
	struct trial trial = {.facts = {.order = row->order}};
	fill(&ranking, &trial.facts, row->score, row->baseline);
	trial.facts.item_score.narrow = row->narrow;
	trial_decide(&trial, ruleset);
	assert_string_equal(trial_story(&trial), row->story);
	const struct edits *edits = &trial.decision.edits;
	char places[ITEMS + 1] = {0};
	for (size_t i = 0; i < ITEMS; i++) {
		bool set = edits->score && edits->score_set[i];
		double after = set ? edits->score[i] : row->score[i];
		places[i] = (char)('a' + (edits->order ? edits->order[i] : i));
		if (!trial.decision.rejected && !same(after, row->after[i]))
			fail_msg("item %zu: %.17g, not %.17g", i, after, row->after[i]);
		assert_false(set && same(after, row->score[i])); /* no edit without a change */
	}
	assert_string_equal(places, row->places);
	assert_true(trial.decision.changed == (trial.decision.rejected || !edits_empty(edits)));
	trial_done(&trial);
	rules_ruleset_drop(ruleset);
}

static void revert_takes_weights_along(void **state)
{
	double weight[] = {0.1, 0.5, NAN}, weight_baseline[] = {0.4, 0.5, 1};
	uint8_t present[] = {1, 1, 1};
	struct rules_ruleset *ruleset = ruleset_of(BOUND("max_absolute = 0; action = \"revert\";"));
	struct ranking ranking;
	struct trial trial = {.facts = {.weight_count = 3,
					.weight = {.value = weight, .present = present},
					.weight_baseline = {.value = weight_baseline, .present = present}}};
	fill(&ranking, &trial.facts, (double[]){4, 3, 2, 1}, (double[]){3, 3, 2, 1});
	trial_decide(&trial, ruleset);
	const struct edits *edits = &trial.decision.edits;
	assert_non_null(edits->weight);
	assert_true(edits->weight_set[0] && !edits->weight_set[1] && edits->weight_set[2]);
	assert_true(same(edits->weight[0], 0.4) && same(edits->weight[2], 1));
	trial_done(&trial);
	rules_ruleset_drop(ruleset);
	(void)state;
}

static void an_empty_response_is_within(void **state)
{
	struct rules_ruleset *ruleset = ruleset_of(BOUND("max_absolute = 1;"));
	struct trial trial = {.facts = {.item_count = 0}};
	trial_decide(&trial, ruleset);
	assert_string_equal(trial_story(&trial), "");
	assert_int_equal(trial.decision.verdict[0], RULES_WITHIN);
	assert_false(trial.decision.changed);
	trial_done(&trial);
	rules_ruleset_drop(ruleset);
	(void)state;
}

static void observed_numbers_are_readable(void **state)
{
	struct rules_ruleset *ruleset = ruleset_of(BOUND("max_absolute = 0.2; max_relative = 0.5;"));
	struct ranking ranking;
	struct trial trial = {.facts = {.order = ORDER_POSITION}};
	fill(&ranking, &trial.facts, (double[]){0.73, 3, 2, 1}, (double[]){0.4, 3, 2, 1});
	trial_decide(&trial, ruleset);
	const struct rules_intervention *one = &trial.decision.intervention[0];
	assert_true(bytes_equal(one->observed, BYTES_LITERAL("0.73 from 0.4")));
	assert_true(bytes_equal(one->limit, BYTES_LITERAL("max_absolute 0.2, max_relative 0.5")));
	trial_done(&trial);
	rules_ruleset_drop(ruleset);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(revert_takes_weights_along),
		cmocka_unit_test(an_empty_response_is_within),
		cmocka_unit_test(observed_numbers_are_readable),
	};
	return ROWS_RUN("score_bound", scores, run_scores, others, COUNT(others));
}
