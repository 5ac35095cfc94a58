/* SPDX-License-Identifier: Apache-2.0
 *
 * Compressed messages: the two algorithms of gRPC's grpc-encoding that the C core knows (gRPC over HTTP2,
 * "Message-Encoding"), between runs of bytes. Nothing here knows gRPC.
 *
 *     gzip      one member of RFC 1952
 *     deflate   the zlib format, RFC 1950 (and not bare RFC 1951, whatever the name says)
 *
 * What is read is not trusted. A few bytes may stand for gigabytes: the decompressed message is measured before
 * anything is allocated for it, so that a message over the limit costs time for `limit` bytes and no memory.
 * Bytes behind the end are refused, a second gzip member too: implementations differ in whether they read on,
 * and what is governed must be what the application reads.
 */
#ifndef SIDECAR_COMPRESS_H
#define SIDECAR_COMPRESS_H

#include "proto/patch.h"

enum sidecar_coding { SIDECAR_DEFLATE, SIDECAR_GZIP };

/* `from` (less than 4 GiB) decompressed into the arena, at most `limit` bytes. No bytes at all are an empty
 * message, as they are to the C core. PROTO_LIMIT: it would be longer, or the arena is full; PROTO_MALFORMED:
 * these are no such data, they are cut off, or something stands behind their end. *to is written on PROTO_OK
 * only, and nothing is allocated from the arena otherwise. Thread: any. */
MUST_USE enum proto_result sidecar_decompress(enum sidecar_coding coding, struct bytes from, size_t limit,
					      struct arena *arena, struct bytes *to, struct err *err);

/* As many bytes as a message of `len` bytes may need compressed. */
size_t sidecar_compress_bound(enum sidecar_coding coding, size_t len);

/* Writes all pieces, compressed as one message at zlib's default level (which gRPC's own implementations use),
 * to `to`, which has room for sidecar_compress_bound of them. Returns the bytes written; 0: memory is short.
 * Thread: any. */
MUST_USE size_t sidecar_compress(enum sidecar_coding coding, const struct proto_pieces *pieces, char *to);

#endif
