/* SPDX-License-Identifier: Apache-2.0
 *
 * A fallback passes all language rules itself: each is put where it may stand, and judged as a response is
 * of which only the locale is known. Other approved texts are judged in the same way; for them it is a warning,
 * and only rules count that apply whatever else a response states.
 * What phrase_deny says of texts is found elsewhere, for all of them.
 */
#include "rules/load.h"

#include "rules/work.h"
#include <errno.h>

struct trial {
	struct rules_ruleset *ruleset;
	struct rules_findings *findings;
	const struct text *text;
	const struct rule *user; /* the first rule that falls back to the text; NULL: it is just approved */
};

/* The first rule that may put the text there; NULL: none. */
static const struct rule *user_of(const struct rules_ruleset *ruleset, const struct text *text,
				  uint32_t passages)
{
	for (size_t i = 0; i < ruleset->rule_count; i++) {
		const struct rule *rule = ruleset->rule[i];
		const struct language_settings *settings = rule->settings;
		if (rule->kind->step == STEP_LANGUAGE && rule->sound && rule->head.mode != RULES_OFF &&
		    settings->on & passages && bytes_equal(settings->fallback, text->id))
			return rule;
	}
	return NULL;
}

/* "Cannot tell" counts where it would take the text away: some texts are in a script that a rule can never
 * tell about. */
static void report_fallback(const struct trial *trial, const struct rules_work *work)
{
	for (size_t i = 0; i < work->finding_count; i++) {
		const struct finding *finding = &work->finding[i];
		const struct rule *rule = finding->rule;
		if (rule->kind == &rules_phrase_deny ||
		    (finding->verdict == RULES_UNKNOWN && finding->action <= RULES_FLAG))
			continue;
		rules_findings_add(trial->findings, true, rule->spot.file, rule->head.line,
				   "rule %.*s: fallback \"%.*s\" (%.*s) of rule %.*s %s: %.*s; change one "
				   "of them",
				   BYTES_ARG(rule->head.id), BYTES_ARG(trial->text->id),
				   BYTES_ARG(trial->text->locale), BYTES_ARG(trial->user->head.id),
				   finding->verdict == RULES_UNKNOWN ? "cannot be judged" : "is not within",
				   BYTES_ARG(finding->observed));
	}
}

/* Of a text with slots nothing is known but its choices. */
static void report_approved(const struct trial *trial, const struct rules_work *work)
{
	bool slots = trial->text->part_count > 1;
	for (size_t i = 0; i < work->finding_count; i++) {
		const struct finding *finding = &work->finding[i];
		const struct rule *rule = finding->rule;
		if (rule->kind == &rules_phrase_deny || rule->head.mode != RULES_ENFORCE ||
		    finding->verdict == RULES_UNKNOWN || finding->action <= RULES_FLAG ||
		    (slots && rule->kind != &rules_choice_required))
			continue;
		rules_findings_add(
			trial->findings, false, rule->spot.file, rule->head.line,
			"rule %.*s: approved text %.*s (%.*s) is not within: %.*s; it never reaches a "
			"user; change one of them",
			BYTES_ARG(rule->head.id), BYTES_ARG(trial->text->id), BYTES_ARG(trial->text->locale),
			BYTES_ARG(finding->observed));
	}
}

/* A time at which the text is in force. */
static int64_t time_of(const struct text *text)
{
	if (text->approved.present)
		return text->approved.ns;
	return text->expires.present ? text->expires.ns - 1 : 0;
}

static bool no_share(void *context, struct bytes id, struct bytes subject, long double *place)
{
	(void)context, (void)id, (void)subject, (void)place;
	return false;
}

/* A rule for another language than the text's says nothing of it. */
static bool may_apply(const struct trial *trial, const struct rule *rule, const struct facts *facts)
{
	enum truth enough = trial->user ? TRUTH_UNKNOWN : TRUTH_YES;
	return rule->sound &&
	       (!rule->when || rules_when_match(rule->when, facts, rule->head.id, no_share, NULL) >= enough);
}

static void judge(const struct trial *trial, struct facts *facts, struct arena *arena, struct kit *kit)
{
	struct rules_ruleset *ruleset = trial->ruleset;
	struct rules_work work = {.ruleset = ruleset,
				  .facts = facts,
				  .now_ns = time_of(trial->text),
				  .arena = arena,
				  .kit = kit,
				  .explanation = facts->explanation,
				  .scope = {0, facts->prompt_count, bytes_present(facts->explanation)}};
	struct work_prompt *prompt = rules_work_alloc(&work, 1, sizeof *prompt);
	work.applies = rules_work_alloc(&work, ruleset->rule_count, sizeof *work.applies);
	work.verdict = rules_work_alloc(&work, ruleset->rule_count, sizeof *work.verdict);
	if (!work.full) {
		work.prompt = prompt;
		prompt->now = facts->prompt_count ? facts->prompts[0] : prompt->now;
		for (size_t i = 0; i < ruleset->rule_count; i++)
			work.applies[i] = may_apply(trial, ruleset->rule[i], facts);
	}
	for (int observing = 0; observing <= 1 && !work.full; observing++) {
		rules_work_judge(&work, STEP_LANGUAGE, observing);
		if (trial->user)
			report_fallback(trial, &work);
		else
			report_approved(trial, &work);
	}
	if (work.full)
		rules_findings_fail(trial->findings, trial->text->spot.file, strerror(ENOMEM));
}

static void judge_prompt(struct trial *trial, struct arena *arena, struct kit *kit)
{
	const struct text *text = trial->text;
	struct facts_prompt prompt = {.template_id = text->id,
				      .text = text->text,
				      .locale = text->locale,
				      .kind = (enum prompt_kind)text->kind,
				      .choices = text->as_choice,
				      .choice_count = text->choices.count};
	struct facts facts = {.locale = text->locale, .prompts = &prompt, .prompt_count = 1};
	trial->user = user_of(trial->ruleset, text, 1u << ON_TEXT | 1u << ON_LABELS);
	if (trial->user || text->kind != PROMPT_ABSENT)
		judge(trial, &facts, arena, kit);
}

static void judge_explanation(struct trial *trial, struct arena *arena, struct kit *kit)
{
	struct facts facts = {.locale = trial->text->locale, .explanation = trial->text->text};
	trial->user = user_of(trial->ruleset, trial->text, 1u << ON_EXPLANATION);
	if (trial->user || trial->text->kind == PROMPT_ABSENT)
		judge(trial, &facts, arena, kit);
}

void rules_load_check_fallbacks(struct rules_ruleset *ruleset, struct rules_findings *findings)
{
	struct arena arena;
	struct kit *kit = rules_kit_take(&ruleset->kits);
	arena_init(&arena, (size_t)64 * 1024 * 1024);
	for (size_t i = 0; i < ruleset->catalogue.count; i++) {
		struct trial trial = {ruleset, findings, ruleset->catalogue.text[i], NULL};
		bool slots = trial.text->part_count > 1;
		if (slots && user_of(ruleset, trial.text, UINT32_MAX))
			continue; /* a fallback has none: said before */
		size_t count = findings->count;
		judge_prompt(&trial, &arena, kit);
		if (!slots && findings->count == count) /* what is wrong with its words is said once */
			judge_explanation(&trial, &arena, kit);
		arena_done(&arena);
	}
	rules_kit_give(kit);
}
