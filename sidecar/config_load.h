/* SPDX-License-Identifier: Apache-2.0
 *
 * What the steps of loading share: config.c reads and checks, config_value.c takes one value.
 */
#ifndef SIDECAR_CONFIG_LOAD_H
#define SIDECAR_CONFIG_LOAD_H

#include "rules/findings.h"
#include "sidecar/config_table.h"
#include <libconfig.h>

struct config_load {
	const char *path; /* of the file, as given */
	struct sidecar_config *config;
	struct rules_findings *findings;
	unsigned *line; /* the configuration's: where each option stands; 0: not given */
};

/* An error at a line; `name` of the key first. */
__attribute__((format(printf, 4, 5))) void sidecar_config_wrong(struct config_load *load, unsigned line,
								const char *name, const char *format, ...);

/* The row of this name; NULL when there is none. */
const struct config_option *sidecar_config_find(const char *name);

/* What the two groups for TLS need, and what they need of other options. */
void sidecar_config_check_tls(struct config_load *load, const config_t *settings);

/* Takes the text of an option, expanding `env:` and `file:`; what is wrong becomes a finding. For ADDRESSES
 * it adds one. */
void sidecar_config_take_text(struct config_load *load, const struct config_option *option, unsigned line,
			      const char *text);

#endif
