/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/keys.h"

#include "proto/suggest.h"
#include "proto/time.h"
#include "proto/utf8.h"
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATH_ROOM = 256, SHOWN_MAX = 60, LIST_MAX = 512 };

void rules_keys_complain(const struct reader *reader, unsigned line, const char *format, ...)
{
	char *words = NULL;
	va_list args;
	va_start(args, format);
	int len = vasprintf(&words, format, args);
	va_end(args);
	if (len < 0)
		rules_findings_fail(reader->findings, reader->file, strerror(ENOMEM));
	else if (reader->subject)
		rules_findings_add(reader->findings, true, reader->file, line, "%s: %s", reader->subject,
				   words);
	else
		rules_findings_add(reader->findings, true, reader->file, line, "%s", words);
	if (len >= 0)
		free(words);
}

static void out_of_memory(const struct reader *reader)
{
	rules_findings_fail(reader->findings, reader->file, strerror(ENOMEM));
}

static unsigned line_of(const config_setting_t *setting)
{
	return config_setting_source_line(setting);
}

/* What stands there, for messages. */
static const char *shown(const config_setting_t *setting, char room[SHOWN_MAX + 16])
{
	const char *text;
	int cut;
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		snprintf(room, SHOWN_MAX, "%lld", config_setting_get_int64(setting));
		return room;
	case CONFIG_TYPE_FLOAT:
		snprintf(room, SHOWN_MAX, "%g", config_setting_get_float(setting));
		return room;
	case CONFIG_TYPE_BOOL:
		return config_setting_get_bool(setting) ? "true" : "false";
	case CONFIG_TYPE_STRING:
		text = config_setting_get_string(setting);
		cut = (int)strnlen(text, SHOWN_MAX);
		while (cut && text[cut] && ((unsigned char)text[cut] & 0xc0) == 0x80)
			cut--; /* not in the middle of a character */
		snprintf(room, SHOWN_MAX + 16, "\"%.*s%s\"", cut, text, text[cut] ? "..." : "");
		return room;
	case CONFIG_TYPE_GROUP:
		return "a group";
	default:
		return "a list";
	}
}

/* Lists for messages are cut, not grown: a file may be wrong in thousands of places. */
struct list {
	char text[LIST_MAX];
	size_t len;
};

static void list_add(struct list *list, const char *between, const char *quote, const char *name)
{
	size_t room = sizeof list->text - list->len;
	int len = snprintf(list->text + list->len, room, "%s%s%s%s", list->len ? between : "", quote, name,
			   quote);
	if (len > 0 && (size_t)len < room)
		list->len += (size_t)len;
	list->text[list->len] = '\0';
}

const char *rules_keys_words(const struct key *key, struct arena *arena)
{
	struct list list = {.len = 0};
	size_t left = 0;
	for (unsigned n = 0; key->word(n); n++)
		left += *key->word(n) != '\0';
	for (unsigned n = 0; key->word(n); n++)
		if (*key->word(n))
			list_add(&list, --left ? ", " : " or ", "\"", key->word(n));
	const char *text = arena_string(arena, (struct bytes){list.text, list.len});
	return text ? text : "";
}

static const char *range_text(const struct key *key, struct arena *arena)
{
	const char *noun = key->type == KEY_WHOLE ? "a whole number" : "a number";
	const char *text = noun;
	if (key->min == key->max && key->max != 0)
		text = arena_printf(arena, "%g", key->min);
	else if (isfinite(key->max) && (key->min != 0 || key->max != 0))
		text = arena_printf(arena, "%s from %g to %.15g", noun, key->min, key->max);
	else if (isinf(key->max))
		text = arena_printf(arena, "%s of at least %g", noun, key->min);
	return text ? text : noun;
}

/* What would be right, for messages. */
static const char *wanted(const struct key *key, struct arena *arena)
{
	const char *text = NULL;
	switch (key->type) {
	case KEY_TEXT:
		return "a text";
	case KEY_TEXTS:
		return "a list of texts, as in [ \"a\", \"b\" ]";
	case KEY_WHOLE:
	case KEY_NUMBER:
		return range_text(key, arena);
	case KEY_DURATION:
		return "a duration, as in \"30m\"";
	case KEY_TIME:
		return "a time, as in \"2026-11-23T10:00:00Z\"";
	case KEY_WORD:
		return rules_keys_words(key, arena);
	case KEY_WORDS:
		text = arena_printf(arena, "a list of %s", rules_keys_words(key, arena));
		return text ? text : "a list";
	case KEY_GROUP:
		return "a group, as in { ... }";
	case KEY_GROUPS:
	case KEY_RAW:
		return "a list of groups, as in ( { ... }, { ... } )";
	}
	return "";
}

