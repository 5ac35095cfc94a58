/* SPDX-License-Identifier: Apache-2.0
 *
 * The control socket: a Unix socket of mode 0600 over which the operator's verbs come. A peer must be the same
 * user as the daemon, or root (SO_PEERCRED); others are told so and nothing else.
 *
 * One question a connection: a line of words ("reload"), at most CONTROL_LINE_MAX bytes with its newline.
 * The answer: a line "yes" or "no", then text until the end of the connection.
 */
#ifndef SIDECAR_CONTROL_H
#define SIDECAR_CONTROL_H

#include "proto/buf.h"
#include "sidecar/talk.h"

enum { CONTROL_LINE_MAX = 1024 };

struct sidecar_control;

/* The answer's text goes to *answer. Returns whether the answer is yes. */
struct sidecar_control_handler {
	bool (*answer)(void *ctx, const char *question, struct buf *answer);
	void *ctx;
};

/* address: "unix:/path". Keeps talk. Returns owned, listening; NULL and err. */
MUST_USE struct sidecar_control *sidecar_control_open(const char *address,
						      struct sidecar_control_handler handler,
						      struct sidecar_talk *talk, struct err *err);
void sidecar_control_close(struct sidecar_control *control); /* removes the socket's file; NULL is fine */

/* Readable when somebody asks. */
int sidecar_control_fd(const struct sidecar_control *control);
/* Takes one question, if there is one, and answers it. A peer that dawdles is left after a second. */
void sidecar_control_serve(struct sidecar_control *control);

/* The other side: asks, and reads the answer whole. False: nobody answers there; err says why. */
MUST_USE bool sidecar_control_ask(const char *address, const char *question, bool *yes, struct buf *answer,
				  struct err *err);

#endif
