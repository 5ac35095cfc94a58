/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of recovery share: recover.c decides and acts, survey.c reads what the journal says beyond the
 * checkpoint and changes nothing, set_aside.c sets damage aside when repair was told to.
 */
#ifndef AUDIT_RECOVER_INSIDE_H
#define AUDIT_RECOVER_INSIDE_H

#include "audit/reader.h"
#include "audit/recover.h"

enum outcome {
	READY,
	REFUSED, /* err says why the log cannot be opened */
	DAMAGED, /* err names the place; only repair may go on */
	ABANDON, /* err says why this epoch must never be extended */
};

/* What the journal says beyond the checkpoint. */
struct survey {
	struct audit_reader reader;
	uint64_t begin; /* first entry that is not in a full bundle */
	uint64_t end;	/* entries that can be read */
	uint64_t bytes; /* that the journal's batches of them take */
	uint64_t sequence;
	bool clean;	 /* the last entry is `close` */
	int64_t last_ns; /* its time */
	bool sealed;	 /* and names a successor */
	struct buf head; /* entries from `begin` on that only the partial bundle holds */
	size_t head_count;
	struct buf torn, scratch;
};

/* Reads everything that is not in a full bundle. READY also when the epoch is empty. */
enum outcome survey_journal(const struct audit_recover_options *o, struct audit_recovered *r,
			    struct survey *s, struct audit_hasher *hasher, struct err *err);
void survey_done(struct survey *survey);

/* Of a damaged epoch: signs what can still be read, and notes in r->gap what is lost and which files are to be
 * set aside. Changes nothing but tiles and checkpoint. */
MUST_USE bool set_aside_note(const struct audit_recover_options *o, struct audit_recovered *r,
			     struct survey *s, const struct err *why, struct err *err);

#endif
