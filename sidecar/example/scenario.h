/* SPDX-License-Identifier: Apache-2.0
 *
 * The demo's story: one person browses, complains, closes a prompt, complains more and opts out. After
 * each step on which a ranking is shown, what the recommender proposed stands beside what arrived.
 */
#ifndef EXAMPLE_SCENARIO_H
#define EXAMPLE_SCENARIO_H

#include "sidecar/example/client.h"
#include "sidecar/example/proposal.h"
#include <stdio.h>

struct scenario {
	const char *session; /* a new name is a new story for sidecar and recommender */
	int64_t timeout_ms;
};

/* False: a call failed; err says which. */
MUST_USE bool scenario_run(struct client *client, struct proposal_reader *proposals,
			   const struct scenario *scenario, FILE *out, struct err *err);

#endif
