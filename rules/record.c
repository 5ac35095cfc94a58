/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/record.h"

#include "proto/utf8.h"
#include "rules/loaded.h"
#include "rules/work.h"
#include <math.h>

const char *rules_frequency_end_name(enum rules_frequency_end end)
{
	static const char *const names[] = {"decided", "suppressed", "passed"};
	return names[end];
}

/* ---- values ---- */

static void add_value(struct buf *out, struct bytes text)
{
	if (utf8_valid(text)) {
		json_string(out, text);
		return;
	}
	struct buf hex = {0};
	for (size_t i = 0; i < text.len; i++)
		buf_printf(&hex, "%02x", (unsigned char)text.at[i]);
	json_open(out, '{');
	json_key(out, "hex");
	json_string(out, buf_bytes(&hex));
	json_close(out, '}');
	out->failed |= hex.failed;
	buf_done(&hex);
}

static void add_text(struct buf *out, const char *key, struct bytes text)
{
	if (!bytes_present(text))
		return;
	json_key(out, key);
	add_value(out, text);
}

/* A JSON reader may take -0 for the integer 0. */
static void add_number(struct buf *out, const char *key, double value, bool present)
{
	if (!present)
		return;
	json_key(out, key);
	if (value == 0 && signbit(value))
		json_text(out, "-0");
	else
		json_double(out, value);
}

static void add_column(struct buf *out, const char *key, const struct facts_numbers *numbers, size_t i)
{
	add_number(out, key, numbers->value[i], numbers->present[i]);
}

static void open_list(struct buf *out, const char *key)
{
	json_key(out, key);
	json_open(out, '[');
}

/* ---- facts ---- */

static bool is_listed(const struct rules_recording *recording, struct bytes name)
{
	for (size_t i = 0; i < recording->attribute_count; i++)
		if (bytes_equal(bytes_of(recording->attribute[i]), name))
			return true;
	return false;
}

static void add_attributes(struct buf *out, const struct rules_recording *recording)
{
	const struct facts *facts = recording->facts;
	size_t left_out = 0;
	open_list(out, "attributes");
	for (size_t i = 0; i < facts->attribute_count; i++) {
		const struct facts_attribute *attribute = &facts->attributes[i];
		if (!is_listed(recording, attribute->name)) {
			left_out++;
			continue;
		}
		json_open(out, '{');
		add_text(out, "name", attribute->name);
		add_text(out, "value", attribute->value);
		json_close(out, '}');
	}
	json_close(out, ']');
	json_key(out, "attributes_left_out");
	json_uint(out, left_out);
}

static void add_context(struct buf *out, const struct rules_recording *recording)
{
	static const char *const orders[] = {
		[ORDER_POSITION] = "position",
		[ORDER_SCORE_DESC] = "score_desc",
		[ORDER_SCORE_ASC] = "score_asc",
	};
	const struct facts *facts = recording->facts;
	add_text(out, "method", facts->method);
	add_text(out, "user", recording->user);
	add_text(out, "session", recording->session);
	add_text(out, "surface", facts->surface);
	add_text(out, "locale", facts->locale);
	add_text(out, "time_zone", facts->time_zone);
	add_text(out, "segment", facts->segment);
	add_text(out, "experiment", facts->experiment);
	add_attributes(out, recording);
	json_key(out, "opted_out");
	json_bool(out, facts->opted_out);
	json_key(out, "offset");
	json_int(out, facts->offset);
	json_key(out, "order");
	json_text(out, orders[facts->order]);
}

static void add_narrow(struct buf *out, const struct facts *facts)
{
	open_list(out, "narrow");
	if (facts->item_score.narrow)
		json_text(out, "score");
	if (facts->item_baseline.narrow)
		json_text(out, "baseline");
	if (facts->weight.narrow)
		json_text(out, "weight");
	if (facts->weight_baseline.narrow)
		json_text(out, "weight_baseline");
	json_close(out, ']');
}

static void add_item(struct buf *out, const struct facts *facts, size_t i)
{
	json_open(out, '{');
	add_text(out, "id", facts->item_id[i]);
	add_text(out, "category", facts->item_category[i]);
	add_text(out, "source", facts->item_source[i]);
	add_column(out, "score", &facts->item_score, i);
	add_column(out, "baseline", &facts->item_baseline, i);
	if (facts->item_tag_from && facts->item_tag_from[i] < facts->item_tag_from[i + 1]) {
		open_list(out, "tags");
		for (size_t tag = facts->item_tag_from[i]; tag < facts->item_tag_from[i + 1]; tag++)
			add_value(out, facts->item_tags[tag]);
		json_close(out, ']');
	}
	json_close(out, '}');
}

static void add_items(struct buf *out, const struct facts *facts)
{
	open_list(out, "items");
	for (size_t i = 0; i < facts->item_count; i++)
		add_item(out, facts, i);
	json_close(out, ']');
	for (size_t i = 0; facts->item_first && i < facts->item_count; i++) {
		if (facts->item_first[i] != i)
			continue;
		if (i == 0)
			open_list(out, "lists");
		json_uint(out, i);
	}
	if (facts->item_first && facts->item_count)
		json_close(out, ']');
	open_list(out, "weights");
	for (size_t i = 0; i < facts->weight_count; i++) {
		json_open(out, '{');
		add_text(out, "category", facts->weight_category[i]);
		add_column(out, "weight", &facts->weight, i);
		add_column(out, "baseline", &facts->weight_baseline, i);
		json_close(out, '}');
	}
	json_close(out, ']');
}

