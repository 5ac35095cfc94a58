/* SPDX-License-Identifier: Apache-2.0
 *
 * Bundles of one epoch in order, read and hashed by a thread of their own while the caller works on the one before.
 * Hashing is most of what it costs to go over a log, so two cores take half the time.
 *
 *     struct audit_ahead *ahead = audit_ahead_new(&reader, &err);
 *     while ((bundle = audit_ahead_next(ahead))) ...
 *     audit_ahead_free(ahead);
 *
 * Memory: AUDIT_AHEAD bundles, whatever the size of the log. The caller is one thread. Inside audit/ only.
 */
#ifndef AUDIT_AHEAD_H
#define AUDIT_AHEAD_H

#include "audit/hash.h"
#include "audit/reader.h"

enum { AUDIT_AHEAD = 3 };

struct audit_ahead_bundle {
	uint64_t n;
	unsigned width; /* entries that stand under the checkpoint */
	bool found;	/* else err says why not */
	bool exact;	/* the file holds nothing more */
	struct bytes entries;
	struct audit_hash leaf[AUDIT_TILE_WIDTH]; /* theirs; `width` of them */
	struct err err;
};

/* From the first bundle that is not pruned up to the checkpoint. Keeps the reader, whose other calls stay free to
 * use. Returns owned; NULL and err. Where no thread can be had the caller's own does the work. */
MUST_USE struct audit_ahead *audit_ahead_new(const struct audit_reader *reader, struct err *err);

/* The next bundle, also one that could not be read. Borrows until the next call. NULL: that was the last. */
const struct audit_ahead_bundle *audit_ahead_next(struct audit_ahead *ahead);

void audit_ahead_free(struct audit_ahead *ahead); /* NULL is fine; also before the last bundle */

#endif
