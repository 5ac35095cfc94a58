/* SPDX-License-Identifier: Apache-2.0
 *
 * weight_bound: boundaries in both number types, weights that cannot be told, and several rules at once.
 */
#include "support.h"

#include <float.h>
#include <math.h>

#define NONE (-1e300) /* absent, in the table below */

enum { WEIGHTS = 3 };

struct row {
	const char *name, *rule;
	bool narrow;
	double weight[WEIGHTS], baseline[WEIGHTS]; /* NONE: absent */
	const char *story;
	double after[WEIGHTS];
};

#define WEIGHT(keys) "rules = ( { id = \"w\"; kind = \"weight_bound\"; reason = \"r\"; " keys " } );"
#define TWO(first, second)                                                                                   \
	"rules = ( { id = \"a\"; kind = \"weight_bound\"; reason = \"r\"; " first " },"                      \
	" { id = \"b\"; kind = \"weight_bound\"; reason = \"r\"; " second " } );"

static const struct row rows[] = {
	{"within: nothing happens",
	 WEIGHT("min_weight = 0.1; max_absolute = 0.5; max_relative = 2;"),
	 false,
	 {0.5, 1, 0.1},
	 {1, 1, 0.1},
	 "",
	 {0.5, 1, 0.1}},
	{"below and above are clamped",
	 WEIGHT("max_absolute = 0.25;"),
	 false,
	 {0.5, 1, 2},
	 {1, 1, 1},
	 "w clamp exceeded kids,",
	 {0.75, 1, 1.25}},
	{"a relative bound",
	 WEIGHT("max_relative = 0.5;"),
	 false,
	 {0.5, 0.4, -2},
	 {1, 1, -1},
	 "w clamp exceeded m,",
	 {0.5, 0.5, -1.5}},
	{"a bound of nothing is the baseline",
	 WEIGHT("max_absolute = 0;"),
	 false,
	 {0, 1, 2},
	 {1, 1, 1},
	 "w clamp exceeded kids,",
	 {1, 1, 1}},
	{"min_weight keeps every weight",
	 WEIGHT("min_weight = 0.2;"),
	 false,
	 {0, 0.2, 0.19},
	 {1, 1, 1},
	 "w clamp exceeded kids,",
	 {0.2, 0.2, 0.2}},
	{"and is clipped to the baseline",
	 WEIGHT("min_weight = 0.2;"),
	 false,
	 {0, 0.1, 0},
	 {0.1, 0.1, 0},
	 "w clamp exceeded kids",
	 {0.1, 0.1, 0}},
	{"lower, never remove: 0 exceeds however small min_weight is",
	 WEIGHT("min_weight = 1e-60;"),
	 true,
	 {0, 0, 0.5},
	 {1, 0, 1},
	 "w clamp exceeded kids",
	 {0x1p-149, 0, 0.5}},
	{"the tighter of min_weight and distance",
	 WEIGHT("min_weight = 0.2; max_absolute = 0.5;"),
	 false,
	 {0, 0, 0},
	 {1, 0.6, 0.1},
	 "w clamp exceeded kids,m,",
	 {0.5, 0.2, 0.1}},
	{"a float bound is rounded towards the baseline",
	 WEIGHT("max_absolute = 0.1;"),
	 true,
	 {1, (double)0.30000001f, 0.25},
	 {(double)0.2f, (double)0.2f, 0.25},
	 "w clamp exceeded kids,m",
	 {(double)0.3f - 0x1p-25, (double)0.3f - 0x1p-25, 0.25}},
	{"min_weight in a float is rounded up",
	 WEIGHT("min_weight = 0.3;"),
	 true,
	 {0, (double)0.3f, 1},
	 {1, 1, 1},
	 "w clamp exceeded kids",
	 {(double)0.3f, (double)0.3f, 1}},
	{"min_weight is never infinite in a float",
	 WEIGHT("min_weight = 1e300;"),
	 true,
	 {0, 1, 1},
	 {NONE, 1, 1},
	 "w clamp exceeded kids",
	 {(double)FLT_MAX, 1, 1}},
	{"other categories are left alone, one without category is not",
	 WEIGHT("max_absolute = 0; categories = \"ki*\";"),
	 false,
	 {0, 0, 0},
	 {1, 1, 1},
	 "w clamp exceeded kids,",
	 {1, 0, 1}},
	{"revert takes all weights to the baseline",
	 WEIGHT("max_absolute = 0.5; action = \"revert\";"),
	 false,
	 {0, 0.9, 1},
	 {1, 1, 1},
	 "w revert exceeded",
	 {1, 1, 1}},
	{"reject refuses",
	 WEIGHT("max_absolute = 0.5; action = \"reject\";"),
	 false,
	 {0, 0.9, 1},
	 {1, 1, 1},
	 "w reject exceeded kids",
	 {0, 0.9, 1}},
	{"flag leaves it",
	 WEIGHT("max_absolute = 0.5; action = \"flag\";"),
	 false,
	 {0, 0.9, 1},
	 {1, 1, 1},
	 "w flag exceeded kids",
	 {0, 0.9, 1}},
	{"observe leaves it",
	 WEIGHT("max_absolute = 0.5; mode = \"observe\";"),
	 false,
	 {0, 0.9, 1},
	 {1, 1, 1},
	 "(w clamp exceeded kids)",
	 {0, 0.9, 1}},

	{"NaN: cannot tell, revert",
	 WEIGHT("max_absolute = 9;"),
	 false,
	 {NAN, 0.9, 1},
	 {1, 1, 1},
	 "w revert unknown",
	 {1, 1, 1}},
	{"infinity, reject",
	 WEIGHT("max_absolute = 9; on_unknown = \"reject\";"),
	 false,
	 {0, INFINITY, 1},
	 {1, 1, 1},
	 "w reject unknown m",
	 {0, INFINITY, 1}},
	{"absent, flag",
	 WEIGHT("min_weight = 0.5; on_unknown = \"flag\";"),
	 false,
	 {0.5, 1, NONE},
	 {1, 1, 1},
	 "w flag unknown",
	 {0.5, 1, NONE}},
	{"no baseline: the others revert, and the rule is unsatisfied",
	 WEIGHT("max_absolute = 9;"),
	 false,
	 {0.5, 0.9, 1},
	 {1, NONE, 1},
	 "w revert unknown unsatisfied",
	 {1, 0.9, 1}},
	{"a baseline that is not finite is none",
	 WEIGHT("max_absolute = 9; on_unknown = \"flag\";"),
	 false,
	 {0.5, 0.9, 1},
	 {1, INFINITY, 1},
	 "w flag unknown m",
	 {0.5, 0.9, 1}},
	{"min_weight alone holds without a baseline",
	 WEIGHT("min_weight = 0.2;"),
	 false,
	 {0.1, 0.2, 0},
	 {NONE, NONE, 1},
	 "w clamp exceeded kids,",
	 {0.2, 0.2, 0.2}},
	{"also beside a bound that cannot be told",
	 WEIGHT("min_weight = 0.2; max_absolute = 1;"),
	 false,
	 {0.1, 0.5, 1},
	 {NONE, 1, 1},
	 "w clamp exceeded kids; w revert unknown unsatisfied",
	 {0.2, 1, 1}},
	{"and where there is nothing to revert to",
	 WEIGHT("min_weight = 0.2; action = \"revert\";"),
	 false,
	 {0.1, 0.5, 1},
	 {NONE, 1, 1},
	 "w clamp exceeded kids; w revert exceeded",
	 {0.2, 1, 1}},

	{"two rules: the tighter bound is recorded",
	 TWO("max_absolute = 0.5;", "max_absolute = 0.25;"),
	 false,
	 {0, 1, 1},
	 {1, 1, 1},
	 "b clamp exceeded kids",
	 {0.75, 1, 1}},
	{"two equal rules: the smaller id",
	 TWO("max_absolute = 0.5;", "max_absolute = 0.5;"),
	 false,
	 {0, 1, 1},
	 {1, 1, 1},
	 "a clamp exceeded kids",
	 {0.5, 1, 1}},
	{"an observing rule sees what the enforcing one left",
	 TWO("max_absolute = 0.25; mode = \"observe\";", "max_absolute = 0.5;"),
	 false,
	 {0, 1, 1},
	 {1, 1, 1},
	 "(a clamp exceeded kids); b clamp exceeded kids",
	 {0.5, 1, 1}},
	{"a score_bound that reverts takes weights along",
	 "rules = ( { id = \"s\"; kind = \"score_bound\"; max_absolute = 0; action = \"revert\"; reason = "
	 "\"r\"; },"
	 " { id = \"w\"; kind = \"weight_bound\"; max_absolute = 0; action = \"revert\"; reason = \"r\"; } "
	 ");",
	 false,
	 {0, 1, 1},
	 {1, 1, 1},
	 "w revert exceeded",
	 {1, 1, 1}},
};

