/* SPDX-License-Identifier: Apache-2.0
 *
 * Decisions on rankings and prompt frequency, `when`, modes and the arena's limit.
 */
#include "support.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* --- score_bound --- */

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

/* --- prompt_cap --- */

#define MIN	  INT64_C(60000000000)
#define CAP(keys) "rules = ( { id = \"c\"; kind = \"prompt_cap\"; reason = \"r\"; " keys " } );"
#define SESSION	  "max = 2; per = \"session\"; window = \"30m\";"

struct cap {
	const char *name, *rule;
	const char *kinds; /* proposed prompts: q question, a acknowledgement, p pause, ? absent, o other */
	int64_t ago[4];	   /* delivered; 0 ends */
	const char *was;   /* their kinds; NULL: all questions */
	bool unknown;	   /* no session id */
	const char *story, *texts;
};

static const struct cap caps[] = {
	{"under the cap", CAP(SESSION), "q", {5 * MIN}, NULL, false, "", "|q|"},
	{"at the cap", CAP(SESSION), "q", {5 * MIN, 10 * MIN}, NULL, false, "c suppress exceeded 0", "|"},
	{"several: those that fit, in order",
	 CAP(SESSION),
	 "qaq",
	 {5 * MIN},
	 NULL,
	 false,
	 "c suppress exceeded 1,2",
	 "|q|"},
	{"exactly a window ago does not count",
	 CAP(SESSION),
	 "q",
	 {30 * MIN, 5 * MIN},
	 NULL,
	 false,
	 "",
	 "|q|"},
	{"a nanosecond less does",
	 CAP(SESSION),
	 "q",
	 {30 * MIN - 1, 5 * MIN},
	 NULL,
	 false,
	 "c suppress exceeded 0",
	 "|"},
	{"this instant counts", CAP(SESSION), "q", {5 * MIN, -1}, NULL, false, "c suppress exceeded 0", "|"},
	{"and what lies after now counts as now",
	 CAP(SESSION),
	 "q",
	 {5 * MIN, -5 * MIN},
	 NULL,
	 false,
	 "c suppress exceeded 0",
	 "|"},
	{"a cap of 0 lets nothing pass",
	 CAP("max = 0; per = \"session\"; window = \"30m\";"),
	 "q",
	 {0},
	 NULL,
	 false,
	 "c suppress exceeded 0",
	 "|"},
	{"no session id: cannot tell, suppress",
	 CAP(SESSION),
	 "qq",
	 {0},
	 NULL,
	 true,
	 "c suppress unknown 0,1",
	 "|"},
	{"no session id with on_unknown flag",
	 CAP(SESSION " on_unknown = \"flag\";"),
	 "q",
	 {0},
	 NULL,
	 true,
	 "c flag unknown 0",
	 "|q|"},
	{"a user id does not stand in for a session",
	 CAP(SESSION),
	 "q",
	 {0},
	 NULL,
	 true,
	 "c suppress unknown 0",
	 "|"},
	{"per response needs no id",
	 CAP("max = 1; per = \"response\";"),
	 "qa",
	 {0},
	 NULL,
	 true,
	 "c suppress exceeded 1",
	 "|q|"},
	{"per response looks at no history",
	 CAP("max = 1; per = \"response\";"),
	 "q",
	 {MIN},
	 NULL,
	 false,
	 "",
	 "|q|"},
	{"kinds: others neither count nor are limited",
	 CAP(SESSION " kinds = [ \"pause\" ];"),
	 "qpp",
	 {MIN, MIN},
	 "qp",
	 false,
	 "c suppress exceeded 2",
	 "|q|p|"},
	{"kinds: an absent or unknown kind does not escape",
	 CAP(SESSION " kinds = [ \"pause\" ];"),
	 "?o",
	 {MIN, MIN},
	 "?o",
	 false,
	 "c suppress exceeded 0,1",
	 "|"},
	{"flag lets it pass",
	 CAP(SESSION " action = \"flag\";"),
	 "q",
	 {MIN, MIN},
	 NULL,
	 false,
	 "c flag exceeded 0",
	 "|q|"},
	{"observe lets it pass",
	 CAP(SESSION " mode = \"observe\";"),
	 "qq",
	 {MIN},
	 NULL,
	 false,
	 "(c suppress exceeded 1)",
	 "|q|q|"},
	{"one is admitted if every rule admits it",
	 "rules = ( { id = \"a\"; kind = \"prompt_cap\"; reason = \"r\"; max = 1; per = \"response\"; kinds "
	 "= [ \"clarifying_question\" ]; },"
	 " { id = \"b\"; kind = \"prompt_cap\"; reason = \"r\"; max = 2; per = \"response\"; } );",
	 "qqaa",
	 {0},
	 NULL,
	 false,
	 "a suppress exceeded 1; b suppress exceeded 3",
	 "|q|a|"},
	{"the tighter cap is recorded",
	 "rules = ( { id = \"a\"; kind = \"prompt_cap\"; reason = \"r\"; max = 2; per = \"session\"; window "
	 "= \"1h\"; },"
	 " { id = \"b\"; kind = \"prompt_cap\"; reason = \"r\"; max = 1; per = \"session\"; window = \"1h\"; "
	 "} );",
	 "q",
	 {MIN, MIN},
	 NULL,
	 false,
	 "b suppress exceeded 0",
	 "|"},
};

