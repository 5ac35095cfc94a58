/* SPDX-License-Identifier: Apache-2.0
 *
 * category_share: of the first `top` places each category takes at most its share. The number of places is
 * `max_share` of `top` whatever the list's length and whatever the baseline. Speaks of first pages only.
 */
#include "rules/categories.h"
#include "rules/places.h"
#include "rules/when.h"

struct settings {
	struct spot spot;
	struct number top, max_share;
	struct texts categories;
};

static const struct key keys[] = {
	{.name = "top",
	 .type = KEY_WHOLE,
	 .at = offsetof(struct settings, top),
	 .required = true,
	 .limits = true,
	 .min = 1,
	 .max = 1000000,
	 .help = "the first places of the list that are meant"},
	{.name = "max_share",
	 .tighter = TIGHTER_SMALL,
	 .type = KEY_NUMBER,
	 .at = offsetof(struct settings, max_share),
	 .required = true,
	 .limits = true,
	 .max = 1,
	 .help = "the part of those places that one category may take: 0.5 is half"},
	{.name = "categories",
	 .narrows = FACT_BIT(FACT_ITEM_CATEGORY),
	 .type = KEY_TEXTS,
	 .at = offsetof(struct settings, categories),
	 .help = "categories of items, as globs, each by itself; all when not given"},
};

/* A product that misses the next whole number by rounding alone reaches it. */
static size_t most_of(const struct settings *settings)
{
	return (size_t)(settings->max_share.value * settings->top.value * (1 + 1e-9));
}

static bool concerns_all(const struct settings *settings)
{
	bool all = settings->categories.count == 0;
	for (size_t i = 0; i < settings->categories.count; i++)
		all |= bytes_equal(settings->categories.at[i], BYTES_LITERAL("*"));
	return all;
}

static void check(struct loading *loading, struct rule *rule)
{
	const struct settings *settings = rule->settings;
	if (settings->top.present && settings->max_share.present && concerns_all(settings) &&
	    most_of(settings) == 0)
		rules_keys_complain(&loading->reader, rule->head.line,
				    "max_share %.15g of the first %.0f leaves no place for any category; "
				    "raise one of them, or name categories",
				    settings->max_share.value, settings->top.value);
	if (settings->max_share.value >= 1)
		rules_findings_add(loading->reader.findings, false, rule->spot.file, rule->head.line,
				   "rule %.*s: max_share 1 limits nothing; lower it, or remove the rule",
				   BYTES_ARG(rule->head.id));
}

static bool concerns(const struct settings *settings, struct bytes category)
{
	return category.len != 0 &&
	       (settings->categories.count == 0 || rules_globs_match(&settings->categories, category));
}

static void judge_missing(const struct rule *rule, struct rules_work *work)
{
	const struct categories *categories = rules_work_categories(work);
	for (size_t i = 0; categories && i < work->facts->item_count && !work->full; i++)
		if (categories->of[i] == 0)
			rules_work_find(
				work, (struct finding){.rule = rule,
						       .verdict = RULES_UNKNOWN,
						       .action = rule->head.on_unknown,
						       .type = RULES_TARGET_ITEM,
						       .index = i,
						       .observed = BYTES_LITERAL("an item has no category")});
}

/* `item`: those of one category at the first places, in order. */
static void judge_category(const struct rule *rule, struct rules_work *work, const uint32_t *item,
			   size_t count)
{
	const struct settings *settings = rule->settings;
	const struct categories *categories = rules_work_categories(work);
	struct bytes category = categories->name[categories->of[item[0]]];
	size_t most = most_of(settings);
	if (count <= most || !concerns(settings, category))
		return;
	struct bytes observed = rules_work_text(work, "%zu of %.*s in the first %.0f", count,
						BYTES_ARG(category), settings->top.value);
	for (size_t i = most; i < count && !work->full; i++)
		rules_work_find(work, (struct finding){.rule = rule,
						       .verdict = RULES_EXCEEDED,
						       .action = rule->head.action,
						       .type = RULES_TARGET_ITEM,
						       .index = item[i],
						       .tightness = settings->max_share.value,
						       .observed = observed});
}

/* `item`: room for the list at [first, end). */
static void judge_list(const struct rule *rule, struct rules_work *work, uint32_t *item, size_t first,
		       size_t end)
{
	const struct settings *settings = rule->settings;
	size_t top = end - first;
	if (settings->top.value < (double)top)
		top = (size_t)settings->top.value;
	for (size_t place = 0; place < top && !work->full; place++)
		item[place] = work->order ? work->order[first + place] : (uint32_t)(first + place);
	if (!work->full)
		rules_categories_sort(work, item, top);
	const struct categories *categories = rules_work_categories(work);
	for (size_t from = 0, to; from < top && !work->full; from = to) {
		uint32_t category = categories->of[item[from]];
		for (to = from + 1; to < top && categories->of[item[to]] == category; to++)
			;
		judge_category(rule, work, &item[from], to - from);
	}
}

static void evaluate(const struct rule *rule, struct rules_work *work)
{
	size_t count = work->facts->item_count;
	uint32_t *item = rules_work_alloc(work, count, sizeof *item);
	judge_missing(rule, work);
	for (size_t from = 0, to; from < count && !work->full; from = to) {
		to = rules_work_list_end(work->facts, from);
		judge_list(rule, work, item, from, to);
	}
}

static void constrain(const struct rule *rule, struct rules_work *work, struct places *places)
{
	const struct settings *settings = rule->settings;
	size_t most = most_of(settings);
	if (!rules_places_groups(work, places))
		return;
	for (size_t i = 0; i < places->arrange.group_count && !work->full; i++)
		if (places->group[i].size > most && concerns(settings, places->group[i].category))
			rules_places_quota(work, places, i, (size_t)settings->top.value, most);
}

const struct kind rules_category_share = {
	.name = "category_share",
	.help = "how many of the first places one category may take",
	.example = "top = 10; max_share = 0.5;\n"
		   "  reason = \"No category takes more than half of the first ten places.\";",
	.step = STEP_PLACES,
	.first_page = true,
	.keys = {keys, KEY_COUNT(keys), sizeof(struct settings)},
	.concerns = FACT_BIT(FACT_ITEMS),
	.needs = FACT_BIT(FACT_ITEM_CATEGORY),
	.actions = {RULES_REORDER, RULES_FLAG},
	.on_unknown = {RULES_FLAG, RULES_REJECT},
	.check = check,
	.evaluate = evaluate,
	.constrain = constrain,
};
