/* SPDX-License-Identifier: Apache-2.0
 *
 * Rule files to a ruleset: each file's groups are read by the key tables, then what concerns several of them
 * is checked: ids, heads, fallbacks, phrases against the approved texts.
 */
#include "rules/load.h"

#include "proto/suggest.h"
#include "rules/checks.h"
#include "rules/scan.h"
#include <errno.h>
#include <stdlib.h>

struct head {
	struct spot spot;
	struct number format;
	struct bytes name, version, owner, approved_by;
	config_setting_t *rules, *texts;
};

static const struct key head_keys[] = {
	{.name = "format",
	 .type = KEY_WHOLE,
	 .at = offsetof(struct head, format),
	 .required = true,
	 .min = 1,
	 .max = 1,
	 .help = "of the file; this version reads 1"},
	{.name = "name",
	 .type = KEY_TEXT,
	 .at = offsetof(struct head, name),
	 .check = rules_check_label,
	 .help = "of the ruleset"},
	{.name = "version",
	 .type = KEY_TEXT,
	 .at = offsetof(struct head, version),
	 .check = rules_check_label,
	 .help = "of the ruleset"},
	{.name = "owner",
	 .type = KEY_TEXT,
	 .at = offsetof(struct head, owner),
	 .check = rules_check_label,
	 .help = "who answers for the ruleset"},
	{.name = "approved_by",
	 .type = KEY_TEXT,
	 .at = offsetof(struct head, approved_by),
	 .check = rules_check_label,
	 .help = "who approved the ruleset"},
	{.name = "rules", .type = KEY_RAW, .at = offsetof(struct head, rules), .help = "the rules"},
	{.name = "texts", .type = KEY_RAW, .at = offsetof(struct head, texts), .help = "the catalogue"},
};
static const struct keys head_table = {head_keys, KEY_COUNT(head_keys), sizeof(struct head)};

/* A head key of the ruleset: where it first stood. */
struct head_place {
	const char *name;
	size_t in_head, in_ruleset; /* offsets of struct bytes */
	bool required;
	const char *file;
	unsigned line;
};

/* Where an id stands. */
struct named {
	struct bytes id;
	const char *file;
	unsigned line;
};

struct load {
	struct rules_ruleset *ruleset;
	struct rules_findings *findings;
	struct head_place place[4];
	struct named *named; /* every rule that has an id, also those with errors */
	size_t named_count, named_room;
	bool unread; /* a file could not be read or parsed: what it may hold is not missed */
};

static void out_of_memory(struct load *load, const char *file)
{
	rules_findings_fail(load->findings, file, strerror(ENOMEM));
}

/* --- one rule --- */

static const char *kind_list(struct arena *arena)
{
	const char *list = "";
	for (size_t i = 0; rules_kind_at(i) && list; i++)
		list = arena_printf(arena, "%s%s%s", list, *list ? ", " : "", rules_kind_at(i)->name);
	return list ? list : "";
}

static void complain_kind(const struct reader *reader, unsigned line, struct bytes name)
{
	struct suggestion near = {.word = name};
	for (size_t i = 0; rules_kind_at(i); i++)
		suggest_offer(&near, bytes_of(rules_kind_at(i)->name));
	if (bytes_present(near.best))
		rules_keys_complain(reader, line, "kind \"%.*s\" does not exist; did you mean \"%.*s\"?",
				    BYTES_ARG(name), BYTES_ARG(near.best));
	else
		rules_keys_complain(reader, line, "kind \"%.*s\" does not exist; this version has %s",
				    BYTES_ARG(name), kind_list(reader->arena));
}

static unsigned line_of(config_setting_t *group, const char *name)
{
	const config_setting_t *member = config_setting_get_member(group, name);
	return config_setting_source_line(member ? member : group);
}

/* The action of a key, from the list that the kind has; the first is the default. */
static enum rules_action read_action(const struct reader *reader, config_setting_t *group, const char *name,
				     const char *kind, const enum rules_action *list, struct bytes *word)
{
	struct suggestion near = {.word = *word};
	const char *right = "";
	if (!bytes_present(*word)) {
		*word = list[0] == RULES_NONE ? *word : bytes_of(rules_action_name(list[0]));
		return list[0];
	}
	if (list[0] == RULES_NONE) {
		rules_keys_complain(reader, line_of(group, name), "%s has no meaning for %s; remove it", name,
				    kind);
		return RULES_NONE;
	}
	for (size_t i = 0; list[i] != RULES_NONE; i++) {
		const char *action = rules_action_name(list[i]);
		if (bytes_equal(*word, bytes_of(action)))
			return list[i];
		suggest_offer(&near, bytes_of(action));
		right = right ? arena_printf(reader->arena, "%s%s\"%s\"", right,
					     i == 0			 ? ""
					     : list[i + 1] == RULES_NONE ? " or "
									 : ", ",
					     action)
			      : NULL;
	}
	if (bytes_present(near.best))
		rules_keys_complain(reader, line_of(group, name), "%s is \"%.*s\"; did you mean \"%.*s\"?",
				    name, BYTES_ARG(*word), BYTES_ARG(near.best));
	else
		rules_keys_complain(reader, line_of(group, name), "%s is \"%.*s\"; for %s it must be %s",
				    name, BYTES_ARG(*word), kind, right ? right : "another");
	return RULES_NONE;
}

