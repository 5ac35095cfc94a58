/* SPDX-License-Identifier: Apache-2.0
 *
 * The embedded store over its ends and beginnings. The oracle is a fold of the whole log into the store in
 * memory: whatever happened before, after catching up both read the same. Each harness has a control that must
 * tell the two apart.
 */
#include "tests/sidecar/history_kit.h"

#include "sidecar/history_catch_up.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SESSIONS = 20, USERS = 7, KEEP_S = 600 };

/* One sidecar's part of the world: a log, a history on it, what was said. Time goes on over kills. */
struct life {
	char log_folder[64], folder[64];
	const char *boot, *subject_key, *identity;
	int64_t keep_ns;
	size_t batch, map_bytes;
	atomic_llong *clock; /* shared with children */
	int said;	     /* file of what talk said */
	struct audit_log *log;
	struct sidecar_talk *talk;
	struct sidecar_history *history;
	bool forgetful; /* the control: some entries are applied without their events */
	unsigned seed;
	atomic_uint folded;
};

static int64_t tell_time(void *ctx)
{
	struct life *life = ctx;
	return atomic_fetch_add(life->clock, TIME_SECOND / 50);
}

static int life_begin(void **state)
{
	struct life *life = calloc(1, sizeof *life);
	assert_non_null(life);
	*life = (struct life){.boot = "boot-1",
			      .subject_key = "key-1",
			      .identity = "pod-1",
			      .keep_ns = KEEP_S * TIME_SECOND,
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

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

static void remove_tree(const char *folder)
{
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int life_end(void **state)
{
	struct life *life = *state;
	remove_tree(life->log_folder);
	remove_tree(life->folder);
	munmap(life->clock, sizeof *life->clock);
	close(life->said);
	free(life);
	return 0;
}

/* ---- a sidecar that starts and ends ---- */

static struct sidecar_store store_of(const struct life *life, struct err *err)
{
	return sidecar_store_lmdb(&(struct sidecar_store_lmdb_options){.directory = life->folder,
								       .subject_key = life->subject_key,
								       .boot = life->boot,
								       .batch = life->batch,
								       .map_bytes = life->map_bytes},
				  err);
}

static void start_log(struct life *life)
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

static void start(struct life *life)
{
	struct err err = {""};
	start_log(life);
	assert_int_equal(ftruncate(life->said, 0), 0);
	lseek(life->said, 0, SEEK_SET);
	life->talk = sidecar_talk_new(life->said, false);
	life->history = sidecar_history_new(store_of(life, &err), life->keep_ns);
	if (!life->history || !sidecar_history_catch_up(life->history, life->log, life->talk, &err))
		fail_msg("%s", err.text);
}

static void end(struct life *life)
{
	struct err err;
	if (!audit_log_close(life->log, &err))
		fail_msg("%s", err.text);
	sidecar_history_free(life->history);
	sidecar_talk_free(life->talk);
	life->history = NULL;
	life->log = NULL;
}

static void assert_said(const struct life *life, const char *text)
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
	struct life *life;
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
	sent->life->folded++;
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
					  .prompt_id = sent->seen.prompt_id};
	assert_true(delivered ? audit_entry_delivered(&sent->batch, 0, &prompt)
			      : audit_entry_signal(&sent->batch, 0, &said));
}

enum { IN_FLIGHT = 8 };

/* Some entries at a time; told: a byte goes there for each that was acknowledged. */
static void send_entries(struct life *life, unsigned count, int told)
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
		       bytes_equal(x->prompt_id, y->prompt_id) && bytes_equal(x->category, y->category);
	}
	return same;
}

/* Does history read as a fold of the whole log does? *events: how many it holds. */
static bool like_the_log(struct life *life, size_t *events)
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

static void assert_like_the_log(struct life *life)
{
	size_t events;
	assert_true(like_the_log(life, &events));
	assert_true(events > 0);
}

/* ---- killed ---- */

