/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/when.h"

#include "rules/locale.h"

static const struct key attribute_keys[] = {
	{.name = "name",
	 .type = KEY_TEXT,
	 .at = offsetof(struct when_attribute, name),
	 .required = true,
	 .help = "name of the attribute"},
	{.name = "is",
	 .type = KEY_TEXTS,
	 .at = offsetof(struct when_attribute, is),
	 .required = true,
	 .help = "its values, as globs; \"\" is an absent attribute"},
};
static const struct keys attribute_table = {attribute_keys, KEY_COUNT(attribute_keys),
					    sizeof(struct when_attribute)};

#define WHEN_TEXTS(field, words)                                                                             \
	{                                                                                                    \
		.name = #field, .type = KEY_TEXTS, .at = offsetof(struct when, field), .help = words         \
	}

static const struct key when_keys[] = {
	WHEN_TEXTS(method, "full method names, as globs"),
	WHEN_TEXTS(surface, "where the ranking is shown, as globs"),
	{.name = "locale",
	 .type = KEY_TEXTS,
	 .at = offsetof(struct when, locale),
	 .check = rules_locale_check_range,
	 .help = "language ranges (RFC 4647)"},
	WHEN_TEXTS(segment, "segments, as globs"),
	WHEN_TEXTS(experiment, "experiment arms, as globs"),
	{.name = "attributes",
	 .type = KEY_GROUPS,
	 .at = offsetof(struct when, attributes),
	 .inner = &attribute_table,
	 .help = "free attributes; all must hold"},
	{.name = "any",
	 .type = KEY_GROUPS,
	 .at = offsetof(struct when, any),
	 .inner = &rules_when_keys,
	 .help = "at least one of these must hold"},
	{.name = "not",
	 .type = KEY_GROUP,
	 .at = offsetof(struct when, not ),
	 .inner = &rules_when_keys,
	 .help = "this must not hold"},
	{.name = "share",
	 .type = KEY_NUMBER,
	 .at = offsetof(struct when, share),
	 .min = 0,
	 .max = 1,
	 .help = "this part of the sessions, the same ones each time"},
};
const struct keys rules_when_keys = {when_keys, KEY_COUNT(when_keys), sizeof(struct when)};

bool rules_glob_match(struct bytes glob, struct bytes text)
{
	/* The last star is the only place to come back to: each star takes as little as it can. */
	size_t g = 0, t = 0, star = SIZE_MAX, taken = 0;
	while (t < text.len) {
		if (g < glob.len && glob.at[g] == '*') {
			star = g++;
			taken = t;
		} else if (g < glob.len && glob.at[g] == text.at[t]) {
			g++;
			t++;
		} else if (star != SIZE_MAX) {
			g = star + 1;
			t = ++taken;
		} else {
			return false;
		}
	}
	while (g < glob.len && glob.at[g] == '*')
		g++;
	return g == glob.len;
}

bool rules_globs_match(const struct texts *globs, struct bytes text)
{
	for (size_t i = 0; i < globs->count; i++)
		if (globs->at[i].len && rules_glob_match(globs->at[i], text))
			return true;
	return false;
}

static bool matches_absent(const struct texts *values)
{
	for (size_t i = 0; i < values->count; i++)
		if (values->at[i].len == 0)
			return true;
	return false;
}

static enum truth match_globs(const struct texts *globs, struct bytes fact)
{
	if (globs->count == 0)
		return TRUTH_YES;
	if (fact.len == 0)
		return matches_absent(globs) ? TRUTH_YES : TRUTH_UNKNOWN;
	return rules_globs_match(globs, fact) ? TRUTH_YES : TRUTH_NO;
}

static enum truth match_locale(const struct texts *ranges, struct bytes fact)
{
	if (ranges->count == 0)
		return TRUTH_YES;
	if (fact.len == 0)
		return matches_absent(ranges) ? TRUTH_YES : TRUTH_UNKNOWN;
	switch (rules_locale_in_ranges(fact, ranges)) {
	case LOCALE_INSIDE:
		return TRUTH_YES;
	case LOCALE_OUTSIDE:
		return TRUTH_NO;
	case LOCALE_MALFORMED:
		break;
	}
	return TRUTH_UNKNOWN;
}

