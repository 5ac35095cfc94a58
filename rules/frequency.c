/* SPDX-License-Identifier: Apache-2.0
 *
 * Step 5: prompt frequency. In position order, one prompt is admitted if every frequency rule admits it,
 * given those admitted before.
 */
#include "rules/frequency.h"

/* The prompt that is judged stands alone in work->scope. */
static const struct finding *strongest(const struct rules_work *work)
{
	const struct finding *best = NULL;
	for (size_t i = 0; i < work->finding_count; i++)
		if (work->finding[i].action > RULES_FLAG &&
		    (!best || rules_work_beats(&work->finding[i], best)))
			best = &work->finding[i];
	return best;
}

static void admit(struct rules_work *work, size_t prompt)
{
	work->scope = (struct scope){prompt, prompt + 1, false};
	rules_work_judge(work, STEP_FREQUENCY, false);
	const struct finding *finding = strongest(work);
	rules_work_record_flags(work);
	if (finding) {
		rules_work_record(work, finding, RULES_SUPPRESS, rules_work_target(work, finding));
		work->prompt[prompt].dropped = true;
	} else {
		work->admitted[work->admitted_count++] = prompt;
	}
}

/* What observing rules say of the prompts that leave. */
static void observe(struct rules_work *work, size_t prompt)
{
	work->scope = (struct scope){prompt, prompt + 1, false};
	rules_work_judge(work, STEP_FREQUENCY, true);
	for (size_t i = 0; i < work->finding_count && !work->full; i++)
		rules_work_record(work, &work->finding[i], work->finding[i].action,
				  rules_work_target(work, &work->finding[i]));
	work->admitted[work->admitted_count++] = prompt;
}

void rules_frequency_step(struct rules_work *work)
{
	size_t count = work->facts->prompt_count;
	work->admitted = rules_work_alloc(work, count, sizeof *work->admitted);
	work->admitted_count = 0;
	work->scope = (struct scope){0, 0, false};
	rules_work_judge(work, STEP_FREQUENCY, false); /* rules that apply are within, also without prompts */
	rules_work_judge(work, STEP_FREQUENCY, true);
	for (size_t i = 0; i < count && !work->full; i++)
		if (!work->prompt[i].dropped)
			admit(work, i);
	work->admitted_count = 0;
	for (size_t i = 0; i < count && !work->full; i++)
		if (!work->prompt[i].dropped)
			observe(work, i);
}

/* --- what its kinds share --- */

const char *rules_subject_word(unsigned n)
{
	static const char *const words[] = {"", "session", "user"};
	return n < KEY_COUNT(words) ? words[n] : NULL;
}

bool rules_frequency_concerns(const struct frequency_settings *settings, enum prompt_kind kind)
{
	return settings->kinds == 0 || kind == PROMPT_ABSENT || kind == PROMPT_OTHER ||
	       settings->kinds >> kind & 1;
}

size_t rules_frequency_admitted(const struct rule *rule, const struct rules_work *work)
{
	size_t count = 0;
	for (size_t i = 0; i < work->admitted_count; i++)
		count += rules_frequency_concerns(rule->settings, work->prompt[work->admitted[i]].now.kind);
	return count;
}

int64_t rules_event_age(const struct rules_event *event, int64_t now_ns)
{
	return event->time_ns >= now_ns ? 0 : now_ns - event->time_ns;
}

void rules_frequency_each(const struct rule *rule, struct rules_work *work,
			  void (*judge)(const struct rule *rule, struct rules_work *work, size_t prompt))
{
	for (size_t i = work->scope.prompt_from; i < work->scope.prompt_to && !work->full; i++)
		if (rules_frequency_concerns(rule->settings, work->prompt[i].now.kind))
			judge(rule, work, i);
}

struct finding rules_frequency_finding(const struct rule *rule, struct rules_work *work, size_t prompt,
				       size_t evidence)
{
	return (struct finding){.rule = rule,
				.verdict = RULES_EXCEEDED,
				.action = rule->head.action,
				.type = RULES_TARGET_PROMPT,
				.index = prompt,
				.evidence =
					evidence ? rules_work_alloc(work, evidence, sizeof(uint64_t)) : NULL};
}

void rules_frequency_evidence(struct finding *finding, const struct rules_event *event)
{
	if (finding->evidence && event->entry != RULES_EVENT_RESERVED)
		finding->evidence[finding->evidence_count++] = event->entry;
}

const struct rules_history_subject *rules_frequency_subject(const struct rule *rule, struct rules_work *work,
							    size_t prompt)
{
	const struct frequency_settings *settings = rule->settings;
	const struct rules_history_subject *subject =
		settings->per == PER_USER ? &work->history->user : &work->history->session;
	if (subject->known)
		return subject;
	struct finding finding = rules_frequency_finding(rule, work, prompt, 0);
	finding.verdict = RULES_UNKNOWN;
	finding.action = rule->head.on_unknown;
	finding.observed = rules_work_text(work, "no %s id", rules_subject_word((unsigned)settings->per));
	rules_work_find(work, finding);
	return NULL;
}

double rules_frequency_tightness(int64_t wait_ns)
{
	return 1e12 - (double)wait_ns / 1e9;
}

int64_t rules_frequency_memory(const struct rule *rule)
{
	const struct frequency_settings *settings = rule->settings;
	return settings->window.ns;
}
