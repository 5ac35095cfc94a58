/* SPDX-License-Identifier: Apache-2.0
 *
 * The hop: what all workers and calls share, and the worker, which owns one completion queue and one thread.
 *
 * The way of one response, readable in file names:
 *   listen -> accept -> call -> (proto) view -> govern -> (proto) patch -> record -> (audit) append -> reply
 * Methods that are not governed go   listen -> accept -> pump.
 *
 * A call belongs to the worker on whose queue it was accepted: all its completions come on that thread, so a
 * call needs no lock. The one exception is the audit log's acknowledgement, which comes on the log's thread,
 * runs only what record.c says, and hands the call back with an empty batch.
 */
#ifndef SIDECAR_HOP_H
#define SIDECAR_HOP_H

#include "audit/pseudonym.h"
#include "sidecar/batch.h"
#include "sidecar/config.h"
#include "sidecar/history.h"
#include "sidecar/mode.h"
#include "sidecar/policy.h"
#include "sidecar/talk.h"
#include "sidecar/upstream.h"
#include <pthread.h>
#include <stdatomic.h>

/* Everything but `force` is borrowed: daemon.c makes it before the first call and ends it after the last. */
struct sidecar_hop {
	const struct sidecar_config *config; /* of the start; what a reload changes stands in the policy */
	struct sidecar_force force;
	struct audit_log *log;
	const struct audit_subject_key *subject_key;
	struct sidecar_history *history;
	struct sidecar_metrics *metrics;
	struct sidecar_mode *mode;
	struct sidecar_talk *talk;
	struct sidecar_tls *tls;
	grpc_server *server;
	atomic_int in_flight; /* calls of all workers, governed and pumped */
};

enum { SIDECAR_ARMED = 16 }; /* accepts per worker: few, because every completion scans all tags of a queue */

/* One armed accept: a place for the next call. */
struct sidecar_accept {
	struct sidecar_tag tag;
	struct sidecar_worker *worker;
	grpc_call *call;
	grpc_call_details details;
	grpc_metadata_array metadata;
};

struct sidecar_worker {
	struct sidecar_hop *hop;
	grpc_completion_queue *queue;
	struct sidecar_upstream upstream; /* its own connection to the recommender */
	struct sidecar_accept accept[SIDECAR_ARMED];
	pthread_t thread;
	bool running;
};

/* The application's end of one call, moved out of an accept. Owned by the call or pump. */
struct sidecar_arrival {
	grpc_call *call;
	grpc_call_details details;
	grpc_metadata_array metadata;
	struct sidecar_policy *policy;	   /* held: the one in force when the call arrived */
	const struct proto_method *method; /* of the policy's mapping; NULL: not in it */
	struct metrics_method *row;	   /* where it is counted */
	gpr_timespec since;		   /* GPR_CLOCK_MONOTONIC */
	struct sidecar_route *route;	   /* held; NULL before the recommender's side is begun */
	struct sidecar_tag closed_tag;
};

/* Makes queue and upstream channel and registers the queue with the server; begins nothing yet. */
MUST_USE bool sidecar_worker_init(struct sidecar_worker *worker, struct sidecar_hop *hop, struct err *err);
/* Arms the accepts and starts the thread; the server has been started. */
MUST_USE bool sidecar_worker_start(struct sidecar_worker *worker, struct err *err);
/* Ends the thread when its queue has been drained. The server must have been shut down. */
void sidecar_worker_done(struct sidecar_worker *worker);

/* True when the recommender answers on this worker's connection; asks for a connection when there is none. */
bool sidecar_worker_upstream_ready(struct sidecar_worker *worker);

/* Begins a call on the recommender's side with the arrival's method, host and remaining deadline. */
grpc_call *sidecar_worker_call_upstream(struct sidecar_worker *worker, struct sidecar_arrival *arrival);

/* What goes on to the recommender: the request's metadata with its encodings, and the original user-agent as
 * x-forwarded-user-agent (the core writes its own). Edits the array in place; once. */
void sidecar_arrival_forwardable(struct sidecar_arrival *arrival);
/* The last act on an arrival: counts it as handled and frees what it owns. */
void sidecar_arrival_done(struct sidecar_worker *worker, struct sidecar_arrival *arrival,
			  grpc_status_code status);

/* What the application is told of metadata that the core will not send on: a value with a control character, or
 * one that is not ASCII, which other implementations let through. */
#define SIDECAR_REQUEST_METADATA  "the request's metadata cannot be forwarded"
#define SIDECAR_RESPONSE_METADATA "rankguard: the response's metadata cannot be forwarded"

/* Both take the arrival. */
void sidecar_call_begin(struct sidecar_worker *worker, struct sidecar_arrival *arrival); /* call.c */
void sidecar_pump_begin(struct sidecar_worker *worker, struct sidecar_arrival *arrival); /* pump.c */
void sidecar_refuse_begin(struct sidecar_worker *worker, struct sidecar_arrival *arrival,
			  grpc_status_code status, const char *why); /* refuse.c */

#endif
