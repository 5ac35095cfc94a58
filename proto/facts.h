/* SPDX-License-Identifier: Apache-2.0
 *
 * Facts: what rules look at. Extracted once per call into the call's arena, as columns, never as one heap
 * object per item. All runs of bytes borrow from the messages or the arena, which outlive the facts.
 *
 * For each fact, absent is a state of its own: a run of bytes with at == NULL, a number whose `present`
 * flag is 0. A field with presence that is not on the wire is absent; of fields without presence, strings
 * and enums at zero are absent, numbers at zero are 0 and present if their message is.
 */
#ifndef PROTO_FACTS_H
#define PROTO_FACTS_H

#include "proto/bytes.h"
#include <stdint.h>

/* Rule files, logs and tools use these names: the canonical enum's names in lower case without the common
 * prefix. ABSENT is 0 on the wire; OTHER is a number that the enum does not have. */
enum prompt_kind {
	PROMPT_ABSENT,
	PROMPT_ACKNOWLEDGEMENT,
	PROMPT_CLARIFYING_QUESTION,
	PROMPT_PREFERENCE_UPDATE,
	PROMPT_CATEGORY_SWITCH,
	PROMPT_PAUSE,
	PROMPT_OTHER,
};
enum choice_kind {
	CHOICE_ABSENT,
	CHOICE_ACCEPT,
	CHOICE_DECLINE,
	CHOICE_MORE_OF,
	CHOICE_LESS_OF,
	CHOICE_PAUSE_CATEGORY,
	CHOICE_OTHER,
};
enum signal_kind {
	SIGNAL_ABSENT,
	SIGNAL_DISSATISFIED,
	SIGNAL_NOT_RELEVANT,
	SIGNAL_SATISFIED,
	SIGNAL_PROMPT_DISMISSED,
	SIGNAL_PROMPT_ANSWERED,
	SIGNAL_OPT_OUT,
	SIGNAL_OPT_IN,
	SIGNAL_RESET,
	SIGNAL_PROMPT_SHOWN,
	SIGNAL_OTHER,
};

/* "acknowledgement"; "" for ABSENT, "other" for OTHER. Static text. */
const char *prompt_kind_name(enum prompt_kind kind);
const char *choice_kind_name(enum choice_kind kind);
const char *signal_kind_name(enum signal_kind kind);

/* The kind of a name; *_OTHER when no kind has that name ("other" and "" are not names). */
enum prompt_kind prompt_kind_named(struct bytes name);
enum choice_kind choice_kind_named(struct bytes name);
enum signal_kind signal_kind_named(struct bytes name);

/* A column of numbers: value[i] counts only where present[i]. Both are NULL when count is 0. */
struct facts_numbers {
	double *value;
	uint8_t *present;
	bool narrow; /* the field on the wire is a 32-bit float: bounds are computed in that type */
};

struct facts_attribute {
	struct bytes name, value;
};

struct facts_choice {
	struct bytes id, label;
	enum choice_kind kind;
};

struct facts_prompt {
	struct bytes id, template_id, text, locale;
	enum prompt_kind kind;
	struct facts_choice *choices;
	size_t choice_count;
};

struct facts {
	/* context, from the call and its request */
	struct bytes method; /* "/rankguard.v1.RankingService/Rank" */
	struct bytes user, session, surface, locale, time_zone, segment, experiment;
	struct facts_attribute *attributes;
	size_t attribute_count;
	bool opted_out;
	int64_t offset; /* first place of this page in the whole ranking; 0 when not mapped */

	/* what the request gives to rank, in its order: a baseline where the response states none */
	size_t candidate_count;
	struct bytes *candidate_id;
	struct facts_numbers candidate_score;

	/* the ranking, in the order of the response; position = index */
	size_t item_count;
	struct bytes *item_id, *item_category, *item_source;
	struct facts_numbers item_score, item_baseline;
	struct bytes
		*item_tags; /* the tags of item i are item_tags[item_tag_from[i] .. item_tag_from[i+1]) */
	uint32_t *item_tag_from; /* item_count + 1 values; NULL when no item has tags */

	/* Where a response holds several lists (groups, batches) each is a ranking of its own, and items stay in
	 * it: item_first[i] is the first item of the list of item i; the items of a list stand together. NULL:
	 * all stand in one list. */
	uint32_t *item_first;

	size_t weight_count;
	struct bytes *weight_category;
	struct facts_numbers weight, weight_baseline;

	size_t prompt_count;
	struct facts_prompt *prompts;

	struct bytes explanation, model_version;
	double confidence;
	bool confidence_present;

	/* how the mapping declares the list to be sorted: by score down, by score up, by position */
	enum facts_order { ORDER_POSITION, ORDER_SCORE_DESC, ORDER_SCORE_ASC } order;
};

/* What a signal method's request says. */
struct facts_signal {
	struct bytes user, session, item, category, prompt;
	enum signal_kind kind;
};

#endif
