/* SPDX-License-Identifier: Apache-2.0
 *
 * What the store in memory offers to the embedded store, which keeps in it what it has not written yet.
 */
#ifndef SIDECAR_STORE_MEMORY_H
#define SIDECAR_STORE_MEMORY_H

#include "sidecar/history.h"

/* Shows every event; runs borrow from the store. Nobody adds meanwhile. False: see ended it. */
bool sidecar_store_memory_each(void *ctx,
			       bool (*see)(void *to, struct bytes subject, const struct rules_event *event),
			       void *to);

/* The run moves into the arena. False: the arena is full. */
static inline bool store_copy_text(struct bytes *run, struct arena *arena)
{
	if (!run->len) {
		run->at = run->at ? "" : NULL;
		return true;
	}
	*run = arena_copy(arena, *run);
	return bytes_present(*run);
}

#endif
