/* SPDX-License-Identifier: Apache-2.0
 *
 * What the log's files share: log.c opens and closes, opening.c makes the first entries, append.c is the queue and
 * the writer's thread, publisher.c is the publisher's thread, which also seals (seal.c) and prunes (prune.c).
 *
 * The writer owns the segment; the publisher owns the tree. Everything that both or callers touch stands
 * under `lock`, which is never held over a call to the disk.
 */
#ifndef AUDIT_LOG_INSIDE_H
#define AUDIT_LOG_INSIDE_H

#include "audit/log.h"
#include "audit/publish.h"
#include "audit/recover.h"
#include "audit/standing.h"
#include <pthread.h>

/* The change to the next epoch. The publisher moves from NONE to WANTED and from PARKED on, the writer the rest. */
enum audit_change {
	CHANGE_NONE,
	CHANGE_WANTED, /* the next epoch is made; the writer is to end this one */
	CHANGE_PARKED, /* it did, and waits; whatever it owns is the publisher's */
	CHANGE_OPEN,   /* the new epoch is in place; its first entries are in `opening` */
};

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
	struct buf configuration, versions, retain;		     /* for `open` */
	char base[AUDIT_NAME_MAX + 1], identity[AUDIT_NAME_MAX + 1]; /* origin without them and the epoch */
	uint64_t seal_entries;
	int64_t seal_ns, retain_ns;

	/* of the epoch at hand; changed by the publisher while the writer is parked, under lock */
	struct audit_recovered found; /* segment: the writer's */
	struct audit_segment_place place;
	char **origin; /* owned: of this epoch last, and of all before it, which receipts may still name */
	size_t origins;

	/* the writer's */
	struct bytes *run; /* scratch: the payloads of one batch */
	size_t run_cap;
	struct err trouble;

	/* the publisher's */
	struct audit_publisher publisher;
	unsigned spares;		/* made so far */
	int64_t line_ns;		/* when the last checkpoint line was said; monotonic */
	char complaint[256];		/* said last, so that it is not said each second */
	struct audit_standing standing; /* of the entries below `folded` */
	uint64_t folded;
	int64_t seal_again_ns, prune_again_ns; /* not before; monotonic */
	int sealed; /* the epoch before, whose journal goes when this one has a checkpoint; -1: none */

	pthread_mutex_t lock;
	pthread_cond_t work, tick; /* wake the writer, the publisher */
	pthread_t writer, publisher_thread;
	bool lock_made, work_made, tick_made, writer_runs, publisher_runs;

	/* under lock */
	bool stopping, writer_ended;
	enum audit_change change;
	char successor[AUDIT_NAME_MAX + 1]; /* origin of the next epoch while change is WANTED */
	struct audit_batch opening;	    /* the writer's while change is OPEN */
	struct audit_append *first, *last;  /* the queue, in index order */
	int64_t last_ns;		    /* given or stamped last */
	int64_t second;			    /* whose text stands in `text` */
	char text[TIME_TEXT_LEN + 1];
	struct audit_spare spare;
	bool writable;
	char why[256];
	uint64_t refused;      /* appends that failed since `writable` ended */
	uint64_t acknowledged; /* entries */
	uint64_t durable;      /* entries that a power cut cannot take: what may be signed */
	uint64_t published;
	uint64_t bytes, syncs, append_count, append_ns_sum;
	struct buf note; /* the checkpoint signed last, for whoever asks */
	bool publishing;
	int64_t waiting_ns,
		fresh_ns; /* when the oldest unpublished entry was acknowledged: before, and since,
					 the round at work began; 0: none */
};

/* The first entries of a run: `open`, with `standing` what it carries (NULL: it carries nothing), and `gap` and
 * `recovery` where there is something to say. *unclean: there is a recovery. */
MUST_USE bool audit_opening(struct audit_log *log, const struct audit_recovered *found,
			    const struct audit_standing *standing, struct audit_batch *batch, bool *unclean,
			    struct err *err);

/* Why this run had to recover. */
const char *audit_opening_reason(const struct audit_recovered *found);

/* Of a new epoch that recovery began: folds the one before. */
MUST_USE bool audit_opening_fold(struct audit_log *log, struct audit_standing *standing, struct err *err);

MUST_USE bool audit_log_publisher_new(const struct audit_log *log, const struct audit_recovered *found,
				      struct audit_publisher *publisher, struct err *err);
MUST_USE bool audit_log_add_origin(struct audit_log *log, const char *origin);

/* The publisher's thread: publishes what is durable. */
MUST_USE bool audit_log_publish(struct audit_log *log, struct err *err);

/* Once a round: seals the epoch when that is due. */
MUST_USE bool audit_log_seal(struct audit_log *log, struct err *err);

/* Once a round: prunes one epoch, when one is due; looks for one at most once a minute. */
MUST_USE bool audit_log_prune(struct audit_log *log, struct err *err);

void *audit_writer_run(void *log);
void *audit_publisher_run(void *log);

int64_t audit_monotonic_ns(void);

/* Waits on a condition of the log until a monotonic time; 0 waits without end. */
void audit_log_wait(struct audit_log *log, pthread_cond_t *cond, int64_t until_ns);

__attribute__((format(printf, 3, 4))) void audit_log_talk(const struct audit_log *log, char severity,
							  const char *format, ...);

#endif
