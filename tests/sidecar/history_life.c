/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sidecar/history_life.h"

#include "sidecar/history_catch_up.h"
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SESSIONS = 20, USERS = 7 };

static int64_t tell_time(void *ctx)
{
	struct history_life *life = ctx;
	return atomic_fetch_add(life->clock, TIME_SECOND / 50);
}

int history_life_begin(void **state)
{
	struct history_life *life = calloc(1, sizeof *life);
	assert_non_null(life);
	*life = (struct history_life){.boot = "boot-1",
				      .subject_key = "key-1",
				      .identity = "pod-1",
				      .keep_ns = HISTORY_LIFE_KEEP_S * TIME_SECOND,
				      .batch = 16,
				      .seed = 20261123};
	history_folder_make(life->log_folder);
	history_folder_make(life->folder);
	life->clock =
		mmap(NULL, sizeof *life->clock, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(life->clock != MAP_FAILED);
	*life->clock = INT64_C(1763892000) * TIME_SECOND;
	life->said = memfd_create("said", MFD_CLOEXEC);
	assert_true(life->said >= 0);
	*state = life;
	return 0;
}

int history_life_end(void **state)
{
	struct history_life *life = *state;
	history_folder_remove(life->log_folder);
	history_folder_remove(life->folder);
	munmap(life->clock, sizeof *life->clock);
	close(life->said);
	free(life);
	return 0;
}

/* ---- a sidecar that starts and ends ---- */

struct sidecar_store history_life_store(const struct history_life *life, struct err *err)
{
	return sidecar_store_lmdb(&(struct sidecar_store_lmdb_options){.directory = life->folder,
								       .subject_key = life->subject_key,
								       .boot = life->boot,
								       .batch = life->batch,
								       .map_bytes = life->map_bytes},
				  err);
}

void history_life_start_log(struct history_life *life)
{
	struct err err;
	struct audit_options options = {.directory = life->log_folder,
					.origin = "example.org/test",
					.identity = life->identity,
					.durability = AUDIT_PROCESS,
					.publish_ns = TIME_HOUR,
					.configuration = BYTES_LITERAL("none"),
					.versions = BYTES_LITERAL("{}"),
					.retain = BYTES_LITERAL("forever"),
					.clock = tell_time,
					.clock_ctx = life,
					.segment_bytes = 1 << 20};
	life->log = audit_log_open(&options, &err);
	if (!life->log)
		fail_msg("%s", err.text);
}

void history_life_start(struct history_life *life)
{
	struct err err = {""};
	history_life_start_log(life);
	assert_int_equal(ftruncate(life->said, 0), 0);
	lseek(life->said, 0, SEEK_SET);
	life->talk = sidecar_talk_new(life->said, false);
	life->history = sidecar_history_new(history_life_store(life, &err), life->keep_ns);
	if (!life->history || !sidecar_history_catch_up(life->history, life->log, life->talk, &err))
		fail_msg("%s", err.text);
}

void history_life_end_run(struct history_life *life)
{
	struct err err;
	if (!audit_log_close(life->log, &err))
		fail_msg("%s", err.text);
	sidecar_history_free(life->history);
	sidecar_talk_free(life->talk);
	life->history = NULL;
	life->log = NULL;
}

void history_life_assert_said(const struct history_life *life, const char *text)
{
	char said[4096];
	ssize_t len = pread(life->said, said, sizeof said - 1, 0);
	said[len > 0 ? len : 0] = '\0';
	if (!strstr(said, text))
		fail_msg("was not said: %s\nsaid: %s", text, said);
}

/* ---- traffic, as the sidecar makes it: the entry's acknowledgement folds it ---- */

struct sent {
	struct audit_append append;
	struct audit_batch batch;
	struct audit_entry_seen seen;
	struct history_life *life;
	char session[33], user[33], id[33];
	sem_t *slot;
};

static struct bytes subject_name(char text[33], unsigned domain, unsigned number)
{
	snprintf(text, 33, "%08x%08x%016x", domain * 2654435761u, number * 40503u, number);
	return (struct bytes){text, 32};
}

static void acknowledged(struct audit_append *append)
{
	struct sent *sent = (struct sent *)append;
	struct err err;
	assert_true(append->durable);
	sent->seen.time_ns = append->time_ns;
	if (sent->life->forgetful && append->first_index % 5 == 0)
		sent->seen.type = BYTES_LITERAL("forgotten");
	if (!sidecar_history_fold(sent->life->history, append->first_index, &sent->seen, &err))
		fail_msg("%s", err.text);
	sem_post(sent->slot);
}

static void compose(struct sent *sent, unsigned dice, unsigned number)
{
	static const char *const kinds[] = {"dissatisfied", "prompt_dismissed", "opt_out", "opt_in"};
	bool delivered = dice % 3 != 0;
	snprintf(sent->id, sizeof sent->id, "prompt-%u", number);
	sent->seen = (struct audit_entry_seen){
		.type = bytes_of(delivered ? "delivered" : "signal"),
		.session = subject_name(sent->session, 1, dice / 3 % SESSIONS),
		.user = subject_name(sent->user, 2, dice / 64 % USERS),
		.kind = bytes_of(delivered ? "pause" : kinds[dice / 512 % 4]),
		.prompt_id = bytes_of(sent->id),
	};
	if (!delivered && dice / 8192 % 2)
		sent->seen.item = BYTES_LITERAL("an item");
	if (dice / 2048 % 4 == 0)
		sent->seen.user = (struct bytes){0};
	struct audit_entry_delivered prompt = {.method = BYTES_LITERAL("/m"),
					       .session = sent->seen.session,
					       .user = sent->seen.user,
					       .kind = sent->seen.kind.at,
					       .prompt_id = sent->seen.prompt_id};
	struct audit_entry_signal said = {.method = BYTES_LITERAL("/m"),
					  .session = sent->seen.session,
					  .user = sent->seen.user,
					  .kind = sent->seen.kind.at,
					  .item = sent->seen.item,
					  .prompt_id = sent->seen.prompt_id};
	assert_true(delivered ? audit_entry_delivered(&sent->batch, 0, &prompt)
			      : audit_entry_signal(&sent->batch, 0, &said));
}

enum { IN_FLIGHT = 8 };

void history_life_send(struct history_life *life, unsigned count, int told)
{
	struct sent *sent = calloc(IN_FLIGHT, sizeof *sent);
	sem_t slot[IN_FLIGHT];
	for (unsigned i = 0; i < IN_FLIGHT; i++)
		sem_init(&slot[i], 0, 1);
	for (unsigned i = 0; i < count; i++) {
		struct sent *one = &sent[i % IN_FLIGHT];
		struct err err;
		sem_wait(&slot[i % IN_FLIGHT]);
		if (told >= 0 && i >= IN_FLIGHT)
			assert_int_equal(write(told, "a", 1), 1);
		audit_batch_done(&one->batch);
		*one = (struct sent){.life = life, .slot = &slot[i % IN_FLIGHT]};
		one->append = (struct audit_append){.batch = &one->batch, .done = acknowledged};
		unsigned dice = (unsigned)rand_r(&life->seed);
		compose(one, dice, i);
		audit_log_append(life->log, &one->append);
		if (dice % 50 == 0)
			assert_true(sidecar_history_flush(life->history, &err));
		if (dice % 200 == 1)
			sidecar_history_expire(life->history, audit_log_now(life->log));
	}
	for (unsigned i = 0; i < IN_FLIGHT; i++) {
		sem_wait(&slot[i]);
		sem_destroy(&slot[i]);
		audit_batch_done(&sent[i].batch);
	}
	free(sent);
}

/* ---- the oracle ---- */

struct refold {
	struct sidecar_history *history;
	struct buf scratch;
};

static bool refold_one(void *ctx, uint64_t index, struct bytes leaf)
{
	struct refold *refold = ctx;
	struct audit_entry_seen seen;
	struct err err;
	return audit_entry_read(leaf, &refold->scratch, &seen, &err) &&
	       sidecar_history_fold(refold->history, index, &seen, &err);
}

static bool same_events(const struct rules_history_subject *a, const struct rules_history_subject *b)
{
	bool same = a->known == b->known && a->count == b->count;
	for (size_t i = 0; same && i < a->count; i++) {
		const struct rules_event *x = &a->event[i], *y = &b->event[i];
		same = x->time_ns == y->time_ns && x->entry == y->entry && x->type == y->type &&
		       x->prompt == y->prompt && x->signal == y->signal &&
		       bytes_present(x->prompt_id) == bytes_present(y->prompt_id) &&
		       bytes_equal(x->prompt_id, y->prompt_id) && bytes_equal(x->category, y->category) &&
		       bytes_present(x->item) == bytes_present(y->item) && bytes_equal(x->item, y->item);
	}
	return same;
}

bool history_life_like_the_log(struct history_life *life, size_t *events)
{
	struct refold refold = {.history = sidecar_history_new(sidecar_store_memory(), life->keep_ns)};
	struct arena arena;
	struct err err;
	bool same = true;
	int64_t now = audit_log_now(life->log);
	arena_init(&arena, (size_t)1 << 30);
	if (!audit_log_scan(life->log, 0, refold_one, &refold, &err))
		fail_msg("%s", err.text);
	sidecar_history_expire(refold.history, now);
	sidecar_history_expire(life->history, now);
	*events = 0;
	for (unsigned i = 0; i < SESSIONS; i++) {
		char session[33], user[33];
		struct bytes s = subject_name(session, 1, i), u = subject_name(user, 2, i);
		struct rules_history expected = history_look(refold.history, s, u, &arena);
		struct rules_history got = history_look(life->history, s, u, &arena);
		same &= same_events(&got.session, &expected.session) &&
			same_events(&got.user, &expected.user);
		*events += got.session.count + got.user.count;
	}
	buf_done(&refold.scratch);
	sidecar_history_free(refold.history);
	arena_done(&arena);
	return same;
}

void history_life_assert_like_the_log(struct history_life *life)
{
	size_t events;
	assert_true(history_life_like_the_log(life, &events));
	assert_true(events > 0);
}

void history_life_path(const struct history_life *life, const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s", life->folder, name);
}
