/* SPDX-License-Identifier: Apache-2.0
 *
 * Making one directory ready for its writer: locks, finds or makes the epoch, proves that what is on disk is
 * what was signed, and hands over a new journal segment that holds every entry that is not in a full bundle.
 *
 *     torn tail                        cut off, kept in quarantine/, the log goes on
 *     damage in the middle             refused; the message names the place and the way out
 *     less than the checkpoint covers,
 *     or another root, or another key  this epoch is never extended: a new one begins and names it
 *
 * Nothing that was read is trusted to be on disk because it reads well: entries count from the moment when they
 * stand in the new segment and that is synced. Being ended at any point and run again gives the same result.
 */
#ifndef AUDIT_RECOVER_H
#define AUDIT_RECOVER_H

#include "audit/checkpoint.h"
#include "audit/epoch.h"
#include "audit/journal.h"
#include "audit/segment.h"
#include "audit/tree.h"

struct audit_recover_options {
	const struct audit_io *io;
	const char *directory, *origin, *identity;
	const uint8_t *seed;
	uint64_t segment_bytes;
	int64_t now_ns;
	bool look_only;	 /* tell what stands there and change nothing; *recovered holds `look` alone then */
	bool accept_gap; /* damage is set aside and a new epoch begins: repair */
	void (*talk)(void *ctx, char severity, const char *text);
	void *talk_ctx;
};

/* What was looked at. */
enum audit_look {
	AUDIT_LOOK_FAILED,    /* it could not be read, or another process has it */
	AUDIT_LOOK_WHOLE,     /* a writer goes on with it */
	AUDIT_LOOK_ABANDONED, /* a writer begins a new epoch by itself */
	AUDIT_LOOK_DAMAGED,   /* a writer refuses it */
};

/* Damage that was set aside. */
struct audit_gap {
	bool found;
	char origin[AUDIT_NAME_MAX + 1];
	uint64_t from, to;
	char reason[512];
	unsigned epoch; /* its number */
	struct audit_gap_file {
		char from[64], to[64]; /* below the epoch; to "": it stays where it is */
		char digest[80];
		uint64_t bytes;
	} * file; /* owned */
	size_t file_count;
};
void audit_gap_done(struct audit_gap *gap);

/* Moves the files into quarantine/, after the `gap` entry is durable. Doing it again is fine. */
MUST_USE bool audit_gap_move(const struct audit_io *io, int directory, const struct audit_gap *gap,
			     struct err *err);

struct audit_recovered {
	int directory; /* owned; locked */
	int epoch;     /* owned */
	int lock;      /* owned */
	unsigned number;
	struct audit_identity identity;
	struct audit_signer *signer;	    /* owned */
	struct audit_checkpoint checkpoint; /* size 0 when there is none */
	struct buf note;		    /* owned: the checkpoint as it stands */
	struct audit_tree *tree;	    /* owned: under the checkpoint */
	struct audit_segment segment;	    /* owned: in the journal, synced */
	struct audit_journal_point point;   /* its first batch */
	uint64_t size;			    /* entries of this epoch */
	bool clean;			    /* the last entry is `close`, or there is none */
	int64_t last_ns; /* time of the last entry: a clock that was put back meanwhile goes on from there */
	bool sealed;	 /* that `close` names a successor and is signed: only while recovering */
	enum audit_look look;
	struct audit_gap gap;	       /* owned */
	uint64_t rewritten;	       /* entries beyond the checkpoint */
	struct audit_journal_tail cut; /* kind TORN when a tail was cut */
	char cut_file[64], cut_digest[80];
	char predecessor[AUDIT_NAME_MAX + 1];	 /* origin of the epoch before; "" when there is none */
	struct buf predecessor_note;		 /* owned: its last checkpoint */
	char why[sizeof((struct err *)0)->text]; /* why a new epoch had to begin; "" when it did not */
};

MUST_USE bool audit_recover(const struct audit_recover_options *options, struct audit_recovered *recovered,
			    struct err *err);
void audit_recovered_done(struct audit_recovered *recovered); /* half-built is fine */

/* Makes the epoch that will follow while its predecessor is still written: an empty one, locked. directory is
 * borrowed. The signer's key is that of options->seed. */
MUST_USE bool audit_recover_next(const struct audit_recover_options *options, int directory, unsigned number,
				 struct audit_recovered *recovered, struct err *err);

/* Looks again at the epoch before, for `open`. False: it has no checkpoint. */
bool audit_recover_predecessor(struct audit_recovered *recovered);

/* Writes entries [from, to) of the journal, and before them `head` (`head_count` entries that begin at `from`,
 * may be none), into a new segment, syncs it and puts it in place. */
struct audit_rewrite {
	const struct audit_segment_place *place;
	struct audit_journal *journal; /* NULL when all entries are in head, or there are none */
	struct bytes head;
	size_t head_count;
	uint64_t from, to, sequence, room; /* room: bytes for what will be appended */
	bool bytes_known; /* `bytes` is what the journal's batches take; else they are walked to count it */
	uint64_t bytes;
};
MUST_USE bool audit_rewrite(const struct audit_rewrite *rewrite, struct audit_segment *segment,
			    struct err *err);

#endif
