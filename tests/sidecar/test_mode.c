/* SPDX-License-Identifier: Apache-2.0
 *
 * The observe switch on a real log with a clock of its own: what is in force when, and what the log says of it.
 */
#include "tests/audit/kit.h"
#include "tests/audit/sick_io.h"

#include "sidecar/mode.h"
#include <stdio.h>
#include <unistd.h>

#define START (INT64_C(1763892000) * TIME_SECOND) /* 2025-11-23T10:00:00Z, when the kit's clock begins */

struct place {
	struct kit *kit;
	struct audit_log *log;
	struct sidecar_mode *mode;
};

static struct place open_place(void **state)
{
	struct place place = {.kit = *state};
	place.log = kit_open(place.kit);
	place.mode = sidecar_mode_new(place.log, NULL);
	assert_non_null(place.mode);
	return place;
}

/* Ends it, and the log is a sound one. */
static void close_place(struct place *place)
{
	sidecar_mode_free(place->mode);
	kit_close(place->log);
	kit_sound(place->kit);
}

static void clock_to(struct place *place, int64_t time_ns)
{
	atomic_store(&place->kit->now_ns, time_ns);
}

/* The mode entries behind their times, one a line. */
static bool see(void *ctx, uint64_t index, struct bytes leaf)
{
	struct audit_entry_head head;
	(void)index;
	assert_true(audit_entry_check(leaf, &head, NULL));
	if (bytes_equal(head.type, BYTES_LITERAL("mode")))
		buf_printf(ctx, "%.*s\n", (int)(leaf.len - head.rest_at), leaf.at + head.rest_at);
	return true;
}

static void assert_recorded(struct place *place, const char *want)
{
	struct buf said = {0};
	struct err err;
	assert_true(audit_log_scan(place->log, 0, see, &said, &err));
	buf_add(&said, "", 1);
	assert_string_equal(said.at, want);
	buf_done(&said);
}

#define ENFORCE_START ",\"mode\":\"enforce\",\"cause\":\"start\"}\n"
#define ENFORCE_UNTIL ",\"mode\":\"enforce\",\"cause\":\"until\"}\n"
#define OBSERVE_TO_11                                                                                        \
	",\"mode\":\"observe\",\"until\":\"2025-11-23T11:00:00.000000000Z\",\"by\":\"me\",\"cause\":"
#define OBSERVE_TO_12                                                                                        \
	",\"mode\":\"observe\",\"until\":\"2025-11-23T12:00:00.000000000Z\",\"by\":\"you\",\"cause\":"

static bool observe(struct place *place, int64_t until_ns, const char *by, enum sidecar_cause cause)
{
	struct err err = {""};
	bool good = sidecar_mode_observe(place->mode, until_ns, by, cause, &err);
	assert_string_equal(err.text, "");
	return good;
}

static void tick(struct place *place)
{
	struct err err = {""};
	assert_true(sidecar_mode_tick(place->mode, &err));
	assert_string_equal(err.text, "");
}

static void a_new_switch_enforces_and_says_nothing(void **state)
{
	struct place place = open_place(state);
	assert_false(sidecar_mode_observes(place.mode, 0));
	assert_false(sidecar_mode_observes(place.mode, INT64_MIN));
	tick(&place);
	assert_recorded(&place, "");
	close_place(&place);
}

static void it_observes_until_the_end_and_not_at_it(void **state)
{
	struct place place = open_place(state);
	int64_t until = START + TIME_HOUR;
	assert_true(observe(&place, until, "me", SIDECAR_CAUSE_START));
	assert_true(sidecar_mode_observes(place.mode, START));
	assert_true(sidecar_mode_observes(place.mode, until - 1));
	assert_false(sidecar_mode_observes(place.mode, until));
	assert_false(sidecar_mode_observes(place.mode, until + 1));
	close_place(&place);
}

