/* SPDX-License-Identifier: Apache-2.0
 *
 * Every call by which the log changes the disk goes through this table, so that tests can fail, tear or end
 * at each of them. Reading goes to the system directly.
 *
 * Members are as the system calls of their names: -1 and errno on failure. Names are relative to `dir`.
 * Thread: the log calls from its writer and its publisher at the same time.
 */
#ifndef AUDIT_IO_H
#define AUDIT_IO_H

#include "proto/buf.h"
#include "proto/err.h"
#include <sys/types.h>

struct audit_io {
	void *ctx;
	int (*open)(void *ctx, int dir, const char *name, int flags, mode_t mode);
	ssize_t (*write)(void *ctx, int fd, const void *from, size_t len, off_t at);
	int (*sync_data)(void *ctx, int fd); /* fdatasync: contents and what is needed to read them back */
	int (*sync_all)(void *ctx, int fd);  /* fsync */
	int (*rename)(void *ctx, int dir, const char *from, const char *to);
	int (*remove)(void *ctx, int dir, const char *name);
	int (*make_dir)(void *ctx, int dir, const char *name);
};

extern const struct audit_io audit_io_system;

/* Writes everything, over short writes and EINTR. False: errno says why. */
MUST_USE bool audit_io_write_all(const struct audit_io *io, int fd, const void *from, size_t len, off_t at);

/* Makes a directory with its parents; one that exists is fine. Nothing is synced. */
MUST_USE bool audit_io_make_dirs(const struct audit_io *io, int dir, const char *name);

/* fsync of the directory that holds `name`. */
MUST_USE bool audit_io_sync_parent(const struct audit_io *io, int dir, const char *name);

/* Writes `text` to the temporary file `temp`, syncs it and renames it to `name`. The directory of `name` is
 * not synced. A temporary file that stands there is removed first. */
MUST_USE bool audit_io_replace(const struct audit_io *io, int dir, const char *temp, const char *name,
			       struct bytes text, mode_t mode);

enum audit_found { AUDIT_FOUND, AUDIT_MISSING, AUDIT_UNREADABLE };

/* Reads a whole plain file of at most `max` bytes into `text` (cleared first). Links are not followed.
 * AUDIT_MISSING and AUDIT_UNREADABLE set err: `name: what is wrong`. */
MUST_USE enum audit_found audit_file_read(int dir, const char *name, size_t max, struct buf *text,
					  struct err *err);

#endif
