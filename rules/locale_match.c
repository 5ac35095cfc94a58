/* SPDX-License-Identifier: Apache-2.0
 *
 * locale_match: a prompt speaks the language that was asked for.
 */
#include "rules/locale.h"
#include "rules/work.h"

static void judge(const struct rule *rule, struct rules_work *work, size_t index, struct bytes request)
{
	char room[LOCALE_MAX];
	struct bytes own = work->prompt[index].now.locale;
	struct bytes canonical = rules_locale_canonical(own, room);
	struct finding finding = {.rule = rule, .type = RULES_TARGET_PROMPT, .index = index};
	bool known = bytes_present(request) && bytes_present(canonical);
	if (known && rules_locale_serves(request, canonical))
		return;
	finding.verdict = known ? RULES_EXCEEDED : RULES_UNKNOWN;
	finding.action = known ? rule->head.action : rule->head.on_unknown;
	if (known)
		finding.observed =
			rules_work_text(work, "%.*s for %.*s", BYTES_ARG(canonical), BYTES_ARG(request));
	else
		finding.observed = rules_work_text(
			work, "%s locale is %s", bytes_present(canonical) ? "the request's" : "the prompt's",
			(bytes_present(canonical) ? work->facts->locale.len : own.len) ? "malformed"
										       : "absent");
	rules_work_find(work, finding);
}

static void evaluate(const struct rule *rule, struct rules_work *work)
{
	char room[LOCALE_MAX];
	struct bytes request = rules_locale_canonical(work->facts->locale, room);
	for (size_t i = work->scope.prompt_from; i < work->scope.prompt_to && !work->full; i++)
		if (!work->prompt[i].dropped)
			judge(rule, work, i, request);
}

const struct kind rules_locale_match = {
	.name = "locale_match",
	.help = "a prompt speaks the language that was asked for",
	.example = "action = \"suppress\";\n"
		   "  reason = \"Prompts speak the user's language.\";",
	.step = STEP_LANGUAGE,
	.keys = {NULL, 0, sizeof(struct language_settings)},
	.concerns = FACT_BIT(FACT_PROMPTS),
	.needs = FACT_BIT(FACT_LOCALE) | FACT_BIT(FACT_PROMPT_LOCALE),
	.actions = {RULES_SUPPRESS, RULES_FLAG},
	.on_unknown = {RULES_FLAG, RULES_SUPPRESS},
	.limit = "the request's locale",
	.evaluate = evaluate,
};
