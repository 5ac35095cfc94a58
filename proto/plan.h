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
	PLAN_ENTER,   /* a message that `pick` means: `child`, same record */
	PLAN_LIST,    /* each element begins a record of `list` at `child` */
};

/* Leaves that most fields of most messages are, so that they are read without further questions. */
enum plan_quick { PLAN_SLOW, PLAN_QUICK_TEXT, PLAN_QUICK_DOUBLE };

enum {
	PLAN_DIRECT = 32, /* numbers that are looked up directly */
	PLAN_SLOTS = 32,  /* [n] in the paths of one method */
	PLAN_LEVELS = 8,  /* lists around each other */
};

struct plan_entry {
	uint32_t number;
	enum plan_action action;
	const struct proto_step *step; /* LEAF and ENTER: which occurrences are meant */
	enum proto_pick pick;	       /* step's; FIELD where all of them are */
	uint32_t slot;		       /* INDEX: of the count of elements seen */
	uint32_t level;		       /* of the node that it is in */
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

struct plan_node {
	struct plan_entry *direct[PLAN_DIRECT]; /* by number, for small numbers */
	struct plan_entry **entry;		/* in the order they were added: one for each number */
	size_t count, room;
	enum proto_fact *zero; /* numbers without presence: 0 and present once the message is there */
	size_t zero_count;
	const struct plan_constant *constant; /* of the record that begins here */
	bool lists;			      /* some PLAN_LIST is here, or in a message entered from here */
	/* Lists around this node within its record: a list inside a list begins anew for each element. */
	uint32_t level;
	struct plan_node *scope; /* where counts of elements begin anew: the record, or the innermost list */
	uint32_t slots;		 /* of a scope: a bit for each */
	uint32_t *all_slots;	 /* how many there are in the method */
};

/* The node of a record. `all_slots` (kept): how many the method has. */
struct plan_node *plan_node_new(uint32_t *all_slots, struct arena *arena);

/* Adds the path of `fact`, which begins at `node` in `record`. For a list *child becomes the node of its
 * elements. `zero`: zero means something to this KIND fact. False and err when memory is short, when two lists
 * would share one field, or beyond the limits above. */
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

#endif
