/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs one rule test: decides by the code that serves, writes what came of it in the form of `expect`, and
 * compares the two by the key tables.
 */
#include "rules/tool_case.h"

#include "rules/effective.h"
#include <math.h>
#include <stdio.h>

enum { RUN_MEMORY = 256 * 1024 * 1024, PLACE_ROOM = 128 };

/* --- what came of it --- */

static struct number number_of(const struct facts_numbers *numbers, size_t index)
{
	bool present = numbers->present[index];
	return (struct number){present, present ? numbers->value[index] : 0};
}

static bool got_items(const struct facts *facts, const struct edits *edits, struct arena *arena,
		      struct groups *items)
{
	struct case_item *item = arena_zalloc(arena, facts->item_count, sizeof *item);
	for (size_t place = 0; item && place < facts->item_count; place++) {
		size_t from = edits->order ? edits->order[place] : place;
		item[place] = (struct case_item){.item_id = facts->item_id[from],
						 .category = facts->item_category[from],
						 .source = facts->item_source[from],
						 .score = number_of(&facts->item_score, from),
						 .baseline_score = number_of(&facts->item_baseline, from)};
		if (edits->score && edits->score_set[from])
			item[place].score = (struct number){true, edits->score[from]};
		if (facts->item_tag_from)
			item[place].tags =
				(struct texts){facts->item_tags + facts->item_tag_from[from],
					       facts->item_tag_from[from + 1] - facts->item_tag_from[from]};
	}
	*items = (struct groups){item, facts->item_count};
	return item != NULL;
}

static bool got_weights(const struct facts *facts, const struct edits *edits, struct arena *arena,
			struct groups *weights)
{
	struct case_weight *weight = arena_zalloc(arena, facts->weight_count, sizeof *weight);
	for (size_t i = 0; weight && i < facts->weight_count; i++) {
		weight[i] = (struct case_weight){.category = facts->weight_category[i],
						 .weight = number_of(&facts->weight, i),
						 .baseline_weight = number_of(&facts->weight_baseline, i)};
		if (edits->weight && edits->weight_set[i])
			weight[i].weight = (struct number){true, edits->weight[i]};
	}
	*weights = (struct groups){weight, facts->weight_count};
	return weight != NULL;
}

static bool got_choices(const struct facts_prompt *from, struct arena *arena, struct groups *choices)
{
	struct case_choice *choice = arena_zalloc(arena, from->choice_count, sizeof *choice);
	for (size_t i = 0; choice && i < from->choice_count; i++)
		choice[i] = (struct case_choice){.choice_id = from->choices[i].id,
						 .label = from->choices[i].label,
						 .kind = (int)from->choices[i].kind};
	*choices = (struct groups){choice, from->choice_count};
	return choice != NULL;
}

/* By the edits, as they are carried out on the message. */
static bool got_prompts(const struct facts *facts, const struct edits *edits, struct arena *arena,
			struct groups *prompts)
{
	struct case_prompt *prompt = arena_zalloc(arena, facts->prompt_count, sizeof *prompt);
	size_t count = 0;
	bool good = prompt != NULL;
	for (size_t i = 0; good && i < facts->prompt_count; i++) {
		const struct facts_prompt *leaves = &facts->prompts[i];
		if (edits->prompts && edits->prompts[i].drop)
			continue;
		struct facts_prompt replaced;
		if (edits->prompts && edits->prompts[i].replace) {
			replaced = edits->prompts[i].with;
			replaced.id = leaves->id;
			leaves = &replaced;
		}
		prompt[count] = (struct case_prompt){.prompt_id = leaves->id,
						     .template_id = leaves->template_id,
						     .text = leaves->text,
						     .locale = leaves->locale,
						     .kind = (int)leaves->kind};
		good = got_choices(leaves, arena, &prompt[count++].choices);
	}
	*prompts = (struct groups){prompt, count};
	return good;
}

static bool got_targets(const struct rules_intervention *from, struct arena *arena, struct texts *targets)
{
	targets->at = arena_zalloc(arena, from->target_count, sizeof *targets->at);
	for (size_t i = 0; targets->at && i < from->target_count; i++)
		if (bytes_present(from->target[i].id))
			targets->at[targets->count++] = from->target[i].id;
	return targets->at != NULL;
}

static bool got_interventions(const struct rules_decision *decision, struct arena *arena,
			      struct groups *interventions)
{
	size_t count = decision->intervention_count;
	struct case_intervention *made = arena_zalloc(arena, count, sizeof *made);
	bool good = made != NULL;
	for (size_t i = 0; good && i < count; i++) {
		const struct rules_intervention *from = &decision->intervention[i];
		made[i] = (struct case_intervention){.rule = from->rule->id,
						     .observed = from->observed,
						     .limit = from->limit,
						     .action = (int)from->action,
						     .verdict = (int)from->verdict,
						     .would = {true, from->would},
						     .unsatisfied = {true, from->unsatisfied}};
		good = got_targets(from, arena, &made[i].targets);
	}
	*interventions = (struct groups){made, count};
	return good;
}

/* A refused call sends nothing at all. */
static bool got_all(const struct facts *facts, const struct rules_decision *decision, struct arena *arena,
		    struct case_expect *got)
{
	static const struct facts nothing = {.order = ORDER_POSITION};
	const struct facts *left = decision->rejected ? &nothing : facts;
	const struct edits *edits = &decision->edits;
	*got = (struct case_expect){.rejected = {true, decision->rejected},
				    .explanation =
					    edits->explanation_set ? edits->explanation : left->explanation};
	return got_items(left, edits, arena, &got->items) &&
	       got_weights(left, edits, arena, &got->category_weights) &&
	       got_prompts(left, edits, arena, &got->prompts) &&
	       got_interventions(decision, arena, &got->interventions);
}

