/* SPDX-License-Identifier: Apache-2.0
 *
 * Rules beside a mapping: every finding about the two, its whole message pinned. Each row is a rule file, and
 * what of the canonical API a recommender's mapping gives.
 */
#include "support.h"

#include "proto/mapping_read.h"
#include "rules/suit.h"
#include <stdio.h>
#include <stdlib.h>

/* The mappings that rows choose from: the schema of the canonical API, less of it mapped. */
#define RANK "{ method = \"/rankguard.v1.RankingService/Rank\";\n"

/* By line 4 of the configuration. */
enum mapping { CANONICAL, BARE, NO_BASELINE, PROMPTS_ONLY, TEXTLESS, KINDS, JOINED, READ_ONLY };
static const char *const mappings[] = {
	[CANONICAL] = NULL,
	[BARE] =
		RANK "response: { items = \"items\"; item: { id = \"item_id\"; score = \"score\"; baseline = "
		     "\"baseline_score\"; };\nprompts = \"prompts\"; prompt: { text = \"text\"; }; }; }",
	[NO_BASELINE] =
		RANK "request: { session = \"session_id\"; };\nresponse: { items = \"items\"; item: { id "
		     "= \"item_id\"; score = \"score\"; };\nweights = \"category_weights\"; weight: { "
		     "category = \"category\"; weight = \"weight\"; }; }; }",
	[PROMPTS_ONLY] = RANK "request: { session = \"session_id\"; locale = \"locale\"; };\nresponse: { "
			      "prompts = \"prompts\"; prompt: { text = \"text\"; }; }; }",
	[TEXTLESS] =
		RANK "request: { session = \"session_id\"; };\nresponse: { prompts = \"prompts\"; prompt: { "
		     "id = \"prompt_id\"; }; }; }",
	[JOINED] = RANK
	"request: { candidates = \"candidates\"; candidate: { id = \"item_id\"; score = \"score\"; }; };\n"
	"response: { items = \"items\"; item: { id = \"item_id\"; score = \"score\"; }; }; }",
	[READ_ONLY] = RANK
	"response: { items = \"prompts\"; item: { id = \"prompt_id\"; score = \"kind\"; baseline = "
	"\"choices[0].kind\"; };\nprompts = \"items\"; prompt: { id = \"tags[0]\"; text = \"tags[1]\"; }; }; "
	"}",
	[KINDS] = RANK "response: { prompts = \"prompts\"; prompt: { text = \"text\"; kind = \"kind\"; kinds "
		       "= ( { from = \"PROMPT_KIND_PAUSE\"; to = \"pause\"; } );\nchoices = \"choices\"; }; "
		       "choice: { label = \"label\"; kind = \"const:decline\"; }; }; }",
};

#define CAN_RANK "/rankguard.v1.RankingService/Rank (m.cfg:3)"
#define CAPS                                                                                                 \
	"note: m.cfg: caps, gaps and waits hold within one sidecar: with several replicas route a session "  \
	"to "                                                                                                \
	"one of them, or divide the caps"

