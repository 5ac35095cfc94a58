/* SPDX-License-Identifier: Apache-2.0
 *
 * rankguard-audit: what its verbs share. stdout is the answer, stderr is talk.
 */
#ifndef AUDIT_TOOL_H
#define AUDIT_TOOL_H

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

extern const struct tool_verb tool_keygen, tool_verify, tool_show, tool_tail, tool_export;
extern const struct tool_verb tool_repair;

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
};

/* Says what is wrong on stderr, and how the verb is called. Returns TOOL_USAGE. */
__attribute__((format(printf, 2, 3))) enum tool_exit tool_usage(const struct tool_verb *verb,
								const char *format, ...);
enum tool_exit tool_help(const struct tool_verb *verb);

/* Says an error on stderr. Returns TOOL_FAILED. */
enum tool_exit tool_fail(const struct err *err);

/* Writes the answer and sees that it arrived. */
enum tool_exit tool_answer(const struct buf *text, enum tool_exit result);

#endif
