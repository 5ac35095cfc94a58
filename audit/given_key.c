/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/given_key.h"

#include "audit/base64.h"

bool audit_given_key(const char *text, struct audit_vkey *key, struct err *err)
{
	size_t len;
	*key = (struct audit_vkey){{0}, 0, {0}};
	if (strncmp(text, "PUB:", 4) != 0)
		return audit_vkey_parse(bytes_of(text), key, err);
	if (audit_base64_read(bytes_of(text + 4), key->public, sizeof key->public, &len) &&
	    len == sizeof key->public)
		return true;
	return err_set(err, "%s: not a public key; write PUB: and the base64 of its 32 bytes", text);
}

bool audit_given_key_open(const struct audit_vkey *key, struct bytes note,
			  struct audit_checkpoint *checkpoint, struct err *err)
{
	struct bytes text, signatures;
	struct audit_checkpoint stated;
	struct audit_vkey vkey;
	return audit_note_split(note, &text, &signatures, err) &&
	       audit_checkpoint_parse(text, &stated, err) &&
	       audit_vkey_make(bytes_of(stated.origin), key->public, &vkey, err) &&
	       audit_checkpoint_open(note, &vkey, checkpoint, err);
}
