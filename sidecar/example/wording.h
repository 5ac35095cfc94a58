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
	WORDING_CONTENT,  /* nothing to say */
	WORDING_SORRY,	  /* an approved acknowledgement */
	WORDING_BLAME,	  /* blames the user, and asks in the same breath */
	WORDING_QUESTION, /* an approved question */
	WORDING_SHOUT,	  /* shouts, and leaves no way to decline */
	WORDING_REPROACH, /* for having closed a prompt */
	WORDING_INSIST,	  /* asks whether the user is sure to have opted out */
};

/* Sets the prompts of the response; `asked` counts a session's prompts and numbers their ids. Everything
 * lives in the arena. False: the arena is full. */
MUST_USE bool wording_prompts(enum wording_moment moment, const char *category, unsigned *asked,
			      struct arena *arena, Rankguard__V1__RankResponse *response);

/* Why the list looks as it does; borrowed or in the arena, NULL when the arena is full. */
MUST_USE char *wording_explanation(enum wording_moment moment, const char *category, struct arena *arena);

#endif
