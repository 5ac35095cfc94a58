/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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
	bool good = rules_decide(ruleset, &trial->facts, NOW, &trial->arena, &trial->decision, &err);
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

const char *trial_texts(struct trial *trial)
{
	const char *texts = "|";
	for (size_t i = 0; i < trial->decision.prompt_count; i++) {
		texts = add(trial, texts, "", trial->decision.prompt[i].text);
		texts = add(trial, texts, "", BYTES_LITERAL("|"));
	}
	return texts;
}
