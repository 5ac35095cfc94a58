/* SPDX-License-Identifier: Apache-2.0
 *
 * rankguard-rules explain: what each rule says of one response, by the code that serves. The JSON becomes a
 * message of the canonical API, and the message becomes facts, as in the sidecar.
 */
#include "rules/tool.h"

#include "proto/time.h"
#include "proto/view.h"
#include "rules/loaded.h"
#include "rules/tool_json.h"
#include "rules/work.h"
#include <stdio.h>

static const struct bytes method_name = {"/rankguard.v1.RankingService/Rank", 33};

/* Everything that one explanation needs; freed together. */
struct explaining {
	struct arena arena;
	struct rules_ruleset *ruleset;
	struct proto_mapping *mapping;
	struct proto_schema *schema;
	json_t *request, *response, *history;
	struct buf request_bytes, response_bytes;
	struct facts facts;
	struct tool_case events; /* the history, as a rule test has it */
	struct case_request subject;
	struct rules_decision decision;
};

/* --- reading --- */

static bool message_of(const struct proto_message *message, const char *path, json_t **json,
		       struct buf *bytes, struct err *err)
{
	*json = tool_json_load(path, err);
	return *json && (tool_json_message(message, *json, bytes, err) || err_within(err, "%s", path));
}

static bool read_messages(struct explaining *one, const struct tool_call *call, struct err *err)
{
	one->schema = proto_schema_load(proto_mapping_canonical_set(), err);
	one->mapping = one->schema ? proto_mapping_canonical(err) : NULL;
	const struct proto_rpc *rpc = one->mapping ? proto_schema_rpc(one->schema, method_name, err) : NULL;
	return rpc &&
	       message_of(rpc->request, call->value[OPTION_REQUEST], &one->request, &one->request_bytes,
			  err) &&
	       message_of(rpc->response, call->value[OPTION_RESPONSE], &one->response, &one->response_bytes,
			  err);
}

static bool view(struct explaining *one, struct err *err)
{
	static const struct proto_limits limits = {10000000, 10000};
	const struct proto_method *method = proto_mapping_find(one->mapping, method_name);
	const struct proto_places *places;
	one->facts.method = method_name;
	return proto_view_request(method, buf_bytes(&one->request_bytes), NULL, &limits, &one->arena,
				  &one->facts, err) == PROTO_OK &&
	       proto_view_response(method, buf_bytes(&one->response_bytes), &limits, &one->arena, &one->facts,
				   &places, err) == PROTO_OK;
}

static bool read_history(struct explaining *one, const struct tool_call *call, int64_t now_ns,
			 struct rules_history *history, struct err *err)
{
	const char *path = call->value[OPTION_HISTORY];
	one->subject.user_id = one->facts.user;
	one->subject.session_id = one->facts.session;
	one->events.request = &one->subject;
	one->events.now = (struct moment){true, now_ns};
	if (path) {
		one->history = tool_json_load(path, err);
		if (!one->history)
			return false;
		if (!tool_json_events(one->history, &one->arena, &one->events.history, err))
			return err_within(err, "%s", path);
	}
	return tool_case_history(&one->events, &one->arena, history) || err_set(err, "memory is short");
}

static bool decide(struct explaining *one, const struct tool_call *call, int64_t now_ns, struct err *err)
{
	struct rules_history history;
	return read_messages(one, call, err) && view(one, err) &&
	       read_history(one, call, now_ns, &history, err) &&
	       rules_decide_seen(one->ruleset, &one->facts, &history, now_ns, &one->arena, &one->decision,
				 err) &&
	       rules_decide_frequency(&history, now_ns, &one->arena, &one->decision, err);
}

/* --- saying --- */

static const char *verdict_words(const struct explaining *one, const struct rule *rule)
{
	switch (one->decision.verdict[rule->head.index]) {
	case RULES_WITHIN:
		return "within";
	case RULES_EXCEEDED:
		return "exceeded";
	case RULES_UNKNOWN:
		return "cannot tell";
	case RULES_NOT_APPLIED:
		break;
	}
	if (rule->head.mode == RULES_OFF)
		return "not applied: its mode is off";
	return one->decision.work->applies[rule->head.index]
		       ? "not applied: the call was refused before"
		       : "not applied: its dates or its \"when\" keep it out";
}

