/* SPDX-License-Identifier: Apache-2.0
 *
 * One batch per response: first what was decided, then each prompt that leaves,
 * then a failure that did not close the call. They are acknowledged together.
 *
 * The acknowledgement comes on the log's thread. It turns the reservation into history (so that
 * history is a fold over acknowledged entries, in their order) and hands the call back with an empty batch.
 */
#include "sidecar/govern.h"

#include <assert.h>

/* Every decision is recorded with all that it was made on. */
static bool is_full(const struct sidecar_governing *governing)
{
	return governing->hop->config->audit.record == SIDECAR_RECORD_FULL;
}

bool sidecar_record_needed(const struct sidecar_governing *governing)
{
	return governing->leniency.taken ||
	       (governing->decided && (is_full(governing) || governing->decision.intervention_count ||
				       governing->decision.prompt_count || governing->decision.changed));
}

static struct bytes digest(struct sidecar_governing *governing, const struct bytes *run, size_t count)
{
	char *text = arena_alloc(&governing->arena, AUDIT_DIGEST_LEN + 1);
	if (!text)
		return (struct bytes){0};
	audit_digest(governing->hop->subject_key, run, count, text);
	return (struct bytes){text, AUDIT_DIGEST_LEN};
}

static struct bytes digest_text(struct sidecar_governing *governing, struct bytes text)
{
	return bytes_present(text) ? digest(governing, &text, 1) : text;
}

/* A pseudonym, absent when the call has no id. */
static struct bytes subject(const char *pseudonym)
{
	return pseudonym[0] ? bytes_of(pseudonym) : (struct bytes){0};
}

static struct audit_entry_target *targets_of(struct sidecar_governing *governing,
					     const struct rules_intervention *from)
{
	struct audit_entry_target *to = arena_zalloc(&governing->arena, from->target_count, sizeof *to);
	for (size_t i = 0; to && i < from->target_count; i++) {
		const struct rules_target *one = &from->target[i];
		to[i] = (struct audit_entry_target){.id = one->id,
						    .numeric = one->numeric,
						    .before_present = one->before_present,
						    .after_present = one->after_present,
						    .before = one->before,
						    .after = one->after,
						    .before_digest = digest_text(governing, one->before_text),
						    .after_digest = digest_text(governing, one->after_text)};
	}
	return to;
}

static bool intervention_of(struct sidecar_governing *governing, const struct rules_intervention *from,
			    struct audit_entry_intervention *to)
{
	const struct rules_rule *rule = from->rule;
	*to = (struct audit_entry_intervention){.rule = rule->id,
						.file = rule->file,
						.line = rule->line,
						.kind = arena_string(&governing->arena, rule->kind),
						.mode = rules_mode_name(rule->mode),
						.action = rules_action_name(from->action),
						.verdict = rules_verdict_name(from->verdict),
						.would = from->would,
						.unsatisfied = from->unsatisfied,
						.limit = from->limit,
						.observed = from->observed,
						.reason = rule->reason,
						.target_type = rules_target_type_name(from->type),
						.target = targets_of(governing, from),
						.target_count = from->target_count,
						.evidence = from->evidence,
						.evidence_count = from->evidence_count};
	return to->kind && to->target;
}

/* W3C trace context: 00-<trace id>-<span id>-<flags>; the trace id when the request carries one. */
static struct bytes trace_id(const struct sidecar_governing *governing)
{
	const grpc_metadata_array *metadata = &governing->arrival->metadata;
	for (size_t i = 0; i < metadata->count; i++) {
		const grpc_slice *value = &metadata->metadata[i].value;
		if (grpc_slice_str_cmp(metadata->metadata[i].key, "traceparent") == 0 &&
		    GRPC_SLICE_LENGTH(*value) >= 35)
			return (struct bytes){(const char *)GRPC_SLICE_START_PTR(*value) + 3, 32};
	}
	return (struct bytes){0};
}

static struct audit_entry_pod pod_of(const struct sidecar_config *config)
{
	return (struct audit_entry_pod){.name = bytes_of(config->identity.pod),
					.namespace = bytes_of(config->identity.namespace),
					.uid = bytes_of(config->identity.uid),
					.node = bytes_of(config->identity.node)};
}

