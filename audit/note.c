/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/note.h"

#include "audit/base64.h"
#include "proto/utf8.h"
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

enum { TYPE_ED25519 = 1, SIGNATURE_BYTES = 64, ID_BYTES = 4 };

#define DASH "\xe2\x80\x94 "

struct audit_signer {
	struct audit_vkey vkey;
	EVP_PKEY *key;
};

/* The spaces of Unicode (White_Space=yes) beyond ASCII, as UTF-8. */
static bool space_at(struct bytes text, size_t at)
{
	static const char *const spaces[] = {
		"\xc2\x85",	"\xc2\xa0",	"\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
		"\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
		"\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
		"\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
	};
	for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
		size_t len = strlen(spaces[i]);
		if (text.len - at >= len && memcmp(text.at + at, spaces[i], len) == 0)
			return true;
	}
	return false;
}

bool audit_name_valid(struct bytes name)
{
	if (name.len == 0 || name.len > AUDIT_NAME_MAX || !utf8_valid(name))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.at[i];
		if (c <= 0x20 || c == 0x7f || c == '+' || space_at(name, i))
			return false;
	}
	return true;
}

static uint32_t key_id(struct bytes name, const uint8_t public[AUDIT_PUBLIC_LEN])
{
	char text[AUDIT_NAME_MAX + 2 + AUDIT_PUBLIC_LEN];
	unsigned char hash[EVP_MAX_MD_SIZE];
	memcpy(text, name.at, name.len);
	text[name.len] = '\n';
	text[name.len + 1] = TYPE_ED25519;
	memcpy(text + name.len + 2, public, AUDIT_PUBLIC_LEN);
	if (!EVP_Digest(text, name.len + 2 + AUDIT_PUBLIC_LEN, hash, NULL, EVP_sha256(), NULL))
		abort();
	return (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 | (uint32_t)hash[2] << 8 | hash[3];
}

bool audit_vkey_make(struct bytes name, const uint8_t public[AUDIT_PUBLIC_LEN], struct audit_vkey *vkey,
		     struct err *err)
{
	if (!audit_name_valid(name))
		return err_set(
			err,
			"\"%.*s\" is not a key name; use 1 to %d bytes of UTF-8 without spaces, control "
			"characters and '+'",
			name.len > 300 ? 300 : (int)name.len, name.at ? name.at : "", AUDIT_NAME_MAX);
	struct audit_vkey made = {.id = key_id(name, public)};
	memcpy(made.name, name.at, name.len);
	memcpy(made.public, public, AUDIT_PUBLIC_LEN);
	*vkey = made;
	return true;
}

/* Takes everything before the last `mark` off the end: rest keeps what stands before it. */
static bool take_last(struct bytes *rest, char mark, struct bytes *field)
{
	for (size_t i = rest->len; i > 0; i--) {
		if (rest->at[i - 1] != mark)
			continue;
		*field = (struct bytes){rest->at + i, rest->len - i};
		rest->len = i - 1;
		return true;
	}
	return false;
}

bool audit_vkey_parse(struct bytes text, struct audit_vkey *vkey, struct err *err)
{
	static const char right[] = "a verifier key is <name>+<8 hex digits>+<base64 of 0x01 and an Ed25519 "
				    "public key>";
	struct bytes name = text, id, base64;
	uint8_t raw[1 + AUDIT_PUBLIC_LEN];
	size_t len;
	struct audit_vkey made;
	/* The base64 may hold a '+': its length is fixed, so it is cut off by length. */
	if (text.len < AUDIT_BASE64_LEN(sizeof raw) + 1)
		return err_set(err, "verifier key: too short; %s", right);
	base64 = (struct bytes){text.at + text.len - AUDIT_BASE64_LEN(sizeof raw),
				AUDIT_BASE64_LEN(sizeof raw)};
	name.len = text.len - base64.len - 1;
	if (text.at[name.len] != '+' || !take_last(&name, '+', &id) || id.len != 8)
		return err_set(err, "verifier key: parts are missing; %s", right);
	if (!audit_base64_read(base64, raw, sizeof raw, &len) || len != sizeof raw || raw[0] != TYPE_ED25519)
		return err_set(err, "verifier key: the last part is not an Ed25519 key; %s", right);
	if (!audit_vkey_make(name, raw + 1, &made, err))
		return false;
	char want[9];
	snprintf(want, sizeof want, "%08" PRIx32, made.id);
	if (!bytes_equal(id, bytes_of(want)))
		return err_set(err, "verifier key: its key ID is %.*s; name and key make %s", BYTES_ARG(id),
			       want);
	*vkey = made;
	return true;
}

void audit_vkey_text(const struct audit_vkey *vkey, char text[AUDIT_VKEY_LEN + 1])
{
	uint8_t raw[1 + AUDIT_PUBLIC_LEN] = {TYPE_ED25519};
	struct buf base64 = {0};
	memcpy(raw + 1, vkey->public, AUDIT_PUBLIC_LEN);
	audit_base64_add(&base64, raw, sizeof raw);
	if (base64.failed)
		abort();
	snprintf(text, AUDIT_VKEY_LEN + 1, "%s+%08" PRIx32 "+%.*s", vkey->name, vkey->id,
		 BYTES_ARG(buf_bytes(&base64)));
	buf_done(&base64);
}

struct audit_signer *audit_signer_new(struct bytes name, const uint8_t seed[AUDIT_SEED_LEN], struct err *err)
{
	uint8_t public[AUDIT_PUBLIC_LEN];
	size_t len = sizeof public;
	struct audit_signer *signer = calloc(1, sizeof *signer);
	if (signer)
		signer->key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, AUDIT_SEED_LEN);
	if (!signer || !signer->key || !EVP_PKEY_get_raw_public_key(signer->key, public, &len))
		err_set(err, "audit key: OpenSSL cannot make an Ed25519 key of the seed");
	else if (audit_vkey_make(name, public, &signer->vkey, err))
		return signer;
	audit_signer_free(signer);
	return NULL;
}

