/* SPDX-License-Identifier: Apache-2.0
 *
 * The embedded store over kills, and where there is no room for it. Each harness has a control that must fail.
 */
#include "tests/sidecar/history_life.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- killed ---- */

/* A child serves until it has told so many acknowledgements, and is killed there. */
static void killed_after(struct history_life *life, unsigned count)
{
	int told[2];
	char byte;
	assert_int_equal(pipe(told), 0);
	life->seed++;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(told[0]);
		history_life_start(life);
		history_life_send(life, 1000000, told[1]);
		_exit(0);
	}
	close(told[1]);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(read(told[0], &byte, 1), 1);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(told[0]);
}

static void after_kill_9_it_resumes(void **state)
{
	struct history_life *life = *state;
	unsigned seed = 4711;
	print_message("seed %u\n", seed);
	history_life_start(life);
	history_life_end_run(life);
	for (int round = 0; round < 25; round++) {
		killed_after(life, (unsigned)rand_r(&seed) % 700);
		if (round % 3 == 0)
			continue; /* killed again before anybody looked */
		history_life_start(life);
		history_life_assert_said(life, "resumed: ");
		history_life_assert_like_the_log(life);
		history_life_end_run(life);
	}
}

static void control_a_forgotten_event_is_noticed(void **state)
{
	struct history_life *life = *state;
	size_t events;
	life->forgetful = true;
	killed_after(life, 200);
	history_life_start(life);
	history_life_assert_said(life, "resumed: ");
	assert_false(history_life_like_the_log(life, &events));
	history_life_end_run(life);
}

static void only_newer_entries_are_folded(void **state)
{
	struct history_life *life = *state;
	history_life_start(life);
	history_life_assert_said(life, "built from 1 entries of the log");
	history_life_send(life, 100, -1);
	history_life_end_run(life);
	history_life_start(life);
	history_life_assert_said(life, "resumed: 2 entries of the log were newer"); /* close, open */
	history_life_assert_like_the_log(life);
	history_life_end_run(life);
}

/* ---- room ---- */

static void the_map_grows(void **state)
{
	struct history_life *life = *state;
	char path[128];
	struct stat st;
	life->map_bytes = 64 << 10;
	life->keep_ns = TIME_HOUR;
	history_life_start(life);
	history_life_send(life, 4000, -1);
	history_life_assert_like_the_log(life);
	history_life_end_run(life);
	history_life_path(life, "history.mdb", path);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size > 4 * (64 << 10));
	history_life_start(life);
	history_life_assert_said(life, "resumed: ");
	history_life_assert_like_the_log(life);
	history_life_end_run(life);
}

/* Makes a place full, and makes room again. */
struct place {
	const char *name;
	bool (*begin)(struct history_life *life);
	void (*fill)(struct history_life *life);
	void (*clear)(struct history_life *life);
	void (*end)(struct history_life *life);
};

static bool limit_begin(struct history_life *life)
{
	(void)life;
	return signal(SIGXFSZ, SIG_IGN) != SIG_ERR;
}

