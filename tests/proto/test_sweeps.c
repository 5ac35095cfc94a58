/* SPDX-License-Identifier: Apache-2.0
 *
 * Sweeps: rich messages cut at every byte, changed at every byte, viewed and patched with every amount of
 * memory; and the limits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/patch.h"
#include "proto/view.h"
#include "trap_mapping.h"
#include "wire_text.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct proto_limits limits = {20, 5};

struct sample {
	int which; /* mapping */
	const char *message;
};

static const struct sample samples[] = {
	{0,
	 "90=1 1{ 1'a' 2d0.5 3d0.25 4'books' 5'model' 6'x' 6'y' 91( 1=1 ) } 1{ 2d1 1'b' 2d2 } 5'why' "
	 "2{ 1'c' 2d1 3d2 } 1{ 1'c' } 3{ 1'p' 2't' 3=2 4'text' 5'en' 6{ 1'c' 2=1 3'yes' } 6{ 3'no' 2=2 } } "
	 "3{ 1'q' 4'two' } 4d0.5 6'm1' 92f1 93l1"},
	{1, "1{ 1{ 1{ 1=7 2=1 } 2{ 1{ 1f1 } } 4p1,2,300 4=8 1{ 3's' } } } 90{ 1=1 } "
	    "1{ 1{ 2{ 1{ 1f3 } 2=5 } 3'no' } 2{ 1'f' 2d1 3i5 } } 3'no' 2{ 1{ 1'p' 2{ 1't' } 3=2 2{ 3'en' "
	    "4'tt' } "
	    "4{ 1{ 1'c' 2{ 1'l' } 4{ 2=1 } } } } 1{ 2{ 2'html' } } } 40{ 1'why' } 6{ 1f0.5 2{ 1'v' } }"},
	{2, "90=1 1{ 1{ 1{ 1{ 1'a' 2{ 1'score' 2{ 2d1 } } 2{ 2{ 2d3 } 1'x' } 3{ 1=5 } 4'c' 4'd' 5{ 1's' } "
	    "6{ 1't' } 6{ 2'u' } } 1{ x0a10 x6ba7b8109dad11d180b400c04fd430c8 } } 3'g' } 1{ 2=1 } "
	    "1{ 1{ 1{ 2{ 1'score' } 2{ 1'score' 2{ 3'y' } } } } } } "
	    "3{ 1'a' 2d1 } 3{ 2d2 1'b' } 3{ 1'a' 2d3 } 4{ 1{ 1=1 2{ 1'a' 2{ 1{ 3't' } 3'tt' } } 3{ 1'en' } "
	    "4{ 1{ 1'o' 2{ 1'l' } 3{ 1=1 } } } 4{ 1{ } } 5'ask' } 1{ 1=2 } } 4{ } 5{ 1d0.5 } "
	    "6{ 1{ 1'why' 2{ 3'so' } } } 7{ 1=1 2{ 1{ 1'v1' } 1{ 1'v2' } } } 92f1 93l1"},
};

struct kit {
	struct proto_mapping *mapping[3];
};
static struct kit kit;

static const struct proto_method *method_of(const struct sample *sample)
{
	static const char *const names[] = {CANONICAL_RANK, TRAP_RANK, SHAPE_RANK};
	return proto_mapping_find(kit.mapping[sample->which], bytes_of(names[sample->which]));
}

/* Whatever was viewed can be edited, and the result be viewed. False: the arena is full. */
static bool patch_all(const struct proto_method *method, const struct facts *facts,
		      const struct proto_places *places, struct arena *arena)
{
	struct edits edits = {.explanation_set = true};
	struct facts again = {0};
	struct proto_pieces pieces;
	struct err err = {{0}};
	edits.score = arena_zalloc(arena, facts->item_count + 1, sizeof *edits.score);
	edits.score_set = arena_zalloc(arena, facts->item_count + 1, 1);
	edits.order = arena_array(arena, facts->item_count + 1, sizeof *edits.order);
	edits.prompts = arena_zalloc(arena, facts->prompt_count + 1, sizeof *edits.prompts);
	if (!edits.score || !edits.score_set || !edits.order || !edits.prompts)
		return false;
	for (size_t i = 0; i < facts->item_count; i++) {
		edits.order[i] = (uint32_t)(facts->item_count - 1 - i);
		edits.score_set[i] = i % 3 != 0;
	}
	for (size_t i = 0; i < facts->prompt_count; i++)
		edits.prompts[i] = (struct edits_prompt){
			.drop = i % 2, .replace = true, .with = {.text = {"t", 1}, .kind = PROMPT_PAUSE}};
	enum proto_result result = proto_patch(places, &edits, arena, &pieces, &err);
	struct bytes patched = {0};
	if (result == PROTO_OK)
		patched = proto_pieces_join(&pieces, arena);
	if (!bytes_present(patched))
		return false;
	result = proto_view_response(method, patched, &limits, arena, &again, &places, &err);
	assert_true(result == PROTO_OK || result == PROTO_LIMIT);
	assert_true(result == PROTO_LIMIT || again.item_count == facts->item_count);
	return result == PROTO_OK;
}

