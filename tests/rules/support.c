/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "rules/findings.h"

#include "proto/time.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int rows_run(const char *group, const void *rows, size_t count, size_t size, CMUnitTestFunction run,
	     const struct CMUnitTest *others, size_t other_count)
{
	struct CMUnitTest *test = calloc(count + other_count, sizeof *test);
	assert_non_null(test);
	for (size_t i = 0; i < count; i++) {
		const char *row = (const char *)rows + i * size;
		memcpy(&test[i].name, row, sizeof test[i].name);
		test[i].test_func = run;
		test[i].initial_state = (void *)(uintptr_t)row;
	}
	for (size_t i = 0; i < other_count; i++)
		test[count + i] = others[i];
	int result = _cmocka_run_group_tests(group, test, count + other_count, NULL, NULL);
	free(test);
	return result;
}

unsigned long setting(const char *name, unsigned long standard)
{
	const char *text = getenv(name);
	return text ? strtoul(text, NULL, 10) : standard;
}

void folder_make(struct folder *folder)
{
	snprintf(folder->path, sizeof folder->path, "/tmp/rankguard-rules-XXXXXX");
	assert_non_null(mkdtemp(folder->path));
}

void folder_put(const struct folder *folder, const char *name, const void *text, size_t len)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", folder->path, name);
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

void folder_remove(struct folder *folder)
{
	DIR *dir = opendir(folder->path);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		char path[512];
		snprintf(path, sizeof path, "%s/%s", folder->path, entry->d_name);
		if (unlink(path) != 0)
			rmdir(path);
	}
	if (dir)
		closedir(dir);
	assert_int_equal(rmdir(folder->path), 0);
}

struct rules_ruleset *ruleset_of(const char *text)
{
	struct folder folder;
	struct rules_findings findings = {0};
	char *whole = NULL;
	folder_make(&folder);
	assert_true(asprintf(&whole, HEAD "%s", text) > 0);
	folder_put(&folder, "a.cfg", whole, strlen(whole));
	struct rules_ruleset *ruleset = rules_ruleset_load(folder.path, NOW, &findings);
	for (size_t i = 0; !ruleset && i < findings.count; i++)
		print_error("%s\n", findings.finding[i].text);
	rules_findings_done(&findings);
	free(whole);
	folder_remove(&folder);
	assert_non_null(ruleset);
	return ruleset;
}

void trial_decide(struct trial *trial, const struct rules_ruleset *ruleset)
{
	struct err err = {""};
	arena_init(&trial->arena, (size_t)256 << 20);
	trial->decision = (struct rules_decision){0};
	bool good = rules_decide_seen(ruleset, &trial->facts, &trial->history, NOW, &trial->arena,
				      &trial->decision, &err);
	if (good)
		good = rules_decide_frequency(&trial->history, NOW, &trial->arena, &trial->decision, &err);
	if (!good)
		fail_msg("%s", err.text);
}

void trial_done(struct trial *trial)
{
	arena_done(&trial->arena);
}

static const char *add(struct trial *trial, const char *to, const char *between, struct bytes text)
{
	const char *made = arena_printf(&trial->arena, "%s%s%.*s", to, *to ? between : "", BYTES_ARG(text));
	assert_non_null(made);
	return made;
}

const char *trial_story(struct trial *trial)
{
	const char *story = "";
	for (size_t i = 0; i < trial->decision.intervention_count; i++) {
		const struct rules_intervention *one = &trial->decision.intervention[i];
		const char *targets = "";
		for (size_t t = 0; t < one->target_count; t++)
			targets = add(trial, targets, ",", one->target[t].id);
		char *text = arena_printf(&trial->arena, "%s%.*s %s %s%s%s%s%s", one->would ? "(" : "",
					  BYTES_ARG(one->rule->id), rules_action_name(one->action),
					  rules_verdict_name(one->verdict), *targets ? " " : "", targets,
					  one->unsatisfied ? " unsatisfied" : "", one->would ? ")" : "");
		assert_non_null(text);
		story = add(trial, story, "; ", bytes_of(text));
	}
	return story;
}

void trial_says(struct trial *trial, const char *observed, const char *limit, const uint64_t *evidence)
{
	assert_true(trial->decision.intervention_count > 0);
	const struct rules_intervention *first = &trial->decision.intervention[0];
	assert_string_equal(arena_string(&trial->arena, first->observed), observed);
	assert_string_equal(arena_string(&trial->arena, first->limit), limit);
	size_t count = 0;
	for (; evidence[count]; count++)
		assert_int_equal(first->evidence[count], evidence[count]);
	assert_int_equal(first->evidence_count, count);
}

