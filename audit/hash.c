/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/hash.h"

#include <openssl/evp.h>
#include <stdlib.h>

bool audit_hasher_init(struct audit_hasher *hasher, struct err *err)
{
	*hasher = (struct audit_hasher){.md = EVP_MD_fetch(NULL, "SHA256", NULL), .ctx = EVP_MD_CTX_new()};
	if (hasher->md && hasher->ctx && EVP_DigestInit_ex2(hasher->ctx, hasher->md, NULL))
		return true;
	audit_hasher_done(hasher);
	return err_set(err,
		       "SHA-256: OpenSSL does not provide it; install libcrypto with its default provider");
}

void audit_hasher_done(struct audit_hasher *hasher)
{
	EVP_MD_CTX_free(hasher->ctx);
	EVP_MD_free(hasher->md);
	*hasher = (struct audit_hasher){0};
}

/* A started SHA-256 cannot fail on input; if OpenSSL says otherwise no hash can be trusted any more. */
static struct audit_hash hash_runs(struct audit_hasher *hasher, const struct bytes *run, size_t count)
{
	struct audit_hash hash;
	bool good = EVP_DigestInit_ex2(hasher->ctx, NULL, NULL);
	for (size_t i = 0; good && i < count; i++)
		good = EVP_DigestUpdate(hasher->ctx, run[i].at, run[i].len);
	if (!good || !EVP_DigestFinal_ex(hasher->ctx, hash.at, NULL))
		abort();
	return hash;
}

struct audit_hash audit_hash_leaf(struct audit_hasher *hasher, struct bytes entry)
{
	return hash_runs(hasher, (struct bytes[]){{"\0", 1}, entry}, 2);
}

struct audit_hash audit_hash_node(struct audit_hasher *hasher, const struct audit_hash *left,
				  const struct audit_hash *right)
{
	char both[1 + 2 * AUDIT_HASH_LEN] = {1};
	memcpy(both + 1, left->at, AUDIT_HASH_LEN);
	memcpy(both + 1 + AUDIT_HASH_LEN, right->at, AUDIT_HASH_LEN);
	return hash_runs(hasher, &(struct bytes){both, sizeof both}, 1);
}

struct audit_hash audit_hash_plain(struct audit_hasher *hasher, struct bytes from)
{
	return hash_runs(hasher, &from, 1);
}

void audit_hash_hex(const struct audit_hash *hash, char text[2 * AUDIT_HASH_LEN + 1])
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < AUDIT_HASH_LEN; i++) {
		text[2 * i] = digits[hash->at[i] >> 4];
		text[2 * i + 1] = digits[hash->at[i] & 15];
	}
	text[2 * AUDIT_HASH_LEN] = '\0';
}
