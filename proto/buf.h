/* SPDX-License-Identifier: Apache-2.0
 *
 * A growing byte buffer on the heap, and the one JSON emitter of rankguard (RFC 8259).
 *
 * An allocation failure sets `failed` and makes every later call a no-op, so that a writer checks once at
 * the end. One thread at a time.
 */
#ifndef PROTO_BUF_H
#define PROTO_BUF_H

#include "proto/bytes.h"
#include "proto/err.h"
#include <stdint.h>

struct buf {
	char *at; /* owned */
	size_t len, cap;
	bool failed;
};

void buf_done(struct buf *buf); /* zeroed or used twice is fine */
void buf_clear(struct buf *buf);
void buf_add(struct buf *buf, const void *from, size_t len);
void buf_add_bytes(struct buf *buf, struct bytes from);
void buf_add_text(struct buf *buf, const char *text);
__attribute__((format(printf, 2, 3))) void buf_printf(struct buf *buf, const char *format, ...);

static inline struct bytes buf_bytes(const struct buf *buf)
{
	return (struct bytes){buf->at ? buf->at : "", buf->len};
}

/* JSON. The caller writes structure with json_open/json_close and members with json_key; commas are put
 * in by the emitter, from the last byte that stands in the buffer.
 *
 *     json_open(&b, '{'); json_key(&b, "v"); json_int(&b, 1); json_close(&b, '}');
 */
void json_open(struct buf *buf, char bracket);	/* '{' or '[' */
void json_close(struct buf *buf, char bracket); /* '}' or ']' */
void json_key(struct buf *buf, const char *key);
/* A string. Invalid UTF-8 becomes U+FFFD byte by byte; control characters are escaped; absent is null. */
void json_string(struct buf *buf, struct bytes value);
void json_text(struct buf *buf, const char *value); /* NULL is null */
void json_int(struct buf *buf, int64_t value);
void json_uint(struct buf *buf, uint64_t value);
/* Bytes from `from` on that a string holds as they are: printable ASCII without quotes and backslashes. */
size_t json_plain_run(struct bytes text, size_t from);
/* Shortest of 15..17 significant digits that reads back the same; NaN and infinities as the strings
 * "NaN" "Infinity" "-Infinity" (the proto3 JSON mapping). */
void json_double(struct buf *buf, double value);
void json_bool(struct buf *buf, bool value);

#endif
