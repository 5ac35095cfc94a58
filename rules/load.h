/* SPDX-License-Identifier: Apache-2.0
 *
 * The later parts of loading.
 */
#ifndef RULES_LOAD_H
#define RULES_LOAD_H

#include "rules/loaded.h"

/* Parses a file's bytes. False after a finding; *config must be initialised and is destroyed by the caller. */
bool rules_load_parse(const struct source *source, config_t *config, struct rules_findings *findings);

/* What rules and the catalogue say of each other: fallbacks that do not exist, have slots or are missing;
 * phrases that deny an approved text. `unread`: some file is unknown, so that nothing is missed. */
void rules_load_check_texts(struct rules_ruleset *ruleset, bool unread, struct rules_findings *findings);

/* Fallbacks, and other approved texts, that some language rule does not admit. */
void rules_load_check_fallbacks(struct rules_ruleset *ruleset, struct rules_findings *findings);

/* The following look at a ruleset without errors, and warn. `now_ns`: 0 is no time. */

/* Rules that say the same as another one, or never decide because another one allows less. */
void rules_load_check_against(struct rules_ruleset *ruleset, struct rules_findings *findings);

/* Rules whose `when` can never hold, or whose dates are over. */
void rules_load_check_whens(struct rules_ruleset *ruleset, int64_t now_ns, struct rules_findings *findings);

/* Texts that are missing in a locale, and texts that no rule uses. */
void rules_load_check_locales(struct rules_ruleset *ruleset, struct rules_findings *findings);

/* Fills rule->limit. */
void rules_load_describe(struct rule *rule, struct arena *arena);

#endif
