/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/near.h"

enum { NEAR_LEN = 128 }; /* longer names are compared by their first bytes */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Three rows of the table of distances between prefixes: the swap looks two rows back. */
static size_t distance(struct bytes a, struct bytes b)
{
	size_t rows[3][NEAR_LEN + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];
	a.len = least(a.len, NEAR_LEN);
	b.len = least(b.len, NEAR_LEN);
	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t *oldest = before;
		before = above;
		above = row;
		row = oldest;
		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t change = above[j - 1] + (a.at[i - 1] != b.at[j - 1]);
			row[j] = least(change, least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] && a.at[i - 2] == b.at[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
	}
	return row[b.len];
}

void near_offer(struct near *near, struct bytes name)
{
	size_t far = distance(near->wanted, name);
	if (!bytes_present(near->best) || far < near->distance) {
		near->best = name;
		near->distance = far;
	}
}

bool near_found(const struct near *near)
{
	return bytes_present(near->best) && near->distance <= 1 + near->wanted.len / 3;
}
