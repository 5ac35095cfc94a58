/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/passages.h"

static enum rules_verdict judge_text(const struct rule *rule, struct rules_work *work, passage_judge *judge,
				     const struct passage_text *text, struct bytes locale,
				     struct bytes *observed)
{
	const struct wording wording = {text->text, locale, text->on};
	if (text->valid)
		return text->text.len ? judge(rule, work, &wording, observed) : RULES_WITHIN;
	*observed = rules_work_text(work, "%s is not valid UTF-8", rules_passage_word(text->on));
	return RULES_UNKNOWN;
}

static void judge_target(const struct rule *rule, struct rules_work *work, passage_judge *judge,
			 const struct passages *passages, struct bytes locale, struct finding finding)
{
	const struct language_settings *settings = rule->settings;
	bool found[RULES_UNKNOWN + 1] = {false};
	for (size_t i = 0; passages && i < passages->count && !work->full; i++) {
		if (!(settings->on >> passages->at[i].on & 1))
			continue;
		finding.verdict = judge_text(rule, work, judge, &passages->at[i], locale, &finding.observed);
		if (finding.verdict <= RULES_WITHIN || found[finding.verdict])
			continue;
		found[finding.verdict] = true;
		finding.action = finding.verdict == RULES_UNKNOWN ? rule->head.on_unknown : rule->head.action;
		rules_work_find(work, finding);
	}
}

void rules_passages_evaluate(const struct rule *rule, struct rules_work *work, passage_judge *judge)
{
	struct bytes asked = work->facts->locale;
	for (size_t i = work->scope.prompt_from; i < work->scope.prompt_to && !work->full; i++) {
		struct bytes own = work->prompt[i].now.locale;
		if (!work->prompt[i].dropped)
			judge_target(rule, work, judge, rules_work_prompt_passages(work, i),
				     own.len ? own : asked,
				     (struct finding){.rule = rule, .type = RULES_TARGET_PROMPT, .index = i});
	}
	if (work->scope.explanation)
		judge_target(rule, work, judge, rules_work_explanation_passages(work), asked,
			     (struct finding){.rule = rule, .type = RULES_TARGET_EXPLANATION});
}
