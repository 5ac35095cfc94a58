/* SPDX-License-Identifier: Apache-2.0
 *
 * rankguard-rules kinds: what rules can say, from the tables that also read them. In Markdown it is the second
 * part of RULES.md.
 */
#include "rules/kind.h"
#include "rules/tool.h"

#include <ctype.h>
#include <math.h>

/* What a value looks like in a rule file, by enum key_type. */
static const char *const types[] = {
	[KEY_TEXT] = "text",
	[KEY_TEXTS] = "list of texts",
	[KEY_WHOLE] = "whole number",
	[KEY_NUMBER] = "number",
	[KEY_DURATION] = "duration (s, m, h, d)",
	[KEY_TIME] = "date or time",
	[KEY_BOOL] = "true or false",
	[KEY_WORD] = "one word",
	[KEY_WORDS] = "list of words",
	[KEY_GROUP] = "group",
	[KEY_GROUPS] = "list of groups",
	[KEY_RAW] = "list of groups",
};

/* The number of a word; n goes on behind it. NULL: there are no more. */
static const char *next_word(const struct key *key, unsigned *n)
{
	const char *word = NULL;
	while (key->word && (word = key->word(*n)) && !*word)
		(*n)++;
	(*n)++;
	return word;
}

static bool has_range(const struct key *key)
{
	return (key->type == KEY_WHOLE || key->type == KEY_NUMBER) && (key->min != 0 || key->max != 0);
}

/* --- Markdown --- */

/* The words of a set stand with spaces in the table: `a`, `b`. */
static void markdown_standard(const struct key *key, struct buf *out)
{
	const char *rest = key->standard;
	for (size_t len; key->type == KEY_WORDS && rest[len = strcspn(rest, " ")]; rest += len + 1)
		buf_printf(out, "`%.*s`, ", (int)len, rest);
	buf_printf(out, "`%s`", rest);
}

static void markdown_values(const struct key *key, struct buf *out)
{
	unsigned n = 0;
	const char *word, *before = ": ";
	buf_add_text(out, types[key->type]);
	for (; (word = next_word(key, &n)); before = ", ")
		buf_printf(out, "%s`%s`", before, word);
	if (has_range(key) && isinf(key->max))
		buf_printf(out, " from %.15g", key->min);
	else if (has_range(key))
		buf_printf(out, " from %.15g to %.15g", key->min, key->max);
}

static void markdown_keys(const struct keys *keys, struct buf *out)
{
	if (keys->count)
		buf_add_text(out, "| key | value | default | what it means |\n|---|---|---|---|\n");
	for (size_t i = 0; i < keys->count; i++) {
		const struct key *key = &keys->key[i];
		buf_printf(out, "| `%s` | ", key->name);
		markdown_values(key, out);
		buf_add_text(out, " | ");
		if (key->standard)
			markdown_standard(key, out);
		else
			buf_add_text(out, key->required ? "required" : "-");
		buf_printf(out, " | %s |\n", key->help);
	}
	buf_add_text(out, keys->count ? "\n" : "It has no keys of its own.\n\n");
}

static void markdown_actions(const char *name, const enum rules_action *action, const char *none,
			     struct buf *out)
{
	if (action[0] == RULES_NONE)
		buf_printf(out, "- %s\n", none);
	for (size_t i = 0; action[i] != RULES_NONE; i++)
		buf_printf(out, "%s%s`%s`%s", i ? ", " : "- `", i ? "" : name, rules_action_name(action[i]),
			   action[i + 1] == RULES_NONE ? "\n"
			   : i			       ? ""
						       : " (default)");
}

static void markdown_kind(const struct kind *kind, struct buf *out)
{
	buf_printf(out, "### `%s`\n\n%c%s.\n\n", kind->name, toupper(kind->help[0]), kind->help + 1);
	markdown_keys(&kind->keys, out);
	markdown_actions("action` = ", kind->actions, "it takes no `action`", out);
	markdown_actions("on_unknown` = ", kind->on_unknown,
			 "it can always tell, so it takes no `on_unknown`", out);
	buf_printf(out, "\n```\n{ id = \"example.%s\"; kind = \"%s\";\n  %s }\n```\n\n", kind->name,
		   kind->name, kind->example);
}

