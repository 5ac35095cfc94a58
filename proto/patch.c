/* SPDX-License-Identifier: Apache-2.0
 *
 * Each edit becomes splices; settling repairs the lengths around them. An item that moves takes its edited
 * bytes along: they are settled on their own first, and then put where the other item stood.
 */
#include "proto/patch.h"

#include "proto/places.h"
#include "proto/scalar.h"
#include "proto/spot.h"
#include <assert.h>

struct patch {
	const struct proto_places *places;
	const struct proto_method *method;
	const struct edits *edits;
	struct splices list;
	struct splices item; /* of an item that moves */
};

/* The record that is being edited: body [from, end) of the message, splices into `list`. */
struct record {
	struct patch *patch;
	struct splices *list;
	size_t from, end;
};

/* --- encoding --- */

static struct bytes encode_len(struct arena *arena, uint64_t len)
{
	char *put = arena_alloc(arena, WIRE_VARINT_MAX);
	return (struct bytes){put, put ? (size_t)(wire_put_varint(put, len) - put) : 0};
}

/* A whole field of wire type LEN. */
static struct bytes encode_run(struct arena *arena, uint32_t number, struct bytes value)
{
	char *put = arena_alloc(arena, WIRE_TAG_MAX + WIRE_VARINT_MAX + value.len);
	if (!put)
		return (struct bytes){0};
	char *at = wire_put_varint(wire_put_tag(put, number, WIRE_LEN), value.len);
	if (value.len)
		memcpy(at, value.at, value.len);
	return (struct bytes){put, (size_t)(at - put) + value.len};
}

static char *put_raw(char *to, enum proto_type type, uint64_t raw)
{
	enum wire_type wire = scalar_wire_type(type);
	return wire == WIRE_VARINT ? wire_put_varint(to, raw) : wire_put_fixed(to, wire, raw);
}

/* A whole field of a number. */
static struct bytes encode_raw(struct arena *arena, const struct proto_field *field, uint64_t raw)
{
	char *put = arena_alloc(arena, WIRE_TAG_MAX + WIRE_VARINT_MAX);
	if (!put)
		return (struct bytes){0};
	char *at = wire_put_tag(put, field->number, scalar_wire_type(field->type));
	return (struct bytes){put, (size_t)(put_raw(at, field->type, raw) - put)};
}

/* The field inside the messages of path->step[depth ..] that lead to it. */
static struct bytes encode_around(struct arena *arena, const struct proto_path *path, size_t depth,
				  struct bytes field)
{
	for (size_t i = path->count - 1; i-- > depth && bytes_present(field);)
		field = encode_run(arena, path->step[i].field->number, field);
	return field;
}

/* --- editing one path of one record --- */

static size_t offset(const struct record *record, const char *at)
{
	return (size_t)(at - record->list->message.at);
}

/* An absent value is written at the end of the message it belongs to. */
static bool insert(const struct record *record, const struct proto_path *path, const struct spot *spot,
		   struct bytes field)
{
	field = encode_around(record->list->arena, path, spot->depth, field);
	return bytes_present(field) &&
	       splice_add(record->list, (struct splice){spot->end, 0, spot->body, field, {0}});
}

/* The value that counts, from `from` on, becomes `put` and `more`. */
static bool replace_leaf(const struct record *record, const struct spot *spot, const char *from,
			 struct bytes put, struct bytes more)
{
	size_t at = offset(record, from), cut = (size_t)(spot->leaf.end - from);
	return splice_add(record->list, (struct splice){at, cut, spot->body, put, more});
}

