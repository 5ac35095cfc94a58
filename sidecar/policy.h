/* SPDX-License-Identifier: Apache-2.0
 *
 * The policy in force: everything that a reload replaces, in one piece - rules, mapping, and the options that
 * may change while serving. A call holds the policy that it began with until it ends, so that one response
 * is never governed by two rulesets.
 *
 *     policy = sidecar_policy_new(ground, mapping, metrics, &err)
 *     sidecar_force_set(&force, policy)              atomic; the one before goes with its last call
 *     mine = sidecar_force_hold(&force)  ...  sidecar_policy_drop(mine)
 */
#ifndef SIDECAR_POLICY_H
#define SIDECAR_POLICY_H

#include "proto/mapping.h"
#include "sidecar/config.h"
#include "sidecar/metrics.h"
#include <pthread.h>
#include <stdatomic.h>

/* Immutable but for the count. All pointers owned. */
struct sidecar_policy {
	atomic_size_t holders;
	struct sidecar_limits limits;
	struct sidecar_directions failure;
	char *options; /* those that a reload may change, as text */
	struct proto_mapping *mapping;
	struct rules_ruleset *rules;
	struct sidecar_meter *meter;
	int64_t since_ns; /* when it came into force */
};

/* Copies what it needs of config, takes the mapping (also on failure), holds the rules. metrics must outlive it.
 * Returns owned by one holder; NULL when memory is short. */
MUST_USE struct sidecar_policy *sidecar_policy_new(const struct sidecar_config *config,
						   struct proto_mapping *mapping, struct rules_ruleset *rules,
						   struct sidecar_metrics *metrics, int64_t now_ns);
struct sidecar_policy *sidecar_policy_hold(struct sidecar_policy *policy);
void sidecar_policy_drop(struct sidecar_policy *policy); /* NULL is fine; the last drop frees */

/* The place where the policy in force stands. */
struct sidecar_force {
	pthread_mutex_t lock;
	struct sidecar_policy *policy; /* held; NULL before the first */
};
void sidecar_force_init(struct sidecar_force *force);
void sidecar_force_done(struct sidecar_force *force);

/* Takes the caller's hold of the policy. Thread: any. */
void sidecar_force_set(struct sidecar_force *force, struct sidecar_policy *policy);
/* The policy in force, held for the caller. Thread: any. */
MUST_USE struct sidecar_policy *sidecar_force_hold(struct sidecar_force *force);

#endif
