/* SPDX-License-Identifier: Apache-2.0
 *
 * The log from the outside: what is acknowledged is there, in order, once, and signed.
 */
#include "kit.h"

#include "audit/checkpoint.h"
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct scan {
	uint64_t count, last;
	int64_t time_ns;
	uint64_t types[8];
};

static bool see(void *ctx, uint64_t index, struct bytes leaf)
{
	static const char *const types[] = {"open", "signal", "recovery", "close", "failure"};
	struct scan *scan = ctx;
	struct audit_entry_head head;
	assert_true(audit_entry_read_head(leaf, &head, NULL));
	assert_true(head.time_ns >= scan->time_ns || audit_place_index(index) == 0);
	scan->time_ns = head.time_ns;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		scan->types[i] += bytes_equal(head.type, bytes_of(types[i]));
	scan->last = index;
	scan->count++;
	return true;
}

/* Sizes at the borders of tiles and bundles, counting the log's own open and close. */
static void every_size_is_sound(void **state)
{
	static const uint64_t sizes[] = {2, 3, 255, 256, 257, 511, 512, 513, 65535, 65536, 65537};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct kit *kit;
		struct scan scan = {0};
		struct err err;
		assert_int_equal(kit_setup(state), 0);
		kit = *state;
		struct audit_log *log = kit_open(kit);
		kit_fill(log, sizes[i] - 2);
		assert_true(audit_log_scan(log, 0, see, &scan, &err));
		assert_int_equal(scan.count, sizes[i] - 1);
		kit_close(log);
		kit_sound(kit);
		/* and again after a restart, from what is on disk */
		log = kit_open(kit);
		struct audit_log_state now;
		audit_log_state(log, &now);
		assert_int_equal(now.size, sizes[i] + 1);
		assert_int_equal(now.published, sizes[i]);
		scan = (struct scan){0};
		assert_true(audit_log_scan(log, 0, see, &scan, &err));
		assert_int_equal(scan.count, sizes[i] + 1);
		assert_int_equal(scan.types[0], 2);
		assert_int_equal(scan.types[2], 0);
		assert_int_equal(scan.types[3], 1);
		scan = (struct scan){0};
		assert_true(audit_log_scan(log, audit_place(1, sizes[i]), see, &scan, &err));
		assert_int_equal(scan.count, 1);
		kit_close(log);
		kit_sound(kit);
		assert_int_equal(kit_teardown(state), 0);
	}
}

static void restarts_grow_one_log(void **state)
{
	struct kit *kit = *state;
	uint64_t expected = 0;
	for (int i = 0; i < 20; i++) {
		struct audit_log *log = kit_open(kit);
		expected++;
		for (int j = 0; j < 13 * i; j++)
			assert_int_equal(kit_append(log, (uint64_t)j, 10), expected++);
		kit_close(log);
		expected++;
		kit_sound(kit);
	}
	assert_false(kit_exists(kit, "0002"));
	assert_true(kit_said(kit, "c checkpoint example.org/test/host/0001 "));
}

static void checkpoints_on_stderr_hold_the_log(void **state)
{
	struct kit *kit = *state;
	char path[256];
	struct err err;
	for (int i = 0; i < 5; i++) {
		struct audit_log *log = kit_open(kit);
		kit_fill(log, 100);
		kit_close(log);
	}
	kit_path(kit, "../rankguard-checkpoints", path);
	FILE *file = fopen(path, "w");
	assert_int_equal(fwrite(kit->talk.at, 1, kit->talk.len, file), kit->talk.len);
	fclose(file);
	struct audit_verify_options options = {.path = kit->dir, .strict = true, .checkpoints = path};
	assert_int_equal(audit_verify(&options, &err), AUDIT_SOUND);
	unlink(path);
}

static void a_second_writer_is_refused(void **state)
{
	struct kit *kit = *state;
	struct audit_log *log = kit_open(kit);
	kit_refused(kit, "%D: another process writes this log; stop it first, or give this one a directory "
			 "of its own");
	kit_append(log, 1, 10);
	kit_close(log);
	kit_sound(kit);
}

