/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/ruleset.h"

#include "rules/loaded.h"
#include <stdlib.h>

struct rules_ruleset *rules_ruleset_hold(struct rules_ruleset *ruleset)
{
	atomic_fetch_add_explicit(&ruleset->references, 1, memory_order_relaxed);
	return ruleset;
}

void rules_ruleset_drop(struct rules_ruleset *ruleset)
{
	if (!ruleset || atomic_fetch_sub_explicit(&ruleset->references, 1, memory_order_acq_rel) != 1)
		return;
	rules_kits_done(&ruleset->kits);
	rules_lexicon_done(ruleset->lexicon);
	arena_done(&ruleset->arena);
	free(ruleset);
}

struct bytes rules_ruleset_name(const struct rules_ruleset *ruleset)
{
	return ruleset->name;
}

struct bytes rules_ruleset_version(const struct rules_ruleset *ruleset)
{
	return ruleset->version;
}

struct bytes rules_ruleset_digest(const struct rules_ruleset *ruleset)
{
	return ruleset->digest;
}

size_t rules_ruleset_source_count(const struct rules_ruleset *ruleset)
{
	return ruleset->sources.count;
}

struct rules_source rules_ruleset_source(const struct rules_ruleset *ruleset, size_t index)
{
	return ruleset->sources.at[index].public;
}

size_t rules_ruleset_rule_count(const struct rules_ruleset *ruleset)
{
	return ruleset->rule_count;
}

const struct rules_rule *rules_ruleset_rule(const struct rules_ruleset *ruleset, size_t index)
{
	return &ruleset->rule[index]->head;
}

int64_t rules_ruleset_longest_window(const struct rules_ruleset *ruleset)
{
	int64_t longest = 0;
	for (size_t i = 0; i < ruleset->rule_count; i++) {
		const struct rule *rule = ruleset->rule[i];
		bool looks = rule->kind->memory && rule->head.mode != RULES_OFF;
		int64_t memory = looks ? rule->kind->memory(rule) : 0;
		longest = memory > longest ? memory : longest;
	}
	return longest;
}

bool rules_ruleset_needs_history(const struct rules_ruleset *ruleset)
{
	for (size_t i = 0; i < ruleset->rule_count; i++) {
		const struct rule *rule = ruleset->rule[i];
		if (rule->kind->step == STEP_STATE && rule->kind->memory && rule->head.mode != RULES_OFF)
			return true;
	}
	return false;
}
