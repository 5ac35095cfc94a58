/* SPDX-License-Identifier: Apache-2.0
 *
 * A sample that nobody but the auditor can steer, and that anybody can draw again.
 *
 * Each entry has a key: SHA-256 over three lines of text,
 *
 *     <root of the checkpoint in base64>\n<seed>\n<index>\n
 *
 * and the entries with the lowest keys are drawn. The operator signs the root before the auditor chooses the seed, so
 * neither can prefer an entry. By hand: printf '%s\n%s\n%s\n' ROOT SEED INDEX | sha256sum
 *
 * With strata (by rule, locale or day) each stratum gets the same number of draws. One that has fewer entries gives
 * the rest to the others; what cannot be divided goes to those with more entries, and among equals to later names.
 * An entry with interventions of several rules stands in several strata.
 *
 *     audit_sample_log(&sample, root)                     each log, before its entries
 *     audit_sample_offer(&sample, stratum, index, ...)    each entry
 *     audit_sample_draw(&sample)                          then stratum[i].drawn candidates of each, lowest keys first
 *
 * Memory: at most n candidates for each stratum. One thread.
 */
#ifndef AUDIT_SAMPLE_H
#define AUDIT_SAMPLE_H

#include "audit/hash.h"
#include "proto/buf.h"

enum {
	AUDIT_SAMPLE_MAX = 10000, /* draws */
	AUDIT_STRATA_MAX = 1000,
};

struct audit_candidate {
	struct audit_hash key;
	size_t log; /* the how many-th, from 0 */
	uint64_t index;
	unsigned leaves; /* 1, or the parts of the entry */
};

struct audit_stratum {
	struct buf name;
	uint64_t population; /* entries offered */
	struct audit_candidate
		*kept; /* owned; a heap, the highest key first; after the draw in order of keys */
	size_t count, room, drawn;
	size_t last_log; /* an entry is offered once, in whichever part */
	uint64_t last_index;
};

/* Begin with .seed (kept; not empty, without newline) and .n (1..AUDIT_SAMPLE_MAX). */
struct audit_sample {
	const char *seed;
	size_t n;
	struct audit_hasher hasher;
	struct buf head; /* root and seed of the log at hand */
	size_t logs;
	struct audit_stratum *stratum; /* owned; after the draw in order of names */
	size_t count, room;
};

MUST_USE bool audit_sample_init(struct audit_sample *sample, struct err *err);
MUST_USE bool audit_sample_log(struct audit_sample *sample, const struct audit_hash *root, struct err *err);
MUST_USE bool audit_sample_offer(struct audit_sample *sample, struct bytes stratum, uint64_t index,
				 unsigned leaves, struct err *err);
void audit_sample_draw(struct audit_sample *sample);
void audit_sample_done(struct audit_sample *sample); /* half-built is fine */

#endif
