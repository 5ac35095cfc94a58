/* SPDX-License-Identifier: Apache-2.0
 *
 * Step 1, the user's state, and what its kinds share. They ask for the baseline: a response that equals the
 * baseline it states is within each of them.
 */
#ifndef RULES_STATE_H
#define RULES_STATE_H

#include "rules/work.h"

/* Adds the finding that the response as a whole is not the baseline. */
void rules_state_find(const struct rule *rule, struct rules_work *work, enum rules_verdict verdict,
		      enum rules_action action, struct bytes observed, uint64_t *evidence,
		      size_t evidence_count);

#endif
