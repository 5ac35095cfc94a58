/* SPDX-License-Identifier: Apache-2.0
 *
 * The kinds that look at what a subject has seen and said: boundaries to the nanosecond, kinds, ids that are
 * missing, reservations; and a naive log that judges random histories again.
 */
#include "support.h"

#include "proto/time.h"
#include <stdio.h>

enum { EVENTS_MAX = 32 };

#define RULE(kind, keys)                                                                                     \
	"rules = ( { id = \"c\"; kind = \"" kind "\"; reason = \"r\"; per = \"session\"; " keys " } );"
#define GAP(keys)      RULE("prompt_gap", "gap = \"10m\"; " keys)
#define ANSWERED(keys) RULE("prompt_answered", "window = \"10m\"; " keys)

struct row {
	const char *name, *rule;
	const char *prompts; /* proposed, by the letters of events_of */
	const char *history; /* of the session; NULL: no session id */
	const char *story, *texts;
};

static const struct row rows[] = {
	{"gap: nothing before", GAP(""), "q", "", "", "|q|"},
	{"gap: exactly as long ago", GAP(""), "q", "q-10m", "", "|q|"},
	{"gap: a nanosecond less", GAP(""), "q", "q-10m+1", "c suppress exceeded 0", "|"},
	{"gap: this instant", GAP(""), "q", "q-0", "c suppress exceeded 0", "|"},
	{"gap: later than now is now", GAP(""), "q", "q-0+5", "c suppress exceeded 0", "|"},
	{"gap: a call in flight holds its place", GAP(""), "q", "q-1h R", "c suppress exceeded 0", "|"},
	{"gap: only the last one matters", GAP(""), "q", "q-2h q-1h q-11m", "", "|q|"},
	{"gap: signals are no prompts", GAP(""), "q", "x-1m y-1m", "", "|q|"},
	{"gap: two of one response have none between them", GAP(""), "qa", "", "c suppress exceeded 1",
	 "|q|"},
	{"gap: other kinds neither count nor are limited", GAP("kinds = \"pause\";"), "qp", "q-1m p-11m", "",
	 "|q|p|"},
	{"gap: the last of its kinds", GAP("kinds = \"pause\";"), "qp", "p-1m q-30s", "c suppress exceeded 1",
	 "|q|"},
	{"gap: an absent or unknown kind does not escape", GAP("kinds = \"pause\";"), "?", "o-1m",
	 "c suppress exceeded 0", "|"},
	{"gap: no session id", GAP(""), "qa", NULL, "c suppress unknown 0,1", "|"},
	{"gap: no session id, flag", GAP("on_unknown = \"flag\";"), "q", NULL, "c flag unknown 0", "|q|"},
	{"gap: flag", GAP("action = \"flag\";"), "q", "q-1m", "c flag exceeded 0", "|q|"},
	{"gap: observe", GAP("mode = \"observe\";"), "qa", "q-1m", "(c suppress exceeded 0,1)", "|q|a|"},
	{"gap: the longer one is recorded",
	 "rules = ( { id = \"a\"; kind = \"prompt_gap\"; reason = \"r\"; per = \"session\"; gap = \"1h\"; },"
	 " { id = \"b\"; kind = \"prompt_gap\"; reason = \"r\"; per = \"session\"; gap = \"2h\"; } );",
	 "q", "q-1m", "b suppress exceeded 0", "|"},

	{"answered: nothing said", ANSWERED(""), "q", "q-5m x-1m", "", "|q|"},
	{"answered: exactly a window ago", ANSWERED(""), "q", "y-10m", "", "|q|"},
	{"answered: a nanosecond less", ANSWERED(""), "q", "y-10m+1", "c suppress exceeded 0", "|"},
	{"answered: this instant, and later than now", ANSWERED(""), "qa", "y-0+5", "c suppress exceeded 0,1",
	 "|"},
	{"answered: a call in flight is no answer", ANSWERED(""), "q", "R", "", "|q|"},
	{"answered: all of a response may leave", ANSWERED(""), "qa", "", "", "|q|a|"},
	{"answered: a prompt of another kind", ANSWERED("kinds = \"pause\";"), "qp", "q-2m:p1 y-1m:p1", "",
	 "|q|p|"},
	{"answered: a prompt of its kinds", ANSWERED("kinds = \"pause\";"), "qp", "p-2m:p1 y-1m:p1",
	 "c suppress exceeded 1", "|q|"},
	{"answered: its own and another", ANSWERED("kinds = \"pause\";"), "p",
	 "p-4m:p1 q-3m:p2 y-2m:p1 y-1m:p2", "c suppress exceeded 0", "|"},
	{"answered: a prompt that nobody named", ANSWERED("kinds = \"pause\";"), "p", "q-2m:p1 y-1m",
	 "c suppress exceeded 0", "|"},
	{"answered: a prompt that nobody knows", ANSWERED("kinds = \"pause\";"), "p", "q-2m:p1 y-1m:p2",
	 "c suppress exceeded 0", "|"},
	{"answered: a prompt that may be forgotten", ANSWERED("kinds = \"pause\";"), "p", "q-10m:p1 y-1m:p1",
	 "c suppress exceeded 0", "|"},
	{"answered: no session id", ANSWERED(""), "q", NULL, "c suppress unknown 0", "|"},
	{"answered: no session id, flag", ANSWERED("on_unknown = \"flag\";"), "q", NULL, "c flag unknown 0",
	 "|q|"},
	{"answered: flag", ANSWERED("action = \"flag\";"), "q", "y-1m", "c flag exceeded 0", "|q|"},
	{"answered: observe", ANSWERED("mode = \"observe\";"), "q", "y-1m", "(c suppress exceeded 0)", "|q|"},
};

