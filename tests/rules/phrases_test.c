/* SPDX-License-Identifier: Apache-2.0
 *
 * What phrase_deny finds: every phrase of every list, in many writings that try to hide it; and what it does not:
 * innocent.txt, names, places, titles, sentences of many languages and scripts. Lists are that of this test and
 * those of the packs.
 */
#include "support.h"

#include "proto/utf8.h"
#include "rules/loaded.h"
#include <stdio.h>
#include <stdlib.h>

#define PACKS TEST_DATA "/../../rules/packs/"

static const char deny[] =
	"rules = ( { id = \"d\"; kind = \"phrase_deny\"; action = \"suppress\"; reason = \"r\";"
	" phrases = [ \"your fault\", \"stupid\", \"blame\", \"corn\", \"burn\", \"m\\u00fcll\","
	" \"\\u3042\\u306a\\u305f\\u306e\\u305b\\u3044\", "
	"\"\\u0432\\u0438\\u043d\\u043e\\u0432\\u0430\\u0442\","
	" \"\\u03c6\\u03c4\\u03b1\\u03af\\u03c2\", \"\\u0917\\u0932\\u0924\\u0940\", "
	"\"\\u062e\\u0637\\u0623\","
	" \"\\u0e04\\u0e27\\u0e32\\u0e21\\u0e1c\\u0e34\\u0e14\", \"\\u4f60\\u7684\\u9519\", \"\\u90fd\", "
	"\"stra\\u00dfe "
	"9\", \"don't\" ]; } );";

static const char *const evasions[] = {
	"your fault",
	"It is your fault.",
	"YOUR FAULT",
	"Your Fault!",
	"yOuR fAuLt",
	"your  fault",
	"your\tfault",
	"your\nfault",
	"your\xc2\xa0"
	"fault", /* no-break space */
	"your\xe2\x80\x83"
	"fault", /* em space */
	"your \xe2\x80\x8b"
	"fault",		      /* zero width space */
	"yo\xe2\x80\x8bur fault",     /* zero width space in a word */
	"yo\xc2\xadur fa\xc2\xadult", /* soft hyphens */
	"yo\xe2\x80\x8dur fault",     /* zero width joiner */
	"yo\xe2\x81\xa0ur fault",     /* word joiner */
	"your fault\xef\xbb\xbf",     /* zero width no-break space */
	"y\xcc\x81our fault",	      /* combining acute */
	"y\xcc\xb6o\xcc\xb6u\xcc\xb6r\xcc\xb6 f\xcc\xb6"
	"ault",			      /* struck through */
	"y\xcd\x8f\xcc\x81our fault", /* grapheme joiner, then a mark */
	"y\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x85\xcc\x86\xcc\x87\xcc\x88our fault", /* many marks */
	"y\xc3\xb6ur f\xc3\xa4ult",						      /* umlauts */
	"\xc3\xbdour fault",							      /* y acute */
	"\xef\xbd\x99\xef\xbd\x8f\xef\xbd\x95\xef\xbd\x92 "
	"\xef\xbd\x86\xef\xbd\x81\xef\xbd\x95\xef\xbd\x8c\xef\xbd\x94",		  /* fullwidth */
	"\xf0\x9d\x90\xb2\xf0\x9d\x90\xa8\xf0\x9d\x90\xae\xf0\x9d\x90\xab fault", /* mathematical bold */
	"\xf0\x9d\x93\x8e\xf0\x9d\x91\x9c\xf0\x9d\x93\x8a\xf0\x9d\x93\x87 fault", /* script and italic */
	"\xe2\x93\xa8\xe2\x93\x9e\xe2\x93\xa4\xe2\x93\xa1 fault",		  /* circled */
	"\xf0\x9f\x84\xa8\xf0\x9f\x84\x9e\xf0\x9f\x84\xa4\xf0\x9f\x84\xa1"
	" your fault",	     /* parenthesized, then plain */
	"y\xd0\xbeur fault", /* Cyrillic o */
	"your f\xd0\xb0ult", /* Cyrillic a */
	"\xd1\x83our fault", /* Cyrillic u for y */
	"y\xce\xbfur fault", /* Greek omicron */
	"Y\xd0\x9eUR FAULT", /* Cyrillic capital O */
	"y0ur fault",	     /* zero */
	"your fau1t",	     /* one */
	"y0ur fau1t",
	"your fauIt", /* capital i for l */
	"stup1d",
	"stup\xd1\x96"
	"d", /* Cyrillic i */
	"STUPID",
	"\xc5\xbftupid", /* long s */
	"bIame",	 /* capital i for l */
	"b1ame",
	"bl\xd0\xb0me", /* Cyrillic a */
	"\xce\x92lame", /* Greek capital Beta */
	"M\xc3\x9cLL",
	"Mu\xcc\x88ll", /* decomposed */
	"mull",		/* marks do not count */
	"\xe3\x81\x82\xe3\x81\xaa\xe3\x81\x9f\xe3\x81\xae\xe3\x81\x9b\xe3\x81\x84\xe3\x81\xa7\xe3\x81"
	"\x99",							    /* inside Japanese */
	"\xd0\x92\xd0\x98\xd0\x9d\xd0\x9e\xd0\x92\xd0\x90\xd0\xa2", /* Cyrillic capitals */
	"\xce\xa6\xce\xa4\xce\x91\xce\x8a\xce\xa3",		    /* Greek capitals, final sigma */
	"\xe0\xa4\x97\xe0\xa4\xb2\xe0\xa4\xa4\xe0\xa5\x80",	    /* Devanagari */
	"\xd8\xae\xd8\xb7\xd8\xa3",				    /* Arabic */
	"\xd8\xae\xd8\xb7\xd8\xa7\xd9\x94",			    /* Arabic, hamza as a mark */
	"\xe0\xb8\x99\xe0\xb8\xb5\xe0\xb9\x88\xe0\xb8\x84\xe0\xb8\xa7\xe0\xb8\xb2\xe0\xb8\xa1\xe0\xb8"
	"\x9c\xe0\xb8\xb4\xe0\xb8\x94",						    /* inside Thai */
	"\xe9\x83\xbd\xe6\x98\xaf\xe4\xbd\xa0\xe7\x9a\x84\xe9\x94\x99\xe5\x95\x8a", /* inside Chinese */
	"\xe4\xba\xac\xe9\x83\xbd\xe3\x81\xab\xe8\xa1\x8c\xe3\x81\x8f", /* inside a word of the dictionary */
	"STRASSE 9",
	"I don\xe2\x80\x99t know", /* U+2019 */
	"\"your fault\"",
	"(your fault)",
	"Really?your fault",
};

