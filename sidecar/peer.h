/* SPDX-License-Identifier: Apache-2.0
 *
 * The peer: what the C core learnt from the other end of a call and its public interface does not tell.
 *
 * Server and channel run without the core's compression filters (the arguments grpc.per_message_compression
 * and grpc.per_message_decompression are 0), so that a message is received and sent as it stands on the wire.
 * The core still takes grpc-encoding and grpc-accept-encoding out of the metadata that it publishes, and
 * forgets the flag of a message whose encoding it does not know. What is put back here makes a hop that
 * passes compressed messages on without reading them.
 *
 * The functions that tell have no header that C can read; peer.c names them by their symbols. libgrpc.so.29,
 * which is what a program that links it asks for, is gRPC 1.51 and no other version.
 */
#ifndef SIDECAR_PEER_H
#define SIDECAR_PEER_H

#include <grpc/grpc.h>
#include <stdbool.h>

/* Adds what the peer said: grpc-encoding and grpc-accept-encoding, as the core understood them (identity,
 * deflate, gzip; other names are lost). Its initial metadata have been received. */
void sidecar_peer_encodings(grpc_call *call, grpc_metadata_array *metadata);

/* Marks the message that was received last as compressed, when its flag says so and the core knows no algorithm
 * for it: then it goes on with its flag, and sidecar_message_read refuses it. NULL is fine. */
void sidecar_peer_mark(grpc_call *call, grpc_byte_buffer *message);

/* A client's call whose initial metadata have been received: true when trailers were all that came (gRPC over
 * HTTP2, Trailers-Only), or when the core itself made up the status. */
bool sidecar_peer_trailers_only(const grpc_call *call);

#endif
