/* SPDX-License-Identifier: Apache-2.0 */
#include "micro.h"

#include "rules/ruleset.h"
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void micro_fail(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs("bench_micro: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(3);
}

void micro_add(struct micro_text *text, const char *format, ...)
{
	va_list args;
	char *more;
	va_start(args, format);
	int len = vasprintf(&more, format, args);
	va_end(args);
	if (len < 0)
		micro_fail("memory is short");
	if (text->len + (size_t)len >= text->room) {
		text->room = (text->len + (size_t)len + 1) * 2;
		text->at = realloc(text->at, text->room);
		if (!text->at)
			micro_fail("memory is short");
	}
	memcpy(text->at + text->len, more, (size_t)len + 1);
	text->len += (size_t)len;
	free(more);
}

void micro_folder_make(char folder[64])
{
	snprintf(folder, 64, "%s", "/tmp/rankguard-micro-XXXXXX");
	if (!mkdtemp(folder))
		micro_fail("%s cannot be made", folder);
}

void micro_folder_remove(const char *folder)
{
	char path[512];
	DIR *dir = opendir(folder);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		unlink(path);
	}
	if (dir)
		closedir(dir);
	rmdir(folder);
}

static const char head[] = "format = 1; name = \"micro\"; version = \"1\"; owner = \"bench\"; approved_by = "
			   "\"bench\";\nrules = (\n";
static const char texts[] =
	"{ id = \"zz.last\"; kind = \"prompt_cap\"; max = 99; per = \"response\"; reason = \"The last "
	"one.\"; }\n"
	");\n"
	"texts = (\n"
	"{ id = \"ask.category\"; locale = \"en\"; kind = \"clarifying_question\";\n"
	"  text = \"Would you like to see less {category} in this list from now on, or keep it?\";\n"
	"  slots = ( { name = \"category\"; max_chars = 30; } );\n"
	"  choices = ( { kind = \"accept\"; label = \"Yes\"; }, { kind = \"decline\"; label = \"No, "
	"thanks\"; } ); },\n"
	"{ id = \"ack\"; locale = \"en\"; kind = \"acknowledgement\"; text = \"These picks are not quite "
	"right.\"; }\n"
	");\n";

struct rules_ruleset *micro_ruleset(struct micro_text *rules)
{
	char folder[64], path[80];
	struct rules_findings findings = {0};
	micro_folder_make(folder);
	snprintf(path, sizeof path, "%s/a.cfg", folder);
	FILE *file = fopen(path, "w");
	if (!file || fprintf(file, "%s%s%s", head, rules->len ? rules->at : "", texts) < 0 ||
	    fclose(file) != 0)
		micro_fail("%s cannot be written", path);
	free(rules->at);
	struct rules_ruleset *ruleset = rules_ruleset_load(path, 0, &findings);
	micro_folder_remove(folder);
	if (!ruleset)
		micro_fail("%s", findings.count ? findings.finding[0].text : "no ruleset");
	rules_findings_done(&findings);
	return ruleset;
}

/* One of each, in turn; the numbers make them differ. */
static const char *const mixed[] = {
	"kind = \"score_bound\"; max_absolute = 0.5; max_relative = 0.5;",
	"kind = \"rank_shift\"; max_places = 20;",
	"kind = \"prompt_cap\"; max = 2; per = \"session\"; window = \"30m\";",
	"kind = \"phrase_deny\"; action = \"suppress\"; phrases = [ \"your fault\", \"you should have\" ];",
	"kind = \"score_bound\"; max_relative = 0.4; categories = [ \"jazz\" ];",
	"kind = \"weight_bound\"; min_weight = 0.1; max_relative = 0.5;",
	"kind = \"tone\"; action = \"suppress\"; max_chars = 120; max_exclamations = 0; max_sentences = 3;",
	"kind = \"retain_top\"; baseline_top = 3; within = 10; at_least = 2;",
	"kind = \"prompt_gap\"; gap = \"5m\"; per = \"session\";",
	"kind = \"category_share\"; top = 10; max_share = 0.9;",
	"kind = \"template_allow\"; action = \"suppress\";",
	"kind = \"score_bound\"; mode = \"observe\"; max_absolute = 0.45;",
	"kind = \"confidence_floor\"; min = 0.2;",
	"kind = \"prompt_cap\"; max = 9; per = \"user\"; window = \"24h\"; when = { surface = [ \"home\" ]; "
	"};",
	"kind = \"choice_required\"; action = \"suppress\";",
	"kind = \"phrase_deny\"; mode = \"observe\"; action = \"suppress\"; phrases = [ \"sorry\", \"act "
	"now\" ];",
	"kind = \"score_bound\"; max_absolute = 0.3; when = { surface = [ \"search\" ]; };",
	"kind = \"readability\"; action = \"suppress\"; max_grade = 12;",
	"kind = \"locale_match\";",
	"kind = \"score_bound\"; max_relative = 0.48; categories = [ \"folk\", \"rock*\" ];",
};

void micro_mixed_rules(struct micro_text *rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		micro_add(rules, "{ id = \"mixed.%04zu\"; %s reason = \"One of many.\"; },\n", i,
			  mixed[i % (sizeof mixed / sizeof *mixed)]);
}
