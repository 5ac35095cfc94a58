/* SPDX-License-Identifier: Apache-2.0
 *
 * The user's state: when ranking and weights go to the baseline and prompts are dropped, and what is said when
 * a rule cannot tell.
 */
#include "support.h"

#include "proto/time.h"
#include <math.h>

enum { EVENTS_MAX = 16 };

#define RULE(kind, keys) "rules = ( { id = \"c\"; kind = \"" kind "\"; reason = \"r\"; " keys " } );"
#define OPT_OUT(keys)	 RULE("opt_out", keys)
#define FLOOR(keys)	 RULE("confidence_floor", "min = 0.5; " keys)
#define CONFLICT(keys)                                                                                       \
	RULE("conflicting_signals", "window = \"1h\"; min_signals = 2; per = \"session\"; " keys)
#define DISMISSED "on = [ \"opt_out\", \"prompt_dismissed\" ]; for = \"1d\"; "

/* Items a b c and a weight. Adjusted: scores 3 2 1 with baselines 1 2 3, weight 0.5 of 1. */
enum ranking { ADJUSTED, NONE, AT_BASELINE, NO_BASELINE, PART };

struct row {
	const char *name, *rule;
	const char *session, *user; /* scripts; NULL: no id */
	bool opted_out;
	double confidence; /* 0: absent; NAN: as it is */
	enum ranking ranking;
	const char *prompts;
	const char *story, *left; /* texts, then items in order, "*" behind a reverted weight */
};

