/* SPDX-License-Identifier: Apache-2.0
 *
 * rankguard-rules diff: what changed between two rulesets, by rule and by text. Values are compared as the
 * key tables write them, so that defaults, file names, order and comments make no difference.
 */
#include "rules/effective.h"
#include "rules/loaded.h"
#include "rules/tool.h"

#include <stdlib.h>

struct diff {
	struct buf *out;
	bool json;
	size_t count;
	struct arena arena;
};

/* --- one value --- */

static int by_bytes(const void *left, const void *right)
{
	return bytes_compare(*(const struct bytes *)left, *(const struct bytes *)right);
}

static struct bytes *sorted(struct diff *diff, const struct texts *texts)
{
	struct bytes *copy = arena_zalloc(&diff->arena, texts->count, sizeof *copy);
	if (copy && texts->count) {
		memcpy(copy, texts->at, texts->count * sizeof *copy);
		qsort(copy, texts->count, sizeof *copy, by_bytes);
	}
	return copy;
}

static void member(struct buf *out, const char *key, const char *what, struct bytes text)
{
	struct buf shown = {0};
	json_string(&shown, text);
	buf_printf(out, "  %s: %s %.*s\n", key, what, BYTES_ARG(buf_bytes(&shown)));
	out->failed |= shown.failed;
	buf_done(&shown);
}

/* Of a list that may be long, what came and what went. False: nothing did, only the order changed. */
static bool members(struct diff *diff, const struct key *key, const struct texts *from,
		    const struct texts *to, struct buf *out)
{
	struct bytes *a = sorted(diff, from), *b = sorted(diff, to);
	bool any = false;
	out->failed |= !a || !b;
	for (size_t i = 0, j = 0; a && b && (i < from->count || j < to->count);) {
		int order = i == from->count ? 1 : j == to->count ? -1 : bytes_compare(a[i], b[j]);
		if (order < 0)
			member(out, key->name, "removed", a[i]);
		else if (order > 0)
			member(out, key->name, "added", b[j]);
		any |= order != 0;
		i += order <= 0;
		j += order >= 0;
	}
	return any;
}

/* "null" or "nothing" where there is no value. */
static void show(const struct key *key, const void *base, const char *none, struct buf *out)
{
	const void *at = base ? (const char *)base + key->at : NULL;
	if (at && rules_effective_has(key, at))
		rules_effective_value(key, at, out);
	else
		buf_add_text(out, none);
}

/* One line, or one object of a list. */
static void change(bool json, const char *key, const struct buf *from, const struct buf *to, struct buf *out)
{
	if (!json) {
		buf_printf(out, "%s: ", key);
		buf_add_bytes(out, buf_bytes(from));
		buf_add_text(out, " -> ");
		buf_add_bytes(out, buf_bytes(to));
		buf_add_text(out, "\n");
		return;
	}
	json_open(out, '{');
	json_key(out, "key");
	json_text(out, key);
	json_key(out, "from");
	buf_add_bytes(out, buf_bytes(from));
	json_key(out, "to");
	buf_add_bytes(out, buf_bytes(to));
	json_close(out, '}');
}

static void diff_key(struct diff *diff, const struct key *key, const void *a, const void *b, struct buf *out)
{
	struct buf from = {0}, to = {0};
	const char *none = diff->json ? "null" : "nothing";
	show(key, a, none, &from);
	show(key, b, none, &to);
	out->failed |= from.failed || to.failed;
	bool same = bytes_equal(buf_bytes(&from), buf_bytes(&to));
	bool listed = !same && !diff->json && key->type == KEY_TEXTS && a && b &&
		      members(diff, key, (const void *)((const char *)a + key->at),
			      (const void *)((const char *)b + key->at), out);
	if (!same && !listed) {
		buf_add_text(out, diff->json ? "" : "  ");
		change(diff->json, key->name, &from, &to, out);
	}
	buf_done(&from);
	buf_done(&to);
}

/* a, b: NULL when that side has no such keys. */
static void diff_keys(struct diff *diff, const struct keys *keys, const void *a, const void *b,
		      struct buf *out)
{
	for (size_t i = 0; i < keys->count; i++)
		diff_key(diff, &keys->key[i], a, b, out);
}

