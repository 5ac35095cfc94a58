/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/path.h"

#define PATH_EXAMPLE "write field names joined by dots, as in \"product.id\""

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Takes the next name off the front of *rest, and the dot behind it. */
static bool take_name(const char **rest, struct bytes *name, struct err *err)
{
	const char *end = *rest;
	while (name_char(*end))
		end++;
	if (*end && *end != '.')
		return err_set(err, "\"%c\" cannot stand in a path; " PATH_EXAMPLE, *end);
	if (end == *rest || (*end == '.' && end[1] == '\0'))
		return err_set(err, "a field name is missing; " PATH_EXAMPLE);
	*name = (struct bytes){*rest, (size_t)(end - *rest)};
	*rest = *end ? end + 1 : end;
	return true;
}

/* True when a path can go on inside the field. */
static bool enterable(const struct proto_field *field, struct err *err)
{
	if (field->repeated)
		return err_set(err, "field \"%.*s\" of %.*s is a list; a path goes through single messages",
			       BYTES_ARG(field->name), BYTES_ARG(field->of->name));
	if (field->type != PROTO_MESSAGE)
		return err_set(err,
			       "field \"%.*s\" of %.*s is no message; a path goes through single messages",
			       BYTES_ARG(field->name), BYTES_ARG(field->of->name));
	return true;
}

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

static bool compile(struct proto_path *path, const struct proto_message *message, struct arena *arena,
		    struct err *err)
{
	const char *rest = path->text;
	do {
		struct bytes name;
		struct proto_step *step = &path->step[path->count];
		if (path->count == PROTO_PATH_STEPS)
			return err_set(err, "it is deeper than %d fields", PROTO_PATH_STEPS);
		if (!take_name(&rest, &name, err))
			return false;
		step->field = proto_message_field(message, name, err);
		if (!step->field || (*rest && !enterable(step->field, err)))
			return false;
		if (!add_rivals(step, arena))
			return err_set(err, "no memory");
		message = step->field->message;
		path->count++;
	} while (*rest);
	return true;
}

const struct proto_path *proto_path_compile(const struct proto_message *root, const char *text,
					    struct arena *arena, struct err *err)
{
	struct proto_path *path = arena_zalloc(arena, 1, sizeof *path);
	struct proto_step *steps = arena_zalloc(arena, PROTO_PATH_STEPS, sizeof *steps);
	char *copy = arena_string(arena, bytes_of(text));
	bool good = path && steps && copy;
	if (good) {
		*path = (struct proto_path){.text = copy, .step = steps};
		good = compile(path, root, arena, err);
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
