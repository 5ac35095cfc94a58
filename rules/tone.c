/* SPDX-License-Identifier: Apache-2.0
 *
 * tone: how long, how loud and how playful a text may be. Text, labels and explanation, each by itself.
 *
 *   characters     extended grapheme clusters (UAX 29)
 *   sentences      of UAX 29, those that hold a letter or a digit
 *   exclamations   marks, in all their forms; U+203C is two
 *   upper share    of the cased letters, from 8 on
 *   emoji          clusters with a character that is Emoji_Presentation, or followed by U+FE0F
 */
#include "rules/fold.h"
#include "rules/kit.h"
#include "rules/passages.h"

#include <unicode/uchar.h>

enum { CASED_FROM = 8, EMOJI_STYLE = 0xfe0f };

struct settings {
	struct language_settings common;
	struct number max_chars, max_sentences, max_exclamations, max_upper_share, max_emoji;
};

#define LIMIT(key, of_type, from, to, words)                                                                 \
	{                                                                                                    \
		.name = #key, .type = of_type, .at = offsetof(struct settings, key), .limits = true,         \
		.tighter = TIGHTER_SMALL, .min = from, .max = to, .help = words                              \
	}
static const struct key keys[] = {
	LIMIT(max_chars, KEY_WHOLE, 1, 100000, "characters of a text, as people count them"),
	LIMIT(max_sentences, KEY_WHOLE, 1, 1000, "sentences of a text"),
	LIMIT(max_exclamations, KEY_WHOLE, 0, 1000, "exclamation marks in a text"),
	LIMIT(max_upper_share, KEY_NUMBER, 0, 1, "share of capitals in a text of 8 or more cased letters"),
	LIMIT(max_emoji, KEY_WHOLE, 0, 1000, "emoji in a text"),
	{.name = "fallback",
	 .type = KEY_TEXT,
	 .at = offsetof(struct settings, common.fallback),
	 .help = "id of the text that replaces"},
};
#undef LIMIT

static void check(struct loading *loading, struct rule *rule)
{
	struct settings *settings = rule->settings;
	settings->common.on = 1u << ON_TEXT | 1u << ON_LABELS | 1u << ON_EXPLANATION;
	if (!settings->max_chars.present && !settings->max_sentences.present &&
	    !settings->max_exclamations.present && !settings->max_upper_share.present &&
	    !settings->max_emoji.present)
		rules_keys_complain(&loading->reader, rule->head.line,
				    "limits nothing; give max_chars, max_sentences, max_exclamations, "
				    "max_upper_share or max_emoji");
}

struct measure {
	size_t chars, sentences, exclamations, cased, upper, emoji;
};

static unsigned exclamations(uint32_t c)
{
	static const uint32_t marks[] = {0x21,	 0x55c,	 0x7f9,	 0x1944, 0x2048, 0x2049,
					 0x2755, 0x2757, 0xfe15, 0xfe57, 0xff01};
	for (size_t i = 0; i < KEY_COUNT(marks); i++)
		if (marks[i] == c)
			return 1;
	return c == 0x203c ? 2 : 0;
}

static bool is(uint32_t c, UProperty property)
{
	return u_hasBinaryProperty((UChar32)c, property);
}

struct traits {
	bool word, cased, upper, emoji;
	unsigned exclamations;
};

/* Of ASCII without asking ICU, which costs as much as all the rest. */
static struct traits traits_of(uint32_t c)
{
	if (c < 0x80) {
		bool upper = c - 'A' < 26, cased = upper || c - 'a' < 26;
		return (struct traits){cased || c - '0' < 10, cased, upper, false, c == '!'};
	}
	bool cased = is(c, UCHAR_CASED);
	return (struct traits){u_isalnum((UChar32)c), cased,
			       cased && (is(c, UCHAR_UPPERCASE) || u_istitle((UChar32)c)),
			       is(c, UCHAR_EMOJI_PRESENTATION), exclamations(c)};
}

