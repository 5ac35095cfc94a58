/* SPDX-License-Identifier: Apache-2.0
 *
 * One epoch as everybody but its writer sees it: what is under the checkpoint comes from the entry bundles,
 * what is beyond it from the journal. A writer may be at work all the while.
 *
 * The journal's segments are opened before the checkpoint is read. So whatever the writer publishes and deletes
 * meanwhile, no entry falls between the two.
 *
 * Memory: one bundle and one batch. One thread at a time.
 */
#ifndef AUDIT_READER_H
#define AUDIT_READER_H

#include "audit/checkpoint.h"
#include "audit/epoch.h"
#include "audit/journal.h"
#include "audit/tile.h"

struct audit_reader {
	int epoch; /* owned */
	unsigned number;
	struct audit_identity identity;
	struct audit_journal *journal; /* NULL when it is damaged: see journal_err */
	struct err journal_err;
	bool signed_once;		    /* there is a checkpoint */
	struct audit_checkpoint checkpoint; /* size 0 when there is none */
	struct buf note;		    /* the checkpoint as it stands */
	uint64_t pruned; /* entries below are gone by the log's own policy, and a signed note says so */
	struct buf file; /* the bundle last read */
};

/* dir: the log directory. Checks log.id and the checkpoint's signature by the key of log.id; whether that key
 * is the right one is for the caller. On failure nothing is kept. */
MUST_USE bool audit_reader_open(struct audit_reader *reader, int dir, unsigned epoch, struct err *err);

/* The same where the epoch's own directory is at hand; takes `epoch`, also on failure. */
MUST_USE bool audit_reader_open_at(struct audit_reader *reader, int epoch, struct err *err);
void audit_reader_close(struct audit_reader *reader); /* zeroed is not fine: epoch must be -1 */

/* Entries of bundle n that stand under the checkpoint: 256, fewer in the last one, 0 behind it. */
unsigned audit_reader_width(const struct audit_reader *reader, uint64_t n);

/* Its entries are all gone by the log's own policy. */
bool audit_reader_bundle_pruned(const struct audit_reader *reader, uint64_t n);

/* The first `width` entries of bundle n, from the partial file or the full one. *exact: the file holds nothing
 * more. Borrows until the next call. False: err names the file. */
MUST_USE bool audit_reader_bundle(struct audit_reader *reader, uint64_t n, unsigned width,
				  struct bytes *bundle, bool *exact, struct err *err);

/* The same into a buffer of the caller's, which `bundle` borrows from. Thread: any. */
MUST_USE bool audit_bundle_read(int epoch, uint64_t n, unsigned width, struct buf *file, struct bytes *bundle,
				bool *exact, struct err *err);

/* Reads a tile file; with `fallback` also the full tile's beginning where the partial one is gone. */
MUST_USE enum audit_found audit_tile_read(int epoch, const struct audit_tile *tile, bool fallback,
					  struct buf *file, bool *partial, struct err *err);

/* Entries [from, to) in order; ends early without an error where the journal ends. *next: the index after the
 * last one seen. An error where `from` is below reader->pruned: whoever passes over pruned entries begins there. */
MUST_USE bool audit_reader_walk(struct audit_reader *reader, uint64_t from, uint64_t to,
				bool (*see)(void *ctx, uint64_t index, struct bytes leaf), void *ctx,
				uint64_t *next, struct err *err);

#endif
