/* SPDX-License-Identifier: Apache-2.0
 *
 * Word and sentence boundaries (UAX 29) of plain texts, without ICU: an iterator over a text of 80 characters
 * costs some microseconds there, and most texts of most prompts are plain. A text is plain when all of it is
 * letters and digits of ASCII, single or repeated spaces, and . , ! ? ' " ( ) - only. What the classes of these
 * mean has been the same in every version of the standard's rules; of other characters (colon, semicolon) it has
 * not, so that they are left to ICU.
 */
#ifndef RULES_PLAIN_H
#define RULES_PLAIN_H

#include "proto/bytes.h"

/* boundary[i] = 1 where a word (a sentence) begins or ends at byte i; text.len + 1 values, zeroed before. False:
 * the text is not plain, and nothing was written. */
bool rules_plain_words(struct bytes text, unsigned char *boundary);
bool rules_plain_sentences(struct bytes text, unsigned char *boundary);

#endif
