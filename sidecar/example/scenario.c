/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/example/scenario.h"

#include "sidecar/example/compare.h"
#include <stdlib.h>

static const struct scene {
	const char *told;		/* %s is the category */
	Rankguard__V1__SignalKind kind; /* unspecified: a ranking is asked for */
} scenes[] = {
	{"Mia opens her home page.", 0},
	{"\"Not in the mood for %s.\" She reports it.", RANKGUARD__V1__SIGNAL_KIND__SIGNAL_KIND_DISSATISFIED},
	{"She goes back to the home page.", 0},
	{"\"Still too much %s.\"", RANKGUARD__V1__SIGNAL_KIND__SIGNAL_KIND_DISSATISFIED},
	{"The home page again.", 0},
	{"She closes the prompt without an answer.",
	 RANKGUARD__V1__SIGNAL_KIND__SIGNAL_KIND_PROMPT_DISMISSED},
	{"The home page again.", 0},
	{"\"Really, no more %s now.\"", RANKGUARD__V1__SIGNAL_KIND__SIGNAL_KIND_NOT_RELEVANT},
	{"The home page again.", 0},
	{"\"And still %s?\"", RANKGUARD__V1__SIGNAL_KIND__SIGNAL_KIND_DISSATISFIED},
	{"The home page again.", 0},
	{"She turns these prompts off.", RANKGUARD__V1__SIGNAL_KIND__SIGNAL_KIND_OPT_OUT},
	{"The home page, one last time.", 0},
};

/* Her page holds these; the recommender is asked for their order, so that what it moves stays in sight. */
static const char *const shelf[] = {"classical-26", "classical-13", "classical-27", "jazz-04",	"jazz-41",
				    "folk-32",	    "kids-07",	    "comedy-09",    "crime-16", "science-20"};

enum { SHELF = sizeof shelf / sizeof *shelf };

enum { SCENES = sizeof scenes / sizeof *scenes, CATEGORY_MAX = 32, ID_MAX = 64, MESSAGE_MAX = 512 };

/* What is told at the end, one row a ranking. */
struct row {
	size_t scene;
	struct compare_counts counts;
	char actions[80], receipt[120];
};

struct play {
	struct client *client;
	struct proposal_reader *proposals;
	const struct scenario *scenario;
	FILE *out;
	struct catalogue catalogue;
	char category[CATEGORY_MAX]; /* of what Mia was shown first: this is what she complains about */
	char prompt[ID_MAX];	     /* the last one that she saw */
	struct row row[SCENES];
	size_t rows;
};

static char *text(const char *constant)
{
	return (char *)(uintptr_t)constant; /* protobuf-c's plain pointers are not written through here */
}

/* One call from start to end. False: it did not end OK. The caller ends *call in both cases. */
static bool do_call(struct play *play, const char *method, struct bytes message, struct client_call *call,
		    struct err *err)
{
	client_start(play->client, call, method, message, play->scenario->timeout_ms);
	client_next(play->client);
	if (call->status != GRPC_STATUS_OK)
		return err_set(err, "%s: status %d: %.*s; is the server there?", method, (int)call->status,
			       BYTES_ARG(call->details));
	return true;
}

static bool send_signal(struct play *play, Rankguard__V1__SignalKind kind, struct err *err)
{
	uint8_t room[MESSAGE_MAX];
	struct client_call call = {0};
	Rankguard__V1__SignalRequest signal = RANKGUARD__V1__SIGNAL_REQUEST__INIT;
	signal.user_id = text("mia");
	signal.session_id = text(play->scenario->session);
	signal.kind = kind;
	if (kind == RANKGUARD__V1__SIGNAL_KIND__SIGNAL_KIND_PROMPT_DISMISSED)
		signal.prompt_id = play->prompt;
	else
		signal.category = play->category;
	struct bytes message = {(const char *)room, rankguard__v1__signal_request__pack(&signal, room)};
	bool done = do_call(play, "/rankguard.v1.RankingService/ReportSignal", message, &call, err);
	client_call_done(&call);
	return done;
}

static void remember(struct play *play, const struct compare *compare, size_t scene)
{
	const Rankguard__V1__RankResponse *governed = compare->governed;
	struct row *row = &play->row[play->rows++];
	row->scene = scene;
	row->counts = compare_count(compare);
	snprintf(row->actions, sizeof row->actions, "%.*s", BYTES_ARG(compare->actions));
	snprintf(row->receipt, sizeof row->receipt, "%.*s", BYTES_ARG(compare->receipt));
	if (!*play->category && governed->n_items > 0)
		snprintf(play->category, sizeof play->category, "%s", governed->items[0]->category);
	if (governed->n_prompts > 0)
		snprintf(play->prompt, sizeof play->prompt, "%s", governed->prompts[0]->prompt_id);
}

