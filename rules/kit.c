/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/kit.h"

#include <sched.h>
#include <stdint.h>

static bool kit_init(struct kit *kit, const hs_database_t *database, const UBreakIterator *words,
		     const EVP_MD *sha256)
{
	UErrorCode status = U_ZERO_ERROR;
	kit->text = (UText)UTEXT_INITIALIZER;
	kit->words = ubrk_clone(words, &status);
	kit->digest = EVP_MD_CTX_new();
	if (U_FAILURE(status) || !kit->digest || !EVP_DigestInit_ex(kit->digest, sha256, NULL))
		return false;
	return !database || hs_alloc_scratch(database, &kit->scratch) == HS_SUCCESS;
}

static void kit_done(struct kit *kit)
{
	hs_free_scratch(kit->scratch);
	if (kit->words)
		ubrk_close(kit->words);
	if (kit->text.magic)
		utext_close(&kit->text);
	EVP_MD_CTX_free(kit->digest);
}

bool rules_kits_init(struct kits *kits, const hs_database_t *database, struct err *err)
{
	UErrorCode status = U_ZERO_ERROR;
	UBreakIterator *words = ubrk_open(UBRK_WORD, "", NULL, 0, &status);
	bool good = U_SUCCESS(status) && (kits->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL)) != NULL;
	for (size_t i = 0; good && i < KIT_COUNT; i++)
		good = kit_init(&kits->kit[i], database, words, kits->sha256);
	if (words)
		ubrk_close(words);
	return good || err_set(err, "what deciding needs cannot be made: %s; is memory short?",
			       U_FAILURE(status) ? u_errorName(status) : "an allocation failed");
}

void rules_kits_done(struct kits *kits)
{
	for (size_t i = 0; i < KIT_COUNT; i++)
		kit_done(&kits->kit[i]);
	EVP_MD_free(kits->sha256);
}

struct kit *rules_kit_take(struct kits *kits)
{
	for (size_t i = 0;; i = (i + 1) % KIT_COUNT) {
		struct kit *kit = &kits->kit[i];
		if (!atomic_load_explicit(&kit->lent, memory_order_relaxed) &&
		    !atomic_exchange_explicit(&kit->lent, true, memory_order_acquire))
			return kit;
		if (i == KIT_COUNT - 1)
			sched_yield();
	}
}

void rules_kit_give(struct kit *kit)
{
	atomic_store_explicit(&kit->lent, false, memory_order_release);
}

bool rules_kit_share(const struct kits *kits, struct kit *kit, struct bytes id, struct bytes subject,
		     long double *place)
{
	unsigned char sum[32];
	if (!EVP_DigestInit_ex(kit->digest, kits->sha256, NULL) ||
	    !EVP_DigestUpdate(kit->digest, id.at, id.len) || !EVP_DigestUpdate(kit->digest, "", 1) ||
	    !EVP_DigestUpdate(kit->digest, subject.at, subject.len) ||
	    !EVP_DigestFinal_ex(kit->digest, sum, NULL))
		return false;
	uint64_t first = 0;
	for (size_t i = 0; i < 8; i++)
		first = first << 8 | sum[i];
	*place = (long double)first / 18446744073709551616.0L; /* exact: at least 64 bits of mantissa */
	return true;
}

bool rules_kit_words(struct kit *kit, struct bytes text, unsigned char *boundary)
{
	UErrorCode status = U_ZERO_ERROR;
	utext_openUTF8(&kit->text, text.at, (int64_t)text.len, &status);
	ubrk_setUText(kit->words, &kit->text, &status);
	if (U_FAILURE(status))
		return false;
	for (int32_t at = ubrk_first(kit->words); at != UBRK_DONE; at = ubrk_next(kit->words))
		boundary[at] = 1;
	return true;
}