/* --- lists --- */

/* Behind them is the one above. */
static const char *const packs[] = {"careful", "minors", "demo", "no-adjustments"};

enum { RULESETS = COUNT(packs) + 1 };

struct suite {
	struct rules_ruleset *ruleset[RULESETS];
	char *texts; /* the lines of innocent.txt, a NUL behind each */
	size_t texts_len;
};

static int load_suite(void **state)
{
	struct suite *suite = calloc(1, sizeof *suite);
	FILE *file = fopen(TEST_DATA "/innocent.txt", "rb");
	assert_true(suite && file);
	for (size_t i = 0; i < COUNT(packs); i++) {
		char path[512];
		struct rules_findings findings = {0};
		snprintf(path, sizeof path, PACKS "%s", packs[i]);
		suite->ruleset[i] = rules_ruleset_load(path, NOW, &findings);
		assert_non_null(suite->ruleset[i]);
		rules_findings_done(&findings);
	}
	suite->ruleset[COUNT(packs)] = ruleset_of(deny);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	suite->texts_len = (size_t)ftell(file);
	suite->texts = calloc(suite->texts_len + 1, 1);
	assert_non_null(suite->texts);
	rewind(file);
	assert_int_equal(fread(suite->texts, 1, suite->texts_len, file), suite->texts_len);
	assert_int_equal(fclose(file), 0);
	for (size_t i = 0; i < suite->texts_len; i++)
		suite->texts[i] = suite->texts[i] == '\n' ? '\0' : suite->texts[i];
	*state = suite;
	return 0;
}

static int drop_suite(void **state)
{
	struct suite *suite = *state;
	for (size_t i = 0; i < RULESETS; i++)
		rules_ruleset_drop(suite->ruleset[i]);
	free(suite->texts);
	free(suite);
	return 0;
}

/* Of a prompt without a locale, so that no list is left out: the id of the phrase_deny rule that finds something.
 * NULL: none does. */
static const char *found_by(const struct rules_ruleset *ruleset, struct bytes text, char id[64])
{
	struct facts_prompt prompt = {.id = BYTES_LITERAL("p"), .text = text};
	struct trial trial = {.facts = {.prompt_count = 1, .prompts = &prompt},
			      .history = {.session = {.known = true}, .user = {.known = true}}};
	bool found = false;
	trial_decide(&trial, ruleset);
	for (size_t i = 0; i < rules_ruleset_rule_count(ruleset) && !found; i++) {
		const struct rules_rule *rule = rules_ruleset_rule(ruleset, i);
		if (!bytes_equal(rule->kind, BYTES_LITERAL("phrase_deny")))
			continue;
		found = trial.decision.verdict[i] != RULES_WITHIN;
		snprintf(id, 64, "%.*s", BYTES_ARG(rule->id));
	}
	trial_done(&trial);
	return found ? id : NULL;
}

