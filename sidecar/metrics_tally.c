/* SPDX-License-Identifier: Apache-2.0
 *
 * Counters into entries: what was counted since the entries before. Counters never go back; what stands in
 * entries already is remembered beside them.
 */
#include "sidecar/metrics_table.h"

#include <stdlib.h>

static void read_totals(const struct sidecar_metrics *metrics, uint64_t now[TOTAL_COUNT])
{
	for (size_t i = 0; i < TOTAL_COUNT; i++)
		now[i] = sidecar_metrics_read(&metrics->total[i]);
}

static void fill_rule(const struct metrics_rule *rule, const uint64_t now[RESULT_COUNT],
		      struct audit_entry_tally_rule *row)
{
	const uint64_t *taken = rule->seen.now;
	*row = (struct audit_entry_tally_rule){
		.rule = bytes_of(rule->id),
		.within = now[RESULT_WITHIN] - taken[RESULT_WITHIN],
		.exceeded = now[RESULT_EXCEEDED] - taken[RESULT_EXCEEDED],
		.would = now[RESULT_WOULD] - taken[RESULT_WOULD],
		.unknown = now[RESULT_UNKNOWN] - taken[RESULT_UNKNOWN],
	};
}

struct tally_rules {
	struct audit_entry_tally_rule *row;
	uint64_t (*now)[RESULT_COUNT];
	size_t count;
};

static size_t count_rules(const struct sidecar_metrics *metrics)
{
	size_t count = 0;
	for (const struct metrics_rule *rule = metrics->rule; rule; rule = rule->next)
		count++;
	return count;
}

static bool read_rules(const struct sidecar_metrics *metrics, struct tally_rules *rules)
{
	rules->count = count_rules(metrics);
	rules->row = calloc(rules->count + 1, sizeof *rules->row);
	rules->now = calloc(rules->count + 1, sizeof *rules->now);
	if (!rules->row || !rules->now)
		return false;
	size_t i = 0;
	for (const struct metrics_rule *rule = metrics->rule; rule; rule = rule->next, i++) {
		for (size_t result = 0; result < RESULT_COUNT; result++)
			rules->now[i][result] = sidecar_metrics_read(&rule->result[result]);
		fill_rule(rule, rules->now[i], &rules->row[i]);
	}
	return true;
}

/* What a lost tally goes back to. */
static void mark(struct sidecar_metrics *metrics)
{
	memcpy(metrics->before.total, metrics->taken.total, sizeof metrics->before.total);
	for (struct metrics_rule *rule = metrics->rule; rule; rule = rule->next)
		memcpy(rule->seen.before, rule->seen.now, sizeof rule->seen.before);
	metrics->tally_before_ns = metrics->tally_from_ns;
}

/* The entry stands in the batch: from here on its counts are taken. */
static void settle(struct sidecar_metrics *metrics, const uint64_t now[TOTAL_COUNT],
		   const struct tally_rules *rules, int64_t now_ns)
{
	size_t i = 0;
	memcpy(metrics->taken.total, now, sizeof metrics->taken.total);
	for (struct metrics_rule *rule = metrics->rule; rule; rule = rule->next, i++)
		memcpy(rule->seen.now, rules->now[i], sizeof rules->now[i]);
	metrics->tally_from_ns = now_ns;
}

bool sidecar_metrics_tally(struct sidecar_metrics *metrics, int64_t now_ns, struct audit_batch *batch)
{
	uint64_t now[TOTAL_COUNT];
	struct tally_rules rules = {0};
	pthread_mutex_lock(&metrics->lock); /* no rows arrive meanwhile */
	mark(metrics);
	const struct tally_rows *rows = tally_cells_take(metrics->cells);
	bool good = read_rules(metrics, &rules);
	if (good) {
		const uint64_t *taken = metrics->taken.total;
		read_totals(metrics, now);
		struct audit_entry_tally tally = {
			.from_ns = metrics->tally_from_ns,
			.to_ns = now_ns,
			.calls = now[TOTAL_CALLS] - taken[TOTAL_CALLS],
			.governed = now[TOTAL_GOVERNED] - taken[TOTAL_GOVERNED],
			.changed = now[TOTAL_CHANGED] - taken[TOTAL_CHANGED],
			.rejected = now[TOTAL_REJECTED] - taken[TOTAL_REJECTED],
			.prompts_proposed = now[TOTAL_PROPOSED] - taken[TOTAL_PROPOSED],
			.prompts_delivered = now[TOTAL_DELIVERED] - taken[TOTAL_DELIVERED],
			.rule = rules.row,
			.rule_count = rules.count,
			.cell = rows->cell,
			.cell_count = rows->cells,
			.category = rows->category,
			.category_count = rows->categories,
		};
		good = audit_entry_tally(batch, now_ns, &tally);
	}
	if (good)
		settle(metrics, now, &rules, now_ns);
	else
		tally_cells_lost(metrics->cells);
	pthread_mutex_unlock(&metrics->lock);
	free(rules.row);
	free(rules.now);
	return good;
}

void sidecar_metrics_tally_lost(struct sidecar_metrics *metrics)
{
	memcpy(metrics->taken.total, metrics->before.total, sizeof metrics->taken.total);
	pthread_mutex_lock(&metrics->lock);
	for (struct metrics_rule *rule = metrics->rule; rule; rule = rule->next)
		memcpy(rule->seen.now, rule->seen.before, sizeof rule->seen.now);
	pthread_mutex_unlock(&metrics->lock);
	metrics->tally_from_ns = metrics->tally_before_ns;
	tally_cells_lost(metrics->cells);
}

/* What did not close a call stands in an entry of its own, with the reason; the log writes the failures of the log
 * itself, and a reload its own. */
static bool add_failure(struct audit_batch *batch, int64_t now_ns, size_t failure, size_t effect,
			uint64_t count)
{
	if (count == 0 || effect != SIDECAR_CLOSED || failure == SIDECAR_FAILURE_AUDIT ||
	    failure == SIDECAR_FAILURE_RELOAD)
		return true;
	struct audit_entry_failure entry = {
		.class = sidecar_failure_name((enum sidecar_failure)failure),
		.effect = sidecar_effect_name((enum sidecar_effect)effect),
		.count = count,
	};
	return audit_entry_failure(batch, now_ns, &entry);
}

bool sidecar_metrics_failures(struct sidecar_metrics *metrics, int64_t now_ns, struct audit_batch *batch)
{
	uint64_t now[SIDECAR_FAILURE_COUNT][SIDECAR_EFFECT_COUNT];
	memcpy(metrics->before.failure, metrics->taken.failure, sizeof now);
	for (size_t failure = 0; failure < SIDECAR_FAILURE_COUNT; failure++) {
		for (size_t effect = 0; effect < SIDECAR_EFFECT_COUNT; effect++) {
			now[failure][effect] = sidecar_metrics_read(&metrics->failure[failure][effect]);
			uint64_t count = now[failure][effect] - metrics->taken.failure[failure][effect];
			if (!add_failure(batch, now_ns, failure, effect, count))
				return false;
		}
	}
	memcpy(metrics->taken.failure, now, sizeof now);
	return true;
}

void sidecar_metrics_failures_lost(struct sidecar_metrics *metrics)
{
	memcpy(metrics->taken.failure, metrics->before.failure, sizeof metrics->taken.failure);
}
