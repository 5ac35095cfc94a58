/* SPDX-License-Identifier: Apache-2.0
 *
 * explanation_required: the response says why. Where it does not, the fallback does (rules/language.c).
 */
#include "rules/work.h"

static const struct key keys[] = {
	{.name = "fallback",
	 .type = KEY_TEXT,
	 .at = offsetof(struct language_settings, fallback),
	 .help = "id of the text that explains"},
};

static void check(struct loading *loading, struct rule *rule)
{
	struct language_settings *settings = rule->settings;
	settings->on = 1u << ON_EXPLANATION;
	(void)loading;
}

static bool says_nothing(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] == '\0' || !strchr(" \t\r\n", text.at[i]))
			return false;
	return true;
}

static void evaluate(const struct rule *rule, struct rules_work *work)
{
	if (work->scope.explanation && says_nothing(work->explanation))
		rules_work_find(work, (struct finding){.rule = rule,
						       .verdict = RULES_EXCEEDED,
						       .action = rule->head.action,
						       .type = RULES_TARGET_EXPLANATION,
						       .observed = BYTES_LITERAL("none")});
}

const struct kind rules_explanation_required = {
	.name = "explanation_required",
	.help = "a response says why it is what it is",
	.example = "fallback = \"why\";\n"
		   "  reason = \"Users are told why they see what they see.\";",
	.step = STEP_LANGUAGE,
	.keys = {keys, KEY_COUNT(keys), sizeof(struct language_settings)},
	.concerns = FACT_BIT(FACT_EXPLANATION),
	.actions = {RULES_REPLACE, RULES_FLAG},
	.limit = "an explanation",
	.check = check,
	.evaluate = evaluate,
};
