/* SPDX-License-Identifier: Apache-2.0
 *
 * rankguard-rules: the policy author's tool. stdout is the answer, stderr is talk.
 */
#include "proto/buf.h"
#include "rules/effective.h"
#include "rules/kind.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unicode/uvernum.h>

enum exit_code { EXIT_YES = 0, EXIT_FINDINGS = 1, EXIT_USAGE = 2, EXIT_SYSTEM = 3 };

struct request {
	const char *path;
	bool json;
};

struct verb {
	const char *name, *help;
	enum exit_code (*run)(const struct request *request, struct rules_ruleset *ruleset,
			      const struct rules_findings *findings, struct buf *answer);
};

static bool put(const struct buf *text, FILE *out)
{
	return !text->failed && (text->len == 0 || fwrite(text->at, 1, text->len, out) == text->len);
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void json_findings(struct buf *answer, const struct rules_findings *findings)
{
	json_key(answer, "findings");
	json_open(answer, '[');
	for (size_t i = 0; i < findings->count; i++) {
		const struct rules_finding *finding = &findings->finding[i];
		json_open(answer, '{');
		json_key(answer, "severity");
		json_text(answer, finding->error ? "error" : "warning");
		json_key(answer, "file");
		json_string(answer, (struct bytes){finding->text, finding->file_len});
		json_key(answer, "line");
		json_uint(answer, finding->line);
		json_key(answer, "text");
		json_text(answer, finding->text);
		json_close(answer, '}');
	}
	json_close(answer, ']');
}

static void json_ruleset(struct buf *answer, const struct rules_ruleset *ruleset)
{
	json_key(answer, "name");
	json_string(answer, rules_ruleset_name(ruleset));
	json_key(answer, "version");
	json_string(answer, rules_ruleset_version(ruleset));
	json_key(answer, "digest");
	json_string(answer, rules_ruleset_digest(ruleset));
	json_key(answer, "rules");
	json_uint(answer, rules_ruleset_rule_count(ruleset));
}

static enum exit_code code_of(const struct rules_findings *findings)
{
	return findings->failed ? EXIT_SYSTEM : findings->count ? EXIT_FINDINGS : EXIT_YES;
}

/* `file:line: warning: ...`: editors look for the place in front. */
static void print_findings(struct buf *out, const struct rules_findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct rules_finding *finding = &findings->finding[i];
		const char *words = strstr(finding->text + finding->file_len, ": ");
		int place = (int)(words - finding->text);
		buf_printf(out, "%.*s%s%s\n", place, finding->text, finding->error ? "" : ": warning", words);
	}
}

static enum exit_code run_check(const struct request *request, struct rules_ruleset *ruleset,
				const struct rules_findings *findings, struct buf *answer)
{
	size_t warnings = findings->count > findings->errors ? findings->count - findings->errors : 0;
	if (request->json) {
		json_open(answer, '{');
		json_key(answer, "ok");
		json_bool(answer, findings->count == 0);
		json_findings(answer, findings);
		if (ruleset)
			json_ruleset(answer, ruleset);
		json_close(answer, '}');
		buf_add_text(answer, "\n");
		return code_of(findings);
	}
	print_findings(answer, findings);
	if (ruleset) {
		size_t rules = rules_ruleset_rule_count(ruleset);
		buf_printf(answer, "%.*s %.*s: %zu rule%s, %.*s\n", BYTES_ARG(rules_ruleset_name(ruleset)),
			   BYTES_ARG(rules_ruleset_version(ruleset)), rules, plural(rules),
			   BYTES_ARG(rules_ruleset_digest(ruleset)));
	}
	if (findings->count)
		fprintf(stderr, "%zu error%s, %zu warning%s\n", findings->errors, plural(findings->errors),
			warnings, plural(warnings));
	return code_of(findings);
}

