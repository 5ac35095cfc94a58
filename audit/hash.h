/* SPDX-License-Identifier: Apache-2.0
 *
 * The two hashes of a Merkle tree after RFC 6962 section 2.1: SHA-256(0x00 || entry) for a leaf and
 * SHA-256(0x01 || left || right) for a node.
 *
 * A hasher holds OpenSSL's context, which is costly to make. One thread at a time.
 */
#ifndef AUDIT_HASH_H
#define AUDIT_HASH_H

#include "proto/bytes.h"
#include "proto/err.h"
#include <stdint.h>

enum { AUDIT_HASH_LEN = 32 };

struct audit_hash {
	uint8_t at[AUDIT_HASH_LEN];
};

struct audit_hasher {
	struct evp_md_st *md;
	struct evp_md_ctx_st *ctx;
};

MUST_USE bool audit_hasher_init(struct audit_hasher *hasher, struct err *err);
void audit_hasher_done(struct audit_hasher *hasher); /* zeroed is fine */

struct audit_hash audit_hash_leaf(struct audit_hasher *hasher, struct bytes entry);
struct audit_hash audit_hash_node(struct audit_hasher *hasher, const struct audit_hash *left,
				  const struct audit_hash *right);

/* Plain SHA-256, where something else than a tree is meant. */
struct audit_hash audit_hash_plain(struct audit_hasher *hasher, struct bytes from);

static inline bool audit_hash_equal(const struct audit_hash *a, const struct audit_hash *b)
{
	return memcmp(a->at, b->at, AUDIT_HASH_LEN) == 0;
}

/* 64 hex digits and a NUL. */
void audit_hash_hex(const struct audit_hash *hash, char text[2 * AUDIT_HASH_LEN + 1]);

#endif
