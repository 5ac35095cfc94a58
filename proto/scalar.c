/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/scalar.h"

#include "proto/utf8.h"

#include <inttypes.h>

/* How the raw value of a type becomes a number. */
enum scalar_form {
	FORM_NONE,
	FORM_INT32,
	FORM_INT64,
	FORM_UINT32,
	FORM_UINT64,
	FORM_ZIGZAG32,
	FORM_ZIGZAG64,
	FORM_BOOL,
	FORM_FLOAT,
	FORM_DOUBLE
};

static const struct {
	enum wire_type wire;
	enum scalar_form form;
} types[] = {
	[PROTO_DOUBLE] = {WIRE_FIXED64, FORM_DOUBLE},  [PROTO_FLOAT] = {WIRE_FIXED32, FORM_FLOAT},
	[PROTO_INT64] = {WIRE_VARINT, FORM_INT64},     [PROTO_UINT64] = {WIRE_VARINT, FORM_UINT64},
	[PROTO_INT32] = {WIRE_VARINT, FORM_INT32},     [PROTO_FIXED64] = {WIRE_FIXED64, FORM_UINT64},
	[PROTO_FIXED32] = {WIRE_FIXED32, FORM_UINT32}, [PROTO_BOOL] = {WIRE_VARINT, FORM_BOOL},
	[PROTO_STRING] = {WIRE_LEN, FORM_NONE},	       [PROTO_GROUP] = {WIRE_GROUP, FORM_NONE},
	[PROTO_MESSAGE] = {WIRE_LEN, FORM_NONE},       [PROTO_BYTES] = {WIRE_LEN, FORM_NONE},
	[PROTO_UINT32] = {WIRE_VARINT, FORM_UINT32},   [PROTO_ENUM] = {WIRE_VARINT, FORM_INT32},
	[PROTO_SFIXED32] = {WIRE_FIXED32, FORM_INT32}, [PROTO_SFIXED64] = {WIRE_FIXED64, FORM_INT64},
	[PROTO_SINT32] = {WIRE_VARINT, FORM_ZIGZAG32}, [PROTO_SINT64] = {WIRE_VARINT, FORM_ZIGZAG64},
};

enum wire_type scalar_wire_type(enum proto_type type)
{
	return types[type].wire;
}

bool scalar_is_integer(enum proto_type type)
{
	enum scalar_form form = types[type].form;
	return form >= FORM_INT32 && form <= FORM_ZIGZAG64;
}

bool scalar_is_number(enum proto_type type)
{
	return scalar_is_integer(type) || type == PROTO_FLOAT || type == PROTO_DOUBLE;
}

static int64_t zigzag(uint64_t raw)
{
	return (int64_t)(raw >> 1 ^ (0 - (raw & 1)));
}

int64_t scalar_integer(enum proto_type type, uint64_t raw)
{
	switch (types[type].form) {
	case FORM_INT32:
		return (int32_t)(uint32_t)raw;
	case FORM_INT64:
		return (int64_t)raw;
	case FORM_UINT32:
		return (uint32_t)raw;
	case FORM_UINT64:
		return raw > INT64_MAX ? INT64_MAX : (int64_t)raw;
	case FORM_ZIGZAG32:
		return zigzag((uint32_t)raw);
	case FORM_ZIGZAG64:
		return zigzag(raw);
	case FORM_BOOL:
		return raw != 0;
	case FORM_NONE:
	case FORM_FLOAT:
	case FORM_DOUBLE:
		break;
	}
	return 0;
}

uint64_t scalar_canonical(enum proto_type type, uint64_t raw)
{
	return types[type].form == FORM_UINT64 ? raw : (uint64_t)scalar_integer(type, raw);
}

double scalar_number(enum proto_type type, uint64_t raw)
{
	if (types[type].form == FORM_DOUBLE) {
		double value;
		memcpy(&value, &raw, sizeof value);
		return value;
	}
	if (types[type].form == FORM_FLOAT) {
		uint32_t bits = (uint32_t)raw;
		float value;
		memcpy(&value, &bits, sizeof value);
		return (double)value;
	}
	return types[type].form == FORM_UINT64 ? (double)raw : (double)scalar_integer(type, raw);
}

struct bytes scalar_text(const struct proto_field *field, uint64_t raw, struct arena *arena)
{
	int64_t value = scalar_integer(field->type, raw);
	struct bytes name = {0};
	if (field->enumeration)
		name = proto_enum_name(field->enumeration, (int32_t)value);
	if (bytes_present(name))
		return name;
	if (types[field->type].form == FORM_UINT64)
		return bytes_of(arena_printf(arena, "%" PRIu64, raw));
	return bytes_of(arena_printf(arena, "%" PRId64, value));
}

static bool printable(struct bytes value)
{
	bool good = utf8_valid(value);
	for (size_t i = 0; good && i < value.len; i++)
		good = (unsigned char)value.at[i] >= 0x20 && value.at[i] != 0x7f;
	return good;
}

struct bytes scalar_bytes_text(struct bytes value, struct arena *arena)
{
	static const char digits[] = "0123456789abcdef";
	bool uuid = value.len == 16;
	if (printable(value))
		return value;
	char *text = arena_alloc(arena, 2 * value.len + (uuid ? 4 : 2)), *at = text;
	if (!text)
		return (struct bytes){0};
	if (!uuid)
		at = (char *)memcpy(at, "0x", 2) + 2;
	for (size_t i = 0; i < value.len; i++) {
		unsigned char byte = (unsigned char)value.at[i];
		if (uuid && (i == 4 || i == 6 || i == 8 || i == 10))
			*at++ = '-';
		*at++ = digits[byte >> 4];
		*at++ = digits[byte & 15];
	}
	return (struct bytes){text, (size_t)(at - text)};
}

uint64_t scalar_from_integer(enum proto_type type, int64_t value)
{
	enum scalar_form form = types[type].form;
	if (form == FORM_ZIGZAG32 || form == FORM_ZIGZAG64)
		return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
	return (uint64_t)value;
}

uint64_t scalar_from_number(enum proto_type type, double value)
{
	if (type == PROTO_FLOAT) {
		float narrow = (float)value;
		uint32_t bits;
		memcpy(&bits, &narrow, sizeof bits);
		return bits;
	}
	uint64_t raw;
	memcpy(&raw, &value, sizeof raw);
	return raw;
}
