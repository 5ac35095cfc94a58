/* SPDX-License-Identifier: Apache-2.0
 *
 * prompt_answered: no prompt for a while after the user made a choice in one.
 */
#include "rules/checks.h"
#include "rules/frequency.h"

static const struct key keys[] = {
	{.name = "window",
	 .tighter = TIGHTER_LARGE,
	 .type = KEY_DURATION,
	 .at = offsetof(struct frequency_settings, window),
	 .required = true,
	 .limits = true,
	 .help = "how long a choice counts"},
	{.name = "per",
	 .type = KEY_WORD,
	 .at = offsetof(struct frequency_settings, per),
	 .required = true,
	 .limits = true,
	 .word = rules_subject_word,
	 .help = "whose choices"},
	{.name = "kinds",
	 .narrows = FACT_BIT(FACT_PROMPT_KIND),
	 .type = KEY_WORDS,
	 .at = offsetof(struct frequency_settings, kinds),
	 .word = rules_prompt_word,
	 .help = "prompts whose answers count and that are limited; all when not given"},
};

/* The kind of the prompt that was answered. Only prompts inside the window are looked at: older ones may have
 * been forgotten, and a decision must not depend on when. Absent: not known, and then the answer counts. */
static enum prompt_kind answered_kind(const struct frequency_settings *settings, int64_t now_ns,
				      const struct rules_history_subject *subject, struct bytes prompt_id)
{
	for (size_t i = subject->count; prompt_id.len && i > 0; i--) {
		const struct rules_event *event = &subject->event[i - 1];
		if (rules_event_age(event, now_ns) >= settings->window.ns)
			break;
		if (event->type == RULES_EVENT_DELIVERED && bytes_equal(event->prompt_id, prompt_id))
			return event->prompt;
	}
	return PROMPT_ABSENT;
}

/* The last answer inside the window that counts. One prompt answered many times is looked up once. */
static const struct rules_event *last_answer(const struct frequency_settings *settings, int64_t now_ns,
					     const struct rules_history_subject *subject)
{
	struct bytes passed = {0};
	for (size_t i = subject->count; i > 0; i--) {
		const struct rules_event *event = &subject->event[i - 1];
		if (rules_event_age(event, now_ns) >= settings->window.ns)
			break;
		if (event->type != RULES_EVENT_SIGNAL || event->signal != SIGNAL_PROMPT_ANSWERED ||
		    (passed.len && bytes_equal(event->prompt_id, passed)))
			continue;
		if (settings->kinds == 0 ||
		    rules_frequency_concerns(settings,
					     answered_kind(settings, now_ns, subject, event->prompt_id)))
			return event;
		passed = event->prompt_id;
	}
	return NULL;
}

static void judge(const struct rule *rule, struct rules_work *work, size_t prompt)
{
	const struct frequency_settings *settings = rule->settings;
	const struct rules_history_subject *subject = rules_frequency_subject(rule, work, prompt);
	const struct rules_event *answer = subject ? last_answer(settings, work->now_ns, subject) : NULL;
	if (!answer)
		return;
	struct finding finding = rules_frequency_finding(rule, work, prompt, 1);
	rules_frequency_evidence(&finding, answer);
	finding.tightness = rules_frequency_tightness(settings->window.ns);
	finding.observed = rules_work_text(work, "a choice was made %.9gs ago",
					   (double)rules_event_age(answer, work->now_ns) / 1e9);
	rules_work_find(work, finding);
}

static void evaluate(const struct rule *rule, struct rules_work *work)
{
	rules_frequency_each(rule, work, judge);
}

const struct kind rules_prompt_answered = {
	.name = "prompt_answered",
	.help = "no prompt for a while after a choice was made in one",
	.example = "window = \"24h\"; per = \"user\";\n"
		   "  reason = \"Who has answered is not asked again on the same day.\";",
	.step = STEP_FREQUENCY,
	.keys = {keys, KEY_COUNT(keys), sizeof(struct frequency_settings)},
	.concerns = FACT_BIT(FACT_PROMPTS),
	.needs = FACT_BIT(FACT_SIGNAL_KIND),
	.actions = {RULES_SUPPRESS, RULES_FLAG},
	.on_unknown = {RULES_SUPPRESS, RULES_FLAG},
	.memory = rules_frequency_memory,
	.evaluate = evaluate,
};
