/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages between gRPC's byte buffers and runs of bytes.
 */
#ifndef SIDECAR_MESSAGE_H
#define SIDECAR_MESSAGE_H

#include "proto/patch.h"
#include <grpc/byte_buffer.h>

/* The message as one run, decompressed. Borrows from the buffer when it lies there in one slice as it is, else
 * the run is in the arena. PROTO_LIMIT: decompressed it would be longer than `limit` bytes, or the arena is
 * full; PROTO_MALFORMED: it cannot be decompressed. A NULL buffer is an empty message. */
MUST_USE enum proto_result sidecar_message_read(grpc_byte_buffer *buffer, size_t limit, struct arena *arena,
						struct bytes *message, struct err *err);

/* A new buffer of all pieces, compressed as the message `like` is. Returns owned; NULL when memory is short. */
grpc_byte_buffer *sidecar_message_of_pieces(const struct proto_pieces *pieces, const grpc_byte_buffer *like);

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
