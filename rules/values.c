/* SPDX-License-Identifier: Apache-2.0
 *
 * Step 2: values. All rules judge what was proposed; then the strongest action is carried out:
 *
 *   reject    the response is refused
 *   revert    ranking and weights go to the baseline, which satisfies every kind of this step
 *   clamp     each value goes to the nearest place inside all bounds on it; reorder: demoted items go last
 *
 * and the list is sorted again if it came sorted. A weight without a baseline has nothing to go back to: after
 * a revert it is raised to what `min_weight` keeps, and a rule that still cannot tell is unsatisfied.
 */
#include "rules/work.h"

#include "rules/loaded.h"
#include "rules/numbers.h"
#include "rules/sort.h"
#include <math.h>

static bool exists(const struct facts_numbers *numbers, size_t i)
{
	return numbers->present && numbers->present[i] && isfinite(numbers->value[i]);
}

static void make_weights(struct rules_work *work)
{
	const struct facts *facts = work->facts;
	size_t count = facts->weight_count;
	work->weight = rules_work_alloc(work, count, sizeof *work->weight);
	work->weight_set = rules_work_alloc(work, count, sizeof *work->weight_set);
	work->weight_baseline = rules_work_alloc(work, count, sizeof *work->weight_baseline);
	for (size_t i = 0; i < count && !work->full; i++) {
		work->weight[i] = exists(&facts->weight, i) ? facts->weight.value[i] : (double)NAN;
		work->weight_baseline[i] =
			exists(&facts->weight_baseline, i)
				? rules_number_in_type(facts->weight_baseline.value[i], facts->weight.narrow)
				: (double)NAN;
	}
}

/* Each fact is looked at once, however many rules there are. */
bool rules_work_columns(struct rules_work *work)
{
	if (work->weight_baseline)
		return !work->full;
	const struct facts *facts = work->facts;
	size_t count = facts->item_count;
	work->score = rules_work_alloc(work, count, sizeof *work->score);
	work->score_set = rules_work_alloc(work, count, sizeof *work->score_set);
	work->baseline = rules_work_alloc(work, count, sizeof *work->baseline);
	for (size_t i = 0; i < count && !work->full; i++) {
		work->score[i] = exists(&facts->item_score, i) ? facts->item_score.value[i] : (double)NAN;
		work->baseline[i] = (double)NAN;
		if (!exists(&facts->item_baseline, i))
			continue;
		work->baseline[i] =
			rules_number_in_type(facts->item_baseline.value[i], facts->item_score.narrow);
		work->baseline_count++;
	}
	make_weights(work);
	return !work->full;
}

/* A value that equals the proposed one is no edit. */
static bool differs(const struct facts_numbers *proposed, size_t i, double value)
{
	return !exists(proposed, i) || proposed->value[i] < value || proposed->value[i] > value;
}

static void set_score(struct rules_work *work, size_t item, double value)
{
	work->score[item] = value;
	work->score_set[item] = differs(&work->facts->item_score, item, value);
}

static void set_weight(struct rules_work *work, size_t i, double value)
{
	work->weight[i] = value;
	work->weight_set[i] = differs(&work->facts->weight, i, value);
}

bool rules_work_order(struct rules_work *work)
{
	size_t count = work->facts->item_count;
	if (work->order)
		return true;
	work->order = rules_work_alloc(work, count, sizeof *work->order);
	for (size_t i = 0; i < count && work->order; i++)
		work->order[i] = (uint32_t)i;
	return !work->full;
}

/* --- the baseline --- */

struct by_number {
	const double *value; /* NAN: behind all others */
	bool ascending;
};

static int compare(const void *context, uint32_t a, uint32_t b)
{
	const struct by_number *by = context;
	double x = by->value[a], y = by->value[b];
	if (isnan(x) || isnan(y))
		return isnan(x) - isnan(y);
	int order = (x > y) - (x < y);
	return by->ascending ? order : -order;
}

