/* SPDX-License-Identifier: Apache-2.0
 *
 * prompt_quiet_hours: the clock on the wall at changed clocks, leap days and midnight; and time zones, which
 * the C library judges too.
 */
#include "support.h"

#include "proto/time.h"
#include "rules/zones.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define QUIET(keys) "rules = ( { id = \"c\"; kind = \"prompt_quiet_hours\"; reason = \"r\"; " keys " } );"
#define NIGHT	    "from = \"22:00\"; to = \"07:00\"; "
#define BERLIN	    NIGHT "zone = \"Europe/Berlin\"; "
#define USER	    NIGHT "zone = \"user\"; "

struct row {
	const char *name, *rule, *now, *zone; /* zone: of the request */
	const char *story;
};

#define QUIETLY "c suppress exceeded p"

static const struct row rows[] = {
	{"a nanosecond before", QUIET(BERLIN), "2026-11-23T20:59:59.999999999Z", NULL, ""},
	{"from that minute on", QUIET(BERLIN), "2026-11-23T21:00:00Z", NULL, QUIETLY},
	{"23:59", QUIET(BERLIN), "2026-11-23T22:59:59.999999999Z", NULL, QUIETLY},
	{"00:01", QUIET(BERLIN), "2026-11-23T23:01:00Z", NULL, QUIETLY},
	{"a nanosecond before the end", QUIET(BERLIN), "2026-11-24T05:59:59.999999999Z", NULL, QUIETLY},
	{"the end", QUIET(BERLIN), "2026-11-24T06:00:00Z", NULL, ""},
	{"in summer an hour earlier", QUIET(BERLIN), "2026-07-01T20:00:00Z", NULL, QUIETLY},
	{"and not before", QUIET(BERLIN), "2026-07-01T19:59:59Z", NULL, ""},

	{"clocks go forward: the hour that is left out",
	 QUIET("from = \"02:00\"; to = \"03:00\"; zone = \"Europe/Berlin\";"), "2026-03-29T00:59:59Z", NULL,
	 ""},
	{"clocks go forward: it is 03:00 at once",
	 QUIET("from = \"02:00\"; to = \"03:00\"; zone = \"Europe/Berlin\";"), "2026-03-29T01:00:00Z", NULL,
	 ""},
	{"clocks go forward: quiet until after it",
	 QUIET("from = \"01:00\"; to = \"03:30\"; zone = \"Europe/Berlin\";"), "2026-03-29T01:29:59Z", NULL,
	 QUIETLY},
	{"clocks go forward: and no longer",
	 QUIET("from = \"01:00\"; to = \"03:30\"; zone = \"Europe/Berlin\";"), "2026-03-29T01:30:00Z", NULL,
	 ""},
	{"clocks go back: the hour that comes twice",
	 QUIET("from = \"02:00\"; to = \"03:00\"; zone = \"Europe/Berlin\";"), "2026-10-25T00:00:00Z", NULL,
	 QUIETLY},
	{"clocks go back: the second time",
	 QUIET("from = \"02:00\"; to = \"03:00\"; zone = \"Europe/Berlin\";"), "2026-10-25T01:59:59Z", NULL,
	 QUIETLY},
	{"clocks go back: over", QUIET("from = \"02:00\"; to = \"03:00\"; zone = \"Europe/Berlin\";"),
	 "2026-10-25T02:00:00Z", NULL, ""},
	{"after the last change in the file", QUIET(BERLIN), "2100-07-01T20:00:00Z", NULL, QUIETLY},
	{"after the last change, in winter", QUIET(BERLIN), "2100-12-01T20:00:00Z", NULL, ""},

	{"29 February is a Tuesday",
	 QUIET("from = \"00:00\"; to = \"24:00\"; days = \"tue\"; zone = \"UTC\";"), "2028-02-29T12:00:00Z",
	 NULL, QUIETLY},
	{"its last nanosecond", QUIET("from = \"00:00\"; to = \"24:00\"; days = \"tue\"; zone = \"UTC\";"),
	 "2028-02-29T23:59:59.999999999Z", NULL, QUIETLY},
	{"1 March is none", QUIET("from = \"00:00\"; to = \"24:00\"; days = \"tuesday\"; zone = \"UTC\";"),
	 "2028-03-01T00:00:00Z", NULL, ""},
	{"days: the night belongs to the day it began",
	 QUIET(NIGHT "days = [ \"fri\", \"sat\" ]; zone = \"UTC\";"), "2026-11-29T06:59:00Z", NULL, QUIETLY},
	{"days: the next evening does not", QUIET(NIGHT "days = [ \"fri\", \"sat\" ]; zone = \"UTC\";"),
	 "2026-11-29T22:00:00Z", NULL, ""},
	{"days: nor the morning before", QUIET(NIGHT "days = [ \"fri\", \"sat\" ]; zone = \"UTC\";"),
	 "2026-11-27T06:00:00Z", NULL, ""},
	{"days: from Sunday into Monday", QUIET(NIGHT "days = \"sun\"; zone = \"UTC\";"),
	 "2026-11-23T01:00:00Z", NULL, QUIETLY},
	{"days: of the zone, not of UTC",
	 QUIET("from = \"00:00\"; to = \"24:00\"; days = \"tue\"; zone = \"Asia/Tokyo\";"),
	 "2026-11-23T15:00:00Z", NULL, QUIETLY},
	{"until midnight", QUIET("from = \"22:00\"; to = \"00:00\"; zone = \"UTC\";"), "2026-11-23T23:59:59Z",
	 NULL, QUIETLY},
	{"and not after", QUIET("from = \"22:00\"; to = \"00:00\"; zone = \"UTC\";"), "2026-11-24T00:00:00Z",
	 NULL, ""},

	/* the southern hemisphere: back in autumn, which is April, forward in October */
	{"Sydney: before the hour that comes twice",
	 QUIET("from = \"02:00\"; to = \"03:00\"; zone = \"Australia/Sydney\";"),
	 "2026-04-04T14:59:59.999999999Z", NULL, ""},
	{"Sydney: it comes", QUIET("from = \"02:00\"; to = \"03:00\"; zone = \"Australia/Sydney\";"),
	 "2026-04-04T15:00:00Z", NULL, QUIETLY},
	{"Sydney: it comes again", QUIET("from = \"02:00\"; to = \"03:00\"; zone = \"Australia/Sydney\";"),
	 "2026-04-04T16:00:00Z", NULL, QUIETLY},
	{"Sydney: its last second", QUIET("from = \"02:00\"; to = \"03:00\"; zone = \"Australia/Sydney\";"),
	 "2026-04-04T16:59:59Z", NULL, QUIETLY},
	{"Sydney: it is over", QUIET("from = \"02:00\"; to = \"03:00\"; zone = \"Australia/Sydney\";"),
	 "2026-04-04T17:00:00Z", NULL, ""},
	{"Sydney: in October it is left out",
	 QUIET("from = \"02:00\"; to = \"03:00\"; zone = \"Australia/Sydney\";"), "2026-10-03T15:59:59Z",
	 NULL, ""},
	{"Sydney: at once it is 03:00",
	 QUIET("from = \"02:00\"; to = \"03:00\"; zone = \"Australia/Sydney\";"), "2026-10-03T16:00:00Z",
	 NULL, ""},
	{"Sydney: quiet until the hour that is left out",
	 QUIET("from = \"01:30\"; to = \"02:30\"; zone = \"Australia/Sydney\";"), "2026-10-03T15:59:59Z",
	 NULL, QUIETLY},
	{"Sydney: and not behind it", QUIET("from = \"01:30\"; to = \"02:30\"; zone = \"Australia/Sydney\";"),
	 "2026-10-03T16:00:00Z", NULL, ""},
	{"Sydney: December is summer", QUIET(NIGHT "zone = \"Australia/Sydney\";"), "2026-12-24T11:00:00Z",
	 NULL, QUIETLY},
	{"Sydney: not before", QUIET(NIGHT "zone = \"Australia/Sydney\";"), "2026-12-24T10:59:59Z", NULL, ""},
	{"Sydney: June is winter", QUIET(NIGHT "zone = \"Australia/Sydney\";"), "2026-06-24T12:00:00Z", NULL,
	 QUIETLY},
	{"Sydney: an hour later", QUIET(NIGHT "zone = \"Australia/Sydney\";"), "2026-06-24T11:59:59Z", NULL,
	 ""},
	/* half an hour */
	{"Lord Howe: at 02:00 it is 02:30",
	 QUIET("from = \"02:00\"; to = \"02:31\"; zone = \"Australia/Lord_Howe\";"), "2026-10-03T15:30:00Z",
	 NULL, QUIETLY},
	{"Lord Howe: a minute is left",
	 QUIET("from = \"02:00\"; to = \"02:31\"; zone = \"Australia/Lord_Howe\";"), "2026-10-03T15:31:00Z",
	 NULL, ""},
	{"Lord Howe: half an hour comes twice",
	 QUIET("from = \"01:30\"; to = \"02:00\"; zone = \"Australia/Lord_Howe\";"), "2026-04-04T14:30:00Z",
	 NULL, QUIETLY},
	{"Lord Howe: the second time",
	 QUIET("from = \"01:30\"; to = \"02:00\"; zone = \"Australia/Lord_Howe\";"), "2026-04-04T15:00:00Z",
	 NULL, QUIETLY},
	{"Lord Howe: until its end",
	 QUIET("from = \"01:30\"; to = \"02:00\"; zone = \"Australia/Lord_Howe\";"), "2026-04-04T15:29:59Z",
	 NULL, QUIETLY},
	{"Lord Howe: over", QUIET("from = \"01:30\"; to = \"02:00\"; zone = \"Australia/Lord_Howe\";"),
	 "2026-04-04T15:30:00Z", NULL, ""},
	/* at midnight */
	{"Santiago: the last hour of Saturday",
	 QUIET("from = \"23:00\"; to = \"24:00\"; days = \"sat\"; zone = \"America/Santiago\";"),
	 "2026-04-05T02:00:00Z", NULL, QUIETLY},
	{"Santiago: comes twice",
	 QUIET("from = \"23:00\"; to = \"24:00\"; days = \"sat\"; zone = \"America/Santiago\";"),
	 "2026-04-05T03:00:00Z", NULL, QUIETLY},
	{"Santiago: until Sunday",
	 QUIET("from = \"23:00\"; to = \"24:00\"; days = \"sat\"; zone = \"America/Santiago\";"),
	 "2026-04-05T03:59:59Z", NULL, QUIETLY},
	{"Santiago: which has come",
	 QUIET("from = \"23:00\"; to = \"24:00\"; days = \"sat\"; zone = \"America/Santiago\";"),
	 "2026-04-05T04:00:00Z", NULL, ""},
	{"Santiago: the last second of a Saturday in September",
	 QUIET("from = \"00:00\"; to = \"01:00\"; zone = \"America/Santiago\";"), "2026-09-06T03:59:59Z",
	 NULL, ""},
	{"Santiago: Sunday begins at 01:00",
	 QUIET("from = \"00:00\"; to = \"01:00\"; zone = \"America/Santiago\";"), "2026-09-06T04:00:00Z",
	 NULL, ""},
	{"Santiago: until a midnight that is left out",
	 QUIET("from = \"22:00\"; to = \"00:00\"; zone = \"America/Santiago\";"), "2026-09-06T03:59:59Z",
	 NULL, QUIETLY},
	{"Santiago: and not after", QUIET("from = \"22:00\"; to = \"00:00\"; zone = \"America/Santiago\";"),
	 "2026-09-06T04:00:00Z", NULL, ""},
	{"Apia: Thursday before the Friday that is left out",
	 QUIET("from = \"00:00\"; to = \"24:00\"; days = \"fri\"; zone = \"Pacific/Apia\";"),
	 "2011-12-30T09:59:59Z", NULL, ""},
	{"Apia: Saturday behind it",
	 QUIET("from = \"00:00\"; to = \"24:00\"; days = \"fri\"; zone = \"Pacific/Apia\";"),
	 "2011-12-30T10:00:00Z", NULL, ""},
	{"Apia: a Friday that is not left out",
	 QUIET("from = \"00:00\"; to = \"24:00\"; days = \"fri\"; zone = \"Pacific/Apia\";"),
	 "2011-12-23T10:00:00Z", NULL, QUIETLY},
	/* other zones */
	{"New York: the short night ends at 07:00", QUIET(NIGHT "zone = \"America/New_York\";"),
	 "2026-03-08T10:59:59Z", NULL, QUIETLY},
	{"New York: after seven hours and no more", QUIET(NIGHT "zone = \"America/New_York\";"),
	 "2026-03-08T11:00:00Z", NULL, ""},
	{"New York: the one before", QUIET(NIGHT "zone = \"America/New_York\";"), "2026-03-07T11:59:59Z",
	 NULL, QUIETLY},
	{"New York: the long night", QUIET(NIGHT "zone = \"America/New_York\";"), "2026-11-01T11:59:59Z",
	 NULL, QUIETLY},
	{"New York: ends at 07:00 too", QUIET(NIGHT "zone = \"America/New_York\";"), "2026-11-01T12:00:00Z",
	 NULL, ""},
	{"New York: the hour that comes twice",
	 QUIET("from = \"01:00\"; to = \"02:00\"; zone = \"America/New_York\";"), "2026-11-01T05:00:00Z",
	 NULL, QUIETLY},
	{"New York: until its second end",
	 QUIET("from = \"01:00\"; to = \"02:00\"; zone = \"America/New_York\";"), "2026-11-01T06:59:59Z",
	 NULL, QUIETLY},
	{"New York: over", QUIET("from = \"01:00\"; to = \"02:00\"; zone = \"America/New_York\";"),
	 "2026-11-01T07:00:00Z", NULL, ""},
	{"Dublin: winter is what is saved", QUIET(NIGHT "zone = \"Europe/Dublin\";"), "2026-01-10T22:00:00Z",
	 NULL, QUIETLY},
	{"Dublin: not before", QUIET(NIGHT "zone = \"Europe/Dublin\";"), "2026-01-10T21:59:59Z", NULL, ""},
	{"Dublin: summer", QUIET(NIGHT "zone = \"Europe/Dublin\";"), "2026-07-10T21:00:00Z", NULL, QUIETLY},
	{"Casablanca: an hour before UTC", QUIET(NIGHT "zone = \"Africa/Casablanca\";"),
	 "2026-02-01T21:30:00Z", NULL, QUIETLY},
	{"Casablanca: not in Ramadan", QUIET(NIGHT "zone = \"Africa/Casablanca\";"), "2026-03-01T21:30:00Z",
	 NULL, ""},
	{"Chatham: quarters of an hour", QUIET(NIGHT "zone = \"Pacific/Chatham\";"), "2026-07-01T09:15:00Z",
	 NULL, QUIETLY},
	{"Chatham: a nanosecond before", QUIET(NIGHT "zone = \"Pacific/Chatham\";"),
	 "2026-07-01T09:14:59.999999999Z", NULL, ""},
	{"Azores: Saturday", QUIET("from = \"00:00\"; to = \"01:00\"; zone = \"Atlantic/Azores\";"),
	 "2026-03-29T00:59:59Z", NULL, ""},
	{"Azores: Sunday begins at 01:00",
	 QUIET("from = \"00:00\"; to = \"01:00\"; zone = \"Atlantic/Azores\";"), "2026-03-29T01:00:00Z", NULL,
	 ""},
	{"Azores: in October it begins twice",
	 QUIET("from = \"00:00\"; to = \"01:00\"; zone = \"Atlantic/Azores\";"), "2026-10-25T00:30:00Z", NULL,
	 QUIETLY},
	{"Azores: the second time", QUIET("from = \"00:00\"; to = \"01:00\"; zone = \"Atlantic/Azores\";"),
	 "2026-10-25T01:30:00Z", NULL, QUIETLY},
	/* days and years */
	{"the night into the leap day", QUIET(NIGHT "days = \"mon\"; zone = \"UTC\";"),
	 "2028-02-29T06:59:59.999999999Z", NULL, QUIETLY},
	{"and no longer", QUIET(NIGHT "days = \"mon\"; zone = \"UTC\";"), "2028-02-29T07:00:00Z", NULL, ""},
	{"the night behind it is its own", QUIET(NIGHT "days = \"tue\"; zone = \"UTC\";"),
	 "2028-03-01T06:59:59Z", NULL, QUIETLY},
	{"that before is not", QUIET(NIGHT "days = \"tue\"; zone = \"UTC\";"), "2028-02-29T06:59:59Z", NULL,
	 ""},
	{"the leap day of a zone",
	 QUIET("from = \"00:00\"; to = \"24:00\"; days = \"tue\"; zone = \"Asia/Tokyo\";"),
	 "2028-02-28T15:00:00Z", NULL, QUIETLY},
	{"a nanosecond before",
	 QUIET("from = \"00:00\"; to = \"24:00\"; days = \"tue\"; zone = \"Asia/Tokyo\";"),
	 "2028-02-28T14:59:59.999999999Z", NULL, ""},
	{"2100 has none: from 28 February into 1 March", QUIET(NIGHT "days = \"sun\"; zone = \"UTC\";"),
	 "2100-03-01T06:59:59Z", NULL, QUIETLY},
	{"from one year into the next", QUIET(NIGHT "days = \"thu\"; zone = \"UTC\";"),
	 "2027-01-01T06:59:59Z", NULL, QUIETLY},
	{"and the evening of that day not", QUIET(NIGHT "days = \"thu\"; zone = \"UTC\";"),
	 "2027-01-01T22:00:00Z", NULL, ""},
	{"two minutes around midnight: before", QUIET("from = \"23:59\"; to = \"00:01\"; zone = \"UTC\";"),
	 "2026-11-23T23:58:59.999999999Z", NULL, ""},
	{"two minutes around midnight: 23:59", QUIET("from = \"23:59\"; to = \"00:01\"; zone = \"UTC\";"),
	 "2026-11-23T23:59:00Z", NULL, QUIETLY},
	{"two minutes around midnight: 00:00", QUIET("from = \"23:59\"; to = \"00:01\"; zone = \"UTC\";"),
	 "2026-11-24T00:00:00Z", NULL, QUIETLY},
	{"two minutes around midnight: their end", QUIET("from = \"23:59\"; to = \"00:01\"; zone = \"UTC\";"),
	 "2026-11-24T00:00:59.999999999Z", NULL, QUIETLY},
	{"two minutes around midnight: 00:01", QUIET("from = \"23:59\"; to = \"00:01\"; zone = \"UTC\";"),
	 "2026-11-24T00:01:00Z", NULL, ""},
	{"from midnight: not before", QUIET("from = \"00:00\"; to = \"06:00\"; zone = \"UTC\";"),
	 "2026-11-23T23:59:59.999999999Z", NULL, ""},
	{"from midnight on", QUIET("from = \"00:00\"; to = \"06:00\"; zone = \"UTC\";"),
	 "2026-11-24T00:00:00Z", NULL, QUIETLY},

	{"the user's zone", QUIET(USER), "2026-11-23T13:00:00Z", "Asia/Tokyo", QUIETLY},
	{"half an hour off", QUIET(USER), "2026-11-23T16:29:59Z", "Asia/Kolkata", ""},
	{"half an hour off, quiet", QUIET(USER), "2026-11-23T16:30:00Z", "Asia/Kolkata", QUIETLY},
	{"no zone", QUIET(USER), "2026-11-23T12:00:00Z", NULL, "c suppress unknown p"},
	{"an empty zone", QUIET(USER), "2026-11-23T12:00:00Z", "", "c suppress unknown p"},
	{"an unknown zone", QUIET(USER), "2026-11-23T12:00:00Z", "Mars/Olympus", "c suppress unknown p"},
	{"a zone that is a path", QUIET(USER), "2026-11-23T12:00:00Z", "../zoneinfo/UTC",
	 "c suppress unknown p"},
	{"the zone of this machine is none", QUIET(USER), "2026-11-23T12:00:00Z", "localtime",
	 "c suppress unknown p"},
	{"no zone, flag", QUIET(USER "on_unknown = \"flag\";"), "2026-11-23T12:00:00Z", NULL,
	 "c flag unknown p"},
	{"an unknown zone, another by default", QUIET(USER "default_zone = \"Asia/Tokyo\";"),
	 "2026-11-23T13:00:00Z", "Mars/Olympus", QUIETLY},
	{"no zone, another by default", QUIET(USER "default_zone = \"Asia/Tokyo\";"), "2026-11-23T12:59:59Z",
	 NULL, ""},
	{"a known zone before the default", QUIET(USER "default_zone = \"Asia/Tokyo\";"),
	 "2026-11-23T13:00:00Z", "UTC", ""},
	{"a named zone: the user's is not asked", QUIET(BERLIN), "2026-11-23T13:00:00Z", "Asia/Tokyo", ""},
	{"flag", QUIET(BERLIN "action = \"flag\";"), "2026-11-23T22:00:00Z", NULL, "c flag exceeded p"},
	{"observe", QUIET(BERLIN "mode = \"observe\";"), "2026-11-23T22:00:00Z", NULL,
	 "(c suppress exceeded p)"},
};

