/* SPDX-License-Identifier: Apache-2.0
 *
 * phrase_deny: phrases that must not reach the user.
 */
#include "rules/checks.h"
#include "rules/loaded.h"
#include "rules/locale.h"
#include "rules/work.h"

#include "proto/utf8.h"
#include <errno.h>

enum match { MATCH_WORD, MATCH_SUBSTRING };
enum folding { FOLDING_FULL, FOLDING_CASE, FOLDING_NONE };

struct settings {
	struct language_settings common;
	struct texts phrases;
	struct bytes phrases_file;
	int match, fold;
	struct texts locales;
	size_t list; /* in the lexicon */
};

static const char *match_word(unsigned n)
{
	static const char *const words[] = {"word", "substring"};
	return n < KEY_COUNT(words) ? words[n] : NULL;
}

static const char *fold_word(unsigned n)
{
	static const char *const words[] = {"full", "case", "none"};
	return n < KEY_COUNT(words) ? words[n] : NULL;
}

static const struct key keys[] = {
	{.name = "phrases",
	 .type = KEY_TEXTS,
	 .at = offsetof(struct settings, phrases),
	 .check = rules_check_label,
	 .help = "what must not be said"},
	{.name = "phrases_file",
	 .type = KEY_TEXT,
	 .at = offsetof(struct settings, phrases_file),
	 .check = rules_check_filled,
	 .help = "more of them: one a line, # comments, relative to the rule file"},
	{.name = "match",
	 .type = KEY_WORD,
	 .at = offsetof(struct settings, match),
	 .word = match_word,
	 .standard = "word",
	 .help = "whole words, or anywhere"},
	{.name = "fold",
	 .type = KEY_WORD,
	 .at = offsetof(struct settings, fold),
	 .word = fold_word,
	 .standard = "full",
	 .help = "which writings are the same: full (look-alikes too), case, none"},
	{.name = "on",
	 .type = KEY_WORDS,
	 .at = offsetof(struct settings, common.on),
	 .word = rules_passage_word,
	 .standard = "text labels explanation",
	 .help = "which texts are judged"},
	{.name = "locales",
	 .narrows = FACT_BIT(FACT_PROMPT_LOCALE),
	 .type = KEY_TEXTS,
	 .at = offsetof(struct settings, locales),
	 .check = rules_locale_check_range,
	 .help = "language ranges of the texts; all when not given"},
	{.name = "fallback",
	 .type = KEY_TEXT,
	 .at = offsetof(struct settings, common.fallback),
	 .help = "id of the text that replaces"},
};

/* --- loading --- */

static void add_phrase(struct loading *loading, struct rule *rule, const char *file, unsigned line,
		       struct bytes phrase)
{
	const struct settings *settings = rule->settings;
	struct lexicon_style style = {.word = settings->match == MATCH_WORD,
				      .full = settings->fold == FOLDING_FULL,
				      .fold_case = settings->fold == FOLDING_CASE};
	struct reader reader = loading->reader;
	reader.file = file;
	switch (rules_lexicon_add(loading->lexicon, settings->list, style, phrase)) {
	case LEXICON_ADDED:
		break;
	case LEXICON_EMPTY:
		rules_keys_complain(&reader, line,
				    "nothing is left of phrase \"%.*s\" after folding; remove it",
				    BYTES_ARG(phrase));
		break;
	case LEXICON_FULL:
		rules_findings_fail(reader.findings, file, strerror(ENOMEM));
		break;
	}
}

static struct bytes trim(struct bytes text)
{
	while (text.len && strchr(" \t\r", text.at[text.len - 1]))
		text.len--;
	while (text.len && strchr(" \t\r", text.at[0])) {
		text.at++;
		text.len--;
	}
	return text;
}

/* Takes one line, and its end, off the text. */
static struct bytes take_line(struct bytes *text)
{
	const char *end = memchr(text->at, '\n', text->len);
	struct bytes line = {text->at, end ? (size_t)(end - text->at) : text->len};
	size_t taken = line.len + (end != NULL);
	*text = (struct bytes){text->at + taken, text->len - taken};
	return line;
}

/* Appends what the file holds to settings->phrases; `effective` then prints them all. */
static void read_file(struct loading *loading, struct rule *rule, const struct source *source)
{
	struct settings *settings = rule->settings;
	struct bytes text = source->public.text;
	size_t lines = 1;
	unsigned line = 0;
	for (size_t i = 0; i < text.len; i++)
		lines += text.at[i] == '\n';
	struct texts all = {
		.at = arena_zalloc(loading->reader.arena, settings->phrases.count + lines, sizeof *all.at)};
	if (!all.at) {
		rules_findings_fail(loading->reader.findings, source->path, strerror(ENOMEM));
		return;
	}
	if (settings->phrases.count)
		memcpy(all.at, settings->phrases.at, settings->phrases.count * sizeof *all.at);
	all.count = settings->phrases.count;
	while (text.len) {
		struct err err;
		struct reader reader = loading->reader;
		struct bytes phrase = trim(take_line(&text));
		reader.file = source->path;
		line++;
		if (phrase.len == 0 || phrase.at[0] == '#')
			continue;
		if (!utf8_valid(phrase))
			rules_keys_complain(&reader, line,
					    "phrase is not valid UTF-8; save the file as UTF-8");
		else if (!rules_check_label(phrase, &err))
			rules_keys_complain(&reader, line, "phrase %s", err.text);
		else {
			all.at[all.count++] = phrase;
			add_phrase(loading, rule, source->path, line, phrase);
		}
	}
	settings->phrases = all;
}

