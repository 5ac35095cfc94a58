/* SPDX-License-Identifier: Apache-2.0
 *
 * The frequency step runs under the subjects' locks, on acknowledged history plus the reservations of calls
 * in flight; each prompt that is to leave takes a reservation before the locks are given back.
 */
#include "sidecar/govern.h"

#include "sidecar/message.h"

void sidecar_governing_init(struct sidecar_governing *governing, struct sidecar_hop *hop,
			    const struct sidecar_arrival *arrival)
{
	/* Facts and pieces are a small multiple of the message, which stands here a second time when it was
	 * compressed; the floor covers small messages of many items. */
	size_t limit = 9 * arrival->policy->limits.message + ((size_t)16 << 20);
	*governing = (struct sidecar_governing){.hop = hop, .policy = arrival->policy, .arrival = arrival};
	governing->context.method = proto_method_name(arrival->method);
	arena_init(&governing->context_arena, limit);
	arena_init(&governing->arena, limit);
}

void sidecar_governing_next(struct sidecar_governing *governing)
{
	sidecar_history_release(&governing->reservation);
	grpc_byte_buffer_destroy(governing->original);
	governing->original = NULL;
	governing->decided = governing->state_read = governing->history_read = false;
	governing->frequency = RULES_FREQUENCY_DECIDED;
	governing->governed = (struct proto_pieces){0};
	governing->leniency = (struct sidecar_leniency){0};
	audit_batch_done(&governing->batch);
	arena_done(&governing->arena);
}

void sidecar_governing_done(struct sidecar_governing *governing)
{
	sidecar_governing_next(governing);
	grpc_byte_buffer_destroy(governing->request);
	arena_done(&governing->context_arena);
}

/* ---- who it is about ---- */

static void pseudonym(const struct sidecar_hop *hop, const char *domain, struct bytes id, char *text)
{
	if (id.len)
		audit_pseudonym(hop->subject_key, domain, id, text);
	else
		text[0] = '\0';
}

void sidecar_governing_name(struct sidecar_governing *governing)
{
	bool signal = proto_method_role(governing->arrival->method) == PROTO_SIGNAL;
	if (governing->named || governing->request_lenient)
		return;
	pseudonym(governing->hop, "session", signal ? governing->signal.session : governing->context.session,
		  governing->session);
	pseudonym(governing->hop, "user", signal ? governing->signal.user : governing->context.user,
		  governing->user);
	governing->named = true;
}

/* ---- what cannot be read ---- */

static enum sidecar_governed refuse(struct sidecar_governing *governing, enum sidecar_failure failure)
{
	sidecar_metrics_failed(governing->hop->metrics, failure, SIDECAR_CLOSED);
	return SIDECAR_REFUSED;
}

static void be_lenient(struct sidecar_governing *governing, enum sidecar_failure failure,
		       enum sidecar_effect effect, const struct err *err)
{
	governing->leniency =
		(struct sidecar_leniency){.taken = true,
					  .failure = failure,
					  .effect = effect,
					  .reason = arena_printf(&governing->arena, "%s", err->text)};
	sidecar_metrics_failed(governing->hop->metrics, failure, effect);
}

/* A message that cannot be governed: refused, or passed on and recorded, as failure.undecodable says. */
static enum sidecar_governed ungovernable(struct sidecar_governing *governing, enum proto_result result,
					  const struct err *err)
{
	enum sidecar_failure failure =
		result == PROTO_LIMIT ? SIDECAR_FAILURE_LIMIT : SIDECAR_FAILURE_UNDECODABLE;
	if (governing->policy->failure.undecodable != SIDECAR_UNDECODABLE_PASS)
		return refuse(governing, failure);
	be_lenient(governing, failure, SIDECAR_PASS, err);
	return SIDECAR_GOVERNED;
}

/* ---- the request ---- */

