/* SPDX-License-Identifier: Apache-2.0 */
#include "property.h"

#include <math.h>
#include <stdlib.h>

static double random_value(bool narrow)
{
	static const double plain[] = {0, 0.1, 0.25, 0.4, 0.5, 0.7, 1, 2, 3, -0.4, -1, 1e-9, 1e12};
	double value = ONE_OF(plain);
	if (pick(3) == 0)
		value += (double)pick(1000000) / 999983;
	return narrow ? (double)(float)value : value;
}

static int by_score(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x < y) - (x > y);
}

static void random_items(struct response *response)
{
	static const char *const ids[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
	static const char *const categories[] = {"k", "k", "m", "m", "n", "o", NULL};
	struct facts *facts = &response->facts;
	bool narrow = pick(2), odd = pick(8) == 0;
	facts->item_count = pick(ITEMS_MAX + 1);
	facts->order = pick(3);
	for (size_t i = 0; i < facts->item_count; i++) {
		response->id[i] = bytes_of(ids[i]);
		response->category[i] = bytes_of(ONE_OF(categories));
		response->score[i] = random_value(narrow);
		response->score_present[i] = 1;
		response->baseline[i] = random_value(narrow && pick(2));
		response->baseline_present[i] = pick(12) != 0;
		if (odd && pick(4) == 0)
			response->score[i] = pick(2) ? (double)NAN : (double)INFINITY;
		if (odd && pick(6) == 0)
			response->score_present[i] = 0;
		if (odd && pick(8) == 0)
			response->baseline[i] = (double)NAN;
	}
	if (!odd && pick(2))
		qsort(response->score, facts->item_count, sizeof(double), by_score);
	facts->item_id = response->id;
	facts->item_category = response->category;
	facts->offset = pick(6) == 0;
	facts->item_score = (struct facts_numbers){response->score, response->score_present, narrow};
	facts->item_baseline = (struct facts_numbers){response->baseline, response->baseline_present, false};
}

static void random_weights(struct response *response)
{
	struct facts *facts = &response->facts;
	bool narrow = pick(2), odd = pick(8) == 0;
	facts->weight_count = pick(WEIGHTS_MAX + 1);
	for (size_t i = 0; i < facts->weight_count; i++) {
		response->weight[i] = odd && pick(3) == 0 ? (double)NAN : random_value(narrow);
		response->weight_present[i] = !odd || pick(3) != 0;
		response->weight_baseline[i] = random_value(narrow && pick(2));
		response->weight_baseline_present[i] = pick(10) != 0;
	}
	facts->weight = (struct facts_numbers){response->weight, response->weight_present, narrow};
	facts->weight_baseline =
		(struct facts_numbers){response->weight_baseline, response->weight_baseline_present, false};
}

static void random_prompts(struct response *response)
{
	static const char *const texts[] = {
		"Sorry.",
		"Pardon.",
		"Less jazz?",
		"Less bad?",
		"It is your fault",
		"so BAD",
		"worse",
		"y\xff",
		"Less \xff\xff\xff?",
		"\xd0\xb2\x61\x64", /* Cyrillic ve, then "ad" */
		"f\xc3\xa0ult",
		"fine",
		"Considerations notwithstanding, we restructure whatever you disliked today."};
	static const char *const locales[] = {NULL, "en", "en-GB", "de", "fr", "de_DE"};
	static struct facts_choice choice = {.label = {"Nein", 4}, .kind = CHOICE_DECLINE};
	struct facts *facts = &response->facts;
	facts->prompt_count = pick(PROMPTS_MAX + 1);
	facts->prompts = response->prompt;
	for (size_t i = 0; i < facts->prompt_count; i++)
		response->prompt[i] = (struct facts_prompt){.id = bytes_of(i % 2 ? "odd" : "even"),
							    .text = bytes_of(ONE_OF(texts)),
							    .locale = bytes_of(ONE_OF(locales)),
							    .kind = pick(PROMPT_OTHER + 1),
							    .choices = &choice,
							    .choice_count = pick(2)};
	facts->locale = bytes_of(ONE_OF(locales));
	facts->explanation = bytes_of(pick(2) ? ONE_OF(texts) : NULL);
}

static int by_time(const void *a, const void *b)
{
	int64_t x = ((const struct rules_event *)a)->time_ns, y = ((const struct rules_event *)b)->time_ns;
	return (x > y) - (x < y);
}

static void random_events(struct rules_history_subject *subject, struct rules_event *event)
{
	static const int64_t ages[] = {0, 1, 59, 60, 61, 1799, 1800, 86399, 86400};
	*subject = (struct rules_history_subject){pick(5) != 0, event, pick(EVENTS_MAX)};
	if (!subject->known)
		subject->count = 0;
	for (size_t i = 0; i < subject->count; i++)
		event[i] = (struct rules_event){.time_ns = NOW - ONE_OF(ages) * 1000000000 +
							   (int64_t)pick(3) - 1,
						.entry = i,
						.prompt = pick(PROMPT_OTHER + 1),
						.signal = pick(SIGNAL_OTHER + 1),
						.category = bytes_of(pick(2) ? "jazz" : NULL),
						.type = pick(5) ? RULES_EVENT_DELIVERED : RULES_EVENT_SIGNAL};
	qsort(event, subject->count, sizeof *event, by_time);
}

void random_response(struct response *response)
{
	static const char *const surfaces[] = {NULL, "home", "feed"};
	static const char *const sessions[] = {NULL, "s1", "s2", "s3"};
	*response = (struct response){.facts = {.surface = bytes_of(ONE_OF(surfaces))}};
	response->facts.session = bytes_of(ONE_OF(sessions));
	response->facts.opted_out = pick(8) == 0;
	response->facts.confidence_present = pick(8) != 0;
	response->facts.confidence = (double)pick(5) / 4;
	random_items(response);
	random_weights(response);
	random_prompts(response);
	random_events(&response->history.session, response->session);
	random_events(&response->history.user, response->user);
}

void response_apply(const struct response *from, const struct rules_decision *decision, struct response *to)
{
	const struct edits *edits = &decision->edits;
	*to = *from;
	for (size_t place = 0; place < from->facts.item_count; place++) {
		size_t item = edits->order ? edits->order[place] : place;
		bool set = edits->score && edits->score_set[item];
		to->score[place] = set ? edits->score[item] : from->score[item];
		to->score_present[place] = set || from->score_present[item];
		to->baseline[place] = from->baseline[item];
		to->baseline_present[place] = from->baseline_present[item];
		to->id[place] = from->id[item];
		to->category[place] = from->category[item];
		if (set && from->facts.item_score.narrow)
			assert_true((double)(float)to->score[place] == to->score[place]);
	}
	to->facts.item_score.value = to->score;
	to->facts.item_score.present = to->score_present;
	to->facts.item_baseline.value = to->baseline;
	to->facts.item_baseline.present = to->baseline_present;
	to->facts.item_id = to->id;
	to->facts.item_category = to->category;
	for (size_t i = 0; i < from->facts.weight_count; i++) {
		if (!edits->weight || !edits->weight_set[i])
			continue;
		to->weight[i] = edits->weight[i];
		to->weight_present[i] = 1;
	}
	to->facts.weight.value = to->weight;
	to->facts.weight.present = to->weight_present;
	to->facts.weight_baseline.value = to->weight_baseline;
	to->facts.weight_baseline.present = to->weight_baseline_present;
	to->facts.prompts = to->prompt;
	to->facts.prompt_count = decision->prompt_count;
	for (size_t i = 0; i < decision->prompt_count; i++)
		to->prompt[i] = decision->prompt[i];
	if (edits->explanation_set)
		to->facts.explanation = edits->explanation;
	to->history.session.event = to->session;
	to->history.user.event = to->user;
}
