/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/view.h"

#include "proto/join.h"
#include "proto/map_key.h"
#include "proto/sort.h"
#include "proto/view_state.h"
#include <assert.h>

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
	view_sink_into(view, record, base);
	for (size_t fact = 0; fact < PROTO_FACTS; fact++)
		if (fact_rows[fact].record == record)
			view_forget(view, (enum proto_fact)fact, 0);
	const struct plan_node *plan = view->method->plan[record];
	assert(plan); /* a ranking method has requests and responses, a signal method signals */
	if (plan->lists && !view_count_rows(view, plan, view->message))
		return false;
	memset(view->seen, 0, sizeof view->seen);
	return true;
}

/* What paths, metadata and constants say, one after the other, of texts that are still absent or empty. */
static bool ask_sources(struct view *view)
{
	for (const struct proto_source *source = view->method->source; source; source = source->next) {
		struct bytes *to = (struct bytes *)view_sink_at(view, source->fact, 0),
			     value = source->constant;
		if (to->len)
			continue;
		if (source->plan) {
			*to = value;
			if (!view_read_message(view, source->plan, view->message))
				return false;
			continue;
		}
		if (source->header.len && view->headers)
			value = view->headers->find(view->headers->context, source->header);
		if (value.len)
			*to = arena_copy(view->arena, value);
		if (value.len && !to->len)
			return view_fail_memory(view);
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
		return view_fail_memory(view);
	facts->attribute_count = 0;
	for (size_t i = 0; i < count; i++)
		if (i + 1 == count || !bytes_equal(all[i].name, all[i + 1].name))
			all[facts->attribute_count++] = all[i];
	return true;
}

static bool view_request(struct view *view, struct facts *facts)
{
	void *attributes;
	if (!begin(view, RECORD_REQUEST, facts) || !view_sink_structs(view, RECORD_ATTRIBUTE, &attributes) ||
	    !view_sink_columns(view, RECORD_CANDIDATE, facts) ||
	    !view_read_message(view, view->method->plan[RECORD_REQUEST], view->message) || !ask_sources(view))
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
	return !rows || view->span[record] || view_fail_memory(view);
}

static bool begin_lists(struct view *view, struct facts *facts)
{
	void *prompts;
	if (!view_sink_columns(view, RECORD_ITEM, facts) || !view_sink_columns(view, RECORD_WEIGHT, facts) ||
	    !view_sink_structs(view, RECORD_PROMPT, &prompts) || !begin_spans(view, RECORD_ITEM) ||
	    !begin_spans(view, RECORD_WEIGHT) || !begin_spans(view, RECORD_PROMPT))
		return false;
	facts->prompts = view->prompts = prompts;
	view->tags.from = arena_array(view->arena, view->room[RECORD_ITEM] + 1, sizeof(uint32_t));
	const struct proto_path *items = view->method->path[FACT_ITEMS];
	if (items && items->listed && view->room[RECORD_ITEM])
		view->item_first = arena_array(view->arena, view->room[RECORD_ITEM], sizeof(uint32_t));
	return (view->tags.from &&
		(view->item_first || !items || !items->listed || !view->room[RECORD_ITEM])) ||
	       view_fail_memory(view);
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
		return view_fail_memory(view);
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
	return join_baselines(facts, view->arena) || view_fail_memory(view);
}

static bool view_response(struct view *view, struct facts *facts, const struct proto_places **places)
{
	if (!begin(view, RECORD_RESPONSE, facts) || !begin_lists(view, facts) ||
	    !view_read_message(view, view->method->plan[RECORD_RESPONSE], view->message))
		return false;
	struct proto_places *found = arena_zalloc(view->arena, 1, sizeof *found);
	if (!found)
		return view_fail_memory(view);
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
	if (begin(&view, RECORD_SIGNAL, &work) &&
	    view_read_message(&view, method->plan[RECORD_SIGNAL], message) && ask_sources(&view))
		*signal = work;
	return view.result;
}
