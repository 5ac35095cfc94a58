/* SPDX-License-Identifier: Apache-2.0
 *
 * Decision -> entries -> append. One batch per call: first what was decided, then each prompt that leaves,
 * then a failure that did not close the call. They are acknowledged together.
 *
 * The acknowledgement comes on the log's thread. It turns the call's reservation into history (so that
 * history is a fold over acknowledged entries, in their order) and hands the call back with an empty batch.
 */
#include "sidecar/call.h"

#include <assert.h>

bool sidecar_record_needed(const struct sidecar_call *call)
{
	return call->failed_open ||
	       (call->decided &&
		(call->decision.intervention_count || call->decision.prompt_count || call->decision.changed));
}

static struct bytes digest(struct sidecar_call *call, const struct bytes *run, size_t count)
{
	char *text = arena_alloc(&call->arena, AUDIT_DIGEST_LEN + 1);
	if (!text)
		return (struct bytes){0};
	audit_digest(call->worker->hop->subject_key, run, count, text);
	return (struct bytes){text, AUDIT_DIGEST_LEN};
}

static struct bytes digest_text(struct sidecar_call *call, struct bytes text)
{
	return bytes_present(text) ? digest(call, &text, 1) : text;
}

/* A pseudonym, absent when the call has no id. */
static struct bytes subject(const char *pseudonym)
{
	return pseudonym[0] ? bytes_of(pseudonym) : (struct bytes){0};
}

static const char *target_type_name(enum rules_target_type type)
{
	switch (type) {
	case RULES_TARGET_ITEM:
		return "item";
	case RULES_TARGET_WEIGHT:
		return "weight";
	case RULES_TARGET_PROMPT:
		return "prompt";
	case RULES_TARGET_EXPLANATION:
		return "explanation";
	case RULES_TARGET_RESPONSE:
		return "response";
	}
	return "";
}

static struct audit_entry_target *targets_of(struct sidecar_call *call, const struct rules_intervention *from)
{
	struct audit_entry_target *to = arena_zalloc(&call->arena, from->target_count, sizeof *to);
	for (size_t i = 0; to && i < from->target_count; i++) {
		const struct rules_target *one = &from->target[i];
		to[i] = (struct audit_entry_target){.id = one->id,
						    .numeric = one->numeric,
						    .before_present = one->before_present,
						    .after_present = one->after_present,
						    .before = one->before,
						    .after = one->after,
						    .before_digest = digest_text(call, one->before_text),
						    .after_digest = digest_text(call, one->after_text)};
	}
	return to;
}

static bool intervention_of(struct sidecar_call *call, const struct rules_intervention *from,
			    struct audit_entry_intervention *to)
{
	const struct rules_rule *rule = from->rule;
	*to = (struct audit_entry_intervention){.rule = rule->id,
						.file = rule->file,
						.line = rule->line,
						.kind = arena_string(&call->arena, rule->kind),
						.mode = rules_mode_name(rule->mode),
						.action = rules_action_name(from->action),
						.verdict = rules_verdict_name(from->verdict),
						.would = from->would,
						.unsatisfied = from->unsatisfied,
						.limit = from->limit,
						.observed = from->observed,
						.reason = rule->reason,
						.target_type = target_type_name(from->type),
						.target = targets_of(call, from),
						.target_count = from->target_count,
						.evidence = from->evidence,
						.evidence_count = from->evidence_count};
	return to->kind && to->target;
}

/* W3C trace context: 00-<trace id>-<span id>-<flags>; the trace id when the request carries one. */
static struct bytes trace_id(const struct sidecar_call *call)
{
	const grpc_metadata_array *metadata = &call->arrival.metadata;
	for (size_t i = 0; i < metadata->count; i++) {
		const grpc_slice *value = &metadata->metadata[i].value;
		if (grpc_slice_str_cmp(metadata->metadata[i].key, "traceparent") == 0 &&
		    GRPC_SLICE_LENGTH(*value) >= 35)
			return (struct bytes){(const char *)GRPC_SLICE_START_PTR(*value) + 3, 32};
	}
	return (struct bytes){0};
}

static bool add_decision(struct sidecar_call *call)
{
	const struct rules_decision *decision = &call->decision;
	size_t count = decision->intervention_count;
	struct audit_entry_intervention *list = arena_zalloc(&call->arena, count, sizeof *list);
	for (size_t i = 0; list && i < count; i++)
		if (!intervention_of(call, &decision->intervention[i], &list[i]))
			list = NULL;
	if (!list)
		return false;
	struct audit_entry_decision entry = {.trace_id = trace_id(call),
					     .method = call->facts.method,
					     .ruleset = rules_ruleset_digest(call->worker->hop->rules),
					     .session = subject(call->session),
					     .user = subject(call->user),
					     .surface = call->facts.surface,
					     .locale = call->facts.locale,
					     .items = call->facts.item_count,
					     .prompts = call->facts.prompt_count,
					     .request = digest(call, &call->request_bytes, 1),
					     .proposed = digest(call, &call->response_bytes, 1),
					     .rejected = decision->rejected,
					     .global_mode = BYTES_LITERAL("enforce"),
					     .intervention = list,
					     .intervention_count = count};
	if (call->governed.count)
		entry.governed = digest(call, call->governed.piece, call->governed.count);
	else if (!decision->rejected)
		entry.governed = entry.proposed;
	return audit_entry_decision(&call->batch, call->now_ns, &entry);
}

