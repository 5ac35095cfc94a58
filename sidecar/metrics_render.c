/* SPDX-License-Identifier: Apache-2.0
 *
 * The Prometheus text exposition format 0.0.4
 * (prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
 */
#include "sidecar/metrics_table.h"

#include <inttypes.h>

const struct metrics_bound sidecar_metrics_handling_bounds[METRICS_HANDLING_BOUNDS] = {
	{5000000, "0.005"},  {10000000, "0.01"},  {25000000, "0.025"}, {50000000, "0.05"},
	{100000000, "0.1"},  {250000000, "0.25"}, {500000000, "0.5"},  {1000000000, "1"},
	{2500000000, "2.5"}, {5000000000, "5"},	  {10000000000, "10"},
};

const struct metrics_bound sidecar_metrics_overhead_bounds[METRICS_OVERHEAD_BOUNDS] = {
	{50000, "5e-05"},    {100000, "0.0001"}, {250000, "0.00025"}, {500000, "0.0005"},  {1000000, "0.001"},
	{2500000, "0.0025"}, {5000000, "0.005"}, {10000000, "0.01"},  {25000000, "0.025"}, {50000000, "0.05"},
};

/* go-grpc-middleware's grpc_code: the names of Go's package codes. */
static const char *const code_names[METRICS_CODES] = {
	"OK",	    "Canceled",	       "Unknown",	   "InvalidArgument",	"DeadlineExceeded",
	"NotFound", "AlreadyExists",   "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
	"Aborted",  "OutOfRange",      "Unimplemented",	   "Internal",		"Unavailable",
	"DataLoss", "Unauthenticated",
};

static const char *const result_names[RESULT_COUNT] = {"within", "exceeded", "would", "unknown"};

