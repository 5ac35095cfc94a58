/* SPDX-License-Identifier: Apache-2.0
 *
 * Rulesets as files: which are read, in which order, what the digest is over, and `effective`.
 */
#include "support.h"

#include "rules/loaded.h"
#include "rules/source.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define RULE(id) "{ id = \"" id "\"; kind = \"prompt_cap\"; max = 1; per = \"response\"; reason = \"r\"; }"

static void put(const struct folder *folder, const char *name, const char *text)
{
	folder_put(folder, name, text, strlen(text));
}

static void path_in(const struct folder *folder, const char *name, char path[256])
{
	snprintf(path, 256, "%s/%s", folder->path, name);
}

/* Loads; the first error's text behind the folder's path, or "" when it loads. */
static struct rules_ruleset *load(const char *path, const struct folder *folder, char wrong[1024])
{
	struct rules_findings findings = {0};
	struct rules_ruleset *ruleset = rules_ruleset_load(path, NOW, &findings);
	wrong[0] = '\0';
	for (size_t i = 0; i < findings.count && !*wrong; i++) {
		const char *text = findings.finding[i].text;
		size_t len = strlen(folder->path);
		if (!findings.finding[i].error)
			continue;
		snprintf(wrong, 1024, "%s", strncmp(text, folder->path, len) == 0 ? text + len : text);
	}
	rules_findings_done(&findings);
	return ruleset;
}

static void expect_refused(const struct folder *folder, const char *path, const char *want)
{
	char wrong[1024];
	struct rules_ruleset *ruleset = load(path, folder, wrong);
	assert_null(ruleset);
	assert_string_equal(wrong, want);
}

static void a_directory_is_its_cfg_files_in_byte_order(void **state)
{
	struct folder folder;
	char wrong[1024];
	folder_make(&folder);
	put(&folder, "b.cfg", "format = 1; rules = ( " RULE("one") " );");
	put(&folder, "B.cfg", HEAD);
	put(&folder, "a_test.cfg", "this is no rule file");
	put(&folder, ".hidden.cfg", "nor is this");
	put(&folder, "notes.txt", "nor this");
	put(&folder, "a.cfg~", "nor this");
	struct rules_ruleset *ruleset = load(folder.path, &folder, wrong);
	assert_non_null(ruleset);
	assert_int_equal(rules_ruleset_source_count(ruleset), 2);
	assert_true(bytes_equal(rules_ruleset_source(ruleset, 0).name, BYTES_LITERAL("B.cfg")));
	assert_true(bytes_equal(rules_ruleset_source(ruleset, 1).name, BYTES_LITERAL("b.cfg")));
	assert_true(bytes_equal(rules_ruleset_source(ruleset, 0).text, BYTES_LITERAL(HEAD)));
	const struct rules_rule *rule = rules_ruleset_rule(ruleset, 0);
	assert_true(bytes_equal(rule->file, BYTES_LITERAL("b.cfg")));
	assert_int_equal(rule->line, 1);
	rules_ruleset_drop(ruleset);
	folder_remove(&folder);
	(void)state;
}

/* printf 'a.cfg\n%d\n' SIZE; cat a.cfg; ... | sha256sum */
static void the_digest_is_over_names_sizes_and_bytes(void **state)
{
	struct folder folder;
	char wrong[1024];
	folder_make(&folder);
	put(&folder, "a.cfg", "format = 1; name = \"t\"; version = \"1\"; owner = \"o\";\n");
	put(&folder, "b.cfg",
	    "format = 1;\nrules = ( { id = \"d\"; kind = \"phrase_deny\"; action = \"suppress\"; reason = "
	    "\"r\"; "
	    "phrases_file = \"more.txt\"; } );\n");
	put(&folder, "more.txt", "# denied\nyour fault\n");
	struct rules_ruleset *ruleset = load(folder.path, &folder, wrong);
	assert_string_equal(wrong, "");
	assert_non_null(ruleset);
	assert_string_equal(rules_ruleset_digest(ruleset).at,
			    "sha256:13564bcd9ab36f2e801dcdea24b6ee9edb782b86c24b5a875df3860c3b61ea42");
	assert_int_equal(rules_ruleset_source_count(ruleset), 3);
	assert_true(bytes_equal(rules_ruleset_source(ruleset, 2).name, BYTES_LITERAL("more.txt")));
	rules_ruleset_drop(ruleset);
	folder_remove(&folder);
	(void)state;
}

