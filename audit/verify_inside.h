/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of verify share: verify.c goes over the epochs, verify_entry.c holds entries against each
 * other, verify_tree.c everything under the checkpoint, verify_journal.c what is beyond, verify_files.c looks at
 * the files themselves, verify_held.c at checkpoints that were kept elsewhere.
 */
#ifndef AUDIT_VERIFY_INSIDE_H
#define AUDIT_VERIFY_INSIDE_H

#include "audit/entry.h"
#include "audit/logdir.h"
#include "audit/verify.h"

struct verify_held {
	uint64_t size, line;
	struct audit_hash root;
};

struct verify {
	const struct audit_verify_options *o;
	struct audit_logdir logdir;
	struct audit_hasher hasher;
	uint64_t findings;

	/* of the epoch at hand */
	size_t at; /* in logdir */
	struct audit_reader reader;
	char place[AUDIT_EPOCH_NAME + 1]; /* "0001/", or "" */
	bool live;
	uint64_t epoch_findings, journal_entries;
	struct audit_tree tree;
	struct audit_tree scratch_tree;
	struct buf tile; /* file last read */
	struct buf above;
	struct buf scratch;

	/* entries so far */
	uint64_t next;
	int64_t time_ns;
	struct bytes part_type; /* static text of the types that are parted */
	unsigned part, parts;
	bool newest; /* the last epoch of several */
	bool sealed; /* the last entry is a `close` that names a successor: which is in `successor` */
	char successor[AUDIT_NAME_MAX + 1];
	uint64_t last_failure; /* index of the last `failure` entry; UINT64_MAX: none */

	/* the epoch before */
	char before[AUDIT_NAME_MAX + 1];
	char before_successor[AUDIT_NAME_MAX +
			      1]; /* that it names; "" when it was not sealed, or is not known */
	struct buf before_note;

	/* checkpoints kept elsewhere, of this epoch, by size */
	struct verify_held *held;
	size_t held_count, held_next;
};

/* One finding: `place: what is wrong`, with the epoch before it. */
__attribute__((format(printf, 2, 3))) void verify_find(struct verify *v, const char *format, ...);
__attribute__((format(printf, 2, 3))) void verify_note(struct verify *v, const char *format, ...);

/* Reads the tile of a level; compares its length with what it must be. False: it was a finding. */
MUST_USE bool verify_tile(struct verify *v, const struct audit_tile *tile);

void verify_entry(struct verify *v, uint64_t index, struct bytes leaf);
void verify_entries_end(struct verify *v);

/* Was the journal of the epoch at hand set aside by repair: has the next epoch a `gap` entry of it? */
MUST_USE bool verify_set_aside(struct verify *v);

/* False: err; what is wrong with the log is a finding and no error. */
MUST_USE bool verify_under_checkpoint(struct verify *v, struct err *err);
void verify_journal(struct verify *v);
void verify_files(struct verify *v);
void verify_top_files(struct verify *v);

/* Loads the lines of the checkpoints file that are of this epoch. False: err. */
MUST_USE bool verify_held_load(struct verify *v, struct err *err);
/* The tree has just reached a size. */
void verify_held_at(struct verify *v);
void verify_held_end(struct verify *v);
/* After all epochs: lines of this log's epochs that are not here. */
void verify_held_epochs(struct verify *v);

#endif
