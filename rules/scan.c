/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/scan.h"

#include "proto/utf8.h"

enum { DEPTH_MAX = 32 };

struct scan {
	struct bytes text;
	size_t at;
	unsigned line, depth;
	struct buf *out;
	struct err *err;
};

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The value of a hexadecimal digit, -1 when it is none. */
static int hex_value(int c)
{
	return is_digit(c)	      ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* The byte `ahead` bytes on, -1 behind the end. */
static int peek(const struct scan *scan, size_t ahead)
{
	return ahead < scan->text.len - scan->at ? (unsigned char)scan->text.at[scan->at + ahead] : -1;
}

static void take(struct scan *scan, size_t len)
{
	for (size_t i = 0; i < len; i++)
		scan->line += scan->text.at[scan->at + i] == '\n';
	buf_add(scan->out, scan->text.at + scan->at, len);
	scan->at += len;
}

/* Takes bytes up to and with `end`, or up to the end of the text. */
static void take_until(struct scan *scan, const char *end)
{
	struct bytes rest = {scan->text.at + scan->at, scan->text.len - scan->at};
	const char *found = memmem(rest.at, rest.len, end, strlen(end));
	take(scan, found ? (size_t)(found - rest.at) + strlen(end) : rest.len);
}

/* The value of `\uXXXX` at `ahead`, -1 when there is none. */
static int32_t unicode_escape(const struct scan *scan, size_t ahead)
{
	int32_t value = 0;
	if (peek(scan, ahead) != '\\' || peek(scan, ahead + 1) != 'u')
		return -1;
	for (size_t i = 2; i < 6; i++) {
		int digit = hex_value(peek(scan, ahead + i));
		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

static void add_character(struct buf *out, uint32_t c)
{
	if (c < 0x20 || c == '"' || c == '\\')
		buf_printf(out, "\\x%02x", c); /* it must not end the string or a line */
	else if (c < 0x80)
		buf_add(out, (char[]){(char)c}, 1);
	else if (c < 0x800)
		buf_add(out, (char[]){(char)(0xc0 | c >> 6), (char)(0x80 | (c & 0x3f))}, 2);
	else if (c < 0x10000)
		buf_add(out,
			(char[]){(char)(0xe0 | c >> 12), (char)(0x80 | (c >> 6 & 0x3f)),
				 (char)(0x80 | (c & 0x3f))},
			3);
	else
		buf_add(out,
			(char[]){(char)(0xf0 | c >> 18), (char)(0x80 | (c >> 12 & 0x3f)),
				 (char)(0x80 | (c >> 6 & 0x3f)), (char)(0x80 | (c & 0x3f))},
			4);
}

static bool take_unicode_escape(struct scan *scan)
{
	int32_t first = unicode_escape(scan, 0);
	if (first < 0)
		return err_set(scan->err,
			       "\\u is not followed by four hexadecimal digits; write it as \\u00e9");
	if (first == 0)
		return err_set(scan->err, "\\u0000 is not a character of a text; remove it");
	uint32_t c = (uint32_t)first;
	scan->at += 6;
	if (c >= 0xd800 && c < 0xe000) {
		int32_t second = c < 0xdc00 ? unicode_escape(scan, 0) : -1;
		if (second < 0xdc00 || second > 0xdfff)
			return err_set(scan->err,
				       "\\u%04x is half a surrogate pair; write both halves, or the "
				       "character itself",
				       c);
		c = 0x10000 + ((c - 0xd800) << 10) + ((uint32_t)second - 0xdc00);
		scan->at += 6;
	}
	add_character(scan->out, c);
	return true;
}

/* Behind the opening quote; takes the closing one. An open string is left to libconfig's own message. */
static bool take_string(struct scan *scan)
{
	while (scan->at < scan->text.len) {
		int c = peek(scan, 0), next = peek(scan, 1);
		if (c == '\\' && next == 'u') {
			if (!take_unicode_escape(scan))
				return false;
		} else if (c == '\\' && next == 'x' && peek(scan, 2) == '0' && peek(scan, 3) == '0') {
			return err_set(scan->err, "\\x00 is not a character of a text; remove it");
		} else if (c == '\\' && next >= 0) {
			take(scan, 2);
		} else {
			take(scan, 1);
			if (c == '"')
				break;
		}
	}
	return true;
}

/* An integer or a float. Only integers are looked at: value and suffix must fit. */
static bool take_number(struct scan *scan)
{
	size_t len = peek(scan, 0) == '-' || peek(scan, 0) == '+';
	bool negative = peek(scan, 0) == '-';
	bool hex = peek(scan, len) == '0' && (peek(scan, len + 1) | 0x20) == 'x';
	uint64_t base = hex ? 16 : 10, value = 0;
	bool over = false;
	len += hex ? 2 : 0;
	for (int digit; (digit = hex_value(peek(scan, len))) >= 0 && digit < (int)base; len++) {
		over |= value > (UINT64_MAX - (uint64_t)digit) / base;
		value = value * base + (uint64_t)digit;
	}
	int next = peek(scan, len);
	if (!hex && (next == '.' || next == 'e' || next == 'E')) {
		/* a float: what libconfig makes of it is checked as a value */
		for (int c; is_digit(c = peek(scan, len)) || c == '.' || c == 'e' || c == 'E' ||
			    ((c == '-' || c == '+') && (peek(scan, len - 1) | 0x20) == 'e');)
			len++;
		take(scan, len);
		return true;
	}
	uint64_t limit = (next == 'L' ? (uint64_t)INT64_MAX : (uint64_t)INT32_MAX) + (negative && !hex);
	over |= value > limit;
	if (over)
		return err_set(scan->err, "integer %.*s does not fit %s", (int)len, scan->text.at + scan->at,
			       next == 'L' ? "64 bits; write a smaller one"
					   : "32 bits; append L, or write a smaller one");
	take(scan, len);
	while (peek(scan, 0) == 'L')
		take(scan, 1);
	return true;
}

static void take_name(struct scan *scan)
{
	size_t len = 1;
	for (int c; is_letter(c = peek(scan, len)) || is_digit(c) || c == '-' || c == '_' || c == '*';)
		len++;
	take(scan, len);
}

static bool take_bracket(struct scan *scan, int c)
{
	bool opens = c == '{' || c == '[' || c == '(';
	if (opens && ++scan->depth > DEPTH_MAX)
		return err_set(scan->err, "brackets are nested deeper than %d; write flatter rules",
			       DEPTH_MAX);
	if (!opens && scan->depth)
		scan->depth--;
	take(scan, 1);
	return true;
}

static bool take_token(struct scan *scan)
{
	int c = peek(scan, 0), next = peek(scan, 1);
	if (c == '#' || (c == '/' && next == '/'))
		take_until(scan, "\n");
	else if (c == '/' && next == '*') {
		take(scan, 2);
		take_until(scan, "*/");
	} else if (c == '"') {
		take(scan, 1);
		return take_string(scan);
	} else if (is_digit(c) || ((c == '-' || c == '+' || c == '.') && (is_digit(next) || next == '.')))
		return take_number(scan);
	else if (is_letter(c) || c == '*')
		take_name(scan);
	else if (strchr("{}[]()", c))
		return take_bracket(scan, c);
	else
		take(scan, 1);
	return true;
}

/* What concerns bytes and lines, in whatever state the text is there. */
static bool check_lines(struct bytes text, unsigned *line, struct err *err)
{
	static const char include[] = "@include";
	*line = 1;
	if (text.len >= 3 && memcmp(text.at, "\xef\xbb\xbf", 3) == 0)
		return err_set(err, "begins with a byte order mark; save it as UTF-8 without one");
	for (size_t i = 0, start = 0; i < text.len;) {
		size_t width = utf8_width(text.at + i, text.len - i);
		if (width == 0)
			return err_set(err, "is not valid UTF-8 at byte %zu; save it as UTF-8", i);
		if (text.at[i] == '\0')
			return err_set(err, "holds a NUL byte; remove it");
		if (text.at[i] == '@' && text.len - i >= sizeof include - 1 &&
		    memcmp(text.at + i, include, sizeof include - 1) == 0 &&
		    strspn(text.at + start, " \t") == i - start)
			return err_set(err, "@include is not supported; put the files into one directory");
		i += width;
		if (text.at[i - 1] == '\n') {
			start = i;
			++*line;
		}
	}
	return true;
}

bool rules_scan(struct bytes text, struct buf *out, unsigned *line, struct err *err)
{
	struct scan scan = {.text = text, .line = 1, .out = out, .err = err};
	if (!check_lines(text, line, err))
		return false;
	bool good = true;
	while (good && scan.at < text.len)
		good = take_token(&scan);
	*line = scan.line;
	return good;
}
