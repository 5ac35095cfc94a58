/* SPDX-License-Identifier: Apache-2.0
 *
 * A bounded arena: many allocations, freed together. One per call, one per ruleset.
 *
 * Each allocation is 16-byte aligned and not zeroed unless said. An allocation that would take the arena
 * over its limit returns NULL; the caller reports that as "over the limit". Under AddressSanitizer every
 * allocation is a malloc of its own, so that an overrun of one piece shows.
 * One thread at a time.
 */
#ifndef PROTO_ARENA_H
#define PROTO_ARENA_H

#include "proto/bytes.h"
#include "proto/err.h"

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
	size_t used;		    /* bytes handed out */
	size_t limit;		    /* bytes that may be handed out */
};

/* limit in bytes. Nothing is allocated before the first use. */
void arena_init(struct arena *arena, size_t limit);

/* Frees everything; the arena may be used again with the same limit. Zeroed or half-used is fine. */
void arena_done(struct arena *arena);

MUST_USE void *arena_alloc(struct arena *arena, size_t size);
MUST_USE void *arena_zalloc(struct arena *arena, size_t count, size_t size); /* zeroed, overflow checked */
MUST_USE void *arena_array(struct arena *arena, size_t count, size_t size);  /* overflow checked */

/* Makes an array of `room` elements one of `more`, which is larger: in place where nothing was allocated since and there is room
 * behind it, else as a copy, and the old one stays in the arena. NULL, and all is as before, when the limit is
 * reached. `array` may be NULL when room is 0. */
MUST_USE void *arena_grow(struct arena *arena, void *array, size_t room, size_t more, size_t size);

/* Copies `from` into the arena. at == NULL when the limit is reached (or `from` is absent). */
MUST_USE struct bytes arena_copy(struct arena *arena, struct bytes from);

/* A NUL-terminated copy; NULL when the limit is reached. */
MUST_USE char *arena_string(struct arena *arena, struct bytes from);

/* A NUL-terminated text in the arena; NULL when the limit is reached. */
__attribute__((format(printf, 2, 3))) MUST_USE char *arena_printf(struct arena *arena, const char *format,
								  ...);

#endif
