/* SPDX-License-Identifier: Apache-2.0
 *
 * One call: requested -> message received -> answered by the handler -> [waiting] -> messages sent one by
 * one, the status with the last -> freed when every batch has come back.
 */
#include "sidecar/example/serve.h"

#include <errno.h>
#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc_security.h>
#include <grpc/support/time.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
	ARMED = 16,	/* requests asked for at a time: each is scanned at every completion */
	TICK_MS = 100,	/* how often signals are looked at */
	GRACE_MS = 2000 /* for calls in flight at the end */
};

struct server {
	grpc_server *grpc;
	grpc_completion_queue *queue;
	struct serve_handler handler;
	struct call *waiting; /* answered, and held back until `due` */
	int signals;	      /* signalfd */
	bool stopping, stopped, cancelled;
	gpr_timespec next_tick, give_up;
};

/* A tag: what to do when its batch has come back. */
struct step {
	void (*done)(struct call *call, bool ok);
	struct call *call;
};

struct call {
	struct server *server;
	grpc_call *grpc;
	grpc_call_details details;
	grpc_metadata_array metadata;
	grpc_byte_buffer *request;
	struct serve_answer answer;
	size_t sent; /* messages handed to the core */
	gpr_timespec due;
	struct call *next_waiting;
	struct step step, closed;
	int closed_cancelled;
	unsigned in_flight; /* batches; the call is freed when none is left */
};

static gpr_timespec after_ms(int64_t ms)
{
	return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(ms, GPR_TIMESPAN));
}

static bool is_past(gpr_timespec when)
{
	return gpr_time_cmp(when, gpr_now(GPR_CLOCK_MONOTONIC)) <= 0;
}

static void call_free(struct call *call)
{
	if (call->request)
		grpc_byte_buffer_destroy(call->request);
	for (size_t i = 0; i < call->answer.count; i++)
		grpc_slice_unref(call->answer.message[i]);
	grpc_metadata_array_destroy(&call->metadata);
	grpc_call_details_destroy(&call->details);
	if (call->grpc)
		grpc_call_unref(call->grpc);
	free(call);
}

static void call_start(struct call *call, const grpc_op *op, size_t count, struct step *step)
{
	call->in_flight++;
	if (grpc_call_start_batch(call->grpc, op, count, step, NULL) != GRPC_CALL_OK)
		abort(); /* only our own bug can get here */
}

static void nothing(struct call *call, bool ok)
{
	(void)call, (void)ok;
}

static void send_next(struct call *call, bool ok);

/* One batch per message; the first carries the initial metadata, the last the status, so that a unary
 * answer is one batch and one write. */
static void send_more(struct call *call)
{
	struct serve_answer *answer = &call->answer;
	grpc_metadata *echo = answer->echo_metadata ? call->metadata.metadata : NULL;
	size_t echo_count = answer->echo_metadata ? call->metadata.count : 0;
	grpc_slice details = grpc_slice_from_static_buffer(answer->details.at, answer->details.len);
	grpc_byte_buffer *message = NULL;
	grpc_op op[3] = {0};
	size_t count = 0;

	if (call->sent == 0) {
		op[count].op = GRPC_OP_SEND_INITIAL_METADATA;
		op[count].data.send_initial_metadata.metadata = echo;
		op[count].data.send_initial_metadata.count = echo_count;
		op[count].data.send_initial_metadata.maybe_compression_level.is_set = answer->compress;
		op[count].data.send_initial_metadata.maybe_compression_level.level = GRPC_COMPRESS_LEVEL_HIGH;
		count++;
	}
	if (call->sent < answer->count) {
		message = grpc_raw_byte_buffer_create(&answer->message[call->sent++], 1);
		op[count].op = GRPC_OP_SEND_MESSAGE;
		op[count++].data.send_message.send_message = message;
	}
	bool last = call->sent == answer->count;
	if (last) {
		op[count].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
		op[count].data.send_status_from_server.trailing_metadata = echo;
		op[count].data.send_status_from_server.trailing_metadata_count = echo_count;
		op[count].data.send_status_from_server.status = answer->status;
		op[count++].data.send_status_from_server.status_details =
			answer->details.len ? &details : NULL;
	}
	call->step.done = last ? nothing : send_next;
	call_start(call, op, count, &call->step);
	if (message)
		grpc_byte_buffer_destroy(message);
}

