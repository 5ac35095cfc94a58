/* SPDX-License-Identifier: Apache-2.0
 *
 * Step 1: the user's state. Ranking and weights may go to the baseline, and prompts may be dropped, before
 * any other rule looks at them. The two concern different things: both are carried out.
 */
#include "rules/state.h"

#include "rules/loaded.h"
#include <math.h>

void rules_state_find(const struct rule *rule, struct rules_work *work, enum rules_verdict verdict,
		      enum rules_action action, struct bytes observed, uint64_t *evidence,
		      size_t evidence_count)
{
	rules_work_find(work, (struct finding){.rule = rule,
					       .verdict = verdict,
					       .action = action,
					       .type = RULES_TARGET_RESPONSE,
					       .tightness = INFINITY,
					       .observed = observed,
					       .evidence = evidence,
					       .evidence_count = evidence_count});
}

/* Of the findings with that action on that target the one that wins; NULL: none. */
static const struct finding *winner(const struct rules_work *work, enum rules_action action, size_t index)
{
	const struct finding *best = NULL;
	for (size_t i = 0; i < work->finding_count; i++) {
		const struct finding *finding = &work->finding[i];
		if (finding->action == action && finding->index == index &&
		    (!best || rules_work_beats(finding, best)))
			best = finding;
	}
	return best;
}

/* Where the response states no baseline there is nothing to go back to. */
static void revert(struct rules_work *work, struct finding whole)
{
	rules_work_revert(work);
	whole.unsatisfied = !rules_work_at_baseline(work);
	rules_work_record(work, &whole, RULES_REVERT, rules_work_target(work, &whole));
}

static void enforce(struct rules_work *work)
{
	rules_work_judge(work, STEP_STATE, false);
	const struct finding *best = winner(work, RULES_REVERT, 0);
	rules_work_record_flags(work);
	if (best && !work->full)
		revert(work, *best);
	for (size_t i = 0; i < work->facts->prompt_count && !work->full; i++) {
		best = winner(work, RULES_SUPPRESS, i);
		if (!best)
			continue;
		rules_work_record(work, best, RULES_SUPPRESS, rules_work_target(work, best));
		work->prompt[i].dropped = true;
	}
}

static void observe(struct rules_work *work)
{
	rules_work_judge(work, STEP_STATE, true);
	for (size_t i = 0; i < work->finding_count && !work->full; i++)
		rules_work_record(work, &work->finding[i], work->finding[i].action,
				  rules_work_target(work, &work->finding[i]));
}

static bool any_applies(const struct rules_work *work)
{
	for (size_t i = 0; i < work->ruleset->rule_count; i++)
		if (work->applies[i] && work->ruleset->rule[i]->kind->step == STEP_STATE)
			return true;
	return false;
}

void rules_state_step(struct rules_work *work)
{
	if (!any_applies(work) || !rules_work_columns(work))
		return;
	enforce(work);
	if (!work->full)
		observe(work);
}
