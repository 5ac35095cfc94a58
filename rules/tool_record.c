/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/tool_record.h"

#include <math.h>
#include <stdlib.h>

/* One reading: the first thing that is wrong stays in err. */
struct reading {
	struct arena *arena;
	struct err *err;
	bool failed;
};

static void wrong(struct reading *in, const char *key, const char *right)
{
	if (!in->failed)
		err_set(in->err, "record: \"%s\" is wrong or missing; it must be %s", key, right);
	in->failed = true;
}

static void *room(struct reading *in, size_t count, size_t size)
{
	void *made = arena_zalloc(in->arena, count, size);
	if (!made && !in->failed)
		err_set(in->err, "record: memory is short");
	in->failed |= !made;
	return made;
}

/* ---- values ---- */

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static struct bytes from_hex(struct reading *in, const char *key, const char *hex)
{
	size_t len = strlen(hex) / 2;
	char *made = room(in, len + 1, 1);
	for (size_t i = 0; made && i < len; i++) {
		int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);
		if (high < 0 || low < 0) {
			wrong(in, key, "hex digits");
			break;
		}
		made[i] = (char)(high * 16 + low);
	}
	return (struct bytes){made, len};
}

static struct bytes text_of(struct reading *in, const char *key, const json_t *value)
{
	const char *hex = json_string_value(json_object_get(value, "hex"));
	if (!value)
		return (struct bytes){0};
	if (json_is_string(value))
		return (struct bytes){json_string_value(value), json_string_length(value)};
	if (hex)
		return from_hex(in, key, hex);
	wrong(in, key, "a text");
	return (struct bytes){0};
}

static struct bytes text(struct reading *in, const json_t *object, const char *key)
{
	return text_of(in, key, json_object_get(object, key));
}

static bool number(struct reading *in, const json_t *object, const char *key, double *value)
{
	static const char *const words[] = {"NaN", "Infinity", "-Infinity", "-0"};
	const json_t *given = json_object_get(object, key);
	const char *word = json_string_value(given);
	if (!given)
		return false;
	*value = json_number_value(given);
	if (json_is_number(given))
		return true;
	for (size_t i = 0; word && i < sizeof words / sizeof *words; i++)
		if (strcmp(word, words[i]) == 0) {
			*value = strtod(word, NULL);
			return true;
		}
	wrong(in, key, "a number");
	return false;
}

static int64_t integer(struct reading *in, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	if (!json_is_integer(value))
		wrong(in, key, "a whole number");
	return json_integer_value(value);
}

static bool flag(struct reading *in, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	if (!json_is_boolean(value))
		wrong(in, key, "true or false");
	return json_is_true(value);
}

/* The position of a word in a table of `count`. */
static size_t word(struct reading *in, const json_t *object, const char *key, const char *const *words,
		   size_t count)
{
	const char *given = json_string_value(json_object_get(object, key));
	for (size_t i = 0; given && i < count; i++)
		if (strcmp(given, words[i]) == 0)
			return i;
	wrong(in, key, "a word that is known");
	return 0;
}

static const json_t *list(struct reading *in, const json_t *object, const char *key, size_t *count)
{
	const json_t *value = json_object_get(object, key);
	if (!json_is_array(value))
		wrong(in, key, "a list");
	*count = json_array_size(value);
	return value;
}

/* ---- facts ---- */

static void read_context(struct reading *in, const json_t *from, struct facts *facts)
{
	static const char *const orders[] = {
		[ORDER_POSITION] = "position",
		[ORDER_SCORE_DESC] = "score_desc",
		[ORDER_SCORE_ASC] = "score_asc",
	};
	facts->method = text(in, from, "method");
	facts->user = text(in, from, "user");
	facts->session = text(in, from, "session");
	facts->surface = text(in, from, "surface");
	facts->locale = text(in, from, "locale");
	facts->time_zone = text(in, from, "time_zone");
	facts->segment = text(in, from, "segment");
	facts->experiment = text(in, from, "experiment");
	facts->opted_out = flag(in, from, "opted_out");
	facts->offset = integer(in, from, "offset");
	facts->order = (enum facts_order)word(in, from, "order", orders, sizeof orders / sizeof *orders);
	const json_t *attributes = list(in, from, "attributes", &facts->attribute_count);
	facts->attributes = room(in, facts->attribute_count, sizeof *facts->attributes);
	for (size_t i = 0; i < facts->attribute_count && !in->failed; i++) {
		const json_t *one = json_array_get(attributes, i);
		facts->attributes[i] =
			(struct facts_attribute){text(in, one, "name"), text(in, one, "value")};
	}
}

