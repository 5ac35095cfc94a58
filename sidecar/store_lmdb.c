/* SPDX-License-Identifier: Apache-2.0
 *
 * Three layers hold the events, newest first:
 *
 *     active    in memory: what was added since the last batch was cut off
 *     frozen    in memory: the batch that is being written, or that could not be written yet
 *     the environment
 *
 * An event is read from exactly one of them. `guard` is held shared while a reader takes its snapshot and looks
 * at the layers, and exclusively for the moments when layers change hands. A reader in between commit and the
 * end of `frozen` knows by the number of its snapshot whether the batch is in it already.
 *
 * Locks are taken in this order: writing, LMDB's, guard, marking.
 */
#include "sidecar/store_lmdb.h"

#include "sidecar/store_env.h"
#include "sidecar/store_memory.h"
#include "sidecar/store_record.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	BATCH = 256,
	BOUND = 1 << 17, /* some 20 MiB */
	STEP_LOOKED = 512,
	STEP_REMOVED = 256,
	FIRST_EVENTS = 8,
};

struct layer {
	struct sidecar_store memory; /* NULL ctx: there is none */
	atomic_size_t events;
	struct store_mark mark; /* what holds once this layer is written */
};

struct store {
	struct store_env env;
	char directory[4096];
	pthread_rwlock_t guard;
	pthread_mutex_t writing; /* one write transaction at a time */
	pthread_mutex_t marking; /* active.mark, dirty */
	struct layer active, frozen;
	size_t frozen_in; /* the transaction that holds `frozen`; SIZE_MAX: none yet */
	bool dirty;	  /* the mark differs from the one that was written */
	bool found;	  /* a mark stood in the environment */
	struct store_mark mark;
	struct err why; /* nothing was found: why; "" there never was a store */
	size_t batch, bound;
	atomic_bool stuck; /* the last batch could not be written: `trouble`, under guard */
	struct err trouble;
	struct buf value; /* under writing */
};

/* ---- write ---- */

static int put(struct store *store, MDB_txn *txn, struct bytes key, const struct buf *value)
{
	MDB_val at = store_env_val(key), what = store_env_val(buf_bytes(value));
	return value->failed ? ENOMEM : mdb_put(txn, store->env.table, &at, &what, 0);
}

static int put_mark(struct store *store, MDB_txn *txn, const struct store_mark *mark)
{
	store_mark_encode(mark, &store->value);
	return put(store, txn, store_mark_key, &store->value);
}

struct putting {
	struct store *store;
	MDB_txn *txn;
	int code;
};

static bool put_event(void *to, struct bytes subject, const struct rules_event *event)
{
	struct putting *putting = to;
	struct buf *value = &putting->store->value;
	struct store_key key;
	if (!store_key_subject(subject, &key)) {
		putting->code = MDB_BAD_VALSIZE;
		return false;
	}
	store_key_event(&key, event->time_ns, event->entry);
	store_event_encode(&key, event, value);
	putting->code = put(putting->store, putting->txn, (struct bytes){(char *)key.at, key.len}, value);
	return putting->code == 0;
}

/* From this snapshot on the batch is read from the environment. */
static void set_frozen_in(struct store *store, size_t txn)
{
	pthread_rwlock_wrlock(&store->guard);
	store->frozen_in = txn;
	pthread_rwlock_unlock(&store->guard);
}

/* One transaction; `writing` is held. */
static int write_frozen(struct store *store)
{
	MDB_txn *txn;
	int code = mdb_txn_begin(store->env.env, NULL, 0, &txn);
	if (code)
		return code;
	struct putting putting = {.store = store, .txn = txn};
	if (sidecar_store_memory_each(store->frozen.memory.ctx, put_event, &putting))
		putting.code = put_mark(store, txn, &store->frozen.mark);
	if (putting.code) {
		mdb_txn_abort(txn);
		return putting.code;
	}
	set_frozen_in(store, mdb_txn_id(txn));
	code = mdb_txn_commit(txn);
	if (code)
		set_frozen_in(store, SIZE_MAX);
	return code;
}

/* The map moves: nobody may stand in it. */
static bool grow(struct store *store, struct err *err)
{
	pthread_rwlock_wrlock(&store->guard);
	bool good = store_env_grow(&store->env, err);
	pthread_rwlock_unlock(&store->guard);
	return good;
}

