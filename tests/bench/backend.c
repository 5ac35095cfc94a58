/* SPDX-License-Identifier: Apache-2.0
 *
 * usage: backend LISTEN calm|overdone [ITEMS]
 *
 * The recommender of benchmarks: every method is answered with one prebuilt canonical response of ITEMS items
 * (100; about 5 KB), so that the backend costs little and the same in every arm. `calm`: scores at their
 * baseline, nothing to govern; `overdone`: all scores at a quarter of it, so that every response is changed.
 */
#include "rankguard/v1/ranking.pb-c.h"
#include "sidecar/example/serve.h"
#include "sidecar/library.h"
#include <stdio.h>
#include <stdlib.h>

enum { ITEMS_MAX = 20000 };

struct backend {
	grpc_slice response;
};

/* Ids of 12 bytes, so that 100 items are about 5 KB. */
static void fill_item(Rankguard__V1__RankedItem *item, char id[32], size_t place, size_t count, double factor)
{
	static char category[4][8] = {"jazz", "folk", "crime", "rock"}, source[] = "popular";
	rankguard__v1__ranked_item__init(item);
	snprintf(id, 32, "item-%07zu", place);
	item->item_id = id;
	item->category = category[place % 4];
	item->source = source;
	item->score_presence_case = RANKGUARD__V1__RANKED_ITEM__SCORE_PRESENCE_SCORE;
	item->baseline_score_presence_case =
		RANKGUARD__V1__RANKED_ITEM__BASELINE_SCORE_PRESENCE_BASELINE_SCORE;
	item->baseline_score = 1.0 - 0.9 * (double)place / (double)count;
	item->score = item->baseline_score * factor;
}

static grpc_slice make_response(size_t count, double factor)
{
	Rankguard__V1__RankResponse response = RANKGUARD__V1__RANK_RESPONSE__INIT;
	Rankguard__V1__RankedItem *item = calloc(count, sizeof *item);
	char(*id)[32] = calloc(count, sizeof *id);
	response.items = calloc(count, sizeof(Rankguard__V1__RankedItem *));
	if (!item || !id || !response.items)
		abort();
	for (size_t i = 0; i < count; i++) {
		fill_item(&item[i], id[i], i, count, factor);
		response.items[i] = &item[i];
	}
	char explanation[] = "Because people with your taste listen to jazz.", version[] = "bench-1";
	response.n_items = count;
	response.explanation = explanation;
	response.model_version = version;
	grpc_slice slice = grpc_slice_malloc(rankguard__v1__rank_response__get_packed_size(&response));
	rankguard__v1__rank_response__pack(&response, GRPC_SLICE_START_PTR(slice));
	free(response.items);
	free(id);
	free(item);
	return slice;
}

static void answer(void *ctx, const struct serve_request *request, struct serve_answer *to)
{
	const struct backend *backend = ctx;
	(void)request;
	to->message[to->count++] = grpc_slice_ref(backend->response);
}

int main(int argc, char **argv)
{
	struct err err;
	bool overdone = argc > 2 && strcmp(argv[2], "overdone") == 0;
	size_t items = argc > 3 ? strtoul(argv[3], NULL, 10) : 100;
	if (!sidecar_library_prepare())
		fprintf(stderr, "backend: Abseil's lock checker stays on; the figures will be low\n");
	if (argc < 3 || !(overdone || strcmp(argv[2], "calm") == 0) || items < 1 || items > ITEMS_MAX) {
		fprintf(stderr, "usage: backend LISTEN calm|overdone [ITEMS]\n");
		return 2;
	}
	struct backend backend = {make_response(items, overdone ? 0.25 : 1)};
	bool served = serve_run(argv[1], (struct serve_handler){answer, &backend}, &err);
	if (!served)
		fprintf(stderr, "backend: %s\n", err.text);
	grpc_slice_unref(backend.response);
	return served ? 0 : 3;
}
