/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/config_table.h"

#define KIB (INT64_C(1) << 10)
#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)

static const struct config_choice modes[] = {
	{.name = "enforce", .value = SIDECAR_ENFORCE},
	{.name = "observe", .value = SIDECAR_OBSERVE},
	{0},
};
static const struct config_choice backends[] = {
	{.name = "memory"},
	{.name = "embedded"},
	{0},
};
static const struct config_choice durabilities[] = {
	{.name = "disk", .value = AUDIT_DISK},
	{.name = "process", .value = AUDIT_PROCESS},
	{0},
};
static const struct config_choice records[] = {
	{.name = "changes", .value = SIDECAR_RECORD_CHANGES},
	{.name = "full", .value = SIDECAR_RECORD_FULL},
	{0},
};
/* Durations that may also be without end: the word means 0. */
static const struct config_choice retentions[] = {{.name = "forever"}, {0}};
static const struct config_choice sealings[] = {{.name = "never"}, {0}};
static const struct config_choice undecodables[] = {
	{.name = "closed", .value = SIDECAR_UNDECODABLE_CLOSED},
	{.name = "pass", .value = SIDECAR_UNDECODABLE_PASS},
	{0},
};
static const struct config_choice histories[] = {
	{.name = "suppress", .value = SIDECAR_HISTORY_SUPPRESS},
	{.name = "closed", .value = SIDECAR_HISTORY_CLOSED},
	{.name = "pass", .value = SIDECAR_HISTORY_PASS},
	{0},
};
static const struct config_choice sandboxes[] = {
	{.name = "on", .value = SIDECAR_SANDBOX_ON},
	{.name = "kill", .value = SIDECAR_SANDBOX_KILL},
	{.name = "off", .value = SIDECAR_SANDBOX_OFF},
	{0},
};
static const struct config_choice overloads[] = {{.name = "closed"}, {0}};

#define AT(member)                                                                                           \
	.offset = offsetof(struct sidecar_config, member),                                                   \
	.size = sizeof(((struct sidecar_config *)NULL)->member)

