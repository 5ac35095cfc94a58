/* SPDX-License-Identifier: Apache-2.0
 *
 * Step 3: places. All rules judge the list as the values step left it; then the strongest action is carried
 * out:
 *
 *   reject    the response is refused
 *   revert    ranking and weights go to the baseline; what is absolute may still ask for another order
 *   reorder   the one pass, from the order that stands; if it fails, from the baseline order; if that fails
 *             too, the baseline order is served and the rules that do not hold are unsatisfied
 *
 * Rules whose action is flag do not narrow the pass.
 */
#include "rules/places.h"

#include "rules/categories.h"
#include "rules/loaded.h"
#include <math.h>

/* --- what rules narrow --- */

void rules_places_from(struct places *places, size_t item, size_t first)
{
	if (first > places->arrange.first[item])
		places->arrange.first[item] = (uint32_t)first;
}

void rules_places_until(struct places *places, size_t item, size_t last)
{
	if (last < places->arrange.last[item])
		places->arrange.last[item] = (uint32_t)last;
}

void rules_places_missing_last(const struct rules_work *work, struct places *places)
{
	size_t count = work->facts->item_count;
	for (size_t from = 0, to; from < count; from = to) {
		to = rules_work_list_end(work->facts, from);
		size_t with = rules_work_baselines(work, from, to);
		for (size_t i = from; with && i < to; i++)
			if (isnan(work->baseline[i]))
				rules_places_from(places, i, from + with);
	}
}

bool rules_places_groups(struct rules_work *work, struct places *places)
{
	size_t count = work->facts->item_count;
	struct arrange *arrange = &places->arrange;
	if (arrange->group)
		return true;
	const struct categories *categories = rules_work_categories(work);
	uint32_t *group = rules_work_alloc(work, count, sizeof *group);
	if (!categories || !group)
		return false;
	/* At most one for each item; the group of each category in the list that is looked at. */
	uint32_t *latest = rules_work_alloc(work, categories->count, sizeof *latest);
	places->group = rules_work_alloc(work, count, sizeof *places->group);
	for (size_t i = 0; i < count && !work->full; i++) {
		uint32_t category = categories->of[i];
		size_t list = rules_work_list_of(work->facts, i);
		group[i] = ARRANGE_NO_GROUP;
		if (category == 0) /* items without */
			continue;
		if (latest[category] == 0 || places->group[latest[category] - 1].list != list) {
			places->group[arrange->group_count++] =
				(struct places_group){.category = categories->name[category], .list = list};
			latest[category] = (uint32_t)arrange->group_count;
		}
		group[i] = latest[category] - 1;
		places->group[group[i]].size++;
	}
	arrange->quota = rules_work_alloc(work, arrange->group_count, sizeof *arrange->quota);
	arrange->group = group;
	return !work->full;
}

void rules_places_quota(struct rules_work *work, struct places *places, size_t group, size_t top, size_t most)
{
	struct arrange_quota *quota = rules_work_alloc(work, 1, sizeof *quota);
	if (!quota)
		return;
	*quota = (struct arrange_quota){places->group[group].list + top, most, places->arrange.quota[group]};
	places->arrange.quota[group] = quota;
}

/* Also rules of other steps that say something of places: what they ordered stays so. */
static void constrain(struct rules_work *work, struct places *places)
{
	size_t count = work->facts->item_count;
	*places = (struct places){
		.arrange = {.count = count,
			    .first = rules_work_alloc(work, count, sizeof *places->arrange.first),
			    .last = rules_work_alloc(work, count, sizeof *places->arrange.last)}};
	for (size_t from = 0, to; from < count && !work->full; from = to) {
		to = rules_work_list_end(work->facts, from);
		for (size_t i = from; i < to; i++) {
			places->arrange.first[i] = (uint32_t)from;
			places->arrange.last[i] = (uint32_t)(to - 1);
		}
	}
	for (size_t i = 0; i < work->ruleset->rule_count && !work->full; i++) {
		const struct rule *rule = work->ruleset->rule[i];
		if (work->applies[i] && rule->kind->constrain && rule->head.mode == RULES_ENFORCE &&
		    rule->head.action != RULES_FLAG)
			rule->kind->constrain(rule, work, places);
	}
}

/* --- the step --- */

static bool make_baseline_places(struct rules_work *work)
{
	size_t count = work->facts->item_count;
	work->baseline_order = rules_work_baseline_order(work);
	work->baseline_place = rules_work_alloc(work, count, sizeof *work->baseline_place);
	for (size_t i = 0; i < count && !work->full; i++)
		work->baseline_place[work->baseline_order[i]] = (uint32_t)i;
	return !work->full;
}

static void record_moved(struct rules_work *work, const struct finding *finding, const uint32_t *place)
{
	struct rules_target target = rules_work_target(work, finding);
	target.before_present = target.after_present = true;
	target.before = (double)finding->index;
	target.after = (double)place[finding->index];
	rules_work_record(work, finding, RULES_REORDER, target);
}

