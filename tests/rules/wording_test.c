/* SPDX-License-Identifier: Apache-2.0
 *
 * The language kinds that count, compare and require: one row, one response, one test.
 */
#include "support.h"

#include <stdio.h>

struct row {
	const char *name, *rules;
	struct facts_prompt prompt; /* text absent: there is none */
	const char *locale, *explanation;
	const char *story, *observed; /* observed: of the first intervention, behind its limit */
	const char *texts, *says;     /* the prompts that leave; the explanation that leaves */
};

#define RULE(kind, keys) "rules = ( { id = \"r\"; kind = \"" kind "\"; reason = \"r\"; " keys " } );"
#define CHOICES(list)	 .choices = list, .choice_count = COUNT(list)

#define BYTES(words)                                                                                         \
	{                                                                                                    \
		words, sizeof(words) - 1                                                                     \
	}

static struct facts_choice yes[] = {{.label = {"Yes", 3}, .kind = CHOICE_ACCEPT}};
static struct facts_choice both[] = {{.label = {"Yes", 3}, .kind = CHOICE_ACCEPT},
				     {.label = {"No", 2}, .kind = CHOICE_DECLINE}};
static struct facts_choice wordy[] = {
	{.label = BYTES(
		 "Notwithstanding considerable administrative difficulties organisational restructuring "
		 "continues immediately"),
	 .kind = CHOICE_ACCEPT}};
static struct facts_choice odd[] = {{.label = {"No", 2}, .kind = CHOICE_OTHER},
				    {.label = {"No", 2}, .kind = CHOICE_ABSENT}};

#define ASK(kind_of, list)                                                                                   \
	{                                                                                                    \
		.text = {"Less?", 5}, .kind = kind_of, CHOICES(list)                                         \
	}
#define SPEAKS(tag)                                                                                          \
	{                                                                                                    \
		.text = {"Hi.", 3}, .locale = { tag, sizeof tag - 1 }                                        \
	}
#define TONE(keys) RULE("tone", keys " action = \"suppress\";")
#define NEUTRAL	   "texts = ( { id = \"n\"; locale = \"en\"; text = \"Oh.\"; } );"
#define GRADE(max) RULE("readability", "action = \"suppress\"; max_grade = " max ";")
#define WHY(keys)  RULE("explanation_required", "fallback = \"n\"; " keys)
#define FLAG	   "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa"
#define FAMILY	   "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7"
#define SAYS(words)                                                                                          \
	{                                                                                                    \
		.text = {words, sizeof words - 1}, .kind = PROMPT_PAUSE                                      \
	}

