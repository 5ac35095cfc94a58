/* SPDX-License-Identifier: Apache-2.0
 *
 * What an embedded store must not be believed: it is rebuilt from the log, and says why. The control is not.
 */
#include "tests/sidecar/history_life.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void put_state(const struct history_life *life, const char *text)
{
	char path[128];
	history_life_path(life, "state", path);
	int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT, 0600);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void remove_data(struct history_life *life)
{
	char path[128];
	history_life_path(life, "history.mdb", path);
	assert_int_equal(unlink(path), 0);
}

static void remove_state(struct history_life *life)
{
	char path[128];
	history_life_path(life, "state", path);
	assert_int_equal(unlink(path), 0);
}

static void flip(const struct history_life *life, const char *find, off_t at)
{
	char path[128], byte;
	history_life_path(life, "history.mdb", path);
	int fd = open(path, O_RDWR);
	off_t size = lseek(fd, 0, SEEK_END);
	char *content = malloc((size_t)size);
	assert_int_equal(pread(fd, content, (size_t)size, 0), size);
	/* Every copy: pages that are no longer in use hold old ones. */
	for (char *found = content;
	     find && (found = memmem(found, (size_t)(content + size - found), find, strlen(find))); found++) {
		byte = (char)(*found ^ 1);
		assert_int_equal(pwrite(fd, &byte, 1, found - content), 1);
	}
	if (!find) {
		byte = (char)(content[at] ^ 1);
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	free(content);
	close(fd);
}

static void flip_one(struct history_life *life)
{
	flip(life, NULL, 5 * 4096 + 77);
}

static void running(struct history_life *life)
{
	put_state(life, "running boot-1\n");
}

static void flip_record_in_use(struct history_life *life)
{
	running(life);
	flip(life, "prompt-", 0);
}

static void flip_head_in_use(struct history_life *life)
{
	running(life);
	flip(life, NULL, 16); /* both meta pages */
	flip(life, NULL, 4096 + 16);
}

static void cut(struct history_life *life)
{
	char path[128];
	struct stat st;
	history_life_path(life, "history.mdb", path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size / 2), 0);
}

static void cut_in_use(struct history_life *life)
{
	running(life);
	cut(life);
}

static void no_lmdb_in_use(struct history_life *life)
{
	char path[128];
	running(life);
	history_life_path(life, "history.mdb", path);
	int fd = open(path, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, "hello\n", 6), 6);
	close(fd);
}

static void machine_stopped(struct history_life *life)
{
	running(life);
	life->boot = "boot-2";
}

static void boot_unknown(struct history_life *life)
{
	put_state(life, "running \n");
	life->boot = "";
}

static void crashed_while_checking(struct history_life *life)
{
	put_state(life, "checking boot-1\n");
}

static void state_is_rubbish(struct history_life *life)
{
	put_state(life, "\n\n clean\n");
}

static void other_origin(struct history_life *life)
{
	history_folder_remove(life->log_folder);
	assert_int_equal(mkdir(life->log_folder, 0700), 0);
	life->identity = "pod-2";
	history_life_start_log(life);
	life->history = sidecar_history_new(sidecar_store_memory(), TIME_HOUR);
	history_life_send(life, 50, -1);
	sidecar_history_free(life->history);
	assert_true(audit_log_close(life->log, NULL));
}

/* The same name, and as long: only its entries are others. */
static void other_log_of_that_name(struct history_life *life)
{
	life->seed += 1000;
	history_folder_remove(life->log_folder);
	assert_int_equal(mkdir(life->log_folder, 0700), 0);
	history_life_start_log(life);
	life->history = sidecar_history_new(sidecar_store_memory(), TIME_HOUR);
	history_life_send(life, 600, -1);
	sidecar_history_free(life->history);
	assert_true(audit_log_close(life->log, NULL));
}

static void shorter_log_of_that_name(struct history_life *life)
{
	history_folder_remove(life->log_folder);
	assert_int_equal(mkdir(life->log_folder, 0700), 0);
	history_life_start_log(life);
	life->history = sidecar_history_new(sidecar_store_memory(), TIME_HOUR);
	history_life_send(life, 20, -1);
	sidecar_history_free(life->history);
	assert_true(audit_log_close(life->log, NULL));
}

static void other_subject_key(struct history_life *life)
{
	life->subject_key = "key-2";
}

static void longer_window(struct history_life *life)
{
	life->keep_ns *= 2;
}

/* A rebuild that did not come to its end. */
static void killed_while_rebuilt(struct history_life *life)
{
	struct err err;
	struct sidecar_store store = history_life_store(life, &err);
	struct rules_event event = {.time_ns = 1, .entry = 1};
	assert_true(store.restart(store.ctx, &err));
	assert_true(store.add(store.ctx, BYTES_LITERAL("somebody"), &event, &err));
	store.applied(store.ctx, 1, 1);
	store.free(store.ctx);
}

static void nothing_written_in_use(struct history_life *life)
{
	struct err err;
	struct sidecar_store store = history_life_store(life, &err);
	assert_true(store.restart(store.ctx, &err));
	pid_t child = fork();
	if (child == 0)
		raise(SIGKILL);
	waitpid(child, NULL, 0);
	store.free(store.ctx);
}

