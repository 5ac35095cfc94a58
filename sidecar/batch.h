/* SPDX-License-Identifier: Apache-2.0
 *
 * Batches: the only file that starts gRPC operations on calls.
 *
 * A batch completes as one event on the call's completion queue. Its tag is embedded in the object that
 * waits for it. Two batches in flight on one call must not begin with the same kind of operation (C core,
 * src/core/lib/surface/call.cc); each function below says in its name what its batch begins with.
 *
 * Every start returns false when the core refuses the batch (illegal metadata, or the call is over): the tag
 * will not come then. Metadata arrays, slices and byte buffers are borrowed until the batch completes.
 */
#ifndef SIDECAR_BATCH_H
#define SIDECAR_BATCH_H

#include "proto/err.h"
#include <grpc/grpc.h>
#include <stdbool.h>

/* What a completion queue hands back. */
struct sidecar_tag {
	void (*complete)(struct sidecar_tag *tag, bool ok); /* on the worker's thread */
};

/* The object that a tag is embedded in. */
#define SIDECAR_OWNER(tag, type, member) ((type *)(void *)((char *)(tag)-offsetof(type, member)))

/* What a response consists of, besides its message. Zeroed to begin. */
struct sidecar_reply {
	grpc_metadata_array initial, trailing;
	grpc_status_code status;
	grpc_slice message; /* the status message */
};
void sidecar_reply_init(struct sidecar_reply *reply);
void sidecar_reply_done(struct sidecar_reply *reply);

/* Nothing but the tag, at once, from any thread: how other threads hand a call back. */
MUST_USE bool sidecar_batch_wake(grpc_call *call, struct sidecar_tag *tag);

/* Server side: completes at the end of the call; *cancelled is 1 when the application gave up. */
MUST_USE bool sidecar_batch_receive_close(grpc_call *call, int *cancelled, struct sidecar_tag *tag);

/* Either side: the next message; *message is NULL at the end of the stream. */
MUST_USE bool sidecar_batch_receive_message(grpc_call *call, grpc_byte_buffer **message,
					    struct sidecar_tag *tag);

/* Client side, a whole unary call: metadata, message (NULL: none) and half-close out; everything in. */
MUST_USE bool sidecar_batch_unary_call(grpc_call *call, const grpc_metadata_array *metadata,
				       grpc_byte_buffer *request, struct sidecar_reply *reply,
				       grpc_byte_buffer **response, struct sidecar_tag *tag);

/* Server side, a whole response: initial metadata, message (NULL: none), status and trailing metadata. With
 * empty initial metadata and no message the core makes it Trailers-Only. */
MUST_USE bool sidecar_batch_unary_reply(grpc_call *call, const struct sidecar_reply *reply,
					grpc_byte_buffer *response, struct sidecar_tag *tag);

/* The pump's single operations. */
MUST_USE bool sidecar_batch_send_initial(grpc_call *call, const grpc_metadata_array *metadata,
					 struct sidecar_tag *tag);
MUST_USE bool sidecar_batch_receive_initial(grpc_call *call, grpc_metadata_array *metadata,
					    struct sidecar_tag *tag);
MUST_USE bool sidecar_batch_send_message(grpc_call *call, grpc_byte_buffer *message, struct sidecar_tag *tag);
MUST_USE bool sidecar_batch_send_close(grpc_call *call, struct sidecar_tag *tag);
MUST_USE bool sidecar_batch_receive_status(grpc_call *call, struct sidecar_reply *reply,
					   struct sidecar_tag *tag);
/* with_initial: the initial metadata were not sent yet and go first. */
MUST_USE bool sidecar_batch_send_status(grpc_call *call, const struct sidecar_reply *reply, bool with_initial,
					struct sidecar_tag *tag);

#endif
