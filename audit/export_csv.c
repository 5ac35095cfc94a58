/* SPDX-License-Identifier: Apache-2.0
 *
 * CSV after RFC 4180: UTF-8, a header, CRLF. One row for each intervention of a decision, and one for every other
 * entry, so that a spreadsheet counts by rule, action, day, locale with nothing but its own tools. The columns are
 * the table below; audit/EXPORTS.md says what they mean.
 */
#include "audit/base64.h"
#include "audit/csv.h"
#include "audit/entry_view.h"
#include "audit/export.h"

#include <inttypes.h>
#include <stdlib.h>

struct csv {
	struct export_file *file;
	struct buf line, scratch, list;
	struct entry_view view;
};

/* What the cells of one row are taken from. */
struct row {
	struct csv *csv;
	const struct export_entry *entry;
	const struct bytes *entry_value, *intervention_value; /* by column; absent where there is none */
	size_t number;					      /* of the intervention, from 1; 0: none */
	const struct entry_piece *piece, *end;		      /* its pieces */
};

static void log_cell(struct row *row)
{
	csv_text(&row->csv->line, bytes_of(row->entry->log->reader.identity.vkey.name));
}

static void index_cell(struct row *row)
{
	csv_uint(&row->csv->line, row->entry->index);
}

static void leaves_cell(struct row *row)
{
	csv_uint(&row->csv->line, row->entry->count);
}

static void hash_cell(struct row *row)
{
	struct buf *text = &row->csv->list;
	buf_clear(text);
	audit_base64_add(text, row->entry->hash[0].at, AUDIT_HASH_LEN);
	csv_text(&row->csv->line, buf_bytes(text));
}

static void time_cell(struct row *row)
{
	csv_text(&row->csv->line,
		 (struct bytes){row->entry->leaf[0].at + row->entry->head.time_at, TIME_TEXT_LEN});
}

static void day_cell(struct row *row)
{
	csv_text(&row->csv->line, (struct bytes){row->entry->leaf[0].at + row->entry->head.time_at, 10});
}

static void type_cell(struct row *row)
{
	csv_text(&row->csv->line, row->entry->head.type);
}

static void number_cell(struct row *row)
{
	if (row->number > 0)
		csv_uint(&row->csv->line, row->number);
	else
		csv_text(&row->csv->line, (struct bytes){NULL, 0});
}

static void targets_cell(struct row *row)
{
	struct entry_walk walk = {.piece = row->piece, .end = row->end};
	struct bytes value[ENTRY_SIDES];
	uint64_t count = 0;
	while (entry_walk_target(&walk, value))
		count++;
	if (row->number > 0)
		csv_uint(&row->csv->line, count);
	else
		csv_text(&row->csv->line, (struct bytes){NULL, 0});
}

/* Elements as a JSON array, as many as a spreadsheet's cell takes; `targets` tells the true number. */
static bool add_element(struct buf *list, struct bytes json)
{
	if (list->len + json.len + 2 > CSV_CELL_MAX)
		return false;
	buf_add_text(list, list->len == 0 ? "[" : ",");
	buf_add_bytes(list, json);
	return true;
}

static void list_cell(struct row *row)
{
	struct buf *list = &row->csv->list;
	if (list->len > 0)
		buf_add_text(list, "]");
	csv_text(&row->csv->line, buf_bytes(list));
}

static void side_cell(struct row *row, size_t side)
{
	struct entry_walk walk = {.piece = row->piece, .end = row->end};
	struct bytes value[ENTRY_SIDES];
	buf_clear(&row->csv->list);
	bool room = true;
	while (room && entry_walk_target(&walk, value))
		room = add_element(&row->csv->list, value[side]);
	list_cell(row);
}

static void ids_cell(struct row *row)
{
	side_cell(row, 0);
}

static void before_cell(struct row *row)
{
	side_cell(row, 1);
}

static void after_cell(struct row *row)
{
	side_cell(row, 2);
}

static void evidence_cell(struct row *row)
{
	struct entry_walk walk = {.piece = row->piece, .end = row->end};
	struct bytes index;
	buf_clear(&row->csv->list);
	bool room = true;
	while (room && entry_walk_evidence(&walk, &index))
		room = add_element(&row->csv->list, index);
	list_cell(row);
}

/* What other entries say, as JSON, without what is too long for a cell. */
static void detail_cell(struct row *row)
{
	struct buf *list = &row->csv->list;
	const struct audit_entry_head *head = &row->entry->head;
	struct bytes leaf = row->entry->leaf[0], key, value;
	struct bytes rest = {leaf.at + head->rest_at, leaf.len - head->rest_at};
	buf_clear(list);
	while (!bytes_equal(head->type, BYTES_LITERAL("decision")) &&
	       entry_next_member(&rest, &key, &value)) {
		if (list->len + key.len + value.len + 5 > CSV_CELL_MAX)
			continue;
		buf_add_text(list, list->len == 0 ? "{\"" : ",\"");
		buf_add_bytes(list, key);
		buf_add_text(list, "\":");
		buf_add_bytes(list, value);
	}
	if (list->len > 0)
		buf_add_text(list, "}");
	csv_text(&row->csv->line, buf_bytes(list));
}

/* A column is computed, or it is a member of the intervention or of the entry; of entries of one type alone where
 * `type` says so. */