static void check(struct loading *loading, struct rule *rule)
{
	struct settings *settings = rule->settings;
	const struct reader *reader = &loading->reader;
	if (!rules_lexicon_open(loading->lexicon, &settings->list)) {
		rules_findings_fail(reader->findings, reader->file, "too many phrase lists");
		return;
	}
	if (!settings->phrases.count && !bytes_present(settings->phrases_file))
		rules_keys_complain(reader, rule->head.line,
				    "denies nothing; give phrases, phrases_file or both");
	for (size_t i = 0; i < settings->phrases.count; i++)
		add_phrase(loading, rule, reader->file, rule->head.line, settings->phrases.at[i]);
	if (!bytes_present(settings->phrases_file))
		return;
	const struct source *source =
		rules_sources_add_phrases(loading->sources, reader->file, rule->head.line, reader->subject,
					  settings->phrases_file, reader->arena, reader->findings);
	settings->phrases_file = (struct bytes){0};
	if (source)
		read_file(loading, rule, source);
}

/* --- deciding --- */

/* A text whose locale is absent or malformed does not escape. */
static bool covers(const struct settings *settings, struct bytes locale)
{
	return settings->locales.count == 0 || locale.len == 0 ||
	       rules_locale_in_ranges(locale, &settings->locales) != LOCALE_OUTSIDE;
}

struct bytes rules_phrase_deny_hit(const struct rule *rule, const struct bytes *hits, struct bytes locale)
{
	const struct settings *settings = rule->settings;
	return covers(settings, locale) ? hits[settings->list] : (struct bytes){0};
}

static void judge(const struct rule *rule, struct rules_work *work, const struct passages *passages,
		  struct finding finding)
{
	const struct settings *settings = rule->settings;
	bool unknown = false, exceeded = false;
	for (size_t i = 0; passages && i < passages->count && !exceeded; i++) {
		const struct passage_text *passage = &passages->at[i];
		if (!(settings->common.on >> passage->on & 1))
			continue;
		if (!passage->valid && !unknown) {
			unknown = true;
			finding.verdict = RULES_UNKNOWN;
			finding.action = rule->head.on_unknown;
			finding.observed = rules_work_text(work, "%s is not valid UTF-8",
							   rules_passage_word(passage->on));
			rules_work_find(work, finding);
		}
		if (passage->valid && bytes_present(passage->hits[settings->list])) {
			exceeded = true;
			finding.verdict = RULES_EXCEEDED;
			finding.action = rule->head.action;
			finding.observed = rules_work_text(work, "\"%.*s\" in %s",
							   BYTES_ARG(passage->hits[settings->list]),
							   rules_passage_word(passage->on));
			rules_work_find(work, finding);
		}
	}
}

static void evaluate(const struct rule *rule, struct rules_work *work)
{
	struct finding finding = {.rule = rule, .type = RULES_TARGET_PROMPT};
	for (size_t i = work->scope.prompt_from; i < work->scope.prompt_to && !work->full; i++) {
		finding.index = i;
		if (!work->prompt[i].dropped && covers(rule->settings, work->prompt[i].now.locale))
			judge(rule, work, rules_work_prompt_passages(work, i), finding);
	}
	if (work->scope.explanation && covers(rule->settings, work->facts->locale))
		judge(rule, work, rules_work_explanation_passages(work),
		      (struct finding){.rule = rule, .type = RULES_TARGET_EXPLANATION});
}

bool rules_phrase_denied(struct rules_work *work, struct bytes text, struct bytes locale)
{
	const struct rules_ruleset *ruleset = work->ruleset;
	struct bytes *hits;
	if (!utf8_valid(text))
		return true;
	if (!rules_lexicon_scan(ruleset->lexicon, work->kit, text, work->arena, &hits)) {
		work->full = true;
		return true;
	}
	for (size_t i = 0; i < ruleset->rule_count; i++) {
		const struct rule *rule = ruleset->rule[i];
		if (rule->kind == &rules_phrase_deny && rule->head.mode == RULES_ENFORCE &&
		    work->applies[i] && bytes_present(rules_phrase_deny_hit(rule, hits, locale)))
			return true;
	}
	return false;
}

const struct kind rules_phrase_deny = {
	.name = "phrase_deny",
	.help = "phrases that must not reach the user",
	.example = "phrases = [ \"your fault\" ]; locales = [ \"en\" ]; fallback = \"neutral\";\n"
		   "  reason = \"Never blame the user.\";",
	.step = STEP_LANGUAGE,
	.keys = {keys, KEY_COUNT(keys), sizeof(struct settings)},
	.concerns = FACT_BIT(FACT_PROMPTS) | FACT_BIT(FACT_EXPLANATION),
	.actions = {RULES_REPLACE, RULES_SUPPRESS, RULES_REJECT, RULES_FLAG},
	.on_unknown = {RULES_SUPPRESS, RULES_REJECT},
	.limit = "no denied phrase",
	.check = check,
	.evaluate = evaluate,
};
