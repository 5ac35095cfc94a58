/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/schema.h"

#include "proto/arena.h"
#include "proto/scalar.h"
#include "proto/suggest.h"
#include "proto/wire.h"
#include <google/protobuf/descriptor.pb-c.h>
#include <stdio.h>
#include <stdlib.h>

typedef Google__Protobuf__FileDescriptorSet descriptor_set;
typedef Google__Protobuf__FileDescriptorProto descriptor_file;
typedef Google__Protobuf__DescriptorProto descriptor_message;
typedef Google__Protobuf__FieldDescriptorProto descriptor_field;
typedef Google__Protobuf__EnumDescriptorProto descriptor_enum;
typedef Google__Protobuf__MethodDescriptorProto descriptor_method;

#define SCHEMA_ARENA_LIMIT ((size_t)64 * 1024 * 1024)
enum { SCHEMA_DEPTH = 32 }; /* messages declared inside messages */

/* A message and where it came from; `from` counts while loading only. */
struct schema_message {
	struct proto_message message; /* first: a proto_message is the start of its schema_message */
	const descriptor_message *from;
	bool proto3;
};

/* The three tables are sorted by name. */
struct proto_schema {
	struct arena arena;
	struct schema_message *message;
	size_t message_count;
	struct proto_enum *enumeration;
	size_t enum_count;
	struct proto_rpc *rpc;
	size_t rpc_count;
};

/* --- tables ordered by name: every row begins with its name --- */

static int compare_names(const void *a, const void *b)
{
	const struct bytes *left = a, *right = b;
	return bytes_compare(*left, *right);
}

_Static_assert(offsetof(struct schema_message, message.name) == 0, "rows begin with their name");
_Static_assert(offsetof(struct proto_enum, name) == 0, "rows begin with their name");
_Static_assert(offsetof(struct proto_rpc, name) == 0, "rows begin with their name");
_Static_assert(offsetof(struct proto_field, name) == 0, "rows begin with their name");

static const void *find_row(const void *rows, size_t count, size_t size, struct bytes name)
{
	return count ? bsearch(&name, rows, count, size, compare_names) : NULL;
}

static bool sort_rows(void *rows, size_t count, size_t size, const char *what, struct err *err)
{
	if (count == 0)
		return true;
	qsort(rows, count, size, compare_names);
	for (size_t i = 1; i < count; i++) {
		const struct bytes *name = (const void *)((const char *)rows + i * size);
		if (bytes_equal(*name, *(const struct bytes *)(const void *)((const char *)name - size)))
			return err_set(err, "%s \"%.*s\" is defined twice", what, BYTES_ARG(*name));
	}
	return true;
}

/* `no method "x"; did you mean "y"?` */
static void say_unknown(const char *what, const char *example, const void *rows, size_t count, size_t size,
			struct bytes name, struct err *err)
{
	struct suggestion near = {.word = name};
	for (size_t i = 0; i < count; i++)
		suggest_offer(&near, *(const struct bytes *)(const void *)((const char *)rows + i * size));
	if (bytes_present(near.best))
		err_set(err, "no %s \"%.*s\"; did you mean \"%.*s\"?", what, BYTES_ARG(name),
			BYTES_ARG(near.best));
	else
		err_set(err, "no %s \"%.*s\" in the descriptor set; write a full name, as in \"%s\"", what,
			BYTES_ARG(name), example);
}

const struct proto_message *proto_schema_message(const struct proto_schema *schema, struct bytes name,
						 struct err *err)
{
	const struct schema_message *found =
		find_row(schema->message, schema->message_count, sizeof *schema->message, name);
	if (!found)
		say_unknown("message", "shop.reco.v1.Item", schema->message, schema->message_count,
			    sizeof *schema->message, name, err);
	return found ? &found->message : NULL;
}

const struct proto_rpc *proto_schema_rpc(const struct proto_schema *schema, struct bytes name,
					 struct err *err)
{
	const struct proto_rpc *found = find_row(schema->rpc, schema->rpc_count, sizeof *schema->rpc, name);
	if (!found)
		say_unknown("method", "/shop.reco.v1.Recommender/Recommend", schema->rpc, schema->rpc_count,
			    sizeof *schema->rpc, name, err);
	return found;
}

const struct proto_rpc *proto_schema_rpc_at(const struct proto_schema *schema, size_t index)
{
	return index < schema->rpc_count ? &schema->rpc[index] : NULL;
}

/* --- fields: looked up when paths compile, never per call --- */

