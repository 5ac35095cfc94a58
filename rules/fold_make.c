/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes fold_table.c: what the two passes of the full fold make of each code point.
 *
 *   pass 1   NFKC casefold (UAX 44, NFKC_Casefold); non-spacing marks after Latin, Greek and Cyrillic
 *            letters dropped; white space is a space; apostrophes are U+0027
 *   pass 2   confusable skeleton (UTS 39), pass 1, skeleton and pass 1 again (so that M, m and rn agree),
 *            then i becomes l
 *
 * Runs when rankguard is built: 290,000 code points take a second, too long for each start.
 */
#include "rules/fold_table.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/uspoof.h>
#include <unicode/ustring.h>

enum { UNITS = 256, BYTES = 255, RECORDS = 65536, POOL = 4 << 20, NO_RECORD = -1 };

struct tools {
	const UNormalizer2 *casefold, *compose, *decompose;
	USpoofChecker *spoof;
	UErrorCode status;
};

struct units {
	UChar at[UNITS];
	int32_t len;
};

struct table {
	struct fold_record record[RECORDS];
	uint16_t entry[FOLD_PAGES][FOLD_PAGE];
	uint16_t page[FOLD_PAGES];
	uint32_t records, pages, pool_len;
	int32_t hash[1 << 18]; /* records by content */
	char pool[POOL];
};

static void must(const struct tools *tools, const char *what)
{
	if (U_SUCCESS(tools->status))
		return;
	fprintf(stderr, "fold_make: %s: %s\n", what, u_errorName(tools->status));
	exit(1);
}

static void add(struct units *units, UChar32 c)
{
	if (units->len + 2 > UNITS)
		abort();
	if (c > 0xffff)
		units->at[units->len++] = (UChar)U16_LEAD(c);
	units->at[units->len++] = (UChar)(c > 0xffff ? U16_TRAIL(c) : c);
}

static UChar32 next(const struct units *units, int32_t *i)
{
	UChar32 c = units->at[(*i)++];
	if (c >= 0xd800 && c < 0xdc00 && *i < units->len)
		c = (UChar32)U16_GET_SUPPLEMENTARY(c, units->at[(*i)++]);
	return c;
}

static void normalize(struct tools *tools, const UNormalizer2 *form, struct units *units)
{
	struct units from = *units;
	units->len = unorm2_normalize(form, from.at, from.len, units->at, UNITS, &tools->status);
	must(tools, "normalize");
}

static bool is_plain_letter(UChar32 c)
{
	UErrorCode status = U_ZERO_ERROR;
	UScriptCode script = uscript_getScript(c, &status);
	return u_isalpha(c) &&
	       (script == USCRIPT_LATIN || script == USCRIPT_GREEK || script == USCRIPT_CYRILLIC);
}

static bool is_apostrophe(UChar32 c)
{
	return c == 0x2019 || c == 0x2018 || c == 0x201b || c == 0x2bc || c == 0xff07;
}

static void drop_marks(struct tools *tools, struct units *units)
{
	struct units kept = {.len = 0};
	bool plain = false;
	normalize(tools, tools->decompose, units);
	for (int32_t i = 0; i < units->len;) {
		UChar32 c = next(units, &i);
		bool mark = u_charType(c) == U_NON_SPACING_MARK;
		plain = mark ? plain : is_plain_letter(c);
		if (!mark || !plain)
			add(&kept, u_isUWhiteSpace(c) ? ' ' : is_apostrophe(c) ? '\'' : c);
	}
	*units = kept;
	normalize(tools, tools->compose, units);
}

static void first_pass(struct tools *tools, struct units *units)
{
	for (int32_t i = 0; i < units->len; i++)
		if (is_apostrophe(units->at[i]))
			units->at[i] = '\''; /* U+2BC and others fold to themselves */
	normalize(tools, tools->casefold, units);
	drop_marks(tools, units);
}

static void skeleton(struct tools *tools, struct units *units)
{
	struct units from = *units;
	units->len = uspoof_getSkeleton(tools->spoof, 0, from.at, from.len, units->at, UNITS, &tools->status);
	must(tools, "skeleton");
}

static void second_pass(struct tools *tools, struct units *units)
{
	for (int i = 0; i < 2; i++) {
		skeleton(tools, units);
		first_pass(tools, units);
	}
	for (int32_t i = 0; i < units->len; i++)
		if (units->at[i] == 'i')
			units->at[i] = 'l';
}

