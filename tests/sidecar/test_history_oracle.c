/* SPDX-License-Identifier: Apache-2.0
 *
 * 32 threads govern responses for one user in two sessions, with the real rules on the real history, over every
 * store; a naive log judges each decision afterwards.
 *
 * Whatever a thread does carries two ticks of one counter: it happened somewhere between them. A decision is
 * right when there is a state of the log that it may have seen (every entry and reservation that was surely
 * there, and none that surely was not) after which the naive log decides the same.
 *
 *   - serialised: one thread at a time does anything; then there is exactly one such state
 *   - at once: what was delivered never exceeds a cap or a gap, and each decision has such a state
 *
 * The controls: without reservations, with an entry that history never gets, or with another limit, some
 * decisions have none. RANKGUARD_ROUNDS repeats all with further seeds.
 */
#include "tests/sidecar/history_kit.h"
#include "tests/sidecar/naive_log.h"

#include "proto/time.h"
#include "rules/decide.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { THREADS = 32, STEPS = 30, RULES = 2, PROMPTS = 2, SESSIONS = 2, LOG_MAX = THREADS * STEPS * PROMPTS };

#define S(seconds) ((seconds)*TIME_SECOND)

struct scene {
	const char *name;
	struct naive_rule rule[RULES]; /* a window of 0: none */
};

static const struct scene scenes[] = {
	{"caps",
	 {{.what = NAIVE_CAP, .max = 3, .window_ns = S(20)},
	  {.what = NAIVE_CAP, .per_user = true, .only = PROMPT_PAUSE, .max = 2, .window_ns = S(15)}}},
	{"gaps",
	 {{.what = NAIVE_GAP, .window_ns = S(4)},
	  {.what = NAIVE_GAP, .per_user = true, .only = PROMPT_CLARIFYING_QUESTION, .window_ns = S(9)}}},
	{"dismissed",
	 {{.what = NAIVE_DISMISSED, .per_user = true, .window_ns = S(3), .max_ns = S(30)},
	  {.what = NAIVE_CAP, .per_user = true, .max = 4, .window_ns = S(10)}}},
	{"unanswered",
	 {{.what = NAIVE_UNANSWERED, .window_ns = S(2), .max_ns = S(16)},
	  {.what = NAIVE_UNANSWERED, .per_user = true, .window_ns = S(1), .max_ns = S(8)}}},
	{"answered",
	 {{.what = NAIVE_ANSWERED, .per_user = true, .only = PROMPT_PAUSE, .window_ns = S(6)},
	  {.what = NAIVE_ANSWERED, .window_ns = S(4)}}},
	{"opt-out",
	 {{.what = NAIVE_OPT_OUT, .window_ns = S(2)},
	  {.what = NAIVE_CAP, .per_user = true, .max = 5, .window_ns = S(10)}}},
};

/* What the harness leaves out; each must be noticed. */
enum harness { WHOLE, NO_RESERVATION, LOST_ENTRY };

struct call {
	int session;
	int64_t now_ns;
	struct naive_prompt prompt[PROMPTS];
	size_t prompts;
	size_t entry; /* index of the first of its entries; SIZE_MAX: none yet */
	uint64_t begun, ended, release_begun, release_ended;
};

struct noted {
	uint64_t begun, ended;
};

struct contest {
	const struct scene *scene;
	enum harness harness;
	bool serial;
	struct sidecar_history *history;
	struct rules_ruleset *rules;
	pthread_mutex_t turn, log_lock;
	pthread_barrier_t together;
	atomic_ullong tick;
	atomic_llong clock;
	struct naive_event log[LOG_MAX]; /* under log_lock, with: */
	struct noted noted[LOG_MAX];
	size_t count;
	struct call call[THREADS * STEPS];
	size_t calls[THREADS]; /* thread t has call[t * STEPS] and on */
};

struct caller {
	struct contest *contest;
	unsigned number, seed;
};

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static struct bytes session_name(int session)
{
	return session ? BYTES_LITERAL("5e551045e551045e551045e551045e55")
		       : BYTES_LITERAL("0e551045e551045e551045e551045e50");
}

#define USER BYTES_LITERAL("05e405e405e405e405e405e405e405e4")

static uint64_t tick(struct contest *contest)
{
	return atomic_fetch_add(&contest->tick, 1);
}

