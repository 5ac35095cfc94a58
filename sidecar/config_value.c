/* SPDX-License-Identifier: Apache-2.0
 *
 * One value given as text: where it comes from, what form it must have, where it is stored.
 */
#include "sidecar/config_load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum {
	TEXT_MAX = 4096,
	NAME_MAX_LEN = 120, /* two of them and the epoch make a log's origin of at most 255 bytes */
	ADDRESSES_MAX = 16,
};

/* The file's folder with the slash behind it; "" when there is none. */
static int folder_len(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? (int)(slash + 1 - path) : 0;
}

/* A relative path is relative to the configuration file. Returns owned, NULL when memory is short. */
static char *resolve_path(const struct config_load *load, const char *path)
{
	char *full = NULL;
	int folder = path[0] == '/' ? 0 : folder_len(load->path);
	return asprintf(&full, "%.*s%s", folder, load->path, path) >= 0 ? full : NULL;
}

static char *read_env(const char *name, struct err *err)
{
	const char *value = getenv(name);
	if (!value || !*value) {
		err_set(err, "environment variable %s is %s; set it, or write the value itself",
			*name ? name : "\"\"", value ? "empty" : "not set");
		return NULL;
	}
	char *copy = strdup(value);
	if (!copy)
		err_set(err, "memory is short");
	return copy;
}

/* The first line, without its end. */
static char *read_first_line(const struct config_load *load, const char *path, struct err *err)
{
	char *full = resolve_path(load, path), *line = NULL;
	FILE *file = full ? fopen(full, "re") : NULL;
	size_t room = 0;
	ssize_t len = file ? getline(&line, &room, file) : -1;
	if (!file || (len < 0 && ferror(file)))
		err_set(err, "%s cannot be read: %s; make it readable, or write the value itself",
			full ? full : path, strerror(errno));
	else if (len > 0 && memchr(line, '\0', (size_t)len))
		err_set(err, "%s holds a NUL byte; its first line must be text", full);
	else
		line[len > 0 ? strcspn(line, "\r\n") : 0] = '\0';
	bool good = file && len > 0 && *line && strlen(line) + 2 >= (size_t)len;
	if (!good && file && !ferror(file) && (len <= 0 || !*line))
		err_set(err, "%s is empty; put the value into its first line", full);
	if (!good) {
		free(line);
		line = NULL;
	}
	if (file)
		fclose(file);
	free(full);
	return line;
}