static const char *subject_of(struct load *load, config_setting_t *group, const char *noun, int number)
{
	const char *id = NULL;
	struct arena *arena = &load->ruleset->arena;
	const char *subject;
	if (config_setting_lookup_string(group, "id", &id) && *id)
		subject = arena_printf(arena, "%s %.80s", noun, id);
	else
		subject = arena_printf(arena, "%s number %d", noun, number);
	return subject ? subject : noun;
}

static void keep_rule(struct load *load, struct rule *rule)
{
	struct rules_ruleset *ruleset = load->ruleset;
	if (ruleset->rule_count == ruleset->rule_room) {
		size_t room = ruleset->rule_room ? ruleset->rule_room * 2 : 64;
		struct rule **list = arena_array(&ruleset->arena, room, sizeof(struct rule *));
		if (!list) {
			out_of_memory(load, rule->spot.file);
			return;
		}
		if (ruleset->rule_count)
			memcpy(list, ruleset->rule, ruleset->rule_count * sizeof(struct rule *));
		ruleset->rule = list;
		ruleset->rule_room = room;
	}
	ruleset->rule[ruleset->rule_count++] = rule;
}

static void keep_name(struct load *load, const struct source *source, struct bytes id, unsigned line)
{
	struct arena *arena = &load->ruleset->arena;
	if (load->named_count == load->named_room) {
		size_t room = load->named_room ? load->named_room * 2 : 64;
		struct named *list = arena_array(arena, room, sizeof *list);
		if (!list) {
			out_of_memory(load, source->path);
			return;
		}
		if (load->named_count)
			memcpy(list, load->named, load->named_count * sizeof *list);
		load->named = list;
		load->named_room = room;
	}
	load->named[load->named_count++] = (struct named){id, source->path, line};
}

/* errors: how many there were before this rule was read. */
static void check_rule(struct load *load, const struct reader *reader, config_setting_t *group,
		       struct rule *rule, size_t errors)
{
	const struct kind *kind = rule->kind;
	struct loading loading = {.reader = *reader,
				  .sources = &load->ruleset->sources,
				  .lexicon = load->ruleset->lexicon,
				  .zones = &load->ruleset->zones};
	const struct period *period = rule->effective;
	rule->head.action =
		read_action(reader, group, "action", kind->name, kind->actions, &rule->action_word);
	rule->head.on_unknown =
		read_action(reader, group, "on_unknown", kind->name, kind->on_unknown, &rule->unknown_word);
	if (load->findings->errors > errors)
		return; /* what follows from a bad value is not another finding */
	rule->sound = true;
	if (period && period->from.present && period->until.present && period->from.ns >= period->until.ns)
		rules_keys_complain(reader, period->spot.line,
				    "effective.until is not after effective.from; it is never in force");
	if (rule->when)
		rules_when_check(reader, rule->when);
	if (kind->check)
		kind->check(&loading, rule);
}

static void read_rule(struct load *load, const struct source *source, config_setting_t *group, int number)
{
	struct arena *arena = &load->ruleset->arena;
	struct reader reader = {.arena = arena,
				.findings = load->findings,
				.file = source->path,
				.subject = subject_of(load, group, "rule", number),
				.path = ""};
	const char *name = NULL;
	size_t errors = load->findings->errors;
	struct rule *rule = arena_zalloc(arena, 1, sizeof *rule);
	config_setting_lookup_string(group, "kind", &name);
	const struct kind *kind = rules_kind_named(bytes_of(name));
	void *settings = kind ? arena_zalloc(arena, 1, kind->keys.size) : NULL;
	if (!rule || (kind && !settings)) {
		out_of_memory(load, source->path);
		return;
	}
	if (!config_setting_get_member(group, "kind"))
		rules_keys_complain(&reader, line_of(group, ""), "kind is missing; this version has %s",
				    kind_list(arena));
	if (name && !kind)
		complain_kind(&reader, line_of(group, "kind"), bytes_of(name));
	struct keys_into into[] = {{&rules_rule_keys, rule}, {kind ? &kind->keys : NULL, settings}};
	reader.lenient = !kind;
	rules_keys_read(&reader, group, into, kind ? 2 : 1);
	if (bytes_present(rule->head.id))
		keep_name(load, source, rule->head.id, line_of(group, "id"));
	if (!kind || !bytes_present(rule->head.id))
		return;
	rule->kind = kind;
	rule->settings = settings;
	rule->head.file = source->public.name;
	rule->head.line = line_of(group, "id");
	rule->head.mode = (enum rules_mode)rule->mode;
	check_rule(load, &reader, group, rule, errors);
	keep_rule(load, rule);
}

