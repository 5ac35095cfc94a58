/* SPDX-License-Identifier: Apache-2.0
 *
 * What one side of TLS is made of, read from the files that the configuration names and checked completely: own
 * certificate with its issuers, private key, authorities that the other side's certificate must come from. What
 * passes here, the gRPC library takes; what it would take and serve in vain (expired, for another use, a key
 * of another certificate) is refused.
 *
 *     group          own certificate and key          authorities
 *     tls            cert, key: of the listener       client_ca: of the applications
 *     upstream_tls   cert, key: of the client         ca: of the recommender
 *
 * Texts are PEM (RFC 7468). Files are read once: a pair is taken whole or not at all, and a half-written one does
 * not match. Counted: holders may be on different threads. The key's text is wiped when the last one drops it.
 */
#ifndef SIDECAR_CERTIFICATE_H
#define SIDECAR_CERTIFICATE_H

#include "sidecar/config.h"
#include <stdatomic.h>

enum sidecar_side { SIDECAR_SIDE_LISTEN, SIDECAR_SIDE_UPSTREAM, SIDECAR_SIDES };

/* The names of a side's options. */
struct sidecar_side_names {
	const char *group;	/* "tls" */
	const char *cert, *key; /* "tls.cert" */
	const char *authority;	/* "tls.client_ca" */
};
extern const struct sidecar_side_names sidecar_side_names[SIDECAR_SIDES];

/* until_ns 0: there is no certificate. */
struct sidecar_span {
	int64_t from_ns, until_ns;
};

struct sidecar_certificate {
	atomic_int holders;
	struct buf cert, key, authority; /* with a NUL behind the text; empty: none */
	char fingerprint[65];		 /* SHA-256 of the own certificate, hexadecimal; "": none */
	/* When they may be used: the own certificate and its issuers together, and the authority that lasts
	 * longest. */
	struct sidecar_span own, authorities;
};

/* How far a certificate's time has come: due in the last fifth of it, by when its renewal should have happened (the
 * usual tools renew at a third). */
enum sidecar_age { SIDECAR_FRESH, SIDECAR_DUE, SIDECAR_EXPIRED };
enum sidecar_age sidecar_span_age(struct sidecar_span span, int64_t now_ns);

/* True when the configuration asks for TLS on that side. */
bool sidecar_side_secure(const struct sidecar_config *config, enum sidecar_side side);

/* Its files, as the configuration names them; returns how many. */
enum { SIDECAR_SIDE_PATHS = 3 };
size_t sidecar_side_paths(const struct sidecar_config *config, enum sidecar_side side,
			  const char *path[SIDECAR_SIDE_PATHS]);

/* Reads the files of a side that is secure, and checks them when they are others than `before` (NULL: always), which
 * is held once more otherwise: what is in force is not judged again. Findings stand at the options' lines.
 * now_ns: since 1970. Returns owned (one holder); NULL when there is an error. Thread: any. */
MUST_USE struct sidecar_certificate *
sidecar_certificate_load(const struct sidecar_config *config, enum sidecar_side side,
			 struct sidecar_certificate *before, int64_t now_ns, struct rules_findings *findings);

struct sidecar_certificate *sidecar_certificate_hold(struct sidecar_certificate *certificate);
void sidecar_certificate_drop(struct sidecar_certificate *certificate); /* NULL is fine */

/* The same texts, byte for byte. */
bool sidecar_certificate_equal(const struct sidecar_certificate *a, const struct sidecar_certificate *b);

#endif
