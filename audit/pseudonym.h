/* SPDX-License-Identifier: Apache-2.0
 *
 * Pseudonyms and digests: HMAC-SHA-256 (RFC 2104) with the deployment's subject key. No user or session id
 * and no plain digest of a message or text ever stands in the log: a plain digest of a small message is
 * guessable.
 *
 * Thread: any; a key is immutable after it was loaded.
 */
#ifndef AUDIT_PSEUDONYM_H
#define AUDIT_PSEUDONYM_H

#include "proto/bytes.h"
#include "proto/err.h"

struct audit_subject_key;

/* Makes a new random key file (mode 0400, must not exist). */
MUST_USE bool audit_subject_key_create(const char *path, struct err *err);

/* Reads a key file: 64 hex digits and a newline; refused when others may read it. Returns owned. */
MUST_USE struct audit_subject_key *audit_subject_key_load(const char *path, struct err *err);
void audit_subject_key_free(struct audit_subject_key *key); /* cleanses; NULL is fine */

enum {
	AUDIT_PSEUDONYM_LEN = 32, /* hex digits: the first 16 bytes of the HMAC */
	AUDIT_DIGEST_LEN = 76,	  /* "hmac-sha256:" and 64 hex digits */
};

/* domain: "user" or "session"; HMAC(key, domain || 0x00 || id). Writes a NUL too. */
void audit_pseudonym(const struct audit_subject_key *key, const char *domain, struct bytes id,
		     char text[AUDIT_PSEUDONYM_LEN + 1]);

/* HMAC(key, "digest" || 0x00 || all runs together): one digest over a message that lies in pieces. */
void audit_digest(const struct audit_subject_key *key, const struct bytes *run, size_t count,
		  char text[AUDIT_DIGEST_LEN + 1]);

#endif
