/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything under the checkpoint: entries against tiles, tiles against each other, all against the root.
 */
#include "audit/ahead.h"
#include "audit/base64.h"
#include "audit/verify_inside.h"

#include <inttypes.h>

bool verify_tile(struct verify *v, const struct audit_tile *tile)
{
	char path[AUDIT_TILE_PATH_MAX];
	struct err err;
	bool partial;
	audit_tile_path(tile, path);
	if (audit_tile_read(v->reader.epoch, tile, true, &v->tile, &partial, &err) != AUDIT_FOUND) {
		verify_find(v, "%s", err.text);
		return false;
	}
	/* Where the partial tile is gone the full one stands for it, and may be longer. */
	size_t need = (size_t)tile->width * AUDIT_HASH_LEN;
	size_t full = (size_t)AUDIT_TILE_WIDTH * AUDIT_HASH_LEN;
	if (v->tile.len == (partial || tile->width == AUDIT_TILE_WIDTH ? need : full))
		return true;
	verify_find(v, "%s: has %zu bytes; %zu are right", path, v->tile.len, need);
	return false;
}

static const struct audit_hash *tile_hash(const struct verify *v, unsigned i)
{
	return (const struct audit_hash *)(v->tile.at + (size_t)i * AUDIT_HASH_LEN);
}

/* A tile above the leaves, against what the tiles below make. */
static void compare_tile(struct verify *v, unsigned level, uint64_t n, unsigned width,
			 const struct audit_hash *hash)
{
	struct audit_tile tile = {level, n, width};
	char path[AUDIT_TILE_PATH_MAX], below[AUDIT_TILE_PATH_MAX];
	if (!verify_tile(v, &tile))
		return;
	for (unsigned i = 0; i < width; i++) {
		if (audit_hash_equal(tile_hash(v, i), &hash[i]))
			continue;
		audit_tile_path(&tile, path);
		audit_tile_path(&(struct audit_tile){level - 1, n * AUDIT_TILE_WIDTH + i, AUDIT_TILE_WIDTH},
				below);
		verify_find(v, "%s: byte %u, hash %u: is not that of %s", path, i * AUDIT_HASH_LEN, i, below);
	}
}

static bool tile_full(void *ctx, unsigned level, uint64_t n, const struct audit_hash hash[AUDIT_TILE_WIDTH])
{
	if (level > 0)
		compare_tile(ctx, level, n, AUDIT_TILE_WIDTH, hash);
	return true;
}

static void push(struct verify *v, const struct audit_hash *leaf)
{
	const struct audit_tree_sink sink = {tile_full, v};
	if (!audit_tree_push(&v->tree, &v->hasher, leaf, &sink))
		return; /* our sink never says no */
	verify_held_at(v);
}

/* Whom to believe where an entry and its hash in the tile do not agree. */
enum belief { NEITHER, ENTRIES, TILE };

/* Do these leaves of bundle n make what stands above them: a hash one level up, or the root? */
static bool fits_above(struct verify *v, uint64_t n, const struct audit_hash *leaf, unsigned width)
{
	struct audit_tree *tree = &v->scratch_tree;
	struct audit_tile above = {1, n / AUDIT_TILE_WIDTH, AUDIT_TILE_WIDTH};
	bool partial, last = width < AUDIT_TILE_WIDTH;
	if (last)
		*tree = v->tree;
	else
		tree->size = 0;
	for (unsigned i = 0; i < width; i++)
		if (!audit_tree_push(tree, &v->hasher, &leaf[i], NULL))
			return false;
	struct audit_hash root = audit_tree_root(tree, &v->hasher);
	if (last)
		return audit_hash_equal(&root, &v->reader.checkpoint.root);
	if (audit_tree_tile(v->reader.checkpoint.size, 1) == above.n)
		above.width = audit_tree_width(v->reader.checkpoint.size, 1);
	size_t at = (size_t)(n % AUDIT_TILE_WIDTH) * AUDIT_HASH_LEN;
	return audit_tile_read(v->reader.epoch, &above, true, &v->above, &partial, NULL) == AUDIT_FOUND &&
	       v->above.len >= at + AUDIT_HASH_LEN && memcmp(v->above.at + at, root.at, AUDIT_HASH_LEN) == 0;
}

static void find_entry(struct verify *v, uint64_t index, unsigned width, size_t at, enum belief belief)
{
	char entries[AUDIT_TILE_PATH_MAX], tile[AUDIT_TILE_PATH_MAX];
	uint64_t n = index / AUDIT_TILE_WIDTH;
	unsigned hash_at = (unsigned)(index % AUDIT_TILE_WIDTH) * AUDIT_HASH_LEN;
	audit_tile_path(&(struct audit_tile){AUDIT_TILE_ENTRIES, n, width}, entries);
	audit_tile_path(&(struct audit_tile){0, n, width}, tile);
	if (belief == TILE)
		verify_find(v, "%s: byte %zu: entry %" PRIu64 " is not the one that was signed", entries, at,
			    index);
	else if (belief == ENTRIES)
		verify_find(v, "%s: byte %u: is not the hash of entry %" PRIu64, tile, hash_at, index);
	else
		verify_find(v,
			    "%s: byte %zu: entry %" PRIu64
			    " and its hash in %s at byte %u do not agree, and neither is "
			    "what was signed",
			    entries, at, index, tile, hash_at);
}

