/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/entry_json.h"

#include "proto/utf8.h"
#include <stdio.h>

enum { DEPTH = 16 };

static void move(struct bytes *rest, size_t len)
{
	rest->at += len;
	rest->len -= len;
}

bool entry_take(struct bytes *rest, const char *text)
{
	size_t len = strlen(text);
	if (rest->len < len || memcmp(rest->at, text, len) != 0)
		return false;
	move(rest, len);
	return true;
}

static bool take_char(struct bytes *rest, char c)
{
	if (rest->len == 0 || rest->at[0] != c)
		return false;
	move(rest, 1);
	return true;
}

/* The escape at `at` (which is a backslash): its length, 0 when the emitter would not write it. */
static size_t escape_at(struct bytes text, size_t at, char *c)
{
	static const char hex[] = "0123456789abcdef";
	if (text.len - at < 2)
		return 0;
	char next = text.at[at + 1];
	if (next == '"' || next == '\\' || next == 'n') {
		*c = next == 'n' ? '\n' : next;
		return 2;
	}
	if (next != 'u' || text.len - at < 6 || memcmp(text.at + at + 2, "00", 2) != 0)
		return 0;
	const char *high = text.at[at + 4] ? strchr(hex, text.at[at + 4]) : NULL;
	const char *low = text.at[at + 5] ? strchr(hex, text.at[at + 5]) : NULL;
	if (!high || !low)
		return 0;
	int value = (int)(high - hex) * 16 + (int)(low - hex);
	*c = (char)value;
	return (value < 0x20 && value != '\n') || value == 0x7f ? 6 : 0;
}

/* The length of a string with its quotes, 0 when there is none; *escaped: it holds escapes. */
static size_t string_len(struct bytes text, bool *escaped)
{
	char c;
	*escaped = false;
	if (text.len < 2 || text.at[0] != '"')
		return 0;
	for (size_t i = 1; i < text.len;) {
		i += json_plain_run(text, i);
		if (i == text.len)
			break;
		unsigned char byte = (unsigned char)text.at[i];
		if (byte == '"')
			return i + 1;
		if (byte < 0x20 || byte == 0x7f)
			return 0;
		size_t width = byte == '\\'  ? escape_at(text, i, &c)
			       : byte < 0x80 ? 1
					     : utf8_width(text.at + i, text.len - i);
		if (width == 0)
			return 0;
		*escaped |= byte == '\\';
		i += width;
	}
	return 0;
}

bool entry_take_string(struct bytes *rest, struct buf *scratch, struct bytes *value)
{
	bool escaped;
	size_t len = string_len(*rest, &escaped);
	if (len == 0)
		return false;
	struct bytes inner = {rest->at + 1, len - 2};
	if (!escaped) {
		*value = inner;
		move(rest, len);
		return true;
	}
	size_t start = scratch->len;
	if (scratch->cap - start < inner.len)
		return false; /* would move what was handed out */
	for (size_t i = 0; i < inner.len;) {
		char c = inner.at[i];
		i += c == '\\' ? escape_at(inner, i, &c) : 1;
		buf_add(scratch, &c, 1);
	}
	*value = (struct bytes){scratch->at + start, scratch->len - start};
	move(rest, len);
	return true;
}

bool entry_take_uint(struct bytes *rest, uint64_t *value)
{
	uint64_t sum = 0;
	size_t i = 0;
	for (; i < rest->len && rest->at[i] >= '0' && rest->at[i] <= '9'; i++) {
		uint64_t digit = (uint64_t)(rest->at[i] - '0');
		if (sum > (UINT64_MAX - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	if (i == 0 || (i > 1 && rest->at[0] == '0'))
		return false;
	*value = sum;
	move(rest, i);
	return true;
}

static size_t digits(struct bytes text, size_t at)
{
	size_t i = at;
	while (i < text.len && text.at[i] >= '0' && text.at[i] <= '9')
		i++;
	return i - at;
}

/* RFC 8259 section 6. */
static bool take_number(struct bytes *rest)
{
	size_t i = rest->len > 0 && rest->at[0] == '-';
	size_t whole = digits(*rest, i);
	if (whole == 0 || (whole > 1 && rest->at[i] == '0'))
		return false;
	i += whole;
	if (i < rest->len && rest->at[i] == '.') {
		size_t fraction = digits(*rest, i + 1);
		if (fraction == 0)
			return false;
		i += 1 + fraction;
	}
	if (i < rest->len && (rest->at[i] == 'e' || rest->at[i] == 'E')) {
		size_t sign = i + 1 < rest->len && (rest->at[i + 1] == '+' || rest->at[i + 1] == '-');
		size_t exponent = digits(*rest, i + 1 + sign);
		if (exponent == 0)
			return false;
		i += 1 + sign + exponent;
	}
	move(rest, i);
	return true;
}

static bool take_plain(struct bytes *rest)
{
	bool escaped;
	if (rest->len == 0)
		return false;
	switch (rest->at[0]) {
	case '"': {
		size_t len = string_len(*rest, &escaped);
		move(rest, len);
		return len > 0;
	}
	case 't':
		return entry_take(rest, "true");
	case 'f':
		return entry_take(rest, "false");
	case 'n':
		return entry_take(rest, "null");
	default:
		return take_number(rest);
	}
}

/* Without recursion: `open` holds the brackets that are not closed yet. After each value comes a comma, the
 * closing bracket, or, with nothing open, the end. */
static bool take_any(struct bytes *rest)
{
	char open[DEPTH];
	size_t depth = 0;
	bool first = false; /* just behind an opening bracket */
	bool escaped;
	do {
		char inside = depth ? open[depth - 1] : 0;
		if (first && take_char(rest, inside == '{' ? '}' : ']')) {
			depth--;
		} else {
			if (inside == '{') {
				size_t key = string_len(*rest, &escaped);
				move(rest, key);
				if (key == 0 || !take_char(rest, ':'))
					return false;
			}
			first = rest->len > 0 && (rest->at[0] == '{' || rest->at[0] == '[');
			if (first) {
				if (depth == DEPTH)
					return false;
				open[depth++] = rest->at[0];
				move(rest, 1);
				continue;
			}
			if (!take_plain(rest))
				return false;
		}
		first = false;
		while (depth > 0 && !take_char(rest, ',')) {
			if (!take_char(rest, open[depth - 1] == '{' ? '}' : ']'))
				return false;
			depth--;
		}
	} while (depth > 0);
	return true;
}

bool entry_take_value(struct bytes *rest)
{
	struct bytes moved = *rest;
	bool nests = moved.len > 0 && (moved.at[0] == '{' || moved.at[0] == '[');
	if (nests ? !take_any(&moved) : !take_plain(&moved))
		return false;
	*rest = moved;
	return true;
}

bool entry_take_member(struct bytes *rest, const char *key, struct buf *scratch, struct bytes *value)
{
	char head[64];
	snprintf(head, sizeof head, ",\"%s\":", key);
	*value = (struct bytes){NULL, 0};
	return !entry_take(rest, head) || entry_take_string(rest, scratch, value);
}

bool entry_json_object(struct bytes text)
{
	struct bytes rest = text;
	return text.len > 0 && text.at[0] == '{' && entry_take_value(&rest) && rest.len == 0;
}
