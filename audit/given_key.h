/* SPDX-License-Identifier: Apache-2.0
 *
 * A key as an auditor gives it on a command line: a verifier key, or PUB: and the base64 of a public key alone.
 * The public key decides whether a log is the right one: each epoch signs under a name of its own.
 */
#ifndef AUDIT_GIVEN_KEY_H
#define AUDIT_GIVEN_KEY_H

#include "audit/checkpoint.h"

/* name[0] is 0 when only a public key was given. */
MUST_USE bool audit_given_key(const char *text, struct audit_vkey *key, struct err *err);

/* Opens a signed checkpoint by the public key that was given, under the origin that it states itself. */
MUST_USE bool audit_given_key_open(const struct audit_vkey *key, struct bytes note,
				   struct audit_checkpoint *checkpoint, struct err *err);

#endif
