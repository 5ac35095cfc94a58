/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/certificate_chain.h"

#include "audit/hash.h"
#include "proto/time.h"
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

enum { CERTIFICATES_MAX = 1024 };

/* The words of OpenSSL's latest error; the queue is empty afterwards. */
static const char *words(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());
	ERR_clear_error();
	return text ? text : "no reason given";
}

void sidecar_chain_free(struct stack_st_X509 *chain)
{
	sk_X509_pop_free(chain, X509_free);
}

/* ---- reading ---- */

/* Nobody can be asked for a password. */
static int no_password(char *password, int size, int writing, void *ctx)
{
	(void)password, (void)size, (void)writing, (void)ctx;
	return -1;
}

/* The end of a PEM text shows as "no start line"; everything else is a certificate that cannot be read. */
static bool at_end(void)
{
	unsigned long error = ERR_peek_last_error();
	return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

static bool read_all(BIO *in, struct stack_st_X509 *all, struct err *err)
{
	for (int count = 1;; count++) {
		X509 *one = PEM_read_bio_X509(in, NULL, no_password, NULL);
		if (!one && at_end())
			return count > 1 || err_set(err, "holds no certificate; PEM is expected, with a line "
							 "-----BEGIN CERTIFICATE-----");
		if (!one)
			return err_set(err, "certificate %d cannot be read: %s; write it again, whole", count,
				       words());
		if (count > CERTIFICATES_MAX || !sk_X509_push(all, one)) {
			X509_free(one);
			return err_set(err, "holds more than %d certificates; leave some out",
				       CERTIFICATES_MAX);
		}
	}
}

struct stack_st_X509 *sidecar_chain_read(const char *pem, struct err *err)
{
	struct stack_st_X509 *all = sk_X509_new_null();
	BIO *in = BIO_new_mem_buf(pem, -1);
	bool good = all && in ? read_all(in, all, err) : err_set(err, "memory is short");
	BIO_free(in);
	ERR_clear_error();
	if (good)
		return all;
	sidecar_chain_free(all);
	return NULL;
}

EVP_PKEY *sidecar_chain_key(const char *pem, struct err *err)
{
	BIO *in = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = in ? PEM_read_bio_PrivateKey(in, NULL, no_password, NULL) : NULL;
	if (!in)
		err_set(err, "memory is short");
	else if (!key && strstr(pem, "ENCRYPTED"))
		err_set(err,
			"is encrypted, and nobody can be asked for the password; write the key as it is, "
			"mode 0400");
	else if (!key && !strstr(pem, "PRIVATE KEY-----"))
		err_set(err, "holds no private key; PEM is expected, with a line -----BEGIN PRIVATE "
			     "KEY-----");
	else if (!key)
		err_set(err, "the private key cannot be read; write it again, whole");
	BIO_free(in);
	ERR_clear_error();
	return key;
}

/* ---- rules ---- */

bool sidecar_chain_links(struct stack_st_X509 *chain, struct err *err)
{
	for (int i = 0; i + 1 < sk_X509_num(chain); i++) {
		X509 *one = sk_X509_value(chain, i), *issuer = sk_X509_value(chain, i + 1);
		bool good = X509_check_issued(issuer, one) == X509_V_OK &&
			    X509_verify(one, X509_get0_pubkey(issuer)) == 1;
		ERR_clear_error();
		if (!good)
			return err_set(
				err,
				"certificate %d is not signed by certificate %d; write the own one first "
				"and behind each one its issuer",
				i + 1, i + 2);
	}
	return true;
}

bool sidecar_chain_serves(struct stack_st_X509 *chain, bool server, struct err *err)
{
	int purpose = server ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT;
	bool good = X509_check_purpose(sk_X509_value(chain, 0), purpose, 0) == 1;
	ERR_clear_error();
	return good ||
	       err_set(err, "certificate 1 is not for TLS %s; have it made with the extended key usage %s",
		       server ? "servers" : "clients", server ? "serverAuth" : "clientAuth");
}

/* Certificates without an end say the year 9999 (RFC 5280, 4.1.2.5): as far ahead as 64 bits reach. */
static int64_t nanoseconds(const ASN1_TIME *time)
{
	const int64_t most = INT64_MAX / TIME_SECOND;
	struct tm parts;
	int64_t seconds = ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : 0;
	seconds = seconds > most ? most : seconds < 0 ? 0 : seconds;
	return seconds * TIME_SECOND;
}

static bool in_time(X509 *one, int number, int64_t now_ns, struct err *err)
{
	char text[TIME_TEXT_LEN + 1];
	int64_t from = nanoseconds(X509_get0_notBefore(one)), until = nanoseconds(X509_get0_notAfter(one));
	bool early = now_ns < from;
	if (!early && now_ns <= until)
		return true;
	time_format(early ? from : until, text);
	return err_set(
		err,
		early ? "certificate %d is not valid before %s; look at the clock, or have it made anew"
		      : "certificate %d has expired at %s; have it made anew",
		number, text);
}

bool sidecar_chain_in_time(struct stack_st_X509 *chain, int64_t now_ns, struct err *err)
{
	for (int i = 0; i < sk_X509_num(chain); i++)
		if (!in_time(sk_X509_value(chain, i), i + 1, now_ns, err))
			return false;
	return true;
}

bool sidecar_chain_some_in_time(struct stack_st_X509 *all, int64_t now_ns, size_t *over, struct err *err)
{
	size_t late = 0;
	for (int i = 0; i < sk_X509_num(all); i++)
		late += !in_time(sk_X509_value(all, i), i + 1, now_ns, err);
	if (late == (size_t)sk_X509_num(all))
		return false; /* err says so of the last one */
	*over = late;
	return true;
}

bool sidecar_chain_matches(struct stack_st_X509 *chain, EVP_PKEY *key, struct err *err)
{
	bool good = X509_check_private_key(sk_X509_value(chain, 0), key) == 1;
	ERR_clear_error();
	return good || err_set(err, "is not the key of the certificate; write both of the same pair");
}

bool sidecar_chain_accepted(struct stack_st_X509 *chain, EVP_PKEY *key, struct err *err)
{
	SSL_CTX *context = SSL_CTX_new(TLS_method());
	bool good = context && SSL_CTX_use_certificate(context, sk_X509_value(chain, 0)) == 1 &&
		    SSL_CTX_use_PrivateKey(context, key) == 1;
	for (int i = 1; good && i < sk_X509_num(chain); i++)
		good = SSL_CTX_add1_chain_cert(context, sk_X509_value(chain, i)) == 1;
	SSL_CTX_free(context);
	return good || err_set(err, "the TLS library refuses the pair: %s; have it made with a stronger key",
			       words());
}

/* ---- what a chain tells ---- */

void sidecar_chain_span(struct stack_st_X509 *chain, int64_t *from_ns, int64_t *until_ns)
{
	*from_ns = 0;
	*until_ns = INT64_MAX;
	for (int i = 0; i < sk_X509_num(chain); i++) {
		int64_t from = nanoseconds(X509_get0_notBefore(sk_X509_value(chain, i)));
		int64_t until = nanoseconds(X509_get0_notAfter(sk_X509_value(chain, i)));
		*from_ns = from > *from_ns ? from : *from_ns;
		*until_ns = until < *until_ns ? until : *until_ns;
	}
}

void sidecar_chain_last(struct stack_st_X509 *all, int64_t *from_ns, int64_t *until_ns)
{
	*from_ns = *until_ns = 0;
	for (int i = 0; i < sk_X509_num(all); i++) {
		int64_t until = nanoseconds(X509_get0_notAfter(sk_X509_value(all, i)));
		if (until < *until_ns)
			continue;
		*until_ns = until;
		*from_ns = nanoseconds(X509_get0_notBefore(sk_X509_value(all, i)));
	}
}

void sidecar_chain_fingerprint(struct stack_st_X509 *chain, char text[65])
{
	struct audit_hash hash = {{0}};
	unsigned len = AUDIT_HASH_LEN;
	if (X509_digest(sk_X509_value(chain, 0), EVP_sha256(), hash.at, &len) == 1)
		audit_hash_hex(&hash, text);
}
