/* SPDX-License-Identifier: Apache-2.0
 *
 * The pump: every call that is not governed, and every stream. Two loops, one message in flight in each
 * direction (so that a slow reader slows the writer and nothing piles up here):
 *
 *   to the recommender   request message -> send upstream -> next ... end of stream -> half-close
 *   to the application   initial metadata -> send; response message -> send -> next ... then status
 *
 * In a stream of rankings each response message is governed before it is sent, and waits for its entry:
 *
 *   response message -> govern -> record -> send -> next
 *
 * A message that may not leave ends the stream: the recommender's side is cancelled, and the status is ours.
 *
 * Empty initial metadata are held back for HOLD_MS at the most: when the recommender sent Trailers-Only, its
 * status follows at once, and Trailers-Only is what leaves. A message sets them free before.
 *
 * One reference per batch in flight; the pump is freed in pump_ended and nowhere else.
 */
#include "sidecar/govern.h"

#include "sidecar/message.h"
#include <grpc/support/time.h>
#include <stdio.h>
#include <stdlib.h>

enum { HOLD_MS = 2 };

struct pump {
	struct sidecar_worker *worker;
	struct sidecar_arrival arrival; /* the application's end */
	grpc_call *up;			/* the recommender's end */
	struct sidecar_reply reply;
	grpc_byte_buffer *request, *response; /* the message in flight of each direction */
	int cancelled;
	bool initial_sent, messages_over, status_known, status_sent;
	bool request_seen, refused; /* refused: `refusal` leaves in place of the recommender's status */
	struct sidecar_reply refusal;
	bool governs; /* a stream of rankings; otherwise messages pass as they are, and the next two are zeroed */
	struct sidecar_governing governing;
	struct sidecar_receipts receipts;
	unsigned waits;

	struct sidecar_tag request_received, request_sent, close_sent, forwarded;
	struct sidecar_tag initial_received, turned, held, initial_out, response_received, response_sent;
	struct sidecar_tag status_received, status_out;
};

static void pump_ended(struct pump *pump)
{
	if (--pump->waits)
		return;
	grpc_byte_buffer_destroy(pump->request);
	grpc_byte_buffer_destroy(pump->response);
	if (pump->up)
		grpc_call_unref(pump->up);
	if (pump->governs)
		sidecar_governing_done(&pump->governing);
	sidecar_receipts_done(&pump->receipts);
	sidecar_arrival_done(pump->worker, &pump->arrival,
			     pump->refused ? pump->refusal.status : pump->reply.status);
	sidecar_reply_done(&pump->reply);
	sidecar_reply_done(&pump->refusal);
	free(pump);
}

/* A started batch is a reference; one that the core refuses means that the call is over on that side. */
static void pump_wait(struct pump *pump, bool started)
{
	if (started)
		pump->waits++;
	else
		grpc_call_cancel(pump->up, NULL);
}

/* The stream ends with a status of our own; both loops run out by themselves once upstream is cancelled. */
static void pump_refuse(struct pump *pump, grpc_status_code status, const char *why)
{
	char text[sizeof(struct err) + 16];
	struct bytes method = sidecar_bytes_of_slice(&pump->arrival.details.method);
	snprintf(text, sizeof text, "rankguard: %s", why);
	sidecar_say(pump->worker->hop->talk, SIDECAR_WARN, "closed", "%.*s: %s", BYTES_ARG(method), why);
	pump->refused = true;
	pump->refusal.status = status;
	pump->refusal.message = grpc_slice_from_copied_string(text);
	grpc_call_cancel(pump->up, NULL);
}

/* ---- to the recommender ---- */

static void request_next(struct pump *pump)
{
	pump_wait(pump,
		  sidecar_batch_receive_message(pump->arrival.call, &pump->request, &pump->request_received));
}

static void on_request_received(struct sidecar_tag *tag, bool ok)
{
	struct pump *pump = SIDECAR_OWNER(tag, struct pump, request_received);
	struct err err;
	/* The first message is the context of the whole stream. */
	if (ok && pump->request && pump->governs && !pump->request_seen &&
	    sidecar_govern_request(&pump->governing, pump->request, &err) == SIDECAR_REFUSED)
		pump_refuse(pump, GRPC_STATUS_INTERNAL, err.text);
	pump->request_seen = true;
	if (ok && pump->request)
		pump_wait(pump, sidecar_batch_send_message(pump->up, pump->request, &pump->request_sent));
	else if (ok)
		pump_wait(pump, sidecar_batch_send_close(pump->up, &pump->close_sent));
	pump_ended(pump);
}

static void on_request_sent(struct sidecar_tag *tag, bool ok)
{
	struct pump *pump = SIDECAR_OWNER(tag, struct pump, request_sent);
	grpc_byte_buffer_destroy(pump->request);
	pump->request = NULL;
	if (ok)
		request_next(pump);
	pump_ended(pump);
}

