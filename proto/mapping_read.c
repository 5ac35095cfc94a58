/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/mapping_read.h"

#include "proto/file.h"
#include "proto/suggest.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { DESCRIPTORS_MIB = 64, METHODS_MAX = 1000 };

#define READ_LIMIT ((size_t)64 * 1024 * 1024)

struct read {
	const char *path;   /* of the configuration file */
	struct arena arena; /* what was read, until it is compiled */
	const struct proto_mapping_report *report;
	bool wrong;
};

__attribute__((format(printf, 3, 4))) static void complain(struct read *to, const config_setting_t *at,
							   const char *format, ...)
{
	struct err err;
	va_list args;
	va_start(args, format);
	vsnprintf(err.text, sizeof err.text, format, args);
	va_end(args);
	to->wrong = true;
	to->report->wrong(to->report->context, at ? config_setting_source_line(at) : 0, err.text);
}

/* The text of a setting; NULL after a complaint. `name`: in full. */
static const char *text_of(struct read *to, const config_setting_t *setting, const char *name,
			   const char *example)
{
	const char *text = config_setting_get_string(setting);
	if (!text || !*text)
		complain(to, setting, "%s: a text is expected; write %s", name, example);
	return text && *text ? text : NULL;
}

enum { SOURCES_MAX = 8 };

/* Adds the texts behind the first one of a list. */
static const char *const *read_fallbacks(struct read *to, const config_setting_t *list, const char *name)
{
	size_t count = (size_t)config_setting_length(list);
	const char **all = arena_zalloc(&to->arena, count, sizeof *all);
	if (!all)
		complain(to, list, "%s: no memory", name);
	for (size_t i = 1; all && i < count; i++) {
		all[i - 1] = text_of(to, config_setting_get_elem(list, (unsigned)i), name,
				     "a path or \"header:x-session-id\"");
		if (!all[i - 1])
			return NULL;
	}
	return all;
}

/* A path, or a list of sources: the first one, and *fallback for the others. */
static const char *read_sources(struct read *to, const config_setting_t *setting, const char *name,
				const char *const **fallback)
{
	if (!config_setting_is_list(setting) && !config_setting_is_array(setting))
		return text_of(to, setting, name, "a path, as in \"product.id\"");
	int count = config_setting_length(setting);
	if (count < 1 || count > SOURCES_MAX) {
		complain(to, setting,
			 "%s: 1 to %d sources are expected; write [ \"ctx.session_id\", "
			 "\"header:x-session-id\" ]",
			 name, SOURCES_MAX);
		return NULL;
	}
	*fallback = count > 1 ? read_fallbacks(to, setting, name) : NULL;
	return text_of(to, config_setting_get_elem(setting, 0), name, "a path or \"header:x-session-id\"");
}

/* --- paths of one method --- */

/* A group of paths in a method, and the records whose facts stand in it. */
static const struct section {
	const char *name;
	enum proto_record first, last;
} sections[] = {
	{"request", RECORD_REQUEST, RECORD_CANDIDATE},
	{"response", RECORD_RESPONSE, RECORD_CHOICE},
	{"signal", RECORD_SIGNAL, RECORD_SIGNAL},
};

/* Keys that a mapping is to have, and has not yet. */
static const char *const later[] = {"baseline_rank"};

/* A fact's key as it stands in its section: "signal.kind" is `kind` of signal. */
static const char *key_in(const struct section *section, enum proto_fact fact)
{
	const struct fact_row *row = &fact_rows[fact];
	if (row->record < section->first || row->record > section->last)
		return NULL;
	return section->first == RECORD_SIGNAL ? row->key + strlen("signal.") : row->key;
}

/* One method being read. */
struct method {
	struct read *to;
	char name[64]; /* "schema.methods[3]" */
	const struct section *section;
	struct proto_method_paths *paths;
};

static void complain_unknown(const struct method *method, const config_setting_t *setting, const char *group)
{
	const char *name = config_setting_name(setting);
	struct suggestion near = {.word = bytes_of(name)};
	size_t group_len = strlen(group);
	for (size_t i = 0; i < sizeof later / sizeof *later; i++)
		if (strcmp(name, later[i]) == 0) {
			complain(method->to, setting,
				 "%s.%s.%s%s is not available in this version; leave it out", method->name,
				 method->section->name, group, name);
			return;
		}
	for (size_t fact = 0; fact < PROTO_FACTS; fact++) {
		const char *key = key_in(method->section, (enum proto_fact)fact);
		if (!key || strncmp(key, group, group_len) != 0)
			continue;
		key += group_len;
		suggest_offer(&near, (struct bytes){key, strcspn(key, ".")});
	}
	if (bytes_present(near.best))
		complain(method->to, setting, "unknown key \"%s.%s.%s%s\"; did you mean \"%.*s\"?",
			 method->name, method->section->name, group, name, BYTES_ARG(near.best));
	else
		complain(method->to, setting, "unknown key \"%s.%s.%s%s\"; remove it", method->name,
			 method->section->name, group, name);
}