static void add_family(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* name="value", with backslash, quote and line feed escaped. */
static void add_label(struct buf *out, const char *name, struct bytes value)
{
	buf_printf(out, "%s=\"", name);
	for (size_t i = 0; i < value.len; i++) {
		if (value.at[i] == '\n')
			buf_add_text(out, "\\n");
		else if (value.at[i] == '\\' || value.at[i] == '"')
			buf_add(out, (char[]){'\\', value.at[i]}, 2);
		else
			buf_add(out, &value.at[i], 1);
	}
	buf_add_text(out, "\"");
}

static void add_value(struct buf *out, uint64_t value)
{
	buf_printf(out, " %" PRIu64 "\n", value);
}

static void add_seconds(struct buf *out, uint64_t ns)
{
	buf_printf(out, " %" PRIu64 ".%09" PRIu64 "\n", ns / UINT64_C(1000000000), ns % UINT64_C(1000000000));
}

/* labels: "" or `a="b",c="d"`. The count is the sum of the buckets, so that the two always agree. */
static void add_histogram(struct buf *out, const char *name, struct bytes labels,
			  const struct metrics_bound *bound, size_t bounds, const metrics_count *bucket,
			  const metrics_count *sum_ns)
{
	uint64_t count = 0;
	for (size_t i = 0; i <= bounds; i++) {
		count += sidecar_metrics_read(&bucket[i]);
		buf_printf(out, "%s_bucket{%.*s%sle=\"%s\"} %" PRIu64 "\n", name, BYTES_ARG(labels),
			   labels.len ? "," : "", i < bounds ? bound[i].text : "+Inf", count);
	}
	const char *open = labels.len ? "{" : "", *close = labels.len ? "}" : "";
	buf_printf(out, "%s_sum%s%.*s%s", name, open, BYTES_ARG(labels), close);
	add_seconds(out, sidecar_metrics_read(sum_ns));
	buf_printf(out, "%s_count%s%.*s%s", name, open, BYTES_ARG(labels), close);
	add_value(out, count);
}

static void add_method_labels(struct buf *out, const struct metrics_method *row)
{
	add_label(out, "grpc_type", bytes_of(row->type));
	buf_add_text(out, ",");
	add_label(out, "grpc_service", row->service_name);
	buf_add_text(out, ",");
	add_label(out, "grpc_method", row->method_name);
}

static void render_started(const struct sidecar_metrics *metrics, struct buf *out)
{
	add_family(out, "grpc_server_started_total", "counter", "Calls that arrived.");
	for (const struct metrics_method *row = metrics->method; row; row = row->next) {
		buf_add_text(out, "grpc_server_started_total{");
		add_method_labels(out, row);
		buf_add_text(out, "}");
		add_value(out, sidecar_metrics_read(&row->started));
	}
}

/* All codes from the start: a series that begins at its first error hides that error from rate(). */
static void render_handled(const struct sidecar_metrics *metrics, struct buf *out)
{
	add_family(out, "grpc_server_handled_total", "counter", "Calls that ended, by status code.");
	for (const struct metrics_method *row = metrics->method; row; row = row->next) {
		for (size_t code = 0; code < METRICS_CODES; code++) {
			buf_add_text(out, "grpc_server_handled_total{");
			add_method_labels(out, row);
			buf_printf(out, ",grpc_code=\"%s\"}", code_names[code]);
			add_value(out, sidecar_metrics_read(&row->handled[code]));
		}
	}
}

static void render_handling(const struct sidecar_metrics *metrics, struct buf *out)
{
	const char *name = "grpc_server_handling_seconds";
	struct buf labels = {0};
	add_family(out, name, "histogram", "Time from a call's arrival to its end, in seconds.");
	for (const struct metrics_method *row = metrics->method; row; row = row->next) {
		buf_clear(&labels);
		add_method_labels(&labels, row);
		add_histogram(out, name, buf_bytes(&labels), sidecar_metrics_handling_bounds,
			      METRICS_HANDLING_BOUNDS, row->bucket, &row->sum_ns);
	}
	out->failed |= labels.failed;
	buf_done(&labels);
}

static void render_overhead(const struct sidecar_metrics *metrics, struct buf *out)
{
	const char *name = "rankguard_overhead_seconds";
	add_family(
		out, name, "histogram",
		"Time that rankguard itself adds to a governed call, in seconds, without the recommender.");
	add_histogram(out, name, (struct bytes){"", 0}, sidecar_metrics_overhead_bounds,
		      METRICS_OVERHEAD_BOUNDS, metrics->overhead_bucket, &metrics->overhead_sum_ns);
}

static void render_results(const struct sidecar_metrics *metrics, struct buf *out)
{
	add_family(out, "rankguard_rule_results_total", "counter",
		   "What each rule said of governed responses.");
	for (const struct metrics_rule *rule = metrics->rule; rule; rule = rule->next) {
		for (size_t result = 0; result < RESULT_COUNT; result++) {
			buf_add_text(out, "rankguard_rule_results_total{");
			add_label(out, "rule", bytes_of(rule->id));
			buf_printf(out, ",result=\"%s\"}", result_names[result]);
			add_value(out, sidecar_metrics_read(&rule->result[result]));
		}
	}
}

/* A rule's own two actions from the start, any other that was carried out once it was. */
static void render_interventions(const struct sidecar_metrics *metrics, struct buf *out)
{
	add_family(out, "rankguard_interventions_total", "counter", "Interventions carried out, by rule.");
	for (const struct metrics_rule *rule = metrics->rule; rule; rule = rule->next) {
		for (size_t action = RULES_FLAG; action < METRICS_ACTIONS; action++) {
			uint64_t count = sidecar_metrics_read(&rule->action[action]);
			if (!count && !rule->own[action])
				continue;
			buf_add_text(out, "rankguard_interventions_total{");
			add_label(out, "rule", bytes_of(rule->id));
			buf_printf(out, ",action=\"%s\"}", rules_action_name((enum rules_action)action));
			add_value(out, count);
		}
	}
}

static void render_failures(const struct sidecar_metrics *metrics, struct buf *out)
{
	add_family(out, "rankguard_failures_total", "counter",
		   "Failures by class and by what became of the call.");
	for (size_t failure = 0; failure < SIDECAR_FAILURE_COUNT; failure++)
		for (size_t effect = 0; effect < SIDECAR_EFFECT_COUNT; effect++) {
			if ((effect == SIDECAR_KEPT) != (failure == SIDECAR_FAILURE_RELOAD))
				continue; /* of a reload nothing else can come, of a call not that */
			buf_printf(out, "rankguard_failures_total{class=\"%s\",effect=\"%s\"}",
				   sidecar_failure_name((enum sidecar_failure)failure),
				   sidecar_effect_name((enum sidecar_effect)effect));
			add_value(out, sidecar_metrics_read(&metrics->failure[failure][effect]));
		}
}

static void render_totals(const struct sidecar_metrics *metrics, struct buf *out)
{
	static const struct {
		const char *name, *help;
		enum metrics_total total;
	} rows[] = {
		{"rankguard_responses_governed_total", "Responses that were decided on.", TOTAL_GOVERNED},
		{"rankguard_responses_changed_total", "Responses that were changed or refused.",
		 TOTAL_CHANGED},
		{"rankguard_responses_rejected_total", "Responses that were refused.", TOTAL_REJECTED},
		{"rankguard_prompts_proposed_total", "Prompts that the recommender proposed.",
		 TOTAL_PROPOSED},
		{"rankguard_prompts_delivered_total", "Prompts released to the application.",
		 TOTAL_DELIVERED},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		add_family(out, rows[i].name, "counter", rows[i].help);
		buf_add_text(out, rows[i].name);
		add_value(out, sidecar_metrics_read(&metrics->total[rows[i].total]));
	}
}

static void render_state(const struct sidecar_metrics *metrics, struct buf *out)
{
	add_family(out, "rankguard_in_flight", "gauge", "Calls in flight.");
	buf_printf(out, "rankguard_in_flight %d\n",
		   atomic_load_explicit(&metrics->in_flight, memory_order_relaxed));
	add_family(out, "rankguard_ruleset_reload_failed", "gauge",
		   "1 when the last reload was refused and older rules stay in force.");
	buf_printf(out, "rankguard_ruleset_reload_failed %d\n", (int)atomic_load(&metrics->reload_failed));
	add_family(out, "rankguard_ruleset_info", "gauge", "The ruleset in force.");
	if (!metrics->ruleset)
		return;
	buf_add_text(out, "rankguard_ruleset_info{");
	add_label(out, "digest", rules_ruleset_digest(metrics->ruleset));
	buf_add_text(out, ",");
	add_label(out, "version", rules_ruleset_version(metrics->ruleset));
	buf_add_text(out, "} 1\n");
}

static void add_plain(struct buf *out, const char *name, const char *type, const char *help, uint64_t value)
{
	add_family(out, name, type, help);
	buf_add_text(out, name);
	add_value(out, value);
}

static void render_log(const struct audit_log_state *log, struct buf *out)
{
	add_plain(out, "rankguard_audit_writable", "gauge", "1 while the log acknowledges entries.",
		  log->writable);
	add_plain(out, "rankguard_audit_entries_total", "counter", "Entries of the log, over all restarts.",
		  log->size);
	add_plain(out, "rankguard_audit_published_entries", "gauge", "Entries under the signed checkpoint.",
		  log->published);
	add_plain(out, "rankguard_audit_bytes_total", "counter", "Bytes of entries acknowledged since start.",
		  log->bytes);
	add_plain(out, "rankguard_audit_syncs_total", "counter", "Calls of fdatasync since start.",
		  log->syncs);
	const char *append = "rankguard_audit_append_seconds";
	add_family(out, append, "summary", "Time from an append to its acknowledgement, in seconds.");
	buf_printf(out, "%s_sum", append);
	add_seconds(out, log->append_ns_sum);
	buf_printf(out, "%s_count", append);
	add_value(out, log->append_count);
	add_family(out, "rankguard_audit_publish_lag_seconds", "gauge",
		   "Age of the oldest entry that no checkpoint covers yet, in seconds.");
	buf_add_text(out, "rankguard_audit_publish_lag_seconds");
	add_seconds(out, log->publish_lag_ns > 0 ? (uint64_t)log->publish_lag_ns : 0);
}

void sidecar_metrics_render(struct sidecar_metrics *metrics, const struct audit_log_state *log,
			    struct buf *out)
{
	pthread_mutex_lock(&metrics->lock); /* no rows arrive meanwhile */
	render_started(metrics, out);
	render_handled(metrics, out);
	render_handling(metrics, out);
	render_overhead(metrics, out);
	render_results(metrics, out);
	render_interventions(metrics, out);
	render_failures(metrics, out);
	render_totals(metrics, out);
	render_state(metrics, out);
	pthread_mutex_unlock(&metrics->lock);
	if (log)
		render_log(log, out);
}
