/* SPDX-License-Identifier: Apache-2.0
 *
 * One time zone out of a TZif file (RFC 8536, versions 1 to 4): how far local time is ahead of UTC.
 */
#ifndef RULES_TZIF_H
#define RULES_TZIF_H

#include "proto/arena.h"
#include <stdint.h>

/* When the footer's rule changes the clock, each year (RFC 8536 section 3.3.1, POSIX TZ). */
struct tzif_change {
	enum { TZIF_JULIAN, TZIF_DAY, TZIF_MONTH } form; /* Jn, n, Mm.w.d */
	int month, week, day;
	int32_t time; /* seconds after midnight, -167 h to 167 h */
};

struct tzif {
	int64_t *at;	 /* UTC seconds of each change, ascending */
	int32_t *offset; /* from at[i] on: seconds ahead of UTC */
	size_t count;
	int32_t before; /* before the first change */

	/* the rule for all time after the last change */
	bool has_rule, has_summer;
	int32_t standard, summer;
	struct tzif_change to_summer, to_standard;
};

/* Reads a whole file into the arena. False: it is none, or memory is short; *zone is as it was. */
MUST_USE bool rules_tzif_read(struct bytes file, struct arena *arena, struct tzif *zone);

/* Seconds ahead of UTC at that instant. */
int32_t rules_tzif_offset(const struct tzif *zone, int64_t utc_seconds);

#endif
