/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/file.h"
#include "proto/propose.h"
#include "sidecar/map.h"
#include <stdio.h>

enum { DESCRIPTORS_MIB = 64 };

enum sidecar_exit sidecar_map_suggest(const struct sidecar_map_options *options)
{
	const char *path = options->descriptors;
	struct buf set = {0}, out = {0};
	struct proto_schema *schema = NULL;
	struct err err;
	if (!path) {
		fprintf(stderr,
			"rankguard: map suggest: --descriptors is needed; see rankguard map --help\n");
		return SIDECAR_USAGE;
	}
	if (file_read(path, "descriptor set", DESCRIPTORS_MIB, &set, &err))
		schema = proto_schema_load(buf_bytes(&set), &err);
	if (!schema)
		err_within(&err, "%s", path);
	bool good = schema && proto_propose(schema, path, options->method, &out, &err);
	enum sidecar_exit code = good ? SIDECAR_YES : SIDECAR_NO;
	if (!good)
		fprintf(stderr, "rankguard: map suggest: %s\n", err.text);
	else if (fwrite(out.at, 1, out.len, stdout) != out.len || fflush(stdout) != 0)
		code = SIDECAR_FAILED;
	proto_schema_free(schema);
	buf_done(&set);
	buf_done(&out);
	return code;
}