static enum truth both(enum truth a, enum truth b)
{
	return a < b ? a : b;
}

static enum truth either(enum truth a, enum truth b)
{
	return a > b ? a : b;
}

/* Of an attribute that came twice the last one counts, as in a map. */
static struct bytes attribute_of(const struct facts *facts, struct bytes name)
{
	for (size_t i = facts->attribute_count; i > 0; i--)
		if (bytes_equal(facts->attributes[i - 1].name, name))
			return facts->attributes[i - 1].value;
	return (struct bytes){0};
}

static enum truth match_share(const struct number *share, const struct facts *facts, struct bytes rule_id,
			      when_share_fn *place_of, void *context)
{
	long double place;
	if (!share->present)
		return TRUTH_YES;
	struct bytes subject = facts->session.len ? facts->session : facts->user;
	if (subject.len == 0 || !place_of(context, rule_id, subject, &place))
		return TRUTH_UNKNOWN;
	return place < (long double)share->value ? TRUTH_YES : TRUTH_NO;
}

enum truth rules_when_match(const struct when *when, const struct facts *facts, struct bytes rule_id,
			    when_share_fn *share, void *share_context)
{
	enum truth truth = match_globs(&when->method, facts->method);
	truth = both(truth, match_globs(&when->surface, facts->surface));
	truth = both(truth, match_locale(&when->locale, facts->locale));
	truth = both(truth, match_globs(&when->segment, facts->segment));
	truth = both(truth, match_globs(&when->experiment, facts->experiment));
	const struct when_attribute *attribute = when->attributes.at;
	for (size_t i = 0; i < when->attributes.count && truth != TRUTH_NO; i++)
		truth = both(truth, match_globs(&attribute[i].is, attribute_of(facts, attribute[i].name)));
	if (truth != TRUTH_NO)
		truth = both(truth, match_share(&when->share, facts, rule_id, share, share_context));
	const struct when *any = when->any.at;
	enum truth one = when->any.count ? TRUTH_NO : TRUTH_YES;
	for (size_t i = 0; i < when->any.count && truth != TRUTH_NO; i++)
		one = either(one, rules_when_match(&any[i], facts, rule_id, share, share_context));
	truth = both(truth, one);
	if (when->not &&truth != TRUTH_NO)
		truth = both(truth, (enum truth)(TRUTH_YES - rules_when_match(when->not, facts, rule_id,
									      share, share_context)));
	return truth;
}

uint64_t rules_when_facts(const struct when *when)
{
	const struct {
		const struct texts *values;
		enum proto_fact fact;
	} asked[] = {
		{&when->surface, FACT_SURFACE},
		{&when->locale, FACT_LOCALE},
		{&when->segment, FACT_SEGMENT},
		{&when->experiment, FACT_EXPERIMENT},
	};
	const struct when *any = when->any.at;
	uint64_t facts = when->attributes.count ? FACT_BIT(FACT_ATTRIBUTES) : 0;
	for (size_t i = 0; i < KEY_COUNT(asked); i++)
		if (asked[i].values->count && !matches_absent(asked[i].values))
			facts |= FACT_BIT(asked[i].fact);
	for (size_t i = 0; i < when->any.count; i++)
		facts |= rules_when_facts(&any[i]);
	return facts | (when->not ? rules_when_facts(when->not ) : 0);
}

static bool is_empty(const struct when *when)
{
	return !when->method.count && !when->surface.count && !when->locale.count && !when->segment.count &&
	       !when->experiment.count && !when->attributes.count && !when->any.count &&
	       !when->not &&!when->share.present;
}

void rules_when_check(const struct reader *reader, const struct when *when)
{
	if (is_empty(when))
		rules_keys_complain(reader, when->spot.line,
				    "a group of \"when\" has no condition; name at least one, or remove it");
	const struct when *any = when->any.at;
	for (size_t i = 0; i < when->any.count; i++)
		rules_when_check(reader, &any[i]);
	if (when->not )
		rules_when_check(reader, when->not );
}
