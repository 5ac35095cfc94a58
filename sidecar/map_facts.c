/* SPDX-License-Identifier: Apache-2.0
 *
 * Walks the table of facts; a list's records stand inside the record that has the list.
 */
#include "proto/fact.h"
#include "sidecar/map.h"
#include <stdio.h>
#include <string.h>

/* One record: where its facts stand. Columns have a row, structs a base of their own. */
struct place {
	enum proto_record record;
	const char *base;
	size_t row;
};

struct printer {
	const struct sidecar_map_facts *of;
	struct buf *out;
};

/* How many records a list has in its parent, and the first of them. */
static size_t list_of(const struct facts *facts, const struct place *parent, enum proto_record list,
		      struct place *first)
{
	const struct facts_prompt *prompt = (const struct facts_prompt *)(const void *)parent->base;
	*first = (struct place){.record = list, .base = (const char *)facts};
	switch (list) {
	case RECORD_ATTRIBUTE:
		first->base = (const char *)facts->attributes;
		return facts->attribute_count;
	case RECORD_CANDIDATE:
		return facts->candidate_count;
	case RECORD_ITEM:
		return facts->item_count;
	case RECORD_WEIGHT:
		return facts->weight_count;
	case RECORD_PROMPT:
		first->base = (const char *)facts->prompts;
		return facts->prompt_count;
	case RECORD_CHOICE:
		first->base = (const char *)prompt->choices;
		return prompt->choice_count;
	case RECORD_REQUEST:
	case RECORD_RESPONSE:
	case RECORD_SIGNAL:
	case PROTO_RECORDS:
		break;
	}
	return 0;
}

static struct place at(const struct place *first, size_t index)
{
	size_t stride = fact_record_stride(first->record);
	return (struct place){first->record, first->base + stride * index, stride ? 0 : index};
}

static bool in_columns(enum proto_record record)
{
	return record == RECORD_CANDIDATE || record == RECORD_ITEM || record == RECORD_WEIGHT;
}

/* --- one value, as JSON --- */

static void put_tags(const struct facts *facts, size_t row, struct buf *out)
{
	json_open(out, '[');
	for (uint32_t i = facts->item_tag_from ? facts->item_tag_from[row] : 0;
	     facts->item_tag_from && i < facts->item_tag_from[row + 1]; i++)
		json_string(out, facts->item_tags[i]);
	json_close(out, ']');
}

static void put_number(const struct place *place, enum proto_fact fact, const char *value, struct buf *out)
{
	const struct facts_numbers *column = (const struct facts_numbers *)(const void *)value;
	bool columns = in_columns(place->record);
	double number = 0;
	if (columns ? !column->present[place->row] : !place->base[fact_rows[fact].present]) {
		json_text(out, NULL);
		return;
	}
	if (columns)
		number = column->value[place->row];
	else
		memcpy(&number, value, sizeof number);
	json_double(out, number);
}

static void put_value(const struct facts *facts, const struct place *place, enum proto_fact fact,
		      struct buf *out)
{
	const char *value = place->base + fact_rows[fact].offset;
	const void *text = in_columns(place->record) && fact_rows[fact].type == FACT_TEXT
				   ? *(struct bytes *const *)(const void *)value + place->row
				   : (const struct bytes *)(const void *)value;
	switch (fact_rows[fact].type) {
	case FACT_TEXT:
		json_string(out, *(const struct bytes *)text);
		break;
	case FACT_TEXTS:
		put_tags(facts, place->row, out);
		break;
	case FACT_NUMBER:
		put_number(place, fact, value, out);
		break;
	case FACT_INTEGER:
		json_int(out, *(const int64_t *)(const void *)value);
		break;
	case FACT_BOOL:
		json_bool(out, *(const bool *)value);
		break;
	case FACT_KIND: {
		const char *name = fact_kind_name(fact, *(const unsigned *)(const void *)value);
		json_text(out, *name ? name : NULL);
		break;
	}
	case FACT_LIST:
		break;
	}
}

/* "id" of "item.id". */
static const char *last_word(const char *key)
{
	const char *dot = strrchr(key, '.');
	return dot ? dot + 1 : key;
}

static bool stands_in(const struct printer *to, enum proto_record record, size_t fact)
{
	return fact_rows[fact].record == record && proto_method_maps(to->of->method, (enum proto_fact)fact);
}

/* --- JSON --- */

static void put_record(const struct printer *to, const struct place *place)
{
	json_open(to->out, '{');
	for (size_t fact = 0; fact < PROTO_FACTS; fact++) {
		struct place first;
		if (!stands_in(to, place->record, fact))
			continue;
		json_key(to->out, last_word(fact_rows[fact].key));
		if (fact_rows[fact].type != FACT_LIST) {
			put_value(to->of->facts, place, (enum proto_fact)fact, to->out);
			continue;
		}
		size_t count = list_of(to->of->facts, place, fact_rows[fact].list, &first);
		json_open(to->out, '[');
		for (size_t i = 0; i < count; i++) {
			struct place one = at(&first, i);
			put_record(to, &one); /* as deep as lists stand in lists: two */
		}
		json_close(to->out, ']');
	}
	json_close(to->out, '}');
}

static void put_all(const struct printer *to, const struct place *places, size_t count)
{
	json_open(to->out, '{');
	json_key(to->out, "method");
	json_string(to->out, proto_method_name(to->of->method));
	for (size_t i = 0; i < count; i++) {
		json_key(to->out, fact_record_name(places[i].record));
		put_record(to, &places[i]);
	}
	json_close(to->out, '}');
	buf_add_text(to->out, "\n");
}

