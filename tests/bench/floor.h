/* SPDX-License-Identifier: Apache-2.0
 *
 * The floor: the least that a hop on the gRPC C core can cost, with the same settings as the sidecar and
 * without rules, records, limits or metrics. What the sidecar costs is measured against it.
 */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include "sidecar/batch.h"
#include <pthread.h>

enum { FLOOR_ARMED = 16 };

/* One thread with one completion queue and one connection to the backend. */
struct floor_worker {
	grpc_server *server;
	void *method; /* the registered one; NULL: every method goes through the pump */
	grpc_completion_queue *queue;
	grpc_channel *channel;
	const char *method_name;
	pthread_t thread;
};

/* Arms one more call. After the server's shutdown the core refuses, which is silent. */
void floor_unary_arm(struct floor_worker *worker);
void floor_pump_arm(struct floor_worker *worker);

#endif
