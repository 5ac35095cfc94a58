/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/example/model.h"

#include "sidecar/example/catalogue.h"
#include "sidecar/example/wording.h"
#include <math.h>
#include <stdlib.h>

enum { BUCKETS = 4096, DEFAULT_LIMIT = 20 };

/* How the model feels about one session. */
struct session {
	struct session *same_bucket, *next_newer;
	char *id; /* owned */
	unsigned complaints[CATALOGUE_CATEGORIES];
	unsigned complained; /* all categories together */
	unsigned dismissed, asked;
	size_t sore; /* the category of the last complaint */
	size_t top;  /* the category of the item that was shown first */
	bool upset, reproachful, opted_out;
};

struct model {
	struct catalogue catalogue;
	struct session *bucket[BUCKETS];
	struct session *oldest, *newest;
	size_t count;
};

struct model *model_new(void)
{
	struct model *model = calloc(1, sizeof *model);
	if (model)
		catalogue_init(&model->catalogue);
	return model;
}

static struct session **bucket_of(struct model *model, const char *id)
{
	return &model->bucket[catalogue_hash(bytes_of(id), 0) % BUCKETS];
}

static void forget_oldest(struct model *model)
{
	struct session *oldest = model->oldest;
	struct session **link = bucket_of(model, oldest->id);
	while (*link != oldest)
		link = &(*link)->same_bucket;
	*link = oldest->same_bucket;
	model->oldest = oldest->next_newer;
	if (!model->oldest)
		model->newest = NULL;
	model->count--;
	free(oldest->id);
	free(oldest);
}

void model_free(struct model *model)
{
	while (model && model->oldest)
		forget_oldest(model);
	free(model);
}

static struct session *session_new(struct model *model, const char *id)
{
	struct session *session = calloc(1, sizeof *session);
	char *copy = strdup(id);
	if (!session || !copy) {
		free(session);
		free(copy);
		return NULL;
	}
	struct session **bucket = bucket_of(model, id);
	session->id = copy;
	session->same_bucket = *bucket;
	*bucket = session;
	if (model->newest)
		model->newest->next_newer = session;
	else
		model->oldest = session;
	model->newest = session;
	if (++model->count > MODEL_SESSIONS)
		forget_oldest(model);
	return session;
}

/* Found or made; NULL when memory is short. */
static struct session *session_of(struct model *model, const char *id)
{
	for (struct session *session = *bucket_of(model, id); session; session = session->same_bucket)
		if (strcmp(session->id, id) == 0)
			return session;
	return session_new(model, id);
}

/* What a complaint is about: the category named, else the item's, else what was shown first. */
static size_t blamed(const struct model *model, const struct session *session,
		     const Rankguard__V1__SignalRequest *signal)
{
	size_t category = catalogue_category_named(bytes_of(signal->category));
	const struct catalogue_item *item = catalogue_find(&model->catalogue, bytes_of(signal->item_id));
	if (category < CATALOGUE_CATEGORIES)
		return category;
	return item ? item->category : session->top;
}

static void complain(struct session *session, size_t category)
{
	session->complaints[category]++;
	session->complained++;
	session->sore = category;
	session->upset = true;
}

/* Starts over; the numbers of prompts go on, for their ids must not come twice. */
static void forgive(struct session *session)
{
	memset(session->complaints, 0, sizeof session->complaints);
	session->complained = session->dismissed = 0;
	session->upset = session->reproachful = session->opted_out = false;
}

bool model_signal(struct model *model, const Rankguard__V1__SignalRequest *signal)
{
	const char *id = *signal->session_id ? signal->session_id : signal->user_id;
	if (!*id)
		return true;
	struct session *session = session_of(model, id);
	if (!session)
		return false;
	switch (signal->kind) {
	case RANKGUARD__V1__SIGNAL_KIND__SIGNAL_KIND_DISSATISFIED:
	case RANKGUARD__V1__SIGNAL_KIND__SIGNAL_KIND_NOT_RELEVANT:
		complain(session, blamed(model, session, signal));
		break;
	case RANKGUARD__V1__SIGNAL_KIND__SIGNAL_KIND_SATISFIED:
	case RANKGUARD__V1__SIGNAL_KIND__SIGNAL_KIND_PROMPT_ANSWERED:
		session->upset = false;
		break;
	case RANKGUARD__V1__SIGNAL_KIND__SIGNAL_KIND_PROMPT_DISMISSED:
		session->dismissed++;
		session->reproachful = true;
		break;
	case RANKGUARD__V1__SIGNAL_KIND__SIGNAL_KIND_OPT_OUT:
		session->opted_out = true;
		break;
	case RANKGUARD__V1__SIGNAL_KIND__SIGNAL_KIND_OPT_IN:
		session->opted_out = false;
		break;
	case RANKGUARD__V1__SIGNAL_KIND__SIGNAL_KIND_RESET:
		forgive(session);
		break;
	case RANKGUARD__V1__SIGNAL_KIND__SIGNAL_KIND_UNSPECIFIED:
	case RANKGUARD__V1__SIGNAL_KIND__SIGNAL_KIND_PROMPT_SHOWN:
	case _RANKGUARD__V1__SIGNAL_KIND_IS_INT_SIZE:
		break;
	}
	return true;
}