/* --- rules and texts --- */

/* What the two have in common: how a thing is called, and what of it changed. */
struct thing {
	const char *noun;	     /* "rule" */
	struct bytes id, of;	     /* of: kind or locale */
	const char *of_key, *change; /* "added", "removed", "changed" */
};

static void say(struct diff *diff, const struct thing *thing, const struct buf *keys)
{
	struct buf *out = diff->out;
	diff->count++;
	out->failed |= keys && keys->failed;
	if (!diff->json) {
		buf_printf(out, "%s %.*s (%.*s): %s\n", thing->noun, BYTES_ARG(thing->id),
			   BYTES_ARG(thing->of), thing->change);
		if (keys)
			buf_add_bytes(out, buf_bytes(keys));
		return;
	}
	json_open(out, '{');
	json_key(out, "id");
	json_string(out, thing->id);
	json_key(out, thing->of_key);
	json_string(out, thing->of);
	json_key(out, "change");
	json_text(out, thing->change);
	json_key(out, "keys");
	buf_add_text(out, "[");
	if (keys)
		buf_add_bytes(out, buf_bytes(keys));
	buf_add_text(out, "]}");
}

static void say_changed(struct diff *diff, struct thing thing, struct buf *keys)
{
	thing.change = "changed";
	if (keys->len || keys->failed)
		say(diff, &thing, keys);
	buf_done(keys);
}

static struct thing rule_thing(const struct rule *rule, const char *what)
{
	return (struct thing){"rule", rule->head.id, bytes_of(rule->kind->name), "kind", what};
}

static void diff_rule(struct diff *diff, const struct rule *a, const struct rule *b)
{
	struct buf keys = {0};
	diff_keys(diff, &rules_rule_keys, a, b, &keys);
	if (a->kind == b->kind) {
		diff_keys(diff, &a->kind->keys, a->settings, b->settings, &keys);
	} else {
		diff_keys(diff, &a->kind->keys, a->settings, NULL, &keys);
		diff_keys(diff, &b->kind->keys, NULL, b->settings, &keys);
	}
	say_changed(diff, rule_thing(b, NULL), &keys);
}

static void diff_rules(struct diff *diff, const struct rules_ruleset *a, const struct rules_ruleset *b)
{
	for (size_t i = 0, j = 0; i < a->rule_count || j < b->rule_count;) {
		int order = i == a->rule_count	 ? 1
			    : j == b->rule_count ? -1
						 : bytes_compare(a->rule[i]->head.id, b->rule[j]->head.id);
		struct thing thing =
			order < 0 ? rule_thing(a->rule[i], "removed") : rule_thing(b->rule[j], "added");
		if (order == 0)
			diff_rule(diff, a->rule[i], b->rule[j]);
		else
			say(diff, &thing, NULL);
		i += order <= 0;
		j += order >= 0;
	}
}

static struct thing text_thing(const struct text *text, const char *what)
{
	return (struct thing){"text", text->id, text->locale, "locale", what};
}

static int by_place(const struct text *a, const struct text *b)
{
	int order = bytes_compare(a->id, b->id);
	return order ? order : bytes_compare(a->locale, b->locale);
}

static void diff_texts(struct diff *diff, const struct catalogue *a, const struct catalogue *b)
{
	for (size_t i = 0, j = 0; i < a->count || j < b->count;) {
		int order = i == a->count ? 1 : j == b->count ? -1 : by_place(a->text[i], b->text[j]);
		struct buf keys = {0};
		struct thing thing =
			order < 0 ? text_thing(a->text[i], "removed") : text_thing(b->text[j], "added");
		if (order == 0) {
			diff_keys(diff, &rules_text_keys, a->text[i], b->text[j], &keys);
			say_changed(diff, thing, &keys);
		} else {
			say(diff, &thing, NULL);
		}
		i += order <= 0;
		j += order >= 0;
	}
}

/* --- the whole --- */