static void decide_at(struct trial *trial, const struct rules_ruleset *ruleset, const char *now)
{
	struct err err = {""};
	int64_t now_ns = 0;
	arena_init(&trial->arena, 1 << 20);
	if (!time_parse(bytes_of(now), &now_ns, &err) ||
	    !rules_decide(ruleset, &trial->facts, now_ns, &trial->arena, &trial->decision, &err))
		fail_msg("%s", err.text);
	assert_false(rules_decide_needs_history(&trial->decision));
	assert_true(rules_decide_frequency(NULL, now_ns, &trial->arena, &trial->decision, &err));
}

static void run_row(void **state)
{
	const struct row *row = *state;
	struct facts_prompt prompt = {.id = BYTES_LITERAL("p"), .text = BYTES_LITERAL("q")};
	struct trial trial = {
		.facts = {.prompts = &prompt, .prompt_count = 1, .time_zone = bytes_of(row->zone)}};
	struct rules_ruleset *ruleset = ruleset_of(row->rule);
	decide_at(&trial, ruleset, row->now);
	assert_string_equal(trial_story(&trial), row->story);
	trial_done(&trial);
	rules_ruleset_drop(ruleset);
}

static void decisions_say_what_the_clock_showed(void **state)
{
	struct facts_prompt prompt = {.text = BYTES_LITERAL("q")};
	struct trial trial = {.facts = {.prompts = &prompt,
					.prompt_count = 1,
					.time_zone = BYTES_LITERAL("America/St_Johns")}};
	struct rules_ruleset *ruleset = ruleset_of(QUIET(USER));
	decide_at(&trial, ruleset, "2026-07-05T02:00:00Z");
	const struct rules_intervention *one = &trial.decision.intervention[0];
	assert_string_equal(arena_string(&trial.arena, one->observed),
			    "23:30 on saturday in America/St_Johns");
	assert_string_equal(arena_string(&trial.arena, one->limit), "from 22:00, to 07:00, zone user");
	trial_done(&trial);
	rules_ruleset_drop(ruleset);
	(void)state;
}

