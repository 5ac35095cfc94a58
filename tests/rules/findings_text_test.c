/* SPDX-License-Identifier: Apache-2.0
 *
 * Every finding of `check` about approved texts, fallbacks, and the rules that judge words, its whole message
 * pinned: one row, one file a.cfg, one test.
 */
#include "support.h"

static const struct row {
	const char *name, *text, *findings;
} rows[] = {
	{"two texts of one id and locale",
	 HEAD "rules = ( { id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; } "
	      ");\ntexts = (\n{ id = \"x\"; locale = \"en\"; text = \"Hi.\"; },\n{ id = \"x\"; locale = "
	      "\"EN\"; text = \"Ho.\"; }\n);\n",
	 "a.cfg:5: text x (en): stands twice, first at a.cfg:4; remove one"},
	{"a text with a malformed locale",
	 HEAD "rules = ( { id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; } "
	      ");\ntexts = (\n{ id = \"x\"; locale = \"en_GB\"; text = \"Hi.\"; }\n);\n",
	 "a.cfg:4: text x: locale is \"en_GB\", which is not a language tag; write it as \"en\" or "
	 "\"pt-BR\""},
	{"a text without text",
	 HEAD "rules = ( { id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; } "
	      ");\ntexts = (\n{ id = \"x\"; locale = \"en\"; }\n);\n",
	 "a.cfg:4: text x: text is missing; it must be a text"},
	{"a text of an unknown kind",
	 HEAD "rules = ( { id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; } "
	      ");\ntexts = (\n{ id = \"x\"; locale = \"en\"; text = \"Hi.\"; kind = \"question\"; }\n);\n",
	 "a.cfg:4: text x: kind is \"question\"; it must be \"acknowledgement\", \"clarifying_question\", "
	 "\"preference_update\", \"category_switch\" or \"pause\""},
	{"a slot that is not declared",
	 HEAD "rules = ( { id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; } "
	      ");\ntexts = (\n{ id = \"x\"; locale = \"en\"; text = \"Hi {nmae}.\"; }\n);\n",
	 "a.cfg:4: text x: text has {nmae}, but no slot has that name; add it to slots"},
	{"a slot that is not used",
	 HEAD "rules = ( { id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; } "
	      ");\ntexts = (\n{ id = \"x\"; locale = \"en\"; text = \"Hi.\"; slots = ( { name = \"n\"; "
	      "max_chars = 3; } ); }\n);\n",
	 "a.cfg:4: text x: slot \"n\" does not stand in the text; remove it, or write {n}"},
	{"a slot that stands twice",
	 HEAD "rules = ( { id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; } "
	      ");\ntexts = (\n{ id = \"x\"; locale = \"en\"; text = \"Hi {n}.\"; slots = ( { name = \"n\"; "
	      "max_chars = 3; }, { name = \"n\"; max_chars = 4; } ); }\n);\n",
	 "a.cfg:4: text x: slot \"n\" stands twice; remove one"},
	{"a slot without limit",
	 HEAD "rules = ( { id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; } "
	      ");\ntexts = (\n{ id = \"x\"; locale = \"en\"; text = \"Hi {n}.\"; slots = ( { name = \"n\"; } "
	      "); }\n);\n",
	 "a.cfg:4: text x: slot \"n\" may hold anything; give it max_chars or one_of"},
	{"a choice without kind",
	 HEAD "rules = ( { id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; } "
	      ");\ntexts = (\n{ id = \"x\"; locale = \"en\"; text = \"Hi.\"; choices = ( { label = \"Yes\"; "
	      "} ); }\n);\n",
	 "a.cfg:4: text x: choices[0].kind is missing; it must be \"accept\", \"decline\", \"more_of\", "
	 "\"less_of\" or \"pause_category\""},
	{"a text that expires before it is approved",
	 HEAD "rules = ( { id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; } "
	      ");\ntexts = (\n{ id = \"x\"; locale = \"en\"; text = \"Hi.\"; approved = \"2027-01-01\"; "
	      "expires = \"2027-01-01\"; }\n);\n",
	 "a.cfg:4: text x: expires is not after approved; it is never in force"},
	{"an expired text",
	 HEAD "rules = ( { id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; } "
	      ");\ntexts = (\n{ id = \"x\"; locale = \"en\"; text = \"Hi.\"; expires = "
	      "\"2026-11-23T10:00:00Z\"; }\n);\n",
	 "warning: a.cfg:4: text x (en): expired on 2026-11-23; approve it again, or remove it\n"
	 "note: a.cfg:4: text x: no rule uses it; a template_allow rule would keep prompts to the approved "
	 "texts"},
	{"a fallback is missing",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"phrase_deny\"; phrases = \"x\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: fallback is missing; name a text, or write action = \"suppress\""},
	{"an unknown fallback",
	 HEAD "rules = ( { id = \"b\"; kind = \"phrase_deny\"; phrases = \"x\"; reason = \"r\"; fallback = "
	      "\"ack.neutrl\"; }, { id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = "
	      "\"r\"; } );\ntexts = (\n{ id = \"ack.neutral\"; locale = \"en\"; text = \"Hi.\"; }\n);\n",
	 "a.cfg:2: rule b: fallback \"ack.neutrl\" is not a text; did you mean \"ack.neutral\"?"},
	{"an unknown fallback that is near nothing",
	 HEAD "rules = (\n{ id = \"b\"; kind = \"template_allow\"; reason = \"r\"; fallback = \"nothing\"; "
	      "}\n);\n",
	 "a.cfg:3: rule b: fallback \"nothing\" is not a text; add it to texts"},
	{"a fallback of no use to another rule",
	 HEAD
	 "rules = ( { id = \"b\"; kind = \"choice_required\"; reason = \"r\"; },\n{ id = \"a\"; kind = "
	 "\"phrase_deny\"; phrases = \"x\"; reason = \"r\"; fallback = \"n\"; } );\n"
	 "texts = (\n{ id = \"n\"; locale = \"en\"; kind = \"clarifying_question\"; text = \"Hi?\"; }\n);\n",
	 "a.cfg:2: rule b: fallback \"n\" (en) of rule a is not within: none of 0 choices is decline; change "
	 "one of them"},
	{"a fallback that an observing rule would not admit",
	 HEAD
	 "rules = ( { id = \"b\"; kind = \"choice_required\"; mode = \"observe\"; reason = \"r\"; },\n{ id = "
	 "\"a\"; kind = \"template_allow\"; reason = \"r\"; fallback = \"n\"; } );\n"
	 "texts = (\n{ id = \"n\"; locale = \"en\"; text = \"Hi?\"; }\n);\n",
	 "a.cfg:2: rule b: fallback \"n\" (en) of rule a is not within: none of 0 choices is decline; change "
	 "one of them"},
	{"a fallback that only explains needs no choice",
	 HEAD
	 "rules = ( { id = \"b\"; kind = \"choice_required\"; reason = \"r\"; },\n{ id = \"a\"; kind = "
	 "\"phrase_deny\"; on = \"explanation\"; phrases = \"x\"; reason = \"r\"; fallback = \"n\"; } );\n"
	 "texts = (\n{ id = \"n\"; locale = \"en\"; text = \"Hi.\"; }\n);\n",
	 ""},
	{"a rule that is off admits every fallback",
	 HEAD
	 "rules = ( { id = \"b\"; kind = \"choice_required\"; mode = \"off\"; reason = \"r\"; },\n{ id = "
	 "\"a\"; kind = \"template_allow\"; reason = \"r\"; fallback = \"n\"; } );\n"
	 "texts = (\n{ id = \"n\"; locale = \"en\"; text = \"Hi?\"; }\n);\n",
	 ""},
	{"a choice that does not exist",
	 HEAD
	 "rules = (\n{ id = \"a\"; kind = \"choice_required\"; choice = \"refuse\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: choice is \"refuse\"; it must be \"accept\", \"decline\", \"more_of\", "
	 "\"less_of\" or \"pause_category\""},
	{"an action that choice_required has not",
	 HEAD
	 "rules = (\n{ id = \"a\"; kind = \"choice_required\"; action = \"replace\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: action is \"replace\"; for choice_required it must be \"suppress\" or \"flag\""},
	{"on_unknown of a kind that can always tell",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"choice_required\"; on_unknown = \"flag\"; reason = \"r\"; "
	      "}\n);\n",
	 "a.cfg:3: rule a: on_unknown has no meaning for choice_required; remove it"},
	{"a key that locale_match has not",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"locale_match\"; fallback = \"n\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: unknown key \"fallback\"; the keys here are id, kind, mode, when, effective, "
	 "action, "
	 "on_unknown, reason, reference, owner"},
	{"an action that locale_match has not",
	 HEAD
	 "rules = (\n{ id = \"a\"; kind = \"locale_match\"; on_unknown = \"reject\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: on_unknown is \"reject\"; for locale_match it must be \"flag\" or \"suppress\""},
	{"a tone without limits",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"tone\"; action = \"flag\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: limits nothing; give max_chars, max_sentences, max_exclamations, max_upper_share "
	 "or "
	 "max_emoji"},
	{"a share of capitals in percent",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"tone\"; action = \"flag\"; max_upper_share = 30; reason = "
	      "\"r\"; }\n);\n",
	 "a.cfg:3: rule a: max_upper_share is 30; it must be a number from 0 to 1"},
	{"no characters at all",
	 HEAD
	 "rules = (\n{ id = \"a\"; kind = \"tone\"; action = \"flag\"; max_chars = 0; max_sentences = 0; "
	 "max_emoji = -1; max_exclamations = 0.5; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: max_chars is 0; it must be a whole number from 1 to 100000\n"
	 "a.cfg:3: rule a: max_sentences is 0; it must be a whole number from 1 to 1000\n"
	 "a.cfg:3: rule a: max_emoji is -1; it must be a whole number from 0 to 1000\n"
	 "a.cfg:3: rule a: max_exclamations is 0.5; it must be a whole number from 0 to 1000"},
	{"a tone without fallback",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"tone\"; max_chars = 9; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: fallback is missing; name a text, or write action = \"suppress\""},
	{"a fallback that its own rule does not admit",
	 HEAD
	 "rules = (\n{ id = \"a\"; kind = \"tone\"; max_chars = 5; fallback = \"n\"; reason = \"r\"; }\n);\n"
	 "texts = ( { id = \"n\"; locale = \"en\"; kind = \"pause\"; text = \"Sorry.\"; choices = ( { kind = "
	 "\"decline\"; label = \"Not now\"; } ); }, { id = \"n\"; locale = \"de\"; text = \"Hm.\"; } );\n",
	 "a.cfg:3: rule a: fallback \"n\" (en) of rule a is not within: 6 characters in text; change one of "
	 "them"},
	{"a fallback need not please a rule for another language",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"tone\"; max_chars = 5; when = { locale = \"de\"; }; "
	      "fallback = \"n\"; reason "
	      "= \"r\"; },\n{ id = \"b\"; kind = \"tone\"; max_chars = 2; when = { not = { locale = \"de\"; "
	      "}; surface = \"x\"; "
	      "share = 0.0; }; action = \"flag\"; reason = \"r\"; }\n);\n"
	      "texts = ( { id = \"n\"; locale = \"en\"; kind = \"pause\"; text = \"Sorry.\"; }, { id = "
	      "\"n\"; locale = "
	      "\"de\"; kind = \"pause\"; text = \"Hm.\"; } );\n",
	 "a.cfg:4: rule b: fallback \"n\" (en) of rule a is not within: 6 characters in text; change one of "
	 "them"},
	{"an action that tone has not",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"tone\"; max_chars = 5; action = \"reject\"; reason = \"r\"; "
	      "}\n);\n",
	 "a.cfg:3: rule a: action is \"reject\"; for tone it must be \"replace\", \"suppress\" or \"flag\""},
	{"an explanation without fallback",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"explanation_required\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: fallback is missing; name a text, or write action = \"flag\""},
	{"an explanation that another rule does not admit",
	 HEAD
	 "rules = (\n{ id = \"a\"; kind = \"explanation_required\"; fallback = \"n\"; reason = \"r\"; },\n"
	 "{ id = \"b\"; kind = \"tone\"; max_exclamations = 0; action = \"flag\"; reason = \"r\"; }, { id = "
	 "\"c\"; kind = \"choice_required\"; reason = \"r\"; } );\n"
	 "texts = ( { id = \"n\"; locale = \"en\"; text = \"Because!\"; } );\n",
	 "a.cfg:4: rule b: fallback \"n\" (en) of rule a is not within: 1 exclamation marks in explanation; "
	 "change one of them"},
	{"an action that explanation_required has not",
	 HEAD
	 "rules = (\n{ id = \"a\"; kind = \"explanation_required\"; action = \"suppress\"; reason = \"r\"; "
	 "}\n);\n",
	 "a.cfg:3: rule a: action is \"suppress\"; for explanation_required it must be \"replace\" or "
	 "\"flag\""},
	{"a grade that is a LIX",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"readability\"; max_grade = 40; formula = \"lix\"; action = "
	      "\"flag\"; "
	      "reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: max_grade is 40; it must be a number from 0 to 20"},
	{"a readability without limit",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"readability\"; action = \"flag\"; reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: max_grade is missing; it must be a number from 0 to 20"},
	{"an unknown formula",
	 HEAD "rules = (\n{ id = \"a\"; kind = \"readability\"; max_grade = 9; formula = \"smog\"; action = "
	      "\"flag\"; "
	      "reason = \"r\"; }\n);\n",
	 "a.cfg:3: rule a: formula is \"smog\"; it must be \"auto\", \"flesch_kincaid\" or \"lix\""},
	{"a fallback that is too hard to read, and one in a script that cannot be told",
	 HEAD
	 "rules = (\n{ id = \"a\"; kind = \"readability\"; max_grade = 3; fallback = \"n\"; reason = \"r\"; "
	 "}\n);\n"
	 "texts = ( { id = \"n\"; locale = \"de\"; kind = \"pause\"; text = \"Wir sind nun da und das ist "
	 "sehr gut, "
	 "beinahe.\"; }, { id = \"n\"; locale = \"ja\"; kind = \"pause\"; text = \"\\u306f\\u3044\"; } );\n",
	 "a.cfg:3: rule a: fallback \"n\" (de) of rule a is not within: grade 4.0 by lix in text; change one "
	 "of "
	 "them"},
	{"a fallback in a script that would be suppressed",
	 HEAD
	 "rules = (\n{ id = \"a\"; kind = \"readability\"; max_grade = 3; fallback = \"n\"; on_unknown = "
	 "\"suppress\"; reason = \"r\"; }\n);\n"
	 "texts = ( { id = \"n\"; locale = \"ja\"; kind = \"pause\"; text = \"\\u306f\\u3044\"; } );\n",
	 "a.cfg:3: rule a: fallback \"n\" (ja) of rule a cannot be judged: lix cannot tell about the script "
	 "of "
	 "text; change one of them"},
	{"a fallback with slots",
	 HEAD
	 "rules = ( { id = \"b\"; kind = \"template_allow\"; reason = \"r\"; fallback = \"x\"; }, { id = "
	 "\"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; } );\ntexts = (\n{ id = "
	 "\"x\"; locale = \"en\"; text = \"Hi {n}.\"; slots = ( { name = \"n\"; max_chars = 3; } ); }\n);\n",
	 "a.cfg:2: rule b: fallback \"x\" (en) has slots; name a text without"},
	{"a phrase that denies an approved text",
	 HEAD
	 "rules = ( { id = \"b\"; kind = \"phrase_deny\"; phrases = \"your fault\"; reason = \"r\"; action = "
	 "\"suppress\"; }, { id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; "
	 "} );\ntexts = (\n{ id = \"x\"; locale = \"en\"; text = \"It is YOUR fault.\"; }\n);\n",
	 "a.cfg:2: rule b: phrase \"your fault\" denies the approved text x (en); change one of them"},
	{"a phrase that denies a label",
	 HEAD "rules = ( { id = \"b\"; kind = \"phrase_deny\"; phrases = \"whatever\"; reason = \"r\"; "
	      "action = \"suppress\"; }, { id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; "
	      "reason = \"r\"; } );\ntexts = (\n{ id = \"x\"; locale = \"en\"; text = \"Hi.\"; choices = ( { "
	      "kind = \"accept\"; label = \"Whatever\"; } ); }\n);\n",
	 "a.cfg:2: rule b: phrase \"whatever\" denies a label of the approved text x (en); change one of "
	 "them"},
	{"a phrase in another locale does not",
	 HEAD
	 "rules = ( { id = \"b\"; kind = \"phrase_deny\"; phrases = \"hi\"; locales = \"de\"; reason = "
	 "\"r\"; action = \"suppress\"; }, { id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; "
	 "reason = \"r\"; } );\ntexts = (\n{ id = \"x\"; locale = \"en\"; text = \"Hi.\";  }\n);\n",
	 "note: a.cfg:4: text x: no rule uses it; a template_allow rule would keep prompts to the approved "
	 "texts"},
	{"a phrase in a slot does not",
	 HEAD "rules = ( { id = \"b\"; kind = \"phrase_deny\"; phrases = \"n\"; reason = \"r\"; action = "
	      "\"suppress\"; }, { id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = "
	      "\"r\"; } );\ntexts = (\n{ id = \"x\"; locale = \"en\"; text = \"Hi {n}.\"; slots = ( { name = "
	      "\"n\"; max_chars = 3; } ); }\n);\n",
	 "note: a.cfg:4: text x: no rule uses it; a template_allow rule would keep prompts to the approved "
	 "texts"},
};

static void run_row(void **state)
{
	const struct row *row = *state;
	findings_are(row->text, row->findings);
}

int main(void)
{
	return ROWS_RUN("findings_text", rows, run_row, NULL, 0);
}