/* The entries of a bundle; `hashes`: its tile is in v->tile. */
static void walk_bundle(struct verify *v, const struct audit_ahead_bundle *bundle, bool hashes)
{
	const struct audit_hash *leaf = bundle->leaf;
	struct bytes rest = bundle->entries, entry;
	enum belief belief = ENTRIES;
	uint64_t n = bundle->n;
	unsigned width = bundle->width;
	bool same = true;
	for (unsigned i = 0; hashes && i < width; i++)
		same &= audit_hash_equal(&leaf[i], tile_hash(v, i));
	if (!same && fits_above(v, n, tile_hash(v, 0), width))
		belief = TILE;
	else if (!same && !fits_above(v, n, leaf, width))
		belief = NEITHER;
	for (unsigned i = 0; audit_bundle_next(&rest, &entry); i++) {
		uint64_t index = n * AUDIT_TILE_WIDTH + i;
		if (hashes && !audit_hash_equal(&leaf[i], tile_hash(v, i)))
			find_entry(v, index, width, (size_t)(entry.at - bundle->entries.at), belief);
		verify_entry(v, index, entry);
	}
	for (unsigned i = 0; i < width; i++)
		push(v, belief == TILE ? tile_hash(v, i) : &leaf[i]);
}

/* One bundle and its tile. False: neither can be read, so nothing behind it can be told. */
static bool verify_bundle(struct verify *v, struct audit_ahead *ahead, uint64_t n, unsigned width)
{
	struct audit_tile tile = {0, n, width}, entries = {AUDIT_TILE_ENTRIES, n, width};
	char path[AUDIT_TILE_PATH_MAX];
	bool hashes = verify_tile(v, &tile);
	if (audit_reader_bundle_pruned(&v->reader, n)) {
		for (unsigned i = 0; hashes && i < width; i++)
			push(v, tile_hash(v, i));
		v->next = n * AUDIT_TILE_WIDTH + width;
		return hashes;
	}
	const struct audit_ahead_bundle *bundle = audit_ahead_next(ahead);
	if (!bundle->found) {
		verify_find(v, "%s", bundle->err.text);
		for (unsigned i = 0; hashes && i < width; i++)
			push(v, tile_hash(v, i));
		return hashes;
	}
	if (!bundle->exact) {
		audit_tile_path(&entries, path);
		verify_find(v, "%s: holds more than its %u entries", path, width);
	}
	walk_bundle(v, bundle, hashes);
	return true;
}

static void verify_root(struct verify *v)
{
	struct audit_hash root = audit_tree_root(&v->tree, &v->hasher);
	struct buf is = {0}, says = {0};
	if (!v->reader.signed_once)
		return;
	if (!audit_hash_equal(&root, &v->reader.checkpoint.root)) {
		audit_base64_add(&is, root.at, AUDIT_HASH_LEN);
		audit_base64_add(&says, v->reader.checkpoint.root.at, AUDIT_HASH_LEN);
		verify_find(v, "checkpoint: signs root %.*s; the %" PRIu64 " entries make %.*s",
			    BYTES_ARG(buf_bytes(&says)), v->tree.size, BYTES_ARG(buf_bytes(&is)));
	} else if (v->epoch_findings > 0) {
		verify_note(v, "the entries make the root that was signed; what is wrong lies beside them");
	}
	buf_done(&is);
	buf_done(&says);
}

bool verify_under_checkpoint(struct verify *v, struct err *err)
{
	uint64_t size = v->reader.checkpoint.size, n = 0;
	unsigned width;
	struct audit_ahead *ahead = audit_ahead_new(&v->reader, err);
	if (!ahead)
		return false;
	v->tree.size = 0;
	verify_held_at(v);
	for (bool good = true; good && (width = audit_reader_width(&v->reader, n)) > 0; n++) {
		good = verify_bundle(v, ahead, n, width);
		if (!good)
			verify_find(v,
				    "entry %" PRIu64
				    ": neither entries nor hashes can be read; nothing behind "
				    "it was looked at",
				    n * AUDIT_TILE_WIDTH);
		if (v->o->progress && (n % 64 == 63 || v->tree.size == size))
			v->o->progress(v->o->ctx, v->tree.size, size);
	}
	audit_ahead_free(ahead);
	if (v->tree.size != size)
		return true;
	for (unsigned level = 1; level < AUDIT_TREE_LEVELS; level++)
		if (audit_tree_width(size, level) > 0)
			compare_tile(v, level, audit_tree_tile(size, level), audit_tree_width(size, level),
				     v->tree.edge[level]);
	verify_root(v);
	return true;
}
