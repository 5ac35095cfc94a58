/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/path.h"

#include "proto/scalar.h"
#include <stdlib.h>

#define PATH_EXAMPLE "write field names joined by dots, as in \"product.id\""

struct compiler {
	struct proto_path *path;
	const char *rest;		     /* of the text */
	const struct proto_message *message; /* that the next name is looked up in */
	bool bracket;			     /* the last step's list has its bracket */
	struct arena *arena;
	struct err *err;
};

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static struct proto_step *last_step(const struct compiler *to)
{
	return &to->path->step[to->path->count - 1];
}

/* --- steps --- */

static bool add_rivals(struct proto_step *step, struct arena *arena)
{
	const struct proto_field *field = step->field;
	const struct proto_message *of = field->of;
	if (field->oneof < 0)
		return true;
	step->rival = arena_array(arena, of->field_count, sizeof *step->rival);
	for (size_t i = 0; step->rival && i < of->field_count; i++)
		if (of->field[i].oneof == field->oneof && &of->field[i] != field)
			step->rival[step->rival_count++] = &of->field[i];
	return step->rival;
}

static bool add_step(struct compiler *to, struct bytes name)
{
	struct proto_step *step = &to->path->step[to->path->count];
	if (to->path->count == PROTO_PATH_STEPS)
		return err_set(to->err, "it is deeper than %d fields", PROTO_PATH_STEPS);
	*step = (struct proto_step){.field = proto_message_field(to->message, name, to->err)};
	if (!step->field)
		return false;
	if (!add_rivals(step, to->arena))
		return err_set(to->err, "no memory");
	step->pick = step->field->repeated ? PICK_EACH : PICK_FIELD;
	to->message = step->field->message;
	to->path->count++;
	to->bracket = false;
	return true;
}

/* Is the path at one message of this well-known type? */
static bool at_message(const struct compiler *to, const char *name)
{
	return to->message && last_step(to)->pick != PICK_EACH &&
	       bytes_equal(to->message->name, bytes_of(name));
}

/* --- brackets --- */

/* What stands in brackets: nothing, a number, or a key in quotes. */
struct bracket {
	struct bytes inside; /* without quotes */
	bool quoted;
};

static bool take_bracket(struct compiler *to, struct bracket *bracket)
{
	const char *from = to->rest + 1, *end;
	char quote = *from == '\'' || *from == '"' ? *from : '\0';
	from += quote ? 1 : 0;
	end = strchr(from, quote ? quote : ']');
	if (!end || (quote && end[1] != ']'))
		return err_set(to->err, "\"%s\" does not end; write [], [0] or ['key']", to->rest);
	*bracket = (struct bracket){{from, (size_t)(end - from)}, quote};
	for (size_t i = 0; !quote && i < bracket->inside.len; i++)
		if (!name_char(from[i]) && from[i] != '-')
			return err_set(to->err,
				       "\"[%.*s]\" is neither a number nor a key; write [], [0] or ['key']",
				       BYTES_ARG(bracket->inside));
	to->rest = end + (quote ? 2 : 1);
	return true;
}

static bool index_of(struct compiler *to, const struct bracket *bracket, uint32_t *index)
{
	char *end;
	unsigned long value = strtoul(bracket->inside.at, &end, 10);
	if (end != bracket->inside.at + bracket->inside.len || bracket->inside.at[0] == '-' ||
	    value > PROTO_PATH_INDEX_MAX)
		return err_set(to->err, "\"[%.*s]\" is no place in a list; write a number from 0 to %d",
			       BYTES_ARG(bracket->inside), PROTO_PATH_INDEX_MAX);
	*index = (uint32_t)value;
	return true;
}

