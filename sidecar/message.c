/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/message.h"

#include <grpc/byte_buffer_reader.h>

static bool message_join(grpc_byte_buffer *buffer, struct arena *arena, struct bytes *message,
			 struct err *err)
{
	size_t len = grpc_byte_buffer_length(buffer), used = 0;
	char *copy = arena_alloc(arena, len ? len : 1);
	grpc_byte_buffer_reader reader;
	grpc_slice *slice;
	if (!copy)
		return err_set(err, "message: %zu bytes are more than one call may use", len);
	if (!grpc_byte_buffer_reader_init(&reader, buffer))
		return err_set(err, "message: cannot be read");
	while (grpc_byte_buffer_reader_peek(&reader, &slice)) {
		memcpy(copy + used, GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice));
		used += GRPC_SLICE_LENGTH(*slice);
	}
	grpc_byte_buffer_reader_destroy(&reader);
	*message = (struct bytes){copy, used};
	return true;
}

bool sidecar_message_read(grpc_byte_buffer *buffer, struct arena *arena, struct bytes *message,
			  struct err *err)
{
	size_t len = buffer ? grpc_byte_buffer_length(buffer) : 0;
	grpc_byte_buffer_reader reader;
	grpc_slice *slice;
	if (len == 0) {
		*message = BYTES_LITERAL("");
		return true;
	}
	if (!grpc_byte_buffer_reader_init(&reader, buffer))
		return err_set(err, "message: cannot be read");
	bool first = grpc_byte_buffer_reader_peek(&reader, &slice);
	bool whole = first && GRPC_SLICE_LENGTH(*slice) == len;
	/* An inlined slice lies in the buffer object, which outlives the call's use of the message. */
	if (whole)
		*message = sidecar_bytes_of_slice(slice);
	grpc_byte_buffer_reader_destroy(&reader);
	return whole || message_join(buffer, arena, message, err);
}

grpc_byte_buffer *sidecar_message_of_pieces(const struct proto_pieces *pieces)
{
	/* One copy of some kilobytes costs less than a reference count per piece. */
	grpc_slice whole = grpc_slice_malloc(pieces->len);
	unsigned char *at = GRPC_SLICE_START_PTR(whole);
	for (size_t i = 0; i < pieces->count; i++) {
		memcpy(at, pieces->piece[i].at, pieces->piece[i].len);
		at += pieces->piece[i].len;
	}
	grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&whole, 1);
	grpc_slice_unref(whole);
	return buffer;
}
