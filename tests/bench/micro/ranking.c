/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of one response: view, decide, patch, all three together, and the entry of its decision (record: digests
 * and text, up to the log's queue). The response has a prompt, eight category weights and an explanation beside its
 * items (100 items are about 5 KB). The session has a short history.
 */
#include "micro.h"

#include "proto/mapping.h"
#include "proto/patch.h"
#include "proto/view.h"
#include "rankguard/v1/ranking.pb-c.h"
#include "rules/decide.h"
#include "sidecar/govern.h"
#include <stdio.h>
#include <stdlib.h>

enum part { VIEW = 1, DECIDE = 2, PATCH = 4, WHOLE = VIEW | DECIDE | PATCH, RECORD = 8 };
enum { WEIGHTS = 8, CATEGORIES = 4 };

struct ranking {
	int part;
	struct proto_mapping *mapping;
	const struct proto_method *method;
	struct rules_ruleset *ruleset;
	struct bytes message;
	struct rules_event event[2];
	struct rules_history history;

	/* of the steps before those that are measured */
	struct arena arena;
	struct facts facts;
	const struct proto_places *places;
	struct rules_decision decision;
	struct proto_pieces pieces;

	/* what an entry is made of beside them */
	struct sidecar_config config;
	struct sidecar_hop hop;
	struct sidecar_policy policy;
	struct sidecar_arrival arrival;
	struct audit_subject_key *key;
};

/* --- the message --- */

static char category[CATEGORIES][8] = {"jazz", "folk", "crime", "rock"};

/* Score and baseline of the item at a place. Both directions of REVERSED stay within 0.1 of each other. */
static void set_scores(Rankguard__V1__RankedItem *item, enum micro_shape shape, size_t place, size_t count)
{
	double down = 1.0 - (double)place / (double)count, up = 1.0 - down;
	item->score_presence_case = RANKGUARD__V1__RANKED_ITEM__SCORE_PRESENCE_SCORE;
	item->baseline_score_presence_case =
		RANKGUARD__V1__RANKED_ITEM__BASELINE_SCORE_PRESENCE_BASELINE_SCORE;
	item->baseline_score = shape == MICRO_REVERSED ? 1 + 0.1 * up : 0.1 + 0.9 * down;
	item->score = shape == MICRO_REVERSED ? 1 + 0.1 * down
		      : shape == MICRO_OVER   ? item->baseline_score * 0.25
					      : item->baseline_score;
}

static void add_items(Rankguard__V1__RankResponse *response, enum micro_shape shape, size_t count)
{
	Rankguard__V1__RankedItem *item = calloc(count, sizeof *item);
	char(*id)[32] = calloc(count, sizeof *id);
	static char source[] = "popular";
	response->items = calloc(count, sizeof(Rankguard__V1__RankedItem *));
	response->n_items = count;
	if (!item || !id || !response->items)
		micro_fail("memory is short");
	for (size_t i = 0; i < count; i++) {
		rankguard__v1__ranked_item__init(&item[i]);
		snprintf(id[i], sizeof id[i], "item-%07zu", i);
		item[i].item_id = id[i];
		item[i].category = category[i % CATEGORIES];
		item[i].source = source;
		set_scores(&item[i], shape, i, count);
		response->items[i] = &item[i];
	}
}

static void free_items(Rankguard__V1__RankResponse *response)
{
	free(response->items[0]->item_id);
	free(response->items[0]);
	free(response->items);
}

static struct bytes pack(const Rankguard__V1__RankResponse *response)
{
	size_t len = rankguard__v1__rank_response__get_packed_size(response);
	char *at = malloc(len);
	if (!at)
		micro_fail("memory is short");
	rankguard__v1__rank_response__pack(response, (uint8_t *)at);
	return (struct bytes){at, len};
}

static struct bytes make_message(enum micro_shape shape, size_t items)
{
	static char text[] = "Would you like to see less jazz in this list from now on, or keep it?";
	static char id[] = "p1", locale[] = "en", yes[] = "Yes", no[] = "No, thanks", version[] = "micro-1";
	static char explanation[] = "Because people with your taste listen to jazz.";
	Rankguard__V1__RankResponse response = RANKGUARD__V1__RANK_RESPONSE__INIT;
	Rankguard__V1__CategoryWeight weight[WEIGHTS], *weights[WEIGHTS];
	Rankguard__V1__Choice choice[2] = {RANKGUARD__V1__CHOICE__INIT, RANKGUARD__V1__CHOICE__INIT};
	Rankguard__V1__Choice *choices[2] = {&choice[0], &choice[1]};
	Rankguard__V1__Prompt prompt = RANKGUARD__V1__PROMPT__INIT, *prompts[1] = {&prompt};
	for (size_t i = 0; i < WEIGHTS; i++) {
		rankguard__v1__category_weight__init(weights[i] = &weight[i]);
		weight[i].category = category[i % CATEGORIES];
		weight[i].weight_presence_case = RANKGUARD__V1__CATEGORY_WEIGHT__WEIGHT_PRESENCE_WEIGHT;
		weight[i].baseline_weight_presence_case =
			RANKGUARD__V1__CATEGORY_WEIGHT__BASELINE_WEIGHT_PRESENCE_BASELINE_WEIGHT;
		weight[i].baseline_weight = weight[i].weight = 0.5;
	}
	choice[0].kind = RANKGUARD__V1__CHOICE_KIND__CHOICE_KIND_ACCEPT;
	choice[0].label = yes;
	choice[1].kind = RANKGUARD__V1__CHOICE_KIND__CHOICE_KIND_DECLINE;
	choice[1].label = no;
	prompt.prompt_id = id;
	prompt.kind = RANKGUARD__V1__PROMPT_KIND__PROMPT_KIND_CLARIFYING_QUESTION;
	prompt.text = text;
	prompt.locale = locale;
	prompt.choices = choices;
	prompt.n_choices = 2;
	response.category_weights = weights;
	response.n_category_weights = WEIGHTS;
	response.prompts = prompts;
	response.n_prompts = 1;
	response.explanation = explanation;
	response.model_version = version;
	response.confidence_presence_case = RANKGUARD__V1__RANK_RESPONSE__CONFIDENCE_PRESENCE_CONFIDENCE;
	response.confidence = 0.9;
	add_items(&response, shape, items);
	struct bytes message = pack(&response);
	free_items(&response);
	return message;
}

/* --- the steps --- */

static const struct proto_limits limits = {.items = 20000, .prompts = 64};

static void look(const struct ranking *ranking, struct arena *arena, struct facts *facts,
		 const struct proto_places **places)
{
	struct err err;
	*facts = (struct facts){.method = BYTES_LITERAL("/rankguard.v1.RankingService/Rank"),
				.user = BYTES_LITERAL("7f1c0e6a5b9d4c3e8f2a1b0c9d8e7f6a"),
				.session = BYTES_LITERAL("0a1b2c3d4e5f60718293a4b5c6d7e8f9"),
				.surface = BYTES_LITERAL("home"),
				.locale = BYTES_LITERAL("en-GB"),
				.order = ORDER_SCORE_DESC};
	if (proto_view_response(ranking->method, ranking->message, &limits, arena, facts, places, &err))
		micro_fail("%s", err.text);
}

static void decide(const struct ranking *ranking, const struct facts *facts, struct arena *arena,
		   struct rules_decision *decision)
{
	struct err err;
	if (!rules_decide_seen(ranking->ruleset, facts, &ranking->history, MICRO_NOW, arena, decision,
			       &err) ||
	    !rules_decide_frequency(&ranking->history, MICRO_NOW, arena, decision, &err))
		micro_fail("%s", err.text);
}

/* The entry of the decision, as the sidecar makes it. Takes the arena. */
static void record(struct ranking *ranking, struct arena *arena, const struct facts *facts,
		   const struct rules_decision *decision, const struct proto_pieces *pieces)
{
	static const char session[AUDIT_PSEUDONYM_LEN + 1] = "5f0c1e6a5b9d4c3e8f2a1b0c9d8e7f6a",
							user[AUDIT_PSEUDONYM_LEN + 1] =
								"1a1b2c3d4e5f60718293a4b5c6d7e8f9";
	struct sidecar_governing governing;
	sidecar_governing_init(&governing, &ranking->hop, &ranking->arrival);
	memcpy(governing.session, session, sizeof session);
	memcpy(governing.user, user, sizeof user);
	governing.request_bytes = (struct bytes){ranking->message.at, 64};
	governing.response_bytes = ranking->message;
	governing.arena = *arena;
	governing.facts = *facts;
	governing.decision = *decision;
	governing.governed = *pieces;
	governing.decided = true;
	governing.now_ns = MICRO_NOW;
	if (!sidecar_record_decision(&governing))
		micro_fail("memory is short");
	sidecar_governing_done(&governing);
	arena_init(arena, 0);
}

/* The arena's memory is a part of what a call costs. */
static void step(void *made)
{
	struct ranking *ranking = made;
	struct arena arena;
	struct facts facts = ranking->facts;
	const struct proto_places *places = ranking->places;
	struct rules_decision decision = ranking->decision;
	struct proto_pieces pieces = ranking->pieces;
	struct err err;
	arena_init(&arena, (size_t)1 << 30);
	if (ranking->part & VIEW)
		look(ranking, &arena, &facts, &places);
	if (ranking->part & DECIDE)
		decide(ranking, &facts, &arena, &decision);
	if (ranking->part & PATCH && decision.changed && !decision.rejected &&
	    proto_patch(places, &decision.edits, &arena, &pieces, &err))
		micro_fail("%s", err.text);
	if (ranking->part & RECORD)
		record(ranking, &arena, &facts, &decision, &pieces);
	arena_done(&arena);
}

static void make_hop(struct ranking *ranking)
{
	static char name[] = "micro";
	char folder[64], path[80];
	struct err err;
	micro_folder_make(folder);
	snprintf(path, sizeof path, "%s/subject.key", folder);
	if (!audit_subject_key_create(path, &err) || !(ranking->key = audit_subject_key_load(path, &err)))
		micro_fail("%s", err.text);
	micro_folder_remove(folder);
	ranking->config.identity.uid = name;
	ranking->policy.rules = ranking->ruleset;
	ranking->arrival.policy = &ranking->policy;
	ranking->arrival.method = ranking->method;
	ranking->hop.config = &ranking->config;
	ranking->hop.subject_key = ranking->key;
}

static void *make(const struct micro_row *row, size_t subjects)
{
	struct micro_text rules = {0};
	struct err err;
	struct ranking *ranking = calloc(1, sizeof *ranking);
	(void)subjects;
	if (!ranking)
		micro_fail("memory is short");
	ranking->part = row->part;
	ranking->mapping = proto_mapping_canonical(&err);
	if (!ranking->mapping)
		micro_fail("%s", err.text);
	ranking->method =
		proto_mapping_find(ranking->mapping, BYTES_LITERAL("/rankguard.v1.RankingService/Rank"));
	if (row->more)
		micro_add(&rules, "%s", row->more);
	else
		micro_mixed_rules(&rules, row->rules);
	ranking->ruleset = micro_ruleset(&rules);
	ranking->message = make_message(row->shape, row->items);
	for (size_t i = 0; i < 2; i++)
		ranking->event[i] =
			(struct rules_event){.time_ns = MICRO_NOW - INT64_C(3600000000000) * (int)(2 - i),
					     .entry = i,
					     .prompt = PROMPT_CLARIFYING_QUESTION};
	ranking->history.session = ranking->history.user =
		(struct rules_history_subject){.known = true, .event = ranking->event, .count = 2};
	arena_init(&ranking->arena, (size_t)1 << 30);
	look(ranking, &ranking->arena, &ranking->facts, &ranking->places);
	decide(ranking, &ranking->facts, &ranking->arena, &ranking->decision);
	if (ranking->decision.changed != (row->shape != MICRO_CALM))
		micro_fail("%s: the decision is not what the row is about", row->name);
	if (ranking->decision.changed &&
	    proto_patch(ranking->places, &ranking->decision.edits, &ranking->arena, &ranking->pieces, &err))
		micro_fail("%s", err.text);
	make_hop(ranking);
	return ranking;
}

static void drop(void *made)
{
	struct ranking *ranking = made;
	arena_done(&ranking->arena);
	rules_ruleset_drop(ranking->ruleset);
	proto_mapping_free(ranking->mapping);
	audit_subject_key_free(ranking->key);
	free((char *)ranking->message.at);
	free(ranking);
}

#define ROW(what, which, n, of, how, shape_of, target, others)                                               \
	{                                                                                                    \
		.name = what "/" #n "/" #of "/" how, .input = #n " items, " #of " rules, " how,              \
		.target_ns = target, .make = make, .step = step, .free = drop, .items = n, .rules = of,      \
		.shape = shape_of, .part = which, .more = others                                             \
	}
#define CALM(what, which, n, of, target)     ROW(what, which, n, of, "calm", MICRO_CALM, target, NULL)
#define OVER(what, which, n, of, target)     ROW(what, which, n, of, "over", MICRO_OVER, target, NULL)
#define REVERSED(what, which, n, of, target) ROW(what, which, n, of, "reversed", MICRO_REVERSED, target, NULL)
#define ONLY(what, n, how, shape_of, others) ROW(what, DECIDE, n, 1, how, shape_of, 0, others)

static const char bound[] =
	"{ id = \"a\"; kind = \"score_bound\"; max_absolute = 0.5; max_relative = 0.5; reason = \"One.\"; },";
static const char shift[] = "{ id = \"a\"; kind = \"rank_shift\"; max_places = 20; reason = \"One.\"; },";

static const struct micro_row rows[] = {
	CALM("whole", WHOLE, 10, 20, 0),
	CALM("whole", WHOLE, 100, 20, 10e3),
	CALM("whole", WHOLE, 1000, 20, 120e3),
	CALM("whole", WHOLE, 20000, 20, 2400e3),
	OVER("whole", WHOLE, 10, 20, 0),
	OVER("whole", WHOLE, 100, 20, 10e3),
	OVER("whole", WHOLE, 1000, 20, 120e3),
	OVER("whole", WHOLE, 20000, 20, 0),
	REVERSED("whole", WHOLE, 100, 20, 10e3),
	REVERSED("whole", WHOLE, 1000, 20, 120e3),
	REVERSED("whole", WHOLE, 20000, 20, 0),
	CALM("view", VIEW, 10, 20, 0),
	CALM("view", VIEW, 100, 20, 0),
	CALM("view", VIEW, 1000, 20, 0),
	CALM("view", VIEW, 20000, 20, 0),
	CALM("decide", DECIDE, 10, 20, 0),
	CALM("decide", DECIDE, 100, 1, 0),
	CALM("decide", DECIDE, 100, 20, 0),
	CALM("decide", DECIDE, 100, 200, 0),
	CALM("decide", DECIDE, 1000, 20, 0),
	CALM("decide", DECIDE, 20000, 20, 0),
	OVER("decide", DECIDE, 100, 1, 0),
	OVER("decide", DECIDE, 100, 20, 0),
	OVER("decide", DECIDE, 100, 200, 0),
	OVER("decide", DECIDE, 1000, 20, 0),
	REVERSED("decide", DECIDE, 100, 20, 0),
	REVERSED("decide", DECIDE, 1000, 20, 0),
	OVER("patch", PATCH, 100, 20, 0),
	OVER("patch", PATCH, 1000, 20, 0),
	REVERSED("patch", PATCH, 1000, 20, 0),
	OVER("record", RECORD, 10, 20, 0),
	OVER("record", RECORD, 100, 20, 0),
	OVER("record", RECORD, 1000, 20, 0),
	OVER("recorded", WHOLE | RECORD, 100, 20, 0),
	ONLY("values", 1000, "over", MICRO_OVER, bound),
	ONLY("places", 1000, "reversed", MICRO_REVERSED, shift),
	ONLY("places", 20000, "reversed", MICRO_REVERSED, shift),
};

const struct micro_table micro_rankings = {rows, sizeof rows / sizeof *rows};