/* Time moves on by nothing, a quarter of a second or a second, so that edges of windows are hit. */
static int64_t later(struct contest *contest, unsigned *seed)
{
	static const int64_t steps[] = {0, 0, 0, TIME_SECOND / 4, TIME_SECOND, TIME_SECOND};
	int64_t step = steps[(size_t)rand_r(seed) % (sizeof steps / sizeof *steps)];
	return atomic_fetch_add(&contest->clock, step) + step;
}

static void turn_begin(struct contest *contest)
{
	if (contest->serial)
		pthread_mutex_lock(&contest->turn);
}

static void turn_end(struct contest *contest)
{
	if (contest->serial)
		pthread_mutex_unlock(&contest->turn);
}

/* ---- what a thread does ---- */

/* The entry is acknowledged: in the order of the log, one at a time. Returns its index. */
static size_t append(struct caller *caller, struct naive_event event)
{
	struct contest *contest = caller->contest;
	char id[16];
	pthread_mutex_lock(&contest->log_lock);
	size_t index = contest->count++;
	event.time_ns = later(contest, &caller->seed);
	if (event.delivered)
		event.prompt = (int)index + 1;
	contest->log[index] = event;
	snprintf(id, sizeof id, "p%d", event.prompt);
	struct audit_entry_seen seen = {
		.type = bytes_of(event.delivered ? "delivered" : "signal"),
		.time_ns = event.time_ns,
		.session = session_name(event.session),
		.user = USER,
		.kind = bytes_of(event.delivered ? prompt_kind_name(event.kind)
						 : signal_kind_name(event.signal)),
		.prompt_id = bytes_of(event.prompt ? id : NULL),
	};
	contest->noted[index].begun = tick(contest);
	if (contest->harness != LOST_ENTRY || index % 5)
		history_fold(contest->history, index, seen);
	contest->noted[index].ended = tick(contest);
	pthread_mutex_unlock(&contest->log_lock);
	return index;
}

static int some_prompt(struct caller *caller)
{
	struct contest *contest = caller->contest;
	pthread_mutex_lock(&contest->log_lock);
	int latest = (int)contest->count;
	pthread_mutex_unlock(&contest->log_lock);
	int prompt = latest - rand_r(&caller->seed) % 8;
	return prompt > 0 ? prompt : 0;
}

static void say(struct caller *caller)
{
	static const enum signal_kind kinds[] = {
		SIGNAL_PROMPT_DISMISSED, SIGNAL_PROMPT_DISMISSED, SIGNAL_PROMPT_DISMISSED,
		SIGNAL_PROMPT_ANSWERED,	 SIGNAL_PROMPT_ANSWERED,  SIGNAL_RESET,
		SIGNAL_OPT_OUT,		 SIGNAL_OPT_IN,		  SIGNAL_OPT_IN};
	struct naive_event event = {
		.session = rand_r(&caller->seed) % SESSIONS,
		.signal = kinds[(size_t)rand_r(&caller->seed) % (sizeof kinds / sizeof *kinds)]};
	turn_begin(caller->contest);
	event.prompt = some_prompt(caller);
	append(caller, event);
	turn_end(caller->contest);
}

/* As sidecar/govern.c does: decide under the lease, and reserve what is to leave. */
static void decide(struct contest *contest, struct call *call, struct sidecar_reservation *reservation)
{
	static const char *const ids[PROMPTS] = {"0", "1"};
	struct facts_prompt prompt[PROMPTS];
	struct facts facts = {.prompts = prompt, .prompt_count = call->prompts};
	struct sidecar_lease lease;
	struct rules_history seen;
	struct rules_decision decision;
	struct arena arena;
	struct err err;
	for (size_t i = 0; i < call->prompts; i++)
		prompt[i] = (struct facts_prompt){
			.id = bytes_of(ids[i]), .text = BYTES_LITERAL("q"), .kind = call->prompt[i].kind};
	arena_init(&arena, (size_t)64 << 20);
	must(sidecar_history_lock(contest->history, session_name(call->session), USER, &arena, &lease, &seen,
				  &err),
	     "history can be read");
	must(rules_decide_seen(contest->rules, &facts, &seen, call->now_ns, &arena, &decision, &err) &&
		     rules_decide_frequency(&seen, call->now_ns, &arena, &decision, &err),
	     "the arena is large enough");
	for (size_t i = 0; i < decision.prompt_count; i++) {
		call->prompt[decision.prompt_index[i]].admitted = true;
		if (contest->harness != NO_RESERVATION)
			must(sidecar_history_reserve(&lease, decision.prompt[i].kind, reservation),
			     "a place is reserved");
	}
	sidecar_history_unlock(&lease);
	arena_done(&arena);
}