static void show_head(const struct diff *diff, struct bytes value, struct buf *out)
{
	if (bytes_present(value) || diff->json)
		json_string(out, value);
	else
		buf_add_text(out, "nothing");
}

static void diff_head(struct diff *diff, const struct rules_ruleset *a, const struct rules_ruleset *b)
{
	const struct {
		const char *name;
		struct bytes from, to;
	} head[] = {
		{"name", a->name, b->name},
		{"version", a->version, b->version},
		{"owner", a->owner, b->owner},
		{"approved_by", a->approved_by, b->approved_by},
	};
	for (size_t i = 0; i < KEY_COUNT(head); i++) {
		struct buf from = {0}, to = {0};
		show_head(diff, head[i].from, &from);
		show_head(diff, head[i].to, &to);
		if (!bytes_equal(head[i].from, head[i].to)) {
			change(diff->json, head[i].name, &from, &to, diff->out);
			diff->count++;
		}
		buf_done(&from);
		buf_done(&to);
	}
}

static void open_list(struct diff *diff, const char *key)
{
	if (diff->json) {
		json_key(diff->out, key);
		json_open(diff->out, '[');
	}
}

static void close_list(struct diff *diff)
{
	if (diff->json)
		json_close(diff->out, ']');
}

static void diff_lists(struct diff *diff, const struct rules_ruleset *a, const struct rules_ruleset *b)
{
	open_list(diff, "head");
	diff_head(diff, a, b);
	close_list(diff);
	open_list(diff, "rules");
	diff_rules(diff, a, b);
	close_list(diff);
	open_list(diff, "texts");
	diff_texts(diff, &a->catalogue, &b->catalogue);
	close_list(diff);
}

static void diff_all(struct diff *diff, const struct rules_ruleset *a, const struct rules_ruleset *b)
{
	struct buf *out = diff->out;
	if (!diff->json) {
		diff_lists(diff, a, b);
		buf_printf(out, "%zu difference%s\n", diff->count, tool_plural(diff->count));
		return;
	}
	json_open(out, '{');
	diff_lists(diff, a, b);
	json_key(out, "same");
	json_bool(out, diff->count == 0);
	json_close(out, '}');
	buf_add_text(out, "\n");
}

/* False: one of them does not load, and the findings say why. Warnings are for `check`. */
static bool load(const struct tool_call *call, struct rules_ruleset *side[2],
		 struct rules_findings findings[2])
{
	for (size_t i = 0; i < 2; i++)
		side[i] = rules_ruleset_load(call->path[i], 0, &findings[i]);
	return side[0] && side[1];
}

static enum tool_exit answer_findings(const struct tool_call *call, const struct rules_findings findings[2],
				      struct buf *answer)
{
	enum tool_exit code = TOOL_NO;
	for (size_t i = 0; i < 2; i++) {
		if (findings[i].failed)
			code = TOOL_FAILED;
		if (!call->given[OPTION_JSON])
			tool_findings_talk(&findings[i]);
	}
	if (call->given[OPTION_JSON])
		tool_findings_answer(findings, 2, answer);
	return code;
}

static enum tool_exit run(const struct tool_call *call, struct buf *answer)
{
	struct rules_ruleset *side[2];
	struct rules_findings findings[2] = {{0}, {0}};
	struct diff diff = {.out = answer, .json = call->given[OPTION_JSON]};
	enum tool_exit code;
	arena_init(&diff.arena, (size_t)512 * 1024 * 1024);
	if (load(call, side, findings)) {
		diff_all(&diff, side[0], side[1]);
		code = diff.count ? TOOL_NO : TOOL_YES;
	} else {
		code = answer_findings(call, findings, answer);
	}
	arena_done(&diff.arena);
	for (size_t i = 0; i < 2; i++) {
		rules_ruleset_drop(side[i]);
		rules_findings_done(&findings[i]);
	}
	return code;
}

const struct tool_verb tool_diff = {
	.name = "diff",
	.usage = "A B",
	.help = "says what changed from the rules at A to those at B, by rule",
	.paths = 2,
	.options = 1u << OPTION_JSON,
	.run = run,
};
