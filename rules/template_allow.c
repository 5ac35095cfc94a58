/* SPDX-License-Identifier: Apache-2.0
 *
 * template_allow: only approved texts, word for word, with slots inside their limits.
 *
 * Which texts count: those in force whose locale is the prompt's, or a shorter form of it. A prompt without
 * locale is judged by the request's; when that is absent too, by the texts of all locales.
 */
#include "rules/checks.h"
#include "rules/loaded.h"
#include "rules/locale.h"
#include "rules/work.h"

static const struct key keys[] = {
	{.name = "on",
	 .type = KEY_WORDS,
	 .at = offsetof(struct language_settings, on),
	 .word = rules_passage_word,
	 .standard = "text",
	 .help = "which texts are judged"},
	{.name = "fallback",
	 .type = KEY_TEXT,
	 .at = offsetof(struct language_settings, fallback),
	 .help = "id of the text that replaces"},
};

/* The locale that decides which texts count. */
struct tongue {
	bool malformed;
	struct bytes tag; /* canonical; len == 0: any */
	char room[LOCALE_MAX];
};

static void find_tongue(struct tongue *tongue, struct bytes own, struct bytes request)
{
	tongue->tag = (struct bytes){0};
	if (own.len)
		tongue->tag = rules_locale_canonical(own, tongue->room);
	tongue->malformed = own.len && !bytes_present(tongue->tag);
	if (!own.len && request.len)
		tongue->tag = rules_locale_canonical(request, tongue->room);
}

static bool speaks(const struct tongue *tongue, const struct text *text)
{
	struct bytes tag = tongue->tag;
	if (tag.len == 0)
		return true;
	for (; tag.len; tag = rules_locale_truncate(tag))
		if (bytes_equal(text->locale, tag))
			return true;
	return false;
}

static bool slots_are_clean(struct rules_work *work, const struct text *text, const struct bytes *slot)
{
	for (size_t i = 0; i + 1 < text->part_count; i++)
		if (rules_phrase_denied(work, slot[i], text->locale))
			return false;
	return true;
}

static bool is_instance(struct rules_work *work, const struct text *text, struct bytes words)
{
	struct bytes *slot = rules_work_alloc(work, text->part_count, sizeof *slot);
	return slot && rules_text_match(text, words, work->arena, slot, &work->full) &&
	       slots_are_clean(work, text, slot);
}

static bool is_approved(struct rules_work *work, const struct tongue *tongue, struct bytes words)
{
	const struct catalogue *catalogue = &work->ruleset->catalogue;
	for (size_t i = 0; i < catalogue->count && !work->full; i++) {
		const struct text *text = catalogue->text[i];
		if (rules_text_in_force(text, work->now_ns) && speaks(tongue, text) &&
		    is_instance(work, text, words))
			return true;
	}
	return false;
}

/* A label is approved with the kind that it was approved for: "Yes" must not decline. */
static bool is_approved_label(const struct rules_work *work, const struct tongue *tongue,
			      const struct facts_choice *choice)
{
	const struct catalogue *catalogue = &work->ruleset->catalogue;
	for (size_t i = 0; i < catalogue->count; i++) {
		const struct text *text = catalogue->text[i];
		if (!rules_text_in_force(text, work->now_ns) || !speaks(tongue, text))
			continue;
		for (size_t c = 0; c < text->choices.count; c++)
			if (bytes_equal(text->as_choice[c].label, choice->label) &&
			    (choice->kind == CHOICE_ABSENT || choice->kind == text->as_choice[c].kind))
				return true;
	}
	return false;
}

static void find(const struct rule *rule, struct rules_work *work, enum rules_target_type type, size_t index,
		 const char *observed, bool unknown)
{
	rules_work_find(work, (struct finding){.rule = rule,
					       .verdict = unknown ? RULES_UNKNOWN : RULES_EXCEEDED,
					       .action = unknown ? rule->head.on_unknown : rule->head.action,
					       .type = type,
					       .index = index,
					       .observed = bytes_of(observed)});
}

static void judge_prompt(const struct rule *rule, struct rules_work *work, size_t index)
{
	const struct language_settings *settings = rule->settings;
	const struct facts_prompt *prompt = &work->prompt[index].now;
	struct tongue tongue;
	find_tongue(&tongue, prompt->locale, work->facts->locale);
	if (tongue.malformed) {
		find(rule, work, RULES_TARGET_PROMPT, index, "the prompt's locale is malformed", true);
		return;
	}
	if (settings->on >> ON_TEXT & 1 && prompt->text.len && !is_approved(work, &tongue, prompt->text)) {
		find(rule, work, RULES_TARGET_PROMPT, index, "the text is not an approved one", false);
		return;
	}
	for (size_t i = 0; settings->on >> ON_LABELS & 1 && i < prompt->choice_count; i++) {
		if (prompt->choices[i].label.len && !is_approved_label(work, &tongue, &prompt->choices[i])) {
			find(rule, work, RULES_TARGET_PROMPT, index, "a label is not an approved one", false);
			return;
		}
	}
}

static void evaluate(const struct rule *rule, struct rules_work *work)
{
	const struct language_settings *settings = rule->settings;
	for (size_t i = work->scope.prompt_from; i < work->scope.prompt_to && !work->full; i++)
		if (!work->prompt[i].dropped)
			judge_prompt(rule, work, i);
	if (!work->scope.explanation || !(settings->on >> ON_EXPLANATION & 1) || work->explanation.len == 0)
		return;
	struct tongue tongue;
	find_tongue(&tongue, work->facts->locale, (struct bytes){0});
	if (tongue.malformed)
		find(rule, work, RULES_TARGET_EXPLANATION, 0, "the request's locale is malformed", true);
	else if (!is_approved(work, &tongue, work->explanation))
		find(rule, work, RULES_TARGET_EXPLANATION, 0, "the explanation is not an approved text",
		     false);
}

const struct kind rules_template_allow = {
	.name = "template_allow",
	.help = "only approved texts",
	.example = "on = [ \"text\", \"labels\" ]; fallback = \"neutral\";\n"
		   "  reason = \"Only approved words reach the user.\";",
	.step = STEP_LANGUAGE,
	.keys = {keys, KEY_COUNT(keys), sizeof(struct language_settings)},
	.concerns = FACT_BIT(FACT_PROMPTS) | FACT_BIT(FACT_EXPLANATION),
	.actions = {RULES_REPLACE, RULES_SUPPRESS, RULES_REJECT, RULES_FLAG},
	.on_unknown = {RULES_SUPPRESS, RULES_FLAG},
	.limit = "approved texts only",
	.evaluate = evaluate,
};
