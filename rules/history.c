/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/history.h"

#include "proto/time.h"

#define ONCE_NS (10 * TIME_SECOND)

static bool same(const struct rules_event *a, const struct rules_event *b)
{
	return b->type == RULES_EVENT_SIGNAL && a->signal == b->signal &&
	       bytes_equal(a->prompt_id, b->prompt_id) && bytes_equal(a->item, b->item) &&
	       bytes_equal(a->category, b->category);
}

void rules_history_once(const struct rules_history_subject *subject, uint8_t *counts)
{
	for (size_t i = 0; i < subject->count; i++) {
		const struct rules_event *event = &subject->event[i];
		counts[i] = event->type == RULES_EVENT_SIGNAL;
		for (size_t b = i; counts[i] && b > 0; b--) {
			const struct rules_event *before = &subject->event[b - 1];
			if (event->time_ns - before->time_ns >= ONCE_NS)
				break;
			if (counts[b - 1] && same(event, before))
				counts[i] = 0;
		}
	}
}
