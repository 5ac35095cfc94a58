/* SPDX-License-Identifier: Apache-2.0
 *
 * readability: how many years of school a text asks for. Text and explanation; labels are too short to tell.
 *
 *   Flesch-Kincaid   0.39 words/sentences + 11.8 syllables/words - 15.59 (Kincaid and others, 1975). Syllables
 *                    of a word: groups of vowels, without a silent e at its end, at least 1.
 *   LIX              words/sentences + 100 long words/words, long: more than 6 letters (Björnsson, 1968). As a
 *                    grade: LIX/4 - 1, the line through Anderson's table (Journal of Reading 26, 1983; 20 is
 *                    grade 4, 56 is 13), so that one limit serves texts of all languages.
 *
 * Words and sentences are those of UAX 29. Fewer than 8 words say too little to count.
 */
#include "rules/fold.h"
#include "rules/locale.h"
#include "rules/passages.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>

enum { WORDS_FROM = 8, LONG_FROM = 7 };
enum formula { FORMULA_AUTO, FORMULA_FLESCH_KINCAID, FORMULA_LIX };

struct settings {
	struct language_settings common;
	struct number max_grade;
	int formula;
};

static const char *formula_word(unsigned n)
{
	static const char *const words[] = {"auto", "flesch_kincaid", "lix"};
	return n < KEY_COUNT(words) ? words[n] : NULL;
}

static const struct key keys[] = {
	{.name = "max_grade",
	 .tighter = TIGHTER_SMALL,
	 .type = KEY_NUMBER,
	 .at = offsetof(struct settings, max_grade),
	 .required = true,
	 .limits = true,
	 .min = 0,
	 .max = 20,
	 .help = "years of school that a reader may need"},
	{.name = "formula",
	 .type = KEY_WORD,
	 .at = offsetof(struct settings, formula),
	 .limits = true,
	 .word = formula_word,
	 .standard = "auto",
	 .help = "auto: flesch_kincaid for English, lix for other languages"},
	{.name = "fallback",
	 .type = KEY_TEXT,
	 .at = offsetof(struct settings, common.fallback),
	 .help = "id of the text that replaces"},
};

static void check(struct loading *loading, struct rule *rule)
{
	struct settings *settings = rule->settings;
	settings->common.on = 1u << ON_TEXT | 1u << ON_EXPLANATION;
	(void)loading;
}

/* --- counting --- */

struct measure {
	size_t words, sentences, long_words, syllables;
};

static bool is_vowel(uint32_t c)
{
	return c < 0x80 && c != '\0' && strchr("aeiouyAEIOUY", (int)c);
}

/* Of a word without marks. */
static size_t syllables(struct bytes word)
{
	size_t groups = 0;
	bool before = false,
	     silent = false; /* the character before is a vowel; the last is an e of its own */
	for (size_t at = 0; at < word.len;) {
		uint32_t c = rules_fold_next(word, &at);
		bool vowel = is_vowel(c);
		groups += vowel && !before;
		silent = (c | 0x20) == 'e' && !before;
		before = vowel;
	}
	groups -= silent && groups > 0;
	return groups ? groups : 1;
}

/* ASCII is what most texts are; asking ICU costs as much as all the rest. */
static bool is_letter_or_digit(uint32_t c)
{
	return c < 0x80 ? (c | 0x20) - 'a' < 26 || c - '0' < 10 : u_isalnum((UChar32)c);
}

/* Letters and digits; 0: no word. */
static size_t letters(struct bytes word, bool *ascii)
{
	size_t count = 0;
	*ascii = true;
	for (size_t at = 0; at < word.len;) {
		uint32_t c = rules_fold_next(word, &at);
		count += is_letter_or_digit(c);
		*ascii &= c < 0x80;
	}
	return count;
}

static void count_word(struct rules_work *work, struct bytes word, enum formula formula,
		       struct measure *measure)
{
	struct folded folded = {.text = word};
	bool ascii;
	size_t count = letters(word, &ascii);
	if (!count)
		return;
	measure->words++;
	measure->long_words += count >= LONG_FROM;
	if (formula != FORMULA_FLESCH_KINCAID)
		return;
	if (ascii || rules_fold(word, FOLD_FIRST, work->arena, &folded))
		measure->syllables += syllables(folded.text);
	else
		work->full = true;
}

