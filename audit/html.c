/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/html.h"

#include "proto/utf8.h"
#include <stdio.h>

static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void html_text(struct buf *html, struct bytes text)
{
	for (size_t i = 0; i < text.len;) {
		unsigned char c = (unsigned char)text.at[i];
		size_t width = c < 0x80 ? 1 : utf8_width(text.at + i, text.len - i);
		const char *name = entity(text.at[i]);
		if (name)
			buf_add_text(html, name);
		else if (width == 0)
			buf_add_text(html, "\xef\xbf\xbd");
		else if (c < 0x20 && c != '\n' && c != '\t')
			buf_printf(html, "&#x24%02x;", c);
		else if (c == 0x7f)
			buf_add_text(html, "&#x2421;");
		else
			buf_add(html, text.at + i, width);
		i += width ? width : 1;
	}
}

void html_name(struct buf *html, struct bytes text)
{
	buf_add_text(html, "<bdi>");
	html_text(html, text);
	buf_add_text(html, "</bdi>");
}

void html_count(struct buf *html, double count)
{
	char digits[32];
	int len = snprintf(digits, sizeof digits, "%.0f", count);
	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			buf_add_text(html, ",");
		buf_add(html, digits + i, 1);
	}
}

void html_share(struct buf *html, double part, double whole)
{
	if (whole > 0)
		buf_printf(html, "%.1f%%", 100 * part / whole);
	else
		buf_add_text(html, "\xe2\x80\x93");
}

void html_json(struct buf *html, struct bytes json)
{
	size_t from = 0;
	for (size_t i = 0; i < json.len; i++) {
		char c = json.at[i];
		if (c != '<' && c != '>' && c != '&')
			continue;
		buf_add(html, json.at + from, i - from);
		buf_printf(html, "\\u%04x", c);
		from = i + 1;
	}
	buf_add(html, json.at + from, json.len - from);
}
