/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/map_key.h"
#include "proto/view_state.h"

/* --- failures --- */

bool view_fail_memory(struct view *view)
{
	view->result = PROTO_LIMIT;
	return err_set(view->err, "%s: more memory is needed than the %zu bytes of a call", view->what,
		       view->arena->limit);
}

bool view_fail_wire(struct view *view, const struct wire_cursor *cursor)
{
	view->result = PROTO_MALFORMED;
	return err_set(view->err, "%s: byte %zu: %s", view->what, (size_t)(cursor->at - view->message.at),
		       cursor->problem);
}

/* --- which occurrences are meant --- */

void view_restart_slots(struct view *view, uint32_t slots)
{
	for (; slots; slots &= slots - 1)
		view->seen[__builtin_ctz(slots)] = 0;
}

/* [n] inside what was entered count anew: it was replaced. */
void view_restart_inside(struct view *view, const struct plan_entry *entry)
{
	if (entry->pick == PICK_INDEX)
		view->seen[entry->slot] = 0;
	for (size_t i = 0; entry->action == PLAN_ENTER && i < entry->child->count; i++)
		for (const struct plan_entry *in = entry->child->entry[i]; in; in = in->next)
			view_restart_inside(view, in);
}

/* Is this occurrence of an entered message one that the path means? */
bool view_picks(struct view *view, const struct plan_entry *entry, const struct wire_field *field,
		bool *picked)
{
	struct wire_cursor cursor = {NULL, NULL, NULL};
	*picked = entry->pick != PICK_INDEX || view->seen[entry->slot]++ == entry->step->index;
	if (entry->pick == PICK_KEY)
		*picked = map_key_is(entry->step, wire_body(field), &cursor);
	return !cursor.problem || view_fail_wire(view, &cursor);
}

/* --- counting --- */

static bool count_row(struct view *view, enum proto_record list)
{
	if (view->room[list]++ < view->limit[list])
		return true;
	view->result = PROTO_LIMIT;
	return err_set(view->err, "%s: more than %zu %s; that is the limit", view->what, view->limit[list],
		       fact_record_name(list));
}

static bool count_field(struct view *view, const struct plan_entry *entry, const struct wire_field *field)
{
	bool picked;
	if (entry->action == PLAN_LIST)
		return count_row(view, entry->list);
	if (!view_picks(view, entry, field, &picked))
		return false;
	if (!picked)
		return true;
	if (entry->pick == PICK_EACH)
		view_restart_slots(view, entry->child->slots);
	if (entry->pick == PICK_KEY)
		view_restart_inside(view, entry);
	return view_count_rows(view, entry->child, wire_body(field));
}

/* Counts what the second walk reads, or more: what a rival takes back is counted, too. */
bool view_count_rows(struct view *view, const struct plan_node *node, struct bytes body)
{
	struct wire_cursor cursor = {body.at, body.at + body.len, NULL};
	struct wire_field field;
	while (wire_next(&cursor, &field)) {
		const struct plan_entry *entry = plan_find(node, field.number);
		for (struct plan_entry **rival = entry ? entry->takes_back : NULL; rival && *rival; rival++)
			view_restart_inside(view, *rival);
		for (; entry; entry = entry->next)
			if (entry->child && field.type == WIRE_LEN &&
			    (entry->action == PLAN_LIST || entry->child->lists) &&
			    !count_field(view, entry, &field))
				return false;
	}
	return !cursor.problem || view_fail_wire(view, &cursor);
}
