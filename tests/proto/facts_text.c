/* SPDX-License-Identifier: Apache-2.0 */
#include "facts_text.h"

static void begin(struct buf *buf, const char *what)
{
	buf_printf(buf, "%s%s", buf->len ? "; " : "", what);
}

/* Before the first word behind a bracket or a separator there is no space. */
static void add_key(struct buf *buf, const char *key)
{
	char last = buf->len ? buf->at[buf->len - 1] : '(';
	buf_printf(buf, "%s%s=", last == '(' || last == ' ' ? "" : " ", key);
}

static void add_text(struct buf *buf, const char *key, struct bytes value)
{
	if (!bytes_present(value))
		return;
	add_key(buf, key);
	buf_add_bytes(buf, value);
}

static void add_number(struct buf *buf, const char *key, double value, bool present)
{
	if (!present)
		return;
	add_key(buf, key);
	buf_printf(buf, "%.9g", value);
}

static void add_item(struct buf *buf, const struct facts *facts, size_t i)
{
	begin(buf, "item");
	add_text(buf, "id", facts->item_id[i]);
	add_number(buf, "score", facts->item_score.value[i], facts->item_score.present[i]);
	add_number(buf, "base", facts->item_baseline.value[i], facts->item_baseline.present[i]);
	add_text(buf, "cat", facts->item_category[i]);
	add_text(buf, "src", facts->item_source[i]);
	if (facts->item_first && facts->item_first[i])
		add_number(buf, "list", facts->item_first[i], facts->item_first[i] == i);
	for (size_t t = 0; facts->item_tag_from && t < facts->item_tag_from[facts->item_count]; t++)
		if (t >= facts->item_tag_from[i] && t < facts->item_tag_from[i + 1])
			add_text(buf, "tag", facts->item_tags[t]);
}

static void add_prompt(struct buf *buf, const struct facts_prompt *prompt)
{
	begin(buf, "prompt");
	add_text(buf, "id", prompt->id);
	add_text(buf, "template", prompt->template_id);
	add_text(buf, "text", prompt->text);
	add_text(buf, "locale", prompt->locale);
	if (prompt->kind)
		add_text(buf, "kind", bytes_of(prompt_kind_name(prompt->kind)));
	for (size_t i = 0; i < prompt->choice_count; i++) {
		const struct facts_choice *choice = &prompt->choices[i];
		buf_add_text(buf, " choice(");
		add_text(buf, "id", choice->id);
		if (choice->kind)
			add_text(buf, "kind", bytes_of(choice_kind_name(choice->kind)));
		add_text(buf, "label", choice->label);
		buf_add_text(buf, ")");
	}
}

/* "; explain=why" */
static void add_single(struct buf *buf, const char *key, struct bytes value)
{
	if (bytes_present(value))
		begin(buf, "");
	add_text(buf, key, value);
}

void facts_text_response(struct buf *buf, const struct facts *facts)
{
	for (size_t i = 0; i < facts->item_count; i++)
		add_item(buf, facts, i);
	for (size_t i = 0; i < facts->weight_count; i++) {
		begin(buf, "weight");
		add_text(buf, "cat", facts->weight_category[i]);
		add_number(buf, "weight", facts->weight.value[i], facts->weight.present[i]);
		add_number(buf, "base", facts->weight_baseline.value[i], facts->weight_baseline.present[i]);
	}
	for (size_t i = 0; i < facts->prompt_count; i++)
		add_prompt(buf, &facts->prompts[i]);
	add_single(buf, "explain", facts->explanation);
	if (facts->confidence_present)
		begin(buf, "");
	add_number(buf, "confidence", facts->confidence, facts->confidence_present);
	add_single(buf, "model", facts->model_version);
}

void facts_text_request(struct buf *buf, const struct facts *facts)
{
	buf_add_text(buf, "request");
	add_text(buf, "user", facts->user);
	add_text(buf, "session", facts->session);
	add_text(buf, "surface", facts->surface);
	add_text(buf, "locale", facts->locale);
	add_text(buf, "time_zone", facts->time_zone);
	add_text(buf, "segment", facts->segment);
	add_text(buf, "experiment", facts->experiment);
	if (facts->opted_out)
		buf_add_text(buf, " opted_out");
	if (facts->offset)
		add_number(buf, "offset", (double)facts->offset, true);
	for (size_t i = 0; i < facts->attribute_count; i++)
		buf_printf(buf, " {%.*s: %.*s}", BYTES_ARG(facts->attributes[i].name),
			   BYTES_ARG(facts->attributes[i].value));
}

void facts_text_signal(struct buf *buf, const struct facts_signal *signal)
{
	buf_add_text(buf, "signal");
	add_text(buf, "user", signal->user);
	add_text(buf, "session", signal->session);
	add_text(buf, "item", signal->item);
	add_text(buf, "category", signal->category);
	add_text(buf, "prompt", signal->prompt);
	if (signal->kind)
		add_text(buf, "kind", bytes_of(signal_kind_name(signal->kind)));
}
