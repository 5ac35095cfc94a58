/* SPDX-License-Identifier: Apache-2.0
 *
 * The value types that all libraries share: errors, arena, buffer and JSON, UTF-8, the names of facts,
 * sorting, "did you mean".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/arena.h"
#include "proto/buf.h"
#include "proto/facts.h"
#include "proto/sort.h"
#include "proto/suggest.h"
#include "proto/utf8.h"
#include <math.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* --- err --- */

static void an_error_is_one_sentence_with_its_place_in_front(void **state)
{
	(void)state;
	struct err err;
	assert_false(err_set(&err, "no %s", "room"));
	assert_string_equal(err.text, "no room");
	assert_false(err_within(&err, "file:%d", 7));
	assert_string_equal(err.text, "file:7: no room");
	assert_false(err_set(NULL, "nobody listens"));
	assert_false(err_within(NULL, "nobody listens"));
}

static void a_long_error_is_cut_and_ends(void **state)
{
	(void)state;
	struct err err;
	char text[3000];
	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	err_set(&err, "%s", text);
	assert_int_equal(strlen(err.text), sizeof err.text - 1);
	err_within(&err, "place");
	assert_int_equal(strlen(err.text), sizeof err.text - 1);
	assert_memory_equal(err.text, "place: xxx", 10);
	err_within(&err, "%s", text);
	assert_int_equal(strlen(err.text), sizeof err.text - 1);
}

/* --- arena --- */

static void an_arena_hands_out_no_more_than_its_limit(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 1000);
	assert_int_equal(arena.used, 0);
	char *first = arena_alloc(&arena, 600);
	assert_non_null(first);
	memset(first, 1, 600);
	assert_null(arena_alloc(&arena, 600));
	assert_non_null(arena_alloc(&arena, 300));
	assert_true(arena.used <= 1000);
	arena_done(&arena);
	assert_non_null(arena_alloc(&arena, 1000 - 1000 % 16));
	arena_done(&arena);
	arena_done(&arena);
}

static void sizes_that_overflow_are_refused(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, SIZE_MAX);
	assert_null(arena_array(&arena, SIZE_MAX / 2, 3));
	assert_null(arena_zalloc(&arena, 3, SIZE_MAX / 2));
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_alloc(&arena, SIZE_MAX - 8));
	assert_null(arena_string(&arena, (struct bytes){"", SIZE_MAX}));
	arena_done(&arena);
}

static void pieces_are_aligned_and_do_not_meet(void **state)
{
	(void)state;
	struct arena arena;
	unsigned char *piece[200];
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < COUNT(piece); i++) {
		piece[i] = arena_alloc(&arena, i * 7);
		assert_non_null(piece[i]);
		assert_int_equal((uintptr_t)piece[i] % 16, 0);
		memset(piece[i], (int)i, i * 7);
	}
	for (size_t i = 0; i < COUNT(piece); i++)
		for (size_t j = 0; j < i * 7; j++)
			assert_int_equal(piece[i][j], (unsigned char)i);
	unsigned char *zeros = arena_zalloc(&arena, 10, 10);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(zeros[i], 0);
	arena_done(&arena);
}

static void copies_keep_the_difference_of_empty_and_absent(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 4096);
	assert_false(bytes_present(arena_copy(&arena, (struct bytes){0})));
	assert_true(bytes_present(arena_copy(&arena, BYTES_LITERAL(""))));
	assert_true(bytes_equal(arena_copy(&arena, BYTES_LITERAL("a\0b")), BYTES_LITERAL("a\0b")));
	assert_string_equal(arena_string(&arena, BYTES_LITERAL("text")), "text");
	assert_string_equal(arena_string(&arena, (struct bytes){0}), "");
	assert_string_equal(arena_printf(&arena, "%d-%s", 4, "x"), "4-x");
	arena_done(&arena);
}

/* --- bytes --- */

