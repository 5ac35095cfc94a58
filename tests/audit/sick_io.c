/* SPDX-License-Identifier: Apache-2.0 */
#include "sick_io.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* What it takes to undo one call. */
struct sick_undo {
	struct sick_undo *next;
	enum undo_kind { UNDO_WRITE, UNDO_RENAME, UNDO_REMOVE, UNDO_MAKE_DIR } kind;
	ino_t synced_by; /* the file or directory whose sync makes it stay */
	int fd;		 /* a descriptor of the file, or of the directory that names are below */
	char from[128], to[128], grave[128];
	off_t at, size;
	size_t len;
	char *bytes;
};

static void undo_free(struct sick_undo *undo)
{
	if (undo->fd >= 0)
		close(undo->fd);
	free(undo->bytes);
	free(undo);
}

static struct sick_undo *undo_new(struct sick_io *sick, enum undo_kind kind, int fd)
{
	struct sick_undo *undo = calloc(1, sizeof *undo);
	undo->kind = kind;
	/* Not dup: that would share the directory's lock and outlive its writer's. */
	undo->fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	undo->next = sick->undo;
	sick->undo = undo;
	return undo;
}

static ino_t inode(int fd)
{
	struct stat stat;
	return fstat(fd, &stat) == 0 ? stat.st_ino : 0;
}

static ino_t parent_inode(int dir, const char *name)
{
	char path[PATH_MAX];
	struct stat stat;
	snprintf(path, sizeof path, "%s", name);
	return fstatat(dir, dirname(path), &stat, 0) == 0 ? stat.st_ino : 0;
}

/* Counts a call. Returns whether it must fail, with errno set. */
static bool sick_now(struct sick_io *sick)
{
	if (sick->dead) {
		errno = EIO;
		return true;
	}
	if (++sick->calls != sick->at || sick->sickness == SICK_NONE || sick->sickness == SICK_SHORT)
		return false;
	sick->dead = sick->sickness == SICK_DEAD;
	errno = sick->error;
	return true;
}

static int sick_open(void *ctx, int dir, const char *name, int flags, mode_t mode)
{
	struct sick_io *sick = ctx;
	pthread_mutex_lock(&sick->lock);
	bool fails = sick_now(sick);
	int why = errno;
	pthread_mutex_unlock(&sick->lock);
	errno = why;
	return fails ? -1 : audit_io_system.open(NULL, dir, name, flags, mode);
}

/* Remembers what stood there before it is written over. */
static void remember_write(struct sick_io *sick, int fd, size_t len, off_t at)
{
	struct sick_undo *undo = undo_new(sick, UNDO_WRITE, fd);
	struct stat stat;
	char link[64], path[PATH_MAX];
	fstat(fd, &stat);
	undo->synced_by = stat.st_ino;
	undo->at = at;
	undo->size = stat.st_size;
	undo->bytes = calloc(1, len ? len : 1);
	/* The log may have opened the file for writing only. */
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof path - 1);
	path[n > 0 ? n : 0] = '\0';
	int reader = open(path, O_RDWR | O_CLOEXEC);
	if (reader >= 0) {
		ssize_t have = pread(reader, undo->bytes, len, at);
		undo->len = have > 0 ? (size_t)have : 0;
		undo->fd = reader;
	}
}

static ssize_t sick_write(void *ctx, int fd, const void *from, size_t len, off_t at)
{
	struct sick_io *sick = ctx;
	pthread_mutex_lock(&sick->lock);
	bool here = !sick->dead && sick->calls + 1 == sick->at;
	bool fails = sick_now(sick);
	int why = errno;
	if (here && sick->sickness != SICK_ERROR && sick->sickness != SICK_NONE)
		len = sick->tear < len ? sick->tear : len;
	else if (fails)
		len = 0;
	ssize_t n = -1;
	if (len > 0) {
		remember_write(sick, fd, len, at);
		n = audit_io_system.write(NULL, fd, from, len, at);
		why = n < 0 ? errno : why;
	}
	pthread_mutex_unlock(&sick->lock);
	if (!fails)
		return n;
	errno = why;
	return -1;
}

static int sick_sync(struct sick_io *sick, int fd, int (*sync)(void *, int))
{
	pthread_mutex_lock(&sick->lock);
	bool fails = sick_now(sick);
	int why = errno;
	if (!fails && !sick->no_sync) {
		ino_t file = inode(fd);
		for (struct sick_undo **at = &sick->undo; *at;) {
			struct sick_undo *undo = *at;
			if (undo->synced_by == file) {
				*at = undo->next;
				undo_free(undo);
			} else {
				at = &undo->next;
			}
		}
	}
	pthread_mutex_unlock(&sick->lock);
	errno = why;
	return fails ? -1 : sync(NULL, fd);
}

static int sick_sync_data(void *ctx, int fd)
{
	return sick_sync(ctx, fd, audit_io_system.sync_data);
}