static enum prompt_kind kind_of(char letter)
{
	return letter == 'q'   ? PROMPT_CLARIFYING_QUESTION
	       : letter == 'a' ? PROMPT_ACKNOWLEDGEMENT
	       : letter == 'p' ? PROMPT_PAUSE
	       : letter == 'o' ? PROMPT_OTHER
			       : PROMPT_ABSENT;
}

static void run_cap(void **state)
{
	static const char *const ids[] = {"0", "1", "2", "3"};
	const struct cap *row = *state;
	struct rules_ruleset *ruleset = ruleset_of(row->rule);
	struct facts_prompt prompts[4] = {{.kind = PROMPT_ABSENT}};
	struct rules_event events[4] = {{.time_ns = 0}};
	struct trial trial = {.facts = {.prompts = prompts, .prompt_count = strlen(row->kinds)}};
	for (size_t i = 0; row->kinds[i]; i++)
		prompts[i] = (struct facts_prompt){
			.id = bytes_of(ids[i]), .text = {&row->kinds[i], 1}, .kind = kind_of(row->kinds[i])};
	size_t count = 0;
	for (; count < 4 && row->ago[count]; count++)
		events[count] =
			(struct rules_event){.time_ns = NOW - (row->ago[count] == -1 ? 0 : row->ago[count]),
					     .entry = 7 + count,
					     .type = RULES_EVENT_DELIVERED,
					     .prompt = kind_of(row->was ? row->was[count] : 'q')};
	trial.history.session = (struct rules_history_subject){!row->unknown, events, count};
	trial.history.user = (struct rules_history_subject){true, NULL, 0};
	trial_decide(&trial, ruleset);
	assert_string_equal(trial_story(&trial), row->story);
	assert_string_equal(trial_texts(&trial), row->texts);
	trial_done(&trial);
	rules_ruleset_drop(ruleset);
}

static void evidence_names_the_entries_that_filled_the_cap(void **state)
{
	struct rules_event events[] = {
		{.time_ns = NOW - 40 * MIN, .entry = 3},
		{.time_ns = NOW - 20 * MIN, .entry = 5},
		{.time_ns = NOW - 10 * MIN, .entry = 8, .type = RULES_EVENT_SIGNAL},
		{.time_ns = NOW - 5 * MIN, .entry = RULES_EVENT_RESERVED},
		{.time_ns = NOW - 1 * MIN, .entry = 13},
	};
	struct facts_prompt prompt = {.text = BYTES_LITERAL("q")};
	struct trial trial = {.facts = {.prompts = &prompt, .prompt_count = 1},
			      .history = {.session = {true, events, COUNT(events)}}};
	struct rules_ruleset *ruleset = ruleset_of(CAP(SESSION));
	trial_decide(&trial, ruleset);
	const struct rules_intervention *one = &trial.decision.intervention[0];
	assert_int_equal(one->evidence_count, 2);
	assert_int_equal(one->evidence[0], 5);
	assert_int_equal(one->evidence[1], 13);
	assert_string_equal(one->observed.at ? "this would be prompt 4" : "", "this would be prompt 4");
	assert_true(bytes_equal(one->observed, BYTES_LITERAL("this would be prompt 4")));
	assert_true(bytes_equal(one->limit, BYTES_LITERAL("max 2, per session, window 30m")));
	assert_false(one->target[0].after_text.at);
	assert_true(bytes_equal(one->target[0].before_text, BYTES_LITERAL("q")));
	trial_done(&trial);
	rules_ruleset_drop(ruleset);
	(void)state;
}

