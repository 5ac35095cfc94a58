/* SPDX-License-Identifier: Apache-2.0
 *
 * Counters of the daemon: atomics that calls raise, rendered as Prometheus text by the admin listener and
 * taken minute by minute into `tally` entries. Names follow page "The sidecar", Operations.
 */
#ifndef SIDECAR_METRICS_H
#define SIDECAR_METRICS_H

#include "audit/log.h"
#include "proto/mapping.h"
#include "rules/decide.h"

struct sidecar_metrics;

#define SIDECAR_FAILURES(X)                                                                                  \
	X(UNDECODABLE, "undecodable") /* a governed message that cannot be decoded */                        \
	X(LIMIT, "limit")	      /* a governed message over a limit */                                  \
	X(HISTORY, "history")	      /* history unavailable */                                              \
	X(AUDIT, "audit")	      /* an entry that cannot be written */                                  \
	X(OVERLOAD, "overload")	      /* too many calls in flight */                                         \
	X(UPSTREAM, "upstream")	      /* the recommender cannot be reached */                                \
	X(RELOAD, "reload")	      /* new rules or a new configuration were refused */
enum sidecar_failure {
#define X(name, text) SIDECAR_FAILURE_##name,
	SIDECAR_FAILURES(X)
#undef X
		SIDECAR_FAILURE_COUNT,
};
const char *sidecar_failure_name(enum sidecar_failure failure); /* "undecodable" */

enum sidecar_effect { SIDECAR_CLOSED, SIDECAR_PASS, SIDECAR_SUPPRESS, SIDECAR_KEPT, SIDECAR_EFFECT_COUNT };
const char *sidecar_effect_name(enum sidecar_effect effect); /* "closed" */

/* now_ns: where the first tally begins. Returns owned; NULL when memory is short. */
struct sidecar_metrics *sidecar_metrics_new(int64_t now_ns);
void sidecar_metrics_free(struct sidecar_metrics *metrics);

/* The rows that calls under one ruleset and mapping count in. Rows are known by rule id and method name and
 * live as long as the metrics: a rule that stands in the next ruleset too goes on counting. Its end must come
 * before that of the metrics, ruleset and mapping. Thread: any. Returns owned; NULL when memory is short. */
struct sidecar_meter;
struct sidecar_meter *sidecar_meter_new(struct sidecar_metrics *metrics, const struct proto_mapping *mapping,
					const struct rules_ruleset *ruleset);
void sidecar_meter_free(struct sidecar_meter *meter); /* NULL is fine */

/* What rankguard_ruleset_info tells from now on. Holds the ruleset. Thread: any. */
void sidecar_metrics_in_force(struct sidecar_metrics *metrics, struct rules_ruleset *ruleset);

/* The row of a method; methods outside the mapping share one, `_OTHER`. method NULL: that one. */
struct metrics_method;
struct metrics_method *sidecar_meter_method(const struct sidecar_meter *meter,
					    const struct proto_method *method);

/* Thread: any, for all of these. */
void sidecar_metrics_started(struct sidecar_metrics *metrics, struct metrics_method *row);
void sidecar_metrics_handled(struct metrics_method *row, int grpc_code, int64_t duration_ns);
void sidecar_metrics_overhead(struct sidecar_metrics *metrics, int64_t duration_ns);
/* One governed response was decided on (whatever became of it), with the meter's ruleset. */
void sidecar_metrics_decided(struct sidecar_metrics *metrics, const struct sidecar_meter *meter,
			     const struct facts *facts, const struct rules_decision *decision);
/* A reload ended; the last good ruleset and configuration stay when it failed. */
void sidecar_metrics_reloaded(struct sidecar_metrics *metrics, bool good);
void sidecar_metrics_delivered(struct sidecar_metrics *metrics, size_t prompts);
void sidecar_metrics_failed(struct sidecar_metrics *metrics, enum sidecar_failure failure,
			    enum sidecar_effect effect);
void sidecar_metrics_in_flight(struct sidecar_metrics *metrics, int change);

/* Prometheus text exposition format 0.0.4. log may be NULL: its families are left out. */
void sidecar_metrics_render(struct sidecar_metrics *metrics, const struct audit_log_state *log,
			    struct buf *out);

/* What happened since the last tally, as an entry into *batch; call from one thread. False: memory is
 * short, and nothing is lost. */
MUST_USE bool sidecar_metrics_tally(struct sidecar_metrics *metrics, int64_t now_ns,
				    struct audit_batch *batch);

/* Failures that closed calls since the last call of this, one `failure` entry per class that is not zero ("audit"
 * and "reload" are left out: they have entries of their own). Adds nothing when there were none. Call from one thread. False: memory is
 * short; nothing is lost, but the batch may hold a part and must not be appended. */
MUST_USE bool sidecar_metrics_failures(struct sidecar_metrics *metrics, int64_t now_ns,
				       struct audit_batch *batch);

/* The batch that the last tally (or the last failures) went into was not acknowledged: what it counted goes
 * into the next one. After a tally that failed by itself, or twice, it is fine. */
void sidecar_metrics_tally_lost(struct sidecar_metrics *metrics);
void sidecar_metrics_failures_lost(struct sidecar_metrics *metrics);

#endif
