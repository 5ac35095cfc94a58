/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/translation.h"

#include "proto/scalar.h"
#include "proto/suggest.h"
#include <errno.h>
#include <stdlib.h>

/* Can the field hold the number? Through raw and back; an unsigned field holds nothing below zero. */
static bool holds(const struct proto_field *field, int64_t number)
{
	return scalar_integer(field->type, scalar_from_integer(field->type, number)) == number;
}

static bool number_of(const struct proto_field *field, const char *from, int64_t *number)
{
	char *end;
	errno = 0;
	long long value = strtoll(from, &end, 10);
	bool digits = from[0] == '-' ? from[1] >= '0' && from[1] <= '9' : from[0] >= '0' && from[0] <= '9';
	*number = value;
	return digits && *end == '\0' && errno == 0 && holds(field, value);
}

/* A value of the enum by its name. */
static bool value_named(const struct proto_enum *enumeration, const char *from, int64_t *number,
			struct err *err)
{
	struct suggestion near = {.word = bytes_of(from)};
	for (size_t i = 0; i < enumeration->value_count; i++) {
		const struct proto_enum_value *value = &enumeration->value[i];
		*number = value->number;
		if (bytes_equal(value->name, bytes_of(from)))
			return true;
		suggest_offer(&near, value->name);
	}
	if (bytes_present(near.best))
		return err_set(err, "enum %.*s has no value \"%s\"; did you mean \"%.*s\"?",
			       BYTES_ARG(enumeration->name), from, BYTES_ARG(near.best));
	return err_set(err, "enum %.*s has no value \"%s\"; write the name or the number of one",
		       BYTES_ARG(enumeration->name), from);
}

static bool compile_from(const struct proto_field *field, const char *from, struct arena *arena,
			 struct translation_line *line, struct err *err)
{
	if (field->type == PROTO_STRING) {
		line->text = arena_copy(arena, bytes_of(from));
		return bytes_present(line->text) || err_set(err, "no memory");
	}
	if (number_of(field, from, &line->number))
		return true;
	if (field->enumeration)
		return value_named(field->enumeration, from, &line->number, err);
	return err_set(err, "\"%s\" is no number that a single %s holds; write one such as \"7\"", from,
		       proto_type_name(field->type));
}

static bool twice(const struct translation *translation, const struct translation_line *line)
{
	bool same = false;
	for (size_t i = 0; !same && i < translation->count; i++)
		same = translation->line[i].number == line->number &&
		       bytes_equal(translation->line[i].text, line->text);
	return same;
}

static bool compile_pair(struct translation *translation, enum proto_fact fact,
			 const struct proto_field *field, const struct proto_kind_pair *pair,
			 struct arena *arena, struct err *err)
{
	struct translation_line *line = &translation->line[translation->count];
	if (!compile_from(field, pair->from, arena, line, err) ||
	    !fact_kind_named(fact, bytes_of(pair->to), &line->kind, err))
		return false;
	if (twice(translation, line))
		return err_set(err, "\"%s\" is translated twice; translate it once", pair->from);
	if (line->number == 0 && line->text.len == 0)
		translation->zero = line->kind;
	translation->count++;
	return true;
}

const struct translation *translation_compile(enum proto_fact fact, const struct proto_field *field,
					      const struct proto_kind_pairs *pairs, struct arena *arena,
					      unsigned *line, struct err *err)
{
	struct translation *made = arena_zalloc(arena, 1, sizeof *made);
	struct translation_line *lines = arena_zalloc(arena, pairs->count, sizeof *lines);
	bool good = made && lines;
	*line = pairs->line;
	if (good)
		*made = (struct translation){.line = lines, .other = fact_rows[fact].other};
	else
		err_set(err, "no memory");
	for (size_t i = 0; good && i < pairs->count; i++) {
		*line = pairs->pair[i].line;
		good = compile_pair(made, fact, field, &pairs->pair[i], arena, err);
	}
	if (!good)
		err_within(err, "kinds");
	return good ? made : NULL;
}

unsigned translation_kind(const struct translation *translation, const struct proto_field *field,
			  struct bytes text, int64_t number)
{
	bool string = field->type == PROTO_STRING;
	for (size_t i = 0; i < translation->count; i++) {
		const struct translation_line *line = &translation->line[i];
		if (string ? bytes_equal(line->text, text) : line->number == number)
			return line->kind;
	}
	return number == 0 && text.len == 0 ? 0 : translation->other;
}

const struct translation_line *translation_back(const struct translation *translation, unsigned kind)
{
	for (size_t i = 0; i < translation->count; i++)
		if (translation->line[i].kind == kind)
			return &translation->line[i];
	return NULL;
}

bool translation_equal(const struct translation *a, const struct translation *b)
{
	bool same = !a == !b && (!a || a->count == b->count);
	for (size_t i = 0; same && a && i < a->count; i++)
		same = a->line[i].kind == b->line[i].kind && a->line[i].number == b->line[i].number &&
		       bytes_equal(a->line[i].text, b->line[i].text);
	return same;
}
