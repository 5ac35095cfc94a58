/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/tool_report.h"

#include "proto/utf8.h"
#include "rules/loaded.h"
#include "rules/tool.h"

size_t tool_report_failed(const struct tool_report *report)
{
	size_t failed = 0;
	for (size_t i = 0; i < report->count; i++)
		failed += report->result[i].failure_count > 0;
	return failed;
}

bool tool_report_is_bare(const struct tool_report *report, size_t rule)
{
	return !report->exercised[rule] && report->ruleset->rule[rule]->head.mode != RULES_OFF;
}

size_t tool_report_bare(const struct tool_report *report)
{
	size_t bare = 0;
	for (size_t i = 0; i < report->ruleset->rule_count; i++)
		bare += tool_report_is_bare(report, i);
	return bare;
}

/* How many rules a test can make do something. */
static size_t live_rules(const struct tool_report *report)
{
	size_t live = 0;
	for (size_t i = 0; i < report->ruleset->rule_count; i++)
		live += report->ruleset->rule[i]->head.mode != RULES_OFF;
	return live;
}

static void write_text(const struct tool_report *report, struct buf *out)
{
	size_t failed = tool_report_failed(report), live = live_rules(report);
	for (size_t i = 0; i < report->count; i++) {
		const struct tool_result *result = &report->result[i];
		if (result->failure_count)
			buf_printf(out, "%s:%u: test \"%.*s\" failed\n", result->test->spot.file,
				   result->test->spot.line, BYTES_ARG(result->test->name));
		for (size_t f = 0; f < result->failure_count; f++)
			buf_printf(out, "  %.*s\n", BYTES_ARG(result->failure[f]));
	}
	for (size_t i = 0; report->coverage && i < report->ruleset->rule_count; i++) {
		const struct rule *rule = report->ruleset->rule[i];
		if (tool_report_is_bare(report, i))
			buf_printf(out, "%s:%u: rule %.*s: never exercised; write a test that exceeds it\n",
				   rule->spot.file, rule->head.line, BYTES_ARG(rule->head.id));
	}
	buf_printf(out, "%zu test%s, %zu failed", report->count, tool_plural(report->count), failed);
	if (report->coverage)
		buf_printf(out, "; %zu of %zu rule%s exercised", live - tool_report_bare(report), live,
			   tool_plural(live));
	buf_add_text(out, "\n");
}

/* --- JSON --- */

static void write_json_test(const struct tool_result *result, struct buf *out)
{
	json_open(out, '{');
	json_key(out, "name");
	json_string(out, result->test->name);
	json_key(out, "file");
	json_text(out, result->test->spot.file);
	json_key(out, "line");
	json_uint(out, result->test->spot.line);
	json_key(out, "ok");
	json_bool(out, result->failure_count == 0);
	json_key(out, "failures");
	json_open(out, '[');
	for (size_t f = 0; f < result->failure_count; f++)
		json_string(out, result->failure[f]);
	json_close(out, ']');
	json_close(out, '}');
}

static void write_json_coverage(const struct tool_report *report, struct buf *out)
{
	size_t live = live_rules(report);
	json_key(out, "coverage");
	json_open(out, '{');
	json_key(out, "rules");
	json_uint(out, live);
	json_key(out, "exercised");
	json_uint(out, live - tool_report_bare(report));
	json_key(out, "never");
	json_open(out, '[');
	for (size_t i = 0; i < report->ruleset->rule_count; i++)
		if (tool_report_is_bare(report, i))
			json_string(out, report->ruleset->rule[i]->head.id);
	json_close(out, ']');
	json_close(out, '}');
}

static void write_json(const struct tool_report *report, struct buf *out)
{
	json_open(out, '{');
	json_key(out, "ok");
	json_bool(out,
		  tool_report_failed(report) == 0 && !(report->coverage && tool_report_bare(report) > 0));
	json_key(out, "tests");
	json_open(out, '[');
	for (size_t i = 0; i < report->count; i++)
		write_json_test(&report->result[i], out);
	json_close(out, ']');
	json_key(out, "failed");
	json_uint(out, tool_report_failed(report));
	if (report->coverage)
		write_json_coverage(report, out);
	json_close(out, '}');
	buf_add_text(out, "\n");
}

/* --- JUnit --- */

/* Between quotes. XML 1.0 has no way to say most control characters, nor U+FFFE and U+FFFF. */
static void xml_text(struct buf *out, struct bytes text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];
		bool last = c == 0xef && i + 2 < text.len && (unsigned char)text.at[i + 1] == 0xbf &&
			    (unsigned char)text.at[i + 2] >= 0xbe;
		if (c == '&' || c == '<' || c == '>' || c == '"' || c == '\t' || c == '\n' || c == '\r')
			buf_printf(out, "&#%u;", (unsigned)c);
		else if (c < 0x20 || last)
			buf_add_text(out, "\xef\xbf\xbd");
		else
			buf_add(out, &text.at[i], 1);
		i += last ? 2 : 0;
	}
}

static void xml_attribute(struct buf *out, const char *name, struct bytes value)
{
	struct bytes shown = utf8_valid(value) ? value : BYTES_LITERAL("(not valid UTF-8)");
	buf_printf(out, " %s=\"", name);
	xml_text(out, shown);
	buf_add_text(out, "\"");
}

static void open_case(struct buf *out, struct bytes name, const char *class, const char *file, unsigned line)
{
	buf_add_text(out, "    <testcase");
	xml_attribute(out, "name", name);
	xml_attribute(out, "classname", bytes_of(class));
	xml_attribute(out, "file", bytes_of(file));
	buf_printf(out, " line=\"%u\">", line);
}

static void xml_failure(struct buf *out, struct bytes message)
{
	buf_add_text(out, "<failure");
	xml_attribute(out, "message", message);
	buf_add_text(out, "/>");
}

static void open_suite(struct buf *out, const char *name, size_t tests, size_t failures)
{
	buf_printf(out, "  <testsuite name=\"%s\" tests=\"%zu\" failures=\"%zu\">\n", name, tests, failures);
}

static void write_junit(const struct tool_report *report, struct buf *out)
{
	buf_add_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
	open_suite(out, "tests", report->count, tool_report_failed(report));
	for (size_t i = 0; i < report->count; i++) {
		const struct tool_result *result = &report->result[i];
		const struct spot *spot = &result->test->spot;
		open_case(out, result->test->name, "tests", spot->file, spot->line);
		for (size_t f = 0; f < result->failure_count; f++)
			xml_failure(out, result->failure[f]);
		buf_add_text(out, "</testcase>\n");
	}
	buf_add_text(out, "  </testsuite>\n");
	if (report->coverage) {
		open_suite(out, "coverage", live_rules(report), tool_report_bare(report));
		for (size_t i = 0; i < report->ruleset->rule_count; i++) {
			const struct rule *rule = report->ruleset->rule[i];
			if (rule->head.mode == RULES_OFF)
				continue;
			open_case(out, rule->head.id, "coverage", rule->spot.file, rule->head.line);
			if (tool_report_is_bare(report, i))
				xml_failure(out,
					    BYTES_LITERAL("never exercised; write a test that exceeds it"));
			buf_add_text(out, "</testcase>\n");
		}
		buf_add_text(out, "  </testsuite>\n");
	}
	buf_add_text(out, "</testsuites>\n");
}

void tool_report_write(const struct tool_report *report, enum tool_form form, struct buf *out)
{
	switch (form) {
	case FORM_TEXT:
		write_text(report, out);
		break;
	case FORM_JSON:
		write_json(report, out);
		break;
	case FORM_JUNIT:
		write_junit(report, out);
		break;
	}
}
