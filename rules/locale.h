/* SPDX-License-Identifier: Apache-2.0
 *
 * Language tags (BCP 47) and language ranges (RFC 4647). ICU canonicalises tags; its C API has no lookup
 * and no filtering, so those are ours.
 */
#ifndef RULES_LOCALE_H
#define RULES_LOCALE_H

#include "proto/arena.h"
#include "rules/keys.h"

enum { LOCALE_MAX = 160 }; /* bytes of a canonical tag */

/* The canonical form of a tag ("EN-gb" -> "en-GB", "iw" -> "he"), in `room`. at == NULL when the tag is
 * malformed: ICU's parse must take the whole of it. */
struct bytes rules_locale_canonical(struct bytes tag, char room[LOCALE_MAX]);

/* RFC 4647, 3.3.2 extended filtering: "en" covers "en-GB", "de-*" = "de", "*-CH" covers "de-CH". */
bool rules_locale_in_range(struct bytes canonical, struct bytes range);

enum locale_match { LOCALE_OUTSIDE, LOCALE_INSIDE, LOCALE_MALFORMED };

/* Any of the ranges. A tag that is absent is outside; one that is malformed says so. */
enum locale_match rules_locale_in_ranges(struct bytes tag, const struct texts *ranges);

/* The next shorter tag of RFC 4647, 3.4 lookup: "zh-Hant-x-a" -> "zh-Hant"; len == 0 at the end. */
struct bytes rules_locale_truncate(struct bytes canonical);

/* RFC 4647, 3.4 lookup with one answer: does a text in `own` serve who asked for `request`? The request is
 * truncated until it equals `own`, or own's language with its script if it has one: "en-GB" serves "en-US",
 * "zh-Hans" does not serve "zh-Hant-TW". Both canonical. */
bool rules_locale_serves(struct bytes request, struct bytes own);

/* Checks for key tables. */
bool rules_locale_check_range(struct bytes range, struct err *err);
bool rules_locale_check_tag(struct bytes tag, struct err *err);

#endif