static void a_reader_beside_the_writer_sees_a_sound_log(void **state)
{
	struct kit *kit = *state;
	struct buf words = {0};
	kit->options.publish_ns = TIME_SECOND / 100;
	struct audit_log *log = kit_open(kit);
	for (int i = 0; i < 30; i++) {
		kit_fill(log, 300);
		if (kit_verify(kit->dir, true, &words) != AUDIT_SOUND)
			fail_msg("%.*s", (int)words.len, words.at);
	}
	kit_close(log);
	kit_sound(kit);
	buf_done(&words);
}

static void big_batches_have_segments_of_their_own(void **state)
{
	struct kit *kit = *state;
	struct audit_log *log = kit_open(kit);
	struct audit_batch batch = {0};
	struct err err;
	uint64_t first;
	for (int i = 0; i < 1000; i++)
		assert_true(kit_signal(&batch, 0, (uint64_t)i, 900));
	assert_true(batch.leaves.len > 4 * AUDIT_SEGMENT_LEAST);
	assert_true(audit_log_append_wait(log, &batch, &first, &err));
	assert_int_equal(first, 1);
	assert_int_equal(kit_append(log, 1, 10), 1001);
	audit_batch_done(&batch);
	kit_close(log);
	kit_sound(kit);
}

static void batches_that_are_not_entries_are_refused(void **state)
{
	struct kit *kit = *state;
	struct audit_log *log = kit_open(kit);
	struct audit_batch empty = {0}, wrong = {0}, cut = {0};
	struct err err;
	buf_add(&wrong.leaves, "\0\2{}", 4);
	wrong.count = 1;
	assert_true(kit_signal(&cut, 0, 1, 10));
	cut.leaves.len--;
	struct audit_batch *const rows[] = {&empty, &wrong, &cut};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_false(audit_log_append_wait(log, rows[i], NULL, &err));
		assert_non_null(
			strstr(err.text, ": the log cannot be written: the batch is not made of entries"));
		audit_batch_done(rows[i]);
	}
	assert_int_equal(kit_append(log, 1, 10), 1);
	kit_close(log);
	kit_sound(kit);
}

/* Times are raised to the log's clock, and a time ahead of it carries the clock along. */
static void time_never_runs_backwards(void **state)
{
	struct kit *kit = *state;
	struct audit_log *log = kit_open(kit);
	int64_t start = audit_log_now(log);
	struct audit_batch batch = {0};
	struct scan scan = {0};
	struct err err;
	assert_true(kit_signal(&batch, start - TIME_DAY, 1, 10) &&
		    kit_signal(&batch, start + TIME_HOUR, 2, 10) && kit_signal(&batch, start, 3, 10));
	assert_true(audit_log_append_wait(log, &batch, NULL, &err));
	assert_true(audit_log_now(log) >= start + TIME_HOUR);
	atomic_fetch_sub(&kit->now_ns, TIME_DAY);
	kit_append(log, 4, 10);
	assert_true(audit_log_scan(log, 0, see, &scan, &err));
	assert_true(scan.time_ns >= start + TIME_HOUR);
	audit_batch_done(&batch);
	kit_close(log);
	kit_sound(kit);
}

static void a_key_is_made_when_none_is_given(void **state)
{
	struct kit *kit = *state;
	struct stat stat_;
	char path[256];
	kit->options.key_file = NULL;
	kit_close(kit_open(kit));
	assert_true(kit_said(
		kit,
		"/audit.key: no audit key is configured, so one was made here; whoever can write the log can "
		"also sign it: make a key with `rankguard-audit keygen` and keep it elsewhere"));
	kit_path(kit, "audit.key", path);
	assert_int_equal(stat(path, &stat_), 0);
	assert_int_equal(stat_.st_mode & 07777, 0400);
	kit_close(kit_open(kit));
	kit_sound(kit);
	assert_false(kit_exists(kit, "0002"));
}

