/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON files to what decide looks at: messages in the proto3 JSON mapping
 * (protobuf.dev/programming-guides/json), and histories with the keys of rule tests.
 */
#ifndef RULES_TOOL_JSON_H
#define RULES_TOOL_JSON_H

#include "proto/buf.h"
#include "proto/schema.h"
#include "rules/tool_case.h"

/* Both our emitter (proto/buf.h) and jansson have a json_string. Jansson's own stays hidden: nobody may call
 * it, json_stringn does the same. */
#define json_string jansson_json_string
#include <jansson.h>
#undef json_string

/* Returns owned, or NULL and err as `path:line:column: what is wrong`. */
MUST_USE json_t *tool_json_load(const char *path, struct err *err);

/* Adds the message's bytes. Fields by their own names or in lowerCamelCase; null is absent. False and err as
 * `items[0].score is "x"; it must be a number`. */
MUST_USE bool tool_json_message(const struct proto_message *message, const json_t *value, struct buf *out,
				struct err *err);

/* Reads a list of events. They borrow from `value` and live in the arena. */
MUST_USE bool tool_json_events(const json_t *value, struct arena *arena, struct groups *events,
			       struct err *err);

#endif
