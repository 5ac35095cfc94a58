/* SPDX-License-Identifier: Apache-2.0
 *
 * The outcome of rule tests: as text, JSON or JUnit's XML.
 */
#ifndef RULES_TOOL_REPORT_H
#define RULES_TOOL_REPORT_H

#include "proto/buf.h"
#include "rules/tool_case.h"

enum tool_form { FORM_TEXT, FORM_JSON, FORM_JUNIT };

struct tool_report {
	const struct rules_ruleset *ruleset;
	const struct tool_result *result;
	size_t count;
	bool coverage;	       /* say it */
	const bool *exercised; /* per rule of the ruleset */
};

size_t tool_report_failed(const struct tool_report *report);
/* A rule that is not off and that was within, or did not apply, in all tests. */
bool tool_report_is_bare(const struct tool_report *report, size_t rule);
size_t tool_report_bare(const struct tool_report *report);

void tool_report_write(const struct tool_report *report, enum tool_form form, struct buf *out);

#endif