static int sick_sync_all(void *ctx, int fd)
{
	return sick_sync(ctx, fd, audit_io_system.sync_all);
}

/* Keeps a file that is about to lose its name. */
static void bury(struct sick_io *sick, struct sick_undo *undo, int dir, const char *name)
{
	snprintf(undo->grave, sizeof undo->grave, "%s/%u", sick->grave, sick->buried++);
	if (linkat(dir, name, AT_FDCWD, undo->grave, 0) != 0)
		undo->grave[0] = '\0';
}

static int sick_rename(void *ctx, int dir, const char *from, const char *to)
{
	struct sick_io *sick = ctx;
	int result = -1;
	pthread_mutex_lock(&sick->lock);
	if (!sick_now(sick)) {
		struct sick_undo *undo = undo_new(sick, UNDO_RENAME, dir);
		snprintf(undo->from, sizeof undo->from, "%s", from);
		snprintf(undo->to, sizeof undo->to, "%s", to);
		undo->synced_by = parent_inode(dir, to);
		bury(sick, undo, dir, to);
		result = audit_io_system.rename(NULL, dir, from, to);
		if (result != 0) {
			int why = errno;
			sick->undo = undo->next;
			undo_free(undo);
			errno = why;
		}
	}
	int why = errno;
	pthread_mutex_unlock(&sick->lock);
	errno = why;
	return result;
}

static int sick_remove(void *ctx, int dir, const char *name)
{
	struct sick_io *sick = ctx;
	int result = -1;
	pthread_mutex_lock(&sick->lock);
	if (!sick_now(sick)) {
		struct sick_undo *undo = undo_new(sick, UNDO_REMOVE, dir);
		snprintf(undo->to, sizeof undo->to, "%s", name);
		undo->synced_by = parent_inode(dir, name);
		bury(sick, undo, dir, name);
		result = audit_io_system.remove(NULL, dir, name);
	}
	int why = errno;
	pthread_mutex_unlock(&sick->lock);
	errno = why;
	return result;
}

static int sick_make_dir(void *ctx, int dir, const char *name)
{
	struct sick_io *sick = ctx;
	int result = -1;
	pthread_mutex_lock(&sick->lock);
	if (!sick_now(sick)) {
		result = audit_io_system.make_dir(NULL, dir, name);
		if (result == 0) {
			struct sick_undo *undo = undo_new(sick, UNDO_MAKE_DIR, dir);
			snprintf(undo->to, sizeof undo->to, "%s", name);
			undo->synced_by = parent_inode(dir, name);
		}
	}
	int why = errno;
	pthread_mutex_unlock(&sick->lock);
	errno = why;
	return result;
}

void sick_init(struct sick_io *sick)
{
	*sick = (struct sick_io){.io = {.open = sick_open,
					.write = sick_write,
					.sync_data = sick_sync_data,
					.sync_all = sick_sync_all,
					.rename = sick_rename,
					.remove = sick_remove,
					.make_dir = sick_make_dir}};
	sick->io.ctx = sick;
	pthread_mutex_init(&sick->lock, NULL);
	snprintf(sick->grave, sizeof sick->grave, "%s/rankguard-grave-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(sick->grave));
}

void sick_done(struct sick_io *sick)
{
	while (sick->undo) {
		struct sick_undo *undo = sick->undo;
		sick->undo = undo->next;
		undo_free(undo);
	}
	kit_remove(sick->grave);
	pthread_mutex_destroy(&sick->lock);
}

static void take_back(struct sick_undo *undo)
{
	char path[PATH_MAX], link[64];
	switch (undo->kind) {
	case UNDO_WRITE:
		if (undo->len > 0 && pwrite(undo->fd, undo->bytes, undo->len, undo->at) < 0)
			break;
		if (ftruncate(undo->fd, undo->size) != 0)
			break;
		break;
	case UNDO_RENAME:
		renameat(undo->fd, undo->to, undo->fd, undo->from);
		if (undo->grave[0])
			linkat(AT_FDCWD, undo->grave, undo->fd, undo->to, 0);
		break;
	case UNDO_REMOVE:
		if (undo->grave[0])
			linkat(AT_FDCWD, undo->grave, undo->fd, undo->to, 0);
		break;
	case UNDO_MAKE_DIR: {
		snprintf(link, sizeof link, "/proc/self/fd/%d", undo->fd);
		ssize_t n = readlink(link, path, sizeof path - 200);
		if (n > 0) {
			snprintf(path + n, sizeof path - (size_t)n, "/%s", undo->to);
			kit_remove(path);
		}
		break;
	}
	}
}

void sick_power_cut(struct sick_io *sick)
{
	while (sick->undo) {
		struct sick_undo *undo = sick->undo;
		take_back(undo);
		sick->undo = undo->next;
		undo_free(undo);
	}
}
