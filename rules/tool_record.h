/* SPDX-License-Identifier: Apache-2.0
 *
 * Records (rules/record.h) read back into what decide looks at.
 */
#ifndef RULES_TOOL_RECORD_H
#define RULES_TOOL_RECORD_H

#include "rules/record.h"
#include "rules/tool_json.h"

struct tool_record {
	struct bytes ruleset; /* digest */
	int64_t now_ns;
	struct facts facts;
	struct rules_given *given;
	size_t given_count;
	bool state_read, history_read;
	struct rules_history state, history;
	enum rules_frequency_end frequency;
	bool observed;
};

/* Texts borrow from `value`; the rest lives in the arena. Unknown members are passed over. False: err names the
 * member that is wrong, or memory is short. */
MUST_USE bool tool_record_read(const json_t *value, struct arena *arena, struct tool_record *record,
			       struct err *err);

#endif