static const struct column {
	const char *name;
	void (*cell)(struct row *row);
	const char *of_intervention, *of_entry, *type;
} columns[] = {
	{"log", .cell = log_cell},
	{"index", .cell = index_cell},
	{"leaves", .cell = leaves_cell},
	{"leaf_hash", .cell = hash_cell},
	{"time", .cell = time_cell},
	{"day", .cell = day_cell},
	{"type", .cell = type_cell},
	{"trace_id", .of_entry = "trace_id"},
	{"method", .of_entry = "method"},
	{"ruleset", .of_entry = "ruleset"},
	{"session", .of_entry = "session"},
	{"user", .of_entry = "user"},
	{"surface", .of_entry = "surface"},
	{"locale", .of_entry = "locale"},
	{"segment", .of_entry = "segment"},
	{"experiment", .of_entry = "experiment"},
	{"items", .of_entry = "items", .type = "decision"},
	{"prompts", .of_entry = "prompts", .type = "decision"},
	{"rejected", .of_entry = "rejected", .type = "decision"},
	{"global_mode", .of_entry = "global_mode"},
	{"intervention", .cell = number_cell},
	{"rule", .of_intervention = "rule"},
	{"file", .of_intervention = "file"},
	{"line", .of_intervention = "line"},
	{"kind", .of_intervention = "kind", .of_entry = "kind"},
	{"mode", .of_intervention = "mode", .of_entry = "mode"},
	{"action", .of_intervention = "action"},
	{"verdict", .of_intervention = "verdict"},
	{"would", .of_intervention = "would"},
	{"unsatisfied", .of_intervention = "unsatisfied"},
	{"limit", .of_intervention = "limit"},
	{"observed", .of_intervention = "observed"},
	{"reason", .of_intervention = "reason", .of_entry = "reason"},
	{"target", .of_intervention = "target"},
	{"targets", .cell = targets_cell},
	{"ids", .cell = ids_cell},
	{"before", .cell = before_cell},
	{"after", .cell = after_cell},
	{"evidence", .cell = evidence_cell},
	{"calls", .of_entry = "calls", .type = "tally"},
	{"governed", .of_entry = "governed", .type = "tally"},
	{"changed", .of_entry = "changed", .type = "tally"},
	{"count", .of_entry = "count", .type = "failure"},
	{"detail", .cell = detail_cell},
};

enum { COLUMNS = sizeof columns / sizeof *columns };

/* Values of all columns that are members of `object`. */
static void read_members(struct bytes object, bool intervention, struct bytes values[COLUMNS])
{
	const char *keys[COLUMNS];
	struct bytes found[COLUMNS] = {{NULL, 0}};
	size_t count = 0, i;
	for (i = 0; i < COLUMNS; i++) {
		const char *key = intervention ? columns[i].of_intervention : columns[i].of_entry;
		if (key)
			keys[count++] = key;
	}
	entry_members(object, keys, found, count);
	for (i = 0, count = 0; i < COLUMNS; i++) {
		values[i] = (struct bytes){NULL, 0};
		if (intervention ? columns[i].of_intervention : columns[i].of_entry)
			values[i] = found[count++];
	}
}

static bool add_row(struct row *row, struct err *err)
{
	struct csv *csv = row->csv;
	buf_clear(&csv->line);
	for (size_t i = 0; i < COLUMNS; i++) {
		const struct column *column = &columns[i];
		bool fits = !column->type || bytes_equal(bytes_of(column->type), row->entry->head.type);
		struct bytes value = fits ? row->entry_value[i] : (struct bytes){NULL, 0};
		if (row->number > 0 && column->of_intervention)
			value = row->intervention_value[i];
		if (column->cell)
			column->cell(row);
		else
			csv_text(&csv->line, entry_plain(value, &csv->scratch));
	}
	csv_end(&csv->line);
	if (csv->line.failed || csv->list.failed || csv->scratch.failed)
		return err_set(err, "memory is short");
	return export_write(csv->file, csv->line.at, csv->line.len, err);
}

static bool entry(void *state, const struct export_entry *entry, struct err *err)
{
	struct csv *csv = state;
	struct bytes entry_value[COLUMNS], intervention_value[COLUMNS];
	struct row row = {.csv = csv,
			  .entry = entry,
			  .entry_value = entry_value,
			  .intervention_value = intervention_value};
	bool good = true;
	read_members(entry->leaf[0], false, entry_value);
	entry_view_read(&csv->view, entry->leaf, entry->count);
	if (csv->view.failed)
		return err_set(err, "memory is short");
	if (csv->view.count == 0)
		return add_row(&row, err);
	for (size_t i = 0, end; good && i < csv->view.count; i = end) {
		end = entry_view_end(&csv->view, i);
		row.number++;
		row.piece = csv->view.piece + i;
		row.end = csv->view.piece + end;
		read_members(row.piece->object, true, intervention_value);
		good = add_row(&row, err);
	}
	return good;
}

static void csv_free(void *state)
{
	struct csv *csv = state;
	if (!csv)
		return;
	buf_done(&csv->line);
	buf_done(&csv->scratch);
	buf_done(&csv->list);
	entry_view_done(&csv->view);
	free(csv);
}

static void *begin(struct export_file *file, const struct export_request *request, struct err *err)
{
	(void)request;
	struct csv *csv = calloc(1, sizeof *csv);
	if (!csv) {
		err_set(err, "memory is short");
		return NULL;
	}
	csv->file = file;
	for (size_t i = 0; i < COLUMNS; i++)
		csv_text(&csv->line, bytes_of(columns[i].name));
	csv_end(&csv->line);
	if (csv->line.failed)
		err_set(err, "memory is short");
	else if (export_write(file, csv->line.at, csv->line.len, err))
		return csv;
	csv_free(csv);
	return NULL;
}

const struct export_format export_csv = {
	.name = "csv",
	.help = "for spreadsheets: a row for each intervention and for every other entry",
	.begin = begin,
	.entry = entry,
	.free = csv_free,
};