static const struct row rows[] = {
	{"opt-out: nobody did", OPT_OUT(""), "", "", false, 0, ADJUSTED, "q", "", "|q|abc"},
	{"opt-out: the request says so", OPT_OUT(""), NULL, NULL, true, 0, ADJUSTED, "qa",
	 "c revert exceeded; c suppress exceeded 0,1", "|cba*"},
	{"opt-out: the user said so long ago", OPT_OUT(""), "", "O-900d", false, 0, ADJUSTED, "q",
	 "c revert exceeded; c suppress exceeded 0", "|cba*"},
	{"opt-out: the session alone", OPT_OUT(""), "O-1h", NULL, false, 0, ADJUSTED, "q",
	 "c revert exceeded; c suppress exceeded 0", "|cba*"},
	{"opt-out: until an opt-in", OPT_OUT(""), "", "O-2h I-1h", false, 0, ADJUSTED, "q", "", "|q|abc"},
	{"opt-out: and again", OPT_OUT(""), "", "O-3h I-2h O-1h", false, 0, ADJUSTED, "q",
	 "c revert exceeded; c suppress exceeded 0", "|cba*"},
	{"opt-out: an opt-in elsewhere ends it", OPT_OUT(""), "O-2h", "O-2h I-1h", false, 0, ADJUSTED, "q",
	 "", "|q|abc"},
	{"opt-out: elsewhere, later", OPT_OUT(""), "I-2h", "O-1h", false, 0, ADJUSTED, "q",
	 "c revert exceeded; c suppress exceeded 0", "|cba*"},
	{"opt-out: both at one time", OPT_OUT(""), "I-1h", "O-1h", false, 0, ADJUSTED, "q",
	 "c revert exceeded; c suppress exceeded 0", "|cba*"},
	{"opt-out: the request outweighs an opt-in", OPT_OUT(""), "I-1h", "I-1h", true, 0, ADJUSTED, "q",
	 "c revert exceeded; c suppress exceeded 0", "|cba*"},
	{"opt-out: prompts alone", OPT_OUT("honour = \"prompts\";"), "O-1h", NULL, false, 0, ADJUSTED, "q",
	 "c suppress exceeded 0", "|abc"},
	{"opt-out: adjustments alone", OPT_OUT("honour = \"adjustments\";"), "O-1h", NULL, false, 0, ADJUSTED,
	 "q", "c revert exceeded", "|q|cba*"},
	{"opt-out: the baseline is within", OPT_OUT(""), "O-1h", NULL, false, 0, AT_BASELINE, "", "", "|cba"},
	{"opt-out: items without a baseline go last", OPT_OUT(""), "O-1h", NULL, false, 0, PART, "",
	 "c revert exceeded", "|cab*"},
	{"opt-out: no baseline at all", OPT_OUT(""), "O-1h", NULL, false, 0, NO_BASELINE, "",
	 "c revert exceeded unsatisfied", "|abc*"},
	{"opt-out: no ranking", OPT_OUT(""), "O-1h", NULL, false, 0, NONE, "q", "c suppress exceeded 0", "|"},
	{"opt-out: no id", OPT_OUT(""), NULL, NULL, false, 0, ADJUSTED, "q", "c flag unknown", "|q|abc"},
	{"opt-out: no id, suppress", OPT_OUT("on_unknown = \"suppress\";"), NULL, NULL, false, 0, ADJUSTED,
	 "qa", "c suppress unknown 0,1", "|abc"},
	{"opt-out: no id, suppress, no prompt", OPT_OUT("on_unknown = \"suppress\";"), NULL, NULL, false, 0,
	 ADJUSTED, "", "c flag unknown", "|abc"},
	{"opt-out: no id, and nothing that matters", OPT_OUT(""), NULL, NULL, false, 0, AT_BASELINE, "", "",
	 "|cba"},
	{"opt-out: a dismissal is none", OPT_OUT(""), "x-1h", "", false, 0, ADJUSTED, "q", "", "|q|abc"},
	{"opt-out: but may count", OPT_OUT(DISMISSED), "", "x-1d+1", false, 0, ADJUSTED, "q",
	 "c revert exceeded; c suppress exceeded 0", "|cba*"},
	{"opt-out: for so long", OPT_OUT(DISMISSED), "x-1d", "x-1d", false, 0, ADJUSTED, "q", "", "|q|abc"},
	{"opt-out: an opt-in ends a dismissal", OPT_OUT(DISMISSED), "x-2h I-1h", "x-2h I-1h", false, 0,
	 ADJUSTED, "q", "", "|q|abc"},
	{"opt-out: a dismissal after an opt-in", OPT_OUT(DISMISSED), "I-2h x-1h", "", false, 0, ADJUSTED, "q",
	 "c revert exceeded; c suppress exceeded 0", "|cba*"},
	{"opt-out: an old dismissal does not end an opt-out", OPT_OUT(DISMISSED), "O-9d x-8d", "", false, 0,
	 ADJUSTED, "q", "c revert exceeded; c suppress exceeded 0", "|cba*"},
	{"opt-out: later than now is now", OPT_OUT(DISMISSED), "x-0+5", "", false, 0, ADJUSTED, "",
	 "c revert exceeded", "|cba*"},
	{"opt-out: observe", OPT_OUT("mode = \"observe\";"), "O-1h", NULL, false, 0, ADJUSTED, "q",
	 "(c suppress exceeded 0); (c revert exceeded)", "|q|abc"},
	{"opt-out: two rules, the smaller id is recorded",
	 "rules = ( { id = \"b\"; kind = \"opt_out\"; reason = \"r\"; }, { id = \"a\"; kind = \"opt_out\"; "
	 "reason = \"r\"; } );",
	 "O-1h", NULL, false, 0, ADJUSTED, "q", "a revert exceeded; a suppress exceeded 0", "|cba*"},
	{"opt-out: comes before every other rule",
	 "rules = ( { id = \"a\"; kind = \"score_bound\"; reason = \"r\"; max_absolute = 0; action = "
	 "\"reject\"; }, { id = \"b\"; kind = \"phrase_deny\"; reason = \"r\"; phrases = \"q\"; action = "
	 "\"reject\"; }, { id = \"c\"; kind = \"opt_out\"; reason = \"r\"; } );",
	 "O-1h", NULL, false, 0, ADJUSTED, "q", "c revert exceeded; c suppress exceeded 0", "|cba*"},

	{"confidence: enough", FLOOR(""), NULL, NULL, false, 0.5, ADJUSTED, "q", "", "|q|abc"},
	{"confidence: just below", FLOOR(""), NULL, NULL, false, 0.5 - 0x1p-53, ADJUSTED, "q",
	 "c revert exceeded", "|q|cba*"},
	{"confidence: absent", FLOOR(""), NULL, NULL, false, 0, ADJUSTED, "", "c revert unknown", "|cba*"},
	{"confidence: not a number", FLOOR(""), NULL, NULL, false, (double)NAN, ADJUSTED, "",
	 "c revert unknown", "|cba*"},
	{"confidence: infinite", FLOOR(""), NULL, NULL, false, (double)INFINITY, ADJUSTED, "",
	 "c revert unknown", "|cba*"},
	{"confidence: above 1 is enough", FLOOR(""), NULL, NULL, false, 7, ADJUSTED, "", "", "|abc"},
	{"confidence: negative is not", FLOOR(""), NULL, NULL, false, -1, ADJUSTED, "", "c revert exceeded",
	 "|cba*"},
	{"confidence: absent, flag", FLOOR("on_unknown = \"flag\";"), NULL, NULL, false, 0, ADJUSTED, "",
	 "c flag unknown", "|abc"},
	{"confidence: flag", FLOOR("action = \"flag\";"), NULL, NULL, false, 0.25, ADJUSTED, "",
	 "c flag exceeded", "|abc"},
	{"confidence: observe", FLOOR("mode = \"observe\";"), NULL, NULL, false, 0.25, ADJUSTED, "",
	 "(c revert exceeded)", "|abc"},
	{"confidence: the baseline is within", FLOOR(""), NULL, NULL, false, 0.25, AT_BASELINE, "", "",
	 "|cba"},
	{"confidence: no baseline at all", FLOOR(""), NULL, NULL, false, 0.25, NO_BASELINE, "",
	 "c revert exceeded unsatisfied", "|abc*"},
	{"confidence: no ranking", FLOOR(""), NULL, NULL, false, 0.25, NONE, "q", "", "|q|"},
	{"confidence: an observer sees what an enforcing rule left",
	 "rules = ( { id = \"a\"; kind = \"confidence_floor\"; reason = \"r\"; min = 0.5; mode = "
	 "\"observe\"; }, "
	 "{ id = \"b\"; kind = \"confidence_floor\"; reason = \"r\"; min = 0.4; } );",
	 NULL, NULL, false, 0.25, ADJUSTED, "", "b revert exceeded", "|cba*"},

	{"conflict: both signs on one category", CONFLICT(""), "s-5m:jazz s-4m:jazz d-3m:jazz n-2m:jazz",
	 NULL, false, 0, ADJUSTED, "q", "c revert exceeded", "|q|cba*"},
	{"conflict: one too few", CONFLICT(""), "s-5m:jazz s-4m:jazz d-3m:jazz", NULL, false, 0, ADJUSTED, "",
	 "", "|abc"},
	{"conflict: on different categories", CONFLICT(""), "s-5m:jazz s-4m:jazz d-3m:rock n-2m:rock", NULL,
	 false, 0, ADJUSTED, "", "", "|abc"},
	{"conflict: among others", CONFLICT(""), "s-9m:a d-8m:b s-5m:b n-4m:a s-3m:b d-2m:b", NULL, false, 0,
	 ADJUSTED, "", "c revert exceeded", "|cba*"},
	{"conflict: signals without category", CONFLICT(""), "s-5m s-4m d-3m n-2m", NULL, false, 0, ADJUSTED,
	 "", "", "|abc"},
	{"conflict: exactly a window ago", CONFLICT(""), "s-1h:jazz s-4m:jazz d-3m:jazz n-2m:jazz", NULL,
	 false, 0, ADJUSTED, "", "", "|abc"},
	{"conflict: a nanosecond less", CONFLICT(""), "s-1h+1:jazz s-4m:jazz d-3m:jazz n-2m:jazz", NULL,
	 false, 0, ADJUSTED, "", "c revert exceeded", "|cba*"},
	{"conflict: later than now is now", CONFLICT(""), "s-5m:jazz s-4m:jazz d-3m:jazz n-0+9:jazz", NULL,
	 false, 0, ADJUSTED, "", "c revert exceeded", "|cba*"},
	{"conflict: what was sent again counts once", CONFLICT(""),
	 "s-5m:jazz s-5m+9999999999:jazz d-3m:jazz n-2m:jazz", NULL, false, 0, ADJUSTED, "", "", "|abc"},
	{"conflict: what was said of one item again counts once", CONFLICT(""),
	 "s-5m:jazz@a s-5m+1:jazz@a d-3m:jazz n-2m:jazz", NULL, false, 0, ADJUSTED, "", "", "|abc"},
	{"conflict: another item is another opinion", CONFLICT(""),
	 "s-5m:jazz@a s-5m+1:jazz@b d-3m:jazz n-2m:jazz", NULL, false, 0, ADJUSTED, "", "c revert exceeded",
	 "|cba*"},
	{"conflict: ten seconds later it is another", CONFLICT(""),
	 "s-5m:jazz s-5m+10000000000:jazz d-3m:jazz n-2m:jazz", NULL, false, 0, ADJUSTED, "",
	 "c revert exceeded", "|cba*"},
	{"conflict: other signals have no sign", CONFLICT(""), "x-5m y-4m O-3m r-2m R", NULL, false, 0,
	 ADJUSTED, "", "", "|abc"},
	{"conflict: of the user alone", CONFLICT(""), "", "s-5m:jazz s-4m:jazz d-3m:jazz n-2m:jazz", false, 0,
	 ADJUSTED, "", "", "|abc"},
	{"conflict: the baseline is within", CONFLICT(""), "s-5m:jazz s-4m:jazz d-3m:jazz n-2m:jazz", NULL,
	 false, 0, AT_BASELINE, "", "", "|cba"},
	{"conflict: no session id", CONFLICT(""), NULL, "", false, 0, ADJUSTED, "", "c flag unknown", "|abc"},
	{"conflict: no session id, revert", CONFLICT("on_unknown = \"revert\";"), NULL, "", false, 0,
	 ADJUSTED, "", "c revert unknown", "|cba*"},
	{"conflict: flag", CONFLICT("action = \"flag\";"), "s-5m:jazz s-4m:jazz d-3m:jazz n-2m:jazz", NULL,
	 false, 0, ADJUSTED, "", "c flag exceeded", "|abc"},
	{"conflict: observe", CONFLICT("mode = \"observe\";"), "s-5m:jazz s-4m:jazz d-3m:jazz n-2m:jazz",
	 NULL, false, 0, ADJUSTED, "", "(c revert exceeded)", "|abc"},
};

