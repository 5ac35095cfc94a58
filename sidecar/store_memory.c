/* SPDX-License-Identifier: Apache-2.0
 *
 * The store in memory: chained hash tables, one per stripe, each with its own mutex, because expiry walks
 * subjects that it holds no lease on. A subject with one event takes about 170 bytes with the allocator's
 * overhead.
 */
#include "sidecar/store_memory.h"

#include "sidecar/history_hash.h"
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

enum {
	STRIPE_BITS = 8,
	STRIPES = 1 << STRIPE_BITS,
	TABLE_FIRST = 16, /* chains of a stripe's first table */
};

/* One event, packed: the runs of text lie behind each other in one allocation. */
struct store_event {
	int64_t time_ns;
	uint64_t entry;
	char *text; /* owned: prompt id, item, category; NULL when all are absent or empty */
	uint16_t prompt_id_len, item_len, category_len;
	uint8_t kind; /* of the prompt, or of the signal */
	bool is_signal : 1, has_prompt_id : 1, has_item : 1, has_category : 1;
};
static_assert(sizeof(struct store_event) <= 32, "a million subjects lie in memory");

struct store_subject {
	struct store_subject *next;
	uint64_t hash;
	struct store_event *event; /* owned, in order of time */
	uint32_t count, cap;
	size_t key_len;
	char key[];
};

struct store_stripe {
	_Alignas(64) pthread_mutex_t lock;
	struct store_subject **chain; /* owned; chains is 0 or a power of two */
	size_t chains, subjects;
};

struct store {
	struct store_stripe stripe[STRIPES];
};

static struct store_stripe *stripe_of(struct store *store, uint64_t hash)
{
	return &store->stripe[hash % STRIPES];
}

static struct store_subject **chain_of(const struct store_stripe *stripe, uint64_t hash)
{
	return &stripe->chain[(hash >> STRIPE_BITS) & (stripe->chains - 1)];
}

static struct store_subject *find_subject(const struct store_stripe *stripe, uint64_t hash, struct bytes key)
{
	struct store_subject *subject = stripe->chains ? *chain_of(stripe, hash) : NULL;
	while (subject &&
	       (subject->hash != hash || !bytes_equal((struct bytes){subject->key, subject->key_len}, key)))
		subject = subject->next;
	return subject;
}

/* Doubles the table. When memory is short a table that exists just gets longer chains. */
static bool grow_table(struct store_stripe *stripe)
{
	struct store_stripe grown = {.chains = stripe->chains ? stripe->chains * 2 : TABLE_FIRST};
	grown.chain = calloc(grown.chains, sizeof *grown.chain);
	if (!grown.chain)
		return stripe->chains > 0;
	for (size_t i = 0; i < stripe->chains; i++) {
		for (struct store_subject *subject = stripe->chain[i], *next; subject; subject = next) {
			next = subject->next;
			struct store_subject **chain = chain_of(&grown, subject->hash);
			subject->next = *chain;
			*chain = subject;
		}
	}
	free(stripe->chain);
	stripe->chain = grown.chain;
	stripe->chains = grown.chains;
	return true;
}

static struct store_subject *make_subject(struct store_stripe *stripe, uint64_t hash, struct bytes key)
{
	if (stripe->subjects >= stripe->chains && !grow_table(stripe))
		return NULL;
	struct store_subject *subject = malloc(sizeof *subject + key.len);
	if (!subject)
		return NULL;
	struct store_subject **chain = chain_of(stripe, hash);
	*subject = (struct store_subject){.next = *chain, .hash = hash, .key_len = key.len};
	memcpy(subject->key, key.at, key.len);
	*chain = subject;
	stripe->subjects++;
	return subject;
}

