/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/spot.h"

#include "proto/map_key.h"

static bool is_rival(const struct proto_step *step, uint32_t number)
{
	for (size_t i = 0; i < step->rival_count; i++)
		if (step->rival[i]->number == number)
			return true;
	return false;
}

/* One walk along a path. */
struct walk {
	const struct proto_path *path;
	const char *start;		 /* of the message */
	uint32_t seen[PROTO_PATH_STEPS]; /* elements of the lists that [n] counts, of each step */
	struct spot spot;
	struct splices *list; /* what is to be cut goes here; NULL: the walk only looks */
	bool full;	      /* the arena of `list` is */
};

/* From `depth` on lists are counted anew. */
static void restart(struct walk *walk, size_t depth)
{
	for (; depth < walk->path->count; depth++)
		walk->seen[depth] = 0;
}

/* Is the field one that the step means? */
static bool picks(struct walk *walk, size_t depth, const struct wire_field *field)
{
	const struct proto_step *step = &walk->path->step[depth];
	if (field->number != step->field->number)
		return false;
	if (step->pick == PICK_INDEX)
		return walk->seen[depth]++ == step->index;
	return step->pick != PICK_KEY || map_key_is(step, wire_body(field), NULL);
}

static void cut(struct walk *walk, const struct wire_field *field, struct bytes body)
{
	walk->full |= !splice_add(walk->list, (struct splice){.at = (size_t)(field->tag - walk->start),
							      .cut = (size_t)(field->end - field->tag),
							      .inside = (size_t)(body.at - walk->start)});
}

/* Walks one message on the path, at `depth` steps from the record; a later find replaces an earlier one. */
static void search(struct walk *walk, struct bytes body, size_t depth)
{
	const struct proto_step *step = &walk->path->step[depth];
	bool last = depth + 1 == walk->path->count;
	size_t from = (size_t)(body.at - walk->start);
	struct spot here = {.depth = depth, .body = from, .end = from + body.len};
	if (!walk->spot.found && walk->spot.depth <= depth)
		walk->spot = here;
	struct wire_cursor cursor = {body.at, body.at + body.len, NULL};
	struct wire_field field;
	while (wire_next(&cursor, &field)) {
		bool rival = is_rival(step, field.number), picked = !rival && picks(walk, depth, &field);
		if (rival) {
			walk->spot = here;
			restart(walk, depth);
		}
		if (walk->list && last && (rival || picked))
			cut(walk, &field, body);
		if (!picked)
			continue;
		if (last || step->pick == PICK_KEY) {
			walk->spot = here; /* what an earlier one said counts no more */
			walk->spot.found = last;
			walk->spot.leaf = field;
		}
		if (step->pick == PICK_KEY || step->pick == PICK_EACH)
			restart(walk, depth + 1);
		if (!last)
			search(walk, wire_body(&field), depth + 1);
	}
}

struct spot spot_find(const struct proto_path *path, struct bytes message, size_t from, size_t end)
{
	struct walk walk = {.path = path, .start = message.at, .spot = {.body = from, .end = end}};
	search(&walk, (struct bytes){message.at + from, end - from}, 0);
	return walk.spot;
}

bool spot_clear(const struct proto_path *path, struct splices *list, size_t from, size_t end)
{
	struct walk walk = {.path = path, .start = list->message.at, .list = list};
	search(&walk, (struct bytes){list->message.at + from, end - from}, 0);
	return !walk.full;
}