static void send_next(struct call *call, bool ok)
{
	if (ok)
		send_more(call);
}

static void wait_until_due(struct call *call)
{
	call->due = after_ms(call->answer.delay_ms);
	call->next_waiting = call->server->waiting;
	call->server->waiting = call;
	call->in_flight++; /* the list's */
}

/* An answer may carry everything back but what names the client's software. */
static void drop_user_agent(grpc_metadata_array *metadata)
{
	size_t kept = 0;
	for (size_t i = 0; i < metadata->count; i++)
		if (grpc_slice_str_cmp(metadata->metadata[i].key, "user-agent") != 0)
			metadata->metadata[kept++] = metadata->metadata[i];
	metadata->count = kept;
}

static void answer_request(struct call *call, bool ok)
{
	(void)ok; /* a call that broke off is answered too; sending then fails, which is fine */
	struct server *server = call->server;
	grpc_slice whole = grpc_empty_slice();
	grpc_byte_buffer_reader reader;
	struct serve_request request = {.method = {(const char *)GRPC_SLICE_START_PTR(call->details.method),
						   GRPC_SLICE_LENGTH(call->details.method)}};

	if (call->request && grpc_byte_buffer_reader_init(&reader, call->request)) {
		whole = grpc_byte_buffer_reader_readall(&reader);
		grpc_byte_buffer_reader_destroy(&reader);
		request.message =
			(struct bytes){(const char *)GRPC_SLICE_START_PTR(whole), GRPC_SLICE_LENGTH(whole)};
	}
	server->handler.answer(server->handler.ctx, &request, &call->answer);
	if (call->answer.echo_metadata)
		drop_user_agent(&call->metadata);
	if (call->answer.delay_ms > 0)
		wait_until_due(call);
	else
		send_more(call);
	grpc_slice_unref(whole);
}

static void request_one(struct server *server);

static void begin(struct call *call, bool ok)
{
	if (!ok) /* the server is going down: there is no call */
		return;
	if (!call->server->stopping)
		request_one(call->server);
	call->step.done = answer_request;
	call->closed = (struct step){nothing, call};
	call_start(call,
		   &(grpc_op){.op = GRPC_OP_RECV_CLOSE_ON_SERVER,
			      .data.recv_close_on_server.cancelled = &call->closed_cancelled},
		   1, &call->closed);
	call_start(call,
		   &(grpc_op){.op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &call->request},
		   1, &call->step);
}

static void request_one(struct server *server)
{
	struct call *call = calloc(1, sizeof *call);
	if (!call)
		abort();
	call->server = server;
	call->step = (struct step){begin, call};
	grpc_call_details_init(&call->details);
	grpc_metadata_array_init(&call->metadata);
	call->in_flight = 1;
	if (grpc_server_request_call(server->grpc, &call->grpc, &call->details, &call->metadata,
				     server->queue, server->queue, &call->step) != GRPC_CALL_OK)
		abort();
}

static void come_back(struct call *call)
{
	if (--call->in_flight == 0)
		call_free(call);
}

/* Sends the answers whose time has come; all of them at the end. */
static void release_waiting(struct server *server)
{
	struct call **link = &server->waiting;
	while (*link) {
		struct call *call = *link;
		if (server->stopping || is_past(call->due)) {
			*link = call->next_waiting;
			send_more(call);
			come_back(call);
		} else {
			link = &call->next_waiting;
		}
	}
}

static bool signal_came(struct server *server)
{
	struct signalfd_siginfo info;
	return read(server->signals, &info, sizeof info) == (ssize_t)sizeof info;
}

static void tick(struct server *server)
{
	if (!server->stopping && signal_came(server)) {
		server->stopping = true;
		server->give_up = after_ms(GRACE_MS);
		grpc_server_shutdown_and_notify(server->grpc, server->queue, server);
	}
	if (server->stopping && !server->cancelled && is_past(server->give_up)) {
		server->cancelled = true;
		grpc_server_cancel_all_calls(server->grpc);
	}
	server->next_tick = after_ms(TICK_MS);
}