/* A child serves until it has told so many acknowledgements, and is killed there. */
static void killed_after(struct life *life, unsigned count)
{
	int told[2];
	char byte;
	assert_int_equal(pipe(told), 0);
	life->seed++;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(told[0]);
		start(life);
		send_entries(life, 1000000, told[1]);
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
	struct life *life = *state;
	unsigned seed = 4711;
	print_message("seed %u\n", seed);
	start(life);
	end(life);
	for (int round = 0; round < 25; round++) {
		killed_after(life, (unsigned)rand_r(&seed) % 700);
		if (round % 3 == 0)
			continue; /* killed again before anybody looked */
		start(life);
		assert_said(life, "resumed: ");
		assert_like_the_log(life);
		end(life);
	}
}

static void control_a_forgotten_event_is_noticed(void **state)
{
	struct life *life = *state;
	size_t events;
	life->forgetful = true;
	killed_after(life, 200);
	start(life);
	assert_said(life, "resumed: ");
	assert_false(like_the_log(life, &events));
	end(life);
}

static void only_newer_entries_are_folded(void **state)
{
	struct life *life = *state;
	start(life);
	assert_said(life, "built from 1 entries of the log");
	send_entries(life, 100, -1);
	end(life);
	start(life);
	assert_said(life, "resumed: 2 entries of the log were newer"); /* close, open */
	assert_like_the_log(life);
	end(life);
}

/* ---- what cannot be trusted is rebuilt ---- */

static void path_in(const struct life *life, const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s", life->folder, name);
}

static void put_state(const struct life *life, const char *text)
{
	char path[128];
	path_in(life, "state", path);
	int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT, 0600);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void remove_data(struct life *life)
{
	char path[128];
	path_in(life, "history.mdb", path);
	assert_int_equal(unlink(path), 0);
}

static void remove_state(struct life *life)
{
	char path[128];
	path_in(life, "state", path);
	assert_int_equal(unlink(path), 0);
}

static void flip(const struct life *life, const char *find, off_t at)
{
	char path[128], byte;
	path_in(life, "history.mdb", path);
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

static void flip_one(struct life *life)
{
	flip(life, NULL, 5 * 4096 + 77);
}

static void running(struct life *life)
{
	put_state(life, "running boot-1\n");
}

static void flip_record_in_use(struct life *life)
{
	running(life);
	flip(life, "prompt-", 0);
}

static void flip_head_in_use(struct life *life)
{
	running(life);
	flip(life, NULL, 16); /* both meta pages */
	flip(life, NULL, 4096 + 16);
}

static void cut(struct life *life)
{
	char path[128];
	struct stat st;
	path_in(life, "history.mdb", path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size / 2), 0);
}

static void cut_in_use(struct life *life)
{
	running(life);
	cut(life);
}

static void no_lmdb_in_use(struct life *life)
{
	char path[128];
	running(life);
	path_in(life, "history.mdb", path);
	int fd = open(path, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, "hello\n", 6), 6);
	close(fd);
}

static void machine_stopped(struct life *life)
{
	running(life);
	life->boot = "boot-2";
}

static void boot_unknown(struct life *life)
{
	put_state(life, "running \n");
	life->boot = "";
}

static void crashed_while_checking(struct life *life)
{
	put_state(life, "checking boot-1\n");
}

static void state_is_rubbish(struct life *life)
{
	put_state(life, "\n\n clean\n");
}

static void other_origin(struct life *life)
{
	remove_tree(life->log_folder);
	assert_int_equal(mkdir(life->log_folder, 0700), 0);
	life->identity = "pod-2";
	start_log(life);
	life->history = sidecar_history_new(sidecar_store_memory(), TIME_HOUR);
	send_entries(life, 50, -1);
	sidecar_history_free(life->history);
	assert_true(audit_log_close(life->log, NULL));
}

/* The same name, and as long: only its entries are others. */
static void other_log_of_that_name(struct life *life)
{
	life->seed += 1000;
	remove_tree(life->log_folder);
	assert_int_equal(mkdir(life->log_folder, 0700), 0);
	start_log(life);
	life->history = sidecar_history_new(sidecar_store_memory(), TIME_HOUR);
	send_entries(life, 600, -1);
	sidecar_history_free(life->history);
	assert_true(audit_log_close(life->log, NULL));
}

