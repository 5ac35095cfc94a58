/* SPDX-License-Identifier: Apache-2.0
 *
 * The language kinds that count, compare and require: one row, one response, one test.
 */
#include "support.h"

#include <stdio.h>

struct row {
	const char *name, *rules;
	struct facts_prompt prompt; /* text absent: there is none */
	const char *locale, *explanation;
	const char *story, *observed; /* observed: of the first intervention, behind its limit */
	const char *texts, *says;     /* the prompts that leave; the explanation that leaves */
};

#define RULE(kind, keys) "rules = ( { id = \"r\"; kind = \"" kind "\"; reason = \"r\"; " keys " } );"
#define CHOICES(list)	 .choices = list, .choice_count = COUNT(list)

static struct facts_choice yes[] = {{.label = {"Yes", 3}, .kind = CHOICE_ACCEPT}};
static struct facts_choice both[] = {{.label = {"Yes", 3}, .kind = CHOICE_ACCEPT},
				     {.label = {"No", 2}, .kind = CHOICE_DECLINE}};
static struct facts_choice odd[] = {{.label = {"No", 2}, .kind = CHOICE_OTHER},
				    {.label = {"No", 2}, .kind = CHOICE_ABSENT}};

#define ASK(kind_of, list)                                                                                   \
	{                                                                                                    \
		.text = {"Less?", 5}, .kind = kind_of, CHOICES(list)                                         \
	}
#define SPEAKS(tag)                                                                                          \
	{                                                                                                    \
		.text = {"Hi.", 3}, .locale = { tag, sizeof tag - 1 }                                        \
	}
#define SAYS(words)                                                                                          \
	{                                                                                                    \
		.text = {words, sizeof words - 1}, .kind = PROMPT_PAUSE                                      \
	}

static const struct row rows[] = {
	/* choice_required */
	{"a question that lets the user decline", RULE("choice_required", ""),
	 ASK(PROMPT_CLARIFYING_QUESTION, both), .texts = "|Less?|"},
	{"a question that does not", RULE("choice_required", ""), ASK(PROMPT_CLARIFYING_QUESTION, yes),
	 .story = "r suppress exceeded p", .observed = "choice decline: none of 1 choices is decline"},
	{"a preference update that does not", RULE("choice_required", ""), ASK(PROMPT_PREFERENCE_UPDATE, yes),
	 .story = "r suppress exceeded p"},
	{"a category switch that does not", RULE("choice_required", ""), ASK(PROMPT_CATEGORY_SWITCH, yes),
	 .story = "r suppress exceeded p"},
	{"a question without choices",
	 RULE("choice_required", ""),
	 {.text = {"Less?", 5}, .kind = PROMPT_CLARIFYING_QUESTION},
	 .story = "r suppress exceeded p",
	 .observed = "choice decline: none of 0 choices is decline"},
	{"an acknowledgement asks nothing", RULE("choice_required", ""), ASK(PROMPT_ACKNOWLEDGEMENT, yes),
	 .texts = "|Less?|"},
	{"a pause asks nothing", RULE("choice_required", ""), ASK(PROMPT_PAUSE, yes), .texts = "|Less?|"},
	{"a prompt of no kind does not escape", RULE("choice_required", ""), ASK(PROMPT_ABSENT, yes),
	 .story = "r suppress exceeded p"},
	{"nor one of an unknown kind", RULE("choice_required", ""), ASK(PROMPT_OTHER, yes),
	 .story = "r suppress exceeded p"},
	{"a choice of no or unknown kind does not decline", RULE("choice_required", ""),
	 ASK(PROMPT_CLARIFYING_QUESTION, odd), .story = "r suppress exceeded p"},
	{"another choice", RULE("choice_required", "choice = \"less_of\";"),
	 ASK(PROMPT_CLARIFYING_QUESTION, both), .story = "r suppress exceeded p",
	 .observed = "choice less_of: none of 2 choices is less_of"},
	{"other kinds", RULE("choice_required", "kinds = [ \"pause\" ];"), ASK(PROMPT_PAUSE, yes),
	 .story = "r suppress exceeded p"},
	{"and not the usual ones then", RULE("choice_required", "kinds = [ \"pause\" ];"),
	 ASK(PROMPT_CLARIFYING_QUESTION, yes), .texts = "|Less?|"},
	{"a missing choice is flagged", RULE("choice_required", "action = \"flag\";"),
	 ASK(PROMPT_CLARIFYING_QUESTION, yes), .story = "r flag exceeded p", .texts = "|Less?|"},
	{"a missing choice is observed", RULE("choice_required", "mode = \"observe\";"),
	 ASK(PROMPT_CLARIFYING_QUESTION, yes), .story = "(r suppress exceeded p)", .texts = "|Less?|"},
	{"what replaces lets the user decline too",
	 "rules = ( { id = \"r\"; kind = \"choice_required\"; reason = \"r\"; },"
	 " { id = \"s\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"less\"; fallback = \"n\"; } );"
	 "texts = ( { id = \"n\"; locale = \"en\"; kind = \"clarifying_question\"; text = \"Fewer?\";"
	 " choices = ( { kind = \"decline\"; label = \"No\"; } ); } );",
	 ASK(PROMPT_CLARIFYING_QUESTION, both), .locale = "en", .story = "s replace exceeded p",
	 .texts = "|Fewer?|"},

	/* locale_match */
	{"a prompt in the language asked for", RULE("locale_match", ""), SPEAKS("en-GB"), .locale = "en-US",
	 .texts = "|Hi.|"},
	{"tags are made canonical first", RULE("locale_match", ""), SPEAKS("IW"), .locale = "he-il",
	 .texts = "|Hi.|"},
	{"a prompt in another", RULE("locale_match", ""), SPEAKS("de-AT"), .locale = "EN-us",
	 .story = "r suppress exceeded p", .observed = "the request's locale: de-AT for en-US"},
	{"a prompt in another is flagged", RULE("locale_match", "action = \"flag\";"), SPEAKS("de"),
	 .locale = "en", .story = "r flag exceeded p", .texts = "|Hi.|"},
	{"a prompt in another is observed", RULE("locale_match", "mode = \"observe\";"), SPEAKS("de"),
	 .locale = "en", .story = "(r suppress exceeded p)", .texts = "|Hi.|"},
	{"a prompt without locale cannot be told", RULE("locale_match", ""), SPEAKS(""), .locale = "en",
	 .story = "r flag unknown p", .observed = "the request's locale: the prompt's locale is absent",
	 .texts = "|Hi.|"},
	{"nor one with a malformed locale", RULE("locale_match", "on_unknown = \"suppress\";"),
	 SPEAKS("en_GB"), .locale = "en", .story = "r suppress unknown p",
	 .observed = "the request's locale: the prompt's locale is malformed"},
	{"nor against a request without", RULE("locale_match", "on_unknown = \"suppress\";"), SPEAKS("en"),
	 .story = "r suppress unknown p", .observed = "the request's locale: the request's locale is absent"},
	{"nor against a malformed one", RULE("locale_match", ""), SPEAKS("en"), .locale = "en*",
	 .story = "r flag unknown p", .observed = "the request's locale: the request's locale is malformed",
	 .texts = "|Hi.|"},
	{"what replaces speaks the language too",
	 "rules = ( { id = \"r\"; kind = \"locale_match\"; reason = \"r\"; },"
	 " { id = \"s\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"hi\"; action = \"flag\"; },"
	 " { id = \"t\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"hi\"; fallback = \"n\"; } );"
	 "texts = ( { id = \"n\"; locale = \"en\"; text = \"Sorry.\"; } );",
	 SPEAKS("en"), .locale = "en-GB", .story = "s flag exceeded p; t replace exceeded p",
	 .texts = "|Sorry.|"},
};

