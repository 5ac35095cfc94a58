/* SPDX-License-Identifier: Apache-2.0
 *
 * rankguard-audit: the auditor's tool. One verb, one file.
 */
#include "audit/tool.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static const struct tool_verb *const verbs[] = {
	&tool_keygen,	&tool_verify, &tool_show,	 &tool_tail,	    &tool_export,
	&tool_query,	&tool_prove,  &tool_check_proof, &tool_consistency, &tool_rules,
	&tool_timeline, &tool_sample, &tool_fleet,	 &tool_repair,	    &tool_replay};

enum tool_exit tool_usage(const struct tool_verb *verb, const char *format, ...)
{
	va_list args;
	fprintf(stderr, "rankguard-audit %s: ", verb->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nusage: rankguard-audit %s %s\n", verb->name, verb->usage);
	return TOOL_USAGE;
}

bool tool_filter(struct audit_filter *filter, int option, const char *value, struct err *err)
{
	struct timespec now;
	if (option < TOOL_OPTION_FILTER || option >= TOOL_OPTION_FILTER + (int)AUDIT_FILTER_COUNT)
		return err_set(err, "wrong option");
	clock_gettime(CLOCK_REALTIME, &now);
	return audit_filter_take(filter, (enum audit_filter_name)(option - TOOL_OPTION_FILTER), value,
				 (int64_t)now.tv_sec * TIME_SECOND + now.tv_nsec, err);
}

enum tool_exit tool_help(const struct tool_verb *verb)
{
	printf("usage: rankguard-audit %s %s\n\n%s", verb->name, verb->usage, verb->help);
	return TOOL_YES;
}

enum tool_exit tool_fail(const struct err *err)
{
	fprintf(stderr, "rankguard-audit: %s\n", err->text);
	return TOOL_FAILED;
}

enum tool_exit tool_answer(const struct buf *text, enum tool_exit result)
{
	if (text->failed) {
		fputs("rankguard-audit: memory is short\n", stderr);
		return TOOL_FAILED;
	}
	if (text->len > 0)
		fwrite(text->at, 1, text->len, stdout);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return result;
	perror("rankguard-audit: the answer cannot be written");
	return TOOL_FAILED;
}

static int help(FILE *to, int result)
{
	fputs("rankguard-audit reads and verifies the audit log of rankguard.\n\n", to);
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		fprintf(to, "  rankguard-audit %s %s\n", verbs[i]->name, verbs[i]->usage);
	fputs("\n`rankguard-audit VERB --help` says more. DIR is a log's directory with all its epochs, or "
	      "one "
	      "epoch.\nExit codes: 0 yes, 1 no or findings, 2 wrong usage, 3 the system failed.\n",
	      to);
	return result;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	if (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0 || strcmp(verb, "help") == 0)
		return help(stdout, TOOL_YES);
	if (strcmp(verb, "--version") == 0) {
		puts("rankguard-audit " RANKGUARD_VERSION);
		return TOOL_YES;
	}
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (strcmp(verb, verbs[i]->name) == 0)
			return (int)verbs[i]->run(verbs[i], argc - 1, argv + 1);
	if (verb[0])
		fprintf(stderr, "rankguard-audit: \"%s\" is not a verb\n\n", verb);
	return help(stderr, TOOL_USAGE);
}
