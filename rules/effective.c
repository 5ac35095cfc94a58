/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/effective.h"

#include "proto/time.h"
#include "rules/loaded.h"
#include <stdio.h>
#include <stdlib.h>

/* The two forms differ in punctuation only. */
struct writer {
	struct buf *out;
	bool json, first; /* first: nothing stands in this list yet */
	unsigned depth;
};

static void line(struct writer *writer)
{
	buf_printf(writer->out, "\n%*s", (int)(2 * writer->depth), "");
}

static void open_bracket(struct writer *writer, char bracket)
{
	if (writer->json)
		json_open(writer->out, bracket == '(' ? '[' : bracket);
	else
		buf_add(writer->out, &bracket, 1);
	writer->depth++;
	writer->first = true;
}

static void close_bracket(struct writer *writer, char bracket)
{
	writer->depth--;
	writer->first = false;
	if (writer->json) {
		json_close(writer->out, bracket == ')' ? ']' : bracket);
		return;
	}
	if (bracket != ']')
		line(writer);
	buf_add(writer->out, &bracket, 1);
}

static void name(struct writer *writer, const char *key)
{
	if (writer->json) {
		json_key(writer->out, key);
		return;
	}
	line(writer);
	buf_printf(writer->out, "%s = ", key);
}

static void end(struct writer *writer)
{
	if (!writer->json)
		buf_add_text(writer->out, ";");
}

static void next(struct writer *writer, const char *comma)
{
	if (!writer->json && !writer->first)
		buf_add_text(writer->out, comma);
	writer->first = false;
}

/* A text as the scan and libconfig read it back. */
static void file_text(struct buf *out, struct bytes text)
{
	buf_add_text(out, "\"");
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];
		if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f)
			buf_printf(out, "\\x%02x", c);
		else
			buf_add(out, &text.at[i], 1);
	}
	buf_add_text(out, "\"");
}

static void write_text(struct writer *writer, struct bytes text)
{
	if (writer->json)
		json_string(writer->out, text);
	else
		file_text(writer->out, text);
}

static void write_texts(struct writer *writer, const struct texts *texts)
{
	open_bracket(writer, '[');
	for (size_t i = 0; i < texts->count; i++) {
		next(writer, ", ");
		write_text(writer, texts->at[i]);
	}
	close_bracket(writer, ']');
}

