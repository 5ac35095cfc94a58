/* SPDX-License-Identifier: Apache-2.0
 *
 * Step 5: prompt frequency. In position order, one prompt is admitted if every frequency rule admits it,
 * given those admitted before.
 */
#include "rules/work.h"

/* The prompt that is judged stands alone in work->scope. */
static const struct finding *strongest(const struct rules_work *work)
{
	const struct finding *best = NULL;
	for (size_t i = 0; i < work->finding_count; i++)
		if (work->finding[i].action > RULES_FLAG &&
		    (!best || rules_work_beats(&work->finding[i], best)))
			best = &work->finding[i];
	return best;
}

static void admit(struct rules_work *work, size_t prompt)
{
	work->scope = (struct scope){prompt, prompt + 1, false};
	rules_work_judge(work, STEP_FREQUENCY, false);
	const struct finding *finding = strongest(work);
	rules_work_record_flags(work);
	if (finding) {
		rules_work_record(work, finding, RULES_SUPPRESS, rules_work_target(work, finding));
		work->prompt[prompt].dropped = true;
	} else {
		work->admitted[work->admitted_count++] = prompt;
	}
}

/* What observing rules say of the prompts that leave. */
static void observe(struct rules_work *work, size_t prompt)
{
	work->scope = (struct scope){prompt, prompt + 1, false};
	rules_work_judge(work, STEP_FREQUENCY, true);
	for (size_t i = 0; i < work->finding_count && !work->full; i++)
		rules_work_record(work, &work->finding[i], work->finding[i].action,
				  rules_work_target(work, &work->finding[i]));
	work->admitted[work->admitted_count++] = prompt;
}

void rules_frequency_step(struct rules_work *work)
{
	size_t count = work->facts->prompt_count;
	work->admitted = rules_work_alloc(work, count, sizeof *work->admitted);
	work->admitted_count = 0;
	work->scope = (struct scope){0, 0, false};
	rules_work_judge(work, STEP_FREQUENCY, false); /* rules that apply are within, also without prompts */
	rules_work_judge(work, STEP_FREQUENCY, true);
	for (size_t i = 0; i < count && !work->full; i++)
		if (!work->prompt[i].dropped)
			admit(work, i);
	work->admitted_count = 0;
	for (size_t i = 0; i < count && !work->full; i++)
		if (!work->prompt[i].dropped)
			observe(work, i);
}
