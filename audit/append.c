/* SPDX-License-Identifier: Apache-2.0
 *
 * The queue and the writer's thread. Group commit without a timer: while one batch is being synced, appends
 * queue up; the next batch is whatever stands there then.
 */
#include "audit/log_inside.h"

#include "audit/tile.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { RETRY_MS = 1000 };

/* The offset of the time in a leaf, 0 when it is not an entry. Every entry begins {"v":1,"type":"..." */
static size_t time_offset(struct bytes leaf)
{
	static const char head[] = "{\"v\":1,\"type\":\"", mid[] = "\",\"time\":\"";
	size_t at = sizeof head - 1;
	if (leaf.len < at || memcmp(leaf.at, head, at) != 0)
		return 0;
	const char *quote = memchr(leaf.at + at, '"', leaf.len - at);
	at = quote ? (size_t)(quote - leaf.at) : leaf.len;
	if (leaf.len - at < sizeof mid - 1 + TIME_TEXT_LEN || memcmp(leaf.at + at, mid, sizeof mid - 1) != 0)
		return 0;
	return at + sizeof mid - 1;
}

/* Checks a batch before it is queued; *latest: the latest time that stands in it. */
static bool batch_sound(const struct audit_batch *batch, int64_t *latest)
{
	struct bytes rest = {batch->leaves.at, batch->leaves.len}, leaf;
	size_t count = 0;
	*latest = 0;
	while (audit_bundle_next(&rest, &leaf)) {
		size_t at = time_offset(leaf);
		int64_t time;
		if (at == 0 || !time_parse((struct bytes){leaf.at + at, TIME_TEXT_LEN}, &time, NULL))
			return false;
		*latest = time > *latest ? time : *latest;
		count++;
	}
	return !batch->leaves.failed && rest.len == 0 && count == batch->count && count > 0 &&
	       count <= UINT32_MAX && batch->leaves.len <= AUDIT_BATCH_MAX;
}

/* The log's clock; under lock. */
static int64_t clock_now(struct audit_log *log)
{
	int64_t now = log->clock(log->clock_ctx);
	if (now > log->last_ns)
		log->last_ns = now;
	return log->last_ns;
}

int64_t audit_log_now(struct audit_log *log)
{
	pthread_mutex_lock(&log->lock);
	int64_t now = clock_now(log);
	pthread_mutex_unlock(&log->lock);
	return now;
}

/* log->text becomes the text of a time; only its digits change within a second. Under lock. */
static const char *time_text(struct audit_log *log, int64_t time)
{
	enum { FRACTION = 20, DIGITS = 9 };
	int64_t fraction = time % TIME_SECOND;
	if (time / TIME_SECOND != log->second) {
		time_format(time, log->text);
		log->second = time / TIME_SECOND;
		return log->text;
	}
	for (int i = DIGITS; i-- > 0; fraction /= 10)
		log->text[FRACTION + i] = (char)('0' + fraction % 10);
	return log->text;
}

/* Stamps every entry; under lock, where the order of the queue is fixed. */
static void stamp(struct audit_log *log, struct audit_append *append, int64_t latest, bool own)
{
	if (latest > log->last_ns)
		log->last_ns = latest;
	append->time_ns = clock_now(log);
	/* The log's own entries go before what is queued, and so must their times. */
	if (log->first && own)
		append->time_ns = log->first->time_ns;
	const char *text = time_text(log, append->time_ns);
	struct bytes rest = {append->batch->leaves.at, append->batch->leaves.len}, leaf;
	while (audit_bundle_next(&rest, &leaf)) {
		size_t at = (size_t)(leaf.at - append->batch->leaves.at) + time_offset(leaf);
		memcpy(append->batch->leaves.at + at, text, TIME_TEXT_LEN);
	}
}

void audit_log_append(struct audit_log *log, struct audit_append *append)
{
	int64_t latest;
	bool sound = batch_sound(append->batch, &latest);
	append->next = NULL;
	append->durable = false;
	append->queued_ns = audit_monotonic_ns();
	pthread_mutex_lock(&log->lock);
	bool taken = sound && log->writable && !log->writer_ended;
	if (taken) {
		stamp(log, append, latest, false);
		bool idle = log->first == NULL;
		if (idle)
			log->first = append;
		else
			log->last->next = append;
		log->last = append;
		if (idle)
			pthread_cond_signal(&log->work);
	} else {
		log->refused++;
	}
	pthread_mutex_unlock(&log->lock);
	if (!taken)
		append->done(append);
}

