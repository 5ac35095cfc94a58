/* SPDX-License-Identifier: Apache-2.0
 *
 * Time is a signed 64-bit count of nanoseconds since 1970-01-01T00:00:00Z without leap seconds. No
 * library reads a clock: time is injected. Durations are nanoseconds too.
 */
#ifndef PROTO_TIME_H
#define PROTO_TIME_H

#include "proto/bytes.h"
#include "proto/err.h"
#include <stdint.h>

#define TIME_SECOND INT64_C(1000000000)
#define TIME_MINUTE (60 * TIME_SECOND)
#define TIME_HOUR   (60 * TIME_MINUTE)
#define TIME_DAY    (24 * TIME_HOUR)

enum { TIME_TEXT_LEN = 30 }; /* 2026-11-23T10:00:00.000000000Z */

/* RFC 3339 with nine digits and Z: always TIME_TEXT_LEN characters for years 1970..2261; NUL follows. */
void time_format(int64_t time_ns, char text[TIME_TEXT_LEN + 1]);

/* RFC 3339 date-time with any number of fraction digits up to nine and any offset, or a full-date alone
 * (midnight UTC). */
MUST_USE bool time_parse(struct bytes text, int64_t *time_ns, struct err *err);

/* `500ms 90s 30m 24h 7d`: a positive whole number and one unit; at most 100 years. */
MUST_USE bool time_parse_duration(struct bytes text, int64_t *duration_ns, struct err *err);

/* The same text form back, in the largest unit that divides: "30m". */
void time_format_duration(int64_t duration_ns, char text[32]);

#endif
