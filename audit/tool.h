/* SPDX-License-Identifier: Apache-2.0
 *
 * rankguard-audit: what its verbs share. stdout is the answer, stderr is talk.
 */
#ifndef AUDIT_TOOL_H
#define AUDIT_TOOL_H

#include "audit/filter.h"
#include "proto/buf.h"
#include "proto/err.h"

enum tool_exit {
	TOOL_YES,    /* it is as it should be */
	TOOL_NO,     /* findings, or what was asked for is not there */
	TOOL_USAGE,  /* called wrongly */
	TOOL_FAILED, /* the system refused */
};

struct tool_verb {
	const char *name, *usage, *help;
	enum tool_exit (*run)(const struct tool_verb *verb, int argc, char **argv);
};

extern const struct tool_verb tool_keygen, tool_verify, tool_show, tool_tail, tool_export, tool_query,
	tool_prove, tool_check_proof, tool_consistency, tool_rules, tool_timeline, tool_sample, tool_fleet,
	tool_repair, tool_replay;

/* What getopt_long returns for options without a letter. */
enum tool_option {
	TOOL_OPTION_HELP = 256,
	TOOL_OPTION_JSON,
	TOOL_OPTION_STRICT,
	TOOL_OPTION_KEY,
	TOOL_OPTION_CHECKPOINTS,
	TOOL_OPTION_FORMAT,
	TOOL_OPTION_OUTPUT,
	TOOL_OPTION_SUBJECT,
	TOOL_OPTION_NAME,
	TOOL_OPTION_COUNT,
	TOOL_OPTION_ENTRY,
	TOOL_OPTION_AT,
	TOOL_OPTION_RULES,
	TOOL_OPTION_PROGRAM,
	TOOL_OPTION_SUBJECT_KEY,
	TOOL_OPTION_FILTER = 512, /* and the filter's name: audit/filter.h */
};

/* Rows of a getopt_long table and lines of help for the filters of audit/filter.h:
 *
 *     static const struct option options[] = {TOOL_FILTER_OPTIONS{"json", ...}, ...};
 *     ...
 *     else
 *             wrong = !tool_filter(&filter, c, optarg, &err);
 */
#define TOOL_FILTER_OPTION(name, option, takes, help)                                                        \
	{option, required_argument, NULL, TOOL_OPTION_FILTER + AUDIT_FILTER_##name},
#define TOOL_FILTER_OPTIONS			    AUDIT_FILTERS(TOOL_FILTER_OPTION)
#define TOOL_FILTER_LINE(name, option, takes, help) "  --" option " " takes "\n      " help "\n"
#define TOOL_FILTER_HELP			    AUDIT_FILTERS(TOOL_FILTER_LINE)

/* Takes what getopt_long returned when it is a filter's option. False: it is none, or a wrong value; err says. */
MUST_USE bool tool_filter(struct audit_filter *filter, int option, const char *value, struct err *err);

/* Says what is wrong on stderr, and how the verb is called. Returns TOOL_USAGE. */
__attribute__((format(printf, 2, 3))) enum tool_exit tool_usage(const struct tool_verb *verb,
								const char *format, ...);
enum tool_exit tool_help(const struct tool_verb *verb);

/* Says an error on stderr. Returns TOOL_FAILED. */
enum tool_exit tool_fail(const struct err *err);

/* Writes the answer and sees that it arrived. */
enum tool_exit tool_answer(const struct buf *text, enum tool_exit result);

#endif