static const struct {
	const char *name;
	void (*harm)(struct history_life *life);
	const char *said;
} harms[] = {
	{"missing", remove_data, "of the log\n"},
	{"cut", cut, "its file was changed after it was closed"},
	{"a bit flipped", flip_one, "its file was changed after it was closed"},
	{"its state is missing", remove_state, "nothing says how it was left"},
	{"its state is rubbish", state_is_rubbish, "nothing says how it was left"},
	{"a record flipped after a kill", flip_record_in_use, "MDB_CORRUPTED: Located page was wrong type"},
	{"its head flipped after a kill", flip_head_in_use, "MDB_INVALID: File is not an LMDB file"},
	{"cut after a kill", cut_in_use, "MDB_"},
	{"no environment after a kill", no_lmdb_in_use, "MDB_INVALID: File is not an LMDB file"},
	{"the machine stopped", machine_stopped, "the machine stopped while it was in use"},
	{"the boot is unknown", boot_unknown, "the machine stopped while it was in use"},
	{"a crash while it was checked", crashed_while_checking,
	 "the last start ended while it was being checked"},
	{"another log", other_origin, "it belongs to the log example.org/test/pod-1"},
	{"another log of that name", other_log_of_that_name, "its last entry is not the log's entry"},
	{"a shorter log of that name", shorter_log_of_that_name, "its last entry is not the log's entry"},
	{"another subject key", other_subject_key, "it belongs to another subject key"},
	{"a longer window", longer_window, "rules look further back now than it was kept"},
	{"killed while it was rebuilt", killed_while_rebuilt, "it was not completed"},
	{"nothing written yet", nothing_written_in_use, "it was not completed"},
};

enum { HARMS = sizeof harms / sizeof *harms };

static void what_is_not_trusted_is_rebuilt(void **state)
{
	for (size_t i = 0; i < HARMS; i++) {
		void *fresh;
		(void)state;
		history_life_begin(&fresh);
		struct history_life *life = fresh;
		history_life_start(life);
		history_life_send(life, 500, -1);
		history_life_end_run(life);
		harms[i].harm(life);
		print_message("%s\n", harms[i].name);
		history_life_start(life);
		history_life_assert_said(life, "built from ");
		history_life_assert_said(life, harms[i].said);
		history_life_assert_like_the_log(life);
		history_life_end_run(life);
		history_life_start(life);
		history_life_assert_said(life, "resumed: 2 ");
		history_life_end_run(life);
		history_life_end(&fresh);
	}
}

static struct buf read_data(const struct history_life *life)
{
	char path[128], chunk[4096];
	struct buf data = {0};
	history_life_path(life, "history.mdb", path);
	int fd = open(path, O_RDONLY);
	for (ssize_t len; (len = read(fd, chunk, sizeof chunk)) > 0;)
		buf_add(&data, chunk, (size_t)len);
	close(fd);
	assert_false(data.failed);
	return data;
}

/* The environment as it was when it was killed, with one byte of it changed. */
static void put_flipped(const struct history_life *life, const struct buf *data, size_t at, unsigned char by)
{
	char path[128];
	history_life_path(life, "history.mdb", path);
	int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT, 0600);
	assert_int_equal(write(fd, data->at, data->len), data->len);
	char byte = (char)(data->at[at] ^ by);
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
	close(fd);
	put_state(life, "running boot-1\n");
}

/* In a child: starts, goes on, and compares. Its exit code: 0 the same, 1 not; 2: it was ended by a signal. */
static int outcome_of_a_start(struct history_life *life)
{
	int status;
	size_t events;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		/* cmocka's and the sanitizers' own handlers would go on. */
		static const int ends[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE};
		for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
			signal(ends[i], SIG_DFL);
		history_life_start(life);
		bool same = history_life_like_the_log(life, &events);
		history_life_send(life, 40, -1);
		same = same && history_life_like_the_log(life, &events);
		history_life_end_run(life);
		_exit(same ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

/* Of a killed process nothing but the records themselves can be checked: a start may end in a crash there, but
 * only one, and no flipped byte is ever counted as history. */
static void a_flipped_byte_after_a_kill_costs_one_start_at_most(void **state)
{
	struct history_life *life = *state;
	unsigned seed = 815, crashes = 0, flips = 60;
	history_life_start(life);
	history_life_send(life, 400, -1);
	history_life_end_run(life);
	struct buf data = read_data(life);
	for (unsigned i = 0; i < flips; i++) {
		size_t at = (size_t)rand_r(&seed) % data.len;
		if (i % 2) /* the heads of pages, where it hurts */
			at = at / 4096 * 4096 + (size_t)rand_r(&seed) % 64;
		put_flipped(life, &data, at, (unsigned char)(1 << rand_r(&seed) % 8));
		int outcome = outcome_of_a_start(life);
		crashes += outcome == 2;
		if (outcome == 2)
			outcome = outcome_of_a_start(life);
		if (outcome != 0)
			fail_msg("byte %zu: outcome %d", at, outcome);
	}
	buf_done(&data);
	print_message("seed 815: %u of %u flips ended one start\n", crashes, flips);
}

static void control_untouched_it_is_not_rebuilt(void **state)
{
	struct history_life *life = *state;
	history_life_start(life);
	history_life_send(life, 500, -1);
	history_life_end_run(life);
	running(life);
	history_life_start(life);
	history_life_assert_said(life, "resumed: 2 ");
	history_life_assert_like_the_log(life);
	history_life_end_run(life);
}

int main(void)
{
#define LIVED(test) cmocka_unit_test_setup_teardown(test, history_life_begin, history_life_end)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_trusted_is_rebuilt),
		LIVED(a_flipped_byte_after_a_kill_costs_one_start_at_most),
		LIVED(control_untouched_it_is_not_rebuilt),
	};
	return cmocka_run_group_tests_name("store_lmdb_trust", tests, NULL, NULL);
}
