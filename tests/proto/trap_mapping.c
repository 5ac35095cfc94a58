/* SPDX-License-Identifier: Apache-2.0 */
#include "trap_mapping.h"

#include <stdio.h>
#include <stdlib.h>

extern const unsigned char trap_set[], trap_paths[];
extern const size_t trap_set_len, trap_paths_len;

struct bytes trap_descriptors(void)
{
	return (struct bytes){(const char *)trap_set, trap_set_len};
}

static void *checked(void *made, const struct err *err)
{
	if (!made) {
		fprintf(stderr, "%s\n", err->text);
		exit(2);
	}
	return made;
}

struct proto_schema *trap_schema(void)
{
	struct err err = {{0}};
	return checked(proto_schema_load(trap_descriptors(), &err), &err);
}

/* One line of the file: `key path`. */
static void add_path(struct proto_method_paths *paths, char *line)
{
	const char *key = strsep(&line, " ");
	for (size_t fact = 0; fact < PROTO_FACTS; fact++)
		if (strcmp(fact_rows[fact].key, key) == 0)
			paths->path[fact] = line;
}

struct proto_mapping *trap_mapping(void)
{
	struct err err = {{0}};
	struct proto_method_paths paths = {.method = TRAP_RANK, .role = PROTO_RANKING};
	char *text = strndup((const char *)trap_paths, trap_paths_len), *rest = text;
	for (char *line; (line = strsep(&rest, "\n"));)
		add_path(&paths, line);
	struct proto_mapping *mapping = proto_mapping_new(trap_schema(), &paths, 1, &err);
	free(text);
	return checked(mapping, &err);
}
