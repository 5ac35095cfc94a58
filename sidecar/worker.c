/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/hop.h"

#include "sidecar/peer.h"
#include <grpc/support/time.h>

/* ---- accepting ---- */

static void accept_complete(struct sidecar_tag *tag, bool ok);

static void accept_arm(struct sidecar_accept *accept)
{
	struct sidecar_worker *worker = accept->worker;
	accept->tag.complete = accept_complete;
	accept->call = NULL;
	grpc_call_details_init(&accept->details);
	grpc_metadata_array_init(&accept->metadata);
	/* After shutdown began the core completes this at once with ok == false. */
	grpc_server_request_call(worker->hop->server, &accept->call, &accept->details, &accept->metadata,
				 worker->queue, worker->queue, &accept->tag);
}

static void arrival_begin(struct sidecar_worker *worker, struct sidecar_arrival *arrival)
{
	struct sidecar_hop *hop = worker->hop;
	const struct proto_method *method = arrival->method;
	bool unary =
		method && !proto_method_request_streams(method) && !proto_method_response_streams(method);
	int before = atomic_fetch_add_explicit(&hop->in_flight, 1, memory_order_relaxed);
	sidecar_metrics_started(hop->metrics, arrival->row);
	sidecar_metrics_in_flight(hop->metrics, 1);
	if (before >= arrival->policy->limits.in_flight) {
		sidecar_metrics_failed(hop->metrics, SIDECAR_FAILURE_OVERLOAD, SIDECAR_CLOSED);
		sidecar_refuse_begin(worker, arrival, GRPC_STATUS_RESOURCE_EXHAUSTED,
				     "rankguard: too many calls in flight; retry later");
	} else if (unary) {
		sidecar_call_begin(worker, arrival);
	} else {
		sidecar_pump_begin(worker, arrival);
	}
}

static void accept_complete(struct sidecar_tag *tag, bool ok)
{
	struct sidecar_accept *accept = SIDECAR_OWNER(tag, struct sidecar_accept, tag);
	struct sidecar_worker *worker = accept->worker;
	if (!ok) { /* the server shuts down */
		grpc_call_details_destroy(&accept->details);
		grpc_metadata_array_destroy(&accept->metadata);
		return;
	}
	struct sidecar_arrival arrival = {.call = accept->call,
					  .details = accept->details,
					  .metadata = accept->metadata,
					  .since = gpr_now(GPR_CLOCK_MONOTONIC)};
	arrival.policy = sidecar_force_hold(&worker->hop->force);
	arrival.method = proto_mapping_find(
		arrival.policy->mapping, (struct bytes){(char *)GRPC_SLICE_START_PTR(arrival.details.method),
							GRPC_SLICE_LENGTH(arrival.details.method)});
	arrival.row = sidecar_meter_method(arrival.policy->meter, arrival.method);
	accept_arm(accept); /* before any work, so that calls never pile up inside the core */
	arrival_begin(worker, &arrival);
}

/* ---- arrivals ---- */

void sidecar_arrival_forwardable(struct sidecar_arrival *arrival)
{
	for (size_t i = 0; i < arrival->metadata.count; i++) {
		grpc_slice *key = &arrival->metadata.metadata[i].key;
		if (grpc_slice_str_cmp(*key, "user-agent") == 0)
			*key = grpc_slice_from_static_string("x-forwarded-user-agent");
	}
	sidecar_peer_encodings(arrival->call, &arrival->metadata);
}

void sidecar_arrival_done(struct sidecar_worker *worker, struct sidecar_arrival *arrival,
			  grpc_status_code status)
{
	gpr_timespec took = gpr_time_sub(gpr_now(GPR_CLOCK_MONOTONIC), arrival->since);
	sidecar_metrics_handled(arrival->row, (int)status, took.tv_sec * TIME_SECOND + took.tv_nsec);
	sidecar_metrics_in_flight(worker->hop->metrics, -1);
	grpc_metadata_array_destroy(&arrival->metadata);
	grpc_call_details_destroy(&arrival->details);
	grpc_call_unref(arrival->call);
	sidecar_route_drop(arrival->route);
	sidecar_policy_drop(arrival->policy);
	atomic_fetch_sub_explicit(&worker->hop->in_flight, 1, memory_order_release);
}

/* ---- the recommender's side ---- */

bool sidecar_worker_upstream_ready(struct sidecar_worker *worker)
{
	return sidecar_upstream_ready(&worker->upstream);
}

grpc_call *sidecar_worker_call_upstream(struct sidecar_worker *worker, struct sidecar_arrival *arrival)
{
	arrival->route = sidecar_upstream_hold(&worker->upstream);
	return grpc_channel_create_call(arrival->route->channel, NULL, GRPC_PROPAGATE_DEFAULTS, worker->queue,
					arrival->details.method, &arrival->details.host,
					arrival->details.deadline, NULL);
}

/* ---- life ---- */

static void *worker_run(void *arg)
{
	struct sidecar_worker *worker = arg;
	for (;;) {
		grpc_event event =
			grpc_completion_queue_next(worker->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
		if (event.type == GRPC_QUEUE_SHUTDOWN)
			return NULL;
		struct sidecar_tag *tag = event.tag;
		tag->complete(tag, event.success != 0);
	}
}

bool sidecar_worker_init(struct sidecar_worker *worker, struct sidecar_hop *hop, struct err *err)
{
	*worker = (struct sidecar_worker){.hop = hop};
	worker->queue = grpc_completion_queue_create_for_next(NULL);
	if (!worker->queue || !sidecar_upstream_init(&worker->upstream, hop->config, hop->tls, err))
		return worker->queue || err_set(err, "worker: no queue can be made");
	grpc_server_register_completion_queue(hop->server, worker->queue, NULL);
	return true;
}

bool sidecar_worker_start(struct sidecar_worker *worker, struct err *err)
{
	for (size_t i = 0; i < SIDECAR_ARMED; i++) {
		worker->accept[i].worker = worker;
		accept_arm(&worker->accept[i]);
	}
	int failed = pthread_create(&worker->thread, NULL, worker_run, worker);
	if (failed)
		return err_set(err, "worker: no thread can be started: %s", strerror(failed));
	worker->running = true;
	return true;
}

void sidecar_worker_done(struct sidecar_worker *worker)
{
	sidecar_upstream_done(&worker->upstream);
	if (!worker->queue)
		return;
	grpc_completion_queue_shutdown(worker->queue);
	if (worker->running)
		pthread_join(worker->thread, NULL);
	else /* never ran: drain here, the core insists on it */
		while (grpc_completion_queue_next(worker->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL)
			       .type != GRPC_QUEUE_SHUTDOWN)
			;
	grpc_completion_queue_destroy(worker->queue);
}
