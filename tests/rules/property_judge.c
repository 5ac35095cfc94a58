/* SPDX-License-Identifier: Apache-2.0 */
#include "property.h"

#include <math.h>
#include <stdio.h>

static bool is_place(unsigned kind)
{
	return kind == SHIFT || kind == RETAIN || kind == SHARE;
}

/* An absent surface escapes no rule. */
static bool applies(const struct random_rule *rule, const struct response *left)
{
	struct bytes surface = left->facts.surface;
	bool home = bytes_equal(surface, BYTES_LITERAL("home"));
	return rule->when == EVERYWHERE || (rule->when == HOME && (home || surface.len == 0)) ||
	       (rule->when == NOT_HOME && !home);
}

bool judged(const struct random_rule *rule, const struct response *left)
{
	return rule->enforcing && !rule->flags && applies(rule, left);
}

bool finite_baseline(const struct response *response, size_t item)
{
	return response->baseline_present[item] && isfinite(response->baseline[item]);
}

static bool near_enough(const struct random_rule *rule, double value, long double b)
{
	long double distance = fabsl((long double)value - b);
	/* the judge's own rounding: one part in 2^62 */
	long double slack = (fabsl(b) + distance) * 0x1p-62L;
	return (rule->absolute < 0 || distance <= (long double)rule->absolute + slack) &&
	       (rule->relative < 0 || distance <= (long double)rule->relative * fabsl(b) + slack);
}

static bool bound_holds(const struct random_rule *rule, const struct response *left)
{
	bool any = false, behind = false, good = true;
	for (size_t i = 0; i < left->facts.item_count; i++)
		any |= finite_baseline(left, i);
	for (size_t i = 0; any && i < left->facts.item_count; i++) {
		if (!finite_baseline(left, i)) {
			behind = true;
			continue;
		}
		good &= !(rule->missing_last && behind);
		long double b = left->facts.item_score.narrow ? (long double)(float)left->baseline[i]
							      : (long double)left->baseline[i];
		if (left->score_present[i] && isfinite(left->score[i])) /* else on_unknown = "flag" */
			good &= near_enough(rule, left->score[i], b);
	}
	return good;
}

/* A weight that cannot be told: on_unknown = "flag", or nothing to revert to. */
static bool weights_hold(const struct random_rule *rule, const struct response *left)
{
	bool good = true;
	for (size_t i = 0; i < left->facts.weight_count; i++) {
		bool known = left->weight_baseline_present[i];
		if (!left->weight_present[i] || !isfinite(left->weight[i]))
			continue;
		double b = left->facts.weight.narrow ? (double)(float)left->weight_baseline[i]
						     : left->weight_baseline[i];
		double least = known && b < rule->min_weight ? b : rule->min_weight;
		good &= !known || near_enough(rule, left->weight[i], (long double)b);
		good &= rule->min_weight < 0 || left->weight[i] >= least;
	}
	return good;
}

/* Larger baseline, or smaller where the list is by score upwards; in a tie what stands first. */
static size_t baseline_place(const struct response *left, size_t item)
{
	size_t place = 0;
	bool up = left->facts.order == ORDER_SCORE_ASC, narrow = left->facts.item_score.narrow;
	double here = narrow ? (double)(float)left->baseline[item] : left->baseline[item];
	for (size_t i = 0; i < left->facts.item_count; i++) {
		double there = narrow ? (double)(float)left->baseline[i] : left->baseline[i];
		bool before = up ? there < here : there > here;
		bool tie = !(there < here) && !(there > here);
		place += finite_baseline(left, i) && (before || (tie && i < item));
	}
	return place;
}

static bool distances_hold(const struct random_rule *rule, const struct response *left)
{
	size_t kept = 0, known = 0;
	bool good = true, behind = false;
	for (size_t i = 0; i < left->facts.item_count; i++) {
		behind |= !finite_baseline(left, i);
		if (!finite_baseline(left, i))
			continue;
		size_t place = baseline_place(left, i);
		known++;
		kept += i < (size_t)rule->within && place < (size_t)rule->top;
		good &= !(behind && rule->missing_last);
		if (rule->kind == SHIFT)
			good &= (i > place ? i - place : place - i) <= (size_t)rule->max;
	}
	size_t want = known < (size_t)rule->max ? known : (size_t)rule->max;
	want = want < (size_t)rule->top ? want : (size_t)rule->top;
	want = want < (size_t)rule->within ? want : (size_t)rule->within;
	return known == 0 || (good && (rule->kind == SHIFT || kept >= want));
}

