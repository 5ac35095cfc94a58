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

__attribute__((format(printf, 4, 0))) static void add(struct rules_findings *findings,
						      struct rules_finding finding, const char *file,
						      const char *format, va_list args)
{
	findings->errors += finding.error;
	if (findings->count >= SHOWN_MAX)
		return; /* nobody reads more; the count of errors stays right */
	char *words = NULL, *text = NULL;
	bool good = vasprintf(&words, format, args) >= 0;
	if (good)
		good = (finding.line ? asprintf(&text, "%s:%u: %s", file, finding.line, words)
				     : asprintf(&text, "%s: %s", file, words)) >= 0;
	if (good)
		free(words);
	if (!good || !grow(findings)) {
		free(good ? text : NULL);
		findings->failed = true;
		findings->errors += !finding.error;
		return;
	}
	finding.text = text;
	finding.file_len = strlen(file);
	finding.order = findings->count;
	findings->finding[findings->count++] = finding;
	findings->notes += finding.note;
}

void rules_findings_add(struct rules_findings *findings, bool error, const char *file, unsigned line,
			const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add(findings, (struct rules_finding){.error = error, .line = line}, file, format, args);
	va_end(args);
}

void rules_findings_note(struct rules_findings *findings, const char *file, unsigned line, const char *format,
			 ...)
{
	va_list args;
	va_start(args, format);
	add(findings, (struct rules_finding){.note = true, .line = line}, file, format, args);
	va_end(args);
}

const char *rules_finding_prefix(const struct rules_finding *finding)
{
	return finding->error ? "" : finding->note ? "note: " : "warning: ";
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
