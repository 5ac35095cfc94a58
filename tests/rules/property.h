/* SPDX-License-Identifier: Apache-2.0
 *
 * What the properties of property_test.c are made of: random rules and responses, and a naive second judge of
 * each rule. One generator, seeded by the test.
 */
#ifndef TESTS_RULES_PROPERTY_H
#define TESTS_RULES_PROPERTY_H

#include "support.h"

enum { RULES_MAX = 7, ITEMS_MAX = 8, PROMPTS_MAX = 4, EVENTS_MAX = 5, WEIGHTS_MAX = 3 };

void pick_seed(uint64_t seed);
unsigned pick(unsigned below);

#define ONE_OF(list) list[pick(COUNT(list))]

/* A rule as text, and what the naive judge needs of it. */
struct random_rule {
	char text[1024], id[16];
	enum {
		BOUND,
		CAP,
		DENY,
		ALLOW,
		CHOICE,
		LOCALE,
		TONE,
		WHY,
		GRADE,
		WEIGHT,
		SHIFT,
		RETAIN,
		SHARE,
		GAP,
		ANSWERED,
		BACKOFF,
		OPT_OUT,
		FLOOR,
		CONFLICT,
		QUIET,
		KINDS,
	} kind;
	bool enforcing, flags;
	enum { EVERYWHERE, HOME, NOT_HOME, SHARED } when;
	double absolute, relative; /* negative: none */
	double min_weight;	   /* negative: none */
	bool missing_last;
	int max, top, within; /* of places: max_places, at_least, or items of a category */
	enum { RESPONSE, SESSION, USER } per;
	int64_t window_ns;
	const char *phrase;
};

void random_rule(struct random_rule *rule, unsigned number);

/* One file, or two: the rules in the given order, the second half in the second file. Returns owned. */
struct rules_ruleset *random_rules_load(const struct random_rule *rule, const unsigned *order, unsigned count,
					bool two_files);

/* Its runs of bytes are constants; the facts point into itself. */
struct response {
	struct facts facts;
	double score[ITEMS_MAX], baseline[ITEMS_MAX];
	uint8_t score_present[ITEMS_MAX], baseline_present[ITEMS_MAX];
	struct bytes id[ITEMS_MAX], category[ITEMS_MAX];
	double weight[WEIGHTS_MAX], weight_baseline[WEIGHTS_MAX];
	uint8_t weight_present[WEIGHTS_MAX], weight_baseline_present[WEIGHTS_MAX];
	struct facts_prompt prompt[PROMPTS_MAX];
	struct rules_event session[EVENTS_MAX], user[EVENTS_MAX];
	struct rules_history history;
};

void random_response(struct response *response);

/* The response as it leaves. Runs of bytes still belong to the decision's arena. */
void response_apply(const struct response *from, const struct rules_decision *decision, struct response *to);

bool finite_baseline(const struct response *response, size_t item);

/* Can the judge tell of this response whether the rule holds? Not of rules that change nothing, and not
 * where a share decides. */
bool judged(const struct random_rule *rule, const struct response *left);

/* Does the rule hold of what left? */
bool holds(const struct random_rule *rule, const struct response *left);

#endif
