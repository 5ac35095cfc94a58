/* SPDX-License-Identifier: Apache-2.0
 *
 * A borrowed run of bytes: text or binary, never NUL-terminated by promise. `at == NULL` means absent;
 * an empty run that is present has a non-NULL `at` and `len == 0`. Whoever holds one borrows: the bytes
 * belong to the message, arena or file that they point into.
 */
#ifndef PROTO_BYTES_H
#define PROTO_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct bytes {
	const char *at;
	size_t len; /* bytes */
};

/* printf("%.*s", BYTES_ARG(b)) */
#define BYTES_ARG(b) (int)(b).len, (b).at ? (b).at : ""

#define BYTES_LITERAL(text) ((struct bytes){(text), sizeof(text) - 1})

static inline struct bytes bytes_of(const char *text)
{
	return (struct bytes){text, text ? strlen(text) : 0};
}

static inline bool bytes_present(struct bytes b)
{
	return b.at != NULL;
}

/* Same length and same bytes; an absent run equals an absent or empty one. */
static inline bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* Byte order, shorter first on a common prefix: <0, 0, >0. */
static inline int bytes_compare(struct bytes a, struct bytes b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common ? memcmp(a.at, b.at, common) : 0;
	return order ? order : (a.len > b.len) - (a.len < b.len);
}

#endif