/* --- tables --- */

enum { COLUMNS = 8, CELL_MAX = 48 };

/* The text of a cell: JSON, "-" for null, cut where it is long. */
static struct bytes cell_of(const struct printer *to, const struct place *place, enum proto_fact fact,
			    struct buf *cell)
{
	buf_clear(cell);
	put_value(to->of->facts, place, fact, cell);
	struct bytes text = buf_bytes(cell);
	if (bytes_equal(text, BYTES_LITERAL("null")))
		return BYTES_LITERAL("-");
	if (text.len <= CELL_MAX)
		return text;
	size_t len = CELL_MAX;
	while (len > 0 && ((unsigned char)text.at[len] & 0xc0) == 0x80)
		len--; /* not inside of a character */
	cell->len = len;
	buf_add_text(cell, "...");
	return buf_bytes(cell);
}

/* Characters, so that columns stand below each other. */
static size_t width_of(struct bytes text)
{
	size_t width = 0;
	for (size_t i = 0; i < text.len; i++)
		width += ((unsigned char)text.at[i] & 0xc0) != 0x80;
	return width;
}

static void pad(struct buf *out, struct bytes text, size_t width)
{
	buf_add_bytes(out, text);
	for (size_t have = width_of(text); have < width + 2; have++)
		buf_add_text(out, " ");
}

static void end_line(struct buf *out)
{
	while (out->len && out->at[out->len - 1] == ' ')
		out->len--;
	buf_add_text(out, "\n");
}

static void print_list(const struct printer *to, const char *title, const struct place *first, size_t count)
{
	enum proto_fact fact[COLUMNS];
	size_t width[COLUMNS], columns = 0;
	struct buf cell = {0};
	for (size_t i = 0; i < PROTO_FACTS && columns < COLUMNS; i++)
		if (fact_rows[i].type != FACT_LIST && stands_in(to, first->record, i))
			fact[columns++] = (enum proto_fact)i;
	buf_printf(to->out, "\n%s: %zu\n", title, count);
	for (size_t c = 0; c < columns; c++) {
		width[c] = strlen(last_word(fact_rows[fact[c]].key));
		for (size_t i = 0; i < count; i++) {
			struct place one = at(first, i);
			size_t need = width_of(cell_of(to, &one, fact[c], &cell));
			width[c] = need > width[c] ? need : width[c];
		}
	}
	if (count && columns)
		pad(to->out, BYTES_LITERAL("  #"), 5);
	for (size_t c = 0; count && c < columns; c++)
		pad(to->out, bytes_of(last_word(fact_rows[fact[c]].key)), width[c]);
	if (count && columns)
		end_line(to->out);
	for (size_t i = 0; columns && i < count; i++) {
		struct place one = at(first, i);
		char number[32];
		snprintf(number, sizeof number, "  %zu", i);
		pad(to->out, bytes_of(number), 5);
		for (size_t c = 0; c < columns; c++)
			pad(to->out, cell_of(to, &one, fact[c], &cell), width[c]);
		end_line(to->out);
	}
	buf_done(&cell);
}

static void print_lists(const struct printer *to, const struct place *place)
{
	for (size_t fact = 0; fact < PROTO_FACTS; fact++) {
		struct place first, choices;
		if (fact_rows[fact].type != FACT_LIST || !stands_in(to, place->record, fact))
			continue;
		size_t count = list_of(to->of->facts, place, fact_rows[fact].list, &first);
		print_list(to, fact_record_name(fact_rows[fact].list), &first, count);
		for (size_t i = 0; fact == FACT_PROMPTS && i < count; i++) {
			struct place prompt = at(&first, i);
			size_t inner = list_of(to->of->facts, &prompt, RECORD_CHOICE, &choices);
			char title[64];
			snprintf(title, sizeof title, "choices of prompt %zu", i);
			if (inner)
				print_list(to, title, &choices, inner);
		}
	}
}

static void print_record(const struct printer *to, const struct place *place)
{
	struct buf cell = {0};
	buf_printf(to->out, "%s%s\n", to->out->len ? "\n" : "", fact_record_name(place->record));
	for (size_t fact = 0; fact < PROTO_FACTS; fact++) {
		if (fact_rows[fact].type == FACT_LIST || !stands_in(to, place->record, fact))
			continue;
		buf_add_text(to->out, "  ");
		pad(to->out, bytes_of(last_word(fact_rows[fact].key)), 13);
		buf_add_bytes(to->out, cell_of(to, place, (enum proto_fact)fact, &cell));
		end_line(to->out);
	}
	buf_done(&cell);
	if (place->record != RECORD_SIGNAL)
		print_lists(to, place);
}

void sidecar_map_print(const struct sidecar_map_facts *facts, bool json, struct buf *out)
{
	struct printer to = {facts, out};
	struct place place[2];
	size_t count = 0;
	if (facts->signal)
		place[count++] = (struct place){RECORD_SIGNAL, (const char *)facts->signal, 0};
	if (facts->facts && facts->request)
		place[count++] = (struct place){RECORD_REQUEST, (const char *)facts->facts, 0};
	if (facts->facts && facts->response)
		place[count++] = (struct place){RECORD_RESPONSE, (const char *)facts->facts, 0};
	if (json)
		put_all(&to, place, count);
	for (size_t i = 0; !json && i < count; i++)
		print_record(&to, &place[i]);
}