static struct measure count(struct bytes text, const unsigned char *cluster, const unsigned char *sentence)
{
	struct measure measure = {0};
	bool emoji = false, words = false; /* in the cluster, in the sentence so far */
	size_t ahead = 0;
	uint32_t next = text.len ? rules_fold_next(text, &ahead) : 0;
	for (size_t from = 0, at; from < text.len; from = at) {
		const struct traits traits = traits_of(next);
		at = ahead;
		next = at < text.len ? rules_fold_next(text, &ahead) : 0;
		emoji = emoji && !cluster[from];
		words = words && !sentence[from];
		measure.chars += cluster[from];
		measure.exclamations += traits.exclamations;
		measure.cased += traits.cased;
		measure.upper += traits.upper;
		if (!words && traits.word) {
			words = true;
			measure.sentences++;
		}
		if (!emoji && (traits.emoji || next == EMOJI_STYLE)) {
			emoji = true;
			measure.emoji++;
		}
	}
	return measure;
}

/* Most texts are ASCII, where each character is a cluster, but for CR LF. */
static bool mark_clusters(struct kit *kit, struct bytes text, unsigned char *cluster)
{
	bool plain = true;
	for (size_t i = 0; i < text.len && plain; i++)
		plain = (unsigned char)text.at[i] < 0x80 && text.at[i] != '\r';
	if (!plain)
		return rules_kit_clusters(kit, text, cluster);
	memset(cluster, 1, text.len);
	return true;
}

/* Adds "130 characters" to the sentence when there are more than the limit. */
static void hold(struct rules_work *work, const struct number *limit, size_t counted, const char *noun,
		 struct bytes *observed)
{
	if (!limit->present || (double)counted <= limit->value)
		return;
	*observed = rules_work_text(work, "%.*s%s%zu %s", BYTES_ARG(*observed), observed->len ? ", " : "",
				    counted, noun);
}

static enum rules_verdict judge(const struct rule *rule, struct rules_work *work,
				const struct wording *wording, struct bytes *observed)
{
	const struct settings *settings = rule->settings;
	unsigned char *cluster = rules_work_alloc(work, wording->text.len + 1, 1);
	unsigned char *sentence = rules_work_alloc(work, wording->text.len + 1, 1);
	struct bytes found = {0};
	if (work->full || !mark_clusters(work->kit, wording->text, cluster) ||
	    (settings->max_sentences.present && !rules_kit_sentences(work->kit, wording->text, sentence))) {
		work->full = true;
		return RULES_UNKNOWN;
	}
	const struct measure measure = count(wording->text, cluster, sentence);
	hold(work, &settings->max_chars, measure.chars, "characters", &found);
	hold(work, &settings->max_sentences, measure.sentences, "sentences", &found);
	hold(work, &settings->max_exclamations, measure.exclamations, "exclamation marks", &found);
	/* divided, so that 3 of 10 is the very double that 0.3 is */
	if (settings->max_upper_share.present && measure.cased >= CASED_FROM &&
	    (double)measure.upper / (double)measure.cased > settings->max_upper_share.value)
		found = rules_work_text(work, "%.*s%s%zu capitals of %zu letters", BYTES_ARG(found),
					found.len ? ", " : "", measure.upper, measure.cased);
	hold(work, &settings->max_emoji, measure.emoji, "emoji", &found);
	if (!found.len)
		return RULES_WITHIN;
	*observed = rules_work_text(work, "%.*s in %s", BYTES_ARG(found), rules_passage_word(wording->on));
	return RULES_EXCEEDED;
}

static void evaluate(const struct rule *rule, struct rules_work *work)
{
	rules_passages_evaluate(rule, work, judge);
}

const struct kind rules_tone = {
	.name = "tone",
	.help = "how long, how loud and how playful texts may be",
	.example = "max_chars = 120; max_exclamations = 0; max_emoji = 0; fallback = \"neutral\";\n"
		   "  reason = \"Prompts are short and calm.\";",
	.step = STEP_LANGUAGE,
	.keys = {keys, KEY_COUNT(keys), sizeof(struct settings)},
	.concerns = FACT_BIT(FACT_PROMPTS) | FACT_BIT(FACT_EXPLANATION),
	.actions = {RULES_REPLACE, RULES_SUPPRESS, RULES_FLAG},
	.on_unknown = {RULES_SUPPRESS, RULES_FLAG},
	.check = check,
	.evaluate = evaluate,
};
