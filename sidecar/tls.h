/* SPDX-License-Identifier: Apache-2.0
 *
 * The certificates in force: what new connections of each side are made with. An exchange is one step under a lock:
 * whoever asks gets the old set or the new one, whole. Connections that stand keep what they were made with.
 *
 * Thread: any, where nothing else is said.
 */
#ifndef SIDECAR_TLS_H
#define SIDECAR_TLS_H

#include "sidecar/certificate.h"
#include "sidecar/talk.h"

struct sidecar_tls;

/* With no certificate in force. Keeps config and talk. Returns owned; NULL when memory is short. */
struct sidecar_tls *sidecar_tls_new(const struct sidecar_config *config, struct sidecar_talk *talk);
void sidecar_tls_free(struct sidecar_tls *tls); /* NULL is fine */

/* Takes the certificate and puts it in force, when it is another than before. True: it was another. */
bool sidecar_tls_put(struct sidecar_tls *tls, enum sidecar_side side, struct sidecar_certificate *certificate,
		     int64_t now_ns);
/* What is in force, held for the caller; NULL: that side is plain text. *generation: grows with each exchange. */
struct sidecar_certificate *sidecar_tls_hold(struct sidecar_tls *tls, enum sidecar_side side,
					     uint64_t *generation);
uint64_t sidecar_tls_generation(struct sidecar_tls *tls, enum sidecar_side side);
/* New files were refused, or taken again. */
void sidecar_tls_refused(struct sidecar_tls *tls, enum sidecar_side side, bool refused);

/* Says, once each, what is due and what has expired. */
void sidecar_tls_look(struct sidecar_tls *tls, int64_t now_ns);
/* Why nobody can connect any more, one reason a line. */
void sidecar_tls_reasons(struct sidecar_tls *tls, int64_t now_ns, struct buf *out);
/* Prometheus text. Nothing for a side in plain text. */
void sidecar_tls_render(struct sidecar_tls *tls, struct buf *out);
/* The member "certificates" of /status: a list, empty in plain text. Paths and dates, never keys. */
void sidecar_tls_status(struct sidecar_tls *tls, struct buf *out);

#endif
