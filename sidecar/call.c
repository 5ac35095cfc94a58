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
 *   HEAD      no message: the initial metadata go first and alone, or the core would make it Trailers-Only
 *   REPLY     the whole response goes to the application
 *   DONE      freed, when the end of the call was seen too
 *
 * A step does its work, sets the next step, and says whether to go on now or to wait for the completion that
 * it started. What fails goes to REPLY with a status.
 */
#include "sidecar/govern.h"

#include "sidecar/message.h"
#include "sidecar/peer.h"
#include <assert.h>
#include <grpc/support/time.h>
#include <stdio.h>
#include <stdlib.h>

enum next { GO_ON, WAIT };

struct call {
	struct sidecar_worker *worker;
	struct sidecar_arrival arrival; /* the application's end */
	grpc_call *up;			/* the recommender's end; NULL before FORWARD */
	unsigned step;			/* enum call_step */
	unsigned waits; /* the chain of steps, and the batch that waits for the end of the call */
	int cancelled;	/* the application gave up */
	bool head_sent; /* the initial metadata have left */
	grpc_byte_buffer *request, *response;
	struct sidecar_reply reply;
	struct sidecar_governing governing;
	struct sidecar_receipts receipts;
	gpr_timespec forwarded_at, answered_at; /* what lies between them is not the hop's time */
	struct sidecar_tag received, forwarded, headed, replied;
};

#define TO(step) (1u << CALL_##step)
#define CALL_STEPS(X)                                                                                        \
	X(RECEIVE, TO(READ) | TO(DONE))                                                                      \
	X(READ, TO(NOTE) | TO(FORWARD) | TO(REPLY))                                                          \
	X(NOTE, TO(FORWARD) | TO(REPLY))                                                                     \
	X(FORWARD, TO(DECIDE) | TO(REPLY))                                                                   \
	X(DECIDE, TO(RECORD) | TO(HEAD) | TO(REPLY))                                                         \
	X(RECORD, TO(REPLY))                                                                                 \
	X(HEAD, TO(REPLY))                                                                                   \
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

static void call_to(struct call *call, enum call_step next)
{
	assert(call_edges[call->step] & (1u << next));
	call->step = next;
}

/* ---- the end ---- */

static void call_ended(struct call *call)
{
	if (--call->waits)
		return;
	sidecar_governing_done(&call->governing);
	sidecar_receipts_done(&call->receipts);
	grpc_byte_buffer_destroy(call->request);
	grpc_byte_buffer_destroy(call->response);
	if (call->up)
		grpc_call_unref(call->up);
	sidecar_arrival_done(call->worker, &call->arrival, call->reply.status);
	sidecar_reply_done(&call->reply);
	free(call);
}

/* The reply becomes a status of our own; nothing of the recommender's answer leaves. */
static void call_status(struct call *call, grpc_status_code status, const char *text)
{
	grpc_byte_buffer_destroy(call->response);
	call->response = NULL;
	sidecar_reply_done(&call->reply);
	sidecar_reply_init(&call->reply);
	call->reply.status = status;
	call->reply.message = grpc_slice_from_copied_string(text);
}

/* Failed closed; the failure was counted where it was found. */
static enum next call_fail(struct call *call, grpc_status_code status, const char *why)
{
	char text[sizeof(struct err) + 16];
	struct bytes method = sidecar_bytes_of_slice(&call->arrival.details.method);
	snprintf(text, sizeof text, "rankguard: %s", why);
	sidecar_say(call->worker->hop->talk, SIDECAR_WARN, "closed", "%.*s: %s", BYTES_ARG(method), why);
	call_status(call, status, text);
	call_to(call, CALL_REPLY);
	return GO_ON;
}

static void count_failure(struct call *call, enum sidecar_failure failure)
{
	sidecar_metrics_failed(call->worker->hop->metrics, failure, SIDECAR_CLOSED);
}

static enum next call_unrecordable(struct call *call)
{
	count_failure(call, SIDECAR_FAILURE_AUDIT);
	return call_fail(call, GRPC_STATUS_UNAVAILABLE,
			 "the call cannot be recorded: memory is short; retry later");
}

