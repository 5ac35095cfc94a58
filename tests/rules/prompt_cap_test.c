/* SPDX-License-Identifier: Apache-2.0
 *
 * prompt_cap: windows to the nanosecond, kinds, ids that are missing, and evidence.
 */
#include "support.h"

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

static void suppress_all_after_a_discard_drops_prompts_alone(void **state)
{
	struct rules_ruleset *ruleset = ruleset_of(
		"rules = ( { id = \"b\"; kind = \"score_bound\"; max_absolute = 0.1; reason = \"r\"; } );");
	struct facts_prompt prompts[] = {{.text = BYTES_LITERAL("q")}};
	double score[] = {1}, baseline[] = {0};
	uint8_t there[] = {1};
	struct facts facts = {.prompts = prompts,
			      .prompt_count = 1,
			      .item_count = 1,
			      .item_score = {score, there, false},
			      .item_baseline = {baseline, there, false}};
	struct rules_decision decision;
	struct arena arena;
	struct err err;
	arena_init(&arena, 1 << 20);
	assert_true(rules_decide(ruleset, &facts, NOW, &arena, &decision, &err));
	assert_non_null(decision.edits.score);
	assert_true(rules_decide_discard(&arena, &decision, &err));
	assert_false(decision.changed);
	assert_true(rules_decide_suppress_all(&arena, &decision, &err));
	assert_null(decision.edits.score);
	assert_true(decision.edits.prompts[0].drop);
	assert_int_equal(decision.intervention_count, 1);
	assert_true(decision.intervention[0].would);
	arena_done(&arena);
	rules_ruleset_drop(ruleset);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(evidence_names_the_entries_that_filled_the_cap),
		cmocka_unit_test(history_is_asked_for_only_when_it_matters),
		cmocka_unit_test(suppress_all_drops_every_prompt_without_a_rule),
		cmocka_unit_test(suppress_all_after_a_discard_drops_prompts_alone),
	};
	return ROWS_RUN("prompt_cap", caps, run_cap, others, COUNT(others));
}