static bool needs_history(const char *rule, const char *surface, size_t prompts)
{
	struct rules_ruleset *ruleset = ruleset_of(rule);
	struct facts_prompt prompt = {.text = BYTES_LITERAL("q")};
	struct facts facts = {.prompts = &prompt, .prompt_count = prompts, .surface = bytes_of(surface)};
	struct rules_decision decision;
	struct arena arena;
	struct err err;
	arena_init(&arena, 1 << 20);
	assert_true(rules_decide(ruleset, &facts, NOW, &arena, &decision, &err));
	bool needs = rules_decide_needs_history(&decision);
	if (!needs)
		assert_true(rules_decide_frequency(NULL, NOW, &arena, &decision, &err));
	arena_done(&arena);
	rules_ruleset_drop(ruleset);
	return needs;
}

static void history_is_asked_for_only_when_it_matters(void **state)
{
	assert_true(needs_history(CAP(SESSION), "home", 1));
	assert_true(needs_history(CAP(SESSION " mode = \"observe\";"), "home", 1));
	assert_false(needs_history(CAP(SESSION), "home", 0));
	assert_false(needs_history(CAP(SESSION " mode = \"off\";"), "home", 1));
	assert_false(needs_history(CAP("max = 1; per = \"response\";"), "home", 1));
	assert_false(needs_history(CAP(SESSION " when = { surface = \"x\"; };"), "home", 1));
	assert_true(needs_history(CAP(SESSION " when = { surface = \"x\"; };"), NULL, 1));
	(void)state;
}

static void suppress_all_drops_every_prompt_without_a_rule(void **state)
{
	struct rules_ruleset *ruleset = ruleset_of(CAP(SESSION));
	struct facts_prompt prompts[] = {{.text = BYTES_LITERAL("q")}, {.text = BYTES_LITERAL("r")}};
	struct facts facts = {.prompts = prompts, .prompt_count = 2};
	struct rules_decision decision;
	struct arena arena;
	struct err err;
	arena_init(&arena, 1 << 20);
	assert_true(rules_decide(ruleset, &facts, NOW, &arena, &decision, &err));
	assert_int_equal(decision.prompt_count, 2);
	assert_true(rules_decide_suppress_all(&arena, &decision, &err));
	assert_int_equal(decision.prompt_count, 0);
	assert_int_equal(decision.intervention_count, 0);
	assert_true(decision.changed);
	assert_true(decision.edits.prompts[0].drop && decision.edits.prompts[1].drop);
	assert_false(rules_decide_needs_history(&decision));
	arena_done(&arena);
	rules_ruleset_drop(ruleset);
	(void)state;
}

/* --- when --- */

struct context {
	const char *name, *when;
	struct facts facts;
	bool applies;
};

static struct facts_attribute gold[] = {{{"tier", 4}, {"silver", 6}}, {{"tier", 4}, {"gold", 4}}};

#define AT(field, text)                                                                                      \
	{                                                                                                    \
		.field = { text, sizeof(text) - 1 }                                                          \
	}
