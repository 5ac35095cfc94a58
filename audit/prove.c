/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/proof.h"

#include <inttypes.h>

struct source {
	struct audit_reader *reader;
	struct audit_hasher *hasher;
	struct buf tile;
	struct audit_tile at_hand; /* width 0: none */
	struct err *err;
};

/* The tile that holds hash `n` of a level, as the log's own checkpoint has it. */
static bool load(struct source *source, unsigned level, uint64_t n)
{
	uint64_t size = source->reader->checkpoint.size;
	struct audit_tile tile = {level, n / AUDIT_TILE_WIDTH, AUDIT_TILE_WIDTH};
	bool partial;
	if (tile.n == audit_tree_tile(size, level))
		tile.width = audit_tree_width(size, level);
	if (source->at_hand.width == tile.width && source->at_hand.level == level &&
	    source->at_hand.n == tile.n)
		return true;
	source->at_hand.width = 0;
	if (audit_tile_read(source->reader->epoch, &tile, true, &source->tile, &partial, source->err) !=
	    AUDIT_FOUND)
		return false;
	if (source->tile.len < (size_t)tile.width * AUDIT_HASH_LEN) {
		char path[AUDIT_TILE_PATH_MAX];
		audit_tile_path(&tile, path);
		return err_set(source->err, "%s: has %zu bytes; %zu are right", path, source->tile.len,
			       (size_t)tile.width * AUDIT_HASH_LEN);
	}
	source->at_hand = tile;
	return true;
}

/* The hash over leaves [from, to): a full subtree lies in one tile, any other is two smaller ones. */
static bool hash_range(struct source *source, uint64_t from, uint64_t to, struct audit_hash *hash)
{
	struct audit_hash left, right;
	uint64_t count = to - from, half = 1;
	if ((count & (count - 1)) == 0) {
		unsigned level = 0;
		for (; count >= AUDIT_TILE_WIDTH; count /= AUDIT_TILE_WIDTH)
			level++;
		uint64_t first = from >> (8 * level);
		if (!load(source, level, first))
			return false;
		const struct audit_hash *row = (const struct audit_hash *)source->tile.at;
		*hash = audit_tree_run(source->hasher, row + first % AUDIT_TILE_WIDTH, count);
		return true;
	}
	while (half * 2 < count)
		half *= 2;
	if (!hash_range(source, from, from + half, &left) || !hash_range(source, from + half, to, &right))
		return false;
	*hash = audit_hash_node(source->hasher, &left, &right);
	return true;
}

static bool add_range(struct source *source, struct audit_path *path, uint64_t from, uint64_t to)
{
	return hash_range(source, from, to, &path->hash[path->len++]);
}

/* RFC 6962, PATH: down to the leaf, and on the way back the side that was not taken. */
static bool entry_path(struct source *source, uint64_t index, uint64_t from, uint64_t to,
		       struct audit_path *path)
{
	uint64_t half = 1;
	if (to - from <= 1)
		return true;
	while (half * 2 < to - from)
		half *= 2;
	if (index < from + half)
		return entry_path(source, index, from, from + half, path) &&
		       add_range(source, path, from + half, to);
	return entry_path(source, index, from + half, to, path) && add_range(source, path, from, from + half);
}

/* RFC 6962, SUBPROOF. `known`: the old root itself is at hand. */
static bool growth_path(struct source *source, uint64_t old, uint64_t from, uint64_t to, bool known,
			struct audit_path *path)
{
	uint64_t half = 1;
	if (old == to)
		return known || add_range(source, path, from, to);
	while (half * 2 < to - from)
		half *= 2;
	if (old <= from + half)
		return growth_path(source, old, from, from + half, known, path) &&
		       add_range(source, path, from + half, to);
	return growth_path(source, old, from + half, to, false, path) &&
	       add_range(source, path, from, from + half);
}

bool audit_prove_entry(struct audit_reader *reader, struct audit_hasher *hasher, uint64_t index,
		       uint64_t size, struct audit_path *path, struct err *err)
{
	struct source source = {.reader = reader, .hasher = hasher, .err = err};
	struct audit_path made = {.len = 0};
	bool good = (index < size && size <= reader->checkpoint.size) ||
		    err_set(err, "entry %" PRIu64 " is not among the %" PRIu64 " that are signed", index,
			    reader->checkpoint.size);
	good = good && entry_path(&source, index, 0, size, &made);
	if (good)
		*path = made;
	buf_done(&source.tile);
	return good;
}

bool audit_prove_growth(struct audit_reader *reader, struct audit_hasher *hasher, uint64_t old_size,
			uint64_t size, struct audit_path *path, struct err *err)
{
	struct source source = {.reader = reader, .hasher = hasher, .err = err};
	struct audit_path made = {.len = 0};
	bool good = (old_size <= size && size <= reader->checkpoint.size) ||
		    err_set(err, "the log has %" PRIu64 " signed entries", reader->checkpoint.size);
	good = good && (old_size == 0 || growth_path(&source, old_size, 0, size, true, &made));
	if (good)
		*path = made;
	buf_done(&source.tile);
	return good;
}

bool audit_prove_leaf(struct audit_reader *reader, uint64_t index, struct audit_hash *leaf, struct err *err)
{
	struct source source = {.reader = reader, .err = err};
	bool good = load(&source, 0, index);
	if (good)
		memcpy(leaf, source.tile.at + index % AUDIT_TILE_WIDTH * AUDIT_HASH_LEN, sizeof *leaf);
	buf_done(&source.tile);
	return good;
}

bool audit_prove_root(struct audit_reader *reader, struct audit_hasher *hasher, uint64_t size,
		      struct audit_hash *root, struct err *err)
{
	struct source source = {.reader = reader, .hasher = hasher, .err = err};
	bool good = hash_range(&source, 0, size, root);
	buf_done(&source.tile);
	return good;
}