/* A number as the map's keys stand on the wire. */
static bool number_key(struct compiler *to, const struct proto_field *key, const struct bracket *bracket,
		       uint64_t *number)
{
	bool truth = key->type == PROTO_BOOL;
	char *end;
	long long value = strtoll(bracket->inside.at, &end, 10);
	bool good = bracket->inside.len && end == bracket->inside.at + bracket->inside.len;
	if (truth) {
		value = bytes_equal(bracket->inside, BYTES_LITERAL("true"));
		good = value || bytes_equal(bracket->inside, BYTES_LITERAL("false"));
	}
	*number = truth ? (uint64_t)value : scalar_from_integer(key->type, value);
	if (!good || scalar_integer(key->type, *number) != value)
		return err_set(to->err,
			       "\"%.*s\" is no key of this map, whose keys are %s; write one such as [%s]",
			       BYTES_ARG(bracket->inside), proto_type_name(key->type), truth ? "true" : "7");
	return true;
}

/* The value of one key; the path goes on at the entry's value. */
static bool pick_key(struct compiler *to, const struct bracket *bracket)
{
	struct proto_step *step = last_step(to);
	const struct proto_field *key = &to->message->field[0];
	step->pick = PICK_KEY;
	if (key->type == PROTO_STRING) {
		step->key = arena_copy(to->arena, bracket->inside);
		if (!bytes_present(step->key))
			return err_set(to->err, "no memory");
		if (!bracket->quoted)
			return err_set(to->err, "the keys of map \"%.*s\" are texts; write %.*s['%.*s']",
				       BYTES_ARG(step->field->name), BYTES_ARG(step->field->name),
				       BYTES_ARG(bracket->inside));
	} else if (!number_key(to, key, bracket, &step->key_number)) {
		return false;
	}
	return add_step(to, BYTES_LITERAL("value"));
}

/* A bracket behind a Struct, a Value or a ListValue means a member of what it holds. */
static bool enter_well_known(struct compiler *to, const struct bracket *bracket)
{
	if (at_message(to, "google.protobuf.Value") &&
	    !add_step(to, bracket->quoted ? BYTES_LITERAL("struct_value") : BYTES_LITERAL("list_value")))
		return false;
	if (at_message(to, "google.protobuf.Struct"))
		return add_step(to, BYTES_LITERAL("fields"));
	return !at_message(to, "google.protobuf.ListValue") || add_step(to, BYTES_LITERAL("values"));
}

static bool apply_bracket(struct compiler *to)
{
	struct bracket bracket = {.quoted = false};
	if (!take_bracket(to, &bracket) || !enter_well_known(to, &bracket))
		return false;
	struct proto_step *step = last_step(to);
	const struct proto_field *field = step->field;
	bool map = field->message && field->message->map_entry,
	     empty = bracket.inside.len == 0 && !bracket.quoted;
	if (step->pick != PICK_EACH || to->bracket)
		return err_set(to->err,
			       "field \"%.*s\" of %.*s is no list; remove what stands in brackets behind it",
			       BYTES_ARG(field->name), BYTES_ARG(field->of->name));
	to->bracket = true;
	if (empty)
		return true;
	if (map)
		return pick_key(to, &bracket);
	if (bracket.quoted)
		return err_set(to->err,
			       "field \"%.*s\" of %.*s is a list and has no keys; write %.*s[0] or %.*s[]",
			       BYTES_ARG(field->name), BYTES_ARG(field->of->name), BYTES_ARG(field->name),
			       BYTES_ARG(field->name));
	step->pick = PICK_INDEX;
	return index_of(to, &bracket, &step->index);
}

/* --- parts --- */

static bool take_name(struct compiler *to, struct bytes *name)
{
	const char *end = to->rest;
	while (name_char(*end))
		end++;
	if (*end && *end != '.' && *end != '[')
		return err_set(to->err, "\"%c\" cannot stand in a path; " PATH_EXAMPLE, *end);
	if (end == to->rest || (*end == '.' && end[1] == '\0'))
		return err_set(to->err, "a field name is missing; " PATH_EXAMPLE);
	*name = (struct bytes){to->rest, (size_t)(end - to->rest)};
	to->rest = end;
	return true;
}

