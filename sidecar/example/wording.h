/* SPDX-License-Identifier: Apache-2.0
 *
 * What the demo recommender says to a user who is not content: first well, then too much and in the wrong
 * words, so that every rule about prompts has work. English only, whatever the user's locale.
 */
#ifndef EXAMPLE_WORDING_H
#define EXAMPLE_WORDING_H

#include "proto/arena.h"
#include "rankguard/v1/ranking.pb-c.h"

enum wording_moment {
	WORDING_CONTENT,   /* nothing to say */
	WORDING_FIRST,	   /* first complaint: an approved acknowledgement */
	WORDING_SECOND,	   /* an approved question */
	WORDING_THIRD,	   /* blames the user, and asks twice in one response */
	WORDING_MANY,	   /* shouts, and leaves no way to decline */
	WORDING_DISMISSED, /* reproaches the user with having closed a prompt */
	WORDING_OPTED_OUT, /* asks whether the user is sure */
};

/* Sets the prompts of the response; `asked` counts a session's prompts and numbers their ids. Everything
 * lives in the arena. False: the arena is full. */
MUST_USE bool wording_prompts(enum wording_moment moment, const char *category, unsigned *asked,
			      struct arena *arena, Rankguard__V1__RankResponse *response);

/* Why the list looks as it does; borrowed or in the arena, NULL when the arena is full. */
MUST_USE char *wording_explanation(enum wording_moment moment, const char *category, struct arena *arena);

#endif
