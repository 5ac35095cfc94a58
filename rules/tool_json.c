/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/tool_json.h"

#include "proto/scalar.h"
#include "proto/suggest.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_ROOM = 256, DEPTH_MAX = 100 };

json_t *tool_json_load(const char *path, struct err *err)
{
	json_error_t problem;
	json_t *value = NULL;
	struct stat stat_of;
	/* O_NONBLOCK: opening a FIFO must not wait for a writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &stat_of) != 0)
		err_set(err, "%s: %s", path, strerror(errno));
	else if (!S_ISREG(stat_of.st_mode))
		err_set(err, "%s: is not a regular file; give a file of JSON", path);
	else if (!(value = json_loadfd(fd, JSON_REJECT_DUPLICATES, &problem)))
		err_set(err, "%s:%d:%d: %s", path, problem.line, problem.column, problem.text);
	if (fd >= 0)
		close(fd);
	return value;
}

/* A place in the document, for messages: "items[0].score". */
struct place {
	const struct place *outer;
	const char *name; /* NULL: an element */
	size_t index;
	unsigned depth;
};

static void write_place(const struct place *place, struct buf *out)
{
	if (!place)
		return;
	write_place(place->outer, out);
	if (place->name)
		buf_printf(out, "%s%s", out->len ? "." : "", place->name);
	else
		buf_printf(out, "[%zu]", place->index);
}

/* `items[0].score is "x"; it must be a number` */
static bool wrong(const struct place *place, const json_t *value, const char *right, struct err *err)
{
	struct buf at = {0};
	char *shown = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
	write_place(place, &at);
	err_set(err, "%.*s%sis %.60s; it must be %s", BYTES_ARG(buf_bytes(&at)), at.len ? " " : "",
		shown ? shown : "wrong", right);
	buf_done(&at);
	free(shown);
	return false;
}

/* --- scalars --- */

struct range {
	int64_t min, max;
	const char *words;
};

static struct range range_of(enum proto_type type)
{
	static const struct range narrow = {INT32_MIN, INT32_MAX, "a whole number of 32 bits"},
				  plain = {0, UINT32_MAX, "a whole number of 32 bits, not below 0"},
				  positive = {0, INT64_MAX, "a whole number of 63 bits, not below 0"},
				  wide = {INT64_MIN, INT64_MAX, "a whole number of 64 bits"};
	if (type == PROTO_INT32 || type == PROTO_SINT32 || type == PROTO_SFIXED32 || type == PROTO_ENUM)
		return narrow;
	if (type == PROTO_UINT32 || type == PROTO_FIXED32)
		return plain;
	return type == PROTO_UINT64 || type == PROTO_FIXED64 ? positive : wide;
}

/* Whole numbers may stand as 3, 3.0 or "3". */
static bool take_integer(const struct place *place, enum proto_type type, const json_t *value, uint64_t *raw,
			 struct err *err)
{
	struct range range = range_of(type);
	const char *text = json_string_value(value);
	char *end = NULL;
	long long number = json_integer_value(value);
	bool good = json_is_integer(value);
	if (text) {
		errno = 0;
		number = strtoll(text, &end, 10);
		good = errno == 0 && *text && !strchr(" \t\n\v\f\r+", *text) && !*end;
	} else if (json_is_real(value)) {
		double real = json_real_value(value);
		good = real == floor(real) && fabs(real) <= 9007199254740992.0;
		number = good ? (long long)real : 0;
	}
	if (!good || number < range.min || number > range.max)
		return wrong(place, value, range.words, err);
	*raw = scalar_from_integer(type, number);
	return true;
}

static bool take_number(const struct place *place, enum proto_type type, const json_t *value, uint64_t *raw,
			struct err *err)
{
	const char *text = json_string_value(value);
	double number = json_number_value(value);
	bool good = json_is_number(value);
	if (text && strcmp(text, "NaN") == 0) {
		number = NAN;
		good = true;
	} else if (text && (strcmp(text, "Infinity") == 0 || strcmp(text, "-Infinity") == 0)) {
		number = *text == '-' ? -INFINITY : INFINITY;
		good = true;
	} else if (text) {
		char *end = NULL;
		number = strtod(text, &end);
		good = *text && !*end && strspn(text, "0123456789+-.eE") == strlen(text);
	}
	if (!good)
		return wrong(place, value, "a number, \"NaN\", \"Infinity\" or \"-Infinity\"", err);
	*raw = scalar_from_number(type, number);
	return true;
}

static bool take_enum(const struct place *place, const struct proto_field *field, const json_t *value,
		      uint64_t *raw, struct err *err)
{
	const struct proto_enum *names = field->enumeration;
	struct suggestion near = {.word = bytes_of(json_string_value(value))};
	if (!json_is_string(value))
		return take_integer(place, PROTO_ENUM, value, raw, err);
	for (size_t i = 0; i < names->value_count; i++) {
		if (bytes_equal(names->value[i].name, near.word)) {
			*raw = scalar_from_integer(PROTO_ENUM, names->value[i].number);
			return true;
		}
		suggest_offer(&near, names->value[i].name);
	}
	char right[NAME_ROOM];
	struct bytes shown = bytes_present(near.best) ? near.best : names->value[names->value_count - 1].name;
	snprintf(right, sizeof right, "a value of %.*s, such as \"%.*s\"", BYTES_ARG(names->name),
		 BYTES_ARG(shown));
	return wrong(place, value, right, err);
}

static void put_tag(struct buf *out, uint32_t number, enum wire_type type)
{
	char room[WIRE_TAG_MAX];
	buf_add(out, room, (size_t)(wire_put_tag(room, number, type) - room));
}

static void put_varint(struct buf *out, uint64_t value)
{
	char room[WIRE_VARINT_MAX];
	buf_add(out, room, (size_t)(wire_put_varint(room, value) - room));
}

static void put_run(struct buf *out, uint32_t number, struct bytes run)
{
	put_tag(out, number, WIRE_LEN);
	put_varint(out, run.len);
	buf_add_bytes(out, run);
}

static bool put_raw(struct buf *out, const struct proto_field *field, uint64_t raw)
{
	enum wire_type type = scalar_wire_type(field->type);
	char room[8];
	put_tag(out, field->number, type);
	if (type == WIRE_VARINT)
		put_varint(out, raw);
	else
		buf_add(out, room, (size_t)(wire_put_fixed(room, type, raw) - room));
	return true;
}

/* --- messages --- */

static bool put_message(const struct place *place, const struct proto_message *message, const json_t *value,
			struct buf *out, struct err *err);

static bool put_inner(const struct place *place, const struct proto_field *field, const json_t *value,
		      struct buf *out, struct err *err)
{
	struct buf inner = {0};
	bool good = put_message(place, field->message, value, &inner, err);
	if (good)
		put_run(out, field->number, buf_bytes(&inner));
	out->failed |= inner.failed;
	buf_done(&inner);
	return good;
}

/* One value of a field. Of fields without presence the default is not written, as serializers do. */
static bool put_one(const struct place *place, const struct proto_field *field, const json_t *value,
		    struct buf *out, struct err *err)
{
	uint64_t raw = 0;
	bool always = field->presence || field->repeated;
	switch (field->type) {
	case PROTO_MESSAGE:
		return put_inner(place, field, value, out, err);
	case PROTO_STRING:
		if (!json_is_string(value))
			return wrong(place, value, "a text", err);
		if (always || json_string_length(value))
			put_run(out, field->number, bytes_of(json_string_value(value)));
		return true;
	case PROTO_BOOL:
		if (!json_is_boolean(value))
			return wrong(place, value, "true or false", err);
		return !(always || json_is_true(value)) || put_raw(out, field, json_is_true(value));
	case PROTO_DOUBLE:
	case PROTO_FLOAT:
		return take_number(place, field->type, value, &raw, err) &&
		       (!(always || raw) || put_raw(out, field, raw));
	case PROTO_ENUM:
		return take_enum(place, field, value, &raw, err) &&
		       (!(always || raw) || put_raw(out, field, raw));
	case PROTO_INT64:
	case PROTO_UINT64:
	case PROTO_INT32:
	case PROTO_FIXED64:
	case PROTO_FIXED32:
	case PROTO_UINT32:
	case PROTO_SFIXED32:
	case PROTO_SFIXED64:
	case PROTO_SINT32:
	case PROTO_SINT64:
		return take_integer(place, field->type, value, &raw, err) &&
		       (!(always || raw) || put_raw(out, field, raw));
	case PROTO_GROUP:
	case PROTO_BYTES:
		break;
	}
	return wrong(place, value, "absent: this program does not read such fields", err);
}

/* { "tier": "gold" } as entries of key 1 and value 2. */
static bool put_map(const struct place *place, const struct proto_field *field, const json_t *value,
		    struct buf *out, struct err *err)
{
	const struct proto_field *key = proto_message_field_at(field->message, 1);
	const struct proto_field *held = proto_message_field_at(field->message, 2);
	bool good = true;
	if (!json_is_object(value))
		return wrong(place, value, "an object", err);
	for (void *at = json_object_iter((json_t *)(uintptr_t)value); at && good;
	     at = json_object_iter_next((json_t *)(uintptr_t)value, at)) {
		struct place here = {place, json_object_iter_key(at), 0, place->depth + 1};
		struct buf entry = {0};
		json_t *name = json_stringn(here.name, strlen(here.name));
		good = name ? put_one(&here, key, name, &entry, err) &&
				       put_one(&here, held, json_object_iter_value(at), &entry, err)
			    : err_set(err, "memory is short");
		put_run(out, field->number, buf_bytes(&entry));
		out->failed |= entry.failed;
		buf_done(&entry);
		json_decref(name);
	}
	return good;
}

static bool put_list(const struct place *place, const struct proto_field *field, const json_t *value,
		     struct buf *out, struct err *err)
{
	if (!json_is_array(value))
		return wrong(place, value, "a list", err);
	for (size_t i = 0; i < json_array_size(value); i++) {
		struct place here = {place, NULL, i, place->depth + 1};
		if (!put_one(&here, field, json_array_get(value, i), out, err))
			return false;
	}
	return true;
}

/* "baselineScore" is baseline_score. */
static bool is_named(const struct proto_field *field, const char *name)
{
	char camel[NAME_ROOM];
	size_t len = 0;
	bool up = false;
	if (bytes_equal(field->name, bytes_of(name)))
		return true;
	for (size_t i = 0; i < field->name.len && len + 1 < sizeof camel; i++) {
		char c = field->name.at[i];
		if (c != '_')
			camel[len++] = up && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
		up = c == '_';
	}
	return bytes_equal((struct bytes){camel, len}, bytes_of(name));
}

static const struct proto_field *find_field(const struct place *place, const struct proto_message *message,
					    const char *name, struct err *err)
{
	struct suggestion near = {.word = bytes_of(name)};
	for (size_t i = 0; i < message->field_count; i++) {
		if (is_named(&message->field[i], name))
			return &message->field[i];
		suggest_offer(&near, message->field[i].name);
	}
	struct buf at = {0};
	struct place here = {place, name, 0, 0};
	write_place(&here, &at);
	if (bytes_present(near.best))
		err_set(err, "%.*s is no field of %.*s; did you mean \"%.*s\"?", BYTES_ARG(buf_bytes(&at)),
			BYTES_ARG(message->name), BYTES_ARG(near.best));
	else
		err_set(err, "%.*s is no field of %.*s", BYTES_ARG(buf_bytes(&at)), BYTES_ARG(message->name));
	buf_done(&at);
	return NULL;
}

static bool put_field(const struct place *place, const struct proto_field *field, const json_t *value,
		      struct buf *out, struct err *err)
{
	if (json_is_null(value))
		return true;
	if (field->message && field->message->map_entry)
		return put_map(place, field, value, out, err);
	return field->repeated ? put_list(place, field, value, out, err)
			       : put_one(place, field, value, out, err);
}

static bool put_message(const struct place *place, const struct proto_message *message, const json_t *value,
			struct buf *out, struct err *err)
{
	unsigned depth = place ? place->depth + 1 : 0;
	if (!json_is_object(value) || depth > DEPTH_MAX)
		return wrong(place, value, "an object", err);
	for (void *at = json_object_iter((json_t *)(uintptr_t)value); at;
	     at = json_object_iter_next((json_t *)(uintptr_t)value, at)) {
		struct place here = {place, json_object_iter_key(at), 0, depth};
		const struct proto_field *field = find_field(place, message, here.name, err);
		if (!field || !put_field(&here, field, json_object_iter_value(at), out, err))
			return false;
	}
	return true;
}

bool tool_json_message(const struct proto_message *message, const json_t *value, struct buf *out,
		       struct err *err)
{
	bool good = put_message(NULL, message, value, out, err);
	return good && (!out->failed || err_set(err, "memory is short"));
}

/* --- histories --- */

static const struct key *event_key(const char *name, struct suggestion *near)
{
	for (size_t i = 0; i < tool_event_keys.count; i++) {
		if (strcmp(tool_event_keys.key[i].name, name) == 0)
			return &tool_event_keys.key[i];
		suggest_offer(near, bytes_of(tool_event_keys.key[i].name));
	}
	return NULL;
}

/* Event keys are texts and words. */
static bool take_event_value(const struct place *place, const struct key *key, const json_t *value,
			     struct case_event *event, struct arena *arena, struct err *err)
{
	struct bytes text = bytes_of(json_string_value(value));
	void *at = (char *)event + key->at;
	struct err why;
	if (!json_is_string(value))
		return wrong(place, value, "a text", err);
	if (key->type == KEY_TEXT) {
		if (key->check && !key->check(text, &why))
			return wrong(place, value, "a time before now, as in \"-20m\", or a time", err);
		*(struct bytes *)at = text;
		return true;
	}
	for (unsigned n = 0; key->word(n); n++) {
		if (*key->word(n) && bytes_equal(bytes_of(key->word(n)), text)) {
			*(int *)at = (int)n;
			return true;
		}
	}
	return wrong(place, value, rules_keys_words(key, arena), err);
}

static bool take_event(const struct place *place, const json_t *value, struct arena *arena,
		       struct case_event *event, struct err *err)
{
	if (!json_is_object(value))
		return wrong(place, value, "an object", err);
	for (void *at = json_object_iter((json_t *)(uintptr_t)value); at;
	     at = json_object_iter_next((json_t *)(uintptr_t)value, at)) {
		struct place here = {place, json_object_iter_key(at), 0, 0};
		struct suggestion near = {.word = bytes_of(here.name)};
		const struct key *key = event_key(here.name, &near);
		if (!key)
			return err_set(err, "[%zu].%s is no key of an event%s%.*s%s", place->index, here.name,
				       bytes_present(near.best) ? "; did you mean \"" : "",
				       BYTES_ARG(near.best), bytes_present(near.best) ? "\"?" : "");
		if (!take_event_value(&here, key, json_object_iter_value(at), event, arena, err))
			return false;
	}
	if (!bytes_present(event->at) || !event->event)
		return err_set(err, "[%zu].%s is missing", place->index,
			       bytes_present(event->at) ? "event" : "at");
	if (event->event > 1 && event->kind)
		return err_set(err, "[%zu].kind is of prompts; remove it", place->index);
	return true;
}

bool tool_json_events(const json_t *value, struct arena *arena, struct groups *events, struct err *err)
{
	size_t count = json_array_size(value);
	struct case_event *event = arena_zalloc(arena, count, sizeof *event);
	if (!json_is_array(value))
		return wrong(NULL, value, "a list of events", err);
	if (!event)
		return err_set(err, "memory is short");
	for (size_t i = 0; i < count; i++) {
		struct place place = {NULL, NULL, i, 0};
		if (!take_event(&place, json_array_get(value, i), arena, &event[i], err))
			return false;
	}
	*events = (struct groups){event, count};
	return true;
}
