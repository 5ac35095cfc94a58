/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/plan.h"

#include "proto/scalar.h"

struct plan_node *plan_node_new(uint32_t *all_slots, struct arena *arena)
{
	struct plan_node *node = arena_zalloc(arena, 1, sizeof(struct plan_node));
	if (node)
		*node = (struct plan_node){.all_slots = all_slots, .scope = node};
	return node;
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
		.number = field->number,
		.field = field,
		.wire = scalar_wire_type(field->type),
		.level = node->level,
	};
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

/* Which occurrences of its field the entry is about. False: there are too many [n]. */
static bool pick(struct plan_node *node, struct plan_entry *entry, const struct proto_step *step,
		 struct err *err)
{
	entry->step = step;
	entry->pick = step->pick;
	if (step->pick != PICK_INDEX)
		return true;
	if (*node->all_slots == PLAN_SLOTS)
		return err_set(err,
			       "more than %d paths of this method have [n]; a method has at most so many",
			       PLAN_SLOTS);
	entry->slot = (*node->all_slots)++;
	node->scope->slots |= (uint32_t)1 << entry->slot;
	return true;
}

/* The node inside the messages of a step. */
static struct plan_node *add_child(struct plan_node *node, const struct proto_step *step, struct arena *arena,
				   struct err *err)
{
	struct plan_node *child = plan_node_new(node->all_slots, arena);
	if (!child) {
		err_set(err, "no memory");
		return NULL;
	}
	child->level = node->level + (step->pick == PICK_EACH);
	if (step->pick != PICK_EACH)
		child->scope = node->scope;
	if (child->level == PLAN_LEVELS) {
		err_set(err, "more than %d lists are around each other", PLAN_LEVELS - 1);
		return NULL;
	}
	return child;
}

/* Is the field that of a list, or one that others go into, who would have a list there? Requests are only read,
 * so that there one field may be both. */
static bool is_taken(const struct plan_node *node, uint32_t number, enum proto_record record, bool list)
{
	const struct plan_entry *entry = plan_find(node, number);
	while (entry && entry->action != PLAN_LIST && !(list && entry->child && record != RECORD_REQUEST))
		entry = entry->next;
	return entry && (list || record != RECORD_REQUEST);
}

/* The node inside a message: made once, shared by all paths through the same occurrences. */
static struct plan_node *enter(struct plan_node *node, const struct proto_step *step,
			       enum proto_record record, struct arena *arena, struct err *err)
{
	for (struct plan_entry *entry = (struct plan_entry *)plan_find(node, step->field->number); entry;
	     entry = entry->next)
		if (entry->action == PLAN_ENTER && proto_step_equal(entry->step, step))
			return entry->child;
	if (is_taken(node, step->field->number, record, false)) {
		err_set(err, "a list has this field; its elements have paths of their own");
		return NULL;
	}
	struct plan_entry *entry = add_entry(node, step->field, arena);
	struct plan_node *child = entry ? add_child(node, step, arena, err) : NULL;
	if (!entry)
		err_set(err, "no memory");
	if (!child || !pick(node, entry, step, err))
		return NULL;
	entry->action = PLAN_ENTER;
	entry->record = record;
	entry->child = child;
	if (add_rivals(node, entry, step, arena))
		return child;
	err_set(err, "no memory");
	return NULL;
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
	bool written = field->type == PROTO_STRING || field->type == PROTO_BYTES || field->type == PROTO_ENUM;
	return !field->presence && !field->repeated &&
	       (zero || type == FACT_NUMBER || (type == FACT_TEXT && !written));
}

static enum plan_quick quick_of(const struct proto_step *step, enum fact_type type)
{
	if (step->pick != PICK_FIELD)
		return PLAN_SLOW;
	if (type == FACT_TEXT && step->field->type == PROTO_STRING)
		return PLAN_QUICK_TEXT;
	return type == FACT_NUMBER && step->field->type == PROTO_DOUBLE ? PLAN_QUICK_DOUBLE : PLAN_SLOW;
}

static bool add_leaf(struct plan_node *node, enum proto_fact fact, const struct proto_step *step, bool zero,
		     struct arena *arena, struct err *err)
{
	const struct fact_row *row = &fact_rows[fact];
	struct plan_entry *entry = add_entry(node, step->field, arena);
	if (!entry)
		return err_set(err, "no memory");
	entry->action = PLAN_LEAF;
	entry->quick = quick_of(step, row->type);
	entry->fact = fact;
	entry->record = row->record;
	if (!pick(node, entry, step, err))
		return false;
	if (has_zero(step->field, row->type, zero) && !add_zero(node, fact, arena))
		return err_set(err, "no memory");
	return add_rivals(node, entry, step, arena) || err_set(err, "no memory");
}

static bool add_list(struct plan_node *node, enum proto_fact fact, const struct proto_path *path,
		     struct arena *arena, struct plan_node **child, struct err *err)
{
	const struct proto_step *step = &path->step[path->count - 1];
	if (is_taken(node, step->field->number, fact_rows[fact].record, true))
		return err_set(err, "path \"%s\": another list has this field; each list needs its own",
			       path->text);
	struct plan_entry *entry = add_entry(node, step->field, arena);
	*child = plan_node_new(node->all_slots, arena);
	if (!entry || !*child)
		return err_set(err, "no memory");
	entry->action = PLAN_LIST;
	entry->fact = fact;
	entry->record = fact_rows[fact].record;
	entry->list = fact_rows[fact].list;
	entry->child = *child;
	return add_rivals(node, entry, step, arena) || err_set(err, "no memory");
}

bool plan_add(struct plan_node *node, enum proto_fact fact, const struct proto_path *path, bool zero,
	      struct arena *arena, struct plan_node **child, struct err *err)
{
	const struct fact_row *row = &fact_rows[fact];
	bool list = row->type == FACT_LIST;
	for (size_t i = 0; i + 1 < path->count; i++) {
		node->lists |= list;
		node = enter(node, &path->step[i], row->record, arena, err);
		if (!node)
			return err_within(err, "path \"%s\"", path->text);
	}
	node->lists |= list;
	if (list)
		return add_list(node, fact, path, arena, child, err);
	return add_leaf(node, fact, &path->step[path->count - 1], zero, arena, err) ||
	       err_within(err, "path \"%s\"", path->text);
}
