/* SPDX-License-Identifier: Apache-2.0
 *
 * A log as tools are given it: a directory with all its epochs, or one epoch's own directory.
 */
#ifndef AUDIT_LOGDIR_H
#define AUDIT_LOGDIR_H

#include "audit/reader.h"

struct audit_logdir {
	const char *path; /* kept */
	int fd;		  /* owned */
	bool single;	  /* one epoch's own directory; then count is 1 and epochs[0] is 0 */
	unsigned *epochs; /* owned; in order */
	size_t count;	  /* at least 1 */
};

/* err names the path: missing, not readable, or not a log. */
MUST_USE bool audit_logdir_open(struct audit_logdir *logdir, const char *path, struct err *err);
void audit_logdir_close(struct audit_logdir *logdir); /* half-built is fine */

/* A directory of one epoch, owned; -1 and errno on failure. */
int audit_logdir_epoch(const struct audit_logdir *logdir, size_t i);

MUST_USE bool audit_logdir_reader(const struct audit_logdir *logdir, size_t i, struct audit_reader *reader,
				  struct err *err);

#endif
