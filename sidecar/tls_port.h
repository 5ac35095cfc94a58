/* SPDX-License-Identifier: Apache-2.0
 *
 * Where accepted sockets become TLS connections of the server.
 *
 * grpc_server_add_channel_from_fd takes insecure credentials alone, and a port that the core opens by itself has the
 * core's accept loop, which stops for good at its first error and knows no limit of connections (sidecar/listen.h).
 * The way between is the core's own for sockets that others accept: a port named `external:...` puts an acceptor
 * behind the channel argument of that name, and the acceptor takes sockets. C++ reaches it by
 * ServerBuilder::experimental().AddExternalConnectionAcceptor; from C its one method is called through its
 * table of virtual functions, whose layout the C++ ABI fixes (Itanium C++ ABI, 2.5: two destructors, then the
 * methods in order of declaration). Which library has that method there was looked at, so any other than that one is
 * refused at start.
 *
 * Certificates are fetched for each new connection: sidecar/tls.h, what is in force.
 */
#ifndef SIDECAR_TLS_PORT_H
#define SIDECAR_TLS_PORT_H

#include "sidecar/tls.h"
#include <grpc/grpc.h>

struct sidecar_tls_port {
	struct sidecar_tls *tls;
	uint64_t generation; /* of the certificates that the core has; 0: none yet */
	void *acceptor;	     /* the server's, from open until its shutdown */
};

/* The argument that the server must be made with. Borrows the port, which the server keeps. */
grpc_arg sidecar_tls_port_argument(struct sidecar_tls_port *port);

/* Opens the port on a server that has not been started. port->tls has certificates in force; applications are asked for one when
 * `clients` says so. */
MUST_USE bool sidecar_tls_port_open(struct sidecar_tls_port *port, grpc_server *server, bool clients,
				    struct err *err);

/* Takes an accepted socket; the server has been started and not been shut down. Thread: any one at a time. */
void sidecar_tls_port_give(struct sidecar_tls_port *port, int fd);

#endif