static void run_row(void **state)
{
	static const char *const ids[] = {"0", "1", "2", "3"};
	const struct row *row = *state;
	struct rules_ruleset *ruleset = ruleset_of(row->rule);
	struct facts_prompt prompts[4] = {{.kind = PROMPT_ABSENT}};
	struct rules_event events[EVENTS_MAX];
	struct trial trial = {.facts = {.prompts = prompts, .prompt_count = strlen(row->prompts)}};
	for (size_t i = 0; row->prompts[i]; i++)
		prompts[i] = (struct facts_prompt){.id = bytes_of(ids[i]),
						   .text = {&row->prompts[i], 1},
						   .kind = prompt_of(row->prompts[i])};
	size_t count = row->history ? events_of(row->history, events, EVENTS_MAX) : 0;
	trial.history.session = (struct rules_history_subject){row->history, events, count};
	trial.history.user = (struct rules_history_subject){true, NULL, 0};
	trial_decide(&trial, ruleset);
	assert_string_equal(trial_story(&trial), row->story);
	assert_string_equal(trial_texts(&trial), row->texts);
	trial_done(&trial);
	rules_ruleset_drop(ruleset);
}

/* What the first intervention says of one prompt: observed, limit, and the entries. */
struct said {
	const char *rule, *history, *observed, *limit;
	uint64_t evidence[4]; /* 0 ends */
};

static const struct said said[] = {
	{GAP(""), "q-1h q-5m x-1m", "300s after the last prompt", "gap 10m, per session", {8}},
	{GAP(""), "q-5m R", "0s after the last prompt", "gap 10m, per session", {0}},
	{ANSWERED(""), "q-5m y-4m y-3m x-1m", "a choice was made 180s ago", "window 10m, per session", {9}},
};

static void decisions_say_what_was_seen(void **state)
{
	for (size_t i = 0; i < COUNT(said); i++) {
		struct rules_event events[EVENTS_MAX];
		struct facts_prompt prompt = {.text = BYTES_LITERAL("q"), .kind = PROMPT_CLARIFYING_QUESTION};
		struct trial trial = {.facts = {.prompts = &prompt, .prompt_count = 1}};
		struct rules_ruleset *ruleset = ruleset_of(said[i].rule);
		trial.history.session = (struct rules_history_subject){
			true, events, events_of(said[i].history, events, EVENTS_MAX)};
		trial_decide(&trial, ruleset);
		assert_int_equal(trial.decision.intervention_count, 1);
		const struct rules_intervention *one = &trial.decision.intervention[0];
		assert_string_equal(arena_string(&trial.arena, one->observed), said[i].observed);
		assert_string_equal(arena_string(&trial.arena, one->limit), said[i].limit);
		size_t count = 0;
		for (; said[i].evidence[count]; count++)
			assert_int_equal(one->evidence[count], said[i].evidence[count]);
		assert_int_equal(one->evidence_count, count);
		trial_done(&trial);
		rules_ruleset_drop(ruleset);
	}
	(void)state;
}

static void the_longest_time_that_an_event_matters(void **state)
{
	static const struct {
		const char *rule;
		int64_t seconds;
	} memory[] = {
		{GAP(""), 600},
		{GAP("mode = \"observe\";"), 600},
		{GAP("mode = \"off\";"), 0},
		{ANSWERED(""), 600},
	};
	for (size_t i = 0; i < COUNT(memory); i++) {
		struct rules_ruleset *ruleset = ruleset_of(memory[i].rule);
		assert_int_equal(rules_ruleset_longest_window(ruleset), memory[i].seconds * TIME_SECOND);
		rules_ruleset_drop(ruleset);
	}
	(void)state;
}

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(decisions_say_what_was_seen),
		cmocka_unit_test(the_longest_time_that_an_event_matters),
	};
	struct CMUnitTest tests[COUNT(rows) + COUNT(others)];
	size_t count = 0;
	for (size_t i = 0; i < COUNT(rows); i++)
		tests[count++] = (struct CMUnitTest){.name = rows[i].name,
						     .test_func = run_row,
						     .initial_state = (void *)(uintptr_t)&rows[i]};
	for (size_t i = 0; i < COUNT(others); i++)
		tests[count++] = others[i];
	return _cmocka_run_group_tests("frequency", tests, count, NULL, NULL);
}
