/* SPDX-License-Identifier: Apache-2.0
 *
 * The sweep over every bit verifies the same four signatures a million times, which is a third of its time. Ed25519
 * is a pure function, so what was found right is right when key, signature and text are the same to the last byte;
 * anything else goes to OpenSSL. Linked with --wrap=EVP_DigestVerify. One thread verifies at a time.
 */
#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>

enum { KEY = 32, SIGNATURE = 64, TEXT = 600, KNOWN = 16 };

struct known {
	unsigned char key[KEY], signature[SIGNATURE], text[TEXT];
	size_t len;
};

/* The names are the linker's. */
int __real_EVP_DigestVerify(EVP_MD_CTX *ctx, const unsigned char *signature, size_t signature_len,
			    const unsigned char *text, size_t len);
int __wrap_EVP_DigestVerify(EVP_MD_CTX *ctx, const unsigned char *signature, size_t signature_len,
			    const unsigned char *text, size_t len);

static bool key_of(EVP_MD_CTX *ctx, unsigned char key[KEY])
{
	size_t len = KEY;
	EVP_PKEY *pkey = EVP_PKEY_CTX_get0_pkey(EVP_MD_CTX_get_pkey_ctx(ctx));
	return pkey && EVP_PKEY_get_raw_public_key(pkey, key, &len) == 1 && len == KEY;
}

static bool same(const struct known *a, const struct known *b)
{
	return a->len == b->len && memcmp(a->key, b->key, KEY) == 0 &&
	       memcmp(a->signature, b->signature, SIGNATURE) == 0 && memcmp(a->text, b->text, a->len) == 0;
}

int __wrap_EVP_DigestVerify(EVP_MD_CTX *ctx, const unsigned char *signature, size_t signature_len,
			    const unsigned char *text, size_t len)
{
	static struct known right[KNOWN];
	static size_t count;
	struct known now = {.len = len};
	bool small = signature_len == SIGNATURE && len <= TEXT && key_of(ctx, now.key);
	if (small) {
		memcpy(now.signature, signature, SIGNATURE);
		memcpy(now.text, text, len);
		for (size_t i = 0; i < count; i++)
			if (same(&right[i], &now))
				return 1;
	}
	int good = __real_EVP_DigestVerify(ctx, signature, signature_len, text, len);
	if (good == 1 && small && count < KNOWN)
		right[count++] = now;
	return good;
}