struct scene {
	double score[3], baseline[3], weight[1], weight_baseline[1];
	uint8_t all[3], stated[3];
	struct bytes id[3], category[1];
	struct facts_prompt prompt[4];
	struct rules_event session[EVENTS_MAX], user[EVENTS_MAX];
};

static void set_ranking(struct scene *scene, struct facts *facts, enum ranking ranking)
{
	static const char *const ids[] = {"a", "b", "c"};
	bool flat = ranking == AT_BASELINE;
	for (size_t i = 0; i < 3; i++) {
		scene->id[i] = bytes_of(ids[flat ? 2 - i : i]);
		scene->score[i] = (double)(3 - i);
		scene->baseline[i] = flat ? (double)(3 - i) : (double)(i + 1);
		scene->all[i] = 1;
		scene->stated[i] = ranking != NO_BASELINE && (ranking != PART || i != 1);
	}
	scene->weight[0] = flat ? 1 : 0.5;
	scene->weight_baseline[0] = 1;
	scene->category[0] = BYTES_LITERAL("jazz");
	facts->item_count = ranking == NONE ? 0 : 3;
	facts->order = ORDER_SCORE_DESC;
	facts->item_id = scene->id;
	facts->item_score = (struct facts_numbers){scene->score, scene->all, false};
	facts->item_baseline = (struct facts_numbers){scene->baseline, scene->stated, false};
	facts->weight_count = ranking == NONE ? 0 : 1;
	facts->weight_category = scene->category;
	facts->weight = (struct facts_numbers){scene->weight, scene->all, false};
	facts->weight_baseline = (struct facts_numbers){scene->weight_baseline, scene->all, false};
}

