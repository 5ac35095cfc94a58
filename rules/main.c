/* SPDX-License-Identifier: Apache-2.0
 *
 * rankguard-rules: the policy author's tool. One verb, one file.
 */
#include "rules/kind.h"
#include "rules/tool.h"
#include "rules/zones.h"

#include <hs.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unicode/uvernum.h>

static const struct tool_verb *const verbs[] = {&tool_check,   &tool_test,  &tool_effective, &tool_diff,
						&tool_explain, &tool_kinds, &tool_decide};

struct option {
	const char *name, *value, *help; /* value: NULL when it takes none */
};

static const struct option options[TOOL_OPTIONS] = {
	[OPTION_JSON] = {"--json", NULL, "answer in JSON"},
	[OPTION_FORMAT] = {"--format", "F", "test: answer as text (default), json or junit"},
	[OPTION_RULES] = {"--rules", "R", "explain, decide: the rules, a file or a directory"},
	[OPTION_REQUEST] = {"--request", "F", "explain: a RankRequest in JSON (proto3 mapping)"},
	[OPTION_RESPONSE] = {"--response", "F", "explain: the RankResponse to it, as proposed"},
	[OPTION_HISTORY] = {"--history", "F", "explain: a list of events, with the keys of rule tests"},
	[OPTION_NOW] = {"--now", "T", "explain: the time at which it is decided; default: now"},
	[OPTION_CONFIG] = {"--config", "F", "check: a sidecar's configuration, which the rules must suit"},
	[OPTION_COVERAGE] = {"--coverage", NULL, "test: name the rules that no test exceeds"},
};

enum tool_exit tool_usage(const char *format, ...)
{
	va_list args;
	fprintf(stderr, "rankguard-rules: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "; see rankguard-rules --help\n");
	return TOOL_USAGE;
}

int64_t tool_now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

const char *tool_plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void print_help(void)
{
	printf("rankguard-rules VERB [OPTION] PATH...\n\n"
	       "PATH is a rule file, or a directory whose *.cfg files (but not *_test.cfg) are rule "
	       "files.\n\n");
	for (size_t i = 0; i < KEY_COUNT(verbs); i++)
		printf("  %-9s %-4s  %s\n", verbs[i]->name, verbs[i]->usage, verbs[i]->help);
	printf("\n");
	for (size_t i = 0; i < TOOL_OPTIONS; i++)
		printf("  %-10s %-4s %s\n", options[i].name, options[i].value ? options[i].value : "",
		       options[i].help);
	printf("  %-10s %-4s %s\n  %-10s %-4s %s\n\nKinds of rules:\n", "--help", "", "this text",
	       "--version", "", "versions of the program and of the libraries that decide");
	for (size_t i = 0; rules_kind_at(i); i++)
		printf("  %-20s %s\n", rules_kind_at(i)->name, rules_kind_at(i)->help);
	printf("\nExit codes: 0 yes, 1 findings, failed tests or differences, 2 wrong usage, 3 the system "
	       "failed.\n");
}

static void print_version(void)
{
	char zones[16];
	rules_zones_version(RULES_ZONEINFO, zones);
	printf("rankguard-rules %s\nrule file format 1, ICU %s, Unicode %s, %s, libconfig %d.%d.%d, tzdata "
	       "%s\n",
	       RANKGUARD_VERSION, U_ICU_VERSION, U_UNICODE_VERSION, hs_version(), LIBCONFIG_VER_MAJOR,
	       LIBCONFIG_VER_MINOR, LIBCONFIG_VER_REVISION, zones);
}

/* --- the command line --- */

/* Takes argv[*at], and the next one when it is the option's value. */
static enum tool_exit take_option(struct tool_call *call, char **argv, int *at)
{
	const char *text = argv[*at];
	size_t len = strcspn(text, "=");
	for (size_t i = 0; i < TOOL_OPTIONS; i++) {
		const struct option *option = &options[i];
		if (strlen(option->name) != len || strncmp(option->name, text, len) != 0)
			continue;
		if (!option->value && text[len])
			return tool_usage("%s takes no value", option->name);
		call->given[i] = true;
		if (option->value)
			call->value[i] = text[len] ? text + len + 1 : argv[++*at];
		if (option->value && !call->value[i])
			return tool_usage("%s needs a value", option->name);
		return TOOL_YES;
	}
	return tool_usage("unknown option \"%s\"", text);
}

static enum tool_exit take_word(struct tool_call *call, const struct tool_verb **verb, const char *word)
{
	for (size_t v = 0; !*verb && v < KEY_COUNT(verbs); v++)
		if (strcmp(word, verbs[v]->name) == 0) {
			*verb = verbs[v];
			return TOOL_YES;
		}
	if (!*verb)
		return tool_usage("unknown verb \"%s\"", word);
	if (call->path_count == (*verb)->paths)
		return tool_usage("more than %s: \"%s\"",
				  (*verb)->paths == 0	? "no PATH"
				  : (*verb)->paths == 1 ? "one PATH"
							: "two PATHs",
				  word);
	call->path[call->path_count++] = word;
	return TOOL_YES;
}

static enum tool_exit check_call(const struct tool_call *call, const struct tool_verb *verb)
{
	if (!verb)
		return tool_usage("VERB is missing");
	for (size_t i = 0; i < TOOL_OPTIONS; i++)
		if (call->given[i] && !(verb->options >> i & 1))
			return tool_usage("%s is no option of %s", options[i].name, verb->name);
	for (size_t i = 0; i < TOOL_OPTIONS; i++)
		if (!call->given[i] && (verb->required >> i & 1))
			return tool_usage("%s is missing", options[i].name);
	if (call->path_count < verb->paths)
		return tool_usage("%s is missing", verb->paths == 1 ? "PATH" : "one of two PATHs");
	return TOOL_YES;
}

static enum tool_exit run(const struct tool_verb *verb, const struct tool_call *call)
{
	struct buf answer = {0};
	enum tool_exit code = verb->run(call, &answer);
	bool written = !answer.failed &&
		       (answer.len == 0 || fwrite(answer.at, 1, answer.len, stdout) == answer.len) &&
		       fflush(stdout) == 0;
	if (!written) {
		fprintf(stderr, "rankguard-rules: the answer cannot be written; is the disk full?\n");
		code = TOOL_FAILED;
	}
	buf_done(&answer);
	return code;
}

int main(int argc, char **argv)
{
	struct tool_call call = {.path_count = 0};
	const struct tool_verb *verb = NULL;
	enum tool_exit code = TOOL_YES;
	for (int i = 1; i < argc && code == TOOL_YES; i++) {
		if (strcmp(argv[i], "--help") == 0) {
			print_help();
			return TOOL_YES;
		}
		if (strcmp(argv[i], "--version") == 0) {
			print_version();
			return TOOL_YES;
		}
		code = argv[i][0] == '-' ? take_option(&call, argv, &i) : take_word(&call, &verb, argv[i]);
	}
	if (code == TOOL_YES)
		code = check_call(&call, verb);
	return (int)(code == TOOL_YES ? run(verb, &call) : code);
}
