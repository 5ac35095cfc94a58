/* SPDX-License-Identifier: Apache-2.0
 *
 * The wire format of protobuf: tags, varints, lengths, groups (protobuf.dev/programming-guides/encoding).
 * Knows no schema. Reads only inside the run it was given.
 *
 *     struct wire_cursor cursor = {body, end, NULL};
 *     struct wire_field field;
 *     while (wire_next(&cursor, &field)) ...
 *     if (cursor.problem) ... at cursor.at
 *
 * Where real parsers disagree (tags of more than five bytes) this one refuses; where they agree to be
 * lenient (a tenth varint byte with too many bits, lengths and values in more bytes than needed) so is it.
 */
#ifndef PROTO_WIRE_H
#define PROTO_WIRE_H

#include "proto/bytes.h"
#include <endian.h>
#include <stdint.h>

enum wire_type {
	WIRE_VARINT,
	WIRE_FIXED64,
	WIRE_LEN,
	WIRE_GROUP,
	WIRE_GROUP_END,
	WIRE_FIXED32,
};

enum {
	WIRE_DEPTH = 100,     /* groups inside groups: the limit of the common parsers */
	WIRE_VARINT_MAX = 10, /* bytes */
	WIRE_TAG_MAX = 5,     /* bytes */
};

#define WIRE_MESSAGE_MAX ((size_t)INT32_MAX) /* bytes: the format's own limit */

struct wire_cursor {
	const char *at, *end;
	const char *problem; /* static text: what is wrong at `at`; NULL while all is well */
};

/* One field. tag <= size <= body <= end; all point into the run. */
struct wire_field {
	uint32_t number;
	enum wire_type type; /* never WIRE_GROUP_END */
	const char *tag;     /* first byte of the tag */
	const char *size;    /* LEN: first byte of the length; otherwise the same as body */
	const char *body;    /* the value; of a group, what follows its start tag */
	const char *end;     /* behind the value; of a group, behind its end tag */
	uint64_t value;	     /* VARINT: the number; FIXED: the bits */
};

/* The next field, whatever it is. For wire_next. */
bool wire_next_any(struct wire_cursor *cursor, struct wire_field *field);

/* The next field; false at the end, or with cursor->problem set. What nearly all fields are is done in place:
 * a tag of one byte, and a length or number of one byte or a double. */
static inline bool wire_next(struct wire_cursor *cursor, struct wire_field *field)
{
	const char *at = cursor->at;
	ptrdiff_t left = cursor->end - at;
	if (left <= 0)
		return false;
	uint8_t tag = (uint8_t)at[0], next = left > 1 ? (uint8_t)at[1] : 0x80;
	bool small = tag < 0x80 && tag >= 8;
	enum wire_type type = (enum wire_type)(tag & 7);
	if (small && type == WIRE_LEN && next < 0x80 && next <= left - 2) {
		*field = (struct wire_field){tag >> 3, type, at, at + 1, at + 2, at + 2 + next, 0};
	} else if (small && type == WIRE_VARINT && next < 0x80) {
		*field = (struct wire_field){tag >> 3, type, at, at + 1, at + 1, at + 2, next};
	} else if (small && type == WIRE_FIXED64 && left >= 9) {
		uint64_t bits;
		memcpy(&bits, at + 1, sizeof bits);
		*field = (struct wire_field){tag >> 3, type, at, at + 1, at + 1, at + 9, le64toh(bits)};
	} else {
		return wire_next_any(cursor, field);
	}
	cursor->at = field->end;
	return true;
}

/* Reads one varint or fixed value of an element in a packed run, by wire type. False as wire_next. */
bool wire_next_packed(struct wire_cursor *cursor, enum wire_type type, uint64_t *value);

/* Bytes of `value` as a varint, 1..10. */
size_t wire_varint_len(uint64_t value);

/* Writes `value` at `to`, which has room; returns the place behind it. */
char *wire_put_varint(char *to, uint64_t value);
char *wire_put_tag(char *to, uint32_t number, enum wire_type type);
char *wire_put_fixed(char *to, enum wire_type type, uint64_t bits); /* FIXED32 or FIXED64 */

static inline struct bytes wire_body(const struct wire_field *field)
{
	return (struct bytes){field->body, (size_t)(field->end - field->body)};
}

#endif
