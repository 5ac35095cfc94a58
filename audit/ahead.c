/* SPDX-License-Identifier: Apache-2.0
 *
 * A ring of slots: the thread fills the one at `filled`, the caller looks at the one before `taken`.
 */
#include "audit/ahead.h"

#include <pthread.h>
#include <stdlib.h>

struct slot {
	struct buf file;
	struct audit_ahead_bundle bundle;
};

struct audit_ahead {
	const struct audit_reader *reader;
	struct audit_hasher hasher;
	uint64_t end; /* the bundle behind the last */
	struct slot slot[AUDIT_AHEAD];
	bool threaded;
	pthread_t thread;

	pthread_mutex_t lock;
	pthread_cond_t moved; /* any of these */
	uint64_t filled;      /* the next bundle that the thread reads */
	uint64_t taken;	      /* the next one that the caller gets; the one before it is in its hands */
	bool stop;
};

static void fill(struct audit_ahead *ahead, uint64_t n)
{
	struct slot *slot = &ahead->slot[n % AUDIT_AHEAD];
	struct audit_ahead_bundle *bundle = &slot->bundle;
	struct bytes rest, entry;
	bundle->n = n;
	bundle->width = audit_reader_width(ahead->reader, n);
	bundle->found = audit_bundle_read(ahead->reader->epoch, n, bundle->width, &slot->file,
					  &bundle->entries, &bundle->exact, &bundle->err);
	if (!bundle->found)
		return;
	rest = bundle->entries;
	for (unsigned i = 0; i < bundle->width && audit_bundle_next(&rest, &entry); i++)
		bundle->leaf[i] = audit_hash_leaf(&ahead->hasher, entry);
}

static void *run(void *ctx)
{
	struct audit_ahead *ahead = ctx;
	pthread_mutex_lock(&ahead->lock);
	while (!ahead->stop && ahead->filled < ahead->end) {
		/* One slot is in the caller's hands. */
		if (ahead->filled - ahead->taken >= AUDIT_AHEAD - 1) {
			pthread_cond_wait(&ahead->moved, &ahead->lock);
			continue;
		}
		uint64_t n = ahead->filled;
		pthread_mutex_unlock(&ahead->lock);
		fill(ahead, n);
		pthread_mutex_lock(&ahead->lock);
		ahead->filled = n + 1;
		pthread_cond_signal(&ahead->moved);
	}
	pthread_mutex_unlock(&ahead->lock);
	return NULL;
}

struct audit_ahead *audit_ahead_new(const struct audit_reader *reader, struct err *err)
{
	struct audit_ahead *ahead = calloc(1, sizeof *ahead);
	if (!ahead) {
		err_set(err, "memory is short");
		return NULL;
	}
	if (!audit_hasher_init(&ahead->hasher, err)) {
		free(ahead);
		return NULL;
	}
	ahead->reader = reader;
	ahead->end = (reader->checkpoint.size + AUDIT_TILE_WIDTH - 1) / AUDIT_TILE_WIDTH;
	while (ahead->taken < ahead->end && audit_reader_bundle_pruned(reader, ahead->taken))
		ahead->taken++;
	ahead->filled = ahead->taken;
	pthread_mutex_init(&ahead->lock, NULL);
	pthread_cond_init(&ahead->moved, NULL);
	/* A log of one bundle needs nobody to run ahead. */
	ahead->threaded =
		ahead->end - ahead->taken > 1 && pthread_create(&ahead->thread, NULL, run, ahead) == 0;
	return ahead;
}

const struct audit_ahead_bundle *audit_ahead_next(struct audit_ahead *ahead)
{
	uint64_t n = ahead->taken;
	if (n >= ahead->end)
		return NULL;
	if (!ahead->threaded) {
		fill(ahead, n);
		ahead->taken = n + 1;
		return &ahead->slot[n % AUDIT_AHEAD].bundle;
	}
	pthread_mutex_lock(&ahead->lock);
	while (ahead->filled <= n)
		pthread_cond_wait(&ahead->moved, &ahead->lock);
	ahead->taken = n + 1;
	pthread_cond_signal(&ahead->moved);
	pthread_mutex_unlock(&ahead->lock);
	return &ahead->slot[n % AUDIT_AHEAD].bundle;
}

void audit_ahead_free(struct audit_ahead *ahead)
{
	if (!ahead)
		return;
	pthread_mutex_lock(&ahead->lock);
	ahead->stop = true;
	pthread_cond_signal(&ahead->moved);
	pthread_mutex_unlock(&ahead->lock);
	if (ahead->threaded)
		pthread_join(ahead->thread, NULL);
	for (size_t i = 0; i < AUDIT_AHEAD; i++)
		buf_done(&ahead->slot[i].file);
	audit_hasher_done(&ahead->hasher);
	pthread_cond_destroy(&ahead->moved);
	pthread_mutex_destroy(&ahead->lock);
	free(ahead);
}