/* the writer's thread */

/* Takes from the queue what one batch may hold, and always one append. Under lock. */
static struct audit_append *take(struct audit_log *log, size_t *count)
{
	struct audit_append *list = log->first, *end = list;
	size_t bytes = list->batch->leaves.len;
	*count = 1;
	while (end->next && bytes + end->next->batch->leaves.len <= AUDIT_GROUP_BYTES) {
		end = end->next;
		bytes += end->batch->leaves.len;
		++*count;
	}
	log->first = end->next;
	end->next = NULL;
	return list;
}

/* A segment that is ready for a batch of this size: the spare, or one made now. */
static bool get_spare(struct audit_log *log, size_t payload, struct audit_spare *spare)
{
	uint64_t need = SEGMENT_HEADER + audit_batch_size(payload);
	*spare = (struct audit_spare){.fd = -1};
	pthread_mutex_lock(&log->lock);
	if (log->spare.fd >= 0 && log->spare.size >= need) {
		*spare = log->spare;
		log->spare.fd = -1;
	}
	pthread_cond_signal(&log->tick); /* the publisher makes the next one */
	pthread_mutex_unlock(&log->lock);
	return spare->fd >= 0 || audit_segment_prepare(&log->place, "segment",
						       need > log->segment_bytes ? need : log->segment_bytes,
						       0, spare, &log->trouble);
}

static void set_durable(struct audit_log *log, uint64_t durable)
{
	pthread_mutex_lock(&log->lock);
	log->durable = durable;
	log->syncs++;
	pthread_mutex_unlock(&log->lock);
}

static bool sync_segment(struct audit_log *log)
{
	struct audit_segment *segment = &log->found.segment;
	if (!audit_segment_sync(&log->place, segment, &log->trouble))
		return false;
	set_durable(log, segment->next);
	return true;
}

static bool roll(struct audit_log *log, size_t payload)
{
	struct audit_segment *old = &log->found.segment, made;
	struct audit_spare spare;
	/* All of a segment is durable before there is a next one: so only the last can be torn. */
	if (log->durability == AUDIT_PROCESS && !sync_segment(log))
		return false;
	if (!get_spare(log, payload, &spare))
		return false;
	bool good = audit_segment_begin(&log->place, &spare, old->head.sequence + 1, old->next, &made,
					&log->trouble);
	if (good && !audit_segment_publish(&log->place, &made, spare.temp, &log->trouble)) {
		audit_segment_close(&made);
		good = false;
	}
	if (!good)
		return false;
	made.frame = old->frame;
	old->frame = (struct buf){0};
	audit_segment_close(old);
	*old = made;
	return true;
}

/* Makes one batch of a list and brings it to the disk as configured. */
static bool write_batch(struct audit_log *log, const struct audit_append *list, size_t count)
{
	size_t payload = 0, entries = 0, runs = 0;
	if (count > log->run_cap) {
		struct bytes *grown = realloc(log->run, count * sizeof *grown);
		if (!grown)
			return err_set(&log->trouble, "memory is short for a batch of %zu appends", count);
		log->run = grown;
		log->run_cap = count;
	}
	for (const struct audit_append *a = list; a; a = a->next) {
		log->run[runs++] = buf_bytes(&a->batch->leaves);
		payload += a->batch->leaves.len;
		entries += a->batch->count;
	}
	struct audit_segment *segment = &log->found.segment;
	if (!audit_segment_fits(segment, payload) && !roll(log, payload))
		return false;
	return audit_segment_write(&log->place, segment, (uint32_t)entries, log->run, runs, &log->trouble) &&
	       (log->durability == AUDIT_PROCESS || sync_segment(log));
}

