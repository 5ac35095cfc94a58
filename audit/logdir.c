/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/logdir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

bool audit_logdir_open(struct audit_logdir *logdir, const char *path, struct err *err)
{
	*logdir = (struct audit_logdir){.path = path, .fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	if (logdir->fd < 0)
		return err_set(err, "%s: cannot be read: %s", path, strerror(errno));
	bool good = audit_epoch_list(logdir->fd, &logdir->epochs, &logdir->count, err);
	if (!good)
		err_within(err, "%s", path);
	if (good && logdir->count == 0 && faccessat(logdir->fd, "log.id", F_OK, 0) == 0) {
		free(logdir->epochs);
		logdir->epochs = calloc(1, sizeof *logdir->epochs);
		logdir->single = true;
		logdir->count = 1;
		good = logdir->epochs || err_set(err, "%s: memory is short", path);
	}
	if (good && logdir->count == 0)
		good = err_set(err,
			       "%s: holds no log; name the directory that holds 0001, or an epoch itself",
			       path);
	if (!good)
		audit_logdir_close(logdir);
	return good;
}

void audit_logdir_close(struct audit_logdir *logdir)
{
	if (logdir->fd >= 0)
		close(logdir->fd);
	logdir->fd = -1;
	free(logdir->epochs);
	logdir->epochs = NULL;
	logdir->count = 0;
}

int audit_logdir_epoch(const struct audit_logdir *logdir, size_t i)
{
	char name[AUDIT_EPOCH_NAME] = ".";
	if (!logdir->single)
		audit_epoch_name(logdir->epochs[i], name);
	return openat(logdir->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

bool audit_logdir_reader(const struct audit_logdir *logdir, size_t i, struct audit_reader *reader,
			 struct err *err)
{
	char name[AUDIT_EPOCH_NAME] = "";
	*reader = (struct audit_reader){.epoch = -1};
	if (!logdir->single)
		audit_epoch_name(logdir->epochs[i], name);
	int epoch = audit_logdir_epoch(logdir, i);
	bool good = epoch >= 0 || err_set(err, "cannot be read: %s", strerror(errno));
	if (good && audit_reader_open_at(reader, epoch, err)) {
		reader->number = logdir->epochs[i];
		return true;
	}
	return err_within(err, "%s%s%s", logdir->path, name[0] ? "/" : "", name);
}