static bool shares_hold(const struct random_rule *rule, const struct response *left)
{
	for (size_t i = 0; i < left->facts.item_count && i < (size_t)rule->top; i++) {
		int count = 0;
		for (size_t k = 0; k <= i; k++)
			count += bytes_equal(left->category[k], left->category[i]);
		if (left->category[i].len && count > rule->max)
			return false;
	}
	return true;
}

static bool places_hold(const struct random_rule *rule, const struct response *left)
{
	if (rule->kind != SHIFT && left->facts.offset > 0)
		return true;
	return rule->kind == SHARE ? shares_hold(rule, left) : distances_hold(rule, left);
}

static bool cap_holds(const struct random_rule *rule, const struct response *left)
{
	const struct rules_history_subject *subject =
		rule->per == USER ? &left->history.user : &left->history.session;
	size_t count = left->facts.prompt_count;
	if (rule->per != RESPONSE && !subject->known)
		return count == 0;
	for (size_t i = 0; rule->per != RESPONSE && i < subject->count; i++)
		count += subject->event[i].type == RULES_EVENT_DELIVERED &&
			 NOW - rule->window_ns < subject->event[i].time_ns;
	return left->facts.prompt_count == 0 || count <= (size_t)rule->max;
}

static bool gap_holds(const struct random_rule *rule, const struct response *left)
{
	struct random_rule as_cap = *rule;
	as_cap.max = 1;
	return cap_holds(&as_cap, left);
}

/* Weaker than the rule, which frequency_test judges in full: no prompt within the first wait of a dismissal
 * that nothing followed. */
static bool backoff_holds(const struct random_rule *rule, const struct response *left)
{
	const struct rules_history_subject *subject =
		rule->per == USER ? &left->history.user : &left->history.session;
	const struct rules_event *last = subject->count ? &subject->event[subject->count - 1] : NULL;
	bool waits = !subject->known ||
		     (last && last->type == RULES_EVENT_SIGNAL && last->signal == SIGNAL_PROMPT_DISMISSED &&
		      subject->count == 1 && NOW - rule->window_ns < last->time_ns);
	return left->facts.prompt_count == 0 || !waits;
}

/* Every item that has a baseline stands at it. */
static bool at_baseline(const struct response *left)
{
	for (size_t i = 0; i < left->facts.item_count; i++) {
		double b =
			left->facts.item_score.narrow ? (double)(float)left->baseline[i] : left->baseline[i];
		if (finite_baseline(left, i) &&
		    !(left->score_present[i] && left->score[i] <= b && left->score[i] >= b))
			return false;
	}
	return true;
}

static bool opt_out_holds(const struct random_rule *rule, const struct response *left)
{
	return !left->facts.opted_out || ((!(rule->max & 1) || left->facts.prompt_count == 0) &&
					  (!(rule->max & 2) || at_baseline(left)));
}

/* Weaker than the rule, which state_test judges in full: any two signs on any category within the window. */
static bool conflict_holds(const struct response *left)
{
	bool liked = false, disliked = false;
	const struct rules_history_subject *subject = &left->history.session;
	for (size_t i = 0; i < subject->count; i++) {
		const struct rules_event *event = &subject->event[i];
		bool counts = event->type == RULES_EVENT_SIGNAL && event->category.len &&
			      event->time_ns > NOW - INT64_C(86400000000000);
		liked |= counts && event->signal == SIGNAL_SATISFIED;
		disliked |= counts &&
			    (event->signal == SIGNAL_DISSATISFIED || event->signal == SIGNAL_NOT_RELEVANT);
	}
	return !subject->known || !liked || !disliked || at_baseline(left);
}

static bool floor_holds(const struct random_rule *rule, const struct response *left)
{
	return (left->facts.confidence_present && left->facts.confidence >= rule->relative) ||
	       at_baseline(left);
}

static bool answered_holds(const struct random_rule *rule, const struct response *left)
{
	const struct rules_history_subject *subject =
		rule->per == USER ? &left->history.user : &left->history.session;
	bool answered = !subject->known;
	for (size_t i = 0; i < subject->count; i++)
		answered |= subject->event[i].type == RULES_EVENT_SIGNAL &&
			    subject->event[i].signal == SIGNAL_PROMPT_ANSWERED &&
			    NOW - rule->window_ns < subject->event[i].time_ns;
	return left->facts.prompt_count == 0 || !answered;
}

