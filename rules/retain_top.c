/* SPDX-License-Identifier: Apache-2.0
 *
 * retain_top: of the baseline's first k items at least so many stand among the first w places. To make it so,
 * the first of them in the baseline get their last place there. Speaks of first pages only.
 */
#include "rules/missing.h"
#include "rules/places.h"
#include <math.h>

struct settings {
	struct spot spot;
	struct number baseline_top, within, at_least;
	int missing; /* enum rules_missing */
};

#define COUNT_KEY(key, text)                                                                                 \
	{                                                                                                    \
		.name = #key, .type = KEY_WHOLE, .at = offsetof(struct settings, key), .required = true,     \
		.limits = true, .min = 1, .max = 1000000, .help = text                                       \
	}

static const struct key keys[] = {
	COUNT_KEY(baseline_top, "the baseline's first items that are meant"),
	COUNT_KEY(within, "the first places of the list that are meant"),
	{.name = "at_least",
	 .type = KEY_WHOLE,
	 .at = offsetof(struct settings, at_least),
	 .required = true,
	 .limits = true,
	 .tighter = TIGHTER_LARGE,
	 .min = 1,
	 .max = 1000000,
	 .help = "how many of those items stand at those places"},
	MISSING_KEY(struct settings),
};

static size_t least(double a, double b)
{
	return (size_t)(a < b ? a : b);
}

/* Clipped, so that the baseline satisfies it. */
static size_t wanted(const struct settings *settings, const struct rules_work *work, size_t from, size_t to)
{
	size_t most = least(settings->baseline_top.value, settings->within.value);
	most = least((double)most, settings->at_least.value);
	return least((double)most, (double)rules_work_baselines(work, from, to));
}

static void check(struct loading *loading, struct rule *rule)
{
	const struct settings *settings = rule->settings;
	size_t most = least(settings->baseline_top.value, settings->within.value);
	if (settings->at_least.value > (double)most)
		rules_findings_add(loading->reader.findings, false, rule->spot.file, rule->head.line,
				   "rule %.*s: at_least %.0f of baseline_top %.0f within %.0f can never be "
				   "reached, and counts as %zu; write that, or raise the others",
				   BYTES_ARG(rule->head.id), settings->at_least.value,
				   settings->baseline_top.value, settings->within.value, most);
}

static size_t count_kept(const struct settings *settings, const struct rules_work *work, size_t from,
			 size_t to)
{
	size_t kept = 0, within = from + least(settings->within.value, (double)(to - from));
	for (size_t place = from; place < within; place++) {
		size_t item = work->order ? work->order[place] : place;
		kept += !isnan(work->baseline[item]) &&
			(double)(work->baseline_place[item] - from) < settings->baseline_top.value;
	}
	return kept;
}

static void judge_items(const struct rule *rule, struct rules_work *work, size_t from, size_t to)
{
	const struct settings *settings = rule->settings;
	size_t kept = count_kept(settings, work, from, to), want = wanted(settings, work, from, to);
	if (kept >= want)
		return;
	struct bytes observed =
		rules_work_text(work, "%zu of the baseline's first %.0f", kept, settings->baseline_top.value);
	for (size_t place = from + least(settings->within.value, (double)(to - from));
	     place < to && !work->full; place++) {
		size_t item = work->order ? work->order[place] : place;
		if (work->baseline_place[item] - from >= want)
			continue;
		rules_work_find(work, (struct finding){.rule = rule,
						       .verdict = RULES_EXCEEDED,
						       .action = rule->head.action,
						       .type = RULES_TARGET_ITEM,
						       .index = item,
						       .tightness = settings->within.value,
						       .observed = observed});
	}
}

static void judge_list(const struct rule *rule, struct rules_work *work, size_t from, size_t to)
{
	const struct settings *settings = rule->settings;
	size_t last = rules_missing_behind(work, from, to);
	for (size_t place = from; place < last && !work->full; place++) {
		size_t item = work->order ? work->order[place] : place;
		if (isnan(work->baseline[item]))
			rules_missing_judge(rule, work, (enum rules_missing)settings->missing, item, true);
	}
	judge_items(rule, work, from, to);
}

static void evaluate(const struct rule *rule, struct rules_work *work)
{
	if (!rules_missing_some(rule, work))
		return;
	for (size_t from = 0, to; from < work->facts->item_count && !work->full; from = to) {
		to = rules_work_list_end(work->facts, from);
		judge_list(rule, work, from, to);
	}
}

static void constrain(const struct rule *rule, struct rules_work *work, struct places *places)
{
	const struct settings *settings = rule->settings;
	if (settings->missing == MISSING_LAST)
		rules_places_missing_last(work, places);
	for (size_t from = 0, to; from < work->facts->item_count; from = to) {
		to = rules_work_list_end(work->facts, from);
		size_t want = wanted(settings, work, from, to);
		for (size_t i = from; i < to; i++)
			if (work->baseline_place[i] - from < want)
				rules_places_until(places, i, from + (size_t)settings->within.value - 1);
	}
}

const struct kind rules_retain_top = {
	.name = "retain_top",
	.help = "how many of the baseline's first items stay among the first places",
	.example = "baseline_top = 3; within = 10; at_least = 2;\n"
		   "  reason = \"Two of the three best items stay on the first page.\";",
	.step = STEP_PLACES,
	.first_page = true,
	.keys = {keys, KEY_COUNT(keys), sizeof(struct settings)},
	.concerns = FACT_BIT(FACT_ITEMS),
	.needs = FACT_BIT(FACT_ITEM_BASELINE),
	.actions = {RULES_REORDER, RULES_REVERT, RULES_FLAG},
	.on_unknown = {RULES_REJECT, RULES_FLAG},
	.check = check,
	.evaluate = evaluate,
	.constrain = constrain,
};
