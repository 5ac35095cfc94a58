/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/reload.h"

#include "audit/log.h"
#include "rules/findings.h"
#include <stdlib.h>

/* ---- the entry ---- */

static bool add_ruleset(struct audit_batch *batch, int64_t now_ns, const struct rules_ruleset *rules,
			const char *configuration)
{
	size_t count = rules_ruleset_source_count(rules);
	struct audit_entry_source *source = calloc(count ? count : 1, sizeof *source);
	struct audit_entry_ruleset entry = {.name = rules_ruleset_name(rules),
					    .version = rules_ruleset_version(rules),
					    .digest = rules_ruleset_digest(rules),
					    .source = source,
					    .source_count = count};
	if (configuration)
		entry.configuration = bytes_of(configuration);
	for (size_t i = 0; source && i < count; i++)
		source[i] = (struct audit_entry_source){.name = rules_ruleset_source(rules, i).name,
							.text = rules_ruleset_source(rules, i).text};
	bool good = source && audit_entry_ruleset(batch, now_ns, &entry);
	free(source);
	return good;
}

/* What is in force is in the log before anything is decided by it. */
static bool record_policy(struct sidecar_hop *hop, const struct sidecar_policy *policy,
			  const char *configuration, struct err *err)
{
	struct audit_batch batch = {0};
	bool good = add_ruleset(&batch, policy->since_ns, policy->rules, configuration) ||
		    err_set(err, "ruleset: memory is short");
	good = good && audit_log_append_wait(hop->log, &batch, NULL, err);
	audit_batch_done(&batch);
	return good;
}

static void record_refusal(struct sidecar_hop *hop, struct bytes reason)
{
	struct err err;
	struct audit_batch batch = {0};
	struct audit_entry_failure entry = {.class = sidecar_failure_name(SIDECAR_FAILURE_RELOAD),
					    .effect = sidecar_effect_name(SIDECAR_KEPT),
					    .count = 1,
					    .reason = reason};
	bool good = audit_entry_failure(&batch, audit_log_now(hop->log), &entry) ||
		    err_set(&err, "memory is short");
	if (!good || !audit_log_append_wait(hop->log, &batch, NULL, &err))
		sidecar_say(hop->talk, SIDECAR_WARN, "reload", "the refusal is not in the log: %s", err.text);
	audit_batch_done(&batch);
}

/* ---- into force ---- */

/* Takes the mapping out of the ground. */
static struct sidecar_policy *make_policy(struct sidecar_hop *hop, struct sidecar_ground *ground,
					  struct err *err)
{
	struct sidecar_config *config = ground->config;
	struct sidecar_policy *policy = sidecar_policy_new(config, config->mapping, ground->rules,
							   hop->metrics, audit_log_now(hop->log));
	config->mapping = NULL; /* the policy took it */
	if (!policy)
		err_set(err, "policy: memory is short");
	return policy;
}

/* Takes the policy. */
static void enforce(struct sidecar_hop *hop, struct sidecar_policy *policy)
{
	sidecar_metrics_in_force(hop->metrics, policy->rules);
	sidecar_force_set(&hop->force, policy);
}

bool sidecar_reload_first(struct sidecar_hop *hop, struct sidecar_ground *ground, struct err *err)
{
	struct sidecar_policy *policy = make_policy(hop, ground, err);
	if (!policy)
		return false;
	if (!record_policy(hop, policy, NULL, err)) { /* `open` tells the configuration */
		sidecar_policy_drop(policy);
		return false;
	}
	enforce(hop, policy);
	return true;
}

/* ---- again ---- */

static bool unchanged(const struct sidecar_policy *was, const struct sidecar_policy *is)
{
	return strcmp(was->options, is->options) == 0 && proto_mapping_equal(was->mapping, is->mapping) &&
	       bytes_equal(rules_ruleset_digest(was->rules), rules_ruleset_digest(is->rules));
}

static bool same_switch(const struct sidecar_switch *was, const struct sidecar_switch *is)
{
	return was->wanted == is->wanted && was->until_ns == is->until_ns &&
	       strcmp(was->by ? was->by : "", is->by ? is->by : "") == 0;
}

