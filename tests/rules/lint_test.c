/* SPDX-License-Identifier: Apache-2.0
 *
 * Rules and texts that load, and still are not what their author means: every such finding of `check`, its
 * whole message pinned, and beside each what is near it and fine.
 */
#include "support.h"

#define RULES(list)	 HEAD "rules = (\n" list ");\n"
#define CAP(id, keys)	 "{ id = \"" id "\"; kind = \"prompt_cap\"; reason = \"r\"; " keys " }\n"
#define BOUND(id, keys)	 "{ id = \"" id "\"; kind = \"score_bound\"; reason = \"r\"; " keys " }\n"
#define PER_RESPONSE	 "max = 1; per = \"response\"; "
#define WHEN(conditions) RULES(CAP("a", PER_RESPONSE "when = { " conditions " };"))
#define NEVER                                                                                                \
	"warning: a.cfg:3: rule a: when never holds, whatever a response states; mend it, or remove the "    \
	"rule"
#define ALLOW "{ id = \"allow\"; kind = \"template_allow\"; action = \"suppress\"; reason = \"r\"; }\n"
#define TEXT(id, locale, keys)                                                                               \
	"{ id = \"" id "\"; locale = \"" locale "\"; kind = \"pause\"; text = \"Hm.\"; " keys " }\n"

