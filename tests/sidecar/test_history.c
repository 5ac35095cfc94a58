/* SPDX-License-Identifier: Apache-2.0
 *
 * History, over every store: what is folded is what is read; a cap holds between threads; what expires and what
 * stays. The cap's harness counts itself, in a plain list behind one mutex, and has controls that must fail.
 */
#include "tests/sidecar/history_kit.h"

#include "proto/time.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define SESSION BYTES_LITERAL("5e551045e551045e551045e551045e55")
#define USER	BYTES_LITERAL("05e405e405e405e405e405e405e405e4")
#define NOBODY	((struct bytes){NULL, 0})

static struct audit_entry_seen delivered(int64_t time_ns, const char *kind, const char *prompt_id)
{
	return (struct audit_entry_seen){.type = BYTES_LITERAL("delivered"),
					 .time_ns = time_ns,
					 .session = SESSION,
					 .user = USER,
					 .kind = bytes_of(kind),
					 .prompt_id = bytes_of(prompt_id)};
}

static struct audit_entry_seen signal_of(int64_t time_ns, const char *kind)
{
	return (struct audit_entry_seen){.type = BYTES_LITERAL("signal"),
					 .time_ns = time_ns,
					 .session = SESSION,
					 .user = USER,
					 .kind = bytes_of(kind),
					 .category = BYTES_LITERAL("jazz")};
}

struct stage {
	const struct history_kit *kit;
	struct sidecar_history *history;
	char folder[64];
	struct arena arena;
};

/* *state comes as the kit. */
static int stage_begin(void **state)
{
	struct stage *stage = calloc(1, sizeof *stage);
	assert_non_null(stage);
	stage->kit = *state;
	stage->history = history_kit_open(stage->kit, TIME_HOUR, stage->folder);
	arena_init(&stage->arena, (size_t)1 << 30);
	*state = stage;
	return 0;
}

static int stage_end(void **state)
{
	struct stage *stage = *state;
	history_kit_close(stage->history, stage->folder);
	arena_done(&stage->arena);
	free(stage);
	return 0;
}

static void entries_become_events_of_both_subjects(void **state)
{
	struct stage *stage = *state;
	history_fold(stage->history, 7, delivered(100, "clarifying_question", "p1"));
	history_fold(stage->history, 8, signal_of(200, "prompt_dismissed"));
	struct rules_history seen = history_look(stage->history, SESSION, USER, &stage->arena);
	const struct rules_history_subject *subject[] = {&seen.session, &seen.user};
	for (size_t i = 0; i < 2; i++) {
		const struct rules_event *event = subject[i]->event;
		assert_true(subject[i]->known);
		assert_int_equal(subject[i]->count, 2);
		assert_int_equal(event[0].type, RULES_EVENT_DELIVERED);
		assert_int_equal(event[0].time_ns, 100);
		assert_int_equal(event[0].entry, 7);
		assert_int_equal(event[0].prompt, PROMPT_CLARIFYING_QUESTION);
		assert_true(bytes_equal(event[0].prompt_id, BYTES_LITERAL("p1")));
		assert_false(bytes_present(event[0].category));
		assert_int_equal(event[1].type, RULES_EVENT_SIGNAL);
		assert_int_equal(event[1].entry, 8);
		assert_int_equal(event[1].signal, SIGNAL_PROMPT_DISMISSED);
		assert_false(bytes_present(event[1].prompt_id));
		assert_true(bytes_equal(event[1].category, BYTES_LITERAL("jazz")));
	}
}

/* Each of the three texts may be absent, empty or there, and none runs into another. */
static void texts_keep_their_places(void **state)
{
	static const struct bytes texts[] = {{NULL, 0}, {"", 0}, {"one", 3}, {"another", 7}};
	enum { TEXTS = sizeof texts / sizeof *texts, ALL = TEXTS * TEXTS * TEXTS };
	struct stage *stage = *state;
	for (int i = 0; i < ALL; i++) {
		struct audit_entry_seen seen = signal_of(i, "dissatisfied");
		seen.prompt_id = texts[i % TEXTS];
		seen.item = texts[i / TEXTS % TEXTS];
		seen.category = texts[i / TEXTS / TEXTS];
		history_fold(stage->history, (uint64_t)i, seen);
	}
	struct rules_history seen = history_look(stage->history, SESSION, NOBODY, &stage->arena);
	assert_int_equal(seen.session.count, ALL);
	for (int i = 0; i < ALL; i++) {
		const struct rules_event *event = &seen.session.event[i];
		const struct bytes got[] = {event->prompt_id, event->item, event->category},
				   want[] = {texts[i % TEXTS], texts[i / TEXTS % TEXTS],
					     texts[i / TEXTS / TEXTS]};
		for (size_t t = 0; t < 3; t++)
			assert_true(bytes_present(got[t]) == bytes_present(want[t]) &&
				    bytes_equal(got[t], want[t]));
	}
}

