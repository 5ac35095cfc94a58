/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/tzif.h"

#include <string.h>

enum {
	HEADER_LEN = 44,
	DAY_S = 86400,
	OFFSET_MIN = -89999, /* section 3.2: what offsets should be */
	OFFSET_MAX = 93599,
};

static int64_t big_endian(const char *at, size_t len)
{
	uint64_t value = (unsigned char)at[0] & 0x80 ? UINT64_MAX : 0;
	for (size_t i = 0; i < len; i++)
		value = value << 8 | (unsigned char)at[i];
	return (int64_t)value;
}

/* --- the data block, section 3.1 --- */

struct header {
	char version;
	size_t utc, standard, leaps, times, types, chars;
};

static bool read_header(struct bytes *file, struct header *header)
{
	if (file->len < HEADER_LEN || memcmp(file->at, "TZif", 4) != 0)
		return false;
	size_t *counts[] = {&header->utc,   &header->standard, &header->leaps,
			    &header->times, &header->types,    &header->chars};
	header->version = file->at[4];
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		int64_t count = big_endian(file->at + 20 + 4 * i, 4);
		if (count < 0 || (uint64_t)count > file->len)
			return false;
		*counts[i] = (size_t)count;
	}
	*file = (struct bytes){file->at + HEADER_LEN, file->len - HEADER_LEN};
	return true;
}

static size_t block_len(const struct header *header, size_t time_len)
{
	return header->times * (time_len + 1) + header->types * 6 + header->chars +
	       header->leaps * (time_len + 4) + header->standard + header->utc;
}

static bool read_block(struct bytes block, const struct header *header, size_t time_len, struct arena *arena,
		       struct tzif *zone)
{
	const char *index = block.at + header->times * time_len, *types = index + header->times;
	if (header->types == 0)
		return false;
	for (size_t i = 0; i < header->types; i++) {
		int64_t offset = big_endian(types + 6 * i, 4);
		if (offset < OFFSET_MIN || offset > OFFSET_MAX)
			return false;
	}
	zone->count = header->times;
	zone->before = (int32_t)big_endian(types, 4);
	zone->at = arena_array(arena, zone->count ? zone->count : 1, sizeof *zone->at);
	zone->offset = arena_array(arena, zone->count ? zone->count : 1, sizeof *zone->offset);
	for (size_t i = 0; i < zone->count && zone->at && zone->offset; i++) {
		size_t type = (unsigned char)index[i];
		zone->at[i] = big_endian(block.at + i * time_len, time_len);
		if (type >= header->types || (i && zone->at[i] <= zone->at[i - 1]))
			return false;
		zone->offset[i] = (int32_t)big_endian(types + 6 * type, 4);
	}
	return zone->at && zone->offset;
}

/* --- the footer, section 3.3.1 --- */

/* What is left of the text. */
struct text {
	const char *at, *end;
};

static bool take(struct text *text, char c)
{
	bool there = text->at < text->end && *text->at == c;
	text->at += there;
	return there;
}

static bool read_number(struct text *text, int most, int *value)
{
	const char *from = text->at;
	for (*value = 0; text->at < text->end && *text->at >= '0' && *text->at <= '9'; text->at++) {
		*value = *value * 10 + (*text->at - '0');
		if (*value > most)
			return false;
	}
	return text->at > from;
}

/* "EST" or "<-03>" */
static bool read_name(struct text *text)
{
	bool quoted = take(text, '<');
	const char *from = text->at;
	for (; text->at < text->end; text->at++) {
		char c = *text->at;
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		bool other = (c >= '0' && c <= '9') || c == '+' || c == '-';
		if (!letter && !(quoted && other))
			break;
	}
	return text->at - from >= 3 && (!quoted || take(text, '>'));
}

/* [+-]hh[:mm[:ss]] */
static bool read_time(struct text *text, int hours_max, int32_t *seconds)
{
	int part[3] = {0, 0, 0};
	bool negative = take(text, '-');
	if (!negative)
		(void)take(text, '+');
	if (!read_number(text, hours_max, &part[0]))
		return false;
	for (int i = 1; i < 3 && take(text, ':'); i++)
		if (!read_number(text, 59, &part[i]))
			return false;
	*seconds = (negative ? -1 : 1) * (part[0] * 3600 + part[1] * 60 + part[2]);
	return true;
}

static bool read_change(struct text *text, struct tzif_change *change)
{
	bool good;
	*change = (struct tzif_change){.form = TZIF_DAY, .time = 2 * 3600};
	if (!take(text, ','))
		return false;
	if (take(text, 'J')) {
		change->form = TZIF_JULIAN;
		good = read_number(text, 365, &change->day) && change->day >= 1;
	} else if (take(text, 'M')) {
		change->form = TZIF_MONTH;
		good = read_number(text, 12, &change->month) && take(text, '.') &&
		       read_number(text, 5, &change->week) && take(text, '.') &&
		       read_number(text, 6, &change->day) && change->month >= 1 && change->week >= 1;
	} else {
		good = read_number(text, 365, &change->day);
	}
	return good && (!take(text, '/') || read_time(text, 167, &change->time));
}

