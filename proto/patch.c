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
	struct splices item;	   /* of an item that moves */
	enum proto_fact unwritten; /* that cannot be written; PROTO_FACTS: none */
};

/* A map's entry or a list's element that is not there and is to be made, and what goes into it: made once for all
 * that belongs there, since two of them would not merge. */
struct missing {
	const struct proto_path *path;
	size_t step;  /* of the entry or element */
	size_t inner; /* the parts stand behind the steps before this one */
	struct spot spot;
	struct bytes *part;
	size_t part_count, part_room, len;
};

/* The record that is being edited: body [from, end) of the message, splices into `list`. */
struct record {
	struct patch *patch;
	struct splices *list;
	size_t from, end;
	struct missing missing[PROTO_FACTS];
	size_t missing_count;
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

/* The entry of a map: its key before its value. */
static struct bytes encode_entry(struct arena *arena, const struct proto_step *step, struct bytes value)
{
	const struct proto_field *key = &step->field->message->field[0];
	struct bytes part[] = {key->type == PROTO_STRING ? encode_run(arena, key->number, step->key)
							 : encode_raw(arena, key, step->key_number),
			       value};
	if (!bytes_present(part[0]))
		return (struct bytes){0};
	return proto_pieces_join(&(struct proto_pieces){part, 2, part[0].len + value.len}, arena);
}

/* The field inside the messages of path->step[from .. to) that lead to it. */
static struct bytes encode_between(struct arena *arena, const struct proto_path *path, size_t from, size_t to,
				   struct bytes field)
{
	for (size_t i = to; i-- > from && bytes_present(field);) {
		if (path->step[i].pick == PICK_KEY)
			field = encode_entry(arena, &path->step[i], field);
		if (bytes_present(field))
			field = encode_run(arena, path->step[i].field->number, field);
	}
	return field;
}

static struct bytes encode_around(struct arena *arena, const struct proto_path *path, size_t depth,
				  struct bytes field)
{
	return encode_between(arena, path, depth, path->count - 1, field);
}

/* --- editing one path of one record --- */

static size_t offset(const struct record *record, const char *at)
{
	return (size_t)(at - record->list->message.at);
}

/* The first step from `depth` on whose message would be another one each time it is made; path->count: none. */
static size_t made_once(const struct proto_path *path, size_t depth)
{
	for (size_t i = depth; i + 1 < path->count; i++)
		if (path->step[i].pick == PICK_KEY || path->step[i].pick == PICK_INDEX)
			return i;
	return path->count;
}

static bool same_missing(const struct missing *missing, const struct proto_path *path, size_t step,
			 const struct spot *spot)
{
	bool same = missing->step == step && missing->spot.body == spot->body;
	for (size_t i = 0; same && i <= step; i++)
		same = proto_step_equal(&missing->path->step[i], &path->step[i]);
	return same;
}

static struct missing *missing_of(struct record *record, const struct proto_path *path, size_t step,
				  const struct spot *spot)
{
	for (size_t i = 0; i < record->missing_count; i++)
		if (same_missing(&record->missing[i], path, step, spot))
			return &record->missing[i];
	struct missing *made = &record->missing[record->missing_count++];
	*made = (struct missing){.path = path, .step = step, .spot = *spot};
	/* An entry's value is one message, too. */
	made->inner = path->step[step].pick == PICK_KEY && step + 2 < path->count ? step + 2 : step + 1;
	return made;
}

static bool add_missing(struct record *record, const struct proto_path *path, size_t step,
			const struct spot *spot, struct bytes field)
{
	struct arena *arena = record->list->arena;
	struct missing *to = missing_of(record, path, step, spot);
	field = encode_between(arena, path, to->inner, path->count - 1, field);
	if (to->part_count == to->part_room) {
		size_t room = to->part_room ? to->part_room * 2 : 4;
		struct bytes *grown = arena_grow(arena, to->part, to->part_room, room, sizeof *grown);
		if (!grown)
			return false;
		to->part = grown;
		to->part_room = room;
	}
	to->part[to->part_count++] = field;
	to->len += field.len;
	return bytes_present(field);
}

/* An absent value is written at the end of the message it belongs to. */
static bool insert(struct record *record, const struct proto_path *path, const struct spot *spot,
		   struct bytes field)
{
	size_t once = made_once(path, spot->depth);
	if (!bytes_present(field))
		return false;
	if (once < path->count)
		return add_missing(record, path, once, spot, field);
	field = encode_around(record->list->arena, path, spot->depth, field);
	return bytes_present(field) &&
	       splice_add(record->list, (struct splice){spot->end, 0, spot->body, field, {0}});
}

/* All edits of the record were made: what was missing goes in. */
static bool finish(struct record *record)
{
	struct arena *arena = record->list->arena;
	bool good = true;
	for (size_t i = 0; good && i < record->missing_count; i++) {
		const struct missing *from = &record->missing[i];
		struct bytes all = proto_pieces_join(
			&(struct proto_pieces){from->part, from->part_count, from->len}, arena);
		if (bytes_present(all))
			all = encode_between(arena, from->path, from->spot.depth, from->inner, all);
		good = bytes_present(all) &&
		       splice_add(record->list,
				  (struct splice){from->spot.end, 0, from->spot.body, all, {0}});
	}
	return good;
}

/* The value that counts, from `from` on, becomes `put` and `more`. */
static bool replace_leaf(const struct record *record, const struct spot *spot, const char *from,
			 struct bytes put, struct bytes more)
{
	size_t at = offset(record, from), cut = (size_t)(spot->leaf.end - from);
	return splice_add(record->list, (struct splice){at, cut, spot->body, put, more});
}

static bool set_raw(struct record *record, const struct proto_path *path, uint64_t raw)
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

/* False, and the patch says so, where the mapping cannot write the fact. */
static bool writes(struct record *record, enum proto_fact fact)
{
	bool good = !proto_method_unwritable(record->patch->method, fact);
	if (!good)
		record->patch->unwritten = fact;
	return good;
}

static bool set_number(struct record *record, enum proto_fact fact, double value)
{
	const struct proto_path *path = record->patch->method->path[fact];
	return !path || (writes(record, fact) &&
			 set_raw(record, path, scalar_from_number(proto_path_leaf(path)->type, value)));
}

/* Absent, or empty where empty means absent: the field goes. */
static bool set_text(struct record *record, enum proto_fact fact, struct bytes text)
{
	const struct proto_path *path = record->patch->method->path[fact];
	if (!path)
		return true;
	if (!writes(record, fact))
		return false;
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
static bool set_kind(struct record *record, enum proto_fact fact, unsigned was, unsigned kind)
{
	const struct proto_method *method = record->patch->method;
	const struct proto_path *path = method->path[fact];
	struct bytes text;
	int64_t number;
	if (!path || (method->translation[fact] && was == kind))
		return true;
	if (!writes(record, fact))
		return false;
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

static bool insert_choice(struct record *record, const struct proto_path *path, const struct spot *spot,
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
static bool set_choices(struct record *record, const struct facts_prompt *old,
			const struct facts_prompt *with)
{
	const struct proto_path *path = record->patch->method->path[FACT_CHOICES];
	if (!path || same_choices(old, with))
		return true;
	if (!writes(record, FACT_CHOICES))
		return false;
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
	struct record record = {.patch = patch, .list = &patch->list, .from = span->body, .end = span->end};
	if (edit->drop)
		return splice_add(&patch->list, (struct splice){.at = span->tag,
								.cut = span->end - span->tag,
								.inside = span->inside});
	return !edit->replace ||
	       (set_text(&record, FACT_PROMPT_TEXT, with->text) &&
		set_text(&record, FACT_PROMPT_TEMPLATE_ID, with->template_id) &&
		set_text(&record, FACT_PROMPT_LOCALE, with->locale) &&
		set_kind(&record, FACT_PROMPT_KIND, patch->places->prompt[index].kind, with->kind) &&
		set_choices(&record, &patch->places->prompt[index], with) && finish(&record));
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
	if (!edits->score || !edits->score_set[index])
		return true;
	struct record record = {.patch = patch, .list = list, .from = span->body, .end = span->end};
	return set_number(&record, FACT_ITEM_SCORE, edits->score[index]) && finish(&record);
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
	if (!splice_settle(list, span->body, span->end, &pieces))
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
		struct record record = {
			.patch = patch, .list = &patch->list, .from = span->body, .end = span->end};
		good = !edits->weight_set[i] ||
		       (set_number(&record, FACT_WEIGHT_WEIGHT, edits->weight[i]) && finish(&record));
	}
	return good;
}

static bool edit_explanation(struct patch *patch)
{
	struct record record = {.patch = patch, .list = &patch->list, .end = patch->list.message.len};
	struct bytes text = patch->edits->explanation;
	if (text.len == 0)
		text.at = NULL; /* empty clears, also where the field could be present and empty */
	return !patch->edits->explanation_set ||
	       (set_text(&record, FACT_EXPLANATION, text) && finish(&record));
}

enum proto_result proto_patch(const struct proto_places *places, const struct edits *edits,
			      struct arena *arena, struct proto_pieces *pieces, struct err *err)
{
	struct patch patch = {.places = places,
			      .method = places->method,
			      .edits = edits,
			      .list = {.arena = arena, .message = places->message},
			      .item = {.arena = arena, .message = places->message},
			      .unwritten = PROTO_FACTS};
	struct proto_pieces made;
	if (!edit_items(&patch) || !edit_weights(&patch) || !edit_prompts(&patch) ||
	    !edit_explanation(&patch) || !splice_settle(&patch.list, 0, places->message.len, &made)) {
		if (patch.unwritten < PROTO_FACTS) {
			err_set(err, "response: the mapping cannot write %s; %s",
				fact_rows[patch.unwritten].key,
				proto_method_unwritable(patch.method, patch.unwritten));
			return PROTO_LIMIT;
		}
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