static bool set_raw(const struct record *record, const struct proto_path *path, uint64_t raw)
{
	const struct proto_field *field = proto_path_leaf(path);
	struct arena *arena = record->list->arena;
	struct spot spot = spot_find(path, record->list->message, record->from, record->end);
	bool there = spot.depth + 1 == path->count; /* the message that has the field */
	if (!spot.found)
		return (raw == 0 && !field->presence && there) ||
		       insert(record, path, &spot, encode_raw(arena, field, raw));
	if (spot.leaf.value == raw)
		return true;
	char *put = arena_alloc(arena, WIRE_VARINT_MAX);
	size_t len = put ? (size_t)(put_raw(put, field->type, raw) - put) : 0;
	return put &&
	       replace_leaf(record, &spot, spot.leaf.body, (struct bytes){put, len}, (struct bytes){0});
}

static bool set_number(const struct record *record, enum proto_fact fact, double value)
{
	const struct proto_path *path = record->patch->method->path[fact];
	return !path || set_raw(record, path, scalar_from_number(proto_path_leaf(path)->type, value));
}

/* Absent, or empty where empty means absent: the field goes. */
static bool set_text(const struct record *record, enum proto_fact fact, struct bytes text)
{
	const struct proto_path *path = record->patch->method->path[fact];
	if (!path)
		return true;
	const struct proto_field *field = proto_path_leaf(path);
	struct arena *arena = record->list->arena;
	struct spot spot = spot_find(path, record->list->message, record->from, record->end);
	if (!bytes_present(text) || (text.len == 0 && !field->presence))
		return !spot.found || spot_clear(path, record->list, record->from, record->end);
	if (!spot.found)
		return insert(record, path, &spot, encode_run(arena, field->number, text));
	if (bytes_equal(wire_body(&spot.leaf), text))
		return true;
	struct bytes len = encode_len(arena, text.len);
	return bytes_present(len) && replace_leaf(record, &spot, spot.leaf.size, len, text);
}

/* How a kind is written: false where it has no value of its own, which are OTHER and what no line of a
 * translation gives. A string's value is *text. */
static bool value_of_kind(const struct proto_method *method, enum proto_fact fact, unsigned kind,
			  struct bytes *text, int64_t *number)
{
	const struct translation *translation = method->translation[fact];
	const struct translation_line *line = translation ? translation_back(translation, kind) : NULL;
	*text = line ? line->text : (struct bytes){0};
	*number = line ? line->number : kind;
	return translation ? line != NULL : kind != fact_rows[fact].other;
}

/* A kind without a value: what stands there stays. So does one of several values of the same kind. */
static bool set_kind(const struct record *record, enum proto_fact fact, unsigned was, unsigned kind)
{
	const struct proto_method *method = record->patch->method;
	const struct proto_path *path = method->path[fact];
	struct bytes text;
	int64_t number;
	if (!path || (method->translation[fact] && was == kind))
		return true;
	if (kind == 0)
		return spot_clear(path, record->list, record->from, record->end);
	if (!value_of_kind(method, fact, kind, &text, &number))
		return true;
	if (proto_path_leaf(path)->type == PROTO_STRING)
		return set_text(record, fact, text);
	return set_raw(record, path, scalar_from_integer(proto_path_leaf(path)->type, number));
}

/* --- prompts --- */

static bool same_choices(const struct facts_prompt *a, const struct facts_prompt *b)
{
	bool same = a->choice_count == b->choice_count;
	for (size_t i = 0; same && i < a->choice_count; i++)
		same = bytes_equal(a->choices[i].id, b->choices[i].id) &&
		       bytes_equal(a->choices[i].label, b->choices[i].label) &&
		       a->choices[i].kind == b->choices[i].kind;
	return same;
}

/* One fact of a choice as a field of the choice's message; empty when there is nothing to write. */
static struct bytes encode_choice_fact(const struct patch *patch, enum proto_fact fact, struct bytes text,
				       unsigned kind)
{
	const struct proto_path *path = patch->method->path[fact];
	struct arena *arena = patch->list.arena;
	bool is_kind = fact_rows[fact].type == FACT_KIND;
	int64_t number = 0;
	if (!path || (is_kind ? kind == 0 || !value_of_kind(patch->method, fact, kind, &text, &number)
			      : text.len == 0))
		return (struct bytes){"", 0};
	const struct proto_field *field = proto_path_leaf(path);
	struct bytes made = field->type == PROTO_STRING
				    ? encode_run(arena, field->number, text)
				    : encode_raw(arena, field, scalar_from_integer(field->type, number));
	return encode_around(arena, path, 0, made);
}

