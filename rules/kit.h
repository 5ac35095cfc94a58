/* SPDX-License-Identifier: Apache-2.0
 *
 * What one thread needs while it decides, and what must not be made on the way: Hyperscan's scratch, ICU's
 * iterators, a digest context. Made when a ruleset loads, lent to one call at a time.
 */
#ifndef RULES_KIT_H
#define RULES_KIT_H

#include "proto/bytes.h"
#include "proto/err.h"
#include <hs.h>
#include <openssl/evp.h>
#include <stdatomic.h>
#include <unicode/ubrk.h>
#include <unicode/utext.h>

enum { KIT_COUNT = 16 }; /* more threads at once wait for each other, some microseconds */

struct kit {
	_Atomic bool lent;
	hs_scratch_t *scratch; /* NULL: no literal, no database */
	UBreakIterator *words, *clusters, *sentences;
	UText text;
	EVP_MD_CTX *digest;
};

struct kits {
	struct kit kit[KIT_COUNT];
	EVP_MD *sha256;
};

/* `database` may be NULL. False and err when memory is short. */
MUST_USE bool rules_kits_init(struct kits *kits, const hs_database_t *database, struct err *err);
void rules_kits_done(struct kits *kits); /* zeroed or half-made is fine */

/* Any thread. Never NULL: waits until one is free. */
struct kit *rules_kit_take(struct kits *kits);
void rules_kit_give(struct kit *kit);

/* The first 8 bytes, big-endian, of SHA-256(id, 0x00, subject), over 2^64: in [0, 1). */
bool rules_kit_share(const struct kits *kits, struct kit *kit, struct bytes id, struct bytes subject,
		     long double *place);

/* boundary[i] = 1 where a word begins or ends (UAX 29) at byte i of valid UTF-8; text.len + 1 values, zeroed
 * before. False when ICU fails. */
bool rules_kit_words(struct kit *kit, struct bytes text, unsigned char *boundary);

/* The same for extended grapheme clusters (what people call characters), and for sentences. */
bool rules_kit_clusters(struct kit *kit, struct bytes text, unsigned char *boundary);
bool rules_kit_sentences(struct kit *kit, struct bytes text, unsigned char *boundary);

#endif
