/* SPDX-License-Identifier: Apache-2.0
 *
 * One thread, one epoll: the listening sockets, an eventfd that ends the thread, and a duplicate of each
 * connection's descriptor that is watched for nothing but its end. The duplicate is how connections are
 * counted: the core shuts a connection down before it closes it, which the duplicate sees as a hang-up.
 */
#include "sidecar/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <grpc/grpc_posix.h>
#include <grpc/grpc_security.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024, EVENTS = 64, PAUSE_MS = 100 };

struct sidecar_listener {
	const struct sidecar_config *config;
	struct sidecar_talk *talk;
	int *socket; /* one per configured address; -1 when closed */
	size_t count;
	int epoll, stop;
	grpc_server *server;
	grpc_server_credentials *insecure;
	struct sidecar_tls_port *port; /* NULL: all is plain */
	int connections;	       /* the accept thread's */
	atomic_int limit;
	pthread_t thread;
	bool running;
};

/* A socket file that nobody answers on is left over from a process that was killed. */
static bool stale(const struct sockaddr_un *address, unsigned len)
{
	int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool refused = probe >= 0 && connect(probe, (const struct sockaddr *)address, len) != 0 &&
		       errno == ECONNREFUSED;
	struct stat st;
	if (probe >= 0)
		close(probe);
	return refused && lstat(address->sun_path, &st) == 0 && S_ISSOCK(st.st_mode);
}

static bool bind_socket(int fd, const char *name, const char *text, const struct sockaddr_storage *address,
			unsigned len, struct err *err)
{
	const struct sockaddr_un *local = (const struct sockaddr_un *)address;
	int on = 1;
	if (address->ss_family != AF_UNIX)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	else if (stale(local, len))
		unlink(local->sun_path);
	if (bind(fd, (const struct sockaddr *)address, len) == 0 && listen(fd, BACKLOG) == 0)
		return true;
	if (errno == EADDRINUSE)
		return err_set(err,
			       "%s %s: the address is in use by another process; choose another or end "
			       "that process",
			       name, text);
	return err_set(err, "%s %s: %s", name, text, strerror(errno));
}

int sidecar_listen_socket(const char *name, const char *text, struct err *err)
{
	struct sockaddr_storage address;
	unsigned len;
	bool loopback;
	if (!sidecar_config_address(text, &address, &len, &loopback, err))
		return -1;
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		err_set(err, "%s %s: %s", name, text, strerror(errno));
		return -1;
	}
	if (!bind_socket(fd, name, text, &address, len, err)) {
		close(fd);
		return -1;
	}
	return fd;
}

struct sidecar_listener *sidecar_listener_open(const struct sidecar_config *config, struct sidecar_talk *talk,
					       struct err *err)
{
	struct sidecar_listener *listener = calloc(1, sizeof *listener);
	bool good = listener && (listener->socket = calloc(config->listen_count, sizeof *listener->socket));
	if (!good) {
		free(listener);
		err_set(err, "listen: memory is short");
		return NULL;
	}
	listener->config = config;
	listener->talk = talk;
	sidecar_listener_limit(listener, config->limits.connections);
	listener->insecure = grpc_insecure_server_credentials_create();
	listener->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	listener->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (listener->stop < 0 || listener->epoll < 0)
		good = err_set(err, "listen: %s", strerror(errno));
	for (size_t i = 0; good && i < config->listen_count; i++) {
		listener->socket[i] = sidecar_listen_socket("listen", config->listen[i], err);
		good = listener->socket[i] >= 0;
		listener->count += good;
	}
	if (good)
		return listener;
	sidecar_listener_close(listener);
	return NULL;
}

static void watch(struct sidecar_listener *listener, int fd, unsigned events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};
	if (epoll_ctl(listener->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		sidecar_say(listener->talk, SIDECAR_ERROR, "listen", "epoll: %s", strerror(errno));
}

/* Closing alone would not take it out of the epoll: the core's own descriptor keeps the connection open, and
 * the next event would name a number that is somebody else's by then. */
static void forget(struct sidecar_listener *listener, int twin)
{
	epoll_ctl(listener->epoll, EPOLL_CTL_DEL, twin, NULL);
	close(twin);
	listener->connections--;
}

static bool is_unix(int fd)
{
	int family = AF_UNSPEC;
	socklen_t len = sizeof family;
	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len) == 0 && family == AF_UNIX;
}

