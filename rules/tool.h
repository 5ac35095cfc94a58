/* SPDX-License-Identifier: Apache-2.0
 *
 * rankguard-rules: what its verbs share. stdout is the answer, stderr is talk.
 */
#ifndef RULES_TOOL_H
#define RULES_TOOL_H

#include "proto/buf.h"
#include "proto/mapping.h"
#include "rules/ruleset.h"

enum tool_exit {
	TOOL_YES,    /* it is as it should be */
	TOOL_NO,     /* findings, failed tests, differences */
	TOOL_USAGE,  /* called wrongly */
	TOOL_FAILED, /* the system failed */
};

/* By number in the option table of main.c. */
enum tool_option {
	OPTION_JSON,
	OPTION_FORMAT,
	OPTION_COVERAGE,
	OPTION_RULES,
	OPTION_REQUEST,
	OPTION_RESPONSE,
	OPTION_HISTORY,
	OPTION_NOW,
	OPTION_CONFIG,
	TOOL_OPTIONS
};

/* One call of the program; borrows argv. */
struct tool_call {
	const char *path[2];
	size_t path_count;
	bool given[TOOL_OPTIONS];
	const char *value[TOOL_OPTIONS]; /* NULL: not given, or an option without value */
};

struct tool_verb {
	const char *name, *usage, *help;
	size_t paths;	   /* how many it takes */
	unsigned required; /* bit n: it cannot do without enum tool_option n */
	unsigned options;  /* bit n: it takes enum tool_option n */
	/* Adds the answer to a buffer; main writes it. */
	enum tool_exit (*run)(const struct tool_call *call, struct buf *answer);
};

extern const struct tool_verb tool_check, tool_test, tool_effective, tool_diff, tool_explain, tool_kinds,
	tool_decide;

/* Says on stderr what is wrong with the call. Returns TOOL_USAGE. */
__attribute__((format(printf, 1, 2))) enum tool_exit tool_usage(const char *format, ...);

/* The mapping of a sidecar's configuration: its `schema`, else the canonical one. Nothing else of the file is
 * looked at. Returns owned, NULL after findings. */
struct proto_mapping *tool_config_mapping(const char *path, struct rules_findings *findings);

int64_t tool_now_ns(void);
const char *tool_plural(size_t count); /* "" for one, else "s" */

/* `file:line: warning: ...`, one a line: editors look for the place in front. */
void tool_findings_print(const struct rules_findings *findings, struct buf *out);
/* The same on stderr. */
void tool_findings_talk(const struct rules_findings *findings);
/* The member "findings" of the JSON object that is open: of several sets, one after the other. */
void tool_findings_json(const struct rules_findings *findings, size_t sets, struct buf *out);
/* A JSON object of nothing but findings. */
void tool_findings_answer(const struct rules_findings *findings, size_t sets, struct buf *out);
enum tool_exit tool_findings_exit(const struct rules_findings *findings);

#endif
