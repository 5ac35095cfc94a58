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
	X(SUPPRESS, "suppress")                                                                              \
	X(KEPT, "kept")

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

/* ---- rows ---- */

/* One name for the histogram's type: which sides stream. */
static const char *method_type(const struct proto_method *method)
{
	static const char *const types[2][2] = {{"unary", "server_stream"}, {"client_stream", "bidi_stream"}};
	return types[proto_method_request_streams(method)][proto_method_response_streams(method)];
}

/* "/package.Service/Method" */
static void split_name(struct metrics_method *row)
{
	struct bytes name = bytes_of(row->name);
	size_t slash = name.len;
	while (slash > 0 && name.at[slash - 1] != '/')
		slash--;
	size_t from = name.at[0] == '/';
	row->service_name = (struct bytes){name.at + from, slash > from ? slash - 1 - from : 0};
	row->method_name = (struct bytes){name.at + slash, name.len - slash};
}

static struct metrics_method *method_new(struct bytes name, const char *type)
{
	struct metrics_method *row = calloc(1, sizeof *row);
	if (row)
		row->name = strndup(name.at, name.len);
	if (row && !row->name) {
		free(row);
		row = NULL;
	}
	if (row) {
		row->type = type;
		split_name(row);
	}
	return row;
}

static struct metrics_method *other_new(void)
{
	static const struct bytes other = BYTES_LITERAL("_OTHER");
	struct metrics_method *row = method_new(other, other.at);
	if (row)
		row->service_name = bytes_of(row->name);
	return row;
}

/* The row of that name, made in front of _OTHER when it is new. NULL: memory is short. */
static struct metrics_method *method_row(struct sidecar_metrics *metrics, const struct proto_method *method)
{
	struct bytes name = proto_method_name(method);
	struct metrics_method **at = &metrics->method;
	while ((*at)->next && !bytes_equal(bytes_of((*at)->name), name))
		at = &(*at)->next;
	if ((*at)->next)
		return *at;
	struct metrics_method *row = method_new(name, method_type(method));
	if (row) {
		row->next = *at;
		*at = row;
	}
	return row;
}

static struct metrics_rule *rule_new(struct bytes id)
{
	struct metrics_rule *row = calloc(1, sizeof *row);
	if (row)
		row->id = strndup(id.at, id.len);
	if (row && !row->id) {
		free(row);
		row = NULL;
	}
	return row;
}

/* The same for a rule's id. */
static struct metrics_rule *rule_row(struct sidecar_metrics *metrics, const struct rules_rule *rule)
{
	struct metrics_rule **at = &metrics->rule;
	while (*at && !bytes_equal(bytes_of((*at)->id), rule->id))
		at = &(*at)->next;
	if (!*at)
		*at = rule_new(rule->id);
	if (*at)
		(*at)->own[rule->action] = (*at)->own[rule->on_unknown] = true;
	return *at;
}

/* ---- life ---- */

struct sidecar_metrics *sidecar_metrics_new(int64_t now_ns)
{
	struct sidecar_metrics *metrics = calloc(1, sizeof *metrics);
	if (!metrics)
		return NULL;
	pthread_mutex_init(&metrics->lock, NULL);
	metrics->tally_from_ns = metrics->tally_before_ns = now_ns;
	metrics->method = other_new();
	metrics->cells = tally_cells_new();
	if (!metrics->method || !metrics->cells) {
		sidecar_metrics_free(metrics);
		return NULL;
	}
	return metrics;
}

void sidecar_metrics_free(struct sidecar_metrics *metrics)
{
	if (!metrics)
		return;
	for (struct metrics_method *row = metrics->method, *next; row; row = next) {
		next = row->next;
		free(row->name);
		free(row);
	}
	for (struct metrics_rule *row = metrics->rule, *next; row; row = next) {
		next = row->next;
		free(row->id);
		free(row);
	}
	rules_ruleset_drop(metrics->ruleset);
	tally_cells_free(metrics->cells);
	pthread_mutex_destroy(&metrics->lock);
	free(metrics);
}

static size_t count_methods(const struct proto_mapping *mapping)
{
	size_t count = 0;
	while (proto_mapping_at(mapping, count))
		count++;
	return count;
}

