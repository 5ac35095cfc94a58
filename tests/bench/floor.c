/* SPDX-License-Identifier: Apache-2.0
 *
 * usage: floor LISTEN UPSTREAM WORKERS METHOD|pump
 *
 * A bare pass-through of one unary METHOD, or with `pump` of every method, message by message. See floor.h.
 * Prints `listening on LISTEN`; SIGTERM ends it.
 */
#include "tests/bench/floor.h"

#include "sidecar/library.h"
#include <grpc/grpc_security.h>
#include <grpc/support/time.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS_MAX = 16 };

#define INTEGER(name, number)                                                                                \
	{                                                                                                    \
		GRPC_ARG_INTEGER, (char *)(uintptr_t)(name),                                                 \
		{                                                                                            \
			.integer = (number)                                                                  \
		}                                                                                            \
	}

/* As the sidecar's server and channel, but for the limits. */
static grpc_server *make_server(void)
{
	grpc_arg list[] = {INTEGER(GRPC_ARG_ENABLE_CHANNELZ, 0),
			   INTEGER(GRPC_ARG_MAX_CHANNEL_TRACE_EVENT_MEMORY_PER_NODE, 0),
			   INTEGER(GRPC_ARG_ENABLE_DEADLINE_CHECKS, 0)};
	grpc_channel_args args = {sizeof list / sizeof *list, list};
	return grpc_server_create(&args, NULL);
}

static grpc_channel *make_channel(const char *upstream)
{
	grpc_arg list[] = {INTEGER(GRPC_ARG_ENABLE_RETRIES, 0),
			   INTEGER(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1),
			   INTEGER(GRPC_ARG_ENABLE_CHANNELZ, 0),
			   INTEGER(GRPC_ARG_MAX_CHANNEL_TRACE_EVENT_MEMORY_PER_NODE, 0),
			   INTEGER(GRPC_ARG_ENABLE_HTTP_PROXY, 0),
			   INTEGER(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1)};
	grpc_channel_args args = {sizeof list / sizeof *list, list};
	grpc_channel_credentials *plain = grpc_insecure_credentials_create();
	grpc_channel *channel = grpc_channel_create(upstream, plain, &args);
	grpc_channel_credentials_release(plain);
	return channel;
}

static void *worker_run(void *arg)
{
	struct floor_worker *worker = arg;
	gpr_timespec forever = gpr_inf_future(GPR_CLOCK_MONOTONIC);
	grpc_event event = grpc_completion_queue_next(worker->queue, forever, NULL);
	while (event.type != GRPC_QUEUE_SHUTDOWN) {
		struct sidecar_tag *tag = event.tag;
		tag->complete(tag, event.success != 0);
		event = grpc_completion_queue_next(worker->queue, forever, NULL);
	}
	return NULL;
}

static void start_worker(struct floor_worker *worker)
{
	for (size_t i = 0; i < FLOOR_ARMED; i++)
		(worker->method ? floor_unary_arm : floor_pump_arm)(worker);
	if (pthread_create(&worker->thread, NULL, worker_run, worker) != 0)
		abort();
}

static void on_stopped(struct sidecar_tag *tag, bool ok)
{
	(void)tag, (void)ok;
}

/* The first worker's queue takes the notice; shutting the queues down waits for what is in flight. */
static void stop(grpc_server *server, struct floor_worker *worker, size_t count)
{
	struct sidecar_tag stopped = {on_stopped};
	grpc_server_shutdown_and_notify(server, worker[0].queue, &stopped);
	grpc_server_cancel_all_calls(server);
	for (size_t i = 0; i < count; i++)
		grpc_completion_queue_shutdown(worker[i].queue);
	for (size_t i = 0; i < count; i++) {
		pthread_join(worker[i].thread, NULL);
		grpc_channel_destroy(worker[i].channel);
	}
	grpc_server_destroy(server);
	for (size_t i = 0; i < count; i++)
		grpc_completion_queue_destroy(worker[i].queue);
}

int main(int argc, char **argv)
{
	struct floor_worker worker[WORKERS_MAX] = {0};
	sigset_t ending;
	bool quiet = sidecar_library_prepare();
	size_t count = argc == 5 ? strtoul(argv[3], NULL, 10) : 0;
	if (count < 1 || count > WORKERS_MAX) {
		fprintf(stderr, "usage: floor LISTEN UPSTREAM WORKERS METHOD|pump\n");
		return 2;
	}
	sigemptyset(&ending);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGINT);
	pthread_sigmask(SIG_BLOCK, &ending, NULL);
	grpc_init();
	grpc_server *server = make_server();
	void *method = strcmp(argv[4], "pump") == 0
			       ? NULL
			       : grpc_server_register_method(server, argv[4], NULL,
							     GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER, 0);
	for (size_t i = 0; i < count; i++) {
		worker[i] = (struct floor_worker){.server = server,
						  .method = method,
						  .queue = grpc_completion_queue_create_for_next(NULL),
						  .channel = make_channel(argv[2]),
						  .method_name = argv[4]};
		grpc_server_register_completion_queue(server, worker[i].queue, NULL);
	}
	grpc_server_credentials *plain = grpc_insecure_server_credentials_create();
	int port = grpc_server_add_http2_port(server, argv[1], plain);
	grpc_server_credentials_release(plain);
	if (port == 0) {
		fprintf(stderr, "floor: %s: cannot listen there\n", argv[1]);
		return 3; /* the system takes back what was made */
	}
	grpc_server_start(server);
	for (size_t i = 0; i < count; i++)
		start_worker(&worker[i]);
	printf("listening on %s%s\n", argv[1], quiet ? "" : " (with Abseil's lock checker on)");
	fflush(stdout);
	int signal_number;
	sigwait(&ending, &signal_number);
	stop(server, worker, count);
	grpc_shutdown();
	return 0;
}
