/* SPDX-License-Identifier: Apache-2.0
 *
 * The one pass of places against a naive second implementation over all permutations of up to 7 items with
 * random rules:
 *
 *   - a list that satisfies all rules is left as it is
 *   - otherwise the order that leaves is the one that the words of the definition give, taken literally
 *   - an order is found whenever there is one; where there is none the baseline order leaves, and some rule is
 *     unsatisfied
 *   - governing what leaves changes nothing
 *
 * and 20,000 items, judged by the same second implementation. RANKGUARD_PAIRS says how many pairs of rules and a
 * list are tried, RANKGUARD_SEED where they begin.
 */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SEED = 20261123, PAIRS = 24000, LISTS = 40, ITEMS_MAX = 7, TOPS = 2, SHARES = 2, MANY = 20000 };

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled" */
static uint64_t random_state;

static unsigned pick(unsigned below)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (unsigned)((random_state * UINT64_C(2685821657736338717)) >> 33) % below;
}

struct rules {
	int shift; /* max_places; negative: no such rule */
	bool shift_free;
	struct {
		int k, w, least; /* k 0: no such rule */
		bool free;
	} retain[TOPS];
	struct {
		int top, most;
		char category; /* 0: all */
	} share[SHARES];
};

struct list {
	size_t count;
	double *score, *baseline;
	uint8_t *score_present, *baseline_present;
	struct bytes *id, *category;
	char *letter; /* the category */
};

/* What the definitions say of places, by item, and per item its place in the baseline. */
struct windows {
	size_t *first, *last, *base;
	uint32_t *baseline_order;
	size_t with_baseline;
};

