/* SPDX-License-Identifier: Apache-2.0
 *
 * The admin listener: HTTP on a port of its own, never the data port; read-only.
 *   /healthz  200 while the process runs
 *   /readyz   200 when ready; 503 and one reason a line when not
 *   /metrics  Prometheus text
 *   /status   JSON: what is running and in force
 * Any other path 404, any method but GET and HEAD 405.
 */
#ifndef SIDECAR_ADMIN_H
#define SIDECAR_ADMIN_H

#include "proto/buf.h"

struct sidecar_admin;

/* Called on the listener's thread. */
struct sidecar_admin_source {
	/* Adds one line per reason why the daemon is not ready; nothing when it is. */
	void (*reasons)(void *ctx, struct buf *out);
	void (*metrics)(void *ctx, struct buf *out);
	void (*status)(void *ctx, struct buf *out);
	void *ctx;
};

/* address: "127.0.0.1:9901" or "[::1]:0"; not loopback is refused. Returns owned. */
MUST_USE struct sidecar_admin *sidecar_admin_start(const char *address, struct sidecar_admin_source source,
						   struct err *err);
unsigned sidecar_admin_port(const struct sidecar_admin *admin);
void sidecar_admin_stop(struct sidecar_admin *admin); /* waits for its thread; NULL is fine */

#endif
