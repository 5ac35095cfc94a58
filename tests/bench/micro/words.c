/* SPDX-License-Identifier: Apache-2.0
 *
 * One prompt against language rules: 10,000 denied phrases, and the kinds that measure a text. A row costs one
 * decision on a response that has nothing but this prompt; `words/empty` is what a decision costs that judges
 * no words.
 */
#include "micro.h"

#include "rules/decide.h"
#include <stdlib.h>

struct words {
	struct rules_ruleset *ruleset;
	struct facts facts;
	struct facts_prompt prompt;
	struct facts_choice choice;
};

static void *make(const struct micro_row *row, size_t subjects)
{
	struct micro_text rules = {0};
	struct words *words = calloc(1, sizeof *words);
	(void)subjects;
	if (!words)
		micro_fail("memory is short");
	if (row->rules) {
		micro_add(&rules,
			  "{ id = \"a\"; kind = \"phrase_deny\"; action = \"suppress\"; reason = \"R.\";\n"
			  "  phrases = [ \"your fault\"");
		for (size_t i = 1; i < row->rules; i++)
			micro_add(&rules, ", \"never say %zx words %zu\"", i * 2654435761u, i);
		micro_add(&rules, " ]; },\n");
	}
	if (row->more)
		micro_add(&rules, "{ id = \"b\"; action = \"suppress\"; reason = \"R.\"; %s },\n", row->more);
	words->ruleset = micro_ruleset(&rules);
	words->choice = (struct facts_choice){.label = BYTES_LITERAL("No, thanks"), .kind = CHOICE_DECLINE};
	words->prompt = (struct facts_prompt){.id = BYTES_LITERAL("p1"),
					      .text = bytes_of(row->text),
					      .locale = BYTES_LITERAL("en"),
					      .kind = PROMPT_CLARIFYING_QUESTION,
					      .choices = &words->choice,
					      .choice_count = 1};
	words->facts = (struct facts){
		.locale = BYTES_LITERAL("en-GB"), .prompts = &words->prompt, .prompt_count = 1};
	return words;
}

static void step(void *made)
{
	const struct words *words = made;
	struct rules_decision decision;
	struct arena arena;
	struct err err;
	arena_init(&arena, (size_t)1 << 30);
	if (!rules_decide(words->ruleset, &words->facts, MICRO_NOW, &arena, &decision, &err) ||
	    !rules_decide_frequency(NULL, MICRO_NOW, &arena, &decision, &err))
		micro_fail("%s", err.text);
	if (decision.changed)
		micro_fail("the prompt is not within the rules");
	arena_done(&arena);
}

static void drop(void *made)
{
	struct words *words = made;
	rules_ruleset_drop(words->ruleset);
	free(words);
}

#define PLAIN  "Would you like to see less jazz in this list from now on, or keep it as it is?"
#define MARKED "M\303\266chten Sie in dieser Liste k\303\274nftig weniger Jazz sehen oder soll es so bleiben?"
#define GREEK                                                                                                \
	"\316\230\316\255\316\273\316\265\317\204\316\265 \316\275\316\261 \316\262\316\273\316\255\317\200" \
	"\316\265\317\204\316\265 \316\273\316\271\316\263\317\214\317\204\316\265\317\201\316\267 "         \
	"\317\204\316\266\316\261\316\266 \316\261\317\200\317\214 \316\265\316\264\317\216;"

#define ROW(id, words_of, count, kind, target)                                                               \
	{                                                                                                    \
		.name = id, .input = words_of, .text = words_of, .rules = count, .more = kind,               \
		.target_ns = target, .make = make, .step = step, .free = drop                                \
	}
#define TONE	 "kind = \"tone\"; max_chars = 120; max_sentences = 3; max_exclamations = 0; max_emoji = 0;"
#define READABLE "kind = \"readability\"; max_grade = 16;"
#define APPROVED "kind = \"template_allow\";"

static const struct micro_row rows[] = {
	ROW("words/empty", PLAIN, 0, NULL, 0),
	ROW("words/phrases/ascii", PLAIN, 10000, NULL, 5e3),
	ROW("words/phrases/latin", MARKED, 10000, NULL, 15e3),
	ROW("words/phrases/greek", GREEK, 10000, NULL, 15e3),
	ROW("words/tone/ascii", PLAIN, 0, TONE, 0),
	ROW("words/tone/latin", MARKED, 0, TONE, 0),
	ROW("words/readability/ascii", PLAIN, 0, READABLE, 0),
	ROW("words/readability/latin", MARKED, 0, READABLE, 0),
	ROW("words/template/ascii",
	    "Would you like to see less crime and suspense in this list from now on, or keep it?", 0,
	    APPROVED, 0),
};

const struct micro_table micro_words = {rows, sizeof rows / sizeof *rows};
