/* SPDX-License-Identifier: Apache-2.0
 *
 * A cursor over JSON as rankguard writes it: no white space, valid UTF-8, shortest escapes (\" \\ \n and
 * \u00xx in lower case for other control characters). Anything else is not ours and is refused.
 *
 * Each entry_take_* moves the cursor only when it succeeds. Inside audit/ only.
 */
#ifndef AUDIT_ENTRY_JSON_H
#define AUDIT_ENTRY_JSON_H

#include "proto/buf.h"

MUST_USE bool entry_take(struct bytes *rest, const char *text); /* exactly these characters */

/* A string. *value borrows from the text, or from `scratch` (which must not grow: its room is at least the
 * text's length) when it holds escapes. */
MUST_USE bool entry_take_string(struct bytes *rest, struct buf *scratch, struct bytes *value);

/* A whole number below 2^64 without leading zeros. */
MUST_USE bool entry_take_uint(struct bytes *rest, uint64_t *value);

/* Any value, nested at most 16 deep. */
MUST_USE bool entry_take_value(struct bytes *rest);

/* `,"key":` and a string; when the key does not come next, *value is absent and that is fine. False: the key
 * is there and its value is not a string. */
MUST_USE bool entry_take_member(struct bytes *rest, const char *key, struct buf *scratch,
				struct bytes *value);

/* Is the whole text one JSON object in this form? */
bool entry_json_object(struct bytes text);

#endif
