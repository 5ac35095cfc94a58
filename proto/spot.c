/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/spot.h"

static bool is_rival(const struct proto_step *step, uint32_t number)
{
	for (size_t i = 0; i < step->rival_count; i++)
		if (step->rival[i]->number == number)
			return true;
	return false;
}

/* Walks one message on the path, at `depth` steps from the record; a later find replaces an earlier one. */
static void search(const struct proto_path *path, struct bytes message, struct bytes body, size_t depth,
		   struct spot *spot)
{
	const struct proto_step *step = &path->step[depth];
	struct spot here = {.depth = depth,
			    .body = (size_t)(body.at - message.at),
			    .end = (size_t)(body.at - message.at) + body.len};
	if (!spot->found && spot->depth <= depth)
		*spot = here;
	struct wire_cursor cursor = {body.at, body.at + body.len, NULL};
	struct wire_field field;
	while (wire_next(&cursor, &field)) {
		if (is_rival(step, field.number))
			*spot = here;
		if (field.number != step->field->number)
			continue;
		if (depth + 1 < path->count) {
			search(path, message, wire_body(&field), depth + 1, spot);
			continue;
		}
		*spot = here;
		spot->found = true;
		spot->leaf = field;
	}
}

struct spot spot_find(const struct proto_path *path, struct bytes message, size_t from, size_t end)
{
	struct spot spot = {.body = from, .end = end};
	search(path, message, (struct bytes){message.at + from, end - from}, 0, &spot);
	return spot;
}

static bool clear(const struct proto_path *path, struct splices *list, struct bytes body, size_t depth)
{
	const struct proto_step *step = &path->step[depth];
	const char *start = list->message.at;
	struct wire_cursor cursor = {body.at, body.at + body.len, NULL};
	struct wire_field field;
	bool good = true;
	while (good && wire_next(&cursor, &field)) {
		bool same = field.number == step->field->number;
		size_t tag = (size_t)(field.tag - start);
		if (same && depth + 1 < path->count)
			good = clear(path, list, wire_body(&field), depth + 1);
		else if (depth + 1 == path->count && (same || is_rival(step, field.number)))
			good = splice_add(list, (struct splice){.at = tag,
								.cut = (size_t)(field.end - field.tag),
								.inside = (size_t)(body.at - start)});
	}
	return good;
}

bool spot_clear(const struct proto_path *path, struct splices *list, size_t from, size_t end)
{
	return clear(path, list, (struct bytes){list->message.at + from, end - from}, 0);
}
