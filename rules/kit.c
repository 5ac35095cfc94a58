/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/kit.h"

#include "rules/plain.h"
#include <sched.h>
#include <stdint.h>

/* One of each, to be cloned: opening costs a hundred times as much. */
struct models {
	UBreakIterator *words, *clusters, *sentences;
};

static void models_open(struct models *models, UErrorCode *status)
{
	models->words = ubrk_open(UBRK_WORD, "", NULL, 0, status);
	models->clusters = ubrk_open(UBRK_CHARACTER, "", NULL, 0, status);
	models->sentences = ubrk_open(UBRK_SENTENCE, "", NULL, 0, status);
}

static void iterator_close(UBreakIterator *iterator)
{
	if (iterator)
		ubrk_close(iterator);
}

static void models_close(struct models *models)
{
	iterator_close(models->words);
	iterator_close(models->clusters);
	iterator_close(models->sentences);
}

static bool kit_init(struct kit *kit, const hs_database_t *database, const struct models *models,
		     const EVP_MD *sha256)
{
	UErrorCode status = U_ZERO_ERROR;
	kit->text = (UText)UTEXT_INITIALIZER;
	kit->words = ubrk_clone(models->words, &status);
	kit->clusters = ubrk_clone(models->clusters, &status);
	kit->sentences = ubrk_clone(models->sentences, &status);
	kit->digest = EVP_MD_CTX_new();
	if (U_FAILURE(status) || !kit->digest || !EVP_DigestInit_ex(kit->digest, sha256, NULL))
		return false;
	return !database || hs_alloc_scratch(database, &kit->scratch) == HS_SUCCESS;
}

static void kit_done(struct kit *kit)
{
	hs_free_scratch(kit->scratch);
	iterator_close(kit->words);
	iterator_close(kit->clusters);
	iterator_close(kit->sentences);
	if (kit->text.magic)
		utext_close(&kit->text);
	EVP_MD_CTX_free(kit->digest);
}

bool rules_kits_init(struct kits *kits, const hs_database_t *database, struct err *err)
{
	UErrorCode status = U_ZERO_ERROR;
	struct models models = {NULL, NULL, NULL};
	models_open(&models, &status);
	bool good = U_SUCCESS(status) && (kits->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL)) != NULL;
	for (size_t i = 0; good && i < KIT_COUNT; i++)
		good = kit_init(&kits->kit[i], database, &models, kits->sha256);
	models_close(&models);
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

static bool mark(struct kit *kit, UBreakIterator *iterator, struct bytes text, unsigned char *boundary)
{
	UErrorCode status = U_ZERO_ERROR;
	utext_openUTF8(&kit->text, text.at, (int64_t)text.len, &status);
	ubrk_setUText(iterator, &kit->text, &status);
	if (U_FAILURE(status))
		return false;
	for (int32_t at = ubrk_first(iterator); at != UBRK_DONE; at = ubrk_next(iterator))
		boundary[at] = 1;
	return true;
}

bool rules_kit_words(struct kit *kit, struct bytes text, unsigned char *boundary)
{
	return rules_plain_words(text, boundary) || mark(kit, kit->words, text, boundary);
}

bool rules_kit_clusters(struct kit *kit, struct bytes text, unsigned char *boundary)
{
	return mark(kit, kit->clusters, text, boundary);
}

bool rules_kit_sentences(struct kit *kit, struct bytes text, unsigned char *boundary)
{
	return rules_plain_sentences(text, boundary) || mark(kit, kit->sentences, text, boundary);
}