static uint32_t intern(struct table *table, struct tools *tools, const struct units *units, uint8_t *len)
{
	char text[BYTES + 1];
	int32_t bytes = 0;
	u_strToUTF8(text, BYTES, &bytes, units->at, units->len, &tools->status);
	must(tools, "to UTF-8");
	*len = (uint8_t)bytes;
	/* the pool shares nothing: records do */
	if (table->pool_len + (uint32_t)bytes > POOL)
		abort();
	memcpy(table->pool + table->pool_len, text, (size_t)bytes);
	return table->pool_len;
}

static uint8_t script_number(UChar32 c)
{
	UErrorCode status = U_ZERO_ERROR;
	UScriptCode script = uscript_getScript(c, &status);
	switch ((int)script) {
	case USCRIPT_COMMON:
	case USCRIPT_INHERITED:
	case USCRIPT_UNKNOWN:
	case USCRIPT_INVALID_CODE:
		return 0;
	case USCRIPT_HIRAGANA:
	case USCRIPT_KATAKANA:
	case USCRIPT_BOPOMOFO:
	case USCRIPT_HANGUL:
		return USCRIPT_HAN;
	default:
		return script < 256 ? (uint8_t)script : 0;
	}
}

static bool is_without_spaces(UChar32 c)
{
	static const UScriptCode scripts[] = {
		USCRIPT_HAN,	  USCRIPT_HIRAGANA, USCRIPT_KATAKANA, USCRIPT_BOPOMOFO,	   USCRIPT_THAI,
		USCRIPT_LAO,	  USCRIPT_KHMER,    USCRIPT_MYANMAR,  USCRIPT_TIBETAN,	   USCRIPT_YI,
		USCRIPT_JAVANESE, USCRIPT_BALINESE, USCRIPT_LANNA,    USCRIPT_NEW_TAI_LUE, USCRIPT_TAI_VIET,
	};
	for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
		if (uscript_hasScript(c, scripts[i]))
			return true;
	return false;
}

static uint16_t flags_of(const struct tools *tools, UChar32 c, const struct units *first)
{
	unsigned flags = 0;
	int8_t type = u_charType(c);
	UChar32 last = 0;
	for (int32_t i = 0; i < first->len;)
		last = next(first, &i);
	flags |= type == U_NON_SPACING_MARK ? FOLD_MARK : 0;
	flags |= first->len && is_plain_letter(last) ? FOLD_PLAIN : 0;
	flags |= unorm2_hasBoundaryBefore(tools->casefold, c) && unorm2_hasBoundaryBefore(tools->compose, c)
			 ? 0
			 : FOLD_JOINS;
	flags |= first->len ? 0 : FOLD_GONE;
	flags |= type == U_DECIMAL_DIGIT_NUMBER ? FOLD_DIGIT : 0;
	flags |= type == U_UPPERCASE_LETTER || type == U_TITLECASE_LETTER ? FOLD_UPPER : 0;
	flags |= type == U_LOWERCASE_LETTER ? FOLD_LOWER : 0;
	flags |= U_MASK(type) & U_GC_L_MASK ? FOLD_LETTER : 0;
	flags |= is_without_spaces(c) ? FOLD_NOSPACE : 0;
	return (uint16_t)flags;
}

static bool same_record(const struct table *table, const struct fold_record *a, const struct fold_record *b)
{
	return a->flags == b->flags && a->script == b->script && a->first_len == b->first_len &&
	       a->second_len == b->second_len &&
	       memcmp(table->pool + a->first, table->pool + b->first, a->first_len) == 0 &&
	       memcmp(table->pool + a->second, table->pool + b->second, a->second_len) == 0;
}

static uint32_t hash_of(const struct table *table, const struct fold_record *record)
{
	uint32_t hash = 2166136261u ^ record->flags ^ (uint32_t)record->script << 16;
	for (uint32_t i = 0; i < record->first_len; i++)
		hash = (hash ^ (uint8_t)table->pool[record->first + i]) * 16777619u;
	hash = (hash ^ 0xff) * 16777619u;
	for (uint32_t i = 0; i < record->second_len; i++)
		hash = (hash ^ (uint8_t)table->pool[record->second + i]) * 16777619u;
	return hash;
}

/* A record with equal content is used again; then the pool takes back what was added for this one. */
static uint16_t keep(struct table *table, struct fold_record record, uint32_t pool_from)
{
	uint32_t mask = sizeof table->hash / sizeof *table->hash - 1;
	uint32_t slot = hash_of(table, &record) & mask;
	for (; table->hash[slot] != NO_RECORD; slot = (slot + 1) & mask) {
		if (same_record(table, &table->record[table->hash[slot]], &record)) {
			table->pool_len = pool_from;
			return (uint16_t)table->hash[slot];
		}
	}
	if (table->records == RECORDS)
		abort();
	table->hash[slot] = (int32_t)table->records;
	table->record[table->records] = record;
	return (uint16_t)table->records++;
}