static void unfit_options_are_refused(void **state)
{
	struct kit *kit = *state;
	const char *good = kit->options.directory;
	kit->options.directory = "/tmp/rankguard-not-there";
	kit_refused(kit, "%D: no such directory; make it and give it to the user that runs rankguard");
	kit->options.directory = kit->key;
	kit_refused(kit, "%D: not a directory; name the directory that holds the log");
	kit->options.directory = good;
	kit->options.origin = "two words";
	kit_refused(kit, "%D: origin \"two words\" with identity \"host\" is not a log's name; use a host "
			 "name and a path such "
			 "as example.org/reco, without spaces and '+'");
	kit->options.origin = "example.org/test";
	kit->options.publish_ns = 1;
	kit_refused(kit, "%D: the publish interval is below 10ms; 1s is usual");
}

/* As another user, since root may write everywhere. */
static void a_directory_that_cannot_be_written_is_refused(void **state)
{
	struct kit *kit = *state;
	if (geteuid() == 0) {
		assert_int_equal(chmod(kit->dir, 0755), 0);
		char keys[80];
		snprintf(keys, sizeof keys, "%s", kit->key);
		*strrchr(keys, '/') = '\0';
		assert_int_equal(chmod(keys, 0755), 0);
		assert_int_equal(chown(kit->key, 65534, 65534), 0);
		assert_int_equal(seteuid(65534), 0);
	} else {
		assert_int_equal(chmod(kit->dir, 0555), 0);
	}
	kit_refused(kit, "%D: cannot be written: Permission denied; the log's directory must belong to the "
			 "user that runs "
			 "rankguard, on a file system that is mounted read-write");
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	else
		chmod(kit->dir, 0755);
}

static void wait_until(struct audit_log *log, bool writable)
{
	struct audit_log_state now;
	for (int i = 0; i < 3000; i++) {
		audit_log_state(log, &now);
		if (now.writable == writable)
			return;
		poll(NULL, 0, 10);
	}
	fail_msg("the log is still %s: %s", now.writable ? "writable" : "not writable", now.why);
}

/* A file system of 600 KiB with a log in it, filled up beside the log. */
static void a_full_disk_is_said_and_got_over(void **state)
{
	struct kit *kit = *state;
	struct audit_batch batch = {0};
	struct err err;
	char path[256] = ""; /* also what fills the disk */
	if (geteuid() != 0 || mount("tmpfs", kit->dir, "tmpfs", 0, "size=600k") != 0) {
		print_message("a tmpfs cannot be mounted (%s): not run\n",
			      geteuid() ? "not root" : strerror(errno));
		skip();
	}
	struct audit_log *log = kit_open(kit);
	kit_append(log, 0, 900);
	kit_path(kit, "ballast", path);
	FILE *ballast = fopen(path, "w");
	while (fwrite(path, 1, 100, ballast) == 100 && fflush(ballast) == 0)
		;
	fclose(ballast);
	uint64_t kept = 2;
	struct audit_log_state now;
	do {
		audit_batch_done(&batch);
		assert_true(kit_signal(&batch, 0, kept, 900));
		if (!audit_log_append_wait(log, &batch, NULL, &err))
			break;
	} while (++kept < 2000);
	assert_true(kept < 2000);
	assert_non_null(strstr(err.text, "No space left on device"));
	wait_until(log, false);
	assert_false(audit_log_append_wait(log, &batch, NULL, &err));
	audit_log_state(log, &now);
	assert_int_equal(now.size, kept);
	unlink(path);
	wait_until(log, true);
	audit_batch_done(&batch);
	assert_true(kit_append(log, 1, 900) >= kept + 2);
	struct scan scan = {0};
	assert_true(audit_log_scan(log, 0, see, &scan, &err));
	assert_true(scan.types[4] >= 1 && scan.types[2] >= 1);
	assert_int_equal(scan.types[1], kept);
	kit_close(log);
	assert_true(kit_said(kit, "; what needs an entry is refused until it can, tried every second"));
	assert_true(kit_said(kit, ": the log can be written again; "));
	kit_sound(kit);
	assert_int_equal(umount(kit->dir), 0);
}

