/* SPDX-License-Identifier: Apache-2.0
 *
 * prompt_backoff: each prompt in a row that was dismissed, or not answered, makes the wait for the next one
 * longer: min(max, base * factor^(n-1)) from the last of them. An answer or a reset ends the row.
 *
 * A prompt is unanswered when neither an answer nor a dismissal follows within `base`, or before the next
 * prompt. The prompt that is judged would be that next one: so what still waits for an answer counts too.
 *
 * A row is remembered for `max` for each step that it takes to get there: as long as its prompts follow each
 * other within `max`, none that matters is forgotten.
 */
#include "rules/checks.h"
#include "rules/frequency.h"

enum after { AFTER_DISMISSED, AFTER_UNANSWERED };

struct settings {
	struct frequency_settings common; /* window: how long a row is remembered */
	uint32_t after;			  /* bits of enum after */
	struct moment base, max;
	struct number factor;
};

static const char *after_word(unsigned n)
{
	static const char *const words[] = {"dismissed", "unanswered"};
	return n < KEY_COUNT(words) ? words[n] : NULL;
}

static const struct key keys[] = {
	{.name = "after",
	 .type = KEY_WORDS,
	 .at = offsetof(struct settings, after),
	 .required = true,
	 .limits = true,
	 .word = after_word,
	 .help = "what makes the wait longer"},
	{.name = "base",
	 .type = KEY_DURATION,
	 .at = offsetof(struct settings, base),
	 .required = true,
	 .limits = true,
	 .help = "the first wait; also how long a prompt may stay without answer"},
	{.name = "factor",
	 .tighter = TIGHTER_LARGE,
	 .type = KEY_NUMBER,
	 .at = offsetof(struct settings, factor),
	 .limits = true,
	 .min = 1,
	 .max = 1000,
	 .standard = "2",
	 .help = "each wait to the one before"},
	{.name = "max",
	 .tighter = TIGHTER_LARGE,
	 .type = KEY_DURATION,
	 .at = offsetof(struct settings, max),
	 .required = true,
	 .limits = true,
	 .help = "the longest wait"},
	{.name = "per",
	 .type = KEY_WORD,
	 .at = offsetof(struct settings, common.per),
	 .required = true,
	 .limits = true,
	 .word = rules_subject_word,
	 .help = "whose prompts"},
};

enum { STEPS_MAX = 1000 };
#define MEMORY_MAX_NS (INT64_C(36525) * 24 * 3600 * 1000000000) /* as long as any duration */

static void check(struct loading *loading, struct rule *rule)
{
	struct settings *settings = rule->settings;
	double wait = (double)settings->base.ns;
	int64_t steps = 1;
	if (settings->max.ns < settings->base.ns)
		rules_keys_complain(&loading->reader, rule->head.line,
				    "max is shorter than base; make it at least as long");
	for (; settings->factor.value > 1 && wait < (double)settings->max.ns && steps < STEPS_MAX; steps++)
		wait *= settings->factor.value;
	settings->common.window.present = true;
	settings->common.window.ns =
		settings->max.ns > MEMORY_MAX_NS / steps ? MEMORY_MAX_NS : settings->max.ns * steps;
}

/* Durations are whole milliseconds of at most 100 years: exact in a double. */
static int64_t wait_of(const struct settings *settings, size_t n)
{
	double wait = (double)settings->base.ns, most = (double)settings->max.ns;
	for (size_t i = 1; i < n && wait < most; i++)
		wait *= settings->factor.value;
	return wait < most ? (int64_t)wait : settings->max.ns;
}

/* The row as far as it was read. */
struct row {
	struct finding *finding; /* its evidence is of this row */
	size_t count;
	int64_t age;			   /* of the last */
	const struct rules_event *waiting; /* a prompt that was not answered yet */
};

static void count(struct row *row, const struct rules_event *event, int64_t now_ns)
{
	int64_t age = rules_event_age(event, now_ns);
	row->age = row->count == 0 || age < row->age ? age : row->age;
	row->count++;
	rules_frequency_evidence(row->finding, event);
}

static void read_signal(const struct settings *settings, struct row *row, const struct rules_event *event,
			bool counts, int64_t now_ns)
{
	if (event->signal == SIGNAL_PROMPT_ANSWERED || event->signal == SIGNAL_RESET) {
		row->count = row->finding->evidence_count = 0;
		row->waiting = NULL;
	} else if (event->signal == SIGNAL_PROMPT_DISMISSED) {
		if (row->waiting && event->time_ns - row->waiting->time_ns < settings->base.ns)
			row->waiting = NULL;
		if (counts && settings->after >> AFTER_DISMISSED & 1)
			count(row, event, now_ns);
	}
}

static void read_row(const struct settings *settings, struct rules_work *work,
		     const struct rules_history_subject *subject, struct row *row)
{
	bool unanswered = settings->after >> AFTER_UNANSWERED & 1;
	uint8_t *counts = rules_work_alloc(work, subject->count, sizeof *counts);
	if (work->full)
		return;
	rules_history_once(subject, counts);
	for (size_t i = 0; i < subject->count; i++) {
		const struct rules_event *event = &subject->event[i];
		if (rules_event_age(event, work->now_ns) >= settings->common.window.ns)
			continue;
		if (event->type == RULES_EVENT_SIGNAL) {
			read_signal(settings, row, event, counts[i], work->now_ns);
			continue;
		}
		if (row->waiting)
			count(row, row->waiting, work->now_ns);
		row->waiting = unanswered ? event : NULL;
	}
	if (row->waiting)
		count(row, row->waiting, work->now_ns);
	if (unanswered && work->admitted_count) {
		row->count += work->admitted_count;
		row->age = 0;
	}
}

static void judge(const struct rule *rule, struct rules_work *work, size_t prompt)
{
	const struct settings *settings = rule->settings;
	const struct rules_history_subject *subject = rules_frequency_subject(rule, work, prompt);
	if (!subject)
		return;
	struct finding finding = rules_frequency_finding(rule, work, prompt, subject->count + 1);
	struct row row = {.finding = &finding};
	read_row(settings, work, subject, &row);
	int64_t wait = wait_of(settings, row.count);
	if (row.count == 0 || row.age >= wait)
		return;
	finding.tightness = rules_frequency_tightness(wait);
	finding.observed = rules_work_text(work, "%zu in a row, the last %.9gs ago: wait %.9gs", row.count,
					   (double)row.age / 1e9, (double)wait / 1e9);
	rules_work_find(work, finding);
}

static void evaluate(const struct rule *rule, struct rules_work *work)
{
	rules_frequency_each(rule, work, judge);
}

const struct kind rules_prompt_backoff = {
	.name = "prompt_backoff",
	.help = "a longer wait after each dismissed or unanswered prompt",
	.example = "after = [ \"dismissed\", \"unanswered\" ]; base = \"1h\"; max = \"7d\"; per = \"user\";\n"
		   "  reason = \"Who does not answer is asked less and less often.\";",
	.step = STEP_FREQUENCY,
	.keys = {keys, KEY_COUNT(keys), sizeof(struct settings)},
	.concerns = FACT_BIT(FACT_PROMPTS),
	.needs = FACT_BIT(FACT_SIGNAL_KIND),
	.actions = {RULES_SUPPRESS, RULES_FLAG},
	.on_unknown = {RULES_SUPPRESS, RULES_FLAG},
	.check = check,
	.memory = rules_frequency_memory,
	.evaluate = evaluate,
};
