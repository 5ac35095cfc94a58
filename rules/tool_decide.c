/* SPDX-License-Identifier: Apache-2.0
 *
 * rankguard-rules decide: one record a line in (rules/record.h), one decision a line out, made by the code that
 * serves. First of all one line that names the ruleset: {"ruleset":"sha256:..."}.
 *
 *     {"rejected":b,"changed":b,"interventions":[{"rule":...,"file":...,"line":n,"kind":...,"mode":...,
 *      "action":...,"verdict":...,"would":b,"unsatisfied":b,"limit":...,"observed":...,"reason":...,
 *      "target":...,"ids":[...],"before":[...],"after":[...],"evidence":[...]}]}
 *
 * This is what a decision entry of the log says, but with texts in place of their digests and nothing cut. A line
 * that cannot be decided is answered by {"error":"..."}.
 */
#include "rules/tool.h"
#include "rules/tool_record.h"

#include <stdio.h>
#include <stdlib.h>

enum { RECORD_MEMORY = 1 << 30 };

static bool finish(const struct tool_record *record, struct arena *arena, struct rules_decision *decision,
		   struct err *err)
{
	const struct rules_history *history = record->history_read ? &record->history : NULL;
	switch (record->frequency) {
	case RULES_FREQUENCY_DECIDED:
		return rules_decide_frequency(history, record->now_ns, arena, decision, err) &&
		       (!record->observed || rules_decide_discard(arena, decision, err));
	case RULES_FREQUENCY_SUPPRESSED:
		return (!record->observed || rules_decide_discard(arena, decision, err)) &&
		       rules_decide_suppress_all(arena, decision, err);
	case RULES_FREQUENCY_PASSED:
		return !record->observed || rules_decide_discard(arena, decision, err);
	}
	return false;
}

/* What the record itself answers counts for the ruleset that it was made with. */
static bool decide(const struct rules_ruleset *ruleset, const struct tool_record *record, struct arena *arena,
		   struct rules_decision *decision, struct err *err)
{
	bool same = bytes_equal(record->ruleset, rules_ruleset_digest(ruleset));
	return rules_decide_given(ruleset, &record->facts, record->state_read ? &record->state : NULL,
				  record->given, same ? record->given_count : 0, record->now_ns, arena,
				  decision, err) &&
	       finish(record, arena, decision, err);
}

/* ---- answering ---- */

static void add_text(struct buf *out, const char *key, struct bytes text)
{
	if (!bytes_present(text))
		return;
	json_key(out, key);
	json_string(out, text);
}

static void add_flag(struct buf *out, const char *key, bool value)
{
	json_key(out, key);
	json_bool(out, value);
}

static void open_list(struct buf *out, const char *key)
{
	json_key(out, key);
	json_open(out, '[');
}

static void add_side(struct buf *out, const struct rules_target *target, bool after)
{
	if (!target->numeric)
		json_string(out, after ? target->after_text : target->before_text);
	else if (after ? target->after_present : target->before_present)
		json_double(out, after ? target->after : target->before);
	else
		json_text(out, NULL);
}

static void add_targets(struct buf *out, const struct rules_intervention *from)
{
	open_list(out, "ids");
	for (size_t i = 0; i < from->target_count; i++)
		json_string(out, from->target[i].id);
	json_close(out, ']');
	for (int after = 0; after < 2; after++) {
		open_list(out, after ? "after" : "before");
		for (size_t i = 0; i < from->target_count; i++)
			add_side(out, &from->target[i], after != 0);
		json_close(out, ']');
	}
	open_list(out, "evidence");
	for (size_t i = 0; i < from->evidence_count; i++)
		json_uint(out, from->evidence[i]);
	json_close(out, ']');
}

