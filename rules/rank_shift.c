/* SPDX-License-Identifier: Apache-2.0
 *
 * rank_shift: how many places an item may stand from its baseline place.
 */
#include "rules/missing.h"
#include "rules/places.h"
#include <math.h>

struct settings {
	struct spot spot;
	struct number max_places;
	int missing; /* enum rules_missing */
};

static const struct key keys[] = {
	{.name = "max_places",
	 .tighter = TIGHTER_SMALL,
	 .type = KEY_WHOLE,
	 .at = offsetof(struct settings, max_places),
	 .required = true,
	 .limits = true,
	 .max = 1000000,
	 .help = "places up or down from the baseline place"},
	MISSING_KEY(struct settings),
};

static size_t distance(size_t a, size_t b)
{
	return a > b ? a - b : b - a;
}

static void judge(const struct rule *rule, struct rules_work *work, size_t item, size_t place)
{
	const struct settings *settings = rule->settings;
	size_t from = work->baseline_place[item], list = rules_work_list_of(work->facts, item);
	const struct finding *before = work->finding_count ? &work->finding[work->finding_count - 1] : NULL;
	bool first = !before || before->rule != rule || before->verdict != RULES_EXCEEDED;
	if ((double)distance(place, from) <= settings->max_places.value)
		return;
	struct finding finding = {.rule = rule,
				  .verdict = RULES_EXCEEDED,
				  .action = rule->head.action,
				  .type = RULES_TARGET_ITEM,
				  .index = item,
				  .tightness = settings->max_places.value};
	if (first) /* one text stands for all */
		finding.observed =
			rules_work_text(work, "place %zu from %zu", place + 1 - list, from + 1 - list);
	rules_work_find(work, finding);
}

static void judge_list(const struct rule *rule, struct rules_work *work, size_t from, size_t to)
{
	const struct settings *settings = rule->settings;
	size_t last = rules_missing_behind(work, from, to);
	for (size_t place = from; place < to && !work->full; place++) {
		size_t item = work->order ? work->order[place] : place;
		if (isnan(work->baseline[item]))
			rules_missing_judge(rule, work, (enum rules_missing)settings->missing, item,
					    place < last);
		else
			judge(rule, work, item, place);
	}
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
	size_t most = (size_t)settings->max_places.value;
	if (settings->missing == MISSING_LAST)
		rules_places_missing_last(work, places);
	for (size_t i = 0; i < work->facts->item_count; i++) {
		size_t place = work->baseline_place[i];
		if (isnan(work->baseline[i]))
			continue;
		rules_places_from(places, i, place > most ? place - most : 0);
		rules_places_until(places, i, place + most);
	}
}

const struct kind rules_rank_shift = {
	.name = "rank_shift",
	.help = "how many places an item may stand from its baseline place",
	.example = "max_places = 5;\n"
		   "  reason = \"No item moves by more than five places.\";",
	.step = STEP_PLACES,
	.keys = {keys, KEY_COUNT(keys), sizeof(struct settings)},
	.concerns = FACT_BIT(FACT_ITEMS),
	.needs = FACT_BIT(FACT_ITEM_BASELINE),
	.actions = {RULES_REORDER, RULES_REVERT, RULES_FLAG},
	.on_unknown = {RULES_REJECT, RULES_FLAG},
	.evaluate = evaluate,
	.constrain = constrain,
};
