/* SPDX-License-Identifier: Apache-2.0
 *
 * "Did you mean": the known name that is nearest to a misspelt one. Every table of keys, kinds and options
 * is walked with it:
 *
 *     struct nearest nearest = nearest_to(word);
 *     for (each row) nearest_try(&nearest, row->name);
 *     if (nearest.name) ... did you mean nearest.name ...
 */
#ifndef PROTO_NEAREST_H
#define PROTO_NEAREST_H

#include "proto/bytes.h"

struct nearest {
	struct bytes word; /* borrowed */
	const char *name;  /* NULL while nothing is near enough; borrowed from the caller's table */
	size_t distance;
};

/* Looks for names that are at most a third of the word (and at least one letter) away. */
struct nearest nearest_to(struct bytes word);

/* Takes the name if it is nearer than all before it. */
void nearest_try(struct nearest *nearest, const char *name);

#endif