/* One in eight ends without an entry. */
static void finish(struct caller *caller, struct call *call, struct sidecar_reservation *reservation)
{
	struct contest *contest = caller->contest;
	bool leaves = rand_r(&caller->seed) % 8 != 0;
	for (size_t i = 0; i < call->prompts && leaves; i++) {
		if (!call->prompt[i].admitted)
			continue;
		turn_begin(contest);
		size_t index = append(caller, (struct naive_event){.delivered = true,
								   .session = call->session,
								   .kind = call->prompt[i].kind});
		turn_end(contest);
		call->entry = index < call->entry ? index : call->entry;
	}
	turn_begin(contest);
	call->release_begun = tick(contest);
	sidecar_history_release(reservation);
	call->release_ended = tick(contest);
	turn_end(contest);
}

static void rank(struct caller *caller, bool first)
{
	static const enum prompt_kind kinds[] = {PROMPT_PAUSE, PROMPT_PAUSE, PROMPT_CLARIFYING_QUESTION};
	struct contest *contest = caller->contest;
	struct sidecar_reservation reservation = {0};
	struct call *call = &contest->call[caller->number * STEPS + contest->calls[caller->number]++];
	*call = (struct call){.session = rand_r(&caller->seed) % SESSIONS,
			      .prompts = 1 + (size_t)rand_r(&caller->seed) % PROMPTS,
			      .entry = SIZE_MAX};
	for (size_t i = 0; i < call->prompts; i++)
		call->prompt[i].kind = kinds[(size_t)rand_r(&caller->seed) % (sizeof kinds / sizeof *kinds)];
	turn_begin(contest);
	call->begun = tick(contest);
	call->now_ns = later(contest, &caller->seed);
	decide(contest, call, &reservation);
	call->ended = tick(contest);
	turn_end(contest);
	if (first) /* so that a harness that lets a cap break breaks it every time */
		pthread_barrier_wait(&contest->together);
	for (int i = rand_r(&caller->seed) % 4; i > 0; i--)
		sched_yield(); /* the disk */
	finish(caller, call, &reservation);
}

/* Only serialised: elsewhere a call that took its time before may still need what is forgotten now. */
static void forget(struct contest *contest)
{
	turn_begin(contest);
	if (contest->serial)
		sidecar_history_expire(contest->history, atomic_load(&contest->clock));
	turn_end(contest);
}

static void *run_thread(void *ctx)
{
	struct caller *caller = ctx;
	rank(caller, true);
	for (int i = 1; i < STEPS; i++) {
		unsigned dice = (unsigned)rand_r(&caller->seed) % 64;
		if (dice == 0)
			forget(caller->contest);
		if (dice < 20)
			say(caller);
		else
			rank(caller, false);
	}
	return NULL;
}

/* ---- the judge ---- */

/* What a call may have seen: the first `count` entries, and reservations of others. */
struct view {
	struct naive_event event[LOG_MAX + THREADS * PROMPTS];
	size_t count;
};

/* With the first `entries` of the log: was the other's reservation surely there, could it have been? A call that
 * has delivered holds its places until its entries are seen. */
static bool holds(const struct call *other, const struct call *call, size_t entries, bool surely)
{
	if (surely)
		return other->ended < call->begun && (other->release_begun > call->ended ||
						      (other->entry != SIZE_MAX && other->entry >= entries));
	return other->begun < call->ended && other->release_ended > call->begun;
}

static void look(const struct contest *contest, const struct call *call, size_t entries, bool surely,
		 struct view *view)
{
	memcpy(view->event, contest->log, entries * sizeof *view->event);
	view->count = entries;
	for (size_t t = 0; t < THREADS; t++)
		for (size_t c = 0; c < contest->calls[t]; c++) {
			const struct call *other = &contest->call[t * STEPS + c];
			for (size_t i = 0; i < other->prompts && other != call; i++)
				if (other->prompt[i].admitted && holds(other, call, entries, surely))
					view->event[view->count++] =
						(struct naive_event){.time_ns = INT64_MAX / 2,
								     .delivered = true,
								     .session = other->session,
								     .kind = other->prompt[i].kind};
		}
}

