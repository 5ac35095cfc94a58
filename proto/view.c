/* SPDX-License-Identifier: Apache-2.0
 *
 * Two walks. The first counts the records of each list, by headers only, so that limits are obeyed before
 * anything is allocated and every column has its final size. The second reads values, last one wins; the
 * choices of a prompt are counted and read when their prompt is.
 */
#include "proto/view.h"

#include "proto/join.h"
#include "proto/map_key.h"
#include "proto/places.h"
#include "proto/scalar.h"
#include "proto/sort.h"
#include <assert.h>

/* Where the values of one fact go: row i of its record stands at base + i * stride. */
struct view_sink {
	char *base;
	size_t stride;
	uint8_t *present; /* NUMBER: present[i] */
};

/* Texts of all items in one run, from[i] is where those of item i begin. */
struct view_tags {
	struct bytes *at;
	size_t count, room;
	uint32_t *from;
};

struct view {
	const struct proto_method *method;
	struct bytes message;
	struct arena *arena;
	struct err *err;
	const char *what;		     /* "response" */
	const struct proto_headers *headers; /* or NULL */
	enum proto_result result;
	size_t limit[PROTO_RECORDS];
	size_t room[PROTO_RECORDS];  /* rows that there is memory for */
	size_t count[PROTO_RECORDS]; /* rows begun; the last one is the current one */
	struct view_sink sink[PROTO_FACTS];
	struct proto_span *span[PROTO_RECORDS];
	struct view_tags tags;
	struct facts_prompt *prompts;
	uint32_t *item_first;	   /* as in struct facts */
	uint32_t seen[PLAN_SLOTS]; /* elements of lists that [n] counts */
	/* Rows there were, and of the last line: tags, when the innermost list element around began. */
	uint32_t begun[PROTO_RECORDS + 1][PLAN_LEVELS];
};

enum { BEGUN_TAGS = PROTO_RECORDS };

/* --- failures --- */

static bool fail_memory(struct view *view)
{
	view->result = PROTO_LIMIT;
	return err_set(view->err, "%s: more memory is needed than the %zu bytes of a call", view->what,
		       view->arena->limit);
}

static bool fail_wire(struct view *view, const struct wire_cursor *cursor)
{
	view->result = PROTO_MALFORMED;
	return err_set(view->err, "%s: byte %zu: %s", view->what, (size_t)(cursor->at - view->message.at),
		       cursor->problem);
}

static bool fail_type(struct view *view, const struct plan_entry *entry, const struct wire_field *field)
{
	const struct proto_field *schema = entry->field;
	view->result = PROTO_MALFORMED;
	return err_set(view->err, "%s: byte %zu: field \"%.*s\" of %.*s has wire type %d; a %s has %d",
		       view->what, (size_t)(field->tag - view->message.at), BYTES_ARG(schema->name),
		       BYTES_ARG(schema->of->name), (int)field->type, proto_type_name(schema->type),
		       (int)entry->wire);
}

/* --- which occurrences are meant --- */

static void restart_slots(struct view *view, uint32_t slots)
{
	for (; slots; slots &= slots - 1)
		view->seen[__builtin_ctz(slots)] = 0;
}

/* [n] inside what was entered count anew: it was replaced. */
static void restart_inside(struct view *view, const struct plan_entry *entry)
{
	if (entry->pick == PICK_INDEX)
		view->seen[entry->slot] = 0;
	for (size_t i = 0; entry->action == PLAN_ENTER && i < entry->child->count; i++)
		for (const struct plan_entry *in = entry->child->entry[i]; in; in = in->next)
			restart_inside(view, in);
}

