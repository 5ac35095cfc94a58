/* SPDX-License-Identifier: Apache-2.0
 *
 * One rule as everybody outside rules/ sees it. Lives as long as its ruleset.
 */
#ifndef RULES_RULE_H
#define RULES_RULE_H

#include "proto/bytes.h"
#include <stdint.h>

enum rules_mode { RULES_ENFORCE, RULES_OBSERVE, RULES_OFF };

/* In order of strength: of several findings on one thing the strongest action wins. */
enum rules_action {
	RULES_NONE,
	RULES_FLAG,
	RULES_REORDER,
	RULES_CLAMP,
	RULES_REPLACE,
	RULES_SUPPRESS,
	RULES_REVERT,
	RULES_REJECT,
};

/* What a rule says of one response. UNKNOWN: "cannot tell", which is never "allowed". NOT_APPLIED: `when`,
 * dates or mode kept it out. */
enum rules_verdict { RULES_NOT_APPLIED, RULES_WITHIN, RULES_EXCEEDED, RULES_UNKNOWN };

const char *rules_mode_name(enum rules_mode mode);	    /* "enforce" */
const char *rules_action_name(enum rules_action action);    /* "clamp" */
const char *rules_verdict_name(enum rules_verdict verdict); /* "within" */

struct rules_rule {
	size_t index; /* position in the ruleset, by id */
	struct bytes id, kind, reason, reference, owner;
	struct bytes file; /* base name of the rule file */
	unsigned line;	   /* where the rule's id stands */
	enum rules_mode mode;
	enum rules_action action;
	enum rules_action on_unknown;
};

#endif
