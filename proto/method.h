/* SPDX-License-Identifier: Apache-2.0
 *
 * One method of a mapping, as view and patch use it. Private to proto/.
 */
#ifndef PROTO_METHOD_H
#define PROTO_METHOD_H

#include "proto/mapping.h"
#include "proto/plan.h"

/* One more place where a text of the request or signal may come from: one of header, constant and plan. */
struct proto_source {
	enum proto_fact fact;
	const char *text; /* as written */
	struct bytes header, constant;
	const struct proto_path *path;
	struct plan_node *plan; /* of nothing but the path */
	struct proto_source *next;
};

struct proto_method {
	struct bytes name; /* first: methods are sorted and found by name */
	enum proto_method_role role;
	enum facts_order order;
	bool request_streams, response_streams;
	unsigned line;					    /* of the configuration; 0: built in */
	unsigned path_line[PROTO_FACTS];		    /* the same of each path */
	const struct proto_path *path[PROTO_FACTS];	    /* NULL where not mapped */
	const struct translation *translation[PROTO_FACTS]; /* NULL: kinds stand by their own numbers */
	const struct plan_constant *constant[PROTO_FACTS];  /* NULL where the fact is no constant */
	struct proto_source *source;			    /* asked in this order, after the paths */
	uint32_t slots;					    /* of [n] in all paths */
	/* The plan of each record, NULL where not mapped. Those of lists hang in their parents' plans, too. */
	struct plan_node *plan[PROTO_RECORDS];
};

/* What the field of a fact must be, in words of an error; NULL: it is. `many`: all elements of lists are meant. */
const char *proto_method_wanted(enum proto_fact fact, const struct proto_field *field, bool many);

/* Do both say the same? Lines make no difference. */
bool proto_method_equal(const struct proto_method *a, const struct proto_method *b);

#endif