static void shorter_log_of_that_name(struct life *life)
{
	remove_tree(life->log_folder);
	assert_int_equal(mkdir(life->log_folder, 0700), 0);
	start_log(life);
	life->history = sidecar_history_new(sidecar_store_memory(), TIME_HOUR);
	send_entries(life, 20, -1);
	sidecar_history_free(life->history);
	assert_true(audit_log_close(life->log, NULL));
}

static void other_subject_key(struct life *life)
{
	life->subject_key = "key-2";
}

static void longer_window(struct life *life)
{
	life->keep_ns *= 2;
}

/* A rebuild that did not come to its end. */
static void killed_while_rebuilt(struct life *life)
{
	struct err err;
	struct sidecar_store store = store_of(life, &err);
	struct rules_event event = {.time_ns = 1, .entry = 1};
	assert_true(store.restart(store.ctx, &err));
	assert_true(store.add(store.ctx, BYTES_LITERAL("somebody"), &event, &err));
	store.applied(store.ctx, 1, 1);
	store.free(store.ctx);
}

static void nothing_written_in_use(struct life *life)
{
	struct err err;
	struct sidecar_store store = store_of(life, &err);
	assert_true(store.restart(store.ctx, &err));
	pid_t child = fork();
	if (child == 0)
		raise(SIGKILL);
	waitpid(child, NULL, 0);
	store.free(store.ctx);
}

static const struct {
	const char *name;
	void (*harm)(struct life *life);
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
	{"another log", other_origin, "it belongs to the log example.org/test/pod-1/0001"},
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
		life_begin(&fresh);
		struct life *life = fresh;
		start(life);
		send_entries(life, 500, -1);
		end(life);
		harms[i].harm(life);
		print_message("%s\n", harms[i].name);
		start(life);
		assert_said(life, "built from ");
		assert_said(life, harms[i].said);
		assert_like_the_log(life);
		end(life);
		start(life);
		assert_said(life, "resumed: 2 ");
		end(life);
		life_end(&fresh);
	}
}

static struct buf read_data(const struct life *life)
{
	char path[128], chunk[4096];
	struct buf data = {0};
	path_in(life, "history.mdb", path);
	int fd = open(path, O_RDONLY);
	for (ssize_t len; (len = read(fd, chunk, sizeof chunk)) > 0;)
		buf_add(&data, chunk, (size_t)len);
	close(fd);
	assert_false(data.failed);
	return data;
}

/* The environment as it was when it was killed, with one byte of it changed. */
static void put_flipped(const struct life *life, const struct buf *data, size_t at, unsigned char by)
{
	char path[128];
	path_in(life, "history.mdb", path);
	int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT, 0600);
	assert_int_equal(write(fd, data->at, data->len), data->len);
	char byte = (char)(data->at[at] ^ by);
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
	close(fd);
	put_state(life, "running boot-1\n");
}

/* In a child: starts, goes on, and compares. Its exit code: 0 the same, 1 not; 2: it was ended by a signal. */
static int outcome_of_a_start(struct life *life)
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
		start(life);
		bool same = like_the_log(life, &events);
		send_entries(life, 40, -1);
		same = same && like_the_log(life, &events);
		end(life);
		_exit(same ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

/* Of a killed process nothing but the records themselves can be checked: a start may end in a crash there, but
 * only one, and no flipped byte is ever counted as history. */
static void a_flipped_byte_after_a_kill_costs_one_start_at_most(void **state)
{
	struct life *life = *state;
	unsigned seed = 815, crashes = 0, flips = 100;
	start(life);
	send_entries(life, 400, -1);
	end(life);
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
	struct life *life = *state;
	start(life);
	send_entries(life, 500, -1);
	end(life);
	running(life);
	start(life);
	assert_said(life, "resumed: 2 ");
	assert_like_the_log(life);
	end(life);
}

/* ---- room ---- */

static void the_map_grows(void **state)
{
	struct life *life = *state;
	char path[128];
	struct stat st;
	life->map_bytes = 64 << 10;
	life->keep_ns = TIME_HOUR;
	start(life);
	send_entries(life, 4000, -1);
	assert_like_the_log(life);
	end(life);
	path_in(life, "history.mdb", path);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size > 4 * (64 << 10));
	start(life);
	assert_said(life, "resumed: ");
	assert_like_the_log(life);
	end(life);
}