static void make_column(struct reading *in, struct facts_numbers *numbers, size_t count)
{
	numbers->value = room(in, count, sizeof *numbers->value);
	numbers->present = room(in, count, sizeof *numbers->present);
}

static void read_cell(struct reading *in, const json_t *from, const char *key, struct facts_numbers *numbers,
		      size_t i)
{
	numbers->present[i] = number(in, from, key, &numbers->value[i]);
}

static void read_tags(struct reading *in, const json_t *items, struct facts *facts)
{
	size_t count = 0, at = 0;
	for (size_t i = 0; i < facts->item_count; i++)
		count += json_array_size(json_object_get(json_array_get(items, i), "tags"));
	if (count == 0)
		return;
	facts->item_tags = room(in, count, sizeof *facts->item_tags);
	facts->item_tag_from = room(in, facts->item_count + 1, sizeof *facts->item_tag_from);
	for (size_t i = 0; i < facts->item_count && !in->failed; i++) {
		const json_t *tags = json_object_get(json_array_get(items, i), "tags");
		for (size_t t = 0; t < json_array_size(tags); t++)
			facts->item_tags[at++] = text_of(in, "tags", json_array_get(tags, t));
		facts->item_tag_from[i + 1] = (uint32_t)at;
	}
}

/* The first item of each list, where there are several. */
static void read_lists(struct reading *in, const json_t *from, struct facts *facts)
{
	const json_t *lists = json_object_get(from, "lists");
	size_t next = 0;
	if (!lists || facts->item_count == 0)
		return;
	facts->item_first = room(in, facts->item_count, sizeof *facts->item_first);
	for (size_t i = 0; i < facts->item_count && !in->failed; i++) {
		const json_t *first = json_array_get(lists, next);
		bool begins = json_is_integer(first) && json_integer_value(first) == (json_int_t)i;
		facts->item_first[i] = begins ? (uint32_t)i : i ? facts->item_first[i - 1] : 0;
		next += begins;
	}
}

static void read_items(struct reading *in, const json_t *from, struct facts *facts)
{
	const json_t *items = list(in, from, "items", &facts->item_count);
	size_t count = facts->item_count;
	facts->item_id = room(in, count, sizeof *facts->item_id);
	facts->item_category = room(in, count, sizeof *facts->item_category);
	facts->item_source = room(in, count, sizeof *facts->item_source);
	make_column(in, &facts->item_score, count);
	make_column(in, &facts->item_baseline, count);
	for (size_t i = 0; i < count && !in->failed; i++) {
		const json_t *item = json_array_get(items, i);
		facts->item_id[i] = text(in, item, "id");
		facts->item_category[i] = text(in, item, "category");
		facts->item_source[i] = text(in, item, "source");
		read_cell(in, item, "score", &facts->item_score, i);
		read_cell(in, item, "baseline", &facts->item_baseline, i);
	}
	read_tags(in, items, facts);
	read_lists(in, from, facts);
}

static void read_weights(struct reading *in, const json_t *from, struct facts *facts)
{
	const json_t *weights = list(in, from, "weights", &facts->weight_count);
	facts->weight_category = room(in, facts->weight_count, sizeof *facts->weight_category);
	make_column(in, &facts->weight, facts->weight_count);
	make_column(in, &facts->weight_baseline, facts->weight_count);
	for (size_t i = 0; i < facts->weight_count && !in->failed; i++) {
		const json_t *weight = json_array_get(weights, i);
		facts->weight_category[i] = text(in, weight, "category");
		read_cell(in, weight, "weight", &facts->weight, i);
		read_cell(in, weight, "baseline", &facts->weight_baseline, i);
	}
}

static void read_narrow(struct reading *in, const json_t *from, struct facts *facts)
{
	static const char *const names[] = {"score", "baseline", "weight", "weight_baseline"};
	bool *const columns[] = {&facts->item_score.narrow, &facts->item_baseline.narrow,
				 &facts->weight.narrow, &facts->weight_baseline.narrow};
	size_t count;
	const json_t *narrow = list(in, from, "narrow", &count);
	for (size_t i = 0; i < count; i++)
		for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
			const char *name = json_string_value(json_array_get(narrow, i));
			if (name && strcmp(name, names[n]) == 0)
				*columns[n] = true;
		}
}

static void read_choices(struct reading *in, const json_t *from, struct facts_prompt *prompt)
{
	const json_t *choices = list(in, from, "choices", &prompt->choice_count);
	prompt->choices = room(in, prompt->choice_count, sizeof *prompt->choices);
	for (size_t i = 0; i < prompt->choice_count && !in->failed; i++) {
		const json_t *one = json_array_get(choices, i);
		struct bytes kind = text(in, one, "kind");
		prompt->choices[i] =
			(struct facts_choice){.id = text(in, one, "id"),
					      .label = text(in, one, "label"),
					      .kind = kind.len ? choice_kind_named(kind) : CHOICE_ABSENT};
	}
}

