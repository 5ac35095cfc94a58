/* SPDX-License-Identifier: Apache-2.0
 *
 * Facts + history -> decision -> governed message. The frequency step runs under the subjects' locks, on
 * acknowledged history plus the reservations of calls in flight; each prompt that is to leave takes a
 * reservation before the locks are given back.
 */
#include "sidecar/call.h"

#include "sidecar/message.h"

static void pseudonym(const struct sidecar_hop *hop, const char *domain, struct bytes id, char *text)
{
	if (id.len)
		audit_pseudonym(hop->subject_key, domain, id, text);
	else
		text[0] = '\0';
}

void sidecar_govern_subjects(struct sidecar_call *call, struct bytes session, struct bytes user)
{
	pseudonym(call->worker->hop, "session", session, call->session);
	pseudonym(call->worker->hop, "user", user, call->user);
}

static bool reserve_all(struct sidecar_call *call, const struct sidecar_lease *lease, struct err *err)
{
	for (size_t i = 0; i < call->decision.prompt_count; i++)
		if (!sidecar_history_reserve(lease, call->decision.prompt[i].kind, call->now_ns,
					     &call->reservation))
			return err_set(err, "history: memory is short");
	return true;
}

/* History cannot be read: failure.history says what becomes of the prompts. */
static bool frequency_without_history(struct sidecar_call *call, struct err *err)
{
	struct sidecar_hop *hop = call->worker->hop;
	if (hop->config->failure.history == SIDECAR_HISTORY_CLOSED)
		return err_within(err, "history is unavailable");
	bool suppress = hop->config->failure.history == SIDECAR_HISTORY_SUPPRESS;
	call->failed_open = true;
	call->failure_class = SIDECAR_FAILURE_HISTORY;
	call->failure_effect = suppress ? SIDECAR_SUPPRESS : SIDECAR_PASS;
	call->failure_reason = arena_printf(&call->arena, "%s", err->text);
	sidecar_metrics_failed(hop->metrics, SIDECAR_FAILURE_HISTORY, call->failure_effect);
	return !suppress || rules_decide_suppress_all(&call->arena, &call->decision, err);
}

static bool frequency(struct sidecar_call *call, struct err *err)
{
	struct sidecar_lease lease;
	struct rules_history seen;
	struct rules_decision *decision = &call->decision;
	if (decision->rejected || decision->prompt_count == 0)
		return rules_decide_frequency(NULL, call->now_ns, &call->arena, decision, err);
	if (!sidecar_history_lock(call->worker->hop->history, bytes_of(call->session), bytes_of(call->user),
				  &call->arena, &lease, &seen, err))
		return frequency_without_history(call, err);
	bool good = rules_decide_frequency(&seen, call->now_ns, &call->arena, decision, err) &&
		    reserve_all(call, &lease, err);
	sidecar_history_unlock(&lease);
	return good;
}

/* The governed message in place of the recommender's, when anything changed. */
static bool patch(struct sidecar_call *call, struct err *err)
{
	if (call->decision.rejected || edits_empty(&call->decision.edits))
		return true;
	if (proto_patch(call->places, &call->decision.edits, &call->arena, &call->governed, err) != PROTO_OK)
		return false;
	call->original = call->response; /* facts and entries still borrow from it */
	call->response = sidecar_message_of_pieces(&call->governed);
	return true;
}

bool sidecar_govern(struct sidecar_call *call, struct err *err)
{
	struct sidecar_hop *hop = call->worker->hop;
	call->now_ns = audit_log_now(hop->log);
	sidecar_govern_subjects(call, call->facts.session, call->facts.user);
	if (!rules_decide(hop->rules, &call->facts, call->now_ns, &call->arena, &call->decision, err) ||
	    !frequency(call, err) || !patch(call, err))
		return false;
	call->decided = true;
	sidecar_metrics_decided(hop->metrics, &call->decision, call->facts.prompt_count);
	return true;
}
