/* SPDX-License-Identifier: Apache-2.0
 *
 * What the kinds of FREQUENCY share. Their settings begin with struct frequency_settings.
 */
#ifndef RULES_FREQUENCY_H
#define RULES_FREQUENCY_H

#include "rules/work.h"

/* Words of a `per` that counts history: "session", "user", by enum rules_per. */
const char *rules_subject_word(unsigned n);

/* Does the rule look at prompts of this kind? One that is absent or unknown does not escape. */
bool rules_frequency_concerns(const struct frequency_settings *settings, enum prompt_kind kind);

/* Prompts admitted so far in this response that the rule looks at. */
size_t rules_frequency_admitted(const struct rule *rule, const struct rules_work *work);

/* How long ago. An event later than now is of a call that runs at the same time: 0. */
int64_t rules_event_age(const struct rules_event *event, int64_t now_ns);

/* Calls `judge` for each prompt in scope that the rule looks at. */
void rules_frequency_each(const struct rule *rule, struct rules_work *work,
			  void (*judge)(const struct rule *rule, struct rules_work *work, size_t prompt));

/* The finding that a prompt exceeds the rule, with room for `evidence` entries. */
struct finding rules_frequency_finding(const struct rule *rule, struct rules_work *work, size_t prompt,
				       size_t evidence);

/* Adds the event's entry to the evidence; a reservation has none yet. */
void rules_frequency_evidence(struct finding *finding, const struct rules_event *event);

/* The history that `per` names; NULL without id, and then a finding says that the rule cannot tell. */
const struct rules_history_subject *rules_frequency_subject(const struct rule *rule, struct rules_work *work,
							    size_t prompt);

/* Of two waits the longer one is the tighter bound; a number of prompts is tighter than any wait. */
double rules_frequency_tightness(int64_t wait_ns);

/* kind->memory of kinds whose window is all that they look back. */
int64_t rules_frequency_memory(const struct rule *rule);

#endif