/* Each list by itself. `only`: by first item, which lists are sorted; NULL: all. */
static void sort_lists_by(struct rules_work *work, uint32_t *order, const double *value, const bool *only)
{
	size_t count = work->facts->item_count;
	struct by_number by = {value, work->facts->order == ORDER_SCORE_ASC};
	uint32_t *room = rules_work_alloc(work, count, sizeof *room);
	for (size_t from = 0, to; room && from < count; from = to) {
		to = rules_work_list_end(work->facts, from);
		if (!only || only[from])
			rules_sort_stable(order + from, to - from, room, compare, &by);
	}
}

static void sort_by(struct rules_work *work, const double *value, const bool *only)
{
	if (rules_work_order(work))
		sort_lists_by(work, work->order, value, only);
}

size_t rules_work_baselines(const struct rules_work *work, size_t from, size_t to)
{
	size_t count = 0;
	for (; from < to; from++)
		count += isnan(work->baseline[from]) ? 0 : 1;
	return count;
}

uint32_t *rules_work_baseline_order(struct rules_work *work)
{
	uint32_t *list = rules_work_alloc(work, work->facts->item_count, sizeof *list);
	for (size_t i = 0; i < work->facts->item_count && list; i++)
		list[i] = (uint32_t)i;
	if (list)
		sort_lists_by(work, list, work->baseline, NULL);
	return list;
}

void rules_work_revert(struct rules_work *work)
{
	for (size_t i = 0; i < work->facts->item_count; i++)
		if (!isnan(work->baseline[i]))
			set_score(work, i, work->baseline[i]);
	sort_by(work, work->baseline, NULL);
	for (size_t i = 0; i < work->facts->weight_count; i++)
		if (!isnan(work->weight_baseline[i]))
			set_weight(work, i, work->weight_baseline[i]);
}

bool rules_work_at_baseline(const struct rules_work *work)
{
	const struct facts *facts = work->facts;
	struct by_number by = {work->baseline, facts->order == ORDER_SCORE_ASC};
	bool good = facts->item_count == 0 || work->baseline_count > 0;
	uint32_t before = 0;
	for (size_t place = 0; place < facts->item_count && good; place++) {
		uint32_t item = work->order ? work->order[place] : (uint32_t)place;
		double score = work->score[item], baseline = work->baseline[item];
		good = (isnan(baseline) || (score <= baseline && score >= baseline)) &&
		       (place == rules_work_list_of(facts, item) || compare(&by, before, item) <= 0);
		before = item;
	}
	for (size_t i = 0; i < facts->weight_count && good; i++)
		good = isnan(work->weight_baseline[i]) || (work->weight[i] <= work->weight_baseline[i] &&
							   work->weight[i] >= work->weight_baseline[i]);
	return good;
}

/* --- clamp and reorder --- */

/* The bounds on one item, of all rules together, and whose finding each is. */
struct bounds {
	double low, high;
	const struct finding *of_low, *of_high;
};

static void tighten(struct bounds *bounds, const struct finding *finding)
{
	if (!bounds->of_low || finding->low > bounds->low) {
		bounds->low = finding->low;
		bounds->of_low = finding;
	}
	if (!bounds->of_high || finding->high < bounds->high) {
		bounds->high = finding->high;
		bounds->of_high = finding;
	}
}

/* A score or a weight goes to the nearest place inside its bounds. */
static void clamp_one(struct rules_work *work, size_t index, const struct bounds *bounds)
{
	bool is_item = bounds->of_low->type == RULES_TARGET_ITEM;
	double before = is_item ? work->score[index] : work->weight[index];
	bool over = before > bounds->high;
	double after = over ? bounds->high : bounds->low;
	if (!over && before >= bounds->low)
		return;
	const struct finding *winner = over ? bounds->of_high : bounds->of_low;
	struct rules_target target = rules_work_target(work, winner);
	target.after_present = true;
	target.after = after;
	if (is_item)
		set_score(work, index, after);
	else
		set_weight(work, index, after);
	rules_work_record(work, winner, RULES_CLAMP, target);
}