/* --- zones --- */

/* The zone of this process, which two tests change. Returns owned; NULL: none is set. */
static char *zone_kept(void)
{
	const char *kept = getenv("TZ");
	return kept ? strdup(kept) : NULL;
}

/* Takes what zone_kept returned. */
static void zone_back(char *kept)
{
	if (kept)
		setenv("TZ", kept, 1);
	else
		unsetenv("TZ");
	tzset();
	free(kept);
}

/* The C library reads the same files with other code. */
static void the_c_library_says_the_same(void **state)
{
	struct arena arena;
	struct zones zones = {.count = 0};
	char *before = zone_kept();
	uint64_t random = 20261125;
	size_t compared = 0, summers = 0;
	arena_init(&arena, (size_t)64 << 20);
	assert_true(rules_zones_read(&zones, RULES_ZONEINFO, &arena));
	assert_true(zones.count > 300);
	for (size_t z = 0; z < zones.count; z++) {
		char name[300];
		snprintf(name, sizeof name, ":%.*s", BYTES_ARG(zones.zone[z].name));
		assert_int_equal(setenv("TZ", name, 1), 0);
		tzset();
		for (int i = 0; i < 200; i++) {
			random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
			time_t at = (time_t)(random >> 33) * 4 - 2000000000; /* 1906 to 2989 */
			struct tm local;
			const struct tzif *tzif = &zones.zone[z].tzif;
			if (i % 4 == 0 && tzif->count) /* beside a change */
				at = tzif->at[(random >> 33) % tzif->count] - i / 4 % 2;
			assert_non_null(localtime_r(&at, &local));
			if (rules_tzif_offset(tzif, at) != local.tm_gmtoff)
				fail_msg("%s at %lld: %d, not %ld", name, (long long)at,
					 rules_tzif_offset(tzif, at), local.tm_gmtoff);
			compared++;
			summers += local.tm_isdst > 0;
		}
	}
	print_message("%zu zones, %zu times, %zu in summer\n", zones.count, compared, summers);
	assert_true(summers > compared / 20);
	zone_back(before);
	arena_done(&arena);
	(void)state;
}

