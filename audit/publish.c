/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/publish.h"

#include "audit/reader.h"
#include "audit/tile.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TEMP ".tmp-publish"

enum { DIRS = 16 };

/* One round. Directories whose names changed are synced together at the end, or sooner when there are many. */
struct round {
	struct audit_publisher *publisher;
	struct audit_tree tree;		     /* what it becomes */
	struct buf bundle;		     /* entries of the bundle that is not full yet */
	char dir[DIRS][AUDIT_TILE_PATH_MAX]; /* a path inside the directory */
	size_t dirs;
	struct err *err;
};

static bool sync_dirs(struct round *round)
{
	const struct audit_publisher *p = round->publisher;
	for (size_t i = 0; i < round->dirs; i++)
		if (!audit_io_sync_parent(p->io, p->epoch, round->dir[i]))
			return err_set(round->err, "%s: its directory cannot be synced: %s", round->dir[i],
				       strerror(errno));
	round->dirs = 0;
	return true;
}

static bool same_dir(const char *a, const char *b)
{
	const char *x = strrchr(a, '/'), *y = strrchr(b, '/');
	size_t len = x ? (size_t)(x - a) : 0;
	return len == (y ? (size_t)(y - b) : 0) && memcmp(a, b, len) == 0;
}

/* Remembers that the directory of `path` must be synced. */
static bool note_dir(struct round *round, const char *path)
{
	for (size_t i = 0; i < round->dirs; i++)
		if (same_dir(round->dir[i], path))
			return true;
	if (round->dirs == DIRS && !sync_dirs(round))
		return false;
	snprintf(round->dir[round->dirs++], AUDIT_TILE_PATH_MAX, "%s", path);
	return true;
}

/* Makes the directories above `path` and has each of them synced into its parent. */
static bool make_parents(struct round *round, const char *path)
{
	const struct audit_publisher *p = round->publisher;
	char parent[AUDIT_TILE_PATH_MAX];
	snprintf(parent, sizeof parent, "%s", path);
	char *slash = strrchr(parent, '/');
	*slash = '\0';
	if (!audit_io_make_dirs(p->io, p->epoch, parent))
		return err_set(round->err, "%s: cannot be made: %s", parent, strerror(errno));
	while (slash) {
		if (!note_dir(round, parent))
			return false;
		slash = strrchr(parent, '/');
		if (slash)
			*slash = '\0';
	}
	return true;
}

static bool write_tile(struct round *round, const struct audit_tile *tile, struct bytes content)
{
	const struct audit_publisher *p = round->publisher;
	char path[AUDIT_TILE_PATH_MAX];
	audit_tile_path(tile, path);
	if (p->unsure && !make_parents(round, path))
		return false;
	bool good = audit_io_replace(p->io, p->epoch, TEMP, path, content, 0444);
	if (!good && errno == ENOENT) {
		if (!make_parents(round, path))
			return false;
		good = p->io->rename(p->io->ctx, p->epoch, TEMP, path) == 0;
	}
	if (!good)
		return err_set(round->err, "%s: cannot be written: %s", path, strerror(errno));
	return note_dir(round, path);
}

static struct bytes hashes(const struct audit_hash *hash, unsigned count)
{
	return (struct bytes){(const char *)hash, (size_t)count * AUDIT_HASH_LEN};
}

static bool tile_full(void *ctx, unsigned level, uint64_t n, const struct audit_hash hash[AUDIT_TILE_WIDTH])
{
	struct round *round = ctx;
	struct audit_tile tile = {level, n, AUDIT_TILE_WIDTH},
			  bundle = {AUDIT_TILE_ENTRIES, n, AUDIT_TILE_WIDTH};
	if (level == 0 && !write_tile(round, &bundle, buf_bytes(&round->bundle)))
		return false;
	if (level == 0)
		buf_clear(&round->bundle);
	return write_tile(round, &tile, hashes(hash, AUDIT_TILE_WIDTH));
}

static bool add_entries(struct round *round, const struct audit_journal_batch *batch, uint64_t to)
{
	struct audit_publisher *p = round->publisher;
	const struct audit_tree_sink sink = {tile_full, round};
	struct bytes rest = batch->entries, entry;
	for (uint64_t index = batch->first; index < to && audit_bundle_next(&rest, &entry); index++) {
		struct audit_hash leaf = audit_hash_leaf(&p->hasher, entry);
		unsigned width = audit_tree_width(index, 0);
		/* What was signed is never signed differently. */
		if (index < p->tree.size && !audit_hash_equal(&leaf, &p->tree.edge[0][width]))
			return err_set(round->err,
				       "journal: entry %" PRIu64
				       " is not the one that was signed; the log was "
				       "changed under its writer",
				       index);
		buf_add(&round->bundle, entry.at - AUDIT_ENTRY_HEAD, entry.len + AUDIT_ENTRY_HEAD);
		if (round->bundle.failed)
			return err_set(round->err, "memory is short for an entry bundle");
		if (!audit_tree_push(&round->tree, &p->hasher, &leaf, &sink))
			return false;
	}
	return true;
}

