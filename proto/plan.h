/* SPDX-License-Identifier: Apache-2.0
 *
 * A plan: all paths of one message type merged into one tree, so that one forward scan serves them all. A
 * node stands for one message; its entries say what to do with a field number: hand the value to a fact, go
 * inside, begin a record of a list, or take back what a rival of the same oneof has said.
 *
 * Immutable once built; lives in the mapping's arena.
 */
#ifndef PROTO_PLAN_H
#define PROTO_PLAN_H

#include "proto/fact.h"
#include "proto/path.h"
#include "proto/wire.h"

enum plan_action {
	PLAN_NOTHING, /* only `takes_back` counts */
	PLAN_LEAF,    /* the value is `fact` */
	PLAN_ENTER,   /* a single message: `child`, same record */
	PLAN_LIST,    /* each element begins a record of `list` at `child` */
};

/* Leaves that most fields of most messages are, so that they are read without further questions. */
enum plan_quick { PLAN_SLOW, PLAN_QUICK_TEXT, PLAN_QUICK_DOUBLE };

struct plan_entry {
	uint32_t number;
	enum plan_action action;
	const struct proto_field *field;
	enum wire_type wire; /* of one value, unpacked */
	enum plan_quick quick;
	enum proto_fact fact;
	enum proto_record record; /* the record that the field stands in */
	enum proto_record list;
	struct plan_node *child;
	struct plan_entry **takes_back; /* rivals; NULL-terminated, or NULL */
	struct plan_entry *next;	/* the next entry with the same number */
};

/* A fact that is the same in each record. */
struct plan_constant {
	enum proto_fact fact;
	struct bytes text; /* TEXT */
	unsigned kind;	   /* KIND */
	const struct plan_constant *next;
};

enum { PLAN_DIRECT = 32 };

struct plan_node {
	struct plan_entry *direct[PLAN_DIRECT]; /* by number, for small numbers */
	struct plan_entry **entry;		/* in the order they were added: one for each number */
	size_t count, room;
	enum proto_fact *zero; /* numbers without presence: 0 and present once the message is there */
	size_t zero_count;
	const struct plan_constant *constant; /* of the record that begins here */
	bool lists;			      /* some PLAN_LIST is here, or in a message entered from here */
};

struct plan_node *plan_node_new(struct arena *arena);

/* Adds the path of `fact`, which begins at `node` in `record`. For a list *child becomes the node of its
 * elements. `zero`: zero means something to this KIND fact. False and err when memory is short or when two lists would share one field. */
MUST_USE bool plan_add(struct plan_node *node, enum proto_fact fact, const struct proto_path *path, bool zero,
		       struct arena *arena, struct plan_node **child, struct err *err);

/* The first entry of a number, NULL when the field concerns nobody. */
static inline const struct plan_entry *plan_find(const struct plan_node *node, uint32_t number)
{
	if (number < PLAN_DIRECT)
		return node->direct[number];
	for (size_t i = 0; i < node->count; i++)
		if (node->entry[i]->number == number)
			return node->entry[i];
	return NULL;
}

/* The entry of a number that has a message inside, NULL when there is none. */
const struct plan_entry *plan_find_message(const struct plan_node *node, uint32_t number);

#endif