/* A period begins at `from` on each of the days; is this minute of the week in one? */
static bool naive_quiet(int from, int to, unsigned days, int minute_of_week)
{
	enum { DAY = 24 * 60, WEEK = 7 * DAY };
	for (int day = 0; day < 7; day++) {
		int begin = day * DAY + from, end = day * DAY + to + (to <= from ? DAY : 0);
		if (days >> day & 1 && ((begin <= minute_of_week && minute_of_week < end) ||
					(begin <= minute_of_week + WEEK && minute_of_week + WEEK < end)))
			return true;
	}
	return false;
}

enum { INSTANTS = 400 }; /* of each rule */

static const char *const clocks[] = {"Europe/Berlin",	 "America/New_York",	"Australia/Sydney",
				     "America/Santiago", "Australia/Lord_Howe", "Asia/Kathmandu",
				     "Pacific/Apia",	 "Africa/Casablanca",	"America/Havana",
				     "Asia/Tehran",	 "Europe/Dublin",	"UTC"};

static unsigned draw(uint64_t *random, unsigned below)
{
	*random = *random * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (unsigned)(*random >> 33) % below;
}

/* One rule, many instants, most of them within hours of a change of the clocks. Returns how many were quiet. */
static size_t compare_with_the_wall(const char *zone, const struct tzif *tzif, uint64_t *random)
{
	static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
	struct facts_prompt prompt = {.id = BYTES_LITERAL("p"), .text = BYTES_LITERAL("q")};
	int from = (int)draw(random, 24 * 60), to = (from + 1 + (int)draw(random, 24 * 60 - 1)) % (24 * 60);
	unsigned days = 1 + draw(random, 127);
	char rule[512];
	size_t quiet = 0;
	int len = snprintf(rule, sizeof rule,
			   "rules = ( { id = \"c\"; kind = \"prompt_quiet_hours\"; reason = \"r\"; zone = "
			   "\"%s\"; from = \"%02d:%02d\"; to = \"%02d:%02d\"; days = [ ",
			   zone, from / 60, from % 60, to / 60, to % 60);
	for (int day = 0; day < 7; day++)
		if (days >> day & 1)
			len += snprintf(rule + len, sizeof rule - (size_t)len, "%s\"%s\"",
					days & ((1u << day) - 1) ? ", " : "", names[day]);
	snprintf(rule + len, sizeof rule - (size_t)len, " ]; } );");
	struct rules_ruleset *ruleset = ruleset_of(rule);
	for (int i = 0; i < INSTANTS; i++) {
		struct trial trial = {.facts = {.prompts = &prompt, .prompt_count = 1}};
		time_t at = (time_t)draw(random, 2000000000);
		struct tm local;
		struct err err;
		if (i % 4 && tzif->count)
			at = tzif->at[draw(random, (unsigned)tzif->count)] + (int)draw(random, 14400) - 7200;
		at = at < 0 ? -at : at;
		assert_non_null(localtime_r(&at, &local));
		bool naive = naive_quiet(from, to, days,
					 ((local.tm_wday + 6) % 7 * 24 + local.tm_hour) * 60 + local.tm_min);
		arena_init(&trial.arena, 1 << 20);
		assert_true(rules_decide(ruleset, &trial.facts, at * TIME_SECOND, &trial.arena,
					 &trial.decision, &err));
		assert_true(
			rules_decide_frequency(NULL, at * TIME_SECOND, &trial.arena, &trial.decision, &err));
		if (trial.decision.prompt_count == naive)
			fail_msg("%s at %lld: %squiet", rule, (long long)at, naive ? "" : "not ");
		quiet += naive;
		trial_done(&trial);
	}
	rules_ruleset_drop(ruleset);
	return quiet;
}

