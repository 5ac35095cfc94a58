/* SPDX-License-Identifier: Apache-2.0
 *
 * The walk that most verbs make: every entry of every epoch, in order, with progress.
 */
#ifndef AUDIT_TOOL_WALK_H
#define AUDIT_TOOL_WALK_H

#include "audit/logdir.h"
#include "audit/tool_progress.h"

/* Callbacks may be NULL, and return false with err set when the walk must not go on. */
struct tool_walk {
	bool journal; /* also what is not signed yet */
	bool (*begin)(void *ctx, struct audit_reader *reader, struct err *err); /* of an epoch */
	bool (*see)(void *ctx, uint64_t index, struct bytes leaf, struct err *err);
	bool (*end)(void *ctx, struct audit_reader *reader, struct err *err);
	void *ctx;
	struct tool_progress progress; /* the walk's; clear it before other talk on a terminal */
};

/* False: err names the epoch. */
MUST_USE bool tool_walk(struct tool_walk *walk, const struct audit_logdir *logdir, struct err *err);

/* The same for a directory by its name. */
MUST_USE bool tool_walk_path(struct tool_walk *walk, const char *path, struct err *err);

#endif