static void add_intervention(struct buf *out, const struct rules_intervention *from)
{
	const struct rules_rule *rule = from->rule;
	json_open(out, '{');
	add_text(out, "rule", rule->id);
	add_text(out, "file", rule->file);
	json_key(out, "line");
	json_uint(out, rule->line);
	add_text(out, "kind", rule->kind);
	add_text(out, "mode", bytes_of(rules_mode_name(rule->mode)));
	add_text(out, "action", bytes_of(rules_action_name(from->action)));
	add_text(out, "verdict", bytes_of(rules_verdict_name(from->verdict)));
	add_flag(out, "would", from->would);
	add_flag(out, "unsatisfied", from->unsatisfied);
	add_text(out, "limit", from->limit);
	add_text(out, "observed", from->observed);
	add_text(out, "reason", rule->reason);
	add_text(out, "target", bytes_of(rules_target_type_name(from->type)));
	add_targets(out, from);
	json_close(out, '}');
}

static void add_decision(struct buf *out, const struct rules_decision *decision)
{
	json_open(out, '{');
	add_flag(out, "rejected", decision->rejected);
	add_flag(out, "changed", decision->changed);
	open_list(out, "interventions");
	for (size_t i = 0; i < decision->intervention_count; i++)
		add_intervention(out, &decision->intervention[i]);
	json_close(out, ']');
	json_close(out, '}');
}

static void add_error(struct buf *out, const char *text)
{
	json_open(out, '{');
	json_key(out, "error");
	json_text(out, text);
	json_close(out, '}');
}

static void answer_line(const struct rules_ruleset *ruleset, const char *line, size_t len, struct buf *out)
{
	json_error_t problem;
	struct err err = {""};
	struct arena arena;
	struct tool_record record;
	struct rules_decision decision;
	json_t *value = json_loadb(line, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &problem);
	arena_init(&arena, RECORD_MEMORY);
	if (!value)
		add_error(out, problem.text);
	else if (tool_record_read(value, &arena, &record, &err) &&
		 decide(ruleset, &record, &arena, &decision, &err))
		add_decision(out, &decision);
	else
		add_error(out, err.text);
	arena_done(&arena);
	json_decref(value);
}

/* Each answer leaves at once: somebody may wait for it before he asks again. */
static bool put(struct buf *out)
{
	buf_add_text(out, "\n");
	bool good = !out->failed && fwrite(out->at, 1, out->len, stdout) == out->len && fflush(stdout) == 0;
	buf_clear(out);
	return good;
}

static enum tool_exit answer_all(const struct rules_ruleset *ruleset)
{
	struct buf out = {0};
	char *line = NULL;
	size_t room = 0;
	json_open(&out, '{');
	add_text(&out, "ruleset", rules_ruleset_digest(ruleset));
	json_close(&out, '}');
	bool good = put(&out);
	for (ssize_t len; good && (len = getline(&line, &room, stdin)) > 0;) {
		answer_line(ruleset, line, (size_t)len, &out);
		good = put(&out);
	}
	free(line);
	buf_done(&out);
	if (!good)
		fprintf(stderr, "rankguard-rules: the answer cannot be written\n");
	else if (ferror(stdin))
		fprintf(stderr, "rankguard-rules: records cannot be read\n");
	return good && !ferror(stdin) ? TOOL_YES : TOOL_FAILED;
}

static enum tool_exit run(const struct tool_call *call, struct buf *answer)
{
	struct rules_findings findings = {0};
	struct rules_ruleset *ruleset = rules_ruleset_load(call->value[OPTION_RULES], 0, &findings);
	(void)answer; /* it left line by line */
	if (!ruleset)
		tool_findings_talk(&findings);
	enum tool_exit code = ruleset ? answer_all(ruleset) : tool_findings_exit(&findings);
	rules_findings_done(&findings);
	rules_ruleset_drop(ruleset);
	return code;
}

const struct tool_verb tool_decide = {
	.name = "decide",
	.usage = "",
	.help = "decides records on stdin, one a line, by R; what `rankguard-audit replay` runs",
	.options = 1u << OPTION_RULES,
	.required = 1u << OPTION_RULES,
	.run = run,
};
