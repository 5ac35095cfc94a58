/* SPDX-License-Identifier: Apache-2.0
 *
 * Language: which writings of a phrase are found, which innocent texts are not hit, what happens then.
 */
#include "support.h"

#include "rules/fold.h"
#include "rules/locale.h"
#include <stdio.h>
#include <unicode/uloc.h>

/* --- evasions --- */

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

/* --- innocent texts --- */

static const char *const innocent[] = {
	"na\xc3\xafve com", /* m and rn look alike; the second pass runs, but com is not odd */
	"Caf\xc3\xa9 bum",
	"\xc3\xbc com \xd0\xb0",
	"com",
	"example.com",
	"burm",
	"bum",
	"bum bag",
	"modern",
	"modem",
	"cornflower",
	"popcorn time",
	"Capricorn",
	"unicorn",
	"acorns",
	"auburn",
	"burning man",
	"Burnley",
	"Bern",
	"barn",
	"born",
	"heartburn",
	"IN ALL CAPS",
	"ALL CAPITAL LETTERS HERE",
	"ILL",
	"THE WHOLE TOWN",
	"lLAMA is fine",
	"your default",
	"your faulty cable",
	"yours, Fault",
	"our fault line tour",
	"The Fault in Our Stars",
	"my fault",
	"fault",
	"you are",
	"your",
	"no fault of yours",
	"default settings",
	"your-fault",
	"your, fault",
	"stupidity",
	"Stu Pidgeon",
	"stupendous",
	"blameless",
	"unblamed",
	"ablame",
	"blamed",
	"Mullet",
	"Muller",
	"Mullholland",
	"multi",
	"Mulligan",
	"McDonald",
	"iPhone 15",
	"eBay",
	"B2B",
	"H2O",
	"4K TV",
	"PS5 games",
	"3D",
	"mp3 player",
	"X-Men 2",
	"Blink-182",
	"U2",
	"AC/DC",
	"M83",
	"R2-D2 and C-3PO",
	"7-Eleven",
	"WALL-E",
	"YouTube",
	"LaTeX",
	"MacBook",
	"Fahrenheit 451",
	"1984",
	"2001: A Space Odyssey",
	"Apollo 13",
	"Ocean's Eleven",

	"Se7en",
	"Tr\xc3\xa5"
	"d",
	"Stra\xc3\x9f"
	"e 10",
	"Bj\xc3\xb6rk",
	"Caf\xc3\xa9 del Mar",
	"D\xc3\xbcsseldorf",
	"\xc3\x85land",
	"na\xc3\xafve",
	"cr\xc3\xa8me br\xc3\xbbl\xc3\xa9"
	"e",
	"jalape\xc3\xb1o",
	"\xd0\x9c\xd0\xbe\xd1\x81\xd0\xba\xd0\xb2\xd0\xb0",
	"\xd0\xb2\xd0\xb8\xd0\xbd\xd0\xbe",
	"\xd0\xa1\xd0\xbe\xd0\xbc",
	"\xd0\xb2\xd0\xb8\xd0\xbd\xd0\xbe\xd0\xb2\xd0\xb0\xd1\x82\xd0\xbe",
	"\xce\x91\xce\xb8\xce\xae\xce\xbd\xce\xb1",
	"\xce\xba\xcf\x8c\xcf\x83\xce\xbc\xce\xbf\xcf\x82",
	"\xe0\xa4\xa8\xe0\xa4\xae\xe0\xa4\xb8\xe0\xa5\x8d\xe0\xa4\xa4\xe0\xa5\x87",
	"\xe0\xa4\x97\xe0\xa4\xb2\xe0\xa4\xa4\xe0\xa4\xbf", /* another vowel sign than the denied word */
	"\xe0\xa4\x97\xe0\xa4\xb2\xe0\xa4\xa4",		    /* without it */
	"\xd8\xad\xd8\xb7\xd8\xa3",
	"\xd9\x85\xd8\xb1\xd8\xad\xd8\xa8\xd8\xa7",
	"\xd8\xae\xd8\xb7",
	"\xd8\xa3\xd8\xae\xd8\xb7\xd8\xa3\xd8\xaa",
	"\xe3\x81\x82\xe3\x81\xaa\xe3\x81\x9f\xe3\x81\xae\xe3\x81\x9b\xe3\x81\x8b\xe3\x81\x84",
	"\xe3\x81\x82\xe3\x81\xaa\xe3\x81\x9f\xe3\x81\xae\xe3\x81\x9c\xe3\x81\x84", /* voiced: another syllable */
	"\xe3\x83\xa2\xe3\x83\x80\xe3\x83\xb3",
	"\xe6\x9d\xb1\xe4\xba\xac\xe3\x82\xbf\xe3\x83\xaf\xe3\x83\xbc",
	"\xe4\xbd\xa0\xe7\x9a\x84\xe9\x8c\xa2",
	"\xe4\xbd\xa0\xe5\xa5\xbd",
	"\xed\x95\x9c\xea\xb5\xad\xec\x96\xb4",
	"\xe0\xb8\xaa\xe0\xb8\xa7\xe0\xb8\xb1\xe0\xb8\xaa\xe0\xb8\x94\xe0\xb8\xb5",
	"\xe0\xb8\x84\xe0\xb8\xa7\xe0\xb8\xb2\xe0\xb8\xa1\xe0\xb8\xa3\xe0\xb8\xb1\xe0\xb8\x81",
	"\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d",
	"\xf0\x9f\x8c\xbd",
	"\xf0\x9f\x94\xa5 hot",
	"",
	" ",
	"...",
	"don",
	"dont",
	"don\xe2\x80\x99ts",
	"b.u.r.n.s",
	"c o r n e r",
	"Would you like to see less jazz?",
	"These picks are not quite right.",
	"You will see less for a while.",
};