/* An empty footer is fine: what follows the last change is not known, and stays as it is. */
static bool read_footer(struct bytes footer, struct tzif *zone)
{
	const char *end = footer.len > 1 ? memchr(footer.at + 1, '\n', footer.len - 1) : NULL;
	struct text text = {footer.at + 1, end};
	if (!end || footer.at[0] != '\n')
		return false;
	if (text.at == end)
		return true;
	if (!read_name(&text) || !read_time(&text, 24, &zone->standard))
		return false;
	zone->has_rule = true;
	zone->standard = -zone->standard; /* POSIX counts west of Greenwich */
	if (text.at == end)
		return true;
	zone->has_summer = true;
	zone->summer = zone->standard + 3600;
	if (!read_name(&text))
		return false;
	if (text.at < end && *text.at != ',') {
		if (!read_time(&text, 24, &zone->summer))
			return false;
		zone->summer = -zone->summer;
	}
	return read_change(&text, &zone->to_summer) && read_change(&text, &zone->to_standard) &&
	       text.at == end;
}

bool rules_tzif_read(struct bytes file, struct arena *arena, struct tzif *zone)
{
	struct header header;
	struct tzif made = {.count = 0};
	size_t time_len = 4;
	if (!read_header(&file, &header) || block_len(&header, time_len) > file.len)
		return false;
	if (header.version != '\0') {
		/* the first block is for old readers */
		size_t skip = block_len(&header, time_len);
		file = (struct bytes){file.at + skip, file.len - skip};
		time_len = 8;
		if (!read_header(&file, &header) || block_len(&header, time_len) > file.len)
			return false;
	}
	size_t len = block_len(&header, time_len);
	if (!read_block((struct bytes){file.at, len}, &header, time_len, arena, &made))
		return false;
	if (time_len == 8 && !read_footer((struct bytes){file.at + len, file.len - len}, &made))
		return false;
	*zone = made;
	return true;
}

/* --- asking --- */

/* Days since 1970-01-01 of the proleptic Gregorian calendar (Howard Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms"). */
static int64_t days_of(int64_t year, int month, int day)
{
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t year_of(int64_t seconds)
{
	int64_t days = seconds / DAY_S - (seconds % DAY_S < 0);
	int64_t year = 1970 + days / 366;
	while (days_of(year + 1, 1, 1) <= days)
		year++;
	while (days_of(year, 1, 1) > days)
		year--;
	return year;
}

/* Local seconds, as the clock shows before it is changed. */
static int64_t change_in(const struct tzif_change *change, int64_t year)
{
	int64_t first = days_of(year, 1, 1), day = first + change->day;
	bool leap = days_of(year + 1, 1, 1) - first == 366;
	if (change->form == TZIF_JULIAN)
		day += (leap && change->day >= 60) - 1; /* 29 February is never counted */
	if (change->form == TZIF_MONTH) {
		int64_t month = days_of(year, change->month, 1);
		int64_t next =
			change->month == 12 ? days_of(year + 1, 1, 1) : days_of(year, change->month + 1, 1);
		int64_t weekday = ((month + 4) % 7 + 7) % 7; /* 0 is Sunday; 1970-01-01 was a Thursday */
		day = month + (change->day - weekday + 7) % 7 + 7 * (change->week - 1);
		while (day >= next)
			day -= 7; /* week 5 is the last */
	}
	return day * DAY_S + change->time;
}

/* The last of the yearly changes before that instant decides. Where both fall together it is summer all year. */
static int32_t offset_by_rule(const struct tzif *zone, int64_t seconds)
{
	int64_t last = INT64_MIN, year = zone->has_summer ? year_of(seconds + zone->standard) : 0;
	int32_t offset = zone->standard;
	for (int64_t y = year - 1; y <= year + 1 && zone->has_summer; y++) {
		int64_t standard = change_in(&zone->to_standard, y) - zone->summer;
		int64_t summer = change_in(&zone->to_summer, y) - zone->standard;
		if (standard <= seconds && standard > last) {
			last = standard;
			offset = zone->standard;
		}
		if (summer <= seconds && summer >= last) {
			last = summer;
			offset = zone->summer;
		}
	}
	return offset;
}

int32_t rules_tzif_offset(const struct tzif *zone, int64_t utc_seconds)
{
	size_t low = 0, high = zone->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (zone->at[middle] <= utc_seconds)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == zone->count && zone->has_rule)
		return offset_by_rule(zone, utc_seconds);
	return low ? zone->offset[low - 1] : zone->before;
}