static void read_text(struct load *load, const struct source *source, config_setting_t *group, int number)
{
	struct arena *arena = &load->ruleset->arena;
	struct reader reader = {.arena = arena,
				.findings = load->findings,
				.file = source->path,
				.subject = subject_of(load, group, "text", number),
				.path = ""};
	struct text *text = arena_zalloc(arena, 1, sizeof *text);
	if (!text) {
		out_of_memory(load, source->path);
		return;
	}
	rules_keys_read(&reader, group, &(struct keys_into){&rules_text_keys, text}, 1);
	text->spot.line = line_of(group, "id");
	rules_catalogue_add(&load->ruleset->catalogue, &reader, text);
}

/* --- one file --- */

static struct bytes *bytes_at(void *base, size_t offset)
{
	return (struct bytes *)(void *)((char *)base + offset);
}

/* Name, version, owner and approved_by stand in exactly one file. */
static void take_head(struct load *load, const struct source *source, struct head *head,
		      config_setting_t *root)
{
	for (size_t i = 0; i < KEY_COUNT(load->place); i++) {
		struct head_place *place = &load->place[i];
		struct bytes value = *bytes_at(head, place->in_head);
		if (!bytes_present(value))
			continue;
		unsigned line = line_of(root, place->name);
		if (place->file)
			rules_findings_add(load->findings, true, source->path, line,
					   "%s stands in two files, first at %s:%u; keep one", place->name,
					   place->file, place->line);
		else
			*bytes_at(load->ruleset, place->in_ruleset) = value;
		place->file = place->file ? place->file : source->path;
		place->line = place->line ? place->line : line;
	}
}

static void read_file(struct load *load, const struct source *source, config_setting_t *root)
{
	struct head head = {.rules = NULL};
	struct reader reader = {
		.arena = &load->ruleset->arena, .findings = load->findings, .file = source->path, .path = ""};
	rules_keys_read(&reader, root, &(struct keys_into){&head_table, &head}, 1);
	take_head(load, source, &head, root);
	int rules = head.rules ? config_setting_length(head.rules) : 0;
	int texts = head.texts ? config_setting_length(head.texts) : 0;
	for (int i = 0; i < texts; i++)
		read_text(load, source, config_setting_get_elem(head.texts, (unsigned)i), i + 1);
	for (int i = 0; i < rules; i++)
		read_rule(load, source, config_setting_get_elem(head.rules, (unsigned)i), i + 1);
}

bool rules_load_parse(const struct source *source, config_t *config, struct rules_findings *findings)
{
	struct buf text = {0};
	struct err err;
	unsigned line = 0;
	bool good = false;
	if (!rules_scan(source->public.text, &text, &line, &err)) {
		rules_findings_add(findings, true, source->path, line, "%s", err.text);
	} else if (buf_add(&text, "", 1), text.failed) {
		rules_findings_fail(findings, source->path, strerror(ENOMEM));
	} else if (!config_read_string(config, text.at)) {
		int at = config_error_line(config);
		const char *wrong = config_error_text(config);
		rules_findings_add(findings, true, source->path, at > 0 ? (unsigned)at : 0, "%s; %s", wrong,
				   strcmp(wrong, "syntax error") == 0
					   ? "settings are written as name = value; with \" around texts"
					   : "each key stands once in its group");
	} else {
		good = true;
	}
	buf_done(&text);
	return good;
}

static void parse_file(struct load *load, const struct source *source)
{
	config_t config;
	config_init(&config);
	if (rules_load_parse(source, &config, load->findings))
		read_file(load, source, config_root_setting(&config));
	else
		load->unread = true;
	config_destroy(&config);
}

/* --- all files together --- */

static int by_id(const void *left, const void *right)
{
	const struct rule *a = *(struct rule *const *)left, *b = *(struct rule *const *)right;
	int order = bytes_compare(a->head.id, b->head.id);
	if (order == 0)
		order = strcmp(a->spot.file, b->spot.file);
	return order ? order : (a->head.line > b->head.line) - (a->head.line < b->head.line);
}