static void kinds_keep_what_the_log_says(void **state)
{
	struct stage *stage = *state;
	history_fold(stage->history, 0, delivered(1, "", ""));
	history_fold(stage->history, 1, delivered(2, "hologram", NULL));
	history_fold(stage->history, 2, signal_of(3, "shrug"));
	struct rules_history seen = history_look(stage->history, SESSION, NOBODY, &stage->arena);
	assert_int_equal(seen.session.count, 3);
	assert_int_equal(seen.session.event[0].prompt, PROMPT_ABSENT);
	assert_true(bytes_present(seen.session.event[0].prompt_id));
	assert_int_equal(seen.session.event[1].prompt, PROMPT_OTHER);
	assert_false(bytes_present(seen.session.event[1].prompt_id));
	assert_int_equal(seen.session.event[2].signal, SIGNAL_OTHER);
}

static void other_entries_and_strangers_are_ignored(void **state)
{
	struct stage *stage = *state;
	struct audit_entry_seen decision = delivered(1, "pause", "p");
	struct audit_entry_seen nobody = delivered(1, "pause", "p");
	decision.type = BYTES_LITERAL("decision");
	nobody.session = nobody.user = NOBODY;
	history_fold(stage->history, 0, decision);
	history_fold(stage->history, 1, nobody);
	struct rules_history seen = history_look(stage->history, SESSION, BYTES_LITERAL(""), &stage->arena);
	assert_true(seen.session.known);
	assert_int_equal(seen.session.count, 0);
	assert_false(seen.user.known);
}

static void subjects_do_not_mix(void **state)
{
	struct stage *stage = *state;
	enum { SUBJECTS = 20000 };
	for (int i = 0; i < SUBJECTS; i++) {
		char name[33];
		snprintf(name, sizeof name, "%032x", (unsigned)i * 2654435761u);
		struct audit_entry_seen seen = delivered(i, "pause", name);
		seen.session = bytes_of(name);
		seen.user = NOBODY;
		history_fold(stage->history, (uint64_t)i, seen);
	}
	for (int i = 0; i < SUBJECTS; i++) {
		char name[33];
		snprintf(name, sizeof name, "%032x", (unsigned)i * 2654435761u);
		struct rules_history seen =
			history_look(stage->history, bytes_of(name), NOBODY, &stage->arena);
		assert_int_equal(seen.session.count, 1);
		assert_int_equal(seen.session.event[0].entry, i);
		assert_true(bytes_equal(seen.session.event[0].prompt_id, bytes_of(name)));
	}
}

static void events_come_in_order_of_time_and_of_entries(void **state)
{
	struct stage *stage = *state;
	static const struct {
		uint64_t index;
		int64_t time_ns;
	} folded[] = {{0, 50}, {2, 70}, {1, 60}, {3, 70}, {4, 70}, {5, 10}};
	static const uint64_t expected[] = {5, 0, 1, 2, 3, 4};
	for (size_t i = 0; i < sizeof folded / sizeof *folded; i++)
		history_fold(stage->history, folded[i].index, delivered(folded[i].time_ns, "pause", "p"));
	struct rules_history seen = history_look(stage->history, SESSION, USER, &stage->arena);
	assert_int_equal(seen.session.count, sizeof expected / sizeof *expected);
	for (size_t i = 0; i < seen.session.count; i++)
		assert_int_equal(seen.session.event[i].entry, expected[i]);
}

/* Under a lease for the given subjects. */
static void reserve(struct stage *stage, struct bytes session, struct bytes user, enum prompt_kind kind,
		    struct sidecar_reservation *reservation)
{
	struct sidecar_lease lease;
	struct rules_history seen;
	struct err err;
	assert_true(sidecar_history_lock(stage->history, session, user, &stage->arena, &lease, &seen, &err));
	assert_true(sidecar_history_reserve(&lease, kind, reservation));
	sidecar_history_unlock(&lease);
}

