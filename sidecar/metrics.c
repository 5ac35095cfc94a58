/* SPDX-License-Identifier: Apache-2.0
 *
 * Counting. Every number is a relaxed atomic: each is exact by itself, and a rendering is a snapshot of each,
 * not of all at one instant. metrics_render.c turns them into text.
 */
#include "sidecar/metrics_table.h"

#include <stdlib.h>

#define SIDECAR_EFFECTS(X)                                                                                   \
	X(CLOSED, "closed")                                                                                  \
	X(PASS, "pass")                                                                                      \
	X(SUPPRESS, "suppress")

const char *sidecar_failure_name(enum sidecar_failure failure)
{
	static const char *const names[SIDECAR_FAILURE_COUNT] = {
#define X(name, text) [SIDECAR_FAILURE_##name] = text,
		SIDECAR_FAILURES(X)
#undef X
	};
	return names[failure];
}

const char *sidecar_effect_name(enum sidecar_effect effect)
{
	static const char *const names[SIDECAR_EFFECT_COUNT] = {
#define X(name, text) [SIDECAR_##name] = text,
		SIDECAR_EFFECTS(X)
#undef X
	};
	return names[effect];
}

static size_t count_methods(const struct proto_mapping *mapping)
{
	size_t count = 0;
	while (proto_mapping_at(mapping, count))
		count++;
	return count;
}

/* One name for the histogram's type: which sides stream. */
static const char *method_type(const struct proto_method *method)
{
	static const char *const types[2][2] = {{"unary", "server_stream"}, {"client_stream", "bidi_stream"}};
	return types[proto_method_request_streams(method)][proto_method_response_streams(method)];
}

/* "/package.Service/Method" */
static void name_row(struct metrics_method *row, const struct proto_method *method)
{
	struct bytes name = proto_method_name(method);
	size_t slash = name.len;
	while (slash > 0 && name.at[slash - 1] != '/')
		slash--;
	size_t from = name.len && name.at[0] == '/';
	row->method = method;
	row->type = method_type(method);
	row->service_name = (struct bytes){name.at + from, slash > from ? slash - 1 - from : 0};
	row->method_name = (struct bytes){name.at + slash, name.len - slash};
}

struct sidecar_metrics *sidecar_metrics_new(const struct proto_mapping *mapping,
					    struct rules_ruleset *ruleset, int64_t now_ns)
{
	struct sidecar_metrics *metrics = calloc(1, sizeof *metrics);
	if (!metrics)
		return NULL;
	size_t named = count_methods(mapping);
	metrics->ruleset = rules_ruleset_hold(ruleset);
	metrics->tally_from_ns = metrics->tally_before_ns = now_ns;
	metrics->method_count = named + 1;
	metrics->rule_count = rules_ruleset_rule_count(ruleset);
	metrics->method = calloc(metrics->method_count, sizeof *metrics->method);
	metrics->rule = calloc(metrics->rule_count + 1, sizeof *metrics->rule);
	metrics->tally_rule = calloc(metrics->rule_count + 1, sizeof *metrics->tally_rule);
	if (!metrics->method || !metrics->rule || !metrics->tally_rule) {
		sidecar_metrics_free(metrics);
		return NULL;
	}
	for (size_t i = 0; i < named; i++)
		name_row(&metrics->method[i], proto_mapping_at(mapping, i));
	struct bytes other = BYTES_LITERAL("_OTHER");
	metrics->method[named] =
		(struct metrics_method){.type = other.at, .service_name = other, .method_name = other};
	return metrics;
}

void sidecar_metrics_free(struct sidecar_metrics *metrics)
{
	if (!metrics)
		return;
	rules_ruleset_drop(metrics->ruleset);
	free(metrics->method);
	free(metrics->rule);
	free(metrics->tally_rule);
	free(metrics);
}

size_t sidecar_metrics_method(const struct sidecar_metrics *metrics, const struct proto_method *method)
{
	size_t other = metrics->method_count - 1;
	for (size_t i = 0; method && i < other; i++)
		if (metrics->method[i].method == method)
			return i;
	return other;
}

