/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/missing.h"

#include "rules/work.h"
#include <math.h>

const char *rules_missing_word(unsigned n)
{
	static const char *const words[] = {"last", "allow", "reject"};
	return n < KEY_COUNT(words) ? words[n] : NULL;
}

size_t rules_missing_behind(const struct rules_work *work, size_t from, size_t to)
{
	while (to > from && isnan(work->baseline[work->order ? work->order[to - 1] : to - 1]))
		to--;
	return to > from ? to - 1 : from;
}

static void find(const struct rule *rule, struct rules_work *work, enum rules_action action,
		 enum rules_target_type type, size_t item, const char *observed)
{
	rules_work_find(work,
			(struct finding){.rule = rule,
					 .verdict = RULES_UNKNOWN,
					 .action = rule->head.action == RULES_FLAG ? RULES_FLAG : action,
					 .type = type,
					 .index = item,
					 .tightness = INFINITY,
					 .observed = bytes_of(observed)});
}

void rules_missing_judge(const struct rule *rule, struct rules_work *work, enum rules_missing missing,
			 size_t item, bool before_others)
{
	switch (missing) {
	case MISSING_ALLOW:
		break;
	case MISSING_LAST:
		if (before_others)
			find(rule, work, RULES_REORDER, RULES_TARGET_ITEM, item, "an item has no baseline");
		break;
	case MISSING_REJECT:
		find(rule, work, RULES_REJECT, RULES_TARGET_ITEM, item, "an item has no baseline");
		break;
	}
}

static bool some_in_each_list(const struct rules_work *work)
{
	for (size_t from = 0, to; from < work->facts->item_count; from = to) {
		to = rules_work_list_end(work->facts, from);
		if (rules_work_baselines(work, from, to) == 0)
			return false;
	}
	return true;
}

bool rules_missing_some(const struct rule *rule, struct rules_work *work)
{
	if (work->facts->item_count == 0 || some_in_each_list(work))
		return work->facts->item_count > 0;
	rules_work_find(work, (struct finding){.rule = rule,
					       .verdict = RULES_UNKNOWN,
					       .action = rule->head.on_unknown == RULES_FLAG ? RULES_FLAG
											     : RULES_REJECT,
					       .type = RULES_TARGET_RESPONSE,
					       .tightness = INFINITY,
					       .observed = BYTES_LITERAL("no item has a baseline")});
	return work->baseline_count > 0;
}
