/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/buf.h"

#include "proto/decimal.h"
#include "proto/utf8.h"
#include <endian.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buf_done(struct buf *buf)
{
	free(buf->at);
	*buf = (struct buf){0};
}

void buf_clear(struct buf *buf)
{
	buf->len = 0;
	buf->failed = false;
}

__attribute__((noinline)) static bool grow(struct buf *buf, size_t more)
{
	size_t want = buf->cap ? buf->cap : 256;
	while (want - buf->len < more && want < SIZE_MAX / 2)
		want *= 2;
	char *grown = want - buf->len < more ? NULL : realloc(buf->at, want);
	if (!grown) {
		buf->failed = true;
		return false;
	}
	buf->at = grown;
	buf->cap = want;
	return true;
}

static inline bool buf_reserve(struct buf *buf, size_t more)
{
	return !buf->failed && (more <= buf->cap - buf->len || grow(buf, more));
}

void buf_add(struct buf *buf, const void *from, size_t len)
{
	if (len == 0 || !buf_reserve(buf, len))
		return;
	memcpy(buf->at + buf->len, from, len);
	buf->len += len;
}

/* One byte: a call of memcpy costs more than it does. */
static void add_char(struct buf *buf, char c)
{
	if (buf_reserve(buf, 1))
		buf->at[buf->len++] = c;
}

void buf_add_bytes(struct buf *buf, struct bytes from)
{
	buf_add(buf, from.at, from.len);
}

void buf_add_text(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, args);
	if (len < 0)
		buf->failed = true;
	else if (buf_reserve(buf, (size_t)len + 1)) {
		vsnprintf(buf->at + buf->len, (size_t)len + 1, format, again);
		buf->len += (size_t)len;
	}
	va_end(again);
	va_end(args);
}

/* A comma stands before a value or key unless it is the first of its container or follows a key. */
static void json_comma(struct buf *buf)
{
	if (buf->len == 0)
		return;
	char last = buf->at[buf->len - 1];
	if (last != '{' && last != '[' && last != ':' && last != '\n')
		add_char(buf, ',');
}

void json_open(struct buf *buf, char bracket)
{
	json_comma(buf);
	add_char(buf, bracket);
}

void json_close(struct buf *buf, char bracket)
{
	add_char(buf, bracket);
}

void json_key(struct buf *buf, const char *key)
{
	json_string(buf, bytes_of(key));
	add_char(buf, ':');
}

void json_text(struct buf *buf, const char *value)
{
	json_string(buf, bytes_of(value));
}

/* S. Anderson, "Bit Twiddling Hacks": a byte below a limit, a given byte. Borrows go upwards, so the lowest byte
 * that is marked is one of those that were looked for. */
static uint64_t mark_unplain(uint64_t eight)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	uint64_t quote = eight ^ (ones * '"'), slash = eight ^ (ones * '\\'), del = eight ^ (ones * 0x7f);
	return ((eight - ones * 0x20) | eight | (quote - ones) | (slash - ones) | (del - ones)) & tops;
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

size_t json_plain_run(struct bytes text, size_t from)
{
	uint64_t eight, marked;
	size_t at = from;
	for (; text.len - at >= sizeof eight; at += sizeof eight) {
		memcpy(&eight, text.at + at, sizeof eight);
		marked = mark_unplain(le64toh(eight));
		if (marked)
			return at - from + (size_t)__builtin_ctzll(marked) / 8;
	}
	size_t left = text.len - at;
	if (text.len < sizeof eight)
		while (at < text.len && is_plain((unsigned char)text.at[at]))
			at++;
	if (text.len < sizeof eight || left == 0)
		return at - from;
	/* The last few, with bytes before them that are shifted out; the zeros that come in are marked. */
	memcpy(&eight, text.at + text.len - sizeof eight, sizeof eight);
	marked = mark_unplain(le64toh(eight) >> 8 * (sizeof eight - left));
	return at - from + (size_t)__builtin_ctzll(marked) / 8;
}

/* What stands at `at` and is not plain: its escape, or the character itself. Returns the bytes it takes. */
static size_t add_unplain(struct buf *buf, struct bytes value, size_t at)
{
	unsigned char c = (unsigned char)value.at[at];
	size_t width = c < 0x80 ? 1 : utf8_width(value.at + at, value.len - at);
	if (width == 0)
		buf_add_text(buf, "\xef\xbf\xbd");
	else if (c == '"' || c == '\\')
		buf_add(buf, (char[]){'\\', (char)c}, 2);
	else if (c == '\n')
		buf_add_text(buf, "\\n");
	else if (c < 0x20 || c == 0x7f)
		buf_printf(buf, "\\u%04x", c);
	else
		buf_add(buf, value.at + at, width);
	return width ? width : 1;
}

void json_string(struct buf *buf, struct bytes value)
{
	json_comma(buf);
	if (!bytes_present(value)) {
		buf_add_text(buf, "null");
		return;
	}
	add_char(buf, '"');
	for (size_t at = 0; at < value.len;) {
		size_t run = json_plain_run(value, at);
		buf_add(buf, value.at + at, run);
		at += run;
		if (at < value.len)
			at += add_unplain(buf, value, at);
	}
	add_char(buf, '"');
}

static void add_uint(struct buf *buf, uint64_t value)
{
	if (buf_reserve(buf, DECIMAL_MAX))
		buf->len += decimal_uint(value, buf->at + buf->len);
}

void json_int(struct buf *buf, int64_t value)
{
	json_comma(buf);
	if (value < 0)
		add_char(buf, '-');
	add_uint(buf, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void json_uint(struct buf *buf, uint64_t value)
{
	json_comma(buf);
	add_uint(buf, value);
}

void json_double(struct buf *buf, double value)
{
	if (isnan(value)) {
		json_text(buf, "NaN");
		return;
	}
	if (isinf(value)) {
		json_text(buf, value > 0 ? "Infinity" : "-Infinity");
		return;
	}
	json_comma(buf);
	if (buf_reserve(buf, DECIMAL_MAX))
		buf->len += decimal_double(value, buf->at + buf->len);
}

void json_bool(struct buf *buf, bool value)
{
	json_comma(buf);
	buf_add_text(buf, value ? "true" : "false");
}