static bool pack_event(const struct rules_event *from, struct store_event *to)
{
	*to = (struct store_event){
		.time_ns = from->time_ns,
		.entry = from->entry,
		.prompt_id_len = (uint16_t)from->prompt_id.len,
		.item_len = (uint16_t)from->item.len,
		.category_len = (uint16_t)from->category.len,
		.is_signal = from->type == RULES_EVENT_SIGNAL,
		.has_prompt_id = bytes_present(from->prompt_id),
		.has_item = bytes_present(from->item),
		.has_category = bytes_present(from->category),
	};
	const struct bytes run[] = {from->prompt_id, from->item, from->category};
	size_t len = run[0].len + run[1].len + run[2].len;
	to->kind = to->is_signal ? (uint8_t)from->signal : (uint8_t)from->prompt;
	if (len == 0)
		return true;
	char *at = to->text = malloc(len);
	if (!at)
		return false;
	for (size_t i = 0; i < sizeof run / sizeof *run; i++)
		at = run[i].len ? (char *)memcpy(at, run[i].at, run[i].len) + run[i].len : at;
	return true;
}

/* Runs of the event borrow from the store. */
static struct rules_event view_event(const struct store_event *from)
{
	const char *text = from->text ? from->text : "";
	struct rules_event event = {
		.time_ns = from->time_ns,
		.entry = from->entry,
		.type = from->is_signal ? RULES_EVENT_SIGNAL : RULES_EVENT_DELIVERED,
	};
	if (from->is_signal)
		event.signal = (enum signal_kind)from->kind;
	else
		event.prompt = (enum prompt_kind)from->kind;
	if (from->has_prompt_id)
		event.prompt_id = (struct bytes){text, from->prompt_id_len};
	if (from->has_item)
		event.item = (struct bytes){text + from->prompt_id_len, from->item_len};
	if (from->has_category)
		event.category =
			(struct bytes){text + from->prompt_id_len + from->item_len, from->category_len};
	return event;
}

static bool unpack_event(const struct store_event *from, struct arena *arena, struct rules_event *to)
{
	*to = view_event(from);
	return store_copy_text(&to->prompt_id, arena) && store_copy_text(&to->item, arena) &&
	       store_copy_text(&to->category, arena);
}

static bool store_read(void *ctx, struct bytes key, struct arena *arena, struct rules_event **event,
		       size_t *count, struct err *err)
{
	uint64_t hash = history_hash(key);
	struct store_stripe *stripe = stripe_of(ctx, hash);
	pthread_mutex_lock(&stripe->lock);
	const struct store_subject *subject = find_subject(stripe, hash, key);
	size_t found = subject ? subject->count : 0;
	struct rules_event *copy = found ? arena_array(arena, found, sizeof *copy) : NULL;
	bool good = copy || !found;
	for (size_t i = 0; i < found && good; i++)
		good = unpack_event(&subject->event[i], arena, &copy[i]);
	pthread_mutex_unlock(&stripe->lock);
	if (!good)
		return err_set(err, "history: the call's memory is full");
	*event = copy;
	*count = found;
	return true;
}

bool sidecar_store_memory_each(void *ctx,
			       bool (*see)(void *to, struct bytes subject, const struct rules_event *event),
			       void *to)
{
	const struct store *store = ctx;
	bool go = true;
	for (size_t i = 0; i < STRIPES; i++) {
		for (size_t c = 0; c < store->stripe[i].chains && go; c++) {
			for (const struct store_subject *s = store->stripe[i].chain[c]; s && go;
			     s = s->next) {
				for (uint32_t e = 0; e < s->count && go; e++) {
					struct rules_event event = view_event(&s->event[e]);
					go = see(to, (struct bytes){s->key, s->key_len}, &event);
				}
			}
		}
	}
	return go;
}

/* Entries are folded nearly in order, so the place is looked for from the end. */
static bool insert_event(struct store_subject *subject, struct store_event new)
{
	if (subject->count == subject->cap) {
		uint32_t cap = subject->cap ? subject->cap * 2 : 1;
		struct store_event *grown = reallocarray(subject->event, cap, sizeof *grown);
		if (!grown)
			return false;
		subject->event = grown;
		subject->cap = cap;
	}
	uint32_t at = subject->count++;
	for (; at > 0 && subject->event[at - 1].time_ns > new.time_ns; at--)
		subject->event[at] = subject->event[at - 1];
	subject->event[at] = new;
	return true;
}