static bool anything_new(struct store *store)
{
	pthread_rwlock_rdlock(&store->guard);
	pthread_mutex_lock(&store->marking);
	bool some = store->dirty || store->active.events;
	pthread_mutex_unlock(&store->marking);
	pthread_rwlock_unlock(&store->guard);
	return some;
}

/* The active layer is the one to write, and a new one takes its place. False: memory is short. */
static bool freeze(struct store *store, struct err *err)
{
	struct sidecar_store fresh = sidecar_store_memory();
	if (!fresh.ctx)
		return err_set(err, "history: memory is short");
	pthread_rwlock_wrlock(&store->guard);
	store->frozen.memory = store->active.memory;
	store->frozen.events = (size_t)store->active.events;
	store->frozen.mark = store->active.mark;
	store->frozen_in = SIZE_MAX;
	store->active.memory = fresh;
	store->active.events = 0;
	store->dirty = false;
	pthread_rwlock_unlock(&store->guard);
	return true;
}

/* The batch is in the environment. */
static void melt(struct store *store)
{
	pthread_rwlock_wrlock(&store->guard);
	struct sidecar_store written = store->frozen.memory;
	store->frozen.memory.ctx = NULL;
	store->frozen.events = 0;
	pthread_rwlock_unlock(&store->guard);
	written.free(written.ctx);
}

/* Readers fail from now on, or do no longer. */
static void set_stuck(struct store *store, const struct err *trouble)
{
	if (!trouble && !store->stuck)
		return;
	pthread_rwlock_wrlock(&store->guard);
	store->stuck = trouble != NULL;
	if (trouble)
		store->trouble = *trouble;
	pthread_rwlock_unlock(&store->guard);
}

/* Until it is in the environment. */
static bool write_out(struct store *store, struct err *err)
{
	int code;
	while ((code = write_frozen(store)) == MDB_MAP_FULL)
		if (!grow(store, err))
			return false;
	if (code)
		return store_env_wrong(&store->env, code, err);
	melt(store);
	return true;
}

/* A batch that could not be written before, then what came since; `writing` is held. */
static bool flush(struct store *store, struct err *err)
{
	struct err trouble;
	bool good = store_env_trusted(&store->env, &trouble);
	if (good && store->frozen.memory.ctx)
		good = write_out(store, &trouble);
	if (good && anything_new(store))
		good = freeze(store, &trouble) && write_out(store, &trouble);
	set_stuck(store, good ? NULL : &trouble);
	return good || err_set(err, "%s", trouble.text);
}

static bool store_flush(void *ctx, struct err *err)
{
	struct store *store = ctx;
	pthread_mutex_lock(&store->writing);
	bool good = flush(store, err);
	pthread_mutex_unlock(&store->writing);
	return good;
}

static bool store_add(void *ctx, struct bytes subject, const struct rules_event *event, struct err *err)
{
	struct store *store = ctx;
	if (subject.len > UINT8_MAX)
		return err_set(err, "history: a subject of %zu bytes; pseudonyms have 32", subject.len);
	pthread_rwlock_rdlock(&store->guard);
	struct layer *active = &store->active;
	bool good = active->events < store->bound ||
		    err_set(err, "history: %zu events wait to be written: %s", store->bound,
			    store->stuck ? store->trouble.text : "too many at once");
	good = good && active->memory.add(active->memory.ctx, subject, event, err);
	if (good)
		active->events++;
	pthread_rwlock_unlock(&store->guard);
	return good;
}

/* A batch that cannot be written makes readers fail; the next try is the next flush, so that a full disk does
 * not cost the log a try for each entry. */
static void store_applied(void *ctx, uint64_t index, int64_t time_ns)
{
	struct store *store = ctx;
	pthread_rwlock_rdlock(&store->guard);
	pthread_mutex_lock(&store->marking);
	store->active.mark.mark.index = index;
	store->active.mark.mark.time_ns = time_ns;
	store->dirty = true;
	pthread_mutex_unlock(&store->marking);
	bool full = store->active.events >= store->batch && !store->stuck;
	pthread_rwlock_unlock(&store->guard);
	if (full)
		store_flush(store, NULL);
}

/* ---- read ---- */

/* Events of one subject being gathered in the arena, in order of time. */
struct gathered {
	struct arena *arena;
	struct rules_event *event;
	size_t count, cap;
};

