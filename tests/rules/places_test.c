/* SPDX-License-Identifier: Apache-2.0
 *
 * rank_shift, retain_top and category_share: boundaries, what cannot be told, every action, several rules at
 * once, and first pages only.
 */
#include "support.h"

#include <math.h>

#define NONE (-1e300) /* absent, in the tables below */

enum { ITEMS = 5 };

struct row {
	const char *name, *rules;
	double score[ITEMS], baseline[ITEMS]; /* NONE: absent */
	const char *categories;		      /* one letter for each; '-': absent */
	const char *story, *places;	      /* "abcde": items in the order that leaves */
	enum facts_order order;
	int64_t offset;
};

#define RULES(rules)	     "rules = ( " rules " );"
#define RULE(id, kind, keys) "{ id = \"" id "\"; kind = \"" kind "\"; reason = \"r\"; " keys " }"
#define SHIFT(keys)	     RULE("s", "rank_shift", keys)
#define TOP(keys)	     RULE("t", "retain_top", keys)
#define SHARE(keys)	     RULE("c", "category_share", keys)
#define AS_PROPOSED                                                                                          \
	{                                                                                                    \
		5, 4, 3, 2, 1                                                                                \
	}
#define REVERSED                                                                                             \
	{                                                                                                    \
		1, 2, 3, 4, 5                                                                                \
	}

