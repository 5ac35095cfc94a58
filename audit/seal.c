/* SPDX-License-Identifier: Apache-2.0
 *
 * Sealing an epoch while appends go on, on the publisher's thread:
 *
 *   1  what stands (audit/standing.h) is folded up to what is published, a slice each round
 *   2  when the epoch is full or old enough: the next epoch is made, empty
 *   3  the writer ends this one with a `close` that names the next, and waits
 *   4  the last entries are published and signed, and folded
 *   5  the next epoch takes the place of this one; the writer writes its `open` first and goes on
 *   6  when the next epoch has a checkpoint, the journal of the sealed one goes: every entry is in a bundle
 *
 * Where 2 to 4 fail, this epoch goes on. Where the process ends in the middle, recovery finds the next epoch
 * empty and looks whether this one was sealed: if `close` is signed it begins the next, else this one goes on.
 */
#include "audit/log_inside.h"
#include "audit/reader.h"

#include <dirent.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <unistd.h>

enum { SLICE = 200000, AGAIN_S = 60 };

struct fold {
	struct audit_log *log;
	struct err *err;
	bool good;
};

static bool fold_leaf(void *ctx, uint64_t index, struct bytes leaf)
{
	struct fold *fold = ctx;
	struct audit_log *log = fold->log;
	fold->good =
		audit_standing_fold(&log->standing, audit_place(log->found.number, index), leaf, fold->err);
	log->folded = fold->good ? index + 1 : log->folded;
	return fold->good;
}

static bool fold_to(struct audit_log *log, uint64_t to, struct err *err)
{
	struct audit_reader reader = {.epoch = -1};
	struct fold fold = {log, err, true};
	if (log->folded >= to)
		return true;
	bool good = audit_reader_open(&reader, log->found.directory, log->found.number, err) &&
		    audit_reader_walk(&reader, log->folded, to, fold_leaf, &fold, NULL, err);
	audit_reader_close(&reader);
	return good && fold.good;
}

static bool due(struct audit_log *log)
{
	int64_t age = audit_log_now(log) - log->found.identity.created_ns;
	return (log->seal_entries && log->published >= log->seal_entries) ||
	       (log->seal_ns && age >= log->seal_ns);
}

static bool make_next(struct audit_log *log, struct audit_recovered *next, struct err *err)
{
	uint8_t seed[AUDIT_SEED_LEN];
	struct audit_recover_options options = {
		.io = log->place.io,
		.directory = log->directory,
		.origin = log->base,
		.identity = log->identity,
		.seed = seed,
		.segment_bytes = log->segment_bytes,
		.now_ns = audit_log_now(log),
	};
	bool good = audit_signer_seed(log->found.signer, seed) &&
		    audit_recover_next(&options, log->found.directory, log->found.number + 1, next, err);
	OPENSSL_cleanse(seed, sizeof seed);
	return good;
}

/* Asks the writer to end the epoch; false: it cannot now. */
static bool stop_writer(struct audit_log *log, const char *successor)
{
	pthread_mutex_lock(&log->lock);
	if (log->writable && !log->stopping && log->change == CHANGE_NONE) {
		snprintf(log->successor, sizeof log->successor, "%s", successor);
		log->change = CHANGE_WANTED;
		pthread_cond_signal(&log->work);
	}
	while (log->change == CHANGE_WANTED)
		audit_log_wait(log, &log->tick, 0);
	bool parked = log->change == CHANGE_PARKED;
	pthread_mutex_unlock(&log->lock);
	return parked;
}

static void start_writer(struct audit_log *log, enum audit_change change)
{
	pthread_mutex_lock(&log->lock);
	log->change = change;
	pthread_cond_signal(&log->work);
	pthread_mutex_unlock(&log->lock);
}

/* The writer is parked: the epoch ends here. */
static bool finish(struct audit_log *log, struct audit_recovered *next, struct audit_publisher *publisher,
		   struct err *err)
{
	bool unclean;
	if (!audit_log_publish(log, err) || !fold_to(log, log->published, err))
		return false;
	next->directory = log->found.directory;
	if (!audit_recover_predecessor(next)) {
		next->directory = -1;
		return err_set(err, "the checkpoint of the sealed epoch cannot be read back");
	}
	next->directory = -1;
	audit_batch_done(&log->opening);
	return audit_opening(log, next, &log->standing, &log->opening, &unclean, err) &&
	       audit_log_publisher_new(log, next, publisher, err) &&
	       (audit_log_add_origin(log, next->identity.vkey.name) || err_set(err, "memory is short"));
}