static void a_reservation_counts_until_it_is_released(void **state)
{
	struct stage *stage = *state;
	struct sidecar_reservation first = {0}, second = {0};
	reserve(stage, SESSION, USER, PROMPT_PAUSE, &first);
	reserve(stage, SESSION, NOBODY, PROMPT_ACKNOWLEDGEMENT, &second);
	history_fold(stage->history, 0, delivered(50, "pause", "p"));
	struct rules_history seen = history_look(stage->history, SESSION, USER, &stage->arena);
	assert_int_equal(seen.session.count, 3);
	assert_int_equal(seen.user.count, 2);
	assert_int_equal(seen.session.event[0].entry, 0);
	for (size_t i = 1; i < 3; i++) {
		assert_int_equal(seen.session.event[i].entry, RULES_EVENT_RESERVED);
		assert_int_equal(seen.session.event[i].type, RULES_EVENT_DELIVERED);
		assert_true(seen.session.event[i].time_ns > 4000 * TIME_DAY);
	}
	assert_int_equal(seen.user.event[1].prompt, PROMPT_PAUSE);
	sidecar_history_release(&first);
	sidecar_history_release(&first);
	seen = history_look(stage->history, SESSION, USER, &stage->arena);
	assert_int_equal(seen.session.count, 2);
	assert_int_equal(seen.session.event[1].prompt, PROMPT_ACKNOWLEDGEMENT);
	assert_int_equal(seen.user.count, 1);
	sidecar_history_release(&second);
	sidecar_history_release(&(struct sidecar_reservation){0});
}

static void one_id_for_both_subjects_counts_once(void **state)
{
	struct stage *stage = *state;
	struct sidecar_reservation reservation = {0};
	struct audit_entry_seen seen = delivered(1, "pause", "p");
	seen.user = seen.session;
	history_fold(stage->history, 0, seen);
	reserve(stage, SESSION, SESSION, PROMPT_PAUSE, &reservation);
	struct rules_history history = history_look(stage->history, SESSION, SESSION, &stage->arena);
	assert_int_equal(history.session.count, 2);
	assert_int_equal(history.user.count, 2);
	sidecar_history_release(&reservation);
}

static void a_full_arena_locks_nothing(void **state)
{
	struct stage *stage = *state;
	struct sidecar_lease lease;
	struct rules_history seen;
	struct arena tiny;
	struct err err;
	for (int i = 0; i < 1000; i++)
		history_fold(stage->history, (uint64_t)i, delivered(i, "pause", "prompt"));
	arena_init(&tiny, 1000);
	assert_false(sidecar_history_lock(stage->history, SESSION, USER, &tiny, &lease, &seen, &err));
	assert_string_equal(err.text, "history: the call's memory is full");
	arena_done(&tiny);
	assert_int_equal(history_look(stage->history, SESSION, USER, &stage->arena).user.count, 1000);
}

/* keep_ns is one hour: an event may matter while now - keep < t. */
static void what_is_older_than_the_longest_window_is_forgotten(void **state)
{
	struct stage *stage = *state;
	int64_t now = 10 * TIME_HOUR;
	history_fold(stage->history, 0, delivered(now - TIME_HOUR - 1, "pause", "p"));
	history_fold(stage->history, 1, delivered(now - TIME_HOUR, "pause", "p"));
	history_fold(stage->history, 2, delivered(now - TIME_HOUR + 1, "pause", "p"));
	history_fold(stage->history, 3, signal_of(now, "dissatisfied"));
	sidecar_history_expire(stage->history, now);
	struct rules_history seen = history_look(stage->history, SESSION, USER, &stage->arena);
	assert_int_equal(seen.session.count, 3);
	assert_int_equal(seen.session.event[0].entry, 1);
	sidecar_history_expire(stage->history, now + 2 * TIME_HOUR);
	seen = history_look(stage->history, SESSION, USER, &stage->arena);
	assert_int_equal(seen.session.count, 0);
	assert_true(seen.session.known);
	history_fold(stage->history, 4, delivered(now, "pause", "p"));
	assert_int_equal(history_look(stage->history, SESSION, USER, &stage->arena).session.count, 1);
}

