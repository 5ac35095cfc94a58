/* SPDX-License-Identifier: Apache-2.0
 *
 * The audit key's file: one line, a signer key in Go's note form, mode 0400. What counts is the seed: a log
 * signs under its own origin, whatever name the file gives the key.
 */
#ifndef AUDIT_KEY_H
#define AUDIT_KEY_H

#include "audit/note.h"

/* Makes a new random key under `name` (mode 0400; the file must not exist). *vkey may be NULL. */
MUST_USE bool audit_key_create(const char *path, struct bytes name, struct audit_vkey *vkey, struct err *err);

/* Reads a key file. Refused when others may read it. The caller cleanses the seed. */
MUST_USE bool audit_key_load(const char *path, uint8_t seed[AUDIT_SEED_LEN], struct audit_vkey *vkey,
			     struct err *err);

/* The seed of a signer key's text, without its newline. */
MUST_USE bool audit_key_parse(struct bytes text, uint8_t seed[AUDIT_SEED_LEN], struct audit_vkey *vkey,
			      struct err *err);

/* Writes a new secret file: mode 0400, must not exist, synced with its directory. */
MUST_USE bool audit_secret_write(const char *path, struct bytes text, struct err *err);

/* Reads a secret file of at most `max` bytes into `text` (cleansed and freed by the caller with
 * audit_secret_done). Refused when it is not a plain file or others may read it. */
MUST_USE bool audit_secret_read(const char *path, size_t max, struct buf *text, struct err *err);
void audit_secret_done(struct buf *text);

#endif