static const struct rules_ruleset *suite;

static int load_suite(void **state)
{
	suite = ruleset_of(deny);
	(void)state;
	return 0;
}

static int drop_suite(void **state)
{
	rules_ruleset_drop((struct rules_ruleset *)(uintptr_t)suite);
	(void)state;
	return 0;
}

static size_t prompts_left(const char *text)
{
	struct facts_prompt prompt = {.id = BYTES_LITERAL("p"), .text = bytes_of(text)};
	struct trial trial = {.facts = {.prompt_count = 1, .prompts = &prompt}};
	trial_decide(&trial, suite);
	size_t left = trial.decision.prompt_count;
	trial_done(&trial);
	return left;
}

static void evasions_are_found(void **state)
{
	size_t missed = 0;
	for (size_t i = 0; i < COUNT(evasions); i++) {
		if (prompts_left(evasions[i])) {
			print_error("not found: %s\n", evasions[i]);
			missed++;
		}
	}
	print_message("%zu evasions\n", COUNT(evasions));
	assert_true(COUNT(evasions) >= 40);
	assert_int_equal(missed, 0);
	(void)state;
}

static void innocent_texts_are_not_hit(void **state)
{
	size_t hit = 0;
	for (size_t i = 0; i < COUNT(innocent); i++) {
		if (!prompts_left(innocent[i])) {
			print_error("hit: %s\n", innocent[i]);
			hit++;
		}
	}
	print_message("%zu innocent texts\n", COUNT(innocent));
	assert_true(COUNT(innocent) >= 100);
	assert_int_equal(hit, 0);
	(void)state;
}

/* --- one rule each: keys of phrase_deny --- */

struct row {
	const char *name, *rule, *text, *story, *texts;
};

#define DENY(keys) "rules = ( { id = \"d\"; kind = \"phrase_deny\"; reason = \"r\"; " keys " } );"
#define NEUTRAL                                                                                              \
	"texts = ( { id = \"n\"; locale = \"en\"; kind = \"acknowledgement\"; text = \"Sorry.\"; },"         \
	" { id = \"n\"; locale = \"de\"; text = \"Pardon.\"; } );"

