/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int system_open(void *ctx, int dir, const char *name, int flags, mode_t mode)
{
	(void)ctx;
	return openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC, mode);
}

static ssize_t system_write(void *ctx, int fd, const void *from, size_t len, off_t at)
{
	(void)ctx;
	return pwrite(fd, from, len, at);
}

static int system_sync_data(void *ctx, int fd)
{
	(void)ctx;
	return fdatasync(fd);
}

static int system_sync_all(void *ctx, int fd)
{
	(void)ctx;
	return fsync(fd);
}

static int system_rename(void *ctx, int dir, const char *from, const char *to)
{
	(void)ctx;
	return renameat(dir, from, dir, to);
}

static int system_remove(void *ctx, int dir, const char *name)
{
	(void)ctx;
	return unlinkat(dir, name, 0);
}

static int system_make_dir(void *ctx, int dir, const char *name)
{
	(void)ctx;
	return mkdirat(dir, name, 0755);
}

const struct audit_io audit_io_system = {
	.open = system_open,
	.write = system_write,
	.sync_data = system_sync_data,
	.sync_all = system_sync_all,
	.rename = system_rename,
	.remove = system_remove,
	.make_dir = system_make_dir,
};

bool audit_io_write_all(const struct audit_io *io, int fd, const void *from, size_t len, off_t at)
{
	const char *next = from;
	while (len > 0) {
		ssize_t n = io->write(io->ctx, fd, next, len, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? EIO : errno;
			return false;
		}
		next += n;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

bool audit_io_make_dirs(const struct audit_io *io, int dir, const char *name)
{
	char path[PATH_MAX];
	size_t len = strlen(name);
	if (len >= sizeof path) {
		errno = ENAMETOOLONG;
		return false;
	}
	for (size_t i = 0; i <= len; i++) {
		if (name[i] == '/' || name[i] == '\0') {
			path[i] = '\0';
			if (io->make_dir(io->ctx, dir, path) != 0 && errno != EEXIST)
				return false;
		}
		path[i] = name[i];
	}
	return true;
}

bool audit_io_sync_parent(const struct audit_io *io, int dir, const char *name)
{
	char path[PATH_MAX];
	const char *slash = strrchr(name, '/');
	size_t len = slash ? (size_t)(slash - name) : 0;
	if (len >= sizeof path) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(path, name, len);
	path[len] = '\0';
	int parent = io->open(io->ctx, dir, len ? path : ".", O_RDONLY | O_DIRECTORY, 0);
	if (parent < 0)
		return false;
	bool good = io->sync_all(io->ctx, parent) == 0;
	int why = errno;
	close(parent);
	errno = why;
	return good;
}

bool audit_io_replace(const struct audit_io *io, int dir, const char *temp, const char *name,
		      struct bytes text, mode_t mode)
{
	if (io->remove(io->ctx, dir, temp) != 0 && errno != ENOENT)
		return false;
	int fd = io->open(io->ctx, dir, temp, O_WRONLY | O_CREAT | O_EXCL, mode);
	if (fd < 0)
		return false;
	bool good = audit_io_write_all(io, fd, text.at, text.len, 0) && io->sync_all(io->ctx, fd) == 0;
	int why = errno;
	close(fd);
	errno = why;
	return good && io->rename(io->ctx, dir, temp, name) == 0;
}

static bool read_all(int fd, size_t size, struct buf *text)
{
	char block[65536];
	ssize_t n = 0;
	while (text->len <= size && ((n = read(fd, block, sizeof block)) > 0 || (n < 0 && errno == EINTR)))
		buf_add(text, block, n > 0 ? (size_t)n : 0);
	return n >= 0;
}

enum audit_found audit_file_read(int dir, const char *name, size_t max, struct buf *text, struct err *err)
{
	struct stat stat;
	enum audit_found found = AUDIT_UNREADABLE;
	buf_clear(text);
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		err_set(err, "%s: is missing", name);
		return AUDIT_MISSING;
	}
	if (fd < 0 && errno == ELOOP)
		err_set(err, "%s: is a link; a log has plain files only", name);
	else if (fd < 0 || fstat(fd, &stat) != 0)
		err_set(err, "%s: cannot be read: %s", name, strerror(errno));
	else if (!S_ISREG(stat.st_mode))
		err_set(err, "%s: is not a plain file", name);
	else if ((uint64_t)stat.st_size > max)
		err_set(err, "%s: has %lld bytes; at most %zu", name, (long long)stat.st_size, max);
	else if (!read_all(fd, max, text))
		err_set(err, "%s: cannot be read: %s", name, strerror(errno));
	else if (text->failed || text->len > max)
		err_set(err, "%s: memory is short", name);
	else
		found = AUDIT_FOUND;
	if (fd >= 0)
		close(fd);
	return found;
}