static const struct row rows[] = {
	{"rank_shift: within", RULES(SHIFT("max_places = 4;")), AS_PROPOSED, REVERSED, "-----", "",
	 .places = "abcde"},
	{"rank_shift: one place less", RULES(SHIFT("max_places = 3;")), AS_PROPOSED, REVERSED, "-----",
	 "s reorder exceeded a,e", .places = "baced"},
	{"rank_shift: no place is the baseline order", RULES(SHIFT("max_places = 0;")), AS_PROPOSED, REVERSED,
	 "-----", "s reorder exceeded a,b,d,e", .places = "edcba"},
	{"rank_shift: ties keep the proposed order",
	 RULES(SHIFT("max_places = 0;")),
	 AS_PROPOSED,
	 {1, 1, 1, 2, 1},
	 "-----",
	 "s reorder exceeded a,b,c,d",
	 .places = "dabce"},
	{"rank_shift: a list by score upwards has its baseline upwards", RULES(SHIFT("max_places = 0;")),
	 REVERSED, REVERSED, "-----", "", .places = "abcde", .order = ORDER_SCORE_ASC},
	{"rank_shift: revert", RULES(SHIFT("max_places = 3; action = \"revert\";")), AS_PROPOSED, REVERSED,
	 "-----", "s revert exceeded", .places = "edcba"},
	{"rank_shift: flag", RULES(SHIFT("max_places = 3; action = \"flag\";")), AS_PROPOSED, REVERSED,
	 "-----", "s flag exceeded a,e", .places = "abcde"},
	{"rank_shift: observe", RULES(SHIFT("max_places = 3; mode = \"observe\";")), AS_PROPOSED, REVERSED,
	 "-----", "(s reorder exceeded a,e)", .places = "abcde"},
	{"rank_shift: observed revert",
	 RULES(SHIFT("max_places = 3; mode = \"observe\"; action = "
		     "\"revert\";")),
	 AS_PROPOSED, REVERSED, "-----", "(s revert exceeded)", .places = "abcde"},
	{"rank_shift: no baseline at all, reject",
	 RULES(SHIFT("max_places = 3;")),
	 AS_PROPOSED,
	 {NONE, NAN, NONE, INFINITY, NONE},
	 "-----",
	 "s reject unknown",
	 .places = "abcde"},
	{"rank_shift: no baseline at all, flag",
	 RULES(SHIFT("max_places = 3; on_unknown = \"flag\";")),
	 AS_PROPOSED,
	 {NONE, NONE, NONE, NONE, NONE},
	 "-----",
	 "s flag unknown",
	 .places = "abcde"},
	{"rank_shift: an item without baseline goes behind the others",
	 RULES(SHIFT("max_places = 4;")),
	 AS_PROPOSED,
	 {5, NONE, 3, 2, NONE},
	 "-----",
	 "s reorder unknown b",
	 .places = "acdbe"},
	{"rank_shift: one that is last stays",
	 RULES(SHIFT("max_places = 0;")),
	 AS_PROPOSED,
	 {5, 4, 3, 2, NONE},
	 "-----",
	 "",
	 .places = "abcde"},
	{"rank_shift: missing_baseline allow",
	 RULES(SHIFT("max_places = 1; missing_baseline = \"allow\";")),
	 AS_PROPOSED,
	 {5, NONE, 3, 2, 1},
	 "-----",
	 "",
	 .places = "abcde"},
	{"rank_shift: missing_baseline reject",
	 RULES(SHIFT("max_places = 4; missing_baseline = \"reject\";")),
	 AS_PROPOSED,
	 {5, NONE, 3, 2, 1},
	 "-----",
	 "s reject unknown b",
	 .places = "abcde"},
	{"rank_shift: flag does not move items without baseline",
	 RULES(SHIFT("max_places = 4; action = \"flag\";")),
	 AS_PROPOSED,
	 {5, NONE, 3, 2, 1},
	 "-----",
	 "s flag unknown b",
	 .places = "abcde"},
	{"rank_shift: pages behind the first are judged by themselves", RULES(SHIFT("max_places = 3;")),
	 AS_PROPOSED, REVERSED, "-----", "s reorder exceeded a,e", .places = "baced", .order = ORDER_POSITION,
	 .offset = 40},

	{"retain_top: within", RULES(TOP("baseline_top = 2; within = 4; at_least = 1;")), AS_PROPOSED,
	 REVERSED, "-----", "", .places = "abcde"},
	{"retain_top: one more", RULES(TOP("baseline_top = 2; within = 4; at_least = 2;")), AS_PROPOSED,
	 REVERSED, "-----", "t reorder exceeded e", .places = "abdec"},
	{"retain_top: at_least is clipped to the items that are meant",
	 RULES(TOP("baseline_top = 1; within = 5; at_least = 9;")), AS_PROPOSED, REVERSED, "-----", "",
	 .places = "abcde"},
	{"retain_top: and to the places", RULES(TOP("baseline_top = 9; within = 1; at_least = 9;")),
	 AS_PROPOSED, AS_PROPOSED, "-----", "", .places = "abcde"},
	{"retain_top: and to the items that have a baseline",
	 RULES(TOP("baseline_top = 3; within = 3; at_least = 3;")),
	 AS_PROPOSED,
	 {5, 4, NONE, NONE, NONE},
	 "-----",
	 "",
	 .places = "abcde"},
	{"retain_top: revert", RULES(TOP("baseline_top = 1; within = 1; at_least = 1; action = \"revert\";")),
	 AS_PROPOSED, REVERSED, "-----", "t revert exceeded", .places = "edcba"},
	{"retain_top: flag", RULES(TOP("baseline_top = 1; within = 1; at_least = 1; action = \"flag\";")),
	 AS_PROPOSED, REVERSED, "-----", "t flag exceeded e", .places = "abcde"},
	{"retain_top: observe", RULES(TOP("baseline_top = 1; within = 1; at_least = 1; mode = \"observe\";")),
	 AS_PROPOSED, REVERSED, "-----", "(t reorder exceeded e)", .places = "abcde"},
	{"retain_top: no baseline at all",
	 RULES(TOP("baseline_top = 1; within = 1; at_least = 1;")),
	 AS_PROPOSED,
	 {NONE, NONE, NONE, NONE, NONE},
	 "-----",
	 "t reject unknown",
	 .places = "abcde"},
	{"retain_top: no baseline at all, flag",
	 RULES(TOP("baseline_top = 1; within = 1; at_least = 1; on_unknown = \"flag\";")),
	 AS_PROPOSED,
	 {NONE, NONE, NONE, NONE, NONE},
	 "-----",
	 "t flag unknown",
	 .places = "abcde"},
	{"retain_top: an item without baseline goes behind the others",
	 RULES(TOP("baseline_top = 1; within = 1; at_least = 1;")),
	 AS_PROPOSED,
	 {5, NONE, 3, 2, 1},
	 "-----",
	 "t reorder unknown b",
	 .places = "acdeb"},
	{"retain_top: missing_baseline allow",
	 RULES(TOP("baseline_top = 1; within = 1; at_least = 1; missing_baseline = \"allow\";")),
	 AS_PROPOSED,
	 {5, NONE, 3, 2, 1},
	 "-----",
	 "",
	 .places = "abcde"},
	{"retain_top: missing_baseline reject",
	 RULES(TOP("baseline_top = 1; within = 1; at_least = 1; missing_baseline = \"reject\";")),
	 AS_PROPOSED,
	 {5, NONE, 3, 2, 1},
	 "-----",
	 "t reject unknown b",
	 .places = "abcde"},
	{"retain_top: only first pages", RULES(TOP("baseline_top = 1; within = 1; at_least = 1;")),
	 AS_PROPOSED, REVERSED, "-----", "", .places = "abcde", .order = ORDER_POSITION, .offset = 1},

	{"category_share: within", RULES(SHARE("top = 4; max_share = 0.5;")), AS_PROPOSED, AS_PROPOSED,
	 "kknnn", "", .places = "abcde"},
	{"category_share: one too many", RULES(SHARE("top = 4; max_share = 0.5;")), AS_PROPOSED, AS_PROPOSED,
	 "kkknn", "c reorder exceeded c", .places = "abdec"},
	{"category_share: a share that rounding alone keeps from the next whole number",
	 RULES(SHARE("top = 10; max_share = 0.3;")), AS_PROPOSED, AS_PROPOSED, "kkknn", "",
	 .places = "abcde"},
	{"category_share: none may stand there", RULES(SHARE("top = 3; max_share = 0; categories = \"k\";")),
	 AS_PROPOSED, AS_PROPOSED, "kknnn", "c reorder exceeded a,b", .places = "cdeab"},
	{"category_share: other categories are left alone",
	 RULES(SHARE("top = 4; max_share = 0.5; categories = [ \"n*\" ];")), AS_PROPOSED, AS_PROPOSED,
	 "kkknn", "", .places = "abcde"},
	{"category_share: it cannot be kept: the baseline order, unsatisfied",
	 RULES(SHARE("top = 4; max_share = 0.5;")), AS_PROPOSED, REVERSED, "kkkkn",
	 "c reorder exceeded b unsatisfied", .places = "edcba"},
	{"category_share: flag", RULES(SHARE("top = 4; max_share = 0.5; action = \"flag\";")), AS_PROPOSED,
	 AS_PROPOSED, "kkknn", "c flag exceeded c", .places = "abcde"},
	{"category_share: observe", RULES(SHARE("top = 4; max_share = 0.5; mode = \"observe\";")),
	 AS_PROPOSED, AS_PROPOSED, "kkknn", "(c reorder exceeded c)", .places = "abcde"},
	{"category_share: items without category are flagged and stay",
	 RULES(SHARE("top = 4; max_share = 0.5;")), AS_PROPOSED, AS_PROPOSED, "k---n", "c flag unknown b,c,d",
	 .places = "abcde"},
	{"category_share: or reject", RULES(SHARE("top = 4; max_share = 0.5; on_unknown = \"reject\";")),
	 AS_PROPOSED, AS_PROPOSED, "kknn-", "c reject unknown e", .places = "abcde"},
	{"category_share: needs no baseline",
	 RULES(SHARE("top = 4; max_share = 0.5;")),
	 AS_PROPOSED,
	 {NONE, NONE, NONE, NONE, NONE},
	 "kkknn",
	 "c reorder exceeded c",
	 .places = "abdec"},
	{"category_share: only first pages", RULES(SHARE("top = 4; max_share = 0.5;")), AS_PROPOSED,
	 AS_PROPOSED, "kkknn", "", .places = "abcde", .order = ORDER_POSITION, .offset = 1},

	{"one pass for all", RULES(SHIFT("max_places = 2;") ", " SHARE("top = 2; max_share = 0.5;")),
	 AS_PROPOSED, AS_PROPOSED, "kkknn", "c reorder exceeded b", .places = "adbce"},
	{"rules that cannot hold together: the absolute one is unsatisfied",
	 RULES(SHIFT("max_places = 0;") ", " SHARE("top = 2; max_share = 0.5;")), AS_PROPOSED, AS_PROPOSED,
	 "kkknn", "c reorder exceeded b unsatisfied", .places = "abcde"},
	{"revert, and what is absolute still asks for another order",
	 RULES(SHIFT("max_places = 2; action = \"revert\";") ", " SHARE("top = 2; max_share = 0.5;")),
	 AS_PROPOSED, REVERSED, "nkknn", "c reorder exceeded d; s revert exceeded", .places = "ecdba"},
	{"a rule that flags does not narrow the pass",
	 RULES(SHIFT("max_places = 0; action = \"flag\";") ", " SHARE("top = 2; max_share = 0.5;")),
	 AS_PROPOSED, AS_PROPOSED, "kkknn", "c reorder exceeded b", .places = "adbce"},
	{"items that score_bound demoted stay behind",
	 RULES(RULE("b", "score_bound", "max_absolute = 9;") ", " SHARE("top = 2; max_share = 0.5;")),
	 AS_PROPOSED,
	 {5, 4, 3, NONE, NONE},
	 "kkknn",
	 "c reorder exceeded b unsatisfied",
	 .places = "abcde"},
	{"places are judged after values have moved",
	 RULES(RULE("b", "score_bound", "max_absolute = 0;") ", " SHIFT("max_places = 0;")), AS_PROPOSED,
	 REVERSED, "-----", "b clamp exceeded a,b,d,e", .places = "edcba", .order = ORDER_SCORE_DESC},
};