/* ---- the steps ---- */

static enum next step_receive(struct call *call)
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

static enum next step_read(struct call *call)
{
	struct err err;
	if (call->cancelled) {
		call_to(call, CALL_REPLY);
		return GO_ON;
	}
	if (sidecar_govern_request(&call->governing, call->request, &err) == SIDECAR_REFUSED)
		return call_fail(call, GRPC_STATUS_INTERNAL, err.text);
	bool signal = proto_method_role(call->arrival.method) == PROTO_SIGNAL;
	call_to(call, signal ? CALL_NOTE : CALL_FORWARD);
	return GO_ON;
}

static enum next step_note(struct call *call)
{
	if (!sidecar_record_signal(&call->governing))
		return call_unrecordable(call);
	call_to(call, CALL_FORWARD);
	return WAIT;
}

static enum next step_forward(struct call *call)
{
	call->up = sidecar_worker_call_upstream(call->worker, &call->arrival);
	sidecar_arrival_forwardable(&call->arrival);
	call->forwarded_at = gpr_now(GPR_CLOCK_MONOTONIC);
	call->answered_at = call->forwarded_at;
	if (!sidecar_batch_unary_call(call->up, &call->arrival.metadata, call->request, &call->reply,
				      &call->response, &call->forwarded))
		return call_fail(call, GRPC_STATUS_INTERNAL, SIDECAR_REQUEST_METADATA);
	if (call->cancelled)
		grpc_call_cancel(call->up, NULL);
	call_to(call, CALL_DECIDE);
	return WAIT;
}

static enum next step_decide(struct call *call)
{
	struct err err;
	call->answered_at = gpr_now(GPR_CLOCK_MONOTONIC);
	sidecar_receipt_strip(&call->reply.trailing);
	sidecar_peer_encodings(call->up, &call->reply.initial);
	if (call->reply.status == GRPC_STATUS_UNAVAILABLE)
		count_failure(call, SIDECAR_FAILURE_UPSTREAM);
	/* A message is governed whatever the status says; without one there is nothing to govern. */
	bool ranking = proto_method_role(call->arrival.method) == PROTO_RANKING;
	if (call->cancelled || !call->response || !ranking) {
		bool head = !call->response && !sidecar_peer_trailers_only(call->up);
		call_to(call, head ? CALL_HEAD : CALL_REPLY);
		return GO_ON;
	}
	if (sidecar_govern_response(&call->governing, &call->response, &err) == SIDECAR_REFUSED)
		return call_fail(call, GRPC_STATUS_INTERNAL, err.text);
	call_to(call, sidecar_record_needed(&call->governing) ? CALL_RECORD : CALL_REPLY);
	return GO_ON;
}

static enum next step_record(struct call *call)
{
	if (!sidecar_record_response(&call->governing))
		return call_unrecordable(call);
	call_to(call, CALL_REPLY);
	return WAIT;
}

static enum next step_head(struct call *call)
{
	call_to(call, CALL_REPLY);
	call->head_sent = !call->cancelled &&
			  sidecar_batch_send_initial(call->arrival.call, &call->reply.initial, &call->headed);
	return call->head_sent ? WAIT : GO_ON;
}

static void measure(struct call *call)
{
	gpr_timespec now = gpr_now(GPR_CLOCK_MONOTONIC);
	gpr_timespec spent = gpr_time_sub(now, call->arrival.since);
	if (call->up)
		spent = gpr_time_sub(spent, gpr_time_sub(call->answered_at, call->forwarded_at));
	sidecar_metrics_overhead(call->worker->hop->metrics, spent.tv_sec * TIME_SECOND + spent.tv_nsec);
}

static bool reply_start(struct call *call)
{
	grpc_call *to = call->arrival.call;
	return call->head_sent ? sidecar_batch_send_status(to, &call->reply, false, &call->replied)
			       : sidecar_batch_unary_reply(to, &call->reply, call->response, &call->replied);
}