static struct measure count(struct rules_work *work, struct bytes text, const unsigned char *word,
			    const unsigned char *sentence, enum formula formula)
{
	struct measure measure = {0};
	size_t counted = 0; /* words before this sentence */
	for (size_t from = 0, to; from < text.len && !work->full; from = to) {
		for (to = from + 1; to < text.len && !word[to]; to++)
			;
		if (sentence[from])
			counted = measure.words;
		count_word(work, (struct bytes){text.at + from, to - from}, formula, &measure);
		/* its first word makes the sentence */
		if (measure.words > counted) {
			measure.sentences++;
			counted = SIZE_MAX;
		}
	}
	return measure;
}

/* --- judging --- */

/* Every letter is of a script that the formula is made for. */
static bool is_computable(struct bytes text, enum formula formula)
{
	for (size_t at = 0; at < text.len;) {
		UChar32 c = (UChar32)rules_fold_next(text, &at);
		if (c < 0x80 || !u_isalpha(c))
			continue; /* all letters of ASCII are Latin */
		UErrorCode status = U_ZERO_ERROR;
		UScriptCode script = uscript_getScript(c, &status);
		bool other = script == USCRIPT_GREEK || script == USCRIPT_CYRILLIC;
		if (U_FAILURE(status) || (script != USCRIPT_LATIN && script != USCRIPT_COMMON &&
					  script != USCRIPT_INHERITED && !(other && formula == FORMULA_LIX)))
			return false;
	}
	return true;
}

/* A text whose language is not known is measured by LIX, which serves English too. */
static enum formula formula_for(const struct settings *settings, struct bytes locale)
{
	char room[LOCALE_MAX];
	if (settings->formula != FORMULA_AUTO)
		return (enum formula)settings->formula;
	struct bytes canonical = rules_locale_canonical(locale, room);
	return bytes_present(canonical) && rules_locale_in_range(canonical, BYTES_LITERAL("en"))
		       ? FORMULA_FLESCH_KINCAID
		       : FORMULA_LIX;
}

static double grade_of(const struct measure *measure, enum formula formula)
{
	double words = (double)measure->words, length = words / (double)measure->sentences;
	if (formula == FORMULA_LIX)
		return (length + 100 * (double)measure->long_words / words) / 4 - 1;
	return 0.39 * length + 11.8 * (double)measure->syllables / words - 15.59;
}

static enum rules_verdict judge(const struct rule *rule, struct rules_work *work,
				const struct wording *wording, struct bytes *observed)
{
	const struct settings *settings = rule->settings;
	enum formula formula = formula_for(settings, wording->locale);
	if (!is_computable(wording->text, formula)) {
		*observed = rules_work_text(work, "%s cannot tell about the script of %s",
					    formula_word(formula), rules_passage_word(wording->on));
		return RULES_UNKNOWN;
	}
	unsigned char *word = rules_work_alloc(work, wording->text.len + 1, 1);
	unsigned char *sentence = rules_work_alloc(work, wording->text.len + 1, 1);
	if (work->full || !rules_kit_words(work->kit, wording->text, word) ||
	    !rules_kit_sentences(work->kit, wording->text, sentence)) {
		work->full = true;
		return RULES_UNKNOWN;
	}
	const struct measure measure = count(work, wording->text, word, sentence, formula);
	if (measure.words < WORDS_FROM || grade_of(&measure, formula) <= settings->max_grade.value)
		return RULES_WITHIN;
	*observed = rules_work_text(work, "grade %.1f by %s in %s", grade_of(&measure, formula),
				    formula_word(formula), rules_passage_word(wording->on));
	return RULES_EXCEEDED;
}

static void evaluate(const struct rule *rule, struct rules_work *work)
{
	rules_passages_evaluate(rule, work, judge);
}

const struct kind rules_readability = {
	.name = "readability",
	.help = "how many years of school texts ask for",
	.example = "max_grade = 8; fallback = \"neutral\";\n"
		   "  reason = \"Eight years of school are enough to read it.\";",
	.step = STEP_LANGUAGE,
	.keys = {keys, KEY_COUNT(keys), sizeof(struct settings)},
	.concerns = FACT_BIT(FACT_PROMPTS) | FACT_BIT(FACT_EXPLANATION),
	.actions = {RULES_REPLACE, RULES_SUPPRESS, RULES_FLAG},
	.on_unknown = {RULES_FLAG, RULES_SUPPRESS},
	.check = check,
	.evaluate = evaluate,
};
