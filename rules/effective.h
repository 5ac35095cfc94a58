/* SPDX-License-Identifier: Apache-2.0
 *
 * The merged ruleset written out again, by the same key tables that read it. As a rule file it loads to the
 * same rules: phrases of files stand in it, defaults are spelt out.
 */
#ifndef RULES_EFFECTIVE_H
#define RULES_EFFECTIVE_H

#include "proto/buf.h"
#include "rules/keys.h"
#include "rules/ruleset.h"

enum effective_form { EFFECTIVE_FILE, EFFECTIVE_JSON };

void rules_effective_write(const struct rules_ruleset *ruleset, enum effective_form form, struct buf *out);

/* One value of a key table: whether it stands there, and what it is, in JSON on one line. */
bool rules_effective_has(const struct key *key, const void *at);
void rules_effective_value(const struct key *key, const void *at, struct buf *out);

#endif