/* Values that are there and not empty; a name that comes more than once counts at its first. */
static struct bytes find_header(const void *context, struct bytes name)
{
	const grpc_metadata_array *metadata = context;
	for (size_t i = 0; i < metadata->count; i++) {
		const grpc_slice *key = &metadata->metadata[i].key, *value = &metadata->metadata[i].value;
		struct bytes text = {(const char *)GRPC_SLICE_START_PTR(*key), GRPC_SLICE_LENGTH(*key)};
		if (bytes_equal(text, name) && GRPC_SLICE_LENGTH(*value))
			return (struct bytes){(const char *)GRPC_SLICE_START_PTR(*value),
					      GRPC_SLICE_LENGTH(*value)};
	}
	return (struct bytes){0};
}

static enum proto_result view_request(struct sidecar_governing *governing, struct err *err)
{
	const struct proto_method *method = governing->arrival->method;
	bool signal = proto_method_role(method) == PROTO_SIGNAL;
	struct arena *arena = &governing->context_arena;
	const struct proto_headers headers = {find_header, &governing->arrival->metadata};
	enum proto_result result = sidecar_message_read(governing->request, governing->policy->limits.message,
							arena, &governing->request_bytes, err);
	if (result != PROTO_OK)
		return result;
	return signal ? proto_view_signal(method, governing->request_bytes, &headers, arena,
					  &governing->signal, err)
		      : proto_view_request(method, governing->request_bytes, &headers,
					   &governing->policy->limits.facts, arena, &governing->context, err);
}

enum sidecar_governed sidecar_govern_request(struct sidecar_governing *governing, grpc_byte_buffer *message,
					     struct err *err)
{
	governing->request = message ? grpc_byte_buffer_copy(message) : NULL;
	enum proto_result result = view_request(governing, err);
	if (result == PROTO_OK)
		return SIDECAR_GOVERNED;
	governing->request_lenient = true;
	return ungovernable(governing, result, err);
}

/* ---- the response ---- */

static bool lock_subjects(struct sidecar_governing *governing, struct sidecar_lease *lease,
			  struct rules_history *seen, struct err *err)
{
	sidecar_governing_name(governing);
	return sidecar_history_lock(governing->hop->history, bytes_of(governing->session),
				    bytes_of(governing->user), &governing->arena, lease, seen, err);
}

static bool reserve_all(struct sidecar_governing *governing, const struct sidecar_lease *lease,
			struct err *err)
{
	const struct rules_decision *decision = &governing->decision;
	for (size_t i = 0; i < decision->prompt_count; i++)
		if (!sidecar_history_reserve(lease, decision->prompt[i].kind, &governing->reservation))
			return err_set(err, "history: memory is short");
	return true;
}

/* History cannot be read, and failure.history says that nothing leaves then. Always false. */
static bool closed_without_history(struct sidecar_governing *governing, struct err *err)
{
	governing->closed_by = SIDECAR_FAILURE_HISTORY;
	return err_within(err, "history is unavailable");
}

/* While the switch observes: the decision becomes what would have been. */
static bool throw_away(struct sidecar_governing *governing, struct err *err)
{
	return !governing->observes || rules_decide_discard(&governing->arena, &governing->decision, err);
}

static bool conclude(struct sidecar_governing *governing, const struct rules_history *seen, struct err *err)
{
	return rules_decide_frequency(seen, governing->now_ns, &governing->arena, &governing->decision,
				      err) &&
	       throw_away(governing, err);
}

/* History cannot be read: failure.history says what becomes of the prompts, also while the switch observes:
 * a failure is no rule. */
static bool frequency_without_history(struct sidecar_governing *governing, struct err *err)
{
	enum sidecar_on_history on_history = governing->policy->failure.history;
	if (on_history == SIDECAR_HISTORY_CLOSED)
		return closed_without_history(governing, err);
	if (!throw_away(governing, err))
		return false;
	bool suppress = on_history == SIDECAR_HISTORY_SUPPRESS;
	governing->frequency = suppress ? RULES_FREQUENCY_SUPPRESSED : RULES_FREQUENCY_PASSED;
	be_lenient(governing, SIDECAR_FAILURE_HISTORY, suppress ? SIDECAR_SUPPRESS : SIDECAR_PASS, err);
	return !suppress || rules_decide_suppress_all(&governing->arena, &governing->decision, err);
}