static void answer(struct audit_log *log, struct audit_append *list, bool durable)
{
	int64_t now = audit_monotonic_ns();
	uint64_t index, bytes = 0, count = 0, took = 0;
	pthread_mutex_lock(&log->lock);
	index = log->acknowledged;
	for (struct audit_append *a = list; a; a = a->next) {
		a->durable = durable;
		a->first_index = durable ? index : 0;
		a->origin = log->origin[log->origins - 1];
		a->epoch = log->found.number;
		index += a->batch->count;
		bytes += a->batch->leaves.len;
		took += (uint64_t)(now - a->queued_ns);
		count++;
	}
	if (durable) {
		log->acknowledged = index;
		log->bytes += bytes;
		log->append_count += count;
		log->append_ns_sum += took;
		int64_t *since = log->publishing ? &log->fresh_ns : &log->waiting_ns;
		*since = *since ? *since : now;
	} else {
		log->refused += count;
	}
	pthread_mutex_unlock(&log->lock);
	while (list) {
		struct audit_append *a = list;
		list = a->next; /* done may free it */
		a->done(a);
	}
}

/* The segment has failed: nothing more is written to it, and nobody is told that his entry is safe. */
static void fail(struct audit_log *log, struct audit_append *list)
{
	struct audit_append *queue;
	audit_segment_close(&log->found.segment);
	pthread_mutex_lock(&log->lock);
	bool first = log->writable;
	log->writable = false;
	snprintf(log->why, sizeof log->why, "%.*s", (int)sizeof log->why - 1, log->trouble.text);
	queue = log->first;
	log->first = NULL;
	if (first)
		log->refused = 0;
	pthread_mutex_unlock(&log->lock);
	if (first)
		audit_log_talk(
			log, 'e',
			"%s: the log cannot be written: %s; what needs an entry is refused until it can, "
			"tried every second",
			log->directory, log->trouble.text);
	answer(log, list, false);
	answer(log, queue, false);
}

/* A new segment begins after what is known to be safe. With durability `process`, entries were acknowledged
 * that the failed file may not hold: they are read back from memory's copy of it and written again. */
static bool begin_again(struct audit_log *log)
{
	struct audit_journal *journal = NULL;
	struct audit_segment *segment = &log->found.segment;
	pthread_mutex_lock(&log->lock);
	uint64_t from = log->durable, to = log->acknowledged;
	pthread_mutex_unlock(&log->lock);
	if (from < to && audit_journal_open(log->place.epoch, &log->place.log, &journal, &log->trouble) !=
				 AUDIT_JOURNAL_BATCH)
		return false;
	struct audit_rewrite rewrite = {
		.place = &log->place,
		.journal = journal,
		.from = from,
		.to = to,
		.sequence = segment->head.sequence + 1,
		.room = log->segment_bytes - SEGMENT_HEADER,
	};
	bool good = audit_rewrite(&rewrite, segment, &log->trouble);
	audit_journal_close(journal);
	if (!good) {
		/* The name may be taken already; the next try must come after it. */
		segment->head.sequence++;
		return false;
	}
	set_durable(log, to);
	return true;
}

static void nothing(struct audit_append *append)
{
	(void)append;
}

/* The writer's own entries, out of turn. */
static bool write_own(struct audit_log *log, struct audit_batch *batch)
{
	struct audit_append append = {.batch = batch, .done = nothing, .queued_ns = audit_monotonic_ns()};
	pthread_mutex_lock(&log->lock);
	stamp(log, &append, 0, true);
	pthread_mutex_unlock(&log->lock);
	if (!write_batch(log, &append, 1))
		return false;
	answer(log, &append, true);
	return true;
}

/* The first entries of a new epoch, before anything else. */
static bool write_opening(struct audit_log *log)
{
	if (!write_own(log, &log->opening))
		return false;
	audit_batch_done(&log->opening);
	pthread_mutex_lock(&log->lock);
	log->change = CHANGE_NONE;
	pthread_mutex_unlock(&log->lock);
	return true;
}

static bool report_failure(struct audit_log *log, uint64_t refused, const char *why)
{
	struct audit_batch batch = {0};
	const struct audit_entry_failure failure = {"audit", "closed", refused, bytes_of(why)};
	const struct audit_entry_recovery recovery = {.reason = bytes_of(why)};
	int64_t now = audit_log_now(log);
	bool good = (audit_entry_failure(&batch, now, &failure) &&
		     audit_entry_recovery(&batch, now, &recovery)) ||
		    err_set(&log->trouble, "memory is short");
	good = good && write_own(log, &batch);
	audit_batch_done(&batch);
	return good;
}