void audit_signer_free(struct audit_signer *signer)
{
	if (!signer)
		return;
	EVP_PKEY_free(signer->key); /* cleanses */
	free(signer);
}

const struct audit_vkey *audit_signer_vkey(const struct audit_signer *signer)
{
	return &signer->vkey;
}

bool audit_signer_seed(const struct audit_signer *signer, uint8_t seed[AUDIT_SEED_LEN])
{
	size_t len = AUDIT_SEED_LEN;
	return EVP_PKEY_get_raw_private_key(signer->key, seed, &len) && len == AUDIT_SEED_LEN;
}

bool audit_note_sign(const struct audit_signer *signer, struct bytes text, struct buf *note)
{
	uint8_t raw[ID_BYTES + SIGNATURE_BYTES] = {(uint8_t)(signer->vkey.id >> 24),
						   (uint8_t)(signer->vkey.id >> 16),
						   (uint8_t)(signer->vkey.id >> 8), (uint8_t)signer->vkey.id};
	size_t len = SIGNATURE_BYTES;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, signer->key) &&
		    EVP_DigestSign(ctx, raw + ID_BYTES, &len, (const unsigned char *)text.at, text.len);
	EVP_MD_CTX_free(ctx);
	buf_add_bytes(note, text);
	buf_printf(note, "\n" DASH "%s ", signer->vkey.name);
	audit_base64_add(note, raw, sizeof raw);
	buf_add_text(note, "\n");
	return good && !note->failed;
}

bool audit_note_split(struct bytes note, struct bytes *text, struct bytes *signatures, struct err *err)
{
	if (note.len > AUDIT_NOTE_MAX)
		return err_set(err, "note: %zu bytes; at most %d", note.len, AUDIT_NOTE_MAX);
	if (!utf8_valid(note))
		return err_set(err, "note: not UTF-8");
	for (size_t i = 0; i < note.len; i++)
		if ((unsigned char)note.at[i] < 0x20 && note.at[i] != '\n')
			return err_set(err, "note: control character at byte %zu", i);
	size_t split = 0;
	for (size_t i = note.len; i >= 2 && !split; i--)
		if (note.at[i - 1] == '\n' && note.at[i - 2] == '\n')
			split = i;
	if (split < 2 || split == note.len || note.at[note.len - 1] != '\n')
		return err_set(err, "note: no signature; a note is text, an empty line and signature lines");
	*text = (struct bytes){note.at, split - 1};
	*signatures = (struct bytes){note.at + split, note.len - split};
	return true;
}

static bool verify_signature(const struct audit_vkey *vkey, struct bytes text, const uint8_t *signature)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, vkey->public, AUDIT_PUBLIC_LEN);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = key && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) &&
		    EVP_DigestVerify(ctx, signature, SIGNATURE_BYTES, (const unsigned char *)text.at,
				     text.len) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return good;
}

/* One signature line without its newline: -1 malformed, 0 of another key, 1 ours and right, -2 ours, wrong. */
static int check_line(struct bytes line, const struct audit_vkey *vkey, struct bytes text)
{
	struct bytes name = line, base64;
	uint8_t raw[4096];
	size_t len;
	if (line.len < strlen(DASH) || memcmp(line.at, DASH, strlen(DASH)) != 0)
		return -1;
	name.at += strlen(DASH);
	name.len -= strlen(DASH);
	if (!take_last(&name, ' ', &base64) || !audit_name_valid(name) ||
	    !audit_base64_read(base64, raw, sizeof raw, &len) || len <= ID_BYTES)
		return -1;
	uint32_t id = (uint32_t)raw[0] << 24 | (uint32_t)raw[1] << 16 | (uint32_t)raw[2] << 8 | raw[3];
	if (id != vkey->id || !bytes_equal(name, bytes_of(vkey->name)))
		return 0;
	if (len != ID_BYTES + SIGNATURE_BYTES)
		return -1;
	return verify_signature(vkey, text, raw + ID_BYTES) ? 1 : -2;
}

bool audit_note_open(struct bytes note, const struct audit_vkey *vkey, bool canonical, struct bytes *text,
		     struct err *err)
{
	struct bytes body, rest;
	size_t lines = 0, ours = 0;
	if (!audit_note_split(note, &body, &rest, err))
		return false;
	while (rest.len > 0) {
		const char *end = memchr(rest.at, '\n', rest.len);
		struct bytes line = {rest.at, (size_t)(end - rest.at)};
		int found = check_line(line, vkey, body);
		lines++;
		if (found == -1)
			return err_set(err, "note: signature line %zu is malformed", lines);
		if (found == -2)
			return err_set(err, "note: the signature of %s is wrong: text or key were changed",
				       vkey->name);
		ours += found == 1;
		rest.at += line.len + 1;
		rest.len -= line.len + 1;
	}
	if (ours == 0)
		return err_set(err, "note: not signed by %s+%08" PRIx32, vkey->name, vkey->id);
	if (canonical && lines != 1)
		return err_set(err, "note: %zu signature lines; this log writes one", lines);
	*text = body;
	return true;
}