/* A group's own keys, and those of the groups in it that are not the same again. */
static void markdown_group(const char *title, const struct keys *keys, struct buf *out)
{
	buf_printf(out, "### %s\n\n", title);
	markdown_keys(keys, out);
	for (size_t i = 0; i < keys->count; i++)
		if (keys->key[i].inner && keys->key[i].inner != keys) {
			struct buf inner = {0};
			buf_printf(&inner, "Keys of `%s`", keys->key[i].name);
			buf_add(&inner, "", 1);
			if (inner.failed)
				out->failed = true;
			else
				markdown_group(inner.at, keys->key[i].inner, out);
			buf_done(&inner);
		}
}

static void answer_markdown(struct buf *out)
{
	buf_add_text(out, "## All keys\n\n");
	markdown_group("Keys of every rule", &rules_rule_keys, out);
	markdown_group("Keys of a text", &rules_text_keys, out);
	buf_add_text(out, "## All kinds\n\n");
	for (size_t i = 0; rules_kind_at(i); i++)
		markdown_kind(rules_kind_at(i), out);
}

/* --- JSON --- */

static void json_words(const struct key *key, struct buf *out)
{
	unsigned n = 0;
	const char *word;
	json_key(out, "words");
	json_open(out, '[');
	while ((word = next_word(key, &n)))
		json_text(out, word);
	json_close(out, ']');
}

static void json_keys(const char *name, const struct keys *keys, struct buf *out)
{
	json_key(out, name);
	json_open(out, '[');
	for (size_t i = 0; i < keys->count; i++) {
		const struct key *key = &keys->key[i];
		json_open(out, '{');
		json_key(out, "name");
		json_text(out, key->name);
		json_key(out, "type");
		json_text(out, types[key->type]);
		json_key(out, "required");
		json_bool(out, key->required);
		if (key->word)
			json_words(key, out);
		if (has_range(key)) {
			json_key(out, "min");
			json_double(out, key->min);
			json_key(out, "max");
			json_double(out, key->max);
		}
		json_key(out, "default");
		json_text(out, key->standard);
		json_key(out, "help");
		json_text(out, key->help);
		if (key->inner && key->inner != keys)
			json_keys("keys", key->inner, out);
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void json_actions(const char *name, const enum rules_action *action, struct buf *out)
{
	json_key(out, name);
	json_open(out, '[');
	for (size_t i = 0; action[i] != RULES_NONE; i++)
		json_text(out, rules_action_name(action[i]));
	json_close(out, ']');
}

static void json_kind(const struct kind *kind, struct buf *out)
{
	json_open(out, '{');
	json_key(out, "name");
	json_text(out, kind->name);
	json_key(out, "help");
	json_text(out, kind->help);
	json_keys("keys", &kind->keys, out);
	json_actions("actions", kind->actions, out);
	json_actions("on_unknown", kind->on_unknown, out);
	json_key(out, "example");
	json_text(out, kind->example);
	json_close(out, '}');
}

static void answer_json(struct buf *out)
{
	json_open(out, '{');
	json_keys("keys", &rules_rule_keys, out);
	json_keys("texts", &rules_text_keys, out);
	json_key(out, "kinds");
	json_open(out, '[');
	for (size_t i = 0; rules_kind_at(i); i++)
		json_kind(rules_kind_at(i), out);
	json_close(out, ']');
	json_close(out, '}');
	buf_add_text(out, "\n");
}

static enum tool_exit run(const struct tool_call *call, struct buf *answer)
{
	if (call->given[OPTION_JSON])
		answer_json(answer);
	else
		answer_markdown(answer);
	return TOOL_YES;
}

const struct tool_verb tool_kinds = {
	.name = "kinds",
	.usage = "",
	.help = "prints every kind of rule with its keys, in Markdown",
	.options = 1u << OPTION_JSON,
	.run = run,
};
