/* SPDX-License-Identifier: Apache-2.0
 *
 * Step 4: language. Every rule judges the original text; the strongest action is carried out; the result is
 * judged again by all, and what is still not within is suppressed. To suppress an explanation is to clear it;
 * where one is required, what was cleared is explained by the fallback of the rule that requires it.
 */
#include "rules/loaded.h"
#include "rules/work.h"

#include "proto/utf8.h"

static void look(struct rules_work *work, struct passages *passages, struct bytes text, enum passage on)
{
	if (!bytes_present(text) || work->full)
		return;
	struct passage_text *passage = &passages->at[passages->count++];
	*passage = (struct passage_text){.text = text, .on = on, .valid = utf8_valid(text)};
	if (passage->valid)
		work->full |= !rules_lexicon_scan(work->ruleset->lexicon, work->kit, text, work->arena,
						  &passage->hits);
}

static struct passages *passages_new(struct rules_work *work, size_t count)
{
	struct passages *passages = rules_work_alloc(work, 1, sizeof *passages);
	if (passages)
		passages->at = rules_work_alloc(work, count, sizeof *passages->at);
	return passages;
}

const struct passages *rules_work_prompt_passages(struct rules_work *work, size_t index)
{
	struct work_prompt *prompt = &work->prompt[index];
	if (!prompt->passages && (prompt->passages = passages_new(work, prompt->now.choice_count + 1))) {
		look(work, prompt->passages, prompt->now.text, ON_TEXT);
		for (size_t i = 0; i < prompt->now.choice_count; i++)
			look(work, prompt->passages, prompt->now.choices[i].label, ON_LABELS);
	}
	return work->full ? NULL : prompt->passages;
}

const struct passages *rules_work_explanation_passages(struct rules_work *work)
{
	if (!work->explanation_passages && (work->explanation_passages = passages_new(work, 1)))
		look(work, work->explanation_passages, work->explanation, ON_EXPLANATION);
	return work->full ? NULL : work->explanation_passages;
}

/* --- carrying out --- */

/* The text that replaces what the finding is about; NULL: none for any locale that we know of. */
static const struct text *replacement(const struct rules_work *work, const struct finding *finding)
{
	const struct language_settings *settings = finding->rule->settings;
	const struct catalogue *catalogue = &work->ruleset->catalogue;
	const struct text *text = NULL;
	if (finding->type == RULES_TARGET_PROMPT)
		text = rules_catalogue_lookup(catalogue, settings->fallback,
					      work->prompt[finding->index].now.locale, work->now_ns);
	return text ? text
		    : rules_catalogue_lookup(catalogue, settings->fallback, work->facts->locale,
					     work->now_ns);
}

static void put(struct rules_work *work, const struct finding *finding, const struct text *text)
{
	if (finding->type == RULES_TARGET_EXPLANATION) {
		work->explanation = text->text;
		work->explanation_set = true;
		work->explanation_passages = NULL;
		return;
	}
	struct work_prompt *prompt = &work->prompt[finding->index];
	prompt->now.text = text->text;
	prompt->now.template_id = text->id;
	prompt->now.locale = text->locale;
	prompt->now.kind = text->kind == PROMPT_ABSENT ? prompt->now.kind : (enum prompt_kind)text->kind;
	prompt->now.choices = text->as_choice;
	prompt->now.choice_count = text->choices.count;
	prompt->replaced = true;
	prompt->passages = NULL;
}

static void drop(struct rules_work *work, const struct finding *finding)
{
	if (finding->type == RULES_TARGET_PROMPT) {
		work->prompt[finding->index].dropped = true;
		return;
	}
	work->explanation = (struct bytes){0};
	work->explanation_set = work->facts->explanation.len > 0;
	work->explanation_passages = NULL;
}

static struct scope only(const struct finding *finding)
{
	if (finding->type == RULES_TARGET_EXPLANATION)
		return (struct scope){0, 0, true};
	return (struct scope){finding->index, finding->index + 1, false};
}

/* Keeps in best[] the winner of each target; the explanation stands behind the prompts. */
static void choose(const struct rules_work *work, struct finding *best)
{
	for (size_t i = 0; i < work->finding_count; i++) {
		const struct finding *finding = &work->finding[i];
		size_t target =
			finding->type == RULES_TARGET_PROMPT ? finding->index : work->facts->prompt_count;
		if (finding->action > RULES_FLAG &&
		    (!best[target].rule || rules_work_beats(finding, &best[target])))
			best[target] = *finding;
	}
}

