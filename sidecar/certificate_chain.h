/* SPDX-License-Identifier: Apache-2.0
 *
 * The validity rules of certificates, each once, on what OpenSSL parsed (X.509: RFC 5280; order of a chain:
 * RFC 8446, 4.4.2). Positions in messages count from 1, as they stand in the file.
 */
#ifndef SIDECAR_CERTIFICATE_CHAIN_H
#define SIDECAR_CERTIFICATE_CHAIN_H

#include "proto/err.h"
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All certificates of a PEM text, in its order; at least one. Returns owned. */
MUST_USE struct stack_st_X509 *sidecar_chain_read(const char *pem, struct err *err);
void sidecar_chain_free(struct stack_st_X509 *chain); /* NULL is fine */
/* The private key of a PEM text, which must not be encrypted. Returns owned (EVP_PKEY_free). */
MUST_USE EVP_PKEY *sidecar_chain_key(const char *pem, struct err *err);

/* Each certificate is signed by the one behind it. */
MUST_USE bool sidecar_chain_links(struct stack_st_X509 *chain, struct err *err);
/* The first may be shown by a server, or by a client (key usage and extended key usage). */
MUST_USE bool sidecar_chain_serves(struct stack_st_X509 *chain, bool server, struct err *err);
/* All may be used now. */
MUST_USE bool sidecar_chain_in_time(struct stack_st_X509 *chain, int64_t now_ns, struct err *err);
/* At least one may be used now; *over: how many may not. */
MUST_USE bool sidecar_chain_some_in_time(struct stack_st_X509 *all, int64_t now_ns, size_t *over,
					 struct err *err);
/* The key is that of the first certificate. */
MUST_USE bool sidecar_chain_matches(struct stack_st_X509 *chain, EVP_PKEY *key, struct err *err);
/* libssl takes both, with the security level of this machine (key sizes, digests). */
MUST_USE bool sidecar_chain_accepted(struct stack_st_X509 *chain, EVP_PKEY *key, struct err *err);

/* When all may be used: from the latest beginning until the earliest end. */
void sidecar_chain_span(struct stack_st_X509 *chain, int64_t *from_ns, int64_t *until_ns);
/* When the one that lasts longest may be used. */
void sidecar_chain_last(struct stack_st_X509 *all, int64_t *from_ns, int64_t *until_ns);
/* SHA-256 over the first one's DER, hexadecimal. */
void sidecar_chain_fingerprint(struct stack_st_X509 *chain, char text[65]);

#endif