static size_t least_of(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void *piece(size_t count, size_t size)
{
	void *at = calloc(count ? count : 1, size);
	assert_non_null(at);
	return at;
}

static void list_make(struct list *list, size_t count)
{
	*list = (struct list){.count = count,
			      .score = piece(count, sizeof(double)),
			      .baseline = piece(count, sizeof(double)),
			      .score_present = piece(count, 1),
			      .baseline_present = piece(count, 1),
			      .id = piece(count, sizeof(struct bytes)),
			      .category = piece(count, sizeof(struct bytes)),
			      .letter = piece(count, 1)};
	for (size_t i = 0; i < count; i++) {
		list->id[i] = BYTES_LITERAL("i");
		list->score_present[i] = 1;
	}
}

static void list_free(struct list *list)
{
	free(list->score);
	free(list->baseline);
	free(list->score_present);
	free(list->baseline_present);
	free(list->id);
	free(list->category);
	free(list->letter);
}

static void windows_free(struct windows *windows)
{
	free(windows->first);
	free(windows->last);
	free(windows->base);
	free(windows->baseline_order);
}

/* The baseline place is the number of items that come before it: larger, or equal and proposed earlier. */
static size_t base_of(const struct list *list, size_t item)
{
	size_t place = 0;
	for (size_t i = 0; i < list->count; i++) {
		bool here = list->baseline_present[item], there = list->baseline_present[i];
		bool larger = there && (!here || list->baseline[i] > list->baseline[item]);
		bool equal = there == here && (!here || list->baseline[i] == list->baseline[item]);
		place += larger || (equal && i < item);
	}
	return place;
}

static size_t retained(const struct rules *rules, int r, size_t with_baseline)
{
	size_t want = least_of((size_t)rules->retain[r].least, (size_t)rules->retain[r].k);
	return least_of(least_of(want, (size_t)rules->retain[r].w), with_baseline);
}

static void window_of(const struct rules *rules, struct windows *windows, const struct list *list, size_t i)
{
	size_t shift = (size_t)rules->shift, base = windows->base[i];
	bool last = rules->shift >= 0 && !rules->shift_free;
	windows->last[i] = list->count - 1;
	for (int r = 0; r < TOPS; r++) {
		last |= rules->retain[r].k && !rules->retain[r].free;
		if (rules->retain[r].k && base < retained(rules, r, windows->with_baseline))
			windows->last[i] = least_of(windows->last[i], (size_t)rules->retain[r].w - 1);
	}
	if (!list->baseline_present[i] && last && windows->with_baseline)
		windows->first[i] = windows->with_baseline;
	if (list->baseline_present[i] && rules->shift >= 0) {
		windows->first[i] = base > shift ? base - shift : 0;
		windows->last[i] = least_of(windows->last[i], base + shift);
	}
}

static void windows_make(const struct rules *rules, const struct list *list, struct windows *windows)
{
	*windows = (struct windows){.first = piece(list->count, sizeof(size_t)),
				    .last = piece(list->count, sizeof(size_t)),
				    .base = piece(list->count, sizeof(size_t)),
				    .baseline_order = piece(list->count, sizeof(uint32_t))};
	for (size_t i = 0; i < list->count; i++) {
		windows->with_baseline += list->baseline_present[i];
		windows->base[i] = base_of(list, i);
		windows->baseline_order[windows->base[i]] = (uint32_t)i;
	}
	for (size_t i = 0; i < list->count; i++)
		window_of(rules, windows, list, i);
}

/* One more item at `place`, those before it standing in `order`: do the quotas allow it? */
static bool quotas_allow(const struct rules *rules, const struct list *list, const uint32_t *order,
			 size_t place, size_t item)
{
	for (int s = 0; s < SHARES; s++) {
		if (!list->letter[item] || place >= (size_t)rules->share[s].top ||
		    (rules->share[s].category && rules->share[s].category != list->letter[item]))
			continue;
		int count = 1;
		for (size_t i = 0; i < place; i++)
			count += list->letter[order[i]] == list->letter[item];
		if (count > rules->share[s].most)
			return false;
	}
	return true;
}

static bool may_stand(const struct rules *rules, const struct list *list, const struct windows *windows,
		      const uint32_t *order, size_t place, size_t item)
{
	return windows->first[item] <= place && place <= windows->last[item] &&
	       quotas_allow(rules, list, order, place, item);
}

/* Any permutation that goes on from `order[0..place)`? */
static bool exists(const struct rules *rules, const struct list *list, const struct windows *windows,
		   uint32_t *order, unsigned used, size_t place)
{
	if (place == list->count)
		return true;
	for (uint32_t item = 0; item < list->count; item++) {
		if (used >> item & 1 || !may_stand(rules, list, windows, order, place, item))
			continue;
		order[place] = item;
		if (exists(rules, list, windows, order, used | 1u << item, place + 1))
			return true;
	}
	return false;
}

/* With `item` at `place`: for every last place still open there are enough places up to it. */
static bool leaves_room(const struct list *list, const struct windows *windows, unsigned used, size_t place,
			size_t item)
{
	for (size_t b = place; b < list->count; b++) {
		size_t waiting = 0;
		for (size_t i = 0; i < list->count; i++)
			waiting += i != item && !(used >> i & 1) && windows->last[i] <= b;
		if (waiting > b - place)
			return false;
	}
	return true;
}

/* The definition, word by word. */
static bool greedy(const struct rules *rules, const struct list *list, const struct windows *windows,
		   const uint32_t *start, uint32_t *order)
{
	unsigned used = 0;
	for (size_t place = 0; place < list->count; place++) {
		size_t at = 0;
		for (; at < list->count; at++)
			if (!(used >> start[at] & 1) &&
			    may_stand(rules, list, windows, order, place, start[at]) &&
			    leaves_room(list, windows, used, place, start[at]))
				break;
		if (at == list->count)
			return false;
		order[place] = start[at];
		used |= 1u << start[at];
	}
	return true;
}

/* What rules say of an order: retain_top counts, the others are as in the windows. */
static bool satisfied(const struct rules *rules, const struct list *list, const struct windows *windows,
		      const uint32_t *order)
{
	bool good = true, behind = false, last = rules->shift >= 0 && !rules->shift_free;
	for (int r = 0; r < TOPS; r++) {
		size_t kept = 0, w = least_of((size_t)rules->retain[r].w, list->count);
		if (!rules->retain[r].k)
			continue;
		last |= !rules->retain[r].free;
		for (size_t place = 0; place < w; place++)
			kept += list->baseline_present[order[place]] &&
				windows->base[order[place]] < (size_t)rules->retain[r].k;
		good &= kept >= retained(rules, r, windows->with_baseline);
	}
	for (size_t place = 0; place < list->count; place++) {
		size_t item = order[place], base = windows->base[item];
		behind |= !list->baseline_present[item];
		good &= quotas_allow(rules, list, order, place, item);
		good &= !(last && behind && list->baseline_present[item]);
		if (rules->shift >= 0 && list->baseline_present[item])
			good &= (place > base ? place - base : base - place) <= (size_t)rules->shift;
	}
	return good;
}

/* --- random trials --- */

static void random_rules(struct rules *rules)
{
	*rules = (struct rules){.shift = pick(2) ? (int)pick(4) : -1, .shift_free = pick(3) == 0};
	for (int r = 0; r < TOPS; r++) {
		if (pick(2))
			continue;
		rules->retain[r].k = 1 + (int)pick(5);
		rules->retain[r].w = 1 + (int)pick(5);
		rules->retain[r].least = 1 + (int)pick(5);
		rules->retain[r].free = pick(3) == 0;
	}
	for (int s = 0; s < SHARES; s++) {
		if (pick(3) == 0)
			continue;
		rules->share[s].top = 1 + (int)pick(7);
		rules->share[s].most = rules->share[s].top - 1 - (int)pick(3);
		if (rules->share[s].most < 0)
			rules->share[s].most = 0;
		rules->share[s].category = rules->share[s].most && pick(2) ? 0 : (char)('a' + pick(3));
	}
}

static struct rules_ruleset *ruleset_for(const struct rules *rules)
{
	char text[4096];
	int len = snprintf(text, sizeof text,
			   "rules = ( { id = \"x\"; kind = \"prompt_cap\"; max = 9; per = "
			   "\"response\"; reason = \"r\"; }");
#define ADD(...) len += snprintf(text + len, sizeof text - (size_t)len, __VA_ARGS__)
	if (rules->shift >= 0)
		ADD(",\n{ id = \"s\"; kind = \"rank_shift\"; max_places = %d; missing_baseline = \"%s\"; "
		    "on_unknown = \"flag\"; reason = \"r\"; }",
		    rules->shift, rules->shift_free ? "allow" : "last");
	for (int r = 0; r < TOPS; r++)
		if (rules->retain[r].k)
			ADD(",\n{ id = \"t%d\"; kind = \"retain_top\"; baseline_top = %d; within = %d; "
			    "at_least = %d; missing_baseline = \"%s\"; on_unknown = \"flag\"; reason = "
			    "\"r\"; }",
			    r, rules->retain[r].k, rules->retain[r].w, rules->retain[r].least,
			    rules->retain[r].free ? "allow" : "last");
	for (int s = 0; s < SHARES; s++) {
		if (!rules->share[s].top)
			continue;
		ADD(",\n{ id = \"c%d\"; kind = \"category_share\"; top = %d; max_share = %.17g; reason = "
		    "\"r\"; ",
		    s, rules->share[s].top, (double)rules->share[s].most / rules->share[s].top);
		if (rules->share[s].category)
			ADD("categories = \"%c\"; ", rules->share[s].category);
		ADD("}");
	}
	ADD(");\n");
#undef ADD
	return ruleset_of(text);
}

static void random_list(struct list *list, size_t count)
{
	static const struct bytes names[] = {BYTES_LITERAL("a"), BYTES_LITERAL("b"), BYTES_LITERAL("c")};
	bool some_missing = pick(3) == 0, none_missing = pick(4) != 0;
	unsigned categories = 1 + pick(3), values = count < 10 ? 8 : (unsigned)count;
	list_make(list, count);
	for (size_t i = 0; i < count; i++) {
		unsigned category = pick(categories + !none_missing);
		list->baseline_present[i] = !some_missing || pick(3) != 0;
		list->baseline[i] = pick(values);
		list->score[i] = pick(values);
		if (category < categories) {
			list->letter[i] = *names[category].at;
			list->category[i] = names[category];
		}
	}
}

static void decide(const struct list *list, const struct rules_ruleset *ruleset, struct trial *trial)
{
	*trial = (struct trial){.facts = {.item_count = list->count,
					  .item_id = list->id,
					  .item_category = list->category,
					  .item_score = {list->score, list->score_present, false},
					  .item_baseline = {list->baseline, list->baseline_present, false}}};
	trial_decide(trial, ruleset);
	assert_false(trial->decision.rejected);
}

static void order_left(const struct trial *trial, uint32_t *order)
{
	for (uint32_t i = 0; i < trial->facts.item_count; i++)
		order[i] = trial->decision.edits.order ? trial->decision.edits.order[i] : i;
}

static bool any_unsatisfied(const struct trial *trial)
{
	for (size_t i = 0; i < trial->decision.intervention_count; i++)
		if (trial->decision.intervention[i].unsatisfied)
			return true;
	return false;
}

static void rearranged(const struct list *list, const uint32_t *order, struct list *left)
{
	list_make(left, list->count);
	for (size_t place = 0; place < list->count; place++) {
		left->score[place] = list->score[order[place]];
		left->baseline[place] = list->baseline[order[place]];
		left->baseline_present[place] = list->baseline_present[order[place]];
		left->category[place] = list->category[order[place]];
		left->letter[place] = list->letter[order[place]];
	}
}

static void governed_again_nothing_changes(const struct list *list, const uint32_t *order,
					   const struct rules_ruleset *ruleset)
{
	struct list left;
	struct trial again;
	rearranged(list, order, &left);
	decide(&left, ruleset, &again);
	if (again.decision.changed)
		fail_msg("not idempotent: %s", trial_story(&again));
	trial_done(&again);
	list_free(&left);
}

/* Where items without a baseline are free, rank_shift is there and quotas too, windows lie inside others of
 * their group: there an order may be missed (rules/arrange.h). */
static bool nested(const struct rules *rules, const struct list *list, const struct windows *windows)
{
	return rules->shift >= 0 && windows->with_baseline < list->count &&
	       (rules->share[0].top || rules->share[1].top);
}

struct tally {
	size_t kept, proposed, baseline, none, missed;
};

static void check_trial(const struct rules *rules, const struct list *list,
			const struct rules_ruleset *ruleset, struct tally *tally)
{
	uint32_t order[ITEMS_MAX], want[ITEMS_MAX], proposed[ITEMS_MAX], room[ITEMS_MAX];
	struct windows windows;
	struct trial trial;
	windows_make(rules, list, &windows);
	for (uint32_t i = 0; i < list->count; i++)
		proposed[i] = want[i] = i;
	bool any = exists(rules, list, &windows, room, 0, 0), kept = true, found = true;
	if (satisfied(rules, list, &windows, proposed)) {
		tally->kept++;
	} else if (kept = false, greedy(rules, list, &windows, proposed, want)) {
		tally->proposed++;
	} else if (greedy(rules, list, &windows, windows.baseline_order, want)) {
		tally->baseline++;
	} else {
		memcpy(want, windows.baseline_order, list->count * sizeof *want);
		found = false;
		tally->none += !any;
		tally->missed += any;
		assert_true(!any || nested(rules, list, &windows));
	}
	decide(list, ruleset, &trial);
	order_left(&trial, order);
	if (memcmp(order, want, list->count * sizeof *want) != 0)
		fail_msg("another order: %s", trial_story(&trial));
	/* a rule that flags what it cannot tell says so every time */
	assert_true(!kept || !trial.decision.changed);
	assert_true(any_unsatisfied(&trial) == !(found || satisfied(rules, list, &windows, order)));
	assert_true(!found || satisfied(rules, list, &windows, order));
	governed_again_nothing_changes(list, order, ruleset);
	trial_done(&trial);
	windows_free(&windows);
}

static void the_pass_is_the_definition(void **state)
{
	struct tally tally = {0};
	unsigned long pairs = setting("RANKGUARD_PAIRS", PAIRS);
	random_state = setting("RANKGUARD_SEED", SEED);
	print_message("seed %llu, %lu pairs\n", (unsigned long long)random_state, pairs);
	for (unsigned long t = 0; t < pairs / LISTS; t++) {
		struct rules rules;
		random_rules(&rules);
		struct rules_ruleset *ruleset = ruleset_for(&rules);
		for (int i = 0; i < LISTS; i++) {
			struct list list;
			random_list(&list, 1 + pick(ITEMS_MAX));
			check_trial(&rules, &list, ruleset, &tally);
			list_free(&list);
		}
		rules_ruleset_drop(ruleset);
	}
	print_message("%zu kept, %zu from the proposed order, %zu from the baseline, %zu without any, "
		      "%zu missed\n",
		      tally.kept, tally.proposed, tally.baseline, tally.none, tally.missed);
	assert_true(tally.kept > pairs / 24 && tally.proposed > pairs / 24 && tally.none > pairs / 24);
	assert_true(tally.baseline > pairs / 1200 && tally.missed < pairs / 1200);
	(void)state;
}

/* The control: the oracle refuses an order that breaks a window or a quota by one, and finds none where there
 * is none. */
static void the_oracle_can_fail(void **state)
{
	static struct bytes category[] = {BYTES_LITERAL("a"), BYTES_LITERAL("a"), BYTES_LITERAL("b")};
	struct rules rules = {.shift = 1, .share = {{.top = 2, .most = 1}}};
	struct list list;
	struct windows windows;
	uint32_t room[3];
	list_make(&list, 3);
	for (size_t i = 0; i < 3; i++) {
		list.baseline_present[i] = 1;
		list.baseline[i] = 3 - (double)i;
		list.category[i] = category[i];
		list.letter[i] = *category[i].at;
	}
	windows_make(&rules, &list, &windows);
	assert_true(satisfied(&rules, &list, &windows, (uint32_t[]){0, 2, 1}));
	assert_false(satisfied(&rules, &list, &windows, (uint32_t[]){0, 1, 2})); /* two of a */
	assert_false(satisfied(&rules, &list, &windows, (uint32_t[]){2, 0, 1})); /* by two places */
	assert_true(exists(&rules, &list, &windows, room, 0, 0));
	windows_free(&windows);
	rules.shift = 0;
	windows_make(&rules, &list, &windows);
	assert_false(exists(&rules, &list, &windows, room, 0, 0));
	assert_false(greedy(&rules, &list, &windows, windows.baseline_order, room));
	windows_free(&windows);
	list_free(&list);
	(void)state;
}

/* The list turned around: every item is far from its place, and each rule has much to do. */
static void twenty_thousand_items(void **state)
{
	struct rules rules = {.shift = 5000,
			      .retain = {{.k = 100, .w = 50, .least = 50}},
			      .share = {{.top = 9000, .most = 3500}, {.top = 12000, .most = 5000}}};
	struct rules_ruleset *ruleset = ruleset_for(&rules);
	struct list list;
	struct trial trial;
	uint32_t *order = piece(MANY, sizeof *order);
	char *seen = piece(MANY, 1);
	random_state = SEED;
	list_make(&list, MANY);
	for (size_t i = 0; i < MANY; i++) {
		static const struct bytes names[] = {BYTES_LITERAL("a"), BYTES_LITERAL("b"),
						     BYTES_LITERAL("c")};
		list.baseline_present[i] = 1;
		list.baseline[i] = (double)i; /* best last */
		list.category[i] = names[pick(3)];
	}
	decide(&list, ruleset, &trial);
	order_left(&trial, order);
	assert_false(any_unsatisfied(&trial));
	size_t kept = 0, counts[2][3] = {{0}};
	for (size_t place = 0; place < MANY; place++) {
		size_t base = MANY - 1 - order[place];
		assert_false(seen[order[place]]);
		seen[order[place]] = 1;
		assert_true((place > base ? place - base : base - place) <= 5000);
		kept += place < 50 && base < 100;
		counts[0][*list.category[order[place]].at - 'a'] += place < 9000;
		counts[1][*list.category[order[place]].at - 'a'] += place < 12000;
	}
	assert_true(kept >= 50);
	for (int c = 0; c < 3; c++)
		assert_true(counts[0][c] <= 3500 && counts[1][c] <= 5000);
	governed_again_nothing_changes(&list, order, ruleset);
	trial_done(&trial);
	list_free(&list);
	free(order);
	free(seen);
	rules_ruleset_drop(ruleset);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oracle_can_fail),
		cmocka_unit_test(the_pass_is_the_definition),
		cmocka_unit_test(twenty_thousand_items),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