static bool fill_meter(struct sidecar_meter *meter, struct sidecar_metrics *metrics,
		       const struct rules_ruleset *ruleset)
{
	bool good = true;
	for (size_t i = 0; i < meter->method_count && good; i++)
		good = (meter->method[i] = method_row(metrics, proto_mapping_at(meter->mapping, i)));
	for (size_t i = 0; i < meter->rule_count && good; i++)
		good = (meter->rule[i] = rule_row(metrics, rules_ruleset_rule(ruleset, i)));
	meter->other = metrics->method;
	while (meter->other->next)
		meter->other = meter->other->next;
	return good;
}

struct sidecar_meter *sidecar_meter_new(struct sidecar_metrics *metrics, const struct proto_mapping *mapping,
					const struct rules_ruleset *ruleset)
{
	struct sidecar_meter *meter = calloc(1, sizeof *meter);
	if (!meter)
		return NULL;
	meter->mapping = mapping;
	meter->method_count = count_methods(mapping);
	meter->rule_count = rules_ruleset_rule_count(ruleset);
	meter->method = calloc(meter->method_count + 1, sizeof(struct metrics_method *));
	meter->rule = calloc(meter->rule_count + 1, sizeof(struct metrics_rule *));
	pthread_mutex_lock(&metrics->lock);
	bool good = meter->method && meter->rule && fill_meter(meter, metrics, ruleset);
	pthread_mutex_unlock(&metrics->lock);
	if (good)
		return meter;
	sidecar_meter_free(meter);
	return NULL;
}

void sidecar_meter_free(struct sidecar_meter *meter)
{
	if (!meter)
		return;
	free(meter->method);
	free(meter->rule);
	free(meter);
}

struct metrics_method *sidecar_meter_method(const struct sidecar_meter *meter,
					    const struct proto_method *method)
{
	for (size_t i = 0; method && i < meter->method_count; i++)
		if (proto_mapping_at(meter->mapping, i) == method)
			return meter->method[i];
	return meter->other;
}

void sidecar_metrics_in_force(struct sidecar_metrics *metrics, struct rules_ruleset *ruleset)
{
	pthread_mutex_lock(&metrics->lock);
	struct rules_ruleset *before = metrics->ruleset;
	metrics->ruleset = rules_ruleset_hold(ruleset);
	pthread_mutex_unlock(&metrics->lock);
	rules_ruleset_drop(before);
}

/* ---- counting ---- */

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

void sidecar_metrics_started(struct sidecar_metrics *metrics, struct metrics_method *row)
{
	raise_count(&row->started, 1);
	raise_count(&metrics->total[TOTAL_CALLS], 1);
}

void sidecar_metrics_handled(struct metrics_method *row, int grpc_code, int64_t duration_ns)
{
	enum { GRPC_UNKNOWN = 2 };
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

void sidecar_metrics_decided(struct sidecar_metrics *metrics, const struct sidecar_meter *meter,
			     const struct facts *facts, const struct rules_decision *decision)
{
	raise_count(&metrics->total[TOTAL_GOVERNED], 1);
	raise_count(&metrics->total[TOTAL_CHANGED], decision->changed);
	raise_count(&metrics->total[TOTAL_REJECTED], decision->rejected);
	raise_count(&metrics->total[TOTAL_PROPOSED], facts->prompt_count);
	for (size_t i = 0; i < meter->rule_count; i++) {
		enum metrics_result result = result_of(decision, i);
		if (result != RESULT_COUNT)
			raise_count(&meter->rule[i]->result[result], 1);
	}
	for (size_t i = 0; i < decision->intervention_count; i++) {
		const struct rules_intervention *done = &decision->intervention[i];
		if (!done->would)
			raise_count(&meter->rule[done->rule->index]->action[done->action], 1);
	}
	tally_cells_count(metrics->cells, facts, decision);
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

void sidecar_metrics_reloaded(struct sidecar_metrics *metrics, bool good)
{
	atomic_store(&metrics->reload_failed, !good);
	if (!good)
		sidecar_metrics_failed(metrics, SIDECAR_FAILURE_RELOAD, SIDECAR_KEPT);
}

void sidecar_metrics_in_flight(struct sidecar_metrics *metrics, int change)
{
	atomic_fetch_add_explicit(&metrics->in_flight, change, memory_order_relaxed);
}

uint64_t sidecar_metrics_read(const metrics_count *count)
{
	return atomic_load_explicit(count, memory_order_relaxed);
}
