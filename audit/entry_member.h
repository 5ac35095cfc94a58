/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking into an entry whatever version wrote it: its members one after the other, values as the JSON that
 * stands there. Unknown members are passed over, so that readers survive new ones.
 *
 *     struct bytes rest, key, value;
 *     if (entry_opens(leaf, '{', &rest))
 *         while (entry_next_member(&rest, &key, &value)) ...
 *
 * There is one text for each value (audit/entry_json.h), so a value may be compared as it stands. Everything
 * borrows from the leaf. Inside audit/ only.
 */
#ifndef AUDIT_ENTRY_MEMBER_H
#define AUDIT_ENTRY_MEMBER_H

#include "audit/entry_json.h"

/* Takes the bracket, '{' or '['. False: the value does not begin with it. */
MUST_USE bool entry_opens(struct bytes value, char bracket, struct bytes *rest);

/* The next member of an object. False: there is none, or it is not JSON as a log writes it. */
MUST_USE bool entry_next_member(struct bytes *rest, struct bytes *key, struct bytes *value);

/* The next value of an array. */
MUST_USE bool entry_next_value(struct bytes *rest, struct bytes *value);

/* The value of a key of an object; absent when it has none. */
struct bytes entry_member(struct bytes object, const char *key);

/* Appends the text of a string value, unescaped. False: the value is not a string; nothing is appended. */
MUST_USE bool entry_text(struct bytes value, struct buf *text);

/* The number of a value. False: it is not a whole number below 2^64. */
MUST_USE bool entry_uint(struct bytes value, uint64_t *number);

#endif
