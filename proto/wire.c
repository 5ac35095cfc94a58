/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire.h"

static bool problem(struct wire_cursor *cursor, const char *text)
{
	cursor->problem = text;
	return false;
}

static bool take_varint(struct wire_cursor *cursor, uint64_t *value)
{
	const char *at = cursor->at;
	uint64_t sum = 0;
	for (unsigned shift = 0; shift < 7 * WIRE_VARINT_MAX; shift += 7) {
		if (at == cursor->end)
			return problem(cursor, "the message ends inside a varint");
		uint8_t byte = (uint8_t)*at++;
		sum |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			cursor->at = at;
			*value = sum;
			return true;
		}
	}
	return problem(cursor, "a varint is longer than 10 bytes");
}

static bool take_tag(struct wire_cursor *cursor, uint32_t *number, enum wire_type *type)
{
	const char *at = cursor->at;
	uint64_t tag = (uint8_t)*at;
	if (tag < 0x80)
		cursor->at++;
	else if (!take_varint(cursor, &tag))
		return false;
	if (tag > UINT32_MAX || cursor->at - at > WIRE_TAG_MAX || tag < 8 || (tag & 7) > WIRE_FIXED32) {
		cursor->at = at;
		return problem(cursor, tag < 8 ? "a field has number 0" : "a tag is none of protobuf");
	}
	*number = (uint32_t)tag >> 3;
	*type = (enum wire_type)(tag & 7);
	return true;
}

static bool take_fixed(struct wire_cursor *cursor, enum wire_type type, uint64_t *value)
{
	size_t len = type == WIRE_FIXED64 ? 8 : 4;
	uint64_t bits = 0;
	if ((size_t)(cursor->end - cursor->at) < len)
		return problem(cursor, "the message ends inside a fixed-size value");
	memcpy(&bits, cursor->at, len);
	cursor->at += len;
	*value = le64toh(bits);
	return true;
}

static bool take_run(struct wire_cursor *cursor, const char **body)
{
	const char *from = cursor->at;
	uint64_t len;
	if (from < cursor->end && (uint8_t)*from < 0x80)
		len = (uint8_t)*cursor->at++;
	else if (!take_varint(cursor, &len))
		return false;
	if (len > (size_t)(cursor->end - cursor->at)) {
		cursor->at = from;
		return problem(cursor, "a length passes the end of its message");
	}
	*body = cursor->at;
	cursor->at += len;
	return true;
}

static bool take_value(struct wire_cursor *cursor, enum wire_type type, uint64_t *value, const char **body);

/* From behind a start tag to behind its end tag. */
static bool skip_group(struct wire_cursor *cursor, uint32_t number)
{
	uint32_t open[WIRE_DEPTH] = {number};
	const char *body;
	uint64_t value;
	for (size_t depth = 1; depth;) {
		enum wire_type type;
		if (cursor->at == cursor->end)
			return problem(cursor, "the message ends inside a group");
		const char *tag = cursor->at;
		if (!take_tag(cursor, &number, &type))
			return false;
		if (type == WIRE_GROUP_END && open[depth - 1] == number) {
			depth--;
		} else if (type == WIRE_GROUP && depth < WIRE_DEPTH) {
			open[depth++] = number;
		} else if (type == WIRE_GROUP || type == WIRE_GROUP_END) {
			cursor->at = tag;
			return problem(cursor, type == WIRE_GROUP ? "groups are nested too deeply"
								  : "a group ends that was not begun");
		} else if (!take_value(cursor, type, &value, &body)) {
			return false;
		}
	}
	return true;
}

/* Any value except groups. `body` is written for LEN only. */
static bool take_value(struct wire_cursor *cursor, enum wire_type type, uint64_t *value, const char **body)
{
	if (type == WIRE_LEN)
		return take_run(cursor, body);
	if (type == WIRE_VARINT)
		return take_varint(cursor, value);
	return take_fixed(cursor, type, value);
}

bool wire_next_any(struct wire_cursor *cursor, struct wire_field *field)
{
	field->tag = cursor->at;
	if (!take_tag(cursor, &field->number, &field->type))
		return false;
	field->size = field->body = cursor->at;
	bool good;
	if (field->type == WIRE_GROUP) {
		good = skip_group(cursor, field->number);
	} else if (field->type == WIRE_GROUP_END) {
		cursor->at = field->tag;
		good = problem(cursor, "a group ends that was not begun");
	} else {
		good = take_value(cursor, field->type, &field->value, &field->body);
	}
	field->end = cursor->at;
	return good;
}

bool wire_next_packed(struct wire_cursor *cursor, enum wire_type type, uint64_t *value)
{
	const char *body;
	return cursor->at < cursor->end && take_value(cursor, type, value, &body);
}

size_t wire_varint_len(uint64_t value)
{
	size_t len = 1;
	for (; value >= 0x80; value >>= 7)
		len++;
	return len;
}

char *wire_put_varint(char *to, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*to++ = (char)(value | 0x80);
	*to++ = (char)value;
	return to;
}

char *wire_put_tag(char *to, uint32_t number, enum wire_type type)
{
	return wire_put_varint(to, (uint64_t)number << 3 | type);
}

char *wire_put_fixed(char *to, enum wire_type type, uint64_t bits)
{
	bits = htole64(bits);
	size_t len = type == WIRE_FIXED64 ? 8 : 4;
	memcpy(to, &bits, len);
	return to + len;
}
