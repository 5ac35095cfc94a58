/* SPDX-License-Identifier: Apache-2.0
 *
 * prompt_quiet_hours: no prompts between two times of the user's day. Where `from` is later than `to` the
 * hours go on after midnight, and belong to the day on which they began.
 *
 * What the clock on the wall shows decides: a changed clock makes quiet hours longer or shorter.
 */
#include "rules/checks.h"
#include "rules/frequency.h"
#include "rules/loaded.h"
#include <errno.h>

struct settings {
	struct frequency_settings common; /* per response: needs no history */
	struct bytes from, to, zone, default_zone;
	uint32_t days; /* of words; 0: all */
	int from_minute, to_minute;
	bool of_user;
	const struct tzif *named, *otherwise; /* NULL: none */
};

enum { WEEK = 7, DAY_MINUTES = 24 * 60, DAY_SECONDS = 86400 };

static const char *day_word(unsigned n)
{
	static const char *const words[] = {"mon",	"tue",	  "wed",      "thu",	 "fri",
					    "sat",	"sun",	  "monday",   "tuesday", "wednesday",
					    "thursday", "friday", "saturday", "sunday"};
	return n < KEY_COUNT(words) ? words[n] : NULL;
}

/* Minutes after midnight of "22:30"; -1: it is none. "24:00" is the end of a day. */
static int minute_of(struct bytes text)
{
	int digit[4];
	if (text.len != 5 || text.at[2] != ':')
		return -1;
	for (size_t i = 0; i < 4; i++) {
		digit[i] = text.at[i + (i > 1)] - '0';
		if (digit[i] < 0 || digit[i] > 9)
			return -1;
	}
	int minute = (digit[0] * 10 + digit[1]) * 60 + digit[2] * 10 + digit[3];
	return digit[2] < 6 && minute <= DAY_MINUTES ? minute : -1;
}

static bool check_time(struct bytes value, struct err *err)
{
	return minute_of(value) >= 0 ||
	       err_set(err, "is \"%.*s\"; it must be a time of day, as in \"22:30\"", BYTES_ARG(value));
}

static const struct key keys[] = {
	{.name = "from",
	 .type = KEY_TEXT,
	 .at = offsetof(struct settings, from),
	 .required = true,
	 .limits = true,
	 .check = check_time,
	 .help = "when quiet hours begin, as \"22:30\""},
	{.name = "to",
	 .type = KEY_TEXT,
	 .at = offsetof(struct settings, to),
	 .required = true,
	 .limits = true,
	 .check = check_time,
	 .help = "when prompts are fine again; on the next day when it is not later than `from`"},
	{.name = "days",
	 .type = KEY_WORDS,
	 .at = offsetof(struct settings, days),
	 .limits = true,
	 .word = day_word,
	 .help = "days on which quiet hours begin; all when not given"},
	{.name = "zone",
	 .type = KEY_TEXT,
	 .at = offsetof(struct settings, zone),
	 .required = true,
	 .limits = true,
	 .check = rules_check_filled,
	 .help = "\"user\": the zone of the request; or the name of a zone, as \"Europe/Berlin\""},
	{.name = "default_zone",
	 .type = KEY_TEXT,
	 .at = offsetof(struct settings, default_zone),
	 .limits = true,
	 .check = rules_check_filled,
	 .help = "the zone of users whose own is not known"},
};

static const struct tzif *find_zone(struct loading *loading, const struct rule *rule, const char *key,
				    struct bytes name)
{
	const struct tzif *zone = rules_zones_find(loading->zones, name);
	struct suggestion near = {.word = name};
	if (zone || !bytes_present(name))
		return zone;
	rules_zones_suggest(loading->zones, &near);
	if (bytes_present(near.best))
		rules_keys_complain(&loading->reader, rule->head.line,
				    "%s \"%.*s\" is not a time zone; did you mean \"%.*s\"?", key,
				    BYTES_ARG(name), BYTES_ARG(near.best));
	else
		rules_keys_complain(&loading->reader, rule->head.line,
				    "%s \"%.*s\" is not a time zone; write it as \"Europe/Berlin\"", key,
				    BYTES_ARG(name));
	return NULL;
}

