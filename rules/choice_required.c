/* SPDX-License-Identifier: Apache-2.0
 *
 * choice_required: a question lets the user decline.
 */
#include "rules/checks.h"
#include "rules/work.h"

struct settings {
	struct language_settings common;
	int choice;	/* enum choice_kind */
	uint32_t kinds; /* bits of enum prompt_kind */
};

static const struct key keys[] = {
	{.name = "choice",
	 .type = KEY_WORD,
	 .at = offsetof(struct settings, choice),
	 .limits = true,
	 .word = rules_choice_word,
	 .standard = "decline",
	 .help = "the kind of choice that must be offered"},
	{.name = "kinds",
	 .narrows = FACT_BIT(FACT_PROMPT_KIND),
	 .type = KEY_WORDS,
	 .at = offsetof(struct settings, kinds),
	 .word = rules_prompt_word,
	 .standard = "clarifying_question preference_update category_switch",
	 .help = "prompts that must offer it"},
};

/* A kind that is absent or unknown may be a question: it does not escape. */
static bool concerns(const struct settings *settings, enum prompt_kind kind)
{
	return kind == PROMPT_ABSENT || kind == PROMPT_OTHER || settings->kinds >> kind & 1;
}

static bool offers(const struct facts_prompt *prompt, int choice)
{
	for (size_t i = 0; i < prompt->choice_count; i++)
		if ((int)prompt->choices[i].kind == choice)
			return true;
	return false;
}

static void evaluate(const struct rule *rule, struct rules_work *work)
{
	const struct settings *settings = rule->settings;
	for (size_t i = work->scope.prompt_from; i < work->scope.prompt_to && !work->full; i++) {
		const struct work_prompt *prompt = &work->prompt[i];
		if (prompt->dropped || !concerns(settings, prompt->now.kind) ||
		    offers(&prompt->now, settings->choice))
			continue;
		rules_work_find(
			work,
			(struct finding){.rule = rule,
					 .verdict = RULES_EXCEEDED,
					 .action = rule->head.action,
					 .type = RULES_TARGET_PROMPT,
					 .index = i,
					 .observed = rules_work_text(
						 work, "none of %zu choices is %s", prompt->now.choice_count,
						 rules_choice_word((unsigned)settings->choice))});
	}
}

const struct kind rules_choice_required = {
	.name = "choice_required",
	.help = "a question lets the user decline",
	.example = "choice = \"decline\";\n"
		   "  reason = \"Whoever is asked can say no.\";",
	.step = STEP_LANGUAGE,
	.keys = {keys, KEY_COUNT(keys), sizeof(struct settings)},
	.concerns = FACT_BIT(FACT_PROMPTS),
	.needs = FACT_BIT(FACT_CHOICES) | FACT_BIT(FACT_CHOICE_KIND),
	.actions = {RULES_SUPPRESS, RULES_FLAG},
	.evaluate = evaluate,
};