static void set_scene(struct scene *scene, struct trial *trial, const struct row *row)
{
	static const char *const ids[] = {"0", "1", "2", "3"};
	*scene = (struct scene){.score = {0}};
	*trial = (struct trial){.facts = {.opted_out = row->opted_out,
					  .confidence = row->confidence,
					  .confidence_present = row->confidence < 0 || row->confidence > 0 ||
								isnan(row->confidence)}};
	set_ranking(scene, &trial->facts, row->ranking);
	trial->facts.prompts = scene->prompt;
	trial->facts.prompt_count = strlen(row->prompts);
	for (size_t i = 0; row->prompts[i]; i++)
		scene->prompt[i] =
			(struct facts_prompt){.id = bytes_of(ids[i]), .text = {&row->prompts[i], 1}};
	trial->history.session = (struct rules_history_subject){
		row->session, scene->session,
		row->session ? events_of(row->session, scene->session, EVENTS_MAX) : 0};
	trial->history.user = (struct rules_history_subject){
		row->user, scene->user, row->user ? events_of(row->user, scene->user, EVENTS_MAX) : 0};
}

static const char *left(struct trial *trial)
{
	const struct edits *edits = &trial->decision.edits;
	const char *text = trial_texts(trial);
	for (size_t place = 0; text && place < trial->facts.item_count; place++)
		text = arena_printf(
			&trial->arena, "%s%.*s", text,
			BYTES_ARG(trial->facts.item_id[edits->order ? edits->order[place] : place]));
	if (text && edits->weight)
		text = arena_printf(&trial->arena, "%s*", text);
	assert_non_null(text);
	return text;
}

