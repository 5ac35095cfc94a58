/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/export_schema.h"

const struct export_table export_tables[] = {
	{"decisions",
	 "decision",
	 NULL,
	 {{"pod", "pod", EXPORT_JSON},
	  {"trace_id", "trace_id", EXPORT_TEXT},
	  {"method", "method", EXPORT_TEXT},
	  {"ruleset", "ruleset", EXPORT_TEXT},
	  {"session", "session", EXPORT_TEXT},
	  {"user", "user", EXPORT_TEXT},
	  {"surface", "surface", EXPORT_TEXT},
	  {"locale", "locale", EXPORT_TEXT},
	  {"segment", "segment", EXPORT_TEXT},
	  {"experiment", "experiment", EXPORT_TEXT},
	  {"attributes", "attributes", EXPORT_JSON},
	  {"items", "items", EXPORT_INTEGER},
	  {"prompts", "prompts", EXPORT_INTEGER},
	  {"rejected", "rejected", EXPORT_BOOLEAN},
	  {"global_mode", "global_mode", EXPORT_TEXT}}},
	{"deliveries",
	 "delivered",
	 NULL,
	 {{"method", "method", EXPORT_TEXT},
	  {"ruleset", "ruleset", EXPORT_TEXT},
	  {"session", "session", EXPORT_TEXT},
	  {"user", "user", EXPORT_TEXT},
	  {"kind", "kind", EXPORT_TEXT},
	  {"prompt_id", "prompt_id", EXPORT_TEXT},
	  {"template_id", "template_id", EXPORT_TEXT},
	  {"text", "text", EXPORT_TEXT},
	  {"locale", "locale", EXPORT_TEXT}}},
	{"signals",
	 "signal",
	 NULL,
	 {{"method", "method", EXPORT_TEXT},
	  {"session", "session", EXPORT_TEXT},
	  {"user", "user", EXPORT_TEXT},
	  {"kind", "kind", EXPORT_TEXT},
	  {"item", "item", EXPORT_TEXT},
	  {"category", "category", EXPORT_TEXT},
	  {"prompt_id", "prompt_id", EXPORT_TEXT}}},
	{"tallies",
	 "tally",
	 NULL,
	 {{"from_time", "from", EXPORT_TEXT},
	  {"to_time", "to", EXPORT_TEXT},
	  {"calls", "calls", EXPORT_INTEGER},
	  {"governed", "governed", EXPORT_INTEGER},
	  {"changed", "changed", EXPORT_INTEGER},
	  {"rejected", "rejected", EXPORT_INTEGER},
	  {"prompts_proposed", "prompts_proposed", EXPORT_INTEGER},
	  {"prompts_delivered", "prompts_delivered", EXPORT_INTEGER}}},
	{"tally_rules",
	 "tally",
	 "rules",
	 {{"rule", "rule", EXPORT_TEXT},
	  {"within", "within", EXPORT_INTEGER},
	  {"exceeded", "exceeded", EXPORT_INTEGER},
	  {"would", "would", EXPORT_INTEGER},
	  {"unknown", "unknown", EXPORT_INTEGER}}},
	{"tally_cells",
	 "tally",
	 "cells",
	 {{"by_what", "by", EXPORT_TEXT},
	  {"of_what", "of", EXPORT_TEXT},
	  {"governed", "governed", EXPORT_INTEGER},
	  {"changed", "changed", EXPORT_INTEGER},
	  {"interventions", "interventions", EXPORT_INTEGER}}},
	{"tally_categories",
	 "tally",
	 "categories",
	 {{"category", "category", EXPORT_TEXT},
	  {"items", "items", EXPORT_INTEGER},
	  {"rank_change", "rank_change", EXPORT_REAL},
	  {"top10_proposed", "top10_proposed", EXPORT_INTEGER},
	  {"top10_governed", "top10_governed", EXPORT_INTEGER},
	  {"top10_baseline", "top10_baseline", EXPORT_INTEGER}}},
	{"failures",
	 "failure",
	 NULL,
	 {{"class", "class", EXPORT_TEXT},
	  {"effect", "effect", EXPORT_TEXT},
	  {"count", "count", EXPORT_INTEGER},
	  {"reason", "reason", EXPORT_TEXT}}},
	{"rulesets",
	 "ruleset",
	 NULL,
	 {{"name", "name", EXPORT_TEXT},
	  {"version", "version", EXPORT_TEXT},
	  {"digest", "digest", EXPORT_TEXT}}},
	{"ruleset_sources",
	 "ruleset",
	 "sources",
	 {{"name", "name", EXPORT_TEXT},
	  {"from_byte", "from", EXPORT_INTEGER},
	  {"text", "text", EXPORT_TEXT}}},
	{"modes",
	 "mode",
	 NULL,
	 {{"mode", "mode", EXPORT_TEXT},
	  {"until_time", "until", EXPORT_TEXT},
	  {"by_whom", "by", EXPORT_TEXT},
	  {"cause", "cause", EXPORT_TEXT}}},
	{"openings",
	 "open",
	 NULL,
	 {{"origin", "origin", EXPORT_TEXT},
	  {"vkey", "vkey", EXPORT_TEXT},
	  {"durability", "durability", EXPORT_TEXT},
	  {"publish", "publish", EXPORT_TEXT},
	  {"retain", "retain", EXPORT_TEXT},
	  {"predecessor", "predecessor", EXPORT_JSON},
	  {"versions", "versions", EXPORT_JSON}}},
	{"recoveries",
	 "recovery",
	 NULL,
	 {{"reason", "reason", EXPORT_TEXT},
	  {"entries", "entries", EXPORT_INTEGER},
	  {"cut", "cut", EXPORT_INTEGER},
	  {"file", "file", EXPORT_TEXT},
	  {"digest", "digest", EXPORT_TEXT}}},
	{NULL, NULL, NULL, {{NULL, NULL, EXPORT_TEXT}}},
};