/* --- what is found --- */

static void evasions_are_found(void **state)
{
	const struct suite *suite = *state;
	size_t missed = 0;
	char id[64];
	for (size_t i = 0; i < COUNT(evasions); i++) {
		if (!found_by(suite->ruleset[COUNT(packs)], bytes_of(evasions[i]), id)) {
			print_error("not found: %s\n", evasions[i]);
			missed++;
		}
	}
	print_message("%zu evasions\n", COUNT(evasions));
	assert_true(COUNT(evasions) >= 60);
	assert_int_equal(missed, 0);
}

/* The phrases of a rule; NULL: it is of another kind. */
static const struct texts *phrases_of(const struct rules_rule *head)
{
	const struct rule *rule = rules_rule_of(head);
	for (size_t i = 0; i < rule->kind->keys.count && rule->kind == &rules_phrase_deny; i++)
		if (strcmp(rule->kind->keys.key[i].name, "phrases") == 0)
			return (const void *)((const char *)rule->settings + rule->kind->keys.key[i].at);
	return NULL;
}

/* Small letters are made wide, and a word joiner stands behind each character. */
static struct bytes disguised(struct bytes phrase, char room[512])
{
	size_t len = 0;
	for (size_t i = 0; i < phrase.len && len + 8 < 512; i++) {
		unsigned char c = (unsigned char)phrase.at[i];
		bool letter = c >= 'a' && c <= 'z';
		bool ends = i + 1 == phrase.len || ((unsigned char)phrase.at[i + 1] & 0xc0) != 0x80;
		if (letter)
			len += (size_t)sprintf(room + len, "\xef\xbd%c", 0x81 + c - 'a');
		else
			room[len++] = (char)c;
		if (ends && i + 1 < phrase.len)
			len += (size_t)sprintf(room + len, "\xe2\x81\xa0");
	}
	return (struct bytes){room, len};
}

static void every_phrase_of_every_list_is_found(void **state)
{
	const struct suite *suite = *state;
	size_t count = 0, missed = 0;
	char id[64], room[512];
	for (size_t r = 0; r < RULESETS; r++) {
		const struct rules_ruleset *ruleset = suite->ruleset[r];
		for (size_t i = 0; i < rules_ruleset_rule_count(ruleset); i++) {
			const struct texts *phrases = phrases_of(rules_ruleset_rule(ruleset, i));
			for (size_t p = 0; phrases && p < phrases->count; p++, count++) {
				bool found = found_by(ruleset, phrases->at[p], id) &&
					     found_by(ruleset, disguised(phrases->at[p], room), id);
				missed += !found;
				if (!found)
					print_error("not found: %.*s\n", BYTES_ARG(phrases->at[p]));
			}
		}
	}
	print_message("%zu phrases\n", count);
	assert_true(count > 80);
	assert_int_equal(missed, 0);
}

/* --- what is not --- */

static size_t hits(const struct suite *suite, struct bytes text)
{
	size_t count = 0;
	char id[64];
	for (size_t r = 0; r < RULESETS; r++) {
		if (!found_by(suite->ruleset[r], text, id))
			continue;
		print_error("hit by %s of %s: %.*s\n", id, r < COUNT(packs) ? packs[r] : "this test",
			    BYTES_ARG(text));
		count++;
	}
	return count;
}

static void innocent_texts_are_not_hit(void **state)
{
	const struct suite *suite = *state;
	static const char *const blanks[] = {"", " ", "\n", "\xe2\x80\x8b"};
	size_t hit = 0, count = 0;
	for (size_t at = 0; at < suite->texts_len; at += strlen(suite->texts + at) + 1) {
		struct bytes text = bytes_of(suite->texts + at);
		if (text.len == 0 || text.at[0] == '#')
			continue;
		assert_true(utf8_valid(text));
		hit += hits(suite, text);
		count++;
	}
	for (size_t i = 0; i < COUNT(blanks); i++)
		hit += hits(suite, bytes_of(blanks[i]));
	print_message("%zu innocent texts\n", count);
	assert_true(count >= 300);
	assert_int_equal(hit, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(evasions_are_found),
		cmocka_unit_test(every_phrase_of_every_list_is_found),
		cmocka_unit_test(innocent_texts_are_not_hit),
	};
	return cmocka_run_group_tests_name("phrases", tests, load_suite, drop_suite);
}