static void read_prompts(struct reading *in, const json_t *from, struct facts *facts)
{
	const json_t *prompts = list(in, from, "prompts", &facts->prompt_count);
	facts->prompts = room(in, facts->prompt_count, sizeof *facts->prompts);
	for (size_t i = 0; i < facts->prompt_count && !in->failed; i++) {
		const json_t *one = json_array_get(prompts, i);
		struct facts_prompt *prompt = &facts->prompts[i];
		struct bytes kind = text(in, one, "kind");
		prompt->id = text(in, one, "id");
		prompt->template_id = text(in, one, "template_id");
		prompt->kind = kind.len ? prompt_kind_named(kind) : PROMPT_ABSENT;
		prompt->text = text(in, one, "text");
		prompt->locale = text(in, one, "locale");
		read_choices(in, one, prompt);
	}
}

static void read_facts(struct reading *in, const json_t *from, struct facts *facts)
{
	if (!json_is_object(from)) {
		wrong(in, "facts", "an object");
		return;
	}
	read_context(in, from, facts);
	read_items(in, from, facts);
	read_weights(in, from, facts);
	read_narrow(in, from, facts);
	read_prompts(in, from, facts);
	facts->explanation = text(in, from, "explanation");
	facts->confidence_present = number(in, from, "confidence", &facts->confidence);
	facts->model_version = text(in, from, "model_version");
}

/* ---- history ---- */

static void read_event(struct reading *in, const json_t *from, struct rules_event *event)
{
	static const char *const types[] = {
		[RULES_EVENT_DELIVERED] = "delivered",
		[RULES_EVENT_SIGNAL] = "signal",
	};
	struct bytes prompt = text(in, from, "prompt"), signal = text(in, from, "signal");
	*event = (struct rules_event){
		.time_ns = integer(in, from, "time_ns"),
		.entry = RULES_EVENT_RESERVED,
		.type = (enum rules_event_type)word(in, from, "type", types, 2),
		.prompt = prompt.len ? prompt_kind_named(prompt) : PROMPT_ABSENT,
		.signal = signal.len ? signal_kind_named(signal) : SIGNAL_ABSENT,
		.prompt_id = text(in, from, "prompt_id"),
		.category = text(in, from, "category"),
	};
	if (json_object_get(from, "entry"))
		event->entry = (uint64_t)integer(in, from, "entry");
}

static void read_subject(struct reading *in, const json_t *from, const char *key,
			 struct rules_history_subject *subject)
{
	if (!json_object_get(from, key))
		return;
	size_t count;
	const json_t *events = list(in, from, key, &count);
	struct rules_event *event = room(in, count, sizeof *event);
	for (size_t i = 0; i < count && !in->failed; i++)
		read_event(in, json_array_get(events, i), &event[i]);
	*subject = (struct rules_history_subject){.known = true, .event = event, .count = count};
}

static bool read_history(struct reading *in, const json_t *from, const char *key,
			 struct rules_history *history)
{
	const json_t *value = json_object_get(from, key);
	read_subject(in, value, "session", &history->session);
	read_subject(in, value, "user", &history->user);
	return value != NULL;
}

static void read_given(struct reading *in, const json_t *from, struct tool_record *record)
{
	const json_t *applies = list(in, from, "applies", &record->given_count);
	record->given = room(in, record->given_count, sizeof *record->given);
	for (size_t i = 0; i < record->given_count && !in->failed; i++) {
		const json_t *one = json_array_get(applies, i);
		record->given[i] = (struct rules_given){text(in, one, "rule"), flag(in, one, "applies")};
	}
}

bool tool_record_read(const json_t *value, struct arena *arena, struct tool_record *record, struct err *err)
{
	static const char *const ends[] = {"decided", "suppressed", "passed"};
	struct reading in = {.arena = arena, .err = err};
	struct tool_record made = {.now_ns = 0};
	if (json_integer_value(json_object_get(value, "format")) != 1)
		wrong(&in, "format", "1");
	made.ruleset = text(&in, value, "ruleset");
	made.now_ns = integer(&in, value, "now_ns");
	read_facts(&in, json_object_get(value, "facts"), &made.facts);
	read_given(&in, value, &made);
	made.state_read = read_history(&in, value, "state", &made.state);
	made.history_read = read_history(&in, value, "history", &made.history);
	made.frequency = (enum rules_frequency_end)word(&in, value, "frequency", ends, 3);
	made.observed = flag(&in, value, "observed");
	if (!in.failed)
		*record = made;
	return !in.failed;
}
