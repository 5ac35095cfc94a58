/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/tree.h"

#include <assert.h>

struct audit_hash audit_tree_run(struct audit_hasher *hasher, const struct audit_hash *first, size_t count)
{
	struct audit_hash row[AUDIT_TILE_WIDTH];
	memcpy(row, first, count * sizeof *row);
	for (; count > 1; count /= 2)
		for (size_t i = 0; i < count / 2; i++)
			row[i] = audit_hash_node(hasher, &row[2 * i], &row[2 * i + 1]);
	return row[0];
}

bool audit_tree_push(struct audit_tree *tree, struct audit_hasher *hasher, const struct audit_hash *leaf,
		     const struct audit_tree_sink *sink)
{
	assert(tree->size < INT64_MAX);
	struct audit_hash hash = *leaf;
	for (unsigned level = 0; level < AUDIT_TREE_LEVELS; level++) {
		unsigned width = audit_tree_width(tree->size, level);
		struct audit_hash *edge = tree->edge[level];
		edge[width] = hash;
		if (width + 1 < AUDIT_TILE_WIDTH)
			break;
		if (sink && !sink->full(sink->ctx, level, audit_tree_tile(tree->size, level), edge))
			return false;
		hash = audit_tree_run(hasher, edge, AUDIT_TILE_WIDTH);
	}
	tree->size++;
	return true;
}

/* A tree of any size is a row of full subtrees, one for each bit of the size, the largest first; the root
 * folds them from the right. */
struct audit_hash audit_tree_root(const struct audit_tree *tree, struct audit_hasher *hasher)
{
	struct audit_hash root = {{0}};
	bool have = false;
	for (unsigned level = 0; level < AUDIT_TREE_LEVELS; level++) {
		size_t end = audit_tree_width(tree->size, level);
		for (size_t run = 1; end > 0; run *= 2) {
			if (!(end & run))
				continue;
			end -= run;
			struct audit_hash peak = audit_tree_run(hasher, &tree->edge[level][end], run);
			root = have ? audit_hash_node(hasher, &peak, &root) : peak;
			have = true;
		}
	}
	return have ? root : audit_hash_plain(hasher, (struct bytes){"", 0});
}
