/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/log.h"

#include "audit/key.h"
#include "audit/log_inside.h"
#include <errno.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int64_t audit_monotonic_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * TIME_SECOND + now.tv_nsec;
}

static int64_t real_clock(void *ctx)
{
	struct timespec now;
	(void)ctx;
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * TIME_SECOND + now.tv_nsec;
}

void audit_log_wait(struct audit_log *log, pthread_cond_t *cond, int64_t until_ns)
{
	if (until_ns == 0) {
		pthread_cond_wait(cond, &log->lock);
		return;
	}
	struct timespec until = {until_ns / TIME_SECOND, until_ns % TIME_SECOND};
	pthread_cond_timedwait(cond, &log->lock, &until);
}

void audit_log_talk(const struct audit_log *log, char severity, const char *format, ...)
{
	char text[2048];
	va_list args;
	if (!log->talk)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	log->talk(log->talk_ctx, severity, text);
}

static bool options_sound(const struct audit_options *o, struct err *err)
{
	char name[3 * AUDIT_NAME_MAX];
	if (!o->directory || !o->directory[0] ||
	    strlen(o->directory) >= sizeof((struct audit_log *)0)->directory)
		return err_set(err, "audit log: the directory's name is missing or longer than 255 bytes");
	if (!o->origin || !o->identity)
		return err_set(err, "%s: origin and identity are missing; both are part of the log's name",
			       o->directory);
	int len = snprintf(name, sizeof name, "%s/%s/0001", o->origin, o->identity);
	if (len < 0 || (size_t)len > AUDIT_NAME_MAX - 8 || !audit_name_valid(bytes_of(name)) ||
	    !o->origin[0] || !o->identity[0])
		return err_set(
			err,
			"%s: origin \"%s\" with identity \"%s\" is not a log's name; use a host name and a "
			"path such as example.org/reco, without spaces and '+'",
			o->directory, o->origin, o->identity);
	if (o->publish_ns < 10 * (TIME_SECOND / 1000))
		return err_set(err, "%s: the publish interval is below 10ms; 1s is usual", o->directory);
	return true;
}

/* The seed of the configured key, or of one that lies in the directory and is made when it is not there. */
static bool load_seed(const struct audit_options *o, uint8_t seed[AUDIT_SEED_LEN], struct err *err)
{
	char path[300], text[640];
	struct audit_vkey vkey;
	if (o->key_file)
		return audit_key_load(o->key_file, seed, &vkey, err);
	snprintf(path, sizeof path, "%s/audit.key", o->directory);
	if (access(path, F_OK) == 0)
		return audit_key_load(path, seed, &vkey, err);
	if (access(o->directory, W_OK) != 0)
		return true; /* recovery will refuse the directory and say why */
	if (!audit_key_create(path, bytes_of(o->origin), NULL, err))
		return false;
	snprintf(text, sizeof text,
		 "%s: no audit key is configured, so one was made here; whoever can write the log can also "
		 "sign "
		 "it: make a key with `rankguard-audit keygen` and keep it elsewhere",
		 path);
	if (o->talk)
		o->talk(o->talk_ctx, 'w', text);
	return audit_key_load(path, seed, &vkey, err);
}

static bool make_locks(struct audit_log *log)
{
	pthread_condattr_t attr;
	if (pthread_condattr_init(&attr) != 0)
		return false;
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	log->lock_made = pthread_mutex_init(&log->lock, NULL) == 0;
	log->work_made = pthread_cond_init(&log->work, &attr) == 0;
	log->tick_made = pthread_cond_init(&log->tick, &attr) == 0;
	pthread_condattr_destroy(&attr);
	return log->lock_made && log->work_made && log->tick_made;
}

static void log_free(struct audit_log *log)
{
	audit_spare_drop(&log->place, &log->spare);
	audit_publisher_done(&log->publisher);
	audit_recovered_done(&log->found);
	if (log->sealed >= 0)
		close(log->sealed);
	for (size_t i = 0; i < log->origins; i++)
		free(log->origin[i]);
	free(log->origin);
	audit_standing_done(&log->standing);
	audit_batch_done(&log->opening);
	buf_done(&log->note);
	buf_done(&log->configuration);
	buf_done(&log->versions);
	buf_done(&log->retain);
	free(log->run);
	if (log->tick_made)
		pthread_cond_destroy(&log->tick);
	if (log->work_made)
		pthread_cond_destroy(&log->work);
	if (log->lock_made)
		pthread_mutex_destroy(&log->lock);
	free(log);
}

