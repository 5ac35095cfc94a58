/* SPDX-License-Identifier: Apache-2.0
 *
 * A schema: what a descriptor set says (`protoc --include_imports --descriptor_set_out=...`), as tables that
 * can be looked up by name. Names are full, without the leading dot: "rankguard.v1.RankedItem".
 *
 * Immutable after it was loaded: any thread may use it.
 */
#ifndef PROTO_SCHEMA_H
#define PROTO_SCHEMA_H

#include "proto/bytes.h"
#include "proto/err.h"
#include <stdint.h>

/* The numbers are those of google.protobuf.FieldDescriptorProto.Type. */
enum proto_type {
	PROTO_DOUBLE = 1,
	PROTO_FLOAT,
	PROTO_INT64,
	PROTO_UINT64,
	PROTO_INT32,
	PROTO_FIXED64,
	PROTO_FIXED32,
	PROTO_BOOL,
	PROTO_STRING,
	PROTO_GROUP,
	PROTO_MESSAGE,
	PROTO_BYTES,
	PROTO_UINT32,
	PROTO_ENUM,
	PROTO_SFIXED32,
	PROTO_SFIXED64,
	PROTO_SINT32,
	PROTO_SINT64,
};

struct proto_enum_value {
	struct bytes name;
	int32_t number;
};

struct proto_enum {
	struct bytes name;
	struct proto_enum_value *value;
	size_t value_count;
	bool closed; /* proto2: a number without a name counts as an unknown field */
};

struct proto_field {
	struct bytes name;
	uint32_t number;
	enum proto_type type;
	bool repeated;
	bool presence;			      /* absent on the wire differs from zero */
	int oneof;			      /* index within its message, -1: in none */
	const struct proto_message *of;	      /* the message that has this field */
	const struct proto_message *message;  /* MESSAGE and GROUP */
	const struct proto_enum *enumeration; /* ENUM */
};

struct proto_message {
	struct bytes name;
	struct proto_field *field; /* as declared */
	size_t field_count;
	bool map_entry; /* the entry of a map<k, v>: key = 1, value = 2 */
};

struct proto_rpc {
	struct bytes name; /* "/rankguard.v1.RankingService/Rank" */
	const struct proto_message *request, *response;
	bool request_streams, response_streams;
};

struct proto_schema;

/* Copies what it needs of `set`. A file that comes twice (two sets joined by `cat`) counts once. Returns
 * owned, NULL and err (`descriptor set: ...`) on failure. */
MUST_USE struct proto_schema *proto_schema_load(struct bytes set, struct err *err);
void proto_schema_free(struct proto_schema *schema); /* NULL is fine */

/* NULL when there is none; `err` then names the nearest. */
const struct proto_message *proto_schema_message(const struct proto_schema *schema, struct bytes name,
						 struct err *err);
const struct proto_rpc *proto_schema_rpc(const struct proto_schema *schema, struct bytes name,
					 struct err *err);
/* Walks all methods: index from 0; NULL behind the last. */
const struct proto_rpc *proto_schema_rpc_at(const struct proto_schema *schema, size_t index);
const struct proto_field *proto_message_field(const struct proto_message *message, struct bytes name,
					      struct err *err);

/* NULL when no field has this number. */
const struct proto_field *proto_message_field_at(const struct proto_message *message, uint32_t number);

/* Empty when the enum does not have this number. */
struct bytes proto_enum_name(const struct proto_enum *enumeration, int32_t number);

const char *proto_type_name(enum proto_type type); /* "double"; "message" */

#endif
