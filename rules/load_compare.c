/* SPDX-License-Identifier: Apache-2.0
 *
 * Rules that say what another one says: duplicates, and limits that are never reached because another rule of
 * the kind allows less wherever they apply. What a key's smaller or larger value means stands in its table.
 */
#include "rules/load.h"

#include "rules/effective.h"
#include <errno.h>

/* A rule with its values as texts, to be compared with many others. */
struct said {
	const struct rule *rule;
	struct bytes *value; /* by key of the kind; absent where it has none */
	struct bytes when, effective;
	bool shared; /* a share stands in `when`: the same words choose other subjects in another rule */
};

static struct bytes text_of(const struct key *key, const void *base, struct arena *arena, bool *full)
{
	const void *at = (const char *)base + key->at;
	struct buf buf = {0};
	struct bytes text = {0};
	if (!rules_effective_has(key, at))
		return text;
	rules_effective_value(key, at, &buf);
	text = arena_copy(arena, buf_bytes(&buf));
	*full |= buf.failed || !bytes_present(text);
	buf_done(&buf);
	return text;
}

static bool asks_share(const struct when *when)
{
	const struct when *any = when->any.at;
	bool asks = when->share.present || (when->not &&asks_share(when->not ));
	for (size_t i = 0; i < when->any.count; i++)
		asks |= asks_share(&any[i]);
	return asks;
}

static void say(const struct rule *rule, struct arena *arena, struct said *said, bool *full)
{
	const struct keys *keys = &rule->kind->keys;
	*said = (struct said){.rule = rule, .shared = rule->when && asks_share(rule->when)};
	said->value = arena_zalloc(arena, keys->count + 1, sizeof *said->value);
	*full |= !said->value;
	for (size_t i = 0; i < keys->count && !*full; i++)
		said->value[i] = text_of(&keys->key[i], rule->settings, arena, full);
	for (size_t i = 0; i < rules_rule_keys.count && !*full; i++) {
		const struct key *key = &rules_rule_keys.key[i];
		if (strcmp(key->name, "when") == 0)
			said->when = text_of(key, rule, arena, full);
		if (strcmp(key->name, "effective") == 0)
			said->effective = text_of(key, rule, arena, full);
	}
}

static bool same(struct bytes a, struct bytes b)
{
	return bytes_present(a) == bytes_present(b) && bytes_equal(a, b);
}

/* The value of a NUMBER, WHOLE or DURATION. */
static bool number_of(const struct key *key, const void *settings, double *value)
{
	const void *at = (const char *)settings + key->at;
	const struct number *number = at;
	const struct moment *moment = at;
	bool duration = key->type == KEY_DURATION;
	*value = duration ? (double)moment->ns : number->value;
	return duration ? moment->present : number->present;
}

/* Does the second rule's value allow no more than the first one's? */
static bool no_looser(const struct key *key, const struct rule *rule, const struct rule *other)
{
	double value, tight;
	if (!number_of(key, rule->settings, &value))
		return true;
	if (!number_of(key, other->settings, &tight))
		return false;
	return key->tighter == TIGHTER_SMALL ? tight <= value : tight >= value;
}

/* Does the second one apply wherever the first one does? */
static bool covers(const struct said *said, const struct said *other)
{
	bool when = !bytes_present(other->when) || (same(said->when, other->when) && !said->shared);
	return when && (!bytes_present(other->effective) || same(said->effective, other->effective));
}

static bool equal(const struct said *said, const struct said *other)
{
	const struct rule *a = said->rule, *b = other->rule;
	bool good = !said->shared && same(said->when, other->when) &&
		    same(said->effective, other->effective) && a->mode == b->mode &&
		    a->head.action == b->head.action && a->head.on_unknown == b->head.on_unknown;
	for (size_t i = 0; i < a->kind->keys.count && good; i++)
		good = same(said->value[i], other->value[i]);
	return good;
}

/* Whatever the first one finds, the second one finds as well, and does at least as much. */
static bool shadows(const struct said *said, const struct said *other)
{
	const struct rule *a = said->rule, *b = other->rule;
	bool good = b->mode == RULES_ENFORCE && covers(said, other) && b->head.action >= a->head.action &&
		    b->head.on_unknown >= a->head.on_unknown;
	for (size_t i = 0; i < a->kind->keys.count && good; i++) {
		const struct key *key = &a->kind->keys.key[i];
		good = same(said->value[i], other->value[i]) ||
		       (key->tighter != TIGHTER_NOT && no_looser(key, a, b)) ||
		       (key->narrows && !bytes_present(other->value[i]));
	}
	return good;
}

static void warn(struct rules_findings *findings, const struct rule *rule, const struct rule *other,
		 const char *before, const char *after)
{
	rules_findings_add(findings, false, rule->spot.file, rule->head.line,
			   "rule %.*s: %s rule %.*s (%s:%u)%s", BYTES_ARG(rule->head.id), before,
			   BYTES_ARG(other->head.id), other->spot.file, other->head.line, after);
}

static void compare(const struct said *said, size_t at, size_t count, struct rules_findings *findings)
{
	const struct rule *rule = said[at].rule;
	for (size_t i = 0; i < count; i++) {
		const struct rule *other = said[i].rule;
		if (i == at || other->kind != rule->kind || other->mode == RULES_OFF)
			continue;
		if (equal(&said[at], &said[i])) {
			if (i < at) {
				warn(findings, rule, other, "says the same as", "; remove one of them");
				return;
			}
		} else if (shadows(&said[at], &said[i])) {
			warn(findings, rule, other, "never decides:",
			     " allows no more wherever it applies; remove it, or make it tighter");
			return;
		}
	}
}

void rules_load_check_against(struct rules_ruleset *ruleset, struct rules_findings *findings)
{
	struct arena arena;
	bool full = false;
	arena_init(&arena, (size_t)64 * 1024 * 1024);
	struct said *said = arena_array(&arena, ruleset->rule_count + 1, sizeof *said);
	for (size_t i = 0; said && i < ruleset->rule_count && !full; i++)
		say(ruleset->rule[i], &arena, &said[i], &full);
	if (!said || full)
		rules_findings_fail(findings, ruleset->sources.at[0].path, strerror(ENOMEM));
	for (size_t i = 0; said && i < ruleset->rule_count && !full; i++)
		if (said[i].rule->mode != RULES_OFF)
			compare(said, i, ruleset->rule_count, findings);
	arena_done(&arena);
}