static void a_naive_clock_says_the_same(void **state)
{
	enum { RULES = 6 };
	uint64_t random = 20261126;
	struct arena arena;
	struct zones zones = {.count = 0};
	char *before = zone_kept();
	size_t quiet = 0, all = COUNT(clocks) * RULES * INSTANTS;
	arena_init(&arena, (size_t)64 << 20);
	assert_true(rules_zones_read(&zones, RULES_ZONEINFO, &arena));
	for (size_t c = 0; c < COUNT(clocks); c++) {
		const struct tzif *tzif = rules_zones_find(&zones, bytes_of(clocks[c]));
		assert_non_null(tzif);
		assert_int_equal(setenv("TZ", clocks[c], 1), 0);
		tzset();
		for (int i = 0; i < RULES; i++)
			quiet += compare_with_the_wall(clocks[c], tzif, &random);
	}
	print_message("%zu instants, %zu quiet\n", all, quiet);
	assert_in_range(quiet, all / 10, all - all / 10);
	zone_back(before);
	arena_done(&arena);
	(void)state;
}

static const struct {
	const char *footer;
	const char *at; /* "" : the footer is no TZ string */
	int32_t offset;
} footers[] = {
	{"UTC0", "2030-01-01", 0},
	{"<-03>3", "2030-01-01", -3 * 3600},
	{"<+0545>-5:45", "2030-01-01", 5 * 3600 + 45 * 60},
	{"", "2030-01-01", 0},
	{"EST5EDT,M3.2.0,M11.1.0", "2030-03-10T06:59:59Z", -5 * 3600},
	{"EST5EDT,M3.2.0,M11.1.0", "2030-03-10T07:00:00Z", -4 * 3600},
	{"EST5EDT,M3.2.0,M11.1.0", "2030-11-03T05:59:59Z", -4 * 3600},
	{"EST5EDT,M3.2.0,M11.1.0", "2030-11-03T06:00:00Z", -5 * 3600},
	{"AEST-10AEDT,M10.1.0,M4.1.0/3", "2030-01-01", 11 * 3600},
	{"AEST-10AEDT,M10.1.0,M4.1.0/3", "2030-07-01", 10 * 3600},
	{"IST-1GMT0,M10.5.0,M3.5.0/1", "2030-01-01", 0},
	{"IST-1GMT0,M10.5.0,M3.5.0/1", "2030-07-01", 3600},
	{"XXX3EDT4,0/0,J365/23", "2030-01-01T04:00:00Z",
	 -4 * 3600}, /* summer all year, RFC 8536 section 3.3.1 */
	{"XXX3EDT4,0/0,J365/23", "2030-12-31T23:59:59Z", -4 * 3600},
	{"XXX3EDT4,0/0,J365/23", "2031-01-01T03:30:00Z", -4 * 3600},
	{"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2030-03-31T00:59:59Z", -2 * 3600},
	{"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2030-03-31T01:00:00Z", -3600},
	{"AAA0BBB,J60/0,J61/0", "2028-02-29T12:00:00Z", 0}, /* J60 is 1 March also in a leap year */
	{"AAA0BBB,J60/0,J61/0", "2028-03-01T12:00:00Z", 3600},
	{"AAA0BBB,J60/0,J61/0", "2030-03-01T12:00:00Z", 3600},
	{"AAA0BBB,59/0,60/0", "2028-02-29T12:00:00Z", 3600}, /* 59 is 29 February in a leap year */
	{"AAA0BBB,59/0,60/0", "2030-03-01T12:00:00Z", 3600},
	{"EST", "", 0},
	{"ES5", "", 0},
	{"<-03", "", 0},
	{"EST25", "", 0},
	{"EST5:60", "", 0},
	{"EST5EDT", "", 0},
	{"EST5EDT,M3.2.0", "", 0},
	{"EST5EDT,M13.2.0,M11.1.0", "", 0},
	{"EST5EDT,M0.2.0,M11.1.0", "", 0},
	{"EST5EDT,M3.0.0,M11.1.0", "", 0},
	{"EST5EDT,M3.6.0,M11.1.0", "", 0},
	{"EST5EDT,M3.2.7,M11.1.0", "", 0},
	{"EST5EDT,J0,J365", "", 0},
	{"EST5EDT,366,1", "", 0},
	{"EST5EDT,M3.2.0/168,M11.1.0", "", 0},
	{"EST5EDT,M3.2.0,M11.1.0x", "", 0},
	{"EST99999999999999999999", "", 0},
};