static void limit_file(rlim_t bytes)
{
	struct rlimit limit;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void limit_fill(struct history_life *life)
{
	(void)life;
	limit_file(40 << 10);
}

static void limit_clear(struct history_life *life)
{
	(void)life;
	limit_file(RLIM_INFINITY);
}

static bool tmpfs_begin(struct history_life *life)
{
	return mount("tmpfs", life->folder, "tmpfs", 0, "size=512k") == 0;
}

static void tmpfs_fill(struct history_life *life)
{
	char path[128], zeros[4096] = {0};
	history_life_path(life, "ballast", path);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	while (write(fd, zeros, sizeof zeros) > 0)
		;
	assert_int_equal(errno, ENOSPC);
	close(fd);
}

static void tmpfs_clear(struct history_life *life)
{
	char path[128];
	history_life_path(life, "ballast", path);
	unlink(path);
}

static void tmpfs_end(struct history_life *life)
{
	assert_int_equal(umount(life->folder), 0);
}

static void nothing(struct history_life *life)
{
	(void)life;
}

static const struct place places[] = {
	{"a limit of the file's size", limit_begin, limit_fill, limit_clear, nothing},
	{"a full disk", tmpfs_begin, tmpfs_fill, tmpfs_clear, tmpfs_end},
};

static struct audit_entry_seen seen_at(int64_t time_ns)
{
	return (struct audit_entry_seen){.type = BYTES_LITERAL("delivered"),
					 .time_ns = time_ns,
					 .session = BYTES_LITERAL("0123456789abcdef0123456789abcdef"),
					 .kind = BYTES_LITERAL("pause"),
					 .prompt_id = BYTES_LITERAL("a prompt with a name")};
}

/* Either all events are read, or none can be: never some. Returns whether they can. */
static bool all_or_none(struct sidecar_history *history, uint64_t folded)
{
	struct sidecar_lease lease;
	struct rules_history seen;
	struct arena arena;
	struct err err;
	arena_init(&arena, (size_t)1 << 30);
	bool all = sidecar_history_lock(history, seen_at(0).session, (struct bytes){0}, &arena, &lease, &seen,
					&err);
	if (all) {
		assert_int_equal(seen.session.count, folded);
		sidecar_history_unlock(&lease);
	}
	arena_done(&arena);
	return all;
}

static void full_and_with_room_again(struct history_life *life, const struct place *place)
{
	struct err err;
	uint64_t index = 0;
	struct sidecar_history *history = sidecar_history_new(history_life_store(life, &err), TIME_HOUR);
	assert_non_null(history);
	for (; index < 50; index++)
		history_fold(history, index, seen_at((int64_t)index));
	assert_true(all_or_none(history, index));
	place->fill(life);
	bool before = true;
	for (; index < 3000; index++) {
		history_fold(history, index, seen_at((int64_t)index));
		if (index % 20 != 0)
			continue;
		bool now = all_or_none(history, index + 1);
		assert_true(before || !now); /* once it cannot be written it stays so, without a flush */
		before = now;
	}
	assert_false(before);
	assert_false(sidecar_history_flush(history, &err));
	assert_non_null(strstr(err.text, life->folder));
	place->clear(life);
	assert_true(sidecar_history_flush(history, &err));
	assert_true(all_or_none(history, index));
	sidecar_history_free(history);
}

static void what_cannot_be_written_is_not_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		void *fresh;
		history_life_begin(&fresh);
		struct history_life *life = fresh;
		if (places[i].begin(life)) {
			full_and_with_room_again(life, &places[i]);
			places[i].end(life);
		} else {
			print_message("skipped: %s cannot be made here: %s\n", places[i].name,
				      strerror(errno));
		}
		history_life_end(&fresh);
	}
}

static void beyond_the_bound_history_is_lost_until_a_restart(void **state)
{
	struct history_life *life = *state;
	struct err err;
	struct sidecar_store store = sidecar_store_lmdb(
		&(struct sidecar_store_lmdb_options){
			.directory = life->folder, .subject_key = "k", .batch = 10, .bound = 100},
		&err);
	struct sidecar_history *history = sidecar_history_new(store, TIME_HOUR);
	assert_true(limit_begin(life));
	limit_fill(life);
	bool taken = true;
	for (uint64_t i = 0; i < 5000 && taken; i++) {
		struct audit_entry_seen seen = seen_at((int64_t)i);
		taken = sidecar_history_fold(history, i, &seen, &err);
	}
	limit_clear(life);
	assert_false(taken);
	assert_non_null(strstr(err.text, "history: 100 events wait to be written: history: "));
	assert_true(sidecar_history_flush(history, &err));
	assert_false(all_or_none(history, 0));
	sidecar_history_free(history);
}

/* ---- one process, one directory ---- */

static void refused(struct history_life *life, const char *words)
{
	struct err err;
	char expected[256];
	snprintf(expected, sizeof expected, "history: %s: %s", life->folder, words);
	assert_null(history_life_store(life, &err).ctx);
	assert_string_equal(err.text, expected);
}

static void a_directory_that_cannot_be_used_is_refused(void **state)
{
	struct history_life *life = *state;
	struct err err;
	struct sidecar_store first = history_life_store(life, &err);
	assert_non_null(first.ctx);
	refused(life, "another process uses it; each sidecar needs its own");
	first.free(first.ctx);
	first = history_life_store(life, &err);
	assert_non_null(first.ctx);
	first.free(first.ctx);
	history_folder_remove(life->folder);
	refused(life, "No such file or directory; make it, owned by the user that serves");
}

int main(void)
{
#define LIVED(test) cmocka_unit_test_setup_teardown(test, history_life_begin, history_life_end)
	const struct CMUnitTest tests[] = {
		LIVED(only_newer_entries_are_folded),
		LIVED(after_kill_9_it_resumes),
		LIVED(control_a_forgotten_event_is_noticed),
		LIVED(the_map_grows),
		cmocka_unit_test(what_cannot_be_written_is_not_read),
		LIVED(beyond_the_bound_history_is_lost_until_a_restart),
		LIVED(a_directory_that_cannot_be_used_is_refused),
	};
	return cmocka_run_group_tests_name("store_lmdb", tests, NULL, NULL);
}
