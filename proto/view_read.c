/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/scalar.h"
#include "proto/view_state.h"
#include <assert.h>

/* --- sinks --- */

/* The facts of a record that are members of one struct, or of an array of structs. */
void view_sink_into(struct view *view, enum proto_record record, void *base)
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
bool view_sink_columns(struct view *view, enum proto_record record, struct facts *facts)
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
	return good || view_fail_memory(view);
}

/* An array of structs, one for each row that was counted. */
bool view_sink_structs(struct view *view, enum proto_record record, void **structs)
{
	size_t rows = view->room[record];
	*structs = rows ? arena_zalloc(view->arena, rows, fact_record_stride(record)) : NULL;
	if (rows && !*structs)
		return view_fail_memory(view);
	if (rows)
		view_sink_into(view, record, *structs);
	return true;
}

static size_t current(const struct view *view, enum proto_record record)
{
	return view->count[record] - 1;
}

/* NULL for what has no sink: lists, and the tags. */
char *view_sink_at(const struct view *view, enum proto_fact fact, size_t row)
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
			return view_fail_memory(view);
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
		return view_fail_memory(view);
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
	return !cursor.problem || view_fail_wire(view, &cursor);
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
	char *to = view_sink_at(view, entry->fact, row);
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

void view_forget(struct view *view, enum proto_fact fact, size_t row)
{
	char *to = view_sink_at(view, fact, row);
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
				view_forget(view, (enum proto_fact)fact, row);
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
		view_forget(view, entry->fact, current(view, entry->record));
	else if (entry->action == PLAN_LIST)
		forget_rows(view, entry->list, view->begun[entry->list][level]);
	else if (entry->action == PLAN_ENTER)
		for (size_t i = 0; i < entry->child->count; i++)
			for (const struct plan_entry *in = entry->child->entry[i]; in; in = in->next)
				take_back(view, in, level);
}

/* --- walking --- */

static bool fail_type(struct view *view, const struct plan_entry *entry, const struct wire_field *field)
{
	const struct proto_field *schema = entry->field;
	view->result = PROTO_MALFORMED;
	return err_set(view->err, "%s: byte %zu: field \"%.*s\" of %.*s has wire type %d; a %s has %d",
		       view->what, (size_t)(field->tag - view->message.at), BYTES_ARG(schema->name),
		       BYTES_ARG(schema->of->name), (int)field->type, proto_type_name(schema->type),
		       (int)entry->wire);
}

/* Choices stand inside their prompt: counted and given memory when it begins. */
static bool begin_choices(struct view *view, struct facts_prompt *prompt, struct bytes body)
{
	const struct plan_node *node = view->method->plan[RECORD_PROMPT];
	view->room[RECORD_CHOICE] = view->count[RECORD_CHOICE] = view->begun[RECORD_CHOICE][0] = 0;
	void *choices;
	if (!node->lists)
		return true;
	if (!view_count_rows(view, node, body) || !view_sink_structs(view, RECORD_CHOICE, &choices))
		return false;
	view_restart_slots(view, node->slots);
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
	view_restart_slots(view, entry->child->slots);
	if (list == RECORD_ITEM) {
		view->tags.from[row] = view->begun[BEGUN_TAGS][0] = (uint32_t)view->tags.count;
		if (view->item_first)
			view->item_first[row] = view->begun[list][entry->level];
	}
	if (list != RECORD_PROMPT)
		return view_read_message(view, entry->child, body);
	struct facts_prompt *prompt = &view->prompts[row];
	if (!begin_choices(view, prompt, body) || !view_read_message(view, entry->child, body))
		return false;
	prompt->choice_count = view->count[RECORD_CHOICE];
	return true;
}

/* Lists inside the record of `entry` begin anew for each element of what is around them. */
static void begin_element(struct view *view, const struct plan_entry *entry)
{
	static const struct {
		enum proto_record in, list;
	} lists[] = {
		{RECORD_RESPONSE, RECORD_ITEM},	    {RECORD_RESPONSE, RECORD_WEIGHT},
		{RECORD_RESPONSE, RECORD_PROMPT},   {RECORD_PROMPT, RECORD_CHOICE},
		{RECORD_REQUEST, RECORD_ATTRIBUTE}, {RECORD_REQUEST, RECORD_CANDIDATE},
	};
	uint32_t level = entry->child->level;
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if (lists[i].in == entry->record)
			view->begun[lists[i].list][level] = (uint32_t)view->count[lists[i].list];
	if (entry->record == RECORD_ITEM)
		view->begun[BEGUN_TAGS][level] = (uint32_t)view->tags.count;
	view_restart_slots(view, entry->child->slots);
}

/* A map's entry takes the place of an earlier one, and has a value even where it is not on the wire. */
static bool begin_entry(struct view *view, const struct plan_entry *entry)
{
	take_back(view, entry, entry->level);
	for (const struct plan_entry *value = plan_find(entry->child, 2); value; value = value->next)
		if (value->action == PLAN_ENTER && !view_read_message(view, value->child, BYTES_LITERAL("")))
			return false;
	return true;
}

static bool read_inside(struct view *view, const struct plan_entry *entry, const struct wire_field *field)
{
	bool picked;
	if (!view_picks(view, entry, field, &picked))
		return false;
	if (!picked)
		return true;
	if (entry->pick == PICK_EACH)
		begin_element(view, entry);
	return (entry->pick != PICK_KEY || begin_entry(view, entry)) &&
	       view_read_message(view, entry->child, wire_body(field));
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
	return !cursor.problem || view_fail_wire(view, &cursor);
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
		return entry->pick == PICK_FIELD ? view_read_message(view, entry->child, wire_body(field))
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
		unsigned *kind = (unsigned *)view_sink_at(view, fact, row);
		*kind = *kind ? *kind : view->method->translation[fact]->zero;
		return;
	}
	struct bytes *text = (struct bytes *)view_sink_at(view, fact, row);
	if (!bytes_present(*text))
		*text = BYTES_LITERAL("0");
}

static void read_constant(struct view *view, const struct plan_constant *constant)
{
	char *to = view_sink_at(view, constant->fact, current(view, fact_rows[constant->fact].record));
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

bool view_read_message(struct view *view, const struct plan_node *node, struct bytes body)
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
	return !cursor.problem || view_fail_wire(view, &cursor);
}