/* On failure facts and places are as they were, and there are words. */
static enum proto_result try(const struct proto_method *method, struct bytes message, struct arena *arena)
{
	struct facts facts, before;
	const struct proto_places *places = NULL;
	struct err err = {{0}};
	memset(&facts, 0x5a, sizeof facts);
	memset(&before, 0x5a, sizeof before);
	facts.candidate_count = before.candidate_count = 0; /* these are read */
	enum proto_result result =
		proto_view_response(method, message, &limits, arena, &facts, &places, &err);
	if (result == PROTO_OK)
		return patch_all(method, &facts, places, arena) ? PROTO_OK : PROTO_LIMIT;
	assert_memory_equal(&facts, &before, sizeof facts);
	assert_null(places);
	assert_memory_equal(err.text, "response: ", 10);
	return result;
}

static enum proto_result try_copy(const struct proto_method *method, const char *at, size_t len)
{
	struct arena arena;
	/* Exactly sized, so that AddressSanitizer sees one byte too far. */
	char *copy = malloc(len ? len : 1);
	memcpy(copy, at, len);
	arena_init(&arena, 1 << 20);
	enum proto_result result = try(method, (struct bytes){copy, len}, &arena);
	arena_done(&arena);
	free(copy);
	return result;
}

static void cut_at_every_byte(void **state)
{
	const struct sample *sample = *state;
	struct buf message = wire_text(sample->message);
	size_t good = 0;
	for (size_t len = 0; len <= message.len; len++) {
		enum proto_result result = try_copy(method_of(sample), message.at, len);
		assert_int_not_equal(result, PROTO_LIMIT);
		good += result == PROTO_OK;
	}
	/* Between fields a cut cannot be seen; nearly everywhere else it is. */
	assert_in_range(good, 5, 20);
	buf_done(&message);
}

static void changed_at_every_byte_to_every_value(void **state)
{
	const struct sample *sample = *state;
	struct buf message = wire_text(sample->message);
	for (size_t i = 0; i < message.len; i++) {
		char was = message.at[i];
		for (int value = 0; value < 256; value++) {
			message.at[i] = (char)value;
			assert_int_not_equal(try_copy(method_of(sample), message.at, message.len),
					     PROTO_LIMIT);
		}
		message.at[i] = was;
	}
	buf_done(&message);
}

static void every_amount_of_memory_is_enough_or_said_to_be_too_little(void **state)
{
	const struct sample *sample = *state;
	struct buf message = wire_text(sample->message);
	enum proto_result result = PROTO_LIMIT;
	size_t limit = 0;
	for (; result == PROTO_LIMIT && limit < 1 << 20; limit += 8) {
		struct arena arena;
		arena_init(&arena, limit);
		result = try(method_of(sample), buf_bytes(&message), &arena);
		arena_done(&arena);
	}
	assert_int_equal(result, PROTO_OK);
	assert_in_range(limit, 1000, 100000);
	buf_done(&message);
}

/* --- limits --- */

struct limit {
	const char *name;
	bool request;
	const char *element; /* repeated */
	size_t most;
	const char *error;
};

static const struct limit counts[] = {
	{"items", false, "1{ }", 20, "response: more than 20 items; that is the limit"},
	{"category weights", false, "2{ }", 20, "response: more than 20 category weights; that is the limit"},
	{"prompts", false, "3{ }", 5, "response: more than 5 prompts; that is the limit"},
	{"attributes", true, "8{ }", 20, "request: more than 20 attributes; that is the limit"},
};