static void bytes_are_ordered_by_bytes_shorter_first(void **state)
{
	(void)state;
	assert_true(bytes_compare(BYTES_LITERAL("a"), BYTES_LITERAL("ab")) < 0);
	assert_true(bytes_compare(BYTES_LITERAL("b"), BYTES_LITERAL("ab")) > 0);
	assert_true(bytes_compare(BYTES_LITERAL("\xff"), BYTES_LITERAL("a")) > 0);
	assert_int_equal(bytes_compare((struct bytes){0}, BYTES_LITERAL("")), 0);
	assert_true(bytes_equal((struct bytes){0}, BYTES_LITERAL("")));
	assert_false(bytes_equal(BYTES_LITERAL("a"), BYTES_LITERAL("b")));
}

/* --- JSON --- */

static const struct {
	struct bytes text;
	const char *json;
} strings[] = {
	{{NULL, 0}, "null"},
	{{"", 0}, "\"\""},
	{{"a\"b\\c", 5}, "\"a\\\"b\\\\c\""},
	{{"\n\t\0\x1f\x7f", 5}, "\"\\n\\u0009\\u0000\\u001f\\u007f\""},
	{{"gr\xc3\xb6\xc3\x9f", 6}, "\"gr\xc3\xb6\xc3\x9f\""},
	{{"\xf0\x9f\x99\x82", 4}, "\"\xf0\x9f\x99\x82\""},
	{{"a\xff\xc3", 3}, "\"a\xef\xbf\xbd\xef\xbf\xbd\""},
	{{"\xed\xa0\x80", 3}, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
};

static void strings_are_json_whatever_their_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(strings); i++) {
		struct buf buf = {0};
		json_string(&buf, strings[i].text);
		assert_true(bytes_equal(buf_bytes(&buf), bytes_of(strings[i].json)));
		buf_done(&buf);
	}
}

static const struct {
	double value;
	const char *json;
} doubles[] = {
	{0, "0"},
	{-0.0, "-0"},
	{1, "1"},
	{0.1, "0.1"},
	{0.30000000000000004, "0.30000000000000004"},
	{0.0001, "0.0001"},
	{0.00009, "9e-05"},
	{123456.789, "123456.789"},
	{-1000, "-1000"},
	{999999999999999, "999999999999999"},
	{1e15, "1e+15"},
	{(double)0.1f, "0.10000000149011612"},
	{1e300, "1e+300"},
	{-2.5, "-2.5"},
	{(double)NAN, "\"NaN\""},
	{(double)INFINITY, "\"Infinity\""},
	{(double)-INFINITY, "\"-Infinity\""},
	{5e-324, "4.94065645841247e-324"},
};

static void numbers_are_as_short_as_they_read_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(doubles); i++) {
		struct buf buf = {0};
		json_double(&buf, doubles[i].value);
		buf_add(&buf, "", 1);
		assert_string_equal(buf.at, doubles[i].json);
		assert_true(!isfinite(doubles[i].value) || strtod(buf.at, NULL) == doubles[i].value);
		buf_done(&buf);
	}
}

static void commas_stand_between_values_and_nowhere_else(void **state)
{
	(void)state;
	struct buf buf = {0};
	json_open(&buf, '{');
	json_key(&buf, "a");
	json_int(&buf, -5);
	json_key(&buf, "b");
	json_open(&buf, '[');
	json_uint(&buf, UINT64_MAX);
	json_bool(&buf, true);
	json_text(&buf, "x:");
	json_open(&buf, '[');
	json_close(&buf, ']');
	json_open(&buf, '{');
	json_close(&buf, '}');
	json_text(&buf, NULL);
	json_close(&buf, ']');
	json_key(&buf, "c");
	json_bool(&buf, false);
	json_close(&buf, '}');
	buf_add_text(&buf, "\n");
	json_open(&buf, '{');
	json_close(&buf, '}');
	assert_true(bytes_equal(
		buf_bytes(&buf),
		bytes_of("{\"a\":-5,\"b\":[18446744073709551615,true,\"x:\",[],{},null],\"c\":false}\n{}")));
	buf_clear(&buf);
	assert_int_equal(buf_bytes(&buf).len, 0);
	buf_done(&buf);
	buf_done(&buf);
	assert_true(bytes_present(buf_bytes(&buf)));
}