static const struct row {
	const char *name;
	enum mapping mapping;
	const char *text, *findings;
} rows[] = {
	{"the canonical API gives everything", CANONICAL,
	 "rules = ( { id = \"a\"; kind = \"score_bound\"; max_absolute = 1; reason = \"r\"; },\n"
	 "{ id = \"b\"; kind = \"confidence_floor\"; min = 0.5; reason = \"r\"; },\n"
	 "{ id = \"c\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; when = { surface = \"home\"; }; "
	 "kinds = \"pause\"; reason = \"r\"; },\n"
	 "{ id = \"d\"; kind = \"opt_out\"; reason = \"r\"; } );",
	 ""},
	{"candidates of the request are a baseline", JOINED,
	 "rules = ( { id = \"a\"; kind = \"score_bound\"; max_absolute = 1; action = \"revert\"; reason = "
	 "\"r\"; } );",
	 ""},
	{"a fallback whose kind has no value", KINDS,
	 "rules = ( { id = \"a\"; kind = \"phrase_deny\"; phrases = \"x\"; reason = \"r\"; fallback = \"n\"; "
	 "} "
	 ");\n"
	 "texts = ( { id = \"n\"; locale = \"en\"; kind = \"acknowledgement\"; text = \"Sorry.\"; } );",
	 "a.cfg:2: rule a: fallback \"n\" (en) cannot be written on " CAN_RANK ", which has no value of "
	 "prompt.kind for \"acknowledgement\"; add it to kinds, or choose another fallback"},
	{"a fallback whose choice has no value", KINDS,
	 "rules = ( { id = \"a\"; kind = \"phrase_deny\"; phrases = \"x\"; reason = \"r\"; fallback = \"n\"; "
	 "} "
	 ");\n"
	 "texts = ( { id = \"n\"; locale = \"en\"; kind = \"pause\"; text = \"Sorry.\"; choices = ( { kind = "
	 "\"decline\"; label = \"No\"; }, { kind = \"accept\"; label = \"Yes\"; } ); } );",
	 "a.cfg:2: rule a: fallback \"n\" (en) cannot be written on " CAN_RANK ", which has no value of "
	 "choice.kind for \"accept\"; add it to kinds, or choose another fallback"},
	{"caps that count history hold within one sidecar", CANONICAL,
	 "rules = ( { id = \"a\"; kind = \"prompt_gap\"; gap = \"5m\"; per = \"user\"; reason = \"r\"; } );",
	 CAPS},
	{"places beside an order by score", CANONICAL,
	 "rules = ( { id = \"a\"; kind = \"rank_shift\"; max_places = 1; reason = \"r\"; } );",
	 "note: a.cfg:2: rule a: gives places beside the order by score of "
	 "/rankguard.v1.RankingService/Rank; applications must keep the order that they get"},
	{"places that are only watched are no such thing", CANONICAL,
	 "rules = ( { id = \"a\"; kind = \"rank_shift\"; mode = \"observe\"; max_places = 1; reason = \"r\"; "
	 "} );",
	 ""},
	{"a magnitude rule without a baseline", NO_BASELINE,
	 "rules = ( { id = \"a\"; kind = \"score_bound\"; max_absolute = 1; on_unknown = \"flag\"; reason = "
	 "\"r\"; } );",
	 "warning: a.cfg:2: rule a: it can never tell on " CAN_RANK
	 ", which gives no item.baseline: on_unknown "
	 "\"flag\" is done each time; map it, or name other methods in when.method"},
	{"a revert without a baseline cannot be carried out", NO_BASELINE,
	 "rules = ( { id = \"a\"; kind = \"score_bound\"; max_absolute = 1; reason = \"r\"; } );",
	 "warning: a.cfg:2: rule a: it can never tell on " CAN_RANK
	 ", which gives no item.baseline: on_unknown "
	 "\"revert\" is done each time; map it, or name other methods in when.method\n"
	 "a.cfg:2: rule a: on_unknown \"revert\" cannot be carried out on " CAN_RANK ", which gives no "
	 "item.baseline, weight.baseline; map it, or choose another action"},
	{"an opt-out that honours adjustments reverts", NO_BASELINE,
	 "rules = ( { id = \"a\"; kind = \"opt_out\"; honour = \"adjustments\"; reason = \"r\"; } );",
	 "warning: a.cfg:2: rule a: it can never tell on " CAN_RANK
	 ", which gives no signal.kind or opted_out: "
	 "on_unknown \"flag\" is done each time; map it, or name other methods in when.method"},
	{"an opt-out without any id", BARE,
	 "rules = ( { id = \"a\"; kind = \"opt_out\"; reason = \"r\"; } );",
	 "warning: a.cfg:2: rule a: it can never tell on " CAN_RANK
	 ", which gives no session or user, signal.kind "
	 "or opted_out: on_unknown \"flag\" is done each time; map it, or name other methods in when.method"},
	{"what is off needs nothing", NO_BASELINE,
	 "rules = ( { id = \"a\"; kind = \"score_bound\"; mode = \"off\"; max_absolute = 1; reason = \"r\"; "
	 "} );",
	 ""},
	{"min_weight alone needs no baseline", NO_BASELINE,
	 "rules = ( { id = \"a\"; kind = \"weight_bound\"; min_weight = 0.1; on_unknown = \"flag\"; reason = "
	 "\"r\"; } );",
	 ""},
	{"a distance to a weight's baseline does", NO_BASELINE,
	 "rules = ( { id = \"a\"; kind = \"weight_bound\"; max_absolute = 0.1; on_unknown = \"flag\"; reason "
	 "= "
	 "\"r\"; } );",
	 "warning: a.cfg:2: rule a: it can never tell on " CAN_RANK
	 ", which gives no weight.baseline: on_unknown "
	 "\"flag\" is done each time; map it, or name other methods in when.method"},
	{"confidence that nobody gives", BARE,
	 "rules = ( { id = \"a\"; kind = \"confidence_floor\"; min = 0.5; reason = \"r\"; } );",
	 "warning: a.cfg:2: rule a: it can never tell on " CAN_RANK ", which gives no confidence: on_unknown "
	 "\"revert\" is done each time; map it, or name other methods in when.method"},
	{"what a mapping can only read", READ_ONLY,
	 "rules = ( { id = \"a\"; kind = \"score_bound\"; max_absolute = 1; on_unknown = \"flag\"; reason = "
	 "\"r\"; },\n"
	 "{ id = \"b\"; kind = \"score_bound\"; max_absolute = 0.5; on_unknown = \"flag\"; mode = "
	 "\"observe\"; "
	 "reason = "
	 "\"r\"; },\n"
	 "{ id = \"c\"; kind = \"tone\"; max_chars = 9; action = \"replace\"; fallback = \"f\"; reason = "
	 "\"r\"; } );\n"
	 "texts = ( { id = \"f\"; locale = \"en\"; text = \"Hi.\"; } );",
	 "a.cfg:2: rule a: action \"clamp\" cannot be carried out on " CAN_RANK
	 ": item.score = \"kind\" (line 4) can only be read, because its field holds whole numbers, and what "
	 "rules set are fractions; map another field, choose another action, or let the rule observe\n"
	 "a.cfg:4: rule c: action \"replace\" cannot be carried out on " CAN_RANK
	 ": prompt.text = \"tags[1]\" (line 5) can only be read, because it names an element behind the "
	 "first, "
	 "which cannot be made where it is missing; map another field, choose another action, or let the "
	 "rule "
	 "observe"},
	{"a cap per session without session", BARE,
	 "rules = ( { id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"session\"; window = \"1h\"; reason "
	 "= "
	 "\"r\"; } );",
	 "warning: a.cfg:2: rule a: it can never tell on " CAN_RANK ", which gives no session: on_unknown "
	 "\"suppress\" is done each time; map it, or name other methods in when.method\n" CAPS},
	{"quiet hours of users whose zone is not known", PROMPTS_ONLY,
	 "rules = ( { id = \"a\"; kind = \"prompt_quiet_hours\"; from = \"22:00\"; to = \"07:00\"; zone = "
	 "\"user\"; reason = \"r\"; } );",
	 "warning: a.cfg:2: rule a: it can never tell on " CAN_RANK ", which gives no time_zone: on_unknown "
	 "\"suppress\" is done each time; map it, or name other methods in when.method"},
	{"a default zone is enough", PROMPTS_ONLY,
	 "rules = ( { id = \"a\"; kind = \"prompt_quiet_hours\"; from = \"22:00\"; to = \"07:00\"; zone = "
	 "\"user\"; default_zone = \"Europe/Berlin\"; reason = \"r\"; } );",
	 ""},
	{"signals that no method carries", PROMPTS_ONLY,
	 "rules = ( { id = \"a\"; kind = \"prompt_answered\"; window = \"1h\"; per = \"session\"; reason = "
	 "\"r\"; } );",
	 "warning: a.cfg:2: rule a: no method gives signal.session, signal.kind, so that no signal ever "
	 "reaches "
	 "it; map a method with signal: { ... }\n" CAPS},
	{"categories that nobody gives", BARE,
	 "rules = ( { id = \"a\"; kind = \"category_share\"; top = 10; max_share = 0.5; reason = \"r\"; } );",
	 "warning: a.cfg:2: rule a: it can never tell on " CAN_RANK
	 ", which gives no item.category: on_unknown "
	 "\"flag\" is done each time; map it, or name other methods in when.method"},
	{"choices that nobody gives", PROMPTS_ONLY,
	 "rules = ( { id = \"a\"; kind = \"choice_required\"; reason = \"r\"; } );",
	 "warning: a.cfg:2: rule a: " CAN_RANK " gives no prompt.choices, which counts as absent in each "
	 "response; map it, or name other methods in when.method"},
	{"a locale that nobody gives", PROMPTS_ONLY,
	 "rules = ( { id = \"a\"; kind = \"locale_match\"; reason = \"r\"; } );",
	 "warning: a.cfg:2: rule a: it can never tell on " CAN_RANK
	 ", which gives no prompt.locale: on_unknown "
	 "\"flag\" is done each time; map it, or name other methods in when.method"},
	{"words that nobody gives", TEXTLESS,
	 "rules = ( { id = \"a\"; kind = \"tone\"; max_chars = 9; action = \"suppress\"; reason = \"r\"; } "
	 ");",
	 "warning: a.cfg:2: rule a: it can never tell on " CAN_RANK
	 ", which gives no prompt.text: on_unknown "
	 "\"suppress\" is done each time; map it, or name other methods in when.method"},
	{"nothing to judge", PROMPTS_ONLY,
	 "rules = ( { id = \"a\"; kind = \"rank_shift\"; max_places = 1; reason = \"r\"; } );",
	 "warning: a.cfg:2: rule a: no method that it is about gives items; it has nothing to judge"},
	{"a method that is not mapped", BARE,
	 "rules = ( { id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; when = { method = "
	 "\"/x.Y/*\"; }; reason = \"r\"; } );",
	 "warning: a.cfg:2: rule a: when.method names no method that is mapped; it applies to nothing"},
	{"a narrowing that can never be told", BARE,
	 "rules = ( { id = \"a\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; kinds = \"pause\"; "
	 "when = "
	 "{ surface = \"home\"; any = ( { locale = \"en\"; }, { not = { segment = [ \"\", \"x\" ]; }; } ); "
	 "}; "
	 "reason = \"r\"; } );",
	 "warning: a.cfg:2: rule a: when asks for surface, locale, which " CAN_RANK
	 " does not give; the rule "
	 "applies to all its responses\n"
	 "warning: a.cfg:2: rule a: kinds asks for prompt.kind, which " CAN_RANK " does not give; the rule "
	 "applies to all"},
};

