/* SPDX-License-Identifier: Apache-2.0 */
#include "trap_mapping.h"

#include <stdio.h>
#include <stdlib.h>

extern const unsigned char trap_set[], trap_paths[], shape_set[], shape_paths[];
extern const size_t trap_set_len, trap_paths_len, shape_set_len, shape_paths_len;

struct bytes trap_descriptors(void)
{
	return (struct bytes){(const char *)trap_set, trap_set_len};
}

struct bytes shape_descriptors(void)
{
	return (struct bytes){(const char *)shape_set, shape_set_len};
}

static void *checked(void *made, const struct err *err)
{
	if (!made) {
		fprintf(stderr, "%s\n", err->text);
		exit(2);
	}
	return made;
}

static struct proto_schema *schema_of(struct bytes set)
{
	struct err err = {{0}};
	return checked(proto_schema_load(set, &err), &err);
}

struct proto_schema *trap_schema(void)
{
	return schema_of(trap_descriptors());
}

struct proto_schema *shape_schema(void)
{
	return schema_of(shape_descriptors());
}

enum { PAIRS = 16 };

/* `from=to,from=to` */
static struct proto_kind_pairs read_kinds(struct proto_kind_pair *pair, char *text)
{
	struct proto_kind_pairs kinds = {.pair = pair};
	for (char *one; (one = strsep(&text, ",")) && kinds.count < PAIRS; kinds.count++) {
		pair[kinds.count].from = strsep(&one, "=");
		pair[kinds.count].to = one;
	}
	return kinds;
}

/* One line of the file: `key path`, and what the values of a kind mean. */
static void add_path(struct proto_method_paths *paths, struct proto_kind_pair pairs[][PAIRS], char *line)
{
	const char *key = strsep(&line, " ");
	for (size_t fact = 0; fact < PROTO_FACTS; fact++)
		if (strcmp(fact_rows[fact].key, key) == 0) {
			paths->path[fact] = strsep(&line, " ");
			paths->kinds[fact] = read_kinds(pairs[fact], line);
		}
}

static struct proto_mapping *mapping_of(const char *method, struct proto_schema *schema, struct bytes file)
{
	struct err err = {{0}};
	struct proto_kind_pair pairs[PROTO_FACTS][PAIRS];
	struct proto_method_paths paths = {.method = method, .role = PROTO_RANKING};
	char *text = strndup(file.at, file.len), *rest = text;
	for (char *line; (line = strsep(&rest, "\n"));)
		add_path(&paths, pairs, line);
	struct proto_mapping *mapping = proto_mapping_new(schema, &paths, 1, &err);
	free(text);
	return checked(mapping, &err);
}

struct proto_mapping *trap_mapping(void)
{
	return mapping_of(TRAP_RANK, trap_schema(), (struct bytes){(const char *)trap_paths, trap_paths_len});
}

struct proto_mapping *shape_mapping(void)
{
	return mapping_of(SHAPE_RANK, shape_schema(),
			  (struct bytes){(const char *)shape_paths, shape_paths_len});
}
