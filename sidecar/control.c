/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/control.h"

#include "sidecar/config.h"
#include "sidecar/listen.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE_SECONDS = 1, ASKER_SECONDS = 120 };

struct sidecar_control {
	int fd;
	const char *path; /* in address */
	char *address;
	struct sidecar_control_handler handler;
	struct sidecar_talk *talk;
};

struct sidecar_control *sidecar_control_open(const char *address, struct sidecar_control_handler handler,
					     struct sidecar_talk *talk, struct err *err)
{
	struct sidecar_control *control = calloc(1, sizeof *control);
	if (control)
		control->address = strdup(address);
	if (!control || !control->address) {
		free(control);
		err_set(err, "admin.control: memory is short");
		return NULL;
	}
	control->handler = handler;
	control->talk = talk;
	control->path = strchr(control->address, ':') + 1; /* the configuration takes Unix sockets alone */
	control->fd = sidecar_listen_socket("admin.control", address, err);
	if (control->fd < 0) {
		control->path = NULL; /* another one's */
	} else if (chmod(control->path, S_IRUSR | S_IWUSR) == 0) {
		return control;
	} else {
		err_set(err, "admin.control %s: %s", address, strerror(errno));
	}
	sidecar_control_close(control);
	return NULL;
}

void sidecar_control_close(struct sidecar_control *control)
{
	if (!control)
		return;
	if (control->path)
		unlink(control->path);
	if (control->fd >= 0)
		close(control->fd);
	free(control->address);
	free(control);
}

int sidecar_control_fd(const struct sidecar_control *control)
{
	return control->fd;
}

static void be_patient(int fd, long seconds)
{
	struct timeval patience = {.tv_sec = seconds};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

static bool send_all(int fd, struct bytes text)
{
	while (text.len) {
		ssize_t sent = send(fd, text.at, text.len, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		text = (struct bytes){text.at + sent, text.len - (size_t)sent};
	}
	return true;
}

/* One line without its newline. False: none came whole. */
static bool read_line(int fd, char line[CONTROL_LINE_MAX])
{
	size_t len = 0;
	while (len < CONTROL_LINE_MAX) {
		ssize_t got = recv(fd, line + len, CONTROL_LINE_MAX - len, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		char *end = memchr(line + len, '\n', (size_t)got);
		len += (size_t)got;
		if (end) {
			*end = '\0';
			return true;
		}
	}
	return false;
}

static bool may_ask(int fd, uid_t *uid)
{
	struct ucred peer;
	socklen_t len = sizeof peer;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return false;
	*uid = peer.uid;
	return peer.uid == 0 || peer.uid == geteuid();
}

static void answer_peer(struct sidecar_control *control, int fd)
{
	char line[CONTROL_LINE_MAX];
	struct buf text = {0}, answer = {0};
	uid_t uid = (uid_t)-1;
	bool yes = false;
	if (!may_ask(fd, &uid)) {
		buf_add_text(&text, "this user may not; ask as the user that the daemon runs as\n");
		sidecar_say(control->talk, SIDECAR_WARN, "control", "user %u was turned away", (unsigned)uid);
	} else if (!read_line(fd, line)) {
		buf_printf(&text, "no question came; write one line of less than %d bytes\n",
			   CONTROL_LINE_MAX);
	} else {
		sidecar_say(control->talk, SIDECAR_INFO, "control", "user %u: %s", (unsigned)uid, line);
		yes = control->handler.answer(control->handler.ctx, line, &text);
	}
	buf_add_text(&answer, yes ? "yes\n" : "no\n");
	buf_add_bytes(&answer, buf_bytes(&text));
	if (answer.failed || text.failed || !send_all(fd, buf_bytes(&answer)))
		sidecar_say(control->talk, SIDECAR_WARN, "control", "the answer could not be sent");
	buf_done(&text);
	buf_done(&answer);
}

/* What was asked and not read would reset the connection and take the answer with it. */
static void end_talk(int fd)
{
	char rest[256];
	int turns = 64;
	shutdown(fd, SHUT_WR);
	while (turns-- && recv(fd, rest, sizeof rest, 0) > 0)
		;
	close(fd);
}

void sidecar_control_serve(struct sidecar_control *control)
{
	int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return; /* it went away again */
	be_patient(fd, PATIENCE_SECONDS);
	answer_peer(control, fd);
	end_talk(fd);
}

/* ---- the asking side ---- */

static int reach(const char *address, struct err *err)
{
	struct sockaddr_storage at;
	unsigned len;
	bool loopback;
	if (!sidecar_config_address(address, &at, &len, &loopback, err))
		return -1;
	int fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&at, len) == 0)
		return fd;
	err_set(err, "%s: %s; is the daemon running, and is this its admin.control?", address,
		strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool read_answer(int fd, struct buf *text)
{
	char part[4096];
	ssize_t got;
	while ((got = recv(fd, part, sizeof part, 0)) > 0 || (got < 0 && errno == EINTR))
		if (got > 0)
			buf_add(text, part, (size_t)got);
	return got == 0 && !text->failed;
}

bool sidecar_control_ask(const char *address, const char *question, bool *yes, struct buf *answer,
			 struct err *err)
{
	struct buf text = {0};
	if (strchr(question, '\n'))
		return err_set(err, "%s: a question is one line; leave the line break out", address);
	int fd = reach(address, err);
	if (fd < 0)
		return false;
	be_patient(fd, ASKER_SECONDS);
	bool good = send_all(fd, bytes_of(question)) && send_all(fd, BYTES_LITERAL("\n")) &&
		    read_answer(fd, &text);
	struct bytes all = buf_bytes(&text);
	*yes = all.len >= 4 && memcmp(all.at, "yes\n", 4) == 0;
	size_t head = *yes ? 4 : 3;
	good = good && (*yes || (all.len >= 3 && memcmp(all.at, "no\n", 3) == 0));
	if (good)
		buf_add(answer, all.at + head, all.len - head);
	else
		err_set(err, "%s: no whole answer came; ask again", address);
	buf_done(&text);
	close(fd);
	return good;
}
