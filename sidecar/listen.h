/* SPDX-License-Identifier: Apache-2.0
 *
 * Listen: our own accept loop. The core's stops for good at the first accept error (CVE-2023-4785), knows no
 * connection limit, and cannot say why a port is not to be had. Accepted sockets are handed to the server
 * with grpc_server_add_channel_from_fd, or through the port for TLS (sidecar/tls_port.h).
 */
#ifndef SIDECAR_LISTEN_H
#define SIDECAR_LISTEN_H

#include "sidecar/config.h"
#include "sidecar/talk.h"
#include "sidecar/tls_port.h"
#include <grpc/grpc.h>

struct sidecar_listener;

/* Binds all addresses; nothing is accepted yet. Refuses a port or socket in use, naming it. Borrows config
 * and talk, keeps them until stop. Returns owned. */
MUST_USE struct sidecar_listener *sidecar_listener_open(const struct sidecar_config *config,
							struct sidecar_talk *talk, struct err *err);

/* Binds and listens on one address, non-blocking; `name` is the option's, for messages. A socket file that a
 * killed process left is replaced. -1 and err on failure. */
MUST_USE int sidecar_listen_socket(const char *name, const char *text, struct err *err);

/* Connections taken at the same time from now on. Thread: any. */
void sidecar_listener_limit(struct sidecar_listener *listener, int connections);

/* Starts accepting on a thread of its own; `server` has been started. port: the server's for TCP connections, kept;
 * NULL: they are plain, as those of Unix sockets always are. */
MUST_USE bool sidecar_listener_start(struct sidecar_listener *listener, grpc_server *server,
				     struct sidecar_tls_port *port, struct err *err);

/* Stops accepting, closes the sockets and removes socket files; connections live on. NULL is fine. */
void sidecar_listener_stop(struct sidecar_listener *listener);
/* Stops and frees, after the server was destroyed. NULL is fine. */
void sidecar_listener_close(struct sidecar_listener *listener);

#endif
