/* SPDX-License-Identifier: Apache-2.0
 *
 * The key of one entry of a map on the wire. Private to proto/.
 *
 * An entry is a message of its own: its value may stand before its key, the key may come twice, where the
 * last one counts, and is zero or empty where it is not there.
 */
#ifndef PROTO_MAP_KEY_H
#define PROTO_MAP_KEY_H

#include "proto/path.h"
#include "proto/wire.h"

struct map_key {
	struct bytes text; /* maps with texts as keys */
	uint64_t number;   /* the others: the bits that count */
};

/* The key of an entry of `map`. `cursor` (NULL is fine) tells whether the entry is well-formed. */
struct map_key map_key_of(const struct proto_field *map, struct bytes entry, struct wire_cursor *cursor);

/* Is it the entry of the step's key? */
bool map_key_is(const struct proto_step *step, struct bytes entry, struct wire_cursor *cursor);

/* An order, and equality: <0, 0, >0. */
int map_key_compare(const struct map_key *a, const struct map_key *b);

#endif
