/* SPDX-License-Identifier: Apache-2.0
 *
 * Counters by name, as many as a report has room for: names from a log decide what is counted, so their number is
 * limited, and what comes later is counted together as "_other".
 *
 * Memory that is short sets `failed`; what is counted then is lost. One thread.
 */
#ifndef AUDIT_COUNT_MAP_H
#define AUDIT_COUNT_MAP_H

#include "proto/bytes.h"
#include <stdint.h>

enum {
	COUNT_VALUES = 6,
	COUNT_ROWS_MAX = 5000,
	COUNT_NAME_MAX = 1024, /* bytes; longer ones are cut */
};

struct count_row {
	char *name; /* owned */
	size_t name_len;
	char *note; /* owned; NULL: none */
	double value[COUNT_VALUES];
};

/* Zeroed to begin. */
struct count_map {
	struct count_row *row; /* owned; in the order of their first appearance */
	size_t count, cap;
	uint32_t *slot; /* owned: 1 + a row's place, 0 free */
	size_t slots;	/* a power of two */
	bool failed;
	struct count_row lost;
};
void count_map_done(struct count_map *map);

/* The row of a name, made when it is new. Borrows until the next call. */
struct count_row *count_map_at(struct count_map *map, struct bytes name);

/* The same, but NULL when it is new. */
struct count_row *count_map_find(struct count_map *map, struct bytes name);

/* Keeps the first note. copies. */
void count_row_note(struct count_row *row, struct bytes note);

static inline struct bytes count_row_name(const struct count_row *row)
{
	return (struct bytes){row->name ? row->name : "", row->name_len};
}

/* The largest of a value first, or by name; no names are looked up after that. */
void count_map_sort(struct count_map *map, size_t value);
void count_map_sort_names(struct count_map *map);

/* The sum of a value. */
double count_map_sum(const struct count_map *map, size_t value);

#endif
