/* SPDX-License-Identifier: Apache-2.0
 *
 * Locks are striped: a subject's shard is a hash of its pseudonym, and the shard's mutex is the lock of all
 * its subjects. A lease takes at most two, the smaller first, so that no two leases wait for each other.
 * Reservations hang in a list of their shard; a shard has few, since each belongs to a call in flight.
 */
#include "sidecar/history.h"

#include "sidecar/history_hash.h"
#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { SHARDS = 256 };

/* One reserved place of one subject. It hangs in two lists: its shard's and its reservation's. */
struct sidecar_reserved {
	struct sidecar_reserved *next_of_call;
	struct sidecar_reserved *next, **link; /* link: what points to this one in the shard */
	size_t shard;
	enum prompt_kind kind;
	size_t subject_len;
	char subject[];
};

struct history_shard {
	_Alignas(64) pthread_mutex_t lock;
	struct sidecar_reserved *reserved; /* newest first */
};

struct sidecar_history {
	struct sidecar_store store;
	int64_t keep_ns;	   /* the thread that expires */
	int64_t forgot_ns;	   /* what is older may have been forgotten; INT64_MIN: nothing was */
	_Atomic int64_t oldest_ns; /* of the events folded so far; INT64_MAX: none */
	atomic_bool lost; /* an acknowledged event could not be added: what is read would be too little */
	struct history_shard shard[SHARDS];
};

struct sidecar_history *sidecar_history_new(struct sidecar_store store, int64_t keep_ns)
{
	struct sidecar_history *history =
		store.ctx ? aligned_alloc(_Alignof(struct sidecar_history), sizeof *history) : NULL;
	if (!history) {
		if (store.ctx)
			store.free(store.ctx);
		return NULL;
	}
	history->store = store;
	history->keep_ns = keep_ns;
	history->forgot_ns = INT64_MIN;
	atomic_init(&history->oldest_ns, INT64_MAX);
	atomic_init(&history->lost, false);
	for (size_t i = 0; i < SHARDS; i++) {
		pthread_mutex_init(&history->shard[i].lock, NULL);
		history->shard[i].reserved = NULL;
	}
	return history;
}

void sidecar_history_free(struct sidecar_history *history)
{
	if (!history)
		return;
	for (size_t i = 0; i < SHARDS; i++) {
		assert(!history->shard[i].reserved); /* every call ends before its history */
		pthread_mutex_destroy(&history->shard[i].lock);
	}
	history->store.free(history->store.ctx);
	free(history);
}

static size_t shard_of(struct bytes subject)
{
	return history_hash(subject) % SHARDS;
}

/* The subjects that have an id, each once: 0 to 2. */
static size_t known_subjects(struct bytes session, struct bytes user, struct bytes subject[2])
{
	size_t count = 0;
	if (session.len)
		subject[count++] = session;
	if (user.len && !bytes_equal(user, session))
		subject[count++] = user;
	return count;
}

/* The lease's shards, sorted and each once; then all locked. */
static void take_locks(struct sidecar_history *history, struct bytes session, struct bytes user,
		       struct sidecar_lease *lease)
{
	*lease = (struct sidecar_lease){.history = history, .session = session, .user = user};
	struct bytes subject[2];
	size_t subjects = known_subjects(session, user, subject);
	for (size_t i = 0; i < subjects; i++)
		lease->shard[lease->shards++] = shard_of(subject[i]);
	if (lease->shards == 2 && lease->shard[0] == lease->shard[1])
		lease->shards = 1;
	if (lease->shards == 2 && lease->shard[0] > lease->shard[1]) {
		size_t larger = lease->shard[0];
		lease->shard[0] = lease->shard[1];
		lease->shard[1] = larger;
	}
	for (size_t i = 0; i < lease->shards; i++)
		pthread_mutex_lock(&history->shard[lease->shard[i]].lock);
}

void sidecar_history_unlock(struct sidecar_lease *lease)
{
	while (lease->shards > 0)
		pthread_mutex_unlock(&lease->history->shard[lease->shard[--lease->shards]].lock);
}

static bool same_subject(const struct sidecar_reserved *reserved, struct bytes subject)
{
	return bytes_equal((struct bytes){reserved->subject, reserved->subject_len}, subject);
}

