/* SPDX-License-Identifier: Apache-2.0
 *
 * For kinds that measure texts: each text that they look at is judged by itself.
 */
#ifndef RULES_PASSAGES_H
#define RULES_PASSAGES_H

#include "rules/work.h"

/* One text: valid UTF-8, not empty. `locale` is the prompt's, or the request's where it has none, as
 * written. */
struct wording {
	struct bytes text, locale;
	enum passage on;
};

/* What is not within goes to *observed, in the arena. */
typedef enum rules_verdict passage_judge(const struct rule *rule, struct rules_work *work,
					 const struct wording *wording, struct bytes *observed);

/* Judges the texts in scope that the rule's settings->on names. Per target: the first text that exceeds
 * becomes a finding, and the first that cannot be told; invalid UTF-8 cannot. */
void rules_passages_evaluate(const struct rule *rule, struct rules_work *work, passage_judge *judge);

#endif
