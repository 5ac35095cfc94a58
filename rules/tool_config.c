/* SPDX-License-Identifier: Apache-2.0
 *
 * What a sidecar's configuration says of the recommender's API.
 */
#include "proto/file.h"
#include "proto/mapping_read.h"
#include "rules/load.h"
#include "rules/tool.h"

enum { FILE_MIB = 1 };

struct place {
	const char *path;
	struct rules_findings *findings;
};

static void wrong(void *context, unsigned line, const char *text)
{
	const struct place *place = context;
	rules_findings_add(place->findings, true, place->path, line, "%s", text);
}

struct proto_mapping *tool_config_mapping(const char *path, struct rules_findings *findings)
{
	struct place place = {path, findings};
	struct proto_mapping_report report = {.wrong = wrong, .context = &place};
	struct proto_mapping *mapping = NULL;
	struct buf text = {0};
	struct err err;
	config_t config;
	config_init(&config);
	if (!file_read(path, "configuration file", FILE_MIB, &text, &err)) {
		rules_findings_add(findings, true, path, 0, "%s", err.text);
	} else {
		const struct source source = {.public.text = buf_bytes(&text), .path = path};
		if (rules_load_parse(&source, &config, findings))
			mapping = proto_mapping_read(config_lookup(&config, "schema"), path, &report);
	}
	config_destroy(&config);
	buf_done(&text);
	return mapping;
}
