/* SPDX-License-Identifier: Apache-2.0
 *
 * Edits: what is to change in one response. Made by decide, carried out by patch. A NULL column means
 * "nothing of this kind changes". Everything lives in the call's arena; positions are those of the facts
 * (the response as the recommender proposed it). Items are moved, never dropped; prompts may be dropped.
 */
#ifndef PROTO_EDITS_H
#define PROTO_EDITS_H

#include "proto/facts.h"

struct edits_prompt {
	bool drop;
	bool replace;		  /* text, template_id, locale, kind and choices are set from `with` */
	struct facts_prompt with; /* choices: a choice without id is written without one */
};

struct edits {
	double *score;	    /* item_count values, or NULL */
	uint8_t *score_set; /* score[i] is written only where score_set[i] */
	uint32_t *order;    /* order[place] = index of the item that moves there: a permutation, or NULL */
	double *weight;	    /* weight_count values, or NULL */
	uint8_t *weight_set;
	struct edits_prompt *prompts; /* prompt_count values, or NULL */
	bool explanation_set;	      /* the explanation becomes `explanation`; empty or absent clears it */
	struct bytes explanation;
};

/* True when nothing changes. */
static inline bool edits_empty(const struct edits *edits)
{
	return !edits->score && !edits->order && !edits->weight && !edits->prompts && !edits->explanation_set;
}

#endif
