/* SPDX-License-Identifier: Apache-2.0
 *
 * Edits from a line of words, for tests:
 *
 *     score I NUMBER | weight I NUMBER       NUMBER: 0.25, or the bits of a double as a decimal 64-bit number
 *     order I I I ...
 *     drop I
 *     replace I TEXT TEMPLATE LOCALE KIND
 *     choice I ID KIND LABEL                 one more choice of a replaced prompt
 *     explain TEXT                           TEXT: hex, 'plain', "+" is empty, "-" is absent
 */
#ifndef TESTS_PROTO_EDIT_WORDS_H
#define TESTS_PROTO_EDIT_WORDS_H

#include "proto/arena.h"
#include "proto/edits.h"

/* The next word of a line, "-" behind the last one. */
char *edit_next_word(char **rest);

/* The bytes of a TEXT, exactly sized in the arena. */
struct bytes edit_text(struct arena *arena, const char *word);

/* One edit of a response with these facts. False when the verb is none of the above. */
bool edit_words(struct edits *edits, const struct facts *facts, struct arena *arena, char *line);

#endif