static void refused_before_anything_is_allocated(void **state)
{
	const struct limit *limit = *state;
	const struct proto_method *method = proto_mapping_find(kit.mapping[0], bytes_of(CANONICAL_RANK));
	struct buf element = wire_text(limit->element), message = {0};
	struct arena arena;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < 1000000; i++) {
		struct facts facts = {0};
		const struct proto_places *places;
		struct err err = {{0}};
		buf_add_bytes(&message, buf_bytes(&element));
		if (i + 1 < limit->most || (i > limit->most && i + 1 < 1000000))
			continue;
		enum proto_result result = limit->request
						   ? proto_view_request(method, buf_bytes(&message), NULL,
									&limits, &arena, &facts, &err)
						   : proto_view_response(method, buf_bytes(&message), &limits,
									 &arena, &facts, &places, &err);
		assert_int_equal(result, i < limit->most ? PROTO_OK : PROTO_LIMIT);
		assert_string_equal(err.text, i < limit->most ? "" : limit->error);
		assert_true(result == PROTO_OK || arena.used == 0);
		arena_done(&arena);
	}
	buf_done(&message);
	buf_done(&element);
}

static void choices_are_limited_in_each_prompt(void **state)
{
	(void)state;
	const struct proto_method *method = proto_mapping_find(kit.mapping[0], bytes_of(CANONICAL_RANK));
	struct buf good = wire_text("3{ 6{ } 6{ } 6{ } 6{ } 6{ } } 3{ 6{ } 6{ } 6{ } 6{ } 6{ } }");
	struct buf bad = wire_text("3{ } 3{ 6{ } 6{ } 6{ } 6{ } 6{ } 6{ } }");
	struct facts facts = {0};
	const struct proto_places *places;
	struct err err;
	struct arena arena;
	arena_init(&arena, 1 << 20);
	assert_int_equal(
		proto_view_response(method, buf_bytes(&good), &limits, &arena, &facts, &places, &err),
		PROTO_OK);
	assert_int_equal(facts.prompts[1].choice_count, 5);
	assert_int_equal(proto_view_response(method, buf_bytes(&bad), &limits, &arena, &facts, &places, &err),
			 PROTO_LIMIT);
	assert_string_equal(err.text, "response: more than 5 choices of one prompt; that is the limit");
	arena_done(&arena);
	buf_done(&good);
	buf_done(&bad);
}

static void a_message_beyond_two_gib_is_refused_unread(void **state)
{
	(void)state;
	const struct proto_method *method = proto_mapping_find(kit.mapping[0], bytes_of(CANONICAL_RANK));
	struct facts facts = {0};
	const struct proto_places *places;
	struct err err;
	struct arena arena;
	arena_init(&arena, 1 << 20);
	assert_int_equal(proto_view_response(method, (struct bytes){"", (size_t)1 << 31}, &limits, &arena,
					     &facts, &places, &err),
			 PROTO_LIMIT);
	assert_string_equal(err.text, "response: it has 2147483648 bytes; a message has at most 2147483647");
	arena_done(&arena);
}

int main(void)
{
	struct CMUnitTest tests[3 * COUNT(samples) + COUNT(counts) + 2] = {0};
	size_t count = 0;
	for (size_t i = 0; i < COUNT(samples); i++) {
		void *sample = (void *)&samples[i];
		tests[count++] = (struct CMUnitTest)cmocka_unit_test_prestate(cut_at_every_byte, sample);
		tests[count++] = (struct CMUnitTest)cmocka_unit_test_prestate(
			changed_at_every_byte_to_every_value, sample);
		tests[count++] = (struct CMUnitTest)cmocka_unit_test_prestate(
			every_amount_of_memory_is_enough_or_said_to_be_too_little, sample);
	}
	for (size_t i = 0; i < COUNT(counts); i++)
		tests[count++] = (struct CMUnitTest){.name = counts[i].name,
						     .test_func = refused_before_anything_is_allocated,
						     .initial_state = (void *)&counts[i]};
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(choices_are_limited_in_each_prompt);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_message_beyond_two_gib_is_refused_unread);
	kit.mapping[0] = proto_mapping_canonical(NULL);
	kit.mapping[1] = trap_mapping();
	kit.mapping[2] = shape_mapping();
	int failed = _cmocka_run_group_tests("sweeps", tests, count, NULL, NULL);
	proto_mapping_free(kit.mapping[0]);
	proto_mapping_free(kit.mapping[1]);
	proto_mapping_free(kit.mapping[2]);
	return failed;
}