static void text_value(struct buf *out, const struct rules_target *target, bool after)
{
	struct buf shown = {0};
	if (target->numeric && (after ? target->after_present : target->before_present))
		json_double(&shown, after ? target->after : target->before);
	else if (!target->numeric && bytes_present(after ? target->after_text : target->before_text))
		json_string(&shown, after ? target->after_text : target->before_text);
	else
		buf_add_text(&shown, "nothing");
	buf_add_bytes(out, buf_bytes(&shown));
	out->failed |= shown.failed;
	buf_done(&shown);
}

static void text_targets(const struct rules_intervention *from, struct buf *out)
{
	bool changes = from->action > RULES_FLAG && from->action != RULES_REJECT;
	for (size_t i = 0; i < from->target_count; i++) {
		const struct rules_target *target = &from->target[i];
		if (bytes_present(target->id))
			buf_printf(out, "    %.*s: ", BYTES_ARG(target->id));
		else
			buf_printf(out, "    %s: ",
				   from->type == RULES_TARGET_EXPLANATION ? "explanation" : "response");
		text_value(out, target, false);
		if (changes) {
			buf_add_text(out, " -> ");
			text_value(out, target, true);
		}
		buf_add_text(out, "\n");
	}
}

static void text_intervention(const struct rules_intervention *from, struct buf *out)
{
	buf_printf(out, "  %s%s%s%s", from->would ? "would " : "", rules_action_name(from->action),
		   from->verdict == RULES_UNKNOWN ? ", since it cannot tell" : "",
		   from->unsatisfied ? ", and is not satisfied" : "");
	if (bytes_present(from->observed))
		buf_printf(out, "; observed: %.*s", BYTES_ARG(from->observed));
	buf_add_text(out, "\n");
	text_targets(from, out);
}

static void say_text(const struct explaining *one, struct buf *out)
{
	const struct rules_decision *decision = &one->decision;
	for (size_t i = 0; i < one->ruleset->rule_count; i++) {
		const struct rule *rule = one->ruleset->rule[i];
		buf_printf(out, "%s:%u: rule %.*s (%s%s): %s\n", rule->spot.file, rule->head.line,
			   BYTES_ARG(rule->head.id), rule->kind->name,
			   rule->head.mode == RULES_OBSERVE ? ", observes" : "", verdict_words(one, rule));
		if (bytes_present(rule->limit))
			buf_printf(out, "  limit: %.*s\n", BYTES_ARG(rule->limit));
		size_t said = 0;
		for (size_t n = 0; n < decision->intervention_count; n++) {
			if (decision->intervention[n].rule != &rule->head)
				continue;
			text_intervention(&decision->intervention[n], out);
			said++;
		}
		if (!said && decision->verdict[i] >= RULES_EXCEEDED)
			buf_add_text(out, "  another rule acted on the same\n");
	}
	buf_printf(out, "%s\n",
		   decision->rejected  ? "the call is refused"
		   : decision->changed ? "the response is changed"
				       : "the response leaves as it is");
}

static void json_value(struct buf *out, const struct rules_target *target, bool after)
{
	if (!target->numeric)
		json_string(out, after ? target->after_text : target->before_text);
	else if (after ? target->after_present : target->before_present)
		json_double(out, after ? target->after : target->before);
	else
		json_text(out, NULL);
}

static void json_intervention(const struct rules_intervention *from, struct buf *out)
{
	json_open(out, '{');
	json_key(out, "action");
	json_text(out, rules_action_name(from->action));
	json_key(out, "verdict");
	json_text(out, rules_verdict_name(from->verdict));
	json_key(out, "would");
	json_bool(out, from->would);
	json_key(out, "unsatisfied");
	json_bool(out, from->unsatisfied);
	json_key(out, "observed");
	json_string(out, from->observed);
	json_key(out, "targets");
	json_open(out, '[');
	for (size_t i = 0; i < from->target_count; i++) {
		json_open(out, '{');
		json_key(out, "id");
		json_string(out, from->target[i].id);
		json_key(out, "before");
		json_value(out, &from->target[i], false);
		json_key(out, "after");
		json_value(out, &from->target[i], true);
		json_close(out, '}');
	}
	json_close(out, ']');
	json_close(out, '}');
}

