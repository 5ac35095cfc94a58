/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/count_map.h"

#include <stdlib.h>

void count_map_done(struct count_map *map)
{
	for (size_t i = 0; i < map->count; i++) {
		free(map->row[i].name);
		free(map->row[i].note);
	}
	free(map->row);
	free(map->slot);
	*map = (struct count_map){0};
}

/* FNV-1a (Fowler, Noll, Vo), 64 bits. */
static uint64_t hash_of(struct bytes name)
{
	uint64_t hash = UINT64_C(14695981039346656037);
	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ (unsigned char)name.at[i]) * UINT64_C(1099511628211);
	return hash;
}

static uint32_t *slot_of(struct count_map *map, struct bytes name)
{
	size_t at = (size_t)hash_of(name) & (map->slots - 1);
	while (map->slot[at] && !bytes_equal(count_row_name(&map->row[map->slot[at] - 1]), name))
		at = (at + 1) & (map->slots - 1);
	return &map->slot[at];
}

static bool grow(struct count_map *map)
{
	size_t cap = map->cap ? map->cap * 2 : 64, slots = 2 * cap;
	struct count_row *row = realloc(map->row, cap * sizeof *row);
	uint32_t *slot = calloc(slots, sizeof *slot);
	map->row = row ? row : map->row;
	if (!row || !slot) {
		free(slot);
		return false;
	}
	free(map->slot);
	map->slot = slot;
	map->slots = slots;
	map->cap = cap;
	for (size_t i = 0; i < map->count; i++)
		*slot_of(map, count_row_name(&map->row[i])) = (uint32_t)i + 1;
	return true;
}

static struct count_row *lose(struct count_map *map)
{
	map->failed = true;
	return &map->lost;
}

struct count_row *count_map_at(struct count_map *map, struct bytes name)
{
	if (map->count == map->cap && !grow(map))
		return lose(map);
	name.len = name.len < COUNT_NAME_MAX ? name.len : COUNT_NAME_MAX;
	uint32_t *slot = slot_of(map, name);
	if (*slot)
		return &map->row[*slot - 1];
	if (map->count >= COUNT_ROWS_MAX && !bytes_equal(name, BYTES_LITERAL("_other")))
		return count_map_at(map, BYTES_LITERAL("_other"));
	char *copy = malloc(name.len + 1);
	if (!copy)
		return lose(map);
	memcpy(copy, name.at ? name.at : "", name.len);
	copy[name.len] = 0;
	struct count_row *row = &map->row[map->count++];
	*row = (struct count_row){.name = copy, .name_len = name.len};
	*slot = (uint32_t)map->count;
	return row;
}

struct count_row *count_map_find(struct count_map *map, struct bytes name)
{
	uint32_t *slot = map->count > 0 ? slot_of(map, name) : NULL;
	return slot && *slot ? &map->row[*slot - 1] : NULL;
}

void count_row_note(struct count_row *row, struct bytes note)
{
	if (row->note || !bytes_present(note) || !row->name)
		return;
	row->note = malloc(note.len + 1);
	if (!row->note)
		return;
	memcpy(row->note, note.at, note.len);
	row->note[note.len] = 0;
}

static int by_name(const void *a, const void *b)
{
	return bytes_compare(count_row_name(a), count_row_name(b));
}

static int by_value(const void *a, const void *b, void *value)
{
	size_t i = *(size_t *)value;
	double x = ((const struct count_row *)a)->value[i], y = ((const struct count_row *)b)->value[i];
	return x > y ? -1 : x < y ? 1 : by_name(a, b);
}

void count_map_sort(struct count_map *map, size_t value)
{
	if (map->count > 1)
		qsort_r(map->row, map->count, sizeof *map->row, by_value, &value);
}

void count_map_sort_names(struct count_map *map)
{
	if (map->count > 1)
		qsort(map->row, map->count, sizeof *map->row, by_name);
}

double count_map_sum(const struct count_map *map, size_t value)
{
	double sum = 0;
	for (size_t i = 0; i < map->count; i++)
		sum += map->row[i].value[value];
	return sum;
}
