/* SPDX-License-Identifier: Apache-2.0
 *
 * A path: a text such as "product.id", compiled against a message of a schema into steps of field numbers.
 * What a path can say now: field names joined by dots, where all but the last are single messages. Lists
 * are no part of a path: a list has a path of its own, and the paths of what is in it begin at its element.
 *
 * Immutable after it was compiled; lives in the arena it was compiled into, borrows from the schema.
 */
#ifndef PROTO_PATH_H
#define PROTO_PATH_H

#include "proto/arena.h"
#include "proto/schema.h"

enum { PROTO_PATH_STEPS = 16 };

struct proto_step {
	const struct proto_field *field;
	/* The other members of the same oneof: when one of them comes later on the wire, this field counts
	 * no more. */
	const struct proto_field **rival;
	size_t rival_count;
};

struct proto_path {
	const char *text; /* as written */
	struct proto_step *step;
	size_t count; /* at least 1 */
};

/* Returns the path, in the arena; NULL and err as `path "x.y": what is wrong; what would be right`. */
MUST_USE const struct proto_path *proto_path_compile(const struct proto_message *root, const char *text,
						     struct arena *arena, struct err *err);

/* The field that the path ends at. */
const struct proto_field *proto_path_leaf(const struct proto_path *path);

#endif
