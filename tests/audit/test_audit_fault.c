/* SPDX-License-Identifier: Apache-2.0
 *
 * The disk fails, tears or ends at every one of its calls. Whatever happens: what was acknowledged is there
 * afterwards, with the same index and the same bytes, and the log is sound. By default every seventh call,
 * each illness from another one on; RANKGUARD_EXHAUSTIVE=1 takes each call, RANKGUARD_ILLNESS=EIO one illness.
 */
#include "sick_io.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { APPENDS = 90, ACKED_MAX = 2000, SEAL = 24, EPOCHS = 64 };

/* The list that is kept outside of the log. */
struct outside {
	uint64_t index[ACKED_MAX], number[ACKED_MAX];
	unsigned char epoch[ACKED_MAX];
	size_t count;
};

struct wait {
	struct audit_append append;
	struct outside *outside;
	uint64_t number;
	struct audit_batch batch;
};

/* Appends are answered on the writer's thread; the outside list is read only after the log was closed. */
static void answered(struct audit_append *append)
{
	struct wait *wait = (struct wait *)append;
	if (append->durable) {
		struct outside *o = wait->outside;
		assert_true(o->count < ACKED_MAX);
		o->index[o->count] = append->first_index;
		o->number[o->count] = wait->number;
		o->epoch[o->count] = (unsigned char)append->epoch;
		o->count++;
	}
	audit_batch_done(&wait->batch);
	free(wait);
}

static void append(struct audit_log *log, struct outside *outside, uint64_t number)
{
	struct wait *wait = calloc(1, sizeof *wait);
	*wait = (struct wait){.append = {.done = answered}, .outside = outside, .number = number};
	wait->append.batch = &wait->batch;
	assert_true(kit_signal(&wait->batch, 0, number, 1000) &&
		    kit_signal(&wait->batch, 0, number + 1, 900));
	audit_log_append(log, &wait->append);
}

static bool append_one(struct audit_log *log, struct outside *outside, uint64_t number)
{
	struct audit_batch batch = {0};
	uint64_t index;
	struct audit_log_state before, after;
	assert_true(kit_signal(&batch, 0, number, 300) && kit_signal(&batch, 0, number + 1, 300));
	audit_log_state(log, &before);
	bool good = audit_log_append_wait(log, &batch, &index, NULL);
	audit_log_state(log, &after);
	audit_batch_done(&batch);
	/* Which epoch it went into is known for sure where none began meanwhile. */
	if (good && before.epoch == after.epoch && outside->count < ACKED_MAX) {
		outside->index[outside->count] = index;
		outside->number[outside->count] = number;
		outside->epoch[outside->count++] = (unsigned char)after.epoch;
	}
	return good;
}

/* One run in which epochs are sealed and pruned, as long as the disk lets it. */
static bool run_epochs(struct kit *kit, struct outside *outside, uint64_t from)
{
	struct err err;
	struct audit_log_state state = {.epoch = 0};
	struct audit_log *log = audit_log_open(&kit->options, &err);
	if (!log)
		return false;
	audit_log_state(log, &state);
	unsigned epoch = state.epoch;
	for (uint64_t i = 0; i < 400 && state.epoch < epoch + 2; i++) {
		if (!append_one(log, outside, from + 2 * i))
			break;
		audit_log_state(log, &state);
	}
	audit_log_close(log, &err);
	return true;
}

/* One run: open, append enough for two segments, publish, close. Returns false when it could not be opened. */
static bool run(struct kit *kit, struct outside *outside, uint64_t from)
{
	struct err err;
	struct audit_log *log = audit_log_open(&kit->options, &err);
	if (!log)
		return false;
	for (uint64_t i = 0; i < APPENDS / 2; i++)
		append(log, outside, from + 2 * i);
	audit_log_close(log, &err);
	return true;
}

struct found {
	const struct outside *outside;
	size_t hits;
	size_t hits_of[EPOCHS];
	uint64_t signals;
};