/* The fact of a key; PROTO_FACTS: none. *inner: there are facts behind `key` and a dot. */
static size_t find_fact(const struct section *section, const char *key, bool *inner)
{
	size_t len = strlen(key), found = PROTO_FACTS;
	*inner = false;
	for (size_t fact = 0; fact < PROTO_FACTS; fact++) {
		const char *name = key_in(section, (enum proto_fact)fact);
		if (!name || strncmp(name, key, len) != 0)
			continue;
		if (name[len] == '\0')
			found = fact;
		*inner |= name[len] == '.';
	}
	return found;
}

/* --- kinds --- */

/* A text, or a whole number as one; NULL after a complaint. */
static const char *read_from(struct read *to, const config_setting_t *setting, const char *name)
{
	int type = config_setting_type(setting);
	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
		return text_of(to, setting, name, "a value of the field, as in \"thumbs_down\"");
	const char *text = arena_printf(&to->arena, "%lld", config_setting_get_int64(setting));
	if (!text)
		complain(to, setting, "%s: no memory", name);
	return text;
}

/* `name`: "schema.methods[0].signal.kinds". */
static bool read_kind(struct read *to, const config_setting_t *setting, const char *name,
		      struct proto_kind_pair *pair)
{
	const config_setting_t *from = NULL, *kind = NULL;
	if (config_setting_is_group(setting)) {
		from = config_setting_get_member(setting, "from");
		kind = config_setting_get_member(setting, "to");
	}
	if (!from || !kind || config_setting_length(setting) != 2) {
		complain(to, setting, "%s: a line is { from = \"...\"; to = \"...\"; }", name);
		return false;
	}
	char full[512];
	pair->line = config_setting_source_line(setting);
	snprintf(full, sizeof full, "%s.from", name);
	pair->from = read_from(to, from, full);
	snprintf(full, sizeof full, "%s.to", name);
	pair->to = text_of(to, kind, full, "a kind, as in \"dissatisfied\"");
	return pair->from && pair->to;
}

static void read_kinds(struct read *to, const config_setting_t *setting, const char *name,
		       struct proto_kind_pairs *kinds)
{
	int length = config_setting_length(setting);
	size_t count = length > 0 ? (size_t)length : 0;
	kinds->line = config_setting_source_line(setting);
	if (!config_setting_is_list(setting) || count == 0 || count > PROTO_KINDS_MAX) {
		complain(to, setting,
			 "%s: a list of 1 to %d groups is expected; write kinds = ( { from = \"...\"; to = "
			 "\"...\"; } );",
			 name, PROTO_KINDS_MAX);
		return;
	}
	struct proto_kind_pair *pair = arena_zalloc(&to->arena, count, sizeof *pair);
	bool good = pair;
	if (!pair)
		complain(to, setting, "%s: no memory", name);
	for (size_t i = 0; pair && i < count; i++)
		good &= read_kind(to, config_setting_get_elem(setting, (unsigned)i), name, &pair[i]);
	kinds->pair = pair;
	kinds->count = good ? count : 0;
}

/* The fact whose kinds stand under `key`, "prompt.kinds"; PROTO_FACTS: none. */
static size_t find_kinds(const struct section *section, const char *key)
{
	bool inner;
	size_t len = strlen(key);
	char kind[256];
	snprintf(kind, sizeof kind, "%s", key);
	if (len < strlen("kinds") || strcmp(key + len - strlen("kinds"), "kinds") != 0)
		return PROTO_FACTS;
	kind[len - 1] = '\0';
	size_t fact = find_fact(section, kind, &inner);
	return fact < PROTO_FACTS && fact_rows[fact].type == FACT_KIND ? fact : PROTO_FACTS;
}

