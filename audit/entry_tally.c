/* SPDX-License-Identifier: Apache-2.0
 *
 * The tally entry. Its three lists are parted between rows: a part repeats the times and has only the lists
 * that it says something of.
 */
#include "audit/emit.h"

enum { ROW = EMIT_ID_MAX + 512 }; /* more than one row can take */

static void open_list(struct emit *emit, const char *key)
{
	json_key(emit->json, key);
	json_open(emit->json, '[');
}

static void tally_times(struct emit *emit, const struct audit_entry_tally *t)
{
	emit_time(emit, "from", t->from_ns);
	emit_time(emit, "to", t->to_ns);
}

/* The list `key` is open; it goes on in the next part when this one cannot take another row. */
static void make_room(struct emit *emit, const struct audit_entry_tally *t, const char *key)
{
	if (emit_room(emit) >= ROW)
		return;
	json_close(emit->json, ']');
	emit_next(emit);
	tally_times(emit, t);
	open_list(emit, key);
}

static void rule_row(struct emit *emit, const struct audit_entry_tally_rule *rule)
{
	emit_id(emit, "rule", rule->rule);
	emit_uint(emit, "within", rule->within);
	emit_uint(emit, "exceeded", rule->exceeded);
	emit_uint(emit, "would", rule->would);
	emit_uint(emit, "unknown", rule->unknown);
}

static void cell_row(struct emit *emit, const struct audit_entry_tally_cell *cell)
{
	emit_word(emit, "by", cell->by);
	emit_id(emit, "of", cell->of);
	emit_uint(emit, "governed", cell->governed);
	emit_uint(emit, "changed", cell->changed);
	emit_uint(emit, "interventions", cell->interventions);
}

static void category_row(struct emit *emit, const struct audit_entry_tally_category *category)
{
	emit_id(emit, "category", category->category);
	emit_uint(emit, "items", category->items);
	json_key(emit->json, "rank_change");
	json_double(emit->json, category->rank_change);
	emit_uint(emit, "top10_proposed", category->top10_proposed);
	emit_uint(emit, "top10_governed", category->top10_governed);
	emit_uint(emit, "top10_baseline", category->top10_baseline);
}

static void rules(struct emit *emit, const struct audit_entry_tally *t)
{
	open_list(emit, "rules");
	for (size_t i = 0; i < t->rule_count; i++) {
		make_room(emit, t, "rules");
		json_open(emit->json, '{');
		rule_row(emit, &t->rule[i]);
		json_close(emit->json, '}');
	}
	json_close(emit->json, ']');
}

static void cells(struct emit *emit, const struct audit_entry_tally *t)
{
	open_list(emit, "cells");
	for (size_t i = 0; i < t->cell_count; i++) {
		make_room(emit, t, "cells");
		json_open(emit->json, '{');
		cell_row(emit, &t->cell[i]);
		json_close(emit->json, '}');
	}
	json_close(emit->json, ']');
}

static void categories(struct emit *emit, const struct audit_entry_tally *t)
{
	open_list(emit, "categories");
	for (size_t i = 0; i < t->category_count; i++) {
		make_room(emit, t, "categories");
		json_open(emit->json, '{');
		category_row(emit, &t->category[i]);
		json_close(emit->json, '}');
	}
	json_close(emit->json, ']');
}

static void tally(struct emit *emit, const void *entry)
{
	const struct audit_entry_tally *t = entry;
	tally_times(emit, t);
	emit_uint(emit, "calls", t->calls);
	emit_uint(emit, "governed", t->governed);
	emit_uint(emit, "changed", t->changed);
	emit_uint(emit, "rejected", t->rejected);
	emit_uint(emit, "prompts_proposed", t->prompts_proposed);
	emit_uint(emit, "prompts_delivered", t->prompts_delivered);
	rules(emit, t);
	cells(emit, t);
	categories(emit, t);
}

bool audit_entry_tally(struct audit_batch *batch, int64_t time_ns, const struct audit_entry_tally *t)
{
	return emit_entry(batch, time_ns, "tally", tally, t);
}
