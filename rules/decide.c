/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/decide.h"

#include "rules/loaded.h"
#include "rules/work.h"

/* The first half's steps, in the order of work. */
static void (*const steps[])(struct rules_work *work) = {
	rules_state_step,
	rules_values_step,
	rules_places_step,
	rules_language_step,
};

const char *rules_target_type_name(enum rules_target_type type)
{
	static const char *const names[] = {"item", "weight", "prompt", "explanation", "response"};
	return names[type];
}

static bool full(struct err *err)
{
	return err_set(err, "decide: the call's memory limit is reached; raise it, or lower limits.items");
}

struct share {
	const struct kits *kits;
	struct kit *kit;
};

static bool share_of(void *context, struct bytes id, struct bytes subject, long double *place)
{
	const struct share *share = context;
	return rules_kit_share(share->kits, share->kit, id, subject, place);
}

static bool applies(const struct rules_work *work, const struct rule *rule)
{
	const struct period *period = rule->effective;
	struct share share = {&work->ruleset->kits, work->kit};
	if (rule->head.mode == RULES_OFF || (rule->kind->first_page && work->facts->offset > 0))
		return false;
	if (period && ((period->from.present && work->now_ns < period->from.ns) ||
		       (period->until.present && work->now_ns >= period->until.ns)))
		return false;
	return !rule->when ||
	       rules_when_match(rule->when, work->facts, rule->head.id, share_of, &share) != TRUTH_NO;
}

static const struct rules_history no_history = {.session = {.known = false}};

static struct rules_work *begin(const struct rules_ruleset *ruleset, const struct facts *facts,
				const struct rules_history *history, int64_t now_ns, struct arena *arena,
				struct kit *kit)
{
	struct rules_work *work = arena_zalloc(arena, 1, sizeof *work);
	if (!work)
		return NULL;
	*work = (struct rules_work){.ruleset = ruleset,
				    .facts = facts,
				    .history = history ? history : &no_history,
				    .now_ns = now_ns,
				    .arena = arena,
				    .kit = kit,
				    .explanation = facts->explanation};
	work->applies = rules_work_alloc(work, ruleset->rule_count, sizeof *work->applies);
	work->verdict = rules_work_alloc(work, ruleset->rule_count, sizeof *work->verdict);
	work->prompt = rules_work_alloc(work, facts->prompt_count, sizeof *work->prompt);
	if (work->full)
		return NULL;
	for (size_t i = 0; i < facts->prompt_count; i++)
		work->prompt[i].now = facts->prompts[i];
	for (size_t i = 0; i < ruleset->rule_count; i++)
		work->applies[i] = applies(work, ruleset->rule[i]);
	return work;
}

static bool is_identity(const uint32_t *order, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (order[i] != i)
			return false;
	return true;
}

static bool any_set(const uint8_t *set, size_t count)
{
	for (size_t i = 0; set && i < count; i++)
		if (set[i])
			return true;
	return false;
}

/* The work as edits: a column stands only where something differs from what was proposed. */
static void write_edits(struct rules_work *work, struct edits *edits)
{
	const struct facts *facts = work->facts;
	if (any_set(work->score_set, facts->item_count)) {
		edits->score = work->score;
		edits->score_set = work->score_set;
	}
	if (work->order && !is_identity(work->order, facts->item_count))
		edits->order = work->order;
	if (any_set(work->weight_set, facts->weight_count)) {
		edits->weight = work->weight;
		edits->weight_set = work->weight_set;
	}
	edits->explanation_set = work->explanation_set;
	edits->explanation = work->explanation;
	for (size_t i = 0; i < facts->prompt_count; i++) {
		const struct work_prompt *prompt = &work->prompt[i];
		if (!prompt->dropped && !prompt->replaced)
			continue;
		if (!edits->prompts)
			edits->prompts = rules_work_alloc(work, facts->prompt_count, sizeof *edits->prompts);
		if (!edits->prompts)
			return;
		edits->prompts[i] = (struct edits_prompt){.drop = prompt->dropped,
							  .replace = prompt->replaced && !prompt->dropped,
							  .with = prompt->now};
	}
}

static void write_prompts(struct rules_work *work, struct rules_decision *decision)
{
	size_t count = work->facts->prompt_count;
	decision->prompt = rules_work_alloc(work, count, sizeof *decision->prompt);
	decision->prompt_index = rules_work_alloc(work, count, sizeof *decision->prompt_index);
	decision->prompt_count = 0;
	for (size_t i = 0; i < count && !work->full && !work->rejected; i++) {
		if (work->prompt[i].dropped)
			continue;
		decision->prompt[decision->prompt_count] = work->prompt[i].now;
		decision->prompt_index[decision->prompt_count++] = i;
	}
}

/* In the order of work, ties by rule id: what was recorded is in order of steps already. Insertion keeps the
 * order of one rule's own interventions; there are few. */
