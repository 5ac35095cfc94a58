/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers as text, held against printf and strtod: the same bytes for every value. RANKGUARD_NUMBERS: how many
 * random values of each sort (20,000).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/decimal.h"
#include <inttypes.h>
#include <math.h>

enum { TRIES = 20000 };

/* What the header promises, in its own words. */
static void expected(double value, int precision_most, char text[64])
{
	for (int precision = 15; precision <= precision_most; precision++) {
		snprintf(text, 64, "%.*g", precision, value);
		if (strtod(text, NULL) == value)
			return;
	}
}

static bool agrees(double value, int precision_most)
{
	char text[64], got[DECIMAL_MAX + 1];
	expected(value, precision_most, text);
	size_t len = decimal_double(value, got);
	assert_true(len <= DECIMAL_MAX);
	got[len] = '\0';
	return strcmp(text, got) == 0;
}

static void check(double value)
{
	if (!agrees(value, 17))
		fail_msg("%a is not written as printf would", value);
	if (!agrees(-value, 17))
		fail_msg("%a is not written as printf would", -value);
}

/* The value, and the doubles beside it. */
static void check_around(double value)
{
	double below = value, above = value;
	check(value);
	for (int i = 0; i < 3; i++) {
		below = nextafter(below, 0);
		above = nextafter(above, INFINITY);
		check(below);
		check(above);
	}
}

/* xorshift64*, S. Vigna */
static uint64_t draw(uint64_t *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * UINT64_C(2685821657736338717);
}

static double of_bits(uint64_t bits)
{
	double value;
	memcpy(&value, &bits, sizeof value);
	return value;
}

/* --- sorts of values --- */

static double any(uint64_t *seed)
{
	double value = of_bits(draw(seed));
	return isfinite(value) ? value : 0;
}

/* Uniform in its bits within the range that is done without printf, and a little beyond. */
static double in_range(uint64_t *seed)
{
	int exponent = (int)(draw(seed) % 68) - 16;
	return ldexp(1 + (double)(draw(seed) >> 12) * 0x1p-52, exponent);
}

static double share(uint64_t *seed)
{
	return (double)(draw(seed) >> 11) * 0x1p-53;
}

static double narrow(uint64_t *seed)
{
	return (double)(float)share(seed);
}

/* As people and models write them: few digits, and sums and products of such. */
static double short_one(uint64_t *seed)
{
	return (double)(draw(seed) % 100000) / pow(10, (double)(draw(seed) % 8));
}

static double product(uint64_t *seed)
{
	return short_one(seed) * short_one(seed);
}

static double sum(uint64_t *seed)
{
	return short_one(seed) + short_one(seed);
}

/* Halfway between two decimals of 15 or 16 digits where a double can be: ties of rounding. */
static double tie(uint64_t *seed)
{
	double whole = (double)(draw(seed) % UINT64_C(1000000000000000));
	return whole / 2 + (double)(draw(seed) % 8) / 8;
}

static const struct {
	const char *name;
	double (*next)(uint64_t *seed);
} sorts[] = {
	{"any", any},
	{"in range", in_range},
	{"share", share},
	{"narrow", narrow},
	{"short one", short_one},
	{"product", product},
	{"sum", sum},
	{"tie", tie},
};

static void random_values_are_written_as_printf_would(void **state)
{
	(void)state;
	const char *given = getenv("RANKGUARD_NUMBERS");
	unsigned long tries = given ? strtoul(given, NULL, 10) : TRIES;
	uint64_t seed = UINT64_C(20261123);
	for (size_t i = 0; i < sizeof sorts / sizeof *sorts; i++)
		for (unsigned long n = 0; n < tries; n++)
			check(sorts[i].next(&seed));
	printf("seed 20261123, %lu values of each of %zu sorts\n", tries, sizeof sorts / sizeof *sorts);
}

static void powers_and_their_neighbours_are_written_as_printf_would(void **state)
{
	(void)state;
	for (int i = -1074; i < 1024; i++)
		check_around(ldexp(1, i));
	for (int i = -323; i < 309; i++) {
		char text[16];
		snprintf(text, sizeof text, "1e%d", i);
		double ten = strtod(text, NULL);
		for (int n = 1; n < 10; n++)
			check_around(n * ten < INFINITY ? n * ten : ten);
	}
	check_around(0);
}

static void whole_numbers_are_written_without_a_point(void **state)
{
	(void)state;
	uint64_t seed = UINT64_C(7);
	for (int i = 0; i < TRIES; i++) {
		char text[64], got[DECIMAL_MAX + 1];
		uint64_t value = i < 1000 ? (uint64_t)i : draw(&seed) >> draw(&seed) % 64;
		snprintf(text, sizeof text, "%" PRIu64, value);
		got[decimal_uint(value, got)] = '\0';
		assert_string_equal(got, text);
	}
}

/* The yardstick bites: with one digit less it finds values that differ. */
static void fewer_digits_are_noticed(void **state)
{
	(void)state;
	uint64_t seed = UINT64_C(20261123);
	int differ = 0;
	for (int i = 0; i < 1000; i++)
		differ += !agrees(share(&seed), 16);
	assert_in_range(differ, 100, 900);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_values_are_written_as_printf_would),
		cmocka_unit_test(powers_and_their_neighbours_are_written_as_printf_would),
		cmocka_unit_test(whole_numbers_are_written_without_a_point),
		cmocka_unit_test(fewer_digits_are_noticed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
