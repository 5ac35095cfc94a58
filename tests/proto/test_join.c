/* SPDX-License-Identifier: Apache-2.0
 *
 * Baselines by candidates: what each item gets, against a nested loop over random lists.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/join.h"
#include "proto/view.h"

enum { MOST = 24, ROUNDS = 20000 };

struct lists {
	struct bytes item[MOST], candidate[MOST];
	double value[MOST], score[MOST];
	uint8_t has_value[MOST], has_score[MOST];
	size_t items, candidates;
};

/* Few ids, so that they meet; some empty, some absent. */
static struct bytes random_id(void)
{
	static const char *const ids[] = {"", "a", "b", "ab", "abc", "b", "c", "d", "e", "\xff"};
	size_t which = (size_t)rand() % (sizeof ids / sizeof *ids + 1);
	return which == sizeof ids / sizeof *ids ? (struct bytes){0} : bytes_of(ids[which]);
}

static void fill(struct lists *lists)
{
	*lists = (struct lists){.items = (size_t)rand() % MOST, .candidates = (size_t)rand() % MOST};
	for (size_t i = 0; i < MOST; i++) {
		lists->item[i] = random_id();
		lists->candidate[i] = random_id();
		lists->has_value[i] = rand() % 4 == 0;
		lists->has_score[i] = rand() % 4 != 0;
		lists->value[i] = lists->has_value[i] ? -1 : 0;
		lists->score[i] = (double)(i + 1);
	}
}

/* What item i is to have; 0: nothing. */
static double expected(const struct lists *lists, size_t i)
{
	double value = 0;
	if (lists->has_value[i])
		return lists->value[i];
	for (size_t c = 0; c < lists->candidates; c++)
		if (lists->item[i].len && bytes_equal(lists->item[i], lists->candidate[c]))
			value = lists->has_score[c] ? lists->score[c] : 0;
	return value;
}

static void items_get_the_last_candidate_of_their_id(void **state)
{
	static struct lists lists;
	double want[MOST];
	size_t joined = 0;
	(void)state;
	print_message("seed 5\n");
	srand(5);
	for (int round = 0; round < ROUNDS; round++) {
		struct arena arena;
		arena_init(&arena, (size_t)1 << 20);
		fill(&lists);
		for (size_t i = 0; i < lists.items; i++)
			want[i] = expected(&lists, i);
		struct facts facts = {.item_count = lists.items,
				      .item_id = lists.item,
				      .item_baseline = {lists.value, lists.has_value, false},
				      .candidate_count = lists.candidates,
				      .candidate_id = lists.candidate,
				      .candidate_score = {lists.score, lists.has_score, false}};
		assert_true(join_baselines(&facts, &arena));
		for (size_t i = 0; i < lists.items; i++) {
			assert_true(lists.value[i] == want[i]);
			assert_int_equal(lists.has_value[i], want[i] != 0);
			joined += want[i] > 0;
		}
		arena_done(&arena);
	}
	assert_true(joined > ROUNDS);
}

static void a_full_arena_is_told(void **state)
{
	struct bytes id = BYTES_LITERAL("a");
	double value = 0, score = 1;
	uint8_t absent = 0, present = 1;
	struct facts facts = {.item_count = 1,
			      .item_id = &id,
			      .item_baseline = {&value, &absent, false},
			      .candidate_count = 1,
			      .candidate_id = &id,
			      .candidate_score = {&score, &present, false}};
	struct arena arena;
	(void)state;
	arena_init(&arena, 1);
	assert_false(join_baselines(&facts, &arena));
	arena_done(&arena);
}

/* Through the canonical API: the response's own baseline counts before the request's. */
static void the_canonical_api_joins(void **state)
{
	static const char request[] = "\x52\x0c\x0a\x01"
				      "a\x11\x00\x00\x00\x00\x00\x00\xe0\x3f" /* a: 0.5 */
				      "\x52\x0c\x0a\x01"
				      "b\x11\x00\x00\x00\x00\x00\x00\xe0\x3f";
	static const char response[] = "\x0a\x03\x0a\x01"
				       "a\x0a\x0c\x0a\x01"
				       "b\x19\x00\x00\x00\x00\x00\x00\xd0\x3f" /* b: 0.25 */
				       "\x0a\x03\x0a\x01"
				       "c";
	static const struct proto_limits limits = {100, 100};
	struct err err = {{0}};
	struct arena arena;
	struct facts facts = {0};
	const struct proto_places *places;
	struct proto_mapping *mapping = proto_mapping_canonical(&err);
	(void)state;
	arena_init(&arena, (size_t)1 << 20);
	assert_non_null(mapping);
	const struct proto_method *method =
		proto_mapping_find(mapping, BYTES_LITERAL("/rankguard.v1.RankingService/Rank"));
	assert_int_equal(proto_view_request(method, (struct bytes){request, sizeof request - 1}, NULL,
					    &limits, &arena, &facts, &err),
			 PROTO_OK);
	assert_int_equal(facts.candidate_count, 2);
	assert_int_equal(proto_view_response(method, (struct bytes){response, sizeof response - 1}, &limits,
					     &arena, &facts, &places, &err),
			 PROTO_OK);
	assert_int_equal(facts.item_count, 3);
	assert_true(facts.item_baseline.present[0] && facts.item_baseline.value[0] == 0.5);
	assert_true(facts.item_baseline.present[1] && facts.item_baseline.value[1] == 0.25);
	assert_false(facts.item_baseline.present[2]);
	arena_done(&arena);
	proto_mapping_free(mapping);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_get_the_last_candidate_of_their_id),
		cmocka_unit_test(a_full_arena_is_told),
		cmocka_unit_test(the_canonical_api_joins),
	};
	return cmocka_run_group_tests_name("join", tests, NULL, NULL);
}