static void a_buffer_that_failed_stays_failed(void **state)
{
	(void)state;
	struct buf buf = {0};
	buf_add_text(&buf, "kept");
	buf_add(&buf, "x", SIZE_MAX / 2);
	assert_true(buf.failed);
	buf_add_text(&buf, "lost");
	buf_printf(&buf, "%s", "lost");
	assert_true(bytes_equal(buf_bytes(&buf), BYTES_LITERAL("kept")));
	buf_done(&buf);
}

/* --- UTF-8: The Unicode Standard, table 3-7 --- */

static const struct {
	const char *text;
	bool valid;
} utf8[] = {
	{"", true},
	{"a", true},
	{"\x7f", true},
	{"\xc2\x80", true},
	{"\xdf\xbf", true},
	{"\xc1\xbf", false},
	{"\x80", false},
	{"\xc2", false},
	{"\xe0\xa0\x80", true},
	{"\xe0\x9f\xbf", false},
	{"\xed\x9f\xbf", true},
	{"\xed\xa0\x80", false},
	{"\xef\xbf\xbf", true},
	{"\xe1\x80", false},
	{"\xf0\x90\x80\x80", true},
	{"\xf0\x8f\xbf\xbf", false},
	{"\xf4\x8f\xbf\xbf", true},
	{"\xf4\x90\x80\x80", false},
	{"\xf5\x80\x80\x80", false},
	{"\xff", false},
	{"a\xcc\x88z", true},
	{"\xe2\x82\x28", false},
};

static void utf8_is_well_formed_or_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(utf8); i++) {
		size_t len = strlen(utf8[i].text);
		/* Exactly sized, so that AddressSanitizer sees one byte too far. */
		char *copy = malloc(len + (len == 0));
		memcpy(copy, utf8[i].text, len);
		assert_int_equal(utf8_valid((struct bytes){copy, len}), utf8[i].valid);
		free(copy);
	}
	assert_int_equal(utf8_width("\xf0\x9f\x99\x82", 4), 4);
	assert_int_equal(utf8_width("\xf0\x9f\x99\x82", 3), 0);
	assert_int_equal(utf8_width("", 0), 0);
}

/* --- names of facts --- */

static void every_kind_is_found_by_its_name(void **state)
{
	(void)state;
	for (unsigned i = PROMPT_ABSENT + 1; i < PROMPT_OTHER; i++)
		assert_int_equal(prompt_kind_named(bytes_of(prompt_kind_name((enum prompt_kind)i))), i);
	for (unsigned i = CHOICE_ABSENT + 1; i < CHOICE_OTHER; i++)
		assert_int_equal(choice_kind_named(bytes_of(choice_kind_name((enum choice_kind)i))), i);
	for (unsigned i = SIGNAL_ABSENT + 1; i < SIGNAL_OTHER; i++)
		assert_int_equal(signal_kind_named(bytes_of(signal_kind_name((enum signal_kind)i))), i);
	assert_string_equal(prompt_kind_name(PROMPT_CLARIFYING_QUESTION), "clarifying_question");
	assert_string_equal(signal_kind_name(SIGNAL_PROMPT_SHOWN), "prompt_shown");
	assert_string_equal(choice_kind_name(CHOICE_PAUSE_CATEGORY), "pause_category");
}

static void what_is_no_name_names_no_kind(void **state)
{
	(void)state;
	static const char *const no_names[] = {"", "other", "Pause", "pause ", "unspecified"};
	for (size_t i = 0; i < COUNT(no_names); i++) {
		assert_int_equal(prompt_kind_named(bytes_of(no_names[i])), PROMPT_OTHER);
		assert_int_equal(choice_kind_named(bytes_of(no_names[i])), CHOICE_OTHER);
		assert_int_equal(signal_kind_named(bytes_of(no_names[i])), SIGNAL_OTHER);
	}
	assert_string_equal(prompt_kind_name(PROMPT_ABSENT), "");
	assert_string_equal(prompt_kind_name(PROMPT_OTHER), "other");
}