static enum exit_code run_effective(const struct request *request, struct rules_ruleset *ruleset,
				    const struct rules_findings *findings, struct buf *answer)
{
	struct buf talk = {0};
	if (!ruleset && request->json) {
		json_open(answer, '{');
		json_findings(answer, findings);
		json_close(answer, '}');
		buf_add_text(answer, "\n");
	}
	if (!request->json || ruleset) {
		print_findings(&talk, findings);
		put(&talk, stderr);
		buf_done(&talk);
	}
	if (ruleset)
		rules_effective_write(ruleset, request->json ? EFFECTIVE_JSON : EFFECTIVE_FILE, answer);
	return ruleset ? EXIT_YES : code_of(findings);
}

static const struct verb verbs[] = {
	{"check", "says everything that is wrong with the rules at PATH", run_check},
	{"effective", "prints the merged ruleset as one rule file", run_effective},
};

static void print_help(FILE *out)
{
	fprintf(out, "rankguard-rules VERB [--json] PATH\n\n"
		     "PATH is a rule file, or a directory whose *.cfg files (but not *_test.cfg) are rule "
		     "files.\n\n");
	for (size_t i = 0; i < KEY_COUNT(verbs); i++)
		fprintf(out, "  %-10s %s\n", verbs[i].name, verbs[i].help);
	fprintf(out, "\n  --json     answer in JSON\n"
		     "  --help     this text\n"
		     "  --version  versions of the program and of the libraries that decide\n\n"
		     "Kinds of rules:\n");
	for (size_t i = 0; rules_kind_at(i); i++)
		fprintf(out, "  %-15s %s\n", rules_kind_at(i)->name, rules_kind_at(i)->help);
	fprintf(out, "\nExit codes: 0 yes, 1 findings, 2 wrong usage, 3 the system failed.\n");
}

static void print_version(void)
{
	printf("rankguard-rules %s\nrule file format 1, ICU %s, Unicode %s, %s, libconfig %d.%d.%d\n",
	       RANKGUARD_VERSION, U_ICU_VERSION, U_UNICODE_VERSION, hs_version(), LIBCONFIG_VER_MAJOR,
	       LIBCONFIG_VER_MINOR, LIBCONFIG_VER_REVISION);
}

static enum exit_code wrong_usage(const char *format, const char *word)
{
	fprintf(stderr, "rankguard-rules: ");
	fprintf(stderr, format, word);
	fprintf(stderr, "; see rankguard-rules --help\n");
	return EXIT_USAGE;
}

static int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static enum exit_code run(const struct verb *verb, const struct request *request)
{
	struct rules_findings findings = {0};
	struct buf answer = {0};
	struct rules_ruleset *ruleset = rules_ruleset_load(request->path, now_ns(), &findings);
	enum exit_code code = verb->run(request, ruleset, &findings, &answer);
	bool written = put(&answer, stdout);
	if (!written || fflush(stdout) != 0) {
		fprintf(stderr, "rankguard-rules: the answer cannot be written; is the disk full?\n");
		code = EXIT_SYSTEM;
	}
	rules_ruleset_drop(ruleset);
	rules_findings_done(&findings);
	buf_done(&answer);
	return code;
}

int main(int argc, char **argv)
{
	struct request request = {0};
	const struct verb *verb = NULL;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0) {
			print_help(stdout);
			return EXIT_YES;
		}
		if (strcmp(argv[i], "--version") == 0) {
			print_version();
			return EXIT_YES;
		}
		if (strcmp(argv[i], "--json") == 0) {
			request.json = true;
		} else if (argv[i][0] == '-') {
			return (int)wrong_usage("unknown option \"%s\"", argv[i]);
		} else if (!verb) {
			for (size_t v = 0; v < KEY_COUNT(verbs); v++)
				if (strcmp(argv[i], verbs[v].name) == 0)
					verb = &verbs[v];
			if (!verb)
				return (int)wrong_usage("unknown verb \"%s\"", argv[i]);
		} else if (request.path) {
			return (int)wrong_usage("more than one PATH: \"%s\"", argv[i]);
		} else {
			request.path = argv[i];
		}
	}
	if (!verb)
		return (int)wrong_usage("%s is missing", "VERB");
	if (!request.path)
		return (int)wrong_usage("%s is missing", "PATH");
	return (int)run(verb, &request);
}