static void json_rule(const struct explaining *one, const struct rule *rule, struct buf *out)
{
	const struct rules_decision *decision = &one->decision;
	json_open(out, '{');
	json_key(out, "id");
	json_string(out, rule->head.id);
	json_key(out, "kind");
	json_text(out, rule->kind->name);
	json_key(out, "mode");
	json_text(out, rules_mode_name(rule->head.mode));
	json_key(out, "file");
	json_text(out, rule->spot.file);
	json_key(out, "line");
	json_uint(out, rule->head.line);
	json_key(out, "verdict");
	json_text(out, rules_verdict_name(decision->verdict[rule->head.index]));
	json_key(out, "limit");
	json_string(out, rule->limit);
	json_key(out, "interventions");
	json_open(out, '[');
	for (size_t n = 0; n < decision->intervention_count; n++)
		if (decision->intervention[n].rule == &rule->head)
			json_intervention(&decision->intervention[n], out);
	json_close(out, ']');
	json_close(out, '}');
}

static void say_json(const struct explaining *one, struct buf *out)
{
	json_open(out, '{');
	json_key(out, "rejected");
	json_bool(out, one->decision.rejected);
	json_key(out, "changed");
	json_bool(out, one->decision.changed);
	json_key(out, "rules");
	json_open(out, '[');
	for (size_t i = 0; i < one->ruleset->rule_count; i++)
		json_rule(one, one->ruleset->rule[i], out);
	json_close(out, ']');
	json_close(out, '}');
	buf_add_text(out, "\n");
}

/* --- the verb --- */

static enum tool_exit explain(struct explaining *one, const struct tool_call *call, int64_t now_ns,
			      struct buf *answer)
{
	struct err err;
	if (!decide(one, call, now_ns, &err)) {
		fprintf(stderr, "rankguard-rules: %s\n", err.text);
		return TOOL_NO;
	}
	if (call->given[OPTION_JSON])
		say_json(one, answer);
	else
		say_text(one, answer);
	return TOOL_YES;
}

static void done(struct explaining *one)
{
	json_decref(one->request);
	json_decref(one->response);
	json_decref(one->history);
	buf_done(&one->request_bytes);
	buf_done(&one->response_bytes);
	proto_mapping_free(one->mapping);
	proto_schema_free(one->schema);
	rules_ruleset_drop(one->ruleset);
	arena_done(&one->arena);
}

static enum tool_exit run(const struct tool_call *call, struct buf *answer)
{
	struct explaining one = {.ruleset = NULL};
	struct rules_findings findings = {0};
	struct err err;
	int64_t now_ns = tool_now_ns();
	enum tool_exit code;
	if (call->given[OPTION_NOW] && !time_parse(bytes_of(call->value[OPTION_NOW]), &now_ns, &err))
		return tool_usage("--now: %s", err.text);
	arena_init(&one.arena, (size_t)1024 * 1024 * 1024);
	one.ruleset = rules_ruleset_load(call->value[OPTION_RULES], now_ns, &findings);
	if (one.ruleset || !call->given[OPTION_JSON])
		tool_findings_talk(&findings);
	else
		tool_findings_answer(&findings, 1, answer);
	code = one.ruleset ? explain(&one, call, now_ns, answer) : tool_findings_exit(&findings);
	rules_findings_done(&findings);
	done(&one);
	return code;
}

const struct tool_verb tool_explain = {
	.name = "explain",
	.usage = "",
	.help = "says what each rule of R makes of the request and the response",
	.options = 1u << OPTION_JSON | 1u << OPTION_RULES | 1u << OPTION_REQUEST | 1u << OPTION_RESPONSE |
		   1u << OPTION_HISTORY | 1u << OPTION_NOW,
	.required = 1u << OPTION_RULES | 1u << OPTION_REQUEST | 1u << OPTION_RESPONSE,
	.run = run,
};
