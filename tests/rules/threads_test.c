/* SPDX-License-Identifier: Apache-2.0
 *
 * Many threads decide with one ruleset, more of them than it has kits, while references come and go. Run
 * under ThreadSanitizer this proves that a ruleset may be shared; everywhere, that answers do not mix.
 */
#include "support.h"

#include "rules/kit.h"
#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = KIT_COUNT + 8, ROUNDS = 200 };

static const struct {
	const char *text, *want;
} cases[] = {
	{"It is your fault.", "|"},
	{"It is y\xd0\xbeur fault.", "|"},
	{"Would you like to see less jazz?", "|Would you like to see less jazz?|"},
	{"\xe3\x81\x82\xe3\x81\xaa\xe3\x81\x9f", "|\xe3\x81\x82\xe3\x81\xaa\xe3\x81\x9f|"},
	{"modern", "|modern|"},
	{"On\xc3\xa9. Tw\xc3\xb3. Thr\xc3\xa9\xc3\xa9.", "|"},
	{"One tw\xc3\xb3 a b c d e f g h i j k l m n o.", "|One tw\xc3\xb3 a b c d e f g h i j k l m n o.|"},
	{"Amusing evening against nothing, however.", "|"},
};

struct shared {
	struct rules_ruleset *ruleset;
	atomic_size_t wrong;
	pthread_barrier_t start;
};

static bool answers(const struct rules_ruleset *ruleset, size_t which)
{
	struct facts_prompt prompt = {.text = bytes_of(cases[which].text)};
	struct facts facts = {.prompt_count = 1, .prompts = &prompt, .session = BYTES_LITERAL("s")};
	struct rules_decision decision;
	struct arena arena;
	struct err err;
	arena_init(&arena, 1 << 20);
	bool good = rules_decide(ruleset, &facts, NOW, &arena, &decision, &err) &&
		    rules_decide_frequency(NULL, NOW, &arena, &decision, &err);
	bool left = cases[which].want[1] != '\0';
	good = good && decision.prompt_count == (left ? 1u : 0u);
	arena_done(&arena);
	return good;
}

static void *run(void *context)
{
	struct shared *shared = context;
	pthread_barrier_wait(&shared->start);
	for (size_t i = 0; i < ROUNDS; i++) {
		struct rules_ruleset *held = rules_ruleset_hold(shared->ruleset);
		if (!answers(held, i % COUNT(cases)))
			atomic_fetch_add(&shared->wrong, 1);
		rules_ruleset_drop(held);
	}
	return NULL;
}

static void one_ruleset_serves_many_threads(void **state)
{
	struct shared shared = {
		.ruleset = ruleset_of("rules = ( { id = \"a\"; kind = \"phrase_deny\"; action = "
				      "\"suppress\"; reason = \"r\"; phrases = [ \"your "
				      "fault\", \"modem\" ]; when = { share = 1; }; },"
				      " { id = \"b\"; kind = \"tone\"; max_chars = 40; max_sentences = "
				      "2; action = \"suppress\"; reason = \"r\"; },"
				      " { id = \"c\"; kind = \"readability\"; max_grade = 9; action = "
				      "\"suppress\"; reason = \"r\"; } );")};
	pthread_t thread[THREADS];
	assert_int_equal(pthread_barrier_init(&shared.start, NULL, THREADS), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, run, &shared), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(atomic_load(&shared.wrong), 0);
	pthread_barrier_destroy(&shared.start);
	rules_ruleset_drop(shared.ruleset);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(one_ruleset_serves_many_threads)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
