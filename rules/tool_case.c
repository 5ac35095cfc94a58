/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/tool_case.h"

#include "proto/suggest.h"
#include "proto/time.h"
#include "rules/checks.h"
#include "rules/load.h"
#include <errno.h>

/* --- the words --- */

static const char *event_word(unsigned n)
{
	if (n == 0)
		return "";
	if (n == 1)
		return "prompt_delivered";
	return n - 1 < SIGNAL_OTHER ? signal_kind_name((enum signal_kind)(n - 1)) : NULL;
}

static const char *order_word(unsigned n)
{
	static const char *const words[] = {[ORDER_POSITION] = "position",
					    [ORDER_SCORE_DESC] = "score_desc",
					    [ORDER_SCORE_ASC] = "score_asc"};
	return n < KEY_COUNT(words) ? words[n] : NULL;
}

static const char *action_word(unsigned n)
{
	if (n == RULES_NONE)
		return "";
	return n <= RULES_REJECT ? rules_action_name((enum rules_action)n) : NULL;
}

/* An intervention exceeds or cannot tell. */
static const char *verdict_word(unsigned n)
{
	if (n < RULES_EXCEEDED)
		return "";
	return n <= RULES_UNKNOWN ? rules_verdict_name((enum rules_verdict)n) : NULL;
}

bool tool_case_moment(struct bytes at, int64_t now_ns, int64_t *time_ns, struct err *err)
{
	int64_t ago;
	struct bytes rest = {at.at + 1, at.len - 1};
	if (at.len > 1 && at.at[0] == '-' && time_parse_duration(rest, &ago, NULL)) {
		*time_ns = now_ns - ago;
		return true;
	}
	if (time_parse(at, time_ns, NULL))
		return true;
	return err_set(err,
		       "is \"%.*s\"; it must be a time before now, as in \"-20m\", or a time, as in "
		       "\"2026-11-23T10:00:00Z\"",
		       BYTES_ARG(at));
}

static bool check_at(struct bytes value, struct err *err)
{
	int64_t time_ns;
	return tool_case_moment(value, 0, &time_ns, err);
}

/* --- the tables --- */

#define TEXT(of, field, words)                                                                               \
	{                                                                                                    \
		.name = #field, .type = KEY_TEXT, .at = offsetof(struct of, field), .help = words            \
	}
#define NUMBER(of, field, words)                                                                             \
	{                                                                                                    \
		.name = #field, .type = KEY_NUMBER, .at = offsetof(struct of, field), .help = words          \
	}
#define BOOL(of, field, words)                                                                               \
	{                                                                                                    \
		.name = #field, .type = KEY_BOOL, .at = offsetof(struct of, field), .help = words            \
	}
#define WORD(of, field, names, words)                                                                        \
	{                                                                                                    \
		.name = #field, .type = KEY_WORD, .at = offsetof(struct of, field), .word = names,           \
		.help = words                                                                                \
	}
#define GROUPS(of, field, table, words)                                                                      \
	{                                                                                                    \
		.name = #field, .type = KEY_GROUPS, .at = offsetof(struct of, field), .inner = &table,       \
		.may_be_empty = true, .help = words                                                          \
	}
#define GROUP(of, field, table, must, words)                                                                 \
	{                                                                                                    \
		.name = #field, .type = KEY_GROUP, .at = offsetof(struct of, field), .inner = &table,        \
		.required = must, .help = words                                                              \
	}
#define TABLE(of, keys)                                                                                      \
	{                                                                                                    \
		keys, KEY_COUNT(keys), sizeof(struct of)                                                     \
	}

static const struct key event_keys[] = {
	{.name = "at",
	 .type = KEY_TEXT,
	 .at = offsetof(struct case_event, at),
	 .required = true,
	 .check = check_at,
	 .help = "\"-20m\": so long before now; or a time"},
	{.name = "event",
	 .type = KEY_WORD,
	 .at = offsetof(struct case_event, event),
	 .required = true,
	 .word = event_word,
	 .help = "prompt_delivered, or what the user said"},
	WORD(case_event, kind, rules_prompt_word, "of the delivered prompt"),
	TEXT(case_event, prompt_id, "of the prompt"),
	TEXT(case_event, item_id, "that the signal is about"),
	TEXT(case_event, category, "that the signal is about"),
	TEXT(case_event, user_id, "whose event it is; the request's when not given"),
	TEXT(case_event, session_id, "in which it was; the request's when not given"),
};
const struct keys tool_event_keys = TABLE(case_event, event_keys);

