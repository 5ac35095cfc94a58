/* SPDX-License-Identifier: Apache-2.0
 *
 * The format on disk. All numbers of the journal are little-endian.
 *
 *     <dir>/audit.key                    the audit key, when none was configured (audit/key.h)
 *     <dir>/<epoch>/                     0001, 0002, ...: one log each
 *     <epoch>/lock                       empty; held with flock by the writer
 *     <epoch>/log.id                     signed note: "rankguard log\n" <origin> <vkey> <created>, one a line
 *     <epoch>/journal/<first index>.log  segments; the name is 20 decimal digits
 *     <epoch>/checkpoint                 signed note (audit/checkpoint.h)
 *     <epoch>/tile/...                   hash tiles and entry bundles (audit/tile.h)
 *     <epoch>/quarantine/<index>-<sequence>.tail    tails that recovery cut off, as they were
 *     <epoch>/quarantine/<first index>.log          segments that repair set aside, as they were
 *     <epoch>/pruned                     signed note (audit/pruned.h): entries below an index are gone by policy
 *     .tmp-*                             files being made; of no meaning, removed when the log is opened
 *
 * An epoch ends in one of three ways, and then the next one begins with an `open` that names it and its last
 * checkpoint: sealed (the last entry is a `close` that names the successor, and is signed; the journal is gone
 * then), abandoned (less than the checkpoint covers, or another key), repaired (a `gap` entry behind the next
 * epoch's `open`; the journal lies in quarantine/). An epoch without an entry is one that was being made: it does
 * not count while the one before it was not ended. A pruned epoch has log.id, checkpoint, hash tiles and `pruned`,
 * and neither entry bundles nor journal.
 *
 * Segment: one header block, then batches back to back, then zeros to the end of the file.
 *
 *     offset size
 *      0      8   magic "RGJRNL01"
 *      8      8   sequence: counts the segments that this log ever began, from 1
 *     16      8   first index: of the first entry that this segment holds
 *     24      8   size of the file in bytes
 *     32     32   log: SHA-256 of the origin, so that no other log's segment is taken for ours
 *     64     16   salt: random, so that no old or embedded bytes are taken for a batch of this segment
 *     80   4012   zeros
 *   4092      4   CRC-32C of bytes 0 .. 4091
 *
 * A segment that begins at index i replaces everything that segments of lower sequence say about index i and
 * above. So recovery and the way out of a failed write are one step: write the entries that count into a new
 * segment, sync it, and rename it into place.
 *
 * Batch: a header, entries in the form of C2SP bundles, zeros up to a multiple of 8.
 *
 *     offset size
 *      0      4   magic "RGB1"
 *      4      4   payload length in bytes, without the zeros behind it
 *      8      8   first index
 *     16      4   number of entries
 *     20      4   previous: CRC of the batch before this one; of a segment's first batch, the header's CRC
 *     24      4   CRC-32C of salt || this header without these four bytes || payload
 *     28      4   zero
 *     32          payload: (uint16 big-endian length || entry)*
 *
 * A batch is valid if and only if the magic, the index that is expected here, the previous CRC and the CRC are
 * right, the last four bytes and the zeros behind the payload are zero, it lies inside the segment, and its
 * payload is exactly as many entries as it says, at least one, none of them empty: audit_batch_check.
 *
 * One batch is written by one write and one fdatasync, and the next write begins after it. So a power cut or a
 * kill leaves at most one batch half-written: an invalid batch with only zeros or rubbish behind it is a torn
 * tail, an invalid batch with a valid one behind it is damage.
 */
#ifndef AUDIT_FORMAT_H
#define AUDIT_FORMAT_H

#include "audit/hash.h"
#include "proto/buf.h"
#include <assert.h>

enum audit_segment_offset {
	SEGMENT_MAGIC = 0,
	SEGMENT_SEQUENCE = 8,
	SEGMENT_FIRST = 16,
	SEGMENT_SIZE = 24,
	SEGMENT_LOG = 32,
	SEGMENT_SALT = 64,
	SEGMENT_ZEROS = 80,
	SEGMENT_CRC = 4092,
	SEGMENT_HEADER = 4096,
	SEGMENT_SALT_LEN = 16,
};

