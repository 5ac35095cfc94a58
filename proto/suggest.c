/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/suggest.h"

#include "proto/err.h"

enum { WORD_MAX = 128 }; /* longer words get no suggestion */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment distance: Damerau-Levenshtein without edits inside a swapped pair. */
static size_t distance_of(struct bytes a, struct bytes b)
{
	size_t row[3][WORD_MAX + 1];
	for (size_t j = 0; j <= b.len; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t *now = row[i % 3], *before = row[(i + 2) % 3], *earlier = row[(i + 1) % 3];
		now[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			bool same = lower(a.at[i - 1]) == lower(b.at[j - 1]);
			now[j] = least(before[j - 1] + !same, least(before[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && lower(a.at[i - 1]) == lower(b.at[j - 2]) &&
			    lower(a.at[i - 2]) == lower(b.at[j - 1]))
				now[j] = least(now[j], earlier[j - 2] + 1);
		}
	}
	return row[a.len % 3][b.len];
}

void suggest_offer(struct suggestion *suggestion, struct bytes candidate)
{
	struct bytes word = suggestion->word;
	if (word.len == 0 || candidate.len == 0 || word.len > WORD_MAX || candidate.len > WORD_MAX)
		return;
	size_t distance = distance_of(word, candidate);
	size_t allowed = word.len < 6 ? 1 : word.len / 3;
	if (distance > allowed || (bytes_present(suggestion->best) && distance >= suggestion->distance))
		return;
	suggestion->best = candidate;
	suggestion->distance = distance;
}
