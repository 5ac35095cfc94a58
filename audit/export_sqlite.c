/* SPDX-License-Identifier: Apache-2.0
 *
 * SQLite: raw leaves with their hashes, and typed tables beside them (audit/export_schema.h). What does not fit a
 * table is in the leaf all the same.
 *
 * The file is written in one transaction without a journal: nobody sees it before it is whole, so there is
 * nothing to roll back to. Indices are made at the end, when they are one sort and not a million insertions.
 */
#include "audit/base64.h"
#include "audit/entry_view.h"
#include "audit/export.h"
#include "audit/export_schema.h"
#include "proto/utf8.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>

/* Statements that are not of a table in export_tables. */
enum fixed { INTO_ENTRIES, INTO_LEAVES, INTO_INTERVENTIONS, INTO_TARGETS, INTO_EVIDENCE, FIXED_COUNT };

struct sqlite {
	sqlite3 *db;
	sqlite3_stmt *into[EXPORT_TABLES_MAX], *fixed[FIXED_COUNT];
	struct buf scratch;
	struct entry_view view;
	int64_t entry, leaf, target; /* numbers of the last ones */
	bool good;		     /* every call has succeeded so far */
};

static bool fail(struct sqlite *s, struct err *err)
{
	int why = s->db ? sqlite3_system_errno(s->db) : 0;
	const char *words = s->db ? sqlite3_errmsg(s->db) : "memory is short";
	return err_set(err, "sqlite: %s%s%s", words, why ? ": " : "", why ? strerror(why) : "");
}

static void check(struct sqlite *s, int code, int want)
{
	s->good = s->good && code == want;
}

