/* SPDX-License-Identifier: Apache-2.0
 *
 * Facts as JSON, so that another protobuf implementation can judge them.
 */
#ifndef TESTS_PROTO_FACTS_JSON_H
#define TESTS_PROTO_FACTS_JSON_H

#include "proto/buf.h"
#include "proto/facts.h"

/* Bytes as a string of hex digits, or null: JSON cannot hold bytes that are not UTF-8. */
void facts_json_hex(struct buf *buf, struct bytes value);

void facts_json_request(struct buf *buf, const struct facts *facts);
void facts_json_response(struct buf *buf, const struct facts *facts);
void facts_json_signal(struct buf *buf, const struct facts_signal *signal);

#endif
