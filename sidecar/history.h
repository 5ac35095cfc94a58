/* SPDX-License-Identifier: Apache-2.0
 *
 * History: what each session and user has seen and said. A fold over acknowledged log entries plus the
 * reservations of calls in flight, so that a cap holds across restarts (the log alone proves it) and two
 * concurrent responses never both take the last place.
 *
 *     at start     for each entry of the log: sidecar_history_fold
 *     a call       lock -> rules_decide_frequency -> reserve -> unlock
 *     its entry    acknowledged: sidecar_history_fold of each, then sidecar_history_release
 *                  failed or the call ended: sidecar_history_release alone
 *
 * Subjects are pseudonyms. What was acknowledged sits behind `struct sidecar_store`; the store in memory is
 * the first, LMDB takes the same place later. Subjects expire with the longest window that needs them;
 * opt-outs stay.
 */
#ifndef SIDECAR_HISTORY_H
#define SIDECAR_HISTORY_H

#include "audit/entry.h"
#include "proto/arena.h"
#include "rules/history.h"

/* The acknowledged part. All calls for one subject are made under that subject's lock. */
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
};

/* The store in memory. Returns owned; NULL ctx when memory is short. */
struct sidecar_store sidecar_store_memory(void);

struct sidecar_history;

/* Takes the store. keep_ns: the longest window of the rules in force. NULL when memory is short. */
struct sidecar_history *sidecar_history_new(struct sidecar_store store, int64_t keep_ns);
void sidecar_history_free(struct sidecar_history *history);

/* One acknowledged entry: delivered and signal entries become events of their session and user, all others
 * are ignored. Takes the subjects' locks itself. False: the store failed; from then on nothing can be locked,
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

/* Forgets what no rule can need any more. Called now and then from any thread. */
void sidecar_history_expire(struct sidecar_history *history, int64_t now_ns);

#endif