struct ranking {
	double score[ITEMS], baseline[ITEMS];
	uint8_t score_present[ITEMS], baseline_present[ITEMS];
	struct bytes id[ITEMS], category[ITEMS];
};

static void fill(struct ranking *ranking, struct facts *facts, const struct row *row)
{
	for (size_t i = 0; i < ITEMS; i++) {
		ranking->score[i] = row->score[i];
		ranking->baseline[i] = row->baseline[i];
		ranking->score_present[i] = 1;
		ranking->baseline_present[i] = !(row->baseline[i] == NONE);
		ranking->id[i] = (struct bytes){&"abcde"[i], 1};
		ranking->category[i] = row->categories[i] == '-' ? (struct bytes){0}
								 : (struct bytes){row->categories + i, 1};
	}
	facts->item_count = ITEMS;
	facts->item_id = ranking->id;
	facts->item_category = ranking->category;
	facts->item_score = (struct facts_numbers){ranking->score, ranking->score_present, false};
	facts->item_baseline = (struct facts_numbers){ranking->baseline, ranking->baseline_present, false};
}

static void run(void **state)
{
	const struct row *row = *state;
	struct rules_ruleset *ruleset = ruleset_of(row->rules);
	struct ranking ranking;
	struct trial trial = {.facts = {.order = row->order, .offset = row->offset}};
	fill(&ranking, &trial.facts, row);
	trial_decide(&trial, ruleset);
	const struct edits *edits = &trial.decision.edits;
	char places[ITEMS + 1] = {0};
	for (size_t i = 0; i < ITEMS; i++)
		places[i] = (char)('a' + (edits->order ? edits->order[i] : i));
	assert_string_equal(trial_story(&trial), row->story);
	assert_string_equal(places, row->places);
	assert_true(trial.decision.changed == (trial.decision.rejected || !edits_empty(edits)));
	trial_done(&trial);
	rules_ruleset_drop(ruleset);
}