static const struct row rows[] = {
	{"a word is not found inside another", DENY("action = \"suppress\"; phrases = [ \"art\" ];"), "party",
	 "", "|party|"},
	{"a substring is", DENY("action = \"suppress\"; match = \"substring\"; phrases = [ \"art\" ];"),
	 "party", "d suppress exceeded p", "|"},
	{"fold case keeps marks apart",
	 DENY("action = \"suppress\"; fold = \"case\"; phrases = [ \"cafe\" ];"), "CAF\xc3\x89", "",
	 "|CAF\xc3\x89|"},
	{"fold case folds case",
	 DENY("action = \"suppress\"; fold = \"case\"; phrases = [ \"caf\\u00e9\" ];"), "CAF\xc3\x89",
	 "d suppress exceeded p", "|"},
	{"fold none is byte for byte", DENY("action = \"suppress\"; fold = \"none\"; phrases = [ \"bad\" ];"),
	 "Bad", "", "|Bad|"},
	{"fold none finds the same bytes",
	 DENY("action = \"suppress\"; fold = \"none\"; phrases = [ \"bad\" ];"), "so bad",
	 "d suppress exceeded p", "|"},
	{"replace takes the text of the prompt's locale",
	 DENY("phrases = \"bad\"; fallback = \"n\";") NEUTRAL, "bad", "d replace exceeded p", "|Pardon.|"},
	{"flag leaves the message as it is", DENY("phrases = \"bad\"; action = \"flag\";"), "bad",
	 "d flag exceeded p", "|bad|"},
	{"reject refuses the response", DENY("phrases = \"bad\"; action = \"reject\";"), "bad",
	 "d reject exceeded p", "|"},
	{"observe changes nothing", DENY("mode = \"observe\"; phrases = \"bad\"; action = \"suppress\";"),
	 "bad", "(d suppress exceeded p)", "|bad|"},
	{"off does nothing", DENY("mode = \"off\"; phrases = \"bad\"; action = \"suppress\";"), "bad", "",
	 "|bad|"},
	{"invalid UTF-8: cannot tell, suppress", DENY("phrases = \"bad\"; action = \"flag\";"), "ok \xff",
	 "d suppress unknown p", "|"},
	{"invalid UTF-8: cannot tell, reject",
	 DENY("phrases = \"bad\"; action = \"flag\"; on_unknown = \"reject\";"), "ok \xff",
	 "d reject unknown p", "|"},
	{"other locales are left alone",
	 DENY("phrases = \"bad\"; action = \"suppress\"; locales = [ \"en\" ];"), "bad", "", "|bad|"},
	{"the own locale is not", DENY("phrases = \"bad\"; action = \"suppress\"; locales = [ \"de\" ];"),
	 "bad", "d suppress exceeded p", "|"},
	{"labels concern their prompt", DENY("phrases = \"jetzt nicht\"; action = \"suppress\";"), "fine",
	 "d suppress exceeded p", "|"},
	{"labels are left out on request",
	 DENY("phrases = \"jetzt nicht\"; action = \"suppress\"; on = [ \"text\" ];"), "fine", "", "|fine|"},
	{"the strongest action wins",
	 "rules = ( { id = \"a\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"bad\"; fallback = "
	 "\"n\"; },"
	 " { id = \"b\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"bad\"; action = \"suppress\"; } "
	 ");" NEUTRAL,
	 "bad", "b suppress exceeded p", "|"},
	{"of equal actions the smaller id",
	 "rules = ( { id = \"b\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"bad\"; action = "
	 "\"suppress\"; },"
	 " { id = \"a\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"bad\"; action = \"suppress\"; } "
	 ");",
	 "bad", "a suppress exceeded p", "|"},
	{"a flag is recorded beside a change",
	 "rules = ( { id = \"a\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"bad\"; action = "
	 "\"flag\"; },"
	 " { id = \"b\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"bad\"; action = \"suppress\"; } "
	 ");",
	 "bad", "a flag exceeded p; b suppress exceeded p", "|"},
	{"an observing rule sees what enforcing ones left",
	 "rules = ( { id = \"a\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"bad\"; mode = "
	 "\"observe\"; action = \"suppress\"; },"
	 " { id = \"b\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"bad\"; fallback = \"n\"; } "
	 ");" NEUTRAL,
	 "bad", "b replace exceeded p", "|Pardon.|"},

/* template_allow */
#define ALLOW "rules = ( { id = \"t\"; kind = \"template_allow\"; reason = \"r\"; fallback = \"n\"; } );"
	{"an approved text passes", ALLOW NEUTRAL, "Pardon.", "", "|Pardon.|"},
	{"another does not", ALLOW NEUTRAL, "Pardon!", "t replace exceeded p", "|Pardon.|"},
	{"the text of another locale does not", ALLOW NEUTRAL, "Sorry.", "t replace exceeded p", "|Pardon.|"},
#define SLOTS                                                                                                \
	"texts = ( { id = \"n\"; locale = \"de\"; text = \"Pardon.\"; }, { id = \"q\"; locale = \"de\"; "    \
	"text = "                                                                                            \
	"\"Weniger {c} f\xc3\xbcr {d} Tage?\"; slots = ( { name = \"c\"; max_chars = 5; }, { name = \"d\"; " \
	"one_of = [ "                                                                                        \
	"\"7\", \"30\" ]; } ); } );"
	{"slots take what they may hold", ALLOW SLOTS, "Weniger K\xc3\xa4se f\xc3\xbcr 30 Tage?", "",
	 "|Weniger K\xc3\xa4se f\xc3\xbcr 30 Tage?|"},
	{"a slot at its limit", ALLOW SLOTS,
	 "Weniger \xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4 f\xc3\xbcr 7 Tage?", "",
	 "|Weniger \xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4 f\xc3\xbcr 7 Tage?|"},
	{"a slot over its limit", ALLOW SLOTS, "Weniger aaaaaa f\xc3\xbcr 7 Tage?", "t replace exceeded p",
	 "|Pardon.|"},
	{"an empty slot", ALLOW SLOTS, "Weniger  f\xc3\xbcr 7 Tage?", "t replace exceeded p", "|Pardon.|"},
	{"a slot with another value", ALLOW SLOTS, "Weniger Jazz f\xc3\xbcr 8 Tage?", "t replace exceeded p",
	 "|Pardon.|"},
	{"a denied phrase in a slot",
	 "rules = ( { id = \"t\"; kind = \"template_allow\"; reason = \"r\"; action = \"suppress\"; },"
	 " { id = \"z\"; kind = \"phrase_deny\"; reason = \"r\"; action = \"suppress\"; phrases = "
	 "\"M\xc3\xbcll\"; } );"
	 "texts = ( { id = \"q\"; locale = \"de\"; text = \"Weniger {c}sachen?\"; slots = ( { name = \"c\"; "
	 "max_chars = 9; } ); } );",
	 "Weniger M\xc3\xbcllsachen?", "t suppress exceeded p", "|"},
	{"an expired text is not approved",
	 ALLOW "texts = ( { id = \"n\"; locale = \"de\"; text = \"Pardon.\"; },"
	       " { id = \"x\"; locale = \"de\"; text = \"Alt.\"; expires = \"2026-11-23T10:00:00Z\"; } );",
	 "Alt.", "t replace exceeded p", "|Pardon.|"},
	{"the instant before it is",
	 ALLOW "texts = ( { id = \"n\"; locale = \"de\"; text = \"Pardon.\"; },"
	       " { id = \"x\"; locale = \"de\"; text = \"Alt.\"; expires = "
	       "\"2026-11-23T10:00:00.000000001Z\"; } );",
	 "Alt.", "", "|Alt.|"},
	{"a text that will be approved later is not yet",
	 ALLOW "texts = ( { id = \"n\"; locale = \"de\"; text = \"Pardon.\"; },"
	       " { id = \"x\"; locale = \"de\"; text = \"Neu.\"; approved = "
	       "\"2026-11-23T10:00:00.000000001Z\"; } );",
	 "Neu.", "t replace exceeded p", "|Pardon.|"},
	{"no text for any locale: suppress",
	 ALLOW "texts = ( { id = \"n\"; locale = \"fr\"; text = \"Pardon.\"; } );", "Alt.",
	 "t suppress exceeded p", "|"},
	{"a label must be approved with its kind",
	 "rules = ( { id = \"t\"; kind = \"template_allow\"; on = [ \"labels\" ]; reason = \"r\"; action = "
	 "\"suppress\"; } );"
	 "texts = ( { id = \"n\"; locale = \"de\"; text = \"Pardon.\"; choices = ( { kind = \"accept\"; "
	 "label = \"Jetzt nicht\"; } ); } );",
	 "fine", "t suppress exceeded p", "|"},
	{"and then passes",
	 "rules = ( { id = \"t\"; kind = \"template_allow\"; on = [ \"labels\" ]; reason = \"r\"; action = "
	 "\"suppress\"; } );"
	 "texts = ( { id = \"n\"; locale = \"de\"; text = \"Pardon.\"; choices = ( { kind = \"decline\"; "
	 "label = \"Jetzt nicht\"; } ); } );",
	 "fine", "", "|fine|"},
};

