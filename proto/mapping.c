/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/mapping.h"

#include "proto/method.h"
#include "proto/scalar.h"
#include <stdlib.h>

#define MAPPING_ARENA_LIMIT ((size_t)64 * 1024 * 1024)

struct proto_mapping {
	struct arena arena;
	struct proto_schema *schema; /* owned */
	struct proto_method *method; /* sorted by name */
	size_t count;
};

/* --- the canonical mapping --- */

extern const unsigned char proto_canonical_set[];
extern const size_t proto_canonical_set_len;

#define CANONICAL_RANKING                                                                                    \
	{                                                                                                    \
		[FACT_USER] = "user_id", [FACT_SESSION] = "session_id", [FACT_SURFACE] = "surface",          \
		[FACT_LOCALE] = "locale", [FACT_TIME_ZONE] = "time_zone", [FACT_SEGMENT] = "segment",        \
		[FACT_EXPERIMENT] = "experiment", [FACT_OPTED_OUT] = "opted_out", [FACT_OFFSET] = "offset",  \
		[FACT_ATTRIBUTES] = "attributes", [FACT_ATTRIBUTE_NAME] = "key",                             \
		[FACT_ATTRIBUTE_VALUE] = "value", [FACT_CANDIDATES] = "candidates",                          \
		[FACT_CANDIDATE_ID] = "item_id", [FACT_CANDIDATE_SCORE] = "score", [FACT_ITEMS] = "items",   \
		[FACT_ITEM_ID] = "item_id", [FACT_ITEM_SCORE] = "score",                                     \
		[FACT_ITEM_BASELINE] = "baseline_score", [FACT_ITEM_CATEGORY] = "category",                  \
		[FACT_ITEM_SOURCE] = "source", [FACT_ITEM_TAGS] = "tags",                                    \
		[FACT_WEIGHTS] = "category_weights", [FACT_WEIGHT_CATEGORY] = "category",                    \
		[FACT_WEIGHT_WEIGHT] = "weight", [FACT_WEIGHT_BASELINE] = "baseline_weight",                 \
		[FACT_PROMPTS] = "prompts", [FACT_PROMPT_ID] = "prompt_id",                                  \
		[FACT_PROMPT_TEMPLATE_ID] = "template_id", [FACT_PROMPT_KIND] = "kind",                      \
		[FACT_PROMPT_TEXT] = "text", [FACT_PROMPT_LOCALE] = "locale", [FACT_CHOICES] = "choices",    \
		[FACT_CHOICE_ID] = "choice_id", [FACT_CHOICE_KIND] = "kind", [FACT_CHOICE_LABEL] = "label",  \
		[FACT_EXPLANATION] = "explanation", [FACT_CONFIDENCE] = "confidence",                        \
		[FACT_MODEL_VERSION] = "model_version",                                                      \
	}

static const struct proto_method_paths canonical[] = {
	{.method = "/rankguard.v1.RankingService/Rank",
	 .role = PROTO_RANKING,
	 .order = ORDER_SCORE_DESC,
	 .path = CANONICAL_RANKING},
	{.method = "/rankguard.v1.RankingService/StreamRank",
	 .role = PROTO_RANKING,
	 .order = ORDER_SCORE_DESC,
	 .path = CANONICAL_RANKING},
	{.method = "/rankguard.v1.RankingService/ReportSignal",
	 .role = PROTO_SIGNAL,
	 .order = ORDER_POSITION,
	 .path = {[FACT_SIGNAL_USER] = "user_id",
		  [FACT_SIGNAL_SESSION] = "session_id",
		  [FACT_SIGNAL_KIND] = "kind",
		  [FACT_SIGNAL_ITEM] = "item_id",
		  [FACT_SIGNAL_CATEGORY] = "category",
		  [FACT_SIGNAL_PROMPT] = "prompt_id"}},
};

struct bytes proto_mapping_canonical_set(void)
{
	return (struct bytes){(const char *)proto_canonical_set, proto_canonical_set_len};
}

struct proto_mapping *proto_mapping_canonical(struct err *err)
{
	struct proto_schema *schema = proto_schema_load(proto_mapping_canonical_set(), err);
	return schema ? proto_mapping_new(schema, canonical, sizeof canonical / sizeof *canonical, err)
		      : NULL;
}

/* --- compiling --- */

