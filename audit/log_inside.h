/* SPDX-License-Identifier: Apache-2.0
 *
 * What the log's three files share: log.c opens and closes, append.c is the queue and the writer's thread,
 * publisher.c is the publisher's thread.
 *
 * The writer owns the segment; the publisher owns the tree. Everything that both or callers touch stands
 * under `lock`, which is never held over a call to the disk.
 */
#ifndef AUDIT_LOG_INSIDE_H
#define AUDIT_LOG_INSIDE_H

#include "audit/log.h"
#include "audit/publish.h"
#include "audit/recover.h"
#include <pthread.h>

struct audit_log {
	/* immutable while the threads run */
	char directory[256];
	enum audit_durability durability;
	int64_t publish_ns;
	uint64_t segment_bytes;
	int64_t (*clock)(void *);
	void *clock_ctx;
	void (*talk)(void *, char, const char *);
	void *talk_ctx;
	struct audit_recovered found; /* segment: the writer's from then on */
	struct audit_segment_place place;

	/* the writer's */
	struct bytes *run; /* scratch: the payloads of one batch */
	size_t run_cap;
	struct err trouble;

	/* the publisher's */
	struct audit_publisher publisher;
	unsigned spares;     /* made so far */
	int64_t line_ns;     /* when the last checkpoint line was said; monotonic */
	char complaint[256]; /* said last, so that it is not said each second */

	pthread_mutex_t lock;
	pthread_cond_t work, tick; /* wake the writer, the publisher */
	pthread_t writer, publisher_thread;
	bool lock_made, work_made, tick_made, writer_runs, publisher_runs;

	/* under lock */
	bool stopping, writer_ended;
	struct audit_append *first, *last; /* the queue, in index order */
	int64_t last_ns;		   /* given or stamped last */
	int64_t second;			   /* whose text stands in `text` */
	char text[TIME_TEXT_LEN + 1];
	struct audit_spare spare;
	bool writable;
	char why[256];
	uint64_t refused;      /* appends that failed since `writable` ended */
	uint64_t acknowledged; /* entries */
	uint64_t durable;      /* entries that a power cut cannot take: what may be signed */
	uint64_t published;
	uint64_t bytes, syncs, append_count, append_ns_sum;
	bool publishing;
	int64_t waiting_ns,
		fresh_ns; /* when the oldest unpublished entry was acknowledged: before, and since,
					 the round at work began; 0: none */
};

void *audit_writer_run(void *log);
void *audit_publisher_run(void *log);

int64_t audit_monotonic_ns(void);

/* Waits on a condition of the log until a monotonic time; 0 waits without end. */
void audit_log_wait(struct audit_log *log, pthread_cond_t *cond, int64_t until_ns);

__attribute__((format(printf, 3, 4))) void audit_log_talk(const struct audit_log *log, char severity,
							  const char *format, ...);

#endif