static const struct row rows[] = {
	/* choice_required */
	{"a question that lets the user decline", RULE("choice_required", ""),
	 ASK(PROMPT_CLARIFYING_QUESTION, both), .texts = "|Less?|"},
	{"a question that does not", RULE("choice_required", ""), ASK(PROMPT_CLARIFYING_QUESTION, yes),
	 .story = "r suppress exceeded p", .observed = "choice decline: none of 1 choices is decline"},
	{"a preference update that does not", RULE("choice_required", ""), ASK(PROMPT_PREFERENCE_UPDATE, yes),
	 .story = "r suppress exceeded p"},
	{"a category switch that does not", RULE("choice_required", ""), ASK(PROMPT_CATEGORY_SWITCH, yes),
	 .story = "r suppress exceeded p"},
	{"a question without choices",
	 RULE("choice_required", ""),
	 {.text = {"Less?", 5}, .kind = PROMPT_CLARIFYING_QUESTION},
	 .story = "r suppress exceeded p",
	 .observed = "choice decline: none of 0 choices is decline"},
	{"an acknowledgement asks nothing", RULE("choice_required", ""), ASK(PROMPT_ACKNOWLEDGEMENT, yes),
	 .texts = "|Less?|"},
	{"a pause asks nothing", RULE("choice_required", ""), ASK(PROMPT_PAUSE, yes), .texts = "|Less?|"},
	{"a prompt of no kind does not escape", RULE("choice_required", ""), ASK(PROMPT_ABSENT, yes),
	 .story = "r suppress exceeded p"},
	{"nor one of an unknown kind", RULE("choice_required", ""), ASK(PROMPT_OTHER, yes),
	 .story = "r suppress exceeded p"},
	{"a choice of no or unknown kind does not decline", RULE("choice_required", ""),
	 ASK(PROMPT_CLARIFYING_QUESTION, odd), .story = "r suppress exceeded p"},
	{"another choice", RULE("choice_required", "choice = \"less_of\";"),
	 ASK(PROMPT_CLARIFYING_QUESTION, both), .story = "r suppress exceeded p",
	 .observed = "choice less_of: none of 2 choices is less_of"},
	{"other kinds", RULE("choice_required", "kinds = [ \"pause\" ];"), ASK(PROMPT_PAUSE, yes),
	 .story = "r suppress exceeded p"},
	{"and not the usual ones then", RULE("choice_required", "kinds = [ \"pause\" ];"),
	 ASK(PROMPT_CLARIFYING_QUESTION, yes), .texts = "|Less?|"},
	{"a missing choice is flagged", RULE("choice_required", "action = \"flag\";"),
	 ASK(PROMPT_CLARIFYING_QUESTION, yes), .story = "r flag exceeded p", .texts = "|Less?|"},
	{"a missing choice is observed", RULE("choice_required", "mode = \"observe\";"),
	 ASK(PROMPT_CLARIFYING_QUESTION, yes), .story = "(r suppress exceeded p)", .texts = "|Less?|"},
	{"what replaces lets the user decline too",
	 "rules = ( { id = \"r\"; kind = \"choice_required\"; reason = \"r\"; },"
	 " { id = \"s\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"less\"; fallback = \"n\"; } );"
	 "texts = ( { id = \"n\"; locale = \"en\"; kind = \"clarifying_question\"; text = \"Fewer?\";"
	 " choices = ( { kind = \"decline\"; label = \"No\"; } ); } );",
	 ASK(PROMPT_CLARIFYING_QUESTION, both), .locale = "en", .story = "s replace exceeded p",
	 .texts = "|Fewer?|"},

	/* locale_match */
	{"a prompt in the language asked for", RULE("locale_match", ""), SPEAKS("en-GB"), .locale = "en-US",
	 .texts = "|Hi.|"},
	{"tags are made canonical first", RULE("locale_match", ""), SPEAKS("IW"), .locale = "he-il",
	 .texts = "|Hi.|"},
	{"a prompt in another", RULE("locale_match", ""), SPEAKS("de-AT"), .locale = "EN-us",
	 .story = "r suppress exceeded p", .observed = "the request's locale: de-AT for en-US"},
	{"a prompt in another is flagged", RULE("locale_match", "action = \"flag\";"), SPEAKS("de"),
	 .locale = "en", .story = "r flag exceeded p", .texts = "|Hi.|"},
	{"a prompt in another is observed", RULE("locale_match", "mode = \"observe\";"), SPEAKS("de"),
	 .locale = "en", .story = "(r suppress exceeded p)", .texts = "|Hi.|"},
	{"a prompt without locale cannot be told", RULE("locale_match", ""), SPEAKS(""), .locale = "en",
	 .story = "r flag unknown p", .observed = "the request's locale: the prompt's locale is absent",
	 .texts = "|Hi.|"},
	{"nor one with a malformed locale", RULE("locale_match", "on_unknown = \"suppress\";"),
	 SPEAKS("en_GB"), .locale = "en", .story = "r suppress unknown p",
	 .observed = "the request's locale: the prompt's locale is malformed"},
	{"nor against a request without", RULE("locale_match", "on_unknown = \"suppress\";"), SPEAKS("en"),
	 .story = "r suppress unknown p", .observed = "the request's locale: the request's locale is absent"},
	{"nor against a malformed one", RULE("locale_match", ""), SPEAKS("en"), .locale = "en*",
	 .story = "r flag unknown p", .observed = "the request's locale: the request's locale is malformed",
	 .texts = "|Hi.|"},
	{"what replaces speaks the language too",
	 "rules = ( { id = \"r\"; kind = \"locale_match\"; reason = \"r\"; },"
	 " { id = \"s\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"hi\"; action = \"flag\"; },"
	 " { id = \"t\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"hi\"; fallback = \"n\"; } );"
	 "texts = ( { id = \"n\"; locale = \"en\"; text = \"Sorry.\"; } );",
	 SPEAKS("en"), .locale = "en-GB", .story = "s flag exceeded p; t replace exceeded p",
	 .texts = "|Sorry.|"},

	/* tone: length */
	{"characters at the limit", TONE("max_chars = 3;"), SAYS("abc"), .texts = "|abc|"},
	{"characters over it", TONE("max_chars = 3;"), SAYS("abcd"), .story = "r suppress exceeded p",
	 .observed = "max_chars 3: 4 characters in text"},
	{"a letter and its marks are one character", TONE("max_chars = 3;"),
	 SAYS("e\xcc\x81\xcc\xa3"
	      "bc"),
	 .texts = "|e\xcc\x81\xcc\xa3"
		  "bc|"},
	{"a family is one character", TONE("max_chars = 1;"), SAYS(FAMILY), .texts = "|" FAMILY "|"},
	{"a flag is one character", TONE("max_chars = 1;"), SAYS(FLAG), .texts = "|" FLAG "|"},
	{"two flags are two", TONE("max_chars = 1;"), SAYS(FLAG FLAG), .story = "r suppress exceeded p"},
	{"a syllable of Devanagari is one", TONE("max_chars = 1;"), SAYS("\xe0\xa4\xa8\xe0\xa4\xbf"),
	 .texts = "|\xe0\xa4\xa8\xe0\xa4\xbf|"},
	{"a line's end is one", TONE("max_chars = 3;"), SAYS("a\r\nb"), .texts = "|a\r\nb|"},
	{"an empty text has none", TONE("max_chars = 1;"), SAYS(""), .texts = "||"},
	{"sentences at the limit", TONE("max_sentences = 2;"), SAYS("One is 3.5 e.g. here. Two!"),
	 .texts = "|One is 3.5 e.g. here. Two!|"},
	{"sentences over it", TONE("max_sentences = 2;"), SAYS("One. Two! Three?"),
	 .story = "r suppress exceeded p", .observed = "max_sentences 2: 3 sentences in text"},
	{"lines are sentences", TONE("max_sentences = 1;"), SAYS("One\nTwo"),
	 .story = "r suppress exceeded p"},
	{"marks alone are none", TONE("max_sentences = 1;"), SAYS("One. ... ?! \xf0\x9f\x91\x8d"),
	 .texts = "|One. ... ?! \xf0\x9f\x91\x8d|"},
	{"sentences of other scripts", TONE("max_sentences = 1;"),
	 SAYS("\xe4\xbd\xa0\xe5\xa5\xbd\xe3\x80\x82\xe5\x86\x8d\xe8\xa7\x81\xe3\x80\x82"),
	 .story = "r suppress exceeded p"},

	/* tone: volume */
	{"exclamation marks at the limit", TONE("max_exclamations = 1;"), SAYS("Hi! \xc2\xa1no"),
	 .texts = "|Hi! \xc2\xa1no|"},
	{"exclamation marks over it", TONE("max_exclamations = 1;"), SAYS("Hi! Ho!"),
	 .story = "r suppress exceeded p", .observed = "max_exclamations 1: 2 exclamation marks in text"},
	{"none at all", TONE("max_exclamations = 0;"), SAYS("Hi!"), .story = "r suppress exceeded p"},
	{"other forms of them", TONE("max_exclamations = 2;"), SAYS("\xef\xbc\x81\xe2\x80\xbc"),
	 .story = "r suppress exceeded p", .observed = "max_exclamations 2: 3 exclamation marks in text"},
	{"capitals at the limit", TONE("max_upper_share = 0.3;"), SAYS("ABCdefghij 12 ..."),
	 .texts = "|ABCdefghij 12 ...|"},
	{"capitals over it", TONE("max_upper_share = 0.3;"), SAYS("ABCDefghij"),
	 .story = "r suppress exceeded p",
	 .observed = "max_upper_share 0.3: 4 capitals of 10 letters in text"},
	{"seven letters may shout", TONE("max_upper_share = 0;"), SAYS("ABCDEFG 8"), .texts = "|ABCDEFG 8|"},
	{"eight may not", TONE("max_upper_share = 0;"), SAYS("ABCDEFGH"), .story = "r suppress exceeded p"},
	{"capitals of other scripts", TONE("max_upper_share = 0.5;"),
	 SAYS("\xd0\x92\xd0\x98\xd0\x9d\xd0\x9e\xce\x91\xce\x92\xce\x93\xce\x94"),
	 .story = "r suppress exceeded p"},
	{"letters without case do not count", TONE("max_upper_share = 0;"),
	 SAYS("ABC \xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0"),
	 .texts = "|ABC \xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0|"},

	/* tone: emoji */
	{"emoji at the limit", TONE("max_emoji = 1;"), SAYS("ok \xf0\x9f\x91\x8d"),
	 .texts = "|ok \xf0\x9f\x91\x8d|"},
	{"emoji over it", TONE("max_emoji = 1;"), SAYS("\xf0\x9f\x91\x8d\xf0\x9f\x91\x8d"),
	 .story = "r suppress exceeded p", .observed = "max_emoji 1: 2 emoji in text"},
	{"a family is one emoji", TONE("max_emoji = 1;"), SAYS(FAMILY), .texts = "|" FAMILY "|"},
	{"a flag is one emoji", TONE("max_emoji = 1;"), SAYS(FLAG), .texts = "|" FLAG "|"},
	{"a heart in text style is none", TONE("max_emoji = 0;"), SAYS("\xe2\x9d\xa4"),
	 .texts = "|\xe2\x9d\xa4|"},
	{"a heart in emoji style is one", TONE("max_emoji = 0;"), SAYS("\xe2\x9d\xa4\xef\xb8\x8f"),
	 .story = "r suppress exceeded p"},
	{"digits and signs are none", TONE("max_emoji = 0;"), SAYS("1 # \xc2\xa9"),
	 .texts = "|1 # \xc2\xa9|"},
	{"a keycap is one", TONE("max_emoji = 0;"), SAYS("1\xef\xb8\x8f\xe2\x83\xa3"),
	 .story = "r suppress exceeded p"},

	/* tone: what is done */
	{"all that is too much is said", TONE("max_chars = 3; max_exclamations = 0; max_emoji = 0;"),
	 SAYS("Hi!!"), .story = "r suppress exceeded p",
	 .observed =
		 "max_chars 3, max_exclamations 0, max_emoji 0: 4 characters, 2 exclamation marks in text"},
	{"labels are judged, each by itself",
	 TONE("max_chars = 2;"),
	 {.text = {"Hi", 2}, CHOICES(both)},
	 .story = "r suppress exceeded p",
	 .observed = "max_chars 2: 3 characters in labels"},
	{"a tone is replaced", RULE("tone", "max_chars = 4; fallback = \"n\";") NEUTRAL, SAYS("Hello"),
	 .locale = "en-GB", .story = "r replace exceeded p", .texts = "|Oh.|"},
	{"a tone is replaced in no other language", RULE("tone", "max_chars = 4; fallback = \"n\";") NEUTRAL,
	 SAYS("Hello"), .locale = "de", .story = "r suppress exceeded p"},
	{"a tone is flagged", RULE("tone", "action = \"flag\"; max_chars = 4;"), SAYS("Hello"),
	 .story = "r flag exceeded p", .texts = "|Hello|"},
	{"a tone is observed", RULE("tone", "mode = \"observe\"; action = \"suppress\"; max_chars = 4;"),
	 SAYS("Hello"), .story = "(r suppress exceeded p)", .texts = "|Hello|"},
	{"what is not UTF-8 cannot be told", TONE("max_chars = 4;"), SAYS("\xff"),
	 .story = "r suppress unknown p", .observed = "max_chars 4: text is not valid UTF-8"},
	{"and is flagged on request", TONE("max_chars = 4; on_unknown = \"flag\";"), SAYS("\xff"),
	 .story = "r flag unknown p", .texts = "|\xff|"},
	{"an explanation is judged too", TONE("max_chars = 4;"), .explanation = "Hello",
	 .story = "r suppress exceeded", .observed = "max_chars 4: 5 characters in explanation"},
	{"an explanation is replaced", RULE("tone", "max_chars = 4; fallback = \"n\";") NEUTRAL,
	 .explanation = "Hello", .locale = "en", .story = "r replace exceeded", .says = "Oh."},

	/* explanation_required */
	{"an explanation that is there stays", WHY("") NEUTRAL, .explanation = "So.", .locale = "en",
	 .says = "So."},
	{"one that is not is set", WHY("") NEUTRAL, .locale = "en-GB", .story = "r replace exceeded",
	 .observed = "an explanation: none", .says = "Oh."},
	{"an empty one is none", WHY("") NEUTRAL, .explanation = "", .locale = "en",
	 .story = "r replace exceeded", .says = "Oh."},
	{"blanks are none", WHY("") NEUTRAL, .explanation = " \n", .locale = "en",
	 .story = "r replace exceeded", .says = "Oh."},
	{"a missing explanation is flagged", WHY("action = \"flag\";") NEUTRAL, .locale = "en",
	 .story = "r flag exceeded"},
	{"a missing explanation is observed", WHY("mode = \"observe\";") NEUTRAL, .locale = "en",
	 .story = "(r replace exceeded)"},
	{"nothing to say in that language", WHY("") NEUTRAL, .locale = "fr",
	 .story = "r flag exceeded unsatisfied"},
	{"nothing to say when no language is known", WHY("") NEUTRAL, .story = "r flag exceeded unsatisfied"},
	{"nor would there be", WHY("mode = \"observe\";") NEUTRAL, .locale = "fr",
	 .story = "(r flag exceeded unsatisfied)"},
	{"blanks where nothing can be said", WHY("") NEUTRAL, .explanation = " ", .locale = "fr",
	 .story = "r suppress exceeded; r flag exceeded unsatisfied"},
	{"what another rule clears is explained",
	 "rules = ( { id = \"r\"; kind = \"explanation_required\"; fallback = \"n\"; reason = \"r\"; },"
	 " { id = \"d\"; kind = \"phrase_deny\"; phrases = \"bad\"; action = \"suppress\"; reason = \"r\"; } "
	 ");" NEUTRAL,
	 .explanation = "so bad", .locale = "en", .story = "d suppress exceeded; r replace exceeded",
	 .says = "Oh."},
	{"or stays cleared, and that is said",
	 "rules = ( { id = \"r\"; kind = \"explanation_required\"; fallback = \"n\"; reason = \"r\"; },"
	 " { id = \"d\"; kind = \"phrase_deny\"; phrases = \"bad\"; action = \"suppress\"; reason = \"r\"; } "
	 ");" NEUTRAL,
	 .explanation = "so bad", .locale = "fr",
	 .story = "d suppress exceeded; r flag exceeded unsatisfied"},
	{"a prompt needs no explanation of its own", WHY("") NEUTRAL, SAYS("Hi."), .explanation = "So.",
	 .locale = "en", .texts = "|Hi.|", .says = "So."},

	/* readability */
	{"an English text", GRADE("0"),
	 SAYS("The people here make a table. You may decide to see less of it, and we recalculate your "
	      "recommendations."),
	 .locale = "en-GB", .story = "r suppress exceeded p",
	 .observed = "max_grade 0, formula auto: grade 4.9 by flesch_kincaid in text"},
	{"an English text under the limit", GRADE("4.9"),
	 SAYS("The people here make a table. You may decide to see less of it, and we recalculate your "
	      "recommendations."),
	 .locale = "en-GB",
	 .texts = "|The people here make a table. You may decide to see less of it, and we recalculate your "
		  "recommendations.|"},
	{"seven words say too little", GRADE("0"),
	 SAYS("Notwithstanding considerable administrative difficulties organisational restructuring "
	      "continues."),
	 .locale = "en",
	 .texts = "|Notwithstanding considerable administrative difficulties organisational restructuring "
		  "continues.|"},
	{"eight do not", GRADE("12"),
	 SAYS("Notwithstanding considerable administrative difficulties organisational restructuring "
	      "continues immediately."),
	 .locale = "en", .story = "r suppress exceeded p",
	 .observed = "max_grade 12, formula auto: grade 39.2 by flesch_kincaid in text"},
	{"marks make no syllables", GRADE("0"),
	 SAYS("Nai\xcc\x88ve and na\xc3\xafve, and de\xcc\x81ja\xcc\x80 vu and d\xc3\xa9j\xc3\xa0 vu: "
	      "words."),
	 .locale = "en", .story = "r suppress exceeded p",
	 .observed = "max_grade 0, formula auto: grade 2.5 by flesch_kincaid in text"},
	{"a German text", GRADE("6"), SAYS("Wir zeigen Ihnen weniger Jazz und mehr Klassik an."),
	 .locale = "de", .story = "r suppress exceeded p",
	 .observed = "max_grade 6, formula auto: grade 6.8 by lix in text"},
	{"a text at the limit", GRADE("4"), SAYS("Wir sind nun da und das ist sehr gut, beinahe."),
	 .locale = "de", .texts = "|Wir sind nun da und das ist sehr gut, beinahe.|"},
	{"a text just over it", GRADE("3.999"), SAYS("Wir sind nun da und das ist sehr gut, beinahe."),
	 .locale = "de", .story = "r suppress exceeded p"},
	{"a Russian text", GRADE("9"),
	 SAYS("\xd0\x9c\xd1\x8b \xd0\xbf\xd0\xbe\xd0\xba\xd0\xb0\xd0\xb6\xd0\xb5\xd0\xbc "
	      "\xd0\xb2\xd0\xb0\xd0\xbc \xd0\xbc\xd0\xb5\xd0\xbd\xd1\x8c\xd1\x88\xd0\xb5 "
	      "\xd0\xb4\xd0\xb6\xd0\xb0\xd0\xb7\xd0\xb0 \xd0\xb8 "
	      "\xd0\xb1\xd0\xbe\xd0\xbb\xd1\x8c\xd1\x88\xd0\xb5 "
	      "\xd0\xba\xd0\xbb\xd0\xb0\xd1\x81\xd1\x81\xd0\xb8\xd0\xba\xd0\xb8 "
	      "\xd1\x81\xd0\xb5\xd0\xb3\xd0\xbe\xd0\xb4\xd0\xbd\xd1\x8f."),
	 .locale = "ru", .story = "r suppress exceeded p",
	 .observed = "max_grade 9, formula auto: grade 9.6 by lix in text"},
	{"a Greek text", GRADE("9"),
	 SAYS("\xce\x98\xce\xb1 \xcf\x83\xce\xb1\xcf\x82 "
	      "\xce\xb4\xce\xb5\xce\xaf\xce\xbe\xce\xbf\xcf\x85\xce\xbc\xce\xb5 "
	      "\xce\xbb\xce\xb9\xce\xb3\xcf\x8c\xcf\x84\xce\xb5\xcf\x81\xce\xb7 "
	      "\xcf\x84\xce\xb6\xce\xb1\xce\xb6 \xce\xba\xce\xb1\xce\xb9 "
	      "\xcf\x80\xce\xb5\xcf\x81\xce\xb9\xcf\x83\xcf\x83\xcf\x8c\xcf\x84\xce\xb5\xcf\x81\xce\xb7 "
	      "\xce\xba\xce\xbb\xce\xb1\xcf\x83\xce\xb9\xce\xba\xce\xae "
	      "\xce\xbc\xce\xbf\xcf\x85\xcf\x83\xce\xb9\xce\xba\xce\xae."),
	 .locale = "el", .story = "r suppress exceeded p",
	 .observed = "max_grade 9, formula auto: grade 15.1 by lix in text"},
	{"a text of an unknown language is measured by LIX", GRADE("6"),
	 SAYS("Wir zeigen Ihnen weniger Jazz und mehr Klassik an."), .story = "r suppress exceeded p",
	 .observed = "max_grade 6, formula auto: grade 6.8 by lix in text"},
	{"the prompt's own language counts first",
	 GRADE("6"),
	 {.text = BYTES("Wir zeigen Ihnen weniger Jazz und mehr Klassik an."),
	  .locale = BYTES("en-x-own"),
	  .kind = PROMPT_PAUSE},
	 .locale = "de",
	 .story = "r suppress exceeded p",
	 .observed = "max_grade 6, formula auto: grade 6.3 by flesch_kincaid in text"},
	{"a formula by name", GRADE("6; formula = \"flesch_kincaid\""),
	 SAYS("Wir zeigen Ihnen weniger Jazz und mehr Klassik an."), .locale = "de",
	 .story = "r suppress exceeded p",
	 .observed = "max_grade 6, formula flesch_kincaid: grade 6.3 by flesch_kincaid in text"},
	{"another by name", GRADE("20; formula = \"lix\""),
	 SAYS("Notwithstanding considerable administrative difficulties organisational restructuring "
	      "continues immediately."),
	 .locale = "en", .story = "r suppress exceeded p",
	 .observed = "max_grade 20, formula lix: grade 26.0 by lix in text"},
	{"a Japanese text cannot be told", GRADE("9"),
	 SAYS("\xe3\x82\xb8\xe3\x83\xa3\xe3\x82\xba\xe3\x82\x92\xe6\xb8\x9b\xe3\x82\x89\xe3\x81\x97\xe3\x81"
	      "\xa6\xe3\x80\x81\xe3\x82\xaf\xe3\x83\xa9\xe3\x82\xb7\xe3\x83\x83\xe3\x82\xaf\xe3\x82\x92\xe5"
	      "\xa2\x97\xe3\x82\x84\xe3\x81\x97\xe3\x81\xbe\xe3\x81\x99\xe3\x80\x82"),
	 .locale = "ja", .story = "r flag unknown p",
	 .observed = "max_grade 9, formula auto: lix cannot tell about the script of text",
	 .texts = "|\xe3\x82\xb8\xe3\x83\xa3\xe3\x82\xba\xe3\x82\x92\xe6\xb8\x9b\xe3\x82\x89\xe3\x81\x97\xe3"
		  "\x81\xa6\xe3\x80\x81\xe3\x82\xaf\xe3\x83\xa9\xe3\x82\xb7\xe3\x83\x83\xe3\x82\xaf\xe3\x82"
		  "\x92\xe5\xa2\x97\xe3\x82\x84\xe3\x81\x97\xe3\x81\xbe\xe3\x81\x99\xe3\x80\x82|"},
	{"and is suppressed on request", GRADE("9; on_unknown = \"suppress\""),
	 SAYS("\xe3\x82\xb8\xe3\x83\xa3\xe3\x82\xba\xe3\x82\x92\xe6\xb8\x9b\xe3\x82\x89\xe3\x81\x97\xe3\x81"
	      "\xa6\xe3\x80\x81\xe3\x82\xaf\xe3\x83\xa9\xe3\x82\xb7\xe3\x83\x83\xe3\x82\xaf\xe3\x82\x92\xe5"
	      "\xa2\x97\xe3\x82\x84\xe3\x81\x97\xe3\x81\xbe\xe3\x81\x99\xe3\x80\x82"),
	 .locale = "ja", .story = "r suppress unknown p"},
	{"nor an English one with a Greek letter", GRADE("20"),
	 SAYS("We show you less of the \xcf\x80 that you like so much."), .locale = "en",
	 .story = "r flag unknown p", .texts = "|We show you less of the \xcf\x80 that you like so much.|"},
	{"nor what is not UTF-8", GRADE("9"), SAYS("\xff"), .locale = "en", .story = "r flag unknown p",
	 .texts = "|\xff|"},
	{"no words at all", GRADE("0"), SAYS("... 123 !"), .locale = "en", .texts = "|... 123 !|"},
	{"labels are not measured",
	 GRADE("0"),
	 {.text = {"Hi", 2}, CHOICES(wordy)},
	 .locale = "en",
	 .texts = "|Hi|"},
	{"a text too hard is replaced", RULE("readability", "max_grade = 0; fallback = \"n\";") NEUTRAL,
	 SAYS("The people here make a table. You may decide to see less of it, and we recalculate your "
	      "recommendations."),
	 .locale = "en-GB", .story = "r replace exceeded p", .texts = "|Oh.|"},
	{"a text too hard is flagged", RULE("readability", "max_grade = 0; action = \"flag\";"),
	 SAYS("Wir sind nun da und das ist sehr gut, beinahe."), .locale = "de", .story = "r flag exceeded p",
	 .texts = "|Wir sind nun da und das ist sehr gut, beinahe.|"},
	{"a text too hard is observed",
	 RULE("readability", "max_grade = 0; mode = \"observe\"; action = \"suppress\";"),
	 SAYS("Wir sind nun da und das ist sehr gut, beinahe."), .locale = "de",
	 .story = "(r suppress exceeded p)", .texts = "|Wir sind nun da und das ist sehr gut, beinahe.|"},
	{"an explanation too hard", GRADE("0"),
	 .explanation = "Wir sind nun da und das ist sehr gut, beinahe.", .locale = "de",
	 .story = "r suppress exceeded",
	 .observed = "max_grade 0, formula auto: grade 4.0 by lix in explanation"},
};

