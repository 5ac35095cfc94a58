/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/example/odd.h"

#include "sidecar/example/wording.h"
#include <math.h>
#include <signal.h>
#include <stdlib.h>

/* One row acts in one of three places. `number` is what stands behind the colon, or `otherwise`. */
struct odd {
	const char *name, *help;
	unsigned otherwise;
	bool (*response)(Rankguard__V1__RankResponse *response, struct arena *arena);
	bool (*bytes)(struct bytes *message, unsigned number, struct arena *arena);
	void (*answer)(struct serve_answer *answer, unsigned number);
};

static bool top_score(Rankguard__V1__RankResponse *response, double score)
{
	if (response->n_items > 0)
		response->items[0]->score = score;
	return true;
}

static bool nan_score(Rankguard__V1__RankResponse *response, struct arena *arena)
{
	(void)arena;
	return top_score(response, NAN);
}

static bool infinite_score(Rankguard__V1__RankResponse *response, struct arena *arena)
{
	(void)arena;
	return top_score(response, INFINITY);
}

static bool no_baseline(Rankguard__V1__RankResponse *response, struct arena *arena)
{
	(void)arena;
	for (size_t i = 0; i < response->n_items; i++)
		response->items[i]->baseline_score_presence_case =
			RANKGUARD__V1__RANKED_ITEM__BASELINE_SCORE_PRESENCE__NOT_SET;
	for (size_t i = 0; i < response->n_category_weights; i++)
		response->category_weights[i]->baseline_weight_presence_case =
			RANKGUARD__V1__CATEGORY_WEIGHT__BASELINE_WEIGHT_PRESENCE__NOT_SET;
	return true;
}

static int best_first(const void *left, const void *right)
{
	const Rankguard__V1__RankedItem *a = *(Rankguard__V1__RankedItem *const *)left;
	const Rankguard__V1__RankedItem *b = *(Rankguard__V1__RankedItem *const *)right;
	if (a->score != b->score)
		return a->score > b->score ? -1 : 1;
	return strcmp(a->item_id, b->item_id);
}

/* All scores and weights at a multiple of their baseline, sorted again. */
static void move(Rankguard__V1__RankResponse *response, double scores, double weights)
{
	for (size_t i = 0; i < response->n_items; i++)
		response->items[i]->score = response->items[i]->baseline_score * scores;
	for (size_t i = 0; i < response->n_category_weights; i++)
		response->category_weights[i]->weight =
			response->category_weights[i]->baseline_weight * weights;
	qsort(response->items, response->n_items, sizeof *response->items, best_first);
}

static bool overdone(Rankguard__V1__RankResponse *response, struct arena *arena)
{
	(void)arena;
	move(response, 0.25, 0);
	return true;
}

static bool calm(Rankguard__V1__RankResponse *response, struct arena *arena)
{
	(void)arena;
	move(response, 1, 1);
	response->n_prompts = 0;
	return true;
}

static bool question(Rankguard__V1__RankResponse *response, struct arena *arena)
{
	unsigned asked = 0;
	return wording_prompts(WORDING_QUESTION, "jazz", &asked, arena, response);
}

static bool blame(Rankguard__V1__RankResponse *response, struct arena *arena)
{
	unsigned asked = 0;
	return wording_prompts(WORDING_BLAME, "jazz", &asked, arena, response);
}

static bool bad_utf8(Rankguard__V1__RankResponse *response, struct arena *arena)
{
	if (!question(response, arena))
		return false;
	response->prompts[0]->text = arena_printf(arena, "Would you like to see less \xc3\x28\xff?");
	return response->prompts[0]->text != NULL;
}

static bool truncated(struct bytes *message, unsigned number, struct arena *arena)
{
	(void)number, (void)arena;
	if (message->len > 0)
		message->len--;
	return true;
}

static bool garbage(struct bytes *message, unsigned number, struct arena *arena)
{
	char *at = arena_alloc(arena, number > 0 ? number : 1);
	uint32_t state = 1; /* Numerical Recipes' linear congruence: the same garbage each time */
	for (size_t i = 0; at && i < number; i++) {
		state = state * 1664525 + 1013904223;
		at[i] = (char)(state >> 24);
	}
	*message = (struct bytes){at, number};
	return at != NULL;
}

/* Repeated item { item_id: "x" score: 0.5 }: 14 bytes each, so that a million stays below 16 MiB. */
static bool many_items(struct bytes *message, unsigned number, struct arena *arena)
{
	static const char item[14] = {0x0a, 12, 0x0a, 1, 'x', 0x11, 0, 0, 0, 0, 0, 0, (char)0xe0, 0x3f};
	char *at = arena_array(arena, (size_t)number + 1, sizeof item);
	for (size_t i = 0; at && i < number; i++)
		memcpy(at + i * sizeof item, item, sizeof item);
	*message = (struct bytes){at, number * sizeof item};
	return at != NULL;
}

static void drop_messages(struct serve_answer *answer)
{
	while (answer->count > 0)
		grpc_slice_unref(answer->message[--answer->count]);
}