/* Year 2116: later than any now, and far enough from INT64_MAX that a window may be added. A call may last
 * longer than a window: with the time of its decision the place would be forgotten before its entry comes. */
#define RESERVED_TIME_NS (INT64_MAX / 2)

static struct rules_event reserved_event(const struct sidecar_reserved *reserved)
{
	return (struct rules_event){.time_ns = RESERVED_TIME_NS,
				    .entry = RULES_EVENT_RESERVED,
				    .type = RULES_EVENT_DELIVERED,
				    .prompt = reserved->kind};
}

/* Acknowledged events and reservations of one subject; its lock is held. */
static bool read_subject(struct sidecar_history *history, struct bytes subject, struct arena *arena,
			 struct rules_history_subject *seen, struct err *err)
{
	struct rules_event *acknowledged = NULL;
	size_t count = 0, more = 0;
	if (!subject.len) {
		*seen = (struct rules_history_subject){0};
		return true;
	}
	if (!history->store.read(history->store.ctx, subject, arena, &acknowledged, &count, err))
		return false;
	const struct sidecar_reserved *first = history->shard[shard_of(subject)].reserved;
	for (const struct sidecar_reserved *r = first; r; r = r->next)
		more += same_subject(r, subject);
	struct rules_event *event = acknowledged;
	if (more) {
		event = arena_array(arena, count + more, sizeof *event);
		if (!event)
			return err_set(err, "history: the call's memory is full");
		if (count)
			memcpy(event, acknowledged, count * sizeof *event);
	}
	for (const struct sidecar_reserved *r = first; r; r = r->next)
		if (same_subject(r, subject))
			event[count++] = reserved_event(r);
	*seen = (struct rules_history_subject){.known = true, .event = event, .count = count};
	return true;
}

bool sidecar_history_lock(struct sidecar_history *history, struct bytes session, struct bytes user,
			  struct arena *arena, struct sidecar_lease *lease, struct rules_history *seen,
			  struct err *err)
{
	struct rules_history found;
	if (atomic_load_explicit(&history->lost, memory_order_relaxed))
		return err_set(err,
			       "history: an event was lost; restart, so that it is rebuilt from the log");
	take_locks(history, session, user, lease);
	if (!read_subject(history, session, arena, &found.session, err) ||
	    !read_subject(history, user, arena, &found.user, err)) {
		sidecar_history_unlock(lease);
		return false;
	}
	*seen = found;
	return true;
}

/* The shard's lock is held. */
static struct sidecar_reserved *reserve_one(struct sidecar_history *history, struct bytes subject,
					    enum prompt_kind kind)
{
	struct sidecar_reserved *reserved = malloc(sizeof *reserved + subject.len);
	if (!reserved)
		return NULL;
	size_t at = shard_of(subject);
	struct history_shard *shard = &history->shard[at];
	*reserved = (struct sidecar_reserved){
		.next = shard->reserved,
		.link = &shard->reserved,
		.shard = at,
		.kind = kind,
		.subject_len = subject.len,
	};
	memcpy(reserved->subject, subject.at, subject.len);
	if (shard->reserved)
		shard->reserved->link = &reserved->next;
	shard->reserved = reserved;
	return reserved;
}

/* The shard's lock is held. */
static void drop_one(struct sidecar_reserved *reserved)
{
	*reserved->link = reserved->next;
	if (reserved->next)
		reserved->next->link = reserved->link;
	free(reserved);
}

bool sidecar_history_reserve(const struct sidecar_lease *lease, enum prompt_kind kind,
			     struct sidecar_reservation *reservation)
{
	struct bytes subject[2];
	struct sidecar_reserved *made[2] = {NULL, NULL};
	size_t subjects = known_subjects(lease->session, lease->user, subject);
	for (size_t i = 0; i < subjects; i++) {
		made[i] = reserve_one(lease->history, subject[i], kind);
		if (!made[i]) {
			if (i)
				drop_one(made[0]);
			return false;
		}
	}
	reservation->history = lease->history;
	for (size_t i = 0; i < subjects; i++) {
		made[i]->next_of_call = reservation->first;
		reservation->first = made[i];
	}
	return true;
}