/* Each row: one prompt, locale de-AT, one choice "Jetzt nicht" that declines. */
static void run_row(void **state)
{
	const struct row *row = *state;
	struct facts_choice choice = {.label = BYTES_LITERAL("Jetzt nicht"), .kind = CHOICE_DECLINE};
	struct facts_prompt prompt = {.id = BYTES_LITERAL("p"),
				      .text = bytes_of(row->text),
				      .locale = BYTES_LITERAL("de-AT"),
				      .choices = &choice,
				      .choice_count = 1};
	struct trial trial = {.facts = {.prompt_count = 1, .prompts = &prompt}};
	struct rules_ruleset *ruleset = ruleset_of(row->rule);
	trial_decide(&trial, ruleset);
	assert_string_equal(trial_story(&trial), row->story);
	assert_string_equal(trial_texts(&trial), row->texts);
	trial_done(&trial);
	rules_ruleset_drop(ruleset);
}

static void a_malformed_prompt_locale_cannot_be_told(void **state)
{
	struct facts_prompt prompt = {
		.id = BYTES_LITERAL("p"), .text = BYTES_LITERAL("Pardon."), .locale = BYTES_LITERAL("de_AT")};
	struct trial trial = {.facts = {.prompt_count = 1, .prompts = &prompt}};
	struct rules_ruleset *ruleset = ruleset_of(ALLOW NEUTRAL);
	trial_decide(&trial, ruleset);
	assert_string_equal(trial_story(&trial), "t suppress unknown p");
	trial_done(&trial);
	rules_ruleset_drop(ruleset);
	(void)state;
}

