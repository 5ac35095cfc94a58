/* SPDX-License-Identifier: Apache-2.0
 *
 * Splices: a list of "cut these bytes here, put those" over one message, and the settling that recomputes
 * the lengths of the messages around them, bottom-up. Private to proto/.
 */
#ifndef PROTO_SPLICE_H
#define PROTO_SPLICE_H

#include "proto/patch.h"
#include "proto/wire.h"

/* Bytes [at, at + cut) of the message become `put` and then `more`. `inside` is where the body of the innermost message that
 * is changed begins: where several messages end at one byte, it tells which of them a splice belongs to. */
struct splice {
	size_t at, cut, inside;
	struct bytes put, more;
};

struct splices {
	struct arena *arena;
	struct bytes message;
	struct splice *splice;
	size_t count, room;
	struct splice *spare; /* what settling uses, kept for the next time */
	size_t spare_room;
};

/* Adds one; a splice that changes nothing is left out. What is put must outlive the pieces. What belongs
 * together is one splice: at one place and inside one message only insertions may meet, and they stay in the
 * order in which they were added. False: the arena is full. */
MUST_USE bool splice_add(struct splices *list, struct splice splice);

/* Sorts, repairs the lengths of all messages around splices in the run [from, end) of the message, and lists the
 * result of that run as pieces. The list may be used again with count 0. False: the arena is full. */
MUST_USE bool splice_settle(struct splices *list, size_t from, size_t end, struct proto_pieces *pieces);

#endif
