/* SPDX-License-Identifier: Apache-2.0
 *
 * `rankguard-rules decide` as a child: one record a line goes in, one decision a line comes back. One thread.
 */
#ifndef AUDIT_REPLAY_PROGRAM_H
#define AUDIT_REPLAY_PROGRAM_H

#include "proto/buf.h"
#include "proto/err.h"
#include <stdio.h>
#include <sys/types.h>

struct replay_program {
	pid_t pid; /* 0: it does not run */
	FILE *to, *from;
	char *line; /* owned: the last answer */
	size_t room;
	char ruleset[80]; /* digest of what it loaded */
};

/* program: a path or a name to look for in PATH; NULL: rankguard-rules, beside this program or in PATH. rules: a
 * file or a directory. False: it cannot be run, or refuses the rules (its own words went to stderr). */
MUST_USE bool replay_program_start(struct replay_program *child, const char *program, const char *rules,
				   struct err *err);

/* *answer borrows until the next call. */
MUST_USE bool replay_program_ask(struct replay_program *child, struct bytes record, struct bytes *answer,
				 struct err *err);
void replay_program_stop(struct replay_program *child); /* zeroed or stopped is fine */

#endif