static void loop(struct server *server)
{
	while (!server->stopped) {
		gpr_timespec until = server->next_tick;
		for (const struct call *call = server->waiting; call; call = call->next_waiting)
			until = gpr_time_min(until, call->due);
		grpc_event event = grpc_completion_queue_next(server->queue, until, NULL);
		if (event.type == GRPC_OP_COMPLETE && event.tag == server) {
			server->stopped = true;
		} else if (event.type == GRPC_OP_COMPLETE) {
			struct step *step = event.tag;
			struct call *call = step->call;
			step->done(call, event.success);
			come_back(call);
		}
		if (is_past(server->next_tick))
			tick(server);
		if (server->waiting)
			release_waiting(server);
	}
}

/* The core's own error for an address in use is only in its log, so the words say what is usual. */
static bool listen_on(struct server *server, const char *listen, struct err *err)
{
	bool local = strncmp(listen, "unix:", 5) == 0;
	grpc_server_credentials *plain = grpc_insecure_server_credentials_create();
	int port = grpc_server_add_http2_port(server->grpc, listen, plain);
	grpc_server_credentials_release(plain);
	if (port == 0)
		return err_set(err, "--listen %s: cannot listen there; %s", listen,
			       local ? "the folder must exist and be writable, the path at most 107 bytes"
				     : "give a free port of this machine, as in 127.0.0.1:50051");
	grpc_server_start(server->grpc);
	for (size_t i = 0; i < ARMED; i++)
		request_one(server);
	const char *colon = strrchr(listen, ':');
	if (local || !colon)
		printf("listening on %s\n", listen);
	else
		printf("listening on %.*s:%d\n", (int)(colon - listen), listen, port);
	fflush(stdout);
	return true;
}

static grpc_server *make_server(void)
{
	grpc_arg args[] = {
		{GRPC_ARG_INTEGER, GRPC_ARG_ENABLE_CHANNELZ, {.integer = 0}},
		{GRPC_ARG_INTEGER, GRPC_ARG_MAX_CHANNEL_TRACE_EVENT_MEMORY_PER_NODE, {.integer = 0}},
		{GRPC_ARG_INTEGER, GRPC_ARG_ALLOW_REUSEPORT, {.integer = 0}}, /* a port in use is an error */
		{GRPC_ARG_INTEGER, GRPC_ARG_MAX_METADATA_SIZE, {.integer = 65536}},
	};
	grpc_channel_args all = {sizeof args / sizeof *args, args};
	return grpc_server_create(&all, NULL);
}

/* What is left on the queue after the server's end, so that destroying it finds it empty. */
static void drain(struct server *server)
{
	grpc_completion_queue_shutdown(server->queue);
	gpr_timespec forever = gpr_inf_future(GPR_CLOCK_REALTIME);
	grpc_event event = grpc_completion_queue_next(server->queue, forever, NULL);
	while (event.type != GRPC_QUEUE_SHUTDOWN) {
		if (event.tag != server)
			come_back(((struct step *)event.tag)->call);
		event = grpc_completion_queue_next(server->queue, forever, NULL);
	}
}

bool serve_run(const char *listen, struct serve_handler handler, struct err *err)
{
	sigset_t ending;
	sigemptyset(&ending);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGINT);
	sigprocmask(SIG_BLOCK, &ending, NULL);

	struct server server = {.handler = handler,
				.signals = signalfd(-1, &ending, SFD_NONBLOCK | SFD_CLOEXEC)};
	if (server.signals < 0)
		return err_set(err, "signals: no signalfd: %s; raise the limit of open files",
			       strerrordesc_np(errno));
	grpc_init();
	server.queue = grpc_completion_queue_create_for_next(NULL);
	server.grpc = make_server();
	grpc_server_register_completion_queue(server.grpc, server.queue, NULL);
	server.next_tick = after_ms(TICK_MS);
	bool listening = listen_on(&server, listen, err);
	if (listening) {
		loop(&server);
	} else {
		grpc_server_shutdown_and_notify(server.grpc, server.queue, &server);
	}
	drain(&server);
	grpc_server_destroy(server.grpc);
	grpc_completion_queue_destroy(server.queue);
	grpc_shutdown();
	close(server.signals);
	return listening;
}
