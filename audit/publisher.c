/* SPDX-License-Identifier: Apache-2.0
 *
 * The publisher's thread: every publish interval it signs what is durable, removes journal segments that are no
 * longer needed, and keeps one spare segment ready. Once a minute and at the end it says the checkpoint. It also
 * seals epochs and prunes sealed ones.
 */
#include "audit/log_inside.h"

#include <stdio.h>

/* Says what is wrong once, and again when it is something else. */
static void complain(struct audit_log *log, const struct err *err)
{
	if (strncmp(log->complaint, err->text, sizeof log->complaint - 1) == 0)
		return;
	snprintf(log->complaint, sizeof log->complaint, "%.*s", (int)sizeof log->complaint - 1, err->text);
	audit_log_talk(log, 'w', "%s: %s; tried again every publish interval", log->directory, err->text);
}

bool audit_log_publish(struct audit_log *log, struct err *err)
{
	pthread_mutex_lock(&log->lock);
	uint64_t to = log->durable;
	bool needed = to > log->published;
	log->publishing = needed;
	pthread_mutex_unlock(&log->lock);
	if (!needed)
		return true;
	bool good = audit_publish(&log->publisher, to, err);
	pthread_mutex_lock(&log->lock);
	log->publishing = false;
	if (good) {
		log->published = to;
		log->waiting_ns = log->fresh_ns;
		buf_clear(&log->note);
		buf_add_bytes(&log->note, buf_bytes(&log->publisher.note));
	} else if (!log->waiting_ns) {
		log->waiting_ns = log->fresh_ns;
	}
	/* With durability `process` more may be acknowledged than durable: then some wait since before. */
	if (log->published < log->acknowledged && !log->waiting_ns)
		log->waiting_ns = audit_monotonic_ns();
	log->fresh_ns = 0;
	pthread_mutex_unlock(&log->lock);
	if (good)
		audit_publish_prune(log->place.io, log->place.epoch, to);
	return good;
}

static bool refill_spare(struct audit_log *log, struct err *err)
{
	struct audit_spare made;
	char name[24];
	pthread_mutex_lock(&log->lock);
	bool needed = log->spare.fd < 0 && log->writable && !log->stopping;
	pthread_mutex_unlock(&log->lock);
	if (!needed)
		return true;
	/* A name of its own: the writer may still be renaming the one before. */
	snprintf(name, sizeof name, "spare-%u", ++log->spares);
	if (!audit_segment_prepare(&log->place, name, log->segment_bytes, 0, &made, err))
		return false;
	pthread_mutex_lock(&log->lock);
	log->spare = made;
	pthread_mutex_unlock(&log->lock);
	return true;
}

static void say_checkpoint(struct audit_log *log)
{
	struct buf line = {0};
	if (log->publisher.note.len > 0 &&
	    audit_checkpoint_line(buf_bytes(&log->publisher.note), &line, NULL))
		audit_log_talk(log, 'c', "%.*s", BYTES_ARG(buf_bytes(&line)));
	buf_done(&line);
}

static void round_of_work(struct audit_log *log, bool last)
{
	struct err err;
	int64_t now = audit_monotonic_ns();
	bool good = audit_log_publish(log, &err);
	if (good)
		good = refill_spare(log, &err);
	if (good && !last)
		good = audit_log_seal(log, &err) && audit_log_prune(log, &err);
	if (good)
		log->complaint[0] = '\0';
	else
		complain(log, &err);
	if (log->publisher.note.len > 0 && (last || log->line_ns == 0 || now - log->line_ns >= TIME_MINUTE)) {
		log->line_ns = now;
		say_checkpoint(log);
	}
}

void *audit_publisher_run(void *arg)
{
	struct audit_log *log = arg;
	int64_t next = audit_monotonic_ns() + log->publish_ns;
	for (bool end = false; !end;) {
		pthread_mutex_lock(&log->lock);
		while (!log->writer_ended && audit_monotonic_ns() < next &&
		       (log->spare.fd >= 0 || log->complaint[0] || !log->writable || log->stopping))
			audit_log_wait(log, &log->tick, next);
		end = log->writer_ended;
		pthread_mutex_unlock(&log->lock);
		if (!end && audit_monotonic_ns() < next) {
			struct err err;
			if (!refill_spare(log, &err))
				complain(log, &err);
			continue;
		}
		next = audit_monotonic_ns() + log->publish_ns;
		round_of_work(log, end);
	}
	return NULL;
}