/* After a revert those with that action are left only where there was nothing to go back to. */
static bool bounds_value(const struct finding *finding)
{
	return finding->verdict == RULES_EXCEEDED &&
	       (finding->action == RULES_CLAMP || finding->action == RULES_REVERT);
}

/* Findings are in order of rules, so that of equal bounds the smaller id wins. */
static void clamp(struct rules_work *work, enum rules_target_type type, size_t count)
{
	struct bounds *bounds = rules_work_alloc(work, count, sizeof *bounds);
	if (!bounds)
		return;
	for (size_t i = 0; i < work->finding_count; i++)
		if (bounds_value(&work->finding[i]) && work->finding[i].type == type)
			tighten(&bounds[work->finding[i].index], &work->finding[i]);
	for (size_t i = 0; i < count && !work->full; i++)
		if (bounds[i].of_low)
			clamp_one(work, i, &bounds[i]);
}

/* The list at [from, to) in its declared order by the scores as proposed? */
static bool came_sorted(const struct rules_work *work, size_t from, size_t to)
{
	const struct facts *facts = work->facts;
	if (facts->order == ORDER_POSITION)
		return false;
	for (size_t i = from; i < to; i++) {
		if (!exists(&facts->item_score, i))
			return false;
		double before = i > from ? facts->item_score.value[i - 1] : 0,
		       here = facts->item_score.value[i];
		if (i > from && (facts->order == ORDER_SCORE_DESC ? here > before : here < before))
			return false;
	}
	return true;
}

/* By first item of a list; NULL: none did, or the arena is full. */
static const bool *lists_that_came_sorted(struct rules_work *work)
{
	size_t count = work->facts->item_count;
	bool any = false, *sorted = rules_work_alloc(work, count, sizeof *sorted);
	for (size_t from = 0, to; sorted && from < count; from = to) {
		to = rules_work_list_end(work->facts, from);
		sorted[from] = came_sorted(work, from, to);
		any |= sorted[from];
	}
	return any ? sorted : NULL;
}

static size_t *places_of(struct rules_work *work)
{
	size_t *place = rules_work_alloc(work, work->facts->item_count, sizeof *place);
	for (size_t i = 0; place && i < work->facts->item_count; i++)
		place[work->order ? work->order[i] : i] = i;
	return place;
}

static void demote_in(uint32_t *order, size_t count, const uint8_t *demoted, uint32_t *behind)
{
	size_t kept = 0, last = 0;
	for (size_t i = 0; i < count; i++) {
		uint32_t item = order[i];
		if (demoted[item])
			behind[last++] = item;
		else
			order[kept++] = item;
	}
	memcpy(order + kept, behind, last * sizeof *behind);
}

/* Items that a rule demotes go behind all others of their list and keep their order among themselves. */
static void demote(struct rules_work *work, const uint8_t *demoted)
{
	size_t count = work->facts->item_count;
	uint32_t *behind = rules_work_alloc(work, count, sizeof *behind);
	if (!behind || !rules_work_order(work))
		return;
	for (size_t from = 0, to; from < count; from = to) {
		to = rules_work_list_end(work->facts, from);
		demote_in(work->order + from, to - from, demoted, behind);
	}
}

/* Of several rules that demote one item the smaller id is recorded. */
static void record_demoted(struct rules_work *work, uint8_t *demoted)
{
	const size_t *place = places_of(work);
	for (size_t i = 0; i < work->finding_count && !work->full; i++) {
		const struct finding *finding = &work->finding[i];
		if (finding->action != RULES_REORDER || demoted[finding->index] == 2)
			continue;
		demoted[finding->index] = 2;
		if (place[finding->index] == finding->index)
			continue; /* it is where it was proposed */
		struct rules_target target = rules_work_target(work, finding);
		target.before_present = target.after_present = true;
		target.before = (double)finding->index;
		target.after = (double)place[finding->index];
		rules_work_record(work, finding, RULES_REORDER, target);
	}
}