static const struct context contexts[] = {
	{"no condition of a fact", "surface = \"home\"", AT(surface, "home"), true},
	{"another value", "surface = \"home\"", AT(surface, "feed"), false},
	{"one of several", "surface = [ \"home\", \"feed\" ]", AT(surface, "feed"), true},
	{"a glob", "method = \"/shop.*/Rec*\"", AT(method, "/shop.v1/Recommend"), true},
	{"a glob that does not match", "method = \"/shop.*/Rec*\"", AT(method, "/shop.v1/Report"), false},
	{"absent does not escape", "surface = \"home\"", {.user = {0}}, true},
	{"empty is absent", "surface = \"home\"", {.surface = {"", 0}}, true},
	{"the empty text matches absent", "surface = \"\"", {.user = {0}}, true},
	{"and nothing else", "surface = \"\"", AT(surface, "home"), false},
	{"not: another value", "not = { surface = \"home\"; }", AT(surface, "feed"), true},
	{"not: the value", "not = { surface = \"home\"; }", AT(surface, "home"), false},
	{"not: absent does not exclude", "not = { surface = \"home\"; }", {.user = {0}}, true},
	{"not: absent excluded explicitly", "not = { surface = [ \"home\", \"\" ]; }", {.user = {0}}, false},
	{"not of not: absent applies still", "not = { not = { surface = \"home\"; }; }", {.user = {0}}, true},
	{"all keys must hold",
	 "surface = \"home\"; segment = \"b\"",
	 {.surface = {"home", 4}, .segment = {"a", 1}},
	 false},
	{"any",
	 "any = ( { surface = \"a\"; }, { segment = \"b\"; } )",
	 {.surface = {"x", 1}, .segment = {"b", 1}},
	 true},
	{"none of any",
	 "any = ( { surface = \"a\"; }, { segment = \"b\"; } )",
	 {.surface = {"x", 1}, .segment = {"x", 1}},
	 false},
	{"any with an absent fact", "any = ( { surface = \"a\"; }, { segment = \"b\"; } )", AT(surface, "x"),
	 true},
	{"a locale range", "locale = [ \"en\", \"de\" ]", AT(locale, "en-GB"), true},
	{"outside the range", "locale = [ \"en\", \"de\" ]", AT(locale, "fr"), false},
	{"a malformed locale does not escape", "locale = \"en\"", AT(locale, "fr_FR"), true},
	{"nor is it excluded", "not = { locale = \"en\"; }", AT(locale, "en_US"), true},
	{"an attribute: the last one counts",
	 "attributes = ( { name = \"tier\"; is = \"gold\"; } )",
	 {.attributes = gold, .attribute_count = 2},
	 true},
	{"an attribute: not the first",
	 "attributes = ( { name = \"tier\"; is = \"silver\"; } )",
	 {.attributes = gold, .attribute_count = 2},
	 false},
	{"an absent attribute",
	 "attributes = ( { name = \"plan\"; is = \"x\"; } )",
	 {.attributes = gold, .attribute_count = 2},
	 true},
	{"a share of all", "share = 1", AT(session, "s"), true},
	{"a share of none", "share = 0", AT(session, "s"), false},
	{"a share without id applies", "share = 0", {.user = {0}}, true},
	{"a share by user", "share = 0", AT(user, "u"), false},
	/* sha256("w\0" "s1") begins with 28db77eb5ce78d85: 0.1595988 of 2^64 */
	{"a share above the subject's place", "share = 0.159599", AT(session, "s1"), true},
	{"a share below the subject's place", "share = 0.159598", AT(session, "s1"), false},
};

static void run_context(void **state)
{
	const struct context *row = *state;
	char text[1024];
	struct trial trial = {.facts = row->facts};
	snprintf(text, sizeof text,
		 "rules = ( { id = \"w\"; kind = \"prompt_cap\"; max = 0; per = \"response\"; reason = "
		 "\"r\"; when = { "
		 "%s; }; } );",
		 row->when);
	struct rules_ruleset *ruleset = ruleset_of(text);
	trial_decide(&trial, ruleset);
	assert_int_equal(trial.decision.verdict[0], row->applies ? RULES_WITHIN : RULES_NOT_APPLIED);
	trial_done(&trial);
	rules_ruleset_drop(ruleset);
}

static void a_share_takes_its_part(void **state)
{
	struct rules_ruleset *ruleset =
		ruleset_of(CAP("max = 0; per = \"response\"; when = { share = 0.3; };"));
	size_t in = 0;
	for (int i = 0; i < 2000; i++) {
		char session[16];
		snprintf(session, sizeof session, "s%d", i);
		struct trial trial = {.facts = {.session = bytes_of(session)}};
		trial_decide(&trial, ruleset);
		in += trial.decision.verdict[0] == RULES_WITHIN;
		trial_done(&trial);
	}
	assert_in_range(in, 540, 660);
	rules_ruleset_drop(ruleset);
	(void)state;
}

static void dates_hold_from_and_until(void **state)
{
	static const struct {
		const char *dates;
		bool applies;
	} rows[] = {
		{"from = \"2026-11-23T10:00:00Z\";", true},
		{"from = \"2026-11-23T10:00:00.000000001Z\";", false},
		{"until = \"2026-11-23T10:00:00Z\";", false},
		{"until = \"2026-11-23T10:00:00.000000001Z\";", true},
		{"from = \"2026-11-23T11:00:00+02:00\"; until = \"2026-11-24\";", true},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[512];
		snprintf(text, sizeof text, CAP("max = 0; per = \"response\"; effective = { %s };"),
			 rows[i].dates);
		struct rules_ruleset *ruleset = ruleset_of(text);
		struct trial trial = {.facts = {.item_count = 0}};
		trial_decide(&trial, ruleset);
		assert_int_equal(trial.decision.verdict[0],
				 rows[i].applies ? RULES_WITHIN : RULES_NOT_APPLIED);
		trial_done(&trial);
		rules_ruleset_drop(ruleset);
	}
	(void)state;
}

