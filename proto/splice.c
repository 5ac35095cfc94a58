/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/splice.h"

#include "proto/sort.h"
#include <assert.h>

static bool push(struct splices *list, struct splice splice)
{
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 16;
		struct splice *grown = arena_grow(list->arena, list->splice, list->room, room, sizeof *grown);
		if (!grown)
			return false;
		list->splice = grown;
		list->room = room;
	}
	list->splice[list->count++] = splice;
	return true;
}

bool splice_add(struct splices *list, struct splice splice)
{
	const char *there = list->message.at + splice.at;
	bool same = splice.put.len + splice.more.len == splice.cut &&
		    bytes_equal(splice.put, (struct bytes){there, splice.put.len}) &&
		    bytes_equal(splice.more, (struct bytes){there + splice.put.len, splice.more.len});
	return same || push(list, splice);
}

/* By place; at one place the innermost first: its message ends there before the outer one goes on. */
static int compare_splices(const void *a, const void *b)
{
	const struct splice *left = a, *right = b;
	if (left->at != right->at)
		return left->at < right->at ? -1 : 1;
	return (left->inside < right->inside) - (left->inside > right->inside);
}

/* --- settling: sorted splices in, the same with repaired lengths out --- */

struct settle {
	const struct splices *from;
	size_t next; /* the first splice that is not settled */
	struct splices to;
};

static const struct splice *upcoming(const struct settle *settle)
{
	return settle->next < settle->from->count ? &settle->from->splice[settle->next] : NULL;
}

static bool take(struct settle *settle, int64_t *delta)
{
	const struct splice *splice = &settle->from->splice[settle->next++];
	*delta += (int64_t)(splice->put.len + splice->more.len) - (int64_t)splice->cut;
	return push(&settle->to, *splice);
}

static bool settle_run(struct settle *settle, size_t from, size_t end, int64_t *delta);

/* A message field: what is inside first, then its length. */
static bool settle_inside(struct settle *settle, const struct wire_field *field, int64_t *delta)
{
	const char *start = settle->from->message.at;
	size_t len = (size_t)(field->end - field->body), size_len = (size_t)(field->body - field->size);
	size_t header = settle->to.count;
	int64_t inner = 0;
	/* Holds the place in the order; changes nothing yet. */
	if (!push(&settle->to, (struct splice){.at = (size_t)(field->size - start)}) ||
	    !settle_run(settle, (size_t)(field->body - start), (size_t)(field->end - start), &inner))
		return false;
	*delta += inner;
	if (inner == 0)
		return true;
	char *put = arena_alloc(settle->to.arena, WIRE_VARINT_MAX);
	if (!put)
		return false;
	size_t put_len = (size_t)(wire_put_varint(put, (uint64_t)((int64_t)len + inner)) - put);
	settle->to.splice[header].cut = size_len;
	settle->to.splice[header].put = (struct bytes){put, put_len};
	*delta += (int64_t)put_len - (int64_t)size_len;
	return true;
}

/* All splices in the body [from, end) of one message, and at its end. A field is a message that is changed when
 * a splice tells of a message that begins inside it. */
static bool settle_run(struct settle *settle, size_t from, size_t end, int64_t *delta)
{
	const char *start = settle->from->message.at;
	struct wire_cursor cursor = {start + from, start + end, NULL};
	struct wire_field field;
	const struct splice *next = upcoming(settle);
	while (next && next->at <= end && next->inside >= from && wire_next(&cursor, &field)) {
		size_t body = (size_t)(field.body - start), behind = (size_t)(field.end - start);
		for (; next && (next->at < behind || (next->at == behind && next->inside >= body));
		     next = upcoming(settle)) {
			bool inside = field.type == WIRE_LEN && next->inside >= body;
			if (inside ? !settle_inside(settle, &field, delta) : !take(settle, delta))
				return false;
		}
	}
	for (; next && next->at <= end && next->inside >= from; next = upcoming(settle))
		if (!take(settle, delta))
			return false;
	return true;
}

static void add_piece(struct proto_pieces *pieces, const char *at, size_t len)
{
	if (len)
		pieces->piece[pieces->count++] = (struct bytes){at, len};
	pieces->len += len;
}

static bool cut_pieces(const struct splices *list, size_t from, size_t end, struct proto_pieces *pieces)
{
	const char *start = list->message.at;
	struct proto_pieces made = {
		.piece = arena_array(list->arena, 3 * list->count + 1, sizeof *made.piece)};
	if (!made.piece)
		return false;
	for (size_t i = 0; i < list->count; i++) {
		const struct splice *splice = &list->splice[i];
		assert(splice->at >= from);
		if (splice->cut == 0 && splice->put.len == 0)
			continue;
		add_piece(&made, start + from, splice->at - from);
		add_piece(&made, splice->put.at, splice->put.len);
		add_piece(&made, splice->more.at, splice->more.len);
		from = splice->at + splice->cut;
	}
	add_piece(&made, start + from, end - from);
	*pieces = made;
	return true;
}

bool splice_settle(struct splices *list, size_t from, size_t end, struct proto_pieces *pieces)
{
	int64_t delta = 0;
	struct settle settle = {.from = list,
				.to = {.arena = list->arena,
				       .message = list->message,
				       .splice = list->spare,
				       .room = list->spare_room}};
	if (!sort_stable(list->splice, list->count, sizeof *list->splice, compare_splices, list->arena) ||
	    !settle_run(&settle, from, end, &delta))
		return false;
	assert(settle.next == list->count);
	list->spare = settle.to.splice;
	list->spare_room = settle.to.room;
	return cut_pieces(&settle.to, from, end, pieces);
}