static const struct row {
	const char *name, *text, *findings;
} rows[] = {
	/* --- duplicates --- */
	{"the same rule twice", RULES(CAP("a", PER_RESPONSE) "," CAP("b", PER_RESPONSE)),
	 "warning: a.cfg:4: rule b: says the same as rule a (a.cfg:3); remove one of them"},
	{"the same rule, the default written out",
	 RULES(BOUND("a", "max_absolute = 1;") "," BOUND("b",
							 "max_absolute = 1.0; missing_baseline = \"last\"; "
							 "action = \"clamp\";")),
	 "warning: a.cfg:4: rule b: says the same as rule a (a.cfg:3); remove one of them"},
	{"the same rule for another surface",
	 RULES(CAP("a", PER_RESPONSE "when = { surface = \"home\"; };") "," CAP(
		 "b", PER_RESPONSE "when = { surface = \"feed\"; };")),
	 ""},
	{"the same rule for other subjects",
	 RULES(CAP("a", PER_RESPONSE "when = { share = 0.5; };") "," CAP("b", PER_RESPONSE
									 "when = { share = 0.5; };")),
	 ""},
	{"the same rule, one of them off",
	 RULES(CAP("a", PER_RESPONSE) "," CAP("b", PER_RESPONSE "mode = \"off\";")), ""},
	{"an id of a rule with errors is taken, too",
	 RULES("{ id = \"a\"; kind = \"promt_cap\"; reason = \"r\"; },\n" CAP("a", PER_RESPONSE)),
	 "a.cfg:3: rule a: kind \"promt_cap\" does not exist; did you mean \"prompt_cap\"?\n"
	 "a.cfg:4: rule a: id stands twice, first at a.cfg:3; give each rule its own"},
	/* --- dead: another rule allows less --- */
	{"a cap that another cap is below",
	 RULES(CAP("a", "max = 3; per = \"session\"; window = \"1h\";") "," CAP(
		 "b", "max = 2; per = \"session\"; window = \"2h\";")),
	 "warning: a.cfg:3: rule a: never decides: rule b (a.cfg:4) allows no more wherever it applies; "
	 "remove it, or make it tighter"},
	{"a cap on one kind below a cap on all",
	 RULES(CAP("a", "max = 3; per = \"session\"; window = \"1h\"; kinds = \"pause\";") "," CAP(
		 "b", "max = 2; per = \"session\"; window = \"2h\";")),
	 "warning: a.cfg:3: rule a: never decides: rule b (a.cfg:4) allows no more wherever it applies; "
	 "remove it, or make it tighter"},
	{"a watched cap that an enforced one is below",
	 RULES(CAP("a", "max = 3; per = \"response\"; mode = \"observe\";") "," CAP("b", PER_RESPONSE)),
	 "warning: a.cfg:3: rule a: never decides: rule b (a.cfg:4) allows no more wherever it applies; "
	 "remove it, or make it tighter"},
	{"an enforced cap that a watched one is below",
	 RULES(CAP("a", "max = 3; per = \"response\";") "," CAP("b", PER_RESPONSE "mode = \"observe\";")),
	 ""},
	{"a longer window of more prompts",
	 RULES(CAP("a", "max = 3; per = \"session\"; window = \"2h\";") "," CAP(
		 "b", "max = 2; per = \"session\"; window = \"1h\";")),
	 ""},
	{"caps of different subjects",
	 RULES(CAP("a", "max = 3; per = \"user\"; window = \"1h\";") "," CAP(
		 "b", "max = 2; per = \"session\"; window = \"2h\";")),
	 ""},
	{"a tighter cap for some only",
	 RULES(CAP("a", "max = 3; per = \"response\";") "," CAP("b", PER_RESPONSE
								"when = { surface = \"home\"; };")),
	 ""},
	{"a tighter cap for a while only",
	 RULES(CAP("a", "max = 3; per = \"response\";") "," CAP("b", PER_RESPONSE
								"effective = { until = \"2027-01-01\"; };")),
	 ""},
	{"a tighter rule that only flags",
	 RULES(BOUND("a", "max_absolute = 2;") "," BOUND("b", "max_absolute = 1; action = \"flag\";")), ""},
	{"a bound that another bound is below",
	 RULES(BOUND("a", "max_absolute = 2;") "," BOUND("b", "max_absolute = 1; max_relative = 0.5;")),
	 "warning: a.cfg:3: rule a: never decides: rule b (a.cfg:4) allows no more wherever it applies; "
	 "remove it, or make it tighter"},
	{"two bounds that each hold somewhere",
	 RULES(BOUND("a", "max_absolute = 2;") "," BOUND("b", "max_relative = 0.5;")), ""},
	{"a bound for a category within a wider bound for all",
	 RULES(BOUND("a", "max_absolute = 2;") "," BOUND("b", "max_absolute = 1; categories = \"jazz\";")),
	 ""},
	/* --- dead: when and dates --- */
	{"dates that are over", RULES(CAP("a", PER_RESPONSE "effective = { until = \"2026-11-01\"; };")),
	 "warning: a.cfg:3: rule a: effective ended on 2026-11-01; it is in force no more; remove it, or "
	 "write a "
	 "later until"},
	{"dates that are to come", RULES(CAP("a", PER_RESPONSE "effective = { from = \"2027-11-01\"; };")),
	 ""},
	{"a condition and its opposite", WHEN("surface = \"home\"; not = { surface = \"home\"; };"), NEVER},
	{"a condition and a wider opposite",
	 WHEN("surface = \"home*\"; not = { surface = [ \"home*\", \"feed\" ]; };"), NEVER},
	{"a condition and a narrower opposite", WHEN("surface = \"home*\"; not = { surface = \"home\"; };"),
	 ""},
	{"alternatives that the rest excludes",
	 WHEN("surface = \"home\"; any = ( { surface = \"feed\"; }, { surface = \"search\"; } );"), NEVER},
	{"an alternative that the rest admits",
	 WHEN("surface = \"home\"; any = ( { surface = \"feed\"; }, { segment = \"x\"; } );"), ""},
	{"a language without itself", WHEN("locale = \"en-GB\"; not = { locale = \"en\"; };"), NEVER},
	{"a language without one of its countries", WHEN("locale = \"en\"; not = { locale = \"en-GB\"; };"),
	 ""},
	{"an absent fact that is asked for", WHEN("surface = \"\"; not = { surface = \"home\"; };"), ""},
	{"an attribute that must be two things",
	 WHEN("attributes = ( { name = \"tier\"; is = \"gold\"; }, { name = \"tier\"; is = \"free\"; } );"),
	 NEVER},
	{"two attributes",
	 WHEN("attributes = ( { name = \"tier\"; is = \"gold\"; }, { name = \"age\"; is = \"free\"; } );"),
	 ""},
	{"a share of nothing", WHEN("share = 0.0;"), NEVER},
	{"a share without everybody", WHEN("not = { share = 1.0; };"), NEVER},
	{"two globs may meet in a word that nobody wrote",
	 WHEN("surface = \"a*\"; any = ( { surface = \"*b\"; } );"), ""},
	/* --- bounds that bound nothing, or cannot be kept --- */
	{"a share of all places",
	 RULES("{ id = \"a\"; kind = \"category_share\"; top = 10; max_share = 1.0; reason = \"r\"; }"),
	 "warning: a.cfg:3: rule a: max_share 1 limits nothing; lower it, or remove the rule"},
	{"a share that leaves no place for any category, named by a star",
	 RULES("{ id = \"a\"; kind = \"category_share\"; top = 3; max_share = 0.3; categories = \"*\"; "
	       "reason = \"r\"; }"),
	 "a.cfg:3: rule a: max_share 0.3 of the first 3 leaves no place for any category; raise one of them, "
	 "or "
	 "name categories"},
	{"a share that leaves no place for one category",
	 RULES("{ id = \"a\"; kind = \"category_share\"; top = 3; max_share = 0.3; categories = \"gore\"; "
	       "reason = \"r\"; }"),
	 ""},
	{"more retained than there are",
	 RULES("{ id = \"a\"; kind = \"retain_top\"; baseline_top = 3; within = 10; at_least = 5; reason = "
	       "\"r\"; }"),
	 "warning: a.cfg:3: rule a: at_least 5 of baseline_top 3 within 10 can never be reached, and counts "
	 "as 3; "
	 "write that, or raise the others"},
	/* --- texts --- */
	{"a text that expires soon",
	 RULES(ALLOW) "texts = ( " TEXT("n", "en", "expires = \"2026-12-20\";") ");",
	 "warning: a.cfg:5: text n (en): expires on 2026-12-20; approve it again in time"},
	{"a text that expires later",
	 RULES(ALLOW) "texts = ( " TEXT("n", "en", "expires = \"2026-12-24\";") ");", ""},
	{"a text that is missing in a locale that others have",
	 RULES(ALLOW) "texts = ( " TEXT("n", "en", "") "," TEXT("n", "de", "") ",\n" TEXT("m", "de-AT",
											  "") ");",
	 "warning: a.cfg:8: text m: is missing in de, en, which other texts have; add it"},
	{"a text in a wider locale is found",
	 RULES(ALLOW) "texts = ( " TEXT("n", "en", "") "," TEXT("m", "en-GB", "") "," TEXT("m", "en",
											   "") ");",
	 ""},
	{"a text that nobody uses", RULES(CAP("a", PER_RESPONSE)) "texts = ( " TEXT("n", "en", "") ");",
	 "note: a.cfg:5: text n: no rule uses it; a template_allow rule would keep prompts to the approved "
	 "texts"},
	{"texts that nobody uses are told at once",
	 RULES(CAP("a", PER_RESPONSE)) "texts = ( " TEXT("n", "en", "") "," TEXT("m", "en", "") "," TEXT(
		 "o", "en", "") ");",
	 "note: a.cfg:6: text m: no rule uses it, nor 2 others; a template_allow rule would keep prompts to "
	 "the approved texts"},
	{"an approved text that is too long",
	 RULES(ALLOW ", { id = \"b\"; kind = \"tone\"; max_chars = 2; action = \"suppress\"; reason = \"r\"; "
		     "}") "texts = ( " TEXT("n", "en", "") ");",
	 "warning: a.cfg:4: rule b: approved text n (en) is not within: 3 characters in text; it never "
	 "reaches a user; "
	 "change one of them"},
	{"an approved question, slots in it, that cannot be declined",
	 RULES(ALLOW
	       ", { id = \"b\"; kind = \"choice_required\"; reason = \"r\"; },\n{ id = \"c\"; kind = "
	       "\"tone\"; max_chars = 2; action = \"suppress\"; reason = \"r\"; }") "texts = ( { id = \"q\"; "
										    "locale = \"en\"; kind = "
										    "\"clarifying_question\";"
										    " text = \"Less {x}?\"; "
										    "slots = ( { name = "
										    "\"x\"; max_chars = 9; } "
										    "); } );",
	 "warning: a.cfg:4: rule b: approved text q (en) is not within: none of 0 choices is decline; it "
	 "never reaches a user; "
	 "change one of them"},
	{"an approved explanation that is too long",
	 RULES(ALLOW ", { id = \"b\"; kind = \"tone\"; max_chars = 2; action = \"suppress\"; reason = \"r\"; "
		     "}") "texts = ( { id = \"n\"; locale = \"en\"; text = \"Hm.\"; } );",
	 "warning: a.cfg:4: rule b: approved text n (en) is not within: 3 characters in explanation; it "
	 "never reaches a user; "
	 "change one of them"},
	{"rules that flag, watch, or speak of other places or languages",
	 RULES(ALLOW ", { id = \"b\"; kind = \"tone\"; max_chars = 2; action = \"flag\"; reason = \"r\"; }\n"
		     ", { id = \"c\"; kind = \"tone\"; max_chars = 2; action = \"suppress\"; mode = "
		     "\"observe\"; max_emoji = 0; reason = \"r\"; }\n"
		     ", { id = \"d\"; kind = \"tone\"; max_chars = 2; action = \"suppress\"; when = { "
		     "surface = \"home\"; }; reason = \"r\"; }\n"
		     ", { id = \"e\"; kind = \"tone\"; max_chars = 2; action = \"suppress\"; when = { locale "
		     "= \"de\"; }; reason = \"r\"; }") "texts = ( " TEXT("n", "en", "") ");",
	 ""},
	{"a fallback without a language that the rule names",
	 RULES("{ id = \"a\"; kind = \"phrase_deny\"; phrases = \"x\"; locales = [ \"en\", \"de\", \"fr-*\" "
	       "]; when = { "
	       "locale = [ \"en-GB\", \"es\" ]; }; fallback = \"n\"; reason = \"r\"; }") "texts = ( " TEXT("n",
													   "e"
													   "n",
													   "") ");",
	 "warning: a.cfg:3: rule a: fallback \"n\" is missing in es, which when.locale names; add it to "
	 "texts\n"
	 "warning: a.cfg:3: rule a: fallback \"n\" is missing in de, which locales names; add it to texts"},
};

static void run_row(void **state)
{
	const struct row *row = *state;
	findings_are(row->text, row->findings);
}

int main(void)
{
	return ROWS_RUN("lint", rows, run_row, NULL, 0);
}
