/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/tool_proof.h"

#include "audit/tool_file.h"
#include "audit/tool_place.h"
#include <inttypes.h>
#include <stdio.h>

bool tool_proof_make(struct audit_reader *reader, const struct tool_anchor *anchor, uint64_t index,
		     struct buf *proof, struct err *err)
{
	const struct audit_checkpoint *checkpoint = &anchor->checkpoint;
	struct audit_hasher hasher;
	struct audit_path path;
	struct audit_hash leaf;
	if (!audit_hasher_init(&hasher, err))
		return false;
	bool good = audit_prove_leaf(reader, index, &leaf, err) &&
		    audit_prove_entry(reader, &hasher, index, checkpoint->size, &path, err);
	if (good && !audit_path_includes(&hasher, &path, index, &leaf, checkpoint->size, &checkpoint->root))
		good = err_set(err, "the hash tiles do not make the root that was signed; run verify");
	if (good)
		audit_proof_text(&path, index, anchor->note, proof);
	audit_hasher_done(&hasher);
	return good && (!proof->failed || err_set(err, "memory is short"));
}

enum tool_exit tool_proof_entry(struct audit_reader *reader, uint64_t index, struct buf *entry)
{
	struct audit_hasher hasher;
	struct audit_hash leaf, signed_leaf;
	struct err err;
	enum tool_exit result = tool_place_read(reader, index, entry);
	if (result != TOOL_YES)
		return result;
	if (!audit_hasher_init(&hasher, &err))
		return tool_fail(&err);
	leaf = audit_hash_leaf(&hasher, buf_bytes(entry));
	audit_hasher_done(&hasher);
	if (!audit_prove_leaf(reader, index, &signed_leaf, &err))
		return tool_fail(&err);
	if (audit_hash_equal(&leaf, &signed_leaf))
		return TOOL_YES;
	fprintf(stderr, "rankguard-audit: %s: entry %" PRIu64 " is not the one that was signed; run verify\n",
		reader->identity.vkey.name, index);
	return TOOL_NO;
}

bool tool_proof_note(const char *path, struct buf *note, struct err *err)
{
	struct buf text = {0};
	bool good = tool_file_read(path, AUDIT_NOTE_MAX, &text, err);
	if (good && !audit_checkpoint_find(buf_bytes(&text), note)) {
		buf_clear(note);
		buf_add_bytes(note, buf_bytes(&text));
	}
	if (good && note->failed)
		good = err_set(err, "memory is short");
	buf_done(&text);
	return good;
}

bool tool_proof_extends(struct audit_reader *reader, const struct audit_checkpoint *old,
			struct audit_path *path, struct err *err)
{
	struct audit_hasher hasher;
	const struct audit_checkpoint *now = &reader->checkpoint;
	if (old->size > now->size)
		return err_set(err,
			       "a checkpoint of %" PRIu64 " entries was signed; this log has %" PRIu64
			       ", so entries were cut off",
			       old->size, now->size);
	if (!audit_hasher_init(&hasher, err))
		return false;
	bool good = audit_prove_growth(reader, &hasher, old->size, now->size, path, err);
	if (good && !audit_path_extends(&hasher, path, old->size, &old->root, now->size, &now->root))
		good = err_set(err,
			       "the log does not begin with the %" PRIu64
			       " entries that were signed: it was changed below them, or its hash tiles are "
			       "damaged; run verify --checkpoints",
			       old->size);
	audit_hasher_done(&hasher);
	return good;
}
