/* SPDX-License-Identifier: Apache-2.0
 *
 * The work on one response: the response as it stands after the steps done so far, and what rules found in
 * it. Lives in the call's arena.
 *
 * A step is always the same: the enforcing rules judge and add findings; the step carries out the strongest;
 * then the observing rules judge what the enforcing ones left, and their findings are recorded as `would`.
 */
#ifndef RULES_WORK_H
#define RULES_WORK_H

#include "rules/decide.h"
#include "rules/kind.h"

/* One thing that one rule found not to be within. */
struct finding {
	const struct rule *rule;
	enum rules_verdict verdict; /* EXCEEDED or UNKNOWN */
	enum rules_action action;
	enum rules_target_type type;
	size_t index;	       /* of the target, in the facts */
	double low, high;      /* clamp: the bounds */
	double tightness;      /* of equal actions the smaller one wins, then the smaller rule id */
	struct bytes observed; /* for people; absent: made of the target's numbers */
	bool unsatisfied;      /* the baseline is served and the rule still does not hold */
	uint64_t *evidence;    /* frequency */
	size_t evidence_count;
};

/* A prompt as it stands. */
struct work_prompt {
	struct facts_prompt now;
	bool dropped, replaced;
	struct passages *passages; /* what the lexicon found in it; NULL: not looked at yet */
};

/* What a rule of LANGUAGE or FREQUENCY is to judge. */
struct scope {
	size_t prompt_from, prompt_to;
	bool explanation;
};

/* What the lexicon found in the texts of one target: texts in the order text, then labels. */
struct passages {
	struct passage_text {
		struct bytes text;
		enum passage on;
		bool valid;	    /* UTF-8 */
		struct bytes *hits; /* per list of the lexicon; NULL when invalid */
	} * at;
	size_t count;
};

/* One intervention being collected. */
struct recorded {
	struct rules_intervention public;
	enum rules_step step;
	size_t target_room;
};

struct rules_work {
	const struct rules_ruleset *ruleset;
	const struct facts *facts;
	int64_t now_ns;
	struct arena *arena;
	struct kit *kit;
	bool full;     /* the arena's limit was reached: the decision is void */
	bool *applies; /* per rule: dates, mode and `when` let it */
	enum rules_verdict *verdict;

	struct finding *finding;
	size_t finding_count, finding_room;
	bool observing; /* the observing rules are judging */

	/* the response as it stands */
	double *score;	    /* per item; NAN: absent or not finite */
	uint8_t *score_set; /* it differs from what was proposed */
	double *baseline;   /* per item, in the score's own type; NAN: absent or not finite */
	size_t baseline_count;
	uint32_t *order;			   /* NULL: as proposed */
	uint32_t *baseline_order, *baseline_place; /* made by the places step */
	double *weight;				   /* as score, score_set, baseline */
	uint8_t *weight_set;
	double *weight_baseline;
	struct work_prompt *prompt;
	struct bytes explanation;
	bool explanation_set;
	struct passages *explanation_passages;
	const struct categories *categories; /* rules/categories.h; NULL: not looked at yet */

	struct scope scope;
	const struct rules_history *history;
	size_t *admitted; /* prompts that frequency let pass so far, by index */
	size_t admitted_count;

	bool rejected;
	struct recorded *recorded; /* in the order of work */
	size_t recorded_count, recorded_room;
};

/* Where a response holds several lists each is a ranking of its own: its items stand together, in the facts and in
 * every order, and none leaves it. */
static inline size_t rules_work_list_end(const struct facts *facts, size_t from)
{
	size_t end = from + 1;
	if (!facts->item_first)
		return facts->item_count;
	while (end < facts->item_count && facts->item_first[end] == from)
		end++;
	return end;
}

static inline size_t rules_work_list_of(const struct facts *facts, size_t item)
{
	return facts->item_first ? facts->item_first[item] : 0;
}

/* Items of the list at [from, to) that have a baseline. */
size_t rules_work_baselines(const struct rules_work *work, size_t from, size_t to);

/* Adds a finding; sets the rule's verdict. */
void rules_work_find(struct rules_work *work, struct finding finding);

/* Calls evaluate of each rule of the step that applies and whose mode is enforce (or observe). Findings of
 * the earlier call are forgotten. */
void rules_work_judge(struct rules_work *work, enum rules_step step, bool observing);

/* Findings so far stay where they are in the arena; what is found from now on is a new list. */
void rules_work_keep_findings(struct rules_work *work);

/* Does `a` win over `b`? The strongest action, then the tightest bound, then the smaller rule id. */
bool rules_work_beats(const struct finding *a, const struct finding *b);

/* Records one target of an intervention: findings of one rule with one action and verdict share one. */
void rules_work_record(struct rules_work *work, const struct finding *finding, enum rules_action action,
		       struct rules_target target);

/* Records all flags among the findings (enforcing), or everything (observing: as `would`). */
void rules_work_record_flags(struct rules_work *work);

struct rules_target rules_work_target(const struct rules_work *work, const struct finding *finding);

/* The response is refused because of this finding. */
void rules_work_reject(struct rules_work *work, const struct finding *finding);

/* Ranking and weights go to the baseline. */
void rules_work_revert(struct rules_work *work);

/* Ranking and weights equal the baseline that the response states, as revert leaves them: also when there is
 * no ranking. False when there are items and none has a baseline. */
bool rules_work_at_baseline(const struct rules_work *work);

/* Allocation that marks the work as void when the arena is full. */
void *rules_work_alloc(struct rules_work *work, size_t count, size_t size);
__attribute__((format(printf, 2, 3))) struct bytes rules_work_text(struct rules_work *work,
								   const char *format, ...);

/* What the lexicon finds in the texts of a prompt as it stands, or in the explanation; looked at once. NULL:
 * the arena is full. */
const struct passages *rules_work_prompt_passages(struct rules_work *work, size_t prompt);
const struct passages *rules_work_explanation_passages(struct rules_work *work);

/* Some enforcing phrase_deny rule that applies, and whose `locales` cover `locale`, denies a phrase in
 * `text`; or the text is not UTF-8, of which no rule can tell. */
bool rules_phrase_denied(struct rules_work *work, struct bytes text, struct bytes locale);

/* The phrase of one phrase_deny rule among the hits of a scanned text; absent: none, or not its locale. */
struct bytes rules_phrase_deny_hit(const struct rule *rule, const struct bytes *hits, struct bytes locale);

/* The columns of scores and weights as they stand; made once. False: the arena is full. */
bool rules_work_columns(struct rules_work *work);

/* work->order, made as proposed when it is not there yet; false: the arena is full. */
bool rules_work_order(struct rules_work *work);

/* The items by baseline score in the declared direction; ties as proposed, those without behind. */
uint32_t *rules_work_baseline_order(struct rules_work *work);

/* The finding that wins over all others; NULL: there is none. */
const struct finding *rules_work_strongest(const struct rules_work *work);

void rules_state_step(struct rules_work *work);
void rules_places_step(struct rules_work *work);
void rules_values_step(struct rules_work *work);
void rules_language_step(struct rules_work *work);
void rules_frequency_step(struct rules_work *work);

#endif
