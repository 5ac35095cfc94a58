/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/batch.h"

void sidecar_reply_init(struct sidecar_reply *reply)
{
	grpc_metadata_array_init(&reply->initial);
	grpc_metadata_array_init(&reply->trailing);
	reply->status = GRPC_STATUS_OK;
	reply->message = grpc_empty_slice();
}

void sidecar_reply_done(struct sidecar_reply *reply)
{
	grpc_metadata_array_destroy(&reply->initial);
	grpc_metadata_array_destroy(&reply->trailing);
	grpc_slice_unref(reply->message);
}

static grpc_op send_initial(const grpc_metadata_array *metadata)
{
	return (grpc_op){
		.op = GRPC_OP_SEND_INITIAL_METADATA,
		.data.send_initial_metadata = {.count = metadata->count, .metadata = metadata->metadata}};
}

static grpc_op send_message(grpc_byte_buffer *message)
{
	/* Whether it leaves as compressed is said by the buffer itself. */
	return (grpc_op){.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = message};
}

static grpc_op send_status(const struct sidecar_reply *reply)
{
	/* The core copies the slice before start_batch returns; the cast only drops the promise not to write. */
	return (grpc_op){.op = GRPC_OP_SEND_STATUS_FROM_SERVER,
			 .data.send_status_from_server = {.trailing_metadata_count = reply->trailing.count,
							  .trailing_metadata = reply->trailing.metadata,
							  .status = reply->status,
							  .status_details = (grpc_slice *)&reply->message}};
}

static grpc_op receive_initial(grpc_metadata_array *metadata)
{
	return (grpc_op){.op = GRPC_OP_RECV_INITIAL_METADATA,
			 .data.recv_initial_metadata.recv_initial_metadata = metadata};
}

static grpc_op receive_message(grpc_byte_buffer **message)
{
	return (grpc_op){.op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = message};
}

static grpc_op receive_status(struct sidecar_reply *reply)
{
	return (grpc_op){.op = GRPC_OP_RECV_STATUS_ON_CLIENT,
			 .data.recv_status_on_client = {.trailing_metadata = &reply->trailing,
							.status = &reply->status,
							.status_details = &reply->message}};
}

static bool start(grpc_call *call, const grpc_op *ops, size_t count, struct sidecar_tag *tag)
{
	return grpc_call_start_batch(call, ops, count, tag, NULL) == GRPC_CALL_OK;
}

bool sidecar_batch_wake(grpc_call *call, struct sidecar_tag *tag)
{
	return start(call, NULL, 0, tag);
}

bool sidecar_batch_receive_close(grpc_call *call, int *cancelled, struct sidecar_tag *tag)
{
	grpc_op op = {.op = GRPC_OP_RECV_CLOSE_ON_SERVER, .data.recv_close_on_server.cancelled = cancelled};
	return start(call, &op, 1, tag);
}

bool sidecar_batch_receive_message(grpc_call *call, grpc_byte_buffer **message, struct sidecar_tag *tag)
{
	grpc_op op = receive_message(message);
	return start(call, &op, 1, tag);
}

bool sidecar_batch_unary_call(grpc_call *call, const grpc_metadata_array *metadata, grpc_byte_buffer *request,
			      struct sidecar_reply *reply, grpc_byte_buffer **response,
			      struct sidecar_tag *tag)
{
	grpc_op ops[6];
	size_t count = 0;
	ops[count++] = send_initial(metadata);
	if (request)
		ops[count++] = send_message(request);
	ops[count++] = (grpc_op){.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT};
	ops[count++] = receive_initial(&reply->initial);
	ops[count++] = receive_message(response);
	ops[count++] = receive_status(reply);
	return start(call, ops, count, tag);
}

bool sidecar_batch_unary_reply(grpc_call *call, const struct sidecar_reply *reply, grpc_byte_buffer *response,
			       struct sidecar_tag *tag)
{
	grpc_op ops[3];
	size_t count = 0;
	ops[count++] = send_initial(&reply->initial);
	if (response)
		ops[count++] = send_message(response);
	ops[count++] = send_status(reply);
	return start(call, ops, count, tag);
}

bool sidecar_batch_send_initial(grpc_call *call, const grpc_metadata_array *metadata, struct sidecar_tag *tag)
{
	grpc_op op = send_initial(metadata);
	return start(call, &op, 1, tag);
}

bool sidecar_batch_receive_initial(grpc_call *call, grpc_metadata_array *metadata, struct sidecar_tag *tag)
{
	grpc_op op = receive_initial(metadata);
	return start(call, &op, 1, tag);
}

bool sidecar_batch_send_message(grpc_call *call, grpc_byte_buffer *message, struct sidecar_tag *tag)
{
	grpc_op op = send_message(message);
	return start(call, &op, 1, tag);
}

bool sidecar_batch_send_close(grpc_call *call, struct sidecar_tag *tag)
{
	grpc_op op = {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT};
	return start(call, &op, 1, tag);
}

bool sidecar_batch_receive_status(grpc_call *call, struct sidecar_reply *reply, struct sidecar_tag *tag)
{
	grpc_op op = receive_status(reply);
	return start(call, &op, 1, tag);
}

bool sidecar_batch_send_status(grpc_call *call, const struct sidecar_reply *reply, bool with_initial,
			       struct sidecar_tag *tag)
{
	grpc_op ops[2];
	size_t count = 0;
	if (with_initial)
		ops[count++] = send_initial(&reply->initial);
	ops[count++] = send_status(reply);
	return start(call, ops, count, tag);
}
