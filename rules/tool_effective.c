/* SPDX-License-Identifier: Apache-2.0
 *
 * rankguard-rules effective: the merged ruleset as one rule file.
 */
#include "rules/effective.h"
#include "rules/tool.h"

static enum tool_exit run(const struct tool_call *call, struct buf *answer)
{
	struct rules_findings findings = {0};
	struct rules_ruleset *ruleset = rules_ruleset_load(call->path[0], tool_now_ns(), &findings);
	bool json = call->given[OPTION_JSON];
	if (!ruleset && json)
		tool_findings_answer(&findings, 1, answer);
	else
		tool_findings_talk(&findings);
	if (ruleset)
		rules_effective_write(ruleset, json ? EFFECTIVE_JSON : EFFECTIVE_FILE, answer);
	enum tool_exit code = ruleset ? TOOL_YES : tool_findings_exit(&findings);
	rules_ruleset_drop(ruleset);
	rules_findings_done(&findings);
	return code;
}

const struct tool_verb tool_effective = {
	.name = "effective",
	.usage = "PATH",
	.help = "prints the merged ruleset as one rule file",
	.paths = 1,
	.options = 1u << OPTION_JSON,
	.run = run,
};