/* The switch follows the configuration when that changed, and is left alone otherwise: an operator may have
 * asked for something else meanwhile. */
static bool turn(struct sidecar_hop *hop, const struct sidecar_policy *was, const struct sidecar_policy *is,
		 struct err *err)
{
	return same_switch(&was->mode, &is->mode) ||
	       sidecar_mode_configure(hop->mode, &is->mode, SIDECAR_CAUSE_RELOAD, err);
}

/* Takes the policy. *changed: it came into force, and was not the same as before. */
static bool exchange(struct sidecar_hop *hop, struct sidecar_policy *policy, bool *changed, struct err *err)
{
	struct sidecar_policy *before = sidecar_force_hold(&hop->force);
	*changed = !unchanged(before, policy);
	bool good = !*changed ||
		    (sidecar_history_reach(hop->history, rules_ruleset_longest_window(policy->rules),
					   policy->since_ns, err) &&
		     record_policy(hop, policy, policy->options, err) && turn(hop, before, policy, err));
	sidecar_policy_drop(before);
	if (good && *changed)
		enforce(hop, policy);
	else
		sidecar_policy_drop(policy);
	return good;
}

void sidecar_reload_say(struct sidecar_hop *hop, const struct rules_findings *findings, struct buf *said)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct rules_finding *one = &findings->finding[i];
		sidecar_say(hop->talk,
			    one->error	? SIDECAR_ERROR
			    : one->note ? SIDECAR_INFO
					: SIDECAR_WARN,
			    "reload", "%s", one->text);
		buf_printf(said, "%s%s\n", rules_finding_prefix(one), one->text);
	}
}

/* The first error is the reason that the entry states. */
static struct bytes first_error(const struct rules_findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		if (findings->finding[i].error)
			return bytes_of(findings->finding[i].text);
	return (struct bytes){0};
}

void sidecar_reload_record(struct sidecar_hop *hop, const struct rules_findings *findings)
{
	record_refusal(hop, first_error(findings));
}

static void refused(struct sidecar_hop *hop, struct bytes reason, struct buf *said)
{
	struct sidecar_policy *policy = sidecar_force_hold(&hop->force);
	struct bytes digest = rules_ruleset_digest(policy->rules);
	sidecar_metrics_reloaded(hop->metrics, false);
	record_refusal(hop, reason);
	sidecar_say(hop->talk, SIDECAR_ERROR, "reload", "refused; ruleset %.*s stays in force",
		    BYTES_ARG(digest));
	buf_printf(said, "refused; ruleset %.*s stays in force\n", BYTES_ARG(digest));
	sidecar_policy_drop(policy);
}

static void accepted(struct sidecar_hop *hop, const struct sidecar_ground *ground, bool changed,
		     struct buf *said)
{
	struct bytes digest = rules_ruleset_digest(ground->rules);
	const char *what = changed ? "in force" : "in force as before, nothing has changed";
	sidecar_metrics_reloaded(hop->metrics, true);
	sidecar_say(hop->talk, SIDECAR_INFO, "reload", "ruleset %.*s %s", BYTES_ARG(digest), what);
	buf_printf(said, "ruleset %.*s %s\n", BYTES_ARG(digest), what);
}

bool sidecar_reload(struct sidecar_hop *hop, struct buf *said)
{
	struct err err = {""};
	struct sidecar_ground ground = {0};
	struct rules_findings findings = {0};
	struct sidecar_policy *policy = NULL;
	bool changed = false;
	bool loaded = sidecar_ground_load(hop->config->path, false, &ground, &findings) &&
		      sidecar_config_reloadable(hop->config, ground.config, &findings);
	sidecar_reload_say(hop, &findings, said);
	bool good =
		loaded && (policy = make_policy(hop, &ground, &err)) && exchange(hop, policy, &changed, &err);
	if (loaded && !good) {
		sidecar_say(hop->talk, SIDECAR_ERROR, "reload", "%s", err.text);
		buf_printf(said, "%s\n", err.text);
	}
	if (good)
		accepted(hop, &ground, changed, said);
	else
		refused(hop, loaded ? bytes_of(err.text) : first_error(&findings), said);
	rules_findings_done(&findings);
	sidecar_ground_done(&ground);
	return good;
}