static void replaced_prompts_carry_the_whole_catalogue_text(void **state)
{
	struct facts_prompt prompt = {.id = BYTES_LITERAL("p"),
				      .text = BYTES_LITERAL("bad"),
				      .kind = PROMPT_PAUSE,
				      .locale = BYTES_LITERAL("xx")};
	struct trial trial = {
		.facts = {.prompt_count = 1, .prompts = &prompt, .locale = BYTES_LITERAL("en-Latn-GB")}};
	struct rules_ruleset *ruleset = ruleset_of(
		DENY("phrases = \"bad\"; fallback = \"n\";") "texts = ( { id = \"n\"; locale = \"en\"; kind "
							     "= \"acknowledgement\"; text = \"Sorry.\";"
							     " choices = ( { id = \"c\"; kind = \"decline\"; "
							     "label = \"No\"; } ); } );");
	trial_decide(&trial, ruleset);
	const struct edits_prompt *edit = &trial.decision.edits.prompts[0];
	assert_true(edit->replace && !edit->drop);
	assert_true(bytes_equal(edit->with.template_id, BYTES_LITERAL("n")));
	assert_true(bytes_equal(edit->with.locale, BYTES_LITERAL("en")));
	assert_int_equal(edit->with.kind, PROMPT_ACKNOWLEDGEMENT);
	assert_int_equal(edit->with.choice_count, 1);
	assert_int_equal(edit->with.choices[0].kind, CHOICE_DECLINE);
	assert_true(bytes_equal(edit->with.id, BYTES_LITERAL("p")));
	trial_done(&trial);
	rules_ruleset_drop(ruleset);
	(void)state;
}

