/* SPDX-License-Identifier: Apache-2.0
 *
 * The hash of a subject's pseudonym, for shards and tables. Pseudonyms are HMAC output, so nobody outside
 * can choose them to collide, and a plain hash is enough.
 */
#ifndef SIDECAR_HISTORY_HASH_H
#define SIDECAR_HISTORY_HASH_H

#include "proto/bytes.h"
#include <stdint.h>

/* FNV-1a, 64 bits (G. Fowler, L. C. Noll, K.-P. Vo). */
static inline uint64_t history_hash(struct bytes subject)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < subject.len; i++)
		hash = (hash ^ (unsigned char)subject.at[i]) * UINT64_C(0x100000001b3);
	return hash;
}

#endif