/* Those that configuration lists, in its order; of one that came twice the last counts, as in rules. */
static bool listed_attributes(struct sidecar_governing *governing, struct audit_entry_decision *entry)
{
	const struct sidecar_texts *names = &governing->hop->config->audit.attributes;
	const struct facts *facts = &governing->facts;
	struct audit_entry_attribute *list = arena_zalloc(&governing->arena, names->count, sizeof *list);
	if (!list)
		return false;
	entry->attribute = list;
	for (size_t n = 0; n < names->count; n++)
		for (size_t i = facts->attribute_count; i > 0; i--) {
			const struct facts_attribute *from = &facts->attributes[i - 1];
			if (!bytes_equal(from->name, bytes_of(names->at[n])))
				continue;
			list[entry->attribute_count++] =
				(struct audit_entry_attribute){from->name, from->value};
			break;
		}
	return true;
}

static void write_record(const struct sidecar_governing *governing, struct buf *out)
{
	const struct sidecar_texts *attributes = &governing->hop->config->audit.attributes;
	struct rules_recording recording = {.ruleset = governing->policy->rules,
					    .facts = &governing->facts,
					    .now_ns = governing->now_ns,
					    .session = subject(governing->session),
					    .user = subject(governing->user),
					    .attribute = attributes->at,
					    .attribute_count = attributes->count,
					    .state = governing->state_read ? &governing->state : NULL,
					    .history = governing->history_read ? &governing->history : NULL,
					    .frequency = governing->frequency,
					    .observed = governing->observes,
					    .decision = &governing->decision};
	rules_record_write(&recording, out);
}

bool sidecar_record_decision(struct sidecar_governing *governing)
{
	struct buf record = {0};
	const struct rules_decision *decision = &governing->decision;
	size_t count = decision->intervention_count;
	struct audit_entry_intervention *list = arena_zalloc(&governing->arena, count, sizeof *list);
	for (size_t i = 0; list && i < count; i++)
		if (!intervention_of(governing, &decision->intervention[i], &list[i]))
			list = NULL;
	if (!list)
		return false;
	struct audit_entry_decision entry = {.pod = pod_of(governing->hop->config),
					     .trace_id = trace_id(governing),
					     .method = governing->facts.method,
					     .ruleset = rules_ruleset_digest(governing->policy->rules),
					     .session = subject(governing->session),
					     .user = subject(governing->user),
					     .surface = governing->facts.surface,
					     .locale = governing->facts.locale,
					     .segment = governing->facts.segment,
					     .experiment = governing->facts.experiment,
					     .items = governing->facts.item_count,
					     .prompts = governing->facts.prompt_count,
					     .request = digest(governing, &governing->request_bytes, 1),
					     .proposed = digest(governing, &governing->response_bytes, 1),
					     .rejected = decision->rejected,
					     .global_mode =
						     bytes_of(governing->observes ? "observe" : "enforce"),
					     .intervention = list,
					     .intervention_count = count};
	if (governing->governed.count)
		entry.governed = digest(governing, governing->governed.piece, governing->governed.count);
	else if (!decision->rejected)
		entry.governed = entry.proposed;
	if (is_full(governing)) {
		write_record(governing, &record);
		entry.record = buf_bytes(&record);
	}
	bool good = !record.failed && listed_attributes(governing, &entry) &&
		    audit_entry_decision(&governing->batch, governing->now_ns, &entry);
	buf_done(&record);
	return good;
}

static bool add_delivered(struct sidecar_governing *governing, const struct facts_prompt *prompt)
{
	struct audit_entry_delivered entry = {.method = governing->facts.method,
					      .ruleset = rules_ruleset_digest(governing->policy->rules),
					      .session = subject(governing->session),
					      .user = subject(governing->user),
					      .kind = prompt_kind_name(prompt->kind),
					      .prompt_id = prompt->id,
					      .template_id = prompt->template_id,
					      .text = digest_text(governing, prompt->text),
					      .locale = prompt->locale};
	return audit_entry_delivered(&governing->batch, governing->now_ns, &entry);
}