static void put(const struct folder *folder, const char *name, const char *text)
{
	folder_put(folder, name, text, strlen(text));
}

static void fail_report(void *context, unsigned line, const char *text)
{
	(void)context;
	fail_msg("mapping line %u: %s", line, text);
}

static struct proto_mapping *mapping_of(const struct folder *folder, enum mapping which)
{
	struct proto_mapping_report report = {.wrong = fail_report};
	struct bytes set = proto_mapping_canonical_set();
	char text[2048], path[128];
	config_t config;
	config_init(&config);
	folder_put(folder, "set.pb", set.at, set.len);
	snprintf(path, sizeof path, "%s/m.cfg", folder->path);
	snprintf(text, sizeof text, "schema: { descriptors = \"set.pb\";\nmethods = (\n%s ); };",
		 mappings[which] ? mappings[which] : "");
	assert_true(config_read_string(&config, text));
	struct proto_mapping *mapping =
		proto_mapping_read(mappings[which] ? config_lookup(&config, "schema") : NULL, path, &report);
	assert_non_null(mapping);
	config_destroy(&config);
	return mapping;
}

static void run_row(void **state)
{
	const struct row *row = *state;
	struct folder folder;
	struct rules_findings findings = {0};
	char text[4096], joined[4096];
	folder_make(&folder);
	snprintf(text, sizeof text, HEAD "%s", row->text);
	put(&folder, "a.cfg", text);
	struct proto_mapping *mapping = mapping_of(&folder, row->mapping);
	struct rules_ruleset *ruleset = rules_ruleset_load(folder.path, NOW, &findings);
	findings_join(&findings, folder.path, joined, sizeof joined);
	assert_string_equal(joined, "");
	rules_suit_check(ruleset, mapping, "m.cfg", &findings);
	findings_join(&findings, folder.path, joined, sizeof joined);
	assert_string_equal(joined, row->findings);
	assert_false(findings.failed);
	rules_findings_done(&findings);
	rules_ruleset_drop(ruleset);
	proto_mapping_free(mapping);
	folder_remove(&folder);
}

int main(void)
{
	return ROWS_RUN("suit", rows, run_row, NULL, 0);
}