/* Writes `failure` and `recovery` as the first entries of the new segment; then the log is writable. */
static bool come_back(struct audit_log *log)
{
	if (!begin_again(log))
		return false;
	pthread_mutex_lock(&log->lock);
	uint64_t refused = log->refused;
	bool opening = log->change == CHANGE_OPEN;
	char why[sizeof log->why];
	memcpy(why, log->why, sizeof why);
	pthread_mutex_unlock(&log->lock);
	bool good = (!opening || write_opening(log)) && report_failure(log, refused, why);
	if (good) {
		pthread_mutex_lock(&log->lock);
		log->writable = true;
		log->why[0] = '\0';
		log->refused = 0;
		pthread_mutex_unlock(&log->lock);
		audit_log_talk(log, 'w',
			       "%s: the log can be written again; %" PRIu64 " entries were refused meanwhile",
			       log->directory, refused);
	} else {
		audit_segment_close(&log->found.segment);
	}
	return good;
}

/* Ends the epoch with a `close` that names the next one, and waits until the publisher has changed to it, or
 * could not: then this one goes on. */
static bool park(struct audit_log *log)
{
	struct audit_batch batch = {0};
	/* The publisher wrote the name before it asked, and waits. */
	bool good = audit_entry_close(&batch, audit_log_now(log), bytes_of(log->successor)) ||
		    err_set(&log->trouble, "memory is short");
	good = good && write_own(log, &batch) && (log->durability == AUDIT_DISK || sync_segment(log));
	audit_batch_done(&batch);
	pthread_mutex_lock(&log->lock);
	log->change = good ? CHANGE_PARKED : CHANGE_NONE;
	pthread_cond_signal(&log->tick);
	while (log->change == CHANGE_PARKED)
		audit_log_wait(log, &log->work, 0);
	pthread_mutex_unlock(&log->lock);
	return good;
}

/* What the writer does next, decided under lock. */
enum duty { WRITE, SYNC, COME_BACK, PARK, OPEN, END };

static enum duty next_duty(struct audit_log *log, int64_t *retry_ns, int64_t *sync_ns)
{
	for (;;) {
		int64_t now = audit_monotonic_ns(), until = 0;
		if (log->change == CHANGE_WANTED && !log->writable) {
			log->change = CHANGE_NONE;
			pthread_cond_signal(&log->tick);
		}
		if (log->change == CHANGE_WANTED && log->writable)
			return PARK;
		if (log->change == CHANGE_OPEN && log->writable)
			return OPEN;
		if (log->first)
			return WRITE;
		bool unsynced = log->writable && log->durable < log->acknowledged;
		if (unsynced && (log->stopping || now >= *sync_ns)) {
			*sync_ns = now + log->publish_ns;
			return SYNC;
		}
		if (log->stopping)
			return END;
		if (!log->writable && now >= *retry_ns) {
			*retry_ns = now + RETRY_MS * (TIME_SECOND / 1000);
			return COME_BACK;
		}
		if (!log->writable)
			until = *retry_ns;
		else if (unsynced)
			until = *sync_ns;
		audit_log_wait(log, &log->work, until);
	}
}

/* False: the segment failed; the appends of `list` are then answered by fail. */
static bool do_duty(struct audit_log *log, enum duty duty, struct audit_append *list, size_t count)
{
	switch (duty) {
	case WRITE:
		if (!write_batch(log, list, count))
			return false;
		answer(log, list, true);
		return true;
	case SYNC:
		return sync_segment(log);
	case PARK:
		return park(log);
	case OPEN:
		return write_opening(log);
	case COME_BACK:
		come_back(log); /* what it could not do is tried again */
		return true;
	case END:
		break;
	}
	return true;
}

void *audit_writer_run(void *arg)
{
	struct audit_log *log = arg;
	int64_t retry_ns = 0, sync_ns = 0;
	for (bool end = false; !end;) {
		struct audit_append *list = NULL;
		size_t count = 0;
		pthread_mutex_lock(&log->lock);
		enum duty duty = next_duty(log, &retry_ns, &sync_ns);
		if (duty == WRITE)
			list = take(log, &count);
		log->writer_ended = end = duty == END;
		pthread_mutex_unlock(&log->lock);
		if (!do_duty(log, duty, list, count)) {
			retry_ns = audit_monotonic_ns() + RETRY_MS * (TIME_SECOND / 1000);
			fail(log, list);
		}
	}
	return NULL;
}