static bool add_failure(struct sidecar_governing *governing)
{
	struct audit_entry_failure entry = {.class = sidecar_failure_name(governing->leniency.failure),
					    .effect = sidecar_effect_name(governing->leniency.effect),
					    .count = 1,
					    .reason = bytes_of(governing->leniency.reason)};
	return audit_entry_failure(&governing->batch, governing->now_ns, &entry);
}

/* ---- acknowledgements, on the log's thread ---- */

static void fold(struct sidecar_governing *governing, uint64_t place, const struct audit_entry_seen *seen)
{
	struct err err;
	struct sidecar_hop *hop = governing->hop;
	if (!sidecar_history_fold(hop->history, place, seen, &err))
		sidecar_say(hop->talk, SIDECAR_ERROR, "history", "entry %llu: %s",
			    (unsigned long long)audit_place_index(place), err.text);
}

static void hand_back(struct sidecar_governing *governing)
{
	sidecar_history_release(&governing->reservation);
	bool woken = sidecar_batch_wake(governing->arrival->call, &governing->recorded);
	assert(woken); /* an empty batch is never refused */
	(void)woken;
}

static void response_recorded(struct audit_append *append)
{
	struct sidecar_governing *governing = SIDECAR_OWNER(append, struct sidecar_governing, append);
	for (size_t i = 0; append->durable && governing->decided && i < governing->decision.prompt_count;
	     i++) {
		const struct facts_prompt *prompt = &governing->decision.prompt[i];
		struct audit_entry_seen seen = {.type = BYTES_LITERAL("delivered"),
						.time_ns = append->time_ns,
						.session = subject(governing->session),
						.user = subject(governing->user),
						.kind = bytes_of(prompt_kind_name(prompt->kind)),
						.prompt_id = prompt->id};
		fold(governing, audit_place(append->epoch, append->first_index + governing->delivered_at + i),
		     &seen);
	}
	if (append->durable && governing->decided)
		sidecar_metrics_delivered(governing->hop->metrics, governing->decision.prompt_count);
	hand_back(governing);
}

static void signal_recorded(struct audit_append *append)
{
	struct sidecar_governing *governing = SIDECAR_OWNER(append, struct sidecar_governing, append);
	struct audit_entry_seen seen = {.type = BYTES_LITERAL("signal"),
					.time_ns = append->time_ns,
					.session = subject(governing->session),
					.user = subject(governing->user),
					.kind = bytes_of(signal_kind_name(governing->signal.kind)),
					.prompt_id = governing->signal.prompt,
					.item = governing->signal.item,
					.category = governing->signal.category};
	if (append->durable && !governing->leniency.taken)
		fold(governing, audit_place(append->epoch, append->first_index), &seen);
	hand_back(governing);
}

static void append_batch(struct sidecar_governing *governing, void (*done)(struct audit_append *))
{
	governing->append = (struct audit_append){.batch = &governing->batch, .done = done};
	audit_log_append(governing->hop->log, &governing->append);
}

bool sidecar_record_response(struct sidecar_governing *governing)
{
	sidecar_governing_name(governing);
	bool decided = governing->decided;
	bool full = decided && is_full(governing);
	if (decided && (full || governing->decision.intervention_count) &&
	    !sidecar_record_decision(governing))
		return false;
	governing->delivered_at = governing->batch.count;
	for (size_t i = 0; decided && i < governing->decision.prompt_count; i++)
		if (!add_delivered(governing, &governing->decision.prompt[i]))
			return false;
	if (governing->leniency.taken && !add_failure(governing))
		return false;
	append_batch(governing, response_recorded);
	return true;
}

bool sidecar_record_signal(struct sidecar_governing *governing)
{
	sidecar_governing_name(governing);
	struct audit_entry_signal entry = {.method = governing->context.method,
					   .session = subject(governing->session),
					   .user = subject(governing->user),
					   .kind = signal_kind_name(governing->signal.kind),
					   .item = governing->signal.item,
					   .category = governing->signal.category,
					   .prompt_id = governing->signal.prompt};
	governing->now_ns = audit_log_now(governing->hop->log);
	if (governing->leniency.taken ? !add_failure(governing)
				      : !audit_entry_signal(&governing->batch, governing->now_ns, &entry))
		return false;
	append_batch(governing, signal_recorded);
	return true;
}
