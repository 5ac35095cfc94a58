/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/work.h"

#include "rules/loaded.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

void *rules_work_alloc(struct rules_work *work, size_t count, size_t size)
{
	void *piece = arena_zalloc(work->arena, count ? count : 1, size);
	work->full |= !piece;
	return piece;
}

struct bytes rules_work_text(struct rules_work *work, const char *format, ...)
{
	char text[512];
	va_list args;
	va_start(args, format);
	int len = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	size_t kept = len < 0 ? 0 : (size_t)len < sizeof text ? (size_t)len : sizeof text - 1;
	struct bytes copy = arena_copy(work->arena, (struct bytes){text, kept});
	work->full |= !bytes_present(copy);
	return copy;
}

/* Room for one more element of a growing array in the arena. */
static void *one_more(struct rules_work *work, void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	size_t more = *room ? *room * 2 : 8;
	void *grown = arena_grow(work->arena, array, *room, more, size);
	work->full |= !grown;
	*room = grown ? more : *room;
	return grown;
}

void rules_work_find(struct rules_work *work, struct finding finding)
{
	struct finding *list =
		one_more(work, work->finding, work->finding_count, &work->finding_room, sizeof *list);
	if (!list)
		return;
	work->finding = list;
	list[work->finding_count++] = finding;
	enum rules_verdict *verdict = &work->verdict[finding.rule->head.index];
	*verdict = finding.verdict > *verdict ? finding.verdict : *verdict;
}

void rules_work_keep_findings(struct rules_work *work)
{
	work->finding = NULL;
	work->finding_count = work->finding_room = 0;
}

void rules_work_judge(struct rules_work *work, enum rules_step step, bool observing)
{
	const struct rules_ruleset *ruleset = work->ruleset;
	work->finding_count = 0;
	work->observing = observing;
	for (size_t i = 0; i < ruleset->rule_count && !work->full; i++) {
		const struct rule *rule = ruleset->rule[i];
		if (rule->kind->step != step || !work->applies[i] ||
		    rule->head.mode != (observing ? RULES_OBSERVE : RULES_ENFORCE))
			continue;
		if (work->verdict[i] == RULES_NOT_APPLIED)
			work->verdict[i] = RULES_WITHIN;
		rule->kind->evaluate(rule, work);
	}
}

bool rules_work_beats(const struct finding *a, const struct finding *b)
{
	if (a->action != b->action)
		return a->action > b->action;
	if (a->tightness < b->tightness || a->tightness > b->tightness)
		return a->tightness < b->tightness;
	return a->rule->head.index < b->rule->head.index;
}

const struct finding *rules_work_strongest(const struct rules_work *work)
{
	const struct finding *best = NULL;
	for (size_t i = 0; i < work->finding_count; i++)
		if (!best || rules_work_beats(&work->finding[i], best))
			best = &work->finding[i];
	return best;
}

static struct recorded *recorded_for(struct rules_work *work, const struct finding *finding,
				     enum rules_action action, enum rules_target_type type)
{
	for (size_t i = work->recorded_count; i > 0; i--) {
		struct recorded *old = &work->recorded[i - 1];
		if (old->public.rule == &finding->rule->head && old->public.action == action &&
		    old->public.verdict == finding->verdict && old->public.would == work->observing &&
		    old->public.type == type)
			return old;
	}
	struct recorded *list =
		one_more(work, work->recorded, work->recorded_count, &work->recorded_room, sizeof *list);
	if (!list)
		return NULL;
	work->recorded = list;
	struct recorded *recorded = &list[work->recorded_count++];
	*recorded = (struct recorded){.step = finding->rule->kind->step,
				      .public = {.rule = &finding->rule->head,
						 .verdict = finding->verdict,
						 .action = action,
						 .would = work->observing,
						 .limit = finding->rule->limit,
						 .observed = finding->observed,
						 .type = type,
						 .evidence = finding->evidence,
						 .evidence_count = finding->evidence_count}};
	return recorded;
}

/* "0.73 from 0.4" */
static struct bytes describe(struct rules_work *work, const struct finding *finding,
			     const struct rules_target *target)
{
	if (finding->type == RULES_TARGET_ITEM && !isnan(work->baseline[finding->index]))
		return rules_work_text(work, "%.15g from %.15g", target->before,
				       work->baseline[finding->index]);
	if (finding->type == RULES_TARGET_WEIGHT && !isnan(work->weight_baseline[finding->index]))
		return rules_work_text(work, "%.15g from %.15g", target->before,
				       work->weight_baseline[finding->index]);
	return rules_work_text(work, "%.15g", target->before);
}

void rules_work_record(struct rules_work *work, const struct finding *finding, enum rules_action action,
		       struct rules_target target)
{
	struct recorded *recorded = recorded_for(work, finding, action, finding->type);
	if (!recorded)
		return;
	struct rules_intervention *public = &recorded->public;
	public->unsatisfied |= finding->unsatisfied;
	struct rules_target *list =
		one_more(work, public->target, public->target_count, &recorded->target_room, sizeof *list);
	if (!list)
		return;
	if (public->target_count == 0 && !bytes_present(public->observed) && target.numeric)
	public->observed = describe(work, finding, &target);
	public->target = list;
	list[public->target_count++] = target;
}

struct rules_target rules_work_target(const struct rules_work *work, const struct finding *finding)
{
	const struct facts *facts = work->facts;
	struct rules_target target = {.index = finding->index};
	switch (finding->type) {
	case RULES_TARGET_ITEM:
		target.id = facts->item_id ? facts->item_id[finding->index] : target.id;
		target.numeric = true;
		target.before_present =
			facts->item_score.present && facts->item_score.present[finding->index];
		target.before = target.before_present ? facts->item_score.value[finding->index] : 0;
		break;
	case RULES_TARGET_WEIGHT:
		target.id = facts->weight_category ? facts->weight_category[finding->index] : target.id;
		target.numeric = true;
		target.before_present = facts->weight.present && facts->weight.present[finding->index];
		target.before = target.before_present ? facts->weight.value[finding->index] : 0;
		break;
	case RULES_TARGET_PROMPT:
		target.id = facts->prompts[finding->index].id;
		target.before_text = work->prompt[finding->index].now.text;
		break;
	case RULES_TARGET_EXPLANATION:
		target.before_text = work->explanation;
		break;
	case RULES_TARGET_RESPONSE:
		break;
	}
	return target;
}

void rules_work_record_flags(struct rules_work *work)
{
	for (size_t i = 0; i < work->finding_count && !work->full; i++) {
		const struct finding *finding = &work->finding[i];
		if (finding->action == RULES_FLAG)
			rules_work_record(work, finding, RULES_FLAG, rules_work_target(work, finding));
	}
}

void rules_work_reject(struct rules_work *work, const struct finding *finding)
{
	work->rejected = true;
	rules_work_record(work, finding, RULES_REJECT, rules_work_target(work, finding));
}
