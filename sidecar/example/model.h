/* SPDX-License-Identifier: Apache-2.0
 *
 * The demo's de-escalation model. A session's dissatisfaction lowers the weight of a category and moves
 * the scores of its items; the model acknowledges and asks. It starts reasonably and then overdoes it:
 *
 *   complaint about a category   weight and scores   what is said at the next rankings
 *   first                        x 0.85              an acknowledgement
 *   second                       x 0.45, others up   blame, and a question with it
 *   third                        x 0, others up      the question
 *   more                         x 0, others up      shouting without a way to decline
 *   a prompt is dismissed        all x 0.8           a reproach, once
 *   opt-out                      as before           "Are you sure?"
 *
 * It goes on saying so at every ranking until a prompt is answered, or the user is satisfied or starts
 * over. Baselines are the scores and weights without any of this; both are always stated.
 *
 * Answers depend on the calls of one session and their order alone: no clock, no chance. One thread.
 */
#ifndef EXAMPLE_MODEL_H
#define EXAMPLE_MODEL_H

#include "proto/arena.h"
#include "rankguard/v1/ranking.pb-c.h"

struct model;

enum { MODEL_SESSIONS = 20000 }; /* kept at a time; the oldest gives way */

/* Returns owned; NULL when memory is short. */
MUST_USE struct model *model_new(void);
void model_free(struct model *model); /* NULL is fine */

/* What the user said. A signal without session and user changes nothing. */
MUST_USE bool model_signal(struct model *model, const Rankguard__V1__SignalRequest *signal);

/* Fills the response; it lives in the arena and borrows from the model until the next call. The session is
 * that of session_id, else of user_id. False: memory is short. */
MUST_USE bool model_rank(struct model *model, const Rankguard__V1__RankRequest *request, struct arena *arena,
			 Rankguard__V1__RankResponse *response);

#endif
