/* SPDX-License-Identifier: Apache-2.0
 *
 * A path: a text such as "groups[].hits[]" or "metadata['score'].number_value", compiled against a message of a
 * schema into steps of field numbers.
 *
 *   path     = part *( "." part )
 *   part     = name *( "[]" | "[" number "]" | "['" key "']" )
 *
 *   name     a field; of a oneof's members the last one on the wire counts
 *   []       every element of a list; at the end of a path the list's name alone says the same
 *   [n]      the element number n of a list, from 0; of a map with numbers as keys: the value of n
 *   ['k']    the value of a map's key; of keys that come twice the last one counts
 *
 * The well-known types need no further words: a wrapper (google.protobuf.DoubleValue) is read through its
 * `value`; a Struct and a Value take keys, a ListValue and a Value take numbers; a Value at the end is read as what
 * is wanted: number_value, string_value or bool_value. An Any is opaque.
 *
 * Immutable after it was compiled; lives in the arena it was compiled into, borrows from the schema.
 */
#ifndef PROTO_PATH_H
#define PROTO_PATH_H

#include "proto/arena.h"
#include "proto/schema.h"

enum {
	PROTO_PATH_STEPS = 24,
	PROTO_PATH_INDEX_MAX = 1000000, /* [n] */
};

/* What a wrapper or Value at the end of a path is read as. LIST: as the message that it is. */
enum proto_path_want { PATH_WANT_TEXT, PATH_WANT_NUMBER, PATH_WANT_BOOL, PATH_WANT_LIST };

/* Which occurrences of a step's field are meant. */
enum proto_pick {
	PICK_FIELD, /* the field is single: its pieces merge, its last value wins */
	PICK_EACH,  /* every element of a list */
	PICK_INDEX, /* one element of a list */
	PICK_KEY,   /* the last entry of a map that has the key; the next step is the entry's value */
};

struct proto_step {
	const struct proto_field *field;
	enum proto_pick pick;
	uint32_t index;	     /* INDEX */
	struct bytes key;    /* KEY of a map with texts as keys, or */
	uint64_t key_number; /* with numbers: as it stands on the wire */
	/* The other members of the same oneof: when one of them comes later on the wire, this field counts
	 * no more. */
	const struct proto_field **rival;
	size_t rival_count;
};

struct proto_path {
	const char *text; /* as written */
	struct proto_step *step;
	size_t count; /* at least 1 */
	bool listed;  /* some step before the last is EACH */
};

/* Returns the path, in the arena; NULL and err as `path "x.y": what is wrong; what would be right`. */
MUST_USE const struct proto_path *proto_path_compile(const struct proto_message *root, const char *text,
						     enum proto_path_want want, struct arena *arena,
						     struct err *err);

/* The field that the path ends at. */
const struct proto_field *proto_path_leaf(const struct proto_path *path);

/* Does the path end at a list, all of whose elements are meant? */
bool proto_path_ends_in_list(const struct proto_path *path);

/* Do both mean the same occurrences of the same field? */
bool proto_step_equal(const struct proto_step *a, const struct proto_step *b);

#endif