/* An opt-out goes before all others; that changes nothing of what is admitted. */
static bool admits(const struct contest *contest, const struct call *call, const struct view *view, size_t at,
		   int64_t shift_ns)
{
	for (size_t r = 0; r < RULES; r++) {
		struct naive_rule rule = contest->scene->rule[r];
		rule.window_ns += shift_ns;
		if (!naive_rule_admits(&rule, view->event, view->count, call->session, call->now_ns,
				       call->prompt, at))
			return false;
	}
	return true;
}

/* Of prompt `at`, given what was decided of those before. More reservations never admit more. */
static bool has_a_state(const struct contest *contest, const struct call *call, size_t at, int64_t shift_ns,
			struct view *view)
{
	size_t entries = 0, most = 0;
	while (entries < contest->count && contest->noted[entries].ended < call->begun)
		entries++;
	for (most = entries; most < contest->count && contest->noted[most].begun < call->ended; most++)
		;
	for (; entries <= most; entries++) {
		bool admitted = call->prompt[at].admitted;
		look(contest, call, entries, admitted, view);
		if (admits(contest, call, view, at, shift_ns) == admitted)
			return true;
	}
	return false;
}

struct outcome {
	size_t admitted, denied, wrong, shifted; /* shifted: wrong by a limit that is one nanosecond longer */
	size_t exceeded;			 /* entries beyond a cap or a gap */
};

static void judge(const struct contest *contest, const struct call *call, struct view *view,
		  struct outcome *outcome)
{
	for (size_t i = 0; i < call->prompts; i++) {
		outcome->admitted += call->prompt[i].admitted;
		outcome->denied += !call->prompt[i].admitted;
		outcome->wrong += !has_a_state(contest, call, i, 0, view);
		outcome->shifted += !has_a_state(contest, call, i, 1, view);
	}
}

/* Every delivered prompt, at the time of its entry, given those before it in the log. */
static size_t exceeding(const struct contest *contest)
{
	size_t count = 0;
	for (size_t i = 0; i < contest->count; i++) {
		const struct naive_event *event = &contest->log[i];
		struct naive_prompt prompt = {event->kind, false};
		for (size_t r = 0; r < RULES && event->delivered; r++) {
			const struct naive_rule *rule = &contest->scene->rule[r];
			if (rule->what == NAIVE_CAP || rule->what == NAIVE_GAP)
				count += !naive_rule_admits(rule, contest->log, i, event->session,
							    event->time_ns, &prompt, 0);
		}
	}
	return count;
}

/* ---- contests ---- */

static struct rules_ruleset *load(const struct scene *scene)
{
	char text[2048], path[64];
	int len = snprintf(text, sizeof text,
			   "format = 1; name = \"t\"; version = \"1\"; owner = \"o\"; rules = (");
	for (int r = 0; r < RULES; r++) {
		naive_rule_write(&scene->rule[r], r, text + len, sizeof text - (size_t)len);
		len += (int)strlen(text + len);
		len += snprintf(text + len, sizeof text - (size_t)len, "%s", r + 1 < RULES ? ", " : ");\n");
	}
	struct rules_findings findings = {0};
	int fd = memfd_create("rules", MFD_CLOEXEC);
	must(fd >= 0 && write(fd, text, (size_t)len) == len, "a file is written");
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	struct rules_ruleset *rules = rules_ruleset_load(path, 0, &findings);
	close(fd);
	must(rules != NULL, findings.count ? findings.finding[0].text : "the rules load");
	rules_findings_done(&findings);
	return rules;
}

