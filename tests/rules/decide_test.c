/* SPDX-License-Identifier: Apache-2.0
 *
 * To which responses a rule applies, and what a full arena does.
 */
#include "support.h"

#include <stdio.h>

#define CAP(keys) "rules = ( { id = \"c\"; kind = \"prompt_cap\"; reason = \"r\"; " keys " } );"

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
		" { id = \"w\"; kind = \"weight_bound\"; reason = \"r\"; max_absolute = 0; },"
		" { id = \"x\"; kind = \"rank_shift\"; reason = \"r\"; max_places = 0; },"
		" { id = \"y\"; kind = \"category_share\"; reason = \"r\"; top = 2; max_share = 0.5; },"
		" { id = \"z\"; kind = \"retain_top\"; reason = \"r\"; baseline_top = 1; within = 1; "
		"at_least = 1; mode = \"observe\"; },"
		" { id = \"e\"; kind = \"score_bound\"; reason = \"r\"; max_absolute = 0; mode = "
		"\"observe\"; },"
		" { id = \"f\"; kind = \"conflicting_signals\"; reason = \"r\"; per = \"session\"; window = "
		"\"1h\"; min_signals = 1; action = \"flag\"; },"
		" { id = \"g\"; kind = \"opt_out\"; reason = \"r\"; mode = \"observe\"; },"
		" { id = \"h\"; kind = \"prompt_backoff\"; reason = \"r\"; per = \"session\"; after = "
		"\"dismissed\"; base = \"1h\"; max = \"1h\"; mode = \"observe\"; },"
		" { id = \"i\"; kind = \"prompt_gap\"; reason = \"r\"; per = \"session\"; gap = \"1h\"; mode "
		"= \"observe\"; } );"
		"texts = ( { id = \"n\"; locale = \"en\"; text = \"Sorry.\"; }, { id = \"m\"; locale = "
		"\"en\"; text = \"S{x}!\"; slots = ( { name = \"x\"; max_chars = 9; } ); } );");
	struct facts_prompt prompts[] = {
		{.id = BYTES_LITERAL("p"),
		 .text = BYTES_LITERAL("so b\xc3\xa4"
				       "d"),
		 .locale = BYTES_LITERAL("en")},
		{.id = BYTES_LITERAL("q"), .text = BYTES_LITERAL("Say x!"), .locale = BYTES_LITERAL("en")}};
	double score[] = {4, 3, 2, 1}, baseline[] = {1, 0, 3, 4};
	uint8_t all[] = {1, 1, 1, 1}, some[] = {1, 0, 1, 1};
	struct rules_event events[8];
	struct rules_history history = {
		.session = {true, events, events_of("q-9m s-8m:x d-7m:x x-6m O-5m", events, 8)}};
	struct bytes category[] = {BYTES_LITERAL("k"), BYTES_LITERAL("n"), BYTES_LITERAL("k"),
				   BYTES_LITERAL("k")};
	struct facts facts = {.prompts = prompts,
			      .prompt_count = 2,
			      .order = ORDER_SCORE_DESC,
			      .weight_count = 4,
			      .weight = {score, all, false},
			      .weight_baseline = {baseline, all, false},
			      .item_category = category,
			      .item_count = 4,
			      .item_score = {score, all, false},
			      .item_baseline = {baseline, some, false}};
	size_t limit = 0, failures = 0;
	for (bool done = false; !done; limit += 8) {
		struct rules_decision decision;
		struct arena arena;
		struct err err = {""};
		arena_init(&arena, limit);
		done = rules_decide_seen(ruleset, &facts, &history, NOW, &arena, &decision, &err) &&
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

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(a_share_takes_its_part),
		cmocka_unit_test(dates_hold_from_and_until),
		cmocka_unit_test(a_full_arena_is_an_error_everywhere),
	};
	return ROWS_RUN("decide", contexts, run_context, others, COUNT(others));
}