static void what_cannot_be_read_is_a_finding(void **state)
{
	struct folder folder;
	char path[256];
	folder_make(&folder);
	expect_refused(
		&folder, folder.path,
		": holds no rule file; put at least one *.cfg there (dot-files and *_test.cfg are not read)");
	path_in(&folder, "absent.cfg", path);
	expect_refused(&folder, path,
		       "/absent.cfg: No such file or directory; name a file that is there and readable");
	path_in(&folder, "pipe.cfg", path);
	assert_int_equal(mkfifo(path, 0600), 0);
	expect_refused(&folder, path, "/pipe.cfg: is not a regular file; rules stand in regular files");
	expect_refused(&folder, folder.path,
		       "/pipe.cfg: is not a regular file; rules stand in regular files");
	unlink(path);
	path_in(&folder, "folder.cfg", path);
	assert_int_equal(mkdir(path, 0700), 0);
	expect_refused(&folder, folder.path,
		       "/folder.cfg: is not a regular file; rules stand in regular files");
	rmdir(path);
	path_in(&folder, "dangling.cfg", path);
	assert_int_equal(symlink("nowhere", path), 0);
	expect_refused(&folder, folder.path,
		       "/dangling.cfg: No such file or directory; name a file that is there and readable");
	unlink(path);
	put(&folder, "a.cfg", HEAD);
	path_in(&folder, "a.cfg", path);
	if (geteuid() != 0) { /* root may read everything */
		assert_int_equal(chmod(path, 0), 0);
		expect_refused(&folder, folder.path, "/a.cfg: Permission denied");
	}
	folder_remove(&folder);
	(void)state;
}

static void a_file_may_have_4_mib_and_no_more(void **state)
{
	struct folder folder;
	char wrong[1024];
	char *text = malloc(SOURCE_MAX + 1);
	assert_non_null(text);
	folder_make(&folder);
	memset(text, ' ', SOURCE_MAX + 1);
	memcpy(text, HEAD, sizeof HEAD - 1);
	folder_put(&folder, "a.cfg", text, SOURCE_MAX);
	struct rules_ruleset *ruleset = load(folder.path, &folder, wrong);
	assert_non_null(ruleset);
	rules_ruleset_drop(ruleset);
	folder_put(&folder, "a.cfg", text, SOURCE_MAX + 1);
	expect_refused(&folder, folder.path,
		       "/a.cfg: is larger than 4 MiB; split it into several files of one directory");
	free(text);
	folder_remove(&folder);
	(void)state;
}

static void findings_across_files_name_both(void **state)
{
	struct folder folder;
	char want[512];
	folder_make(&folder);
	put(&folder, "a.cfg", HEAD "rules = ( " RULE("one") " );");
	put(&folder, "b.cfg", "format = 1;\n\nrules = ( " RULE("one") " );");
	snprintf(want, sizeof want,
		 "/b.cfg:3: rule one: id stands twice, first at %s/a.cfg:2; give each rule its own",
		 folder.path);
	expect_refused(&folder, folder.path, want);
	put(&folder, "b.cfg", "format = 1;\nname = \"u\";");
	snprintf(want, sizeof want, "/b.cfg:2: name stands in two files, first at %s/a.cfg:1; keep one",
		 folder.path);
	expect_refused(&folder, folder.path, want);
	put(&folder, "b.cfg", "format = 1; version = \"2\";");
	snprintf(want, sizeof want, "/b.cfg:1: version stands in two files, first at %s/a.cfg:1; keep one",
		 folder.path);
	expect_refused(&folder, folder.path, want);
	folder_remove(&folder);
	(void)state;
}

/* One syntax error per file, and still all errors of meaning of the other files. */
static void a_syntax_error_hides_no_other_file(void **state)
{
	struct folder folder;
	struct rules_findings findings = {0};
	folder_make(&folder);
	put(&folder, "a.cfg", "format = 1\nname = = 2;\nrules = ((");
	put(&folder, "b.cfg", "format = 1; rules = ( { id = \"x\"; }, { id = \"y\"; kind = \"zebra\"; } );");
	assert_null(rules_ruleset_load(folder.path, NOW, &findings));
	assert_int_equal(findings.count, 5);
	assert_int_equal(findings.errors, 5);
	rules_findings_done(&findings);
	folder_remove(&folder);
	(void)state;
}