/* A connection becomes the server's; what stays here is a duplicate that sees its end. */
static void hand_over(struct sidecar_listener *listener, int fd)
{
	int on = 1, twin = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	int limit = atomic_load_explicit(&listener->limit, memory_order_relaxed);
	if (twin < 0 || listener->connections >= limit) {
		sidecar_say(listener->talk, SIDECAR_WARN, "connections",
			    "a connection was refused: %d are open, limits.connections is %d",
			    listener->connections, limit);
		if (twin >= 0)
			close(twin);
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* fails on a Unix socket: no matter */
	listener->connections++;
	watch(listener, twin, EPOLLRDHUP | EPOLLHUP | EPOLLERR);
	if (listener->port && !is_unix(fd))
		sidecar_tls_port_give(listener->port, fd);
	else
		grpc_server_add_channel_from_fd(listener->server, fd, listener->insecure);
}

/* Errors of accept concern one connection or pass; none ends the loop. Returns false when out of
 * descriptors: the caller pauses, because the listening socket stays readable. */
static bool accept_all(struct sidecar_listener *listener, int socket)
{
	for (;;) {
		int fd = accept4(socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			hand_over(listener, fd);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			sidecar_say(listener->talk, SIDECAR_ERROR, "accept",
				    "%s; raise the limit of open files", strerror(errno));
			return false;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			return true;
		}
	}
}

static bool is_listening(const struct sidecar_listener *listener, int fd)
{
	for (size_t i = 0; i < listener->count; i++)
		if (listener->socket[i] == fd)
			return true;
	return false;
}

static void *listener_run(void *arg)
{
	struct sidecar_listener *listener = arg;
	struct epoll_event events[EVENTS];
	for (;;) {
		int count = epoll_wait(listener->epoll, events, EVENTS, -1);
		bool pause = false;
		for (int i = 0; i < count; i++) {
			int fd = events[i].data.fd;
			if (fd == listener->stop)
				return NULL;
			if (is_listening(listener, fd)) {
				pause |= !accept_all(listener, fd);
			} else { /* a connection's end */
				forget(listener, fd);
			}
		}
		if (pause)
			poll(NULL, 0, PAUSE_MS);
	}
}

void sidecar_listener_limit(struct sidecar_listener *listener, int connections)
{
	atomic_store_explicit(&listener->limit, connections, memory_order_relaxed);
}

bool sidecar_listener_start(struct sidecar_listener *listener, grpc_server *server,
			    struct sidecar_tls_port *port, struct err *err)
{
	listener->server = server;
	listener->port = port;
	watch(listener, listener->stop, EPOLLIN);
	for (size_t i = 0; i < listener->count; i++)
		watch(listener, listener->socket[i], EPOLLIN);
	int failed = pthread_create(&listener->thread, NULL, listener_run, listener);
	if (failed)
		return err_set(err, "listen: no thread can be started: %s", strerror(failed));
	listener->running = true;
	return true;
}

void sidecar_listener_stop(struct sidecar_listener *listener)
{
	uint64_t one = 1;
	if (listener && listener->running) {
		if (write(listener->stop, &one, sizeof one) != sizeof one)
			sidecar_say(listener->talk, SIDECAR_ERROR, "listen", "stop: %s", strerror(errno));
		pthread_join(listener->thread, NULL);
		listener->running = false;
	}
	for (size_t i = 0; listener && i < listener->count; i++) {
		const char *text = listener->config->listen[i];
		if (listener->socket[i] < 0)
			continue;
		close(listener->socket[i]);
		listener->socket[i] = -1;
		if (strncmp(text, "unix:", 5) == 0)
			unlink(text + 5);
	}
}

void sidecar_listener_close(struct sidecar_listener *listener)
{
	if (!listener)
		return;
	sidecar_listener_stop(listener);
	if (listener->epoll >= 0)
		close(listener->epoll);
	if (listener->stop >= 0)
		close(listener->stop);
	grpc_server_credentials_release(listener->insecure);
	free(listener->socket);
	free(listener);
}