static bool add_delivered(struct sidecar_call *call, const struct facts_prompt *prompt)
{
	struct audit_entry_delivered entry = {.method = call->facts.method,
					      .ruleset = rules_ruleset_digest(call->worker->hop->rules),
					      .session = subject(call->session),
					      .user = subject(call->user),
					      .kind = prompt_kind_name(prompt->kind),
					      .prompt_id = prompt->id,
					      .template_id = prompt->template_id,
					      .text = digest_text(call, prompt->text),
					      .locale = prompt->locale};
	return audit_entry_delivered(&call->batch, call->now_ns, &entry);
}

static bool add_failure(struct sidecar_call *call)
{
	struct audit_entry_failure entry = {.class = sidecar_failure_name(call->failure_class),
					    .effect = sidecar_effect_name(call->failure_effect),
					    .count = 1,
					    .reason = bytes_of(call->failure_reason)};
	return audit_entry_failure(&call->batch, call->now_ns, &entry);
}

/* ---- acknowledgements, on the log's thread ---- */

static void fold(struct sidecar_call *call, uint64_t index, const struct audit_entry_seen *seen)
{
	struct err err;
	struct sidecar_hop *hop = call->worker->hop;
	if (!sidecar_history_fold(hop->history, index, seen, &err))
		sidecar_say(hop->talk, SIDECAR_ERROR, "history", "entry %llu: %s", (unsigned long long)index,
			    err.text);
}

static void hand_back(struct sidecar_call *call)
{
	sidecar_history_release(&call->reservation);
	bool woken = sidecar_batch_wake(call->arrival.call, &call->recorded);
	assert(woken); /* an empty batch is never refused */
	(void)woken;
}

static void response_recorded(struct audit_append *append)
{
	struct sidecar_call *call = SIDECAR_OWNER(append, struct sidecar_call, append);
	for (size_t i = 0; append->durable && call->decided && i < call->decision.prompt_count; i++) {
		const struct facts_prompt *prompt = &call->decision.prompt[i];
		struct audit_entry_seen seen = {.type = BYTES_LITERAL("delivered"),
						.time_ns = append->time_ns,
						.session = subject(call->session),
						.user = subject(call->user),
						.kind = bytes_of(prompt_kind_name(prompt->kind)),
						.prompt_id = prompt->id};
		fold(call, append->first_index + call->delivered_at + i, &seen);
	}
	if (append->durable && call->decided)
		sidecar_metrics_delivered(call->worker->hop->metrics, call->decision.prompt_count);
	hand_back(call);
}

static void signal_recorded(struct audit_append *append)
{
	struct sidecar_call *call = SIDECAR_OWNER(append, struct sidecar_call, append);
	struct audit_entry_seen seen = {.type = BYTES_LITERAL("signal"),
					.time_ns = append->time_ns,
					.session = subject(call->session),
					.user = subject(call->user),
					.kind = bytes_of(signal_kind_name(call->signal.kind)),
					.prompt_id = call->signal.prompt,
					.category = call->signal.category};
	if (append->durable)
		fold(call, append->first_index, &seen);
	hand_back(call);
}

static void append_batch(struct sidecar_call *call, void (*done)(struct audit_append *))
{
	call->append = (struct audit_append){.batch = &call->batch, .done = done};
	audit_log_append(call->worker->hop->log, &call->append);
}

bool sidecar_record_response(struct sidecar_call *call)
{
	bool decided = call->decided;
	if (decided && call->decision.intervention_count && !add_decision(call))
		return false;
	call->delivered_at = call->batch.count;
	for (size_t i = 0; decided && i < call->decision.prompt_count; i++)
		if (!add_delivered(call, &call->decision.prompt[i]))
			return false;
	if (call->failed_open && !add_failure(call))
		return false;
	append_batch(call, response_recorded);
	return true;
}

bool sidecar_record_signal(struct sidecar_call *call)
{
	struct audit_entry_signal entry = {.method = call->facts.method,
					   .session = subject(call->session),
					   .user = subject(call->user),
					   .kind = signal_kind_name(call->signal.kind),
					   .item = call->signal.item,
					   .category = call->signal.category,
					   .prompt_id = call->signal.prompt};
	if (!audit_entry_signal(&call->batch, audit_log_now(call->worker->hop->log), &entry))
		return false;
	append_batch(call, signal_recorded);
	return true;
}
