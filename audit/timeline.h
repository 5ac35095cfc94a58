/* SPDX-License-Identifier: Apache-2.0
 *
 * What was operating, when: the entries that tell it, made into events as they go by.
 *
 *     struct audit_timeline line = {.see = print, .ctx = ...};
 *     for each epoch in order: line.epoch = number; audit_timeline_leaf(&line, index, leaf) for each of its leaves
 *     audit_timeline_end(&line, live);
 *
 * A run begins with `open` and ends with `close`. A run that has no `close` ended uncleanly, at the latest when
 * the next one began, at the earliest with its last entry. A `close` that names a successor only seals an epoch:
 * the run goes on in the next. Memory does not grow.
 */
#ifndef AUDIT_TIMELINE_H
#define AUDIT_TIMELINE_H

#include "audit/entry.h"

/* name, the word for it, the members of its entry that tell more */
#define AUDIT_EVENTS(X)                                                                                      \
	X(START, "start", "durability", "versions", "retain", NULL)                                          \
	X(STOP, "stop", NULL, NULL, NULL, NULL)                                                              \
	X(UNCLEAN, "unclean stop", NULL, NULL, NULL, NULL)                                                   \
	X(RUNNING, "running", NULL, NULL, NULL, NULL)                                                        \
	X(SEALED, "sealed", "successor", NULL, NULL, NULL)                                                   \
	X(CONTINUED, "continued", "predecessor", NULL, NULL, NULL)                                           \
	X(RULESET, "ruleset", "name", "version", "digest", NULL)                                             \
	X(MODE, "mode", "mode", "until", "by", "cause")                                                      \
	X(FAILURE, "failure", "class", "effect", "count", "reason")                                          \
	X(RECOVERY, "recovery", "reason", "entries", "cut", "file")                                          \
	X(GAP, "gap", "origin", "from", "to", "reason")                                                      \
	X(PRUNE, "prune", "origin", "entries", "retain", NULL)

enum audit_event_kind {
#define AUDIT_EVENT_ENUM(name, word, ...) AUDIT_EVENT_##name,
	AUDIT_EVENTS(AUDIT_EVENT_ENUM)
#undef AUDIT_EVENT_ENUM
};

enum { AUDIT_EVENT_MEMBERS = 4 };

struct audit_event {
	enum audit_event_kind kind;
	const char *word;
	const char *const *member; /* names of AUDIT_EVENT_MEMBERS members of leaf, NULL where fewer */
	int64_t time_ns;	   /* UNCLEAN and RUNNING: of the last entry */
	unsigned epoch;
	uint64_t index;	   /* UNCLEAN and RUNNING: of that entry */
	struct bytes leaf; /* absent for those two; of an entry in parts the first one */
};

/* Zeroed but for the first two. */
struct audit_timeline {
	void (*see)(void *ctx, const struct audit_event *event);
	void *ctx;
	unsigned epoch; /* of the leaves to come */
	bool running, sealed;
	int64_t last_ns; /* of the entry seen last; 0: none */
	unsigned last_epoch;
	uint64_t last_index;
};

/* False: not an entry; err says which. */
MUST_USE bool audit_timeline_leaf(struct audit_timeline *line, uint64_t index, struct bytes leaf,
				  struct err *err);

/* After the last leaf of all: a run without an end is RUNNING when a writer is at work, or else UNCLEAN. */
void audit_timeline_end(struct audit_timeline *line, bool live);

#endif