/* Rules that look further back come into force only while nothing that they would look at was forgotten. */
static void a_longer_window_needs_what_was_kept(void **state)
{
	struct stage *stage = *state;
	struct err err = {""};
	int64_t now = 10 * TIME_HOUR;
	history_fold(stage->history, 0, delivered(now - 3 * TIME_HOUR, "pause", "p"));
	assert_true(sidecar_history_reach(stage->history, TIME_MINUTE, now, &err)); /* shorter: no matter */
	assert_true(sidecar_history_reach(stage->history, 4 * TIME_HOUR, now, &err));
	sidecar_history_expire(stage->history, now);
	assert_int_equal(history_look(stage->history, SESSION, USER, &stage->arena).session.count, 1);
	sidecar_history_expire(stage->history, now + 2 * TIME_HOUR); /* 5 hours old: forgotten */
	assert_int_equal(history_look(stage->history, SESSION, USER, &stage->arena).session.count, 0);
	assert_false(sidecar_history_reach(stage->history, 6 * TIME_HOUR, now + 2 * TIME_HOUR, &err));
	assert_string_equal(err.text,
			    "history: rules look further back now (21600 s) than it was kept (14400 s); "
			    "restart to use them: a start rebuilds it from the log");
	/* Six hours later all that they look at was kept. */
	assert_true(sidecar_history_reach(stage->history, 6 * TIME_HOUR, now + 4 * TIME_HOUR, &err));
}

/* One letter an event: o opt_out, i opt_in, d dissatisfied, p a prompt. All of them are old. */
static void the_last_word_on_opting_out_stays(void **state)
{
	struct stage *stage = *state;
	static const struct {
		const char *said, *kept;
	} rows[] = {
		{"o", "o"},   {"odp", "o"}, {"ooo", "o"}, {"oi", "i"},
		{"oio", "o"}, {"i", "i"},   {"dp", ""},	  {"pdopd", "o"},
	};
	for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
		char name[33], kept[8] = "";
		snprintf(name, sizeof name, "%032zu", r);
		for (size_t i = 0; rows[r].said[i]; i++) {
			char what = rows[r].said[i];
			struct audit_entry_seen seen =
				what == 'p' ? delivered((int64_t)i, "pause", "p")
					    : signal_of((int64_t)i, what == 'o'	  ? "opt_out"
								    : what == 'i' ? "opt_in"
										  : "dissatisfied");
			seen.session = bytes_of(name);
			seen.user = NOBODY;
			history_fold(stage->history, i, seen);
		}
		sidecar_history_expire(stage->history, 100 * TIME_DAY);
		struct rules_history seen =
			history_look(stage->history, bytes_of(name), NOBODY, &stage->arena);
		for (size_t i = 0; i < seen.session.count; i++)
			kept[i] = seen.session.event[i].signal == SIGNAL_OPT_OUT  ? 'o'
				  : seen.session.event[i].signal == SIGNAL_OPT_IN ? 'i'
										  : '?';
		assert_string_equal(kept, rows[r].kept);
	}
}

/* ---- a cap between threads ---- */

enum { THREADS = 32, CALLS = 300, CONTROL_CALLS = 10, CAP = 2, WINDOW = 40 };

/* What the harness leaves out; each of the two must let the cap break. */
enum harness { HARNESS_WHOLE, HARNESS_NO_RESERVATION, HARNESS_COUNT_BEFORE_LOCK };

struct contest {
	struct sidecar_history *history;
	enum harness harness;
	atomic_llong clock; /* one tick a call and one an entry: time moves while calls are in flight */
	atomic_ullong index;
	pthread_mutex_t lock; /* of the list */
	int64_t granted[THREADS * CALLS * 2];
	size_t grants;
	pthread_barrier_t together;
};

static size_t count_in_window(const struct rules_history_subject *subject, int64_t now)
{
	size_t count = 0;
	for (size_t i = 0; i < subject->count; i++)
		count += subject->event[i].type == RULES_EVENT_DELIVERED &&
			 subject->event[i].time_ns > now - WINDOW;
	return count;
}

/* The entry is acknowledged: it gets the log's time and becomes history; the list notes it. */
static void acknowledge(struct contest *contest)
{
	int64_t time = atomic_fetch_add(&contest->clock, 1);
	history_fold(contest->history, atomic_fetch_add(&contest->index, 1), delivered(time, "pause", "p"));
	pthread_mutex_lock(&contest->lock);
	contest->granted[contest->grants++] = time;
	pthread_mutex_unlock(&contest->lock);
}

/* The first calls of all threads wait for each other between their steps, so that a harness that lets the
 * cap break breaks it every time. */
