/* SPDX-License-Identifier: Apache-2.0
 *
 * prompt_cap: at most `max` prompts per response, or per session or user within a rolling window.
 */
#include "rules/checks.h"
#include "rules/work.h"

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
	 .type = KEY_DURATION,
	 .at = offsetof(struct settings, common.window),
	 .limits = true,
	 .help = "how long a prompt counts; required unless per = \"response\""},
	{.name = "kinds",
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

/* A kind that is absent or unknown counts and is limited: it does not escape. */
static bool concerns(const struct settings *settings, enum prompt_kind kind)
{
	return settings->common.kinds == 0 || kind == PROMPT_ABSENT || kind == PROMPT_OTHER ||
	       settings->common.kinds >> kind & 1;
}

static bool counts(const struct settings *settings, const struct rules_event *event, int64_t now_ns)
{
	/* later than now: calls run at the same time; it counts as if it were now */
	int64_t age = event->time_ns >= now_ns ? 0 : now_ns - event->time_ns;
	return event->type == RULES_EVENT_DELIVERED && age < settings->common.window.ns &&
	       concerns(settings, event->prompt);
}

/* Delivered prompts inside the window; their entries become the evidence. */
static size_t count_history(const struct settings *settings, struct rules_work *work,
			    const struct rules_history_subject *subject, struct finding *finding)
{
	size_t count = 0;
	finding->evidence = rules_work_alloc(work, subject->count, sizeof *finding->evidence);
	for (size_t i = 0; i < subject->count && finding->evidence; i++) {
		const struct rules_event *event = &subject->event[i];
		if (!counts(settings, event, work->now_ns))
			continue;
		count++;
		if (event->entry != RULES_EVENT_RESERVED)
			finding->evidence[finding->evidence_count++] = event->entry;
	}
	return count;
}

static size_t count_admitted(const struct settings *settings, const struct rules_work *work)
{
	size_t count = 0;
	for (size_t i = 0; i < work->admitted_count; i++)
		count += concerns(settings, work->prompt[work->admitted[i]].now.kind);
	return count;
}

static void judge(const struct rule *rule, struct rules_work *work, size_t prompt)
{
	const struct settings *settings = rule->settings;
	const struct rules_history_subject *subject =
		settings->common.per == PER_USER ? &work->history->user : &work->history->session;
	struct finding finding = {.rule = rule,
				  .verdict = RULES_EXCEEDED,
				  .action = rule->head.action,
				  .type = RULES_TARGET_PROMPT,
				  .index = prompt,
				  .tightness = settings->max.value};
	size_t count = count_admitted(settings, work);
	if (settings->common.per != PER_RESPONSE && !subject->known) {
		finding.verdict = RULES_UNKNOWN;
		finding.action = rule->head.on_unknown;
		finding.observed =
			rules_work_text(work, "no %s id", per_word((unsigned)settings->common.per));
		rules_work_find(work, finding);
		return;
	}
	if (settings->common.per != PER_RESPONSE)
		count += count_history(settings, work, subject, &finding);
	if ((double)count < settings->max.value)
		return;
	finding.observed = rules_work_text(work, "this would be prompt %zu", count + 1);
	rules_work_find(work, finding);
}

static void evaluate(const struct rule *rule, struct rules_work *work)
{
	for (size_t i = work->scope.prompt_from; i < work->scope.prompt_to && !work->full; i++)
		if (concerns(rule->settings, work->prompt[i].now.kind))
			judge(rule, work, i);
}

const struct kind rules_prompt_cap = {
	.name = "prompt_cap",
	.help = "at most so many prompts per response, session or user",
	.step = STEP_FREQUENCY,
	.keys = {keys, KEY_COUNT(keys), sizeof(struct settings)},
	.actions = {RULES_SUPPRESS, RULES_FLAG},
	.on_unknown = {RULES_SUPPRESS, RULES_FLAG},
	.check = check,
	.evaluate = evaluate,
};
