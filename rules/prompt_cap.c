/* SPDX-License-Identifier: Apache-2.0
 *
 * prompt_cap: at most `max` prompts per response, or per session or user within a rolling window.
 */
#include "rules/checks.h"
#include "rules/frequency.h"

struct settings {
	struct frequency_settings common;
	struct number max;
};

static const char *per_word(unsigned n)
{
	static const char *const words[] = {"response", "session", "user"};
	return n < KEY_COUNT(words) ? words[n] : NULL;
}

static const struct key keys[] = {
	{.name = "max",
	 .tighter = TIGHTER_SMALL,
	 .type = KEY_WHOLE,
	 .at = offsetof(struct settings, max),
	 .required = true,
	 .limits = true,
	 .min = 0,
	 .max = 1000,
	 .help = "prompts that may be delivered"},
	{.name = "per",
	 .type = KEY_WORD,
	 .at = offsetof(struct settings, common.per),
	 .required = true,
	 .limits = true,
	 .word = per_word,
	 .help = "what is counted together"},
	{.name = "window",
	 .tighter = TIGHTER_LARGE,
	 .type = KEY_DURATION,
	 .at = offsetof(struct settings, common.window),
	 .limits = true,
	 .help = "how long a prompt counts; required unless per = \"response\""},
	{.name = "kinds",
	 .narrows = FACT_BIT(FACT_PROMPT_KIND),
	 .type = KEY_WORDS,
	 .at = offsetof(struct settings, common.kinds),
	 .word = rules_prompt_word,
	 .help = "prompts that count and are limited; all when not given"},
};

static void check(struct loading *loading, struct rule *rule)
{
	const struct settings *settings = rule->settings;
	if (settings->common.per == PER_RESPONSE && settings->common.window.present)
		rules_keys_complain(&loading->reader, rule->head.line,
				    "window has no meaning with per = \"response\"; remove it");
	if (settings->common.per != PER_RESPONSE && !settings->common.window.present)
		rules_keys_complain(&loading->reader, rule->head.line,
				    "window is missing; it must be a duration, as in \"30m\", unless per = "
				    "\"response\"");
}

/* Delivered prompts inside the window; their entries become the evidence. */
static size_t count_history(const struct rule *rule, const struct rules_work *work,
			    const struct rules_history_subject *subject, struct finding *finding)
{
	const struct settings *settings = rule->settings;
	size_t count = 0;
	for (size_t i = 0; i < subject->count && finding->evidence; i++) {
		const struct rules_event *event = &subject->event[i];
		if (event->type != RULES_EVENT_DELIVERED ||
		    rules_event_age(event, work->now_ns) >= settings->common.window.ns ||
		    !rules_frequency_concerns(&settings->common, event->prompt))
			continue;
		count++;
		rules_frequency_evidence(finding, event);
	}
	return count;
}

static void judge(const struct rule *rule, struct rules_work *work, size_t prompt)
{
	const struct settings *settings = rule->settings;
	const struct rules_history_subject none = {0}, *subject = &none;
	if (settings->common.per != PER_RESPONSE)
		subject = rules_frequency_subject(rule, work, prompt);
	if (!subject)
		return;
	struct finding finding = rules_frequency_finding(rule, work, prompt, subject->count);
	size_t count = rules_frequency_admitted(rule, work) + count_history(rule, work, subject, &finding);
	if ((double)count < settings->max.value)
		return;
	finding.tightness = settings->max.value;
	finding.observed = rules_work_text(work, "this would be prompt %zu", count + 1);
	rules_work_find(work, finding);
}

static void evaluate(const struct rule *rule, struct rules_work *work)
{
	rules_frequency_each(rule, work, judge);
}

const struct kind rules_prompt_cap = {
	.name = "prompt_cap",
	.help = "at most so many prompts per response, session or user",
	.example = "max = 2; per = \"session\"; window = \"30m\";\n"
		   "  reason = \"No more than two prompts in half an hour.\";",
	.step = STEP_FREQUENCY,
	.keys = {keys, KEY_COUNT(keys), sizeof(struct settings)},
	.concerns = FACT_BIT(FACT_PROMPTS),
	.actions = {RULES_SUPPRESS, RULES_FLAG},
	.on_unknown = {RULES_SUPPRESS, RULES_FLAG},
	.check = check,
	.memory = rules_frequency_memory,
	.evaluate = evaluate,
};