enum audit_batch_offset {
	BATCH_MAGIC = 0,
	BATCH_LENGTH = 4,
	BATCH_FIRST = 8,
	BATCH_COUNT = 16,
	BATCH_PREVIOUS = 20,
	BATCH_CRC = 24,
	BATCH_ZERO = 28,
	BATCH_HEADER = 32,
	BATCH_ALIGN = 8,
};

static_assert(SEGMENT_LOG + AUDIT_HASH_LEN == SEGMENT_SALT, "the log's hash ends where the salt begins");
static_assert(SEGMENT_SALT + SEGMENT_SALT_LEN == SEGMENT_ZEROS, "the salt ends where the zeros begin");
static_assert(SEGMENT_CRC + 4 == SEGMENT_HEADER, "the CRC ends the header block");
static_assert(SEGMENT_HEADER % BATCH_ALIGN == 0 && BATCH_HEADER % BATCH_ALIGN == 0, "batches are aligned");
static_assert(BATCH_CRC + 4 == BATCH_ZERO && BATCH_ZERO + 4 == BATCH_HEADER, "the CRC covers all but itself");

enum {
	AUDIT_SEGMENT_BYTES = 16 << 20, /* of a segment, unless a single batch needs more */
	AUDIT_SEGMENT_LEAST = 64 << 10,
	AUDIT_GROUP_BYTES = 1 << 20, /* a group commit takes no further append beyond this */
	AUDIT_BATCH_MAX = 1 << 30,   /* payload bytes of one append */
	AUDIT_BUNDLE_MAX = 256 * (2 + 65535),
	AUDIT_SEGMENT_NAME = 32, /* room for "journal/<20 digits>.log" and a NUL */
};

struct audit_segment_head {
	uint64_t sequence, first, size;
	struct audit_hash log;
	uint8_t salt[SEGMENT_SALT_LEN];
	uint32_t crc;
};

void audit_segment_name(uint64_t first, char name[AUDIT_SEGMENT_NAME]);

/* The first index of a file name inside journal/; false when it is not a segment's name. */
MUST_USE bool audit_segment_name_parse(const char *name, uint64_t *first);

/* Writes the header block; sets head->crc. */
void audit_segment_encode(struct audit_segment_head *head, uint8_t block[SEGMENT_HEADER]);

/* Reads a header block strictly. err: what is wrong with it. */
MUST_USE bool audit_segment_check(const uint8_t block[SEGMENT_HEADER], const struct audit_hash *log,
				  struct audit_segment_head *head, struct err *err);

/* What must hold of the next batch. */
struct audit_batch_place {
	const uint8_t *salt;
	uint64_t first;
	uint32_t previous;
};

struct audit_batch_view {
	uint64_t first;
	uint32_t count, crc;
	struct bytes payload; /* borrows from what was checked */
};

static inline size_t audit_batch_size(size_t payload)
{
	return (BATCH_HEADER + payload + BATCH_ALIGN - 1) / BATCH_ALIGN * BATCH_ALIGN;
}

/* Appends a batch to `to`; returns its CRC, the next batch's `previous`. */
uint32_t audit_batch_encode(const struct audit_batch_place *place, uint32_t count, const struct bytes *run,
			    size_t runs, struct buf *to);

/* The payload length that a header claims, 0 when it cannot be the header of a batch of `first` or, where
 * `first` is UINT64_MAX, of any batch. Looks at no more than BATCH_HEADER bytes. */
size_t audit_batch_claim(const uint8_t head[BATCH_HEADER], uint64_t first);

/* The one judge of batches: recovery, readers and verify ask it. `from` holds at least the whole claimed batch
 * or what there is of it. Returns NULL when valid (then *view is written), otherwise what is wrong. */
MUST_USE const char *audit_batch_check(struct bytes from, const struct audit_batch_place *place,
				       struct audit_batch_view *view);

/* The same without knowing place: the index after the last entry of a whole batch of this segment that begins
 * here; 0 when none does. */
uint64_t audit_batch_anywhere(struct bytes from, const uint8_t *salt);

#endif
