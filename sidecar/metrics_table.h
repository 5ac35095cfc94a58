/* SPDX-License-Identifier: Apache-2.0
 *
 * The counters behind sidecar/metrics.h, for the files metrics.c (counts), metrics_render.c (Prometheus
 * text) and metrics_tally.c (entries of the log).
 */
#ifndef SIDECAR_METRICS_TABLE_H
#define SIDECAR_METRICS_TABLE_H

#include "sidecar/metrics.h"
#include "sidecar/tally_cells.h"
#include <pthread.h>
#include <stdatomic.h>

typedef _Atomic uint64_t metrics_count;

enum {
	METRICS_CODES = 17, /* status codes of gRPC: 0..16 */
	METRICS_ACTIONS = RULES_REJECT + 1,
	METRICS_HANDLING_BOUNDS = 11,
	METRICS_OVERHEAD_BOUNDS = 10,
};

/* One upper bound of a histogram; the text is its `le`. */
struct metrics_bound {
	int64_t ns;
	const char *text;
};
/* The default buckets of the Prometheus client libraries, as go-grpc-middleware has them. */
extern const struct metrics_bound sidecar_metrics_handling_bounds[METRICS_HANDLING_BOUNDS];
extern const struct metrics_bound sidecar_metrics_overhead_bounds[METRICS_OVERHEAD_BOUNDS];

enum metrics_result { RESULT_WITHIN, RESULT_EXCEEDED, RESULT_WOULD, RESULT_UNKNOWN, RESULT_COUNT };

enum metrics_total {
	TOTAL_CALLS,
	TOTAL_GOVERNED,
	TOTAL_CHANGED,
	TOTAL_REJECTED,
	TOTAL_PROPOSED, /* prompts */
	TOTAL_DELIVERED,
	TOTAL_COUNT,
};

struct metrics_method {
	struct metrics_method *next;
	const char *type;			/* static */
	char *name;				/* owned: "/package.Service/Method", "_OTHER" */
	struct bytes service_name, method_name; /* parts of it */
	metrics_count started;
	metrics_count handled[METRICS_CODES];
	metrics_count bucket[METRICS_HANDLING_BOUNDS + 1];
	metrics_count sum_ns;
};

/* Counters as a tally saw them. */
struct metrics_seen {
	uint64_t total[TOTAL_COUNT];
	uint64_t failure[SIDECAR_FAILURE_COUNT][SIDECAR_EFFECT_COUNT];
};

struct metrics_rule_seen {
	uint64_t now[RESULT_COUNT], before[RESULT_COUNT];
};

struct metrics_rule {
	struct metrics_rule *next;
	char *id;		   /* owned */
	bool own[METRICS_ACTIONS]; /* actions that the rule names itself, in any ruleset so far */
	metrics_count result[RESULT_COUNT];
	metrics_count action[METRICS_ACTIONS];
	struct metrics_rule_seen seen; /* touched by the tallying thread alone */
};

struct sidecar_meter {
	const struct proto_mapping *mapping;
	struct metrics_rule **rule; /* by rule->index; the rows belong to the metrics */
	size_t rule_count;
	struct metrics_method **method; /* as proto_mapping_at */
	size_t method_count;
	struct metrics_method *other;
};

struct sidecar_metrics {
	/* Under the lock: the ruleset in force and the lists, in order of arrival. Rows are never taken away, so a meter's
	 * pointers need no lock. */
	pthread_mutex_t lock;
	struct rules_ruleset *ruleset; /* held; NULL before the first */
	struct metrics_method *method; /* owned; the last is _OTHER */
	struct metrics_rule *rule;     /* owned */
	atomic_bool reload_failed;
	metrics_count overhead_bucket[METRICS_OVERHEAD_BOUNDS + 1], overhead_sum_ns;
	metrics_count total[TOTAL_COUNT];
	metrics_count failure[SIDECAR_FAILURE_COUNT][SIDECAR_EFFECT_COUNT];
	atomic_int in_flight;
	struct tally_cells *cells; /* owned */

	/* Touched by the tallying thread alone. `taken`: what is in entries already; `before`: what was
	 * before the last entries, to go back to when they were lost. */
	struct metrics_seen taken, before;
	int64_t tally_from_ns, tally_before_ns;
};

uint64_t sidecar_metrics_read(const metrics_count *count);

#endif
