/* SPDX-License-Identifier: Apache-2.0
 *
 * Language: what happens with what is found (phrases_test.c: what is found), approved texts, locales.
 */
#include "support.h"

#include "rules/fold.h"
#include "rules/locale.h"
#include <stdio.h>
#include <unicode/uloc.h>

/* --- one rule each: keys of phrase_deny --- */

struct row {
	const char *name, *rule, *text, *story, *texts;
};

#define DENY(keys) "rules = ( { id = \"d\"; kind = \"phrase_deny\"; reason = \"r\"; " keys " } );"
#define NEUTRAL                                                                                              \
	"texts = ( { id = \"n\"; locale = \"en\"; kind = \"acknowledgement\"; text = \"Sorry.\"; },"         \
	" { id = \"n\"; locale = \"de\"; text = \"Pardon.\"; } );"

static const struct row rows[] = {
	{"a word is not found inside another", DENY("action = \"suppress\"; phrases = [ \"art\" ];"), "party",
	 "", "|party|"},
	{"a substring is", DENY("action = \"suppress\"; match = \"substring\"; phrases = [ \"art\" ];"),
	 "party", "d suppress exceeded p", "|"},
	{"fold case keeps marks apart",
	 DENY("action = \"suppress\"; fold = \"case\"; phrases = [ \"cafe\" ];"), "CAF\xc3\x89", "",
	 "|CAF\xc3\x89|"},
	{"fold case folds case",
	 DENY("action = \"suppress\"; fold = \"case\"; phrases = [ \"caf\\u00e9\" ];"), "CAF\xc3\x89",
	 "d suppress exceeded p", "|"},
	{"fold none is byte for byte", DENY("action = \"suppress\"; fold = \"none\"; phrases = [ \"bad\" ];"),
	 "Bad", "", "|Bad|"},
	{"fold none finds the same bytes",
	 DENY("action = \"suppress\"; fold = \"none\"; phrases = [ \"bad\" ];"), "so bad",
	 "d suppress exceeded p", "|"},
	{"replace takes the text of the prompt's locale",
	 DENY("phrases = \"bad\"; fallback = \"n\";") NEUTRAL, "bad", "d replace exceeded p", "|Pardon.|"},
	{"flag leaves the message as it is", DENY("phrases = \"bad\"; action = \"flag\";"), "bad",
	 "d flag exceeded p", "|bad|"},
	{"reject refuses the response", DENY("phrases = \"bad\"; action = \"reject\";"), "bad",
	 "d reject exceeded p", "|"},
	{"observe changes nothing", DENY("mode = \"observe\"; phrases = \"bad\"; action = \"suppress\";"),
	 "bad", "(d suppress exceeded p)", "|bad|"},
	{"off does nothing", DENY("mode = \"off\"; phrases = \"bad\"; action = \"suppress\";"), "bad", "",
	 "|bad|"},
	{"invalid UTF-8: cannot tell, suppress", DENY("phrases = \"bad\"; action = \"flag\";"), "ok \xff",
	 "d suppress unknown p", "|"},
	{"invalid UTF-8: cannot tell, reject",
	 DENY("phrases = \"bad\"; action = \"flag\"; on_unknown = \"reject\";"), "ok \xff",
	 "d reject unknown p", "|"},
	{"other locales are left alone",
	 DENY("phrases = \"bad\"; action = \"suppress\"; locales = [ \"en\" ];"), "bad", "", "|bad|"},
	{"the own locale is not", DENY("phrases = \"bad\"; action = \"suppress\"; locales = [ \"de\" ];"),
	 "bad", "d suppress exceeded p", "|"},
	{"labels concern their prompt", DENY("phrases = \"jetzt nicht\"; action = \"suppress\";"), "fine",
	 "d suppress exceeded p", "|"},
	{"labels are left out on request",
	 DENY("phrases = \"jetzt nicht\"; action = \"suppress\"; on = [ \"text\" ];"), "fine", "", "|fine|"},
	{"the strongest action wins",
	 "rules = ( { id = \"a\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"bad\"; fallback = "
	 "\"n\"; },"
	 " { id = \"b\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"bad\"; action = \"suppress\"; } "
	 ");" NEUTRAL,
	 "bad", "b suppress exceeded p", "|"},
	{"of equal actions the smaller id",
	 "rules = ( { id = \"b\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"bad\"; action = "
	 "\"suppress\"; },"
	 " { id = \"a\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"bad\"; action = \"suppress\"; } "
	 ");",
	 "bad", "a suppress exceeded p", "|"},
	{"a flag is recorded beside a change",
	 "rules = ( { id = \"a\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"bad\"; action = "
	 "\"flag\"; },"
	 " { id = \"b\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"bad\"; action = \"suppress\"; } "
	 ");",
	 "bad", "a flag exceeded p; b suppress exceeded p", "|"},
	{"an observing rule sees what enforcing ones left",
	 "rules = ( { id = \"a\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"bad\"; mode = "
	 "\"observe\"; action = \"suppress\"; },"
	 " { id = \"b\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"bad\"; fallback = \"n\"; } "
	 ");" NEUTRAL,
	 "bad", "b replace exceeded p", "|Pardon.|"},

/* template_allow */
#define ALLOW "rules = ( { id = \"t\"; kind = \"template_allow\"; reason = \"r\"; fallback = \"n\"; } );"
	{"an approved text passes", ALLOW NEUTRAL, "Pardon.", "", "|Pardon.|"},
	{"another does not", ALLOW NEUTRAL, "Pardon!", "t replace exceeded p", "|Pardon.|"},
	{"the text of another locale does not", ALLOW NEUTRAL, "Sorry.", "t replace exceeded p", "|Pardon.|"},
#define SLOTS                                                                                                \
	"texts = ( { id = \"n\"; locale = \"de\"; text = \"Pardon.\"; }, { id = \"q\"; locale = \"de\"; "    \
	"text = "                                                                                            \
	"\"Weniger {c} f\xc3\xbcr {d} Tage?\"; slots = ( { name = \"c\"; max_chars = 5; }, { name = \"d\"; " \
	"one_of = [ "                                                                                        \
	"\"7\", \"30\" ]; } ); } );"
	{"slots take what they may hold", ALLOW SLOTS, "Weniger K\xc3\xa4se f\xc3\xbcr 30 Tage?", "",
	 "|Weniger K\xc3\xa4se f\xc3\xbcr 30 Tage?|"},
	{"a slot at its limit", ALLOW SLOTS,
	 "Weniger \xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4 f\xc3\xbcr 7 Tage?", "",
	 "|Weniger \xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4 f\xc3\xbcr 7 Tage?|"},
	{"a slot over its limit", ALLOW SLOTS, "Weniger aaaaaa f\xc3\xbcr 7 Tage?", "t replace exceeded p",
	 "|Pardon.|"},
	{"an empty slot", ALLOW SLOTS, "Weniger  f\xc3\xbcr 7 Tage?", "t replace exceeded p", "|Pardon.|"},
	{"a slot with another value", ALLOW SLOTS, "Weniger Jazz f\xc3\xbcr 8 Tage?", "t replace exceeded p",
	 "|Pardon.|"},
	{"a slot that is not UTF-8 is no approved value", ALLOW SLOTS, "Weniger \xff f\xc3\xbcr 7 Tage?",
	 "t replace exceeded p", "|Pardon.|"},
	{"a slot that is not UTF-8, beside phrases",
	 "rules = ( { id = \"t\"; kind = \"template_allow\"; reason = \"r\"; action = \"suppress\"; },"
	 " { id = \"z\"; kind = \"phrase_deny\"; reason = \"r\"; action = \"suppress\"; phrases = "
	 "\"M\xc3\xbcll\"; } );"
	 "texts = ( { id = \"q\"; locale = \"de\"; text = \"Weniger {c}sachen?\"; slots = ( { name = \"c\"; "
	 "max_chars = 9; } ); } );",
	 "Weniger \xff\xff\xffsachen?", "t suppress exceeded p", "|"},
	{"a denied phrase in a slot",
	 "rules = ( { id = \"t\"; kind = \"template_allow\"; reason = \"r\"; action = \"suppress\"; },"
	 " { id = \"z\"; kind = \"phrase_deny\"; reason = \"r\"; action = \"suppress\"; phrases = "
	 "\"M\xc3\xbcll\"; } );"
	 "texts = ( { id = \"q\"; locale = \"de\"; text = \"Weniger {c}sachen?\"; slots = ( { name = \"c\"; "
	 "max_chars = 9; } ); } );",
	 "Weniger M\xc3\xbcllsachen?", "t suppress exceeded p", "|"},
	{"an expired text is not approved",
	 ALLOW "texts = ( { id = \"n\"; locale = \"de\"; text = \"Pardon.\"; },"
	       " { id = \"x\"; locale = \"de\"; text = \"Alt.\"; expires = \"2026-11-23T10:00:00Z\"; } );",
	 "Alt.", "t replace exceeded p", "|Pardon.|"},
	{"the instant before it is",
	 ALLOW "texts = ( { id = \"n\"; locale = \"de\"; text = \"Pardon.\"; },"
	       " { id = \"x\"; locale = \"de\"; text = \"Alt.\"; expires = "
	       "\"2026-11-23T10:00:00.000000001Z\"; } );",
	 "Alt.", "", "|Alt.|"},
	{"a text that will be approved later is not yet",
	 ALLOW "texts = ( { id = \"n\"; locale = \"de\"; text = \"Pardon.\"; },"
	       " { id = \"x\"; locale = \"de\"; text = \"Neu.\"; approved = "
	       "\"2026-11-23T10:00:00.000000001Z\"; } );",
	 "Neu.", "t replace exceeded p", "|Pardon.|"},
	{"no text for any locale: suppress",
	 ALLOW "texts = ( { id = \"n\"; locale = \"fr\"; text = \"Pardon.\"; } );", "Alt.",
	 "t suppress exceeded p", "|"},
	{"a label must be approved with its kind",
	 "rules = ( { id = \"t\"; kind = \"template_allow\"; on = [ \"labels\" ]; reason = \"r\"; action = "
	 "\"suppress\"; } );"
	 "texts = ( { id = \"n\"; locale = \"de\"; text = \"Pardon.\"; choices = ( { kind = \"accept\"; "
	 "label = \"Jetzt nicht\"; } ); } );",
	 "fine", "t suppress exceeded p", "|"},
	{"and then passes",
	 "rules = ( { id = \"t\"; kind = \"template_allow\"; on = [ \"labels\" ]; reason = \"r\"; action = "
	 "\"suppress\"; } );"
	 "texts = ( { id = \"n\"; locale = \"de\"; text = \"Pardon.\"; choices = ( { kind = \"decline\"; "
	 "label = \"Jetzt nicht\"; } ); } );",
	 "fine", "", "|fine|"},
};

