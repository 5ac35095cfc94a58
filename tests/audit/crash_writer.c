/* SPDX-License-Identifier: Apache-2.0
 *
 * crash_writer DIR KEY FROM [WORD]...: writes entries until it is killed, 16 in flight, and says each acknowledged
 * one on stdout as `<receipt> <number>` with a single write, so that whoever reads the pipe has a list of its own.
 * FROM: the first number. Words: count=N ends after N entries, cleanly; seal=N seals epochs of N entries; process
 * does not wait for the disk; prune keeps no sealed epoch; early is the control: it says `early <number>` before the
 * entry is written. end=N: SIGKILL instead of call N of those that change the disk, whichever thread makes it. At a
 * clean end it says on stderr how many there were.
 */
#include "audit/io.h"
#include "audit/log.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { IN_FLIGHT = 16 };

struct flight {
	struct audit_append append;
	struct audit_batch batch;
	uint64_t number;
	struct state *state;
};

struct state {
	pthread_mutex_t lock;
	pthread_cond_t room;
	unsigned flying;
	bool failed;
};

/* origin NULL: too early. */
static void say(const char *origin, uint64_t index, uint64_t number)
{
	char line[400];
	int len = origin ? snprintf(line, sizeof line, "%s/%" PRIu64 " %" PRIu64 "\n", origin, index, number)
			 : snprintf(line, sizeof line, "early %" PRIu64 "\n", number);
	if (write(STDOUT_FILENO, line, (size_t)len) != len)
		_exit(4);
}

static void done(struct audit_append *append)
{
	struct flight *flight = (struct flight *)append;
	struct state *state = flight->state;
	if (append->durable)
		say(append->origin, append->first_index, flight->number);
	pthread_mutex_lock(&state->lock);
	state->flying--;
	state->failed |= !append->durable;
	pthread_cond_signal(&state->room);
	pthread_mutex_unlock(&state->lock);
	audit_batch_done(&flight->batch);
	free(flight);
}

static bool send_one(struct audit_log *log, struct state *state, uint64_t number, bool early)
{
	struct flight *flight = calloc(1, sizeof *flight);
	char item[32];
	snprintf(item, sizeof item, "n-%" PRIu64, number);
	const struct audit_entry_signal signal = {.kind = "dissatisfied", .item = bytes_of(item)};
	flight->append = (struct audit_append){.batch = &flight->batch, .done = done};
	flight->number = number;
	flight->state = state;
	pthread_mutex_lock(&state->lock);
	while (state->flying == IN_FLIGHT)
		pthread_cond_wait(&state->room, &state->lock);
	state->flying++;
	bool failed = state->failed;
	pthread_mutex_unlock(&state->lock);
	if (early)
		say(NULL, 0, number);
	if (!audit_entry_signal(&flight->batch, audit_log_now(log), &signal))
		return false;
	audit_log_append(log, &flight->append);
	return !failed;
}

/* The system's calls, counted. */
struct counted {
	struct audit_io io;
	_Atomic uint64_t calls;
	uint64_t end;
};

static void count_call(void *ctx)
{
	struct counted *counted = ctx;
	if (++counted->calls == counted->end)
		kill(getpid(), SIGKILL);
}

static int counted_open(void *ctx, int dir, const char *name, int flags, mode_t mode)
{
	count_call(ctx);
	return audit_io_system.open(NULL, dir, name, flags, mode);
}

static ssize_t counted_write(void *ctx, int fd, const void *from, size_t len, off_t at)
{
	count_call(ctx);
	return audit_io_system.write(NULL, fd, from, len, at);
}

static int counted_sync_data(void *ctx, int fd)
{
	count_call(ctx);
	return audit_io_system.sync_data(NULL, fd);
}

static int counted_sync_all(void *ctx, int fd)
{
	count_call(ctx);
	return audit_io_system.sync_all(NULL, fd);
}

static int counted_rename(void *ctx, int dir, const char *from, const char *to)
{
	count_call(ctx);
	return audit_io_system.rename(NULL, dir, from, to);
}

static int counted_remove(void *ctx, int dir, const char *name)
{
	count_call(ctx);
	return audit_io_system.remove(NULL, dir, name);
}

static int counted_make_dir(void *ctx, int dir, const char *name)
{
	count_call(ctx);
	return audit_io_system.make_dir(NULL, dir, name);
}

static void talk(void *ctx, char severity, const char *text)
{
	(void)ctx;
	fprintf(stderr, "%c %s\n", severity, text);
}

int main(int argc, char **argv)
{
	struct state state = {.flying = 0};
	struct err err;
	if (argc < 4)
		return 2;
	uint64_t from = strtoull(argv[3], NULL, 10), count = UINT64_MAX;
	uint64_t seal = 0;
	struct counted counted = {.io = {.ctx = &counted,
					 .open = counted_open,
					 .write = counted_write,
					 .sync_data = counted_sync_data,
					 .sync_all = counted_sync_all,
					 .rename = counted_rename,
					 .remove = counted_remove,
					 .make_dir = counted_make_dir}};
	bool early = false, process = false, prune = false;
	for (int i = 4; i < argc; i++) {
		early |= strcmp(argv[i], "early") == 0;
		process |= strcmp(argv[i], "process") == 0;
		prune |= strcmp(argv[i], "prune") == 0;
		if (strncmp(argv[i], "seal=", 5) == 0)
			seal = strtoull(argv[i] + 5, NULL, 10);
		if (strncmp(argv[i], "end=", 4) == 0)
			counted.end = strtoull(argv[i] + 4, NULL, 10);
		if (strncmp(argv[i], "count=", 6) == 0)
			count = strtoull(argv[i] + 6, NULL, 10);
	}
	const struct audit_options options = {.directory = argv[1],
					      .origin = "example.org/crash",
					      .identity = "host",
					      .key_file = argv[2],
					      .publish_ns = 20 * (TIME_SECOND / 1000),
					      .segment_bytes = 256 << 10,
					      .seal_entries = seal,
					      .retain_ns = prune ? 1 : 0,
					      .durability = process ? AUDIT_PROCESS : AUDIT_DISK,
					      .retain = BYTES_LITERAL("forever"),
					      .io = &counted.io,
					      .talk = talk};
	pthread_mutex_init(&state.lock, NULL);
	pthread_cond_init(&state.room, NULL);
	struct audit_log *log = audit_log_open(&options, &err);
	if (!log) {
		fprintf(stderr, "%s\n", err.text);
		return 3;
	}
	bool good = true;
	for (uint64_t i = 0; i < count && good; i++)
		good = send_one(log, &state, from + i, early);
	pthread_mutex_lock(&state.lock);
	while (state.flying > 0)
		pthread_cond_wait(&state.room, &state.lock);
	pthread_mutex_unlock(&state.lock);
	if (!audit_log_close(log, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 3;
	}
	fprintf(stderr, "%" PRIu64 " calls\n", counted.calls);
	return good ? 0 : 3;
}
