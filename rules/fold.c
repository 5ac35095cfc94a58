/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/fold.h"

#include "proto/utf8.h"
#include "rules/fold_table.h"
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

enum {
	PIECE_MAX = 32,	       /* characters that are normalized together */
	PIECE_UNITS = 18 * 64, /* UTF-16 units of one normalized piece: U+FDFA becomes 18 */
	PIECE_BYTES = 3 * PIECE_UNITS,
	EXPANSION = 33, /* bytes that one character may become in the table */
};

uint32_t rules_fold_next_wide(struct bytes text, size_t *at)
{
	const unsigned char *s = (const unsigned char *)text.at + *at;
	if (s[0] < 0xe0) {
		*at += 2;
		return (s[0] & 0x1fu) << 6 | (s[1] & 0x3fu);
	}
	if (s[0] < 0xf0) {
		*at += 3;
		return (s[0] & 0xfu) << 12 | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu);
	}
	*at += 4;
	return (s[0] & 7u) << 18 | (s[1] & 0x3fu) << 12 | (s[2] & 0x3fu) << 6 | (s[3] & 0x3fu);
}

/* A folded text being written. Room grows by doubling; the old room stays in the arena. */
struct writer {
	struct arena *arena;
	char *at;
	uint32_t *from;
	size_t len, room;
	bool full, space; /* space: the last character written is a space */
};

static bool reserve(struct writer *out, size_t more)
{
	if (out->full || more <= out->room - out->len)
		return !out->full;
	size_t room = (out->room + more) * 2;
	char *at = arena_alloc(out->arena, room);
	uint32_t *from = arena_array(out->arena, room + 1, sizeof *from);
	out->full = !at || !from;
	if (out->full)
		return false;
	if (out->len) {
		memcpy(at, out->at, out->len);
		memcpy(from, out->from, out->len * sizeof *from);
	}
	out->at = at;
	out->from = from;
	out->room = room;
	return true;
}

/* Runs of spaces are written as one. */
static void write_run(struct writer *out, const char *at, size_t len, size_t from)
{
	if (!reserve(out, len))
		return;
	for (size_t i = 0; i < len; i++) {
		bool space = at[i] == ' ';
		if (space && out->space)
			continue;
		out->at[out->len] = at[i];
		out->from[out->len++] = (uint32_t)from;
		out->space = space;
	}
}

/* What the lane makes of the character text[from..to). */
static void write_record(struct writer *out, const struct fold_record *record, enum fold_lane lane,
			 struct bytes text, size_t from, size_t to)
{
	size_t len = lane == FOLD_FIRST ? record->first_len : record->second_len;
	if (record->flags & FOLD_GONE)
		return;
	if (len)
		write_run(out, fold_pool + (lane == FOLD_FIRST ? record->first : record->second), len, from);
	else
		write_run(out, text.at + from, to - from, from);
}

/* text[from..to) holds characters that combine: ICU composes them, then the table does the rest. */
static void write_piece(struct writer *out, enum fold_lane lane, struct bytes text, size_t from, size_t to)
{
	UErrorCode status = U_ZERO_ERROR;
	UChar units[PIECE_UNITS], folded[PIECE_UNITS];
	char bytes[PIECE_BYTES];
	int32_t len = 0;
	u_strFromUTF8(units, PIECE_UNITS, &len, text.at + from, (int32_t)(to - from), &status);
	const UNormalizer2 *form = unorm2_getNFKCCasefoldInstance(&status);
	len = unorm2_normalize(form, units, len, folded, PIECE_UNITS, &status);
	u_strToUTF8(bytes, PIECE_BYTES, &len, folded, len, &status);
	if (U_FAILURE(status)) {
		out->full = true;
		return;
	}
	struct bytes piece = {bytes, (size_t)len};
	for (size_t at = 0; at < piece.len;) {
		size_t start = at;
		const struct fold_record *record = fold_record_of(rules_fold_next(piece, &at));
		size_t made = out->len;
		write_record(out, record, lane, piece, start, at);
		for (size_t i = made; i < out->len && !out->full; i++)
			out->from[i] = (uint32_t)from;
	}
}

/* The end of the piece that begins at `from`: what follows joins or disappears. */
static size_t piece_end(struct bytes text, size_t from)
{
	size_t at = from, end;
	rules_fold_next(text, &at);
	end = at;
	for (unsigned count = 1; at < text.len && count < PIECE_MAX; count++) {
		const struct fold_record *record = fold_record_of(rules_fold_next(text, &at));
		if (record->flags & FOLD_JOINS)
			end = at;
		else if (!(record->flags & FOLD_GONE))
			break;
	}
	return end;
}

static bool is_printable(unsigned char c)
{
	return (unsigned char)(c - ' ') < 0x5f;
}