/* The shortest form that reads back the same; in a file, one that libconfig takes for the right type. */
static void write_number(struct writer *writer, double value)
{
	char text[40];
	if (writer->json) {
		json_double(writer->out, value);
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	bool whole = text[strcspn(text, ".e")] == '\0';
	bool wide = value > 2147483647.0 || value < -2147483648.0;
	buf_printf(writer->out, "%s%s", text, whole && wide ? ".0" : "");
}

static void write_words(struct writer *writer, const struct key *key, uint32_t set)
{
	open_bracket(writer, '[');
	for (unsigned n = 0; key->word(n); n++) {
		if (!(set >> n & 1))
			continue;
		next(writer, ", ");
		write_text(writer, bytes_of(key->word(n)));
	}
	close_bracket(writer, ']');
}

bool rules_effective_has(const struct key *key, const void *at)
{
	switch (key->type) {
	case KEY_TEXT:
		return bytes_present(*(const struct bytes *)at);
	case KEY_TEXTS:
		return ((const struct texts *)at)->count > 0;
	case KEY_WHOLE:
	case KEY_NUMBER:
		return ((const struct number *)at)->present;
	case KEY_DURATION:
	case KEY_TIME:
		return ((const struct moment *)at)->present;
	case KEY_BOOL:
		return ((const struct flag *)at)->present;
	case KEY_WORD:
		return key->word((unsigned)*(const int *)at)[0] != '\0';
	case KEY_WORDS:
		return *(const uint32_t *)at != 0;
	case KEY_GROUP:
		return *(void *const *)at != NULL;
	case KEY_GROUPS:
		return ((const struct groups *)at)->count > 0 ||
		       (key->may_be_empty && ((const struct groups *)at)->at);
	case KEY_RAW:
		break;
	}
	return false;
}

static void write_keys(struct writer *writer, const struct keys *keys, const void *base);

static void write_group(struct writer *writer, const struct keys *keys, const void *base)
{
	open_bracket(writer, '{');
	write_keys(writer, keys, base);
	close_bracket(writer, '}');
}

static void write_groups(struct writer *writer, const struct key *key, const struct groups *groups)
{
	open_bracket(writer, '(');
	for (size_t i = 0; i < groups->count; i++) {
		next(writer, ",");
		if (!writer->json)
			line(writer);
		write_group(writer, key->inner, (const char *)groups->at + i * key->inner->size);
	}
	close_bracket(writer, ')');
}

static void write_moment(struct writer *writer, const struct key *key, int64_t ns)
{
	char text[32];
	if (key->type == KEY_TIME)
		time_format(ns, text);
	else
		time_format_duration(ns, text);
	write_text(writer, bytes_of(text));
}

static void write_value(struct writer *writer, const struct key *key, const void *at)
{
	switch (key->type) {
	case KEY_TEXT:
		write_text(writer, *(const struct bytes *)at);
		break;
	case KEY_TEXTS:
		write_texts(writer, at);
		break;
	case KEY_WHOLE:
	case KEY_NUMBER:
		write_number(writer, ((const struct number *)at)->value);
		break;
	case KEY_DURATION:
	case KEY_TIME:
		write_moment(writer, key, ((const struct moment *)at)->ns);
		break;
	case KEY_BOOL:
		buf_add_text(writer->out, ((const struct flag *)at)->value ? "true" : "false");
		break;
	case KEY_WORD:
		write_text(writer, bytes_of(key->word((unsigned)*(const int *)at)));
		break;
	case KEY_WORDS:
		write_words(writer, key, *(const uint32_t *)at);
		break;
	case KEY_GROUP:
		write_group(writer, key->inner, *(void *const *)at);
		break;
	case KEY_GROUPS:
		write_groups(writer, key, at);
		break;
	case KEY_RAW:
		break;
	}
}

void rules_effective_value(const struct key *key, const void *at, struct buf *out)
{
	struct buf text = {0}; /* of its own: the emitter puts a comma behind what stands before */
	struct writer writer = {.out = &text, .json = true};
	write_value(&writer, key, at);
	buf_add_bytes(out, buf_bytes(&text));
	out->failed |= text.failed;
	buf_done(&text);
}

static void write_keys(struct writer *writer, const struct keys *keys, const void *base)
{
	for (size_t i = 0; i < keys->count; i++) {
		const void *at = (const char *)base + keys->key[i].at;
		if (!rules_effective_has(&keys->key[i], at))
			continue;
		name(writer, keys->key[i].name);
		write_value(writer, &keys->key[i], at);
		end(writer);
	}
}

static void write_head(struct writer *writer, const struct rules_ruleset *ruleset)
{
	const struct {
		const char *name;
		struct bytes value;
	} head[] = {
		{"name", ruleset->name},
		{"version", ruleset->version},
		{"owner", ruleset->owner},
		{"approved_by", ruleset->approved_by},
	};
	name(writer, "format");
	write_number(writer, 1);
	end(writer);
	for (size_t i = 0; i < KEY_COUNT(head); i++) {
		if (!bytes_present(head[i].value))
			continue;
		name(writer, head[i].name);
		write_text(writer, head[i].value);
		end(writer);
	}
}

static void write_rules(struct writer *writer, const struct rules_ruleset *ruleset)
{
	name(writer, "rules");
	open_bracket(writer, '(');
	for (size_t i = 0; i < ruleset->rule_count; i++) {
		const struct rule *rule = ruleset->rule[i];
		next(writer, ",");
		if (!writer->json)
			line(writer);
		open_bracket(writer, '{');
		write_keys(writer, &rules_rule_keys, rule);
		write_keys(writer, &rule->kind->keys, rule->settings);
		close_bracket(writer, '}');
	}
	close_bracket(writer, ')');
	end(writer);
}

static void write_catalogue(struct writer *writer, const struct rules_ruleset *ruleset)
{
	name(writer, "texts");
	open_bracket(writer, '(');
	for (size_t i = 0; i < ruleset->catalogue.count; i++) {
		next(writer, ",");
		if (!writer->json)
			line(writer);
		write_group(writer, &rules_text_keys, ruleset->catalogue.text[i]);
	}
	close_bracket(writer, ')');
	end(writer);
}

static void write_sources(struct writer *writer, const struct rules_ruleset *ruleset)
{
	if (writer->json) {
		json_key(writer->out, "digest");
		json_string(writer->out, ruleset->digest);
		json_key(writer->out, "sources");
		json_open(writer->out, '[');
		for (size_t i = 0; i < ruleset->sources.count; i++)
			json_string(writer->out, ruleset->sources.at[i].public.name);
		json_close(writer->out, ']');
		return;
	}
	buf_printf(writer->out, "# The merged ruleset; digest of its sources: %.*s\n# Sources:",
		   BYTES_ARG(ruleset->digest));
	for (size_t i = 0; i < ruleset->sources.count; i++) {
		buf_add_text(writer->out, " ");
		file_text(writer->out, ruleset->sources.at[i].public.name);
	}
}

void rules_effective_write(const struct rules_ruleset *ruleset, enum effective_form form, struct buf *out)
{
	struct writer writer = {.out = out, .json = form == EFFECTIVE_JSON};
	if (writer.json)
		json_open(out, '{');
	write_sources(&writer, ruleset);
	write_head(&writer, ruleset);
	write_rules(&writer, ruleset);
	write_catalogue(&writer, ruleset);
	if (writer.json)
		json_close(out, '}');
	buf_add_text(out, "\n");
}

char *rules_ruleset_effective(const struct rules_ruleset *ruleset)
{
	struct buf out = {0};
	rules_effective_write(ruleset, EFFECTIVE_FILE, &out);
	buf_add(&out, "", 1);
	if (out.failed)
		buf_done(&out);
	return out.at; /* the buffer's memory is the caller's now */
}