const struct export_table export_interventions = {
	"interventions",
	"decision",
	"interventions",
	{{"rule", "rule", EXPORT_TEXT},
	 {"file", "file", EXPORT_TEXT},
	 {"line", "line", EXPORT_INTEGER},
	 {"kind", "kind", EXPORT_TEXT},
	 {"mode", "mode", EXPORT_TEXT},
	 {"action", "action", EXPORT_TEXT},
	 {"verdict", "verdict", EXPORT_TEXT},
	 {"would", "would", EXPORT_BOOLEAN},
	 {"unsatisfied", "unsatisfied", EXPORT_BOOLEAN},
	 {"limit_text", "limit", EXPORT_TEXT},
	 {"observed", "observed", EXPORT_TEXT},
	 {"reason", "reason", EXPORT_TEXT},
	 {"target", "target", EXPORT_TEXT}},
};

/* `leaf` is text, or a blob where it is not UTF-8; before and after are a number, or the digest of a text. */
const char *const export_schema_before =
	"CREATE TABLE export(name TEXT PRIMARY KEY, value TEXT) STRICT;"
	"CREATE TABLE logs(log INTEGER PRIMARY KEY, origin TEXT NOT NULL, vkey TEXT NOT NULL,"
	" leaves INTEGER NOT NULL, root TEXT NOT NULL, root_is_signed INTEGER NOT NULL, checkpoint TEXT,"
	" exported INTEGER NOT NULL, left_out INTEGER NOT NULL, not_signed INTEGER NOT NULL,"
	" first_time TEXT, last_time TEXT) STRICT;"
	"CREATE TABLE left_out(log INTEGER NOT NULL REFERENCES logs, why TEXT NOT NULL, type TEXT NOT NULL,"
	" entries INTEGER NOT NULL, first_index INTEGER NOT NULL, last_index INTEGER NOT NULL) STRICT;"
	"CREATE TABLE entries(entry INTEGER PRIMARY KEY, log INTEGER NOT NULL REFERENCES logs,"
	" idx INTEGER NOT NULL, first_leaf INTEGER NOT NULL, leaves INTEGER NOT NULL, whole INTEGER NOT "
	"NULL, type TEXT NOT NULL,"
	" time TEXT NOT NULL, time_ns INTEGER NOT NULL) STRICT;"
	"CREATE TABLE leaves(leaf_number INTEGER PRIMARY KEY, idx INTEGER NOT NULL, leaf ANY NOT NULL, hash "
	"BLOB NOT NULL) STRICT;"
	"CREATE TABLE targets(target_number INTEGER PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entries,"
	" n INTEGER NOT NULL, k INTEGER NOT NULL, id TEXT, before ANY, after ANY) STRICT;"
	"CREATE TABLE evidence(entry INTEGER NOT NULL REFERENCES entries, n INTEGER NOT NULL,"
	" k INTEGER NOT NULL, idx INTEGER, PRIMARY KEY(entry, n, k)) STRICT, WITHOUT ROWID;";

const char *const export_schema_after =
	"CREATE UNIQUE INDEX entries_by_place ON entries(log, idx);"
	"CREATE VIEW changes AS SELECT l.origin || '/' || e.idx AS receipt, e.time, d.method, d.surface, "
	"d.locale,"
	" d.session, d.user, i.rule, i.mode, i.action, i.limit_text, i.observed, i.reason, i.target, t.id,"
	" t.before, t.after FROM interventions i JOIN entries e USING(entry) JOIN logs l USING(log)"
	" JOIN decisions d USING(entry) LEFT JOIN targets t ON t.target_number BETWEEN i.first_target"
	" AND i.first_target + i.targets - 1;";
