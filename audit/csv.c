/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/csv.h"

#include <inttypes.h>

/* A number as JSON writes it (RFC 8259 section 6), which every spreadsheet reads as one. */
static bool plain_number(struct bytes text)
{
	size_t i = text.len > 0 && text.at[0] == '-', digits = 0;
	bool point = false;
	for (; i < text.len; i++) {
		char c = text.at[i];
		if (c >= '0' && c <= '9')
			digits++;
		else if (c == '.' && !point && digits > 0)
			point = true;
		else
			break;
	}
	if (i < text.len && (text.at[i] == 'e' || text.at[i] == 'E')) {
		i += i + 1 < text.len && (text.at[i + 1] == '-' || text.at[i + 1] == '+') ? 2 : 1;
		size_t exponent = i;
		while (i < text.len && text.at[i] >= '0' && text.at[i] <= '9')
			i++;
		digits = i > exponent ? digits : 0;
	}
	return digits > 0 && i == text.len;
}

/* Where a cell may begin: may a formula begin here? */
static bool begins_formula(struct bytes text, size_t at)
{
	static const char *const wide[] = {"\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};
	char c = text.at[at];
	for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
		if (text.len - at >= 3 && memcmp(text.at + at, wide[i], 3) == 0)
			return true;
	return c == '=' || c == '+' || c == '-' || c == '@' ||
	       (at == 0 && (c == '\t' || c == '\r' || c == '\n'));
}

static bool separates(char c)
{
	return c == ';' || c == '\t' || c == '\n' || c == '\r';
}

static void next_cell(struct buf *line)
{
	if (line->len > 0)
		buf_add_text(line, ",");
}

void csv_uint(struct buf *line, uint64_t value)
{
	next_cell(line);
	buf_printf(line, "%" PRIu64, value);
}

void csv_text(struct buf *line, struct bytes text)
{
	bool safe = plain_number(text), quotes = false, begins = true;
	next_cell(line);
	for (size_t i = 0; i < text.len && !quotes; i++)
		quotes = text.at[i] == '"' || text.at[i] == ',' || separates(text.at[i]);
	if (quotes)
		buf_add_text(line, "\"");
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		if (begins && !safe && begins_formula(text, i))
			buf_add_text(line, "'");
		begins = separates(c) || (begins && (c == ' ' || c == '"' || c == '\''));
		if (c == '"')
			buf_add_text(line, "\"");
		buf_add(line, &c, 1);
	}
	if (quotes)
		buf_add_text(line, "\"");
}

void csv_end(struct buf *line)
{
	buf_add_text(line, "\r\n");
}