static void write_interventions(struct rules_work *work, struct rules_decision *decision)
{
	struct rules_intervention *list =
		rules_work_alloc(work, work->recorded_count, sizeof *decision->intervention);
	for (size_t i = 0; list && i < work->recorded_count; i++) {
		size_t at = i;
		const struct recorded *recorded = &work->recorded[i];
		for (; at > 0; at--) {
			const struct rules_rule *before = list[at - 1].rule;
			if (rules_rule_of(before)->kind->step < recorded->step ||
			    before->index <= recorded->public.rule->index)
				break;
			list[at] = list[at - 1];
		}
		list[at] = recorded->public;
	}
	decision->intervention = list;
	decision->intervention_count = list ? work->recorded_count : 0;
	decision->rejected_by = NULL;
	for (size_t i = 0; i < decision->intervention_count && work->rejected; i++)
		if (list[i].action == RULES_REJECT && !list[i].would)
			decision->rejected_by = &list[i];
}

static bool finish(struct rules_work *work, struct rules_decision *decision, struct err *err)
{
	struct rules_decision made = {.rejected = work->rejected, .verdict = work->verdict, .work = work};
	if (!work->full && !work->rejected)
		write_edits(work, &made.edits);
	if (!work->full)
		write_prompts(work, &made);
	if (!work->full)
		write_interventions(work, &made);
	if (work->full)
		return full(err);
	made.changed = made.rejected || !edits_empty(&made.edits);
	*decision = made;
	return true;
}

bool rules_decide(const struct rules_ruleset *ruleset, const struct facts *facts, int64_t now_ns,
		  struct arena *arena, struct rules_decision *decision, struct err *err)
{
	return rules_decide_seen(ruleset, facts, NULL, now_ns, arena, decision, err);
}

bool rules_decide_seen(const struct rules_ruleset *ruleset, const struct facts *facts,
		       const struct rules_history *history, int64_t now_ns, struct arena *arena,
		       struct rules_decision *decision, struct err *err)
{
	return rules_decide_given(ruleset, facts, history, NULL, 0, now_ns, arena, decision, err);
}

static void take_given(struct rules_work *work, const struct rules_given *given, size_t count)
{
	for (size_t n = 0; n < count; n++)
		for (size_t i = 0; i < work->ruleset->rule_count; i++)
			if (bytes_equal(work->ruleset->rule[i]->head.id, given[n].rule))
				work->applies[i] = given[n].applies;
}

bool rules_decide_given(const struct rules_ruleset *ruleset, const struct facts *facts,
			const struct rules_history *history, const struct rules_given *given,
			size_t given_count, int64_t now_ns, struct arena *arena,
			struct rules_decision *decision, struct err *err)
{
	/* The kits are the one thing of a ruleset that calls take turns with. */
	struct kit *kit = rules_kit_take((struct kits *)(uintptr_t)&ruleset->kits);
	struct rules_work *work = begin(ruleset, facts, history, now_ns, arena, kit);
	if (work)
		take_given(work, given, given_count);
	for (size_t i = 0; work && i < KEY_COUNT(steps) && !work->full && !work->rejected; i++)
		steps[i](work);
	rules_kit_give(kit);
	if (work) {
		work->kit = NULL;
		work->history = &no_history; /* borrowed until here */
	}
	return work ? finish(work, decision, err) : full(err);
}

bool rules_decide_needs_history(const struct rules_decision *decision)
{
	const struct rules_work *work = decision->work;
	if (decision->prompt_count == 0)
		return false;
	for (size_t i = 0; i < work->ruleset->rule_count; i++) {
		const struct rule *rule = work->ruleset->rule[i];
		const struct frequency_settings *settings = rule->settings;
		if (rule->kind->step == STEP_FREQUENCY && work->applies[i] && settings->per != PER_RESPONSE)
			return true;
	}
	return false;
}

bool rules_decide_frequency(const struct rules_history *history, int64_t now_ns, struct arena *arena,
			    struct rules_decision *decision, struct err *err)
{
	struct rules_work *work = decision->work;
	work->history = history ? history : &no_history;
	work->now_ns = now_ns;
	work->arena = arena;
	if (!work->rejected)
		rules_frequency_step(work);
	return finish(work, decision, err);
}

bool rules_decide_suppress_all(struct arena *arena, struct rules_decision *decision, struct err *err)
{
	struct rules_work *work = decision->work;
	work->arena = arena;
	for (size_t i = 0; i < work->facts->prompt_count; i++)
		work->prompt[i].dropped = true;
	return finish(work, decision, err);
}

bool rules_decide_discard(struct arena *arena, struct rules_decision *decision, struct err *err)
{
	struct rules_work *work = decision->work;
	work->arena = arena;
	work->rejected = false;
	work->score_set = NULL;
	work->order = NULL;
	work->weight_set = NULL;
	work->explanation_set = false;
	for (size_t i = 0; i < work->facts->prompt_count; i++)
		work->prompt[i] = (struct work_prompt){.now = work->facts->prompts[i]};
	for (size_t i = 0; i < work->recorded_count; i++)
		work->recorded[i].public.would = true;
	return finish(work, decision, err);
}