/* Each rule once: with what it finds now, or with what it found before. */
static void record_all(struct rules_work *work, const struct finding *before, size_t before_count)
{
	uint32_t *place = rules_work_alloc(work, work->facts->item_count, sizeof *place);
	bool *again = rules_work_alloc(work, work->ruleset->rule_count, sizeof *again);
	for (size_t i = 0; i < work->facts->item_count && !work->full; i++)
		place[work->order[i]] = (uint32_t)i;
	for (size_t i = 0; i < work->finding_count && !work->full; i++) {
		struct finding finding = work->finding[i];
		if (finding.action != RULES_REORDER)
			continue;
		again[finding.rule->head.index] = true;
		finding.unsatisfied = true;
		record_moved(work, &finding, place);
	}
	for (size_t i = 0; i < before_count && !work->full; i++)
		if (before[i].action == RULES_REORDER && !again[before[i].rule->head.index])
			record_moved(work, &before[i], place);
}

/* By first item: the lists in which something is to move. NULL: the arena is full. */
static const bool *lists_to_reorder(struct rules_work *work)
{
	bool *moves = rules_work_alloc(work, work->facts->item_count, sizeof *moves);
	for (size_t i = 0; moves && i < work->finding_count; i++)
		if (work->finding[i].action == RULES_REORDER)
			moves[rules_work_list_of(work->facts, work->finding[i].index)] = true;
	return moves;
}

/* A list in which nothing is to move stays as it stands, whatever becomes of the others. */
static void keep_lists(const struct rules_work *work, const bool *moves, struct places *places,
		       uint32_t *baseline_order)
{
	for (size_t place = 0; place < work->facts->item_count; place++) {
		uint32_t item = work->order[place];
		if (moves[rules_work_list_of(work->facts, item)])
			continue;
		places->arrange.first[item] = places->arrange.last[item] = (uint32_t)place;
		baseline_order[place] = item;
	}
}

static void reorder(struct rules_work *work)
{
	size_t count = work->facts->item_count, before_count = work->finding_count;
	struct places places;
	const struct finding *before = work->finding;
	uint32_t *order = rules_work_alloc(work, count, sizeof *order);
	const bool *moves = lists_to_reorder(work);
	uint32_t *baseline_order = rules_work_alloc(work, count, sizeof *baseline_order);
	if (!work->full && rules_work_order(work))
		constrain(work, &places);
	if (work->full)
		return;
	memcpy(baseline_order, work->baseline_order, count * sizeof *baseline_order);
	keep_lists(work, moves, &places, baseline_order);
	bool found = rules_arrange(work, &places.arrange, work->order, order) ||
		     (!work->full && rules_arrange(work, &places.arrange, baseline_order, order));
	memcpy(work->order, found ? order : baseline_order, count * sizeof *order);
	rules_work_keep_findings(work);
	if (!found && !work->full)
		rules_work_judge(work, STEP_PLACES, false);
	if (!work->full)
		record_all(work, before, before_count);
}

static bool any_reorder(const struct rules_work *work)
{
	for (size_t i = 0; i < work->finding_count; i++)
		if (work->finding[i].action == RULES_REORDER)
			return true;
	return false;
}

static void enforce(struct rules_work *work)
{
	rules_work_judge(work, STEP_PLACES, false);
	const struct finding *best = rules_work_strongest(work);
	if (!best || work->full)
		return;
	if (best->action == RULES_REJECT) {
		rules_work_reject(work, best);
		return;
	}
	rules_work_record_flags(work);
	if (best->action == RULES_REVERT) {
		struct finding whole = *best;
		whole.type = RULES_TARGET_RESPONSE;
		rules_work_revert(work);
		rules_work_record(work, &whole, RULES_REVERT, rules_work_target(work, &whole));
		if (!work->full)
			rules_work_judge(work, STEP_PLACES, false);
	}
	if (!work->full && any_reorder(work))
		reorder(work);
}

/* What would move stands where it stands: `after` is not said. */
static void observe(struct rules_work *work)
{
	uint32_t *place = rules_work_alloc(work, work->facts->item_count, sizeof *place);
	for (size_t i = 0; place && i < work->facts->item_count; i++)
		place[work->order ? work->order[i] : i] = (uint32_t)i;
	if (place)
		rules_work_judge(work, STEP_PLACES, true);
	for (size_t i = 0; i < work->finding_count && !work->full; i++) {
		struct finding finding = work->finding[i];
		if (finding.action == RULES_REVERT)
			finding.type = RULES_TARGET_RESPONSE;
		struct rules_target target = rules_work_target(work, &finding);
		if (finding.action == RULES_REORDER) {
			target.before_present = true;
			target.before = (double)place[finding.index];
		}
		rules_work_record(work, &finding, finding.action, target);
	}
}

static bool any_applies(const struct rules_work *work)
{
	for (size_t i = 0; i < work->ruleset->rule_count; i++)
		if (work->applies[i] && work->ruleset->rule[i]->kind->step == STEP_PLACES)
			return true;
	return false;
}

void rules_places_step(struct rules_work *work)
{
	if (!any_applies(work) || !rules_work_columns(work) || !make_baseline_places(work))
		return;
	enforce(work);
	if (!work->rejected && !work->full)
		observe(work);
}