static void no_message(struct serve_answer *answer, unsigned number)
{
	(void)number;
	drop_messages(answer);
}

static void status(struct serve_answer *answer, unsigned number)
{
	drop_messages(answer);
	answer->status = (grpc_status_code)number;
	answer->details = BYTES_LITERAL("the demo was asked for this status; 100% \xe2\x9c\x93");
}

static void late_status(struct serve_answer *answer, unsigned number)
{
	answer->status = (grpc_status_code)number;
	answer->details = BYTES_LITERAL("a status behind a message");
}

static void slow(struct serve_answer *answer, unsigned number)
{
	answer->delay_ms = number;
}

static void die(struct serve_answer *answer, unsigned number)
{
	(void)answer, (void)number;
	raise(SIGKILL);
}

static void echo_metadata(struct serve_answer *answer, unsigned number)
{
	(void)number;
	answer->echo_metadata = true;
}

static void compress(struct serve_answer *answer, unsigned number)
{
	(void)number;
	answer->compress = true;
}

static const struct odd odds[] = {
	{"calm", "scores and weights at their baseline, no prompt", 0, calm, NULL, NULL},
	{"overdone", "all scores at a quarter of their baseline, all weights 0", 0, overdone, NULL, NULL},
	{"question", "one question in approved words, each time", 0, question, NULL, NULL},
	{"blame", "a prompt in wrong words, and a question", 0, blame, NULL, NULL},
	{"nan", "the first score is not a number", 0, nan_score, NULL, NULL},
	{"inf", "the first score is infinite", 0, infinite_score, NULL, NULL},
	{"no-baseline", "no baseline scores and weights", 0, no_baseline, NULL, NULL},
	{"bad-utf8", "a prompt's text is not UTF-8", 0, bad_utf8, NULL, NULL},
	{"truncated", "the last byte of the response is missing", 0, NULL, truncated, NULL},
	{"garbage", "N bytes that are no message", 1000, NULL, garbage, NULL},
	{"million", "a million items", 1000000, NULL, many_items, NULL},
	{"items", "N equal items", 20001, NULL, many_items, NULL},
	{"no-message", "status OK without a message", 0, NULL, NULL, no_message},
	{"status", "the status N without a message", 13, NULL, NULL, status},
	{"late-status", "the response, then the status N", 13, NULL, NULL, late_status},
	{"slow", "the answer comes after N milliseconds", 1000, NULL, NULL, slow},
	{"die", "the recommender ends at once with SIGKILL", 0, NULL, NULL, die},
	{"echo-metadata", "the request's metadata come back in front and behind", 0, NULL, NULL,
	 echo_metadata},
	{"gzip", "the response is compressed, if the caller accepts it", 0, NULL, NULL, compress},
};

enum { ODDS = sizeof odds / sizeof *odds };

static bool read_one(struct bytes word, struct odd_wish *wish)
{
	const char *colon = memchr(word.at, ':', word.len);
	struct bytes name = {word.at, colon ? (size_t)(colon - word.at) : word.len};
	for (size_t i = 0; i < ODDS; i++) {
		if (!bytes_equal(bytes_of(odds[i].name), name))
			continue;
		*wish = (struct odd_wish){&odds[i], odds[i].otherwise};
		if (colon)
			wish->number = (unsigned)strtoul(colon + 1, NULL, 10) % 1000001;
		return true;
	}
	return false;
}

bool odd_read(const char *value, struct odd_wishes *wishes)
{
	struct odd_wishes read = {.count = 0};
	while (*value) {
		size_t len = strcspn(value, ",");
		if (read.count == ODD_MOST || !read_one((struct bytes){value, len}, &read.wish[read.count]))
			return false;
		read.count++;
		value += len + (value[len] == ',');
	}
	*wishes = read;
	return true;
}

bool odd_response(const struct odd_wishes *wishes, struct arena *arena, Rankguard__V1__RankResponse *response)
{
	bool done = true;
	for (size_t i = 0; i < wishes->count && done; i++)
		if (wishes->wish[i].odd->response)
			done = wishes->wish[i].odd->response(response, arena);
	return done;
}

bool odd_bytes(const struct odd_wishes *wishes, struct arena *arena, struct bytes *message)
{
	bool done = true;
	for (size_t i = 0; i < wishes->count && done; i++)
		if (wishes->wish[i].odd->bytes)
			done = wishes->wish[i].odd->bytes(message, wishes->wish[i].number, arena);
	return done;
}

void odd_answer(const struct odd_wishes *wishes, struct serve_answer *answer)
{
	for (size_t i = 0; i < wishes->count; i++)
		if (wishes->wish[i].odd->answer)
			wishes->wish[i].odd->answer(answer, wishes->wish[i].number);
}

void odd_help(FILE *out)
{
	for (size_t i = 0; i < ODDS; i++)
		fprintf(out, "  %-14s %s%s\n", odds[i].name, odds[i].help,
			odds[i].otherwise ? " (NAME:N; N may be left out)" : "");
}
