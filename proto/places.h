/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the records of one response stand in its message: made by view, read by patch. Private to proto/.
 * Offsets fit 32 bits: a message is at most 2 GiB.
 */
#ifndef PROTO_PLACES_H
#define PROTO_PLACES_H

#include "proto/method.h"
#include "proto/view.h"

struct proto_span {
	uint32_t inside;	       /* where the body of the message around it begins */
	uint32_t tag, size, body, end; /* as in struct wire_field */
};

struct proto_places {
	const struct proto_method *method;
	struct bytes message;
	struct proto_span *span[PROTO_RECORDS]; /* items, weights and prompts; NULL for the others */
	size_t count[PROTO_RECORDS];
	const struct facts_prompt *prompt; /* as they were viewed */
};

#endif
