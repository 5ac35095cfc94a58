/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether rules suit a mapping: which of them ask for facts that no method gives, and which would do what the
 * mapping cannot carry out.
 */
#ifndef RULES_SUIT_H
#define RULES_SUIT_H

#include "proto/mapping.h"
#include "rules/ruleset.h"

/* Adds to `findings`, each about a rule and naming the method with its line in `config_path`:
 *   errors    an action that the mapping cannot carry out
 *   warnings  a rule that can never tell, has nothing to judge, or whose narrowing can never be told
 *   notes     places beside an order by score; limits that count history hold within one sidecar */
void rules_suit_check(const struct rules_ruleset *ruleset, const struct proto_mapping *mapping,
		      const char *config_path, struct rules_findings *findings);

#endif
