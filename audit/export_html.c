/* SPDX-License-Identifier: Apache-2.0
 *
 * HTML: one page for a reader who has no tools. Everything that goes by is counted; the newest entries are kept
 * whole, so that the page can be searched; the page is written at the end.
 */
#include "audit/export_html.h"
#include "audit/base64.h"
#include "audit/html.h"
#include "audit/tile.h"
#include <stdlib.h>

const char *const report_cell_names[REPORT_CELL_COUNT] = {
#define REPORT_CELL(name, text) text,
	REPORT_CELLS(REPORT_CELL)
#undef REPORT_CELL
};

static void drop_oldest(struct report *report)
{
	struct report_entry *entry = &report->kept[report->oldest];
	report->kept_bytes -= entry->len;
	report->kept_count--;
	report->oldest = (report->oldest + 1) % REPORT_ENTRIES;
	free(entry->text);
	*entry = (struct report_entry){0};
}

static bool keep(struct report *report, const struct export_entry *entry)
{
	size_t len = 0, at = 0;
	for (size_t i = 0; i < entry->count; i++)
		len += AUDIT_ENTRY_HEAD + entry->leaf[i].len;
	char *text = malloc(len);
	if (!text)
		return false;
	for (size_t i = 0; i < entry->count; i++) {
		text[at++] = (char)(entry->leaf[i].len >> 8);
		text[at++] = (char)(entry->leaf[i].len & 255);
		memcpy(text + at, entry->leaf[i].at, entry->leaf[i].len);
		at += entry->leaf[i].len;
	}
	while (report->kept_count > 0 &&
	       (report->kept_count == REPORT_ENTRIES || report->kept_bytes + len > REPORT_BYTES))
		drop_oldest(report);
	report->kept[(report->oldest + report->kept_count++) % REPORT_ENTRIES] =
		(struct report_entry){.log = entry->log->number,
				      .index = entry->index,
				      .count = entry->count,
				      .len = len,
				      .text = text};
	report->kept_bytes += len;
	return true;
}

const struct report_entry *report_entry_at(struct report *report, size_t i, const struct bytes **leaf)
{
	size_t place = (report->oldest + report->kept_count - 1 - i) % REPORT_ENTRIES;
	const struct report_entry *entry = &report->kept[place];
	struct bytes rest = {entry->text, entry->len}, one;
	buf_clear(&report->leaf_list);
	while (audit_bundle_next(&rest, &one))
		buf_add(&report->leaf_list, &one, sizeof one);
	*leaf = (const struct bytes *)(const void *)report->leaf_list.at;
	return entry;
}

static double number_of(struct bytes value)
{
	double number;
	return entry_number(value, &number) ? number : 0;
}

/* Intervention: every counter that it has a part in. */
static void count_intervention(struct report *report, size_t first, size_t end, struct count_row *day,
			       struct count_row *hour)
{
	static const char *const keys[] = {"rule", "action", "would", "reason"};
	struct bytes value[4] = {{NULL, 0}}, side[ENTRY_SIDES];
	struct entry_walk walk = {.piece = report->view.piece + first, .end = report->view.piece + end};
	double targets = 0;
	entry_members(walk.piece->object, keys, value, 4);
	while (entry_walk_target(&walk, side))
		targets++;
	bool would = bytes_equal(value[2], BYTES_LITERAL("true"));
	struct count_row *rule = count_map_at(&report->rules, entry_plain(value[0], &report->scratch));
	rule->value[RULE_INTERVENTIONS]++;
	rule->value[RULE_OBSERVED] += would;
	rule->value[RULE_TARGETS] += targets;
	if (!rule->note)
		count_row_note(rule, entry_plain(value[3], &report->scratch));
	struct count_row *action = count_map_at(&report->actions, entry_plain(value[1], &report->scratch));
	action->value[ACTION_INTERVENTIONS]++;
	action->value[ACTION_OBSERVED] += would;
	action->value[ACTION_TARGETS] += targets;
	day->value[DAY_INTERVENTIONS]++;
	day->value[DAY_OBSERVED] += would;
	hour->value[DAY_INTERVENTIONS]++;
	hour->value[DAY_OBSERVED] += would;
	report->interventions++;
	report->observed += would;
}

