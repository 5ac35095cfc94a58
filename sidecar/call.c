/* SPDX-License-Identifier: Apache-2.0
 *
 * A governed unary call. Read this first:
 *
 *   RECEIVE   the request's message is on its way
 *   READ      request -> context facts, or a signal
 *   NOTE      a signal: its entry becomes durable before anything else happens
 *   FORWARD   the whole call goes to the recommender and its whole answer comes back
 *   DECIDE    response -> facts -> decision -> governed message
 *   RECORD    decision -> entries; waits until they are durable
 *   REPLY     the whole response goes to the application
 *   DONE      freed, when the end of the call was seen too
 *
 * A step does its work, sets the next step, and says whether to go on now or to wait for the completion that
 * it started. What fails goes to REPLY with a status.
 */
#include "sidecar/call.h"

#include "sidecar/message.h"
#include <assert.h>
#include <grpc/support/time.h>
#include <stdio.h>
#include <stdlib.h>

enum next { GO_ON, WAIT };

#define TO(step) (1u << CALL_##step)
#define CALL_STEPS(X)                                                                                        \
	X(RECEIVE, TO(READ) | TO(DONE))                                                                      \
	X(READ, TO(NOTE) | TO(FORWARD) | TO(REPLY))                                                          \
	X(NOTE, TO(FORWARD) | TO(REPLY))                                                                     \
	X(FORWARD, TO(DECIDE) | TO(REPLY))                                                                   \
	X(DECIDE, TO(RECORD) | TO(REPLY))                                                                    \
	X(RECORD, TO(REPLY))                                                                                 \
	X(REPLY, TO(DONE))                                                                                   \
	X(DONE, 0)

enum call_step {
#define X(name, edges) CALL_##name,
	CALL_STEPS(X)
#undef X
};

static const unsigned call_edges[] = {
#define X(name, edges) [CALL_##name] = (edges),
	CALL_STEPS(X)
#undef X
};

static void call_to(struct sidecar_call *call, enum call_step next)
{
	assert(call_edges[call->step] & (1u << next));
	call->step = next;
}

/* ---- the end ---- */

static void call_ended(struct sidecar_call *call)
{
	if (--call->waits)
		return;
	sidecar_history_release(&call->reservation);
	audit_batch_done(&call->batch);
	grpc_byte_buffer_destroy(call->request);
	grpc_byte_buffer_destroy(call->request_kept);
	grpc_byte_buffer_destroy(call->response);
	grpc_byte_buffer_destroy(call->original);
	if (call->up)
		grpc_call_unref(call->up);
	sidecar_arrival_done(call->worker, &call->arrival, call->reply.status);
	sidecar_reply_done(&call->reply);
	for (size_t i = 0; i < call->receipt_count; i++)
		grpc_slice_unref(call->receipt[i]);
	arena_done(&call->arena);
	free(call);
}

/* The reply becomes a status of our own; nothing of the recommender's answer leaves. */
static void call_status(struct sidecar_call *call, grpc_status_code status, const char *text)
{
	grpc_byte_buffer_destroy(call->response);
	call->response = NULL;
	sidecar_reply_done(&call->reply);
	sidecar_reply_init(&call->reply);
	call->reply.status = status;
	call->reply.message = grpc_slice_from_copied_string(text);
}

static enum next call_fail(struct sidecar_call *call, grpc_status_code status, enum sidecar_failure failure,
			   const char *text)
{
	sidecar_metrics_failed(call->worker->hop->metrics, failure, SIDECAR_CLOSED);
	struct bytes method = sidecar_bytes_of_slice(&call->arrival.details.method);
	sidecar_say(call->worker->hop->talk, SIDECAR_WARN, sidecar_failure_name(failure),
		    "%.*s: failed closed: %s", BYTES_ARG(method), text);
	call_status(call, status, text);
	call_to(call, CALL_REPLY);
	return GO_ON;
}

/* A message that cannot be governed: closed, or passed on and recorded, as failure.undecodable says.
 * True: pass it on. */
static bool call_passes(struct sidecar_call *call, enum proto_result result, const struct err *err)
{
	struct sidecar_hop *hop = call->worker->hop;
	if (hop->config->failure.undecodable != SIDECAR_UNDECODABLE_PASS)
		return false;
	call->failed_open = true;
	call->failure_class = result == PROTO_LIMIT ? SIDECAR_FAILURE_LIMIT : SIDECAR_FAILURE_UNDECODABLE;
	call->failure_effect = SIDECAR_PASS;
	call->failure_reason = arena_printf(&call->arena, "%s", err->text);
	sidecar_metrics_failed(hop->metrics, call->failure_class, SIDECAR_PASS);
	return true;
}

static enum next call_undecodable(struct sidecar_call *call, enum proto_result result, const struct err *err)
{
	char text[sizeof err->text + 32];
	snprintf(text, sizeof text, "rankguard: %s", err->text);
	return call_fail(call, GRPC_STATUS_INTERNAL,
			 result == PROTO_LIMIT ? SIDECAR_FAILURE_LIMIT : SIDECAR_FAILURE_UNDECODABLE, text);
}

