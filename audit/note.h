/* SPDX-License-Identifier: Apache-2.0
 *
 * Signed notes (c2sp.org/signed-note v1.0.0) with Ed25519, and keys in the text forms of Go's
 * golang.org/x/mod/sumdb/note, so that its tools read and write them:
 *
 *     verifier key   <name>+<8 hex digits of the key ID>+<base64 of 0x01 || public key>
 *     signer key     PRIVATE+KEY+<name>+<8 hex digits>+<base64 of 0x01 || seed>
 *
 * Key ID: the first four bytes of SHA-256(name || 0x0a || 0x01 || public key), big-endian.
 * Thread: any; a signer is immutable after it was made.
 */
#ifndef AUDIT_NOTE_H
#define AUDIT_NOTE_H

#include "proto/buf.h"
#include "proto/err.h"

enum {
	AUDIT_NAME_MAX = 255,	    /* bytes of a key name or origin */
	AUDIT_NOTE_MAX = 64 * 1024, /* bytes of a note */
	AUDIT_SEED_LEN = 32,
	AUDIT_PUBLIC_LEN = 32,
	AUDIT_VKEY_LEN = AUDIT_NAME_MAX + 1 + 8 + 1 + 44, /* characters of a verifier key, without a NUL */
	AUDIT_SIGNATURE_LEN = 92, /* characters of base64(key ID || Ed25519 signature) */
};

struct audit_vkey {
	char name[AUDIT_NAME_MAX + 1];
	uint32_t id;
	uint8_t public[AUDIT_PUBLIC_LEN];
};

/* Not empty, at most AUDIT_NAME_MAX bytes of UTF-8 without control characters, spaces and '+'. */
bool audit_name_valid(struct bytes name);

MUST_USE bool audit_vkey_make(struct bytes name, const uint8_t public[AUDIT_PUBLIC_LEN],
			      struct audit_vkey *vkey, struct err *err);
MUST_USE bool audit_vkey_parse(struct bytes text, struct audit_vkey *vkey, struct err *err);
void audit_vkey_text(const struct audit_vkey *vkey, char text[AUDIT_VKEY_LEN + 1]);

struct audit_signer;

/* copies the seed. Returns owned; NULL and err when the name is not a key name. */
MUST_USE struct audit_signer *audit_signer_new(struct bytes name, const uint8_t seed[AUDIT_SEED_LEN],
					       struct err *err);
void audit_signer_free(struct audit_signer *signer); /* NULL is fine */

/* The seed again; the caller cleanses it. */
MUST_USE bool audit_signer_seed(const struct audit_signer *signer, uint8_t seed[AUDIT_SEED_LEN]);
const struct audit_vkey *audit_signer_vkey(const struct audit_signer *signer);

/* Appends the note of `text`, which ends in a newline, to `note`. False: memory is short. */
MUST_USE bool audit_note_sign(const struct audit_signer *signer, struct bytes text, struct buf *note);

/* Checks a note against one key. *text borrows from the note. Signatures of other keys are ignored; each of
 * ours must be right. `canonical`: nothing but our one signature line, as audit_note_sign writes it. */
MUST_USE bool audit_note_open(struct bytes note, const struct audit_vkey *vkey, bool canonical,
			      struct bytes *text, struct err *err);

/* The text of a note and its signature lines, without looking at signatures. */
MUST_USE bool audit_note_split(struct bytes note, struct bytes *text, struct bytes *signatures,
			       struct err *err);

#endif
