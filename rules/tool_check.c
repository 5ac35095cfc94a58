/* SPDX-License-Identifier: Apache-2.0
 *
 * rankguard-rules check: everything that is wrong with the rules.
 */
#include "rules/suit.h"
#include "rules/tool.h"

#include <stdio.h>

static void json_ruleset(struct buf *answer, const struct rules_ruleset *ruleset)
{
	json_key(answer, "name");
	json_string(answer, rules_ruleset_name(ruleset));
	json_key(answer, "version");
	json_string(answer, rules_ruleset_version(ruleset));
	json_key(answer, "digest");
	json_string(answer, rules_ruleset_digest(ruleset));
	json_key(answer, "rules");
	json_uint(answer, rules_ruleset_rule_count(ruleset));
}

static void answer_json(const struct rules_ruleset *ruleset, const struct rules_findings *findings,
			struct buf *answer)
{
	json_open(answer, '{');
	json_key(answer, "ok");
	json_bool(answer, findings->count == findings->notes);
	tool_findings_json(findings, 1, answer);
	if (ruleset)
		json_ruleset(answer, ruleset);
	json_close(answer, '}');
	buf_add_text(answer, "\n");
}

static void answer_text(const struct rules_ruleset *ruleset, const struct rules_findings *findings,
			struct buf *answer)
{
	size_t others = findings->errors + findings->notes;
	size_t warnings = findings->count > others ? findings->count - others : 0;
	tool_findings_print(findings, answer);
	if (ruleset) {
		size_t rules = rules_ruleset_rule_count(ruleset);
		buf_printf(answer, "%.*s %.*s: %zu rule%s, %.*s\n", BYTES_ARG(rules_ruleset_name(ruleset)),
			   BYTES_ARG(rules_ruleset_version(ruleset)), rules, tool_plural(rules),
			   BYTES_ARG(rules_ruleset_digest(ruleset)));
	}
	if (findings->errors || warnings)
		fprintf(stderr, "%zu error%s, %zu warning%s\n", findings->errors,
			tool_plural(findings->errors), warnings, tool_plural(warnings));
}

/* A configuration is read even where the rules cannot be: one run tells everything. */
static void check_suit(const struct rules_ruleset *ruleset, const char *config,
		       struct rules_findings *findings)
{
	struct proto_mapping *mapping = tool_config_mapping(config, findings);
	if (ruleset && mapping)
		rules_suit_check(ruleset, mapping, config, findings);
	proto_mapping_free(mapping);
}

static enum tool_exit run(const struct tool_call *call, struct buf *answer)
{
	struct rules_findings findings = {0};
	struct rules_ruleset *ruleset = rules_ruleset_load(call->path[0], tool_now_ns(), &findings);
	if (call->given[OPTION_CONFIG])
		check_suit(ruleset, call->value[OPTION_CONFIG], &findings);
	if (call->given[OPTION_JSON])
		answer_json(ruleset, &findings, answer);
	else
		answer_text(ruleset, &findings, answer);
	enum tool_exit code = tool_findings_exit(&findings);
	rules_ruleset_drop(ruleset);
	rules_findings_done(&findings);
	return code;
}

const struct tool_verb tool_check = {
	.name = "check",
	.usage = "PATH",
	.help = "says everything that is wrong with the rules at PATH",
	.paths = 1,
	.options = 1u << OPTION_JSON | 1u << OPTION_CONFIG,
	.run = run,
};