static bool gather(struct gathered *to, const struct rules_event *event)
{
	if (to->count == to->cap) {
		size_t cap = to->cap ? to->cap * 2 : FIRST_EVENTS;
		struct rules_event *grown = arena_array(to->arena, cap, sizeof *grown);
		if (!grown)
			return false;
		if (to->count)
			memcpy(grown, to->event, to->count * sizeof *grown);
		to->event = grown;
		to->cap = cap;
	}
	size_t at = to->count++;
	for (; at > 0 && to->event[at - 1].time_ns > event->time_ns; at--)
		to->event[at] = to->event[at - 1];
	to->event[at] = *event;
	return true;
}

static bool gather_record(struct gathered *to, MDB_val key, MDB_val value, int *code)
{
	struct rules_event event;
	if (!store_event_decode(store_env_bytes(key), store_env_bytes(value), &event))
		*code = MDB_CORRUPTED;
	else if (!store_copy_text(&event.prompt_id, to->arena) || !store_copy_text(&event.item, to->arena) ||
		 !store_copy_text(&event.category, to->arena) || !gather(to, &event))
		*code = ENOMEM;
	return *code == 0;
}

static int gather_written(struct store_reader *reader, const struct store_key *subject, struct gathered *to)
{
	MDB_val key = {subject->subject_len, (void *)subject->at}, value;
	int code = mdb_cursor_get(reader->cursor, &key, &value, MDB_SET_RANGE);
	while (!code && key.mv_size >= subject->subject_len &&
	       memcmp(key.mv_data, subject->at, subject->subject_len) == 0 &&
	       gather_record(to, key, value, &code))
		code = mdb_cursor_get(reader->cursor, &key, &value, MDB_NEXT);
	return code == MDB_NOTFOUND ? 0 : code;
}

static bool gather_layer(const struct layer *layer, struct bytes subject, struct gathered *to,
			 struct err *err)
{
	struct rules_event *event;
	size_t count;
	if (layer->events == 0)
		return true;
	if (!layer->memory.read(layer->memory.ctx, subject, to->arena, &event, &count, err))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!gather(to, &event[i]))
			return err_set(err, "history: the call's memory is full");
	return true;
}

/* guard is held shared. */
static bool read_layers(struct store *store, struct bytes subject, struct gathered *to, int *code,
			struct err *err)
{
	struct store_key key;
	if (!store_env_trusted(&store->env, err))
		return false;
	if (store->stuck)
		return err_set(err, "%s", store->trouble.text);
	if (!store_key_subject(subject, &key))
		return true; /* too long: add refuses it */
	struct store_reader *reader = store_env_read(&store->env, err);
	if (!reader)
		return false;
	size_t snapshot = mdb_txn_id(reader->txn);
	*code = gather_written(reader, &key, to);
	store_env_read_done(&store->env, reader);
	if (*code == ENOMEM)
		return err_set(err, "history: the call's memory is full");
	if (*code)
		return store_env_wrong(&store->env, *code, err);
	bool unseen = store->frozen.memory.ctx && snapshot < store->frozen_in;
	return (!unseen || gather_layer(&store->frozen, subject, to, err)) &&
	       gather_layer(&store->active, subject, to, err);
}

static bool store_read(void *ctx, struct bytes subject, struct arena *arena, struct rules_event **event,
		       size_t *count, struct err *err)
{
	struct store *store = ctx;
	struct gathered gathered = {.arena = arena};
	int code = 0;
	pthread_rwlock_rdlock(&store->guard);
	bool good = read_layers(store, subject, &gathered, &code, err);
	pthread_rwlock_unlock(&store->guard);
	if (code == MDB_CORRUPTED || code == MDB_PAGE_NOTFOUND)
		store_env_distrust(&store->env);
	if (!good)
		return false;
	*event = gathered.event;
	*count = gathered.count;
	return true;
}

/* ---- expire ---- */

/* A walk from the last key to the first. Of each subject the newest word on opting out is met first. */
struct walk {
	int64_t before_ns;
	struct store_key key; /* looked at last; len 0: none yet */
	bool word_seen;	      /* of that key's subject */
	bool over;
	struct store_key old[STEP_REMOVED];
	size_t removed;
};

static void look_at(struct walk *walk, struct bytes at, struct bytes value)
{
	struct store_key key;
	struct rules_event event;
	int64_t time_ns;
	uint64_t entry;
	if (!store_key_read(at, &key, &time_ns, &entry))
		return; /* the mark */
	if (key.subject_len != walk->key.subject_len || memcmp(key.at, walk->key.at, key.subject_len) != 0)
		walk->word_seen = false;
	walk->key = key;
	bool word = store_event_decode(at, value, &event) && store_event_is_word(&event);
	if (time_ns < walk->before_ns && (!word || walk->word_seen))
		walk->old[walk->removed++] = key;
	walk->word_seen |= word;
}

