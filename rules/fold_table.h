/* SPDX-License-Identifier: Apache-2.0
 *
 * The per-code-point table behind the full fold. Written by fold_make.c with ICU when rankguard is built:
 * two stages, shared pages, shared records.
 */
#ifndef RULES_FOLD_TABLE_H
#define RULES_FOLD_TABLE_H

#include <stdint.h>

enum fold_flag {
	FOLD_MARK = 1 << 0,    /* a non-spacing mark (Mn) */
	FOLD_PLAIN = 1 << 1,   /* a letter of Latin, Greek or Cyrillic: marks after it are dropped */
	FOLD_JOINS = 1 << 2,   /* may combine with what stands before it (no normalization boundary) */
	FOLD_GONE = 1 << 3,    /* default-ignorable: nothing is left of it */
	FOLD_DIGIT = 1 << 4,   /* Nd */
	FOLD_UPPER = 1 << 5,   /* Lu, Lt */
	FOLD_LOWER = 1 << 6,   /* Ll */
	FOLD_LETTER = 1 << 7,  /* L* */
	FOLD_NOSPACE = 1 << 8, /* of a script that is written without spaces */
};

struct fold_record {
	uint32_t first, second; /* offsets of what passes 1 and 2 make of it, in fold_pool */
	uint8_t first_len, second_len;
	uint8_t script; /* 0: common or inherited; scripts that are mixed in ordinary words share a number */
	uint16_t flags; /* enum fold_flag */
};

enum { FOLD_PAGE = 256, FOLD_PAGES = 0x110000 / FOLD_PAGE };

extern const uint16_t fold_page[FOLD_PAGES];   /* which page */
extern const uint16_t fold_entry[][FOLD_PAGE]; /* which record; 0: itself, a letter of nothing */
extern const struct fold_record fold_record[];
extern const char fold_pool[];

static inline const struct fold_record *fold_record_of(uint32_t c)
{
	return &fold_record[fold_entry[fold_page[c / FOLD_PAGE]][c % FOLD_PAGE]];
}

#endif
