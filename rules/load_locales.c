/* SPDX-License-Identifier: Apache-2.0
 *
 * What the catalogue lacks, and what it holds for nothing: locales that other texts have, locales that a rule
 * names for its fallback, texts that no rule uses.
 */
#include "rules/load.h"

#include "proto/buf.h"
#include "rules/locale.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Does a lookup for `locale` find a text of this id, now or at another time? */
static bool found(const struct catalogue *catalogue, struct bytes id, struct bytes locale)
{
	size_t from, to = rules_catalogue_range(catalogue, id, &from);
	for (struct bytes tag = locale; tag.len; tag = rules_locale_truncate(tag))
		for (size_t i = from; i < to; i++)
			if (bytes_equal(catalogue->text[i]->locale, tag))
				return true;
	return false;
}

static int by_bytes(const void *left, const void *right)
{
	return bytes_compare(*(const struct bytes *)left, *(const struct bytes *)right);
}

/* One of each locale of the catalogue, in order. *count: how many. */
static const struct bytes *locales_of(const struct catalogue *catalogue, struct arena *arena, size_t *count)
{
	struct bytes *locale = arena_array(arena, catalogue->count + 1, sizeof *locale);
	*count = 0;
	for (size_t i = 0; locale && i < catalogue->count; i++) {
		bool there = false;
		for (size_t k = 0; k < *count && !there; k++)
			there = bytes_equal(locale[k], catalogue->text[i]->locale);
		if (!there)
			locale[(*count)++] = catalogue->text[i]->locale;
	}
	if (*count)
		qsort(locale, *count, sizeof *locale, by_bytes);
	return locale;
}

static void check_text(const struct catalogue *catalogue, const struct text *first,
		       const struct bytes *locale, size_t count, struct rules_findings *findings)
{
	struct buf missing = {0};
	for (size_t i = 0; i < count; i++)
		if (!found(catalogue, first->id, locale[i]))
			buf_printf(&missing, "%s%.*s", missing.len ? ", " : "", BYTES_ARG(locale[i]));
	if (missing.len)
		rules_findings_add(findings, false, first->spot.file, first->spot.line,
				   "text %.*s: is missing in %.*s, which other texts have; add it",
				   BYTES_ARG(first->id), BYTES_ARG(buf_bytes(&missing)));
	buf_done(&missing);
}

/* A prompt is never replaced where the fallback has no text; it is suppressed. */
static void check_ranges(const struct catalogue *catalogue, const struct rule *rule, const char *key,
			 const struct texts *ranges, struct rules_findings *findings)
{
	const struct language_settings *settings = rule->settings;
	char room[LOCALE_MAX];
	for (size_t i = 0; i < ranges->count; i++) {
		struct bytes tag = rules_locale_canonical(ranges->at[i], room);
		if (tag.len && !memchr(ranges->at[i].at, '*', ranges->at[i].len) &&
		    !found(catalogue, settings->fallback, tag))
			rules_findings_add(findings, false, rule->spot.file, rule->head.line,
					   "rule %.*s: fallback \"%.*s\" is missing in %.*s, which %s names; "
					   "add it to texts",
					   BYTES_ARG(rule->head.id), BYTES_ARG(settings->fallback),
					   BYTES_ARG(ranges->at[i]), key);
	}
}

static void check_fallback(const struct catalogue *catalogue, const struct rule *rule,
			   struct rules_findings *findings)
{
	const struct keys *keys = &rule->kind->keys;
	if (rule->kind->step != STEP_LANGUAGE || rule->head.action != RULES_REPLACE ||
	    rule->mode == RULES_OFF)
		return;
	if (rule->when)
		check_ranges(catalogue, rule, "when.locale", &rule->when->locale, findings);
	for (size_t i = 0; i < keys->count; i++) {
		const struct key *key = &keys->key[i];
		if (key->type == KEY_TEXTS && key->narrows == FACT_BIT(FACT_PROMPT_LOCALE))
			check_ranges(catalogue, rule, key->name,
				     (const void *)((const char *)rule->settings + key->at), findings);
	}
}

static bool is_used(const struct rules_ruleset *ruleset, const struct text *text)
{
	for (size_t i = 0; i < ruleset->rule_count; i++) {
		const struct rule *rule = ruleset->rule[i];
		const struct language_settings *settings = rule->settings;
		if (rule->kind->step == STEP_LANGUAGE &&
		    (rule->kind == &rules_template_allow || bytes_equal(settings->fallback, text->id)))
			return true;
	}
	return false;
}

/* Said once: a catalogue may well be there for those who write prompts. */
static void note_unused(const struct text *text, size_t others, struct rules_findings *findings)
{
	char more[48] = "";
	if (others)
		snprintf(more, sizeof more, ", nor %zu other%s", others, others == 1 ? "" : "s");
	rules_findings_note(findings, text->spot.file, text->spot.line,
			    "text %.*s: no rule uses it%s; a template_allow rule would keep prompts to the "
			    "approved texts",
			    BYTES_ARG(text->id), more);
}

void rules_load_check_locales(struct rules_ruleset *ruleset, struct rules_findings *findings)
{
	const struct catalogue *catalogue = &ruleset->catalogue;
	struct arena arena;
	const struct text *unused = NULL;
	size_t count, others = 0;
	arena_init(&arena, (size_t)16 * 1024 * 1024);
	const struct bytes *locale = locales_of(catalogue, &arena, &count);
	if (!locale)
		rules_findings_fail(findings, ruleset->sources.at[0].path, strerror(ENOMEM));
	for (size_t i = 0; locale && i < catalogue->count; i++) {
		const struct text *text = catalogue->text[i];
		if (i && bytes_equal(catalogue->text[i - 1]->id, text->id))
			continue;
		check_text(catalogue, text, locale, count, findings);
		if (!is_used(ruleset, text)) {
			unused = unused ? unused : text;
			others += unused != text;
		}
	}
	if (unused)
		note_unused(unused, others, findings);
	for (size_t i = 0; locale && i < ruleset->rule_count; i++)
		check_fallback(catalogue, ruleset->rule[i], findings);
	arena_done(&arena);
}