static void say_unknown_field(const struct proto_message *message, struct bytes name, struct err *err)
{
	struct suggestion near = {.word = name};
	char fields[400] = "it has none";
	size_t used = 0;
	for (size_t i = 0; i < message->field_count; i++) {
		struct bytes field = message->field[i].name;
		suggest_offer(&near, field);
		if (used + field.len + sizeof "its fields are ..., " >= sizeof fields) {
			memcpy(fields + used, ", ...", sizeof ", ...");
			break;
		}
		const char *before = i ? ", " : "its fields are ";
		used += (size_t)snprintf(fields + used, sizeof fields - used, "%s%.*s", before,
					 BYTES_ARG(field));
	}
	if (bytes_present(near.best))
		snprintf(fields, sizeof fields, "did you mean \"%.*s\"?", BYTES_ARG(near.best));
	err_set(err, "message %.*s has no field \"%.*s\"; %s", BYTES_ARG(message->name), BYTES_ARG(name),
		fields);
}

const struct proto_field *proto_message_field(const struct proto_message *message, struct bytes name,
					      struct err *err)
{
	for (size_t i = 0; i < message->field_count; i++)
		if (bytes_equal(message->field[i].name, name))
			return &message->field[i];
	say_unknown_field(message, name, err);
	return NULL;
}

const struct proto_field *proto_message_field_at(const struct proto_message *message, uint32_t number)
{
	for (size_t i = 0; i < message->field_count; i++)
		if (message->field[i].number == number)
			return &message->field[i];
	return NULL;
}

struct bytes proto_enum_name(const struct proto_enum *enumeration, int32_t number)
{
	for (size_t i = 0; i < enumeration->value_count; i++)
		if (enumeration->value[i].number == number)
			return enumeration->value[i].name;
	return (struct bytes){0};
}

const char *proto_type_name(enum proto_type type)
{
	static const char *const names[] = {
		"unknown", "double",   "float",	   "int64",  "uint64",	"int32", "fixed64",
		"fixed32", "bool",     "string",   "group",  "message", "bytes", "uint32",
		"enum",	   "sfixed32", "sfixed64", "sint32", "sint64",
	};
	_Static_assert(sizeof names / sizeof *names == PROTO_SINT64 + 1, "a name for each type");
	return names[type];
}

/* --- loading: names first, then everything that refers to names --- */

struct loader {
	struct proto_schema *schema;
	struct err *err;
};

static bool memory(struct loader *load)
{
	return err_set(load->err, "it needs more than %zu MiB of memory", SCHEMA_ARENA_LIMIT >> 20);
}

static bool no_name(struct loader *load, const char *what)
{
	return err_set(load->err, "%s has no name; the set is damaged", what);
}

/* "pkg" and "Name" give "pkg.Name"; no scope gives "Name". */
static struct bytes join(struct loader *load, struct bytes scope, const char *name)
{
	const char *dot = scope.len ? "." : "";
	char *text = arena_printf(&load->schema->arena, "%.*s%s%s", BYTES_ARG(scope), dot, name);
	if (!text)
		memory(load);
	return bytes_of(text);
}

/* protobuf-c unpacks by recursion without a limit; only nested messages recurse. */
static bool check_depth(struct bytes set, const uint32_t *numbers, size_t depth)
{
	struct wire_cursor cursor = {set.at, set.at + set.len, NULL};
	struct wire_field field;
	uint32_t number = numbers[depth < 2 ? depth : 2];
	while (wire_next(&cursor, &field))
		if (field.type == WIRE_LEN && field.number == number &&
		    (depth > SCHEMA_DEPTH || !check_depth(wire_body(&field), numbers, depth + 1)))
			return false;
	return true; /* what is not well-formed is found by the unpacking */
}

static void count_message(struct proto_schema *schema, const descriptor_message *from)
{
	schema->message_count++;
	schema->enum_count += from->n_enum_type;
	for (size_t i = 0; i < from->n_nested_type; i++)
		count_message(schema, from->nested_type[i]);
}

static bool repeated_file(const descriptor_set *set, size_t index)
{
	const char *name = set->file[index]->name;
	for (size_t i = 0; i < index && name; i++)
		if (set->file[i]->name && strcmp(set->file[i]->name, name) == 0)
			return true;
	return false;
}

static void count_all(struct proto_schema *schema, const descriptor_set *set)
{
	for (size_t f = 0; f < set->n_file; f++) {
		const descriptor_file *file = set->file[f];
		if (repeated_file(set, f))
			continue;
		schema->enum_count += file->n_enum_type;
		for (size_t i = 0; i < file->n_message_type; i++)
			count_message(schema, file->message_type[i]);
		for (size_t i = 0; i < file->n_service; i++)
			schema->rpc_count += file->service[i]->n_method;
	}
}

