/* SPDX-License-Identifier: Apache-2.0
 *
 * The frequency step on the call path: a response with one prompt is decided, its session and its user are
 * locked and read, three frequency rules judge, and the place is reserved and given back. Half of the subjects
 * are sessions, half are users; each has one delivered prompt. Subjects come in a random order, so that
 * neither store lives from the processor's caches.
 */
#include "micro.h"

#include "rules/decide.h"
#include "sidecar/history.h"
#include "sidecar/store_lmdb.h"
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { MEMORY, EMBEDDED, ID = 33 };

struct past {
	struct sidecar_history *history;
	struct rules_ruleset *ruleset;
	struct facts facts;
	struct facts_prompt prompt;
	size_t subjects, heap; /* heap: bytes in use before */
	uint64_t random;
	char folder[64];
};

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint64_t mixed(uint64_t number)
{
	number += 0x9e3779b97f4a7c15u;
	number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9u;
	number = (number ^ number >> 27) * 0x94d049bb133111ebu;
	return number ^ number >> 31;
}

/* A pseudonym: 32 hexadecimal digits. */
static struct bytes pseudonym(size_t number, char id[ID])
{
	snprintf(id, ID, "%016llx%016llx", (unsigned long long)mixed(number),
		 (unsigned long long)mixed(number ^ 0x5555));
	return (struct bytes){id, ID - 1};
}

static size_t heap_in_use(void)
{
	struct mallinfo2 info = mallinfo2();
	return info.uordblks + info.hblkhd;
}

static void fill(struct past *past)
{
	char session[ID], user[ID];
	struct err err;
	for (size_t i = 0; i < past->subjects / 2; i++) {
		struct audit_entry_seen seen = {.type = BYTES_LITERAL("delivered"),
						.kind = BYTES_LITERAL("clarifying_question"),
						.prompt_id = BYTES_LITERAL("ask-category-7"),
						.time_ns = MICRO_NOW - INT64_C(7200000000000) + (int64_t)i,
						.session = pseudonym(2 * i, session),
						.user = pseudonym(2 * i + 1, user)};
		if (!sidecar_history_fold(past->history, i, &seen, &err))
			micro_fail("%s", err.text);
	}
	if (!sidecar_history_flush(past->history, &err))
		micro_fail("%s", err.text);
}

static void *make(const struct micro_row *row, size_t subjects)
{
	struct micro_text rules = {0};
	struct err err;
	struct past *past = calloc(1, sizeof *past);
	if (!past)
		micro_fail("memory is short");
	micro_add(&rules, "{ id = \"a\"; kind = \"prompt_cap\"; max = 2; per = \"session\"; window = "
			  "\"30m\"; reason = \"R.\"; },\n"
			  "{ id = \"b\"; kind = \"prompt_cap\"; max = 9; per = \"user\"; window = \"24h\"; "
			  "reason = \"R.\"; },\n"
			  "{ id = \"c\"; kind = \"prompt_gap\"; gap = \"5m\"; per = \"session\"; reason = "
			  "\"R.\"; },\n");
	past->ruleset = micro_ruleset(&rules);
	past->prompt = (struct facts_prompt){.id = BYTES_LITERAL("p1"),
					     .text = BYTES_LITERAL("Less jazz?"),
					     .kind = PROMPT_CLARIFYING_QUESTION};
	past->facts = (struct facts){.prompts = &past->prompt, .prompt_count = 1};
	past->subjects = subjects;
	if (row->part == EMBEDDED)
		micro_folder_make(past->folder);
	malloc_trim(0);
	past->heap = heap_in_use();
	struct sidecar_store store =
		row->part == MEMORY
			? sidecar_store_memory()
			: sidecar_store_lmdb(&(struct sidecar_store_lmdb_options){.directory = past->folder,
										  .subject_key = "micro"},
					     &err);
	past->history = sidecar_history_new(store, INT64_C(86400000000000));
	if (!past->history)
		micro_fail("the store cannot be opened");
	fill(past);
	return past;
}

static void step(void *made)
{
	struct past *past = made;
	char session[ID], user[ID];
	struct arena arena;
	struct rules_decision decision;
	struct rules_history seen;
	struct sidecar_lease lease;
	struct sidecar_reservation reservation = {0};
	struct err err;
	size_t pair = mixed(past->random++) % ((past->subjects + 1) / 2);
	arena_init(&arena, (size_t)1 << 20);
	if (!rules_decide(past->ruleset, &past->facts, MICRO_NOW, &arena, &decision, &err) ||
	    !sidecar_history_lock(past->history, pseudonym(2 * pair, session), pseudonym(2 * pair + 1, user),
				  &arena, &lease, &seen, &err) ||
	    !rules_decide_frequency(&seen, MICRO_NOW, &arena, &decision, &err) ||
	    !sidecar_history_reserve(&lease, PROMPT_CLARIFYING_QUESTION, &reservation))
		micro_fail("%s", err.text);
	sidecar_history_unlock(&lease);
	sidecar_history_release(&reservation);
	if (decision.prompt_count != 1)
		micro_fail("the prompt is not admitted");
	arena_done(&arena);
}

/* What the heap grew by, and the blocks of the file. */
static double bytes(void *made)
{
	const struct past *past = made;
	struct stat stat_of;
	char path[80];
	double file = 0;
	snprintf(path, sizeof path, "%s/history.mdb", past->folder);
	if (past->folder[0] && stat(path, &stat_of) == 0)
		file = (double)stat_of.st_blocks * 512;
	return ((double)heap_in_use() - (double)past->heap + file) / (double)past->subjects;
}

static void drop(void *made)
{
	struct past *past = made;
	sidecar_history_free(past->history);
	rules_ruleset_drop(past->ruleset);
	if (past->folder[0])
		micro_folder_remove(past->folder);
	free(past);
}

#define ROW(id, which)                                                                                       \
	{                                                                                                    \
		.name = "history/" id, .input = "one prompt, two of a million subjects (or --subjects)",     \
		.target_ns = 10e3, .target_bytes = 200, .make = make, .step = step, .bytes = bytes,          \
		.free = drop, .part = which                                                                  \
	}
static const struct micro_row rows[] = {
	ROW("memory", MEMORY),
	ROW("embedded", EMBEDDED),
};

const struct micro_table micro_history = {rows, sizeof rows / sizeof *rows};
