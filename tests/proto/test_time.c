/* SPDX-License-Identifier: Apache-2.0
 *
 * Times and durations as texts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/time.h"
#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct {
	const char *text;
	int64_t ns;
} times[] = {
	{"1970-01-01T00:00:00Z", 0},
	{"1970-01-01", 0},
	{"1970-01-02", TIME_DAY},
	{"1970-01-01T00:00:00.000000001Z", 1},
	{"1970-01-01t01:02:03.5z", 3723 * TIME_SECOND + TIME_SECOND / 2},
	{"2000-02-29T00:00:00Z", INT64_C(951782400) * TIME_SECOND},
	{"2026-11-23T10:00:00Z", INT64_C(1795428000) * TIME_SECOND},
	{"2026-11-23T11:30:00+01:30", INT64_C(1795428000) * TIME_SECOND},
	{"2026-11-23T02:00:00-08:00", INT64_C(1795428000) * TIME_SECOND},
	{"2261-12-31T23:59:59.999999999Z", INT64_C(9214646400) * TIME_SECOND - 1},
};

static void times_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		struct err err;
		int64_t ns;
		assert_true(time_parse(bytes_of(times[i].text), &ns, &err));
		assert_int_equal(ns, times[i].ns);
	}
}

static void what_is_written_reads_back(void **state)
{
	(void)state;
	char text[TIME_TEXT_LEN + 1];
	for (int64_t ns = 0; ns < INT64_C(9214646400) * TIME_SECOND; ns += 41 * TIME_DAY + 3661123456789) {
		int64_t back;
		time_format(ns, text);
		assert_int_equal(strlen(text), TIME_TEXT_LEN);
		assert_true(time_parse(bytes_of(text), &back, NULL));
		assert_int_equal(back, ns);
	}
	time_format(INT64_C(1795428000) * TIME_SECOND + 42, text);
	assert_string_equal(text, "2026-11-23T10:00:00.000000042Z");
}

static const char *const no_times[] = {
	"",
	"now",
	"2026-11-23T10:00:00",
	"2026-11-23 10:00:00Z",
	"2026-11-23T10:00Z",
	"2026-13-01",
	"2026-00-01",
	"2026-02-29",
	"2100-02-29",
	"2026-04-31",
	"2026-11-00",
	"2026-11-23T24:00:00Z",
	"2026-11-23T10:60:00Z",
	"2026-11-23T10:00:60Z",
	"2026-11-23T10:00:00.Z",
	"2026-11-23T10:00:00.0000000001Z",
	"2026-11-23T10:00:00+0100",
	"2026-11-23T10:00:00+24:00",
	"2026-11-23T10:00:00Zx",
	"1969-12-31",
	"2262-01-01",
	"26-11-23",
};

static void what_is_no_time_is_refused_with_an_example(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(no_times); i++) {
		struct err err;
		char expected[200];
		int64_t ns = 77;
		assert_false(time_parse(bytes_of(no_times[i]), &ns, &err));
		assert_int_equal(ns, 77);
		snprintf(expected, sizeof expected,
			 "\"%s\" is not a time; write it as \"2026-11-23T10:00:00Z\" or \"2026-11-23\"",
			 no_times[i]);
		assert_string_equal(err.text, expected);
	}
}

static const struct {
	const char *text;
	int64_t ns;
	const char *back;
} durations[] = {
	{"500ms", TIME_SECOND / 2, "500ms"}, {"90s", 90 * TIME_SECOND, "90s"},
	{"30m", 30 * TIME_MINUTE, "30m"},    {"24h", TIME_DAY, "1d"},
	{"7d", 7 * TIME_DAY, "7d"},	     {"36525d", 36525 * TIME_DAY, "36525d"},
	{"120m", 2 * TIME_HOUR, "2h"},	     {"0001s", TIME_SECOND, "1s"},
};

static void durations_are_read_and_written_in_the_largest_unit(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(durations); i++) {
		int64_t ns;
		char text[32];
		assert_true(time_parse_duration(bytes_of(durations[i].text), &ns, NULL));
		assert_int_equal(ns, durations[i].ns);
		time_format_duration(ns, text);
		assert_string_equal(text, durations[i].back);
	}
	char text[32];
	time_format_duration(7, text);
	assert_string_equal(text, "7ns");
}

#define NO_DURATION " is not a duration; write a positive whole number and a unit, as in 90s, 30m, 24h or 7d"

static const struct {
	const char *text, *error;
} no_durations[] = {
	{"", "\"\"" NO_DURATION},
	{"0s", "\"0s\"" NO_DURATION},
	{"5", "\"5\"" NO_DURATION},
	{"h", "\"h\"" NO_DURATION},
	{"-5s", "\"-5s\"" NO_DURATION},
	{"1.5h", "\"1.5h\"" NO_DURATION},
	{"5 s", "\"5 s\"" NO_DURATION},
	{"5sec", "\"5sec\"" NO_DURATION},
	{"1h30m", "\"1h30m\"" NO_DURATION},
	{"5M", "\"5M\"" NO_DURATION},
	{"36526d", "\"36526d\" is too long; at most 36525d"},
	{"99999999999999999999999s", "\"99999999999999999999999s\" is too long; at most 36525d"},
};

static void what_is_no_duration_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(no_durations); i++) {
		struct err err;
		int64_t ns = 77;
		assert_false(time_parse_duration(bytes_of(no_durations[i].text), &ns, &err));
		assert_int_equal(ns, 77);
		assert_string_equal(err.text, no_durations[i].error);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_read),
		cmocka_unit_test(what_is_written_reads_back),
		cmocka_unit_test(what_is_no_time_is_refused_with_an_example),
		cmocka_unit_test(durations_are_read_and_written_in_the_largest_unit),
		cmocka_unit_test(what_is_no_duration_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
