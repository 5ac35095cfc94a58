/* SPDX-License-Identifier: Apache-2.0
 *
 * History: what each session and user has seen and said. A fold over acknowledged log entries plus the
 * reservations of calls in flight, so that a cap holds across restarts (the log alone proves it) and two
 * concurrent responses never both take the last place.
 *
 *     at start     sidecar_history_catch_up (sidecar/history_catch_up.h): folds what the store has not seen
 *     a call       lock -> rules_decide_frequency -> reserve -> unlock
 *     its entry    acknowledged: sidecar_history_fold of each, then sidecar_history_release
 *                  failed or the call ended: sidecar_history_release alone
 *
 * Subjects are pseudonyms. What was acknowledged sits behind `struct sidecar_store`: in memory (below), or
 * embedded (sidecar/store_lmdb.h). Subjects expire with the longest window that needs them; opt-outs stay.
 */
#ifndef SIDECAR_HISTORY_H
#define SIDECAR_HISTORY_H

#include "audit/entry.h"
#include "proto/arena.h"
#include "rules/history.h"

/* How far a store that lasts over a restart has come in the log. */
struct sidecar_mark {
	uint64_t index;	  /* of the last entry that was folded, with all before it */
	int64_t time_ns;  /* its time: together they tell this log from any other of the same name */
	int64_t since_ns; /* what is older may have been forgotten; INT64_MIN: nothing was */
};

/* The acknowledged part. `read` and `add` of one subject are called under that subject's lock. */
struct sidecar_store {
	/* Events of one subject in order of time, copied into the arena. False: the store failed. */
	bool (*read)(void *ctx, struct bytes subject, struct arena *arena, struct rules_event **event,
		     size_t *count, struct err *err);
	/* Adds one event; the text runs of *event are copied. */
	bool (*add)(void *ctx, struct bytes subject, const struct rules_event *event, struct err *err);
	/* Forgets what is older than before_ns, opt-outs excepted. */
	void (*expire)(void *ctx, int64_t before_ns);
	void (*free)(void *ctx);
	void *ctx;

	/* Stores that last over a restart; NULL in others. */

	/* Everything up to this entry was added. In entry order, from one thread. */
	void (*applied)(void *ctx, uint64_t index, int64_t time_ns);
	/* Writes what was added. False: it cannot be written; `read` fails until a later flush succeeds. */
	bool (*flush)(void *ctx, struct err *err);
	/* Where the contents stand in the log of that origin. False: they are no fold of it; err says why. */
	bool (*standing)(void *ctx, const char *origin, struct sidecar_mark *mark, struct err *err);
	/* Empties the store before a fold from the beginning. Nobody reads meanwhile. */
	bool (*restart)(void *ctx, struct err *err);
	/* From now on the contents are the fold of this log up to the last entry applied. */
	bool (*settle)(void *ctx, const char *origin, struct err *err);
};

/* The store in memory. Returns owned; NULL ctx when memory is short. */
struct sidecar_store sidecar_store_memory(void);

struct sidecar_history;

/* Takes the store. keep_ns: the longest window of the rules in force. NULL when memory is short. */
struct sidecar_history *sidecar_history_new(struct sidecar_store store, int64_t keep_ns);
void sidecar_history_free(struct sidecar_history *history);

/* The store, for catching up; lives as long as the history. */
const struct sidecar_store *sidecar_history_store(const struct sidecar_history *history);

/* What is older than this matters to no rule. */
int64_t sidecar_history_horizon(const struct sidecar_history *history, int64_t now_ns);

/* One acknowledged entry: delivered and signal entries become events of their session and user, all others
 * are ignored. In entry order, from one thread, when the store lasts. Takes the subjects' locks itself. False: the store failed; from then on nothing can be locked,
 * because a history that lacks an event would let a cap be exceeded. */
MUST_USE bool sidecar_history_fold(struct sidecar_history *history, uint64_t index,
				   const struct audit_entry_seen *seen, struct err *err);

/* Up to two subjects locked, in sorted order. Embedded in the caller's frame or object. */
struct sidecar_lease {
	struct sidecar_history *history;
	struct bytes session, user; /* borrowed until unlock */
	size_t shard[2];
	size_t shards;
};

/* Locks and reads both subjects: acknowledged events in order of time, then reservations. An absent or empty
 * pseudonym is a subject without id. *seen lives in the arena. False: the store failed or the arena is full;
 * nothing is locked then. */
MUST_USE bool sidecar_history_lock(struct sidecar_history *history, struct bytes session, struct bytes user,
				   struct arena *arena, struct sidecar_lease *lease,
				   struct rules_history *seen, struct err *err);
void sidecar_history_unlock(struct sidecar_lease *lease);

/* Places held by one call in flight. Zeroed: holds nothing. */
struct sidecar_reservation {
	struct sidecar_history *history;
	struct sidecar_reserved *first; /* owned */
};

/* Reserves one delivered prompt of that kind for both subjects of the lease (which is locked). Its entry will
 * be stamped later than now, so until the release the place counts as taken at any time: in the events it
 * stands last, at a time far ahead. False: memory is short. Called once per prompt. */
MUST_USE bool sidecar_history_reserve(const struct sidecar_lease *lease, enum prompt_kind kind,
				      struct sidecar_reservation *reservation);

/* Ends the reservation: after the entries were folded, or when the call ends without an entry. Takes the
 * subjects' locks itself. Zeroed or released twice is fine. */
void sidecar_history_release(struct sidecar_reservation *reservation);

/* Writes down what a store that lasts still holds in memory; called every second or so from any thread. False:
 * it cannot be written, and nothing can be locked until a later flush succeeds. */
MUST_USE bool sidecar_history_flush(struct sidecar_history *history, struct err *err);

/* What is older than before_ns was left out when it was built. */
void sidecar_history_forgot(struct sidecar_history *history, int64_t before_ns);

/* Rules that look back keep_ns come into force beside those of before. False: what they would look at may have
 * been forgotten, and a cap could be exceeded. On the thread that expires. */
MUST_USE bool sidecar_history_reach(struct sidecar_history *history, int64_t keep_ns, int64_t now_ns,
				    struct err *err);

/* Forgets what no rule can need any more. Called now and then from one thread. */
void sidecar_history_expire(struct sidecar_history *history, int64_t now_ns);

#endif
