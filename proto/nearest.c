/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/nearest.h"

enum { WORD_MAX = 63 }; /* longer words are no misspelling of any name of ours */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

struct nearest nearest_to(struct bytes word)
{
	size_t near = word.len / 3 ? word.len / 3 : 1;
	return (struct nearest){.word = word, .distance = word.len && word.len <= WORD_MAX ? near + 1 : 0};
}

/* Optimal string alignment: insertions, deletions, substitutions, swaps of neighbours. Three rows of the
 * table are enough; both lengths are at most WORD_MAX. */
static size_t distance(struct bytes a, struct bytes b)
{
	size_t row[3][WORD_MAX + 1];
	for (size_t j = 0; j <= b.len; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
		now[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			bool same = a.at[i - 1] == b.at[j - 1];
			now[j] = least(least(last[j], now[j - 1]) + 1, last[j - 1] + !same);
			if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] && a.at[i - 2] == b.at[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
	}
	return row[a.len % 3][b.len];
}

void nearest_try(struct nearest *nearest, const char *name)
{
	struct bytes other = bytes_of(name);
	if (nearest->distance == 0 || other.len > WORD_MAX)
		return;
	size_t away = distance(nearest->word, other);
	if (away < nearest->distance) {
		nearest->distance = away;
		nearest->name = name;
	}
}
