/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/peer.h"

#include <grpc/byte_buffer.h>
#include <grpc/compression.h>
#include <grpc/support/alloc.h>

/* src/core/lib/surface/call.h and call_test_only.h of gRPC 1.51; the symbols are those of C++. */
grpc_compression_algorithm
core_encoding(grpc_call *call) __asm__("_Z45grpc_call_test_only_get_compression_algorithmP9grpc_call");
uint32_t
core_accepted(grpc_call *call) __asm__("_Z50grpc_call_test_only_get_encodings_accepted_by_peerP9grpc_call");
uint32_t core_message_flags(grpc_call *call) __asm__("_Z37grpc_call_test_only_get_message_flagsP9grpc_call");
bool core_trailers_only(const grpc_call *call) __asm__("_Z26grpc_call_is_trailers_onlyPK9grpc_call");

/* GRPC_WRITE_INTERNAL_COMPRESS of src/core/lib/transport/transport.h: the flag byte in front of a message. */
#define COMPRESSED_FLAG UINT32_C(0x80000000)

static void add(grpc_metadata_array *to, const char *key, const char *value)
{
	enum { MORE = 4 };
	if (to->count == to->capacity) {
		to->capacity += MORE;
		to->metadata = gpr_realloc(to->metadata, to->capacity * sizeof *to->metadata);
	}
	to->metadata[to->count++] = (grpc_metadata){.key = grpc_slice_from_static_string(key),
						    .value = grpc_slice_from_static_string(value)};
}

void sidecar_peer_encodings(grpc_call *call, grpc_metadata_array *metadata)
{
	/* By the bits of the algorithms; the one of identity is always set. A peer that said only that need not
	 * be quoted: it is what silence means. */
	static const char *const accepted[] = {NULL, "identity,deflate", "identity,gzip",
					       "identity,deflate,gzip"};
	grpc_compression_algorithm encoding = core_encoding(call);
	const char *accepts = accepted[core_accepted(call) >> GRPC_COMPRESS_DEFLATE & 3];
	const char *name;
	if (encoding != GRPC_COMPRESS_NONE && grpc_compression_algorithm_name(encoding, &name))
		add(metadata, "grpc-encoding", name);
	if (accepts)
		add(metadata, "grpc-accept-encoding", accepts);
}

void sidecar_peer_mark(grpc_call *call, grpc_byte_buffer *message)
{
	/* The count of algorithms is none of them; the core sets the flag for any but GRPC_COMPRESS_NONE. */
	if (message && message->data.raw.compression == GRPC_COMPRESS_NONE &&
	    (core_message_flags(call) & COMPRESSED_FLAG))
		message->data.raw.compression = GRPC_COMPRESS_ALGORITHMS_COUNT;
}

bool sidecar_peer_trailers_only(const grpc_call *call)
{
	return core_trailers_only(call);
}
