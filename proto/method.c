/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/method.h"

#include "proto/scalar.h"

struct bytes proto_method_name(const struct proto_method *method)
{
	return method->name;
}

enum proto_method_role proto_method_role(const struct proto_method *method)
{
	return method->role;
}

bool proto_method_request_streams(const struct proto_method *method)
{
	return method->request_streams;
}

bool proto_method_response_streams(const struct proto_method *method)
{
	return method->response_streams;
}

enum facts_order proto_method_order(const struct proto_method *method)
{
	return method->order;
}

bool proto_method_maps(const struct proto_method *method, enum proto_fact fact)
{
	const struct proto_source *source = method->source;
	if (fact == FACT_ITEM_BASELINE && method->path[FACT_ITEM_ID] && method->path[FACT_CANDIDATE_ID] &&
	    method->path[FACT_CANDIDATE_SCORE])
		return true;
	while (source && source->fact != fact)
		source = source->next;
	return method->path[fact] || method->constant[fact] || source;
}

bool proto_method_writes_kind(const struct proto_method *method, enum proto_fact fact, unsigned kind)
{
	if (method->constant[fact])
		return method->constant[fact]->kind == kind;
	return !method->translation[fact] || translation_back(method->translation[fact], kind);
}

unsigned proto_method_line(const struct proto_method *method)
{
	return method->line;
}

/* --- what patch can write --- */

/* Why nothing can be written where the path leads; NULL: it can. */
static const char *unreachable(const struct proto_path *path)
{
	const struct proto_step *last = &path->step[path->count - 1];
	for (size_t i = 0; i < path->count; i++)
		if (path->step[i].pick == PICK_INDEX && path->step[i].index > 0)
			return "it names an element behind the first, which cannot be made where it is "
			       "missing";
	if (path->listed)
		return "it leads through a list, and where in it to write is not said";
	return last->pick == PICK_INDEX ? "it names an element of a list of plain values" : NULL;
}

const char *proto_method_unwritable(const struct proto_method *method, enum proto_fact fact)
{
	const struct proto_path *path = method->path[fact];
	const struct fact_row *row = &fact_rows[fact];
	const char *why = path ? unreachable(path) : NULL;
	if (!path || (row->type == FACT_LIST && fact != FACT_CHOICES))
		return NULL;
	enum proto_type type = proto_path_leaf(path)->type;
	if (!why && row->type == FACT_NUMBER && type != PROTO_FLOAT && type != PROTO_DOUBLE)
		return "its field holds whole numbers, and what rules set are fractions";
	return why;
}

const char *proto_method_path(const struct proto_method *method, enum proto_fact fact, unsigned *line)
{
	*line = method->path_line[fact];
	return method->path[fact] ? method->path[fact]->text : NULL;
}

/* --- the same mapping, read again --- */

static bool equal_enums(const struct proto_enum *a, const struct proto_enum *b)
{
	bool same = !a == !b && (!a || (a->value_count == b->value_count && a->closed == b->closed));
	for (size_t i = 0; same && a && i < a->value_count; i++)
		same = a->value[i].number == b->value[i].number &&
		       bytes_equal(a->value[i].name, b->value[i].name);
	return same;
}

static bool equal_fields(const struct proto_field *a, const struct proto_field *b)
{
	return a->number == b->number && a->type == b->type && a->repeated == b->repeated &&
	       a->presence == b->presence && equal_enums(a->enumeration, b->enumeration);
}

static bool equal_paths(const struct proto_path *a, const struct proto_path *b)
{
	bool same = !a == !b && (!a || (strcmp(a->text, b->text) == 0 && a->count == b->count));
	for (size_t i = 0; same && a && i < a->count; i++) {
		same = equal_fields(a->step[i].field, b->step[i].field) &&
		       a->step[i].rival_count == b->step[i].rival_count;
		for (size_t r = 0; same && r < a->step[i].rival_count; r++)
			same = equal_fields(a->step[i].rival[r], b->step[i].rival[r]);
	}
	return same;
}

static bool equal_constants(const struct plan_constant *a, const struct plan_constant *b)
{
	return !a == !b && (!a || (a->kind == b->kind && bytes_equal(a->text, b->text)));
}

static bool equal_sources(const struct proto_source *a, const struct proto_source *b)
{
	for (; a && b; a = a->next, b = b->next)
		if (a->fact != b->fact || strcmp(a->text, b->text) != 0 || !equal_paths(a->path, b->path))
			return false;
	return !a && !b;
}

bool proto_method_equal(const struct proto_method *a, const struct proto_method *b)
{
	bool same = bytes_equal(a->name, b->name) && a->role == b->role && a->order == b->order &&
		    a->request_streams == b->request_streams && a->response_streams == b->response_streams &&
		    equal_sources(a->source, b->source);
	for (size_t fact = 0; same && fact < PROTO_FACTS; fact++)
		same = equal_paths(a->path[fact], b->path[fact]) &&
		       equal_constants(a->constant[fact], b->constant[fact]) &&
		       translation_equal(a->translation[fact], b->translation[fact]);
	return same;
}