static struct outcome hold_contest(const struct history_kit *kit, const struct scene *scene,
				   enum harness harness, bool serial, unsigned seed)
{
	char folder[64];
	struct outcome outcome = {0};
	struct caller caller[THREADS];
	pthread_t thread[THREADS];
	struct contest *contest = calloc(1, sizeof *contest);
	struct view *view = calloc(1, sizeof *view);
	assert_true(contest && view);
	*contest = (struct contest){.scene = scene, .harness = harness, .serial = serial};
	contest->clock = S(1000000);
	contest->rules = load(scene);
	contest->history = history_kit_open(kit, rules_ruleset_longest_window(contest->rules), folder);
	pthread_mutex_init(&contest->turn, NULL);
	pthread_mutex_init(&contest->log_lock, NULL);
	pthread_barrier_init(&contest->together, NULL, THREADS);
	for (unsigned i = 0; i < THREADS; i++) {
		caller[i] = (struct caller){contest, i, seed + i};
		assert_int_equal(pthread_create(&thread[i], NULL, run_thread, &caller[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	for (size_t t = 0; t < THREADS; t++)
		for (size_t c = 0; c < contest->calls[t]; c++)
			judge(contest, &contest->call[t * STEPS + c], view, &outcome);
	outcome.exceeded = exceeding(contest);
	pthread_barrier_destroy(&contest->together);
	pthread_mutex_destroy(&contest->log_lock);
	pthread_mutex_destroy(&contest->turn);
	history_kit_close(contest->history, folder);
	rules_ruleset_drop(contest->rules);
	free(view);
	free(contest);
	return outcome;
}

enum { SEED = 20261123 };

static void decisions_are_those_of_the_naive_log(const struct history_kit *kit, bool serial)
{
	size_t shifted = 0, admitted = 0;
	const char *more = getenv("RANKGUARD_ROUNDS");
	size_t rounds = more ? strtoul(more, NULL, 10) : 1, count = sizeof scenes / sizeof *scenes;
	for (size_t i = 0; i < rounds * count; i++) {
		const struct scene *scene = &scenes[i % count];
		unsigned seed = SEED + (unsigned)(i / count) * 1000;
		struct outcome outcome = hold_contest(kit, scene, WHOLE, serial, seed);
		print_message("%s, seed %u: %zu admitted, %zu denied, %zu at an edge\n", scene->name, seed,
			      outcome.admitted, outcome.denied, outcome.shifted);
		assert_int_equal(outcome.wrong, 0);
		assert_int_equal(outcome.exceeded, 0);
		assert_true(outcome.admitted > 0 && outcome.denied > 0);
		admitted += outcome.admitted;
		shifted += outcome.shifted;
	}
	assert_true(admitted > 100);
	assert_true(shifted > 0); /* the edges of windows were hit, and nothing else would have done */
}

static void serialised_each_decision_is_that_of_the_naive_log(void **state)
{
	decisions_are_those_of_the_naive_log(*state, true);
}

static void at_once_each_decision_is_one_of_the_naive_log(void **state)
{
	decisions_are_those_of_the_naive_log(*state, false);
}

static void control_without_reservations_it_is_noticed(void **state)
{
	struct outcome outcome = hold_contest(*state, &scenes[0], NO_RESERVATION, true, SEED);
	assert_true(outcome.wrong > 0 && outcome.exceeded > 0);
	outcome = hold_contest(*state, &scenes[1], NO_RESERVATION, false, SEED);
	assert_true(outcome.wrong > 0 && outcome.exceeded > 0);
}

static void control_an_entry_that_is_not_folded_is_noticed(void **state)
{
	size_t wrong = 0;
	for (size_t s = 0; s < sizeof scenes / sizeof *scenes; s++)
		wrong += hold_contest(*state, &scenes[s], LOST_ENTRY, true, SEED).wrong;
	print_message("%zu decisions are wrong\n", wrong);
	assert_true(wrong > 0);
}

static const struct {
	const char *name;
	CMUnitTestFunction test;
} properties[] = {
	{"serialised each decision is that of the naive log",
	 serialised_each_decision_is_that_of_the_naive_log},
	{"at once each decision is one of the naive log", at_once_each_decision_is_one_of_the_naive_log},
	{"control: without reservations it is noticed", control_without_reservations_it_is_noticed},
	{"control: an entry that is not folded is noticed", control_an_entry_that_is_not_folded_is_noticed},
};

enum { PROPERTIES = sizeof properties / sizeof *properties, TESTS = HISTORY_KITS * PROPERTIES };

int main(void)
{
	static char name[TESTS][128];
	static struct CMUnitTest tests[TESTS];
	for (size_t i = 0; i < TESTS; i++) {
		const struct history_kit *kit = &history_kit[i / PROPERTIES];
		snprintf(name[i], sizeof name[i], "%s: %s", kit->name, properties[i % PROPERTIES].name);
		tests[i] = (struct CMUnitTest){.name = name[i],
					       .test_func = properties[i % PROPERTIES].test,
					       .initial_state = (void *)(uintptr_t)kit};
	}
	return cmocka_run_group_tests_name("history_oracle", tests, NULL, NULL);
}
