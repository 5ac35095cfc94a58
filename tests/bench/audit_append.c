/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_audit floor DIR SECONDS BYTES          a bare loop: pwrite of BYTES into a prezeroed file, fdatasync
 * bench_audit append DIR SECONDS SIZE FLIGHT   entries of about SIZE bytes, FLIGHT of them in flight
 * bench_audit unpublished DIR COUNT SIZE       COUNT entries that are not published; ends like a kill
 * bench_audit recover DIR                      opens and closes; says how long the opening took
 *
 * One line on stdout: name=value pairs. What is slow is told apart from what this machine's disk gives by the
 * floor beside it.
 */
#include "audit/log.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLES = 1 << 22, FILE_BYTES = 16 << 20 };

static int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * TIME_SECOND + now.tv_nsec;
}

/* Latencies in microseconds. */
struct samples {
	pthread_mutex_t lock;
	uint32_t *us;
	size_t count;
};

static void note(struct samples *samples, int64_t took_ns)
{
	if (samples->count < SAMPLES)
		samples->us[samples->count++] = (uint32_t)(took_ns / 1000);
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static void report(struct samples *samples, double seconds)
{
	size_t n = samples->count;
	qsort(samples->us, n, sizeof *samples->us, by_value);
	printf("rate=%.0f p50_us=%u p99_us=%u p999_us=%u max_us=%u", (double)n / seconds, samples->us[n / 2],
	       samples->us[n - n / 100 - 1], samples->us[n - n / 1000 - 1], samples->us[n - 1]);
}

static bool floor_loop(const char *dir, double seconds, size_t bytes, struct samples *samples)
{
	char path[4096], *block = calloc(1, FILE_BYTES);
	snprintf(path, sizeof path, "%s/floor", dir);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool good = block && fd >= 0 && pwrite(fd, block, FILE_BYTES, 0) == FILE_BYTES && fsync(fd) == 0;
	int64_t begin = now_ns(), at = begin, end = begin + (int64_t)(seconds * 1e9);
	off_t offset = 0;
	if (good)
		memset(block, 'x', bytes);
	while (good && at < end) {
		good = pwrite(fd, block, bytes, offset) == (ssize_t)bytes && fdatasync(fd) == 0;
		offset = offset + 2 * (off_t)bytes <= FILE_BYTES ? offset + (off_t)bytes : 0;
		int64_t then = now_ns();
		note(samples, then - at);
		at = then;
	}
	if (good) {
		report(samples, (double)(at - begin) / 1e9);
		printf("\n");
	}
	if (fd >= 0)
		close(fd);
	unlink(path);
	free(block);
	return good;
}

struct load {
	struct audit_log *log;
	struct samples *samples;
	size_t size;
	int64_t end_ns;
	uint64_t left; /* entries to append; UINT64_MAX: until end_ns */
	pthread_mutex_t lock;
	pthread_cond_t cond;
	unsigned flying;
	bool failed;
};

struct flight {
	struct audit_append append;
	struct audit_batch batch;
	struct load *load;
	int64_t begin_ns;
	bool ready; /* may start again */
};

static struct audit_options options_of(const char *dir, int64_t publish_ns)
{
	return (struct audit_options){.directory = dir,
				      .origin = "example.org/bench",
				      .identity = "host",
				      .publish_ns = publish_ns,
				      .configuration = BYTES_LITERAL("none"),
				      .versions = BYTES_LITERAL("{}"),
				      .retain = BYTES_LITERAL("forever")};
}

static bool make_entry(struct audit_log *log, struct audit_batch *batch, size_t size)
{
	static const char text[1024] = {[0 ... 1023] = 'x'};
	size_t item = size > 160 ? size - 160 : 1;
	const struct audit_entry_signal signal = {
		.method = BYTES_LITERAL("/bench.v1.Feedback/Send"),
		.session = BYTES_LITERAL("0123456789abcdef0123456789abcdef"),
		.kind = "dissatisfied",
		.item = {text, item < sizeof text ? item : sizeof text},
	};
	return audit_entry_signal(batch, audit_log_now(log), &signal);
}

static bool more(struct load *load)
{
	if (load->left != UINT64_MAX)
		return load->left > 0 && load->left--;
	return now_ns() < load->end_ns;
}

/* On the writer's thread: hands the flight back to the driver. */
static void done(struct audit_append *append);

static void drive(struct load *load, unsigned in_flight)
{
	struct flight *flights = calloc(in_flight, sizeof *flights);
	for (unsigned i = 0; i < in_flight; i++)
		flights[i] = (struct flight){.load = load, .ready = true};
	for (bool going = true; going && flights;) {
		for (unsigned i = 0; i < in_flight; i++) {
			struct flight *f = &flights[i];
			pthread_mutex_lock(&load->lock);
			bool ready = f->ready;
			pthread_mutex_unlock(&load->lock);
			if (!ready)
				continue;
			if (!going || !more(load) || load->failed) {
				going = false;
				continue;
			}
			buf_clear(&f->batch.leaves);
			f->batch.count = 0;
			if (!make_entry(load->log, &f->batch, load->size))
				going = false;
			f->append = (struct audit_append){.batch = &f->batch, .done = done};
			f->begin_ns = now_ns();
			pthread_mutex_lock(&load->lock);
			f->ready = false;
			load->flying++;
			pthread_mutex_unlock(&load->lock);
			audit_log_append(load->log, &f->append);
		}
		pthread_mutex_lock(&load->lock);
		while (load->flying == in_flight)
			pthread_cond_wait(&load->cond, &load->lock);
		pthread_mutex_unlock(&load->lock);
	}
	pthread_mutex_lock(&load->lock);
	while (load->flying > 0)
		pthread_cond_wait(&load->cond, &load->lock);
	pthread_mutex_unlock(&load->lock);
	for (unsigned i = 0; flights && i < in_flight; i++)
		audit_batch_done(&flights[i].batch);
	free(flights);
}

static void done(struct audit_append *append)
{
	struct flight *f = (struct flight *)append;
	struct load *load = f->load;
	int64_t took = now_ns() - f->begin_ns;
	pthread_mutex_lock(&load->lock);
	note(load->samples, took);
	load->failed |= !append->durable;
	load->flying--;
	f->ready = true;
	pthread_cond_signal(&load->cond);
	pthread_mutex_unlock(&load->lock);
}

/* Looks at the lag of publishing while the load runs. */
struct watch {
	struct audit_log *log;
	pthread_mutex_t lock;
	bool over;
	int64_t worst_ns;
};

static void *watch_run(void *arg)
{
	struct watch *watch = arg;
	for (bool over = false; !over;) {
		struct audit_log_state state;
		audit_log_state(watch->log, &state);
		if (state.publish_lag_ns > watch->worst_ns)
			watch->worst_ns = state.publish_lag_ns;
		usleep(10000); /* a sample every 10 ms: the lag is measured, nothing waits for it */
		pthread_mutex_lock(&watch->lock);
		over = watch->over;
		pthread_mutex_unlock(&watch->lock);
	}
	return NULL;
}

static bool append_for(const char *dir, double seconds, size_t size, unsigned flight, struct samples *samples)
{
	struct audit_options options = options_of(dir, TIME_SECOND);
	struct err err;
	pthread_t watcher;
	struct audit_log *log = audit_log_open(&options, &err);
	if (!log) {
		fprintf(stderr, "%s\n", err.text);
		return false;
	}
	struct watch watch = {.log = log, .lock = PTHREAD_MUTEX_INITIALIZER};
	int64_t begin = now_ns();
	struct load load = {.log = log,
			    .samples = samples,
			    .size = size,
			    .end_ns = begin + (int64_t)(seconds * 1e9),
			    .left = UINT64_MAX,
			    .lock = PTHREAD_MUTEX_INITIALIZER,
			    .cond = PTHREAD_COND_INITIALIZER};
	if (pthread_create(&watcher, NULL, watch_run, &watch) != 0)
		return false;
	drive(&load, flight);
	double took = (double)(now_ns() - begin) / 1e9;
	struct audit_log_state state;
	audit_log_state(log, &state);
	pthread_mutex_lock(&watch.lock);
	watch.over = true;
	pthread_mutex_unlock(&watch.lock);
	pthread_join(watcher, NULL);
	report(samples, took);
	printf(" lag_ms=%" PRId64 " entries=%" PRIu64 " bytes=%" PRIu64 " syncs=%" PRIu64,
	       watch.worst_ns / 1000000, state.size, state.bytes, state.syncs);
	int64_t close_ns = now_ns();
	bool good = audit_log_close(log, &err) && !load.failed;
	printf(" close_ms=%" PRId64 "\n", (now_ns() - close_ns) / 1000000);
	return good;
}

static bool leave_unpublished(const char *dir, uint64_t count, size_t size, struct samples *samples)
{
	struct audit_options options = options_of(dir, TIME_HOUR);
	struct err err;
	options.durability = AUDIT_PROCESS;
	struct audit_log *log = audit_log_open(&options, &err);
	if (!log) {
		fprintf(stderr, "%s\n", err.text);
		return false;
	}
	struct load load = {.log = log,
			    .samples = samples,
			    .size = size,
			    .left = count,
			    .lock = PTHREAD_MUTEX_INITIALIZER,
			    .cond = PTHREAD_COND_INITIALIZER};
	drive(&load, 1024);
	printf("entries=%" PRIu64 "\n", count);
	fflush(stdout);
	_exit(load.failed); /* as a kill: nothing is published, nothing closed */
}

static bool recover(const char *dir)
{
	struct audit_options options = options_of(dir, TIME_HOUR);
	struct err err;
	struct audit_log_state state;
	int64_t begin = now_ns();
	struct audit_log *log = audit_log_open(&options, &err);
	if (!log) {
		fprintf(stderr, "%s\n", err.text);
		return false;
	}
	double took = (double)(now_ns() - begin) / 1e9;
	audit_log_state(log, &state);
	printf("seconds=%.3f entries=%" PRIu64 " unpublished=%" PRIu64 "\n", took, state.size,
	       state.size - state.published);
	return audit_log_close(log, &err);
}

int main(int argc, char **argv)
{
	const char *verb = argc > 2 ? argv[1] : "";
	struct samples samples = {.us = calloc(SAMPLES, sizeof *samples.us)};
	bool good = false, known = samples.us != NULL;
	if (known && argc == 5 && strcmp(verb, "floor") == 0)
		good = floor_loop(argv[2], atof(argv[3]), strtoull(argv[4], NULL, 10), &samples);
	else if (known && argc == 6 && strcmp(verb, "append") == 0)
		good = append_for(argv[2], atof(argv[3]), strtoull(argv[4], NULL, 10),
				  (unsigned)strtoul(argv[5], NULL, 10), &samples);
	else if (known && argc == 5 && strcmp(verb, "unpublished") == 0)
		good = leave_unpublished(argv[2], strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10),
					 &samples);
	else if (known && argc == 3 && strcmp(verb, "recover") == 0)
		good = recover(argv[2]);
	else
		fputs("usage: bench_audit floor|append|unpublished|recover DIR ...; see tests/bench/audit\n",
		      stderr);
	free(samples.us);
	return good ? 0 : 1;
}