/* ---- the steps ---- */

static enum next step_receive(struct sidecar_call *call)
{
	if (!sidecar_batch_receive_close(call->arrival.call, &call->cancelled, &call->arrival.closed_tag)) {
		call_to(call, CALL_DONE);
		return GO_ON;
	}
	call->waits++;
	if (!sidecar_batch_receive_message(call->arrival.call, &call->request, &call->received)) {
		grpc_call_cancel(call->arrival.call, NULL);
		call_to(call, CALL_DONE);
		return GO_ON;
	}
	call_to(call, CALL_READ);
	return WAIT;
}

static enum proto_result read_request(struct sidecar_call *call, struct err *err)
{
	const struct proto_method *method = call->arrival.method;
	call->request_kept = call->request ? grpc_byte_buffer_copy(call->request) : NULL;
	if (!sidecar_message_read(call->request_kept, &call->arena, &call->request_bytes, err))
		return PROTO_LIMIT;
	call->facts.method = proto_method_name(method);
	if (proto_method_role(method) == PROTO_SIGNAL)
		return proto_view_signal(method, call->request_bytes, &call->arena, &call->signal, err);
	return proto_view_request(method, call->request_bytes, &call->worker->hop->config->limits.facts,
				  &call->arena, &call->facts, err);
}

static enum next step_read(struct sidecar_call *call)
{
	struct err err;
	if (call->cancelled) {
		call_to(call, CALL_REPLY);
		return GO_ON;
	}
	enum proto_result result = read_request(call, &err);
	bool signal = proto_method_role(call->arrival.method) == PROTO_SIGNAL;
	if (result != PROTO_OK && !call_passes(call, result, &err))
		return call_undecodable(call, result, &err);
	call_to(call, result == PROTO_OK && signal ? CALL_NOTE : CALL_FORWARD);
	return GO_ON;
}

static enum next step_note(struct sidecar_call *call)
{
	sidecar_govern_subjects(call, call->signal.session, call->signal.user);
	if (!sidecar_record_signal(call))
		return call_fail(call, GRPC_STATUS_UNAVAILABLE, SIDECAR_FAILURE_AUDIT,
				 "rankguard: the signal cannot be recorded: memory is short; retry later");
	call_to(call, CALL_FORWARD);
	return WAIT;
}

static enum next step_forward(struct sidecar_call *call)
{
	call->up = sidecar_worker_call_upstream(call->worker, &call->arrival);
	sidecar_arrival_forwardable(&call->arrival);
	call->forwarded_at = gpr_now(GPR_CLOCK_MONOTONIC);
	if (!sidecar_batch_unary_call(call->up, &call->arrival.metadata, call->request, &call->reply,
				      &call->response, &call->forwarded))
		return call_fail(call, GRPC_STATUS_INTERNAL, SIDECAR_FAILURE_UPSTREAM,
				 "rankguard: the request's metadata cannot be forwarded");
	if (call->cancelled)
		grpc_call_cancel(call->up, NULL);
	call_to(call, CALL_DECIDE);
	return WAIT;
}

static enum next decide(struct sidecar_call *call)
{
	struct err err;
	enum proto_result result = PROTO_LIMIT;
	if (sidecar_message_read(call->response, &call->arena, &call->response_bytes, &err))
		result = proto_view_response(call->arrival.method, call->response_bytes,
					     &call->worker->hop->config->limits.facts, &call->arena,
					     &call->facts, &call->places, &err);
	if (result != PROTO_OK && !call_passes(call, result, &err))
		return call_undecodable(call, result, &err);
	if (result == PROTO_OK && !sidecar_govern(call, &err))
		return call_undecodable(call, PROTO_LIMIT, &err);
	call_to(call, sidecar_record_needed(call) ? CALL_RECORD : CALL_REPLY);
	return GO_ON;
}

static enum next step_decide(struct sidecar_call *call)
{
	call->answered_at = gpr_now(GPR_CLOCK_MONOTONIC);
	sidecar_receipt_strip(&call->reply.trailing);
	if (call->reply.status == GRPC_STATUS_UNAVAILABLE)
		sidecar_metrics_failed(call->worker->hop->metrics, SIDECAR_FAILURE_UPSTREAM, SIDECAR_CLOSED);
	/* A message is governed whatever the status says; without one there is nothing to govern. */
	if (call->response && !call->cancelled && !call->failed_open &&
	    proto_method_role(call->arrival.method) == PROTO_RANKING)
		return decide(call);
	call_to(call, sidecar_record_needed(call) && call->response ? CALL_RECORD : CALL_REPLY);
	return GO_ON;
}

static enum next step_record(struct sidecar_call *call)
{
	if (!sidecar_record_response(call))
		return call_fail(call, GRPC_STATUS_UNAVAILABLE, SIDECAR_FAILURE_AUDIT,
				 "rankguard: the entry cannot be written: memory is short; retry later");
	call_to(call, CALL_REPLY);
	return WAIT;
}

