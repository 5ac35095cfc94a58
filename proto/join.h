/* SPDX-License-Identifier: Apache-2.0
 *
 * The baseline of items from the request's candidates. Private to proto/.
 */
#ifndef PROTO_JOIN_H
#define PROTO_JOIN_H

#include "proto/arena.h"
#include "proto/facts.h"

/* Gives each item without a baseline of its own the score of the candidate of the same id: of several the last
 * one, none where that has no score. What the response states counts before what the request does. By sorting:
 * no choice of ids makes it cost more than O(n log n). False: the arena is full. */
MUST_USE bool join_baselines(struct facts *facts, struct arena *arena);

#endif