/* Ends the threads: the writer after its queue is empty, the publisher after a last round. */
static void stop(struct audit_log *log)
{
	pthread_mutex_lock(&log->lock);
	log->stopping = true;
	pthread_cond_signal(&log->work);
	pthread_mutex_unlock(&log->lock);
	if (log->writer_runs)
		pthread_join(log->writer, NULL);
	pthread_mutex_lock(&log->lock);
	log->writer_ended = true;
	pthread_cond_signal(&log->tick);
	pthread_mutex_unlock(&log->lock);
	if (log->publisher_runs)
		pthread_join(log->publisher_thread, NULL);
}

bool audit_log_publisher_new(const struct audit_log *log, const struct audit_recovered *found,
			     struct audit_publisher *publisher, struct err *err)
{
	struct audit_publisher made = {
		.io = log->place.io,
		.epoch = found->epoch,
		.signer = found->signer,
		.identity = &log->found.identity, /* where it will stand */
		.tree = *found->tree,
		.point = found->point,
		.unsure = true,
	};
	if (!audit_hasher_init(&made.hasher, err))
		return false;
	buf_add_bytes(&made.note, buf_bytes(&found->note));
	*publisher = made;
	return true;
}

bool audit_log_add_origin(struct audit_log *log, const char *origin)
{
	char **grown = realloc(log->origin, (log->origins + 1) * sizeof *grown);
	if (!grown)
		return false;
	log->origin = grown;
	log->origin[log->origins] = strdup(origin);
	return log->origin[log->origins] && ++log->origins;
}

static bool start(struct audit_log *log, struct err *err)
{
	struct audit_recovered *found = &log->found;
	log->place = (struct audit_segment_place){log->place.io, found->epoch, found->identity.log};
	log->acknowledged = log->durable = found->size;
	log->published = found->checkpoint.size;
	log->waiting_ns = log->published < log->durable ? audit_monotonic_ns() : 0;
	if (log->last_ns < found->last_ns)
		log->last_ns = found->last_ns;
	log->writable = true;
	buf_add_bytes(&log->note, buf_bytes(&found->note));
	if (!audit_log_add_origin(log, found->identity.vkey.name) ||
	    !audit_log_publisher_new(log, found, &log->publisher, err))
		return err_set(err, "%s: memory is short", log->directory);
	log->writer_runs = pthread_create(&log->writer, NULL, audit_writer_run, log) == 0;
	log->publisher_runs = log->writer_runs &&
			      pthread_create(&log->publisher_thread, NULL, audit_publisher_run, log) == 0;
	return log->publisher_runs ? true : err_set(err, "%s: threads cannot be started", log->directory);
}

/* The first entries of this run. */
static bool say_open(struct audit_log *log, struct err *err)
{
	const struct audit_recovered *found = &log->found;
	struct audit_standing standing = {0};
	struct audit_batch batch = {0};
	bool unclean, carries = found->size == 0 && found->number > 1;
	bool good = (!carries || audit_opening_fold(log, &standing, err)) &&
		    audit_opening(log, found, carries ? &standing : NULL, &batch, &unclean, err) &&
		    audit_log_append_wait(log, &batch, NULL, err) &&
		    (!found->gap.found || audit_gap_move(log->place.io, found->directory, &found->gap, err) ||
		     err_within(err, "%s", log->directory));
	audit_batch_done(&batch);
	audit_standing_done(&standing);
	if (good && unclean)
		audit_log_talk(log, 'w',
			       "%s: %s; recovered %" PRIu64 " entries, %" PRIu64
			       " of them beyond the checkpoint; cut %" PRIu64 " bytes%s%s",
			       log->directory, audit_opening_reason(found), found->size, found->rewritten,
			       found->cut.len, found->cut_file[0] ? ", kept in " : "", found->cut_file);
	return good;
}

