/* SPDX-License-Identifier: Apache-2.0
 *
 * A `when` that can never hold. It is tried on stated contexts: for each fact that it asks for, on every value
 * that it names and on one that it does not. That is complete as long as the values of one fact are words, at
 * most one of them with `*`, and language ranges lie inside each other or apart; where they do not, nothing is
 * said.
 */
#include "rules/load.h"

#include "proto/time.h"
#include "rules/locale.h"
#include <strings.h>

enum { VALUES = 24, ATTRIBUTES = 4, TRIES = 4096 };

/* Stands in for what `*` covers and for values that nobody names. */
#define OTHER "\x01"

struct choices {
	struct bytes name; /* of an attribute */
	struct bytes value[VALUES];
	size_t count;
	struct bytes starred; /* the one value with `*`, as written */
};

struct contexts {
	/* method, surface, segment, experiment, then locale */
	struct choices fact[5], attribute[ATTRIBUTES], share;
	size_t attribute_count;
	bool unsure;
	struct arena *arena;
};
enum { LOCALE = 4 };

static void add(struct contexts *all, struct choices *to, struct bytes value)
{
	for (size_t i = 0; i < to->count; i++)
		if (bytes_equal(to->value[i], value) && bytes_present(to->value[i]) == bytes_present(value))
			return;
	if (to->count == VALUES)
		all->unsure = true;
	else
		to->value[to->count++] = value;
}

/* The value with OTHER in the place of each star. */
static struct bytes filled(struct contexts *all, struct bytes glob)
{
	char *text = arena_string(all->arena, glob);
	all->unsure |= !text;
	for (char *at = text; at && (at = strchr(at, '*'));)
		*at = OTHER[0];
	return bytes_of(text);
}

static void add_globs(struct contexts *all, struct choices *to, const struct texts *globs)
{
	for (size_t i = 0; i < globs->count; i++) {
		struct bytes glob = globs->at[i];
		if (glob.len == 0) {
			add(all, to, (struct bytes){0});
			continue;
		}
		if (memchr(glob.at, '*', glob.len)) {
			all->unsure |= bytes_present(to->starred) && !bytes_equal(to->starred, glob);
			to->starred = glob;
			glob = filled(all, glob);
		}
		add(all, to, glob);
	}
	if (globs->count)
		add(all, to, BYTES_LITERAL(OTHER OTHER));
}

static struct bytes language_of(struct bytes range)
{
	const char *dash = range.len ? memchr(range.at, '-', range.len) : NULL;
	return (struct bytes){range.at, dash ? (size_t)(dash - range.at) : range.len};
}

static bool same_language(struct bytes a, struct bytes b)
{
	struct bytes left = language_of(a), right = language_of(b);
	return left.len && left.len == right.len && strncasecmp(left.at, right.at, left.len) == 0;
}

static void add_ranges(struct contexts *all, struct choices *to, const struct texts *ranges)
{
	for (size_t i = 0; i < ranges->count; i++) {
		struct bytes range = ranges->at[i];
		char room[LOCALE_MAX];
		if (range.len == 0) {
			add(all, to, (struct bytes){0});
			continue;
		}
		all->unsure |= memchr(range.at, '*', range.len) ||
			       !bytes_present(rules_locale_canonical(range, room));
		for (size_t k = 0; k < to->count; k++) {
			struct bytes other = to->value[k];
			if (same_language(range, other) && !rules_locale_in_range(range, other) &&
			    !rules_locale_in_range(other, range))
				all->unsure = true;
		}
		add(all, to, range);
	}
	if (ranges->count)
		add(all, to, BYTES_LITERAL("zxx"));
}

static struct choices *attribute_of(struct contexts *all, struct bytes name)
{
	for (size_t i = 0; i < all->attribute_count; i++)
		if (bytes_equal(all->attribute[i].name, name))
			return &all->attribute[i];
	if (all->attribute_count == ATTRIBUTES) {
		all->unsure = true;
		return &all->attribute[0];
	}
	all->attribute[all->attribute_count].name = name;
	return &all->attribute[all->attribute_count++];
}

