/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading the journal (audit/format.h): a snapshot of the segments that stand in <epoch>/journal, walked batch
 * by batch in index order. Segments are held open, so a writer that deletes them does not disturb the walk.
 *
 *     audit_journal_open(epoch, &log, &journal, err)
 *     audit_journal_seek(journal, index, NULL)
 *     while (audit_journal_next(journal, &batch, err) == AUDIT_JOURNAL_BATCH) ...
 *     audit_journal_tail(journal, &tail, err)        what stands where the walk stopped
 *
 * A walk reads ahead: what a live writer adds is seen from the next audit_journal_seek on, at the latest.
 *
 * Memory: one batch and 256 KiB. One thread at a time.
 */
#ifndef AUDIT_JOURNAL_H
#define AUDIT_JOURNAL_H

#include "audit/format.h"

struct audit_journal;

/* Where a walk may begin without reading from the start of a segment. Plain data. */
struct audit_journal_point {
	uint64_t sequence; /* 0: unknown */
	uint64_t offset, first;
	uint32_t previous;
};

struct audit_journal_batch {
	uint64_t first; /* index of the first entry in `entries` */
	size_t count;
	struct bytes entries; /* (length || entry)*; borrows until the next call */
};

enum audit_journal_step {
	AUDIT_JOURNAL_BATCH,
	AUDIT_JOURNAL_STOP, /* no valid batch here: the end, a torn tail or damage; ask audit_journal_tail */
	AUDIT_JOURNAL_DAMAGED, /* err names the place */
	AUDIT_JOURNAL_FAILED,  /* the system refused; err says what */
};

/* Lists and opens the segments of the epoch. `log` is SHA-256 of the origin. Returns BATCH and an owned journal
 * (which may have no segment at all), DAMAGED when a header is not valid, or FAILED. */
MUST_USE enum audit_journal_step audit_journal_open(int epoch, const struct audit_hash *log,
						    struct audit_journal **journal, struct err *err);

/* The same, passing over segments whose header is not valid: for repair alone. */
MUST_USE enum audit_journal_step audit_journal_open_some(int epoch, const struct audit_hash *log,
							 struct audit_journal **journal, struct err *err);
void audit_journal_close(struct audit_journal *journal); /* NULL is fine */

/* The index after the last entry of any valid batch anywhere in the segments, whatever lies before it; 0 when
 * there is none. Reads everything. */
uint64_t audit_journal_reach(const struct audit_journal *journal);

size_t audit_journal_segments(const struct audit_journal *journal);
uint64_t audit_journal_first(const struct audit_journal *journal);    /* lowest index that it may hold */
uint64_t audit_journal_sequence(const struct audit_journal *journal); /* highest; 0 when there is none */

/* The next batch will begin with entry `index`. `point`: where that may be found sooner, or NULL. */
void audit_journal_seek(struct audit_journal *journal, uint64_t index,
			const struct audit_journal_point *point);

/* Where the next batch begins; .first is the index after the last batch handed out. */
struct audit_journal_point audit_journal_here(const struct audit_journal *journal);

MUST_USE enum audit_journal_step audit_journal_next(struct audit_journal *journal,
						    struct audit_journal_batch *batch, struct err *err);

/* From now on the walk also looks at what stands behind the last batch of each segment that it leaves: zeros, or
 * what a write left behind that failed. */
void audit_journal_watch(struct audit_journal *journal);

/* The last segment left that had something there; false when none had. *next: index of the first entry of the
 * segment after it; *name borrows. */
bool audit_journal_leftover(const struct audit_journal *journal, uint64_t *next, uint64_t *offset,
			    const char **name);

/* Is a file of journal/ one of the segments that count? */
bool audit_journal_has(const struct audit_journal *journal, const char *name);

struct audit_journal_tail {
	enum audit_tail {
		AUDIT_TAIL_CLEAN,   /* zeros to the end of the file */
		AUDIT_TAIL_TORN,    /* something that is not a batch, and no batch behind it */
		AUDIT_TAIL_DAMAGED, /* a valid batch stands behind it */
	} kind;
	char name[AUDIT_SEGMENT_NAME];	/* of the segment; "" when there is none */
	uint64_t index;			/* of the entry that would come next */
	uint64_t sequence, offset, len; /* of what is torn, without the zeros behind it */
	const char *why;		/* static text */
};

/* After AUDIT_JOURNAL_STOP. `bytes`: receives what is torn; may be NULL. */
MUST_USE bool audit_journal_tail(struct audit_journal *journal, struct audit_journal_tail *tail,
				 struct buf *bytes, struct err *err);

#endif