static const char *first_observed(const struct trial *trial, char *text, size_t room)
{
	const struct rules_intervention *first = trial->decision.intervention;
	snprintf(text, room, "%.*s: %.*s", BYTES_ARG(first->limit), BYTES_ARG(first->observed));
	return text;
}

/* What a row does not name is empty. */
static const char * or (const char *text, const char *otherwise)
{
	return text ? text : otherwise;
}

static void run_row(void **state)
{
	const struct row *row = *state;
	char text[1024];
	struct facts_prompt prompt = row->prompt;
	prompt.id = BYTES_LITERAL("p");
	struct trial trial = {.facts = {.prompt_count = bytes_present(prompt.text),
					.prompts = &prompt,
					.locale = bytes_of(row->locale),
					.explanation = bytes_of(row->explanation)}};
	struct rules_ruleset *ruleset = ruleset_of(row->rules);
	trial_decide(&trial, ruleset);
	const struct edits *edits = &trial.decision.edits;
	struct bytes says = edits->explanation_set ? edits->explanation : trial.facts.explanation;
	assert_string_equal(trial_story(&trial), or (row->story, ""));
	assert_string_equal(trial_texts(&trial), or (row->texts, "|"));
	if (row->observed)
		assert_string_equal(first_observed(&trial, text, sizeof text), row->observed);
	snprintf(text, sizeof text, "%.*s", BYTES_ARG(says));
	assert_string_equal(text, or (row->says, ""));
	trial_done(&trial);
	rules_ruleset_drop(ruleset);
}

int main(void)
{
	return ROWS_RUN("wording", rows, run_row, NULL, 0);
}
