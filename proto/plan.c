/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/plan.h"

#include "proto/scalar.h"

struct plan_node *plan_node_new(struct arena *arena)
{
	return arena_zalloc(arena, 1, sizeof(struct plan_node));
}

const struct plan_entry *plan_find_message(const struct plan_node *node, uint32_t number)
{
	const struct plan_entry *entry = plan_find(node, number);
	while (entry && !entry->child)
		entry = entry->next;
	return entry;
}

/* One more entry of a field, at the end of the chain of its number. */
static struct plan_entry *add_entry(struct plan_node *node, const struct proto_field *field,
				    struct arena *arena)
{
	struct plan_entry *entry = arena_zalloc(arena, 1, sizeof *entry);
	struct plan_entry **grown = node->entry;
	if (node->count == node->room) {
		size_t room = node->room ? node->room * 2 : 8;
		grown = arena_array(arena, room, sizeof *grown);
		if (grown && node->count)
			memcpy(grown, node->entry, node->count * sizeof *grown);
		node->room = grown ? room : node->room;
	}
	if (!entry || !grown)
		return NULL;
	node->entry = grown;
	*entry = (struct plan_entry){
		.number = field->number, .field = field, .wire = scalar_wire_type(field->type)};
	struct plan_entry *last = (struct plan_entry *)plan_find(node, field->number);
	while (last && last->next)
		last = last->next;
	if (last)
		last->next = entry;
	else
		node->entry[node->count++] = entry;
	if (!last && field->number < PLAN_DIRECT)
		node->direct[field->number] = entry;
	return entry;
}

/* When `rival` is seen, what `entry` has said counts no more. */
static bool add_rival(struct plan_node *node, struct plan_entry *entry, const struct proto_field *rival,
		      struct arena *arena)
{
	struct plan_entry *from = (struct plan_entry *)plan_find(node, rival->number);
	if (!from)
		from = add_entry(node, rival, arena);
	size_t count = 0;
	while (from && from->takes_back && from->takes_back[count])
		if (from->takes_back[count++] == entry)
			return true;
	struct plan_entry **all = arena_zalloc(arena, count + 2, sizeof(struct plan_entry *));
	if (!from || !all)
		return false;
	if (count)
		memcpy(all, from->takes_back, count * sizeof(struct plan_entry *));
	all[count] = entry;
	from->takes_back = all;
	return true;
}

static bool add_rivals(struct plan_node *node, struct plan_entry *entry, const struct proto_step *step,
		       struct arena *arena)
{
	bool good = entry;
	for (size_t i = 0; good && i < step->rival_count; i++)
		good = add_rival(node, entry, step->rival[i], arena);
	return good;
}

/* The node inside a single message: made once, shared by all paths through it. */
static struct plan_node *enter(struct plan_node *node, const struct proto_step *step,
			       enum proto_record record, struct arena *arena)
{
	for (struct plan_entry *entry = (struct plan_entry *)plan_find(node, step->field->number); entry;
	     entry = entry->next)
		if (entry->action == PLAN_ENTER)
			return entry->child;
	struct plan_entry *entry = add_entry(node, step->field, arena);
	struct plan_node *child = plan_node_new(arena);
	if (!entry || !child)
		return NULL;
	entry->action = PLAN_ENTER;
	entry->record = record;
	entry->child = child;
	return add_rivals(node, entry, step, arena) ? child : NULL;
}

static bool add_zero(struct plan_node *node, enum proto_fact fact, struct arena *arena)
{
	enum proto_fact *all = arena_array(arena, node->zero_count + 1, sizeof *all);
	if (!all)
		return false;
	if (node->zero_count)
		memcpy(all, node->zero, node->zero_count * sizeof *all);
	all[node->zero_count++] = fact;
	node->zero = all;
	return true;
}

/* Numbers, and texts made of integers, are there at zero when their message is. */
static bool has_zero(const struct proto_field *field, enum fact_type type, bool zero)
{
	return !field->presence && !field->repeated &&
	       (zero || type == FACT_NUMBER ||
		(type == FACT_TEXT && field->type != PROTO_STRING && field->type != PROTO_ENUM));
}

static enum plan_quick quick_of(const struct proto_field *field, enum fact_type type)
{
	if (type == FACT_TEXT && field->type == PROTO_STRING)
		return PLAN_QUICK_TEXT;
	return type == FACT_NUMBER && field->type == PROTO_DOUBLE ? PLAN_QUICK_DOUBLE : PLAN_SLOW;
}

static bool add_leaf(struct plan_node *node, enum proto_fact fact, const struct proto_step *step, bool zero,
		     struct arena *arena, struct plan_node **child)
{
	const struct fact_row *row = &fact_rows[fact];
	struct plan_entry *entry = add_entry(node, step->field, arena);
	if (!entry)
		return false;
	entry->action = row->type == FACT_LIST ? PLAN_LIST : PLAN_LEAF;
	entry->quick = quick_of(step->field, row->type);
	entry->fact = fact;
	entry->record = row->record;
	if (row->type == FACT_LIST) {
		entry->list = row->list;
		entry->child = *child = plan_node_new(arena);
		if (!entry->child)
			return false;
	}
	if (has_zero(step->field, row->type, zero) && !add_zero(node, fact, arena))
		return false;
	return add_rivals(node, entry, step, arena);
}

bool plan_add(struct plan_node *node, enum proto_fact fact, const struct proto_path *path, bool zero,
	      struct arena *arena, struct plan_node **child, struct err *err)
{
	const struct fact_row *row = &fact_rows[fact];
	bool list = row->type == FACT_LIST;
	for (size_t i = 0; node && i < path->count; i++) {
		node->lists |= list;
		if (i + 1 < path->count)
			node = enter(node, &path->step[i], row->record, arena);
	}
	const struct proto_step *last = &path->step[path->count - 1];
	if (node && list && plan_find_message(node, last->field->number))
		return err_set(err, "path \"%s\": another list has this field; each list needs its own",
			       path->text);
	return (node && add_leaf(node, fact, last, zero, arena, child)) || err_set(err, "no memory");
}
