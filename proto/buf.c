/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/buf.h"

#include "proto/decimal.h"
#include "proto/utf8.h"
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

static bool buf_reserve(struct buf *buf, size_t more)
{
	if (buf->failed)
		return false;
	if (more <= buf->cap - buf->len)
		return true;
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

void buf_add(struct buf *buf, const void *from, size_t len)
{
	if (len == 0 || !buf_reserve(buf, len))
		return;
	memcpy(buf->at + buf->len, from, len);
	buf->len += len;
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
		buf_add(buf, ",", 1);
}

void json_open(struct buf *buf, char bracket)
{
	json_comma(buf);
	buf_add(buf, &bracket, 1);
}

void json_close(struct buf *buf, char bracket)
{
	buf_add(buf, &bracket, 1);
}

void json_key(struct buf *buf, const char *key)
{
	json_string(buf, bytes_of(key));
	buf_add(buf, ":", 1);
}

void json_text(struct buf *buf, const char *value)
{
	json_string(buf, bytes_of(value));
}

void json_string(struct buf *buf, struct bytes value)
{
	json_comma(buf);
	if (!bytes_present(value)) {
		buf_add_text(buf, "null");
		return;
	}
	buf_add(buf, "\"", 1);
	size_t from = 0;
	for (size_t i = 0; i < value.len;) {
		unsigned char c = (unsigned char)value.at[i];
		size_t width = c < 0x80 ? 1 : utf8_width(value.at + i, value.len - i);
		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f && width) {
			i += width;
			continue;
		}
		buf_add(buf, value.at + from, i - from);
		if (width == 0)
			buf_add_text(buf, "\xef\xbf\xbd");
		else if (c == '"' || c == '\\')
			buf_add(buf, (char[]){'\\', (char)c}, 2);
		else if (c == '\n')
			buf_add_text(buf, "\\n");
		else
			buf_printf(buf, "\\u%04x", c);
		from = ++i;
	}
	buf_add(buf, value.at + from, value.len - from);
	buf_add(buf, "\"", 1);
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
		buf_add(buf, "-", 1);
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