static bool insert_choice(const struct record *record, const struct proto_path *path, const struct spot *spot,
			  const struct facts_choice *choice)
{
	const struct patch *patch = record->patch;
	struct bytes part[] = {
		encode_choice_fact(patch, FACT_CHOICE_ID, choice->id, 0),
		encode_choice_fact(patch, FACT_CHOICE_KIND, (struct bytes){0}, choice->kind),
		encode_choice_fact(patch, FACT_CHOICE_LABEL, choice->label, 0),
	};
	if (!bytes_present(part[0]) || !bytes_present(part[1]) || !bytes_present(part[2]))
		return false;
	struct proto_pieces parts = {part, 3, part[0].len + part[1].len + part[2].len};
	struct bytes body = proto_pieces_join(&parts, record->list->arena);
	if (!bytes_present(body))
		return false;
	return insert(record, path, spot,
		      encode_run(record->list->arena, proto_path_leaf(path)->number, body));
}

/* The choices are written anew unless they are the same already: they have no names to match them by. */
static bool set_choices(const struct record *record, const struct facts_prompt *old,
			const struct facts_prompt *with)
{
	const struct proto_path *path = record->patch->method->path[FACT_CHOICES];
	if (!path || same_choices(old, with))
		return true;
	struct spot spot = spot_find(path, record->list->message, record->from, record->end);
	if (spot.found && !spot_clear(path, record->list, record->from, record->end))
		return false;
	if (spot.found) /* where the list stands, all messages of its path but the last are there */
		spot.depth = path->count - 1;
	for (size_t i = 0; i < with->choice_count; i++)
		if (!insert_choice(record, path, &spot, &with->choices[i]))
			return false;
	return true;
}

static bool edit_prompt(struct patch *patch, size_t index)
{
	const struct edits_prompt *edit = &patch->edits->prompts[index];
	const struct proto_span *span = &patch->places->span[RECORD_PROMPT][index];
	const struct facts_prompt *with = &edit->with;
	struct record record = {patch, &patch->list, span->body, span->end};
	if (edit->drop)
		return splice_add(&patch->list, (struct splice){.at = span->tag,
								.cut = span->end - span->tag,
								.inside = span->inside});
	return !edit->replace ||
	       (set_text(&record, FACT_PROMPT_TEXT, with->text) &&
		set_text(&record, FACT_PROMPT_TEMPLATE_ID, with->template_id) &&
		set_text(&record, FACT_PROMPT_LOCALE, with->locale) &&
		set_kind(&record, FACT_PROMPT_KIND, patch->places->prompt[index].kind, with->kind) &&
		set_choices(&record, &patch->places->prompt[index], with));
}

static bool edit_prompts(struct patch *patch)
{
	bool good = true;
	for (size_t i = 0; patch->edits->prompts && good && i < patch->places->count[RECORD_PROMPT]; i++)
		good = edit_prompt(patch, i);
	return good;
}

/* --- items, weights, explanation --- */

static bool edit_score(struct patch *patch, struct splices *list, size_t index)
{
	const struct proto_span *span = &patch->places->span[RECORD_ITEM][index];
	const struct edits *edits = patch->edits;
	struct record record = {patch, list, span->body, span->end};
	return !edits->score || !edits->score_set[index] ||
	       set_number(&record, FACT_ITEM_SCORE, edits->score[index]);
}

