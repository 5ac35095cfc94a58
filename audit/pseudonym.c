/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/pseudonym.h"

#include "audit/key.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>

enum { KEY_BYTES = 32, HMAC_BYTES = 32 };

/* The keyed context is made once: each use starts from a copy of it. */
struct audit_subject_key {
	EVP_MAC *mac;
	EVP_MAC_CTX *keyed;
};

static const char digits[] = "0123456789abcdef";

static void write_hex(const unsigned char *from, size_t len, char *text)
{
	for (size_t i = 0; i < len; i++) {
		text[2 * i] = digits[from[i] >> 4];
		text[2 * i + 1] = digits[from[i] & 15];
	}
	text[2 * len] = '\0';
}

static bool read_hex(struct bytes text, unsigned char *to, size_t len)
{
	if (text.len != 2 * len)
		return false;
	for (size_t i = 0; i < 2 * len; i++) {
		const char *at = text.at[i] ? strchr(digits, text.at[i]) : NULL;
		if (!at)
			return false;
		to[i / 2] = (unsigned char)(to[i / 2] << 4 | (at - digits));
	}
	return true;
}

bool audit_subject_key_create(const char *path, struct err *err)
{
	unsigned char key[KEY_BYTES];
	char text[2 * KEY_BYTES + 2];
	if (RAND_priv_bytes(key, sizeof key) != 1)
		return err_set(err, "%s: the system gives no random bytes", path);
	write_hex(key, sizeof key, text);
	text[2 * KEY_BYTES] = '\n';
	bool good = audit_secret_write(path, (struct bytes){text, 2 * KEY_BYTES + 1}, err);
	OPENSSL_cleanse(key, sizeof key);
	OPENSSL_cleanse(text, sizeof text);
	return good;
}

static struct audit_subject_key *subject_key_new(const unsigned char raw[KEY_BYTES])
{
	struct audit_subject_key *key = calloc(1, sizeof *key);
	char sha256[] = "SHA256";
	OSSL_PARAM param[] = {OSSL_PARAM_construct_utf8_string("digest", sha256, 0),
			      OSSL_PARAM_construct_end()};
	if (!key)
		return NULL;
	key->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	key->keyed = key->mac ? EVP_MAC_CTX_new(key->mac) : NULL;
	if (key->keyed && EVP_MAC_init(key->keyed, raw, KEY_BYTES, param))
		return key;
	audit_subject_key_free(key);
	return NULL;
}

struct audit_subject_key *audit_subject_key_load(const char *path, struct err *err)
{
	struct buf text = {0};
	unsigned char raw[KEY_BYTES] = {0};
	struct audit_subject_key *key = NULL;
	bool good = audit_secret_read(path, 1024, &text, err);
	if (good) {
		struct bytes line = buf_bytes(&text);
		good = line.len == 2 * KEY_BYTES + 1 && line.at[line.len - 1] == '\n' &&
		       read_hex((struct bytes){line.at, line.len - 1}, raw, sizeof raw);
		if (!good)
			err_set(err,
				"%s: not a subject key; it must be 64 hex digits in lower case and a "
				"newline, as `rankguard-audit keygen --subject FILE` makes them",
				path);
	}
	if (good && !(key = subject_key_new(raw)))
		err_set(err, "%s: OpenSSL does not provide HMAC-SHA-256", path);
	OPENSSL_cleanse(raw, sizeof raw);
	audit_secret_done(&text);
	return key;
}

void audit_subject_key_free(struct audit_subject_key *key)
{
	if (!key)
		return;
	EVP_MAC_CTX_free(key->keyed); /* cleanses */
	EVP_MAC_free(key->mac);
	free(key);
}

/* No answer is better than a wrong pseudonym: OpenSSL failing here means that memory is gone. */
static void hmac_runs(const struct audit_subject_key *key, const char *domain, const struct bytes *run,
		      size_t count, unsigned char out[HMAC_BYTES])
{
	size_t len = 0;
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_dup(key->keyed);
	bool good = ctx && EVP_MAC_update(ctx, (const unsigned char *)domain, strlen(domain) + 1);
	for (size_t i = 0; good && i < count; i++)
		if (run[i].len > 0)
			good = EVP_MAC_update(ctx, (const unsigned char *)run[i].at, run[i].len);
	if (!good || !EVP_MAC_final(ctx, out, &len, HMAC_BYTES) || len != HMAC_BYTES)
		abort();
	EVP_MAC_CTX_free(ctx);
}

void audit_pseudonym(const struct audit_subject_key *key, const char *domain, struct bytes id,
		     char text[AUDIT_PSEUDONYM_LEN + 1])
{
	unsigned char out[HMAC_BYTES];
	hmac_runs(key, domain, &id, 1, out);
	write_hex(out, AUDIT_PSEUDONYM_LEN / 2, text);
}

void audit_digest(const struct audit_subject_key *key, const struct bytes *run, size_t count,
		  char text[AUDIT_DIGEST_LEN + 1])
{
	static const char head[] = "hmac-sha256:";
	unsigned char out[HMAC_BYTES];
	hmac_runs(key, "digest", run, count, out);
	memcpy(text, head, strlen(head));
	write_hex(out, HMAC_BYTES, text + strlen(head));
}
