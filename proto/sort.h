/* SPDX-License-Identifier: Apache-2.0
 *
 * A stable merge sort that takes its scratch memory from an arena: qsort(3) is not stable and may call
 * malloc. Rows that are in order already cost one comparison each.
 */
#ifndef PROTO_SORT_H
#define PROTO_SORT_H

#include "proto/arena.h"

/* False when the arena is full; the rows are then as before. */
MUST_USE bool sort_stable(void *rows, size_t count, size_t size, int (*compare)(const void *, const void *),
			  struct arena *arena);

#endif
