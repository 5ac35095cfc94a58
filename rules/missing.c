/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/missing.h"

#include "rules/work.h"
#include <math.h>

const char *rules_missing_word(unsigned n)
{
	static const char *const words[] = {"last", "allow", "reject"};
	return n < KEY_COUNT(words) ? words[n] : NULL;
}

size_t rules_missing_behind(const struct rules_work *work)
{
	size_t place = work->facts->item_count;
	while (place > 0 && isnan(work->baseline[work->order ? work->order[place - 1] : place - 1]))
		place--;
	return place ? place - 1 : 0;
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

void rules_missing_all(const struct rule *rule, struct rules_work *work)
{
	rules_work_find(work, (struct finding){.rule = rule,
					       .verdict = RULES_UNKNOWN,
					       .action = rule->head.on_unknown == RULES_FLAG ? RULES_FLAG
											     : RULES_REJECT,
					       .type = RULES_TARGET_RESPONSE,
					       .tightness = INFINITY,
					       .observed = BYTES_LITERAL("no item has a baseline")});
}
