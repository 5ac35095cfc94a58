/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/status.h"

#include "proto/time.h"
#include <stdlib.h>

static void text(struct buf *out, const char *key, const char *value)
{
	json_key(out, key);
	json_text(out, value);
}

static void when(struct buf *out, const char *key, int64_t time_ns)
{
	char at[TIME_TEXT_LEN + 1];
	time_format(time_ns, at);
	text(out, key, at);
}

/* The lines of a text as a list. */
static void lines(struct buf *out, const char *key, struct bytes rest)
{
	json_key(out, key);
	json_open(out, '[');
	while (rest.len) {
		const char *end = memchr(rest.at, '\n', rest.len);
		size_t len = end ? (size_t)(end - rest.at) : rest.len;
		json_string(out, (struct bytes){rest.at, len});
		len += end != NULL;
		rest = (struct bytes){rest.at + len, rest.len - len};
	}
	json_close(out, ']');
}

static void ruleset(struct buf *out, const struct sidecar_policy *policy)
{
	json_key(out, "ruleset");
	json_open(out, '{');
	json_key(out, "name");
	json_string(out, rules_ruleset_name(policy->rules));
	json_key(out, "version");
	json_string(out, rules_ruleset_version(policy->rules));
	json_key(out, "digest");
	json_string(out, rules_ruleset_digest(policy->rules));
	json_key(out, "rules");
	json_uint(out, rules_ruleset_rule_count(policy->rules));
	when(out, "since", policy->since_ns);
	json_close(out, '}');
}

static void mode(struct buf *out, struct sidecar_mode *mode)
{
	struct sidecar_mode_state state;
	sidecar_mode_state(mode, &state);
	json_key(out, "mode");
	json_open(out, '{');
	text(out, "mode", state.observes ? "observe" : "enforce");
	if (state.observes) {
		when(out, "until", state.until_ns);
		text(out, "by", state.by);
	}
	json_close(out, '}');
}

static void audit(struct buf *out, struct audit_log *log)
{
	struct audit_log_state state;
	audit_log_state(log, &state);
	json_key(out, "audit");
	json_open(out, '{');
	text(out, "origin", state.origin);
	json_key(out, "size");
	json_uint(out, state.size);
	json_key(out, "published");
	json_uint(out, state.published);
	json_key(out, "writable");
	json_bool(out, state.writable);
	if (!state.writable)
		text(out, "why", state.why);
	json_close(out, '}');
}

void sidecar_status_render(struct sidecar_hop *hop, struct bytes reasons, struct buf *out)
{
	struct sidecar_policy *policy = sidecar_force_hold(&hop->force);
	char *options = sidecar_config_describe(hop->config, SIDECAR_OPTIONS_FIXED);
	json_open(out, '{');
	text(out, "version", RANKGUARD_VERSION);
	json_key(out, "ready");
	json_bool(out, reasons.len == 0);
	lines(out, "reasons", reasons);
	ruleset(out, policy);
	mode(out, hop->mode);
	audit(out, hop->log);
	sidecar_tls_status(hop->tls, out);
	json_key(out, "in_flight");
	json_uint(out, (uint64_t)atomic_load(&hop->in_flight));
	text(out, "scope",
	     "caps hold within this sidecar: with several replicas route a session to one of them");
	lines(out, "options_fixed", options ? bytes_of(options) : (struct bytes){"", 0});
	lines(out, "options_in_force", bytes_of(policy->options));
	json_close(out, '}');
	buf_add_text(out, "\n");
	free(options);
	sidecar_policy_drop(policy);
}
