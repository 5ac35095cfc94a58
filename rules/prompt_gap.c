/* SPDX-License-Identifier: Apache-2.0
 *
 * prompt_gap: at least so long between one prompt and the next. Two prompts of one response have no time
 * between them.
 */
#include "rules/checks.h"
#include "rules/frequency.h"

static const struct key keys[] = {
	{.name = "gap",
	 .tighter = TIGHTER_LARGE,
	 .type = KEY_DURATION,
	 .at = offsetof(struct frequency_settings, window),
	 .required = true,
	 .limits = true,
	 .help = "time from one prompt to the next"},
	{.name = "per",
	 .type = KEY_WORD,
	 .at = offsetof(struct frequency_settings, per),
	 .required = true,
	 .limits = true,
	 .word = rules_subject_word,
	 .help = "whose prompts"},
	{.name = "kinds",
	 .narrows = FACT_BIT(FACT_PROMPT_KIND),
	 .type = KEY_WORDS,
	 .at = offsetof(struct frequency_settings, kinds),
	 .word = rules_prompt_word,
	 .help = "prompts that count and are limited; all when not given"},
};

/* The last prompt that counts; reservations of calls in flight stand behind all others. */
static const struct rules_event *last_prompt(const struct frequency_settings *settings,
					     const struct rules_history_subject *subject)
{
	for (size_t i = subject->count; i > 0; i--)
		if (subject->event[i - 1].type == RULES_EVENT_DELIVERED &&
		    rules_frequency_concerns(settings, subject->event[i - 1].prompt))
			return &subject->event[i - 1];
	return NULL;
}

static void judge(const struct rule *rule, struct rules_work *work, size_t prompt)
{
	const struct frequency_settings *settings = rule->settings;
	const struct rules_history_subject *subject = rules_frequency_subject(rule, work, prompt);
	const struct rules_event *last = subject ? last_prompt(settings, subject) : NULL;
	int64_t age = last ? rules_event_age(last, work->now_ns) : INT64_MAX;
	bool beside = rules_frequency_admitted(rule, work) > 0;
	if (!subject || (!beside && age >= settings->window.ns))
		return;
	struct finding finding = rules_frequency_finding(rule, work, prompt, 1);
	if (age < settings->window.ns)
		rules_frequency_evidence(&finding, last);
	finding.tightness = rules_frequency_tightness(settings->window.ns);
	finding.observed = beside ? BYTES_LITERAL("another prompt is in this response")
				  : rules_work_text(work, "%.9gs after the last prompt", (double)age / 1e9);
	rules_work_find(work, finding);
}

static void evaluate(const struct rule *rule, struct rules_work *work)
{
	rules_frequency_each(rule, work, judge);
}

const struct kind rules_prompt_gap = {
	.name = "prompt_gap",
	.help = "at least so long between prompts of a session or user",
	.example = "gap = \"5m\"; per = \"session\";\n"
		   "  reason = \"Five minutes of peace after each prompt.\";",
	.step = STEP_FREQUENCY,
	.keys = {keys, KEY_COUNT(keys), sizeof(struct frequency_settings)},
	.concerns = FACT_BIT(FACT_PROMPTS),
	.actions = {RULES_SUPPRESS, RULES_FLAG},
	.on_unknown = {RULES_SUPPRESS, RULES_FLAG},
	.memory = rules_frequency_memory,
	.evaluate = evaluate,
};