static void count_decision(struct report *report, const struct export_entry *entry)
{
	static const char *const keys[] = {"surface", "locale", "segment", "experiment", "rejected"};
	struct bytes value[5] = {{NULL, 0}};
	struct bytes time = {entry->leaf[0].at + entry->head.time_at, 13}; /* 2026-03-01T07 */
	struct count_row *day = count_map_at(&report->days, (struct bytes){time.at, 10});
	struct count_row *hour = report->hours.count <= REPORT_HOURS ? count_map_at(&report->hours, time)
								     : &report->hours.lost;
	entry_members(entry->leaf[0], keys, value, 5);
	bool rejected = bytes_equal(value[4], BYTES_LITERAL("true"));
	day->value[DAY_DECISIONS]++;
	day->value[DAY_REJECTED] += rejected;
	report->rejected += rejected;
	entry_view_read(&report->view, entry->leaf, entry->count);
	double interventions = 0;
	for (size_t i = 0, end; i < report->view.count; i = end, interventions++) {
		end = entry_view_end(&report->view, i);
		count_intervention(report, i, end, day, hour);
	}
	const enum report_cell of[] = {REPORT_CELL_SURFACE, REPORT_CELL_LOCALE, REPORT_CELL_SEGMENT,
				       REPORT_CELL_EXPERIMENT};
	for (size_t i = 0; i < REPORT_CELL_COUNT; i++)
		if (bytes_present(value[i]))
			count_map_at(&report->cells[of[i]], entry_plain(value[i], &report->scratch))
				->value[CELL_DECISIONS] += interventions;
}

static void count_cell(struct report *report, struct bytes object)
{
	static const char *const keys[] = {"by", "of", "governed", "changed", "interventions"};
	struct bytes value[5] = {{NULL, 0}};
	entry_members(object, keys, value, 5);
	struct bytes by = entry_plain(value[0], &report->scratch);
	for (size_t i = 0; i < REPORT_CELL_COUNT; i++) {
		if (!bytes_equal(by, bytes_of(report_cell_names[i])))
			continue;
		struct count_row *row =
			count_map_at(&report->cells[i], entry_plain(value[1], &report->scratch));
		row->value[CELL_GOVERNED] += number_of(value[2]);
		row->value[CELL_CHANGED] += number_of(value[3]);
		row->value[CELL_INTERVENTIONS] += number_of(value[4]);
		return;
	}
}

static void count_category(struct report *report, struct bytes object)
{
	static const char *const keys[] = {"category",	     "items",	       "rank_change",
					   "top10_proposed", "top10_governed", "top10_baseline"};
	struct bytes value[6] = {{NULL, 0}};
	entry_members(object, keys, value, 6);
	struct count_row *row = count_map_at(&report->categories, entry_plain(value[0], &report->scratch));
	double items = number_of(value[1]);
	row->value[CATEGORY_ITEMS] += items;
	row->value[CATEGORY_SHIFT] += items * number_of(value[2]);
	row->value[CATEGORY_PROPOSED] += number_of(value[3]);
	row->value[CATEGORY_GOVERNED] += number_of(value[4]);
	row->value[CATEGORY_BASELINE] += number_of(value[5]);
}

static void count_tally_rule(struct report *report, struct bytes object)
{
	static const char *const keys[] = {"rule", "within", "exceeded", "unknown"};
	struct bytes value[4] = {{NULL, 0}};
	entry_members(object, keys, value, 4);
	struct count_row *row = count_map_at(&report->rules, entry_plain(value[0], &report->scratch));
	row->value[RULE_WITHIN] += number_of(value[1]);
	row->value[RULE_EXCEEDED] += number_of(value[2]);
	row->value[RULE_UNKNOWN] += number_of(value[3]);
}

static void each(struct report *report, struct bytes list, void (*count)(struct report *, struct bytes))
{
	struct bytes rest, object;
	if (entry_opens(list, '[', &rest))
		while (entry_next_value(&rest, &object))
			count(report, object);
}

static void count_tally(struct report *report, const struct export_entry *entry)
{
	static const char *const keys[] = {
		"calls", "governed", "changed",	  "prompts_proposed", "prompts_delivered",
		"rules", "cells",    "categories"};
	double *const sums[] = {&report->calls, &report->governed, &report->changed,
				&report->prompts_proposed, &report->prompts_delivered};
	report->tallies++;
	bool cells = false;
	for (size_t leaf = 0; leaf < entry->count; leaf++) {
		struct bytes value[8] = {{NULL, 0}};
		entry_members(entry->leaf[leaf], keys, value, 8);
		for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
			*sums[i] += number_of(value[i]);
		each(report, value[5], count_tally_rule);
		each(report, value[6], count_cell);
		each(report, value[7], count_category);
		cells = cells || bytes_present(value[6]);
	}
	report->cell_tallies += cells;
}

static bool entry(void *state, const struct export_entry *entry, struct err *err)
{
	struct report *report = state;
	if (bytes_equal(entry->head.type, BYTES_LITERAL("decision")))
		count_decision(report, entry);
	else if (bytes_equal(entry->head.type, BYTES_LITERAL("tally")))
		count_tally(report, entry);
	else if (bytes_equal(entry->head.type, BYTES_LITERAL("failure")))
		report->failures += number_of(entry_member(entry->leaf[0], "count"));
	bool good = keep(report, entry) && !report->view.failed && !report->scratch.failed;
	return good ? true : err_set(err, "memory is short");
}