/* Each row: one prompt, locale de-AT, one choice "Jetzt nicht" that declines. */
static void run_row(void **state)
{
	const struct row *row = *state;
	struct facts_choice choice = {.label = BYTES_LITERAL("Jetzt nicht"), .kind = CHOICE_DECLINE};
	struct facts_prompt prompt = {.id = BYTES_LITERAL("p"),
				      .text = bytes_of(row->text),
				      .locale = BYTES_LITERAL("de-AT"),
				      .choices = &choice,
				      .choice_count = 1};
	struct trial trial = {.facts = {.prompt_count = 1, .prompts = &prompt}};
	struct rules_ruleset *ruleset = ruleset_of(row->rule);
	trial_decide(&trial, ruleset);
	assert_string_equal(trial_story(&trial), row->story);
	assert_string_equal(trial_texts(&trial), row->texts);
	trial_done(&trial);
	rules_ruleset_drop(ruleset);
}

static void a_malformed_prompt_locale_cannot_be_told(void **state)
{
	struct facts_prompt prompt = {
		.id = BYTES_LITERAL("p"), .text = BYTES_LITERAL("Pardon."), .locale = BYTES_LITERAL("de_AT")};
	struct trial trial = {.facts = {.prompt_count = 1, .prompts = &prompt}};
	struct rules_ruleset *ruleset = ruleset_of(ALLOW NEUTRAL);
	trial_decide(&trial, ruleset);
	assert_string_equal(trial_story(&trial), "t suppress unknown p");
	trial_done(&trial);
	rules_ruleset_drop(ruleset);
	(void)state;
}

