/* SPDX-License-Identifier: Apache-2.0
 *
 * Verifying a log from its files alone: identity, signature, tree, entries and the links between epochs; with
 * `strict` also canonical entries, sizes of files, files that do not belong there, and the journal, so that
 * every single bit of the directory is accounted for.
 *
 * A log may be verified while its writer works: what the checkpoint at hand covers is held against it.
 * Memory does not grow with the log. One thread.
 */
#ifndef AUDIT_VERIFY_H
#define AUDIT_VERIFY_H

#include "audit/note.h"
#include <stdint.h>

struct audit_verify_epoch {
	unsigned number;    /* 0 when only one epoch's own directory was given */
	const char *origin; /* "" when it could not be read */
	const char *vkey;
	bool trusted;	  /* the key was among those given */
	bool live;	  /* a writer is at work */
	uint64_t size;	  /* entries under the checkpoint */
	const char *root; /* base64; "" when there is no checkpoint */
	uint64_t journal; /* entries beyond it */
	uint64_t held;	  /* lines of the checkpoints file that were held against this epoch */
	uint64_t findings;
};

struct audit_verify_options {
	const char *path;
	bool strict;
	const char *const *key;	 /* verifier keys, or PUB:<base64 of a public key> */
	size_t key_count;	 /* 0: the key that log.id states is believed */
	const char *checkpoints; /* file with checkpoint lines; may be NULL */
	/* All may be NULL. finding: `place: what is wrong`. note: what an operator should know. */
	void (*finding)(void *ctx, const char *text);
	void (*note)(void *ctx, const char *text);
	void (*epoch)(void *ctx, const struct audit_verify_epoch *epoch);
	void (*progress)(void *ctx, uint64_t done, uint64_t total);
	void *ctx;
};

enum audit_verdict {
	AUDIT_SOUND,
	AUDIT_UNSOUND, /* there were findings */
	AUDIT_BAD_KEY, /* a key is not one; err says which */
	AUDIT_CANNOT,  /* the system refused, or there is no log; err says what */
};
MUST_USE enum audit_verdict audit_verify(const struct audit_verify_options *options, struct err *err);

#endif