static void an_explanation_is_replaced_or_cleared(void **state)
{
	struct trial trial = {.facts = {.explanation = BYTES_LITERAL("bad"), .locale = BYTES_LITERAL("de")}};
	struct rules_ruleset *ruleset = ruleset_of(DENY("phrases = \"bad\"; fallback = \"n\";") NEUTRAL);
	trial_decide(&trial, ruleset);
	assert_true(trial.decision.edits.explanation_set);
	assert_true(bytes_equal(trial.decision.edits.explanation, BYTES_LITERAL("Pardon.")));
	trial_done(&trial);
	trial.facts.locale = (struct bytes){0};
	trial_decide(&trial, ruleset);
	assert_true(trial.decision.edits.explanation_set);
	assert_false(bytes_present(trial.decision.edits.explanation));
	assert_string_equal(trial_story(&trial), "d suppress exceeded");
	trial_done(&trial);
	rules_ruleset_drop(ruleset);
	(void)state;
}

/* A text for prompts is not held against rules for explanations at load: here it replaces one. */
static void what_is_still_not_within_is_suppressed(void **state)
{
	struct trial trial = {.facts = {.explanation = BYTES_LITERAL("bad"), .locale = BYTES_LITERAL("en")}};
	struct rules_ruleset *ruleset = ruleset_of(
		"rules = ( { id = \"a\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"bad\"; fallback "
		"= \"n\"; },"
		" { id = \"b\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"sorry\"; action = "
		"\"flag\"; on = \"explanation\"; },"
		" { id = \"c\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"sorry\"; fallback = "
		"\"n\"; on = \"explanation\"; } );"
		"texts = ( { id = \"n\"; locale = \"en\"; kind = \"pause\"; text = \"Sorry.\"; } );");
	trial_decide(&trial, ruleset);
	assert_string_equal(trial_story(&trial), "c suppress exceeded");
	assert_true(trial.decision.edits.explanation_set);
	assert_int_equal(trial.decision.edits.explanation.len, 0);
	trial_done(&trial);
	rules_ruleset_drop(ruleset);
	(void)state;
}

/* --- locales --- */

static void plain_tags_agree_with_icu(void **state)
{
	char tag[8], id[ULOC_FULLNAME_CAPACITY], want[LOCALE_MAX], room[LOCALE_MAX];
	size_t wrong = 0;
	for (int i = 0; i < 26 * 26 * 27 * 26; i++) {
		int language = i / (27 * 26), region = i % (27 * 26);
		snprintf(tag, sizeof tag, "%c%c%s%c%c", 'a' + language / 26, 'a' + language % 26,
			 region < 26 * 26 ? "-" : "", 'A' + region / 26 % 26, 'A' + region % 26);
		if (region >= 26 * 26)
			tag[2] = '\0';
		UErrorCode status = U_ZERO_ERROR;
		uloc_forLanguageTag(tag, id, sizeof id, NULL, &status);
		uloc_toLanguageTag(id, want, sizeof want, true, &status);
		struct bytes got = rules_locale_canonical(bytes_of(tag), room);
		wrong += !bytes_equal(got, bytes_of(want));
	}
	assert_int_equal(wrong, 0);
	(void)state;
}

