/* SPDX-License-Identifier: Apache-2.0
 *
 * Decide: facts + history to decision. A pure function of (ruleset, facts, history, time): the daemon,
 * `rankguard-rules test`, replay and the fuzzers run this code. Allocates from the arena only.
 *
 * Two halves, because prompt frequency is decided under the subjects' locks:
 *
 *     rules_decide(...)            steps 1-4: user's state, values, places, language
 *     rules_decide_frequency(...)  step 5 on the prompts that are left, in position order
 *
 * and then the decision is complete: edits for patch, interventions for record. Always call both, also
 * when there are no prompts.
 */
#ifndef RULES_DECIDE_H
#define RULES_DECIDE_H

#include "proto/arena.h"
#include "proto/edits.h"
#include "rules/history.h"
#include "rules/ruleset.h"

enum rules_target_type {
	RULES_TARGET_ITEM,	  /* id: item id; before/after: score, or places when the action is reorder */
	RULES_TARGET_WEIGHT,	  /* id: category */
	RULES_TARGET_PROMPT,	  /* id: prompt id */
	RULES_TARGET_EXPLANATION, /* no id */
	RULES_TARGET_RESPONSE,	  /* the whole */
};

const char *rules_target_type_name(enum rules_target_type type); /* "item" */

/* One thing that an intervention concerns. Numbers for items and weights, texts for prompts. */
struct rules_target {
	struct bytes id;
	size_t index; /* position in the facts; 0 for explanation and response */
	bool numeric, before_present, after_present;
	double before, after;
	struct bytes before_text, after_text; /* prompts, explanation: text; absent after: suppressed */
};

/* What one rule did (enforce), would do (observe) or flags on this response. */
struct rules_intervention {
	const struct rules_rule *rule;
	enum rules_verdict verdict; /* EXCEEDED or UNKNOWN */
	enum rules_action action;   /* the action carried out, or that would be */
	bool would;	       /* the rule observes, or the decision was discarded: nothing was changed */
	bool unsatisfied;      /* the baseline is served and the rule still does not hold */
	struct bytes limit;    /* "max_absolute 0.2, max_relative 0.5" */
	struct bytes observed; /* "0.73 from 0.4" */
	enum rules_target_type type;
	struct rules_target *target;
	size_t target_count; /* what the receipt's action counts */
	uint64_t *evidence;  /* frequency: indices of the entries that filled the cap */
	size_t evidence_count;
};

struct rules_decision {
	struct edits edits;
	bool rejected; /* the call is refused; no response leaves */
	const struct rules_intervention *rejected_by;
	struct rules_intervention *intervention; /* in the order of work; ties by rule id */
	size_t intervention_count;
	bool changed;		     /* edits are not empty, or rejected */
	enum rules_verdict *verdict; /* one per rule of the ruleset, by rule->index */
	struct facts_prompt *prompt; /* the prompts that leave, as they leave, in order */
	size_t *prompt_index;	     /* their positions in the facts */
	size_t prompt_count;
	struct rules_work *work; /* carried from the first half to the second */
};

/* Steps 1-4. *decision is written only on success; it borrows from facts, ruleset and arena. False: the
 * arena's limit was reached (err says so). Thread: any. */
MUST_USE bool rules_decide(const struct rules_ruleset *ruleset, const struct facts *facts, int64_t now_ns,
			   struct arena *arena, struct rules_decision *decision, struct err *err);

/* The same with what the subjects have seen and said: rules of step 1 look at signals. `history` may be NULL
 * when rules_ruleset_needs_history is false; otherwise such rules cannot tell, as without ids. Read it under
 * the subjects' locks; they need not be held. */
MUST_USE bool rules_decide_seen(const struct rules_ruleset *ruleset, const struct facts *facts,
				const struct rules_history *history, int64_t now_ns, struct arena *arena,
				struct rules_decision *decision, struct err *err);

/* Does the rule of that id apply, whatever its `when` and the facts say. */
struct rules_given {
	struct bytes rule;
	bool applies;
};

/* The same where the facts do not say enough for some `when`: replay of a record (rules/record.h). */
MUST_USE bool rules_decide_given(const struct rules_ruleset *ruleset, const struct facts *facts,
				 const struct rules_history *history, const struct rules_given *given,
				 size_t given_count, int64_t now_ns, struct arena *arena,
				 struct rules_decision *decision, struct err *err);

/* True when the second half looks at history at all: some prompt is left and a frequency rule applies. */
bool rules_decide_needs_history(const struct rules_decision *decision);

/* Step 5. `history` may be NULL when rules_decide_needs_history is false. `now_ns` as given before. */
MUST_USE bool rules_decide_frequency(const struct rules_history *history, int64_t now_ns, struct arena *arena,
				     struct rules_decision *decision, struct err *err);

/* Throws the decision away and keeps what it was as `would`: nothing is edited or rejected, all proposed prompts
 * leave, every intervention is marked; verdicts stay. After either half, when nothing is enforced at all. */
MUST_USE bool rules_decide_discard(struct arena *arena, struct rules_decision *decision, struct err *err);

/* Drops every prompt that is left without a rule: history is unavailable and `failure.history` says
 * suppress. No intervention is recorded for it; the caller records a failure. */
MUST_USE bool rules_decide_suppress_all(struct arena *arena, struct rules_decision *decision,
					struct err *err);

#endif