static void phrases_files_stay_in_the_folder(void **state)
{
	static const struct {
		const char *name, *want;
	} rows[] = {
		{"../more.txt",
		 "/a.cfg:2: rule d: phrases_file is \"../more.txt\"; it must be a path inside the "
		 "folder of the rule file"},
		{"/etc/passwd",
		 "/a.cfg:2: rule d: phrases_file is \"/etc/passwd\"; it must be a path inside the "
		 "folder of the rule file"},
		{"absent.txt", "/a.cfg:2: rule d: phrases_file \"absent.txt\": No such file or directory"},
		{"bad.txt", "/bad.txt:2: rule d: phrase is not valid UTF-8; save the file as UTF-8"},
		{"gone.txt",
		 "/gone.txt:1: rule d: nothing is left of phrase \"\xe2\x80\x8b\" after folding; remove it"},
	};
	struct folder folder;
	folder_make(&folder);
	put(&folder, "bad.txt",
	    "good\nb\xff"
	    "d\n");
	put(&folder, "gone.txt", "\xe2\x80\x8b\n");
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[1024];
		snprintf(text, sizeof text,
			 HEAD
			 "rules = ( { id = \"d\"; kind = \"phrase_deny\"; action = \"suppress\"; reason = "
			 "\"r\"; phrases_file = \"%s\"; } );",
			 rows[i].name);
		put(&folder, "a.cfg", text);
		expect_refused(&folder, folder.path, rows[i].want);
	}
	folder_remove(&folder);
	(void)state;
}

/* Everything that rule files can say, as one ruleset. */
static const char everything[] =
	"approved_by = \"b\\u00f6ard \\\"1\\\" \\\\\";\n"
	"rules = (\n"
	" { id = \"a.cap\"; kind = \"prompt_cap\"; max = 3; per = \"user\"; window = \"36h\"; kinds = "
	"\"pause\";\n"
	"   mode = \"observe\"; action = \"flag\"; on_unknown = \"flag\"; reason = \"\\ud83d\\ude00\"; "
	"reference = \"x\"; owner = \"y\\t\\x01\";\n"
	"   effective = { from = \"2026-01-01T00:00:00.5+02:00\"; until = \"2027-01-01\"; };\n"
	"   when = { method = \"/a/*\"; surface = [ \"home\", \"\" ]; locale = [ \"en\", \"de-*\" ]; segment "
	"= \"s\"; experiment = \"e\";\n"
	"     attributes = ( { name = \"tier\"; is = [ \"gold\", \"\" ]; }, { name = \"Ü\"; is = \"*\"; } "
	");\n"
	"     any = ( { surface = \"a\"; share = 0.1; }, { not = { segment = \"x\"; }; } ); not = { surface "
	"= \"b\"; }; share = 1; }; },\n"
	" { id = \"b.bound\"; kind = \"score_bound\"; max_absolute = 1; max_relative = 1e-7; categories = [ "
	"\"a*\" ]; missing_baseline = \"allow\"; action = \"revert\"; reason = \"r\"; },\n"
	" { id = \"b.wide\"; kind = \"score_bound\"; max_absolute = 5000000000L; max_relative = 0.1; reason "
	"= \"r\"; },\n"
	" { id = \"c.deny\"; kind = \"phrase_deny\"; phrases = [ \"b\", \"a\" ]; phrases_file = "
	"\"more.txt\"; match = \"substring\"; fold = \"case\"; on = [ \"labels\", \"text\" ]; locales = "
	"\"fr\"; fallback = \"t\"; reason = \"r\"; },\n"
	" { id = \"d.allow\"; kind = \"template_allow\"; on = \"explanation\"; action = \"reject\"; reason = "
	"\"r\"; mode = \"off\"; },\n"
	" { id = \"e.choice\"; kind = \"choice_required\"; choice = \"accept\"; kinds = \"category_switch\"; "
	"reason = "
	"\"r\"; },\n"
	" { id = \"e.locale\"; kind = \"locale_match\"; on_unknown = \"suppress\"; reason = \"r\"; },\n"
	" { id = \"e.tone\"; kind = \"tone\"; max_chars = 200; max_sentences = 3; max_exclamations = 0; "
	"max_upper_share = 0.3; max_emoji = 1; fallback = \"t\"; reason = \"r\"; },\n"
	" { id = \"e.why\"; kind = \"explanation_required\"; fallback = \"t\"; reason = \"r\"; },\n"
	" { id = \"e.grade\"; kind = \"readability\"; max_grade = 7.5; formula = \"lix\"; fallback = \"t\"; "
	"reason = \"r\"; }\n"
	");\n"
	"texts = ( { id = \"t\"; locale = \"en\"; text = \"Zzz.\"; kind = \"pause\"; approved_by = \"l\"; "
	"approved = \"2026-01-01\"; expires = \"2030-01-01\"; },\n"
	" { id = \"s\"; locale = \"zh-hant\"; text = \"{x}{y} {z}\"; slots = ( { name = \"x\"; max_chars = "
	"5; }, { name = \"y\"; one_of = [ \"1\", \"2\" ]; } );\n"
	"   choices = ( { id = \"c\"; kind = \"decline\"; label = \"N\"; }, { kind = \"accept\"; label = "
	"\"Y\"; } ); } );\n";

