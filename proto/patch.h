/* SPDX-License-Identifier: Apache-2.0
 *
 * Patch: edits to bytes, in place of decode and encode. Every byte that no edit concerns is kept: unknown
 * fields, field order, encodings. Lengths are recomputed bottom-up, and the result is a list of pieces:
 * runs of the original message and small new runs in the arena.
 *
 * Properties: no edit -> identical bytes; otherwise parse(patch(x)) equals edit(parse(x)).
 */
#ifndef PROTO_PATCH_H
#define PROTO_PATCH_H

#include "proto/arena.h"
#include "proto/edits.h"
#include "proto/view.h"

struct proto_pieces {
	struct bytes *piece; /* arena; each borrows from the message, the arena or a text of the edits */
	size_t count;
	size_t len; /* bytes, all pieces together */
};

/* places: from the view of the same message. *pieces is written only on PROTO_OK. PROTO_LIMIT: the arena
 * is full, the message would pass 2 GiB, or an edit is of a fact that the mapping can only read. A fact that the mapping has no path for is left alone; a kind that
 * is OTHER stays as it stands; choices that say the same stay, others are written anew. Thread: any. */
MUST_USE enum proto_result proto_patch(const struct proto_places *places, const struct edits *edits,
				       struct arena *arena, struct proto_pieces *pieces, struct err *err);

/* All pieces as one run in the arena; at == NULL when the arena is full. */
struct bytes proto_pieces_join(const struct proto_pieces *pieces, struct arena *arena);

#endif