static void replaced_prompts_carry_the_whole_catalogue_text(void **state)
{
	struct facts_prompt prompt = {.id = BYTES_LITERAL("p"),
				      .text = BYTES_LITERAL("bad"),
				      .kind = PROMPT_PAUSE,
				      .locale = BYTES_LITERAL("xx")};
	struct trial trial = {
		.facts = {.prompt_count = 1, .prompts = &prompt, .locale = BYTES_LITERAL("en-Latn-GB")}};
	struct rules_ruleset *ruleset = ruleset_of(
		DENY("phrases = \"bad\"; fallback = \"n\";") "texts = ( { id = \"n\"; locale = \"en\"; kind "
							     "= \"acknowledgement\"; text = \"Sorry.\";"
							     " choices = ( { id = \"c\"; kind = \"decline\"; "
							     "label = \"No\"; } ); } );");
	trial_decide(&trial, ruleset);
	const struct edits_prompt *edit = &trial.decision.edits.prompts[0];
	assert_true(edit->replace && !edit->drop);
	assert_true(bytes_equal(edit->with.template_id, BYTES_LITERAL("n")));
	assert_true(bytes_equal(edit->with.locale, BYTES_LITERAL("en")));
	assert_int_equal(edit->with.kind, PROMPT_ACKNOWLEDGEMENT);
	assert_int_equal(edit->with.choice_count, 1);
	assert_int_equal(edit->with.choices[0].kind, CHOICE_DECLINE);
	assert_true(bytes_equal(edit->with.id, BYTES_LITERAL("p")));
	trial_done(&trial);
	rules_ruleset_drop(ruleset);
	(void)state;
}

