/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_fd(int fd, const char *noun, size_t most, struct buf *bytes, struct err *err)
{
	struct stat stat;
	if (fstat(fd, &stat) != 0)
		return err_set(err, "cannot be read: %s", strerrordesc_np(errno));
	if (!S_ISREG(stat.st_mode))
		return err_set(err, "is not a regular file; give the path of the %s", noun);
	char part[4096];
	for (ssize_t got; (got = read(fd, part, sizeof part)) != 0;) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(err, "cannot be read: %s", strerrordesc_np(errno));
		buf_add(bytes, part, (size_t)got);
		if (bytes->len > most << 20)
			return err_set(err, "is larger than %zu MiB; a %s is smaller", most, noun);
	}
	return !bytes->failed || err_set(err, "memory is short");
}

bool file_read(const char *path, const char *noun, size_t most, struct buf *bytes, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_set(err, "cannot be opened: %s; give the path of a readable file",
			       strerrordesc_np(errno));
	bool good = read_fd(fd, noun, most, bytes, err);
	close(fd);
	return good;
}
