/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/rule.h"

const char *rules_mode_name(enum rules_mode mode)
{
	static const char *const names[] = {"enforce", "observe", "off"};
	return names[mode];
}

const char *rules_action_name(enum rules_action action)
{
	static const char *const names[] = {"none",    "flag",	   "reorder", "clamp",
					    "replace", "suppress", "revert",  "reject"};
	return names[action];
}

const char *rules_verdict_name(enum rules_verdict verdict)
{
	static const char *const names[] = {"not_applied", "within", "exceeded", "unknown"};
	return names[verdict];
}