static void the_return_is_recorded_once(void **state)
{
	struct place place = open_place(state);
	assert_true(observe(&place, START + TIME_HOUR, "me", SIDECAR_CAUSE_START));
	clock_to(&place, START + TIME_HOUR - TIME_MINUTE);
	tick(&place);
	assert_recorded(&place, OBSERVE_TO_11 "\"start\"}\n");
	clock_to(&place, START + TIME_HOUR);
	for (int i = 0; i < 3; i++)
		tick(&place);
	assert_recorded(&place, OBSERVE_TO_11 "\"start\"}\n" ENFORCE_UNTIL);
	assert_false(sidecar_mode_observes(place.mode, START)); /* the past does not come back */
	close_place(&place);
}

static void each_change_is_an_entry(void **state)
{
	struct place place = open_place(state);
	struct err err;
	assert_true(sidecar_mode_enforce(place.mode, NULL, SIDECAR_CAUSE_START, &err));
	assert_true(observe(&place, START + TIME_HOUR, "me", SIDECAR_CAUSE_CONTROL));
	assert_true(observe(&place, START + 2 * TIME_HOUR, "you", SIDECAR_CAUSE_RELOAD));
	assert_true(sidecar_mode_observes(place.mode, START + TIME_HOUR));
	assert_true(sidecar_mode_enforce(place.mode, "you", SIDECAR_CAUSE_CONTROL, &err));
	assert_false(sidecar_mode_observes(place.mode, START));
	clock_to(&place, START + 3 * TIME_HOUR);
	tick(&place);
	assert_recorded(&place, ENFORCE_START OBSERVE_TO_11
			"\"control\"}\n" OBSERVE_TO_12 "\"reload\"}\n"
			",\"mode\":\"enforce\",\"by\":\"you\",\"cause\":\"control\"}\n");
	close_place(&place);
}

static void configure(struct place *place, int64_t until_ns, const char *by, enum sidecar_cause cause)
{
	struct err err = {""};
	assert_true(sidecar_mode_configure(place->mode, until_ns, by, cause, &err));
	assert_string_equal(err.text, "");
}

/* A reload of something else neither takes back what an operator asked for, nor brings back what has ended. */
static void only_a_changed_configuration_moves_it(void **state)
{
	struct place place = open_place(state);
	struct err err;
	int64_t until = START + TIME_HOUR;
	configure(&place, until, "me", SIDECAR_CAUSE_START);
	configure(&place, until, "me", SIDECAR_CAUSE_RELOAD);
	assert_recorded(&place, OBSERVE_TO_11 "\"start\"}\n");
	assert_true(sidecar_mode_enforce(place.mode, "you", SIDECAR_CAUSE_CONTROL, &err));
	configure(&place, until, "me", SIDECAR_CAUSE_RELOAD);
	assert_false(sidecar_mode_observes(place.mode, START));
	configure(&place, until + TIME_HOUR, "you", SIDECAR_CAUSE_RELOAD);
	assert_true(sidecar_mode_observes(place.mode, START));
	assert_false(sidecar_mode_configure(place.mode, START, "you", SIDECAR_CAUSE_RELOAD, &err));
	assert_true(sidecar_mode_observes(place.mode, START));
	configure(&place, 0, NULL, SIDECAR_CAUSE_RELOAD);
	assert_false(sidecar_mode_observes(place.mode, START));
	configure(&place, 0, NULL, SIDECAR_CAUSE_RELOAD);
	assert_recorded(
		&place, OBSERVE_TO_11
		"\"start\"}\n,\"mode\":\"enforce\",\"by\":\"you\",\"cause\":\"control\"}\n" OBSERVE_TO_12
		"\"reload\"}\n,\"mode\":\"enforce\",\"cause\":\"reload\"}\n");
	close_place(&place);
}

static void a_new_configuration_of_enforce_is_stated(void **state)
{
	struct place place = open_place(state);
	configure(&place, 0, NULL, SIDECAR_CAUSE_START);
	assert_recorded(&place, ENFORCE_START);
	close_place(&place);
}

