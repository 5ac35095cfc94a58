/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/plain.h"

#include <stdint.h>

enum glyph { NONE, LOWER, UPPER, DIGIT, SPACE, PERIOD, STOP, COMMA, APOSTROPHE, CLOSE, HYPHEN };

static const uint8_t glyphs[256] = {
	['a' ... 'z'] = LOWER, ['A' ... 'Z'] = UPPER, ['0' ... '9'] = DIGIT, [' '] = SPACE,
	['.'] = PERIOD,	       ['!'] = STOP,	      ['?'] = STOP,	     [','] = COMMA,
	['\''] = APOSTROPHE,   ['"'] = CLOSE,	      ['('] = CLOSE,	     [')'] = CLOSE,
	['-'] = HYPHEN,
};

static enum glyph glyph_of(struct bytes text, size_t i)
{
	return (enum glyph)glyphs[(unsigned char)text.at[i]];
}

static bool is_plain(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (glyph_of(text, i) == NONE)
			return false;
	return true;
}

static bool is_letter(enum glyph glyph)
{
	return glyph == LOWER || glyph == UPPER;
}

static bool is_word(enum glyph glyph)
{
	return is_letter(glyph) || glyph == DIGIT;
}

/* WB5-WB12: what stands between two letters, or between two digits, belongs to their word. */
static bool joins(enum glyph before, enum glyph middle, enum glyph after)
{
	return (is_letter(before) && is_letter(after) && (middle == PERIOD || middle == APOSTROPHE)) ||
	       (before == DIGIT && after == DIGIT &&
		(middle == PERIOD || middle == APOSTROPHE || middle == COMMA));
}

bool rules_plain_words(struct bytes text, unsigned char *boundary)
{
	if (!is_plain(text))
		return false;
	/* NONE stands for both ends of the text */
	enum glyph two_before = NONE, before = NONE, here = text.len ? glyph_of(text, 0) : NONE;
	for (size_t i = 0; i < text.len; i++) {
		enum glyph after = i + 1 < text.len ? glyph_of(text, i + 1) : NONE;
		bool together = (is_word(before) && is_word(here)) || (before == SPACE && here == SPACE) ||
				joins(before, here, after) || joins(two_before, before, here);
		boundary[i] = !together;
		two_before = before;
		before = here;
		here = after;
	}
	boundary[text.len] = 1;
	return true;
}

/* SB8: behind a period the next letter, before any other stop, is a lower one. */
static bool goes_on(struct bytes text, size_t from)
{
	for (size_t i = from; i < text.len; i++) {
		enum glyph glyph = glyph_of(text, i);
		if (is_letter(glyph) || glyph == PERIOD || glyph == STOP)
			return glyph == LOWER;
	}
	return false;
}

/* The period at `at` is inside a number or an abbreviation (SB6, SB7). */
static bool is_inside(struct bytes text, size_t at)
{
	enum glyph before = at ? glyph_of(text, at - 1) : NONE;
	enum glyph after = at + 1 < text.len ? glyph_of(text, at + 1) : NONE;
	return after == DIGIT || (is_letter(before) && after == UPPER);
}

static bool closes(enum glyph glyph)
{
	return glyph == CLOSE || glyph == APOSTROPHE;
}

/* Where the sentence that stops at `at` ends, behind brackets and spaces (SB8a-SB11); 0: it does not end. */
static size_t end_of(struct bytes text, size_t at)
{
	bool period = glyph_of(text, at) == PERIOD;
	size_t end = at + 1;
	if (period && is_inside(text, at))
		return 0;
	while (end < text.len && closes(glyph_of(text, end)))
		end++;
	while (end < text.len && glyph_of(text, end) == SPACE)
		end++;
	enum glyph next = end < text.len ? glyph_of(text, end) : NONE;
	bool more = next == COMMA || next == HYPHEN || next == PERIOD || next == STOP;
	return more || (period && goes_on(text, end)) ? 0 : end;
}

bool rules_plain_sentences(struct bytes text, unsigned char *boundary)
{
	if (!is_plain(text))
		return false;
	boundary[0] = boundary[text.len] = 1;
	for (size_t i = 0; i < text.len; i++) {
		enum glyph glyph = glyph_of(text, i);
		if (glyph == PERIOD || glyph == STOP)
			boundary[end_of(text, i)] = 1;
	}
	return true;
}