static void measure(struct sidecar_call *call)
{
	gpr_timespec now = gpr_now(GPR_CLOCK_MONOTONIC);
	gpr_timespec spent = gpr_time_sub(now, call->arrival.since);
	if (call->up)
		spent = gpr_time_sub(spent, gpr_time_sub(call->answered_at, call->forwarded_at));
	sidecar_metrics_overhead(call->worker->hop->metrics, spent.tv_sec * TIME_SECOND + spent.tv_nsec);
}

static enum next step_reply(struct sidecar_call *call)
{
	measure(call);
	call_to(call, CALL_DONE);
	if (call->cancelled) /* nobody listens any more */
		return GO_ON;
	if (sidecar_batch_unary_reply(call->arrival.call, &call->reply, call->response, &call->replied))
		return WAIT;
	/* Metadata that the core will not send: the application learns that much. */
	call_status(call, GRPC_STATUS_INTERNAL, "rankguard: the response's metadata cannot be forwarded");
	return sidecar_batch_unary_reply(call->arrival.call, &call->reply, NULL, &call->replied) ? WAIT
												 : GO_ON;
}

static enum next step_done(struct sidecar_call *call)
{
	call_ended(call);
	return WAIT;
}

static enum next (*const call_steps[])(struct sidecar_call *) = {
	[CALL_RECEIVE] = step_receive, [CALL_READ] = step_read,	    [CALL_NOTE] = step_note,
	[CALL_FORWARD] = step_forward, [CALL_DECIDE] = step_decide, [CALL_RECORD] = step_record,
	[CALL_REPLY] = step_reply,     [CALL_DONE] = step_done,
};

static void call_go_on(struct sidecar_call *call)
{
	while (call_steps[call->step](call) == GO_ON)
		;
}

/* ---- completions: each belongs to one step that waits ---- */

static void on_received(struct sidecar_tag *tag, bool ok)
{
	struct sidecar_call *call = SIDECAR_OWNER(tag, struct sidecar_call, received);
	(void)ok; /* not ok: the call is over, on_closed says so */
	call_go_on(call);
}

static void on_forwarded(struct sidecar_tag *tag, bool ok)
{
	(void)ok; /* always succeeds: the status tells */
	call_go_on(SIDECAR_OWNER(tag, struct sidecar_call, forwarded));
}

/* Entries are durable, or never will be: then what needed them does not leave. */
static void on_recorded(struct sidecar_tag *tag, bool ok)
{
	struct sidecar_call *call = SIDECAR_OWNER(tag, struct sidecar_call, recorded);
	(void)ok;
	if (!call->append.durable) {
		sidecar_metrics_failed(call->worker->hop->metrics, SIDECAR_FAILURE_AUDIT, SIDECAR_CLOSED);
		call_status(call, GRPC_STATUS_UNAVAILABLE,
			    "rankguard: the audit log cannot record this call; retry later");
		if (call->step != CALL_REPLY)
			call_to(call, CALL_REPLY);
	} else if (call->step == CALL_REPLY) {
		if (call->decided && call->decision.rejected)
			sidecar_receipt_reject(call);
		sidecar_receipt_add(call);
	}
	call_go_on(call);
}

static void on_replied(struct sidecar_tag *tag, bool ok)
{
	(void)ok; /* not ok: the application left */
	call_go_on(SIDECAR_OWNER(tag, struct sidecar_call, replied));
}

static void on_closed(struct sidecar_tag *tag, bool ok)
{
	struct sidecar_call *call = SIDECAR_OWNER(tag, struct sidecar_call, arrival.closed_tag);
	(void)ok; /* always succeeds */
	if (call->cancelled && call->up)
		grpc_call_cancel(call->up, NULL);
	call_ended(call);
}

void sidecar_call_begin(struct sidecar_worker *worker, struct sidecar_arrival *arrival)
{
	struct sidecar_call *call = calloc(1, sizeof *call);
	if (!call) {
		sidecar_refuse_begin(worker, arrival, GRPC_STATUS_RESOURCE_EXHAUSTED,
				     "rankguard: memory is short");
		return;
	}
	call->worker = worker;
	call->arrival = *arrival;
	call->waits = 1; /* the chain of steps */
	sidecar_reply_init(&call->reply);
	call->reply.status = GRPC_STATUS_CANCELLED; /* what is counted when the application leaves first */
	/* Facts and pieces are a small multiple of the messages; the floor covers small messages with many items. */
	arena_init(&call->arena, 8 * worker->hop->config->limits.message + ((size_t)16 << 20));
	call->arrival.closed_tag.complete = on_closed;
	call->received.complete = on_received;
	call->forwarded.complete = on_forwarded;
	call->recorded.complete = on_recorded;
	call->replied.complete = on_replied;
	call_go_on(call);
}