/* --- comparing --- */

struct comparison {
	struct arena *arena; /* of the failures */
	struct tool_result *result;
	size_t room;
	bool full;
};

static void add_failure(struct comparison *comparison, struct buf *text)
{
	struct tool_result *result = comparison->result;
	if (result->failure_count == comparison->room) {
		size_t room = comparison->room ? comparison->room * 2 : 8;
		struct bytes *grown = arena_array(comparison->arena, room, sizeof *grown);
		if (grown && result->failure_count)
			memcpy(grown, result->failure, result->failure_count * sizeof *grown);
		result->failure = grown ? grown : result->failure;
		comparison->room = grown ? room : comparison->room;
		comparison->full |= !grown;
	}
	struct bytes copy = text->failed ? (struct bytes){0} : arena_copy(comparison->arena, buf_bytes(text));
	comparison->full |= !bytes_present(copy);
	if (!comparison->full)
		result->failure[result->failure_count++] = copy;
	buf_done(text);
}

/* `( { rule = "a"; action = "suppress"; } )`: of each element the first two keys that it has. */
static void show_list(struct buf *out, const struct keys *keys, const struct groups *list)
{
	buf_add_text(out, "(");
	for (size_t i = 0; i < list->count; i++) {
		const char *base = (const char *)list->at + i * keys->size;
		buf_add_text(out, i ? ", {" : " {");
		for (size_t k = 0, shown = 0; k < keys->count && shown < 2; k++) {
			const struct key *key = &keys->key[k];
			if (!rules_effective_has(key, base + key->at))
				continue;
			buf_printf(out, " %s = ", key->name);
			rules_effective_value(key, base + key->at, out);
			buf_add_text(out, ";");
			shown++;
		}
		buf_add_text(out, " }");
	}
	buf_add_text(out, " )");
}

static void show_value(struct buf *out, const struct key *key, const void *at)
{
	if (key->type == KEY_GROUPS)
		show_list(out, key->inner, at);
	else if (rules_effective_has(key, at))
		rules_effective_value(key, at, out);
	else
		buf_add_text(out, "nothing");
}

static void differ(struct comparison *comparison, const char *place, const struct key *key,
		   const void *expected, const void *got)
{
	struct buf text = {0};
	buf_printf(&text, "%s%s: expected ", place, key->name);
	show_value(&text, key, expected);
	buf_add_text(&text, ", got ");
	show_value(&text, key, got);
	add_failure(comparison, &text);
}

/* Bounds are rounded towards the baseline, by less than this. */
static bool is_near(double a, double b)
{
	return fabs(a - b) <= 1e-9 * fmax(1, fmax(fabs(a), fabs(b)));
}

static bool is_same(const struct key *key, const void *expected, const void *got)
{
	const struct number *a = expected, *b = got;
	if (key->type == KEY_NUMBER || key->type == KEY_WHOLE)
		return b->present && is_near(a->value, b->value);
	if (key->type == KEY_TEXT)
		return bytes_equal(*(const struct bytes *)expected, *(const struct bytes *)got);
	struct buf left = {0}, right = {0};
	show_value(&left, key, expected);
	show_value(&right, key, got);
	bool same = bytes_equal(buf_bytes(&left), buf_bytes(&right)) && !left.failed && !right.failed;
	buf_done(&left);
	buf_done(&right);
	return same;
}

/* What `expected` does not say is not compared. */
static void compare(struct comparison *comparison, const char *place, const struct keys *keys,
		    const void *expected, const void *got)
{
	for (size_t k = 0; k < keys->count; k++) {
		const struct key *key = &keys->key[k];
		const void *left = (const char *)expected + key->at, *right = (const char *)got + key->at;
		const struct groups *a = left, *b = right;
		if (!rules_effective_has(key, left))
			continue;
		if (key->type == KEY_GROUPS ? a->count != b->count : !is_same(key, left, right)) {
			differ(comparison, place, key, left, right);
			continue;
		}
		for (size_t i = 0; key->type == KEY_GROUPS && i < a->count; i++) {
			char inside[PLACE_ROOM];
			snprintf(inside, sizeof inside, "%s%s[%zu].", place, key->name, i);
			compare(comparison, inside, key->inner, (const char *)a->at + i * key->inner->size,
				(const char *)b->at + i * key->inner->size);
		}
	}
}

bool tool_case_run(const struct tool_case *test, const struct rules_ruleset *ruleset, struct arena *arena,
		   bool *exercised, struct tool_result *result, struct err *err)
{
	struct arena work;
	struct facts facts;
	struct rules_history history;
	struct rules_decision decision;
	struct case_expect got;
	struct comparison comparison = {.arena = arena, .result = result};
	*result = (struct tool_result){.test = test};
	arena_init(&work, RUN_MEMORY);
	bool good = (tool_case_facts(test, &work, &facts) && tool_case_history(test, &work, &history)) ||
		    err_set(err, "the test's memory limit is reached; make it smaller");
	good = good && rules_decide_seen(ruleset, &facts, &history, test->now.ns, &work, &decision, err) &&
	       rules_decide_frequency(&history, test->now.ns, &work, &decision, err);
	if (good && !got_all(&facts, &decision, &work, &got))
		good = err_set(err, "the test's memory limit is reached; make it smaller");
	if (good) {
		compare(&comparison, "", &tool_expect_keys, test->expect, &got);
		for (size_t i = 0; i < rules_ruleset_rule_count(ruleset); i++)
			exercised[i] |= decision.verdict[i] >= RULES_EXCEEDED;
	}
	if (comparison.full)
		good = err_set(err, "the memory limit for failures is reached; run fewer tests at once");
	arena_done(&work);
	return good;
}
