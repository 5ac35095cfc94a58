/* SPDX-License-Identifier: Apache-2.0
 *
 * The ground that a daemon stands on: configuration, rules, keys - everything that can be checked without
 * serving. `check` and `serve` load it with the same code, so that they refuse the same things in the same
 * words.
 */
#ifndef SIDECAR_GROUND_H
#define SIDECAR_GROUND_H

#include "audit/pseudonym.h"
#include "sidecar/config.h"
#include "sidecar/tls.h"

struct sidecar_ground {
	struct sidecar_config *config;
	struct rules_ruleset *rules;
	struct audit_subject_key *subject_key;
	struct sidecar_certificate *certificate[SIDECAR_SIDES]; /* NULL: plain text, or not loaded */
};

/* Loads all parts and collects all findings; *ground is complete only on true, but sidecar_ground_done takes
 * it in any state. Without a configured subject key, `subject.key` in the log's directory is used; when it
 * is not there, make_keys says whether to make it or only to say that serve would. */
MUST_USE bool sidecar_ground_load(const char *config_path, bool make_keys, struct sidecar_ground *ground,
				  struct rules_findings *findings);
/* Loads the certificates too, for a start or a check; a reload has its own way to them. ground->config may be NULL.
 * False: a side was refused. */
MUST_USE bool sidecar_ground_secure(struct sidecar_ground *ground, struct rules_findings *findings);
/* Puts the certificates in force: they are the ground's no longer. */
void sidecar_ground_enforce(struct sidecar_ground *ground, struct sidecar_tls *tls, int64_t now_ns);
void sidecar_ground_done(struct sidecar_ground *ground);

#endif