static uint16_t make(struct table *table, struct tools *tools, UChar32 c)
{
	struct units first = {.len = 0}, second;
	uint32_t pool_from = table->pool_len;
	add(&first, c);
	second = first;
	first_pass(tools, &first);
	second_pass(tools, &second);
	if (first.len == 0)
		second.len = 0;
	struct fold_record record = {.script = script_number(c), .flags = flags_of(tools, c, &first)};
	/* "itself" is written as length 0 without FOLD_GONE, so that most letters of a script share a record */
	struct units self = {.len = 0};
	add(&self, c);
	if (first.len != self.len || u_memcmp(first.at, self.at, self.len) != 0) {
		record.first = intern(table, tools, &first, &record.first_len);
		table->pool_len += record.first_len;
	}
	if (second.len != self.len || u_memcmp(second.at, self.at, self.len) != 0) {
		record.second = intern(table, tools, &second, &record.second_len);
		table->pool_len += record.second_len;
	}
	return keep(table, record, pool_from);
}

static void share_page(struct table *table, uint32_t page, const uint16_t entry[FOLD_PAGE])
{
	for (uint32_t i = 0; i < table->pages; i++) {
		if (memcmp(table->entry[i], entry, sizeof table->entry[i]) == 0) {
			table->page[page] = (uint16_t)i;
			return;
		}
	}
	memcpy(table->entry[table->pages], entry, sizeof table->entry[0]);
	table->page[page] = (uint16_t)table->pages++;
}

static void fill(struct table *table, struct tools *tools)
{
	memset(table->hash, 0xff, sizeof table->hash);
	keep(table, (struct fold_record){.script = 0}, 0);
	for (uint32_t page = 0; page < FOLD_PAGES; page++) {
		uint16_t entry[FOLD_PAGE] = {0};
		for (uint32_t i = 0; i < FOLD_PAGE; i++) {
			UChar32 c = (UChar32)(page * FOLD_PAGE + i);
			int8_t type = u_charType(c);
			bool used = type != U_UNASSIGNED && type != U_PRIVATE_USE_CHAR && type != U_SURROGATE;
			/* unassigned code points may be default-ignorable too */
			if (used || (type == U_UNASSIGNED &&
				     u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT)))
				entry[i] = make(table, tools, c);
		}
		share_page(table, page, entry);
	}
}

static void print(FILE *out, const struct table *table)
{
	fprintf(out, "/* Written by fold_make; ICU %s, Unicode %s. */\n#include \"rules/fold_table.h\"\n\n",
		U_ICU_VERSION, U_UNICODE_VERSION);
	fprintf(out, "const uint16_t fold_page[FOLD_PAGES] = {");
	for (uint32_t i = 0; i < FOLD_PAGES; i++)
		fprintf(out, "%s%u,", i % 32 ? "" : "\n", table->page[i]);
	fprintf(out, "};\nconst uint16_t fold_entry[][FOLD_PAGE] = {");
	for (uint32_t page = 0; page < table->pages; page++) {
		fprintf(out, "{");
		for (uint32_t i = 0; i < FOLD_PAGE; i++)
			fprintf(out, "%s%u,", i % 32 ? "" : "\n", table->entry[page][i]);
		fprintf(out, "},\n");
	}
	fprintf(out, "};\nconst struct fold_record fold_record[] = {\n");
	for (uint32_t i = 0; i < table->records; i++) {
		const struct fold_record *r = &table->record[i];
		fprintf(out, "{%u,%u,%u,%u,%u,%u},\n", r->first, r->second, r->first_len, r->second_len,
			r->script, r->flags);
	}
	fprintf(out, "};\nconst char fold_pool[] = {");
	for (uint32_t i = 0; i < table->pool_len; i++)
		fprintf(out, "%s%d,", i % 64 ? "" : "\n", (signed char)table->pool[i]);
	fprintf(out, "0};\n");
}

int main(int argc, char **argv)
{
	struct tools tools = {.status = U_ZERO_ERROR};
	struct table *table = calloc(1, sizeof *table);
	FILE *out = argc == 2 ? fopen(argv[1], "w") : NULL;
	if (!table || !out) {
		fprintf(stderr, "usage: fold_make OUTPUT\n");
		return 2;
	}
	tools.casefold = unorm2_getNFKCCasefoldInstance(&tools.status);
	tools.compose = unorm2_getNFCInstance(&tools.status);
	tools.decompose = unorm2_getNFDInstance(&tools.status);
	tools.spoof = uspoof_open(&tools.status);
	must(&tools, "open");
	fill(table, &tools);
	print(out, table);
	uspoof_close(tools.spoof);
	free(table);
	return fclose(out) == 0 ? 0 : 1;
}