static void wrong_type(const struct reader *reader, const struct key *key, const config_setting_t *setting)
{
	char room[SHOWN_MAX + 16];
	rules_keys_complain(reader, line_of(setting), "%s%s is %s; it must be %s", reader->path, key->name,
			    shown(setting, room), wanted(key, reader->arena));
}

/* A text as it stands, checked and copied. False after a finding. */
static bool read_text(const struct reader *reader, const struct key *key, const config_setting_t *setting,
		      struct bytes *value)
{
	struct err err;
	struct bytes text = bytes_of(config_setting_get_string(setting));
	if (!utf8_valid(text)) {
		rules_keys_complain(reader, line_of(setting),
				    "%s%s is not valid UTF-8; remove the \\x escapes", reader->path,
				    key->name);
		return false;
	}
	if (key->check && !key->check(text, &err)) {
		rules_keys_complain(reader, line_of(setting), "%s%s %s", reader->path, key->name, err.text);
		return false;
	}
	*value = arena_copy(reader->arena, text);
	if (!bytes_present(*value))
		out_of_memory(reader);
	return bytes_present(*value);
}

static bool is_list(const config_setting_t *setting)
{
	int type = config_setting_type(setting);
	return type == CONFIG_TYPE_ARRAY || type == CONFIG_TYPE_LIST;
}

static bool is_string(const config_setting_t *setting)
{
	return config_setting_type(setting) == CONFIG_TYPE_STRING;
}

/* True when each element is of the type; otherwise a finding about the first that is not. */
static bool holds_only(const struct reader *reader, const struct key *key, config_setting_t *list, int type,
		       const char *right)
{
	char room[SHOWN_MAX + 16];
	int count = config_setting_length(list);
	for (int i = 0; i < count; i++) {
		const config_setting_t *one = config_setting_get_elem(list, (unsigned)i);
		if (config_setting_type(one) == type)
			continue;
		rules_keys_complain(reader, line_of(one), "%s%s[%d] is %s; it must be %s", reader->path,
				    key->name, i, shown(one, room), right);
		return false;
	}
	return true;
}

/* True when the setting is a list that is not empty; otherwise a finding. */
static bool is_filled(const struct reader *reader, const struct key *key, const config_setting_t *setting)
{
	if (config_setting_length(setting) == 0)
		rules_keys_complain(reader, line_of(setting), "%s%s is an empty list; name at least one",
				    reader->path, key->name);
	return config_setting_length(setting) > 0;
}

/* True when the setting is one text or a list of texts, and not an empty list; otherwise a finding. */
static bool holds_texts(const struct reader *reader, const struct key *key, config_setting_t *setting)
{
	if (is_string(setting))
		return true;
	if (!is_list(setting)) {
		wrong_type(reader, key, setting);
		return false;
	}
	return is_filled(reader, key, setting) &&
	       holds_only(reader, key, setting, CONFIG_TYPE_STRING, "a text");
}

static config_setting_t *element(config_setting_t *setting, unsigned index)
{
	return is_list(setting) ? config_setting_get_elem(setting, index) : setting;
}