static const struct key attribute_keys[] = {
	{.name = "name",
	 .type = KEY_TEXT,
	 .at = offsetof(struct case_attribute, name),
	 .required = true,
	 .help = "of the attribute"},
	{.name = "value",
	 .type = KEY_TEXT,
	 .at = offsetof(struct case_attribute, value),
	 .required = true,
	 .help = "its value"},
};
static const struct keys attribute_table = TABLE(case_attribute, attribute_keys);

static const struct key request_keys[] = {
	TEXT(case_request, user_id, "who asks"),
	TEXT(case_request, session_id, "in which session"),
	TEXT(case_request, surface, "where the ranking is shown"),
	TEXT(case_request, locale, "of the user"),
	TEXT(case_request, time_zone, "of the user"),
	TEXT(case_request, segment, "of the user"),
	TEXT(case_request, experiment, "the experiment arm"),
	GROUPS(case_request, attributes, attribute_table, "free attributes"),
	BOOL(case_request, opted_out, "the request says that the user opted out"),
	{.name = "offset",
	 .type = KEY_WHOLE,
	 .at = offsetof(struct case_request, offset),
	 .min = 0,
	 .max = INT32_MAX,
	 .help = "first place of this page"},
};
static const struct keys request_table = TABLE(case_request, request_keys);

/* The first two keys of what stands in lists are what a failed test shows of an element. */
static const struct key item_keys[] = {
	TEXT(case_item, item_id, "of the item"),
	NUMBER(case_item, score, "as it leaves"),
	NUMBER(case_item, baseline_score, "without de-escalation"),
	TEXT(case_item, category, "of the item"),
	TEXT(case_item, source, "of the item"),
	{.name = "tags", .type = KEY_TEXTS, .at = offsetof(struct case_item, tags), .help = "of the item"},
};
static const struct keys item_table = TABLE(case_item, item_keys);

static const struct key weight_keys[] = {
	TEXT(case_weight, category, "that is weighted"),
	NUMBER(case_weight, weight, "as it leaves"),
	NUMBER(case_weight, baseline_weight, "without de-escalation"),
};
static const struct keys weight_table = TABLE(case_weight, weight_keys);

static const struct key choice_keys[] = {
	TEXT(case_choice, choice_id, "of the choice"),
	WORD(case_choice, kind, rules_choice_word, "of the choice"),
	TEXT(case_choice, label, "what the user reads"),
};
static const struct keys choice_table = TABLE(case_choice, choice_keys);

static const struct key prompt_keys[] = {
	TEXT(case_prompt, prompt_id, "of the prompt"),
	WORD(case_prompt, kind, rules_prompt_word, "of the prompt"),
	TEXT(case_prompt, template_id, "of the catalogue's text"),
	TEXT(case_prompt, text, "what the user reads"),
	TEXT(case_prompt, locale, "of the text"),
	GROUPS(case_prompt, choices, choice_table, "what the user may choose"),
};
static const struct keys prompt_table = TABLE(case_prompt, prompt_keys);

static const struct key response_keys[] = {
	GROUPS(case_response, items, item_table, "the ranking, in order"),
	GROUPS(case_response, category_weights, weight_table, "weights of categories"),
	GROUPS(case_response, prompts, prompt_table, "what the user is asked or told"),
	NUMBER(case_response, confidence, "of the recommender"),
	TEXT(case_response, explanation, "what the user reads about the ranking"),
	TEXT(case_response, model_version, "of the recommender"),
};
static const struct keys response_table = TABLE(case_response, response_keys);

