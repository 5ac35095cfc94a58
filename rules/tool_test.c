/* SPDX-License-Identifier: Apache-2.0
 *
 * rankguard-rules test: runs the rule tests of *_test.cfg files against the rules beside them.
 */
#include "rules/tool_report.h"

#include "rules/tool.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define TEST_END "_test.cfg"

/* Which rules, and which tests of them. */
struct scope {
	const char *rules; /* a file or a directory */
	const char **test; /* paths of test files, in byte order */
	size_t count;
};

struct suite {
	struct arena arena;
	struct rules_findings findings;
	struct rules_ruleset *ruleset;
	struct scope scope;
	struct tool_cases cases;
};

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), tail = strlen(end);
	return len >= tail && strcmp(name + len - tail, end) == 0;
}

static void out_of_memory(struct suite *suite, const char *path)
{
	rules_findings_fail(&suite->findings, path, strerror(ENOMEM));
}

/* --- which files --- */

static int is_test_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && ends_with(entry->d_name, TEST_END);
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void list_directory(struct suite *suite, const char *path)
{
	struct dirent **names = NULL;
	struct scope *scope = &suite->scope;
	int count = scandir(path, &names, is_test_file, by_bytes);
	scope->rules = path;
	scope->test = arena_zalloc(&suite->arena, count > 0 ? (size_t)count : 1, sizeof(char *));
	for (int i = 0; i < count; i++) {
		const char *full = arena_printf(&suite->arena, "%s%s%s", path,
						ends_with(path, "/") ? "" : "/", names[i]->d_name);
		if (scope->test && full)
			scope->test[scope->count++] = full;
		else
			out_of_memory(suite, path);
		free(names[i]);
	}
	free(names);
	if (count < 0)
		rules_findings_add(&suite->findings, true, path, 0, "%s", strerror(errno));
}

/* A test file is run against the directory that it stands in, a rule file by the tests beside it. */
static void list_file(struct suite *suite, const char *path)
{
	struct scope *scope = &suite->scope;
	const char *slash = strrchr(path, '/'), *test = path;
	size_t stem = strlen(path) - (ends_with(path, ".cfg") ? strlen(".cfg") : 0);
	if (ends_with(path, TEST_END)) {
		scope->rules =
			slash ? arena_printf(&suite->arena, "%.*s", (int)(slash + 1 - path), path) : ".";
	} else {
		scope->rules = path;
		test = arena_printf(&suite->arena, "%.*s" TEST_END, (int)stem, path);
	}
	scope->test = arena_zalloc(&suite->arena, 1, sizeof(char *));
	if (!scope->rules || !test || !scope->test)
		out_of_memory(suite, path);
	else
		scope->test[scope->count++] = test;
}

static void load(struct suite *suite, const char *path)
{
	struct stat stat_of;
	if (stat(path, &stat_of) == 0 && S_ISDIR(stat_of.st_mode))
		list_directory(suite, path);
	else
		list_file(suite, path);
	/* no time: what has expired by now is no matter of a pinned clock */
	if (!suite->findings.failed)
		suite->ruleset = rules_ruleset_load(suite->scope.rules, 0, &suite->findings);
	for (size_t i = 0; i < suite->scope.count; i++)
		tool_cases_read(suite->scope.test[i], suite->ruleset, &suite->arena, &suite->cases,
				&suite->findings);
	if (suite->cases.count == 0 && suite->findings.errors == 0)
		rules_findings_add(&suite->findings, true, path, 0,
				   "holds no tests; write them into a file whose name ends in " TEST_END);
	rules_findings_sort(&suite->findings);
}

/* --- running them --- */

static enum tool_exit run_all(struct suite *suite, bool coverage, enum tool_form form, struct buf *answer)
{
	struct err err;
	size_t count = suite->cases.count, rules = rules_ruleset_rule_count(suite->ruleset);
	struct tool_result *result = arena_zalloc(&suite->arena, count, sizeof *result);
	bool *exercised = arena_zalloc(&suite->arena, rules, sizeof *exercised);
	struct tool_report report = {suite->ruleset, result, count, coverage, exercised};
	bool good = (result && exercised) || err_set(&err, "%s", strerror(ENOMEM));
	for (size_t i = 0; good && i < count; i++) {
		const struct tool_case *test = suite->cases.at[i];
		good = tool_case_run(test, suite->ruleset, &suite->arena, exercised, &result[i], &err) ||
		       err_within(&err, "%s:%u: test \"%.*s\"", test->spot.file, test->spot.line,
				  BYTES_ARG(test->name));
	}
	if (!good) {
		fprintf(stderr, "rankguard-rules: %s\n", err.text);
		return TOOL_FAILED;
	}
	tool_report_write(&report, form, answer);
	return tool_report_failed(&report) || (coverage && tool_report_bare(&report)) ? TOOL_NO : TOOL_YES;
}

/* JUnit has no place for files that do not load: stderr says it, and there is no report. */
static void answer_findings(const struct rules_findings *findings, enum tool_form form, struct buf *answer)
{
	if (form == FORM_JSON)
		tool_findings_answer(findings, 1, answer);
	else if (form == FORM_JUNIT)
		tool_findings_talk(findings);
	else
		tool_findings_print(findings, answer);
}

static enum tool_exit form_of(const struct tool_call *call, enum tool_form *form)
{
	static const char *const names[] = {
		[FORM_TEXT] = "text", [FORM_JSON] = "json", [FORM_JUNIT] = "junit"};
	const char *name = call->value[OPTION_FORMAT];
	*form = call->given[OPTION_JSON] ? FORM_JSON : FORM_TEXT;
	if (!name)
		return TOOL_YES;
	if (call->given[OPTION_JSON])
		return tool_usage("--json and --format together; keep one");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i], name) == 0) {
			*form = (enum tool_form)i;
			return TOOL_YES;
		}
	return tool_usage("--format is \"%s\"; it must be text, json or junit", name);
}

static enum tool_exit run(const struct tool_call *call, struct buf *answer)
{
	struct suite suite = {.ruleset = NULL};
	enum tool_form form;
	enum tool_exit code = form_of(call, &form);
	if (code != TOOL_YES)
		return code;
	arena_init(&suite.arena, (size_t)512 * 1024 * 1024);
	load(&suite, call->path[0]);
	if (suite.findings.errors) {
		answer_findings(&suite.findings, form, answer);
		code = tool_findings_exit(&suite.findings);
	} else {
		tool_findings_talk(&suite.findings);
		code = run_all(&suite, call->given[OPTION_COVERAGE], form, answer);
	}
	rules_ruleset_drop(suite.ruleset);
	rules_findings_done(&suite.findings);
	arena_done(&suite.arena);
	return code;
}

const struct tool_verb tool_test = {
	.name = "test",
	.usage = "PATH",
	.help = "runs the rule tests of *_test.cfg; PATH may be one of them",
	.paths = 1,
	.options = 1u << OPTION_JSON | 1u << OPTION_FORMAT | 1u << OPTION_COVERAGE,
	.run = run,
};
