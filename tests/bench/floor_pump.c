/* SPDX-License-Identifier: Apache-2.0
 *
 * The floor of a hop that knows nothing about the method: a message pump with one message in flight in each
 * direction. No Trailers-Only, no bookkeeping.
 */
#include "tests/bench/floor.h"

#include <stdlib.h>

struct pump {
	struct floor_worker *worker;
	grpc_call *down, *up;
	grpc_call_details details;
	grpc_metadata_array metadata;
	grpc_byte_buffer *request, *response;
	struct sidecar_reply reply;
	int cancelled;
	bool over, ended; /* the backend's messages, its status */
	unsigned waits;
	struct sidecar_tag arrived, closed, begun, got_request, sent_request, half_closed;
	struct sidecar_tag got_initial, sent_initial, got_response, sent_response, got_status, sent_status;
};

static void pump_drop(struct pump *pump)
{
	if (--pump->waits > 0)
		return;
	grpc_byte_buffer_destroy(pump->request);
	grpc_byte_buffer_destroy(pump->response);
	grpc_metadata_array_destroy(&pump->metadata);
	grpc_call_details_destroy(&pump->details);
	sidecar_reply_done(&pump->reply);
	if (pump->up)
		grpc_call_unref(pump->up);
	if (pump->down)
		grpc_call_unref(pump->down);
	free(pump);
}

/* `on_NAME`: what happens when the tag NAME has come back. */
#define STEP(name)                                                                                           \
	static void name##_step(struct pump *pump, bool ok);                                                 \
	static void on_##name(struct sidecar_tag *tag, bool ok)                                              \
	{                                                                                                    \
		struct pump *pump = SIDECAR_OWNER(tag, struct pump, name);                                   \
		name##_step(pump, ok);                                                                       \
		pump_drop(pump);                                                                             \
	}                                                                                                    \
	static void name##_step(struct pump *pump, bool ok)

static void finish(struct pump *pump)
{
	if (pump->over && pump->ended)
		pump->waits += sidecar_batch_send_status(pump->down, &pump->reply, false, &pump->sent_status);
}

static void swap_out(grpc_byte_buffer **message)
{
	grpc_byte_buffer_destroy(*message);
	*message = NULL;
}

STEP(closed)
{
	if (ok && pump->cancelled)
		grpc_call_cancel(pump->up, NULL);
}

STEP(begun)
{
	(void)pump, (void)ok;
}

STEP(half_closed)
{
	(void)pump, (void)ok;
}

STEP(sent_initial)
{
	(void)pump, (void)ok;
}

STEP(sent_status)
{
	(void)pump, (void)ok;
}

STEP(got_request)
{
	if (ok && pump->request)
		pump->waits += sidecar_batch_send_message(pump->up, pump->request, &pump->sent_request);
	else if (ok)
		pump->waits += sidecar_batch_send_close(pump->up, &pump->half_closed);
}

STEP(sent_request)
{
	swap_out(&pump->request);
	if (ok)
		pump->waits += sidecar_batch_receive_message(pump->down, &pump->request, &pump->got_request);
}

STEP(got_initial)
{
	if (ok)
		pump->waits +=
			sidecar_batch_send_initial(pump->down, &pump->reply.initial, &pump->sent_initial);
	pump->waits += sidecar_batch_receive_message(pump->up, &pump->response, &pump->got_response);
}

STEP(got_response)
{
	if (ok && pump->response) {
		pump->waits += sidecar_batch_send_message(pump->down, pump->response, &pump->sent_response);
	} else {
		pump->over = true;
		finish(pump);
	}
}

STEP(sent_response)
{
	(void)ok;
	swap_out(&pump->response);
	pump->waits += sidecar_batch_receive_message(pump->up, &pump->response, &pump->got_response);
}

STEP(got_status)
{
	(void)ok;
	pump->ended = true;
	finish(pump);
}

STEP(arrived)
{
	struct floor_worker *worker = pump->worker;
	if (!ok)
		return;
	floor_pump_arm(worker);
	pump->up = grpc_channel_create_call(worker->channel, NULL, GRPC_PROPAGATE_DEFAULTS, worker->queue,
					    pump->details.method, &pump->details.host, pump->details.deadline,
					    NULL);
	pump->waits += sidecar_batch_receive_close(pump->down, &pump->cancelled, &pump->closed);
	pump->waits += sidecar_batch_send_initial(pump->up, &pump->metadata, &pump->begun);
	pump->waits += sidecar_batch_receive_initial(pump->up, &pump->reply.initial, &pump->got_initial);
	pump->waits += sidecar_batch_receive_status(pump->up, &pump->reply, &pump->got_status);
	pump->waits += sidecar_batch_receive_message(pump->down, &pump->request, &pump->got_request);
}

void floor_pump_arm(struct floor_worker *worker)
{
	struct pump *pump = calloc(1, sizeof *pump);
	if (!pump)
		abort();
	*pump = (struct pump){.worker = worker,
			      .arrived = {on_arrived},
			      .closed = {on_closed},
			      .begun = {on_begun},
			      .got_request = {on_got_request},
			      .sent_request = {on_sent_request},
			      .half_closed = {on_half_closed},
			      .got_initial = {on_got_initial},
			      .sent_initial = {on_sent_initial},
			      .got_response = {on_got_response},
			      .sent_response = {on_sent_response},
			      .got_status = {on_got_status},
			      .sent_status = {on_sent_status},
			      .waits = 1};
	grpc_call_details_init(&pump->details);
	grpc_metadata_array_init(&pump->metadata);
	sidecar_reply_init(&pump->reply);
	if (grpc_server_request_call(worker->server, &pump->down, &pump->details, &pump->metadata,
				     worker->queue, worker->queue, &pump->arrived) != GRPC_CALL_OK)
		pump_drop(pump);
}
