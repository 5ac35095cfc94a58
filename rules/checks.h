/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks and words that several key tables share.
 */
#ifndef RULES_CHECKS_H
#define RULES_CHECKS_H

#include "proto/bytes.h"
#include "proto/err.h"

/* Values of texts: true, or err says what is wrong as the end of a sentence that begins with the key. */
bool rules_check_id(struct bytes value, struct err *err);     /* [a-z0-9._-]+ */
bool rules_check_name(struct bytes value, struct err *err);   /* [a-z0-9_]+ */
bool rules_check_filled(struct bytes value, struct err *err); /* not empty */
bool rules_check_label(struct bytes value, struct err *err);  /* not empty, one line */

/* Words of keys. */
const char *rules_prompt_word(unsigned n); /* prompt kinds, by enum prompt_kind */
const char *rules_choice_word(unsigned n); /* choice kinds, by enum choice_kind */
const char *rules_mode_word(unsigned n);   /* modes, by enum rules_mode */

/* Code points of valid UTF-8. */
double rules_count_characters(struct bytes text);

#endif