/* The first pass of ASCII that nothing can join is lower case: nearly all of most texts, so the table is not
 * asked. Returns where it ends. */
static size_t write_ascii(struct writer *out, struct bytes text, size_t at)
{
	const unsigned char *s = (const unsigned char *)text.at;
	for (; at < text.len && is_printable(s[at]) && (at + 1 == text.len || s[at + 1] < 0x80); at++) {
		char c = (char)((unsigned char)(s[at] - 'A') < 26 ? s[at] | 0x20 : s[at]);
		if (c == ' ' && out->space)
			continue;
		if (out->len == out->room && !reserve(out, 1))
			break;
		out->at[out->len] = c;
		out->from[out->len++] = (uint32_t)at;
		out->space = c == ' ';
	}
	return at;
}

static void write_full(struct writer *out, enum fold_lane lane, struct bytes text)
{
	bool plain = false; /* marks that follow are dropped */
	for (size_t at = 0; at < text.len && !out->full;) {
		at = lane == FOLD_FIRST ? write_ascii(out, text, at) : at;
		if (at == text.len || out->full)
			break;
		size_t from = at;
		const struct fold_record *record = fold_record_of(rules_fold_next(text, &at));
		if (record->flags & FOLD_GONE || (record->flags & FOLD_MARK && plain))
			continue;
		size_t end = record->flags & FOLD_PLAIN ? at : piece_end(text, from);
		plain = record->flags & FOLD_PLAIN;
		if (end == at)
			write_record(out, record, lane, text, from, at);
		else
			write_piece(out, lane, text, from, end);
		at = end;
	}
}

static void write_case(struct writer *out, struct bytes text)
{
	for (size_t at = 0; at < text.len && !out->full;) {
		size_t from = at;
		uint32_t c = rules_fold_next(text, &at);
		UErrorCode status = U_ZERO_ERROR;
		UChar units[2], folded[8];
		char bytes[EXPANSION];
		int32_t len = c > 0xffff ? 2 : 1;
		units[0] = (UChar)(c > 0xffff ? 0xd7c0 + (c >> 10) : c);
		units[1] = (UChar)(0xdc00 | (c & 0x3ff));
		len = u_strFoldCase(folded, 8, units, len, U_FOLD_CASE_DEFAULT, &status);
		u_strToUTF8(bytes, EXPANSION, &len, folded, len, &status);
		out->full |= U_FAILURE(status);
		out->space = false; /* this lane keeps each space */
		for (int32_t i = 0; i < len && !out->full; i++) {
			write_run(out, bytes + i, 1, from);
			out->space = false;
		}
	}
}

bool rules_fold(struct bytes text, enum fold_lane lane, struct arena *arena, struct folded *folded)
{
	struct writer out = {.arena = arena};
	if (lane == FOLD_NONE) {
		*folded = (struct folded){.text = text};
		return true;
	}
	if (!reserve(&out, text.len / 2 + 16))
		return false;
	if (lane == FOLD_CASE)
		write_case(&out, text);
	else
		write_full(&out, lane, text);
	if (out.full)
		return false;
	out.from[out.len] = (uint32_t)text.len;
	*folded = (struct folded){{out.at, out.len}, out.from};
	return true;
}

static bool is_letter(unsigned char c)
{
	return (unsigned char)((c | 0x20) - 'a') < 26;
}

static bool is_digit(unsigned char c)
{
	return (unsigned char)(c - '0') < 10;
}

bool rules_fold_is_tame(struct bytes text)
{
	bool lower = false; /* in this run of letters and what may join them into a word */
	unsigned char last = ' ';
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];
		if (c >= 0x80 || (is_digit(c) && is_letter(last)) || (is_letter(c) && is_digit(last)))
			return false;
		if (c == ' ')
			lower = false;
		if (is_letter(c) && !(c & 0x20) && lower)
			return false;
		lower |= is_letter(c) && (c & 0x20);
		last = c;
	}
	return true;
}

bool rules_fold_is_odd(struct bytes word)
{
	uint8_t script = 0;
	bool lower = false;
	unsigned last = 0;
	for (size_t at = 0; at < word.len;) {
		const struct fold_record *record = fold_record_of(rules_fold_next(word, &at));
		unsigned flags = record->flags;
		if (flags & (FOLD_GONE | FOLD_MARK))
			continue; /* neither hides its neighbours from each other */
		if ((flags & FOLD_DIGIT && last & FOLD_LETTER) ||
		    (flags & FOLD_LETTER && last & FOLD_DIGIT) || (flags & FOLD_UPPER && lower))
			return true;
		if (flags & FOLD_LETTER && record->script) {
			if (script && script != record->script)
				return true;
			script = record->script;
		}
		lower |= flags & FOLD_LOWER;
		last = flags;
	}
	return false;
}