static void check(struct loading *loading, struct rule *rule)
{
	struct settings *settings = rule->settings;
	const struct reader *reader = &loading->reader;
	settings->from_minute = minute_of(settings->from);
	settings->to_minute = minute_of(settings->to);
	settings->of_user = bytes_equal(settings->zone, BYTES_LITERAL("user"));
	if (settings->from_minute == DAY_MINUTES)
		rules_keys_complain(reader, rule->head.line, "from is \"24:00\"; write \"00:00\"");
	if (settings->from_minute == settings->to_minute)
		rules_keys_complain(reader, rule->head.line,
				    "from and to are the same time; for whole days write \"00:00\" and "
				    "\"24:00\"");
	if (!settings->of_user && bytes_present(settings->default_zone))
		rules_keys_complain(reader, rule->head.line,
				    "default_zone has no meaning unless zone = \"user\"; remove it");
	if (!rules_zones_read(loading->zones, RULES_ZONEINFO, reader->arena)) {
		rules_findings_fail(reader->findings, reader->file, strerror(ENOMEM));
		return;
	}
	if (loading->zones->count == 0) {
		rules_keys_complain(reader, rule->head.line,
				    "there are no time zones in " RULES_ZONEINFO "; install tzdata");
		return;
	}
	if (!settings->of_user)
		settings->named = find_zone(loading, rule, "zone", settings->zone);
	settings->otherwise = find_zone(loading, rule, "default_zone", settings->default_zone);
}

/* The zone whose clock decides; NULL: not known. *name: of it. */
static const struct tzif *zone_of(const struct settings *settings, const struct rules_work *work,
				  struct bytes *name)
{
	const struct tzif *zone = settings->named;
	*name = settings->zone;
	if (zone)
		return zone;
	*name = work->facts->time_zone;
	zone = rules_zones_find(&work->ruleset->zones, work->facts->time_zone);
	if (!zone)
		*name = settings->default_zone;
	return zone ? zone : settings->otherwise;
}

static bool is_day(const struct settings *settings, int day)
{
	uint32_t days = settings->days | settings->days >> WEEK;
	return settings->days == 0 || days >> day & 1;
}

/* day: 0 is Monday */
static bool is_quiet(const struct settings *settings, int day, int minute)
{
	int from = settings->from_minute, to = settings->to_minute;
	if (from < to)
		return minute >= from && minute < to && is_day(settings, day);
	return (minute >= from && is_day(settings, day)) ||
	       (minute < to && is_day(settings, (day + WEEK - 1) % WEEK));
}

static void judge(const struct rule *rule, struct rules_work *work, size_t prompt)
{
	struct bytes name;
	const struct settings *settings = rule->settings;
	const struct tzif *zone = zone_of(settings, work, &name);
	struct finding finding = rules_frequency_finding(rule, work, prompt, 0);
	int64_t second = work->now_ns / 1000000000 - (work->now_ns % 1000000000 < 0);
	finding.tightness = rules_frequency_tightness(0);
	if (!zone) {
		finding.verdict = RULES_UNKNOWN;
		finding.action = rule->head.on_unknown;
		finding.observed = bytes_present(work->facts->time_zone)
					   ? BYTES_LITERAL("the time zone is not known")
					   : BYTES_LITERAL("no time zone");
		rules_work_find(work, finding);
		return;
	}
	second += rules_tzif_offset(zone, second);
	int64_t days = second / DAY_SECONDS - (second % DAY_SECONDS < 0);
	int minute = (int)((second - days * DAY_SECONDS) / 60);
	int day = (int)(((days + 3) % WEEK + WEEK) % WEEK); /* 1970-01-01 was a Thursday */
	if (!is_quiet(settings, day, minute))
		return;
	finding.observed = rules_work_text(work, "%02d:%02d on %s in %.*s", minute / 60, minute % 60,
					   day_word((unsigned)(WEEK + day)), BYTES_ARG(name));
	rules_work_find(work, finding);
}

static void evaluate(const struct rule *rule, struct rules_work *work)
{
	rules_frequency_each(rule, work, judge);
}

static uint64_t also(const struct rule *rule)
{
	const struct settings *settings = rule->settings;
	return settings->of_user && !settings->otherwise ? FACT_BIT(FACT_TIME_ZONE) : 0;
}

const struct kind rules_prompt_quiet_hours = {
	.name = "prompt_quiet_hours",
	.help = "no prompts between two times of the user's day",
	.example = "from = \"22:00\"; to = \"07:00\"; zone = \"user\"; default_zone = \"Europe/Berlin\";\n"
		   "  reason = \"Nobody is asked at night.\";",
	.step = STEP_FREQUENCY,
	.keys = {keys, KEY_COUNT(keys), sizeof(struct settings)},
	.concerns = FACT_BIT(FACT_PROMPTS),
	.also = also,
	.actions = {RULES_SUPPRESS, RULES_FLAG},
	.on_unknown = {RULES_SUPPRESS, RULES_FLAG},
	.check = check,
	.evaluate = evaluate,
};