static void a_state_is_a_snapshot(void **state)
{
	struct place place = open_place(state);
	struct sidecar_mode_state now;
	sidecar_mode_state(place.mode, &now);
	assert_true(!now.observes && now.until_ns == 0 && !now.by[0]);
	assert_true(observe(&place, START + TIME_HOUR, "me", SIDECAR_CAUSE_START));
	sidecar_mode_state(place.mode, &now);
	assert_true(now.observes && now.until_ns == START + TIME_HOUR);
	assert_string_equal(now.by, "me");
	clock_to(&place, START + TIME_HOUR); /* also before the return is recorded */
	sidecar_mode_state(place.mode, &now);
	assert_true(!now.observes && now.until_ns == 0 && !now.by[0]);
	close_place(&place);
}

static void assert_gauge(struct place *place, const char *want)
{
	struct buf out = {0};
	sidecar_mode_render(place->mode, &out);
	buf_add(&out, "", 1);
	assert_non_null(strstr(out.at, want));
	assert_int_equal(strncmp(out.at, "# HELP rankguard_mode ", 22), 0);
	buf_done(&out);
}

static void the_gauge_shows_what_is_in_force(void **state)
{
	static const char enforce[] = "# TYPE rankguard_mode gauge\nrankguard_mode{mode=\"enforce\"} "
				      "1\nrankguard_mode{mode=\"observe\"} 0\n";
	struct place place = open_place(state);
	assert_gauge(&place, enforce);
	assert_true(observe(&place, START + TIME_HOUR, "me", SIDECAR_CAUSE_START));
	assert_gauge(&place, "\nrankguard_mode{mode=\"enforce\"} 0\nrankguard_mode{mode=\"observe\"} 1\n");
	clock_to(&place, START + TIME_HOUR);
	assert_gauge(&place, enforce);
	close_place(&place);
}

static void what_is_not_valid_is_refused_and_changes_nothing(void **state)
{
	static char longest[SIDECAR_OBSERVE_BY_MAX + 2];
	memset(longest, 'x', sizeof longest - 1);
	static const struct {
		int64_t after_ns;
		const char *by, *error;
	} rows[] = {
		{0, "me",
		 "observe_until: 2025-11-23T10:00:00Z has passed; write a later "
		 "time, or "
		 "mode = \"enforce\" without observe_until and observe_by"},
		{-TIME_DAY, "me",
		 "observe_until: 2025-11-22T10:00:00Z has passed; write a later "
		 "time, or "
		 "mode = \"enforce\" without observe_until and observe_by"},
		{31 * TIME_DAY, "me",
		 "observe_until: 2025-12-24T10:00:00Z is more than 30 days ahead; write an "
		 "earlier time"},
		{TIME_HOUR, "",
		 "observe_by: names nobody; write who answers for it, such as \"sre@example.org\""},
		{TIME_HOUR, "   ",
		 "observe_by: names nobody; write who answers for it, such as \"sre@example.org\""},
		{TIME_HOUR, longest, "observe_by: is too long; at most 120 bytes"},
		{TIME_HOUR, "a\nb",
		 "observe_by: holds a control character or is not UTF-8; write plain text"},
		{TIME_HOUR, "\xff",
		 "observe_by: holds a control character or is not UTF-8; write plain text"},
	};
	struct place place = open_place(state);
	struct err err;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_false(sidecar_mode_observe(place.mode, START + rows[i].after_ns, rows[i].by,
						  SIDECAR_CAUSE_CONTROL, &err));
		assert_string_equal(err.text, rows[i].error);
	}
	assert_false(sidecar_mode_enforce(place.mode, "\t", SIDECAR_CAUSE_CONTROL, &err));
	assert_string_equal(err.text,
			    "observe_by: holds a control character or is not UTF-8; write plain text");
	assert_false(sidecar_mode_observes(place.mode, START));
	assert_recorded(&place, "");
	longest[SIDECAR_OBSERVE_BY_MAX] = '\0';
	assert_true(observe(&place, START + 30 * TIME_DAY, longest, SIDECAR_CAUSE_CONTROL));
	close_place(&place);
}

/* Every call of the disk fails meanwhile; a second after it is well again the log recovers by itself. */
static void fall_sick(struct sick_io *sick, bool dead)
{
	pthread_mutex_lock(&sick->lock);
	sick->dead = dead;
	pthread_mutex_unlock(&sick->lock);
}

