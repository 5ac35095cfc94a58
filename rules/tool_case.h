/* SPDX-License-Identifier: Apache-2.0
 *
 * Rule tests as they stand in *_test.cfg files: a pinned clock, what the user has seen and said, a request,
 * a response, and what is expected of the decision. Read by key tables like rule files.
 *
 * Names are those of the canonical API. A key that is not given is an absent fact; in `expect` it is not
 * checked. Lists of `expect` are exact: as many elements, in this order.
 */
#ifndef RULES_TOOL_CASE_H
#define RULES_TOOL_CASE_H

#include "rules/decide.h"
#include "rules/keys.h"

struct case_event {
	struct spot spot;
	struct bytes at; /* "-20m" or a time */
	int event;	 /* 0: not given; 1: a prompt was delivered; 1 + enum signal_kind: a signal */
	int kind;	 /* enum prompt_kind */
	struct bytes prompt_id, item_id, category, user_id, session_id;
};

struct case_attribute {
	struct spot spot;
	struct bytes name, value;
};

struct case_request {
	struct spot spot;
	struct bytes user_id, session_id, surface, locale, time_zone, segment, experiment;
	struct groups attributes; /* struct case_attribute */
	struct flag opted_out;
	struct number offset;
};

struct case_item {
	struct spot spot;
	struct bytes item_id, category, source;
	struct number score, baseline_score;
	struct texts tags;
};

struct case_weight {
	struct spot spot;
	struct bytes category;
	struct number weight, baseline_weight;
};

struct case_choice {
	struct spot spot;
	struct bytes choice_id, label;
	int kind; /* enum choice_kind */
};

struct case_prompt {
	struct spot spot;
	struct bytes prompt_id, template_id, text, locale;
	int kind;	       /* enum prompt_kind */
	struct groups choices; /* struct case_choice */
};

struct case_response {
	struct spot spot;
	struct groups items, category_weights, prompts;
	struct number confidence;
	struct bytes explanation, model_version;
};

struct case_intervention {
	struct spot spot;
	struct bytes rule, observed, limit;
	int action;  /* enum rules_action */
	int verdict; /* enum rules_verdict */
	struct flag would, unsatisfied;
	struct texts targets;
};

struct case_expect {
	struct spot spot;
	struct flag rejected;
	struct groups items, category_weights, prompts, interventions;
	struct bytes explanation;
};

struct tool_case {
	struct spot spot;
	struct bytes name, method;
	struct moment now;
	int order;	       /* enum facts_order */
	struct groups history; /* struct case_event */
	struct case_request *request;
	struct case_response *response;
	struct case_expect *expect;
};

extern const struct keys tool_expect_keys;
/* One event, and a list of them; for other readers of histories. */
extern const struct keys tool_event_keys;

struct tool_cases {
	struct tool_case **at;
	size_t count, room;
};

/* Reads a test file and adds its tests. Problems become findings. `ruleset` may be NULL: then names of rules
 * are not checked. Everything lives in the arena. */
void tool_cases_read(const char *path, const struct rules_ruleset *ruleset, struct arena *arena,
		     struct tool_cases *cases, struct rules_findings *findings);

/* "-20m" counts from now_ns. False: it is neither a duration nor a time; err says the end of a sentence. */
MUST_USE bool tool_case_moment(struct bytes at, int64_t now_ns, int64_t *time_ns, struct err *err);

/* The case as decide wants it. False: the arena is full. */
MUST_USE bool tool_case_facts(const struct tool_case *test, struct arena *arena, struct facts *facts);
MUST_USE bool tool_case_history(const struct tool_case *test, struct arena *arena,
				struct rules_history *history);

/* One rule test that was run. */
struct tool_result {
	const struct tool_case *test;
	struct bytes *failure; /* "prompts: expected ..., got ..." */
	size_t failure_count;
};

/* Decides as the daemon does and compares. exercised[i] is set for rules that are exceeded or
 * cannot tell. Failures live in `arena`. False and err: the memory limit was reached. */
MUST_USE bool tool_case_run(const struct tool_case *test, const struct rules_ruleset *ruleset,
			    struct arena *arena, bool *exercised, struct tool_result *result,
			    struct err *err);

#endif
