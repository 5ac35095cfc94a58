/* SPDX-License-Identifier: Apache-2.0
 *
 * Epochs: the numbered logs of one log directory, and the identity of each (log.id).
 */
#ifndef AUDIT_EPOCH_H
#define AUDIT_EPOCH_H

#include "audit/hash.h"
#include "audit/io.h"
#include "audit/note.h"

enum {
	AUDIT_EPOCH_NAME = 12, /* "0001", with room for more digits and a NUL */
	AUDIT_EPOCH_MAX = 99999999,
};

void audit_epoch_name(unsigned epoch, char name[AUDIT_EPOCH_NAME]);

/* The number of an epoch's directory name; 0 when it is none. */
unsigned audit_epoch_parse(const char *name);

/* The epochs of a directory in order, as a list that the caller frees; *count may be 0. */
MUST_USE bool audit_epoch_list(int dir, unsigned **epochs, size_t *count, struct err *err);

/* log.id */
struct audit_identity {
	struct audit_vkey vkey; /* its name is the origin */
	int64_t created_ns;
	struct audit_hash log; /* SHA-256 of the origin */
};

/* Reads log.id strictly: the note must be signed by the key that it states. */
MUST_USE enum audit_found audit_identity_read(int epoch, struct audit_identity *identity, struct err *err);

/* Writes a new log.id and syncs the directory. */
MUST_USE bool audit_identity_write(const struct audit_io *io, int epoch, const struct audit_signer *signer,
				   int64_t created_ns, struct audit_identity *identity, struct err *err);

/* Is a writer at work in this epoch? Tries a shared lock for an instant. */
bool audit_epoch_live(int epoch);

#endif
