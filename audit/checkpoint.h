/* SPDX-License-Identifier: Apache-2.0
 *
 * Checkpoints (c2sp.org/tlog-checkpoint v1.0.0): the text of a signed note that states origin, size and root.
 * We write no extension lines and accept none in our own logs.
 *
 * For operators' central logs a checkpoint is also one line, from which the note is rebuilt exactly:
 *
 *     checkpoint <origin> <size> <base64 root> <base64 of key ID and signature>
 */
#ifndef AUDIT_CHECKPOINT_H
#define AUDIT_CHECKPOINT_H

#include "audit/hash.h"
#include "audit/note.h"

struct audit_checkpoint {
	char origin[AUDIT_NAME_MAX + 1];
	uint64_t size; /* at most 2^63 - 1 */
	struct audit_hash root;
};

/* Appends the note's text. */
void audit_checkpoint_text(const struct audit_checkpoint *checkpoint, struct buf *text);

/* Reads the note's text strictly: what audit_checkpoint_text writes and nothing else. */
MUST_USE bool audit_checkpoint_parse(struct bytes text, struct audit_checkpoint *checkpoint, struct err *err);

/* Opens a signed checkpoint of the log of this key: origin must be the key's name. */
MUST_USE bool audit_checkpoint_open(struct bytes note, const struct audit_vkey *vkey,
				    struct audit_checkpoint *checkpoint, struct err *err);

/* Appends the one-line form of a signed checkpoint, without a newline. */
MUST_USE bool audit_checkpoint_line(struct bytes note, struct buf *line, struct err *err);

/* Finds a checkpoint line anywhere in a line of a log file and appends its note. False: none there. */
MUST_USE bool audit_checkpoint_find(struct bytes line, struct buf *note);

#endif
