/* SPDX-License-Identifier: Apache-2.0
 *
 * conflicting_signals: who likes and dislikes one category at the same time is not understood, and nothing is
 * adjusted.
 */
#include "rules/frequency.h"
#include "rules/sort.h"
#include "rules/state.h"

struct settings {
	struct spot spot;
	struct moment window;
	struct number min_signals;
	int per; /* enum rules_per */
};

static const struct key keys[] = {
	{.name = "window",
	 .tighter = TIGHTER_LARGE,
	 .type = KEY_DURATION,
	 .at = offsetof(struct settings, window),
	 .required = true,
	 .limits = true,
	 .help = "how long a signal counts"},
	{.name = "min_signals",
	 .tighter = TIGHTER_SMALL,
	 .type = KEY_WHOLE,
	 .at = offsetof(struct settings, min_signals),
	 .required = true,
	 .limits = true,
	 .min = 1,
	 .max = 1000,
	 .help = "signals of each sign on one category that make a conflict"},
	{.name = "per",
	 .type = KEY_WORD,
	 .at = offsetof(struct settings, per),
	 .required = true,
	 .limits = true,
	 .word = rules_subject_word,
	 .help = "whose signals"},
};

static int64_t memory(const struct rule *rule)
{
	const struct settings *settings = rule->settings;
	return settings->window.ns;
}

static bool likes(const struct rules_event *event)
{
	return event->signal == SIGNAL_SATISFIED;
}

static bool dislikes(const struct rules_event *event)
{
	return event->signal == SIGNAL_DISSATISFIED || event->signal == SIGNAL_NOT_RELEVANT;
}

static int by_category(const void *context, uint32_t a, uint32_t b)
{
	const struct rules_event *event = context;
	return bytes_compare(event[a].category, event[b].category);
}

/* Positions of the signals that have a sign and a category and lie inside the window, category by category.
 * Returns their number. */
static size_t collect(const struct settings *settings, struct rules_work *work,
		      const struct rules_history_subject *subject, uint32_t **list)
{
	size_t count = 0;
	uint8_t *counts = rules_work_alloc(work, subject->count, sizeof *counts);
	uint32_t *room = rules_work_alloc(work, subject->count, sizeof *room);
	*list = rules_work_alloc(work, subject->count, sizeof **list);
	if (work->full)
		return 0;
	rules_history_once(subject, counts);
	for (size_t i = 0; i < subject->count; i++) {
		const struct rules_event *event = &subject->event[i];
		if (counts[i] && (likes(event) || dislikes(event)) && event->category.len &&
		    rules_event_age(event, work->now_ns) < settings->window.ns)
			(*list)[count++] = (uint32_t)i;
	}
	rules_sort_stable(*list, count, room, by_category, subject->event);
	return count;
}

static bool conflict(const struct settings *settings, const struct rules_history_subject *subject,
		     const uint32_t *list, size_t count)
{
	size_t liked = 0;
	for (size_t i = 0; i < count; i++)
		liked += likes(&subject->event[list[i]]);
	return (double)liked >= settings->min_signals.value &&
	       (double)(count - liked) >= settings->min_signals.value;
}

static void find(const struct rule *rule, struct rules_work *work,
		 const struct rules_history_subject *subject, const uint32_t *list, size_t count)
{
	uint64_t *evidence = rules_work_alloc(work, count, sizeof *evidence);
	size_t liked = 0;
	for (size_t i = 0; i < count && evidence; i++) {
		evidence[i] = subject->event[list[i]].entry;
		liked += likes(&subject->event[list[i]]);
	}
	struct bytes category = subject->event[list[0]].category;
	if (evidence)
		rules_state_find(rule, work, RULES_EXCEEDED, rule->head.action,
				 rules_work_text(work, "%zu for and %zu against %.*s", liked, count - liked,
						 BYTES_ARG(category)),
				 evidence, count);
}

static void evaluate(const struct rule *rule, struct rules_work *work)
{
	const struct settings *settings = rule->settings;
	const struct rules_history_subject *subject =
		settings->per == PER_USER ? &work->history->user : &work->history->session;
	uint32_t *list;
	if (rules_work_at_baseline(work))
		return;
	if (!subject->known) {
		rules_state_find(
			rule, work, RULES_UNKNOWN, rule->head.on_unknown,
			rules_work_text(work, "no %s id", rules_subject_word((unsigned)settings->per)), NULL,
			0);
		return;
	}
	size_t count = collect(settings, work, subject, &list);
	for (size_t from = 0, to; from < count; from = to) {
		to = from + 1;
		while (to < count && by_category(subject->event, list[from], list[to]) == 0)
			to++;
		if (conflict(settings, subject, list + from, to - from)) {
			find(rule, work, subject, list + from, to - from);
			return;
		}
	}
}

static uint64_t also(const struct rule *rule)
{
	const struct settings *settings = rule->settings;
	return settings->per == PER_USER ? FACT_BIT(FACT_USER) : FACT_BIT(FACT_SESSION);
}

const struct kind rules_conflicting_signals = {
	.name = "conflicting_signals",
	.help = "no adjustments for who both likes and dislikes one category",
	.example = "window = \"24h\"; min_signals = 2; per = \"session\";\n"
		   "  reason = \"Likes and dislikes of one category are no reason to adjust.\";",
	.step = STEP_STATE,
	.keys = {keys, KEY_COUNT(keys), sizeof(struct settings)},
	.concerns = FACT_BIT(FACT_ITEMS) | FACT_BIT(FACT_WEIGHTS),
	.needs = FACT_BIT(FACT_SIGNAL_KIND) | FACT_BIT(FACT_SIGNAL_CATEGORY),
	.also = also,
	.actions = {RULES_REVERT, RULES_FLAG},
	.on_unknown = {RULES_FLAG, RULES_REVERT},
	.memory = memory,
	.evaluate = evaluate,
};