static enum next step_reply(struct call *call)
{
	measure(call);
	call_to(call, CALL_DONE);
	if (call->cancelled) /* nobody listens any more */
		return GO_ON;
	if (reply_start(call))
		return WAIT;
	/* Metadata that the core will not send. It starts no second batch of this kind either. */
	call_status(call, GRPC_STATUS_INTERNAL, SIDECAR_RESPONSE_METADATA);
	grpc_call_cancel_with_status(call->arrival.call, GRPC_STATUS_INTERNAL, SIDECAR_RESPONSE_METADATA,
				     NULL);
	return GO_ON;
}

static enum next step_done(struct call *call)
{
	call_ended(call);
	return WAIT;
}

static enum next (*const call_steps[])(struct call *) = {
	[CALL_RECEIVE] = step_receive, [CALL_READ] = step_read,	    [CALL_NOTE] = step_note,
	[CALL_FORWARD] = step_forward, [CALL_DECIDE] = step_decide, [CALL_RECORD] = step_record,
	[CALL_HEAD] = step_head,       [CALL_REPLY] = step_reply,   [CALL_DONE] = step_done,
};

static void call_go_on(struct call *call)
{
	while (call_steps[call->step](call) == GO_ON)
		;
}

/* The response is in the log: what leaves says so. */
static void reply_recorded(struct call *call)
{
	const struct sidecar_governing *governing = &call->governing;
	sidecar_receipt_note(&call->receipts, governing);
	if (governing->decided && governing->decision.rejected) {
		grpc_byte_buffer_destroy(call->response);
		call->response = NULL;
		sidecar_receipt_reject(&call->receipts, governing, &call->reply);
	}
	sidecar_receipt_write(&call->receipts, governing->hop, governing->policy, &call->reply.trailing);
}

/* ---- completions: each belongs to one step that waits ---- */

static void on_received(struct sidecar_tag *tag, bool ok)
{
	struct call *call = SIDECAR_OWNER(tag, struct call, received);
	(void)ok; /* not ok: the call is over, on_closed says so */
	sidecar_peer_mark(call->arrival.call, call->request);
	call_go_on(call);
}

static void on_forwarded(struct sidecar_tag *tag, bool ok)
{
	struct call *call = SIDECAR_OWNER(tag, struct call, forwarded);
	(void)ok; /* always succeeds: the status tells */
	sidecar_peer_mark(call->up, call->response);
	call_go_on(call);
}

/* Entries are durable, or never will be: then what needed them does not leave. */
static void on_recorded(struct sidecar_tag *tag, bool ok)
{
	struct call *call = SIDECAR_OWNER(tag, struct call, governing.recorded);
	(void)ok;
	if (!call->governing.append.durable) {
		count_failure(call, SIDECAR_FAILURE_AUDIT);
		call_status(call, GRPC_STATUS_UNAVAILABLE,
			    "rankguard: the audit log cannot record this call; retry later");
		if (call->step != CALL_REPLY)
			call_to(call, CALL_REPLY);
	} else if (call->step == CALL_REPLY) {
		reply_recorded(call);
	}
	call_go_on(call);
}

static void on_headed(struct sidecar_tag *tag, bool ok)
{
	(void)ok; /* not ok: the application left */
	call_go_on(SIDECAR_OWNER(tag, struct call, headed));
}

static void on_replied(struct sidecar_tag *tag, bool ok)
{
	(void)ok; /* not ok: the application left */
	call_go_on(SIDECAR_OWNER(tag, struct call, replied));
}

static void on_closed(struct sidecar_tag *tag, bool ok)
{
	struct call *call = SIDECAR_OWNER(tag, struct call, arrival.closed_tag);
	(void)ok; /* always succeeds */
	if (call->cancelled && call->up)
		grpc_call_cancel(call->up, NULL);
	call_ended(call);
}

void sidecar_call_begin(struct sidecar_worker *worker, struct sidecar_arrival *arrival)
{
	struct call *call = calloc(1, sizeof *call);
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
	sidecar_governing_init(&call->governing, worker->hop, &call->arrival);
	call->arrival.closed_tag.complete = on_closed;
	call->received.complete = on_received;
	call->forwarded.complete = on_forwarded;
	call->governing.recorded.complete = on_recorded;
	call->headed.complete = on_headed;
	call->replied.complete = on_replied;
	call_go_on(call);
}
