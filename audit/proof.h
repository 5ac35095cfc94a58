/* SPDX-License-Identifier: Apache-2.0
 *
 * Proofs that need no log to be checked: an entry is in a log (RFC 6962 section 2.1.1), and a log has only grown
 * (section 2.1.2). They are checked by the algorithms of RFC 9162, sections 2.1.3.2 and 2.1.4.2.
 *
 * A proof of one entry is a file (c2sp.org/tlog-proof):
 *
 *     c2sp.org/tlog-proof@v1
 *     extra <base64>            may be missing; says nothing that is proven
 *     index <n>
 *     <base64 of a hash>        the path, the leaf's sibling first; as many as there are
 *     (blank line)
 *     <signed checkpoint>
 *
 * proof.c checks and reads, from memory alone; prove.c makes proofs from a log's hash tiles, which stay when
 * entries are pruned.
 */
#ifndef AUDIT_PROOF_H
#define AUDIT_PROOF_H

#include "audit/reader.h"

enum {
	AUDIT_PATH_MAX = 64,			      /* hashes: a size has 63 bits */
	AUDIT_PROOF_MAX = AUDIT_NOTE_MAX + 16 * 1024, /* bytes of a proof file */
};

struct audit_path {
	struct audit_hash hash[AUDIT_PATH_MAX];
	unsigned len;
};

/* Does the path lead from the leaf at `index` to the root of `size` leaves? */
bool audit_path_includes(struct audit_hasher *hasher, const struct audit_path *path, uint64_t index,
			 const struct audit_hash *leaf, uint64_t size, const struct audit_hash *root);

/* Does the path show that the tree of `size` begins with the tree of `old_size`? */
bool audit_path_extends(struct audit_hasher *hasher, const struct audit_path *path, uint64_t old_size,
			const struct audit_hash *old_root, uint64_t size, const struct audit_hash *root);

/* Appends the file. `note` is the signed checkpoint. */
void audit_proof_text(const struct audit_path *path, uint64_t index, struct bytes note, struct buf *text);

/* Reads the file strictly. *note borrows from the text; nothing of it is checked. */
MUST_USE bool audit_proof_parse(struct bytes text, struct audit_path *path, uint64_t *index,
				struct bytes *note, struct err *err);

/* From the tiles of a log, for any size up to that of its checkpoint. False: a tile is missing or too short. */
MUST_USE bool audit_prove_entry(struct audit_reader *reader, struct audit_hasher *hasher, uint64_t index,
				uint64_t size, struct audit_path *path, struct err *err);
MUST_USE bool audit_prove_growth(struct audit_reader *reader, struct audit_hasher *hasher, uint64_t old_size,
				 uint64_t size, struct audit_path *path, struct err *err);

/* The hash of a leaf, and the root at a size that is not 0, as the tiles have them. */
MUST_USE bool audit_prove_leaf(struct audit_reader *reader, uint64_t index, struct audit_hash *leaf,
			       struct err *err);
MUST_USE bool audit_prove_root(struct audit_reader *reader, struct audit_hasher *hasher, uint64_t size,
			       struct audit_hash *root, struct err *err);

#endif
