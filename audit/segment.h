/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing the journal: one segment at a time (audit/format.h).
 *
 *     audit_segment_prepare(place, size, &spare)       a file of zeros, synced, without a meaning yet
 *     audit_segment_begin(place, &spare, first, &s)    header, sync, rename, sync of journal/
 *     audit_segment_write(place, &s, ...)              one batch, one write; then sync it
 *     audit_segment_sync(place, &s)
 *
 * A write or sync that failed has spoiled the segment: it is closed and never touched again.
 * One thread at a time for each segment; preparing a spare may run beside it.
 */
#ifndef AUDIT_SEGMENT_H
#define AUDIT_SEGMENT_H

#include "audit/format.h"
#include "audit/io.h"

struct audit_segment_place {
	const struct audit_io *io;
	int epoch; /* directory; borrowed */
	struct audit_hash log;
};

struct audit_spare {
	int fd; /* -1: none */
	char temp[40];
	uint64_t size;
};

struct audit_segment {
	int fd; /* -1: none */
	struct audit_segment_head head;
	uint64_t offset; /* of the next write */
	uint64_t next;	 /* index of the next entry */
	uint32_t previous;
	struct buf frame; /* batches that are not written yet; reused */
};

/* name: "spare" or "recovery": the temporary file is .tmp-<name> in the epoch's directory. The first `filled`
 * bytes are left for the caller to write before audit_segment_publish, which syncs: they are not zeroed first. */
MUST_USE bool audit_segment_prepare(const struct audit_segment_place *place, const char *name, uint64_t size,
				    uint64_t filled, struct audit_spare *spare, struct err *err);
void audit_spare_drop(const struct audit_segment_place *place, struct audit_spare *spare); /* removes it */

/* Takes the spare: writes the header. It is not in the journal until audit_segment_publish. */
MUST_USE bool audit_segment_begin(const struct audit_segment_place *place, struct audit_spare *spare,
				  uint64_t sequence, uint64_t first, struct audit_segment *segment,
				  struct err *err);

/* Syncs everything and renames the file to its name in journal/: from now on it counts. `temp` as in the
 * spare. */
MUST_USE bool audit_segment_publish(const struct audit_segment_place *place, struct audit_segment *segment,
				    const char *temp, struct err *err);

/* Is there room for a batch of this payload? */
bool audit_segment_fits(const struct audit_segment *segment, size_t payload);

/* A batch behind those that were added, and the one write of all that were. */
MUST_USE bool audit_segment_add(struct audit_segment *segment, uint32_t count, const struct bytes *run,
				size_t runs, struct err *err);
MUST_USE bool audit_segment_flush(const struct audit_segment_place *place, struct audit_segment *segment,
				  struct err *err);

/* Writes one batch with one write. */
MUST_USE bool audit_segment_write(const struct audit_segment_place *place, struct audit_segment *segment,
				  uint32_t count, const struct bytes *run, size_t runs, struct err *err);
MUST_USE bool audit_segment_sync(const struct audit_segment_place *place, struct audit_segment *segment,
				 struct err *err);

void audit_segment_close(struct audit_segment *segment); /* zeroed is not fine: fd must be -1 */

#endif
