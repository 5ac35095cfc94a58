/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/example/client.h"

#include <ctype.h>
#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc_security.h>
#include <grpc/support/time.h>
#include <stdio.h>
#include <stdlib.h>

struct client {
	grpc_channel *channel;
	grpc_completion_queue *queue;
};

/* The core resolves bare addresses by DNS; a scheme says that there is nothing to resolve. */
static char *target_of(const char *address)
{
	char *target = NULL;
	const char *scheme = "";
	if (isdigit((unsigned char)*address))
		scheme = "ipv4:";
	else if (*address == '[')
		scheme = "ipv6:";
	return asprintf(&target, "%s%s", scheme, address) < 0 ? NULL : target;
}

struct client *client_new(const char *address)
{
	grpc_arg args[] = {
		{GRPC_ARG_INTEGER, GRPC_ARG_ENABLE_RETRIES, {.integer = 0}}, /* each call is sent once */
		{GRPC_ARG_INTEGER, GRPC_ARG_ENABLE_HTTP_PROXY, {.integer = 0}},
		{GRPC_ARG_INTEGER, GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, {.integer = 1}},
		{GRPC_ARG_INTEGER, GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, {.integer = 1}},
		{GRPC_ARG_INTEGER, GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, {.integer = -1}},
		{GRPC_ARG_INTEGER, GRPC_ARG_MAX_METADATA_SIZE, {.integer = 65536}},
		{GRPC_ARG_INTEGER, GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, {.integer = 100}},
		{GRPC_ARG_INTEGER, GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, {.integer = 1000}},
	};
	struct client *client = calloc(1, sizeof *client);
	char *target = target_of(address);
	if (!client || !target) {
		free(client);
		free(target);
		return NULL;
	}
	grpc_init();
	grpc_channel_args all = {sizeof args / sizeof *args, args};
	grpc_channel_credentials *plain = grpc_insecure_credentials_create();
	client->queue = grpc_completion_queue_create_for_next(NULL);
	client->channel = grpc_channel_create(target, plain, &all);
	grpc_channel_credentials_release(plain);
	free(target);
	return client;
}

void client_free(struct client *client)
{
	if (!client)
		return;
	gpr_timespec forever = gpr_inf_future(GPR_CLOCK_REALTIME);
	grpc_channel_destroy(client->channel);
	grpc_completion_queue_shutdown(client->queue);
	while (grpc_completion_queue_next(client->queue, forever, NULL).type != GRPC_QUEUE_SHUTDOWN)
		;
	grpc_completion_queue_destroy(client->queue);
	grpc_shutdown();
	free(client);
}

void client_start(struct client *client, struct client_call *call, const char *method, struct bytes message,
		  int64_t timeout_ms)
{
	gpr_timespec deadline =
		gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(timeout_ms, GPR_TIMESPAN));
	grpc_slice slice = grpc_slice_from_copied_buffer(message.at, message.len);
	grpc_byte_buffer *sent = grpc_raw_byte_buffer_create(&slice, 1);
	*call = (struct client_call){
		.ctx = call->ctx, .details_slice = grpc_empty_slice(), .response_slice = grpc_empty_slice()};
	grpc_metadata_array_init(&call->initial);
	grpc_metadata_array_init(&call->trailing);
	call->grpc = grpc_channel_create_call(client->channel, NULL, GRPC_PROPAGATE_DEFAULTS, client->queue,
					      grpc_slice_from_static_string(method), NULL, deadline, NULL);
	grpc_op op[] = {
		{.op = GRPC_OP_SEND_INITIAL_METADATA},
		{.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = sent},
		{.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT},
		{.op = GRPC_OP_RECV_INITIAL_METADATA,
		 .data.recv_initial_metadata.recv_initial_metadata = &call->initial},
		{.op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &call->received},
		{.op = GRPC_OP_RECV_STATUS_ON_CLIENT,
		 .data.recv_status_on_client = {.trailing_metadata = &call->trailing,
						.status = &call->status,
						.status_details = &call->details_slice}},
	};
	if (grpc_call_start_batch(call->grpc, op, sizeof op / sizeof *op, call, NULL) != GRPC_CALL_OK)
		abort(); /* only our own bug can get here */
	grpc_byte_buffer_destroy(sent);
	grpc_slice_unref(slice);
}

static struct bytes bytes_in(const grpc_slice *slice)
{
	return (struct bytes){(const char *)GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice)};
}

struct client_call *client_next(struct client *client)
{
	gpr_timespec forever = gpr_inf_future(GPR_CLOCK_REALTIME);
	struct client_call *call = grpc_completion_queue_next(client->queue, forever, NULL).tag;
	grpc_byte_buffer_reader reader;
	if (call->received && grpc_byte_buffer_reader_init(&reader, call->received)) {
		call->response_slice = grpc_byte_buffer_reader_readall(&reader);
		grpc_byte_buffer_reader_destroy(&reader);
		call->response = bytes_in(&call->response_slice);
	}
	call->details = bytes_in(&call->details_slice);
	return call;
}

struct bytes client_trailer(const struct client_call *call, const char *key, size_t nth)
{
	for (size_t i = 0; i < call->trailing.count; i++) {
		const grpc_metadata *metadata = &call->trailing.metadata[i];
		if (grpc_slice_str_cmp(metadata->key, key) == 0 && nth-- == 0)
			return bytes_in(&metadata->value);
	}
	return (struct bytes){NULL, 0};
}

void client_call_done(struct client_call *call)
{
	if (!call->grpc)
		return;
	if (call->received)
		grpc_byte_buffer_destroy(call->received);
	grpc_slice_unref(call->response_slice);
	grpc_slice_unref(call->details_slice);
	grpc_metadata_array_destroy(&call->initial);
	grpc_metadata_array_destroy(&call->trailing);
	grpc_call_unref(call->grpc);
	call->grpc = NULL;
}
