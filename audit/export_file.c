/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/export_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool refuse_existing(const char *path, struct err *err)
{
	return err_set(err, "%s: exists already; an export never overwrites, name another file", path);
}

/* Beside the file that is named, so that the name can be given by a rename. */
static bool temp_beside(struct export_file *file, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	int dir = slash ? (int)(slash - path + 1) : 0;
	struct stat there;
	if (lstat(path, &there) == 0)
		return refuse_existing(path, err);
	int len = snprintf(file->temp, sizeof file->temp, "%.*s.tmp-%s-%d", dir, path, path + dir,
			   (int)getpid());
	if (len < 0 || (size_t)len >= sizeof file->temp || !path[dir]) {
		file->temp[0] = 0;
		return err_set(err, "%s: is not the name of a file", path);
	}
	file->file = fopen(file->temp, "wxe");
	if (file->file)
		return true;
	file->temp[0] = 0;
	return err_set(err, "%s: cannot be made: %s", path, strerror(errno));
}

static bool temp_for_stdout(struct export_file *file, struct err *err)
{
	const char *dir = getenv("TMPDIR");
	int len = snprintf(file->temp, sizeof file->temp, "%s/.tmp-rankguard-XXXXXX",
			   dir && dir[0] ? dir : "/tmp");
	int fd = len > 0 && (size_t)len < sizeof file->temp ? mkstemp(file->temp) : -1;
	file->file = fd >= 0 ? fdopen(fd, "r+") : NULL;
	if (file->file)
		return true;
	int why = errno;
	if (fd >= 0) {
		close(fd);
		unlink(file->temp);
	}
	file->temp[0] = 0;
	return err_set(err, "a temporary file cannot be made: %s", strerror(why));
}

bool export_file_open(struct export_file *file, const char *path, bool seeks, struct err *err)
{
	*file = (struct export_file){.path = path};
	if (path)
		return temp_beside(file, path, err);
	if (seeks)
		return temp_for_stdout(file, err);
	file->file = stdout;
	return true;
}

/* Without ever replacing what came there meanwhile. File systems that know no such rename have links. */
static bool give_name(struct export_file *file, struct err *err)
{
	if (renameat2(AT_FDCWD, file->temp, AT_FDCWD, file->path, RENAME_NOREPLACE) == 0) {
		file->temp[0] = 0;
		return true;
	}
	if ((errno == EINVAL || errno == ENOSYS) && link(file->temp, file->path) == 0)
		return true;
	if (errno == EEXIST)
		return refuse_existing(file->path, err);
	return err_set(err, "%s: cannot be written: %s", file->path, strerror(errno));
}

static bool copy_to_stdout(FILE *from)
{
	char block[1 << 16];
	size_t len;
	rewind(from);
	while ((len = fread(block, 1, sizeof block, from)) > 0)
		if (fwrite(block, 1, len, stdout) != len)
			return false;
	return !ferror(from) && fflush(stdout) == 0;
}

bool export_file_keep(struct export_file *file, struct err *err)
{
	bool good = fflush(file->file) == 0 && !ferror(file->file);
	if (good && file->path)
		good = fsync(fileno(file->file)) == 0;
	else if (good && file->temp[0])
		good = copy_to_stdout(file->file);
	if (!good)
		return err_set(err, "%s: cannot be written: %s", file->path ? file->path : "the export",
			       strerror(errno));
	return !file->path || give_name(file, err);
}

void export_file_done(struct export_file *file)
{
	if (file->file && file->file != stdout)
		fclose(file->file);
	if (file->temp[0])
		unlink(file->temp);
	*file = (struct export_file){0};
}