void sidecar_history_release(struct sidecar_reservation *reservation)
{
	while (reservation->first) {
		struct sidecar_reserved *reserved = reservation->first;
		reservation->first = reserved->next_of_call;
		pthread_mutex_t *lock = &reservation->history->shard[reserved->shard].lock;
		pthread_mutex_lock(lock);
		drop_one(reserved);
		pthread_mutex_unlock(lock);
	}
}

/* False: the entry is of no interest to history. */
static bool event_of(const struct audit_entry_seen *seen, uint64_t index, struct rules_event *event)
{
	*event = (struct rules_event){
		.time_ns = seen->time_ns,
		.entry = index,
		.prompt_id = seen->prompt_id,
		.item = seen->item,
		.category = seen->category,
	};
	bool delivered = bytes_equal(seen->type, BYTES_LITERAL("delivered"));
	event->type = delivered ? RULES_EVENT_DELIVERED : RULES_EVENT_SIGNAL;
	if (delivered && seen->kind.len)
		event->prompt = prompt_kind_named(seen->kind);
	if (!delivered && seen->kind.len)
		event->signal = signal_kind_named(seen->kind);
	return delivered || bytes_equal(seen->type, BYTES_LITERAL("signal"));
}

static bool add_event(struct sidecar_history *history, const struct audit_entry_seen *seen,
		      const struct rules_event *event, struct err *err)
{
	struct sidecar_lease lease;
	struct bytes subject[2];
	size_t subjects = known_subjects(seen->session, seen->user, subject);
	bool good = true;
	take_locks(history, seen->session, seen->user, &lease);
	for (size_t i = 0; i < subjects && good; i++)
		good = history->store.add(history->store.ctx, subject[i], event, err);
	if (!good)
		atomic_store(&history->lost, true);
	sidecar_history_unlock(&lease);
	return good;
}

/* After a lost event nothing is applied any more: a restart resumes before it. */
bool sidecar_history_fold(struct sidecar_history *history, uint64_t index,
			  const struct audit_entry_seen *seen, struct err *err)
{
	struct rules_event event;
	bool matters = event_of(seen, index, &event);
	if (matters && !add_event(history, seen, &event, err))
		return false;
	if (matters && event.time_ns < atomic_load_explicit(&history->oldest_ns, memory_order_relaxed))
		atomic_store_explicit(&history->oldest_ns, event.time_ns, memory_order_relaxed);
	if (history->store.applied && !atomic_load_explicit(&history->lost, memory_order_relaxed))
		history->store.applied(history->store.ctx, index, seen->time_ns);
	return true;
}

const struct sidecar_store *sidecar_history_store(const struct sidecar_history *history)
{
	return &history->store;
}

int64_t sidecar_history_horizon(const struct sidecar_history *history, int64_t now_ns)
{
	return now_ns - history->keep_ns;
}

bool sidecar_history_flush(struct sidecar_history *history, struct err *err)
{
	return !history->store.flush || history->store.flush(history->store.ctx, err);
}

void sidecar_history_expire(struct sidecar_history *history, int64_t now_ns)
{
	int64_t before = sidecar_history_horizon(history, now_ns);
	if (atomic_load_explicit(&history->oldest_ns, memory_order_relaxed) < before)
		sidecar_history_forgot(history, before);
	history->store.expire(history->store.ctx, before);
}

void sidecar_history_forgot(struct sidecar_history *history, int64_t before_ns)
{
	if (history->forgot_ns < before_ns)
		history->forgot_ns = before_ns;
}

bool sidecar_history_reach(struct sidecar_history *history, int64_t keep_ns, int64_t now_ns, struct err *err)
{
	if (keep_ns <= history->keep_ns)
		return true;
	if (now_ns - keep_ns < history->forgot_ns)
		return err_set(err,
			       "history: rules look further back now (%" PRId64
			       " s) than it was kept (%" PRId64
			       " s); restart to use them: a start rebuilds it from the log",
			       keep_ns / TIME_SECOND, history->keep_ns / TIME_SECOND);
	history->keep_ns = keep_ns;
	return true;
}
