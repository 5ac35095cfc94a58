/* SPDX-License-Identifier: Apache-2.0
 *
 * The embedded store's directory: an LMDB environment, and what makes it trustworthy after any end.
 *
 *     <dir>/lock                flock: one process
 *     <dir>/state               how the environment was left; one line, replaced by rename
 *     <dir>/history.mdb         the environment
 *     <dir>/history.mdb-lock    LMDB's table of readers; made anew at each start
 *     <dir>/history.mdb-old     while it is copied
 *
 * LMDB runs with MDB_NOSYNC: a transaction is in the kernel when it is committed, so a killed process loses
 * nothing, and no fsync stands in the log's way. A stopped machine may leave any mixture of pages, and LMDB
 * itself cannot tell. So `state` says, synced before the environment is touched:
 *
 *     running <boot id>         in use. Of this boot: the process was killed; every record whose CRC is right
 *                               is copied into a new environment. Of another boot: the machine stopped.
 *     checking <boot id>        that copying is under way. Found at a start: it ended in a crash.
 *     clean <bytes> <crc>       closed in order, synced; the whole file has this size and CRC-32C.
 *
 * Whatever is not trusted is removed: it is rebuilt from the log.
 */
#ifndef SIDECAR_STORE_ENV_H
#define SIDECAR_STORE_ENV_H

#include "proto/bytes.h"
#include "proto/err.h"
#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

struct store_reader {
	MDB_txn *txn;
	MDB_cursor *cursor;
	struct store_reader *next;
};

/* Zeroed with directory_fd and lock_fd -1: not open. */
struct store_env {
	const char *directory; /* kept */
	char boot[64];	       /* "" when the system does not tell: then only a clean end is trusted */
	int directory_fd, lock_fd;
	MDB_env *env;
	MDB_dbi table;
	size_t map_bytes;
	atomic_bool distrusted; /* to be rebuilt at the next start, whatever is done until then */
	bool idle_made;
	pthread_mutex_t idle_lock;
	struct store_reader *idle; /* reset transactions, to be renewed */
};

struct store_env_options {
	const char *directory; /* kept; must exist */
	const char *boot;      /* NULL: the system's boot id */
	size_t map_bytes;      /* at first; it grows. 0: 64 MiB */
	/* Judges one record when a killed process's environment is copied. */
	bool (*sound)(struct bytes key, struct bytes value);
};

/* *kept: the contents of before are there; otherwise the environment is empty and *why says why ("" when there
 * was none). False: it cannot be used at all, err names the directory. store_env_close takes it in any state. */
MUST_USE bool store_env_open(struct store_env *env, const struct store_env_options *options, bool *kept,
			     struct err *why, struct err *err);

/* Syncs and notes the clean end, unless it is distrusted. No transaction is open. */
void store_env_close(struct store_env *env);

/* Throws everything away and begins with an empty environment. No transaction is open. */
MUST_USE bool store_env_restart(struct store_env *env, struct err *err);

/* What is there is not what was written: the next start shall rebuild it. Thread: any. */
void store_env_distrust(struct store_env *env);

/* Brings what was committed to the disk; when that fails some of it may be lost, and it is distrusted. */
void store_env_sync(struct store_env *env);

/* False: it is distrusted, and err says what to do. */
MUST_USE bool store_env_trusted(const struct store_env *env, struct err *err);

/* Doubles the map. No transaction is open. */
MUST_USE bool store_env_grow(struct store_env *env, struct err *err);

/* A read transaction of the present state, taken from the idle ones. Thread: any. */
MUST_USE struct store_reader *store_env_read(struct store_env *env, struct err *err);
void store_env_read_done(struct store_env *env, struct store_reader *reader);

/* `history: <directory>: <words>`. Always false. */
bool store_env_wrong(const struct store_env *env, int code, struct err *err);

static inline struct bytes store_env_bytes(MDB_val value)
{
	return (struct bytes){value.mv_data, value.mv_size};
}

static inline MDB_val store_env_val(struct bytes bytes)
{
	return (MDB_val){bytes.len, (void *)bytes.at};
}

#endif
