/* SPDX-License-Identifier: Apache-2.0
 *
 * How the loader says what is wrong. The struct itself stands in rules/ruleset.h.
 */
#ifndef RULES_FINDINGS_H
#define RULES_FINDINGS_H

#include "rules/ruleset.h"

/* Adds one finding about `file` (a path; line 0: the file as a whole). When memory is short the finding is
 * lost, but counted as an error, and findings->failed says so. */
__attribute__((format(printf, 5, 6))) void rules_findings_add(struct rules_findings *findings, bool error,
							      const char *file, unsigned line,
							      const char *format, ...);

/* Adds something to know, which is nothing to mend. */
__attribute__((format(printf, 4, 5))) void rules_findings_note(struct rules_findings *findings,
							       const char *file, unsigned line,
							       const char *format, ...);

/* What stands before a finding's words: "", "warning: " or "note: ". */
const char *rules_finding_prefix(const struct rules_finding *finding);

/* The system failed (memory, I/O): nothing can be said about the rules. Also adds an error. */
void rules_findings_fail(struct rules_findings *findings, const char *file, const char *what);

/* Puts findings in order of files and lines; of one line, in the order in which they were added. */
void rules_findings_sort(struct rules_findings *findings);

#endif