/* Reads entries up to `to` from the journal. *point: where the next round will begin. */
static bool read_journal(struct round *round, uint64_t to, struct audit_journal_point *point)
{
	struct audit_publisher *p = round->publisher;
	struct audit_journal *journal;
	struct audit_journal_batch batch;
	enum audit_journal_step step = (p->broken_journal ? audit_journal_open_some : audit_journal_open)(
		p->epoch, &p->identity->log, &journal, round->err);
	if (step != AUDIT_JOURNAL_BATCH)
		return false;
	uint64_t begin = to - to % AUDIT_TILE_WIDTH;
	bool good = true;
	audit_journal_seek(journal, round->tree.size, &p->point);
	while (good && round->tree.size < to) {
		if (audit_journal_here(journal).first <= begin)
			*point = audit_journal_here(journal);
		step = audit_journal_next(journal, &batch, round->err);
		if (step == AUDIT_JOURNAL_BATCH && batch.first == round->tree.size)
			good = add_entries(round, &batch, to);
		else if (step == AUDIT_JOURNAL_BATCH || step == AUDIT_JOURNAL_STOP)
			good = err_set(round->err,
				       "journal: entry %" PRIu64 " was acknowledged and cannot be read back",
				       round->tree.size);
		else
			good = false;
	}
	if (audit_journal_here(journal).first == begin)
		*point = audit_journal_here(journal);
	audit_journal_close(journal);
	return good;
}

static bool write_partials(struct round *round)
{
	const struct audit_publisher *p = round->publisher;
	const struct audit_tree *tree = &round->tree;
	for (unsigned level = 0; level < AUDIT_TREE_LEVELS; level++) {
		unsigned width = audit_tree_width(tree->size, level);
		uint64_t n = audit_tree_tile(tree->size, level);
		struct audit_tile tile = {level, n, width}, bundle = {AUDIT_TILE_ENTRIES, n, width};
		if (width == 0 || (n == audit_tree_tile(p->tree.size, level) &&
				   width == audit_tree_width(p->tree.size, level)))
			continue;
		if (level == 0 && !write_tile(round, &bundle, buf_bytes(&round->bundle)))
			return false;
		if (!write_tile(round, &tile, hashes(tree->edge[level], width)))
			return false;
	}
	return sync_dirs(round);
}

static bool sign(struct round *round, struct buf *note)
{
	const struct audit_publisher *p = round->publisher;
	struct audit_checkpoint checkpoint = {
		.size = round->tree.size, .root = audit_tree_root(&round->tree, &round->publisher->hasher)};
	struct buf text = {0};
	strcpy(checkpoint.origin, p->identity->vkey.name);
	audit_checkpoint_text(&checkpoint, &text);
	bool good = !text.failed && audit_note_sign(p->signer, buf_bytes(&text), note);
	if (!good)
		err_set(round->err, "checkpoint: cannot be signed");
	else if (!audit_io_replace(p->io, p->epoch, TEMP, "checkpoint", buf_bytes(note), 0444) ||
		 !audit_io_sync_parent(p->io, p->epoch, "checkpoint"))
		good = err_set(round->err, "checkpoint: cannot be written: %s", strerror(errno));
	buf_done(&text);
	return good;
}

/* Removes <tile>.p with what is in it. Partial tiles may go once the full one is there (tlog-tiles); leaving
 * them does no harm, so nothing is reported. */
