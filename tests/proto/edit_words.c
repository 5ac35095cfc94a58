/* SPDX-License-Identifier: Apache-2.0 */
#include "edit_words.h"

#include <assert.h>
#include <stdlib.h>

struct editor {
	struct edits *edits;
	const struct facts *facts;
	struct arena *arena;
};

static unsigned digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

struct bytes edit_text(struct arena *arena, const char *hex)
{
	if (strcmp(hex, "-") == 0)
		return (struct bytes){0};
	if (hex[0] == '\'')
		return arena_copy(arena, (struct bytes){hex + 1, strlen(hex) - 2});
	size_t len = strcmp(hex, "+") == 0 ? 0 : strlen(hex) / 2;
	/* Exactly sized, so that AddressSanitizer sees one byte too far. */
	char *at = arena_alloc(arena, len);
	assert(at);
	for (size_t i = 0; i < len; i++)
		at[i] = (char)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
	return (struct bytes){at, len};
}

char *edit_next_word(char **rest)
{
	char *word = strsep(rest, " ");
	return word ? word : (char *)"-";
}

static size_t next_index(char **rest, size_t count)
{
	size_t index = strtoul(edit_next_word(rest), NULL, 10);
	assert(index < count);
	return index;
}

static double next_double(char **rest)
{
	const char *word = edit_next_word(rest);
	uint64_t bits = strtoull(word, NULL, 10);
	double value;
	if (strchr(word, '.'))
		return strtod(word, NULL);
	memcpy(&value, &bits, sizeof value);
	return value;
}

static void set_number(const struct editor *to, double **value, uint8_t **set, size_t count, char *rest)
{
	if (!*value) {
		*value = arena_zalloc(to->arena, count, sizeof **value);
		*set = arena_zalloc(to->arena, count, 1);
	}
	size_t index = next_index(&rest, count);
	(*value)[index] = next_double(&rest);
	(*set)[index] = 1;
}

static struct edits_prompt *prompt_edit(const struct editor *to, char **rest)
{
	size_t count = to->facts->prompt_count;
	if (!to->edits->prompts)
		to->edits->prompts = arena_zalloc(to->arena, count, sizeof *to->edits->prompts);
	return &to->edits->prompts[next_index(rest, count)];
}

static void edit_order(const struct editor *to, char *rest)
{
	size_t count = to->facts->item_count;
	to->edits->order = arena_array(to->arena, count, sizeof *to->edits->order);
	for (size_t i = 0; i < count; i++)
		to->edits->order[i] = (uint32_t)next_index(&rest, count);
}

static void edit_replace(const struct editor *to, char *rest)
{
	struct edits_prompt *edit = prompt_edit(to, &rest);
	edit->replace = true;
	edit->with.text = edit_text(to->arena, edit_next_word(&rest));
	edit->with.template_id = edit_text(to->arena, edit_next_word(&rest));
	edit->with.locale = edit_text(to->arena, edit_next_word(&rest));
	edit->with.kind = (enum prompt_kind)strtoul(edit_next_word(&rest), NULL, 10);
}

static void edit_choice(const struct editor *to, char *rest)
{
	struct facts_prompt *with = &prompt_edit(to, &rest)->with;
	struct facts_choice *all = arena_array(to->arena, with->choice_count + 1, sizeof *all);
	if (with->choice_count)
		memcpy(all, with->choices, with->choice_count * sizeof *all);
	struct facts_choice *choice = &all[with->choice_count++];
	choice->id = edit_text(to->arena, edit_next_word(&rest));
	choice->kind = (enum choice_kind)strtoul(edit_next_word(&rest), NULL, 10);
	choice->label = edit_text(to->arena, edit_next_word(&rest));
	with->choices = all;
}

static void edit_score(const struct editor *to, char *rest)
{
	set_number(to, &to->edits->score, &to->edits->score_set, to->facts->item_count, rest);
}

static void edit_weight(const struct editor *to, char *rest)
{
	set_number(to, &to->edits->weight, &to->edits->weight_set, to->facts->weight_count, rest);
}

static void edit_drop(const struct editor *to, char *rest)
{
	prompt_edit(to, &rest)->drop = true;
}

static void edit_explain(const struct editor *to, char *rest)
{
	to->edits->explanation_set = true;
	to->edits->explanation = edit_text(to->arena, edit_next_word(&rest));
}

static const struct {
	const char *word;
	void (*edit)(const struct editor *to, char *rest);
} verbs[] = {
	{"score", edit_score},	   {"weight", edit_weight}, {"order", edit_order},     {"drop", edit_drop},
	{"replace", edit_replace}, {"choice", edit_choice}, {"explain", edit_explain},
};

bool edit_words(struct edits *edits, const struct facts *facts, struct arena *arena, char *line)
{
	struct editor to = {edits, facts, arena};
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		size_t len = strlen(verbs[i].word);
		if (strncmp(line, verbs[i].word, len) != 0 || line[len] != ' ')
			continue;
		verbs[i].edit(&to, line + len + 1);
		return true;
	}
	return false;
}