/* Maps have no order: what is moved or dropped cannot stand in one. */
static bool may_be_map(enum proto_record record)
{
	return record == RECORD_ATTRIBUTE || record == RECORD_CANDIDATE || record == RECORD_WEIGHT;
}

const char *proto_method_wanted(enum proto_fact fact, const struct proto_field *field, bool many)
{
	const struct fact_row *row = &fact_rows[fact];
	bool text = field->type == PROTO_STRING ||
		    ((scalar_is_integer(field->type) || field->type == PROTO_BYTES) && !row->edited);
	switch (row->type) {
	case FACT_TEXT:
		if (text && !many)
			return NULL;
		return row->edited ? "a single string" : "a single string, bytes, integer or enum";
	case FACT_TEXTS:
		return text && many ? NULL : "a list of strings, bytes, integers or enums";
	case FACT_NUMBER:
		return scalar_is_number(field->type) && !many ? NULL : "a single number";
	case FACT_INTEGER:
		return scalar_is_integer(field->type) && !many ? NULL : "a single integer";
	case FACT_BOOL:
		return field->type == PROTO_BOOL && !many ? NULL : "a single bool";
	case FACT_KIND:
		if (!many && (scalar_is_integer(field->type) || field->type == PROTO_STRING))
			return NULL;
		return "a single string, integer or enum";
	case FACT_LIST:
		if (field->type == PROTO_MESSAGE && many && field->message->map_entry &&
		    !may_be_map(row->list))
			return "a list, which has an order,";
		return field->type == PROTO_MESSAGE && many ? NULL : "a list of messages";
	}
	return "something else";
}

static bool check_field(enum proto_fact fact, const struct proto_path *path, struct err *err)
{
	const struct proto_field *field = proto_path_leaf(path);
	bool many = proto_path_ends_in_list(path) || (path->listed && fact_rows[fact].type != FACT_LIST);
	const char *need = proto_method_wanted(fact, field, many);
	bool map = field->message && field->message->map_entry;
	if (!need)
		return true;
	return err_set(err, "path \"%s\": field \"%.*s\" of %.*s is %s %s; %s is needed", path->text,
		       BYTES_ARG(field->name), BYTES_ARG(field->of->name),
		       map    ? "a"
		       : many ? "a list of"
			      : "a single",
		       map ? "map" : proto_type_name(field->type), need);
}

/* Two facts that patch writes must not share a field: the second edit would undo the first. */
static bool check_edited(const struct proto_method *method, enum proto_fact fact, struct err *err)
{
	const struct proto_path *path = method->path[fact];
	for (size_t i = 0; i < fact; i++) {
		const struct proto_path *other = method->path[i];
		size_t same = 0;
		if (!other || !fact_rows[i].edited || !fact_rows[fact].edited ||
		    fact_rows[i].record != fact_rows[fact].record || other->count != path->count)
			continue;
		while (same < path->count && proto_step_equal(&other->step[same], &path->step[same]))
			same++;
		if (same == path->count)
			return err_set(err, "path \"%s\": %s has the same path; each needs its own",
				       path->text, fact_rows[i].key);
	}
	return true;
}

/* What a Value is read as for a fact. */
static enum proto_path_want want_of(enum proto_fact fact)
{
	switch (fact_rows[fact].type) {
	case FACT_NUMBER:
	case FACT_INTEGER:
		return PATH_WANT_NUMBER;
	case FACT_BOOL:
		return PATH_WANT_BOOL;
	case FACT_LIST:
		return PATH_WANT_LIST;
	case FACT_TEXT:
	case FACT_TEXTS:
	case FACT_KIND:
		break;
	}
	return PATH_WANT_TEXT;
}

struct compiler {
	struct proto_mapping *mapping;
	struct proto_method *method;
	const struct proto_message *message[PROTO_RECORDS]; /* where the paths of each record begin */
	bool broken[PROTO_RECORDS]; /* its list has no good path: nothing is said of what is in it */
	const struct proto_mapping_report *report;
	bool wrong;
	struct err *err;
};

/* Reports what stands in err. */
static void report(struct compiler *to, unsigned line)
{
	to->wrong = true;
	to->report->wrong(to->report->context, line, to->err->text);
}