static bool frequency(struct sidecar_governing *governing, struct err *err)
{
	struct sidecar_lease lease;
	const struct rules_decision *decision = &governing->decision;
	/* Those that may leave: all that are proposed, when no rule holds any back. */
	size_t prompts = governing->observes  ? governing->facts.prompt_count
			 : decision->rejected ? 0
					      : decision->prompt_count;
	if (prompts == 0)
		return conclude(governing, NULL, err);
	if (!lock_subjects(governing, &lease, &governing->history, err))
		return frequency_without_history(governing, err);
	governing->history_read = true;
	bool good = conclude(governing, &governing->history, err) && reserve_all(governing, &lease, err);
	sidecar_history_unlock(&lease);
	return good;
}

/* The governed message in place of the recommender's, when anything changed. */
static bool patch(struct sidecar_governing *governing, grpc_byte_buffer **message, struct err *err)
{
	const struct edits *edits = &governing->decision.edits;
	if (governing->decision.rejected || edits_empty(edits))
		return true;
	if (proto_patch(governing->places, edits, &governing->arena, &governing->governed, err) != PROTO_OK)
		return false;
	governing->original = *message; /* facts and entries still borrow from it */
	*message = sidecar_message_of_pieces(&governing->governed, governing->original);
	return *message || err_set(err, "message: it cannot be compressed: memory is short");
}

/* Steps 1 to 4. Rules of the user's state look at history too; they leave no reservation, so the locks are
 * given back at once. Without history they cannot tell, and do what their on_unknown says. */
static bool decide_state(struct sidecar_governing *governing, struct err *err)
{
	struct sidecar_lease lease;
	bool read = rules_ruleset_needs_history(governing->policy->rules) &&
		    lock_subjects(governing, &lease, &governing->state, err);
	governing->state_read = read;
	if (read)
		sidecar_history_unlock(&lease);
	else if (rules_ruleset_needs_history(governing->policy->rules) &&
		 governing->policy->failure.history == SIDECAR_HISTORY_CLOSED)
		return closed_without_history(governing, err);
	return rules_decide_seen(governing->policy->rules, &governing->facts, read ? &governing->state : NULL,
				 governing->now_ns, &governing->arena, &governing->decision, err);
}

static bool decide(struct sidecar_governing *governing, grpc_byte_buffer **message, struct err *err)
{
	struct sidecar_hop *hop = governing->hop;
	struct rules_decision *decision = &governing->decision;
	governing->now_ns = audit_log_now(hop->log);
	governing->observes = sidecar_mode_observes(hop->mode, governing->now_ns);
	governing->closed_by = SIDECAR_FAILURE_LIMIT; /* what cannot be decided otherwise is over a limit */
	governing->decided =
		decide_state(governing, err) && frequency(governing, err) && patch(governing, message, err);
	if (governing->decided)
		sidecar_metrics_decided(hop->metrics, governing->policy->meter, &governing->facts, decision);
	return governing->decided;
}

enum sidecar_governed sidecar_govern_response(struct sidecar_governing *governing, grpc_byte_buffer **message,
					      struct err *err)
{
	governing->facts = governing->context;
	if (governing->request_lenient)
		return SIDECAR_GOVERNED;
	enum proto_result result = sidecar_message_read(*message, governing->policy->limits.message,
							&governing->arena, &governing->response_bytes, err);
	if (result == PROTO_OK)
		result = proto_view_response(governing->arrival->method, governing->response_bytes,
					     &governing->policy->limits.facts, &governing->arena,
					     &governing->facts, &governing->places, err);
	if (result != PROTO_OK)
		return ungovernable(governing, result, err);
	/* What cannot be decided within the limits is never passed on: its rules were not applied. */
	return decide(governing, message, err) ? SIDECAR_GOVERNED : refuse(governing, governing->closed_by);
}