/* `group`: "" or "item.". */
static void read_paths(const struct method *method, const config_setting_t *settings, const char *group)
{
	int count = config_setting_length(settings);
	for (int i = 0; i < count; i++) {
		const config_setting_t *setting = config_setting_get_elem(settings, (unsigned)i);
		char key[256], full[512];
		bool inner;
		snprintf(key, sizeof key, "%s%s", group, config_setting_name(setting));
		snprintf(full, sizeof full, "%s.%s.%s", method->name, method->section->name, key);
		size_t fact = find_fact(method->section, key, &inner);
		size_t kinds = find_kinds(method->section, key);
		if (kinds < PROTO_FACTS) {
			read_kinds(method->to, setting, full, &method->paths->kinds[kinds]);
		} else if (inner && !*group && config_setting_is_group(setting)) {
			snprintf(key + strlen(key), sizeof key - strlen(key), ".");
			read_paths(method, setting, key);
		} else if (inner && fact == PROTO_FACTS) {
			complain(method->to, setting, "%s: a group is expected; write %s: { ... };", full,
				 config_setting_name(setting));
		} else if (fact == PROTO_FACTS) {
			complain_unknown(method, setting, group);
		} else {
			method->paths->path[fact] =
				read_sources(method->to, setting, full, &method->paths->fallback[fact]);
			method->paths->path_line[fact] = config_setting_source_line(setting);
		}
	}
}

static void read_order(const struct method *method, const config_setting_t *setting)
{
	static const char *const words[] = {
		[ORDER_POSITION] = "position",
		[ORDER_SCORE_DESC] = "score_desc",
		[ORDER_SCORE_ASC] = "score_asc",
	};
	const char *word = config_setting_get_string(setting);
	for (size_t i = 0; word && i < sizeof words / sizeof *words; i++)
		if (strcmp(word, words[i]) == 0) {
			method->paths->order = (enum facts_order)i;
			return;
		}
	complain(method->to, setting,
		 "%s.order: must be \"score_desc\", \"score_asc\" (a distance) or \"position\"",
		 method->name);
}

static void read_section(struct method *method, const config_setting_t *setting,
			 const struct section *section)
{
	method->section = section;
	if (config_setting_is_group(setting))
		read_paths(method, setting, "");
	else
		complain(method->to, setting, "%s.%s: a group is expected; write %s: { ... };", method->name,
			 section->name, section->name);
}

static void read_key(struct method *method, const config_setting_t *setting)
{
	const char *name = config_setting_name(setting);
	struct suggestion near = {.word = bytes_of(name)};
	char full[128];
	snprintf(full, sizeof full, "%s.%s", method->name, name);
	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
		suggest_offer(&near, bytes_of(sections[i].name));
		if (strcmp(name, sections[i].name) == 0) {
			read_section(method, setting, &sections[i]);
			return;
		}
	}
	suggest_offer(&near, BYTES_LITERAL("method"));
	suggest_offer(&near, BYTES_LITERAL("order"));
	if (strcmp(name, "method") == 0)
		method->paths->method = text_of(method->to, setting, full, "\"/package.Service/Method\"");
	else if (strcmp(name, "order") == 0)
		read_order(method, setting);
	else if (bytes_present(near.best))
		complain(method->to, setting, "unknown key \"%s\"; did you mean \"%.*s\"?", full,
			 BYTES_ARG(near.best));
	else
		complain(method->to, setting,
			 "unknown key \"%s\"; the keys here are method, request, response, signal, order",
			 full);
}

static void read_method(struct read *to, const config_setting_t *setting, size_t index,
			struct proto_method_paths *paths)
{
	struct method method = {.to = to, .paths = paths};
	snprintf(method.name, sizeof method.name, "schema.methods[%zu]", index);
	paths->line = config_setting_source_line(setting);
	if (!config_setting_is_group(setting)) {
		complain(to, setting, "%s: a group is expected; write { method = \"...\"; ... }",
			 method.name);
		return;
	}
	const config_setting_t *name = config_setting_get_member(setting, "method");
	bool signal = config_setting_get_member(setting, "signal");
	bool ranking = config_setting_get_member(setting, "response");
	paths->role = signal ? PROTO_SIGNAL : PROTO_RANKING;
	paths->line = name ? config_setting_source_line(name) : paths->line;
	int count = config_setting_length(setting);
	for (int i = 0; i < count; i++)
		read_key(&method, config_setting_get_elem(setting, (unsigned)i));
	if (!name)
		complain(to, setting, "%s.method is missing; write method = \"/package.Service/Method\";",
			 method.name);
	if (signal && (ranking || config_setting_get_member(setting, "request")))
		complain(to, setting, "%s: a method has signal, or request and response; remove one",
			 method.name);
	else if (!signal && !ranking)
		complain(to, setting, "%s: neither response nor signal is mapped; map one", method.name);
}

