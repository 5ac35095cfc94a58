/* SPDX-License-Identifier: Apache-2.0
 *
 * Properties over random rulesets and responses:
 *
 *   - governing a governed response with the same history changes nothing
 *   - what leaves satisfies every enforcing rule, judged by a naive second implementation, or the baseline
 *     order is served and the rule is recorded as unsatisfied
 *   - the baseline is within all limits on the distance to it
 *   - the order of rules and files never matters; nor does going through `effective`
 *   - adding a rule never widens a bound
 *   - a discarded decision changes nothing, and says of each intervention that it would have been
 *
 * RANKGUARD_PAIRS says how many pairs of a ruleset and a response are tried, RANKGUARD_SEED where they begin.
 */
#include "property.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SEED = 20261123, PAIRS = 25000, RESPONSES = 50 };

static struct rules_ruleset *through_effective(const struct rules_ruleset *ruleset)
{
	struct folder folder;
	struct rules_findings findings = {0};
	char *text = rules_ruleset_effective(ruleset);
	folder_make(&folder);
	folder_put(&folder, "e.cfg", text, strlen(text));
	struct rules_ruleset *again = rules_ruleset_load(folder.path, NOW, &findings);
	assert_non_null(again);
	rules_findings_done(&findings);
	folder_remove(&folder);
	free(text);
	return again;
}

static void decide(const struct response *response, const struct rules_ruleset *ruleset, struct trial *trial)
{
	*trial = (struct trial){.facts = response->facts, .history = response->history};
	trial_decide(trial, ruleset);
}

/* All that a decision says, in bits. */
static const char *print(struct trial *trial)
{
	const struct edits *edits = &trial->decision.edits;
	const char *text =
		arena_printf(&trial->arena, "%d %s %s [%.*s]", trial->decision.rejected, trial_story(trial),
			     trial_texts(trial), BYTES_ARG(edits->explanation));
	for (size_t i = 0; text && i < trial->facts.item_count; i++)
		text = arena_printf(&trial->arena, "%s %u:%a", text,
				    edits->order ? edits->order[i] : (unsigned)i,
				    edits->score && edits->score_set[i] ? edits->score[i] : 0);
	for (size_t i = 0; text && i < trial->facts.weight_count; i++)
		text = arena_printf(&trial->arena, "%s w%a", text,
				    edits->weight && edits->weight_set[i] ? edits->weight[i] : 0);
	assert_non_null(text);
	return text;
}

static void governed_again_nothing_changes(const struct response *left, const struct rules_ruleset *ruleset)
{
	struct trial again;
	decide(left, ruleset, &again);
	if (again.decision.changed)
		fail_msg("not idempotent: %s", print(&again));
	trial_done(&again);
}

/* By item id: how far from its baseline it leaves. */
/* The same interventions and verdicts, and everything leaves as it came. */
static void discarded_nothing_changes(const struct response *response, const struct rules_ruleset *ruleset,
				      const struct rules_decision *enforced)
{
	struct trial trial;
	struct err err;
	decide(response, ruleset, &trial);
	const struct rules_decision *would = &trial.decision;
	assert_true(rules_decide_discard(&trial.arena, &trial.decision, &err));
	assert_true(edits_empty(&would->edits) && !would->changed && !would->rejected && !would->rejected_by);
	assert_int_equal(would->prompt_count, response->facts.prompt_count);
	for (size_t i = 0; i < would->prompt_count; i++)
		assert_memory_equal(&would->prompt[i], &response->facts.prompts[i], sizeof *would->prompt);
	assert_int_equal(would->intervention_count, enforced->intervention_count);
	for (size_t i = 0; i < would->intervention_count; i++) {
		const struct rules_intervention *a = &would->intervention[i], *b = &enforced->intervention[i];
		assert_true(a->would && a->action == b->action && a->verdict == b->verdict &&
			    a->target_count == b->target_count && bytes_equal(a->rule->id, b->rule->id));
	}
	assert_memory_equal(would->verdict, enforced->verdict,
			    rules_ruleset_rule_count(ruleset) * sizeof *would->verdict);
	trial_done(&trial);
}

static double distance_of(const struct response *left, struct bytes id)
{
	for (size_t i = 0; i < left->facts.item_count; i++)
		if (bytes_equal(left->id[i], id) && finite_baseline(left, i)) {
			double b = left->facts.item_score.narrow ? (double)(float)left->baseline[i]
								 : left->baseline[i];
			return fabs(left->score[i] - b);
		}
	return 0;
}

struct variants {
	struct rules_ruleset *plain, *shuffled, *again, *extended;
	struct random_rule rule[RULES_MAX + 1];
	unsigned count;
	size_t changed, rejected, widened_checked, unsatisfied;
};

