/* SPDX-License-Identifier: Apache-2.0
 *
 * weight_bound: how far a category weight may be from its baseline b: within [b - A, b + A] and
 * [b - R|b|, b + R|b|], and not below min(min_weight, b). A weight without a baseline: min_weight holds, of
 * the other bounds nothing can be told.
 */
#include "rules/checks.h"
#include "rules/numbers.h"
#include "rules/when.h"
#include "rules/work.h"
#include <math.h>

struct settings {
	struct spot spot;
	struct number min_weight, max_absolute, max_relative;
	struct texts categories;
};

static const struct key keys[] = {
	{.name = "min_weight",
	 .tighter = TIGHTER_LARGE,
	 .type = KEY_NUMBER,
	 .at = offsetof(struct settings, min_weight),
	 .max = INFINITY,
	 .limits = true,
	 .help = "no weight goes below it, or below its baseline where that is smaller"},
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
	 .narrows = FACT_BIT(FACT_WEIGHT_CATEGORY),
	 .type = KEY_TEXTS,
	 .at = offsetof(struct settings, categories),
	 .help = "categories of weights, as globs; all when not given"},
};

static bool bounds_distance(const struct settings *settings)
{
	return settings->max_absolute.present || settings->max_relative.present;
}

static void check(struct loading *loading, struct rule *rule)
{
	const struct settings *settings = rule->settings;
	if (settings->min_weight.present && settings->min_weight.value <= 0)
		rules_keys_complain(&loading->reader, rule->head.line,
				    "min_weight 0 keeps nothing; give a number above 0, or remove it");
	if (!settings->min_weight.present && !bounds_distance(settings))
		rules_keys_complain(
			&loading->reader, rule->head.line,
			"bounds nothing; give min_weight, max_absolute, max_relative or several of them");
}

static bool concerns(const struct settings *settings, const struct facts *facts, size_t i)
{
	struct bytes category = facts->weight_category ? facts->weight_category[i] : (struct bytes){0};
	return settings->categories.count == 0 || category.len == 0 ||
	       rules_globs_match(&settings->categories, category);
}

static void cannot_tell(const struct rule *rule, struct rules_work *work, size_t i, const char *observed)
{
	rules_work_find(work, (struct finding){.rule = rule,
					       .verdict = RULES_UNKNOWN,
					       .action = rule->head.on_unknown,
					       .type = RULES_TARGET_WEIGHT,
					       .index = i,
					       .tightness = INFINITY,
					       .observed = bytes_of(observed)});
}

static double distance(const struct settings *settings, double baseline)
{
	double step = settings->max_absolute.present ? settings->max_absolute.value : INFINITY;
	double part = settings->max_relative.present
			      ? rules_step_relative(settings->max_relative.value, baseline)
			      : INFINITY;
	return part < step ? part : step;
}

/* `baseline` may be NAN: then min_weight alone bounds. */
static void judge(const struct rule *rule, struct rules_work *work, size_t i, double baseline)
{
	const struct settings *settings = rule->settings;
	bool narrow = work->facts->weight.narrow;
	struct finding finding = {.rule = rule,
				  .verdict = RULES_EXCEEDED,
				  .action = rule->head.action,
				  .type = RULES_TARGET_WEIGHT,
				  .index = i,
				  .low = -INFINITY,
				  .high = INFINITY,
				  .tightness = INFINITY};
	if (!isnan(baseline)) {
		finding.tightness = distance(settings, baseline);
		finding.low = rules_bound_below(baseline, finding.tightness, narrow);
		finding.high = rules_bound_above(baseline, finding.tightness, narrow);
	}
	if (settings->min_weight.present) {
		double least = rules_number_at_least(settings->min_weight.value, narrow);
		least = baseline < least ? baseline : least;
		finding.low = least > finding.low ? least : finding.low;
	}
	if (work->weight[i] < finding.low || work->weight[i] > finding.high)
		rules_work_find(work, finding);
}

static void evaluate(const struct rule *rule, struct rules_work *work)
{
	for (size_t i = 0; i < work->facts->weight_count && !work->full; i++) {
		if (!concerns(rule->settings, work->facts, i))
			continue;
		if (isnan(work->weight_baseline[i]) && bounds_distance(rule->settings))
			cannot_tell(rule, work, i, "a weight has no baseline");
		if (isnan(work->weight[i]))
			cannot_tell(rule, work, i, "a weight is absent or not finite");
		else
			judge(rule, work, i, work->weight_baseline[i]);
	}
}

static uint64_t also(const struct rule *rule)
{
	const struct settings *settings = rule->settings;
	bool compares = settings->max_absolute.present || settings->max_relative.present;
	return compares ? FACT_BIT(FACT_WEIGHT_BASELINE) : 0;
}

const struct kind rules_weight_bound = {
	.name = "weight_bound",
	.help = "how far a category weight may be from its baseline",
	.example = "min_weight = 0.1; max_relative = 0.5;\n"
		   "  reason = \"No category disappears, and none falls by more than half.\";",
	.step = STEP_VALUES,
	.keys = {keys, KEY_COUNT(keys), sizeof(struct settings)},
	.concerns = FACT_BIT(FACT_WEIGHTS),
	.needs = FACT_BIT(FACT_WEIGHT_WEIGHT),
	.also = also,
	.actions = {RULES_CLAMP, RULES_REVERT, RULES_REJECT, RULES_FLAG},
	.on_unknown = {RULES_REVERT, RULES_REJECT, RULES_FLAG},
	.check = check,
	.evaluate = evaluate,
};
