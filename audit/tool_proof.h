/* SPDX-License-Identifier: Apache-2.0
 *
 * Proofs as the verbs hand them out: never one that would not be accepted.
 */
#ifndef AUDIT_TOOL_PROOF_H
#define AUDIT_TOOL_PROOF_H

#include "audit/proof.h"
#include "audit/tool.h"

/* What a proof leads to: the log's own checkpoint, or an older one that the log was seen to extend. */
struct tool_anchor {
	struct audit_checkpoint checkpoint;
	struct bytes note;
};

/* Appends the .tlog-proof of an entry. False: err says which files are damaged. */
MUST_USE bool tool_proof_make(struct audit_reader *reader, const struct tool_anchor *anchor, uint64_t index,
			      struct buf *proof, struct err *err);

/* The entry itself, held against the hash that was signed. Anything but TOOL_YES was said on stderr. */
enum tool_exit tool_proof_entry(struct audit_reader *reader, uint64_t index, struct buf *entry);

/* An old checkpoint from a file: as it stands in a log, or as one line of an operator's central log; `-` is stdin. */
MUST_USE bool tool_proof_note(const char *path, struct buf *note, struct err *err);

/* Does the log begin with what `old` covers? False: err says what is wrong instead. */
MUST_USE bool tool_proof_extends(struct audit_reader *reader, const struct audit_checkpoint *old,
				 struct audit_path *path, struct err *err);

#endif
