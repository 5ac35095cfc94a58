/* SPDX-License-Identifier: Apache-2.0
 *
 * A spot: where on the wire the value of one path stands in one record, as a parser would see it. Private
 * to proto/.
 *
 * Last value wins, pieces of a single message merge, and a later rival of the same oneof takes back what
 * stood before it. When the value is absent, the spot is the message where it belongs: the innermost one on
 * its path that is there.
 */
#ifndef PROTO_SPOT_H
#define PROTO_SPOT_H

#include "proto/path.h"
#include "proto/splice.h"

struct spot {
	bool found;
	struct wire_field leaf; /* found: the occurrence that counts */
	size_t depth;		/* not found: path->step[0..depth) are there */
	size_t body, end;	/* of the innermost message on the path that is there, in the message */
};

/* Looks in the record whose body is [from, end) of the message. The record was viewed: it is well-formed. */
struct spot spot_find(const struct proto_path *path, struct bytes message, size_t from, size_t end);

/* Cuts every occurrence of the path's field in the record, and those of its dead rivals, so that nothing
 * old comes back to life. False: the arena is full. */
MUST_USE bool spot_clear(const struct proto_path *path, struct splices *list, size_t from, size_t end);

#endif