enum { THREADS = 8, EACH = 300 };

struct producer {
	pthread_t thread;
	struct audit_log *log;
	uint64_t index[EACH];
	unsigned n;
};

static void *produce(void *arg)
{
	struct producer *p = arg;
	struct err err;
	for (unsigned i = 0; i < EACH; i++) {
		struct audit_batch batch = {0};
		assert_true(kit_signal(&batch, audit_log_now(p->log), p->n * 10000 + i, 30));
		assert_true(audit_log_append_wait(p->log, &batch, &p->index[i], &err));
		audit_batch_done(&batch);
	}
	return NULL;
}

static bool mark(void *ctx, uint64_t index, struct bytes leaf)
{
	unsigned char *seen = ctx;
	struct audit_entry_head head;
	assert_true(audit_entry_read_head(leaf, &head, NULL));
	seen[audit_place_index(index)] = bytes_equal(head.type, BYTES_LITERAL("signal"));
	return true;
}

static void threads_get_an_index_each(void **state)
{
	struct kit *kit = *state;
	struct producer *p = calloc(THREADS, sizeof *p);
	unsigned char *seen = calloc(THREADS * EACH + 10, 1), *acked = calloc(THREADS * EACH + 10, 1);
	struct err err;
	kit->options.publish_ns = TIME_SECOND / 100;
	struct audit_log *log = kit_open(kit);
	for (unsigned i = 0; i < THREADS; i++) {
		p[i].log = log;
		p[i].n = i;
		assert_int_equal(pthread_create(&p[i].thread, NULL, produce, &p[i]), 0);
	}
	struct audit_log_state now;
	for (int i = 0; i < 20; i++)
		audit_log_state(log, &now);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(p[i].thread, NULL);
	for (unsigned i = 0; i < THREADS; i++)
		for (unsigned j = 0; j < EACH; j++)
			assert_int_equal(acked[p[i].index[j]]++, 0);
	assert_true(audit_log_scan(log, 0, mark, seen, &err));
	assert_memory_equal(seen, acked, THREADS * EACH + 10);
	audit_log_state(log, &now);
	assert_int_equal(now.append_count, THREADS * EACH + 1);
	kit_close(log);
	kit_sound(kit);
	free(p);
	free(seen);
	free(acked);
}

static void process_durability_publishes_what_is_synced(void **state)
{
	struct kit *kit = *state;
	kit->options.durability = AUDIT_PROCESS;
	kit->options.publish_ns = TIME_SECOND / 100;
	struct audit_log *log = kit_open(kit);
	struct audit_log_state now = {0};
	kit_fill(log, 3000);
	for (int i = 0; i < 3000 && now.published < 3001; i++) {
		audit_log_state(log, &now);
		poll(NULL, 0, 10);
	}
	assert_int_equal(now.published, 3001);
	assert_int_equal(now.publish_lag_ns, 0);
	kit_close(log);
	kit_sound(kit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size_is_sound),
		cmocka_unit_test_setup_teardown(restarts_grow_one_log, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(checkpoints_on_stderr_hold_the_log, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(a_second_writer_is_refused, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(a_reader_beside_the_writer_sees_a_sound_log, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(big_batches_have_segments_of_their_own, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(batches_that_are_not_entries_are_refused, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(time_never_runs_backwards, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(a_key_is_made_when_none_is_given, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(unfit_options_are_refused, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(a_directory_that_cannot_be_written_is_refused, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(a_full_disk_is_said_and_got_over, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(threads_get_an_index_each, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(process_durability_publishes_what_is_synced, kit_setup,
						kit_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