static void read_texts(const struct reader *reader, const struct key *key, config_setting_t *setting,
		       struct texts *value)
{
	if (!holds_texts(reader, key, setting))
		return;
	size_t count = is_list(setting) ? (size_t)config_setting_length(setting) : 1;
	struct texts texts = {.at = arena_zalloc(reader->arena, count, sizeof *texts.at)};
	if (!texts.at) {
		out_of_memory(reader);
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (read_text(reader, key, element(setting, (unsigned)i), &texts.at[texts.count]))
			texts.count++;
	*value = texts;
}

static void read_number(const struct reader *reader, const struct key *key, const config_setting_t *setting,
			struct number *number)
{
	int type = config_setting_type(setting);
	bool whole = type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64;
	double value = whole ? (double)config_setting_get_int64(setting) : config_setting_get_float(setting);
	bool bounded = key->min != 0 || key->max != 0;
	if ((!whole && type != CONFIG_TYPE_FLOAT) || (key->type == KEY_WHOLE && !whole) || !isfinite(value) ||
	    (bounded && !(value >= key->min && value <= key->max)))
		wrong_type(reader, key, setting);
	else
		*number = (struct number){true, value};
}

static void read_moment(const struct reader *reader, const struct key *key, const config_setting_t *setting,
			struct moment *moment)
{
	struct err err;
	struct moment value = {.present = true};
	if (!is_string(setting)) {
		wrong_type(reader, key, setting);
		return;
	}
	struct bytes text = bytes_of(config_setting_get_string(setting));
	if (key->type == KEY_TIME ? time_parse(text, &value.ns, &err)
				  : time_parse_duration(text, &value.ns, &err))
		*moment = value;
	else
		rules_keys_complain(reader, line_of(setting), "%s%s: %s", reader->path, key->name, err.text);
}

static bool word_named(const struct key *key, struct bytes name, unsigned *n)
{
	for (*n = 0; key->word(*n); ++*n)
		if (*key->word(*n) && bytes_equal(bytes_of(key->word(*n)), name))
			return true;
	return false;
}

static bool read_word(const struct reader *reader, const struct key *key, const config_setting_t *setting,
		      unsigned *n)
{
	struct bytes name = bytes_of(config_setting_get_string(setting));
	if (word_named(key, name, n))
		return true;
	struct suggestion near = {.word = name};
	for (unsigned i = 0; key->word(i); i++)
		suggest_offer(&near, bytes_of(key->word(i)));
	char room[SHOWN_MAX + 16];
	if (bytes_present(near.best))
		rules_keys_complain(reader, line_of(setting), "%s%s is %s; did you mean \"%.*s\"?",
				    reader->path, key->name, shown(setting, room), BYTES_ARG(near.best));
	else
		rules_keys_complain(reader, line_of(setting), "%s%s is %s; it must be %s", reader->path,
				    key->name, shown(setting, room), rules_keys_words(key, reader->arena));
	return false;
}

static void read_words(const struct reader *reader, const struct key *key, config_setting_t *setting,
		       uint32_t *set)
{
	if (!holds_texts(reader, key, setting))
		return;
	size_t count = is_list(setting) ? (size_t)config_setting_length(setting) : 1;
	uint32_t value = 0;
	unsigned n;
	for (unsigned i = 0; i < count; i++)
		if (read_word(reader, key, element(setting, i), &n))
			value |= UINT32_C(1) << n;
	*set = value;
}

/* "when." of a group, "when.any[2]." of the third in a list of groups. */
static struct reader inside(const struct reader *reader, const struct key *key, int index,
			    char path[PATH_ROOM])
{
	struct reader inner = *reader;
	if (index < 0)
		snprintf(path, PATH_ROOM, "%s%s.", reader->path, key->name);
	else
		snprintf(path, PATH_ROOM, "%s%s[%d].", reader->path, key->name, index);
	inner.path = path;
	return inner;
}

static void read_group(const struct reader *reader, const struct key *key, config_setting_t *setting,
		       void **value)
{
	if (!config_setting_is_group(setting)) {
		wrong_type(reader, key, setting);
		return;
	}
	void *base = arena_zalloc(reader->arena, 1, key->inner->size);
	if (!base) {
		out_of_memory(reader);
		return;
	}
	char path[PATH_ROOM];
	struct reader inner = inside(reader, key, -1, path);
	rules_keys_read(&inner, setting, &(struct keys_into){key->inner, base}, 1);
	*value = base;
}

static bool holds_groups(const struct reader *reader, const struct key *key, config_setting_t *setting)
{
	if (is_list(setting))
		return holds_only(reader, key, setting, CONFIG_TYPE_GROUP, "a group, as in { ... }");
	wrong_type(reader, key, setting);
	return false;
}

static void read_groups(const struct reader *reader, const struct key *key, config_setting_t *setting,
			struct groups *value)
{
	if (!holds_groups(reader, key, setting) || !is_filled(reader, key, setting))
		return;
	int count = config_setting_length(setting);
	char *base = arena_zalloc(reader->arena, (size_t)count, key->inner->size);
	if (!base) {
		out_of_memory(reader);
		return;
	}
	for (int i = 0; i < count; i++) {
		char path[PATH_ROOM];
		struct reader inner = inside(reader, key, i, path);
		rules_keys_read(&inner, config_setting_get_elem(setting, (unsigned)i),
				&(struct keys_into){key->inner, base + (size_t)i * key->inner->size}, 1);
	}
	*value = (struct groups){base, (size_t)count};
}

static void read_value(const struct reader *reader, const struct key *key, config_setting_t *setting,
		       void *base)
{
	void *at = (char *)base + key->at;
	unsigned n;
	switch (key->type) {
	case KEY_TEXT:
		if (is_string(setting))
			(void)read_text(reader, key, setting, at);
		else
			wrong_type(reader, key, setting);
		break;
	case KEY_TEXTS:
		read_texts(reader, key, setting, at);
		break;
	case KEY_WHOLE:
	case KEY_NUMBER:
		read_number(reader, key, setting, at);
		break;
	case KEY_DURATION:
	case KEY_TIME:
		read_moment(reader, key, setting, at);
		break;
	case KEY_WORD:
		if (!is_string(setting))
			wrong_type(reader, key, setting);
		else if (read_word(reader, key, setting, &n))
			*(int *)at = (int)n;
		break;
	case KEY_WORDS:
		read_words(reader, key, setting, at);
		break;
	case KEY_GROUP:
		read_group(reader, key, setting, at);
		break;
	case KEY_GROUPS:
		read_groups(reader, key, setting, at);
		break;
	case KEY_RAW:
		if (holds_groups(reader, key, setting))
			*(config_setting_t **)at = setting;
		break;
	}
}

static void fill_default(const struct key *key, void *base)
{
	void *at = (char *)base + key->at;
	unsigned n;
	if (!key->standard)
		return;
	if (key->type == KEY_WORD && word_named(key, bytes_of(key->standard), &n)) {
		*(int *)at = (int)n;
	} else if (key->type == KEY_WORDS) {
		for (const char *word = key->standard; *word;) {
			size_t len = strcspn(word, " ");
			if (word_named(key, (struct bytes){word, len}, &n))
				*(uint32_t *)at |= UINT32_C(1) << n;
			word += len + (word[len] == ' ');
		}
	} else if (key->type == KEY_WHOLE || key->type == KEY_NUMBER) {
		*(struct number *)at = (struct number){true, strtod(key->standard, NULL)};
	}
}

void rules_keys_defaults(const struct keys_into *into, size_t count)
{
	for (size_t t = 0; t < count; t++)
		for (size_t k = 0; k < into[t].keys->count; k++)
			fill_default(&into[t].keys->key[k], into[t].base);
}

static void unknown_key(const struct reader *reader, const config_setting_t *setting,
			const struct keys_into *into, size_t count)
{
	const char *name = config_setting_name(setting);
	struct list list = {.len = 0};
	struct suggestion near = {.word = bytes_of(name)};
	for (size_t t = 0; t < count; t++) {
		for (size_t k = 0; k < into[t].keys->count; k++) {
			suggest_offer(&near, bytes_of(into[t].keys->key[k].name));
			list_add(&list, ", ", "", into[t].keys->key[k].name);
		}
	}
	if (bytes_present(near.best))
		rules_keys_complain(reader, line_of(setting), "unknown key \"%s%s\"; did you mean \"%.*s\"?",
				    reader->path, name, BYTES_ARG(near.best));
	else
		rules_keys_complain(reader, line_of(setting), "unknown key \"%s%s\"; the keys here are %s",
				    reader->path, name, list.text);
}

static const struct key *find_key(const struct keys_into *into, size_t count, const char *name, void **base)
{
	for (size_t t = 0; t < count; t++) {
		*base = into[t].base;
		for (size_t k = 0; k < into[t].keys->count; k++)
			if (strcmp(into[t].keys->key[k].name, name) == 0)
				return &into[t].keys->key[k];
	}
	return NULL;
}

void rules_keys_read(const struct reader *reader, config_setting_t *group, const struct keys_into *into,
		     size_t count)
{
	for (size_t t = 0; t < count; t++)
		*(struct spot *)into[t].base = (struct spot){reader->file, line_of(group)};
	rules_keys_defaults(into, count);
	int length = config_setting_length(group);
	for (int i = 0; i < length; i++) {
		config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
		void *base = NULL;
		const struct key *key = find_key(into, count, config_setting_name(setting), &base);
		if (key)
			read_value(reader, key, setting, base);
		else if (!reader->lenient)
			unknown_key(reader, setting, into, count);
	}
	for (size_t t = 0; t < count; t++) {
		for (size_t k = 0; k < into[t].keys->count; k++) {
			const struct key *key = &into[t].keys->key[k];
			if (key->required && !config_setting_get_member(group, key->name))
				rules_keys_complain(reader, line_of(group), "%s%s is missing; it must be %s",
						    reader->path, key->name, wanted(key, reader->arena));
		}
	}
}
