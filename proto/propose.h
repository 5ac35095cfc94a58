/* SPDX-License-Identifier: Apache-2.0
 *
 * A proposal: a `schema` section to begin a mapping with, guessed from the names and types of fields. It loads
 * as it is; whether it says the truth is for the one who knows the API.
 */
#ifndef PROTO_PROPOSE_H
#define PROTO_PROPOSE_H

#include "proto/buf.h"
#include "proto/schema.h"

/* Adds the section's text to *out. `descriptors`: as it shall stand in it. `method`: only this one; NULL: all
 * that look like rankings or signals. False and err when there is no such method, or none that looks so. */
MUST_USE bool proto_propose(const struct proto_schema *schema, const char *descriptors, const char *method,
			    struct buf *out, struct err *err);

#endif