/* Two blocks of one type at UTC and nothing else, then the footer. */
static struct bytes file_of(const char *footer, char room[512])
{
	static const char block[44 + 10] = {
		[0] = 'T', 'Z', 'i', 'f', '2', [39] = 1, [43] = 4, [50] = 'U', 'T', 'C'};
	char *end = room;
	for (int i = 0; i < 2; i++, end += sizeof block)
		memcpy(end, block, sizeof block);
	return (struct bytes){room, sizeof block * 2 + (size_t)sprintf(end, "\n%s\n", footer)};
}

static void footers_are_read_as_the_rfc_says(void **state)
{
	for (size_t i = 0; i < COUNT(footers); i++) {
		struct arena arena;
		struct tzif zone;
		struct err err;
		char room[512];
		int64_t at;
		arena_init(&arena, 1 << 16);
		bool good = rules_tzif_read(file_of(footers[i].footer, room), &arena, &zone);
		if (good != (*footers[i].at != '\0'))
			fail_msg("%s", footers[i].footer);
		if (good) {
			assert_true(time_parse(bytes_of(footers[i].at), &at, &err));
			if (rules_tzif_offset(&zone, at / TIME_SECOND) != footers[i].offset)
				fail_msg("%s at %s: %d", footers[i].footer, footers[i].at,
					 rules_tzif_offset(&zone, at / TIME_SECOND));
		}
		arena_done(&arena);
	}
	(void)state;
}