static void run_sql(struct sqlite *s, const char *sql)
{
	if (s->good)
		check(s, sqlite3_exec(s->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void prepare(struct sqlite *s, const char *sql, sqlite3_stmt **made)
{
	if (s->good)
		check(s, sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, made, NULL),
		      SQLITE_OK);
}

/* Steps a statement whose values were bound, and makes it ready for the next row. */
static void insert(struct sqlite *s, sqlite3_stmt *into)
{
	if (s->good)
		check(s, sqlite3_step(into), SQLITE_DONE);
	if (s->good) /* what failed keeps its message */
		check(s, sqlite3_reset(into), SQLITE_OK);
}

static void bind_text(struct sqlite *s, sqlite3_stmt *into, int at, struct bytes text, bool moves)
{
	/* Text that lies in the leaf outlives the step; what was unescaped does not. */
	sqlite3_destructor_type keep = moves ? SQLITE_TRANSIENT : SQLITE_STATIC;
	int code = bytes_present(text) ? sqlite3_bind_text64(into, at, text.at, text.len, keep, SQLITE_UTF8)
				       : sqlite3_bind_null(into, at);
	check(s, code, SQLITE_OK);
}

static void bind_plain(struct sqlite *s, sqlite3_stmt *into, int at, struct bytes value)
{
	struct bytes text = entry_plain(value, &s->scratch);
	bind_text(s, into, at, text, bytes_present(text) && text.at == s->scratch.at);
}

static void bind_value(struct sqlite *s, sqlite3_stmt *into, int at, struct bytes value, enum export_value as)
{
	uint64_t whole;
	double number;
	int code = SQLITE_OK;
	switch (as) {
	case EXPORT_TEXT:
		bind_plain(s, into, at, value);
		return;
	case EXPORT_JSON:
		bind_text(s, into, at, value, false);
		return;
	case EXPORT_INTEGER:
		code = entry_uint(value, &whole) && whole <= INT64_MAX
			       ? sqlite3_bind_int64(into, at, (int64_t)whole)
			       : sqlite3_bind_null(into, at);
		break;
	case EXPORT_REAL:
		code = entry_number(value, &number) ? sqlite3_bind_double(into, at, number)
						    : sqlite3_bind_null(into, at);
		break;
	case EXPORT_BOOLEAN:
		code = bytes_equal(value, BYTES_LITERAL("true"))    ? sqlite3_bind_int(into, at, 1)
		       : bytes_equal(value, BYTES_LITERAL("false")) ? sqlite3_bind_int(into, at, 0)
								    : sqlite3_bind_null(into, at);
		break;
	}
	check(s, code, SQLITE_OK);
}

static void bind_number(struct sqlite *s, sqlite3_stmt *into, int at, int64_t number)
{
	check(s, sqlite3_bind_int64(into, at, number), SQLITE_OK);
}

/* Members of a run of objects, of which the first that has one gives it. Returns the number of columns. */
static int bind_members(struct sqlite *s, sqlite3_stmt *into, int at, const struct export_table *table,
			const struct bytes *object, size_t count)
{
	const char *keys[EXPORT_COLUMNS_MAX] = {NULL};
	struct bytes values[EXPORT_COLUMNS_MAX] = {{NULL, 0}};
	int columns = 0;
	for (; table->column[columns].name; columns++)
		keys[columns] = table->column[columns].key;
	for (size_t i = 0; i < count; i++)
		entry_members(object[i], keys, values, (size_t)columns);
	for (int i = 0; i < columns; i++)
		bind_value(s, into, at + i, values[i], table->column[i].value);
	return columns;
}

static const char *type_name(enum export_value value)
{
	switch (value) {
	case EXPORT_INTEGER:
	case EXPORT_BOOLEAN:
		return "INTEGER";
	case EXPORT_REAL:
		return "REAL";
	case EXPORT_TEXT:
	case EXPORT_JSON:
		break;
	}
	return "TEXT";
}

/* CREATE TABLE and the INSERT of one table. `more`: columns behind those of the table, as SQL; `holes`: theirs. */
static void make_table(struct sqlite *s, const struct export_table *table, const char *more,
		       const char *holes, sqlite3_stmt **into)
{
	struct buf create = {0}, add = {0};
	buf_printf(&create, "CREATE TABLE %s(entry INTEGER %s REFERENCES entries%s", table->name,
		   table->list ? "NOT NULL" : "PRIMARY KEY", table->list ? ", n INTEGER NOT NULL" : "");
	buf_printf(&add, "INSERT INTO %s VALUES(?%s", table->name, table->list ? ",?" : "");
	for (const struct export_column *column = table->column; column->name; column++) {
		const char *type = type_name(column->value);
		buf_printf(&create, ", %s %s", column->name, type);
		buf_add_text(&add, ",?");
	}
	buf_printf(&create, "%s%s) STRICT%s", more, table->list ? ", PRIMARY KEY(entry, n)" : "",
		   table->list ? ", WITHOUT ROWID" : "");
	buf_printf(&add, "%s)", holes);
	buf_add(&create, "", 1);
	buf_add(&add, "", 1);
	s->good = s->good && !create.failed && !add.failed;
	run_sql(s, create.at);
	prepare(s, add.at, into);
	buf_done(&create);
	buf_done(&add);
}

static void make_schema(struct sqlite *s)
{
	run_sql(s, "PRAGMA page_size=16384; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
		   "PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-32768; PRAGMA user_version=1; BEGIN");
	run_sql(s, export_schema_before);
	for (size_t i = 0; export_tables[i].name; i++)
		make_table(s, &export_tables[i], "", "", &s->into[i]);
	make_table(s, &export_interventions,
		   ", first_target INTEGER NOT NULL, targets INTEGER NOT NULL, evidence INTEGER NOT NULL",
		   ",?,?,?", &s->fixed[INTO_INTERVENTIONS]);
	prepare(s, "INSERT INTO entries VALUES(?,?,?,?,?,?,?,?,?)", &s->fixed[INTO_ENTRIES]);
	prepare(s, "INSERT INTO leaves VALUES(?,?,?,?)", &s->fixed[INTO_LEAVES]);
	prepare(s, "INSERT INTO targets VALUES(?,?,?,?,?,?,?)", &s->fixed[INTO_TARGETS]);
	prepare(s, "INSERT INTO evidence VALUES(?,?,?,?)", &s->fixed[INTO_EVIDENCE]);
}

static void add_leaves(struct sqlite *s, const struct export_entry *entry)
{
	sqlite3_stmt *into = s->fixed[INTO_LEAVES];
	for (size_t i = 0; i < entry->count; i++) {
		struct bytes leaf = entry->leaf[i];
		bind_number(s, into, 1, ++s->leaf);
		bind_number(s, into, 2, (int64_t)(entry->index + i));
		if (utf8_valid(leaf))
			bind_text(s, into, 3, leaf, false);
		else
			check(s, sqlite3_bind_blob64(into, 3, leaf.at, leaf.len, SQLITE_STATIC), SQLITE_OK);
		check(s, sqlite3_bind_blob(into, 4, entry->hash[i].at, AUDIT_HASH_LEN, SQLITE_STATIC),
		      SQLITE_OK);
		insert(s, into);
	}
}

static void add_entry(struct sqlite *s, const struct export_entry *entry)
{
	sqlite3_stmt *into = s->fixed[INTO_ENTRIES];
	const struct audit_entry_head *head = &entry->head;
	bool whole = entry->count == (head->parts ? head->parts : 1);
	bind_number(s, into, 1, s->entry);
	bind_number(s, into, 2, entry->log->number);
	bind_number(s, into, 3, (int64_t)entry->index);
	bind_number(s, into, 4, s->leaf + 1);
	bind_number(s, into, 5, (int64_t)entry->count);
	bind_number(s, into, 6, whole);
	bind_text(s, into, 7, head->type, false);
	bind_text(s, into, 8, (struct bytes){entry->leaf[0].at + head->time_at, TIME_TEXT_LEN}, false);
	bind_number(s, into, 9, head->time_ns);
	insert(s, into);
}

static int64_t add_targets(struct sqlite *s, int64_t n, struct entry_walk walk)
{
	sqlite3_stmt *into = s->fixed[INTO_TARGETS];
	struct bytes value[ENTRY_SIDES];
	double number;
	int64_t k = 0;
	while (s->good && entry_walk_target(&walk, value)) {
		bind_number(s, into, 1, ++s->target);
		bind_number(s, into, 2, s->entry);
		bind_number(s, into, 3, n);
		bind_number(s, into, 4, ++k);
		bind_plain(s, into, 5, value[0]);
		for (int side = 1; side < ENTRY_SIDES; side++) {
			if (entry_number(value[side], &number))
				check(s, sqlite3_bind_double(into, 5 + side, number), SQLITE_OK);
			else
				bind_plain(s, into, 5 + side, value[side]);
		}
		insert(s, into);
	}
	return k;
}

static int64_t add_evidence(struct sqlite *s, int64_t n, struct entry_walk walk)
{
	sqlite3_stmt *into = s->fixed[INTO_EVIDENCE];
	struct bytes index;
	int64_t k = 0;
	while (s->good && entry_walk_evidence(&walk, &index)) {
		bind_number(s, into, 1, s->entry);
		bind_number(s, into, 2, n);
		bind_number(s, into, 3, ++k);
		bind_value(s, into, 4, index, EXPORT_INTEGER);
		insert(s, into);
	}
	return k;
}

static void add_interventions(struct sqlite *s)
{
	sqlite3_stmt *into = s->fixed[INTO_INTERVENTIONS];
	int64_t n = 0;
	for (size_t i = 0, end; i < s->view.count; i = end) {
		end = entry_view_end(&s->view, i);
		const struct entry_walk walk = {.piece = s->view.piece + i, .end = s->view.piece + end};
		n++;
		int64_t targets = add_targets(s, n, walk), evidence = add_evidence(s, n, walk);
		bind_number(s, into, 1, s->entry);
		bind_number(s, into, 2, n);
		int columns = bind_members(s, into, 3, &export_interventions, &walk.piece->object, 1);
		bind_number(s, into, 3 + columns, s->target - targets + 1);
		bind_number(s, into, 4 + columns, targets);
		bind_number(s, into, 5 + columns, evidence);
		insert(s, into);
	}
	s->good = s->good && !s->view.failed;
}

static void add_elements(struct sqlite *s, size_t i, const struct export_entry *entry)
{
	struct bytes rest, element;
	int64_t n = 0;
	for (size_t leaf = 0; leaf < entry->count; leaf++) {
		if (!entry_opens(entry_member(entry->leaf[leaf], export_tables[i].list), '[', &rest))
			continue;
		while (s->good && entry_next_value(&rest, &element)) {
			bind_number(s, s->into[i], 1, s->entry);
			bind_number(s, s->into[i], 2, ++n);
			bind_members(s, s->into[i], 3, &export_tables[i], &element, 1);
			insert(s, s->into[i]);
		}
	}
}

/* The row of one entry. Members of a decision stand before its interventions, which are long and read by
 * themselves. */
static void add_members(struct sqlite *s, size_t i, const struct export_entry *entry)
{
	bool head = entry->count == 1 && s->view.count > 0;
	bind_number(s, s->into[i], 1, s->entry);
	bind_members(s, s->into[i], 2, &export_tables[i], head ? &s->view.head : entry->leaf, entry->count);
	insert(s, s->into[i]);
}

static bool entry(void *state, const struct export_entry *entry, struct err *err)
{
	struct sqlite *s = state;
	bool decision = bytes_equal(entry->head.type, BYTES_LITERAL("decision"));
	s->entry++;
	s->view.count = 0;
	if (decision)
		entry_view_read(&s->view, entry->leaf, entry->count);
	add_entry(s, entry);
	add_leaves(s, entry);
	for (size_t i = 0; export_tables[i].name; i++) {
		if (!bytes_equal(entry->head.type, bytes_of(export_tables[i].type)))
			continue;
		if (export_tables[i].list)
			add_elements(s, i, entry);
		else
			add_members(s, i, entry);
	}
	if (decision)
		add_interventions(s);
	return s->good && !s->scratch.failed ? true : fail(s, err);
}

/* One row of a statement that is used seldom. */
static void add_row(struct sqlite *s, const char *sql, const struct bytes *text, size_t texts,
		    const int64_t *number, size_t numbers)
{
	sqlite3_stmt *into = NULL;
	prepare(s, sql, &into);
	for (size_t i = 0; s->good && i < texts; i++)
		bind_text(s, into, (int)i + 1, text[i], false);
	for (size_t i = 0; s->good && i < numbers; i++)
		bind_number(s, into, (int)(texts + i) + 1, number[i]);
	insert(s, into);
	sqlite3_finalize(into);
}

static void add_left_out(struct sqlite *s, const struct export_log *log, const struct audit_counts *counts,
			 const char *why)
{
	for (size_t i = 0; i < AUDIT_TYPES; i++) {
		const char *type = audit_entry_type_name(i);
		const struct bytes text[] = {bytes_of(why), bytes_of(type ? type : "_other")};
		const int64_t number[] = {log->number, (int64_t)counts->type[i], (int64_t)counts->first,
					  (int64_t)counts->last};
		if (counts->type[i] > 0)
			add_row(s,
				"INSERT INTO left_out(why, type, log, entries, first_index, last_index)"
				" VALUES(?,?,?,?,?,?)",
				text, 2, number, 4);
		if (!type)
			break;
	}
}

static bool log_ends(void *state, const struct export_log *log, struct err *err)
{
	struct sqlite *s = state;
	struct buf root = {0};
	char vkey[AUDIT_VKEY_LEN + 1], from[TIME_TEXT_LEN + 1], to[TIME_TEXT_LEN + 1];
	bool any = log->exported.entries > 0;
	audit_vkey_text(&log->reader.identity.vkey, vkey);
	audit_base64_add(&root, log->root.at, AUDIT_HASH_LEN);
	time_format(log->from_ns, from);
	time_format(log->to_ns, to);
	const struct bytes text[] = {bytes_of(log->reader.identity.vkey.name),
				     bytes_of(vkey),
				     buf_bytes(&root),
				     log->reader.signed_once ? buf_bytes(&log->reader.note)
							     : (struct bytes){0},
				     any ? bytes_of(from) : (struct bytes){0},
				     any ? bytes_of(to) : (struct bytes){0}};
	const int64_t number[] = {log->number,
				  (int64_t)log->leaves,
				  log->reader.signed_once && log->matches,
				  (int64_t)log->exported.entries,
				  (int64_t)log->filtered.entries,
				  (int64_t)log->not_signed.entries};
	add_row(s,
		"INSERT INTO logs(origin, vkey, root, checkpoint, first_time, last_time, log, leaves,"
		" root_is_signed, exported, left_out, not_signed) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
		text, 6, number, 6);
	add_left_out(s, log, &log->filtered, "filtered");
	add_left_out(s, log, &log->not_signed,
		     log->not_signed_all ? "not signed yet" : "not signed yet, at least");
	s->good = s->good && !root.failed;
	buf_done(&root);
	return s->good ? true : fail(s, err);
}

static bool end(void *state, struct err *err)
{
	struct sqlite *s = state;
	run_sql(s, export_schema_after);
	run_sql(s, "COMMIT");
	return s->good ? true : fail(s, err);
}

static void sqlite_free(void *state)
{
	struct sqlite *s = state;
	if (!s)
		return;
	for (size_t i = 0; i < EXPORT_TABLES_MAX; i++)
		sqlite3_finalize(s->into[i]);
	for (size_t i = 0; i < FIXED_COUNT; i++)
		sqlite3_finalize(s->fixed[i]);
	sqlite3_close(s->db);
	buf_done(&s->scratch);
	entry_view_done(&s->view);
	free(s);
}

static void *begin(struct export_file *file, const struct export_request *request, struct err *err)
{
	struct sqlite *s = calloc(1, sizeof *s);
	if (!s) {
		err_set(err, "memory is short");
		return NULL;
	}
	/* One thread uses it, and nobody asks how much memory it has. */
	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	s->good = sqlite3_open_v2(file->temp, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ==
		  SQLITE_OK;
	make_schema(s);
	const struct bytes about[][2] = {
		{BYTES_LITERAL("tool"), BYTES_LITERAL("rankguard-audit " RANKGUARD_VERSION)},
		{BYTES_LITERAL("filters"), request->filter_words},
		{BYTES_LITERAL("leaf hash"), BYTES_LITERAL("SHA-256(0x00 || leaf), RFC 6962 section 2.1")},
	};
	for (size_t i = 0; i < sizeof about / sizeof *about; i++)
		add_row(s, "INSERT INTO export VALUES(?,?)", about[i], 2, NULL, 0);
	if (s->good)
		return s;
	fail(s, err);
	sqlite_free(s);
	return NULL;
}

const struct export_format export_sqlite = {
	.name = "sqlite",
	.help = "a database: raw leaves with their hashes, and typed tables",
	.seeks = true,
	.begin = begin,
	.entry = entry,
	.log = log_ends,
	.end = end,
	.free = sqlite_free,
};
