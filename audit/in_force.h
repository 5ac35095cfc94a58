/* SPDX-License-Identifier: Apache-2.0
 *
 * The rule text in force at one time: the files of the last `ruleset` entry before it, byte for byte, if the log
 * was running then.
 *
 *     struct audit_in_force in_force = {.at_ns = ...};
 *     for each epoch in order: in_force.line.epoch = number; audit_in_force_leaf(&in_force, index, leaf, &err)
 *     audit_in_force_end(&in_force, &err);
 *     audit_in_force_done(&in_force);
 *
 * Memory: one ruleset, at most AUDIT_SELECT_MAX.
 */
#ifndef AUDIT_IN_FORCE_H
#define AUDIT_IN_FORCE_H

#include "audit/timeline.h"

struct audit_in_force_file {
	struct buf name, text;
};

/* Zeroed but for at_ns. */
struct audit_in_force {
	int64_t at_ns;
	struct audit_timeline line;
	bool passed;		  /* an entry after at_ns was seen */
	bool next_starts;	  /* and it was the start of another run */
	int64_t next_ns, last_ns; /* of the entries around at_ns; 0: there is none */
	bool running;		  /* as the last entry before at_ns left it */
	bool found;		  /* a ruleset of that run */
	int64_t since_ns;
	unsigned epoch; /* where its entry stands */
	uint64_t index;
	struct buf name, version, digest; /* as the entry states them; version may be empty */
	struct audit_in_force_file *file; /* owned */
	size_t count, room, bytes;
	unsigned part, parts; /* of its entry, as far as seen */
};

/* False: err says which entry is wrong, or that memory is short. */
MUST_USE bool audit_in_force_leaf(struct audit_in_force *in_force, uint64_t index, struct bytes leaf,
				  struct err *err);

/* After the last leaf: was a ruleset in force, is it whole, and do its files make its digest? False: err says. */
MUST_USE bool audit_in_force_end(struct audit_in_force *in_force, struct err *err);
void audit_in_force_done(struct audit_in_force *in_force);

#endif
