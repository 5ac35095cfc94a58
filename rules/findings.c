/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SHOWN_MAX = 10000 };

static bool grow(struct rules_findings *findings)
{
	if (findings->count & (findings->count - 1))
		return true; /* room doubles at each power of two */
	size_t room = findings->count ? findings->count * 2 : 1;
	struct rules_finding *grown = realloc(findings->finding, room * sizeof *grown);
	if (grown)
		findings->finding = grown;
	return grown != NULL;
}

void rules_findings_add(struct rules_findings *findings, bool error, const char *file, unsigned line,
			const char *format, ...)
{
	findings->errors += error;
	if (findings->count >= SHOWN_MAX)
		return; /* nobody reads more; the count of errors stays right */
	char *words = NULL, *text = NULL;
	va_list args;
	va_start(args, format);
	bool good = vasprintf(&words, format, args) >= 0;
	va_end(args);
	if (good)
		good = (line ? asprintf(&text, "%s:%u: %s", file, line, words)
			     : asprintf(&text, "%s: %s", file, words)) >= 0;
	if (good)
		free(words);
	if (!good || !grow(findings)) {
		free(good ? text : NULL);
		findings->failed = true;
		findings->errors += !error;
		return;
	}
	findings->finding[findings->count] = (struct rules_finding){
		.error = error,
		.text = text,
		.line = line,
		.file_len = strlen(file),
		.order = findings->count,
	};
	findings->count++;
}

void rules_findings_fail(struct rules_findings *findings, const char *file, const char *what)
{
	findings->failed = true;
	rules_findings_add(findings, true, file, 0, "%s", what);
}

static int in_order(const void *left, const void *right)
{
	const struct rules_finding *a = left, *b = right;
	int order = bytes_compare((struct bytes){a->text, a->file_len}, (struct bytes){b->text, b->file_len});
	if (order == 0)
		order = (a->line > b->line) - (a->line < b->line);
	return order ? order : (a->order > b->order) - (a->order < b->order);
}

void rules_findings_sort(struct rules_findings *findings)
{
	if (findings->count)
		qsort(findings->finding, findings->count, sizeof *findings->finding, in_order);
}

void rules_findings_done(struct rules_findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		free(findings->finding[i].text);
	free(findings->finding);
	*findings = (struct rules_findings){0};
}
