/* SPDX-License-Identifier: Apache-2.0
 *
 * score_bound: how far a score may be from its baseline b: within [b - A, b + A] and [b - R|b|, b + R|b|].
 */
#include "rules/categories.h"
#include "rules/checks.h"
#include "rules/missing.h"
#include "rules/numbers.h"
#include "rules/places.h"
#include "rules/work.h"
#include <math.h>

struct settings {
	struct spot spot;
	struct number max_absolute, max_relative;
	struct texts categories;
	int missing; /* enum rules_missing */
};

static const struct key keys[] = {
	{.name = "max_absolute",
	 .tighter = TIGHTER_SMALL,
	 .type = KEY_NUMBER,
	 .at = offsetof(struct settings, max_absolute),
	 .max = INFINITY,
	 .limits = true,
	 .help = "distance to the baseline"},
	{.name = "max_relative",
	 .tighter = TIGHTER_SMALL,
	 .type = KEY_NUMBER,
	 .at = offsetof(struct settings, max_relative),
	 .max = INFINITY,
	 .limits = true,
	 .help = "distance to the baseline as a part of it: 0.5 is half"},
	{.name = "categories",
	 .narrows = FACT_BIT(FACT_ITEM_CATEGORY),
	 .type = KEY_TEXTS,
	 .at = offsetof(struct settings, categories),
	 .help = "categories of items, as globs; all when not given"},
	MISSING_KEY(struct settings),
};

static void check(struct loading *loading, struct rule *rule)
{
	const struct settings *settings = rule->settings;
	if (!settings->max_absolute.present && !settings->max_relative.present)
		rules_keys_complain(&loading->reader, rule->head.line,
				    "bounds nothing; give max_absolute, max_relative or both");
}

/* Which items a rule is about. One without category does not escape. */
struct range {
	const uint32_t *category;
	const bool *concerned; /* per category; NULL: it is about all */
};

static struct range range_of(const struct rule *rule, struct rules_work *work)
{
	const struct settings *settings = rule->settings;
	if (settings->categories.count == 0)
		return (struct range){NULL, NULL};
	const bool *concerned = rules_categories_concerned(work, &settings->categories);
	return (struct range){concerned ? work->categories->of : NULL, concerned};
}

static bool concerns(struct range range, size_t item)
{
	return !range.concerned || range.concerned[range.category[item]];
}

/* The smaller of the two distances. `product` is factor * |baseline|, as exact as the caller needs it. */
static double step_of(const struct settings *settings, double product)
{
	double step = settings->max_absolute.present ? settings->max_absolute.value : INFINITY;
	return settings->max_relative.present && product < step ? product : step;
}

static void judge_score(const struct rule *rule, struct rules_work *work, size_t item)
{
	const struct settings *settings = rule->settings;
	bool narrow = work->facts->item_score.narrow;
	double score = work->score[item], baseline = work->baseline[item];
	double step = step_of(settings, settings->max_relative.value * fabs(baseline));
	if (rules_bound_clearly_within(score, baseline, step, narrow))
		return;
	if (isnan(score)) {
		rules_work_find(
			work, (struct finding){.rule = rule,
					       .verdict = RULES_UNKNOWN,
					       .action = rule->head.on_unknown,
					       .type = RULES_TARGET_ITEM,
					       .index = item,
					       .tightness = INFINITY,
					       .observed = BYTES_LITERAL("a score is absent or not finite")});
		return;
	}
	step = step_of(settings, rules_step_relative(settings->max_relative.value, baseline));
	double low = rules_bound_below(baseline, step, narrow);
	double high = rules_bound_above(baseline, step, narrow);
	if (score >= low && score <= high)
		return;
	struct finding finding = {.rule = rule,
				  .verdict = RULES_EXCEEDED,
				  .action = rule->head.action,
				  .type = RULES_TARGET_ITEM,
				  .index = item,
				  .low = low,
				  .high = high,
				  .tightness = step};
	rules_work_find(work, finding);
}

static void judge_list(const struct rule *rule, struct rules_work *work, struct range range, size_t from,
		       size_t to)
{
	const struct settings *settings = rule->settings;
	size_t last = rules_missing_behind(work, from, to);
	for (size_t place = from; place < to && !work->full; place++) {
		size_t item = work->order ? work->order[place] : place;
		if (!concerns(range, item))
			continue;
		if (isnan(work->baseline[item]))
			rules_missing_judge(rule, work, (enum rules_missing)settings->missing, item,
					    place < last);
		else
			judge_score(rule, work, item);
	}
}

static void evaluate(const struct rule *rule, struct rules_work *work)
{
	if (!rules_missing_some(rule, work))
		return;
	const struct range range = range_of(rule, work);
	for (size_t from = 0, to; from < work->facts->item_count && !work->full; from = to) {
		to = rules_work_list_end(work->facts, from);
		judge_list(rule, work, range, from, to);
	}
}

static void constrain_list(struct rules_work *work, struct places *places, struct range range, size_t from,
			   size_t to)
{
	size_t demoted = 0;
	for (size_t i = from; i < to && !work->full; i++)
		demoted += isnan(work->baseline[i]) && concerns(range, i);
	for (size_t i = from; i < to && !work->full; i++)
		if (isnan(work->baseline[i]) && concerns(range, i))
			rules_places_from(places, i, to - demoted);
}

/* Items that were demoted stay behind all others, as the values step put them. */
static void constrain(const struct rule *rule, struct rules_work *work, struct places *places)
{
	const struct settings *settings = rule->settings;
	size_t count = work->facts->item_count;
	if (settings->missing != MISSING_LAST || work->baseline_count == 0 || work->baseline_count == count)
		return;
	const struct range range = range_of(rule, work);
	for (size_t from = 0, to; from < count && !work->full; from = to) {
		to = rules_work_list_end(work->facts, from);
		constrain_list(work, places, range, from, to);
	}
}

const struct kind rules_score_bound = {
	.name = "score_bound",
	.help = "how far a score may be from its baseline",
	.example = "max_absolute = 0.2; max_relative = 0.5;\n"
		   "  reason = \"A score moves by at most 0.2 and by at most half.\";",
	.step = STEP_VALUES,
	.keys = {keys, KEY_COUNT(keys), sizeof(struct settings)},
	.concerns = FACT_BIT(FACT_ITEMS),
	.needs = FACT_BIT(FACT_ITEM_SCORE) | FACT_BIT(FACT_ITEM_BASELINE),
	.actions = {RULES_CLAMP, RULES_REVERT, RULES_REJECT, RULES_FLAG},
	.on_unknown = {RULES_REVERT, RULES_FLAG},
	.check = check,
	.evaluate = evaluate,
	.constrain = constrain,
};
