/* SPDX-License-Identifier: Apache-2.0
 *
 * The files themselves, for `strict`: each must be one that a log has, and say nothing that the log does not.
 */
#include "audit/key.h"
#include "audit/pseudonym.h"
#include "audit/verify_inside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH = 12 };

/* A tile file that the tree's walk did not look at: an older partial one, or one beyond the checkpoint. */
static void check_tile_file(struct verify *v, const char *path, const struct audit_tile *tile)
{
	unsigned level = tile->level == AUDIT_TILE_ENTRIES ? 0 : tile->level;
	uint64_t size = v->reader.checkpoint.size, n = audit_tree_tile(size, level);
	unsigned width = tile->n < n ? AUDIT_TILE_WIDTH : tile->n == n ? audit_tree_width(size, level) : 0;
	struct audit_tile now = {tile->level, tile->n, width};
	struct buf old = {0};
	struct err err;
	bool partial, exact;
	bool pruned = tile->level == AUDIT_TILE_ENTRIES &&
		      tile->n * AUDIT_TILE_WIDTH + tile->width <= v->reader.pruned;
	if (pruned)
		verify_note(v,
			    "%s: is pruned, and not removed yet; the writer goes on with that when it starts",
			    path);
	if (pruned || tile->width == width)
		return;
	if (tile->width > width) {
		if (!v->live)
			verify_note(v,
				    "%s: beyond the checkpoint, left by a run that was ended; the writer "
				    "removes it "
				    "when it starts",
				    path);
		return;
	}
	if (audit_file_read(v->reader.epoch, path, AUDIT_BUNDLE_MAX, &old, &err) != AUDIT_FOUND) {
		if (!v->live)
			verify_find(v, "%s", err.text);
	} else if (audit_tile_read(v->reader.epoch, &now, true, &v->tile, &partial, &err) != AUDIT_FOUND) {
		verify_find(v, "%s", err.text);
	} else {
		struct bytes begin = {v->tile.at, (size_t)tile->width * AUDIT_HASH_LEN};
		if (tile->level == AUDIT_TILE_ENTRIES)
			begin = audit_bundle_prefix(buf_bytes(&v->tile), tile->width, &exact);
		if (!bytes_present(begin) || begin.len > v->tile.len || !bytes_equal(begin, buf_bytes(&old)))
			verify_find(v, "%s: is not the beginning of what came after it", path);
	}
	buf_done(&old);
}

static void check_plain_file(struct verify *v, const char *path, const struct stat *stat)
{
	struct audit_tile tile;
	const char *name = strrchr(path, '/');
	name = name ? name + 1 : path;
	if (strncmp(name, ".tmp-", 5) == 0 && name == path) {
		if (!v->live)
			verify_note(v, "%s: left by a run that was ended; of no meaning", path);
	} else if (strcmp(path, "lock") == 0) {
		if (stat->st_size != 0)
			verify_find(v, "lock: is not empty");
	} else if (strcmp(path, "log.id") == 0 || strcmp(path, "checkpoint") == 0 ||
		   strcmp(path, "pruned") == 0) {
		return; /* read already */
	} else if (audit_tile_parse(bytes_of(path), &tile)) {
		check_tile_file(v, path, &tile);
	} else if (strncmp(path, "journal/", 8) == 0 && strchr(path + 8, '/') == NULL) {
		if (!v->live && v->reader.journal && !audit_journal_has(v->reader.journal, path + 8))
			verify_find(v, "%s: is not a segment that counts", path);
	} else if (strncmp(path, "quarantine/", 11) != 0) {
		verify_find(v, "%s: does not belong to a log", path);
	}
}

/* A name below the epoch. Returns whether it is a directory to go into. */
static bool check_name(struct verify *v, const char *path)
{
	struct stat stat;
	if (fstatat(v->reader.epoch, path, &stat, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno != ENOENT || !v->live)
			verify_find(v, "%s: cannot be read: %s", path, strerror(errno));
		return false;
	}
	if (S_ISDIR(stat.st_mode))
		return true;
	if (S_ISREG(stat.st_mode))
		check_plain_file(v, path, &stat);
	else
		verify_find(v, "%s: is neither a plain file nor a directory", path);
	return false;
}

/* Depth first; memory is one open directory for each level. */
static void walk_files(struct verify *v)
{
	DIR *open_dirs[DEPTH];
	char path[PATH_MAX] = "";
	size_t depth = 0, len[DEPTH] = {0};
	int fd = openat(v->reader.epoch, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && (open_dirs[0] = fdopendir(fd)))
		depth = 1;
	while (depth > 0) {
		struct dirent *entry = readdir(open_dirs[depth - 1]);
		size_t base = len[depth - 1];
		if (!entry) {
			closedir(open_dirs[--depth]);
			continue;
		}
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		int used = snprintf(path + base, sizeof path - base, "%s%s", base ? "/" : "", entry->d_name);
		if (used < 0 || (size_t)used >= sizeof path - base || !check_name(v, path))
			continue;
		fd = depth < DEPTH
			     ? openat(v->reader.epoch, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
			     : -1;
		DIR *dir = fd < 0 ? NULL : fdopendir(fd);
		if (dir) {
			len[depth] = base + (size_t)used;
			open_dirs[depth++] = dir;
		} else if (!v->live) {
			verify_find(v, "%s: cannot be listed", path);
		}
	}
}

void verify_files(struct verify *v)
{
	walk_files(v);
}

/* The key that lies in the directory, if any and if we may read it, must be whole. */
static void check_key(struct verify *v)
{
	char path[PATH_MAX];
	uint8_t seed[AUDIT_SEED_LEN];
	struct audit_vkey vkey;
	struct err err;
	snprintf(path, sizeof path, "%s/audit.key", v->logdir.path);
	if (access(path, R_OK) == 0 && !audit_key_load(path, seed, &vkey, &err))
		verify_find(v, "%s", err.text);
	OPENSSL_cleanse(seed, sizeof seed);
}

/* The subject key that a sidecar made here when none was configured. */
static void check_subject_key(struct verify *v)
{
	char path[PATH_MAX];
	struct err err;
	snprintf(path, sizeof path, "%s/subject.key", v->logdir.path);
	if (access(path, R_OK) != 0)
		return;
	struct audit_subject_key *key = audit_subject_key_load(path, &err);
	if (!key)
		verify_find(v, "%s", err.text);
	audit_subject_key_free(key);
}

void verify_top_files(struct verify *v)
{
	int fd = openat(v->logdir.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	v->place[0] = '\0';
	if (!dir && fd >= 0)
		close(fd);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		const char *name = entry->d_name;
		if (strcmp(name, "audit.key") == 0)
			check_key(v);
		else if (strcmp(name, "subject.key") == 0)
			check_subject_key(v);
		else if (!audit_epoch_parse(name) && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
			 strcmp(name, "lost+found") != 0)
			verify_find(v, "%s: does not belong to a log", name);
	}
	if (dir)
		closedir(dir);
}