static void ranges_filter_as_rfc_4647_says(void **state)
{
	static const struct {
		const char *range, *tag;
		bool inside;
	} cases[] = {
		{"en", "en-GB", true},	       {"en", "en", true},
		{"en", "eng", false},	       {"de-*", "de", true},
		{"de-*", "de-AT", true},       {"*", "ja", true},
		{"*-CH", "de-CH", true},       {"*-CH", "de-AT", false},
		{"de-DE", "de-Latn-DE", true}, {"de-DE", "de", false},
		{"de-*-DE", "de-DE", true},    {"de-*-DE", "de-Latn-DE-1996", true},
		{"de-DE", "de-x-DE", false},   {"de-DE", "de-Deva", false},
		{"EN-gb", "en-GB", true},      {"zh-Hant", "zh-Hant-TW", true},
		{"zh-TW", "zh-Hant-TW", true},
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		if (rules_locale_in_range(bytes_of(cases[i].tag), bytes_of(cases[i].range)) !=
		    cases[i].inside)
			fail_msg("%s in %s", cases[i].tag, cases[i].range);
	(void)state;
}

static void lookup_truncates_as_rfc_4647_says(void **state)
{
	struct bytes tag = BYTES_LITERAL("zh-Hant-CN-x-private1-private2");
	static const char *const steps[] = {"zh-Hant-CN-x-private1", "zh-Hant-CN", "zh-Hant", "zh", ""};
	for (size_t i = 0; i < COUNT(steps); i++) {
		tag = rules_locale_truncate(tag);
		assert_true(bytes_equal(tag, bytes_of(steps[i])));
	}
	(void)state;
}

static void lookup_serves_as_page_02_says(void **state)
{
	static const struct {
		const char *request, *own;
		bool serves;
	} cases[] = {
		{"en", "en", true},
		{"en-GB", "en", true},
		{"en", "en-GB", true},
		{"en-US", "en-GB", true},
		{"en", "de", false},
		{"en-DE", "de-DE", false},
		{"eng", "en", false},
		{"zh-Hant-TW", "zh-Hant", true},
		{"zh-Hant-TW", "zh", true},
		{"zh-Hant-TW", "zh-Hans", false},
		{"zh-Hant-TW", "zh-Hant-HK", true},
		{"zh", "zh-Hant", false}, /* which script was asked for is not known */
		{"zh-TW", "zh-TW", true},
		{"sl-rozaj-1994", "sl-rozaj", true},
		{"sl-rozaj", "sl-nedis", true},
		{"de-1901", "de", true},
		{"de-DE-u-co-phonebk", "de-AT", true},
		{"x-own", "x-own", true},
		{"x-own", "en", false},
		{"", "en", false},
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		if (rules_locale_serves(bytes_of(cases[i].request), bytes_of(cases[i].own)) !=
		    cases[i].serves)
			fail_msg("%s for %s", cases[i].own, cases[i].request);
	(void)state;
}

/* ASCII before ASCII does not go through the table; before another character it does. Both say the same. */
static void plain_characters_fold_alike_beside_others(void **state)
{
	struct arena arena;
	(void)state;
	arena_init(&arena, (size_t)1 << 20);
	for (char c = ' '; c < 0x7f; c++) {
		struct folded alone, beside;
		const char text[] = {c, '\xe4', '\xb8', '\xad'};
		assert_true(rules_fold((struct bytes){text, 1}, FOLD_FIRST, &arena, &alone));
		assert_true(rules_fold((struct bytes){text, sizeof text}, FOLD_FIRST, &arena, &beside));
		assert_int_equal(alone.text.len, 1);
		assert_int_equal(beside.text.len, 4);
		assert_int_equal(alone.text.at[0], beside.text.at[0]);
	}
	arena_done(&arena);
}

int main(void)
{
	struct CMUnitTest tests[COUNT(rows) + 16];
	size_t count = 0;
	for (size_t i = 0; i < COUNT(rows); i++)
		tests[count++] = (struct CMUnitTest){.name = rows[i].name,
						     .test_func = run_row,
						     .initial_state = (void *)(uintptr_t)&rows[i]};
	const struct CMUnitTest others[] = {
		cmocka_unit_test(evasions_are_found),
		cmocka_unit_test(innocent_texts_are_not_hit),
		cmocka_unit_test(a_malformed_prompt_locale_cannot_be_told),
		cmocka_unit_test(replaced_prompts_carry_the_whole_catalogue_text),
		cmocka_unit_test(an_explanation_is_replaced_or_cleared),
		cmocka_unit_test(what_is_still_not_within_is_suppressed),
		cmocka_unit_test(plain_tags_agree_with_icu),
		cmocka_unit_test(plain_characters_fold_alike_beside_others),
		cmocka_unit_test(ranges_filter_as_rfc_4647_says),
		cmocka_unit_test(lookup_truncates_as_rfc_4647_says),
		cmocka_unit_test(lookup_serves_as_page_02_says),
	};
	for (size_t i = 0; i < COUNT(others); i++)
		tests[count++] = others[i];
	return _cmocka_run_group_tests("language", tests, count, load_suite, drop_suite);
}