/* The baseline is served and this is recorded: only category_share does not give way to the baseline. */
static bool unsatisfied(const struct random_rule *rule, const struct rules_decision *decision,
			struct variants *variants)
{
	for (size_t i = 0; i < decision->intervention_count; i++) {
		const struct rules_intervention *one = &decision->intervention[i];
		if (!one->unsatisfied || !bytes_equal(one->rule->id, bytes_of(rule->id)))
			continue;
		variants->unsatisfied++;
		return rule->kind == SHARE;
	}
	return false;
}

/* A rule that reverts because of places need not any more when another one has moved an item. */
static bool places_reverted(const struct rules_decision *decision)
{
	for (size_t i = 0; i < decision->intervention_count; i++)
		if (decision->intervention[i].action == RULES_REVERT && !decision->intervention[i].would &&
		    (bytes_equal(decision->intervention[i].rule->kind, BYTES_LITERAL("rank_shift")) ||
		     bytes_equal(decision->intervention[i].rule->kind, BYTES_LITERAL("retain_top"))))
			return true;
	return false;
}

static int by_baseline(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return isnan(x) || isnan(y) ? isnan(x) - isnan(y) : (x < y) - (x > y);
}

/* The response that adjusts nothing: no limit on distance to the baseline is exceeded. */
static void the_baseline_is_within(const struct response *response, const struct rules_ruleset *ruleset)
{
	struct response plain = *response;
	struct trial trial;
	for (size_t i = 0; i < plain.facts.item_count; i++)
		if (!finite_baseline(&plain, i))
			plain.baseline[i] = (double)NAN;
	qsort(plain.baseline, plain.facts.item_count, sizeof(double), by_baseline);
	plain.facts.order = plain.facts.order == ORDER_SCORE_ASC ? ORDER_POSITION : plain.facts.order;
	for (size_t i = 0; i < plain.facts.item_count; i++) {
		double baseline = plain.baseline[i];
		plain.baseline_present[i] = (uint8_t)!isnan(baseline);
		plain.score_present[i] = 1;
		plain.score[i] = isnan(baseline)		 ? 0
				 : plain.facts.item_score.narrow ? (double)(float)baseline
								 : baseline;
	}
	for (size_t i = 0; i < plain.facts.weight_count; i++) {
		double baseline = plain.weight_baseline[i];
		plain.weight_present[i] = plain.weight_baseline_present[i] = 1;
		plain.weight[i] = plain.facts.weight.narrow ? (double)(float)baseline : baseline;
	}
	plain.facts.item_score.value = plain.score;
	plain.facts.item_score.present = plain.score_present;
	plain.facts.item_baseline.value = plain.baseline;
	plain.facts.item_baseline.present = plain.baseline_present;
	plain.facts.weight.value = plain.weight;
	plain.facts.weight.present = plain.weight_present;
	plain.facts.weight_baseline.value = plain.weight_baseline;
	plain.facts.weight_baseline.present = plain.weight_baseline_present;
	decide(&plain, ruleset, &trial);
	for (size_t i = 0; i < trial.decision.intervention_count; i++) {
		const struct rules_intervention *one = &trial.decision.intervention[i];
		bool distance = bytes_equal(one->rule->kind, BYTES_LITERAL("score_bound")) ||
				bytes_equal(one->rule->kind, BYTES_LITERAL("weight_bound")) ||
				bytes_equal(one->rule->kind, BYTES_LITERAL("rank_shift")) ||
				bytes_equal(one->rule->kind, BYTES_LITERAL("retain_top"));
		if (distance && one->verdict == RULES_EXCEEDED && !one->would)
			fail_msg("the baseline exceeds: %s", print(&trial));
	}
	trial_done(&trial);
}

static void check_response(struct variants *variants, const struct response *response)
{
	struct trial plain, other;
	struct response left, tighter;
	the_baseline_is_within(response, variants->plain);
	decide(response, variants->plain, &plain);
	decide(response, variants->shuffled, &other);
	assert_string_equal(print(&plain), print(&other));
	trial_done(&other);
	decide(response, variants->again, &other);
	assert_string_equal(print(&plain), print(&other));
	trial_done(&other);
	discarded_nothing_changes(response, variants->plain, &plain.decision);
	variants->changed += plain.decision.changed;
	variants->rejected += plain.decision.rejected;
	if (!plain.decision.rejected) {
		response_apply(response, &plain.decision, &left);
		for (unsigned i = 0; i < variants->count; i++)
			if (judged(&variants->rule[i], &left) && !holds(&variants->rule[i], &left) &&
			    !unsatisfied(&variants->rule[i], &plain.decision, variants))
				fail_msg("%s does not hold: %s", variants->rule[i].text, print(&plain));
		governed_again_nothing_changes(&left, variants->plain);
		decide(response, variants->extended, &other);
		if (!other.decision.rejected && !places_reverted(&plain.decision)) {
			response_apply(response, &other.decision, &tighter);
			for (size_t i = 0; i < response->facts.item_count; i++)
				if (distance_of(&tighter, response->id[i]) >
				    distance_of(&left, response->id[i]))
					fail_msg("%s widens: %s, not %s",
						 variants->rule[variants->count].text, print(&other),
						 print(&plain));
			variants->widened_checked++;
		}
		trial_done(&other);
	}
	trial_done(&plain);
}