static void on_close_sent(struct sidecar_tag *tag, bool ok)
{
	(void)ok;
	pump_ended(SIDECAR_OWNER(tag, struct pump, close_sent));
}

static void on_forwarded(struct sidecar_tag *tag, bool ok)
{
	(void)ok; /* the status will say why it failed */
	pump_ended(SIDECAR_OWNER(tag, struct pump, forwarded));
}

/* ---- to the application ---- */

static void initial_send(struct pump *pump)
{
	if (pump->initial_sent || pump->status_sent)
		return;
	pump->initial_sent = true;
	pump_wait(pump,
		  sidecar_batch_send_initial(pump->arrival.call, &pump->reply.initial, &pump->initial_out));
}

/* The status leaves behind the last message, and when nothing was sent before it, as Trailers-Only. */
static void status_send(struct pump *pump)
{
	struct sidecar_reply *reply = pump->refused ? &pump->refusal : &pump->reply;
	if (!pump->messages_over || !pump->status_known || pump->status_sent)
		return;
	if (pump->governs) {
		sidecar_receipt_strip(&pump->reply.trailing);
		sidecar_receipt_write(&pump->receipts, pump->worker->hop, pump->arrival.policy,
				      &reply->trailing);
	}
	pump->status_sent = true;
	pump_wait(pump, sidecar_batch_send_status(pump->arrival.call, reply, !pump->initial_sent,
						  &pump->status_out));
}

static void response_next(struct pump *pump)
{
	pump_wait(pump, sidecar_batch_receive_message(pump->up, &pump->response, &pump->response_received));
}

static void response_send(struct pump *pump)
{
	initial_send(pump);
	pump_wait(pump, sidecar_batch_send_message(pump->arrival.call, pump->response, &pump->response_sent));
}

/* Done with this message, sent or not; on to the next, until the stream or upstream's cancellation ends it. */
static void response_drop(struct pump *pump)
{
	grpc_byte_buffer_destroy(pump->response);
	pump->response = NULL;
	response_next(pump);
}

static void response_govern(struct pump *pump)
{
	struct err err;
	struct sidecar_governing *governing = &pump->governing;
	if (pump->refused) {
		response_drop(pump);
	} else if (sidecar_govern_response(governing, &pump->response, &err) == SIDECAR_REFUSED) {
		pump_refuse(pump, GRPC_STATUS_INTERNAL, err.text);
		response_drop(pump);
	} else if (!sidecar_record_needed(governing)) {
		response_send(pump);
	} else if (sidecar_record_response(governing)) {
		pump->waits++;
	} else {
		pump_refuse(pump, GRPC_STATUS_UNAVAILABLE, "the message cannot be recorded: memory is short");
		response_drop(pump);
	}
}

static void on_recorded(struct sidecar_tag *tag, bool ok)
{
	struct pump *pump = SIDECAR_OWNER(tag, struct pump, governing.recorded);
	struct sidecar_governing *governing = &pump->governing;
	(void)ok;
	if (!governing->append.durable) {
		sidecar_metrics_failed(governing->hop->metrics, SIDECAR_FAILURE_AUDIT, SIDECAR_CLOSED);
		pump_refuse(pump, GRPC_STATUS_UNAVAILABLE,
			    "the audit log cannot record this call; retry later");
		response_drop(pump);
	} else if (governing->decided && governing->decision.rejected) {
		sidecar_receipt_note(&pump->receipts, governing);
		pump->refused = true;
		sidecar_receipt_reject(&pump->receipts, governing, &pump->refusal);
		grpc_call_cancel(pump->up, NULL);
		response_drop(pump);
	} else {
		sidecar_receipt_note(&pump->receipts, governing);
		response_send(pump);
	}
	pump_ended(pump);
}

static void on_initial_received(struct sidecar_tag *tag, bool ok)
{
	struct pump *pump = SIDECAR_OWNER(tag, struct pump, initial_received);
	if (ok && pump->reply.initial.count)
		initial_send(pump);
	else if (ok)
		pump_wait(pump, sidecar_batch_wake(pump->arrival.call, &pump->turned));
	response_next(pump);
	pump_ended(pump);
}

/* Neither message nor status within one turn of the queue: a short alarm, for servers that speak first with
 * nothing. The C API's alarm is the deadline of a watch on the channel. */
static void on_turned(struct sidecar_tag *tag, bool ok)
{
	struct pump *pump = SIDECAR_OWNER(tag, struct pump, turned);
	(void)ok;
	if (!pump->status_known && !pump->initial_sent) {
		grpc_channel *channel = pump->arrival.route->channel;
		gpr_timespec until = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
						  gpr_time_from_millis(HOLD_MS, GPR_TIMESPAN));
		grpc_channel_watch_connectivity_state(channel,
						      grpc_channel_check_connectivity_state(channel, 0),
						      until, pump->worker->queue, &pump->held);
		pump->waits++;
	}
	pump_ended(pump);
}

