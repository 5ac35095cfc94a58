/* SPDX-License-Identifier: Apache-2.0
 *
 * The tree's right edge, kept as C2SP tlog-tiles sees it: for each level the hashes of the tile that is not
 * full yet. Leaves go in one by one; each tile that fills is handed out once and its hash goes one level up.
 *
 * One thread at a time. Plain data: copying a tree copies its state.
 */
#ifndef AUDIT_TREE_H
#define AUDIT_TREE_H

#include "audit/hash.h"

enum {
	AUDIT_TILE_WIDTH = 256,
	AUDIT_TREE_LEVELS = 8, /* 256^8 leaves: more than a size can say */
};

struct audit_tree {
	uint64_t size; /* leaves; the edge of level l has (size >> 8 l) mod 256 hashes */
	struct audit_hash edge[AUDIT_TREE_LEVELS][AUDIT_TILE_WIDTH];
};

/* Hashes of the tile of a level that is not full: floor(size / 256^level) mod 256. */
static inline unsigned audit_tree_width(uint64_t size, unsigned level)
{
	return (unsigned)(size >> (8 * level) & 255);
}

/* Its number: floor(size / 256^(level + 1)). */
static inline uint64_t audit_tree_tile(uint64_t size, unsigned level)
{
	return level == AUDIT_TREE_LEVELS - 1 ? 0 : size >> (8 * (level + 1));
}

/* Called with each tile that has become full. False ends the push with false. */
struct audit_tree_sink {
	bool (*full)(void *ctx, unsigned level, uint64_t tile,
		     const struct audit_hash hash[AUDIT_TILE_WIDTH]);
	void *ctx;
};

/* sink may be NULL. False only when the sink said so; the tree is then of no use. */
MUST_USE bool audit_tree_push(struct audit_tree *tree, struct audit_hasher *hasher,
			      const struct audit_hash *leaf, const struct audit_tree_sink *sink);

/* The hash over `count` neighbours of one row, count a power of two, at most AUDIT_TILE_WIDTH. */
struct audit_hash audit_tree_run(struct audit_hasher *hasher, const struct audit_hash *first, size_t count);

/* RFC 6962 section 2.1; of the empty tree SHA-256 of nothing. */
struct audit_hash audit_tree_root(const struct audit_tree *tree, struct audit_hasher *hasher);

#endif