static const struct key intervention_keys[] = {
	{.name = "rule",
	 .type = KEY_TEXT,
	 .at = offsetof(struct case_intervention, rule),
	 .required = true,
	 .help = "its id"},
	WORD(case_intervention, action, action_word, "what was done, or would be"),
	WORD(case_intervention, verdict, verdict_word, "exceeded, or unknown: the rule cannot tell"),
	BOOL(case_intervention, would, "the rule only observes"),
	BOOL(case_intervention, unsatisfied, "the baseline is served, and the rule still does not hold"),
	{.name = "targets",
	 .type = KEY_TEXTS,
	 .at = offsetof(struct case_intervention, targets),
	 .help = "ids of items or prompts, categories of weights"},
	TEXT(case_intervention, observed, "what the rule saw"),
	TEXT(case_intervention, limit, "what the rule allows"),
};
static const struct keys intervention_table = TABLE(case_intervention, intervention_keys);

static const struct key expect_keys[] = {
	BOOL(case_expect, rejected, "the call is refused, and no response leaves"),
	GROUPS(case_expect, interventions, intervention_table, "in the order of work"),
	GROUPS(case_expect, prompts, prompt_table, "those that leave"),
	GROUPS(case_expect, items, item_table, "the ranking as it leaves"),
	GROUPS(case_expect, category_weights, weight_table, "as they leave"),
	TEXT(case_expect, explanation, "as it leaves; \"\": it was cleared"),
};
const struct keys tool_expect_keys = TABLE(case_expect, expect_keys);

static const struct key case_keys[] = {
	{.name = "name",
	 .type = KEY_TEXT,
	 .at = offsetof(struct tool_case, name),
	 .required = true,
	 .check = rules_check_label,
	 .help = "what the test shows"},
	{.name = "now",
	 .type = KEY_TIME,
	 .at = offsetof(struct tool_case, now),
	 .required = true,
	 .help = "the time at which it is decided"},
	TEXT(tool_case, method, "full name; /rankguard.v1.RankingService/Rank when not given"),
	{.name = "order",
	 .type = KEY_WORD,
	 .at = offsetof(struct tool_case, order),
	 .word = order_word,
	 .standard = "score_desc",
	 .help = "how the mapping says that the list is sorted"},
	GROUPS(tool_case, history, tool_event_keys, "what the user has seen and said"),
	GROUP(tool_case, request, request_table, false, "the context"),
	GROUP(tool_case, response, response_table, false, "what the recommender proposes"),
	GROUP(tool_case, expect, tool_expect_keys, true, "what must come of it"),
};
static const struct keys case_table = TABLE(tool_case, case_keys);

struct file {
	struct spot spot;
	struct number format;
	config_setting_t *tests;
};

static const struct key file_keys[] = {
	{.name = "format",
	 .type = KEY_WHOLE,
	 .at = offsetof(struct file, format),
	 .min = 1,
	 .max = 1,
	 .help = "of the file; this version reads 1"},
	{.name = "tests",
	 .type = KEY_RAW,
	 .at = offsetof(struct file, tests),
	 .required = true,
	 .help = "the tests"},
};
static const struct keys file_table = TABLE(file, file_keys);

/* --- what the tables cannot say --- */

static void check_events(const struct reader *reader, const struct tool_case *test)
{
	const struct case_event *event = test->history.at;
	for (size_t i = 0; i < test->history.count; i++)
		if (event[i].event > 1 && event[i].kind)
			rules_keys_complain(reader, event[i].spot.line,
					    "history[%zu].kind is of prompts; %s has none, remove it", i,
					    event_word((unsigned)event[i].event));
}

static void check_rule_id(const struct reader *reader, const struct rules_ruleset *ruleset,
			  const struct case_intervention *intervention, size_t number)
{
	struct suggestion near = {.word = intervention->rule};
	for (size_t i = 0; i < rules_ruleset_rule_count(ruleset); i++) {
		struct bytes id = rules_ruleset_rule(ruleset, i)->id;
		if (bytes_equal(id, intervention->rule))
			return;
		suggest_offer(&near, id);
	}
	if (bytes_present(near.best))
		rules_keys_complain(reader, intervention->spot.line,
				    "expect.interventions[%zu].rule is \"%.*s\", which is no rule; did you "
				    "mean \"%.*s\"?",
				    number, BYTES_ARG(intervention->rule), BYTES_ARG(near.best));
	else
		rules_keys_complain(reader, intervention->spot.line,
				    "expect.interventions[%zu].rule is \"%.*s\", which is no rule; the rules "
				    "tested here have other ids",
				    number, BYTES_ARG(intervention->rule));
}