/* Where a baseline is stated, what was reverted equals it. */
static void check_scores(const struct trial *trial, bool reverted)
{
	const struct edits *edits = &trial->decision.edits;
	for (size_t i = 0; i < trial->facts.item_count; i++) {
		bool set = edits->score && edits->score_set[i];
		double score = set ? edits->score[i] : trial->facts.item_score.value[i];
		double right = reverted && trial->facts.item_baseline.present[i]
				       ? trial->facts.item_baseline.value[i]
				       : trial->facts.item_score.value[i];
		assert_true(score <= right && score >= right);
	}
}

static void run_row(void **state)
{
	const struct row *row = *state;
	struct scene scene;
	struct trial trial;
	struct rules_ruleset *ruleset = ruleset_of(row->rule);
	set_scene(&scene, &trial, row);
	trial_decide(&trial, ruleset);
	assert_string_equal(trial_story(&trial), row->story);
	assert_string_equal(left(&trial), row->left);
	check_scores(&trial, strchr(row->left, '*') != NULL);
	trial_done(&trial);
	rules_ruleset_drop(ruleset);
}

/* What the first intervention says. */
struct said {
	const char *rule, *session, *observed, *limit;
	uint64_t evidence[6]; /* 0 ends */
};

static const struct said said[] = {
	{OPT_OUT(""), "O-3h x-2h", "the user opted out", "honour prompts+adjustments, on opt_out", {7}},
	{OPT_OUT(DISMISSED),
	 "I-3h x-2h x-1h",
	 "the user dismissed a prompt",
	 "honour prompts+adjustments, on opt_out+prompt_dismissed, for 1d",
	 {9}},
	{OPT_OUT(""), NULL, "no session or user id", "honour prompts+adjustments, on opt_out", {0}},
	{FLOOR(""), "", "confidence 0.25", "min 0.5", {0}},
	{CONFLICT(""),
	 "d-9m:x s-5m:jazz s-4m:jazz s-3m:jazz d-3m:jazz n-2m:jazz",
	 "3 for and 2 against jazz",
	 "window 1h, min_signals 2, per session",
	 {8, 9, 10, 11, 12}},
	{CONFLICT("on_unknown = \"flag\";"),
	 NULL,
	 "no session id",
	 "window 1h, min_signals 2, per session",
	 {0}},
};

static void decisions_say_what_was_seen(void **state)
{
	for (size_t i = 0; i < COUNT(said); i++) {
		const struct row row = {
			.rule = said[i].rule, .session = said[i].session, .prompts = "q", .confidence = 0.25};
		struct scene scene;
		struct trial trial;
		struct rules_ruleset *ruleset = ruleset_of(row.rule);
		set_scene(&scene, &trial, &row);
		trial_decide(&trial, ruleset);
		trial_says(&trial, said[i].observed, said[i].limit, said[i].evidence);
		trial_done(&trial);
		rules_ruleset_drop(ruleset);
	}
	(void)state;
}

static void what_a_ruleset_wants_of_history(void **state)
{
	static const struct {
		const char *rule;
		int64_t seconds;
		bool needs;
	} wants[] = {
		{OPT_OUT(""), 0, true},
		{OPT_OUT(DISMISSED), 86400, true},
		{OPT_OUT("mode = \"off\";"), 0, false},
		{FLOOR(""), 0, false},
		{CONFLICT(""), 3600, true},
		{RULE("prompt_gap", "gap = \"1h\"; per = \"user\";"), 3600, false},
	};
	for (size_t i = 0; i < COUNT(wants); i++) {
		struct rules_ruleset *ruleset = ruleset_of(wants[i].rule);
		assert_int_equal(rules_ruleset_longest_window(ruleset), wants[i].seconds * TIME_SECOND);
		assert_int_equal(rules_ruleset_needs_history(ruleset), wants[i].needs);
		rules_ruleset_drop(ruleset);
	}
	(void)state;
}

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(decisions_say_what_was_seen),
		cmocka_unit_test(what_a_ruleset_wants_of_history),
	};
	return ROWS_RUN("state", rows, run_row, others, COUNT(others));
}
