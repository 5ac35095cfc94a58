/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/message.h"

#include "sidecar/compress.h"
#include <grpc/byte_buffer_reader.h>

/* ---- read ---- */

static enum proto_result unreadable(struct err *err)
{
	err_set(err, "message: cannot be read");
	return PROTO_MALFORMED;
}

static enum proto_result join(grpc_byte_buffer *buffer, size_t len, struct arena *arena,
			      struct bytes *message, struct err *err)
{
	size_t used = 0;
	char *copy = arena_alloc(arena, len);
	grpc_byte_buffer_reader reader;
	grpc_slice *slice;
	if (!copy) {
		err_set(err, "message: %zu bytes are more than one call may use", len);
		return PROTO_LIMIT;
	}
	if (!grpc_byte_buffer_reader_init(&reader, buffer))
		return unreadable(err);
	while (grpc_byte_buffer_reader_peek(&reader, &slice)) {
		memcpy(copy + used, GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice));
		used += GRPC_SLICE_LENGTH(*slice);
	}
	grpc_byte_buffer_reader_destroy(&reader);
	*message = (struct bytes){copy, used};
	return PROTO_OK;
}

/* The bytes as they came. */
static enum proto_result raw(grpc_byte_buffer *buffer, struct arena *arena, struct bytes *message,
			     struct err *err)
{
	size_t len = buffer ? grpc_byte_buffer_length(buffer) : 0;
	grpc_byte_buffer_reader reader;
	grpc_slice *slice;
	if (len == 0) {
		*message = BYTES_LITERAL("");
		return PROTO_OK;
	}
	if (!grpc_byte_buffer_reader_init(&reader, buffer))
		return unreadable(err);
	bool first = grpc_byte_buffer_reader_peek(&reader, &slice);
	bool whole = first && GRPC_SLICE_LENGTH(*slice) == len;
	/* An inlined slice lies in the buffer object, which outlives the call's use of the message. */
	if (whole)
		*message = sidecar_bytes_of_slice(slice);
	grpc_byte_buffer_reader_destroy(&reader);
	return whole ? PROTO_OK : join(buffer, len, arena, message, err);
}

/* What is not compressed is not longer than the limit: the core has seen to that. */
enum proto_result sidecar_message_read(grpc_byte_buffer *buffer, size_t limit, struct arena *arena,
				       struct bytes *message, struct err *err)
{
	grpc_compression_algorithm encoding = buffer ? buffer->data.raw.compression : GRPC_COMPRESS_NONE;
	struct bytes from;
	enum proto_result result = raw(buffer, arena, &from, err);
	if (result != PROTO_OK)
		return result;
	switch (encoding) {
	case GRPC_COMPRESS_NONE:
		*message = from;
		return PROTO_OK;
	case GRPC_COMPRESS_DEFLATE:
		return sidecar_decompress(SIDECAR_DEFLATE, from, limit, arena, message, err);
	case GRPC_COMPRESS_GZIP:
		return sidecar_decompress(SIDECAR_GZIP, from, limit, arena, message, err);
	case GRPC_COMPRESS_ALGORITHMS_COUNT:
		break;
	}
	err_set(err, "message: it is marked as compressed, but grpc-encoding names neither gzip nor deflate");
	return PROTO_MALFORMED;
}

/* ---- write ---- */

/* One copy of some kilobytes costs less than a reference count per piece. */
static grpc_slice plain(const struct proto_pieces *pieces)
{
	grpc_slice whole = grpc_slice_malloc(pieces->len);
	unsigned char *at = GRPC_SLICE_START_PTR(whole);
	for (size_t i = 0; i < pieces->count; i++) {
		memcpy(at, pieces->piece[i].at, pieces->piece[i].len);
		at += pieces->piece[i].len;
	}
	return whole;
}

/* Empty when memory is short: compressed data are not. */
static grpc_slice compressed(const struct proto_pieces *pieces, enum sidecar_coding coding)
{
	grpc_slice room = grpc_slice_malloc_large(sidecar_compress_bound(coding, pieces->len));
	size_t used = sidecar_compress(coding, pieces, (char *)GRPC_SLICE_START_PTR(room));
	return grpc_slice_sub_no_ref(room, 0, used);
}

grpc_byte_buffer *sidecar_message_of_pieces(const struct proto_pieces *pieces, const grpc_byte_buffer *like)
{
	grpc_compression_algorithm encoding = like->data.raw.compression;
	bool packed = encoding != GRPC_COMPRESS_NONE;
	enum sidecar_coding coding = encoding == GRPC_COMPRESS_GZIP ? SIDECAR_GZIP : SIDECAR_DEFLATE;
	grpc_slice whole = packed ? compressed(pieces, coding) : plain(pieces);
	bool good = !packed || GRPC_SLICE_LENGTH(whole);
	grpc_byte_buffer *buffer = good ? grpc_raw_compressed_byte_buffer_create(&whole, 1, encoding) : NULL;
	grpc_slice_unref(whole);
	return buffer;
}
