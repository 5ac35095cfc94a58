/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/entry_view.h"

#include <stdlib.h>

void entry_members(struct bytes object, const char *const *keys, struct bytes *values, size_t count)
{
	struct bytes rest, key, value;
	size_t likely = 0, missing = 0;
	for (size_t i = 0; i < count; i++)
		missing += !bytes_present(values[i]);
	if (!entry_opens(object, '{', &rest))
		return;
	/* What stands behind the last one that is wanted may be long: it is not read. */
	while (missing > 0 && entry_next_member(&rest, &key, &value)) {
		for (size_t tried = 0; tried < count; tried++) {
			size_t i = (likely + tried) % count;
			if (!bytes_equal(key, bytes_of(keys[i])))
				continue;
			missing -= !bytes_present(values[i]);
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

/* Where the interventions of a leaf begin, without reading them: they are the longest of a decision, and will be
 * read anyway. *head: the leaf up to them, or all of it. */
static bool find_interventions(struct bytes leaf, struct bytes *head, struct bytes *list)
{
	struct bytes rest, key, value;
	*head = leaf;
	if (!entry_opens(leaf, '{', &rest))
		return false;
	while (entry_next_value(&rest, &key) && entry_take(&rest, ":")) {
		if (bytes_equal(key, BYTES_LITERAL("\"interventions\""))) {
			head->len = (size_t)(key.at - leaf.at);
			return entry_opens(rest, '[', list);
		}
		if (!entry_next_value(&rest, &value))
			return false;
	}
	return false;
}

/* Takes one intervention off a list, in one reading. A piece that continues another says so with the place from
 * which on it does. */
static bool take_piece(struct bytes *list, struct entry_piece *piece)
{
	static const char *const keys[] = {"ids", "before", "after", "evidence"};
	struct bytes rest = *list, key, value;
	(void)!entry_take(&rest, ",");
	*piece = (struct entry_piece){.object = rest};
	if (!entry_take(&rest, "{"))
		return false;
	while (entry_next_member(&rest, &key, &value)) {
		for (size_t i = 0; value.at[0] == '[' && i < ENTRY_LISTS; i++)
			if (bytes_equal(key, bytes_of(keys[i])) && !bytes_present(piece->list[i]))
				piece->list[i] = value;
		piece->goes_on = piece->goes_on || bytes_equal(key, BYTES_LITERAL("targets_from")) ||
				 bytes_equal(key, BYTES_LITERAL("evidence_from"));
	}
	if (!entry_take(&rest, "}"))
		return false;
	piece->object.len = (size_t)(rest.at - piece->object.at);
	*list = rest;
	return true;
}

void entry_view_read(struct entry_view *view, const struct bytes *leaf, size_t count)
{
	view->count = 0;
	for (size_t i = 0; i < count; i++) {
		struct bytes head, list;
		bool found = find_interventions(leaf[i], &head, &list);
		view->head = i == 0 ? head : view->head;
		while (found && grow(view) && take_piece(&list, &view->piece[view->count])) {
			struct entry_piece *piece = &view->piece[view->count++];
			piece->goes_on = piece->goes_on && view->count > 1;
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

/* The next values of `sides` lists from `first` on, opening one piece after the other. The first list says how many
 * there are. */
static bool next_of(struct entry_walk *walk, size_t first, size_t sides, struct bytes value[ENTRY_SIDES])
{
	for (; walk->piece < walk->end; walk->piece++, walk->open = false) {
		for (size_t i = 0; i < sides && !walk->open; i++)
			if (!entry_opens(walk->piece->list[first + i], '[', &walk->side[i]))
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
	return next_of(walk, ENTRY_IDS, ENTRY_SIDES, value);
}

bool entry_walk_evidence(struct entry_walk *walk, struct bytes *index)
{
	struct bytes value[ENTRY_SIDES];
	if (!next_of(walk, ENTRY_EVIDENCE, 1, value))
		return false;
	*index = value[0];
	return true;
}
