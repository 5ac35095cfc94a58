/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/tls_port.h"

#include <grpc/grpc_security.h>
#include <string.h>

#define PORT_NAME "external:rankguard"
/* The core's version in gRPC 1.51, Debian 12's: where grpc_core::TcpServerFdHandler is as below. */
#define KNOWN_CORE "29."

/* grpc_core::TcpServerFdHandler, as C sees it. */
struct acceptor {
	const struct acceptor_methods {
		void (*destroy)(struct acceptor *acceptor);
		void (*destroy_and_free)(struct acceptor *acceptor);
		/* listener: -1, not known; pending: bytes read already, NULL: none. Takes fd. */
		void (*handle)(struct acceptor *acceptor, int listener, int fd, grpc_byte_buffer *pending);
	} * methods;
};

static void *same(void *pointer)
{
	return pointer;
}

static void nothing(void *pointer)
{
	(void)pointer;
}

static int compare(void *a, void *b)
{
	return (a > b) - (a < b);
}

grpc_arg sidecar_tls_port_argument(struct sidecar_tls_port *port)
{
	static const grpc_arg_pointer_vtable borrowed = {.copy = same, .destroy = nothing, .cmp = compare};
	return (grpc_arg){.type = GRPC_ARG_POINTER,
			  .key = (char *)PORT_NAME,
			  .value.pointer = {.p = &port->acceptor, .vtable = &borrowed}};
}

/* Called by the core before each handshake, under its lock of the port. */
static grpc_ssl_certificate_config_reload_status fetch(void *ctx, grpc_ssl_server_certificate_config **config)
{
	struct sidecar_tls_port *port = ctx;
	uint64_t generation;
	struct sidecar_certificate *now = sidecar_tls_hold(port->tls, SIDECAR_SIDE_LISTEN, &generation);
	grpc_ssl_certificate_config_reload_status status = GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
	if (generation != port->generation) {
		grpc_ssl_pem_key_cert_pair pair = {.private_key = now->key.at, .cert_chain = now->cert.at};
		/* The core ends the process where there are no authorities, even when it never asks for a
		 * certificate; the own one then stands where nothing is looked up. */
		const char *authority = now->authority.len ? now->authority.at : now->cert.at;
		*config = grpc_ssl_server_certificate_config_create(authority, &pair, 1);
		port->generation = generation;
		status = GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
	}
	sidecar_certificate_drop(now);
	return status;
}

static grpc_server_credentials *credentials_new(struct sidecar_tls_port *port, bool clients)
{
	grpc_ssl_client_certificate_request_type request =
		clients ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
			: GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
	return grpc_ssl_server_credentials_create_with_options(
		grpc_ssl_server_credentials_create_options_using_config_fetcher(request, fetch, port));
}

bool sidecar_tls_port_open(struct sidecar_tls_port *port, grpc_server *server, bool clients, struct err *err)
{
	const char *version = grpc_version_string();
	if (strncmp(version, KNOWN_CORE, strlen(KNOWN_CORE)) != 0)
		return err_set(
			err,
			"tls: how this gRPC library (core %s) takes accepted sockets is not known; use "
			"Debian 12's (core 29)",
			version);
	grpc_server_credentials *credentials = credentials_new(port, clients);
	grpc_server_add_http2_port(server, PORT_NAME, credentials); /* the port's number is none */
	grpc_server_credentials_release(credentials);
	return port->acceptor || err_set(err, "tls: the gRPC library does not take the certificates");
}

void sidecar_tls_port_give(struct sidecar_tls_port *port, int fd)
{
	struct acceptor *acceptor = port->acceptor;
	acceptor->methods->handle(acceptor, -1, fd, NULL);
}
