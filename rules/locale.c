/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/locale.h"

#include <unicode/uloc.h>

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool same_letters(struct bytes a, struct bytes b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if ((is_alpha(a.at[i]) ? a.at[i] | 0x20 : a.at[i]) !=
		    (is_alpha(b.at[i]) ? b.at[i] | 0x20 : b.at[i]))
			return false;
	return true;
}

static bool is_renamed(const char *codes, const char *code)
{
	for (; *codes; codes += 2)
		if (codes[0] == code[0] && codes[1] == code[1])
			return true;
	return false;
}

/* "en" and "en-GB", written as they should be: most tags of most responses. All but the old codes of ISO
 * 639 and 3166 are canonical already; a test holds this against ICU for all pairs of letters. */
static bool is_plain(struct bytes tag)
{
	if (tag.len < 2 || !is_lower(tag.at[0]) || !is_lower(tag.at[1]) || is_renamed("iniwjijwmo", tag.at))
		return false;
	return tag.len == 2 || (tag.len == 5 && tag.at[2] == '-' && is_upper(tag.at[3]) &&
				is_upper(tag.at[4]) && !is_renamed("BUDDFXTPYDZR", tag.at + 3));
}

struct bytes rules_locale_canonical(struct bytes tag, char room[LOCALE_MAX])
{
	char text[LOCALE_MAX], id[ULOC_FULLNAME_CAPACITY];
	UErrorCode status = U_ZERO_ERROR;
	int32_t parsed = 0;
	if (tag.len == 0 || tag.len >= sizeof text || memchr(tag.at, '\0', tag.len))
		return (struct bytes){0};
	memcpy(text, tag.at, tag.len);
	text[tag.len] = '\0';
	if (is_plain(tag)) {
		memcpy(room, text, tag.len + 1);
		return (struct bytes){room, tag.len};
	}
	uloc_forLanguageTag(text, id, sizeof id, &parsed, &status);
	if (U_FAILURE(status) || status == U_STRING_NOT_TERMINATED_WARNING || (size_t)parsed != tag.len)
		return (struct bytes){0};
	int32_t len = uloc_toLanguageTag(id, room, LOCALE_MAX, true, &status);
	if (U_FAILURE(status) || status == U_STRING_NOT_TERMINATED_WARNING || len <= 0)
		return (struct bytes){0};
	return (struct bytes){room, (size_t)len};
}

/* Takes the subtag in front; at == NULL behind the last. */
static struct bytes take_subtag(struct bytes *rest)
{
	if (!bytes_present(*rest))
		return (struct bytes){0};
	const char *dash = rest->len ? memchr(rest->at, '-', rest->len) : NULL;
	struct bytes subtag = {rest->at, dash ? (size_t)(dash - rest->at) : rest->len};
	*rest = dash ? (struct bytes){dash + 1, rest->len - subtag.len - 1} : (struct bytes){0};
	return subtag;
}

bool rules_locale_in_range(struct bytes canonical, struct bytes range)
{
	struct bytes tag = take_subtag(&canonical), want = take_subtag(&range);
	if (!bytes_equal(want, BYTES_LITERAL("*")) && !same_letters(tag, want))
		return false;
	tag = take_subtag(&canonical);
	for (want = take_subtag(&range); bytes_present(want);) {
		if (bytes_equal(want, BYTES_LITERAL("*"))) {
			want = take_subtag(&range);
			continue;
		}
		if (!bytes_present(tag))
			return false;
		if (same_letters(tag, want))
			want = take_subtag(&range);
		else if (tag.len == 1)
			return false; /* an extension or private use begins */
		tag = take_subtag(&canonical);
	}
	return true;
}

enum locale_match rules_locale_in_ranges(struct bytes tag, const struct texts *ranges)
{
	char room[LOCALE_MAX];
	if (tag.len == 0)
		return LOCALE_OUTSIDE;
	struct bytes canonical = rules_locale_canonical(tag, room);
	if (!bytes_present(canonical))
		return LOCALE_MALFORMED;
	for (size_t i = 0; i < ranges->count; i++)
		if (ranges->at[i].len && rules_locale_in_range(canonical, ranges->at[i]))
			return LOCALE_INSIDE;
	return LOCALE_OUTSIDE;
}

struct bytes rules_locale_truncate(struct bytes canonical)
{
	size_t len = canonical.len;
	while (len && canonical.at[len - 1] != '-')
		len--;
	len = len ? len - 1 : 0;
	/* a single letter in front of what was cut goes with it */
	if (len >= 2 && canonical.at[len - 2] == '-')
		len -= 2;
	return (struct bytes){canonical.at, len};
}

/* "zh-Hant-TW" -> "zh-Hant", "en-GB" -> "en" */
static struct bytes language_and_script(struct bytes canonical)
{
	struct bytes rest = canonical, language = take_subtag(&rest), script = take_subtag(&rest);
	bool has_script = script.len == 4 && is_alpha(script.at[0]);
	return (struct bytes){canonical.at, language.len + (has_script ? 1 + script.len : 0)};
}

bool rules_locale_serves(struct bytes request, struct bytes own)
{
	struct bytes core = language_and_script(own);
	for (; request.len; request = rules_locale_truncate(request))
		if (bytes_equal(request, own) || bytes_equal(request, core))
			return true;
	return false;
}

/* RFC 4647, 2.2: subtags of 1 to 8 letters and digits (the first: letters), or "*". */
static bool is_range(struct bytes range)
{
	struct bytes subtag = take_subtag(&range);
	for (bool first = true; bytes_present(subtag); first = false, subtag = take_subtag(&range)) {
		bool star = bytes_equal(subtag, BYTES_LITERAL("*"));
		if (subtag.len == 0 || subtag.len > 8)
			return false;
		for (size_t i = 0; i < subtag.len && !star; i++)
			if (!is_alpha(subtag.at[i]) && (first || subtag.at[i] < '0' || subtag.at[i] > '9'))
				return false;
	}
	return true;
}

bool rules_locale_check_range(struct bytes range, struct err *err)
{
	char room[LOCALE_MAX];
	if (range.len == 0 || is_range(range)) /* "" stands for an absent locale where that is allowed */
		return true;
	/* "en*", "en_GB": what was meant is plain */
	size_t len = 0;
	for (size_t i = 0; i < range.len && len < sizeof room; i++) {
		char c = range.at[i] == '_' ? '-' : range.at[i];
		if (c != '*' || len == 0 || room[len - 1] == '-')
			room[len++] = c;
	}
	struct bytes meant = {room, len};
	if (len && len < sizeof room && is_range(meant))
		return err_set(err, "is \"%.*s\", which is not a language range; did you mean \"%.*s\"?",
			       BYTES_ARG(range), BYTES_ARG(meant));
	return err_set(
		err, "is \"%.*s\", which is not a language range; write it as \"en\", \"pt-BR\" or \"*-CH\"",
		BYTES_ARG(range));
}

bool rules_locale_check_tag(struct bytes tag, struct err *err)
{
	char room[LOCALE_MAX];
	if (bytes_present(rules_locale_canonical(tag, room)))
		return true;
	return err_set(err, "is \"%.*s\", which is not a language tag; write it as \"en\" or \"pt-BR\"",
		       BYTES_ARG(tag));
}
