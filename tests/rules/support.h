/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of rules/ share: rulesets from texts, facts by hand, decisions.
 */
#ifndef TESTS_RULES_SUPPORT_H
#define TESTS_RULES_SUPPORT_H

#include "rules/decide.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* 2026-11-23T10:00:00Z */
#define NOW INT64_C(1795428000000000000)

/* Runs a group: each row of a table as a test of the row's name, which is its first member, then the others. A
 * row is the state of its test. Returns what main returns. */
#define ROWS_RUN(group, rows, run, others, count)                                                            \
	rows_run(group, rows, COUNT(rows), sizeof *(rows), run, others, count)
int rows_run(const char *group, const void *rows, size_t count, size_t size, CMUnitTestFunction run,
	     const struct CMUnitTest *others, size_t other_count);

/* A number from the environment, so that a long run is the same test with other numbers. */
unsigned long setting(const char *name, unsigned long standard);

/* A folder under the system's temporary one; removed with all that is in it. */
struct folder {
	char path[64];
};
void folder_make(struct folder *folder);
void folder_put(const struct folder *folder, const char *name, const void *text, size_t len);
void folder_remove(struct folder *folder);

/* The head that each ruleset needs. */
#define HEAD "format = 1; name = \"t\"; version = \"1\"; owner = \"o\";\n"

/* A ruleset of one file of HEAD and `text`; fails the test with the findings when it does not load. */
struct rules_ruleset *ruleset_of(const char *text);

/* All findings, one a line, warnings and notes with that word in front; the folder's path is left out, or DIR
 * where it stands alone. */
void findings_join(const struct rules_findings *findings, const char *folder, char *text, size_t room);

/* Loads a file a.cfg of exactly this text at NOW: its findings are these. */
void findings_are(const char *rules, const char *expected);

/* One response being decided. Zeroed is an empty one; everything it holds is the test's. */
struct trial {
	struct facts facts;
	struct rules_history history;
	struct arena arena;
	struct rules_decision decision;
};

/* Both halves at NOW. Fails the test when the arena is full. End with trial_done. */
void trial_decide(struct trial *trial, const struct rules_ruleset *ruleset);
void trial_done(struct trial *trial);

/* "prompts.cap suppress exceeded p1,p2; ..." : the interventions in order; would ones in parentheses. */
const char *trial_story(struct trial *trial);

/* The first intervention says this, and its evidence is these entries; 0 ends them. */
void trial_says(struct trial *trial, const char *observed, const char *limit, const uint64_t *evidence);

/* The prompts that leave: their texts between bars. */
const char *trial_texts(struct trial *trial);

/* History as a script: words of a letter, how long before NOW, a number of nanoseconds later, and a name:
 * "q-30m+1:p1" is a question delivered 30 minutes ago less a nanosecond as prompt p1.
 *
 *     q a p ? o   delivered: question, acknowledgement, pause, absent kind, unknown kind
 *     R           a reservation of a question
 *     x y r       dismissed, answered, reset; the name is the prompt
 *     s d n       satisfied, dissatisfied, not relevant; the name is the category, or category@item
 *     O I         opt_out, opt_in
 *
 * Entries count from 7. Returns the number of events. */
size_t events_of(const char *script, struct rules_event *event, size_t room);

/* The kind of a letter above. */
enum prompt_kind prompt_of(char letter);

#endif