/* Takes the dot; true when the path can go on inside the field. */
static bool enter(struct compiler *to)
{
	const struct proto_step *step = last_step(to);
	const struct proto_field *field = step->field;
	if (*to->rest != '.')
		return err_set(to->err, "\"%c\" cannot stand behind a bracket; " PATH_EXAMPLE, *to->rest);
	to->rest++;
	if (step->pick == PICK_EACH && field->message && field->message->map_entry)
		return err_set(to->err,
			       "field \"%.*s\" of %.*s is a map; write %.*s['key'] for the value of one key",
			       BYTES_ARG(field->name), BYTES_ARG(field->of->name), BYTES_ARG(field->name));
	if (step->pick == PICK_EACH && !to->bracket)
		return err_set(
			to->err,
			"field \"%.*s\" of %.*s is a list; write %.*s[] for all of it or %.*s[0] for one",
			BYTES_ARG(field->name), BYTES_ARG(field->of->name), BYTES_ARG(field->name),
			BYTES_ARG(field->name));
	if (field->type != PROTO_MESSAGE)
		return err_set(to->err,
			       "field \"%.*s\" of %.*s is no message; end the path here, or name a message",
			       BYTES_ARG(field->name), BYTES_ARG(field->of->name));
	to->path->listed |= step->pick == PICK_EACH;
	return true;
}

/* --- the end --- */

static bool is_wrapper(struct bytes name)
{
	static const char *const names[] = {
		"google.protobuf.DoubleValue", "google.protobuf.FloatValue",  "google.protobuf.Int64Value",
		"google.protobuf.UInt64Value", "google.protobuf.Int32Value",  "google.protobuf.UInt32Value",
		"google.protobuf.BoolValue",   "google.protobuf.StringValue", "google.protobuf.BytesValue",
	};
	bool found = false;
	for (size_t i = 0; !found && i < sizeof names / sizeof *names; i++)
		found = bytes_equal(name, bytes_of(names[i]));
	return found;
}

static bool finish(struct compiler *to, enum proto_path_want want)
{
	static const char *const values[] = {
		[PATH_WANT_TEXT] = "string_value",
		[PATH_WANT_NUMBER] = "number_value",
		[PATH_WANT_BOOL] = "bool_value",
	};
	bool list = last_step(to)->pick == PICK_EACH;
	if (!to->message || want == PATH_WANT_LIST || (list && to->message->map_entry))
		return true;
	bool value = bytes_equal(to->message->name, BYTES_LITERAL("google.protobuf.Value"));
	if (!value && !is_wrapper(to->message->name))
		return true;
	to->path->listed |= list;
	return add_step(to, value ? bytes_of(values[want]) : BYTES_LITERAL("value"));
}

static bool compile(struct compiler *to, enum proto_path_want want)
{
	for (;;) {
		struct bytes name;
		if (!take_name(to, &name) || !add_step(to, name))
			return false;
		while (*to->rest == '[')
			if (!apply_bracket(to))
				return false;
		if (!*to->rest)
			return finish(to, want);
		if (!enter(to))
			return false;
	}
}

const struct proto_path *proto_path_compile(const struct proto_message *root, const char *text,
					    enum proto_path_want want, struct arena *arena, struct err *err)
{
	struct proto_path *path = arena_zalloc(arena, 1, sizeof *path);
	struct proto_step *steps = arena_zalloc(arena, PROTO_PATH_STEPS, sizeof *steps);
	char *copy = arena_string(arena, bytes_of(text));
	struct compiler to = {.path = path, .rest = text, .message = root, .arena = arena, .err = err};
	bool good = path && steps && copy;
	if (good) {
		*path = (struct proto_path){.text = copy, .step = steps};
		good = compile(&to, want);
	} else {
		err_set(err, "no memory");
	}
	if (!good)
		err_within(err, "path \"%s\"", text);
	return good ? path : NULL;
}

const struct proto_field *proto_path_leaf(const struct proto_path *path)
{
	return path->step[path->count - 1].field;
}

bool proto_path_ends_in_list(const struct proto_path *path)
{
	return path->step[path->count - 1].pick == PICK_EACH;
}

bool proto_step_equal(const struct proto_step *a, const struct proto_step *b)
{
	return a->field == b->field && a->pick == b->pick && a->index == b->index &&
	       a->key_number == b->key_number && bytes_equal(a->key, b->key);
}