static void sort_rules(struct load *load)
{
	struct rules_ruleset *ruleset = load->ruleset;
	if (ruleset->rule_count)
		qsort(ruleset->rule, ruleset->rule_count, sizeof(struct rule *), by_id);
	for (size_t i = 0; i < ruleset->rule_count; i++) {
		ruleset->rule[i]->head.index = i;
	}
}

static int by_name(const void *left, const void *right)
{
	const struct named *a = left, *b = right;
	int order = bytes_compare(a->id, b->id);
	if (order == 0)
		order = strcmp(a->file, b->file);
	return order ? order : (a->line > b->line) - (a->line < b->line);
}

/* Ids of rules with errors count, too: mending those should not bring up another finding. */
static void check_ids(struct load *load)
{
	struct named *named = load->named;
	if (load->named_count)
		qsort(named, load->named_count, sizeof *named, by_name);
	for (size_t i = 1; i < load->named_count; i++)
		if (bytes_equal(named[i - 1].id, named[i].id))
			rules_findings_add(
				load->findings, true, named[i].file, named[i].line,
				"rule %.*s: id stands twice, first at %s:%u; give each rule its own",
				BYTES_ARG(named[i].id), named[i - 1].file, named[i - 1].line);
}

static void check_head(struct load *load, const char *path)
{
	for (size_t i = 0; i < KEY_COUNT(load->place) && !load->unread; i++)
		if (load->place[i].required && !load->place[i].file)
			rules_findings_add(load->findings, true, path, 0,
					   "%s stands in no file; it must stand in exactly one",
					   load->place[i].name);
	if (load->ruleset->rule_count == 0 && load->findings->errors == 0)
		rules_findings_add(load->findings, false, path, 0, "holds no rules; nothing is governed");
}

static bool init(struct load *load, const char *path)
{
	struct err err;
	struct rules_ruleset *ruleset = load->ruleset;
	if (rules_lexicon_compile(ruleset->lexicon, &err) &&
	    rules_kits_init(&ruleset->kits, rules_lexicon_database(ruleset->lexicon), &err))
		return true;
	rules_findings_fail(load->findings, path, err.text);
	return false;
}

static void load_all(struct load *load, const char *path, int64_t now_ns)
{
	struct rules_ruleset *ruleset = load->ruleset;
	struct sources *sources = &ruleset->sources;
	rules_sources_read(sources, path, &ruleset->arena, load->findings);
	load->unread = load->findings->errors > 0;
	/* phrases files join the list while rule files are read */
	for (size_t i = 0, count = sources->count; i < count; i++) {
		const struct source source = sources->at[i];
		parse_file(load, &source);
	}
	sort_rules(load);
	check_ids(load);
	rules_catalogue_finish(&ruleset->catalogue, load->findings, now_ns);
	check_head(load, path);
	ruleset->digest = rules_sources_digest(sources, &ruleset->arena);
	if (!bytes_present(ruleset->digest))
		out_of_memory(load, path);
	if (!load->findings->failed && init(load, path)) {
		rules_load_check_texts(ruleset, load->unread, load->findings);
		rules_load_check_fallbacks(ruleset, load->findings);
	}
	if (load->findings->errors == 0) {
		rules_load_check_against(ruleset, load->findings);
		rules_load_check_whens(ruleset, now_ns, load->findings);
		rules_load_check_locales(ruleset, load->findings);
	}
}

struct rules_ruleset *rules_ruleset_load(const char *path, int64_t now_ns, struct rules_findings *findings)
{
#define HEAD_PLACE(field, must)                                                                              \
	{                                                                                                    \
		.name = #field, .in_head = offsetof(struct head, field),                                     \
		.in_ruleset = offsetof(struct rules_ruleset, field), .required = must                        \
	}
	struct load load = {.findings = findings,
			    .ruleset = calloc(1, sizeof *load.ruleset),
			    .place = {HEAD_PLACE(name, true), HEAD_PLACE(version, true),
				      HEAD_PLACE(owner, true), HEAD_PLACE(approved_by, false)}};
#undef HEAD_PLACE
	if (load.ruleset) {
		atomic_init(&load.ruleset->references, 1);
		arena_init(&load.ruleset->arena, (size_t)512 * 1024 * 1024);
		load.ruleset->lexicon = rules_lexicon_new(&load.ruleset->arena);
	}
	if (load.ruleset && load.ruleset->lexicon)
		load_all(&load, path, now_ns);
	else
		rules_findings_fail(findings, path, strerror(ENOMEM));
	for (size_t i = 0; findings->errors == 0 && i < load.ruleset->rule_count; i++)
		rules_load_describe(load.ruleset->rule[i], &load.ruleset->arena);
	rules_findings_sort(findings);
	if (findings->errors) {
		rules_ruleset_drop(load.ruleset);
		return NULL;
	}
	return load.ruleset;
}