/* What kinds a field's values are. A string says nothing without it. */
static bool compile_kinds(struct compiler *to, enum proto_fact fact, const struct proto_kind_pairs *kinds,
			  unsigned *line)
{
	const struct proto_path *path = to->method->path[fact];
	if (kinds->count == 0)
		return proto_path_leaf(path)->type != PROTO_STRING ||
		       err_set(to->err,
			       "path \"%s\": it is a string; say with kinds = ( { from = \"...\"; "
			       "to = \"%s\"; } ) what its values mean",
			       path->text, fact_kind_name(fact, 1));
	to->method->translation[fact] =
		translation_compile(fact, proto_path_leaf(path), kinds, &to->mapping->arena, line, to->err);
	return to->method->translation[fact];
}

#define CONSTANT "const:"

/* Patch writes what it edits, and a constant stands nowhere; kinds are only read then. */
static bool compile_constant(struct compiler *to, enum proto_fact fact, const char *text,
			     const struct proto_kind_pairs *kinds)
{
	const struct fact_row *row = &fact_rows[fact];
	struct plan_node *node = to->method->plan[row->record];
	struct plan_constant *constant = arena_zalloc(&to->mapping->arena, 1, sizeof *constant);
	struct bytes value = bytes_of(text + strlen(CONSTANT));
	if (!constant)
		return err_set(to->err, "no memory");
	if (kinds->count)
		return err_set(to->err, "\"%s\" has no values to translate; remove kinds", text);
	if (row->type != FACT_KIND && (row->type != FACT_TEXT || row->edited))
		return err_set(to->err, "\"%s\": this fact cannot be a constant; give the path of a field",
			       text);
	if (value.len == 0)
		return err_set(to->err, "\"%s\" says nothing; write the value behind the colon", text);
	*constant = (struct plan_constant){.fact = fact, .next = node->constant};
	constant->text = arena_copy(&to->mapping->arena, value);
	if (row->type == FACT_KIND && !fact_kind_named(fact, value, &constant->kind, to->err))
		return err_within(to->err, "\"%s\"", text);
	node->constant = to->method->constant[fact] = constant;
	return bytes_present(constant->text) || err_set(to->err, "no memory");
}

/* The parent record of a list must be mapped, and the record must be one that the role has. */
static bool check_record(struct compiler *to, enum proto_record record)
{
	if (to->method->plan[record])
		return true;
	for (size_t i = 0; i < PROTO_FACTS; i++)
		if (fact_rows[i].type == FACT_LIST && fact_rows[i].list == record &&
		    to->method->plan[fact_rows[i].record])
			return err_set(to->err, "it stands in \"%s\"; give the path of that, too",
				       fact_rows[i].key);
	return err_set(to->err, "a %s method has no such fact; remove it",
		       to->method->role == PROTO_SIGNAL ? "signal" : "ranking");
}

/* *line: of what is wrong, where that is not the path's. */
static bool compile_path(struct compiler *to, enum proto_fact fact, const struct proto_method_paths *from,
			 unsigned *line)
{
	const char *text = from->path[fact];
	const struct fact_row *row = &fact_rows[fact];
	struct proto_method *method = to->method;
	struct arena *arena = &to->mapping->arena;
	if (strncmp(text, CONSTANT, strlen(CONSTANT)) == 0)
		return compile_constant(to, fact, text, &from->kinds[fact]);
	const struct proto_path *path =
		proto_path_compile(to->message[row->record], text, want_of(fact), arena, to->err);
	method->path[fact] = path;
	if (!path || !check_field(fact, path, to->err) || !check_edited(method, fact, to->err))
		return false;
	if (row->type == FACT_KIND && !compile_kinds(to, fact, &from->kinds[fact], line))
		return false;
	bool zero = method->translation[fact] && method->translation[fact]->zero;
	struct plan_node *child = NULL;
	if (!plan_add(method->plan[row->record], fact, path, zero, arena, &child, to->err))
		return false;
	if (row->type == FACT_LIST) {
		method->plan[row->list] = child;
		to->message[row->list] = proto_path_leaf(path)->message;
	}
	return true;
}

static bool begin_record(struct compiler *to, enum proto_record record, const struct proto_message *message)
{
	to->message[record] = message;
	to->method->plan[record] = plan_node_new(&to->method->slots, &to->mapping->arena);
	return to->method->plan[record] || err_set(to->err, "no memory");
}

#define HEADER "header:"

