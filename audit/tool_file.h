/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that the tool is given and makes, beside the log.
 */
#ifndef AUDIT_TOOL_FILE_H
#define AUDIT_TOOL_FILE_H

#include "proto/buf.h"
#include "proto/err.h"

/* Reads a file of at most `max` bytes; `-` is stdin. */
MUST_USE bool tool_file_read(const char *path, size_t max, struct buf *text, struct err *err);

/* Writes a file that appears whole or not at all: into a temporary file beside it, synced, renamed. What stands
 * there is replaced. */
MUST_USE bool tool_file_write(const char *path, struct bytes text, struct err *err);

#endif