/* Puts the next epoch in this one's place. Nothing can fail any more. */
static void take_place(struct audit_log *log, struct audit_recovered *next, struct audit_publisher *publisher)
{
	struct audit_segment_place old_place = log->place;
	pthread_mutex_lock(&log->lock);
	struct audit_recovered old = log->found;
	struct audit_spare spare = log->spare;
	log->spare.fd = -1;
	next->directory = old.directory;
	old.directory = -1;
	log->found = *next;
	log->place = (struct audit_segment_place){log->place.io, next->epoch, next->identity.log};
	log->acknowledged = log->durable = log->published = 0;
	log->waiting_ns = log->fresh_ns = 0;
	pthread_mutex_unlock(&log->lock);
	audit_spare_drop(&old_place, &spare);
	audit_publisher_done(&log->publisher);
	log->publisher = *publisher;
	log->folded = 0;
	log->prune_again_ns = 0;
	audit_standing_done(&log->standing);
	if (log->sealed >= 0)
		close(log->sealed);
	log->sealed = old.epoch;
	old.epoch = -1;
	audit_recovered_done(&old);
}

static bool change(struct audit_log *log, struct err *err)
{
	struct audit_recovered next = {.directory = -1, .epoch = -1, .lock = -1, .segment = {.fd = -1}};
	struct audit_publisher publisher = {0};
	if (!make_next(log, &next, err))
		return false;
	if (!stop_writer(log, next.identity.vkey.name)) {
		audit_recovered_done(&next);
		return true; /* it has other trouble, or the log is being closed */
	}
	if (!finish(log, &next, &publisher, err)) {
		start_writer(log, CHANGE_NONE);
		audit_publisher_done(&publisher);
		audit_recovered_done(&next);
		return false;
	}
	char before[AUDIT_NAME_MAX + 1];
	uint64_t entries = log->published;
	snprintf(before, sizeof before, "%s", log->found.identity.vkey.name);
	struct buf line = {0};
	if (audit_checkpoint_line(buf_bytes(&log->publisher.note), &line, NULL))
		audit_log_talk(log, 'c', "%.*s", BYTES_ARG(buf_bytes(&line)));
	buf_done(&line);
	take_place(log, &next, &publisher);
	start_writer(log, CHANGE_OPEN);
	audit_log_talk(log, 'i', "%s: sealed with %llu entries; %s begins", before,
		       (unsigned long long)entries, log->found.identity.vkey.name);
	return true;
}

/* Every segment of the sealed epoch. What cannot be removed stays, which does no harm. */
static void drop_journal(struct audit_log *log)
{
	int fd = openat(log->sealed, "journal", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir && fd >= 0)
		close(fd);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		char name[AUDIT_SEGMENT_NAME + 8];
		uint64_t first;
		snprintf(name, sizeof name, "journal/%.24s", entry->d_name);
		if (audit_segment_name_parse(entry->d_name, &first))
			log->place.io->remove(log->place.io->ctx, log->sealed, name);
	}
	if (dir)
		closedir(dir);
	close(log->sealed);
	log->sealed = -1;
}

bool audit_log_seal(struct audit_log *log, struct err *err)
{
	if (log->sealed >= 0 && log->published > 0)
		drop_journal(log);
	if (!log->seal_entries && !log->seal_ns)
		return true;
	uint64_t to = log->folded + SLICE < log->published ? log->folded + SLICE : log->published;
	if (!fold_to(log, to, err))
		return false;
	if (log->folded < log->published || !due(log) || audit_monotonic_ns() < log->seal_again_ns)
		return true;
	bool good = change(log, err);
	log->seal_again_ns = good ? 0 : audit_monotonic_ns() + AGAIN_S * TIME_SECOND;
	return good || err_within(err, "the epoch cannot be sealed");
}