static void an_explanation_is_replaced_or_cleared(void **state)
{
	struct trial trial = {.facts = {.explanation = BYTES_LITERAL("bad"), .locale = BYTES_LITERAL("de")}};
	struct rules_ruleset *ruleset = ruleset_of(DENY("phrases = \"bad\"; fallback = \"n\";") NEUTRAL);
	trial_decide(&trial, ruleset);
	assert_true(trial.decision.edits.explanation_set);
	assert_true(bytes_equal(trial.decision.edits.explanation, BYTES_LITERAL("Pardon.")));
	trial_done(&trial);
	trial.facts.locale = (struct bytes){0};
	trial_decide(&trial, ruleset);
	assert_true(trial.decision.edits.explanation_set);
	assert_false(bytes_present(trial.decision.edits.explanation));
	assert_string_equal(trial_story(&trial), "d suppress exceeded");
	trial_done(&trial);
	rules_ruleset_drop(ruleset);
	(void)state;
}

/* A text for prompts is not held against rules for explanations at load: here it replaces one. */
static void what_is_still_not_within_is_suppressed(void **state)
{
	struct trial trial = {.facts = {.explanation = BYTES_LITERAL("bad"), .locale = BYTES_LITERAL("en")}};
	struct rules_ruleset *ruleset = ruleset_of(
		"rules = ( { id = \"a\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"bad\"; fallback "
		"= \"n\"; },"
		" { id = \"b\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"sorry\"; action = "
		"\"flag\"; on = \"explanation\"; },"
		" { id = \"c\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"sorry\"; fallback = "
		"\"n\"; on = \"explanation\"; } );"
		"texts = ( { id = \"n\"; locale = \"en\"; kind = \"pause\"; text = \"Sorry.\"; } );");
	trial_decide(&trial, ruleset);
	assert_string_equal(trial_story(&trial), "c suppress exceeded");
	assert_true(trial.decision.edits.explanation_set);
	assert_int_equal(trial.decision.edits.explanation.len, 0);
	trial_done(&trial);
	rules_ruleset_drop(ruleset);
	(void)state;
}

/* --- locales --- */

static void plain_tags_agree_with_icu(void **state)
{
	char tag[8], id[ULOC_FULLNAME_CAPACITY], want[LOCALE_MAX], room[LOCALE_MAX];
	size_t wrong = 0;
	for (int i = 0; i < 26 * 26 * 27 * 26; i++) {
		int language = i / (27 * 26), region = i % (27 * 26);
		snprintf(tag, sizeof tag, "%c%c%s%c%c", 'a' + language / 26, 'a' + language % 26,
			 region < 26 * 26 ? "-" : "", 'A' + region / 26 % 26, 'A' + region % 26);
		if (region >= 26 * 26)
			tag[2] = '\0';
		UErrorCode status = U_ZERO_ERROR;
		uloc_forLanguageTag(tag, id, sizeof id, NULL, &status);
		uloc_toLanguageTag(id, want, sizeof want, true, &status);
		struct bytes got = rules_locale_canonical(bytes_of(tag), room);
		wrong += !bytes_equal(got, bytes_of(want));
	}
	assert_int_equal(wrong, 0);
	(void)state;
}

