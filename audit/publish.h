/* SPDX-License-Identifier: Apache-2.0
 *
 * Publishing: acknowledged entries become entry bundles and hash tiles, each written to a temporary file,
 * synced and renamed, then their directories are synced, and only then the checkpoint is signed. What is signed
 * is durable, and what was signed once stands for ever.
 *
 * The published bytes are read back from the journal, so what an auditor gets is what a restart would find.
 * One thread at a time.
 */
#ifndef AUDIT_PUBLISH_H
#define AUDIT_PUBLISH_H

#include "audit/checkpoint.h"
#include "audit/epoch.h"
#include "audit/io.h"
#include "audit/journal.h"
#include "audit/tree.h"

struct audit_publisher {
	const struct audit_io *io;
	int epoch;			       /* borrowed */
	const struct audit_signer *signer;     /* borrowed */
	const struct audit_identity *identity; /* borrowed */
	struct audit_hasher hasher;
	struct audit_tree tree; /* as signed last */
	struct audit_journal_point
		point;	     /* of the batch that holds the first entry of the bundle that is not full */
	struct buf note;     /* the checkpoint as signed last; empty when there is none */
	bool broken_journal; /* repair: segments without a valid header are passed over */
	bool unsure;	     /* directories may stand that were never synced: true at the start */
};

/* Signs the tree of the first `to` entries, all of which are durable and in the journal. False: nothing was
 * signed, and trying again is fine. */
MUST_USE bool audit_publish(struct audit_publisher *publisher, uint64_t to, struct err *err);

/* Loads the right edge of the tree under `checkpoint` from the tiles. AUDIT_UNREADABLE: a tile is missing or
 * the root is not the checkpoint's; err says which. */
MUST_USE enum audit_found audit_publish_load(int epoch, const struct audit_checkpoint *checkpoint,
					     struct audit_hasher *hasher, struct audit_tree *tree,
					     struct err *err);

/* Removes tiles that no checkpoint covers: a run was ended between writing and signing them. */
void audit_publish_trim(const struct audit_io *io, int epoch, uint64_t size);

/* Removes journal segments whose entries all stand in full bundles under a checkpoint of this size. */
void audit_publish_prune(const struct audit_io *io, int epoch, uint64_t size);

void audit_publisher_done(struct audit_publisher *publisher);

#endif
