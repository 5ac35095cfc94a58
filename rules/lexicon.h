/* SPDX-License-Identifier: Apache-2.0
 *
 * The lexicon: the denied phrases of all rules, folded once at load, in one Hyperscan database of literals.
 * A text is folded and scanned once for all rules.
 *
 * A phrase of `match = "word"` counts where it begins and ends at word boundaries (UAX 29) of the original
 * text; at an end that is in a script without spaces any place will do. `match = "substring"` counts
 * anywhere. A match of the second pass counts only where it touches an odd word (rules/fold.h).
 */
#ifndef RULES_LEXICON_H
#define RULES_LEXICON_H

#include "proto/arena.h"
#include "rules/fold.h"
#include "rules/kit.h"

struct lexicon;

/* One way in which a rule looks for its phrases. */
struct lexicon_style {
	bool word, full, fold_case; /* full: both passes; neither full nor fold_case: byte for byte */
};

/* Made in two steps: lists are opened and filled, then everything is compiled. Everything lives in the
 * arena, except for the database (rules_lexicon_done). */
MUST_USE struct lexicon *rules_lexicon_new(struct arena *arena);
void rules_lexicon_done(struct lexicon *lexicon); /* NULL is fine */

/* Opens the list of one rule; its number is what scan results are indexed by. */
MUST_USE bool rules_lexicon_open(struct lexicon *lexicon, size_t *list);

enum lexicon_added { LEXICON_ADDED, LEXICON_EMPTY, LEXICON_FULL };

/* Adds a phrase (valid UTF-8, kept) to a list. EMPTY: nothing is left of it after folding. */
MUST_USE enum lexicon_added rules_lexicon_add(struct lexicon *lexicon, size_t list,
					      struct lexicon_style style, struct bytes phrase);

MUST_USE bool rules_lexicon_compile(struct lexicon *lexicon, struct err *err);

size_t rules_lexicon_lists(const struct lexicon *lexicon);
const hs_database_t *rules_lexicon_database(const struct lexicon *lexicon);

/* The first phrase of each list that stands in the text, absent where none does: one per list, in the
 * arena. `text` is valid UTF-8. False: the arena is full. */
MUST_USE bool rules_lexicon_scan(const struct lexicon *lexicon, struct kit *kit, struct bytes text,
				 struct arena *arena, struct bytes **hits);

#endif
