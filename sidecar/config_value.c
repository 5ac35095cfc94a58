/* SPDX-License-Identifier: Apache-2.0
 *
 * One value given as text: where it comes from, what form it must have, where it is stored.
 */
#include "sidecar/config_load.h"

#include "proto/utf8.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum {
	TEXT_MAX = 4096,
	NAME_LEN_MAX = 120, /* two of them and the epoch make a log's origin of at most 255 bytes */
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
	char *copy = value && *value ? strdup(value) : NULL;
	if (!*name)
		err_set(err, "\"env:\" names no environment variable; write \"env:NAME\"");
	else if (!value || !*value)
		err_set(err, "environment variable %s is %s; set it, or write the value itself", name,
			value ? "empty" : "not set");
	else if (!copy)
		err_set(err, "memory is short");
	return copy;
}

/* The first line, without its end. */
static char *read_first_line(const struct config_load *load, const char *path, struct err *err)
{
	char line[TEXT_MAX] = "", *full = resolve_path(load, path), *value = NULL;
	FILE *file = full ? fopen(full, "re") : NULL;
	bool read = file && (fgets(line, sizeof line, file) || !ferror(file));
	int why = errno;
	line[strcspn(line, "\r\n")] = '\0';
	if (!full)
		err_set(err, "memory is short");
	else if (!read)
		err_set(err, "%s cannot be read: %s; make it readable, or write the value itself", full,
			strerrordesc_np(why));
	else if (!*line)
		err_set(err, "%s is empty; put the value into its first line", full);
	else if (strlen(line) == sizeof line - 1)
		err_set(err, "%s has a first line that is too long; at most %d bytes", full, TEXT_MAX - 2);
	else if (!(value = strdup(line)))
		err_set(err, "memory is short");
	if (file)
		fclose(file);
	free(full);
	return value;
}

/* A key file's path written as file:PATH would read the key and take it for a path. */
static bool refuse_file_of_path(const struct config_option *option, const char *text, struct err *err)
{
	if (option->type != CONFIG_PATH)
		return true;
	return err_set(err, "\"%s\" reads a value out of a file, and a path is expected; write \"%s\"", text,
		       text + strlen("file:"));
}

/* The value that a text stands for. Returns owned; NULL and err. */
static char *expand(const struct config_load *load, const struct config_option *option, const char *text,
		    struct err *err)
{
	char *value = NULL;
	if (strncmp(text, "env:", 4) == 0)
		return read_env(text + 4, err);
	if (strncmp(text, "file:", 5) == 0)
		return refuse_file_of_path(option, text, err) ? read_first_line(load, text + 5, err) : NULL;
	if (!*text)
		err_set(err, "is empty; write a value, or leave the key out");
	else if (!(value = strdup(text)))
		err_set(err, "memory is short");
	return value;
}

static bool check_text(const char *text, struct err *err)
{
	size_t len = strlen(text);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return err_set(err, "holds a control character at byte %zu; remove it", i);
	if (!utf8_valid((struct bytes){text, len}))
		return err_set(err, "is not valid UTF-8; write it as UTF-8");
	if (len > TEXT_MAX)
		return err_set(err, "is too long; at most %d bytes", TEXT_MAX);
	return true;
}

/* The log's origin is the name of its key in signed notes (C2SP signed-note): no blanks, no plus. */
static bool check_name(const char *text, struct err *err)
{
	if (strlen(text) > NAME_LEN_MAX)
		return err_set(err, "\"%s\" is too long; at most %d bytes", text, NAME_LEN_MAX);
	for (const char *at = text; *at; at++)
		if (*at <= ' ' || *at > '~' || *at == '+')
			return err_set(err,
				       "\"%s\" cannot stand in a log's name; use letters, digits and "
				       "punctuation without blanks and without +",
				       text);
	return true;
}

/* Replaces *value by what is stored: a path or a Unix address made absolute. */
static bool settle_path(const struct config_load *load, const char *prefix, char **value, struct err *err)
{
	size_t skip = strlen(prefix);
	char *full = resolve_path(load, *value + skip), *joined = NULL;
	if (!full || asprintf(&joined, "%s%s", prefix, full) < 0) {
		free(full);
		return err_set(err, "memory is short");
	}
	free(full);
	free(*value);
	*value = joined;
	return true;
}

