/* SPDX-License-Identifier: Apache-2.0
 *
 * View: bytes to facts, in one forward scan over the wire bytes (protobuf encoding specification,
 * protobuf.dev/programming-guides/encoding). Nothing is decoded that no rule or record needs.
 *
 * The wire's traps are part of the contract: the last value of a repeated scalar wins; a sub-message that
 * is split into several pieces merges; packed and unpacked may be mixed; groups are skipped with a depth
 * limit; a map entry may have its value before its key and a key may come twice (last wins); items need not
 * be contiguous; proto3 default values are absent on the wire. Strings need not be valid UTF-8: they are
 * handed on as bytes, and the rules that read text say what that means.
 *
 * Thread: any, one call at a time per arena. All output lives in the arena or borrows from `message`.
 */
#ifndef PROTO_VIEW_H
#define PROTO_VIEW_H

#include "proto/arena.h"
#include "proto/facts.h"
#include "proto/mapping.h"

struct proto_limits {
	size_t items;	/* items, category weights and request attributes, each */
	size_t prompts; /* prompts; choices of one prompt are limited to the same number */
};

enum proto_result {
	PROTO_OK,
	PROTO_MALFORMED, /* truncated, a bad varint, a mapped field of another wire type, nesting too deep */
	PROTO_LIMIT,	 /* more items or prompts than the limits allow, or the arena's limit reached */
};

/* Request metadata, for facts that come from it. */
struct proto_headers {
	/* The first value of a name that is not empty; absent: there is none. Copied by view. */
	struct bytes (*find)(const void *context, struct bytes name);
	const void *context;
};

/* Where each fact of one response stands in its message; made by view, read by patch. */
struct proto_places;

/* The context facts of a request; attributes are sorted by name. Writes only the context members of *facts (the rest is left alone);
 * err names the place as `request: byte N: ...`. headers NULL: there is no metadata. On failure *facts is
 * unchanged. */
MUST_USE enum proto_result proto_view_request(const struct proto_method *method, struct bytes message,
					      const struct proto_headers *headers,
					      const struct proto_limits *limits, struct arena *arena,
					      struct facts *facts, struct err *err);

/* The facts of a response; the context members of *facts are left alone. Its candidates, of the request or
 * none, are baselines of items without one of their own. *places borrows `message` and
 * lives in the arena. On failure neither is written. */
MUST_USE enum proto_result proto_view_response(const struct proto_method *method, struct bytes message,
					       const struct proto_limits *limits, struct arena *arena,
					       struct facts *facts, const struct proto_places **places,
					       struct err *err);

/* The signal in the request of a signal method. */
MUST_USE enum proto_result proto_view_signal(const struct proto_method *method, struct bytes message,
					     const struct proto_headers *headers, struct arena *arena,
					     struct facts_signal *signal, struct err *err);

#endif
