/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole unary call in four completions: arrived with its request, answered by the backend, replied, closed.
 */
#include "tests/bench/floor.h"

#include <grpc/support/time.h>
#include <stdlib.h>

struct unary {
	struct floor_worker *worker;
	grpc_call *down, *up;
	gpr_timespec deadline;
	grpc_metadata_array metadata;
	grpc_byte_buffer *request, *response;
	struct sidecar_reply reply;
	int cancelled;
	unsigned waits;
	struct sidecar_tag arrived, closed, answered, replied;
};

static void unary_drop(struct unary *unary)
{
	if (--unary->waits > 0)
		return;
	grpc_byte_buffer_destroy(unary->request);
	grpc_byte_buffer_destroy(unary->response);
	grpc_metadata_array_destroy(&unary->metadata);
	sidecar_reply_done(&unary->reply);
	if (unary->up)
		grpc_call_unref(unary->up);
	if (unary->down)
		grpc_call_unref(unary->down);
	free(unary);
}

static void on_closed(struct sidecar_tag *tag, bool ok)
{
	struct unary *unary = SIDECAR_OWNER(tag, struct unary, closed);
	if (ok && unary->cancelled)
		grpc_call_cancel(unary->up, NULL);
	unary_drop(unary);
}

static void on_replied(struct sidecar_tag *tag, bool ok)
{
	(void)ok;
	unary_drop(SIDECAR_OWNER(tag, struct unary, replied));
}

static void on_answered(struct sidecar_tag *tag, bool ok)
{
	struct unary *unary = SIDECAR_OWNER(tag, struct unary, answered);
	(void)ok; /* the status says it */
	unary->waits +=
		sidecar_batch_unary_reply(unary->down, &unary->reply, unary->response, &unary->replied);
	unary_drop(unary);
}

static void on_arrived(struct sidecar_tag *tag, bool ok)
{
	struct unary *unary = SIDECAR_OWNER(tag, struct unary, arrived);
	struct floor_worker *worker = unary->worker;
	if (ok) {
		floor_unary_arm(worker);
		unary->up = grpc_channel_create_call(
			worker->channel, NULL, GRPC_PROPAGATE_DEFAULTS, worker->queue,
			grpc_slice_from_static_string(worker->method_name), NULL, unary->deadline, NULL);
		unary->waits += sidecar_batch_receive_close(unary->down, &unary->cancelled, &unary->closed);
		unary->waits += sidecar_batch_unary_call(unary->up, &unary->metadata, unary->request,
							 &unary->reply, &unary->response, &unary->answered);
	}
	unary_drop(unary);
}

void floor_unary_arm(struct floor_worker *worker)
{
	struct unary *unary = calloc(1, sizeof *unary);
	if (!unary)
		abort();
	*unary = (struct unary){.worker = worker,
				.arrived = {on_arrived},
				.closed = {on_closed},
				.answered = {on_answered},
				.replied = {on_replied},
				.waits = 1};
	grpc_metadata_array_init(&unary->metadata);
	sidecar_reply_init(&unary->reply);
	if (grpc_server_request_registered_call(
		    worker->server, worker->method, &unary->down, &unary->deadline, &unary->metadata,
		    &unary->request, worker->queue, worker->queue, &unary->arrived) != GRPC_CALL_OK)
		unary_drop(unary);
}
