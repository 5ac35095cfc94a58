/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/emit.h"

#include "proto/utf8.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* What a part needs besides the walk's own bytes: length of the head and the closing brackets. */
enum { PART_FRAME = 192 };

void audit_batch_done(struct audit_batch *batch)
{
	buf_done(&batch->leaves);
	batch->count = 0;
}

static void begin(struct emit *emit)
{
	emit->start = emit->json->len;
	buf_add(emit->json, "\0\0{", 3); /* the emitter puts no comma after a bracket */
	json_key(emit->json, "v");
	json_int(emit->json, 1);
	json_key(emit->json, "type");
	json_text(emit->json, emit->type);
	json_key(emit->json, "time");
	json_text(emit->json, emit->time);
	if (emit->split) {
		json_key(emit->json, "part");
		json_open(emit->json, '[');
		json_uint(emit->json, emit->part);
		json_uint(emit->json, emit->parts);
		json_close(emit->json, ']');
	}
	emit->body = emit->json->len;
}

/* False: the leaf is too long to be one. */
static bool end(struct emit *emit)
{
	json_close(emit->json, '}');
	if (emit->json->failed)
		return true;
	size_t len = emit->json->len - emit->start - 2;
	emit->json->at[emit->start] = (char)(len >> 8);
	emit->json->at[emit->start + 1] = (char)(len & 255);
	emit->batch->count++;
	return len <= AUDIT_ENTRY_MAX;
}

static bool run(struct emit *emit, void (*walk)(struct emit *, const void *), const void *entry)
{
	emit->part = 1;
	begin(emit);
	walk(emit, entry);
	return end(emit);
}

bool emit_entry(struct audit_batch *batch, int64_t time_ns, const char *type,
		void (*walk)(struct emit *, const void *), const void *entry)
{
	struct emit emit = {.batch = batch, .json = &batch->leaves, .type = type};
	size_t len = batch->leaves.len, count = batch->count;
	time_format(time_ns, emit.time);
	bool whole = run(&emit, walk, entry);
	if (!whole) {
		/* Once to count the parts, once with their number. Where they are parted does not depend on it. */
		batch->leaves.len = len;
		batch->count = count;
		emit.split = true;
		run(&emit, walk, entry);
		batch->leaves.len = len;
		batch->count = count;
		emit.parts = emit.part;
		whole = run(&emit, walk, entry);
		assert(whole && emit.part == emit.parts);
	}
	if (!batch->leaves.failed)
		return true;
	batch->leaves.len = len;
	batch->leaves.failed = false;
	batch->count = count;
	return false;
}

size_t emit_room(const struct emit *emit)
{
	if (!emit->split)
		return SIZE_MAX;
	size_t used = PART_FRAME + emit->json->len - emit->body;
	return used < AUDIT_ENTRY_MAX ? AUDIT_ENTRY_MAX - used : 0;
}

void emit_next(struct emit *emit)
{
	bool fits = end(emit);
	assert(emit->split && (fits || emit->json->failed));
	emit->part++;
	begin(emit);
}

/* How the JSON emitter writes the character at `at`: its bytes in the value and its characters. */
static size_t char_width(struct bytes value, size_t at, size_t *bytes)
{
	unsigned char c = (unsigned char)value.at[at];
	*bytes = 1;
	if (c == '"' || c == '\\' || c == '\n')
		return 2;
	if (c < 0x20 || c == 0x7f)
		return 6;
	if (c < 0x80)
		return 1;
	size_t width = utf8_width(value.at + at, value.len - at);
	if (width)
		*bytes = width;
	return width ? width : 3; /* U+FFFD */
}

size_t emit_fit(struct bytes value, size_t max)
{
	size_t at = 0, used = 0, bytes;
	while (at < value.len) {
		size_t width = char_width(value, at, &bytes);
		if (width > max - used)
			break;
		used += width;
		at += bytes;
	}
	return at;
}

size_t emit_width(struct bytes value)
{
	size_t used = 0, bytes;
	for (size_t at = 0; at < value.len; at += bytes)
		used += char_width(value, at, &bytes);
	return used;
}

void emit_value(struct emit *emit, struct bytes value, size_t max)
{
	enum { MARK = 40 };
	char cut[EMIT_TEXT_MAX + MARK];
	assert(max <= EMIT_TEXT_MAX);
	/* No character takes fewer characters of JSON than bytes, so most values need no counting. */
	if (value.len * 6 <= max || emit_fit(value, max) == value.len) {
		json_string(emit->json, value);
		return;
	}
	size_t len = emit_fit(value, max - MARK);
	memcpy(cut, value.at, len);
	len += (size_t)snprintf(cut + len, MARK, "\xe2\x80\xa6 (%zu bytes)", value.len);
	json_string(emit->json, (struct bytes){cut, len});
}

void emit_text(struct emit *emit, const char *key, struct bytes value, size_t max)
{
	if (!bytes_present(value))
		return;
	json_key(emit->json, key);
	emit_value(emit, value, max);
}

void emit_id(struct emit *emit, const char *key, struct bytes value)
{
	emit_text(emit, key, value, EMIT_ID_MAX);
}

void emit_word(struct emit *emit, const char *key, const char *value)
{
	emit_text(emit, key, bytes_of(value), EMIT_ID_MAX);
}

void emit_uint(struct emit *emit, const char *key, uint64_t value)
{
	json_key(emit->json, key);
	json_uint(emit->json, value);
}

void emit_time(struct emit *emit, const char *key, int64_t time_ns)
{
	char text[TIME_TEXT_LEN + 1];
	time_format(time_ns, text);
	json_key(emit->json, key);
	json_text(emit->json, text);
}
