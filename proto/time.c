/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/time.h"

#include <inttypes.h>
#include <stdio.h>

/* Days since 1970-01-01 of a proleptic Gregorian date, and back: H. Hinnant, "chrono-Compatible
 * Low-Level Date Algorithms" (days_from_civil, civil_from_days). */
static int64_t days_from_date(int64_t year, unsigned month, unsigned day)
{
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	unsigned yoe = (unsigned)(year - era * 400);
	unsigned doy = (153 * (month + (month > 2 ? -3u : 9u)) + 2) / 5 + day - 1;
	unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + (int64_t)doe - 719468;
}

static void date_from_days(int64_t days, int *year, unsigned *month, unsigned *day)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	unsigned doe = (unsigned)(days - era * 146097);
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned mp = (5 * doy + 2) / 153;
	*day = doy - (153 * mp + 2) / 5 + 1;
	*month = mp < 10 ? mp + 3 : mp - 9;
	*year = (int)((int64_t)yoe + era * 400) + (*month <= 2);
}

/* Writes a number of that many digits; returns what stands behind them. */
static char *put_digits(char *to, unsigned digits, unsigned value)
{
	for (unsigned i = digits; i-- > 0; value /= 10)
		to[i] = (char)('0' + value % 10);
	return to + digits;
}

static char *put_char(char *to, char c)
{
	*to = c;
	return to + 1;
}

/* By hand: snprintf was a sixth of what it costs to verify a log. 64 bits of nanoseconds are the years 1677 to
 * 2262, so four digits are always enough. */
void time_format(int64_t time_ns, char text[TIME_TEXT_LEN + 1])
{
	int64_t days = time_ns / TIME_DAY - (time_ns % TIME_DAY < 0);
	int64_t rest = time_ns - days * TIME_DAY;
	unsigned second = (unsigned)(rest / TIME_SECOND), month, day;
	int year;
	date_from_days(days, &year, &month, &day);
	char *to = put_char(put_digits(text, 4, (unsigned)year), '-');
	to = put_char(put_digits(to, 2, month), '-');
	to = put_char(put_digits(to, 2, day), 'T');
	to = put_char(put_digits(to, 2, second / 3600), ':');
	to = put_char(put_digits(to, 2, second / 60 % 60), ':');
	to = put_char(put_digits(to, 2, second % 60), '.');
	to = put_char(put_digits(to, 9, (unsigned)(rest % TIME_SECOND)), 'Z');
	*to = '\0';
}

/* A cursor over text: reads exactly `digits` digits. */
static bool take_number(struct bytes *text, unsigned digits, unsigned *value)
{
	if (text->len < digits)
		return false;
	*value = 0;
	for (unsigned i = 0; i < digits; i++) {
		if (text->at[i] < '0' || text->at[i] > '9')
			return false;
		*value = *value * 10 + (unsigned)(text->at[i] - '0');
	}
	text->at += digits;
	text->len -= digits;
	return true;
}

static bool take_char(struct bytes *text, const char *any)
{
	if (text->len == 0 || !text->at[0] || !strchr(any, text->at[0]))
		return false;
	text->at++;
	text->len--;
	return true;
}

static unsigned month_days(unsigned year, unsigned month)
{
	static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

/* .123 -> 123000000; at least one digit, at most nine */
static bool take_fraction(struct bytes *text, int64_t *fraction_ns)
{
	int64_t unit = TIME_SECOND;
	unsigned digit;
	*fraction_ns = 0;
	if (!take_char(text, "."))
		return true;
	while (take_number(text, 1, &digit)) {
		if (unit == 1)
			return false;
		unit /= 10;
		*fraction_ns += digit * unit;
	}
	return unit != TIME_SECOND;
}

static bool take_offset(struct bytes *text, int64_t *offset_ns)
{
	*offset_ns = 0;
	if (take_char(text, "Zz"))
		return true;
	unsigned hour, minute;
	bool west = text->len && text->at[0] == '-';
	if (!take_char(text, "+-") || !take_number(text, 2, &hour) || !take_char(text, ":") ||
	    !take_number(text, 2, &minute) || hour > 23 || minute > 59)
		return false;
	*offset_ns = (hour * TIME_HOUR + minute * TIME_MINUTE) * (west ? -1 : 1);
	return true;
}

bool time_parse(struct bytes text, int64_t *time_ns, struct err *err)
{
	struct bytes rest = text;
	unsigned year, month, day, hour = 0, minute = 0, second = 0;
	int64_t fraction = 0, offset = 0;
	bool good = take_number(&rest, 4, &year) && take_char(&rest, "-") && take_number(&rest, 2, &month) &&
		    take_char(&rest, "-") && take_number(&rest, 2, &day) && month >= 1 && month <= 12 &&
		    day >= 1 && day <= month_days(year, month);
	if (good && rest.len)
		good = take_char(&rest, "Tt") && take_number(&rest, 2, &hour) && take_char(&rest, ":") &&
		       take_number(&rest, 2, &minute) && take_char(&rest, ":") &&
		       take_number(&rest, 2, &second) && take_fraction(&rest, &fraction) &&
		       take_offset(&rest, &offset) && hour <= 23 && minute <= 59 && second <= 59 &&
		       rest.len == 0;
	if (!good || year < 1970 || year > 2261)
		return err_set(
			err, "\"%.*s\" is not a time; write it as \"2026-11-23T10:00:00Z\" or \"2026-11-23\"",
			BYTES_ARG(text));
	*time_ns = days_from_date(year, month, day) * TIME_DAY + hour * TIME_HOUR + minute * TIME_MINUTE +
		   second * TIME_SECOND + fraction - offset;
	return true;
}

static const struct {
	const char *name;
	int64_t ns;
} time_units[] = {
	{"d", TIME_DAY}, {"h", TIME_HOUR}, {"m", TIME_MINUTE}, {"s", TIME_SECOND}, {"ms", TIME_SECOND / 1000},
};

bool time_parse_duration(struct bytes text, int64_t *duration_ns, struct err *err)
{
	int64_t count = 0;
	size_t i = 0;
	for (; i < text.len && text.at[i] >= '0' && text.at[i] <= '9'; i++)
		if (count <
		    INT64_C(100000000000000000)) /* far beyond any duration; more digits change nothing */
			count = count * 10 + (text.at[i] - '0');
	struct bytes unit = {text.at + i, text.len - i};
	for (size_t u = 0; i > 0 && count > 0 && u < sizeof time_units / sizeof *time_units; u++) {
		if (!bytes_equal(unit, bytes_of(time_units[u].name)))
			continue;
		if (count > 36525 * TIME_DAY / time_units[u].ns)
			return err_set(err, "\"%.*s\" is too long; at most 36525d", BYTES_ARG(text));
		*duration_ns = count * time_units[u].ns;
		return true;
	}
	return err_set(err,
		       "\"%.*s\" is not a duration; write a positive whole number and a unit, as in 90s, "
		       "30m, 24h or 7d",
		       BYTES_ARG(text));
}

void time_format_duration(int64_t duration_ns, char text[32])
{
	for (size_t u = 0; u < sizeof time_units / sizeof *time_units; u++) {
		if (duration_ns % time_units[u].ns == 0) {
			snprintf(text, 32, "%" PRId64 "%s", duration_ns / time_units[u].ns,
				 time_units[u].name);
			return;
		}
	}
	snprintf(text, 32, "%" PRId64 "ns", duration_ns);
}