/* Scores have four digits, so that tables and logs read well. */
static double rounded(double value)
{
	return round(value * 10000) / 10000;
}

/* How liked each category is by this person before any complaint: 0.70 to 1. */
static double baseline_weight(const char *person, size_t category)
{
	return rounded(0.70 + 0.30 * catalogue_share(bytes_of(person), 100 + category));
}

/* What the complaints of this session make of a category; see the table in the header. */
static double factor(const struct session *session, size_t category)
{
	static const double lowered[] = {1, 0.85, 0.45, 0};
	enum { WORST = sizeof lowered / sizeof *lowered - 1 };
	unsigned complaints = session->complaints[category];
	double value = lowered[complaints < WORST ? complaints : WORST];
	if (complaints == 0 && session->complained >= 2)
		value = category % 2 == session->sore % 2 ? 1 : 1.35;
	return session->dismissed > 0 ? value * 0.8 : value;
}

struct scored {
	const struct catalogue_item *item;
	double score, baseline;
};

static int best_first(const void *left, const void *right)
{
	const struct scored *a = left, *b = right;
	if (a->score != b->score)
		return a->score > b->score ? -1 : 1;
	return strcmp(a->item->id, b->item->id);
}

/* The items to choose from: the request's candidates with their own scores, else the whole catalogue. */
static size_t candidates(const struct model *model, const Rankguard__V1__RankRequest *request,
			 const char *person, struct scored scored[CATALOGUE_ITEMS])
{
	size_t count = 0;
	for (size_t i = 0; i < CATALOGUE_ITEMS && request->n_candidates == 0; i++) {
		const struct catalogue_item *item = &model->catalogue.item[i];
		double baseline = rounded(item->popularity * baseline_weight(person, item->category));
		scored[count++] = (struct scored){item, baseline, baseline};
	}
	for (size_t i = 0; i < request->n_candidates && i < CATALOGUE_ITEMS; i++) {
		const Rankguard__V1__Candidate *from = request->candidates[i];
		const struct catalogue_item *item =
			catalogue_find(&model->catalogue, bytes_of(from->item_id));
		bool given = from->score_presence_case == RANKGUARD__V1__CANDIDATE__SCORE_PRESENCE_SCORE &&
			     isfinite(from->score);
		if (item) {
			double liked = item->popularity * baseline_weight(person, item->category);
			double baseline = given ? from->score : rounded(liked);
			scored[count++] = (struct scored){item, baseline, baseline};
		}
	}
	return count;
}

static bool fill_items(const struct scored *scored, size_t count, struct arena *arena,
		       Rankguard__V1__RankResponse *response)
{
	Rankguard__V1__RankedItem *item = arena_array(arena, count, sizeof *item);
	response->items = arena_array(arena, count, sizeof(Rankguard__V1__RankedItem *));
	char **tag = arena_array(arena, count, sizeof *tag);
	if (count > 0 && (!item || !response->items || !tag))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct catalogue_item *from = scored[i].item;
		tag[i] = (char *)(uintptr_t)from->tag;
		rankguard__v1__ranked_item__init(&item[i]);
		item[i].item_id = (char *)(uintptr_t)from->id;
		item[i].category = (char *)(uintptr_t)catalogue_category(from->category);
		item[i].source = (char *)(uintptr_t)from->source;
		item[i].tags = &tag[i];
		item[i].n_tags = 1;
		item[i].score_presence_case = RANKGUARD__V1__RANKED_ITEM__SCORE_PRESENCE_SCORE;
		item[i].score = scored[i].score;
		item[i].baseline_score_presence_case =
			RANKGUARD__V1__RANKED_ITEM__BASELINE_SCORE_PRESENCE_BASELINE_SCORE;
		item[i].baseline_score = scored[i].baseline;
		response->items[i] = &item[i];
	}
	response->n_items = count;
	return true;
}