static void a_sick_log_keeps_it_from_observing(void **state)
{
	struct kit *kit = *state;
	struct sick_io sick;
	struct err err;
	sick_init(&sick);
	kit->options.io = &sick.io;
	struct place place = open_place(state);
	fall_sick(&sick, true);
	assert_false(sidecar_mode_observe(place.mode, START + TIME_HOUR, "me", SIDECAR_CAUSE_CONTROL, &err));
	assert_int_equal(strncmp(err.text, "mode: ", 6), 0);
	assert_false(sidecar_mode_observes(place.mode, START));
	fall_sick(&sick, false);
	struct audit_log_state now;
	do
		audit_log_state(place.log, &now);
	while (!now.writable);
	assert_recorded(&place, "");
	close_place(&place);
	sick_done(&sick);
}

static void a_sick_log_does_not_keep_it_from_ending(void **state)
{
	struct kit *kit = *state;
	struct sick_io sick;
	struct err err;
	sick_init(&sick);
	kit->options.io = &sick.io;
	struct place place = open_place(state);
	assert_true(observe(&place, START + TIME_HOUR, "me", SIDECAR_CAUSE_START));
	fall_sick(&sick, true);
	clock_to(&place, START + TIME_HOUR);
	assert_false(sidecar_mode_tick(place.mode, &err));
	assert_false(sidecar_mode_observes(place.mode, START)); /* in force already */
	fall_sick(&sick, false);
	while (!sidecar_mode_tick(place.mode, &err))
		assert_int_equal(strncmp(err.text, "mode: ", 6), 0); /* owed until the log recovers */
	tick(&place);
	assert_recorded(&place, OBSERVE_TO_11 "\"start\"}\n" ENFORCE_UNTIL);
	close_place(&place);
	sick_done(&sick);
}

enum { READERS = 3, CHANGES = 100 };

struct readers {
	struct place place;
	atomic_bool over;
	atomic_int wrong;
};

/* Calls read the switch while it is moved to and fro. */
static void *read_on(void *ctx)
{
	struct readers *readers = ctx;
	struct sidecar_mode_state now;
	while (!atomic_load(&readers->over)) {
		if (sidecar_mode_observes(readers->place.mode, START + 3 * TIME_HOUR))
			atomic_fetch_add(&readers->wrong, 1);
		sidecar_mode_state(readers->place.mode, &now);
		if (now.observes != (now.by[0] != '\0'))
			atomic_fetch_add(&readers->wrong, 1);
	}
	return NULL;
}

static void it_is_moved_while_calls_read_it(void **state)
{
	struct readers readers = {.place = open_place(state)};
	pthread_t thread[READERS];
	struct err err;
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, read_on, &readers), 0);
	for (int i = 0; i < CHANGES; i++) {
		assert_true(observe(&readers.place, START + TIME_HOUR, "me", SIDECAR_CAUSE_CONTROL));
		tick(&readers.place);
		assert_true(sidecar_mode_enforce(readers.place.mode, "me", SIDECAR_CAUSE_CONTROL, &err));
	}
	atomic_store(&readers.over, true);
	for (int i = 0; i < READERS; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(atomic_load(&readers.wrong), 0);
	close_place(&readers.place);
}

#define ON_A_LOG(test) cmocka_unit_test_setup_teardown(test, kit_setup, kit_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_LOG(a_new_switch_enforces_and_says_nothing),
		ON_A_LOG(it_observes_until_the_end_and_not_at_it),
		ON_A_LOG(the_return_is_recorded_once),
		ON_A_LOG(each_change_is_an_entry),
		ON_A_LOG(only_a_changed_configuration_moves_it),
		ON_A_LOG(a_new_configuration_of_enforce_is_stated),
		ON_A_LOG(a_state_is_a_snapshot),
		ON_A_LOG(the_gauge_shows_what_is_in_force),
		ON_A_LOG(what_is_not_valid_is_refused_and_changes_nothing),
		ON_A_LOG(a_sick_log_keeps_it_from_observing),
		ON_A_LOG(a_sick_log_does_not_keep_it_from_ending),
		ON_A_LOG(it_is_moved_while_calls_read_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
