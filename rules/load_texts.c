/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/load.h"

#include "proto/suggest.h"
#include "proto/time.h"
#include "rules/work.h"
#include <errno.h>
#include <stdio.h>

static void complain(struct rules_findings *findings, const struct rule *rule, const char *words)
{
	rules_findings_add(findings, true, rule->spot.file, rule->head.line, "rule %.*s: %s",
			   BYTES_ARG(rule->head.id), words);
}

static void check_fallback(const struct rules_ruleset *ruleset, bool unread, const struct rule *rule,
			   struct rules_findings *findings)
{
	const struct catalogue *catalogue = &ruleset->catalogue;
	const struct language_settings *settings = rule->settings;
	struct bytes id = settings->fallback;
	char words[512];
	size_t from, to = rules_catalogue_range(catalogue, id, &from);
	if (!bytes_present(id) && rule->head.action == RULES_REPLACE) {
		/* the mildest change that the kind has, behind replace */
		snprintf(words, sizeof words, "fallback is missing; name a text, or write action = \"%s\"",
			 rules_action_name(rule->kind->actions[1]));
		complain(findings, rule, words);
		return;
	}
	if (bytes_present(id) && from == to && !unread) {
		struct suggestion near = {.word = id};
		for (size_t i = 0; i < catalogue->count; i++)
			suggest_offer(&near, catalogue->text[i]->id);
		if (bytes_present(near.best))
			snprintf(words, sizeof words,
				 "fallback \"%.*s\" is not a text; did you mean \"%.*s\"?", BYTES_ARG(id),
				 BYTES_ARG(near.best));
		else
			snprintf(words, sizeof words, "fallback \"%.*s\" is not a text; add it to texts",
				 BYTES_ARG(id));
		complain(findings, rule, words);
	}
	for (size_t i = from; i < to; i++) {
		if (catalogue->text[i]->part_count <= 1)
			continue;
		snprintf(words, sizeof words, "fallback \"%.*s\" (%.*s) has slots; name a text without",
			 BYTES_ARG(id), BYTES_ARG(catalogue->text[i]->locale));
		complain(findings, rule, words);
	}
}

/* The text as a user may see it, each slot as U+FFFC: a word of its own that no phrase has. */
static struct bytes without_slots(const struct text *text, struct arena *arena)
{
	const char *words = "";
	for (size_t i = 0; i < text->part_count && words; i++)
		words = arena_printf(arena, "%s%.*s%s", words, BYTES_ARG(text->part[i].literal),
				     i + 1 < text->part_count ? "\xef\xbf\xbc" : "");
	return bytes_of(words);
}

/* Reports each phrase_deny rule that denies something in `words`, which is a text or a label of `text`. */
static void check_words(struct rules_ruleset *ruleset, const struct text *text, struct bytes words,
			enum passage on, struct arena *arena, struct rules_findings *findings)
{
	struct bytes *hits = NULL;
	struct kit *kit = rules_kit_take(&ruleset->kits);
	bool scanned = bytes_present(words) && rules_lexicon_scan(ruleset->lexicon, kit, words, arena, &hits);
	rules_kit_give(kit);
	if (!scanned)
		rules_findings_fail(findings, text->spot.file, strerror(ENOMEM));
	for (size_t i = 0; scanned && i < ruleset->rule_count; i++) {
		const struct rule *rule = ruleset->rule[i];
		const struct language_settings *settings = rule->settings;
		if (rule->kind != &rules_phrase_deny || !rule->sound || rule->head.mode == RULES_OFF)
			continue;
		bool judged = settings->on >> on & 1;
		if (on == ON_TEXT && text->kind == PROMPT_ABSENT)
			judged = judged || settings->on >> ON_EXPLANATION & 1;
		struct bytes phrase = rules_phrase_deny_hit(rule, hits, text->locale);
		if (judged && bytes_present(phrase))
			rules_findings_add(findings, true, rule->spot.file, rule->head.line,
					   "rule %.*s: phrase \"%.*s\" denies %s approved text %.*s (%.*s); "
					   "change one of them",
					   BYTES_ARG(rule->head.id), BYTES_ARG(phrase),
					   on == ON_LABELS ? "a label of the" : "the", BYTES_ARG(text->id),
					   BYTES_ARG(text->locale));
	}
}

void rules_load_check_texts(struct rules_ruleset *ruleset, bool unread, struct rules_findings *findings)
{
	struct arena arena;
	arena_init(&arena, (size_t)64 * 1024 * 1024);
	for (size_t i = 0; i < ruleset->rule_count; i++)
		if (ruleset->rule[i]->kind->step == STEP_LANGUAGE && ruleset->rule[i]->sound)
			check_fallback(ruleset, unread, ruleset->rule[i], findings);
	for (size_t i = 0; i < ruleset->catalogue.count; i++) {
		const struct text *text = ruleset->catalogue.text[i];
		check_words(ruleset, text, without_slots(text, &arena), ON_TEXT, &arena, findings);
		for (size_t c = 0; c < text->choices.count; c++)
			check_words(ruleset, text, text->as_choice[c].label, ON_LABELS, &arena, findings);
		arena_done(&arena);
	}
}

/* "after dismissed+unanswered" */
static const char *describe_words(const struct key *key, uint32_t set, struct arena *arena)
{
	const char *text = NULL;
	for (unsigned n = 0; key->word(n); n++)
		if (set >> n & 1)
			text = arena_printf(arena, "%s%s%s", text ? text : key->name, text ? "+" : " ",
					    key->word(n));
	return text;
}

/* One key as people say it: "window 30m"; NULL when it has no value. */
static const char *describe_key(const struct key *key, const void *settings, struct arena *arena)
{
	const void *at = (const char *)settings + key->at;
	const struct number *number = at;
	const struct moment *moment = at;
	char text[32];
	if (key->type == KEY_WORD)
		return arena_printf(arena, "%s %s", key->name, key->word((unsigned)*(const int *)at));
	if (key->type == KEY_TEXT && bytes_present(*(const struct bytes *)at))
		return arena_printf(arena, "%s %.*s", key->name, BYTES_ARG(*(const struct bytes *)at));
	if (key->type == KEY_WORDS)
		return describe_words(key, *(const uint32_t *)at, arena);
	if (key->type == KEY_DURATION && moment->present) {
		time_format_duration(moment->ns, text);
		return arena_printf(arena, "%s %s", key->name, text);
	}
	if ((key->type == KEY_NUMBER || key->type == KEY_WHOLE) && number->present)
		return arena_printf(arena, "%s %.15g", key->name, number->value);
	return NULL;
}

void rules_load_describe(struct rule *rule, struct arena *arena)
{
	const char *limit = rule->kind->limit;
	for (size_t i = 0; !rule->kind->limit && i < rule->kind->keys.count; i++) {
		const struct key *key = &rule->kind->keys.key[i];
		const char *part = key->limits ? describe_key(key, rule->settings, arena) : NULL;
		if (part)
			limit = limit ? arena_printf(arena, "%s, %s", limit, part) : part;
	}
	rule->limit = bytes_of(limit ? limit : "");
}