/* Is this occurrence of an entered message one that the path means? */
static bool picks(struct view *view, const struct plan_entry *entry, const struct wire_field *field,
		  bool *picked)
{
	struct wire_cursor cursor = {NULL, NULL, NULL};
	*picked = entry->pick != PICK_INDEX || view->seen[entry->slot]++ == entry->step->index;
	if (entry->pick == PICK_KEY)
		*picked = map_key_is(entry->step, wire_body(field), &cursor);
	return !cursor.problem || fail_wire(view, &cursor);
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

static bool count_rows(struct view *view, const struct plan_node *node, struct bytes body);

static bool count_field(struct view *view, const struct plan_entry *entry, const struct wire_field *field)
{
	bool picked;
	if (entry->action == PLAN_LIST)
		return count_row(view, entry->list);
	if (!picks(view, entry, field, &picked))
		return false;
	if (!picked)
		return true;
	if (entry->pick == PICK_EACH)
		restart_slots(view, entry->child->slots);
	if (entry->pick == PICK_KEY)
		restart_inside(view, entry);
	return count_rows(view, entry->child, wire_body(field));
}

/* Counts what the second walk reads, or more: what a rival takes back is counted, too. */
static bool count_rows(struct view *view, const struct plan_node *node, struct bytes body)
{
	struct wire_cursor cursor = {body.at, body.at + body.len, NULL};
	struct wire_field field;
	while (wire_next(&cursor, &field)) {
		const struct plan_entry *entry = plan_find(node, field.number);
		for (struct plan_entry **rival = entry ? entry->takes_back : NULL; rival && *rival; rival++)
			restart_inside(view, *rival);
		for (; entry; entry = entry->next)
			if (entry->child && field.type == WIRE_LEN &&
			    (entry->action == PLAN_LIST || entry->child->lists) &&
			    !count_field(view, entry, &field))
				return false;
	}
	return !cursor.problem || fail_wire(view, &cursor);
}

/* --- sinks --- */

/* The facts of a record that are members of one struct, or of an array of structs. */
static void sink_into(struct view *view, enum proto_record record, void *base)
{
	for (size_t i = 0; i < PROTO_FACTS; i++) {
		const struct fact_row *row = &fact_rows[i];
		if (row->record != record || row->type == FACT_LIST)
			continue;
		view->sink[i] = (struct view_sink){(char *)base + row->offset, fact_record_stride(record),
						   (uint8_t *)base + row->present};
	}
}

static bool sink_numbers(struct view *view, enum proto_fact fact, struct facts_numbers *numbers)
{
	size_t rows = view->room[fact_rows[fact].record];
	const struct proto_path *path = view->method->path[fact];
	*numbers = (struct facts_numbers){.narrow = path && proto_path_leaf(path)->type == PROTO_FLOAT};
	if (rows == 0)
		return true;
	numbers->value = arena_zalloc(view->arena, rows, sizeof *numbers->value);
	numbers->present = arena_zalloc(view->arena, rows, sizeof *numbers->present);
	view->sink[fact] =
		(struct view_sink){(char *)numbers->value, sizeof *numbers->value, numbers->present};
	return numbers->value && numbers->present;
}

static bool sink_texts(struct view *view, enum proto_fact fact, struct bytes **texts)
{
	size_t rows = view->room[fact_rows[fact].record];
	*texts = rows ? arena_zalloc(view->arena, rows, sizeof **texts) : NULL;
	view->sink[fact] = (struct view_sink){(char *)*texts, sizeof **texts, NULL};
	return *texts || rows == 0;
}

/* The facts of a record that are columns of struct facts. */
static bool sink_columns(struct view *view, enum proto_record record, struct facts *facts)
{
	bool good = true;
	for (size_t i = 0; good && i < PROTO_FACTS; i++) {
		const struct fact_row *row = &fact_rows[i];
		void *column = (char *)facts + row->offset;
		if (row->record == record && row->type == FACT_TEXT)
			good = sink_texts(view, (enum proto_fact)i, column);
		else if (row->record == record && row->type == FACT_NUMBER)
			good = sink_numbers(view, (enum proto_fact)i, column);
	}
	return good || fail_memory(view);
}

/* An array of structs, one for each row that was counted. */
static bool sink_structs(struct view *view, enum proto_record record, void **structs)
{
	size_t rows = view->room[record];
	*structs = rows ? arena_zalloc(view->arena, rows, fact_record_stride(record)) : NULL;
	if (rows && !*structs)
		return fail_memory(view);
	if (rows)
		sink_into(view, record, *structs);
	return true;
}

static size_t current(const struct view *view, enum proto_record record)
{
	return view->count[record] - 1;
}

/* NULL for what has no sink: lists, and the tags. */
static char *sink_at(const struct view *view, enum proto_fact fact, size_t row)
{
	const struct view_sink *sink = &view->sink[fact];
	return sink->base ? sink->base + sink->stride * row : NULL;
}

/* --- values --- */

static bool add_tag(struct view *view, struct bytes text)
{
	struct view_tags *tags = &view->tags;
	if (tags->count == tags->room) {
		size_t room = tags->room ? tags->room * 2 : view->room[RECORD_ITEM] * 2 + 8;
		struct bytes *grown = arena_array(view->arena, room, sizeof *grown);
		if (!grown)
			return fail_memory(view);
		if (tags->count)
			memcpy(grown, tags->at, tags->count * sizeof *grown);
		tags->at = grown;
		tags->room = room;
	}
	tags->at[tags->count++] = text;
	return true;
}

/* One value of a text fact. Strings and enums at zero without presence are absent. */
static bool read_text(struct view *view, const struct plan_entry *entry, struct bytes body, uint64_t raw,
		      struct bytes *text)
{
	const struct proto_field *field = entry->field;
	bool zero = entry->wire == WIRE_LEN ? body.len == 0 : field->type == PROTO_ENUM && (int32_t)raw == 0;
	if (field->type == PROTO_BYTES)
		*text = scalar_bytes_text(body, view->arena);
	else if (entry->wire == WIRE_LEN)
		*text = body;
	else
		*text = scalar_text(field, raw, view->arena);
	if (!bytes_present(*text))
		return fail_memory(view);
	if (zero && !field->presence && !field->repeated)
		*text = (struct bytes){0};
	return true;
}

/* A number that a closed enum does not have counts as an unknown field. */
static bool unknown_number(const struct proto_field *field, uint64_t raw)
{
	return field->type == PROTO_ENUM && field->enumeration->closed &&
	       !bytes_present(proto_enum_name(field->enumeration, (int32_t)(uint32_t)raw));
}

/* One text of each element of a list: its last value counts, and none when it is absent. */
static bool read_texts_of_elements(struct view *view, const struct plan_entry *entry,
				   const struct wire_field *field)
{
	struct bytes text;
	if (!read_text(view, entry, wire_body(field), field->value, &text))
		return false;
	view->tags.count = view->begun[BEGUN_TAGS][entry->level];
	return !bytes_present(text) || add_tag(view, text);
}

static bool read_texts(struct view *view, const struct plan_entry *entry, const struct wire_field *field)
{
	struct bytes body = wire_body(field), text;
	if (!entry->field->repeated)
		return unknown_number(entry->field, field->value) ||
		       read_texts_of_elements(view, entry, field);
	if (field->type == entry->wire)
		return unknown_number(entry->field, field->value) ||
		       (read_text(view, entry, body, field->value, &text) && add_tag(view, text));
	struct wire_cursor cursor = {body.at, body.at + body.len, NULL};
	uint64_t raw;
	while (wire_next_packed(&cursor, entry->wire, &raw))
		if (!unknown_number(entry->field, raw) &&
		    (!read_text(view, entry, body, raw, &text) || !add_tag(view, text)))
			return false;
	return !cursor.problem || fail_wire(view, &cursor);
}

static void read_kind(const struct view *view, const struct plan_entry *entry, const struct wire_field *field,
		      void *to)
{
	const struct translation *translation = view->method->translation[entry->fact];
	bool string = entry->wire == WIRE_LEN;
	int64_t number = string ? 0 : scalar_integer(entry->field->type, field->value);
	unsigned other = fact_rows[entry->fact].other;
	if (translation)
		*(unsigned *)to = translation_kind(translation, entry->field,
						   string ? wire_body(field) : (struct bytes){0}, number);
	else
		*(unsigned *)to = number >= 0 && number < other ? (unsigned)number : other;
}

static bool read_leaf(struct view *view, const struct plan_entry *entry, const struct wire_field *field)
{
	const struct proto_field *schema = entry->field;
	enum fact_type type = fact_rows[entry->fact].type;
	size_t row = current(view, entry->record);
	char *to = sink_at(view, entry->fact, row);
	if (type != FACT_TEXTS && unknown_number(schema, field->value))
		return true;
	switch (type) {
	case FACT_TEXT:
		return read_text(view, entry, wire_body(field), field->value, (struct bytes *)to);
	case FACT_TEXTS:
		return read_texts(view, entry, field);
	case FACT_NUMBER:
		*(double *)to = scalar_number(schema->type, field->value);
		view->sink[entry->fact].present[row] = 1;
		break;
	case FACT_INTEGER:
		*(int64_t *)to = scalar_integer(schema->type, field->value);
		break;
	case FACT_BOOL:
		*(bool *)to = field->value != 0;
		break;
	case FACT_KIND:
		read_kind(view, entry, field, to);
		break;
	case FACT_LIST:
		break;
	}
	return true;
}

static void forget(struct view *view, enum proto_fact fact, size_t row)
{
	char *to = sink_at(view, fact, row);
	switch (fact_rows[fact].type) {
	case FACT_TEXT:
		*(struct bytes *)to = (struct bytes){0};
		break;
	case FACT_TEXTS:
		view->tags.count = view->tags.from[row];
		break;
	case FACT_NUMBER:
		*(double *)to = 0;
		view->sink[fact].present[row] = 0;
		break;
	case FACT_INTEGER:
		*(int64_t *)to = 0;
		break;
	case FACT_BOOL:
		*(bool *)to = false;
		break;
	case FACT_KIND:
		*(unsigned *)to = 0;
		break;
	case FACT_LIST:
		break;
	}
}

/* Back to the first `left` rows. */
static void forget_rows(struct view *view, enum proto_record record, size_t left)
{
	for (size_t row = view->count[record]; row-- > left;)
		for (size_t fact = 0; fact < PROTO_FACTS; fact++)
			if (fact_rows[fact].record == record && view->method->path[fact])
				forget(view, (enum proto_fact)fact, row);
	view->count[record] = left;
}

/* What was read through `entry`, since the list element at `level` around it began, counts no more: a rival of
 * the same oneof came, or the same key of a map. */
static void take_back(struct view *view, const struct plan_entry *entry, uint32_t level)
{
	if (entry->pick == PICK_INDEX)
		view->seen[entry->slot] = 0;
	if (entry->action == PLAN_LEAF && fact_rows[entry->fact].type == FACT_TEXTS)
		view->tags.count = view->begun[BEGUN_TAGS][level];
	else if (entry->action == PLAN_LEAF)
		forget(view, entry->fact, current(view, entry->record));
	else if (entry->action == PLAN_LIST)
		forget_rows(view, entry->list, view->begun[entry->list][level]);
	else if (entry->action == PLAN_ENTER)
		for (size_t i = 0; i < entry->child->count; i++)
			for (const struct plan_entry *in = entry->child->entry[i]; in; in = in->next)
				take_back(view, in, level);
}

/* --- walking --- */

static bool read_message(struct view *view, const struct plan_node *node, struct bytes body);

/* Choices stand inside their prompt: counted and given memory when it begins. */
static bool begin_choices(struct view *view, struct facts_prompt *prompt, struct bytes body)
{
	const struct plan_node *node = view->method->plan[RECORD_PROMPT];
	view->room[RECORD_CHOICE] = view->count[RECORD_CHOICE] = view->begun[RECORD_CHOICE][0] = 0;
	void *choices;
	if (!node->lists)
		return true;
	if (!count_rows(view, node, body) || !sink_structs(view, RECORD_CHOICE, &choices))
		return false;
	restart_slots(view, node->slots);
	prompt->choices = choices;
	return true;
}

static bool read_record(struct view *view, const struct plan_entry *entry, const struct wire_field *field,
			const char *inside)
{
	enum proto_record list = entry->list;
	struct bytes body = wire_body(field);
	const char *start = view->message.at;
	size_t row = view->count[list]++;
	assert(row < view->room[list]);
	if (view->span[list])
		view->span[list][row] =
			(struct proto_span){(uint32_t)(inside - start), (uint32_t)(field->tag - start),
					    (uint32_t)(field->size - start), (uint32_t)(field->body - start),
					    (uint32_t)(field->end - start)};
	restart_slots(view, entry->child->slots);
	if (list == RECORD_ITEM) {
		view->tags.from[row] = view->begun[BEGUN_TAGS][0] = (uint32_t)view->tags.count;
		if (view->item_first)
			view->item_first[row] = view->begun[list][entry->level];
	}
	if (list != RECORD_PROMPT)
		return read_message(view, entry->child, body);
	struct facts_prompt *prompt = &view->prompts[row];
	if (!begin_choices(view, prompt, body) || !read_message(view, entry->child, body))
		return false;
	prompt->choice_count = view->count[RECORD_CHOICE];
	return true;
}

/* A list inside a record begins anew for each element of what is around it. */
static void begin_element(struct view *view, const struct plan_node *node)
{
	for (size_t record = 0; record < PROTO_RECORDS; record++)
		view->begun[record][node->level] = (uint32_t)view->count[record];
	view->begun[BEGUN_TAGS][node->level] = (uint32_t)view->tags.count;
	restart_slots(view, node->slots);
}

/* A map's entry takes the place of an earlier one, and has a value even where it is not on the wire. */
static bool begin_entry(struct view *view, const struct plan_entry *entry)
{
	take_back(view, entry, entry->level);
	for (const struct plan_entry *value = plan_find(entry->child, 2); value; value = value->next)
		if (value->action == PLAN_ENTER && !read_message(view, value->child, BYTES_LITERAL("")))
			return false;
	return true;
}

static bool read_inside(struct view *view, const struct plan_entry *entry, const struct wire_field *field)
{
	bool picked;
	if (!picks(view, entry, field, &picked))
		return false;
	if (!picked)
		return true;
	if (entry->pick == PICK_EACH)
		begin_element(view, entry->child);
	return (entry->pick != PICK_KEY || begin_entry(view, entry)) &&
	       read_message(view, entry->child, wire_body(field));
}

/* One element of a list, packed or not. */
static bool read_element(struct view *view, const struct plan_entry *entry, const struct wire_field *field)
{
	struct bytes body = wire_body(field);
	struct wire_cursor cursor = {body.at, body.at + body.len, NULL};
	struct wire_field one = *field;
	uint32_t *seen = &view->seen[entry->slot];
	if (field->type == entry->wire)
		return unknown_number(entry->field, field->value) || (*seen)++ != entry->step->index ||
		       read_leaf(view, entry, field);
	one.type = entry->wire;
	while (wire_next_packed(&cursor, entry->wire, &one.value))
		if (!unknown_number(entry->field, one.value) && (*seen)++ == entry->step->index &&
		    !read_leaf(view, entry, &one))
			return false;
	return !cursor.problem || fail_wire(view, &cursor);
}

/* `inside` is where the body of the message that has the field begins. */
static bool read_field(struct view *view, const struct plan_entry *entry, const struct wire_field *field,
		       const char *inside)
{
	bool packed = entry->action == PLAN_LEAF && entry->field->repeated && field->type == WIRE_LEN;
	if (field->type != entry->wire && !packed)
		return fail_type(view, entry, field);
	for (struct plan_entry **rival = entry->takes_back; rival && *rival; rival++)
		take_back(view, *rival, entry->level);
	switch (entry->action) {
	case PLAN_LEAF:
		return entry->pick == PICK_INDEX ? read_element(view, entry, field)
						 : read_leaf(view, entry, field);
	case PLAN_ENTER:
		return entry->pick == PICK_FIELD ? read_message(view, entry->child, wire_body(field))
						 : read_inside(view, entry, field);
	case PLAN_LIST:
		return read_record(view, entry, field, inside);
	case PLAN_NOTHING:
		break;
	}
	return true;
}

/* Numbers without presence are there, at zero, because their message is. */
static void read_zero(struct view *view, enum proto_fact fact)
{
	size_t row = current(view, fact_rows[fact].record);
	if (fact_rows[fact].type == FACT_NUMBER) {
		view->sink[fact].present[row] = 1;
		return;
	}
	if (fact_rows[fact].type == FACT_KIND) {
		unsigned *kind = (unsigned *)sink_at(view, fact, row);
		*kind = *kind ? *kind : view->method->translation[fact]->zero;
		return;
	}
	struct bytes *text = (struct bytes *)sink_at(view, fact, row);
	if (!bytes_present(*text))
		*text = BYTES_LITERAL("0");
}

static void read_constant(struct view *view, const struct plan_constant *constant)
{
	char *to = sink_at(view, constant->fact, current(view, fact_rows[constant->fact].record));
	if (fact_rows[constant->fact].type == FACT_KIND)
		*(unsigned *)to = constant->kind;
	else
		*(struct bytes *)to = constant->text;
}

/* A text that is not empty, or a double, that concerns one fact and no rival. False: it is something else, and
 * nothing was read. */
static inline bool read_quick(struct view *view, const struct plan_entry *entry,
			      const struct wire_field *field)
{
	const struct view_sink *sink = &view->sink[entry->fact];
	if (entry->quick == PLAN_SLOW || field->type != entry->wire || entry->takes_back || entry->next)
		return false;
	size_t row = current(view, entry->record);
	char *to = sink->base + sink->stride * row;
	if (entry->quick == PLAN_QUICK_TEXT) {
		if (field->end == field->body)
			return false;
		*(struct bytes *)to = wire_body(field);
		return true;
	}
	memcpy(to, &field->value, sizeof(double));
	sink->present[row] = 1;
	return true;
}

static bool read_message(struct view *view, const struct plan_node *node, struct bytes body)
{
	struct wire_cursor cursor = {body.at, body.at + body.len, NULL};
	struct wire_field field;
	for (size_t i = 0; i < node->zero_count; i++)
		read_zero(view, node->zero[i]);
	for (const struct plan_constant *constant = node->constant; constant; constant = constant->next)
		read_constant(view, constant);
	while (wire_next(&cursor, &field)) {
		const struct plan_entry *entry = plan_find(node, field.number);
		if (entry && read_quick(view, entry, &field))
			continue;
		for (; entry; entry = entry->next)
			if (!read_field(view, entry, &field, body.at))
				return false;
	}
	return !cursor.problem || fail_wire(view, &cursor);
}

/* --- the three messages --- */

/* A single record, whose facts stand in `base`: all absent. Counts the records of its lists. */
static bool begin(struct view *view, enum proto_record record, void *base)
{
	if (view->message.len > WIRE_MESSAGE_MAX) {
		view->result = PROTO_LIMIT;
		return err_set(view->err, "%s: it has %zu bytes; a message has at most %zu", view->what,
			       view->message.len, WIRE_MESSAGE_MAX);
	}
	if (!bytes_present(view->message))
		view->message = BYTES_LITERAL(""); /* an empty message may come without a place */
	view->count[record] = 1;
	sink_into(view, record, base);
	for (size_t fact = 0; fact < PROTO_FACTS; fact++)
		if (fact_rows[fact].record == record)
			forget(view, (enum proto_fact)fact, 0);
	const struct plan_node *plan = view->method->plan[record];
	assert(plan); /* a ranking method has requests and responses, a signal method signals */
	if (plan->lists && !count_rows(view, plan, view->message))
		return false;
	memset(view->seen, 0, sizeof view->seen);
	return true;
}

/* What paths, metadata and constants say, one after the other, of texts that are still absent or empty. */
static bool ask_sources(struct view *view)
{
	for (const struct proto_source *source = view->method->source; source; source = source->next) {
		struct bytes *to = (struct bytes *)sink_at(view, source->fact, 0), value = source->constant;
		if (to->len)
			continue;
		if (source->plan) {
			*to = value;
			if (!read_message(view, source->plan, view->message))
				return false;
			continue;
		}
		if (source->header.len && view->headers)
			value = view->headers->find(view->headers->context, source->header);
		if (value.len)
			*to = arena_copy(view->arena, value);
		if (value.len && !to->len)
			return fail_memory(view);
	}
	return true;
}

static int compare_attributes(const void *a, const void *b)
{
	const struct facts_attribute *left = a, *right = b;
	return bytes_compare(left->name, right->name);
}

/* Sorted by name; of equal names the last one on the wire stays. A key or value at "" is not on the wire. */
static bool finish_attributes(struct view *view, struct facts *facts)
{
	struct facts_attribute *all = facts->attributes;
	size_t count = view->count[RECORD_ATTRIBUTE];
	for (size_t i = 0; i < count; i++) {
		if (!bytes_present(all[i].name))
			all[i].name = BYTES_LITERAL("");
		if (!bytes_present(all[i].value))
			all[i].value = BYTES_LITERAL("");
	}
	if (!sort_stable(all, count, sizeof *all, compare_attributes, view->arena))
		return fail_memory(view);
	facts->attribute_count = 0;
	for (size_t i = 0; i < count; i++)
		if (i + 1 == count || !bytes_equal(all[i].name, all[i + 1].name))
			all[facts->attribute_count++] = all[i];
	return true;
}

static bool view_request(struct view *view, struct facts *facts)
{
	void *attributes;
	if (!begin(view, RECORD_REQUEST, facts) || !sink_structs(view, RECORD_ATTRIBUTE, &attributes) ||
	    !sink_columns(view, RECORD_CANDIDATE, facts) ||
	    !read_message(view, view->method->plan[RECORD_REQUEST], view->message) || !ask_sources(view))
		return false;
	facts->method = view->method->name;
	facts->attributes = attributes;
	facts->candidate_count = view->count[RECORD_CANDIDATE];
	return finish_attributes(view, facts);
}

enum proto_result proto_view_request(const struct proto_method *method, struct bytes message,
				     const struct proto_headers *headers, const struct proto_limits *limits,
				     struct arena *arena, struct facts *facts, struct err *err)
{
	struct view view = {.method = method, .message = message, .arena = arena, .err = err};
	struct facts work = *facts;
	view.what = "request";
	view.headers = headers;
	view.limit[RECORD_ATTRIBUTE] = view.limit[RECORD_CANDIDATE] = limits->items;
	if (view_request(&view, &work))
		*facts = work;
	return view.result;
}

static bool begin_spans(struct view *view, enum proto_record record)
{
	size_t rows = view->room[record];
	view->span[record] = rows ? arena_array(view->arena, rows, sizeof(struct proto_span)) : NULL;
	return !rows || view->span[record] || fail_memory(view);
}

static bool begin_lists(struct view *view, struct facts *facts)
{
	void *prompts;
	if (!sink_columns(view, RECORD_ITEM, facts) || !sink_columns(view, RECORD_WEIGHT, facts) ||
	    !sink_structs(view, RECORD_PROMPT, &prompts) || !begin_spans(view, RECORD_ITEM) ||
	    !begin_spans(view, RECORD_WEIGHT) || !begin_spans(view, RECORD_PROMPT))
		return false;
	facts->prompts = view->prompts = prompts;
	view->tags.from = arena_array(view->arena, view->room[RECORD_ITEM] + 1, sizeof(uint32_t));
	const struct proto_path *items = view->method->path[FACT_ITEMS];
	if (items && items->listed && view->room[RECORD_ITEM])
		view->item_first = arena_array(view->arena, view->room[RECORD_ITEM], sizeof(uint32_t));
	return (view->tags.from &&
		(view->item_first || !items || !items->listed || !view->room[RECORD_ITEM])) ||
	       fail_memory(view);
}

/* The rows of a map: of equal keys the last one stays. */
struct map_row {
	struct map_key key; /* first: it is compared */
	size_t row;
};

static int compare_rows(const void *a, const void *b)
{
	return map_key_compare(a, b);
}

static void move_row(const struct view *view, struct facts *facts, size_t to, size_t from)
{
	facts->weight_category[to] = facts->weight_category[from];
	facts->weight.value[to] = facts->weight.value[from];
	facts->weight.present[to] = facts->weight.present[from];
	facts->weight_baseline.value[to] = facts->weight_baseline.value[from];
	facts->weight_baseline.present[to] = facts->weight_baseline.present[from];
	view->span[RECORD_WEIGHT][to] = view->span[RECORD_WEIGHT][from];
}

static bool drop_dead_weights(struct view *view, struct facts *facts)
{
	const struct proto_path *path = view->method->path[FACT_WEIGHTS];
	size_t count = view->count[RECORD_WEIGHT], left = 0;
	if (count == 0 || !proto_path_leaf(path)->message->map_entry)
		return true;
	struct map_row *rows = arena_array(view->arena, count, sizeof *rows);
	bool *dead = arena_zalloc(view->arena, count, sizeof *dead);
	for (size_t i = 0; rows && i < count; i++) {
		const struct proto_span *span = &view->span[RECORD_WEIGHT][i];
		struct bytes entry = {view->message.at + span->body, span->end - span->body};
		rows[i] = (struct map_row){map_key_of(proto_path_leaf(path), entry, NULL), i};
	}
	if (!rows || !dead || !sort_stable(rows, count, sizeof *rows, compare_rows, view->arena))
		return fail_memory(view);
	for (size_t i = 0; i + 1 < count; i++)
		dead[rows[i].row] = map_key_compare(&rows[i].key, &rows[i + 1].key) == 0;
	for (size_t i = 0; i < count; i++)
		if (!dead[i])
			move_row(view, facts, left++, i);
	view->count[RECORD_WEIGHT] = left;
	return true;
}

static bool finish_response(struct view *view, struct facts *facts)
{
	if (!drop_dead_weights(view, facts))
		return false;
	if (!view->method->path[FACT_ITEM_BASELINE])
		facts->item_baseline.narrow = facts->candidate_score.narrow;
	facts->order = view->method->order;
	facts->item_count = view->count[RECORD_ITEM];
	facts->weight_count = view->count[RECORD_WEIGHT];
	facts->prompt_count = view->count[RECORD_PROMPT];
	view->tags.from[facts->item_count] = (uint32_t)view->tags.count;
	facts->item_first = facts->item_count ? view->item_first : NULL;
	facts->item_tags = view->tags.count ? view->tags.at : NULL;
	facts->item_tag_from = view->tags.count ? view->tags.from : NULL;
	return join_baselines(facts, view->arena) || fail_memory(view);
}

static bool view_response(struct view *view, struct facts *facts, const struct proto_places **places)
{
	if (!begin(view, RECORD_RESPONSE, facts) || !begin_lists(view, facts) ||
	    !read_message(view, view->method->plan[RECORD_RESPONSE], view->message))
		return false;
	struct proto_places *found = arena_zalloc(view->arena, 1, sizeof *found);
	if (!found)
		return fail_memory(view);
	if (!finish_response(view, facts))
		return false;
	*found = (struct proto_places){
		.method = view->method, .message = view->message, .prompt = facts->prompts};
	memcpy(found->span, view->span, sizeof found->span);
	memcpy(found->count, view->count, sizeof found->count);
	*places = found;
	return true;
}

enum proto_result proto_view_response(const struct proto_method *method, struct bytes message,
				      const struct proto_limits *limits, struct arena *arena,
				      struct facts *facts, const struct proto_places **places,
				      struct err *err)
{
	struct view view = {.method = method, .message = message, .arena = arena, .err = err};
	struct facts work = *facts;
	view.what = "response";
	view.limit[RECORD_ITEM] = view.limit[RECORD_WEIGHT] = limits->items;
	view.limit[RECORD_PROMPT] = view.limit[RECORD_CHOICE] = limits->prompts;
	if (view_response(&view, &work, places))
		*facts = work;
	return view.result;
}

enum proto_result proto_view_signal(const struct proto_method *method, struct bytes message,
				    const struct proto_headers *headers, struct arena *arena,
				    struct facts_signal *signal, struct err *err)
{
	struct view view = {.method = method, .message = message, .arena = arena, .err = err};
	struct facts_signal work;
	view.what = "signal";
	view.headers = headers;
	if (begin(&view, RECORD_SIGNAL, &work) && read_message(&view, method->plan[RECORD_SIGNAL], message) &&
	    ask_sources(&view))
		*signal = work;
	return view.result;
}