static void pages_behind_the_first_do_not_concern_first_places(void **state)
{
	struct rules_ruleset *ruleset = ruleset_of(RULES(SHARE("top = 4; max_share = 0.5;")));
	struct ranking ranking;
	for (int64_t offset = 0; offset < 2; offset++) {
		struct trial trial = {.facts = {.offset = offset}};
		fill(&ranking, &trial.facts, &(struct row){.categories = "knknk"});
		trial_decide(&trial, ruleset);
		assert_int_equal(trial.decision.verdict[0], offset ? RULES_NOT_APPLIED : RULES_WITHIN);
		trial_done(&trial);
	}
	rules_ruleset_drop(ruleset);
	(void)state;
}

static void an_empty_list_is_left_alone(void **state)
{
	struct rules_ruleset *ruleset = ruleset_of(RULES(SHIFT("max_places = 1;") ", " TOP(
		"baseline_top = 1; within = 1; at_least = 1;") ", " SHARE("top = 4; max_share = 0.5;")));
	struct trial trial = {.facts = {.item_count = 0}};
	trial_decide(&trial, ruleset);
	assert_string_equal(trial_story(&trial), "");
	assert_false(trial.decision.changed);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(trial.decision.verdict[i], RULES_WITHIN);
	trial_done(&trial);
	rules_ruleset_drop(ruleset);
	(void)state;
}

struct words {
	const char *rules, *observed, *limit;
	double before, after;
};

static void numbers_are_places_and_readable(void **state)
{
	static const struct words words[] = {
		{RULES(SHIFT("max_places = 3;")), "place 1 from 5", "max_places 3", 0, 1},
		{RULES(TOP("baseline_top = 2; within = 4; at_least = 2;")), "1 of the baseline's first 2",
		 "baseline_top 2, within 4, at_least 2", 4, 3},
		{RULES(SHARE("top = 4; max_share = 0.5;")), "3 of k in the first 4", "top 4, max_share 0.5",
		 2, 4},
	};
	const struct row row = {.score = AS_PROPOSED, .baseline = REVERSED, .categories = "kkknn"};
	for (size_t i = 0; i < COUNT(words); i++) {
		struct rules_ruleset *ruleset = ruleset_of(words[i].rules);
		struct ranking ranking;
		struct trial trial = {.facts = {.item_count = 0}};
		fill(&ranking, &trial.facts, &row);
		trial_decide(&trial, ruleset);
		const struct rules_intervention *one = &trial.decision.intervention[0];
		if (!bytes_equal(one->observed, bytes_of(words[i].observed)) ||
		    !bytes_equal(one->limit, bytes_of(words[i].limit)))
			fail_msg("%.*s; %.*s", BYTES_ARG(one->observed), BYTES_ARG(one->limit));
		assert_true(one->target[0].before == words[i].before);
		assert_true(one->target[0].after == words[i].after);
		trial_done(&trial);
		rules_ruleset_drop(ruleset);
	}
	(void)state;
}

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(pages_behind_the_first_do_not_concern_first_places),
		cmocka_unit_test(an_empty_list_is_left_alone),
		cmocka_unit_test(numbers_are_places_and_readable),
	};
	return ROWS_RUN("places", rows, run, others, COUNT(others));
}