static void on_held(struct sidecar_tag *tag, bool ok)
{
	struct pump *pump = SIDECAR_OWNER(tag, struct pump, held);
	(void)ok; /* the deadline, or the channel's state changed before it */
	if (!pump->status_known)
		initial_send(pump);
	pump_ended(pump);
}

static void on_initial_out(struct sidecar_tag *tag, bool ok)
{
	(void)ok;
	pump_ended(SIDECAR_OWNER(tag, struct pump, initial_out));
}

static void on_response_received(struct sidecar_tag *tag, bool ok)
{
	struct pump *pump = SIDECAR_OWNER(tag, struct pump, response_received);
	if (ok && pump->response && pump->governs) {
		response_govern(pump);
	} else if (ok && pump->response) {
		response_send(pump);
	} else {
		pump->messages_over = true;
		status_send(pump);
	}
	pump_ended(pump);
}

static void on_response_sent(struct sidecar_tag *tag, bool ok)
{
	struct pump *pump = SIDECAR_OWNER(tag, struct pump, response_sent);
	if (pump->governs)
		sidecar_governing_next(&pump->governing);
	if (!ok)
		grpc_call_cancel(pump->up, NULL);
	/* Also when cancelled: the next one ends at once and says that messages are over. */
	response_drop(pump);
	pump_ended(pump);
}

static void on_status_received(struct sidecar_tag *tag, bool ok)
{
	struct pump *pump = SIDECAR_OWNER(tag, struct pump, status_received);
	(void)ok; /* always succeeds */
	pump->status_known = true;
	status_send(pump);
	pump_ended(pump);
}

static void on_status_out(struct sidecar_tag *tag, bool ok)
{
	(void)ok;
	pump_ended(SIDECAR_OWNER(tag, struct pump, status_out));
}

static void on_closed(struct sidecar_tag *tag, bool ok)
{
	struct pump *pump = SIDECAR_OWNER(tag, struct pump, arrival.closed_tag);
	(void)ok; /* always succeeds */
	if (pump->cancelled)
		grpc_call_cancel(pump->up, NULL);
	pump_ended(pump);
}

static struct pump *pump_new(struct sidecar_worker *worker, const struct sidecar_arrival *arrival)
{
	struct pump *pump = calloc(1, sizeof *pump);
	if (!pump)
		return NULL;
	pump->worker = worker;
	pump->arrival = *arrival;
	sidecar_reply_init(&pump->reply);
	sidecar_reply_init(&pump->refusal);
	pump->governs = arrival->method && proto_method_role(arrival->method) == PROTO_RANKING;
	if (pump->governs)
		sidecar_governing_init(&pump->governing, worker->hop, &pump->arrival);
	pump->governing.recorded.complete = on_recorded;
	pump->reply.status = GRPC_STATUS_CANCELLED; /* what is counted when the application leaves first */
	pump->arrival.closed_tag.complete = on_closed;
	pump->request_received.complete = on_request_received;
	pump->request_sent.complete = on_request_sent;
	pump->close_sent.complete = on_close_sent;
	pump->forwarded.complete = on_forwarded;
	pump->initial_received.complete = on_initial_received;
	pump->turned.complete = on_turned;
	pump->held.complete = on_held;
	pump->initial_out.complete = on_initial_out;
	pump->response_received.complete = on_response_received;
	pump->response_sent.complete = on_response_sent;
	pump->status_received.complete = on_status_received;
	pump->status_out.complete = on_status_out;
	return pump;
}

void sidecar_pump_begin(struct sidecar_worker *worker, struct sidecar_arrival *arrival)
{
	struct pump *pump = pump_new(worker, arrival);
	if (!pump) {
		sidecar_refuse_begin(worker, arrival, GRPC_STATUS_RESOURCE_EXHAUSTED,
				     "rankguard: memory is short");
		return;
	}
	pump->waits = 1; /* our own, until all were started */
	sidecar_arrival_forwardable(&pump->arrival);
	pump->up = sidecar_worker_call_upstream(worker, &pump->arrival);
	pump_wait(pump, sidecar_batch_receive_close(pump->arrival.call, &pump->cancelled,
						    &pump->arrival.closed_tag));
	/* At once, not with the first message: a server may speak first. */
	pump_wait(pump, sidecar_batch_send_initial(pump->up, &pump->arrival.metadata, &pump->forwarded));
	pump_wait(pump,
		  sidecar_batch_receive_initial(pump->up, &pump->reply.initial, &pump->initial_received));
	pump_wait(pump, sidecar_batch_receive_status(pump->up, &pump->reply, &pump->status_received));
	request_next(pump);
	pump_ended(pump);
}