/* Makes a place full, and makes room again. */
struct place {
	const char *name;
	bool (*begin)(struct life *life);
	void (*fill)(struct life *life);
	void (*clear)(struct life *life);
	void (*end)(struct life *life);
};

static bool limit_begin(struct life *life)
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

static void limit_fill(struct life *life)
{
	(void)life;
	limit_file(40 << 10);
}

static void limit_clear(struct life *life)
{
	(void)life;
	limit_file(RLIM_INFINITY);
}

static bool tmpfs_begin(struct life *life)
{
	return mount("tmpfs", life->folder, "tmpfs", 0, "size=512k") == 0;
}

static void tmpfs_fill(struct life *life)
{
	char path[128], zeros[4096] = {0};
	path_in(life, "ballast", path);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	while (write(fd, zeros, sizeof zeros) > 0)
		;
	assert_int_equal(errno, ENOSPC);
	close(fd);
}

static void tmpfs_clear(struct life *life)
{
	char path[128];
	path_in(life, "ballast", path);
	unlink(path);
}

static void tmpfs_end(struct life *life)
{
	assert_int_equal(umount(life->folder), 0);
}

static void nothing(struct life *life)
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

static void full_and_with_room_again(struct life *life, const struct place *place)
{
	struct err err;
	uint64_t index = 0;
	struct sidecar_history *history = sidecar_history_new(store_of(life, &err), TIME_HOUR);
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
		life_begin(&fresh);
		struct life *life = fresh;
		if (places[i].begin(life)) {
			full_and_with_room_again(life, &places[i]);
			places[i].end(life);
		} else {
			print_message("skipped: %s cannot be made here: %s\n", places[i].name,
				      strerror(errno));
		}
		life_end(&fresh);
	}
}

static void beyond_the_bound_history_is_lost_until_a_restart(void **state)
{
	struct life *life = *state;
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

static void refused(struct life *life, const char *words)
{
	struct err err;
	char expected[256];
	snprintf(expected, sizeof expected, "history: %s: %s", life->folder, words);
	assert_null(store_of(life, &err).ctx);
	assert_string_equal(err.text, expected);
}

static void a_directory_that_cannot_be_used_is_refused(void **state)
{
	struct life *life = *state;
	struct err err;
	struct sidecar_store first = store_of(life, &err);
	assert_non_null(first.ctx);
	refused(life, "another process uses it; each sidecar needs its own");
	first.free(first.ctx);
	first = store_of(life, &err);
	assert_non_null(first.ctx);
	first.free(first.ctx);
	remove_tree(life->folder);
	refused(life, "No such file or directory; make it, owned by the user that serves");
}

int main(void)
{
#define LIVED(test) cmocka_unit_test_setup_teardown(test, life_begin, life_end)
	const struct CMUnitTest tests[] = {
		LIVED(only_newer_entries_are_folded),
		LIVED(after_kill_9_it_resumes),
		LIVED(control_a_forgotten_event_is_noticed),
		cmocka_unit_test(what_is_not_trusted_is_rebuilt),
		LIVED(a_flipped_byte_after_a_kill_costs_one_start_at_most),
		LIVED(control_untouched_it_is_not_rebuilt),
		LIVED(the_map_grows),
		cmocka_unit_test(what_cannot_be_written_is_not_read),
		LIVED(beyond_the_bound_history_is_lost_until_a_restart),
		LIVED(a_directory_that_cannot_be_used_is_refused),
	};
	return cmocka_run_group_tests_name("store_lmdb", tests, NULL, NULL);
}
