/* SPDX-License-Identifier: Apache-2.0
 *
 * confidence_floor: below a confidence, or when it is not known, nothing is adjusted.
 */
#include "rules/state.h"

#include <math.h>

struct settings {
	struct spot spot;
	struct number min;
};

static const struct key keys[] = {
	{.name = "min",
	 .tighter = TIGHTER_LARGE,
	 .type = KEY_NUMBER,
	 .at = offsetof(struct settings, min),
	 .required = true,
	 .limits = true,
	 .min = 0,
	 .max = 1,
	 .help = "the least confidence with which a response may adjust"},
};

static void evaluate(const struct rule *rule, struct rules_work *work)
{
	const struct settings *settings = rule->settings;
	const struct facts *facts = work->facts;
	bool known = facts->confidence_present && isfinite(facts->confidence);
	if ((known && facts->confidence >= settings->min.value) || rules_work_at_baseline(work))
		return;
	if (known)
		rules_state_find(rule, work, RULES_EXCEEDED, rule->head.action,
				 rules_work_text(work, "confidence %.15g", facts->confidence), NULL, 0);
	else
		rules_state_find(rule, work, RULES_UNKNOWN, rule->head.on_unknown,
				 facts->confidence_present ? BYTES_LITERAL("confidence is not finite")
							   : BYTES_LITERAL("no confidence"),
				 NULL, 0);
}

const struct kind rules_confidence_floor = {
	.name = "confidence_floor",
	.help = "no adjustments below a confidence",
	.example = "min = 0.6;\n"
		   "  reason = \"We adjust only when we are fairly sure.\";",
	.step = STEP_STATE,
	.keys = {keys, KEY_COUNT(keys), sizeof(struct settings)},
	.concerns = FACT_BIT(FACT_ITEMS) | FACT_BIT(FACT_WEIGHTS),
	.needs = FACT_BIT(FACT_CONFIDENCE),
	.actions = {RULES_REVERT, RULES_FLAG},
	.on_unknown = {RULES_REVERT, RULES_FLAG},
	.evaluate = evaluate,
};
