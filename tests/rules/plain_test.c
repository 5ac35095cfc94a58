/* SPDX-License-Identifier: Apache-2.0
 *
 * Property: of a plain text the boundaries are those that ICU finds; a text that is not plain is left to ICU.
 */
#include "rules/plain.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unicode/ubrk.h>
#include <unicode/utext.h>

#include <cmocka.h>

enum { SEED = 20261123, ROUNDS = 100000, LENGTH = 24 };

static const char plain[] = "aeZQ09 .,!?'\"()- . a";

struct way {
	const char *name;
	UBreakIteratorType type;
	bool (*mark)(struct bytes text, unsigned char *boundary);
};
static const struct way ways[] = {
	{"words", UBRK_WORD, rules_plain_words},
	{"sentences", UBRK_SENTENCE, rules_plain_sentences},
};

static uint32_t next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void mark_by_icu(UBreakIterator *iterator, struct bytes text, unsigned char *boundary)
{
	UErrorCode status = U_ZERO_ERROR;
	UText opened = UTEXT_INITIALIZER;
	utext_openUTF8(&opened, text.at, (int64_t)text.len, &status);
	ubrk_setUText(iterator, &opened, &status);
	assert_true(U_SUCCESS(status));
	for (int32_t at = ubrk_first(iterator); at != UBRK_DONE; at = ubrk_next(iterator))
		boundary[at] = 1;
	utext_close(&opened);
}

static void boundaries_are_those_of_icu(void **state)
{
	uint32_t random = SEED;
	(void)state;
	for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
		UErrorCode status = U_ZERO_ERROR;
		UBreakIterator *iterator = ubrk_open(ways[w].type, "", NULL, 0, &status);
		assert_true(U_SUCCESS(status));
		for (size_t round = 0; round < ROUNDS; round++) {
			char text[LENGTH];
			unsigned char ours[LENGTH + 1] = {0}, theirs[LENGTH + 1] = {0};
			size_t len = 1 + next(&random) % LENGTH;
			for (size_t i = 0; i < len; i++)
				text[i] = plain[next(&random) % (sizeof plain - 1)];
			struct bytes bytes = {text, len};
			mark_by_icu(iterator, bytes, theirs);
			assert_true(ways[w].mark(bytes, ours));
			if (memcmp(ours, theirs, len + 1) != 0)
				fail_msg("seed %d: %s of \"%.*s\"", SEED, ways[w].name, BYTES_ARG(bytes));
		}
		ubrk_close(iterator);
	}
}

static void other_texts_are_left_alone(void **state)
{
	static const char *const texts[] = {"a:b",	   "a;b", "a_b", "a\nb", "a\tb",
					    "caf\303\251", "50%", "a/b", "a\x7f"};
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		unsigned char boundary[LENGTH] = {0}, nothing[LENGTH] = {0};
		assert_false(rules_plain_words(bytes_of(texts[i]), boundary));
		assert_false(rules_plain_sentences(bytes_of(texts[i]), boundary));
		assert_memory_equal(boundary, nothing, LENGTH);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boundaries_are_those_of_icu),
		cmocka_unit_test(other_texts_are_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
