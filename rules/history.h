/* SPDX-License-Identifier: Apache-2.0
 *
 * History as rules see it: what one session and one user have seen and said, as plain data. Who keeps it,
 * locks it and expires it is the sidecar's business; rules do no I/O while deciding.
 */
#ifndef RULES_HISTORY_H
#define RULES_HISTORY_H

#include "proto/facts.h"

enum rules_event_type {
	RULES_EVENT_DELIVERED, /* a prompt was released towards the application */
	RULES_EVENT_SIGNAL,    /* the user said or did something */
};

#define RULES_EVENT_RESERVED UINT64_MAX /* not yet in the log: a call in flight holds this place */

struct rules_event {
	int64_t time_ns;
	uint64_t entry; /* index of its log entry, or RULES_EVENT_RESERVED */
	enum rules_event_type type;
	enum prompt_kind prompt;     /* DELIVERED: the kind of the prompt */
	enum signal_kind signal;     /* SIGNAL */
	struct bytes prompt_id;	     /* both; absent when not said */
	struct bytes item, category; /* SIGNAL; absent when not said */
};

/* Events in order of time. A subject without id has known == false: rules that count per that subject
 * cannot tell. An event whose time lies after now counts as if it were at now (calls run at the same time). */
struct rules_history_subject {
	bool known;
	const struct rules_event *event;
	size_t count;
};

struct rules_history {
	struct rules_history_subject session, user;
};

/* counts[i] = 1 where event i is a signal that counts. The same signal, about the same prompt, item and
 * category, within 10 s counts once: a tap that was sent again is not a second opinion. */
void rules_history_once(const struct rules_history_subject *subject, uint8_t *counts);

#endif