/* --- the section --- */

static struct proto_schema *read_descriptors(struct read *to, const config_setting_t *setting)
{
	struct proto_schema *schema = NULL;
	struct buf set = {0};
	struct err err;
	char *full = NULL;
	const char *name = text_of(to, setting, "schema.descriptors", "\"schema.pb\"");
	const char *slash = strrchr(to->path, '/');
	int folder = name && name[0] != '/' && slash ? (int)(slash + 1 - to->path) : 0;
	if (!name)
		return NULL;
	bool good = asprintf(&full, "%.*s%s", folder, to->path, name) >= 0 || err_set(&err, "no memory");
	full = good ? full : NULL;
	if (good && file_read(full, "descriptor set", DESCRIPTORS_MIB, &set, &err))
		schema = proto_schema_load(buf_bytes(&set), &err);
	if (!schema)
		complain(to, setting, "schema.descriptors: %s: %s", full ? full : name, err.text);
	free(full);
	buf_done(&set);
	return schema;
}

static void check_keys(struct read *to, const config_setting_t *settings)
{
	int count = config_setting_length(settings);
	for (int i = 0; i < count; i++) {
		const config_setting_t *setting = config_setting_get_elem(settings, (unsigned)i);
		const char *name = config_setting_name(setting);
		struct suggestion near = {.word = bytes_of(name)};
		if (strcmp(name, "descriptors") == 0 || strcmp(name, "methods") == 0)
			continue;
		suggest_offer(&near, BYTES_LITERAL("descriptors"));
		suggest_offer(&near, BYTES_LITERAL("methods"));
		if (bytes_present(near.best))
			complain(to, setting, "unknown key \"schema.%s\"; did you mean \"%.*s\"?", name,
				 BYTES_ARG(near.best));
		else
			complain(to, setting,
				 "unknown key \"schema.%s\"; the keys here are descriptors, methods", name);
	}
}

/* Takes `schema`. */
static struct proto_mapping *read_methods(struct read *to, const config_setting_t *list,
					  struct proto_schema *schema)
{
	struct proto_mapping *mapping = NULL;
	int length = config_setting_length(list);
	size_t count = length > 0 ? (size_t)length : 0;
	struct proto_method_paths *paths = NULL;
	if (!config_setting_is_list(list) || count == 0 || count > METHODS_MAX)
		complain(to, list,
			 "schema.methods: a list of 1 to %d groups is expected; write methods = ( { ... } );",
			 METHODS_MAX);
	else if (!(paths = calloc(count, sizeof *paths)))
		complain(to, list, "schema.methods: no memory");
	for (size_t i = 0; paths && i < count; i++)
		read_method(to, config_setting_get_elem(list, (unsigned)i), i, &paths[i]);
	if (to->wrong || !schema)
		proto_schema_free(schema);
	else
		mapping = proto_mapping_compile(schema, paths, count, to->report);
	free(paths);
	return mapping;
}

struct proto_mapping *proto_mapping_read(const config_setting_t *schema, const char *path,
					 const struct proto_mapping_report *report)
{
	struct read to = {.path = path, .report = report};
	struct proto_mapping *mapping = NULL;
	struct err err;
	if (!schema) {
		mapping = proto_mapping_canonical(&err);
		if (!mapping)
			complain(&to, NULL, "schema: %s", err.text);
		return mapping;
	}
	if (!config_setting_is_group(schema)) {
		complain(&to, schema, "schema: a group is expected; write schema: { ... };");
		return NULL;
	}
	arena_init(&to.arena, READ_LIMIT);
	check_keys(&to, schema);
	const config_setting_t *descriptors = config_setting_get_member(schema, "descriptors");
	const config_setting_t *methods = config_setting_get_member(schema, "methods");
	if (!descriptors)
		complain(&to, schema, "schema.descriptors is missing; write descriptors = \"schema.pb\";");
	if (!methods)
		complain(&to, schema, "schema.methods is missing; write methods = ( { ... } );");
	struct proto_schema *set = descriptors ? read_descriptors(&to, descriptors) : NULL;
	if (methods)
		mapping = read_methods(&to, methods, set);
	else
		proto_schema_free(set);
	arena_done(&to.arena);
	return mapping;
}
