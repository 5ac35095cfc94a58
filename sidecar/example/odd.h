/* SPDX-License-Identifier: Apache-2.0
 *
 * Odd answers on demand: the request attribute "demo" asks the demo recommender for bytes, statuses and
 * behaviour that a sidecar must survive. Its value is a list of names with commas, some with a number:
 * "slow:50,overdone". odd_help prints all of them.
 */
#ifndef EXAMPLE_ODD_H
#define EXAMPLE_ODD_H

#include "proto/arena.h"
#include "rankguard/v1/ranking.pb-c.h"
#include "sidecar/example/serve.h"
#include <stdio.h>

enum { ODD_MOST = 4 };

struct odd_wish {
	const struct odd *odd;
	unsigned number;
};

/* Zeroed: nothing odd is asked for. */
struct odd_wishes {
	struct odd_wish wish[ODD_MOST];
	size_t count;
};

/* Reads the attribute's value. False, and *wishes is not written: a name that is not in the list, or too
 * many of them. */
MUST_USE bool odd_read(const char *value, struct odd_wishes *wishes);

/* The three places where a wish can act: the response as a structure, its bytes (in place, or new ones in
 * the arena), the answer as a whole. False: memory is short. */
MUST_USE bool odd_response(const struct odd_wishes *wishes, struct arena *arena,
			   Rankguard__V1__RankResponse *response);
MUST_USE bool odd_bytes(const struct odd_wishes *wishes, struct arena *arena, struct bytes *message);
void odd_answer(const struct odd_wishes *wishes, struct serve_answer *answer);

void odd_help(FILE *out);

#endif