static bool look(void *ctx, uint64_t place, struct bytes leaf)
{
	uint64_t index = audit_place_index(place);
	struct found *found = ctx;
	for (size_t i = 0; i < found->outside->count; i++) {
		char item[64];
		for (uint64_t part = 0; part < 2; part++) {
			if (found->outside->index[i] + part != index ||
			    found->outside->epoch[i] != audit_place_epoch(place))
				continue;
			snprintf(item, sizeof item, "\"item\":\"%" PRIu64 "-",
				 found->outside->number[i] + part);
			bool hit = memmem(leaf.at, leaf.len, item, strlen(item)) != NULL;
			found->hits += hit;
			found->hits_of[audit_place_epoch(place) % EPOCHS] += hit;
		}
	}
	found->signals += memmem(leaf.at, leaf.len, "\"type\":\"signal\"", 15) != NULL;
	return true;
}

/* Entries of a pruned epoch are gone, and all of them are taken for found. */
static void add_pruned(const struct kit *kit, const struct outside *outside, struct found *found)
{
	for (unsigned epoch = 1; epoch < EPOCHS; epoch++) {
		char name[32];
		size_t acked = 0;
		snprintf(name, sizeof name, "%04u/pruned", epoch);
		for (size_t i = 0; i < outside->count; i++)
			acked += outside->epoch[i] == epoch;
		if (acked && kit_exists(kit, name))
			found->hits += 2 * acked - found->hits_of[epoch];
	}
}

/* Opens with a well disk and looks for everything that was acknowledged. */
static bool all_there(struct kit *kit, const struct outside *outside, char *why, size_t size)
{
	struct err err;
	struct found found = {.outside = outside};
	struct buf words = {0};
	const struct audit_io *io = kit->options.io;
	kit->options.io = NULL;
	kit->options.seal_entries = 0; /* nothing is to be pruned while it is looked for */
	kit->options.retain_ns = 0;
	struct audit_log *log = audit_log_open(&kit->options, &err);
	kit->options.io = io;
	bool good = log && audit_log_scan(log, 0, look, &found, &err);
	add_pruned(kit, outside, &found);
	good = good && found.hits == 2 * outside->count;
	if (log && good)
		good = audit_log_close(log, &err);
	else if (log)
		audit_log_close(log, NULL);
	snprintf(why, size, "%zu of %zu acknowledged entries found; %.900s", found.hits, 2 * outside->count,
		 good ? "" : err.text);
	if (good && kit_verify(kit->dir, true, &words) != AUDIT_SOUND) {
		snprintf(why, size, "%.*s", (int)(words.len < size ? words.len : size - 1), words.at);
		good = false;
	}
	buf_done(&words);
	return good;
}

struct illness {
	const char *name;
	enum sickness sickness;
	int error;
	size_t tear;
	bool power_cut;
};

static const struct illness illnesses[] = {
	{"EIO", SICK_ERROR, EIO, 0, false},
	{"ENOSPC", SICK_ERROR, ENOSPC, 0, false},
	{"EDQUOT", SICK_ERROR, EDQUOT, 0, false},
	{"EINTR", SICK_ERROR, EINTR, 0, false},
	{"short write", SICK_SHORT, 0, 700, false},
	{"torn write, EIO", SICK_TORN, EIO, 1333, false},
	{"end", SICK_DEAD, EIO, 0, false},
	{"end after 1 byte", SICK_DEAD, EIO, 1, false},
	{"end after 1,000 bytes", SICK_DEAD, EIO, 1000, false},
	{"power cut", SICK_DEAD, EIO, 0, true},
	{"power cut after 3,000 bytes", SICK_DEAD, EIO, 3000, true},
};

enum life { IN_NEW, IN_OLD, IN_EPOCHS };
static const char *const life_text[] = {"in a new log", "in an old log", "while epochs change"};

/* One life: a healthy run before (so that there is something to lose), one with the illness at call `at`.
 * Returns false when something that was acknowledged is missing. *calls: how many calls that run made. */
