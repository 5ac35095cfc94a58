/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/ground.h"

#include "rules/findings.h"
#include "rules/suit.h"
#include "sidecar/mode.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static bool check_directory(const struct sidecar_config *config, const char *key, const char *directory,
			    struct rules_findings *findings)
{
	struct stat st;
	if (stat(directory, &st) != 0)
		rules_findings_add(findings, true, config->path, 0,
				   "%s %s: %s; make it, owned by the user that serves", key, directory,
				   strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		rules_findings_add(findings, true, config->path, 0, "%s %s: is not a directory; name one",
				   key, directory);
	else if (access(directory, R_OK | W_OK | X_OK) != 0)
		rules_findings_add(findings, true, config->path, 0,
				   "%s %s: %s; it must be writable for the user that serves", key, directory,
				   strerror(errno));
	else
		return true;
	return false;
}

/* The key's own file, or one in the log's directory. */
static bool load_subject_key(const struct sidecar_config *config, bool make, struct sidecar_ground *ground,
			     struct rules_findings *findings)
{
	char inside[4096];
	struct err err;
	const char *path = config->audit.subject_key;
	if (!path) {
		snprintf(inside, sizeof inside, "%s/subject.key", config->audit.directory);
		path = inside;
		bool missing = access(path, F_OK) != 0 && errno == ENOENT;
		if (missing && !make)
			return true;
		if (missing && !audit_subject_key_create(path, &err)) {
			rules_findings_add(findings, true, config->path, 0, "audit.subject_key: %s",
					   err.text);
			return false;
		}
		if (missing)
			rules_findings_add(
				findings, false, config->path, 0,
				"audit.subject_key is not set: made %s; keep the key away from the log "
				"that it protects",
				path);
	}
	ground->subject_key = audit_subject_key_load(path, &err);
	if (!ground->subject_key)
		rules_findings_add(findings, true, config->path, 0, "audit.subject_key: %s", err.text);
	return ground->subject_key != NULL;
}

static bool check_signing_key(const struct sidecar_config *config, struct rules_findings *findings)
{
	const char *path = config->audit.key;
	if (!path || access(path, R_OK) == 0)
		return true;
	rules_findings_add(findings, true, config->path, 0,
			   "audit.key %s: %s; make one with `rankguard-audit keygen`", path, strerror(errno));
	return false;
}

/* Whoever observes has said until when. When that has passed, rules are enforced: a restart after the end must
 * not be an outage. */
static bool check_switch(const struct sidecar_config *config, int64_t now_ns, struct rules_findings *findings)
{
	struct err err;
	bool passed = config->mode.until_ns <= now_ns;
	if (config->mode.wanted != SIDECAR_OBSERVE ||
	    sidecar_mode_until_valid(config->mode.until_ns, now_ns, &err))
		return true;
	rules_findings_add(findings, !passed, config->path, config->mode.until_line, "observe_until: %s%s",
			   err.text, passed ? "; until then rules are enforced" : "");
	return passed;
}

/* History is rebuilt from the log: what a rule may look back on must not be pruned. */
static bool check_retention(const struct sidecar_config *config, const struct rules_ruleset *rules,
			    struct rules_findings *findings)
{
	char retain[32], window[32];
	int64_t longest = rules ? rules_ruleset_longest_window(rules) : 0;
	if (!config->audit.retain_ns || config->audit.retain_ns >= longest)
		return true;
	time_format_duration(config->audit.retain_ns, retain);
	time_format_duration(longest, window);
	rules_findings_add(
		findings, true, config->path, 0,
		"audit.retain: %s is shorter than what the rules look back, which is %s; keep entries at "
		"least that long",
		retain, window);
	return false;
}

static int64_t now_ns(void)
{
	struct timespec clock;
	clock_gettime(CLOCK_REALTIME, &clock);
	return clock.tv_sec * TIME_SECOND + clock.tv_nsec;
}

bool sidecar_ground_load(const char *config_path, bool make_keys, struct sidecar_ground *ground,
			 struct rules_findings *findings)
{
	*ground = (struct sidecar_ground){0};
	ground->config = sidecar_config_load(config_path, findings);
	if (!ground->config)
		return false;
	/* All parts are looked at, so that one run tells everything. */
	int64_t now = now_ns();
	ground->rules = rules_ruleset_load(ground->config->rules, now, findings);
	bool good = ground->rules != NULL;
	size_t errors = findings->errors;
	if (good)
		rules_suit_check(ground->rules, ground->config->mapping, config_path, findings);
	good &= findings->errors == errors;
	const struct sidecar_config *config = ground->config;
	bool directory = check_directory(config, "audit.directory", config->audit.directory, findings);
	if (config->history.directory)
		good &= check_directory(config, "history.directory", config->history.directory, findings);
	good &= directory && load_subject_key(config, make_keys, ground, findings);
	good &= check_signing_key(config, findings);
	good &= check_switch(config, now, findings);
	good &= check_retention(config, ground->rules, findings);
	return good;
}

bool sidecar_ground_secure(struct sidecar_ground *ground, struct rules_findings *findings)
{
	bool good = true;
	for (size_t i = 0; i < SIDECAR_SIDES; i++) {
		enum sidecar_side side = (enum sidecar_side)i;
		if (!ground->config || !sidecar_side_secure(ground->config, side))
			continue;
		ground->certificate[i] =
			sidecar_certificate_load(ground->config, side, NULL, now_ns(), findings);
		good &= ground->certificate[i] != NULL;
	}
	return good;
}

void sidecar_ground_enforce(struct sidecar_ground *ground, struct sidecar_tls *tls, int64_t now)
{
	for (size_t i = 0; i < SIDECAR_SIDES; i++) {
		if (ground->certificate[i])
			sidecar_tls_put(tls, (enum sidecar_side)i, ground->certificate[i], now);
		ground->certificate[i] = NULL;
	}
}

void sidecar_ground_done(struct sidecar_ground *ground)
{
	for (size_t i = 0; i < SIDECAR_SIDES; i++)
		sidecar_certificate_drop(ground->certificate[i]);
	audit_subject_key_free(ground->subject_key);
	rules_ruleset_drop(ground->rules);
	sidecar_config_free(ground->config);
	*ground = (struct sidecar_ground){0};
}
