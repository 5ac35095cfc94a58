/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages between gRPC's byte buffers and runs of bytes.
 */
#ifndef SIDECAR_MESSAGE_H
#define SIDECAR_MESSAGE_H

#include "proto/patch.h"
#include <grpc/byte_buffer.h>

/* The message as one run. Borrows from the buffer when it lies in one slice, else copies into the arena.
 * False: the arena is full, or the message could not be decompressed. A NULL buffer is an empty message. */
MUST_USE bool sidecar_message_read(grpc_byte_buffer *buffer, struct arena *arena, struct bytes *message,
				   struct err *err);

/* A new buffer of all pieces. Returns owned. */
grpc_byte_buffer *sidecar_message_of_pieces(const struct proto_pieces *pieces);

static inline struct bytes sidecar_bytes_of_slice(const grpc_slice *slice)
{
	return (struct bytes){(const char *)GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice)};
}

/* A slice that copies. */
static inline grpc_slice sidecar_slice_of_bytes(struct bytes from)
{
	return grpc_slice_from_copied_buffer(from.at, from.len);
}

#endif