/* An absent kind is left out. */
static void add_kind(struct buf *out, const char *key, const char *name)
{
	if (*name)
		add_text(out, key, bytes_of(name));
}

static void add_prompt(struct buf *out, const struct facts_prompt *prompt)
{
	json_open(out, '{');
	add_text(out, "id", prompt->id);
	add_text(out, "template_id", prompt->template_id);
	add_kind(out, "kind", prompt_kind_name(prompt->kind));
	add_text(out, "text", prompt->text);
	add_text(out, "locale", prompt->locale);
	open_list(out, "choices");
	for (size_t i = 0; i < prompt->choice_count; i++) {
		json_open(out, '{');
		add_text(out, "id", prompt->choices[i].id);
		add_kind(out, "kind", choice_kind_name(prompt->choices[i].kind));
		add_text(out, "label", prompt->choices[i].label);
		json_close(out, '}');
	}
	json_close(out, ']');
	json_close(out, '}');
}

static void add_facts(struct buf *out, const struct rules_recording *recording)
{
	const struct facts *facts = recording->facts;
	json_key(out, "facts");
	json_open(out, '{');
	add_context(out, recording);
	add_narrow(out, facts);
	add_items(out, facts);
	open_list(out, "prompts");
	for (size_t i = 0; i < facts->prompt_count; i++)
		add_prompt(out, &facts->prompts[i]);
	json_close(out, ']');
	add_text(out, "explanation", facts->explanation);
	add_number(out, "confidence", facts->confidence, facts->confidence_present);
	add_text(out, "model_version", facts->model_version);
	json_close(out, '}');
}

/* ---- what is not said ---- */

static bool asks_for_more(const struct rules_recording *recording, const struct when *when)
{
	const struct when_attribute *attribute = when->attributes.at;
	const struct when *any = when->any.at;
	bool asks = when->share.present || (when->not &&asks_for_more(recording, when->not ));
	for (size_t i = 0; i < when->attributes.count && !asks; i++)
		asks = !is_listed(recording, attribute[i].name);
	for (size_t i = 0; i < when->any.count && !asks; i++)
		asks = asks_for_more(recording, &any[i]);
	return asks;
}

static void add_applies(struct buf *out, const struct rules_recording *recording)
{
	const struct rules_ruleset *ruleset = recording->ruleset;
	open_list(out, "applies");
	for (size_t i = 0; i < ruleset->rule_count; i++) {
		const struct rule *rule = ruleset->rule[i];
		if (!rule->when || !asks_for_more(recording, rule->when))
			continue;
		json_open(out, '{');
		add_text(out, "rule", rule->head.id);
		json_key(out, "applies");
		json_bool(out, recording->decision->work->applies[i]);
		json_close(out, '}');
	}
	json_close(out, ']');
}

/* ---- history ---- */

static void add_event(struct buf *out, const struct rules_event *event)
{
	bool delivered = event->type == RULES_EVENT_DELIVERED;
	json_open(out, '{');
	json_key(out, "time_ns");
	json_int(out, event->time_ns);
	if (event->entry != RULES_EVENT_RESERVED) {
		json_key(out, "entry");
		json_uint(out, event->entry);
	}
	json_key(out, "type");
	json_text(out, delivered ? "delivered" : "signal");
	if (delivered)
		add_kind(out, "prompt", prompt_kind_name(event->prompt));
	else
		add_kind(out, "signal", signal_kind_name(event->signal));
	add_text(out, "prompt_id", event->prompt_id);
	add_text(out, "category", event->category);
	json_close(out, '}');
}

static void add_subject(struct buf *out, const char *key, const struct rules_history_subject *subject)
{
	if (!subject->known)
		return;
	open_list(out, key);
	for (size_t i = 0; i < subject->count; i++)
		add_event(out, &subject->event[i]);
	json_close(out, ']');
}

static void add_history(struct buf *out, const char *key, const struct rules_history *history)
{
	if (!history)
		return;
	json_key(out, key);
	json_open(out, '{');
	add_subject(out, "session", &history->session);
	add_subject(out, "user", &history->user);
	json_close(out, '}');
}

void rules_record_write(const struct rules_recording *recording, struct buf *out)
{
	json_open(out, '{');
	json_key(out, "format");
	json_int(out, 1);
	add_text(out, "ruleset", rules_ruleset_digest(recording->ruleset));
	json_key(out, "now_ns");
	json_int(out, recording->now_ns);
	add_facts(out, recording);
	add_applies(out, recording);
	add_history(out, "state", recording->state);
	json_key(out, "frequency");
	json_text(out, rules_frequency_end_name(recording->frequency));
	json_key(out, "observed");
	json_bool(out, recording->observed);
	add_history(out, "history", recording->history);
	json_close(out, '}');
}
