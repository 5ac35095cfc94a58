/* SPDX-License-Identifier: Apache-2.0
 *
 * The machinery under the entry writers: one entry is walked once and written as one leaf; when that is too
 * long it is walked again, and the walk says where it may be parted. Inside audit/ only.
 */
#ifndef AUDIT_EMIT_H
#define AUDIT_EMIT_H

#include "audit/entry.h"

enum {
	EMIT_ID_MAX = 1024,   /* characters of JSON for one id or name; longer ones are cut and say so */
	EMIT_TEXT_MAX = 4096, /* the same for a sentence */
};

struct emit {
	struct audit_batch *batch;
	struct buf *json; /* the batch's leaves */
	const char *type;
	char time[TIME_TEXT_LEN + 1];
	bool split;
	unsigned part, parts;
	size_t start, body; /* offsets: of this leaf's length, and behind its head */
};

/* Writes one entry, in parts when it must be. False: memory is short; the batch is then as before. */
MUST_USE bool emit_entry(struct audit_batch *batch, int64_t time_ns, const char *type,
			 void (*walk)(struct emit *emit, const void *entry), const void *entry);

/* Bytes that this part can still take; without end while the entry is not split. */
size_t emit_room(const struct emit *emit);

/* Ends this part and begins the next. Only when emit_room is short. */
void emit_next(struct emit *emit);

/* Members; those whose value is absent are left out. emit_text cuts at `max` characters of JSON. */
void emit_text(struct emit *emit, const char *key, struct bytes value, size_t max);
void emit_id(struct emit *emit, const char *key, struct bytes value);
void emit_word(struct emit *emit, const char *key, const char *value);
void emit_uint(struct emit *emit, const char *key, uint64_t value);
void emit_time(struct emit *emit, const char *key, int64_t time_ns);

/* A value inside an array, cut at `max`. */
void emit_value(struct emit *emit, struct bytes value, size_t max);

/* Characters of JSON that a value takes, without its quotes, and the longest beginning that takes no more than
 * `max`, in bytes of the value. */
size_t emit_width(struct bytes value);
size_t emit_fit(struct bytes value, size_t max);

#endif