static void collect(struct contexts *all, const struct when *when)
{
	const struct when *any = when->any.at;
	const struct when_attribute *attribute = when->attributes.at;
	add_globs(all, &all->fact[0], &when->method);
	add_globs(all, &all->fact[1], &when->surface);
	add_globs(all, &all->fact[2], &when->segment);
	add_globs(all, &all->fact[3], &when->experiment);
	add_ranges(all, &all->fact[LOCALE], &when->locale);
	for (size_t i = 0; i < when->attributes.count; i++)
		add_globs(all, attribute_of(all, attribute[i].name), &attribute[i].is);
	if (when->share.present) {
		add(all, &all->share, BYTES_LITERAL("first"));
		add(all, &all->share, BYTES_LITERAL("last"));
	}
	for (size_t i = 0; i < when->any.count; i++)
		collect(all, &any[i]);
	if (when->not )
		collect(all, when->not );
}

/* The context of a number, each fact taking a digit of it. */
static struct bytes take(const struct choices *from, size_t *number)
{
	size_t count = from->count ? from->count : 1, digit = *number % count;
	*number /= count;
	return from->count ? from->value[digit] : (struct bytes){0};
}

static bool share_place(void *context, struct bytes id, struct bytes subject, long double *place)
{
	*place = *(const bool *)context ? 0.9999999999L : 0;
	(void)id, (void)subject;
	return true;
}

static bool holds(const struct when *when, const struct contexts *all, size_t number)
{
	struct facts_attribute attribute[ATTRIBUTES];
	struct facts facts = {.session = BYTES_LITERAL("s"),
			      .attributes = attribute,
			      .attribute_count = all->attribute_count};
	facts.method = take(&all->fact[0], &number);
	facts.surface = take(&all->fact[1], &number);
	facts.segment = take(&all->fact[2], &number);
	facts.experiment = take(&all->fact[3], &number);
	facts.locale = take(&all->fact[LOCALE], &number);
	for (size_t i = 0; i < all->attribute_count; i++)
		attribute[i] =
			(struct facts_attribute){all->attribute[i].name, take(&all->attribute[i], &number)};
	bool last = bytes_equal(take(&all->share, &number), BYTES_LITERAL("last"));
	return rules_when_match(when, &facts, BYTES_LITERAL("rule"), share_place, &last) != TRUTH_NO;
}

/* How many contexts there are; above TRIES it does not matter. */
static size_t count_of(const struct contexts *all)
{
	size_t count = all->share.count ? all->share.count : 1;
	for (size_t i = 0; i < KEY_COUNT(all->fact) && count <= TRIES; i++)
		count *= all->fact[i].count ? all->fact[i].count : 1;
	for (size_t i = 0; i < all->attribute_count && count <= TRIES; i++)
		count *= all->attribute[i].count ? all->attribute[i].count : 1;
	return count;
}

static bool may_hold(const struct when *when, struct arena *arena)
{
	struct contexts all = {.arena = arena};
	collect(&all, when);
	size_t count = count_of(&all);
	bool found = all.unsure || count > TRIES;
	for (size_t i = 0; i < count && !found; i++)
		found = holds(when, &all, i);
	return found;
}

void rules_load_check_whens(struct rules_ruleset *ruleset, int64_t now_ns, struct rules_findings *findings)
{
	struct arena arena;
	arena_init(&arena, (size_t)16 * 1024 * 1024);
	for (size_t i = 0; i < ruleset->rule_count; i++) {
		const struct rule *rule = ruleset->rule[i];
		const struct period *period = rule->effective;
		char date[TIME_TEXT_LEN + 1];
		if (rule->mode == RULES_OFF)
			continue;
		if (rule->when && !may_hold(rule->when, &arena))
			rules_findings_add(
				findings, false, rule->spot.file, rule->when->spot.line,
				"rule %.*s: when never holds, whatever a response states; mend it, "
				"or remove the rule",
				BYTES_ARG(rule->head.id));
		if (now_ns && period && period->until.present && period->until.ns <= now_ns) {
			time_format(period->until.ns, date);
			rules_findings_add(
				findings, false, rule->spot.file, period->spot.line,
				"rule %.*s: effective ended on %.10s; it is in force no more; remove "
				"it, or write a later until",
				BYTES_ARG(rule->head.id), date);
		}
		arena_done(&arena);
	}
	arena_done(&arena);
}
