/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/admin.h"

#include "sidecar/config.h"
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	CONNECTIONS_MAX = 16,
	IDLE_SECONDS = 10,
	REQUEST_MEMORY = 16384, /* bytes for one request's head */
};

struct sidecar_admin {
	struct sidecar_admin_source source;
	struct MHD_Daemon *daemon;
	unsigned port;
};

/* One answer: the body goes to `out`, the status is returned. */
struct admin_page {
	const char *path;
	const char *type;
	unsigned (*answer)(const struct sidecar_admin *admin, struct buf *out);
};

static unsigned answer_health(const struct sidecar_admin *admin, struct buf *out)
{
	(void)admin;
	buf_add_text(out, "ok\n");
	return MHD_HTTP_OK;
}

static unsigned answer_ready(const struct sidecar_admin *admin, struct buf *out)
{
	admin->source.reasons(admin->source.ctx, out);
	if (out->len || out->failed)
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	buf_add_text(out, "ready\n");
	return MHD_HTTP_OK;
}

static unsigned answer_metrics(const struct sidecar_admin *admin, struct buf *out)
{
	admin->source.metrics(admin->source.ctx, out);
	return MHD_HTTP_OK;
}

static unsigned answer_status(const struct sidecar_admin *admin, struct buf *out)
{
	admin->source.status(admin->source.ctx, out);
	return MHD_HTTP_OK;
}

#define PLAIN_TEXT "text/plain; charset=utf-8"

static const struct admin_page pages[] = {
	{"/healthz", PLAIN_TEXT, answer_health},
	{"/readyz", PLAIN_TEXT, answer_ready},
	{"/metrics", "text/plain; version=0.0.4; charset=utf-8", answer_metrics},
	{"/status", "application/json", answer_status},
};

static const struct admin_page *find_page(const char *path)
{
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
		if (strcmp(pages[i].path, path) == 0)
			return &pages[i];
	return NULL;
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, unsigned status, const char *type,
				   const struct buf *body)
{
	struct bytes text = buf_bytes(body);
	struct MHD_Response *response =
		MHD_create_response_from_buffer(text.len, (void *)text.at, MHD_RESPMEM_MUST_COPY);
	if (!response)
		return MHD_NO; /* closes the connection */
	MHD_add_response_header(response, "Content-Type", type);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", "GET, HEAD");
	enum MHD_Result result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer_request(void *ctx, struct MHD_Connection *connection, const char *path,
				      const char *method, const char *version, const char *upload,
				      size_t *upload_len, void **state)
{
	(void)version, (void)upload, (void)upload_len, (void)state;
	const struct sidecar_admin *admin = ctx;
	const struct admin_page *page = find_page(path);
	struct buf body = {0};
	unsigned status = MHD_HTTP_NOT_FOUND;
	if (!page) {
		buf_add_text(&body, "not found; there are /healthz /readyz /metrics /status\n");
	} else if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
		status = MHD_HTTP_METHOD_NOT_ALLOWED;
		buf_add_text(&body, "read-only; use GET\n");
	} else {
		status = page->answer(admin, &body);
	}
	if (body.failed) { /* half an answer would look like a whole one */
		status = MHD_HTTP_INTERNAL_SERVER_ERROR;
		buf_done(&body);
	}
	enum MHD_Result result = send_answer(connection, status, page ? page->type : PLAIN_TEXT, &body);
	buf_done(&body);
	return result;
}

static bool bind_listener(int fd, const char *text, const struct sockaddr_storage *address, socklen_t len,
			  struct err *err)
{
	int on = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (const struct sockaddr *)address, len) == 0 && listen(fd, CONNECTIONS_MAX) == 0)
		return true;
	if (errno == EADDRINUSE)
		return err_set(err, "%s: the port is in use; stop what listens there or choose another port",
			       text);
	return err_set(err, "%s: cannot listen: %s; choose an address of this machine and a free port", text,
		       strerror(errno));
}

/* Returns the socket, -1 on failure. */
static int open_listener(const char *text, struct err *err)
{
	struct sockaddr_storage address;
	unsigned len;
	bool loopback;
	if (!sidecar_config_address(text, &address, &len, &loopback, err))
		return -1;
	if (address.ss_family == AF_UNIX || !loopback) {
		err_set(err, "%s: not a loopback address; use 127.0.0.1:PORT or [::1]:PORT", text);
		return -1;
	}
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		err_set(err, "%s: cannot make a socket: %s", text, strerror(errno));
	} else if (!bind_listener(fd, text, &address, len, err)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static unsigned listener_port(int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof address;
	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		return 0;
	in_port_t port = address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
						       : ((struct sockaddr_in *)&address)->sin_port;
	return ntohs(port);
}

struct sidecar_admin *sidecar_admin_start(const char *address, struct sidecar_admin_source source,
					  struct err *err)
{
	struct sidecar_admin *admin = calloc(1, sizeof *admin);
	int fd = -1;
	if (!admin)
		err_set(err, "%s: memory is short", address);
	else
		fd = open_listener(address, err);
	if (fd >= 0) {
		admin->source = source;
		admin->port = listener_port(fd);
		admin->daemon = MHD_start_daemon(
			MHD_USE_AUTO_INTERNAL_THREAD, 0, NULL, NULL, answer_request, admin,
			MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
			MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
			MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_MEMORY, MHD_OPTION_END);
		if (!admin->daemon) {
			err_set(err, "%s: the admin listener's thread cannot be started", address);
			close(fd);
		}
	}
	if (admin && !admin->daemon) {
		free(admin);
		admin = NULL;
	}
	return admin;
}

unsigned sidecar_admin_port(const struct sidecar_admin *admin)
{
	return admin->port;
}

void sidecar_admin_stop(struct sidecar_admin *admin)
{
	if (!admin)
		return;
	MHD_stop_daemon(admin->daemon); /* closes the listening socket too */
	free(admin);
}
