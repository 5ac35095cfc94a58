/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/store_env.h"

#include "audit/crc32c.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DATA_NAME   "history.mdb"
#define READER_NAME "history.mdb-lock"
#define STATE_NAME  "state"
#define OLD_NAME    "history.mdb-old"

enum {
	MAP_BYTES = 64 << 20,
	READERS = 256,	   /* at once; each worker needs one */
	COPY_BATCH = 8192, /* records of one transaction */
	STATE_MAX = 128,
};

bool store_env_wrong(const struct store_env *env, int code, struct err *err)
{
	return err_set(err, "history: %s: %s", env->directory, mdb_strerror(code));
}

static bool system_wrong(const struct store_env *env, const char *name, struct err *err)
{
	return err_set(err, "history: %s/%s: %s", env->directory, name, strerror(errno));
}

/* ---- how it was left ---- */

/* On disk under its name when this returns true. */
static bool write_state(const struct store_env *env, const char *text, struct err *err)
{
	static const char temporary[] = ".tmp-" STATE_NAME;
	int fd = openat(env->directory_fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t len = strlen(text);
	bool good = fd >= 0 && write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
	if (fd >= 0)
		good = close(fd) == 0 && good;
	good = good && renameat(env->directory_fd, temporary, env->directory_fd, STATE_NAME) == 0 &&
	       fsync(env->directory_fd) == 0;
	return good || system_wrong(env, STATE_NAME, err);
}

static bool write_in_use(const struct store_env *env, const char *word, struct err *err)
{
	char text[STATE_MAX];
	snprintf(text, sizeof text, "%s %s\n", word, env->boot);
	return write_state(env, text, err);
}

/* Without a NUL inside; "" when there is none. */
static void read_state(const struct store_env *env, char text[STATE_MAX])
{
	int fd = openat(env->directory_fd, STATE_NAME, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd >= 0 ? read(fd, text, STATE_MAX - 1) : 0;
	if (fd >= 0)
		close(fd);
	text[len > 0 ? len : 0] = '\0';
}

static void read_boot(char boot[64])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd >= 0 ? read(fd, boot, 63) : 0;
	if (fd >= 0)
		close(fd);
	boot[len > 0 ? len : 0] = '\0';
	boot[strcspn(boot, "\n")] = '\0';
}

/* "clean <bytes> <crc>\n" of the data file as it stands. */
static bool clean_text(const struct store_env *env, char text[STATE_MAX])
{
	enum { CHUNK = 1 << 20 };
	int fd = openat(env->directory_fd, DATA_NAME, O_RDONLY | O_CLOEXEC);
	char *chunk = malloc(CHUNK);
	uint64_t bytes = 0;
	uint32_t crc = 0;
	ssize_t got = -1;
	while (fd >= 0 && chunk && (got = read(fd, chunk, CHUNK)) > 0) {
		crc = audit_crc32c(crc, chunk, (size_t)got);
		bytes += (uint64_t)got;
	}
	free(chunk);
	if (fd >= 0)
		close(fd);
	snprintf(text, STATE_MAX, "clean %" PRIu64 " %08" PRIx32 "\n", bytes, crc);
	return got == 0;
}

enum trust { TRUST_NOT, TRUST_AFTER_READING, TRUST };

static enum trust judge(const struct store_env *env, struct err *why)
{
	char said[STATE_MAX], expected[STATE_MAX], running[STATE_MAX];
	why->text[0] = '\0';
	if (faccessat(env->directory_fd, DATA_NAME, F_OK, 0) != 0 && errno == ENOENT)
		return TRUST_NOT;
	read_state(env, said);
	snprintf(running, sizeof running, "running %s\n", env->boot);
	if (env->boot[0] && strcmp(said, running) == 0)
		return TRUST_AFTER_READING;
	if (strncmp(said, "clean ", 6) == 0) {
		if (clean_text(env, expected) && strcmp(said, expected) == 0)
			return TRUST;
		err_set(why, "its file was changed after it was closed");
	} else if (strncmp(said, "running ", 8) == 0) {
		err_set(why, "the machine stopped while it was in use");
	} else if (strncmp(said, "checking ", 9) == 0) {
		err_set(why, "the last start ended while it was being checked");
	} else {
		err_set(why, "nothing says how it was left");
	}
	return TRUST_NOT;
}

/* ---- the environment ---- */

static void free_readers(struct store_env *env)
{
	while (env->idle) {
		struct store_reader *reader = env->idle;
		env->idle = reader->next;
		mdb_cursor_close(reader->cursor);
		mdb_txn_abort(reader->txn);
		free(reader);
	}
}

static void close_env(struct store_env *env)
{
	free_readers(env);
	if (env->env)
		mdb_env_close(env->env);
	env->env = NULL;
}

static int open_table(struct store_env *env)
{
	MDB_txn *txn;
	int code = mdb_txn_begin(env->env, NULL, 0, &txn);
	if (code)
		return code;
	code = mdb_dbi_open(txn, NULL, 0, &env->table);
	if (code) {
		mdb_txn_abort(txn);
		return code;
	}
	return mdb_txn_commit(txn);
}

static void path_of(const struct store_env *env, const char *name, char path[4096 + 32])
{
	snprintf(path, 4096 + 32, "%s/%s", env->directory, name);
}

/* Twice the file has room, so that copying it needs no growth. */
static void size_map(struct store_env *env, const char *name)
{
	struct stat st;
	if (fstatat(env->directory_fd, name, &st, 0) == 0)
		while (env->map_bytes < (size_t)st.st_size * 2)
			env->map_bytes *= 2;
}

static int open_env(struct store_env *env)
{
	char path[4096 + 32];
	path_of(env, DATA_NAME, path);
	size_map(env, DATA_NAME);
	unlinkat(env->directory_fd, READER_NAME,
		 0); /* nobody else is there: what it says is of dead processes */
	int code = mdb_env_create(&env->env);
	if (code)
		return code;
	code = mdb_env_set_mapsize(env->env, env->map_bytes);
	code = code ? code : mdb_env_set_maxreaders(env->env, READERS);
	code = code ? code
		    : mdb_env_open(env->env, path, MDB_NOSUBDIR | MDB_NOTLS | MDB_NOSYNC | MDB_NOMETASYNC,
				   0600);
	return code ? code : open_table(env);
}

/* ---- after a kill: a copy of what is sound ---- */

struct copying {
	MDB_env *old;
	MDB_txn *from, *to;
	MDB_cursor *cursor;
	size_t count;
	jmp_buf way_out;
};

/* A file that is shorter than its tree: the missing pages shall read as zeros, which LMDB refuses, instead of
 * ending the process. */
static int fill_up(const struct store_env *env, MDB_env *old)
{
	MDB_envinfo info;
	MDB_stat stat;
	struct stat st;
	int code = mdb_env_info(old, &info);
	code = code ? code : mdb_env_stat(old, &stat);
	if (code)
		return code;
	off_t whole = (off_t)((info.me_last_pgno + 1) * stat.ms_psize);
	int fd = openat(env->directory_fd, OLD_NAME, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0 || (st.st_size < whole && ftruncate(fd, whole) != 0))
		code = errno;
	if (fd >= 0)
		close(fd);
	return code;
}

/* Where LMDB finds a page of the wrong kind it sometimes asserts instead of saying so, and would end the
 * process. Reading holds nothing, so it is left from there. */
static void leave(MDB_env *old, const char *words)
{
	struct copying *copying = mdb_env_get_userctx(old);
	(void)words;
	longjmp(copying->way_out, 1);
}

static int open_old(const struct store_env *env, struct copying *copying)
{
	char path[4096 + 32];
	path_of(env, OLD_NAME, path);
	int code = mdb_env_create(&copying->old);
	if (code)
		return code;
	code = mdb_env_set_mapsize(copying->old, env->map_bytes);
	code = code ? code : mdb_env_open(copying->old, path, MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK, 0600);
	code = code ? code : fill_up(env, copying->old);
	code = code ? code : mdb_env_set_userctx(copying->old, copying);
	code = code ? code : mdb_env_set_assert(copying->old, leave);
	return code ? code : mdb_txn_begin(copying->old, NULL, MDB_RDONLY, &copying->from);
}

static int copy_record(struct store_env *env, struct copying *copying, MDB_val *key, MDB_val *value)
{
	int code = copying->to ? 0 : mdb_txn_begin(env->env, NULL, 0, &copying->to);
	code = code ? code : mdb_put(copying->to, env->table, key, value, MDB_APPEND);
	if (code || ++copying->count % COPY_BATCH)
		return code;
	MDB_txn *to = copying->to;
	copying->to = NULL;
	return mdb_txn_commit(to);
}

/* All of them, in ascending order, each sound, as many as LMDB counts. */
static int copy_records(struct store_env *env, struct copying *copying,
			bool (*sound)(struct bytes key, struct bytes value))
{
	MDB_dbi table;
	MDB_stat stat;
	MDB_val key, value;
	if (setjmp(copying->way_out))
		return MDB_CORRUPTED;
	int code = mdb_dbi_open(copying->from, NULL, 0, &table);
	code = code ? code : mdb_stat(copying->from, table, &stat);
	code = code ? code : mdb_cursor_open(copying->from, table, &copying->cursor);
	while (!code && !(code = mdb_cursor_get(copying->cursor, &key, &value, MDB_NEXT))) {
		code = sound(store_env_bytes(key), store_env_bytes(value)) ? 0 : MDB_CORRUPTED;
		code = code ? code : copy_record(env, copying, &key, &value);
	}
	if (code != MDB_NOTFOUND)
		return code;
	return copying->count == stat.ms_entries ? 0 : MDB_CORRUPTED;
}

static void copying_done(struct copying *copying)
{
	if (copying->cursor)
		mdb_cursor_close(copying->cursor);
	if (copying->from)
		mdb_txn_abort(copying->from);
	if (copying->to)
		mdb_txn_abort(copying->to);
	if (copying->old)
		mdb_env_close(copying->old);
}

/* The old environment is only read; a new one takes its place. So no damage that reading does not meet, to the
 * list of free pages for example, is written on with. */
static int copy_sound(struct store_env *env, bool (*sound)(struct bytes key, struct bytes value))
{
	struct copying copying = {0};
	size_map(env, DATA_NAME);
	if (renameat(env->directory_fd, DATA_NAME, env->directory_fd, OLD_NAME) != 0)
		return errno;
	int code = open_old(env, &copying);
	code = code ? code : open_env(env);
	code = code ? code : copy_records(env, &copying, sound);
	if (!code && copying.to) {
		code = mdb_txn_commit(copying.to);
		copying.to = NULL;
	}
	copying_done(&copying);
	unlinkat(env->directory_fd, OLD_NAME, 0);
	return code;
}

static bool wipe(struct store_env *env, struct err *err)
{
	close_env(env);
	unlinkat(env->directory_fd, OLD_NAME, 0);
	if (unlinkat(env->directory_fd, DATA_NAME, 0) != 0 && errno != ENOENT)
		return system_wrong(env, DATA_NAME, err);
	if (!write_in_use(env, "running", err))
		return false;
	env->distrusted = false;
	int code = open_env(env);
	return code == 0 || store_env_wrong(env, code, err);
}

/* The contents of before, when they can be had. *why: what stands against it. */
static bool keep(struct store_env *env, const struct store_env_options *options, enum trust trust,
		 struct err *why)
{
	bool unsure = trust == TRUST_AFTER_READING;
	if (!write_in_use(env, unsure ? "checking" : "running", why))
		return false;
	int code = unsure ? copy_sound(env, options->sound) : open_env(env);
	if (code)
		return err_set(why, "%s", mdb_strerror(code));
	return !unsure || write_in_use(env, "running", why);
}

static bool take_directory(struct store_env *env, struct err *err)
{
	env->directory_fd = open(env->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (env->directory_fd < 0)
		return err_set(err, "history: %s: %s; make it, owned by the user that serves", env->directory,
			       strerror(errno));
	env->lock_fd = openat(env->directory_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (env->lock_fd < 0)
		return system_wrong(env, "lock", err);
	if (flock(env->lock_fd, LOCK_EX | LOCK_NB) != 0)
		return err_set(err, "history: %s: another process uses it; each sidecar needs its own",
			       env->directory);
	return true;
}

bool store_env_open(struct store_env *env, const struct store_env_options *options, bool *kept,
		    struct err *why, struct err *err)
{
	*env = (struct store_env){.directory = options->directory, .directory_fd = -1, .lock_fd = -1};
	env->map_bytes = options->map_bytes ? options->map_bytes : MAP_BYTES;
	env->idle_made = pthread_mutex_init(&env->idle_lock, NULL) == 0;
	if (options->boot)
		snprintf(env->boot, sizeof env->boot, "%s", options->boot);
	else
		read_boot(env->boot);
	if (!env->idle_made || !take_directory(env, err))
		return false;
	enum trust trust = judge(env, why);
	*kept = trust != TRUST_NOT && keep(env, options, trust, why);
	return *kept || wipe(env, err);
}

void store_env_distrust(struct store_env *env)
{
	if (atomic_exchange(&env->distrusted, true))
		return;
	unlinkat(env->directory_fd, STATE_NAME, 0);
	fsync(env->directory_fd);
}

bool store_env_trusted(const struct store_env *env, struct err *err)
{
	return !atomic_load_explicit(&env->distrusted, memory_order_relaxed) ||
	       err_set(err, "history: %s: it is damaged; restart, so that it is rebuilt from the log",
		       env->directory);
}

/* By hand: mdb_env_sync looks into the map, which another thread may be moving. */
void store_env_sync(struct store_env *env)
{
	mdb_filehandle_t fd;
	if (mdb_env_get_fd(env->env, &fd) != 0 || fdatasync(fd) != 0)
		store_env_distrust(env);
}

void store_env_close(struct store_env *env)
{
	char text[STATE_MAX];
	if (env->env)
		store_env_sync(env);
	bool whole = env->env && !env->distrusted;
	close_env(env);
	if (whole && clean_text(env, text) && !write_state(env, text, NULL))
		store_env_distrust(env);
	if (env->lock_fd >= 0)
		close(env->lock_fd);
	if (env->directory_fd >= 0)
		close(env->directory_fd);
	if (env->idle_made)
		pthread_mutex_destroy(&env->idle_lock);
	*env = (struct store_env){.directory_fd = -1, .lock_fd = -1};
}

bool store_env_restart(struct store_env *env, struct err *err)
{
	return wipe(env, err);
}

bool store_env_grow(struct store_env *env, struct err *err)
{
	int code = mdb_env_set_mapsize(env->env, env->map_bytes * 2);
	if (code)
		return store_env_wrong(env, code, err);
	env->map_bytes *= 2;
	return true;
}

/* ---- readers ---- */

static struct store_reader *new_reader(struct store_env *env, struct err *err)
{
	struct store_reader *reader = calloc(1, sizeof *reader);
	int code = reader ? mdb_txn_begin(env->env, NULL, MDB_RDONLY, &reader->txn) : ENOMEM;
	if (!code && (code = mdb_cursor_open(reader->txn, env->table, &reader->cursor)))
		mdb_txn_abort(reader->txn);
	if (!code)
		return reader;
	free(reader);
	store_env_wrong(env, code, err);
	return NULL;
}

struct store_reader *store_env_read(struct store_env *env, struct err *err)
{
	pthread_mutex_lock(&env->idle_lock);
	struct store_reader *reader = env->idle;
	if (reader)
		env->idle = reader->next;
	pthread_mutex_unlock(&env->idle_lock);
	if (!reader)
		return new_reader(env, err);
	int code = mdb_txn_renew(reader->txn);
	code = code ? code : mdb_cursor_renew(reader->txn, reader->cursor);
	if (!code)
		return reader;
	store_env_read_done(env, reader);
	store_env_wrong(env, code, err);
	return NULL;
}

void store_env_read_done(struct store_env *env, struct store_reader *reader)
{
	mdb_txn_reset(reader->txn);
	pthread_mutex_lock(&env->idle_lock);
	reader->next = env->idle;
	env->idle = reader;
	pthread_mutex_unlock(&env->idle_lock);
}