struct weights {
	double weight[WEIGHTS], baseline[WEIGHTS];
	uint8_t present[WEIGHTS], baseline_present[WEIGHTS];
	struct bytes category[WEIGHTS];
};

static void fill(struct weights *weights, struct facts *facts, const struct row *row)
{
	static const char *const categories[] = {"kids", "m", NULL};
	for (size_t i = 0; i < WEIGHTS; i++) {
		weights->weight[i] = row->weight[i];
		weights->baseline[i] = row->baseline[i];
		weights->present[i] = !(row->weight[i] == NONE);
		weights->baseline_present[i] = !(row->baseline[i] == NONE);
		weights->category[i] = bytes_of(categories[i]);
	}
	facts->weight_count = WEIGHTS;
	facts->weight_category = weights->category;
	facts->weight = (struct facts_numbers){weights->weight, weights->present, row->narrow};
	facts->weight_baseline =
		(struct facts_numbers){weights->baseline, weights->baseline_present, row->narrow};
}

static bool same(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

static void run(void **state)
{
	const struct row *row = *state;
	struct rules_ruleset *ruleset = ruleset_of(row->rule);
	struct weights weights;
	struct trial trial = {.facts = {.item_count = 0}};
	fill(&weights, &trial.facts, row);
	trial_decide(&trial, ruleset);
	assert_string_equal(trial_story(&trial), row->story);
	const struct edits *edits = &trial.decision.edits;
	for (size_t i = 0; i < WEIGHTS; i++) {
		bool set = edits->weight && edits->weight_set[i];
		double after = set ? edits->weight[i] : row->weight[i];
		if (!trial.decision.rejected && !same(after, row->after[i]))
			fail_msg("weight %zu: %.17g, not %.17g", i, after, row->after[i]);
		assert_false(set && same(after, row->weight[i])); /* no edit without a change */
	}
	trial_done(&trial);
	rules_ruleset_drop(ruleset);
}

static void observed_numbers_are_readable(void **state)
{
	struct rules_ruleset *ruleset = ruleset_of(WEIGHT("min_weight = 0.2; max_absolute = 0.5;"));
	struct weights weights;
	struct trial trial = {.facts = {.item_count = 0}};
	fill(&weights, &trial.facts, &(struct row){.weight = {0.1, 1, 1}, .baseline = {1, 1, 1}});
	trial_decide(&trial, ruleset);
	const struct rules_intervention *one = &trial.decision.intervention[0];
	assert_true(bytes_equal(one->observed, BYTES_LITERAL("0.1 from 1")));
	assert_true(bytes_equal(one->limit, BYTES_LITERAL("min_weight 0.2, max_absolute 0.5")));
	assert_true(one->target[0].before == 0.1 && one->target[0].after == 0.5);
	trial_done(&trial);
	rules_ruleset_drop(ruleset);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(observed_numbers_are_readable),
	};
	return ROWS_RUN("weight_bound", rows, run, others, COUNT(others));
}