static void call(struct contest *contest, bool first, unsigned *seed)
{
	struct arena arena;
	struct sidecar_lease lease;
	struct rules_history seen;
	struct sidecar_reservation reservation = {0};
	struct err err;
	arena_init(&arena, 1 << 20);
	int64_t now = atomic_fetch_add(&contest->clock, 1);
	size_t already = 0;
	if (contest->harness == HARNESS_COUNT_BEFORE_LOCK) {
		struct rules_history before = history_look(contest->history, SESSION, USER, &arena);
		already = count_in_window(&before.session, now);
	}
	if (first)
		pthread_barrier_wait(&contest->together);
	assert_true(sidecar_history_lock(contest->history, SESSION, USER, &arena, &lease, &seen, &err));
	if (contest->harness != HARNESS_COUNT_BEFORE_LOCK)
		already = count_in_window(&seen.session, now);
	bool grant = already < CAP;
	if (grant && contest->harness != HARNESS_NO_RESERVATION)
		assert_true(sidecar_history_reserve(&lease, PROMPT_PAUSE, &reservation));
	sidecar_history_unlock(&lease);
	if (first)
		pthread_barrier_wait(&contest->together);
	for (int i = rand_r(seed) % 4; i > 0; i--)
		sched_yield();	       /* the disk */
	if (grant && rand_r(seed) % 8) /* one in eight ends without an entry */
		acknowledge(contest);
	sidecar_history_release(&reservation);
	arena_done(&arena);
}

struct caller {
	struct contest *contest;
	unsigned seed;
};

static void *run_calls(void *ctx)
{
	struct caller *caller = ctx;
	int calls = caller->contest->harness == HARNESS_WHOLE ? CALLS : CONTROL_CALLS;
	for (int i = 0; i < calls; i++)
		call(caller->contest, i == 0, &caller->seed);
	return NULL;
}

static int by_time(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
	return (a > b) - (a < b);
}

/* The most that any rolling window (t - WINDOW, t] holds. */
static size_t most_in_a_window(struct contest *contest)
{
	size_t most = 0, from = 0;
	qsort(contest->granted, contest->grants, sizeof *contest->granted, by_time);
	for (size_t i = 0; i < contest->grants; i++) {
		while (contest->granted[from] <= contest->granted[i] - WINDOW)
			from++;
		most = i - from + 1 > most ? i - from + 1 : most;
	}
	return most;
}

