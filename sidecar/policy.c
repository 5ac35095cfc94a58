/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/policy.h"

#include <stdlib.h>

struct sidecar_policy *sidecar_policy_new(const struct sidecar_config *config, struct proto_mapping *mapping,
					  struct rules_ruleset *rules, struct sidecar_metrics *metrics,
					  int64_t now_ns)
{
	struct sidecar_policy *policy = calloc(1, sizeof *policy);
	if (!policy) {
		proto_mapping_free(mapping);
		return NULL;
	}
	atomic_init(&policy->holders, 1);
	policy->limits = config->limits;
	policy->failure = config->failure;
	policy->options = sidecar_config_describe(config, true);
	policy->mapping = mapping;
	policy->rules = rules_ruleset_hold(rules);
	policy->meter = sidecar_meter_new(metrics, mapping, rules);
	policy->since_ns = now_ns;
	if (policy->options && policy->meter)
		return policy;
	sidecar_policy_drop(policy);
	return NULL;
}

struct sidecar_policy *sidecar_policy_hold(struct sidecar_policy *policy)
{
	atomic_fetch_add_explicit(&policy->holders, 1, memory_order_relaxed);
	return policy;
}

void sidecar_policy_drop(struct sidecar_policy *policy)
{
	if (!policy || atomic_fetch_sub_explicit(&policy->holders, 1, memory_order_acq_rel) != 1)
		return;
	sidecar_meter_free(policy->meter);
	rules_ruleset_drop(policy->rules);
	proto_mapping_free(policy->mapping);
	free(policy->options);
	free(policy);
}

void sidecar_force_init(struct sidecar_force *force)
{
	*force = (struct sidecar_force){.policy = NULL};
	pthread_mutex_init(&force->lock, NULL);
}

void sidecar_force_done(struct sidecar_force *force)
{
	sidecar_policy_drop(force->policy);
	pthread_mutex_destroy(&force->lock);
}

void sidecar_force_set(struct sidecar_force *force, struct sidecar_policy *policy)
{
	pthread_mutex_lock(&force->lock);
	struct sidecar_policy *before = force->policy;
	force->policy = policy;
	pthread_mutex_unlock(&force->lock);
	sidecar_policy_drop(before);
}

/* A count alone would not do: between reading the pointer and counting, the policy could go. */
struct sidecar_policy *sidecar_force_hold(struct sidecar_force *force)
{
	pthread_mutex_lock(&force->lock);
	struct sidecar_policy *policy = sidecar_policy_hold(force->policy);
	pthread_mutex_unlock(&force->lock);
	return policy;
}
