/* SPDX-License-Identifier: Apache-2.0
 *
 * Where an export goes: stdout, or a file that appears under its name whole or not at all, and never in the
 * place of one that is there. Until then it is `.tmp-<name>-<pid>` beside it.
 *
 * A format that must move about in its file (sqlite) gets a temporary file for stdout too, which is copied there
 * when it is whole. One thread.
 */
#ifndef AUDIT_EXPORT_FILE_H
#define AUDIT_EXPORT_FILE_H

#include "proto/err.h"
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

struct export_file {
	FILE *file;	     /* stdout, or owned */
	char temp[PATH_MAX]; /* "" when it is written to stdout as it comes */
	const char *path;    /* kept; NULL: stdout */
};

/* path NULL: stdout. Refuses a path where something stands, also a symbolic link. */
MUST_USE bool export_file_open(struct export_file *file, const char *path, bool seeks, struct err *err);

/* Everything is written: syncs it and gives it its name, or copies it to stdout. */
MUST_USE bool export_file_keep(struct export_file *file, struct err *err);

/* Removes what has no name yet. Zeroed is fine. */
void export_file_done(struct export_file *file);

#endif