static bool store_add(void *ctx, struct bytes key, const struct rules_event *event, struct err *err)
{
	size_t len = event->prompt_id.len + event->item.len + event->category.len;
	if (len > UINT16_MAX)
		return err_set(err, "history: texts of %zu bytes; an entry holds at most %d", len,
			       UINT16_MAX);
	uint64_t hash = history_hash(key);
	struct store_stripe *stripe = stripe_of(ctx, hash);
	struct store_event packed;
	bool good = pack_event(event, &packed);
	pthread_mutex_lock(&stripe->lock);
	struct store_subject *subject = good ? find_subject(stripe, hash, key) : NULL;
	if (good && !subject)
		subject = make_subject(stripe, hash, key);
	good = subject && insert_event(subject, packed);
	pthread_mutex_unlock(&stripe->lock);
	if (good)
		return true;
	free(packed.text);
	return err_set(err, "history: memory is short");
}

/* What a subject said last about opting out never expires: dropping an old opt-out would prompt somebody
 * who asked for peace, and dropping the opt-in after it would bring the opt-out of another subject back. */
static size_t last_word(const struct store_subject *subject)
{
	size_t i = subject->count;
	while (i > 0 && (!subject->event[i - 1].is_signal || (subject->event[i - 1].kind != SIGNAL_OPT_OUT &&
							      subject->event[i - 1].kind != SIGNAL_OPT_IN)))
		i--;
	return i; /* one behind it; 0: nothing said */
}

static void expire_events(struct store_subject *subject, int64_t before_ns)
{
	size_t keep = last_word(subject);
	uint32_t kept = 0;
	for (uint32_t i = 0; i < subject->count; i++) {
		if (subject->event[i].time_ns >= before_ns || i + 1 == keep)
			subject->event[kept++] = subject->event[i];
		else
			free(subject->event[i].text);
	}
	subject->count = kept;
	if (kept && kept <= subject->cap / 4) {
		struct store_event *shrunk = reallocarray(subject->event, kept, sizeof *shrunk);
		if (shrunk) {
			subject->event = shrunk;
			subject->cap = kept;
		}
	}
}

static void free_subject(struct store_subject *subject)
{
	for (uint32_t i = 0; i < subject->count; i++)
		free(subject->event[i].text);
	free(subject->event);
	free(subject);
}

static void expire_chain(struct store_stripe *stripe, struct store_subject **link, int64_t before_ns)
{
	while (*link) {
		struct store_subject *subject = *link;
		expire_events(subject, before_ns);
		if (subject->count) {
			link = &subject->next;
			continue;
		}
		*link = subject->next;
		free_subject(subject);
		stripe->subjects--;
	}
}

/* One stripe at a time, so that calls wait for a small part of the walk only. */
static void store_expire(void *ctx, int64_t before_ns)
{
	struct store *store = ctx;
	for (size_t i = 0; i < STRIPES; i++) {
		struct store_stripe *stripe = &store->stripe[i];
		pthread_mutex_lock(&stripe->lock);
		for (size_t c = 0; c < stripe->chains; c++)
			expire_chain(stripe, &stripe->chain[c], before_ns);
		pthread_mutex_unlock(&stripe->lock);
	}
}

static void store_free(void *ctx)
{
	struct store *store = ctx;
	for (size_t i = 0; i < STRIPES; i++) {
		struct store_stripe *stripe = &store->stripe[i];
		for (size_t c = 0; c < stripe->chains; c++) {
			for (struct store_subject *subject = stripe->chain[c], *next; subject;
			     subject = next) {
				next = subject->next;
				free_subject(subject);
			}
		}
		free(stripe->chain);
		pthread_mutex_destroy(&stripe->lock);
	}
	free(store);
}

struct sidecar_store sidecar_store_memory(void)
{
	struct store *store = aligned_alloc(_Alignof(struct store), sizeof *store);
	for (size_t i = 0; store && i < STRIPES; i++) {
		store->stripe[i] = (struct store_stripe){0};
		pthread_mutex_init(&store->stripe[i].lock, NULL);
	}
	return (struct sidecar_store){
		.read = store_read,
		.add = store_add,
		.expire = store_expire,
		.free = store_free,
		.ctx = store,
	};
}