/* A name as it stands in metadata. Values of names that end in -bin are no texts. */
static bool check_header(struct bytes name, struct err *err)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_.-";
	if (name.len == 0 || strspn(name.at, allowed) != name.len)
		return err_set(err,
			       "\"" HEADER "%s\": a name of metadata has lower case letters, digits and "
			       "_.-; write one such as \"" HEADER "x-session-id\"",
			       name.at);
	if (name.len >= 4 && strcmp(name.at + name.len - 4, "-bin") == 0)
		return err_set(err, "\"" HEADER "%s\": its values are no texts; name another", name.at);
	return true;
}

/* Fills what the source is made of. */
static bool compile_source(struct compiler *to, struct proto_source *source, const char *text)
{
	struct arena *arena = &to->mapping->arena;
	enum proto_record record = fact_rows[source->fact].record;
	size_t header = strncmp(text, HEADER, strlen(HEADER)) == 0 ? strlen(HEADER) : 0;
	size_t constant = strncmp(text, CONSTANT, strlen(CONSTANT)) == 0 ? strlen(CONSTANT) : 0;
	source->text = arena_string(arena, bytes_of(text));
	if (!source->text)
		return err_set(to->err, "no memory");
	if (header) {
		source->header = bytes_of(source->text + header);
		return check_header(source->header, to->err);
	}
	if (constant) {
		source->constant = bytes_of(source->text + constant);
		return source->constant.len || err_set(to->err,
						       "\"%s\" says nothing; write the value behind the "
						       "colon",
						       text);
	}
	source->path = proto_path_compile(to->message[record], text, want_of(source->fact), arena, to->err);
	if (!source->path || !check_field(source->fact, source->path, to->err))
		return false;
	source->plan = plan_node_new(&to->method->slots, arena);
	return source->plan ? plan_add(source->plan, source->fact, source->path, false, arena, NULL, to->err)
			    : err_set(to->err, "no memory");
}

static bool add_source(struct compiler *to, enum proto_fact fact, const char *text)
{
	const struct fact_row *row = &fact_rows[fact];
	struct proto_source *source = arena_zalloc(&to->mapping->arena, 1, sizeof *source);
	struct proto_source **last = &to->method->source;
	if (row->type != FACT_TEXT || (row->record != RECORD_REQUEST && row->record != RECORD_SIGNAL))
		return err_set(to->err,
			       "\"%s\": only texts of a request come from metadata or from several "
			       "sources; give one path",
			       text);
	if (!source)
		return err_set(to->err, "no memory");
	source->fact = fact;
	if (!compile_source(to, source, text))
		return false;
	while (*last)
		last = &(*last)->next;
	*last = source;
	return true;
}

/* The first source is a path as any other where it is one; the others are asked when it says nothing. */
static bool compile_fact(struct compiler *to, enum proto_fact fact, const struct proto_method_paths *from,
			 unsigned *line)
{
	const char *text = from->path[fact];
	const char *const *more = from->fallback[fact];
	if (!check_record(to, fact_rows[fact].record))
		return false;
	bool other = strncmp(text, HEADER, strlen(HEADER)) == 0 ||
		     (more && strncmp(text, CONSTANT, strlen(CONSTANT)) == 0);
	bool good = other ? add_source(to, fact, text) : compile_path(to, fact, from, line);
	for (; good && more && *more; more++)
		good = add_source(to, fact, *more);
	return good;
}

/* One path; what is wrong is reported, and the others are looked at all the same. */
static void take_fact(struct compiler *to, const struct proto_method_paths *from, enum proto_fact fact)
{
	const struct fact_row *row = &fact_rows[fact];
	unsigned line = from->path_line[fact];
	if (!from->path[fact] && from->kinds[fact].count && !to->broken[row->record]) {
		err_set(to->err, "%s: %s: kinds stand without it; give its path, too", from->method,
			row->key);
		report(to, from->kinds[fact].line);
	}
	if (from->path[fact] && !to->broken[row->record] && compile_fact(to, fact, from, &line))
		return;
	if (row->type == FACT_LIST)
		to->broken[row->list] = from->path[fact];
	if (!from->path[fact] || to->broken[row->record])
		return;
	err_within(to->err, "%s", row->key);
	err_within(to->err, "%s", from->method);
	report(to, line);
}