/* The bytes of an item's message with its own edits. */
static struct bytes edited_item(struct patch *patch, size_t index)
{
	const struct proto_span *span = &patch->places->span[RECORD_ITEM][index];
	struct splices *list = &patch->item;
	struct proto_pieces pieces;
	list->count = 0;
	if (!edit_score(patch, list, index))
		return (struct bytes){0};
	if (list->count == 0)
		return (struct bytes){list->message.at + span->body, span->end - span->body};
	if (!splice_settle(list, patch->method->plan[RECORD_ITEM], span->body, span->end, &pieces))
		return (struct bytes){0};
	return proto_pieces_join(&pieces, list->arena);
}

/* Item `from` moves to where item `to` stands. The splice lies outside of the item's message: its length is
 * written here. */
static bool move_item(struct patch *patch, size_t to, size_t from)
{
	const struct proto_span *span = &patch->places->span[RECORD_ITEM][to];
	struct bytes item = edited_item(patch, from);
	struct bytes len = encode_len(patch->list.arena, item.len);
	return bytes_present(item) && bytes_present(len) &&
	       splice_add(&patch->list,
			  (struct splice){span->size, span->end - span->size, span->inside, len, item});
}

static bool edit_items(struct patch *patch)
{
	const struct edits *edits = patch->edits;
	size_t count = patch->places->count[RECORD_ITEM];
	bool good = true;
	for (size_t i = 0; (edits->order || edits->score) && good && i < count; i++) {
		size_t from = edits->order ? edits->order[i] : i;
		assert(from < count);
		good = from == i ? edit_score(patch, &patch->list, i) : move_item(patch, i, from);
	}
	return good;
}

static bool edit_weights(struct patch *patch)
{
	const struct edits *edits = patch->edits;
	bool good = true;
	for (size_t i = 0; edits->weight && good && i < patch->places->count[RECORD_WEIGHT]; i++) {
		const struct proto_span *span = &patch->places->span[RECORD_WEIGHT][i];
		struct record record = {patch, &patch->list, span->body, span->end};
		good = !edits->weight_set[i] || set_number(&record, FACT_WEIGHT_WEIGHT, edits->weight[i]);
	}
	return good;
}

static bool edit_explanation(struct patch *patch)
{
	struct record record = {patch, &patch->list, 0, patch->list.message.len};
	struct bytes text = patch->edits->explanation;
	if (text.len == 0)
		text.at = NULL; /* empty clears, also where the field could be present and empty */
	return !patch->edits->explanation_set || set_text(&record, FACT_EXPLANATION, text);
}

enum proto_result proto_patch(const struct proto_places *places, const struct edits *edits,
			      struct arena *arena, struct proto_pieces *pieces, struct err *err)
{
	struct patch patch = {.places = places,
			      .method = places->method,
			      .edits = edits,
			      .list = {.arena = arena, .message = places->message},
			      .item = {.arena = arena, .message = places->message}};
	struct proto_pieces made;
	if (!edit_items(&patch) || !edit_weights(&patch) || !edit_prompts(&patch) ||
	    !edit_explanation(&patch) ||
	    !splice_settle(&patch.list, patch.method->plan[RECORD_RESPONSE], 0, places->message.len, &made)) {
		err_set(err, "response: more memory is needed than the %zu bytes of a call", arena->limit);
		return PROTO_LIMIT;
	}
	if (made.len > WIRE_MESSAGE_MAX) {
		err_set(err, "response: it would have %zu bytes after the edits; a message has at most %zu",
			made.len, WIRE_MESSAGE_MAX);
		return PROTO_LIMIT;
	}
	*pieces = made;
	return PROTO_OK;
}

struct bytes proto_pieces_join(const struct proto_pieces *pieces, struct arena *arena)
{
	char *all = arena_alloc(arena, pieces->len ? pieces->len : 1);
	char *at = all;
	for (size_t i = 0; all && i < pieces->count; i++) {
		if (pieces->piece[i].len)
			memcpy(at, pieces->piece[i].at, pieces->piece[i].len);
		at += pieces->piece[i].len;
	}
	return (struct bytes){all, pieces->len};
}
