/* SPDX-License-Identifier: Apache-2.0
 *
 * The oracle of prompt frequency: the whole log as a list, and each rule evaluated from its definition by
 * walking the list from its beginning. No store, no windows kept, nothing shared with rules/.
 */
#ifndef TESTS_SIDECAR_NAIVE_LOG_H
#define TESTS_SIDECAR_NAIVE_LOG_H

#include "proto/facts.h"

/* One entry of the log, or a reservation: delivered, at a time that lies ahead of all. */
struct naive_event {
	int64_t time_ns;
	bool delivered;
	int session; /* all sessions are of one user */
	enum prompt_kind kind;
	enum signal_kind signal;
	int prompt; /* number of the prompt; 0: not said */
};

struct naive_rule {
	enum {
		NAIVE_CAP,	  /* at most `max` in window_ns */
		NAIVE_GAP,	  /* window_ns */
		NAIVE_DISMISSED,  /* back-off: base window_ns, doubled up to max_ns */
		NAIVE_UNANSWERED, /* the same */
		NAIVE_ANSWERED,	  /* window_ns */
		NAIVE_OPT_OUT,	  /* window_ns: for how long a dismissal counts as well; 0: it does not */
	} what;
	bool per_user;
	enum prompt_kind only; /* the kind it looks at; PROMPT_ABSENT: all */
	size_t max;
	int64_t window_ns, max_ns;
};

/* The rule in the words of a rule file; whole seconds. */
void naive_rule_write(const struct naive_rule *rule, int number, char *text, size_t room);

/* A response that is judged: its prompts in order, and which of them were admitted before. */
struct naive_prompt {
	enum prompt_kind kind;
	bool admitted;
};

/* Does the rule admit prompt `at`, after the first `count` entries of the log? */
bool naive_rule_admits(const struct naive_rule *rule, const struct naive_event *log, size_t count,
		       int session, int64_t now_ns, const struct naive_prompt *prompt, size_t at);

#endif
