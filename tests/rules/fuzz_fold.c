/* SPDX-License-Identifier: Apache-2.0
 *
 * Any valid UTF-8 through the fold and the lexicon: offsets rise and stay inside, folding what is folded
 * changes nothing, and a text that is denied is found in itself and between spaces.
 */
#include "rules/lexicon.h"

#include "proto/utf8.h"
#include <stdio.h>
#include <stdlib.h>
#include <unicode/uchar.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void check_lane(struct bytes text, enum fold_lane lane, struct arena *arena)
{
	struct folded once, twice;
	must(rules_fold(text, lane, arena, &once), "the arena is large enough");
	must(utf8_valid(once.text), "folded text is UTF-8");
	for (size_t i = 0; once.from && i < once.text.len; i++)
		must(once.from[i] <= once.from[i + 1] && once.from[i] < text.len,
		     "offsets rise inside the text");
	must(rules_fold(once.text, lane, arena, &twice), "the arena is large enough");
	if (lane == FOLD_CASE)
		must(bytes_equal(once.text, twice.text), "folding case twice is folding once");
}

static bool finds(const struct lexicon *lexicon, struct kits *kits, struct bytes text, struct arena *arena)
{
	struct bytes *hits;
	struct kit *kit = rules_kit_take(kits);
	must(rules_lexicon_scan(lexicon, kit, text, arena, &hits), "the arena is large enough");
	rules_kit_give(kit);
	return bytes_present(hits[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct bytes text = {(const char *)data, len};
	struct arena arena;
	struct kits kits = {0};
	struct err err;
	size_t list = 0;
	if (len == 0 || len > 512 || !utf8_valid(text))
		return 0;
	arena_init(&arena, (size_t)64 << 20);
	for (enum fold_lane lane = FOLD_FIRST; lane < FOLD_LANES; lane++)
		check_lane(text, lane, &arena);
	(void)rules_fold_is_odd(text);
	struct lexicon *lexicon = rules_lexicon_new(&arena);
	must(lexicon && rules_lexicon_open(lexicon, &list), "a lexicon opens");
	struct lexicon_style style = {.word = false, .full = true};
	if (rules_lexicon_add(lexicon, list, style, text) == LEXICON_ADDED) {
		must(rules_lexicon_compile(lexicon, &err) &&
			     rules_kits_init(&kits, rules_lexicon_database(lexicon), &err),
		     "a phrase compiles");
		must(finds(lexicon, &kits, text, &arena), "a text is found in itself");
		char *wrapped = arena_alloc(&arena, len + 4);
		must(wrapped != NULL, "the arena is large enough");
		memcpy(wrapped, "a ", 2);
		memcpy(wrapped + 2, data, len);
		memcpy(wrapped + 2 + len, " b", 2);
		must(finds(lexicon, &kits, (struct bytes){wrapped, len + 4}, &arena), "and between words");
		rules_kits_done(&kits);
	}
	rules_lexicon_done(lexicon);
	arena_done(&arena);
	return 0;
}