/* Puts the text and judges the result; true when all admit it. Else *still is a finding that does not. */
static bool put_and_judge(struct rules_work *work, const struct finding *finding, const struct text *text,
			  struct finding *still)
{
	const struct finding kept = *finding; /* judging forgets the findings */
	put(work, &kept, text);
	work->scope = only(&kept);
	rules_work_judge(work, STEP_LANGUAGE, false);
	bool admitted = true;
	for (size_t i = 0; i < work->finding_count && admitted; i++) {
		if (work->finding[i].action <= RULES_FLAG)
			continue;
		*still = work->finding[i];
		admitted = false;
	}
	return admitted;
}

/* Replace, or drop. What is recorded is what was done. */
static void replace_or_drop(struct rules_work *work, const struct finding *winner)
{
	struct rules_target target = rules_work_target(work, winner);
	const struct text *text = winner->action == RULES_REPLACE ? replacement(work, winner) : NULL;
	struct finding still = *winner;
	bool replaced = text && put_and_judge(work, winner, text, &still);
	if (replaced)
		target.after_text = text->text;
	else
		drop(work, winner);
	rules_work_record(work, &still, replaced ? RULES_REPLACE : RULES_SUPPRESS, target);
}

/* There is no explanation and nothing can be said: the response leaves as it is, and that is recorded. */
static void record_unexplained(struct rules_work *work, const struct finding *finding)
{
	size_t before = work->recorded_count;
	rules_work_record(work, finding, RULES_FLAG, (struct rules_target){0});
	if (work->recorded_count > before)
		work->recorded[before].public.unsatisfied = true;
}

/* Where an explanation is required, the smallest rule's fallback becomes it, if all admit it. */
static void explain(struct rules_work *work)
{
	struct finding best = {.rule = NULL}, still;
	struct rules_target target = {0};
	work->scope = (struct scope){0, 0, true};
	rules_work_judge(work, STEP_LANGUAGE, false);
	for (size_t i = 0; i < work->finding_count && !best.rule; i++)
		if (work->finding[i].action == RULES_REPLACE)
			best = work->finding[i];
	if (!best.rule)
		return;
	const struct text *text = replacement(work, &best);
	if (text && put_and_judge(work, &best, text, &still)) {
		target.after_text = text->text;
		rules_work_record(work, &best, RULES_REPLACE, target);
		return;
	}
	drop(work, &best);
	record_unexplained(work, &best);
}

static void carry_out(struct rules_work *work, const struct finding *winner)
{
	bool explains = winner->type == RULES_TARGET_EXPLANATION;
	if (!explains || work->explanation.len)
		replace_or_drop(work, winner);
	if (explains && !work->explanation.len && !work->full)
		explain(work);
}

static void enforce(struct rules_work *work)
{
	size_t count = work->facts->prompt_count + 1;
	struct finding *best = rules_work_alloc(work, count, sizeof *best);
	const struct finding *reject = NULL;
	work->scope = (struct scope){0, work->facts->prompt_count, true};
	rules_work_judge(work, STEP_LANGUAGE, false);
	if (!best || work->full)
		return;
	choose(work, best);
	for (size_t i = 0; i < count; i++)
		if (best[i].action == RULES_REJECT && (!reject || rules_work_beats(&best[i], reject)))
			reject = &best[i];
	if (reject) {
		rules_work_reject(work, reject);
		return;
	}
	rules_work_record_flags(work);
	for (size_t i = 0; i < count && !work->full; i++)
		if (best[i].rule)
			carry_out(work, &best[i]);
}

static void observe(struct rules_work *work)
{
	work->scope = (struct scope){0, work->facts->prompt_count, true};
	rules_work_judge(work, STEP_LANGUAGE, true);
	for (size_t i = 0; i < work->finding_count && !work->full; i++) {
		const struct finding *finding = &work->finding[i];
		struct rules_target target = rules_work_target(work, finding);
		const struct text *text =
			finding->action == RULES_REPLACE ? replacement(work, finding) : NULL;
		enum rules_action action =
			finding->action == RULES_REPLACE && !text ? RULES_SUPPRESS : finding->action;
		if (text)
			target.after_text = text->text;
		if (action == RULES_SUPPRESS && finding->type == RULES_TARGET_EXPLANATION &&
		    !work->explanation.len)
			record_unexplained(work, finding); /* there is nothing to clear */
		else
			rules_work_record(work, finding, action, target);
	}
}

void rules_language_step(struct rules_work *work)
{
	enforce(work);
	if (!work->rejected && !work->full)
		observe(work);
}