static bool live(const struct illness *illness, unsigned at, enum life life, bool no_sync, unsigned *calls,
		 char *why, size_t size)
{
	struct sick_io sick;
	struct outside *outside = calloc(1, sizeof *outside);
	void *state;
	assert_int_equal(kit_setup(&state), 0);
	struct kit *kit = state;
	sick_init(&sick);
	kit->options.publish_ns = TIME_SECOND / 50;
	kit->options.io = &sick.io;
	sick.no_sync = no_sync;
	bool (*const run_one)(struct kit *, struct outside *, uint64_t) =
		life == IN_EPOCHS ? run_epochs : run;
	if (life == IN_EPOCHS) {
		kit->options.seal_entries = SEAL;
		kit->options.publish_ns = TIME_SECOND / 100;
		kit->options.retain_ns = 1;
		kit->options.retain = BYTES_LITERAL("1ns");
	}
	if (life != IN_NEW)
		assert_true(run_one(kit, outside, 1000));
	sick.calls = 0;
	sick.at = at;
	sick.sickness = illness->sickness;
	sick.error = illness->error;
	sick.tear = illness->tear;
	run_one(kit, outside, 2000);
	*calls = sick.calls;
	if (illness->power_cut)
		sick_power_cut(&sick);
	bool good = all_there(kit, outside, why, size);
	sick_done(&sick);
	kit_teardown(&state);
	free(outside);
	return good;
}

static void sweep(const struct illness *illness, enum life life)
{
	char why[1024];
	const char *all = getenv("RANKGUARD_EXHAUSTIVE");
	unsigned calls = 1, runs = 0, at, step = all && all[0] == '1' ? 1 : life == IN_EPOCHS ? 97 : 7;
	unsigned first = 1 + (unsigned)(illness - illnesses) % step;
	for (at = first; at <= calls || at == first; at += step, runs++) {
		unsigned made;
		if (!live(illness, at, life, false, &made, why, sizeof why))
			fail_msg("%s %s at call %u: %s", illness->name, life_text[life], at, why);
		/* The sick run ends sooner; the longest seen says how far to go. */
		calls = made > calls ? made : calls;
		if (at == first) {
			const struct illness healthy = {"none", SICK_NONE, 0, 0, false};
			assert_true(live(&healthy, 0, life, false, &calls, why, sizeof why));
		}
	}
	print_message("%s %s: %u calls, %u runs, 0 lost\n", illness->name, life_text[life], calls, runs);
}

static void sweep_all(enum life life)
{
	const char *only = getenv("RANKGUARD_ILLNESS");
	for (size_t i = 0; i < sizeof illnesses / sizeof *illnesses; i++)
		if (!only || strcmp(only, illnesses[i].name) == 0)
			sweep(&illnesses[i], life);
}

static void nothing_acknowledged_is_lost_in_a_new_log(void **state)
{
	(void)state;
	sweep_all(IN_NEW);
}

static void nothing_acknowledged_is_lost_in_an_old_log(void **state)
{
	(void)state;
	sweep_all(IN_OLD);
}

static void nothing_acknowledged_is_lost_while_epochs_change(void **state)
{
	(void)state;
	sweep_all(IN_EPOCHS);
}

/* The control: a disk whose syncs do nothing loses acknowledged entries in a power cut, and the sweep says so. */
static void a_disk_that_lies_is_noticed(void **state)
{
	const struct illness cut = {"power cut", SICK_DEAD, EIO, 0, true};
	char why[1024];
	unsigned calls, noticed = 0, runs = 0;
	(void)state;
	for (unsigned at = 20; at < 60; at += 5, runs++)
		noticed += !live(&cut, at, IN_NEW, true, &calls, why, sizeof why);
	print_message("the control, whose syncs do nothing: %u runs, %u with losses\n", runs, noticed);
	assert_true(noticed > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_acknowledged_is_lost_in_a_new_log),
		cmocka_unit_test(nothing_acknowledged_is_lost_in_an_old_log),
		cmocka_unit_test(nothing_acknowledged_is_lost_while_epochs_change),
		cmocka_unit_test(a_disk_that_lies_is_noticed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