static void drop_partials(const struct audit_io *io, int epoch, unsigned level, uint64_t n)
{
	struct audit_tile tile = {level, n, AUDIT_TILE_WIDTH};
	char path[AUDIT_TILE_PATH_MAX + 2], name[AUDIT_TILE_PATH_MAX + 2 + 256];
	audit_tile_path(&tile, path);
	strcat(path, ".p");
	int fd = openat(epoch, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	for (struct dirent *entry; (entry = readdir(dir));) {
		snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
		if (entry->d_name[0] != '.')
			io->remove(io->ctx, epoch, name);
	}
	closedir(dir);
	unlinkat(epoch, path, AT_REMOVEDIR);
}

static void drop_full_partials(const struct audit_publisher *p, uint64_t was)
{
	for (unsigned level = 0; level < AUDIT_TREE_LEVELS; level++) {
		uint64_t n = audit_tree_tile(was, level);
		if (audit_tree_width(was, level) == 0 || audit_tree_tile(p->tree.size, level) == n)
			continue;
		drop_partials(p->io, p->epoch, level, n);
		if (level == 0)
			drop_partials(p->io, p->epoch, AUDIT_TILE_ENTRIES, n);
	}
}

bool audit_publish(struct audit_publisher *p, uint64_t to, struct err *err)
{
	struct round round = {.publisher = p, .tree = p->tree, .err = err};
	struct audit_journal_point point = p->point;
	struct buf note = {0};
	uint64_t was = p->tree.size;
	round.tree.size -= audit_tree_width(was, 0); /* the bundle that is not full is written again */
	bool good = read_journal(&round, to, &point) && write_partials(&round) && sign(&round, &note);
	p->unsure = !good;
	if (good) {
		p->tree = round.tree;
		p->point = point;
		buf_done(&p->note);
		p->note = note;
		drop_full_partials(p, was);
	} else {
		buf_done(&note);
	}
	buf_done(&round.bundle);
	return good;
}

enum audit_found audit_publish_load(int epoch, const struct audit_checkpoint *checkpoint,
				    struct audit_hasher *hasher, struct audit_tree *tree, struct err *err)
{
	struct buf file = {0};
	enum audit_found found = AUDIT_FOUND;
	*tree = (struct audit_tree){.size = checkpoint->size};
	for (unsigned level = 0; level < AUDIT_TREE_LEVELS && found == AUDIT_FOUND; level++) {
		unsigned width = audit_tree_width(tree->size, level);
		struct audit_tile tile = {level, audit_tree_tile(tree->size, level), width};
		bool partial;
		if (width == 0)
			continue;
		found = audit_tile_read(epoch, &tile, true, &file, &partial, err);
		size_t need = (size_t)width * AUDIT_HASH_LEN;
		if (found == AUDIT_FOUND && (partial ? file.len != need : file.len < need)) {
			char path[AUDIT_TILE_PATH_MAX];
			audit_tile_path(&tile, path);
			err_set(err, "%s: has %zu bytes; %zu are right", path, file.len, need);
			found = AUDIT_UNREADABLE;
		}
		if (found == AUDIT_FOUND)
			memcpy(tree->edge[level], file.at, need);
	}
	buf_done(&file);
	if (found != AUDIT_FOUND)
		return AUDIT_UNREADABLE;
	struct audit_hash root = audit_tree_root(tree, hasher);
	if (!audit_hash_equal(&root, &checkpoint->root)) {
		err_set(err, "tile/: the tiles do not make the root of the checkpoint");
		return AUDIT_UNREADABLE;
	}
	return AUDIT_FOUND;
}

/* Partial tiles of <tile>.p that are wider than the checkpoint says. */
static void drop_wider(const struct audit_io *io, int epoch, unsigned level, uint64_t n, unsigned width)
{
	char path[AUDIT_TILE_PATH_MAX];
	for (unsigned w = width + 1; w < AUDIT_TILE_WIDTH; w++) {
		audit_tile_path(&(struct audit_tile){level, n, w}, path);
		if (faccessat(epoch, path, F_OK, 0) == 0)
			io->remove(io->ctx, epoch, path);
	}
}

/* Rounds write tiles in order, so what stands beyond the checkpoint follows it without a hole. */
void audit_publish_trim(const struct audit_io *io, int epoch, uint64_t size)
{
	char path[AUDIT_TILE_PATH_MAX];
	for (unsigned level = 0; level <= AUDIT_TILE_ENTRIES; level++) {
		unsigned of = level == AUDIT_TILE_ENTRIES ? 0 : level;
		uint64_t n = audit_tree_tile(size, of);
		drop_wider(io, epoch, level, n, audit_tree_width(size, of));
		for (;; n++) {
			audit_tile_path(&(struct audit_tile){level, n, AUDIT_TILE_WIDTH}, path);
			bool full = faccessat(epoch, path, F_OK, 0) == 0;
			if (full)
				io->remove(io->ctx, epoch, path);
			if (n > audit_tree_tile(size, of))
				drop_partials(io, epoch, level, n);
			if (!full)
				break;
		}
	}
}

static int by_index(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

void audit_publish_prune(const struct audit_io *io, int epoch, uint64_t size)
{
	enum { MANY = 4096 };
	uint64_t first[MANY];
	size_t count = 0;
	uint64_t full = size - size % AUDIT_TILE_WIDTH;
	int fd = openat(epoch, "journal", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	for (struct dirent *entry; count < MANY && (entry = readdir(dir));)
		count += audit_segment_name_parse(entry->d_name, &first[count]);
	closedir(dir);
	qsort(first, count, sizeof *first, by_index);
	for (size_t i = 0; i + 1 < count && first[i + 1] <= full; i++) {
		char base[AUDIT_SEGMENT_NAME], name[AUDIT_SEGMENT_NAME + 8];
		audit_segment_name(first[i], base);
		snprintf(name, sizeof name, "journal/%s", base);
		io->remove(io->ctx, epoch, name);
	}
}

void audit_publisher_done(struct audit_publisher *publisher)
{
	audit_hasher_done(&publisher->hasher);
	buf_done(&publisher->note);
}