static bool language_holds(const struct random_rule *rule, const struct response *left)
{
	for (size_t i = 0; i < left->facts.prompt_count; i++) {
		char text[128];
		snprintf(text, sizeof text, "%.*s", BYTES_ARG(left->facts.prompts[i].text));
		if (rule->kind == DENY && strcasestr(text, rule->phrase))
			return false;
		if (rule->kind == ALLOW && *text && strcmp(text, "Sorry.") != 0 &&
		    strcmp(text, "Pardon.") != 0 && (strncmp(text, "Less ", 5) != 0 || strchr(text, 0xff)))
			return false;
	}
	return true;
}

static bool choice_holds(const struct response *left)
{
	for (size_t i = 0; i < left->facts.prompt_count; i++) {
		const struct facts_prompt *prompt = &left->facts.prompts[i];
		bool asks = prompt->kind == PROMPT_ABSENT || prompt->kind == PROMPT_OTHER ||
			    prompt->kind == PROMPT_CATEGORY_SWITCH;
		if (asks && (prompt->choice_count == 0 || prompt->choices[0].kind != CHOICE_DECLINE))
			return false;
	}
	return true;
}

/* The random locales have two letters of language, and then a well-formed region or none. */
static bool locale_holds(const struct response *left)
{
	for (size_t i = 0; i < left->facts.prompt_count; i++) {
		struct bytes own = left->facts.prompts[i].locale, asked = left->facts.locale;
		if (own.len < 2 || asked.len < 2 || memchr(own.at, '_', own.len) ||
		    memchr(asked.at, '_', asked.len) || memcmp(own.at, asked.at, 2) != 0)
			return false;
	}
	return true;
}

/* No mark in the random texts combines. */
static bool tone_holds(const struct random_rule *rule, const struct response *left)
{
	for (size_t i = 0; i < left->facts.prompt_count; i++) {
		struct bytes text = left->facts.prompts[i].text;
		int count = 0;
		for (size_t b = 0; b < text.len; b++)
			count += ((unsigned char)text.at[b] & 0xc0) != 0x80;
		if (count > rule->max || memchr(text.at, 0xff, text.len))
			return false;
	}
	return true;
}

/* There is a fallback for English and German. */
static bool why_holds(const struct response *left)
{
	struct bytes asked = left->facts.locale;
	bool said = asked.len >= 2 && !memchr(asked.at, '_', asked.len) &&
		    (memcmp(asked.at, "en", 2) == 0 || memcmp(asked.at, "de", 2) == 0);
	return !said || left->facts.explanation.len > 0;
}

/* What is not UTF-8 cannot be told. */
static bool grade_holds(const struct response *left)
{
	for (size_t i = 0; i < left->facts.prompt_count; i++) {
		struct bytes text = left->facts.prompts[i].text;
		if (text.len > 40 || memchr(text.at, 0xff, text.len))
			return false;
	}
	return true;
}

bool holds(const struct random_rule *rule, const struct response *left)
{
	return rule->kind == BOUND	? bound_holds(rule, left)
	       : rule->kind == CAP	? cap_holds(rule, left)
	       : rule->kind == CHOICE	? choice_holds(left)
	       : rule->kind == LOCALE	? locale_holds(left)
	       : rule->kind == TONE	? tone_holds(rule, left)
	       : rule->kind == WHY	? why_holds(left)
	       : rule->kind == GRADE	? grade_holds(left)
	       : rule->kind == WEIGHT	? weights_hold(rule, left)
	       : is_place(rule->kind)	? places_hold(rule, left)
	       : rule->kind == GAP	? gap_holds(rule, left)
	       : rule->kind == OPT_OUT	? opt_out_holds(rule, left)
	       : rule->kind == CONFLICT ? conflict_holds(left)
	       : rule->kind == QUIET	? !rule->max || left->facts.prompt_count == 0
	       : rule->kind == FLOOR	? floor_holds(rule, left)
	       : rule->kind == ANSWERED ? answered_holds(rule, left)
	       : rule->kind == BACKOFF	? backoff_holds(rule, left)
					: language_holds(rule, left);
}
