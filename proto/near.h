/* SPDX-License-Identifier: Apache-2.0
 *
 * "did you mean": keeps the nearest of the names that are offered to it.
 *
 *     struct near near = {.wanted = name};
 *     for (...) near_offer(&near, candidate);
 *     if (near_found(&near)) ... near.best
 *
 * Nearness is the number of single-byte edits: insert, delete, change, swap of two neighbours (optimal
 * string alignment). Ties go to the name offered first.
 */
#ifndef PROTO_NEAR_H
#define PROTO_NEAR_H

#include "proto/bytes.h"

struct near {
	struct bytes wanted, best; /* borrowed */
	size_t distance;
};

void near_offer(struct near *near, struct bytes name);

/* True when the nearest is near enough to be what was meant: at most 1 + a third of the name. */
bool near_found(const struct near *near);

#endif