struct audit_log *audit_log_open(const struct audit_options *o, struct err *err)
{
	uint8_t seed[AUDIT_SEED_LEN] = {0};
	if (!options_sound(o, err))
		return NULL;
	struct audit_log *log = calloc(1, sizeof *log);
	if (!log || !make_locks(log)) {
		free(log);
		err_set(err, "%s: memory is short", o->directory);
		return NULL;
	}
	snprintf(log->directory, sizeof log->directory, "%s", o->directory);
	log->durability = o->durability;
	log->publish_ns = o->publish_ns;
	log->segment_bytes = o->segment_bytes ? o->segment_bytes : AUDIT_SEGMENT_BYTES;
	log->clock = o->clock ? o->clock : real_clock;
	log->clock_ctx = o->clock_ctx;
	log->talk = o->talk;
	log->talk_ctx = o->talk_ctx;
	log->second = -1;
	log->spare.fd = log->sealed = -1;
	buf_add_bytes(&log->configuration, o->configuration);
	buf_add_bytes(&log->versions, o->versions);
	buf_add_bytes(&log->retain, o->retain);
	snprintf(log->base, sizeof log->base, "%s", o->origin);
	snprintf(log->identity, sizeof log->identity, "%s", o->identity);
	log->seal_entries = o->seal_entries;
	log->seal_ns = o->seal_ns;
	log->retain_ns = o->retain_ns;
	log->found =
		(struct audit_recovered){.directory = -1, .epoch = -1, .lock = -1, .segment = {.fd = -1}};
	log->place.io = o->io ? o->io : &audit_io_system;
	struct audit_recover_options recover = {
		.io = log->place.io,
		.directory = log->directory,
		.origin = o->origin,
		.identity = o->identity,
		.seed = seed,
		.segment_bytes = log->segment_bytes,
		.now_ns = audit_log_now(log),
		.accept_gap = o->accept_gap,
		.talk = o->talk,
		.talk_ctx = o->talk_ctx,
	};
	bool good = load_seed(o, seed, err) && audit_recover(&recover, &log->found, err);
	OPENSSL_cleanse(seed, sizeof seed);
	if (good && !(start(log, err) && say_open(log, err))) {
		stop(log);
		good = false;
	}
	if (good)
		return log;
	log_free(log);
	return NULL;
}

bool audit_log_close(struct audit_log *log, struct err *err)
{
	struct audit_batch batch = {0};
	if (!log)
		return true;
	bool good = audit_entry_close(&batch, audit_log_now(log), (struct bytes){NULL, 0}) ||
		    err_set(err, "%s: memory is short", log->directory);
	good = good && audit_log_append_wait(log, &batch, NULL, err);
	audit_batch_done(&batch);
	stop(log);
	if (good && log->published != log->acknowledged)
		good = err_set(err,
			       "%s: the last %" PRIu64
			       " entries stand in the journal and were not published: %s",
			       log->directory, log->acknowledged - log->published, log->complaint);
	log_free(log);
	return good;
}

struct waiter {
	struct audit_append append;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool over;
};

static void wake(struct audit_append *append)
{
	struct waiter *waiter = (struct waiter *)append;
	pthread_mutex_lock(&waiter->lock);
	waiter->over = true;
	pthread_cond_signal(&waiter->cond);
	pthread_mutex_unlock(&waiter->lock);
}

bool audit_log_append_wait(struct audit_log *log, struct audit_batch *batch, uint64_t *first_index,
			   struct err *err)
{
	struct waiter waiter = {.append = {.batch = batch, .done = wake}};
	struct audit_log_state state;
	if (pthread_mutex_init(&waiter.lock, NULL) != 0 || pthread_cond_init(&waiter.cond, NULL) != 0)
		return err_set(err, "%s: memory is short", log->directory);
	audit_log_append(log, &waiter.append);
	pthread_mutex_lock(&waiter.lock);
	while (!waiter.over)
		pthread_cond_wait(&waiter.cond, &waiter.lock);
	pthread_mutex_unlock(&waiter.lock);
	pthread_cond_destroy(&waiter.cond);
	pthread_mutex_destroy(&waiter.lock);
	if (waiter.append.durable) {
		if (first_index)
			*first_index = waiter.append.first_index;
		return true;
	}
	audit_log_state(log, &state);
	return err_set(err, "%s: the log cannot be written: %s", log->directory,
		       state.why[0] ? state.why : "the batch is not made of entries");
}

bool audit_log_checkpoint(struct audit_log *log, struct buf *note)
{
	pthread_mutex_lock(&log->lock);
	bool found = log->note.len > 0;
	buf_add_bytes(note, buf_bytes(&log->note));
	pthread_mutex_unlock(&log->lock);
	return found && !note->failed;
}

void audit_log_state(struct audit_log *log, struct audit_log_state *state)
{
	*state = (struct audit_log_state){0};
	pthread_mutex_lock(&log->lock);
	snprintf(state->origin, sizeof state->origin, "%s", log->origin[log->origins - 1]);
	state->epoch = log->found.number;
	state->end = audit_place(log->found.number, log->acknowledged);
	state->writable = log->writable;
	snprintf(state->why, sizeof state->why, "%s", log->why);
	state->size = log->acknowledged;
	state->published = log->published;
	state->bytes = log->bytes;
	state->syncs = log->syncs;
	state->append_count = log->append_count;
	state->append_ns_sum = log->append_ns_sum;
	int64_t since = log->waiting_ns ? log->waiting_ns : log->fresh_ns;
	state->publish_lag_ns = since ? audit_monotonic_ns() - since : 0;
	pthread_mutex_unlock(&log->lock);
}