const char *trial_texts(struct trial *trial)
{
	const char *texts = "|";
	for (size_t i = 0; i < trial->decision.prompt_count; i++) {
		texts = add(trial, texts, "", trial->decision.prompt[i].text);
		texts = add(trial, texts, "", BYTES_LITERAL("|"));
	}
	return texts;
}

enum prompt_kind prompt_of(char letter)
{
	return letter == 'q'   ? PROMPT_CLARIFYING_QUESTION
	       : letter == 'a' ? PROMPT_ACKNOWLEDGEMENT
	       : letter == 'p' ? PROMPT_PAUSE
	       : letter == 'o' ? PROMPT_OTHER
			       : PROMPT_ABSENT;
}

static enum signal_kind signal_of(char letter)
{
	static const char letters[] = "?dnsxyOIr";
	const char *at = strchr(letters, letter);
	return at ? (enum signal_kind)(at - letters) : SIGNAL_ABSENT;
}

static struct rules_event event_of(struct bytes word, uint64_t entry)
{
	struct err err = {""};
	struct rules_event event = {.entry = entry, .prompt = prompt_of(word.at[0])};
	size_t time = 2, name = 0;
	long later = 0;
	while (time < word.len && word.at[time] != '+' && word.at[time] != ':')
		time++;
	if (time < word.len && word.at[time] == '+')
		later = strtol(word.at + time, NULL, 10);
	for (size_t i = time; i < word.len && !name; i++)
		name = word.at[i] == ':' ? i + 1 : 0;
	if (time > 3 && !time_parse_duration((struct bytes){word.at + 2, time - 2}, &event.time_ns, &err))
		fail_msg("%s", err.text);
	event.time_ns = NOW - event.time_ns + later;
	if (word.at[0] == 'R')
		event = (struct rules_event){.entry = RULES_EVENT_RESERVED,
					     .time_ns = INT64_MAX / 2,
					     .prompt = PROMPT_CLARIFYING_QUESTION};
	else if (!strchr("qap?o", word.at[0]))
		event.type = RULES_EVENT_SIGNAL;
	if (event.type == RULES_EVENT_SIGNAL)
		event.signal = signal_of(word.at[0]);
	struct bytes text = name ? (struct bytes){word.at + name, word.len - name} : (struct bytes){0};
	const char *item = text.len ? memchr(text.at, '@', text.len) : NULL;
	if (item) {
		event.item = (struct bytes){item + 1, (size_t)(text.at + text.len - item - 1)};
		text.len = (size_t)(item - text.at);
	}
	*(strchr("sdn", word.at[0]) ? &event.category : &event.prompt_id) = text;
	return event;
}

size_t events_of(const char *script, struct rules_event *event, size_t room)
{
	size_t count = 0;
	for (const char *word = script + strspn(script, " "); *word; word += strspn(word, " ")) {
		size_t len = strcspn(word, " ");
		assert_true(count < room);
		event[count] = event_of((struct bytes){word, len}, 7 + count);
		count++;
		word += len;
	}
	return count;
}

/* --- findings --- */

/* Copies `from` without the folder's path: "DIR" where it stands alone. */
static size_t copy_without(const char *folder, const char *from, char *to, size_t room)
{
	size_t len = 0, folder_len = strlen(folder);
	while (*from && len + 4 < room) {
		if (strncmp(from, folder, folder_len) != 0) {
			to[len++] = *from++;
			continue;
		}
		from += folder_len;
		if (*from == '/')
			from++;
		else
			len += (size_t)snprintf(to + len, room - len, "DIR");
	}
	to[len] = '\0';
	return len;
}

void findings_join(const struct rules_findings *findings, const char *folder, char *text, size_t room)
{
	size_t len = 0;
	text[0] = '\0';
	for (size_t i = 0; i < findings->count; i++) {
		const struct rules_finding *finding = &findings->finding[i];
		len += (size_t)snprintf(text + len, room - len, "%s%s", len ? "\n" : "",
					rules_finding_prefix(finding));
		len += copy_without(folder, finding->text, text + len, room - len);
	}
}

void findings_are(const char *rules, const char *expected)
{
	struct folder folder;
	struct rules_findings findings = {0};
	char text[4096];
	folder_make(&folder);
	folder_put(&folder, "a.cfg", rules, strlen(rules));
	struct rules_ruleset *ruleset = rules_ruleset_load(folder.path, NOW, &findings);
	findings_join(&findings, folder.path, text, sizeof text);
	assert_string_equal(text, expected);
	assert_true((ruleset == NULL) == (findings.errors > 0));
	assert_false(findings.failed);
	rules_findings_done(&findings);
	rules_ruleset_drop(ruleset);
	folder_remove(&folder);
}
