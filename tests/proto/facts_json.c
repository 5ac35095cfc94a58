/* SPDX-License-Identifier: Apache-2.0 */
#include "facts_json.h"

void facts_json_hex(struct buf *buf, struct bytes value)
{
	struct buf hex = {0};
	for (size_t i = 0; i < value.len; i++)
		buf_printf(&hex, "%02x", (unsigned char)value.at[i]);
	json_string(buf, bytes_present(value) ? buf_bytes(&hex) : (struct bytes){0});
	buf_done(&hex);
}

static void add_text(struct buf *buf, const char *key, struct bytes value)
{
	json_key(buf, key);
	facts_json_hex(buf, value);
}

/* A double as its bits: NaN, -0 and the last digit count. */
static void add_bits(struct buf *buf, const char *key, double value, bool present)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof bits);
	json_key(buf, key);
	if (present)
		json_uint(buf, bits);
	else
		json_text(buf, NULL);
}

static void add_number(struct buf *buf, const char *key, const struct facts_numbers *numbers, size_t i)
{
	add_bits(buf, key, numbers->value[i], numbers->present[i]);
}

static void add_item(struct buf *buf, const struct facts *facts, size_t i)
{
	size_t from = facts->item_tag_from ? facts->item_tag_from[i] : 0;
	size_t end = facts->item_tag_from ? facts->item_tag_from[i + 1] : 0;
	json_open(buf, '{');
	add_text(buf, "id", facts->item_id[i]);
	add_text(buf, "category", facts->item_category[i]);
	add_text(buf, "source", facts->item_source[i]);
	add_number(buf, "score", &facts->item_score, i);
	add_number(buf, "baseline", &facts->item_baseline, i);
	json_key(buf, "tags");
	json_open(buf, '[');
	for (size_t tag = from; tag < end; tag++)
		facts_json_hex(buf, facts->item_tags[tag]);
	json_close(buf, ']');
	json_close(buf, '}');
}

static void add_prompt(struct buf *buf, const struct facts_prompt *prompt)
{
	json_open(buf, '{');
	add_text(buf, "id", prompt->id);
	add_text(buf, "template_id", prompt->template_id);
	add_text(buf, "text", prompt->text);
	add_text(buf, "locale", prompt->locale);
	json_key(buf, "kind");
	json_uint(buf, prompt->kind);
	json_key(buf, "choices");
	json_open(buf, '[');
	for (size_t i = 0; i < prompt->choice_count; i++) {
		json_open(buf, '{');
		add_text(buf, "id", prompt->choices[i].id);
		add_text(buf, "label", prompt->choices[i].label);
		json_key(buf, "kind");
		json_uint(buf, prompt->choices[i].kind);
		json_close(buf, '}');
	}
	json_close(buf, ']');
	json_close(buf, '}');
}

static void add_weight(struct buf *buf, const struct facts *facts, size_t i)
{
	json_open(buf, '{');
	add_text(buf, "category", facts->weight_category[i]);
	add_number(buf, "weight", &facts->weight, i);
	add_number(buf, "baseline", &facts->weight_baseline, i);
	json_close(buf, '}');
}

void facts_json_response(struct buf *buf, const struct facts *facts)
{
	json_open(buf, '{');
	json_key(buf, "items");
	json_open(buf, '[');
	for (size_t i = 0; i < facts->item_count; i++)
		add_item(buf, facts, i);
	json_close(buf, ']');
	json_key(buf, "first");
	json_open(buf, '[');
	for (size_t i = 0; i < facts->item_count; i++)
		json_uint(buf, facts->item_first ? facts->item_first[i] : 0);
	json_close(buf, ']');
	json_key(buf, "weights");
	json_open(buf, '[');
	for (size_t i = 0; i < facts->weight_count; i++)
		add_weight(buf, facts, i);
	json_close(buf, ']');
	json_key(buf, "prompts");
	json_open(buf, '[');
	for (size_t i = 0; i < facts->prompt_count; i++)
		add_prompt(buf, &facts->prompts[i]);
	json_close(buf, ']');
	add_text(buf, "explanation", facts->explanation);
	add_text(buf, "model_version", facts->model_version);
	add_bits(buf, "confidence", facts->confidence, facts->confidence_present);
	json_close(buf, '}');
}

void facts_json_request(struct buf *buf, const struct facts *facts)
{
	json_open(buf, '{');
	add_text(buf, "user", facts->user);
	add_text(buf, "session", facts->session);
	add_text(buf, "surface", facts->surface);
	add_text(buf, "locale", facts->locale);
	add_text(buf, "time_zone", facts->time_zone);
	add_text(buf, "segment", facts->segment);
	add_text(buf, "experiment", facts->experiment);
	json_key(buf, "attributes");
	json_open(buf, '[');
	for (size_t i = 0; i < facts->attribute_count; i++) {
		json_open(buf, '[');
		facts_json_hex(buf, facts->attributes[i].name);
		facts_json_hex(buf, facts->attributes[i].value);
		json_close(buf, ']');
	}
	json_close(buf, ']');
	json_key(buf, "opted_out");
	json_bool(buf, facts->opted_out);
	json_key(buf, "offset");
	json_int(buf, facts->offset);
	json_close(buf, '}');
}

void facts_json_signal(struct buf *buf, const struct facts_signal *signal)
{
	json_open(buf, '{');
	add_text(buf, "user", signal->user);
	add_text(buf, "session", signal->session);
	add_text(buf, "item", signal->item);
	add_text(buf, "category", signal->category);
	add_text(buf, "prompt", signal->prompt);
	json_key(buf, "kind");
	json_uint(buf, signal->kind);
	json_close(buf, '}');
}
