/* SPDX-License-Identifier: Apache-2.0 */
#include "wire_text.h"

#include "proto/wire.h"
#include <stdio.h>
#include <stdlib.h>

static void bad(const char *at)
{
	fprintf(stderr, "wire text: cannot read \"%s\"\n", at);
	exit(2);
}

static void put_varint(struct buf *to, uint64_t value)
{
	char bytes[WIRE_VARINT_MAX];
	buf_add(to, bytes, (size_t)(wire_put_varint(bytes, value) - bytes));
}

static void put_tag(struct buf *to, unsigned long number, enum wire_type type)
{
	put_varint(to, (uint64_t)number << 3 | type);
}

static void put_fixed(struct buf *to, enum wire_type type, uint64_t bits)
{
	char bytes[8];
	buf_add(to, bytes, (size_t)(wire_put_fixed(bytes, type, bits) - bytes));
}

static void put_run(struct buf *to, unsigned long number, struct bytes run)
{
	put_tag(to, number, WIRE_LEN);
	put_varint(to, run.len);
	buf_add_bytes(to, run);
}

static uint64_t bits_of(double value, enum wire_type type)
{
	float narrow = (float)value;
	uint32_t narrow_bits;
	uint64_t bits;
	memcpy(&narrow_bits, &narrow, sizeof narrow_bits);
	memcpy(&bits, &value, sizeof bits);
	return type == WIRE_FIXED32 ? narrow_bits : bits;
}

static const char *read_words(struct buf *to, const char *at, char close);

/* 'abc' */
static const char *read_string(struct buf *to, unsigned long number, const char *at)
{
	const char *end = strchr(at, '\'');
	if (!end)
		bad(at);
	put_run(to, number, (struct bytes){at, (size_t)(end - at)});
	return end + 1;
}

static const char *read_packed(struct buf *to, unsigned long number, const char *at)
{
	struct buf run = {0};
	char *end = (char *)at;
	for (; *end && *end != ' '; end += *end == ',')
		put_varint(&run, strtoull(end, &end, 10));
	put_run(to, number, buf_bytes(&run));
	buf_done(&run);
	return end;
}

static const char *read_message(struct buf *to, unsigned long number, const char *at)
{
	struct buf run = {0};
	at = read_words(&run, at, '}');
	put_run(to, number, buf_bytes(&run));
	buf_done(&run);
	return at;
}

static const char *read_group(struct buf *to, unsigned long number, const char *at)
{
	put_tag(to, number, WIRE_GROUP);
	at = read_words(to, at, ')');
	put_tag(to, number, WIRE_GROUP_END);
	return at;
}

static const char *read_number(struct buf *to, unsigned long number, char how, const char *at)
{
	static const char letters[] = "=dfil";
	static const enum wire_type types[] = {WIRE_VARINT, WIRE_FIXED64, WIRE_FIXED32, WIRE_FIXED32,
					       WIRE_FIXED64};
	const char *letter = strchr(letters, how);
	char *end;
	if (!how || !letter)
		bad(at);
	enum wire_type type = types[letter - letters];
	bool real = how == 'd' || how == 'f';
	uint64_t value = real ? bits_of(strtod(at, &end), type) : (uint64_t)strtoll(at, &end, 10);
	put_tag(to, number, type);
	if (type == WIRE_VARINT)
		put_varint(to, value);
	else
		put_fixed(to, type, value);
	return end;
}

static const char *read_hex(struct buf *to, const char *at)
{
	for (unsigned byte; sscanf(at, "%2x", &byte) == 1 && *at != ' '; at += 2)
		buf_add(to, (char[]){(char)byte}, 1);
	return at;
}

static const char *read_field(struct buf *to, const char *at)
{
	char *how;
	unsigned long number = strtoul(at, &how, 10);
	if (how == at)
		bad(at);
	if (*how == '\'')
		return read_string(to, number, how + 1);
	if (*how == '{')
		return read_message(to, number, how + 1);
	if (*how == '(')
		return read_group(to, number, how + 1);
	if (*how == 'p')
		return read_packed(to, number, how + 1);
	return read_number(to, number, *how, how + 1);
}

/* Up to and behind `close`, which is NUL for the whole text. */
static const char *read_words(struct buf *to, const char *at, char close)
{
	while (*at && *at != close) {
		if (*at == ' ')
			at++;
		else
			at = *at == 'x' ? read_hex(to, at + 1) : read_field(to, at);
	}
	if (*at != close)
		bad(at);
	return *at ? at + 1 : at;
}

struct buf wire_text(const char *text)
{
	struct buf made = {0};
	read_words(&made, text, '\0');
	return made;
}
