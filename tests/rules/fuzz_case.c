/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a file of rule tests: it reads or it does not, and every test that reads can be run.
 */
#include "rules/tool_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* libconfig 1.5 does not free what it was reading when a syntax error stops it. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so\n";
}

static const char rules[] =
	"format = 1; name = \"f\"; version = \"1\"; owner = \"o\";\n"
	"rules = (\n"
	"{ id = \"cap\"; kind = \"prompt_cap\"; max = 1; per = \"session\"; window = \"30m\"; reason = "
	"\"r\"; },\n"
	"{ id = \"bound\"; kind = \"score_bound\"; max_relative = 0.5; reason = \"r\"; },\n"
	"{ id = \"approved\"; kind = \"template_allow\"; action = \"suppress\"; reason = \"r\"; } );\n"
	"texts = ( { id = \"x\"; locale = \"en\"; text = \"Less {c}?\"; slots = ( { name = \"c\"; max_chars "
	"= 9; } ); } "
	");\n";

/* A file that has no place in any directory. */
static int file_of(const void *text, size_t len, char path[64])
{
	int fd = memfd_create("rules", MFD_CLOEXEC);
	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		abort();
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char path[64];
	struct rules_findings findings = {0}, none = {0};
	struct tool_cases cases = {0};
	struct arena arena;
	int fd = file_of(rules, sizeof rules - 1, path);
	struct rules_ruleset *ruleset = rules_ruleset_load(path, 1, &none);
	close(fd);
	if (!ruleset) {
		fprintf(stderr, "%s\n", none.finding[0].text);
		abort();
	}
	bool *exercised = calloc(rules_ruleset_rule_count(ruleset), sizeof *exercised);
	if (!exercised)
		abort();
	arena_init(&arena, (size_t)64 * 1024 * 1024);
	fd = file_of(data, len, path);
	tool_cases_read(path, ruleset, &arena, &cases, &findings);
	close(fd);
	for (size_t i = 0; findings.errors == 0 && i < cases.count; i++) {
		struct tool_result result;
		struct err err;
		if (tool_case_run(cases.at[i], ruleset, &arena, exercised, &result, &err) &&
		    result.test != cases.at[i])
			abort();
	}
	free(exercised);
	arena_done(&arena);
	rules_findings_done(&findings);
	rules_findings_done(&none);
	rules_ruleset_drop(ruleset);
	return 0;
}