/* --- sorting --- */

struct pair {
	unsigned key, place;
};

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *left = a, *right = b;
	return (left->key > right->key) - (left->key < right->key);
}

static void sorting_is_stable_for_every_length(void **state)
{
	(void)state;
	uint32_t random = 1;
	for (size_t count = 0; count < 70; count++) {
		struct arena arena;
		struct pair pairs[70];
		arena_init(&arena, 4096);
		for (size_t i = 0; i < count; i++) {
			random = random * 1664525 + 1013904223;
			pairs[i] = (struct pair){random >> 16 & 7, (unsigned)i};
		}
		assert_true(sort_stable(pairs, count, sizeof *pairs, compare_pairs, &arena));
		for (size_t i = 1; i < count; i++)
			assert_true(pairs[i - 1].key < pairs[i].key || (pairs[i - 1].key == pairs[i].key &&
									pairs[i - 1].place < pairs[i].place));
		arena_done(&arena);
	}
}

static void sorting_without_memory_leaves_the_rows(void **state)
{
	(void)state;
	struct pair pairs[] = {{2, 0}, {1, 1}};
	struct arena arena;
	arena_init(&arena, 0);
	assert_false(sort_stable(pairs, 2, sizeof *pairs, compare_pairs, &arena));
	assert_int_equal(pairs[0].key, 2);
	pairs[1].key = 3;
	assert_true(sort_stable(pairs, 2, sizeof *pairs, compare_pairs, &arena));
}

/* --- did you mean --- */

static const struct {
	const char *wanted, *offered, *best;
} nears[] = {
	{"scroe", "core score store", "score"},
	{"sesion_id", "user_id session_id", "session_id"},
	{"id", "product", NULL},
	{"max_per_sesion", "max_per_user max_per_session", "max_per_session"},
	{"x", "", NULL},
	{"score", "score scores", "score"},
};

static void the_nearest_name_is_what_was_meant(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(nears); i++) {
		struct suggestion near = {.word = bytes_of(nears[i].wanted)};
		char names[100], *rest = names;
		strcpy(names, nears[i].offered);
		for (char *name; *nears[i].offered && (name = strsep(&rest, " "));)
			suggest_offer(&near, bytes_of(name));
		assert_int_equal(bytes_present(near.best), nears[i].best != NULL);
		if (nears[i].best)
			assert_true(bytes_equal(near.best, bytes_of(nears[i].best)));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_is_one_sentence_with_its_place_in_front),
		cmocka_unit_test(a_long_error_is_cut_and_ends),
		cmocka_unit_test(an_arena_hands_out_no_more_than_its_limit),
		cmocka_unit_test(sizes_that_overflow_are_refused),
		cmocka_unit_test(pieces_are_aligned_and_do_not_meet),
		cmocka_unit_test(copies_keep_the_difference_of_empty_and_absent),
		cmocka_unit_test(bytes_are_ordered_by_bytes_shorter_first),
		cmocka_unit_test(strings_are_json_whatever_their_bytes),
		cmocka_unit_test(numbers_are_as_short_as_they_read_back),
		cmocka_unit_test(commas_stand_between_values_and_nowhere_else),
		cmocka_unit_test(a_buffer_that_failed_stays_failed),
		cmocka_unit_test(utf8_is_well_formed_or_not),
		cmocka_unit_test(every_kind_is_found_by_its_name),
		cmocka_unit_test(what_is_no_name_names_no_kind),
		cmocka_unit_test(sorting_is_stable_for_every_length),
		cmocka_unit_test(sorting_without_memory_leaves_the_rows),
		cmocka_unit_test(the_nearest_name_is_what_was_meant),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
