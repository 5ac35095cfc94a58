/* SPDX-License-Identifier: Apache-2.0
 *
 * Folding: what makes two writings of one phrase the same. Four lanes:
 *
 *   FIRST, SECOND   the two passes of `fold = "full"` (see fold_make.c for what they do)
 *   CASE            full case folding only
 *   NONE            the text itself
 *
 * A folded text knows for each of its bytes from which character of the original it came, so that words are
 * judged in the original. Characters that stand alone go through the per-code-point table; those that
 * combine with marks (outside Latin, Greek and Cyrillic, whose marks are dropped) go through ICU, in pieces
 * of at most 32 characters.
 */
#ifndef RULES_FOLD_H
#define RULES_FOLD_H

#include "proto/arena.h"
#include <stdint.h>

enum fold_lane { FOLD_FIRST, FOLD_SECOND, FOLD_CASE, FOLD_NONE, FOLD_LANES };

struct folded {
	struct bytes text;
	uint32_t *from; /* text.len + 1 offsets into the original; the last is its length. NULL: identity */
};

/* Folds valid UTF-8 shorter than 1 GiB. False: the arena is full. */
MUST_USE bool rules_fold(struct bytes text, enum fold_lane lane, struct arena *arena, struct folded *folded);

uint32_t rules_fold_next_wide(struct bytes text, size_t *at); /* of two bytes and more */

/* The character at *at, which moves behind it. `text` is valid UTF-8 and *at < text.len. */
static inline uint32_t rules_fold_next(struct bytes text, size_t *at)
{
	unsigned char c = (unsigned char)text.at[*at];
	if (c >= 0x80)
		return rules_fold_next_wide(text, at);
	++*at;
	return c;
}

/* True when no word of the text can be odd (see rules_fold_is_odd): all ASCII, no digit beside a letter, no
 * upper case after lower. Then the second pass finds nothing. */
bool rules_fold_is_tame(struct bytes text);

/* A word that invites a second look: it mixes scripts, has a digit beside a letter, or upper case after
 * lower case. */
bool rules_fold_is_odd(struct bytes word);

#endif