/* Clamped values may have moved items without a baseline forward, so places are judged after sorting. */
static void carry_out(struct rules_work *work)
{
	const bool *sorted = lists_that_came_sorted(work);
	bool any = false;
	uint8_t *demoted = rules_work_alloc(work, work->facts->item_count, sizeof *demoted);
	clamp(work, RULES_TARGET_ITEM, work->facts->item_count);
	clamp(work, RULES_TARGET_WEIGHT, work->facts->weight_count);
	if (work->full)
		return;
	if (sorted)
		sort_by(work, work->score, sorted);
	if (work->baseline_count == work->facts->item_count)
		return; /* only items without one are demoted */
	rules_work_judge(work, STEP_VALUES, false);
	for (size_t i = 0; i < work->finding_count; i++) {
		if (work->finding[i].action != RULES_REORDER)
			continue;
		demoted[work->finding[i].index] = 1;
		any = true;
	}
	if (any)
		demote(work, demoted);
	if (any && !work->full)
		record_demoted(work, demoted);
}

static void revert(struct rules_work *work, struct finding whole)
{
	whole.type = RULES_TARGET_RESPONSE;
	rules_work_revert(work);
	rules_work_judge(work, STEP_VALUES, false);
	clamp(work, RULES_TARGET_WEIGHT, work->facts->weight_count);
	for (size_t i = 0; i < work->finding_count; i++)
		whole.unsatisfied |= work->finding[i].rule == whole.rule &&
				     work->finding[i].verdict == RULES_UNKNOWN &&
				     work->finding[i].action == RULES_REVERT;
	rules_work_record(work, &whole, RULES_REVERT, rules_work_target(work, &whole));
}

static void enforce(struct rules_work *work)
{
	rules_work_judge(work, STEP_VALUES, false);
	const struct finding *best = rules_work_strongest(work);
	if (!best || work->full)
		return;
	if (best->action != RULES_REJECT)
		rules_work_record_flags(work);
	switch (best->action) {
	case RULES_REJECT:
		rules_work_reject(work, best);
		break;
	case RULES_REVERT:
		revert(work, *best);
		break;
	case RULES_NONE:
	case RULES_FLAG:
		break;
	case RULES_REORDER:
	case RULES_CLAMP:
	case RULES_REPLACE:
	case RULES_SUPPRESS:
		carry_out(work);
		break;
	}
}

static void observe(struct rules_work *work)
{
	rules_work_judge(work, STEP_VALUES, true);
	for (size_t i = 0; i < work->finding_count && !work->full; i++) {
		struct finding finding = work->finding[i];
		struct rules_target target = rules_work_target(work, &finding);
		double now = finding.type == RULES_TARGET_ITEM	   ? work->score[finding.index]
			     : finding.type == RULES_TARGET_WEIGHT ? work->weight[finding.index]
								   : 0;
		target.before = target.before_present ? now : 0;
		if (finding.action == RULES_CLAMP) {
			target.after_present = true;
			target.after = now > finding.high ? finding.high : finding.low;
		}
		if (finding.action == RULES_REVERT) {
			finding.type = RULES_TARGET_RESPONSE;
			target = (struct rules_target){0};
		}
		rules_work_record(work, &finding, finding.action, target);
	}
}

static bool any_applies(const struct rules_work *work)
{
	for (size_t i = 0; i < work->ruleset->rule_count; i++)
		if (work->applies[i] && work->ruleset->rule[i]->kind->step == STEP_VALUES)
			return true;
	return false;
}

void rules_values_step(struct rules_work *work)
{
	if (!any_applies(work) || !rules_work_columns(work))
		return;
	enforce(work);
	if (!work->rejected && !work->full)
		observe(work);
}
