/* SPDX-License-Identifier: Apache-2.0
 *
 * What stands behind struct rules_ruleset.
 */
#ifndef RULES_LOADED_H
#define RULES_LOADED_H

#include "rules/kind.h"
#include "rules/ruleset.h"
#include "rules/zones.h"
#include <stdatomic.h>

struct rules_ruleset {
	atomic_size_t references;
	struct arena arena; /* everything below lives here, but for the lexicon's database and the kits */
	struct bytes name, version, owner, approved_by, digest;
	struct sources sources;
	struct rule **rule; /* by id; rule[i]->head.index == i */
	size_t rule_count, rule_room;
	struct catalogue catalogue;
	struct lexicon *lexicon;
	struct zones zones;
	struct kits kits; /* lent to calls */
};

/* The private side of a rule that came out of a ruleset. */
static inline const struct rule *rules_rule_of(const struct rules_rule *head)
{
	return (const struct rule *)(const void *)((const char *)head - offsetof(struct rule, head));
}

#endif
