/* SPDX-License-Identifier: Apache-2.0
 *
 * The catalogue: the approved texts, per id and locale, with slots and choices.
 */
#ifndef RULES_CATALOGUE_H
#define RULES_CATALOGUE_H

#include "proto/facts.h"
#include "rules/keys.h"

struct text_slot {
	struct spot spot;
	struct bytes name;
	struct number max_chars; /* code points */
	struct texts one_of;
};

struct text_choice {
	struct spot spot;
	struct bytes id, label;
	int kind; /* enum choice_kind */
};

/* A run of the text: a literal, and then the value of a slot, except behind the last literal. */
struct text_part {
	struct bytes literal;
	const struct text_slot *slot; /* NULL: the end */
};

struct text {
	struct spot spot;
	struct bytes id, locale /* canonical */, text, approved_by;
	int kind; /* enum prompt_kind; PROMPT_ABSENT: for explanations */
	struct moment approved, expires;
	struct groups slots;   /* struct text_slot */
	struct groups choices; /* struct text_choice */
	struct text_part *part;
	size_t part_count;
	size_t longest;			/* bytes of its longest instance */
	struct facts_choice *as_choice; /* the choices as a prompt carries them */
};

extern const struct keys rules_text_keys;

struct catalogue {
	struct text **text; /* by id, then by locale */
	size_t count, room;
};

/* Takes a text that was read: cuts it at its slots, canonicalises its locale, and keeps it. Problems become
 * findings. */
void rules_catalogue_add(struct catalogue *catalogue, const struct reader *reader, struct text *text);

/* Sorts, and reports texts that stand twice and those that have expired, or expire within 30 days, at `now_ns` (0: none). */
void rules_catalogue_finish(struct catalogue *catalogue, struct rules_findings *findings, int64_t now_ns);

/* Approved, and not yet expired, at this time. */
bool rules_text_in_force(const struct text *text, int64_t now_ns);

/* The texts of one id: *from up to the return value. */
size_t rules_catalogue_range(const struct catalogue *catalogue, struct bytes id, size_t *from);

/* RFC 4647 lookup: the text of `id` in force for the locale, or for a shorter form of it. NULL: none, or the
 * locale is absent or malformed. */
const struct text *rules_catalogue_lookup(const struct catalogue *catalogue, struct bytes id,
					  struct bytes locale, int64_t now_ns);

/* Is `words` an instance of the text? The values of its slots, in order of its parts, in `slot` (room for
 * part_count). Slots hold at least one character and at most max_chars, or one of one_of; of several
 * readings the one with the shortest first slots is taken. */
bool rules_text_match(const struct text *text, struct bytes words, struct arena *arena, struct bytes *slot,
		      bool *full);

#endif