static bool settle_address(const struct config_load *load, char **value, struct err *err)
{
	struct sockaddr_storage address;
	unsigned len;
	bool loopback;
	if (strncmp(*value, "unix:", 5) == 0 && (*value)[5] && !settle_path(load, "unix:", value, err))
		return false;
	return sidecar_config_address(*value, &address, &len, &loopback, err);
}

static bool settle(const struct config_load *load, const struct config_option *option, char **value,
		   struct err *err)
{
	int64_t number;
	switch (option->type) {
	case CONFIG_PATH:
		return settle_path(load, "", value, err);
	case CONFIG_ADDRESS:
	case CONFIG_ADDRESSES:
		return settle_address(load, value, err);
	case CONFIG_NAME:
		return check_name(*value, err);
	case CONFIG_WORD:
		return sidecar_config_parse(option, *value, &number, err);
	case CONFIG_TEXT:
	case CONFIG_TEXTS:
	case CONFIG_COUNT:
	case CONFIG_SIZE:
	case CONFIG_DURATION:
	case CONFIG_TIME:
	case CONFIG_CHOICE:
	case CONFIG_FLAG:
	case CONFIG_MAPPING:
		break;
	}
	return true;
}

static bool add_text(char ***list, size_t *count, char *value, struct err *err)
{
	char **grown = reallocarray(*list, *count + 1, sizeof *grown);
	if (!grown)
		return err_set(err, "memory is short");
	*list = grown;
	grown[(*count)++] = value;
	return true;
}

static bool add_listen(struct sidecar_config *config, char *value, struct err *err)
{
	if (config->listen_count == ADDRESSES_MAX)
		return err_set(err, "more than %d addresses; leave some out", ADDRESSES_MAX);
	return add_text(&config->listen, &config->listen_count, value, err);
}

static bool add_attribute(struct sidecar_texts *texts, char *value, struct err *err)
{
	for (size_t i = 0; i < texts->count; i++)
		if (strcmp(texts->at[i], value) == 0)
			return err_set(err, "\"%s\" stands there twice; remove one", value);
	if (texts->count == AUDIT_ENTRY_ATTRIBUTES)
		return err_set(err, "more than %d names; leave some out", AUDIT_ENTRY_ATTRIBUTES);
	return add_text(&texts->at, &texts->count, value, err);
}

/* Stores a text that was settled, or the number that it means. Takes *value: it is NULL where it was kept. */
static bool store(struct sidecar_config *config, const struct config_option *option, char **value,
		  struct err *err)
{
	int64_t number;
	switch (option->type) {
	case CONFIG_ADDRESSES:
		if (!add_listen(config, *value, err))
			return false;
		break;
	case CONFIG_TEXTS:
		if (!add_attribute(&config->audit.attributes, *value, err))
			return false;
		break;
	case CONFIG_TEXT:
	case CONFIG_NAME:
	case CONFIG_PATH:
	case CONFIG_ADDRESS:
	case CONFIG_WORD:
		memcpy(sidecar_config_at(option, config), value, sizeof *value);
		break;
	case CONFIG_COUNT:
	case CONFIG_SIZE:
	case CONFIG_DURATION:
	case CONFIG_TIME:
	case CONFIG_CHOICE:
	case CONFIG_FLAG:
	case CONFIG_MAPPING:
		if (!sidecar_config_parse(option, *value, &number, err))
			return false;
		sidecar_config_put_number(option, config, number);
		return true;
	}
	*value = NULL;
	return true;
}

void sidecar_config_take_text(struct config_load *load, const struct config_option *option, unsigned line,
			      const char *text)
{
	struct err err;
	char *value = expand(load, option, text, &err);
	if (!value || !check_text(value, &err) || !settle(load, option, &value, &err) ||
	    !store(load->config, option, &value, &err))
		sidecar_config_wrong(load, line, option->name, "%s", err.text);
	free(value);
}
