/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a compressed message: refused with a reason and without an allocation, or decompressed to no more
 * than the limit; then compressing and decompressing it again changes nothing. The first byte chooses the
 * algorithm and the limit.
 */
#include "sidecar/compress.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void again(enum sidecar_coding coding, struct bytes message)
{
	struct err err;
	struct arena arena;
	struct bytes back;
	struct proto_pieces pieces = {.piece = &message, .count = 1, .len = message.len};
	char *packed = malloc(sidecar_compress_bound(coding, message.len));
	assert(packed);
	size_t len = sidecar_compress(coding, &pieces, packed);
	assert(len);
	arena_init(&arena, message.len + 64);
	enum proto_result result =
		sidecar_decompress(coding, (struct bytes){packed, len}, message.len, &arena, &back, &err);
	assert(result == PROTO_OK && bytes_equal(back, message));
	(void)result;
	arena_done(&arena);
	free(packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct err err = {""};
	struct arena arena;
	struct bytes message;
	if (len == 0)
		return 0;
	enum sidecar_coding coding = data[0] & 1 ? SIDECAR_GZIP : SIDECAR_DEFLATE;
	size_t limit = (size_t)1 << (data[0] >> 1 & 31) % 21; /* 1 B to 1 MiB */
	arena_init(&arena, 2 * limit + 64);
	struct bytes from = {(const char *)data + 1, len - 1};
	if (sidecar_decompress(coding, from, limit, &arena, &message, &err) == PROTO_OK) {
		assert(message.len <= limit);
		again(coding, message);
	} else {
		assert(arena.used == 0 && err.text[0]);
	}
	arena_done(&arena);
	return 0;
}