static bool fill_weights(const struct session *session, const char *person, struct arena *arena,
			 Rankguard__V1__RankResponse *response)
{
	Rankguard__V1__CategoryWeight *weight = arena_array(arena, CATALOGUE_CATEGORIES, sizeof *weight);
	response->category_weights =
		arena_array(arena, CATALOGUE_CATEGORIES, sizeof(Rankguard__V1__CategoryWeight *));
	if (!weight || !response->category_weights)
		return false;
	for (size_t i = 0; i < CATALOGUE_CATEGORIES; i++) {
		double baseline = baseline_weight(person, i);
		rankguard__v1__category_weight__init(&weight[i]);
		weight[i].category = (char *)(uintptr_t)catalogue_category(i);
		weight[i].weight_presence_case = RANKGUARD__V1__CATEGORY_WEIGHT__WEIGHT_PRESENCE_WEIGHT;
		weight[i].weight = rounded(baseline * factor(session, i));
		weight[i].baseline_weight_presence_case =
			RANKGUARD__V1__CATEGORY_WEIGHT__BASELINE_WEIGHT_PRESENCE_BASELINE_WEIGHT;
		weight[i].baseline_weight = baseline;
		response->category_weights[i] = &weight[i];
	}
	response->n_category_weights = CATALOGUE_CATEGORIES;
	return true;
}

static enum wording_moment moment_of(const struct session *session)
{
	static const enum wording_moment by_complaints[] = {WORDING_CONTENT, WORDING_SORRY, WORDING_BLAME,
							    WORDING_QUESTION, WORDING_SHOUT};
	enum { WORST = sizeof by_complaints / sizeof *by_complaints - 1 };
	if (session->opted_out)
		return WORDING_INSIST;
	if (session->reproachful)
		return WORDING_REPROACH;
	if (!session->upset)
		return WORDING_CONTENT;
	return by_complaints[session->complained < WORST ? session->complained : WORST];
}

/* Confidence falls with everything that went wrong. */
static double confidence_of(const struct session *session)
{
	return fmax(0.1, rounded(0.9 - 0.15 * session->complained - 0.1 * session->dismissed));
}

static bool fill_words(struct session *session, struct arena *arena, Rankguard__V1__RankResponse *response)
{
	enum wording_moment moment = moment_of(session);
	const char *sore = catalogue_category(session->sore);
	const char *about = moment == WORDING_CONTENT ? catalogue_category(session->top) : sore;
	response->confidence_presence_case = RANKGUARD__V1__RANK_RESPONSE__CONFIDENCE_PRESENCE_CONFIDENCE;
	response->confidence = confidence_of(session);
	response->model_version = (char *)(uintptr_t) "deescalation-demo-1";
	response->explanation = wording_explanation(moment, about, arena);
	session->reproachful = false; /* once is enough even for this model */
	return response->explanation && wording_prompts(moment, sore, &session->asked, arena, response);
}

static size_t clipped(int32_t value, size_t fallback, size_t most)
{
	size_t wanted = value > 0 ? (size_t)value : fallback;
	return wanted < most ? wanted : most;
}

bool model_rank(struct model *model, const Rankguard__V1__RankRequest *request, struct arena *arena,
		Rankguard__V1__RankResponse *response)
{
	struct session nobody = {0};
	const char *id = *request->session_id ? request->session_id : request->user_id;
	const char *person = *request->user_id ? request->user_id : id;
	struct session *session = *id ? session_of(model, id) : &nobody;
	struct scored *scored = arena_array(arena, CATALOGUE_ITEMS, sizeof *scored);
	if (!session || !scored)
		return false;

	size_t count = candidates(model, request, person, scored);
	for (size_t i = 0; i < count; i++)
		scored[i].score = rounded(scored[i].baseline * factor(session, scored[i].item->category));
	qsort(scored, count, sizeof *scored, best_first);
	if (count > 0)
		session->top = scored[0].item->category;

	size_t from = clipped(request->offset, 0, count);
	size_t shown = clipped(request->limit, DEFAULT_LIMIT, count - from);
	rankguard__v1__rank_response__init(response);
	return fill_items(scored + from, shown, arena, response) &&
	       fill_weights(session, person, arena, response) && fill_words(session, arena, response);
}