static const char *first_observed(const struct trial *trial, char *text, size_t room)
{
	const struct rules_intervention *first = trial->decision.intervention;
	snprintf(text, room, "%.*s: %.*s", BYTES_ARG(first->limit), BYTES_ARG(first->observed));
	return text;
}

/* What a row does not name is empty. */
static const char * or (const char *text, const char *otherwise)
{
	return text ? text : otherwise;
}

static void run_row(void **state)
{
	const struct row *row = *state;
	char text[1024];
	struct facts_prompt prompt = row->prompt;
	prompt.id = BYTES_LITERAL("p");
	struct trial trial = {.facts = {.prompt_count = bytes_present(prompt.text),
					.prompts = &prompt,
					.locale = bytes_of(row->locale),
					.explanation = bytes_of(row->explanation)}};
	struct rules_ruleset *ruleset = ruleset_of(row->rules);
	trial_decide(&trial, ruleset);
	const struct edits *edits = &trial.decision.edits;
	struct bytes says = edits->explanation_set ? edits->explanation : trial.facts.explanation;
	assert_string_equal(trial_story(&trial), or (row->story, ""));
	assert_string_equal(trial_texts(&trial), or (row->texts, "|"));
	if (row->observed)
		assert_string_equal(first_observed(&trial, text, sizeof text), row->observed);
	snprintf(text, sizeof text, "%.*s", BYTES_ARG(says));
	assert_string_equal(text, or (row->says, ""));
	trial_done(&trial);
	rules_ruleset_drop(ruleset);
}

int main(void)
{
	struct CMUnitTest tests[COUNT(rows)];
	for (size_t i = 0; i < COUNT(rows); i++)
		tests[i] = (struct CMUnitTest){.name = rows[i].name,
					       .test_func = run_row,
					       .initial_state = (void *)(uintptr_t)&rows[i]};
	return _cmocka_run_group_tests("wording", tests, COUNT(tests), NULL, NULL);
}