static void ranges_filter_as_rfc_4647_says(void **state)
{
	static const struct {
		const char *range, *tag;
		bool inside;
	} cases[] = {
		{"en", "en-GB", true},	       {"en", "en", true},
		{"en", "eng", false},	       {"de-*", "de", true},
		{"de-*", "de-AT", true},       {"*", "ja", true},
		{"*-CH", "de-CH", true},       {"*-CH", "de-AT", false},
		{"de-DE", "de-Latn-DE", true}, {"de-DE", "de", false},
		{"de-*-DE", "de-DE", true},    {"de-*-DE", "de-Latn-DE-1996", true},
		{"de-DE", "de-x-DE", false},   {"de-DE", "de-Deva", false},
		{"EN-gb", "en-GB", true},      {"zh-Hant", "zh-Hant-TW", true},
		{"zh-TW", "zh-Hant-TW", true},
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		if (rules_locale_in_range(bytes_of(cases[i].tag), bytes_of(cases[i].range)) !=
		    cases[i].inside)
			fail_msg("%s in %s", cases[i].tag, cases[i].range);
	(void)state;
}

static void lookup_truncates_as_rfc_4647_says(void **state)
{
	struct bytes tag = BYTES_LITERAL("zh-Hant-CN-x-private1-private2");
	static const char *const steps[] = {"zh-Hant-CN-x-private1", "zh-Hant-CN", "zh-Hant", "zh", ""};
	for (size_t i = 0; i < COUNT(steps); i++) {
		tag = rules_locale_truncate(tag);
		assert_true(bytes_equal(tag, bytes_of(steps[i])));
	}
	(void)state;
}

static void lookup_serves_as_page_02_says(void **state)
{
	static const struct {
		const char *request, *own;
		bool serves;
	} cases[] = {
		{"en", "en", true},
		{"en-GB", "en", true},
		{"en", "en-GB", true},
		{"en-US", "en-GB", true},
		{"en", "de", false},
		{"en-DE", "de-DE", false},
		{"eng", "en", false},
		{"zh-Hant-TW", "zh-Hant", true},
		{"zh-Hant-TW", "zh", true},
		{"zh-Hant-TW", "zh-Hans", false},
		{"zh-Hant-TW", "zh-Hant-HK", true},
		{"zh", "zh-Hant", false}, /* which script was asked for is not known */
		{"zh-TW", "zh-TW", true},
		{"sl-rozaj-1994", "sl-rozaj", true},
		{"sl-rozaj", "sl-nedis", true},
		{"de-1901", "de", true},
		{"de-DE-u-co-phonebk", "de-AT", true},
		{"x-own", "x-own", true},
		{"x-own", "en", false},
		{"", "en", false},
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		if (rules_locale_serves(bytes_of(cases[i].request), bytes_of(cases[i].own)) !=
		    cases[i].serves)
			fail_msg("%s for %s", cases[i].own, cases[i].request);
	(void)state;
}

/* ASCII before ASCII does not go through the table; before another character it does. Both say the same. */
static void plain_characters_fold_alike_beside_others(void **state)
{
	struct arena arena;
	(void)state;
	arena_init(&arena, (size_t)1 << 20);
	for (char c = ' '; c < 0x7f; c++) {
		struct folded alone, beside;
		const char text[] = {c, '\xe4', '\xb8', '\xad'};
		assert_true(rules_fold((struct bytes){text, 1}, FOLD_FIRST, &arena, &alone));
		assert_true(rules_fold((struct bytes){text, sizeof text}, FOLD_FIRST, &arena, &beside));
		assert_int_equal(alone.text.len, 1);
		assert_int_equal(beside.text.len, 4);
		assert_int_equal(alone.text.at[0], beside.text.at[0]);
	}
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(a_malformed_prompt_locale_cannot_be_told),
		cmocka_unit_test(replaced_prompts_carry_the_whole_catalogue_text),
		cmocka_unit_test(an_explanation_is_replaced_or_cleared),
		cmocka_unit_test(what_is_still_not_within_is_suppressed),
		cmocka_unit_test(plain_tags_agree_with_icu),
		cmocka_unit_test(plain_characters_fold_alike_beside_others),
		cmocka_unit_test(ranges_filter_as_rfc_4647_says),
		cmocka_unit_test(lookup_truncates_as_rfc_4647_says),
		cmocka_unit_test(lookup_serves_as_page_02_says),
	};
	return ROWS_RUN("language", rows, run_row, others, COUNT(others));
}
