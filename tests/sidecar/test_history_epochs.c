/* SPDX-License-Identifier: Apache-2.0
 *
 * History after the log has changed epochs: an opt-out stands when the epoch in which it was said is pruned, and a
 * store that lasts goes on over the change.
 */
#include "tests/sidecar/history_life.h"

#include "sidecar/history_catch_up.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char subject[] = "0123456789abcdef0123456789abcdef";

static void say(struct audit_log *log, const char *session, const char *kind)
{
	struct audit_batch batch = {0};
	const struct audit_entry_signal signal = {.session = bytes_of(session), .kind = kind};
	assert_true(audit_entry_signal(&batch, audit_log_now(log), &signal));
	assert_true(audit_log_append_wait(log, &batch, NULL, NULL));
	audit_batch_done(&batch);
}

static struct audit_log *open_log(struct history_life *life, uint64_t seal_entries, int64_t retain_ns)
{
	struct err err;
	const struct audit_options options = {.directory = life->log_folder,
					      .origin = "example.org/test",
					      .identity = "pod-1",
					      .publish_ns = 10 * (TIME_SECOND / 1000),
					      .configuration = BYTES_LITERAL("none"),
					      .versions = BYTES_LITERAL("{}"),
					      .retain = BYTES_LITERAL("1ns"),
					      .seal_entries = seal_entries,
					      .retain_ns = retain_ns,
					      .segment_bytes = 1 << 16};
	struct audit_log *log = audit_log_open(&options, &err);
	if (!log)
		fail_msg("%s", err.text);
	return log;
}

static void change_epoch(struct audit_log *log)
{
	struct audit_log_state before, now;
	audit_log_state(log, &before);
	do {
		say(log, "somebody else", "dissatisfied");
		audit_log_state(log, &now);
	} while (now.epoch == before.epoch);
}

/* Catches up and tells what the subject said last. */
static void expect_opted_out(struct history_life *life, struct audit_log *log, struct sidecar_store store)
{
	struct sidecar_talk *talk = sidecar_talk_new(life->said, false);
	struct sidecar_history *history = sidecar_history_new(store, TIME_HOUR);
	struct sidecar_lease lease;
	struct rules_history seen;
	struct arena arena;
	struct err err;
	arena_init(&arena, 1 << 20);
	if (!sidecar_history_catch_up(history, log, talk, &err) ||
	    !sidecar_history_lock(history, bytes_of(subject), (struct bytes){NULL, 0}, &arena, &lease, &seen,
				  &err))
		fail_msg("%s", err.text);
	assert_int_equal(seen.session.count, 1);
	assert_int_equal(seen.session.event[0].signal, SIGNAL_OPT_OUT);
	assert_int_equal(audit_place_epoch(seen.session.event[0].entry), 1);
	assert_int_equal(audit_place_index(seen.session.event[0].entry), 1);
	sidecar_history_unlock(&lease);
	assert_true(sidecar_history_flush(history, &err));
	arena_done(&arena);
	sidecar_history_free(history);
	sidecar_talk_free(talk);
}

static void an_opt_out_outlives_its_epoch(void **state)
{
	struct history_life *life = *state;
	char pruned[128];
	struct audit_log *log = open_log(life, 20, 0);
	say(log, subject, "opt_out");
	change_epoch(log);
	change_epoch(log);
	assert_true(audit_log_close(log, NULL));
	log = open_log(life, 0, 1);
	/* The second epoch is pruned last. */
	snprintf(pruned, sizeof pruned, "%s/0002/tile/entries", life->log_folder);
	while (access(pruned, F_OK) == 0)
		say(log, "somebody else", "dissatisfied");
	expect_opted_out(life, log, sidecar_store_memory());
	assert_true(audit_log_close(log, NULL));
}

/* The embedded store names its last entry by epoch and index, so it goes on in the next epoch. */
static void a_store_that_lasts_goes_on_over_a_change(void **state)
{
	struct history_life *life = *state;
	struct err err;
	struct audit_log *log = open_log(life, 20, 0);
	say(log, subject, "opt_out");
	expect_opted_out(life, log, history_life_store(life, &err));
	change_epoch(log);
	expect_opted_out(life, log, history_life_store(life, &err));
	history_life_assert_said(life, "resumed: ");
	assert_true(audit_log_close(log, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_opt_out_outlives_its_epoch, history_life_begin,
						history_life_end),
		cmocka_unit_test_setup_teardown(a_store_that_lasts_goes_on_over_a_change, history_life_begin,
						history_life_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
