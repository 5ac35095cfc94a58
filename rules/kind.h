/* SPDX-License-Identifier: Apache-2.0
 *
 * Kinds of rules as a table. A kind is one file with its keys, its checks and its evaluate function, and one
 * row in kinds.c. Loader, `check`, "did you mean" and `effective` walk the table.
 */
#ifndef RULES_KIND_H
#define RULES_KIND_H

#include "rules/catalogue.h"
#include "rules/keys.h"
#include "rules/lexicon.h"
#include "rules/rule.h"
#include "rules/source.h"
#include "rules/when.h"

struct rules_work;
struct places;
struct zones;

/* The order of work on one response. */
enum rules_step { STEP_STATE, STEP_VALUES, STEP_PLACES, STEP_LANGUAGE, STEP_FREQUENCY };

struct period {
	struct spot spot;
	struct moment from, until;
};

/* A rule with everything that only rules/ sees. */
struct rule {
	struct spot spot;
	struct rules_rule head;
	const struct kind *kind;
	void *settings; /* kind->keys.size bytes, filled by the kind's key table */
	struct when *when;
	struct period *effective;
	int mode;				/* enum rules_mode */
	struct bytes action_word, unknown_word; /* as written, or the default's name */
	bool sound;				/* read without errors, and checked */
	struct bytes limit;			/* for interventions: "max_absolute 0.2, max_relative 0.5" */
};

/* What is being loaded: what a kind's check may look at and add to. */
struct loading {
	struct reader reader; /* subject: the rule */
	struct sources *sources;
	struct lexicon *lexicon;
	struct zones *zones; /* read by the first rule that needs them */
};

/* Needs that are no single fact. */
#define NEED_SUBJECT (UINT64_C(1) << 60) /* a session or a user */
#define NEED_SAID    (UINT64_C(1) << 61) /* signals, or the request's own opted_out */
#define NEED_REVERT  (UINT64_C(1) << 62) /* it reverts whatever its action says */
_Static_assert(PROTO_FACTS <= 60, "facts fit below the other needs");

struct kind {
	const char *name, *help;
	const char *example; /* the keys of a rule, without id and kind */
	enum rules_step step;
	bool first_page; /* it speaks of the first places: pages behind are not its concern */
	struct keys keys;
	enum rules_action actions[6];	 /* the first is the default; RULES_NONE ends the list */
	enum rules_action on_unknown[4]; /* the same; empty: this kind can always tell */
	const char *limit;		 /* what a decision says was the limit; NULL: made of the keys */

	/* Facts as FACT_BIT. Where a method gives none of `concerns` the rule has nothing to judge there; where
	 * it does not give all of `needs` the rule can never tell. `also`: needs that hang on the keys; may be
	 * NULL. */
	uint64_t concerns, needs;
	uint64_t (*also)(const struct rule *rule);

	/* What the key table cannot say. Problems become findings. May be NULL. */
	void (*check)(struct loading *loading, struct rule *rule);

	/* How long an event of a subject can matter to a rule that looks at history. NULL: it looks at none. */
	int64_t (*memory)(const struct rule *rule);

	/* Judges the response as it stands in `work` and adds what is not within to its findings
	 * (rules/work.h). STATE, VALUES, PLACES: the whole; LANGUAGE, FREQUENCY: the targets in work->scope. */
	void (*evaluate)(const struct rule *rule, struct rules_work *work);

	/* Narrows where items may stand (rules/places.h). NULL: says nothing of places. */
	void (*constrain)(const struct rule *rule, struct rules_work *work, struct places *places);
};

/* Settings of all LANGUAGE kinds begin like this. */
struct language_settings {
	struct spot spot;
	uint32_t on; /* bits of enum passage */
	struct bytes fallback;
};
enum passage { ON_TEXT, ON_LABELS, ON_EXPLANATION };
const char *rules_passage_word(unsigned n);

/* Settings of all FREQUENCY kinds begin like this. */
struct frequency_settings {
	struct spot spot;
	int per; /* enum rules_per */
	struct moment window;
	uint32_t kinds; /* bits of enum prompt_kind; 0: all */
};
enum rules_per { PER_RESPONSE, PER_SESSION, PER_USER };

extern const struct kind rules_choice_required, rules_explanation_required, rules_locale_match,
	rules_readability, rules_tone;
extern const struct kind rules_prompt_cap, rules_score_bound, rules_phrase_deny, rules_template_allow;
extern const struct kind rules_prompt_answered, rules_prompt_backoff, rules_opt_out, rules_confidence_floor,
	rules_conflicting_signals, rules_prompt_quiet_hours, rules_prompt_gap;
extern const struct kind rules_category_share, rules_rank_shift, rules_retain_top, rules_weight_bound;

/* index from 0; NULL behind the last */
const struct kind *rules_kind_at(size_t index);
const struct kind *rules_kind_named(struct bytes name);

extern const struct keys rules_rule_keys; /* what all kinds have; fills a struct rule */

#endif