/* clang-format off */
const struct config_option sidecar_config_options[] = {
	{"listen", CONFIG_ADDRESSES, AT(listen), .required = true,
	 .example = "[ \"unix:/run/rankguard/app.sock\" ]",
	 .help = "where applications connect"},
	{"allow_plaintext", CONFIG_FLAG, AT(allow_plaintext), .fallback = "false", .example = "true",
	 .help = "listen on addresses that other machines reach, without TLS"},
	{"upstream", CONFIG_ADDRESS, AT(upstream), .required = true, .example = "\"unix:/run/reco/reco.sock\"",
	 .help = "where the recommender listens"},
	{"workers", CONFIG_COUNT, AT(workers), .least = 1, .most = 64, .fallback = "2", .example = "2",
	 .help = "threads, one completion queue each"},
	{"rules", CONFIG_PATH, AT(rules), .required = true, .reload = true, .example = "\"/etc/rankguard/rules.d\"",
	 .help = "rule file, or directory of rule files"},
	{"mode", CONFIG_CHOICE, AT(mode.wanted), .choice = modes, .fallback = "enforce", .reload = true,
	 .example = "\"enforce\"", .help = "one switch for all rules: enforce, or observe for a while"},
	{"sandbox", CONFIG_CHOICE, AT(sandbox), .choice = sandboxes, .fallback = "on", .example = "\"on\"",
	 .help = "system calls outside the daemon's list: refused (on), the end of the process (kill), allowed (off)"},
	{"receipts", CONFIG_FLAG, AT(receipts), .fallback = "true", .example = "true",
	 .help = "tell callers in trailing metadata what was recorded"},
	{"observe_until", CONFIG_TIME, AT(mode.until_ns), .reload = true,
	 .example = "\"2026-12-01T00:00:00Z\"",
	 .help = "mode observe: when it returns to enforce by itself, at most 30 days ahead"},
	{"observe_by", CONFIG_TEXT, AT(mode.by), .reload = true, .example = "\"sre@example.org\"",
	 .help = "mode observe: who answers for it"},
	{"schema", CONFIG_MAPPING, .reload = true,
	 .example = "{ descriptors = \"schema.pb\"; methods = ( ); }",
	 .help = "the recommender's own API; default: the canonical one"},

	{"tls.cert", CONFIG_PATH, AT(tls.cert), .example = "\"/etc/rankguard/tls/tls.crt\"",
	 .help = "certificate for the TCP addresses of listen, with its issuers; read again when it changes"},
	{"tls.key", CONFIG_PATH, AT(tls.key), .example = "\"/etc/rankguard/tls/tls.key\"",
	 .help = "private key of tls.cert, mode 0400 or 0440"},
	{"tls.client_ca", CONFIG_PATH, AT(tls.client_ca), .example = "\"/etc/rankguard/tls/ca.crt\"",
	 .help = "who signs the certificates that applications must show; default: none is asked for"},

	{"upstream_tls.ca", CONFIG_PATH, AT(upstream_tls.ca), .example = "\"/etc/rankguard/upstream/ca.crt\"",
	 .help = "who signs the recommender's certificate; read again when it changes"},
	{"upstream_tls.cert", CONFIG_PATH, AT(upstream_tls.cert), .example = "\"/etc/rankguard/upstream/tls.crt\"",
	 .help = "certificate shown to the recommender, with its issuers; default: none"},
	{"upstream_tls.key", CONFIG_PATH, AT(upstream_tls.key), .example = "\"/etc/rankguard/upstream/tls.key\"",
	 .help = "private key of upstream_tls.cert, mode 0400 or 0440"},
	{"upstream_tls.server_name", CONFIG_TEXT, AT(upstream_tls.server_name), .example = "\"reco.example.org\"",
	 .help = "name that the recommender's certificate must state; default: the address of upstream"},

	{"identity.pod", CONFIG_TEXT, AT(identity.pod), .example = "\"env:POD_NAME\"",
	 .help = "name of the pod"},
	{"identity.namespace", CONFIG_TEXT, AT(identity.namespace), .example = "\"env:POD_NAMESPACE\"",
	 .help = "namespace of the pod"},
	{"identity.uid", CONFIG_NAME, AT(identity.uid), .example = "\"env:POD_UID\"",
	 .help = "what tells this sidecar's log from all others; default: the host name"},
	{"identity.node", CONFIG_TEXT, AT(identity.node), .example = "\"env:NODE_NAME\"",
	 .help = "machine that the pod runs on"},

	{"history.backend", CONFIG_WORD, AT(history.backend), .choice = backends, .fallback = "memory",
	 .example = "\"embedded\"",
	 .help = "where history is kept: memory, rebuilt from the log at each start, or embedded"},
	{"history.directory", CONFIG_PATH, AT(history.directory), .example = "\"/var/lib/rankguard/history\"",
	 .help = "where the embedded backend keeps it"},

	{"audit.directory", CONFIG_PATH, AT(audit.directory), .required = true,
	 .example = "\"/var/lib/rankguard/audit\"", .help = "where the log is written"},
	{"audit.origin", CONFIG_NAME, AT(audit.origin), .required = true, .example = "\"example.org/reco\"",
	 .help = "name of the log, without the sidecar's identity"},
	{"audit.key", CONFIG_PATH, AT(audit.key), .example = "\"/etc/rankguard/audit.key\"",
	 .help = "key that signs checkpoints; default: one is made in the log's directory"},
	{"audit.subject_key", CONFIG_PATH, AT(audit.subject_key), .example = "\"/etc/rankguard/subject.key\"",
	 .help = "key of pseudonyms and digests; default: one is made in the log's directory"},
	{"audit.durability", CONFIG_CHOICE, AT(audit.durability), .choice = durabilities, .fallback = "disk",
	 .example = "\"disk\"", .help = "how far an entry is written before its response leaves"},
	{"audit.record", CONFIG_CHOICE, AT(audit.record), .choice = records, .fallback = "changes",
	 .example = "\"changes\"",
	 .help = "what a decision's entry holds: changes, or in full all that was decided on, texts included"},
	{"audit.publish", CONFIG_DURATION, AT(audit.publish_ns), .least = TIME_SECOND / 100, .most = TIME_HOUR,
	 .fallback = "1s", .example = "\"1s\"", .help = "how often a checkpoint is signed"},
	{"audit.attributes", CONFIG_TEXTS, AT(audit.attributes), .example = "[ \"tier\" ]",
	 .help = "attributes of requests that entries show; default: none"},
	{"audit.seal_time", CONFIG_DURATION, AT(audit.seal_ns), .least = TIME_HOUR, .most = 36525 * TIME_DAY,
	 .choice = sealings, .fallback = "never", .example = "\"7d\"",
	 .help = "an epoch of the log so old is sealed, and the next one begins"},
	{"audit.seal_entries", CONFIG_COUNT, AT(audit.seal_entries), .least = 0, .most = 2000000000,
	 .fallback = "0", .example = "10000000", .help = "the same for an epoch with so many entries; 0: not for that"},
	{"audit.retain", CONFIG_DURATION, AT(audit.retain_ns), .least = TIME_DAY, .most = 36525 * TIME_DAY,
	 .choice = retentions, .fallback = "forever", .example = "\"540d\"",
	 .help = "entries of epochs that were sealed so long ago are pruned; hashes and proofs stay"},

	{"limits.in_flight", CONFIG_COUNT, AT(limits.in_flight), .least = 1, .most = 1000000,
	 .fallback = "1024", .reload = true, .example = "1024", .help = "calls at the same time; more are refused"},
	{"limits.connections", CONFIG_COUNT, AT(limits.connections), .least = 1, .most = 65535,
	 .fallback = "256", .reload = true, .example = "256", .help = "connections of applications"},
	{"limits.message", CONFIG_SIZE, AT(limits.message), .least = KIB, .most = GIB, .fallback = "16MiB",
	 .example = "\"16MiB\"", .help = "longest message"},
	{"limits.items", CONFIG_COUNT, AT(limits.facts.items), .least = 1, .most = 10000000,
	 .fallback = "20000", .reload = true, .example = "20000", .help = "items, category weights, candidates of one message"},
	{"limits.prompts", CONFIG_COUNT, AT(limits.facts.prompts), .least = 1, .most = 10000, .fallback = "64",
	 .reload = true, .example = "64", .help = "prompts of one response, choices of one prompt"},
	{"limits.metadata", CONFIG_SIZE, AT(limits.metadata), .least = KIB, .most = MIB, .fallback = "16KiB",
	 .example = "\"16KiB\"", .help = "metadata of one call"},

	{"failure.undecodable", CONFIG_CHOICE, AT(failure.undecodable), .choice = undecodables,
	 .fallback = "closed", .reload = true, .example = "\"closed\"", .help = "a governed message that cannot be decoded"},
	{"failure.history", CONFIG_CHOICE, AT(failure.history), .choice = histories, .fallback = "suppress",
	 .reload = true, .example = "\"suppress\"", .help = "history is unavailable"},
	{"failure.overload", CONFIG_CHOICE, .choice = overloads, .fallback = "closed", .reload = true, .example = "\"closed\"",
	 .help = "too many calls in flight"},

	{"drain.delay", CONFIG_DURATION, AT(drain.delay_ns), .least = 0, .most = TIME_HOUR, .fallback = "5s",
	 .example = "\"5s\"", .help = "after SIGTERM: how long calls are still taken"},
	{"drain.grace", CONFIG_DURATION, AT(drain.grace_ns), .least = 0, .most = TIME_HOUR, .fallback = "20s",
	 .example = "\"20s\"", .help = "after that: how long calls in flight may take"},

	{"admin.http", CONFIG_ADDRESS, AT(admin.http), .example = "\"127.0.0.1:9901\"",
	 .help = "health and metrics; default: none"},
	{"admin.control", CONFIG_ADDRESS, AT(admin.control), .example = "\"unix:/run/rankguard/control.sock\"",
	 .help = "Unix socket for status, reload and drain; default: none"},
};
/* clang-format on */
_Static_assert(sizeof sidecar_config_options / sizeof *sidecar_config_options == CONFIG_OPTIONS, "rows");

void sidecar_config_put_number(const struct config_option *option, struct sidecar_config *config,
			       int64_t value)
{
	int narrow = (int)value;
	bool flag = value != 0;
	if (option->size == sizeof value)
		memcpy(sidecar_config_at(option, config), &value, sizeof value);
	else if (option->size == sizeof narrow)
		memcpy(sidecar_config_at(option, config), &narrow, sizeof narrow);
	else if (option->size == sizeof flag)
		memcpy(sidecar_config_at(option, config), &flag, sizeof flag);
}

int64_t sidecar_config_get_number(const struct config_option *option, const struct sidecar_config *config)
{
	const char *at = (const char *)config + option->offset;
	int64_t wide = 0;
	int narrow;
	if (option->size == sizeof wide) {
		memcpy(&wide, at, sizeof wide);
	} else if (option->size == sizeof narrow) {
		memcpy(&narrow, at, sizeof narrow);
		wide = narrow;
	} else if (option->size == sizeof(bool)) {
		wide = *at != 0;
	}
	return wide;
}
