/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/entry_view.h"

#include <stdlib.h>

void entry_members(struct bytes object, const char *const *keys, struct bytes *values, size_t count)
{
	struct bytes rest, key, value;
	size_t likely = 0;
	if (!entry_opens(object, '{', &rest))
		return;
	while (entry_next_member(&rest, &key, &value)) {
		for (size_t tried = 0; tried < count; tried++) {
			size_t i = (likely + tried) % count;
			if (!bytes_equal(key, bytes_of(keys[i])))
				continue;
			if (!bytes_present(values[i]))
				values[i] = value;
			likely = i + 1;
			break;
		}
	}
}

struct bytes entry_plain(struct bytes value, struct buf *scratch)
{
	struct bytes rest = value, text = {NULL, 0};
	if (bytes_equal(value, BYTES_LITERAL("null")))
		return text;
	if (value.len < 2 || value.at[0] != '"')
		return value;
	if (!memchr(value.at, '\\', value.len))
		return (struct bytes){value.at + 1, value.len - 2};
	scratch->len = 0;
	buf_add_bytes(scratch, value); /* room, so that nothing moves */
	scratch->len = 0;
	return !scratch->failed && entry_take_string(&rest, scratch, &text) ? text : (struct bytes){NULL, 0};
}

bool entry_number(struct bytes value, double *number)
{
	char text[64], *end;
	bool begins = value.len > 0 && (value.at[0] == '-' || (value.at[0] >= '0' && value.at[0] <= '9'));
	if (!begins || value.len >= sizeof text)
		return false;
	memcpy(text, value.at, value.len);
	text[value.len] = 0;
	*number = strtod(text, &end);
	return *end == 0;
}

void entry_view_done(struct entry_view *view)
{
	free(view->piece);
	*view = (struct entry_view){0};
}

static bool grow(struct entry_view *view)
{
	if (view->count < view->cap)
		return true;
	size_t cap = view->cap ? view->cap * 2 : 16;
	struct entry_piece *piece = realloc(view->piece, cap * sizeof *piece);
	if (!piece) {
		view->failed = true;
		return false;
	}
	view->piece = piece;
	view->cap = cap;
	return true;
}

/* A piece says behind its rule from where on it continues. */
static bool continues(struct bytes piece)
{
	struct bytes rest, key, value;
	return entry_opens(piece, '{', &rest) && entry_next_member(&rest, &key, &value) &&
	       entry_next_member(&rest, &key, &value) &&
	       (bytes_equal(key, BYTES_LITERAL("targets_from")) ||
		bytes_equal(key, BYTES_LITERAL("evidence_from")));
}

void entry_view_read(struct entry_view *view, const struct bytes *leaf, size_t count)
{
	view->count = 0;
	for (size_t i = 0; i < count; i++) {
		struct bytes rest, object;
		if (!entry_opens(entry_member(leaf[i], "interventions"), '[', &rest))
			continue;
		while (entry_next_value(&rest, &object) && grow(view)) {
			bool goes_on = count > 1 && view->count > 0 && continues(object);
			view->piece[view->count++] = (struct entry_piece){object, goes_on};
		}
	}
}

size_t entry_view_end(const struct entry_view *view, size_t first)
{
	size_t end = first + 1;
	while (end < view->count && view->piece[end].goes_on)
		end++;
	return end;
}

/* The next values of the arrays `keys`, opening one piece after the other. Side 0 says how many there are. */
static bool next_of(struct entry_walk *walk, const char *const *keys, size_t sides,
		    struct bytes value[ENTRY_SIDES])
{
	for (; walk->piece < walk->end; walk->piece++, walk->open = false) {
		struct bytes list[ENTRY_SIDES] = {{NULL, 0}};
		if (!walk->open)
			entry_members(walk->piece->object, keys, list, sides);
		for (size_t i = 0; i < sides && !walk->open; i++)
			if (!entry_opens(list[i], '[', &walk->side[i]))
				walk->side[i] = (struct bytes){NULL, 0};
		walk->open = true;
		if (!entry_next_value(&walk->side[0], &value[0]))
			continue;
		for (size_t i = 1; i < sides; i++)
			if (!entry_next_value(&walk->side[i], &value[i]))
				value[i] = BYTES_LITERAL("null");
		return true;
	}
	return false;
}

bool entry_walk_target(struct entry_walk *walk, struct bytes value[ENTRY_SIDES])
{
	static const char *const keys[] = {"ids", "before", "after"};
	return next_of(walk, keys, ENTRY_SIDES, value);
}

bool entry_walk_evidence(struct entry_walk *walk, struct bytes *index)
{
	static const char *const keys[] = {"evidence"};
	struct bytes value[ENTRY_SIDES];
	if (!next_of(walk, keys, 1, value))
		return false;
	*index = value[0];
	return true;
}