/* Proposed bytes and governed bytes, decoded, shown and remembered. */
static bool show(struct play *play, size_t scene, const struct client_call *call, struct bytes proposed,
		 struct err *err)
{
	Rankguard__V1__RankResponse *before =
		rankguard__v1__rank_response__unpack(NULL, proposed.len, (const uint8_t *)proposed.at);
	Rankguard__V1__RankResponse *after = rankguard__v1__rank_response__unpack(
		NULL, call->response.len, (const uint8_t *)call->response.at);
	bool done = before && after;
	if (done) {
		struct compare compare = {.catalogue = &play->catalogue,
					  .proposed = before,
					  .governed = after,
					  .identical = bytes_equal(proposed, call->response),
					  .actions = client_trailer(call, "rankguard-actions", 0),
					  .rules = client_trailer(call, "rankguard-rules", 0),
					  .receipt = client_trailer(call, "rankguard-decision", 0)};
		compare.category = play->category;
		remember(play, &compare, scene);
		compare_print(&compare, play->out);
	} else {
		err_set(err, "step %zu: a response is not a RankResponse; ask servers of the canonical API",
			scene + 1);
	}
	rankguard__v1__rank_response__free_unpacked(before, NULL);
	rankguard__v1__rank_response__free_unpacked(after, NULL);
	return done;
}

static bool ask_ranking(struct play *play, size_t scene, struct err *err)
{
	uint8_t room[MESSAGE_MAX];
	struct client_call call = {0};
	struct buf proposed = {0};
	Rankguard__V1__RankRequest request = RANKGUARD__V1__RANK_REQUEST__INIT;
	request.user_id = text("mia");
	request.session_id = text(play->scenario->session);
	request.surface = text("home");
	request.locale = text("en");
	request.time_zone = text("Europe/Berlin");
	request.limit = SHELF;
	Rankguard__V1__Candidate candidate[SHELF], *candidates[SHELF];
	for (size_t i = 0; i < SHELF; i++) {
		rankguard__v1__candidate__init(candidates[i] = &candidate[i]);
		candidate[i].item_id = text(shelf[i]);
	}
	request.candidates = candidates;
	request.n_candidates = SHELF;
	struct bytes message = {(const char *)room, rankguard__v1__rank_request__pack(&request, room)};
	bool done = do_call(play, "/rankguard.v1.RankingService/Rank", message, &call, err) &&
		    proposal_newest(play->proposals, &proposed, err) &&
		    show(play, scene, &call, buf_bytes(&proposed), err);
	buf_done(&proposed);
	client_call_done(&call);
	return done;
}

static void print_rows(const struct play *play)
{
	fprintf(play->out, "\nThe whole session: proposed against governed\n");
	fprintf(play->out, "  %-5s %-17s %-8s %-6s %-7s %-30s %s\n", "step", "prompts", "words", "scores",
		"places", "actions", "receipt");
	fprintf(play->out, "  %-5s %-17s %-8s %-6s %-7s\n", "", "proposed / shown", "replaced", "moved",
		"changed");
	for (size_t i = 0; i < play->rows; i++) {
		const struct row *row = &play->row[i];
		fprintf(play->out, "  %4zu  %8zu / %-6zu %8zu %6zu %7zu  %-30s %s\n", row->scene + 1,
			row->counts.prompts_proposed, row->counts.prompts_governed,
			row->counts.prompts_changed, row->counts.scores, row->counts.places,
			*row->actions ? row->actions : "-", *row->receipt ? row->receipt : "-");
	}
}

static void tell(const struct play *play, size_t scene)
{
	const char *told = scenes[scene].told;
	const char *slot = strstr(told, "%s");
	fprintf(play->out, "\nStep %zu. ", scene + 1);
	if (slot)
		fprintf(play->out, "%.*s%s%s\n", (int)(slot - told), told, play->category, slot + 2);
	else
		fprintf(play->out, "%s\n", told);
}

bool scenario_run(struct client *client, struct proposal_reader *proposals, const struct scenario *scenario,
		  FILE *out, struct err *err)
{
	struct play *play = calloc(1, sizeof *play);
	if (!play)
		return err_set(err, "scenario: memory is short; it needs less than a megabyte");
	*play = (struct play){.client = client, .proposals = proposals, .scenario = scenario, .out = out};
	catalogue_init(&play->catalogue);
	bool done = true;
	for (size_t i = 0; i < SCENES && done; i++) {
		tell(play, i);
		done = scenes[i].kind ? send_signal(play, scenes[i].kind, err) : ask_ranking(play, i, err);
	}
	if (done)
		print_rows(play);
	free(play);
	return done;
}