/* The first line, with the digest, and the second, with the sources, differ. */
static const char *body(const char *text)
{
	const char *line = strchr(text, '\n');
	return strchr(line + 1, '\n');
}

static void effective_loads_to_the_same_rules(void **state)
{
	struct folder folder, other;
	char wrong[1024];
	char *text = NULL;
	folder_make(&folder);
	folder_make(&other);
	assert_true(asprintf(&text, HEAD "%s", everything) > 0);
	put(&folder, "a.cfg", text);
	put(&folder, "more.txt", "# some\r\nc c\r\n\r\n  d  \r\n");
	struct rules_ruleset *first = load(folder.path, &folder, wrong);
	assert_string_equal(wrong,
			    "/a.cfg:21: text s: text has {z}, but no slot has that name; add it to slots");
	char *slot = strstr(text, " {z}");
	memcpy(slot, " (z)", 4);
	put(&folder, "a.cfg", text);
	assert_null(first);
	first = load(folder.path, &folder, wrong);
	assert_string_equal(wrong, "");
	char *once = rules_ruleset_effective(first);
	assert_non_null(once);
	put(&other, "b.cfg", once);
	struct rules_ruleset *second = load(other.path, &other, wrong);
	assert_string_equal(wrong, "");
	char *twice = rules_ruleset_effective(second);
	assert_non_null(twice);
	assert_string_equal(body(once), body(twice));
	assert_int_equal(rules_ruleset_rule_count(second), 10);
	assert_non_null(strstr(once, "phrases = [\"b\", \"a\", \"c c\", \"d\"]"));
	assert_non_null(strstr(once, "max_absolute = 5000000000.0;"));
	assert_non_null(strstr(once, "from = \"2025-12-31T22:00:00.500000000Z\";"));
	assert_non_null(strstr(once, "window = \"36h\";"));
	assert_int_equal(rules_ruleset_longest_window(second), INT64_C(36) * 3600 * 1000000000);
	free(text);
	free(once);
	free(twice);
	rules_ruleset_drop(first);
	rules_ruleset_drop(second);
	folder_remove(&folder);
	folder_remove(&other);
	(void)state;
}

static void the_demo_pack_has_no_finding(void **state)
{
	struct rules_findings findings = {0};
	struct rules_ruleset *ruleset =
		rules_ruleset_load(TEST_DATA "/../../rules/packs/demo", NOW, &findings);
	assert_int_equal(findings.count, 0);
	assert_non_null(ruleset);
	assert_int_equal(rules_ruleset_rule_count(ruleset), 6);
	rules_ruleset_drop(rules_ruleset_hold(ruleset));
	rules_ruleset_drop(ruleset);
	rules_findings_done(&findings);
	(void)state;
}

static void limits_read_as_people_say_them(void **state)
{
	struct rules_ruleset *ruleset =
		ruleset_of("rules = ( { id = \"a\"; kind = \"score_bound\"; max_absolute = 0.2; max_relative "
			   "= 0.5; reason = \"r\"; },"
			   " { id = \"b\"; kind = \"prompt_cap\"; max = 2; per = \"session\"; window = "
			   "\"30m\"; reason = \"r\"; },"
			   " { id = \"c\"; kind = \"phrase_deny\"; phrases = \"x\"; action = \"flag\"; "
			   "reason = \"r\"; } );");
	assert_string_equal(ruleset->rule[0]->limit.at, "max_absolute 0.2, max_relative 0.5");
	assert_string_equal(ruleset->rule[1]->limit.at, "max 2, per session, window 30m");
	assert_string_equal(ruleset->rule[2]->limit.at, "no denied phrase");
	rules_ruleset_drop(ruleset);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_directory_is_its_cfg_files_in_byte_order),
		cmocka_unit_test(the_digest_is_over_names_sizes_and_bytes),
		cmocka_unit_test(what_cannot_be_read_is_a_finding),
		cmocka_unit_test(a_file_may_have_4_mib_and_no_more),
		cmocka_unit_test(findings_across_files_name_both),
		cmocka_unit_test(a_syntax_error_hides_no_other_file),
		cmocka_unit_test(phrases_files_stay_in_the_folder),
		cmocka_unit_test(effective_loads_to_the_same_rules),
		cmocka_unit_test(the_demo_pack_has_no_finding),
		cmocka_unit_test(limits_read_as_people_say_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
