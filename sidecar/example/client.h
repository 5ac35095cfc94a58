/* SPDX-License-Identifier: Apache-2.0
 *
 * A small asynchronous gRPC client for unary calls: one thread, one completion queue, one connection.
 *
 *     client_start(client, &call, METHOD, message);     as many as wanted
 *     struct client_call *done = client_next(client);   whichever ends first
 *     ... done->status, done->response, client_trailer(done, "rankguard-decision", 0) ...
 *     client_call_done(done);                           it may be started again
 */
#ifndef EXAMPLE_CLIENT_H
#define EXAMPLE_CLIENT_H

#include "proto/bytes.h"
#include "proto/err.h"
#include <grpc/grpc.h>

struct client;

/* The caller's memory, zeroed at first. Everything that can be read in it lives until client_call_done. */
struct client_call {
	/* the result */
	grpc_status_code status;
	struct bytes details;  /* of the status */
	struct bytes response; /* the message; absent when none came */
	void *ctx;	       /* the caller's own */

	/* the client's own */
	grpc_call *grpc;
	grpc_metadata_array initial, trailing;
	grpc_byte_buffer *received;
	grpc_slice details_slice, response_slice;
};

/* address: "unix:PATH" or "HOST:PORT". Nothing is connected yet. Calls grpc_init. Returns owned. */
MUST_USE struct client *client_new(const char *address);
void client_free(struct client *client); /* every call must have ended; NULL is fine */

/* Starts one call that must end within timeout_ms. Copies the message. */
void client_start(struct client *client, struct client_call *call, const char *method, struct bytes message,
		  int64_t timeout_ms);

/* Waits for the next call to end. At least one must be under way. */
struct client_call *client_next(struct client *client);

/* The value of the nth trailing metadata of that key (from 0); absent when there is none. */
struct bytes client_trailer(const struct client_call *call, const char *key, size_t nth);

/* Frees what the call holds; zeroed is fine. */
void client_call_done(struct client_call *call);

#endif
