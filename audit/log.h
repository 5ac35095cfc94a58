/* SPDX-License-Identifier: Apache-2.0
 *
 * The log as its one writer sees it: entries go in, acknowledgements come back when they are durable as
 * configured, and a publisher makes the C2SP tlog-tiles evidence from what was acknowledged.
 *
 *     log = audit_log_open(&options, &err);      recovers, writes `open` (and `recovery`), starts threads
 *     audit_log_scan(log, 0, see, ctx, &err);    folds what is there into history
 *     audit_log_append(log, &append);            append.done is called on the writer's thread
 *     audit_log_close(log);                      writes `close`, publishes, signs, ends the threads
 *
 * Promises: page "The audit log". A failed write or fdatasync is never acknowledged and never retried on
 * the same file; recovery into a new segment is tried every second; until it succeeds appends fail at once.
 * Success writes `failure` (class "audit", count) and `recovery`.
 *
 * Epochs: when an epoch is full or old enough, the publisher makes the next one, the writer ends this one with a
 * `close` that names it, and goes on there with an `open` that carries what stands (audit/standing.h). Appends
 * wait meanwhile for a last round of publishing; none fails.
 */
#ifndef AUDIT_LOG_H
#define AUDIT_LOG_H

#include "audit/entry.h"

struct audit_log;
struct audit_io;

enum audit_durability {
	AUDIT_DISK,    /* fdatasynced before the acknowledgement */
	AUDIT_PROCESS, /* written to the kernel before the acknowledgement */
};

struct audit_options {
	const char *directory; /* must exist */
	const char *origin;    /* "example.org/reco": the log's origin is <origin>/<identity>/<epoch> */
	const char *identity;  /* pod uid or host name */
	const char
		*key_file; /* Ed25519 seed, Go note form; NULL: one is made in the directory (see `talk`) */
	enum audit_durability durability;
	int64_t publish_ns;	    /* how often the tree is published; at least 10 ms */
	struct bytes configuration; /* for the `open` entry: text without secrets */
	struct bytes versions;	    /* for the `open` entry: a JSON object of library versions */
	struct bytes retain;	    /* the policy as text, for `open`: "forever", "90d" */
	uint64_t seal_entries;	    /* an epoch is sealed when it has so many entries; 0: not for that */
	int64_t seal_ns;	    /* or when it is so old; 0: not for that */
	int64_t retain_ns;	    /* entries of epochs that were sealed so long ago are pruned; 0: never */
	int64_t (*clock)(void *);   /* nanoseconds since 1970; NULL: CLOCK_REALTIME */
	void *clock_ctx;
	/* Words for the operator: recovery, failures, the checkpoint line each minute. May be NULL. Called on
	 * any thread of the log. severity: 'i' information, 'w' warning, 'e' error, 'c' a checkpoint as one
	 * line. */
	void (*talk)(void *ctx, char severity, const char *text);
	void *talk_ctx;
	/* Zero in programs; tests set them. */
	const struct audit_io *io; /* audit/io.h; NULL: the system */
	bool accept_gap;	   /* damage is set aside: rankguard-audit repair alone (audit/repair.h) */
	uint64_t segment_bytes;	   /* of a journal segment; 0: AUDIT_SEGMENT_BYTES */
};

/* Refuses, naming the directory and what would be right: missing, not writable, locked by another process,
 * damaged in the middle, not a log. Returns owned. */
MUST_USE struct audit_log *audit_log_open(const struct audit_options *options, struct err *err);

/* Flushes what was appended, writes `close`, publishes and frees. No append may be in flight or come later.
 * False: not everything could be written; err says what (freed all the same). */
bool audit_log_close(struct audit_log *log, struct err *err);

/* The log's clock: max(clock, last time given or stamped). Never runs backwards. Thread: any. */
int64_t audit_log_now(struct audit_log *log);

/* One append: all entries of the batch are acknowledged together, with consecutive indices. Embedded in the
 * caller's object; the caller keeps it alive and untouched until `done`. */
struct audit_append {
	struct audit_batch *batch;		   /* borrowed until done */
	void (*done)(struct audit_append *append); /* called once, on the writer's thread (or by append itself
						      when it fails at once); must not block */
	/* written before done: */
	bool durable;		   /* false: it was not acknowledged, and nothing of it is in the log when the
				      log can be written again; only if the process ends before that, a
				      restart may find its bytes whole and keep them */
	uint64_t first_index;	   /* of the batch's first entry */
	const char *origin;	   /* of the log (epoch) that it stands in; lives as long as the log */
	unsigned epoch;		   /* its number */
	int64_t time_ns;	   /* the time stamped into every entry of the batch */
	struct audit_append *next; /* the log's */
	int64_t queued_ns;	   /* the log's */
};

/* Takes the batch for writing. Every entry's time is raised to the log's clock in place, so that times
 * never run backwards in index order. Thread: any. Never blocks on the disk. */
void audit_log_append(struct audit_log *log, struct audit_append *append);

/* Appends and waits: for programs' own entries, never on a call's thread. False: not durable. */
MUST_USE bool audit_log_append_wait(struct audit_log *log, struct audit_batch *batch, uint64_t *first_index,
				    struct err *err);

/* Every entry of the directory's epochs in order from the place `from` (audit_place; 0: all), up to what was
 * acknowledged when the call began, published or still in the journal. Entries that were pruned are passed over.
 * see returns false to end early. Returns false on damage or when an entry of the current epoch cannot be read. */
MUST_USE bool audit_log_scan(struct audit_log *log, uint64_t from,
			     bool (*see)(void *ctx, uint64_t place, struct bytes leaf), void *ctx,
			     struct err *err);

struct audit_log_state {
	char origin[256];
	unsigned epoch;			      /* its number */
	uint64_t end;			      /* place of the entry that comes next */
	bool writable;			      /* appends are being acknowledged */
	char why[256];			      /* when not writable: the reason */
	uint64_t size;			      /* entries acknowledged */
	uint64_t published;		      /* entries under the signed checkpoint */
	uint64_t bytes;			      /* of acknowledged entries since open */
	uint64_t syncs;			      /* fdatasync calls since open */
	uint64_t append_count, append_ns_sum; /* from append to done */
	int64_t publish_lag_ns; /* age of the oldest acknowledged entry that is not published; 0 when none */
};
/* Appends the note that was signed last to `note`; false: there is none yet, or memory is short. Thread: any. */
MUST_USE bool audit_log_checkpoint(struct audit_log *log, struct buf *note);

/* A snapshot. Thread: any. */
void audit_log_state(struct audit_log *log, struct audit_log_state *state);

#endif