static size_t hold_contest(const struct history_kit *kit, enum harness harness, size_t *grants)
{
	char folder[64];
	struct contest *contest = calloc(1, sizeof *contest);
	struct caller caller[THREADS];
	pthread_t thread[THREADS];
	assert_non_null(contest);
	contest->history = history_kit_open(kit, TIME_HOUR, folder);
	contest->harness = harness;
	contest->clock = 1000;
	pthread_mutex_init(&contest->lock, NULL);
	pthread_barrier_init(&contest->together, NULL, THREADS);
	for (unsigned i = 0; i < THREADS; i++) {
		caller[i] = (struct caller){contest, 20261123 + i};
		assert_int_equal(pthread_create(&thread[i], NULL, run_calls, &caller[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	size_t most = most_in_a_window(contest);
	*grants = contest->grants;
	pthread_barrier_destroy(&contest->together);
	pthread_mutex_destroy(&contest->lock);
	history_kit_close(contest->history, folder);
	free(contest);
	return most;
}

static void threads_never_exceed_a_cap(void **state)
{
	size_t grants;
	assert_in_range(hold_contest(*state, HARNESS_WHOLE, &grants), 1, CAP);
	assert_true(grants > 10 * CAP); /* windows went by: it was not suppressed to nothing */
	print_message("seeds from 20261123: %zu of %d calls were granted\n", grants, THREADS * CALLS);
}

static void without_a_reservation_the_cap_breaks(void **state)
{
	size_t grants;
	assert_true(hold_contest(*state, HARNESS_NO_RESERVATION, &grants) > CAP);
}

static void counted_outside_the_lock_the_cap_breaks(void **state)
{
	size_t grants;
	assert_true(hold_contest(*state, HARNESS_COUNT_BEFORE_LOCK, &grants) > CAP);
}

/* ---- a random life against a plain list ---- */

#ifdef __SANITIZE_THREAD__ /* one thread: nothing for it to see here */
enum { STEPS = 2000, PEOPLE = 40 };
#else
enum { STEPS = 20000, PEOPLE = 40 };
#endif

struct noted {
	int session, user;
	int64_t time_ns;
	uint64_t entry;
};

static struct bytes name_of(char text[33], char domain, int number)
{
	snprintf(text, 33, "%c%031d", domain, number);
	return (struct bytes){text, 32};
}

static void compare(const struct rules_history_subject *seen, const struct noted *noted, size_t count,
		    bool session, int number)
{
	size_t at = 0;
	for (size_t i = 0; i < count; i++) {
		if ((session ? noted[i].session : noted[i].user) != number)
			continue;
		assert_true(at < seen->count);
		assert_int_equal(seen->event[at].entry, noted[i].entry);
		assert_int_equal(seen->event[at].time_ns, noted[i].time_ns);
		at++;
	}
	assert_int_equal(at, seen->count);
}

static void a_random_life_reads_like_a_plain_list(void **state)
{
	struct stage *stage = *state;
	unsigned seed = 4711;
	struct noted *noted = calloc(STEPS, sizeof *noted);
	size_t count = 0;
	assert_non_null(noted);
	print_message("seed %u\n", seed);
	for (int64_t now = 0, step = 0; step < STEPS; step++, now += rand_r(&seed) % (int)TIME_SECOND) {
		char session[33], user[33];
		int s = rand_r(&seed) % PEOPLE, u = rand_r(&seed) % PEOPLE;
		struct audit_entry_seen seen = delivered(now, "pause", "p");
		seen.session = name_of(session, 's', s);
		seen.user = name_of(user, 'u', u);
		noted[count++] = (struct noted){s, u, now, (uint64_t)step};
		history_fold(stage->history, (uint64_t)step, seen);
		if (step % 100 == 0) {
			size_t kept = 0;
			sidecar_history_expire(stage->history, now);
			for (size_t i = 0; i < count; i++)
				if (noted[i].time_ns >= now - TIME_HOUR)
					noted[kept++] = noted[i];
			count = kept;
		}
		if (step % 16 == 0) {
			struct rules_history history =
				history_look(stage->history, seen.session, seen.user, &stage->arena);
			compare(&history.session, noted, count, true, s);
			compare(&history.user, noted, count, false, u);
			arena_done(&stage->arena);
		}
	}
	free(noted);
}

/* ---- many subjects at once ---- */

struct crowd {
	struct sidecar_history *history;
	unsigned seed;
	atomic_bool *stop;
};

/* Sessions and users of one small set in any pairing: locks are taken in every order of names. */
static void *run_crowd(void *ctx)
{
	struct crowd *crowd = ctx;
	for (int i = 0; i < 200; i++) {
		char a[33], b[33];
		struct sidecar_reservation reservation = {0};
		struct stage stage = {.history = crowd->history};
		arena_init(&stage.arena, 1 << 20);
		struct bytes session = name_of(a, 'x', rand_r(&crowd->seed) % 6);
		struct bytes user = name_of(b, 'x', rand_r(&crowd->seed) % 6);
		reserve(&stage, session, user, PROMPT_PAUSE, &reservation);
		struct audit_entry_seen seen = delivered(i, "pause", "p");
		seen.session = session;
		seen.user = user;
		history_fold(crowd->history, (uint64_t)i, seen);
		sidecar_history_release(&reservation);
		arena_done(&stage.arena);
	}
	return NULL;
}

static void *run_expiry(void *ctx)
{
	struct crowd *crowd = ctx;
	for (int64_t now = TIME_HOUR; !*crowd->stop; now++)
		sidecar_history_expire(crowd->history, now % (TIME_HOUR + 400));
	return NULL;
}

static void a_crowd_neither_deadlocks_nor_leaves_places_taken(void **state)
{
	struct stage *stage = *state;
	enum { CROWD = 8 };
	struct crowd crowd[CROWD + 1];
	pthread_t thread[CROWD + 1];
	atomic_bool stop = false;
	for (unsigned i = 0; i <= CROWD; i++) {
		crowd[i] = (struct crowd){stage->history, 99 + i, &stop};
		assert_int_equal(
			pthread_create(&thread[i], NULL, i < CROWD ? run_crowd : run_expiry, &crowd[i]), 0);
	}
	for (size_t i = 0; i < CROWD; i++)
		pthread_join(thread[i], NULL);
	stop = true;
	pthread_join(thread[CROWD], NULL);
	sidecar_history_expire(stage->history, 100 * TIME_DAY);
	for (int i = 0; i < 6; i++) {
		char name[33];
		struct bytes subject = name_of(name, 'x', i);
		assert_int_equal(history_look(stage->history, subject, NOBODY, &stage->arena).session.count,
				 0);
	}
}

/* A store that has no room: what it could not take must not be forgotten silently. */
static bool full_read(void *ctx, struct bytes subject, struct arena *arena, struct rules_event **event,
		      size_t *count, struct err *err)
{
	(void)ctx, (void)subject, (void)arena, (void)err;
	*event = NULL;
	*count = 0;
	return true;
}

static bool full_add(void *ctx, struct bytes subject, const struct rules_event *event, struct err *err)
{
	(void)ctx, (void)subject, (void)event;
	return err_set(err, "store: full");
}

static void full_expire(void *ctx, int64_t before_ns)
{
	(void)ctx, (void)before_ns;
}

static void full_free(void *ctx)
{
	(void)ctx;
}

static void after_a_lost_event_nothing_can_be_locked(void **state)
{
	(void)state;
	struct sidecar_store store = {
		.read = full_read, .add = full_add, .expire = full_expire, .free = full_free, .ctx = &store};
	struct sidecar_history *history = sidecar_history_new(store, TIME_HOUR);
	struct audit_entry_seen seen = delivered(1, "pause", "p");
	struct sidecar_lease lease;
	struct rules_history found;
	struct arena arena;
	struct err err;
	arena_init(&arena, 1 << 16);
	assert_true(sidecar_history_lock(history, SESSION, USER, &arena, &lease, &found, &err));
	sidecar_history_unlock(&lease);
	assert_false(sidecar_history_fold(history, 0, &seen, &err));
	assert_string_equal(err.text, "store: full");
	assert_false(sidecar_history_lock(history, SESSION, USER, &arena, &lease, &found, &err));
	assert_string_equal(err.text,
			    "history: an event was lost; restart, so that it is rebuilt from the log");
	sidecar_history_free(history);
	arena_done(&arena);
}

static const struct {
	const char *name;
	CMUnitTestFunction test;
	bool staged;
} properties[] = {
#define STAGED(test)                                                                                         \
	{                                                                                                    \
#test, test, true                                                                            \
	}
#define ALONE(test)                                                                                          \
	{                                                                                                    \
#test, test, false                                                                           \
	}
	STAGED(entries_become_events_of_both_subjects),
	STAGED(texts_keep_their_places),
	STAGED(kinds_keep_what_the_log_says),
	STAGED(other_entries_and_strangers_are_ignored),
	STAGED(subjects_do_not_mix),
	STAGED(events_come_in_order_of_time_and_of_entries),
	STAGED(a_reservation_counts_until_it_is_released),
	STAGED(one_id_for_both_subjects_counts_once),
	STAGED(a_full_arena_locks_nothing),
	STAGED(what_is_older_than_the_longest_window_is_forgotten),
	STAGED(a_longer_window_needs_what_was_kept),
	STAGED(the_last_word_on_opting_out_stays),
	STAGED(a_random_life_reads_like_a_plain_list),
	STAGED(a_crowd_neither_deadlocks_nor_leaves_places_taken),
	ALONE(threads_never_exceed_a_cap),
	ALONE(without_a_reservation_the_cap_breaks),
	ALONE(counted_outside_the_lock_the_cap_breaks),
};

enum { PROPERTIES = sizeof properties / sizeof *properties, TESTS = HISTORY_KITS * PROPERTIES + 1 };

int main(void)
{
	static char name[TESTS][128];
	static struct CMUnitTest tests[TESTS];
	size_t count = 0;
	for (size_t k = 0; k < HISTORY_KITS; k++) {
		for (size_t p = 0; p < PROPERTIES; p++, count++) {
			snprintf(name[count], sizeof name[count], "%s: %s", history_kit[k].name,
				 properties[p].name);
			tests[count] = (struct CMUnitTest){
				.name = name[count],
				.test_func = properties[p].test,
				.setup_func = properties[p].staged ? stage_begin : NULL,
				.teardown_func = properties[p].staged ? stage_end : NULL,
				.initial_state = (void *)&history_kit[k],
			};
		}
	}
	tests[count] = (struct CMUnitTest)cmocka_unit_test(after_a_lost_event_nothing_can_be_locked);
	return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
