/* SPDX-License-Identifier: Apache-2.0
 *
 * "Did you mean": the nearest of the names that would have been right.
 */
#ifndef PROTO_SUGGEST_H
#define PROTO_SUGGEST_H

#include "proto/bytes.h"

/* A word that is being compared with candidates, one after the other. Start with { .word = ... }. */
struct suggestion {
	struct bytes word;
	struct bytes best; /* absent while no candidate was near enough */
	size_t distance;   /* of the best */
};

/* Keeps `candidate` when it is nearer than what was kept. Near enough: at most one edit in three
 * characters (insert, delete, change, swap of neighbours), at least one edit allowed; case is ignored. */
void suggest_offer(struct suggestion *suggestion, struct bytes candidate);

#endif
