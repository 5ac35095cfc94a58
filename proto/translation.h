/* SPDX-License-Identifier: Apache-2.0
 *
 * A translation: what the values of a recommender's own field mean as kinds (of signals, prompts, choices).
 *
 *   kinds = ( { from = "thumbs_down"; to = "dissatisfied"; }, { from = "7"; to = "opt_out"; } );
 *
 * `from` is a text for string fields, the name of a value or a number for enums, a number for integers; `to`
 * is a kind's name (proto/facts.h). What stands in no line is absent where it is zero or empty, and "other"
 * elsewhere: canonical numbers do not count beside a translation. Where the field is without presence, zero
 * means what a line says of it, also when it is not on the wire.
 *
 * Immutable after it was compiled; lives in the mapping's arena and borrows from its schema.
 */
#ifndef PROTO_TRANSLATION_H
#define PROTO_TRANSLATION_H

#include "proto/arena.h"
#include "proto/fact.h"
#include "proto/schema.h"

enum { PROTO_KINDS_MAX = 256 };

/* One line as it was read. */
struct proto_kind_pair {
	const char *from, *to;
	unsigned line; /* of the configuration */
};

struct proto_kind_pairs {
	const struct proto_kind_pair *pair;
	size_t count;  /* 0: there is no translation */
	unsigned line; /* of the configuration */
};

struct translation_line {
	struct bytes text; /* string fields: the value */
	int64_t number;	   /* the others */
	unsigned kind;
};

struct translation {
	struct translation_line *line;
	size_t count;
	unsigned zero;	/* the kind of 0; 0 where no line says it */
	unsigned other; /* the kind that stands for all others */
};

/* Returns the translation, in the arena. NULL and err as `kinds: what is wrong; what would be right`; *line is
 * then the configuration's. */
MUST_USE const struct translation *translation_compile(enum proto_fact fact, const struct proto_field *field,
						       const struct proto_kind_pairs *pairs,
						       struct arena *arena, unsigned *line, struct err *err);

/* The kind of a value: `number`, or `text` of a string field. */
unsigned translation_kind(const struct translation *translation, const struct proto_field *field,
			  struct bytes text, int64_t number);

/* The first line that gives the kind, which is what patch writes; NULL: none. */
const struct translation_line *translation_back(const struct translation *translation, unsigned kind);

/* Do both say the same? NULL is none. */
bool translation_equal(const struct translation *a, const struct translation *b);

#endif