static void properties_hold(void **state)
{
	struct variants variants = {.changed = 0};
	unsigned long seed = setting("RANKGUARD_SEED", SEED), pairs = setting("RANKGUARD_PAIRS", PAIRS);
	pick_seed(seed);
	print_message("seed %lu\n", seed);
	for (unsigned long r = 0; r < pairs / RESPONSES; r++) {
		unsigned order[RULES_MAX + 1];
		variants.count = 1 + pick(RULES_MAX);
		for (unsigned i = 0; i <= variants.count; i++) {
			random_rule(&variants.rule[i], i);
			order[i] = i;
		}
		variants.plain = random_rules_load(variants.rule, order, variants.count, false);
		variants.extended = random_rules_load(variants.rule, order, variants.count + 1, false);
		for (unsigned i = variants.count; i > 1; i--) {
			unsigned other = pick(i), kept = order[i - 1];
			order[i - 1] = order[other];
			order[other] = kept;
		}
		variants.shuffled = random_rules_load(variants.rule, order, variants.count, true);
		variants.again = through_effective(variants.plain);
		for (int i = 0; i < RESPONSES; i++) {
			struct response response;
			random_response(&response);
			check_response(&variants, &response);
		}
		rules_ruleset_drop(variants.plain);
		rules_ruleset_drop(variants.extended);
		rules_ruleset_drop(variants.shuffled);
		rules_ruleset_drop(variants.again);
	}
	print_message("%lu pairs: %zu changed, %zu rejected, %zu with one rule more, %zu unsatisfied\n",
		      pairs, variants.changed, variants.rejected, variants.widened_checked,
		      variants.unsatisfied);
	/* the generator must not drift into responses that no rule touches */
	assert_true(variants.changed > pairs / 4);
	assert_true(variants.widened_checked > pairs / 4);
	(void)state;
}

/* The control: the naive judge sees a bound broken by one unit in the last place, a cap by one prompt, and a
 * denied word. */
static void the_judge_can_fail(void **state)
{
	struct response left = {
		.score = {1.5}, .baseline = {1}, .score_present = {1}, .baseline_present = {1}};
	struct random_rule bound = {.kind = BOUND, .absolute = 0.5, .relative = -1};
	struct random_rule cap = {.kind = CAP, .max = 1, .per = RESPONSE},
			   deny = {.kind = DENY, .phrase = "bad"};
	left.facts = (struct facts){.item_count = 1, .prompt_count = 1, .prompts = left.prompt};
	left.prompt[0].text = BYTES_LITERAL("good");
	assert_true(holds(&bound, &left) && holds(&cap, &left) && holds(&deny, &left));
	left.score[0] = nextafter(1.5, 2);
	assert_false(holds(&bound, &left));
	left.facts.prompt_count = 2;
	assert_false(holds(&cap, &left));
	struct random_rule weight = {.kind = WEIGHT, .absolute = -1, .relative = -1, .min_weight = 0.25};
	left.facts.weight_count = 1;
	left.weight[0] = 0.25;
	left.weight_present[0] = 1;
	assert_true(holds(&weight, &left));
	left.weight[0] = nextafter(0.25, 0);
	assert_false(holds(&weight, &left));
	struct random_rule shift = {.kind = SHIFT, .max = 1};
	struct random_rule share = {.kind = SHARE, .top = 2, .max = 1};
	struct random_rule retain = {.kind = RETAIN, .top = 1, .within = 2, .max = 1};
	left.facts.item_count = 3;
	for (size_t i = 0; i < 3; i++) {
		left.baseline[i] = (double[]){2, 3, 1}[i];
		left.baseline_present[i] = 1;
		left.category[i] = bytes_of(i ? "k" : "n");
	}
	assert_true(holds(&shift, &left) && holds(&share, &left) && holds(&retain, &left));
	left.baseline[2] = 4; /* two places up */
	assert_false(holds(&shift, &left));
	assert_false(holds(&retain, &left));
	left.category[0] = bytes_of("k");
	assert_false(holds(&share, &left));
	left.prompt[1].text = BYTES_LITERAL("so Bad");
	assert_false(holds(&deny, &left));
	assert_false(holds(&(struct random_rule){.kind = CHOICE}, &left));
	assert_false(holds(&(struct random_rule){.kind = LOCALE}, &left));
	assert_false(holds(&(struct random_rule){.kind = TONE, .max = 5}, &left));
	left.facts.locale = BYTES_LITERAL("de");
	assert_false(holds(&(struct random_rule){.kind = WHY}, &left));
	left.prompt[1].text = BYTES_LITERAL("\xff");
	assert_false(holds(&(struct random_rule){.kind = GRADE}, &left));
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_judge_can_fail),
		cmocka_unit_test(properties_hold),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