static bool load_enums(struct loader *load, descriptor_enum **from, size_t count, struct bytes scope,
		       bool proto3)
{
	struct proto_schema *schema = load->schema;
	for (size_t i = 0; i < count; i++) {
		if (!from[i]->name)
			return no_name(load, "an enum");
		struct proto_enum *to = &schema->enumeration[schema->enum_count++];
		*to = (struct proto_enum){.name = join(load, scope, from[i]->name), .closed = !proto3};
		to->value = arena_array(&schema->arena, from[i]->n_value, sizeof *to->value);
		if (!bytes_present(to->name) || !to->value)
			return memory(load);
		for (size_t v = 0; v < from[i]->n_value; v++) {
			if (!from[i]->value[v]->name)
				return no_name(load, "an enum value");
			struct bytes name = join(load, (struct bytes){0}, from[i]->value[v]->name);
			to->value[to->value_count++] =
				(struct proto_enum_value){name, from[i]->value[v]->number};
			if (!bytes_present(name))
				return false;
		}
	}
	return true;
}

static bool load_message(struct loader *load, const descriptor_message *from, struct bytes scope, bool proto3)
{
	struct proto_schema *schema = load->schema;
	if (!from->name)
		return no_name(load, "a message");
	struct schema_message *to = &schema->message[schema->message_count++];
	*to = (struct schema_message){.from = from, .proto3 = proto3};
	struct bytes name = join(load, scope, from->name);
	to->message.name = name;
	to->message.map_entry = from->options && from->options->map_entry;
	bool good = bytes_present(name) && load_enums(load, from->enum_type, from->n_enum_type, name, proto3);
	for (size_t i = 0; good && i < from->n_nested_type; i++)
		good = load_message(load, from->nested_type[i], name, proto3);
	return good;
}

static bool load_names(struct loader *load, const descriptor_set *set)
{
	for (size_t f = 0; f < set->n_file; f++) {
		const descriptor_file *file = set->file[f];
		if (repeated_file(set, f))
			continue;
		bool proto3 = file->syntax && strcmp(file->syntax, "proto3") == 0;
		struct bytes scope = bytes_of(file->package);
		if (!load_enums(load, file->enum_type, file->n_enum_type, scope, proto3))
			return false;
		for (size_t i = 0; i < file->n_message_type; i++)
			if (!load_message(load, file->message_type[i], scope, proto3))
				return false;
	}
	struct proto_schema *schema = load->schema;
	return sort_rows(schema->message, schema->message_count, sizeof *schema->message, "message",
			 load->err) &&
	       sort_rows(schema->enumeration, schema->enum_count, sizeof *schema->enumeration, "enum",
			 load->err);
}

/* Type names in a set are full: ".pkg.Name". */
static struct bytes type_name(const char *name)
{
	return bytes_of(name && name[0] == '.' ? name + 1 : "");
}

static bool load_type(struct loader *load, const descriptor_field *from, struct proto_field *to)
{
	const struct proto_schema *schema = load->schema;
	struct bytes name = type_name(from->type_name);
	if ((int)from->type < PROTO_DOUBLE || (int)from->type > PROTO_SINT64)
		return err_set(load->err, "it has type %d; the set is damaged", (int)from->type);
	to->type = (enum proto_type)from->type;
	if (to->type == PROTO_ENUM)
		to->enumeration =
			find_row(schema->enumeration, schema->enum_count, sizeof *schema->enumeration, name);
	if (to->type == PROTO_MESSAGE || to->type == PROTO_GROUP)
		to->message = find_row(schema->message, schema->message_count, sizeof *schema->message, name);
	bool named = to->type == PROTO_ENUM || to->type == PROTO_MESSAGE || to->type == PROTO_GROUP;
	if (named && !to->enumeration && !to->message)
		return err_set(load->err,
			       "its type \"%.*s\" is not in the set; make the set with --include_imports",
			       BYTES_ARG(name));
	return true;
}

static bool load_field(struct loader *load, const struct schema_message *owner, const descriptor_field *from,
		       struct proto_field *to)
{
	if (from->number < 1)
		return err_set(load->err, "it has number %d; the set is damaged", (int)from->number);
	*to = (struct proto_field){
		.name = join(load, (struct bytes){0}, from->name),
		.number = (uint32_t)from->number,
		.repeated = from->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED,
		.oneof = from->has_oneof_index ? from->oneof_index : -1,
		.of = &owner->message,
	};
	if (!bytes_present(to->name) || !load_type(load, from, to))
		return false;
	bool always = owner->proto3 || owner->message.map_entry; /* a map's value is there at its default */
	to->presence = !to->repeated && (!always || to->oneof >= 0 || to->message);
	return true;
}

/* A map's entry is a key of a type that keys have, and a value. */
static bool check_entry(struct loader *load, const struct proto_message *message)
{
	const struct proto_field *field = message->field;
	bool good =
		!message->map_entry || (message->field_count == 2 && field[0].number == 1 &&
					field[1].number == 2 && !field[0].repeated && !field[1].repeated &&
					(field[0].type == PROTO_STRING || field[0].type == PROTO_BOOL ||
					 (field[0].type != PROTO_ENUM && scalar_is_integer(field[0].type))));
	return good || err_set(load->err, "message %.*s is no entry of a map; the set is damaged",
			       BYTES_ARG(message->name));
}

