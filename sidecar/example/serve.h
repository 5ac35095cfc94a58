/* SPDX-License-Identifier: Apache-2.0
 *
 * A small gRPC server for demo programs: one thread, one completion queue, whole requests in, whole
 * answers out. The handler sees one call at a time, in the order in which requests arrive, so that what
 * it keeps needs no lock and its answers depend on the calls alone.
 *
 * SIGTERM and SIGINT end it: no new calls, those in flight are finished (cancelled after two seconds).
 */
#ifndef EXAMPLE_SERVE_H
#define EXAMPLE_SERVE_H

#include "proto/bytes.h"
#include "proto/err.h"
#include <grpc/grpc.h>

struct serve_request {
	struct bytes method;  /* "/rankguard.v1.RankingService/Rank" */
	struct bytes message; /* the first message; absent when the client sent none */
};

enum { SERVE_MESSAGES = 8 };

/* What to answer. Zeroed: OK without a message. */
struct serve_answer {
	grpc_slice message[SERVE_MESSAGES]; /* sent in order; taken */
	size_t count;
	grpc_status_code status;
	struct bytes details; /* of the status; static text */
	unsigned delay_ms;    /* wait before anything is sent */
	bool echo_metadata;   /* the request's metadata come back, as initial and as trailing metadata */
	bool compress;	      /* with gzip, if the client accepts it */
};

struct serve_handler {
	/* Borrows the request until it returns. Must not block. */
	void (*answer)(void *ctx, const struct serve_request *request, struct serve_answer *answer);
	void *ctx;
};

/* Serves on "unix:PATH" or "HOST:PORT" (port 0: any) until a signal ends it. As soon as calls are taken,
 * one line `listening on ADDRESS` with the port in use goes to stdout. False: the address cannot be used.
 * Call before any thread is made: the two signals stay blocked. Calls grpc_init itself. */
MUST_USE bool serve_run(const char *listen, struct serve_handler handler, struct err *err);

#endif