static void add_counts(struct buf *html, const char *what, const struct audit_counts *counts, bool all)
{
	if (counts->entries == 0 && all)
		return;
	buf_printf(html, "<dt>%s</dt><dd>%s", what, all ? "" : "at least ");
	struct buf text = {0};
	audit_counts_text(counts, &text);
	html_text(html, buf_bytes(&text));
	html->failed = html->failed || text.failed;
	buf_done(&text);
	buf_add_text(html, "</dd>");
}

/* What stands in the page about one log. */
static void add_coverage(struct report *report, const struct export_log *log)
{
	struct buf *html = &report->coverage;
	const char *name = log->reader.identity.vkey.name;
	audit_vkey_text(&log->reader.identity.vkey, report->vkey);
	buf_add_text(html, "<article class=\"log\"><h3>");
	html_name(html, bytes_of(name));
	buf_add_text(html, "</h3><dl><dt>Entries read and hashed</dt><dd>");
	html_count(html, (double)log->leaves);
	buf_add_text(html, "</dd><dt>Root of their hashes</dt><dd><code>");
	audit_base64_add(html, log->root.at, AUDIT_HASH_LEN);
	buf_printf(html, "</code> %s</dd>",
		   !log->reader.signed_once ? "(nothing was signed yet)"
		   : log->matches	    ? "(this is the root that was signed)"
					    : "<strong>(this is NOT the root that was signed)</strong>");
	add_counts(html, "In this report", &log->exported, true);
	add_counts(html, "Left out by the filters", &log->filtered, true);
	add_counts(html, "Left out, not signed yet", &log->not_signed, log->not_signed_all);
	buf_add_text(html, "<dt>Verifier key, as the log states it</dt><dd><code>");
	html_text(html, bytes_of(report->vkey));
	buf_add_text(html, "</code></dd>");
	if (log->reader.signed_once) {
		buf_add_text(html, "<dt>Checkpoint, as it was signed</dt><dd><pre>");
		html_text(html, buf_bytes(&log->reader.note));
		buf_add_text(html, "</pre></dd>");
	}
	buf_add_text(html, "</dl></article>\n");
	json_text(&report->origins, name);
}

static bool log_ends(void *state, const struct export_log *log, struct err *err)
{
	struct report *report = state;
	add_coverage(report, log);
	report->logs++;
	report->leaves += log->leaves;
	report->filtered += log->filtered.entries;
	report->not_signed += log->not_signed.entries;
	report->mismatch = report->mismatch || !log->matches;
	report->never_signed = report->never_signed || !log->reader.signed_once;
	report->not_signed_all = report->not_signed_all && log->not_signed_all;
	report->types.entries += log->exported.entries;
	for (size_t i = 0; i < AUDIT_TYPES; i++)
		report->types.type[i] += log->exported.type[i];
	if (log->exported.entries > 0) {
		report->from_ns =
			report->from_ns && report->from_ns < log->from_ns ? report->from_ns : log->from_ns;
		report->to_ns = report->to_ns > log->to_ns ? report->to_ns : log->to_ns;
	}
	return report->coverage.failed || report->origins.failed ? err_set(err, "memory is short") : true;
}

static bool end(void *state, struct err *err)
{
	struct report *report = state;
	json_close(&report->origins, ']');
	return report_page(report, err);
}

static void html_free(void *state)
{
	struct report *report = state;
	if (!report)
		return;
	while (report->kept_count > 0)
		drop_oldest(report);
	free(report->kept);
	count_map_done(&report->rules);
	count_map_done(&report->actions);
	count_map_done(&report->days);
	count_map_done(&report->hours);
	count_map_done(&report->categories);
	for (size_t i = 0; i < REPORT_CELL_COUNT; i++)
		count_map_done(&report->cells[i]);
	buf_done(&report->coverage);
	buf_done(&report->origins);
	buf_done(&report->scratch);
	buf_done(&report->leaf_list);
	entry_view_done(&report->view);
	free(report);
}

static void *begin(struct export_file *file, const struct export_request *request, struct err *err)
{
	struct report *report = calloc(1, sizeof *report);
	if (report)
		report->kept = calloc(REPORT_ENTRIES, sizeof *report->kept);
	if (!report || !report->kept) {
		html_free(report);
		err_set(err, "memory is short");
		return NULL;
	}
	report->file = file;
	report->filter_words = request->filter_words;
	report->not_signed_all = true;
	json_open(&report->origins, '[');
	return report;
}

const struct export_format export_html = {
	.name = "html",
	.help = "one page for readers without tools: totals, plots, the newest 50,000 entries to search",
	.begin = begin,
	.entry = entry,
	.log = log_ends,
	.end = end,
	.free = html_free,
};
