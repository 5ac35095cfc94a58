/* SPDX-License-Identifier: Apache-2.0
 *
 * Proposed against governed, as a table that a person can read.
 */
#ifndef EXAMPLE_COMPARE_H
#define EXAMPLE_COMPARE_H

#include "rankguard/v1/ranking.pb-c.h"
#include "sidecar/example/catalogue.h"
#include <stdio.h>

struct compare {
	const struct catalogue *catalogue;
	const Rankguard__V1__RankResponse *proposed, *governed;
	bool identical; /* the governed bytes are the proposed bytes */
	const char *category;
	struct bytes actions, rules, receipt; /* absent when not stated */
};

/* How many of each differ. */
struct compare_counts {
	size_t prompts_proposed, prompts_governed, prompts_changed, scores, places;
};

struct compare_counts compare_count(const struct compare *compare);

/* Items side by side, the weight of `category`, prompts one below the other, then what the sidecar says of
 * it all. A star marks what differs. */
void compare_print(const struct compare *compare, FILE *out);

#endif
