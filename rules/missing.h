/* SPDX-License-Identifier: Apache-2.0
 *
 * missing_baseline: what a rule does with single items that have no baseline while others have one. A key of
 * score_bound, rank_shift and retain_top.
 */
#ifndef RULES_MISSING_H
#define RULES_MISSING_H

#include "rules/keys.h"

struct rule;
struct rules_work;

enum rules_missing { MISSING_LAST, MISSING_ALLOW, MISSING_REJECT };

#define MISSING_KEY(settings)                                                                                \
	{                                                                                                    \
		.name = "missing_baseline", .type = KEY_WORD, .at = offsetof(settings, missing),             \
		.word = rules_missing_word, .standard = "last",                                              \
		.help = "single items without a baseline: last (behind all that have one), allow, reject"    \
	}

const char *rules_missing_word(unsigned n);

/* Of the list at places [from, to): that of the last item that has a baseline, before which nothing may stand that
 * must be last; `from`: there is none. */
size_t rules_missing_behind(const struct rules_work *work, size_t from, size_t to);

/* Judges one item without a baseline. */
void rules_missing_judge(const struct rule *rule, struct rules_work *work, enum rules_missing missing,
			 size_t item, bool before_others);

/* False: there is nothing to judge. Where no item of some list has a baseline, there is nothing to measure against, or
 * to go back to: finds "no item has a baseline", and the other lists are judged. */
bool rules_missing_some(const struct rule *rule, struct rules_work *work);

#endif
