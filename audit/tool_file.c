/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/tool_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

bool tool_file_read(const char *path, size_t max, struct buf *text, struct err *err)
{
	char block[8192];
	size_t len;
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	if (!file)
		return err_set(err, "%s: cannot be read: %s", path, strerror(errno));
	while (text->len <= max && (len = fread(block, 1, sizeof block, file)) > 0)
		buf_add(text, block, len);
	bool good = true;
	if (ferror(file))
		good = err_set(err, "%s: cannot be read: %s", path, strerror(errno));
	else if (text->len > max)
		good = err_set(err, "%s: is longer than %zu bytes", path, max);
	else if (text->failed)
		good = err_set(err, "%s: memory is short", path);
	if (file != stdin)
		fclose(file);
	return good;
}

bool tool_file_write(const char *path, struct bytes text, struct err *err)
{
	char temp[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int dir = slash ? (int)(slash - path + 1) : 0;
	int len = snprintf(temp, sizeof temp, "%.*s.tmp-%s-%d", dir, path, path + dir, (int)getpid());
	FILE *file = len > 0 && (size_t)len < sizeof temp ? fopen(temp, "wxe") : NULL;
	if (!file)
		return err_set(err, "%s: cannot be made: %s", path, strerror(errno));
	bool good = text.len == 0 || fwrite(text.at, 1, text.len, file) == text.len;
	good = fflush(file) == 0 && good;
	good = fsync(fileno(file)) == 0 && good;
	good = fclose(file) == 0 && good;
	if (good && rename(temp, path) == 0)
		return true;
	err_set(err, "%s: cannot be written: %s", path, strerror(errno));
	unlink(temp);
	return false;
}