static bool load_fields(struct loader *load, struct schema_message *message)
{
	const descriptor_message *from = message->from;
	struct proto_message *to = &message->message;
	to->field = arena_array(&load->schema->arena, from->n_field, sizeof *to->field);
	if (!to->field)
		return memory(load);
	for (size_t i = 0; i < from->n_field; i++) {
		if (!from->field[i]->name)
			return no_name(load, "a field");
		if (!load_field(load, message, from->field[i], &to->field[i]))
			return err_within(load->err, "field %s of message %.*s", from->field[i]->name,
					  BYTES_ARG(to->name));
		to->field_count++;
	}
	return check_entry(load, to);
}

static bool load_rpc(struct loader *load, struct bytes service, const descriptor_method *from)
{
	struct proto_schema *schema = load->schema;
	if (!from->name)
		return no_name(load, "a method");
	char *name = arena_printf(&schema->arena, "/%.*s/%s", BYTES_ARG(service), from->name);
	if (!name)
		return memory(load);
	struct proto_rpc *to = &schema->rpc[schema->rpc_count++];
	*to = (struct proto_rpc){
		.name = bytes_of(name),
		.request = proto_schema_message(schema, type_name(from->input_type), load->err),
		.request_streams = from->client_streaming,
		.response_streams = from->server_streaming,
	};
	if (to->request)
		to->response = proto_schema_message(schema, type_name(from->output_type), load->err);
	return (to->request && to->response) || err_within(load->err, "method %s", name);
}

static bool load_rpcs(struct loader *load, const descriptor_set *set)
{
	for (size_t f = 0; f < set->n_file; f++) {
		const descriptor_file *file = set->file[f];
		for (size_t s = 0; s < file->n_service && !repeated_file(set, f); s++) {
			if (!file->service[s]->name)
				return no_name(load, "a service");
			struct bytes name = join(load, bytes_of(file->package), file->service[s]->name);
			if (!bytes_present(name))
				return false;
			for (size_t m = 0; m < file->service[s]->n_method; m++)
				if (!load_rpc(load, name, file->service[s]->method[m]))
					return false;
		}
	}
	return sort_rows(load->schema->rpc, load->schema->rpc_count, sizeof *load->schema->rpc, "method",
			 load->err);
}

static bool load_set(struct loader *load, const descriptor_set *set)
{
	struct proto_schema *schema = load->schema;
	count_all(schema, set);
	schema->message = arena_zalloc(&schema->arena, schema->message_count, sizeof *schema->message);
	schema->enumeration = arena_zalloc(&schema->arena, schema->enum_count, sizeof *schema->enumeration);
	schema->rpc = arena_zalloc(&schema->arena, schema->rpc_count, sizeof *schema->rpc);
	if (!schema->message || !schema->enumeration || !schema->rpc)
		return memory(load);
	/* From here the counts are those of the rows that are filled in. */
	schema->message_count = schema->enum_count = schema->rpc_count = 0;
	bool good = load_names(load, set);
	for (size_t i = 0; good && i < schema->message_count; i++)
		good = load_fields(load, &schema->message[i]);
	return good && load_rpcs(load, set);
}

struct proto_schema *proto_schema_load(struct bytes set, struct err *err)
{
	static const uint32_t nesting[] = {1, 4, 3}; /* file, message_type, nested_type */
	descriptor_set *parsed = NULL;
	struct proto_schema *schema = calloc(1, sizeof *schema);
	struct loader load = {schema, err};
	bool good = false;
	if (!schema) {
		err_set(err, "no memory");
		goto done;
	}
	arena_init(&schema->arena, SCHEMA_ARENA_LIMIT);
	if (!check_depth(set, nesting, 0)) {
		err_set(err, "messages are nested deeper than %d; the set is damaged", SCHEMA_DEPTH);
		goto done;
	}
	parsed = google__protobuf__file_descriptor_set__unpack(NULL, set.len, (const uint8_t *)set.at);
	if (!parsed || parsed->n_file == 0)
		err_set(err, "it is damaged or no descriptor set; make it with "
			     "protoc --include_imports --descriptor_set_out=schema.pb");
	else
		good = load_set(&load, parsed);
done:
	if (parsed)
		google__protobuf__file_descriptor_set__free_unpacked(parsed, NULL);
	if (!good) {
		err_within(err, "descriptor set");
		proto_schema_free(schema);
		schema = NULL;
	}
	return schema;
}

void proto_schema_free(struct proto_schema *schema)
{
	if (schema)
		arena_done(&schema->arena);
	free(schema);
}
