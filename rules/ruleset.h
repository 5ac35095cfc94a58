/* SPDX-License-Identifier: Apache-2.0
 *
 * A ruleset: all rules and texts that were loaded together, with one digest.
 *
 * Loading reads a file, or a directory's `*.cfg` files (except `*_test.cfg` and dot-files, in byte order of
 * names), checks everything, and reports every finding: syntax errors one per file, all errors of meaning.
 * A ruleset with an error is not returned. An empty directory is an error.
 *
 * Immutable after it was loaded, except for the reference count; any thread may use it.
 */
#ifndef RULES_RULESET_H
#define RULES_RULESET_H

#include "proto/arena.h"
#include "proto/facts.h"
#include "rules/rule.h"

struct rules_ruleset;

struct rules_finding {
	bool error;	 /* false: a warning; the ruleset may still be used */
	bool note;	 /* not even that: something to know, with nothing to mend */
	char *text;	 /* `file:line: rule id: what is wrong; what would be right` */
	size_t file_len; /* the file is the first file_len bytes of text */
	unsigned line;	 /* 0: the file as a whole */
	size_t order;	 /* in which it was found */
};

/* Owned by the caller: initialise with { 0 }, end with rules_findings_done. In order of files and lines. */
struct rules_findings {
	struct rules_finding *finding;
	size_t count, errors, notes;
	bool failed; /* the system failed (memory, I/O); the rules may be right */
};
void rules_findings_done(struct rules_findings *findings);

/* Loads and checks. Returns owned (one reference), or NULL when there is an error: then findings->errors is
 * at least 1. `now_ns` is used for warnings about expired texts only; pass 0 for none. */
MUST_USE struct rules_ruleset *rules_ruleset_load(const char *path, int64_t now_ns,
						  struct rules_findings *findings);

struct rules_ruleset *rules_ruleset_hold(struct rules_ruleset *ruleset);
void rules_ruleset_drop(struct rules_ruleset *ruleset); /* NULL is fine; the last drop frees */

struct bytes rules_ruleset_name(const struct rules_ruleset *ruleset);
struct bytes rules_ruleset_version(const struct rules_ruleset *ruleset);
/* "sha256:<64 hex digits>": SHA-256 over, for each file in order, `<base name>\n<size>\n<bytes>`. */
struct bytes rules_ruleset_digest(const struct rules_ruleset *ruleset);

struct rules_source {
	struct bytes name; /* base name */
	struct bytes text; /* the bytes as read */
};
size_t rules_ruleset_source_count(const struct rules_ruleset *ruleset);
struct rules_source rules_ruleset_source(const struct rules_ruleset *ruleset, size_t index);

/* Rules in byte order of their ids; index < count. rule->index is the position here. */
size_t rules_ruleset_rule_count(const struct rules_ruleset *ruleset);
const struct rules_rule *rules_ruleset_rule(const struct rules_ruleset *ruleset, size_t index);

/* The longest time that an event of a subject can matter to a rule; 0 when no rule looks at history. */
int64_t rules_ruleset_longest_window(const struct rules_ruleset *ruleset);

/* True when rules of step 1 look at history: then rules_decide_seen wants it. */
bool rules_ruleset_needs_history(const struct rules_ruleset *ruleset);

/* The merged ruleset as one valid rule file, the digest of the sources as a comment. Heap text, the caller
 * frees; NULL when memory is short. */
MUST_USE char *rules_ruleset_effective(const struct rules_ruleset *ruleset);

#endif
