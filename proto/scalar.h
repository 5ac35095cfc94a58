/* SPDX-License-Identifier: Apache-2.0
 *
 * One scalar value between the wire and C: `raw` is the varint or the bits as wire.h reads them.
 * Conversions follow the specification: an int32 on a 64-bit varint is cut to 32 bits, any varint that is
 * not zero is true, sint is zigzag.
 */
#ifndef PROTO_SCALAR_H
#define PROTO_SCALAR_H

#include "proto/arena.h"
#include "proto/schema.h"
#include "proto/wire.h"

/* How values of a type stand on the wire, unpacked. */
enum wire_type scalar_wire_type(enum proto_type type);

bool scalar_is_integer(enum proto_type type); /* all integers and enums; not bool */
bool scalar_is_number(enum proto_type type);  /* integers, enums, float, double */

/* Integers, enums, bool. An unsigned value beyond INT64_MAX becomes INT64_MAX. */
int64_t scalar_integer(enum proto_type type, uint64_t raw);

/* The raw value with the bits that count: two values of a type are equal when these are. */
uint64_t scalar_canonical(enum proto_type type, uint64_t raw);

/* Any number. */
double scalar_number(enum proto_type type, uint64_t raw);

/* The stable text form: integers in decimal, enums by name (by number when they have none). In the arena or
 * borrowed from the schema; absent when the arena is full. */
struct bytes scalar_text(const struct proto_field *field, uint64_t raw, struct arena *arena);

/* The same of bytes: as they stand where they are UTF-8 without control characters; otherwise sixteen of them as
 * a UUID ("6ba7b810-9dad-11d1-80b4-00c04fd430c8", RFC 9562), and others in hexadecimal ("0x00ff"). Borrows, or in
 * the arena; absent when the arena is full. */
struct bytes scalar_bytes_text(struct bytes value, struct arena *arena);

/* Back to raw. */
uint64_t scalar_from_integer(enum proto_type type, int64_t value);
uint64_t scalar_from_number(enum proto_type type, double value); /* float and double only */

#endif
