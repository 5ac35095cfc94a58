/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/buf.h"

#include "proto/utf8.h"
#include <inttypes.h>
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

void json_int(struct buf *buf, int64_t value)
{
	json_comma(buf);
	buf_printf(buf, "%" PRId64, value);
}

void json_uint(struct buf *buf, uint64_t value)
{
	json_comma(buf);
	buf_printf(buf, "%" PRIu64, value);
}

/* A number of at most 15 significant digits is an integer below 2^53 divided by a power of ten, and that one
 * division is exact (W. Clinger, "How to Read Floating Point Numbers Accurately", 1990): such numbers are
 * found without printing and reading back. Writes them as %.15g would; false: it needs
 * *digits_needed digits at least. */
static bool json_short_double(struct buf *buf, double value, int *digits_needed)
{
	static const double power[] = {1e0,  1e1,  1e2,	 1e3,  1e4,  1e5,  1e6,	 1e7,  1e8,  1e9,
				       1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19};
	double size = fabs(value);
	int point = 0; /* digits behind the point */
	if (size < 1e-4 || size >= 1e15)
		return false; /* %g would write an exponent */
	*digits_needed = 16;
	while (point < 19 && size * power[point + 1] < 1e15)
		point++;
	int64_t digits = llround(size * power[point]);
	if ((double)digits / power[point] != size)
		return false;
	while (point > 0 && digits % 10 == 0) {
		digits /= 10;
		point--;
	}
	char text[32], *at = text + sizeof text;
	for (int i = 0; i <= point || digits > 0; i++) {
		if (i == point && point > 0)
			*--at = '.';
		*--at = (char)('0' + digits % 10);
		digits /= 10;
	}
	if (signbit(value))
		*--at = '-';
	buf_add(buf, at, (size_t)(text + sizeof text - at));
	return true;
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
	int digits_needed = 15;
	if (json_short_double(buf, value, &digits_needed))
		return;
	char text[32];
	for (int digits = digits_needed; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, value);
		if (digits == 17 || strtod(text, NULL) == value)
			break;
	}
	buf_add_text(buf, text);
}

void json_bool(struct buf *buf, bool value)
{
	json_comma(buf);
	buf_add_text(buf, value ? "true" : "false");
}