static void raise_count(metrics_count *count, uint64_t by)
{
	atomic_fetch_add_explicit(count, by, memory_order_relaxed);
}

/* The bucket of a value is the first whose bound is not below it; the one behind the last is +Inf. */
static void observe(metrics_count *bucket, metrics_count *sum_ns, const struct metrics_bound *bound,
		    size_t bounds, int64_t value_ns)
{
	size_t at = 0;
	while (at < bounds && bound[at].ns < value_ns)
		at++;
	raise_count(&bucket[at], 1);
	raise_count(sum_ns, value_ns > 0 ? (uint64_t)value_ns : 0);
}

void sidecar_metrics_started(struct sidecar_metrics *metrics, size_t method)
{
	raise_count(&metrics->method[method].started, 1);
	raise_count(&metrics->total[TOTAL_CALLS], 1);
}

void sidecar_metrics_handled(struct sidecar_metrics *metrics, size_t method, int grpc_code,
			     int64_t duration_ns)
{
	enum { GRPC_UNKNOWN = 2 };
	struct metrics_method *row = &metrics->method[method];
	bool known = grpc_code >= 0 && grpc_code < METRICS_CODES;
	raise_count(&row->handled[known ? grpc_code : GRPC_UNKNOWN], 1);
	observe(row->bucket, &row->sum_ns, sidecar_metrics_handling_bounds, METRICS_HANDLING_BOUNDS,
		duration_ns);
}

void sidecar_metrics_overhead(struct sidecar_metrics *metrics, int64_t duration_ns)
{
	observe(metrics->overhead_bucket, &metrics->overhead_sum_ns, sidecar_metrics_overhead_bounds,
		METRICS_OVERHEAD_BOUNDS, duration_ns);
}

/* A rule that would have intervened counts as `would`, whatever its verdict. */
static enum metrics_result result_of(const struct rules_decision *decision, size_t rule)
{
	for (size_t i = 0; i < decision->intervention_count; i++)
		if (decision->intervention[i].would && decision->intervention[i].rule->index == rule)
			return RESULT_WOULD;
	switch (decision->verdict[rule]) {
	case RULES_WITHIN:
		return RESULT_WITHIN;
	case RULES_EXCEEDED:
		return RESULT_EXCEEDED;
	case RULES_UNKNOWN:
		return RESULT_UNKNOWN;
	case RULES_NOT_APPLIED:
		break;
	}
	return RESULT_COUNT;
}

void sidecar_metrics_decided(struct sidecar_metrics *metrics, const struct rules_decision *decision,
			     size_t prompts_proposed)
{
	raise_count(&metrics->total[TOTAL_GOVERNED], 1);
	raise_count(&metrics->total[TOTAL_CHANGED], decision->changed);
	raise_count(&metrics->total[TOTAL_REJECTED], decision->rejected);
	raise_count(&metrics->total[TOTAL_PROPOSED], prompts_proposed);
	for (size_t i = 0; i < metrics->rule_count; i++) {
		enum metrics_result result = result_of(decision, i);
		if (result != RESULT_COUNT)
			raise_count(&metrics->rule[i].result[result], 1);
	}
	for (size_t i = 0; i < decision->intervention_count; i++) {
		const struct rules_intervention *done = &decision->intervention[i];
		if (!done->would)
			raise_count(&metrics->rule[done->rule->index].action[done->action], 1);
	}
}

void sidecar_metrics_delivered(struct sidecar_metrics *metrics, size_t prompts)
{
	raise_count(&metrics->total[TOTAL_DELIVERED], prompts);
}

void sidecar_metrics_failed(struct sidecar_metrics *metrics, enum sidecar_failure failure,
			    enum sidecar_effect effect)
{
	raise_count(&metrics->failure[failure][effect], 1);
}

void sidecar_metrics_in_flight(struct sidecar_metrics *metrics, int change)
{
	atomic_fetch_add_explicit(&metrics->in_flight, change, memory_order_relaxed);
}

uint64_t sidecar_metrics_read(const metrics_count *count)
{
	return atomic_load_explicit(count, memory_order_relaxed);
}