/* --- the arena --- */

/* Every allocation of a decision fails in turn: no crash, no decision, one sentence. */
static void a_full_arena_is_an_error_everywhere(void **state)
{
	struct rules_ruleset *ruleset = ruleset_of(
		"rules = ( { id = \"a\"; kind = \"score_bound\"; reason = \"r\"; max_absolute = 0; },"
		" { id = \"b\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"b\\u00e4d\"; fallback = "
		"\"n\"; },"
		" { id = \"c\"; kind = \"template_allow\"; reason = \"r\"; action = \"flag\"; },"
		" { id = \"d\"; kind = \"prompt_cap\"; reason = \"r\"; max = 1; per = \"session\"; window = "
		"\"1h\"; },"
		" { id = \"e\"; kind = \"score_bound\"; reason = \"r\"; max_absolute = 0; mode = "
		"\"observe\"; } );"
		"texts = ( { id = \"n\"; locale = \"en\"; text = \"Sorry.\"; }, { id = \"m\"; locale = "
		"\"en\"; text = \"S{x}!\"; slots = ( { name = \"x\"; max_chars = 9; } ); } );");
	struct facts_prompt prompts[] = {
		{.id = BYTES_LITERAL("p"),
		 .text = BYTES_LITERAL("so b\xc3\xa4"
				       "d"),
		 .locale = BYTES_LITERAL("en")},
		{.id = BYTES_LITERAL("q"), .text = BYTES_LITERAL("Say x!"), .locale = BYTES_LITERAL("en")}};
	struct ranking ranking;
	struct rules_event event = {.time_ns = NOW, .entry = 1};
	struct rules_history history = {.session = {true, &event, 1}};
	struct facts facts = {.prompts = prompts, .prompt_count = 2, .order = ORDER_SCORE_DESC};
	fill(&ranking, &facts, (double[]){4, 3, 2, 1}, (double[]){1, NONE, 3, 4});
	size_t limit = 0, failures = 0;
	for (bool done = false; !done; limit += 8) {
		struct rules_decision decision;
		struct arena arena;
		struct err err = {""};
		arena_init(&arena, limit);
		done = rules_decide(ruleset, &facts, NOW, &arena, &decision, &err) &&
		       rules_decide_frequency(&history, NOW, &arena, &decision, &err);
		if (!done)
			assert_string_equal(err.text,
					    "decide: the call's memory limit is reached; raise it, or lower "
					    "limits.items");
		failures += !done;
		arena_done(&arena);
	}
	assert_true(failures > 50);
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
		cmocka_unit_test(evidence_names_the_entries_that_filled_the_cap),
		cmocka_unit_test(history_is_asked_for_only_when_it_matters),
		cmocka_unit_test(suppress_all_drops_every_prompt_without_a_rule),
		cmocka_unit_test(a_share_takes_its_part),
		cmocka_unit_test(dates_hold_from_and_until),
		cmocka_unit_test(a_full_arena_is_an_error_everywhere),
		cmocka_unit_test(an_empty_response_is_within),
		cmocka_unit_test(observed_numbers_are_readable),
	};
	struct CMUnitTest tests[COUNT(scores) + COUNT(caps) + COUNT(contexts) + COUNT(others)];
	size_t count = 0;
	for (size_t i = 0; i < COUNT(scores); i++)
		tests[count++] = (struct CMUnitTest){.name = scores[i].name,
						     .test_func = run_scores,
						     .initial_state = (void *)(uintptr_t)&scores[i]};
	for (size_t i = 0; i < COUNT(caps); i++)
		tests[count++] = (struct CMUnitTest){.name = caps[i].name,
						     .test_func = run_cap,
						     .initial_state = (void *)(uintptr_t)&caps[i]};
	for (size_t i = 0; i < COUNT(contexts); i++)
		tests[count++] = (struct CMUnitTest){.name = contexts[i].name,
						     .test_func = run_context,
						     .initial_state = (void *)(uintptr_t)&contexts[i]};
	for (size_t i = 0; i < COUNT(others); i++)
		tests[count++] = others[i];
	return _cmocka_run_group_tests("decide", tests, count, NULL, NULL);
}