/* Every prefix, and every byte with each of its bits turned: read or refused, never outside the file. */
static void damaged_files_are_read_or_refused(void **state)
{
	FILE *file = fopen(RULES_ZONEINFO "/Europe/Lisbon", "rb");
	static char whole[8192];
	assert_non_null(file);
	size_t len = fread(whole, 1, sizeof whole, file), refused = 0;
	assert_int_equal(fclose(file), 0);
	for (size_t i = 0; i < len * 9; i++) {
		struct arena arena;
		struct tzif zone;
		size_t kept = i < len ? i : len, at = i % len;
		char *copy = malloc(kept + 1);
		memcpy(copy, whole, kept);
		if (i >= len)
			copy[at] = (char)(copy[at] ^ 1 << (i / len - 1));
		arena_init(&arena, 1 << 20);
		bool good = rules_tzif_read((struct bytes){copy, kept}, &arena, &zone);
		assert_false(good && i < len);
		if (good)
			for (int64_t second = -5000000000; second < 20000000000; second += 999999937)
				assert_in_range(rules_tzif_offset(&zone, second) + 90000, 0, 190000);
		refused += !good;
		arena_done(&arena);
		free(copy);
	}
	assert_true(refused > len);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(decisions_say_what_the_clock_showed),
		cmocka_unit_test(the_c_library_says_the_same),
		cmocka_unit_test(a_naive_clock_says_the_same),
		cmocka_unit_test(footers_are_read_as_the_rfc_says),
		cmocka_unit_test(damaged_files_are_read_or_refused),
	};
	return ROWS_RUN("quiet_hours", rows, run_row, others, COUNT(others));
}