static void compile_method(struct compiler *to, const struct proto_method_paths *from)
{
	const struct proto_rpc *rpc = proto_schema_rpc(to->mapping->schema, bytes_of(from->method), to->err);
	if (!rpc) {
		report(to, from->line);
		return;
	}
	*to->method = (struct proto_method){
		.name = rpc->name,
		.role = from->role,
		.order = from->order,
		.request_streams = rpc->request_streams,
		.response_streams = rpc->response_streams,
		.line = from->line,
	};
	memcpy(to->method->path_line, from->path_line, sizeof to->method->path_line);
	bool good = from->role == PROTO_SIGNAL ? begin_record(to, RECORD_SIGNAL, rpc->request)
					       : begin_record(to, RECORD_REQUEST, rpc->request) &&
							 begin_record(to, RECORD_RESPONSE, rpc->response);
	if (!good) {
		err_within(to->err, "%s", from->method);
		report(to, from->line);
	}
	/* In the order of the table: a list stands before what is in it. */
	for (size_t fact = 0; good && fact < PROTO_FACTS; fact++)
		take_fact(to, from, (enum proto_fact)fact);
}

static int compare_methods(const void *a, const void *b)
{
	const struct bytes *left = a, *right = b; /* a method begins with its name */
	return bytes_compare(*left, *right);
}

static bool compile(struct proto_mapping *mapping, const struct proto_method_paths *methods, size_t count,
		    const struct proto_mapping_report *report_to)
{
	bool good = true;
	mapping->method = arena_zalloc(&mapping->arena, count, sizeof *mapping->method);
	if (!mapping->method) {
		report_to->wrong(report_to->context, 0, "no memory");
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		struct err err;
		struct compiler to = {
			.mapping = mapping, .method = &mapping->method[i], .report = report_to, .err = &err};
		compile_method(&to, &methods[i]);
		bool twice = false;
		for (size_t j = 0; j < i; j++)
			twice |= to.method->name.len && bytes_equal(mapping->method[j].name, to.method->name);
		if (twice) {
			err_set(&err, "%s: it is mapped twice; map it once", methods[i].method);
			report(&to, methods[i].line);
		}
		good &= !to.wrong;
	}
	mapping->count = count;
	if (good && count)
		qsort(mapping->method, count, sizeof *mapping->method, compare_methods);
	return good;
}

struct proto_mapping *proto_mapping_compile(struct proto_schema *schema,
					    const struct proto_method_paths *methods, size_t count,
					    const struct proto_mapping_report *report_to)
{
	struct proto_mapping *mapping = calloc(1, sizeof *mapping);
	if (!mapping) {
		proto_schema_free(schema);
		report_to->wrong(report_to->context, 0, "no memory");
		return NULL;
	}
	mapping->schema = schema;
	arena_init(&mapping->arena, MAPPING_ARENA_LIMIT);
	if (!compile(mapping, methods, count, report_to)) {
		proto_mapping_free(mapping);
		mapping = NULL;
	}
	return mapping;
}

struct first {
	struct err *err;
	bool there;
};

static void keep_first(void *context, unsigned line, const char *text)
{
	struct first *first = context;
	if (!first->there)
		err_set(first->err, "%s", text);
	first->there = true;
	(void)line;
}

struct proto_mapping *proto_mapping_new(struct proto_schema *schema, const struct proto_method_paths *methods,
					size_t count, struct err *err)
{
	struct first first = {.err = err};
	return proto_mapping_compile(schema, methods, count,
				     &(struct proto_mapping_report){keep_first, &first});
}

void proto_mapping_free(struct proto_mapping *mapping)
{
	if (!mapping)
		return;
	arena_done(&mapping->arena);
	proto_schema_free(mapping->schema);
	free(mapping);
}

const struct proto_method *proto_mapping_find(const struct proto_mapping *mapping, struct bytes name)
{
	return mapping->count ? bsearch(&name, mapping->method, mapping->count, sizeof *mapping->method,
					compare_methods)
			      : NULL;
}

const struct proto_method *proto_mapping_at(const struct proto_mapping *mapping, size_t index)
{
	return index < mapping->count ? &mapping->method[index] : NULL;
}

bool proto_mapping_equal(const struct proto_mapping *a, const struct proto_mapping *b)
{
	bool same = a->count == b->count;
	for (size_t i = 0; same && i < a->count; i++)
		same = proto_method_equal(&a->method[i], &b->method[i]);
	return same;
}