/* Puts the cursor before the key that was looked at last, whether it is still there or not. */
static int step_back(MDB_cursor *cursor, const struct walk *walk, MDB_val *key, MDB_val *value)
{
	*key = (MDB_val){walk->key.len, (void *)walk->key.at};
	if (walk->key.len == 0)
		return mdb_cursor_get(cursor, key, value, MDB_LAST);
	int code = mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
	return mdb_cursor_get(cursor, key, value, code == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
}

static bool look(struct store *store, struct walk *walk)
{
	MDB_val key, value;
	pthread_rwlock_rdlock(&store->guard);
	struct store_reader *reader = store_env_read(&store->env, NULL);
	int code = reader ? step_back(reader->cursor, walk, &key, &value) : ENOMEM;
	for (int i = 0; !code && i < STEP_LOOKED && walk->removed < STEP_REMOVED; i++) {
		look_at(walk, store_env_bytes(key), store_env_bytes(value));
		code = mdb_cursor_get(reader->cursor, &key, &value, MDB_PREV);
	}
	if (reader)
		store_env_read_done(&store->env, reader);
	pthread_rwlock_unlock(&store->guard);
	walk->over = code != 0;
	return !code || code == MDB_NOTFOUND;
}

static void forget_before(struct store *store, int64_t before_ns)
{
	pthread_rwlock_wrlock(&store->guard);
	struct sidecar_mark *active = &store->active.mark.mark;
	if (active->since_ns < before_ns) {
		active->since_ns = before_ns;
		store->dirty = true;
	}
	pthread_rwlock_unlock(&store->guard);
}

/* What cannot be removed now is removed by a later walk. */
static int remove_old(struct store *store, const struct walk *walk)
{
	MDB_txn *txn;
	int code = mdb_txn_begin(store->env.env, NULL, 0, &txn);
	if (code)
		return code;
	for (size_t i = 0; !code && i < walk->removed; i++) {
		MDB_val key = {walk->old[i].len, (void *)walk->old[i].at};
		code = mdb_del(txn, store->env.table, &key, NULL);
		code = code == MDB_NOTFOUND ? 0 : code;
	}
	if (!code)
		return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return code;
}

/* One step of the walk. False: it ends here. */
static bool expire_step(struct store *store, struct walk *walk)
{
	walk->removed = 0;
	if (!look(store, walk))
		return false;
	pthread_mutex_lock(&store->writing);
	int code = walk->removed ? remove_old(store, walk) : 0;
	bool again = code == MDB_MAP_FULL && grow(store, NULL);
	code = again ? remove_old(store, walk) : code;
	pthread_mutex_unlock(&store->writing);
	return !code && !walk->over;
}

static void store_expire(void *ctx, int64_t before_ns)
{
	struct store *store = ctx;
	struct walk *walk = calloc(1, sizeof *walk);
	if (!walk)
		return;
	walk->before_ns = before_ns;
	/* First the mark says what will be missing, then it is missing. */
	forget_before(store, before_ns);
	for (bool more = store_flush(store, NULL); more; more = expire_step(store, walk))
		;
	free(walk);
	store_env_sync(&store->env);
}

/* ---- begin and end ---- */

static bool store_standing(void *ctx, const char *origin, struct sidecar_mark *mark, struct err *err)
{
	struct store *store = ctx;
	const struct store_mark *mine = &store->active.mark;
	if (!store->found)
		return err_set(err, "%s", store->why.text);
	if (!store->mark.origin[0])
		return err_set(err, "it was not completed");
	if (strcmp(store->mark.origin, origin) != 0)
		return err_set(err, "it belongs to the log %s", store->mark.origin);
	if (strcmp(store->mark.subject_key, mine->subject_key) != 0)
		return err_set(err, "it belongs to another subject key");
	if (strcmp(store->mark.version, mine->version) != 0)
		return err_set(err, "it was written by rankguard %s", store->mark.version);
	*mark = store->mark.mark;
	return true;
}

static void drop_layer(struct layer *layer)
{
	if (layer->memory.ctx)
		layer->memory.free(layer->memory.ctx);
	layer->memory.ctx = NULL;
	layer->events = 0;
}

static bool store_restart(void *ctx, struct err *err)
{
	struct store *store = ctx;
	pthread_mutex_lock(&store->writing);
	pthread_rwlock_wrlock(&store->guard);
	drop_layer(&store->frozen);
	drop_layer(&store->active);
	store->active.memory = sidecar_store_memory();
	store->active.mark.mark = (struct sidecar_mark){.since_ns = INT64_MIN};
	store->active.mark.origin[0] = '\0';
	store->dirty = true;
	store->stuck = store->found = false;
	bool good = store->active.memory.ctx || err_set(err, "history: memory is short");
	pthread_rwlock_unlock(&store->guard);
	/* Without guard: LMDB's own lock comes before it. */
	good = good && store_env_restart(&store->env, err);
	pthread_mutex_unlock(&store->writing);
	return good;
}

static bool store_settle(void *ctx, const char *origin, struct err *err)
{
	struct store *store = ctx;
	pthread_rwlock_wrlock(&store->guard);
	snprintf(store->active.mark.origin, STORE_ORIGIN_MAX, "%s", origin);
	store->dirty = true;
	pthread_rwlock_unlock(&store->guard);
	return store_flush(store, err);
}

static void store_free(void *ctx)
{
	struct store *store = ctx;
	if (store->env.env && store->active.memory.ctx)
		(void)!store_flush(store, NULL);
	store_env_close(&store->env);
	drop_layer(&store->frozen);
	drop_layer(&store->active);
	buf_done(&store->value);
	pthread_rwlock_destroy(&store->guard);
	pthread_mutex_destroy(&store->writing);
	pthread_mutex_destroy(&store->marking);
	free(store);
}

static bool record_sound(struct bytes key, struct bytes value)
{
	struct rules_event event;
	struct store_mark mark;
	return bytes_equal(key, store_mark_key) ? store_mark_decode(value, &mark)
						: store_event_decode(key, value, &event);
}

/* The mark that stands in the environment. */
static bool find_mark(struct store *store, struct err *err)
{
	struct store_reader *reader = store_env_read(&store->env, err);
	MDB_val key = store_env_val(store_mark_key), value;
	if (!reader)
		return false;
	store->found = mdb_cursor_get(reader->cursor, &key, &value, MDB_SET) == 0 &&
		       store_mark_decode(store_env_bytes(value), &store->mark);
	store_env_read_done(&store->env, reader);
	if (!store->found && !store->why.text[0])
		err_set(&store->why, "it was not completed");
	return true;
}

static bool open_store(struct store *store, const struct sidecar_store_lmdb_options *options, struct err *err)
{
	struct store_mark *mine = &store->active.mark;
	struct store_env_options env = {.directory = store->directory,
					.boot = options->boot,
					.map_bytes = options->map_bytes,
					.sound = record_sound};
	bool kept;
	snprintf(store->directory, sizeof store->directory, "%s", options->directory);
	if (!store_env_open(&store->env, &env, &kept, &store->why, err) || (kept && !find_mark(store, err)))
		return false;
	if (store->found)
		*mine = store->mark;
	else
		mine->mark.since_ns = INT64_MIN;
	snprintf(mine->subject_key, sizeof mine->subject_key, "%s", options->subject_key);
	snprintf(mine->version, sizeof mine->version, "%s", RANKGUARD_VERSION);
	store->active.memory = sidecar_store_memory();
	return store->active.memory.ctx || err_set(err, "history: memory is short");
}

/* A steady stream of readers must not keep a batch from changing hands. */
static void make_locks(struct store *store)
{
	pthread_rwlockattr_t attr;
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&store->guard, &attr);
	pthread_rwlockattr_destroy(&attr);
	pthread_mutex_init(&store->writing, NULL);
	pthread_mutex_init(&store->marking, NULL);
}

struct sidecar_store sidecar_store_lmdb(const struct sidecar_store_lmdb_options *options, struct err *err)
{
	struct sidecar_store made = {.read = store_read,
				     .add = store_add,
				     .expire = store_expire,
				     .free = store_free,
				     .applied = store_applied,
				     .flush = store_flush,
				     .standing = store_standing,
				     .restart = store_restart,
				     .settle = store_settle};
	struct store *store = calloc(1, sizeof *store);
	if (!store) {
		err_set(err, "history: memory is short");
		return made;
	}
	store->batch = options->batch ? options->batch : BATCH;
	store->bound = options->bound ? options->bound : BOUND;
	make_locks(store);
	if (open_store(store, options, err))
		made.ctx = store;
	else
		store_free(store);
	return made;
}
