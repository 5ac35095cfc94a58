/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole file into memory.
 */
#ifndef PROTO_FILE_H
#define PROTO_FILE_H

#include "proto/buf.h"
#include "proto/err.h"

/* Adds the bytes of a regular file of at most `most` MiB to *bytes; a symbolic link is followed (a mounted
 * ConfigMap is one), a FIFO does not make us wait. `noun` is what the file should be, as in "configuration
 * file". err: `cannot be opened: ...`, without the path. */
MUST_USE bool file_read(const char *path, const char *noun, size_t most, struct buf *bytes, struct err *err);

#endif