static void check_expect(const struct reader *reader, const struct rules_ruleset *ruleset,
			 const struct case_expect *expect)
{
	const struct case_intervention *intervention = expect->interventions.at;
	if (!expect->rejected.present && !expect->items.at && !expect->category_weights.at &&
	    !expect->prompts.at && !expect->interventions.at && !bytes_present(expect->explanation))
		rules_keys_complain(reader, expect->spot.line,
				    "expect is empty; such a test cannot fail, say what must come of it");
	for (size_t i = 0; ruleset && i < expect->interventions.count; i++)
		if (bytes_present(intervention[i].rule))
			check_rule_id(reader, ruleset, &intervention[i], i);
}

static void check_name(const struct reader *reader, const struct tool_case *test,
		       const struct tool_cases *cases)
{
	for (size_t i = 0; i < cases->count; i++) {
		const struct tool_case *other = cases->at[i];
		if (!bytes_equal(other->name, test->name) || strcmp(other->spot.file, test->spot.file) != 0)
			continue;
		rules_keys_complain(reader, test->spot.line,
				    "name stands twice, first at %s:%u; give each test its own",
				    other->spot.file, other->spot.line);
		return;
	}
}

/* --- files --- */

static void keep(const struct reader *reader, struct tool_cases *cases, struct tool_case *test)
{
	if (cases->count == cases->room) {
		size_t room = cases->room ? cases->room * 2 : 32;
		struct tool_case **grown = arena_array(reader->arena, room, sizeof(struct tool_case *));
		if (!grown) {
			rules_findings_fail(reader->findings, reader->file, strerror(ENOMEM));
			return;
		}
		if (cases->count)
			memcpy(grown, cases->at, cases->count * sizeof(struct tool_case *));
		cases->at = grown;
		cases->room = room;
	}
	cases->at[cases->count++] = test;
}

static void read_case(struct reader reader, config_setting_t *group, int number,
		      const struct rules_ruleset *ruleset, struct tool_cases *cases)
{
	size_t errors = reader.findings->errors;
	const char *name = NULL;
	struct tool_case *test = arena_zalloc(reader.arena, 1, sizeof *test);
	reader.subject = config_setting_lookup_string(group, "name", &name) && *name
				 ? arena_printf(reader.arena, "test \"%.80s\"", name)
				 : arena_printf(reader.arena, "test number %d", number);
	if (!test || !reader.subject) {
		rules_findings_fail(reader.findings, reader.file, strerror(ENOMEM));
		return;
	}
	rules_keys_read(&reader, group, &(struct keys_into){&case_table, test}, 1);
	check_events(&reader, test);
	if (test->expect && reader.findings->errors == errors)
		check_expect(&reader, ruleset, test->expect);
	if (bytes_present(test->name))
		check_name(&reader, test, cases);
	keep(&reader, cases, test);
}

void tool_cases_read(const char *path, const struct rules_ruleset *ruleset, struct arena *arena,
		     struct tool_cases *cases, struct rules_findings *findings)
{
	struct sources sources = {0};
	config_t config;
	rules_sources_read(&sources, path, arena, findings);
	config_init(&config);
	if (sources.count && rules_load_parse(&sources.at[0], &config, findings)) {
		struct file file = {.tests = NULL};
		struct reader reader = {
			.arena = arena, .findings = findings, .file = sources.at[0].path, .path = ""};
		rules_keys_read(&reader, config_root_setting(&config),
				&(struct keys_into){&file_table, &file}, 1);
		int count = file.tests ? config_setting_length(file.tests) : 0;
		for (int i = 0; i < count; i++)
			read_case(reader, config_setting_get_elem(file.tests, (unsigned)i), i + 1, ruleset,
				  cases);
	}
	config_destroy(&config);
}
