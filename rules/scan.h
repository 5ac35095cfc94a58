/* SPDX-License-Identifier: Apache-2.0
 *
 * What stands between a rule file's bytes and libconfig: refuses what libconfig 1.5 would take wrongly, and
 * expands `\uXXXX`, which it does not know.
 *
 * Refused: invalid UTF-8, a byte order mark, NUL bytes and `\x00` (both would cut the text silently), a line
 * that begins with `@include` (resolved against the working directory, and a read error ends the process),
 * integers outside int32 without `L` and outside int64 (they wrap silently), brackets nested deeper than 32.
 */
#ifndef RULES_SCAN_H
#define RULES_SCAN_H

#include "proto/buf.h"

/* Appends the text for config_read_string, with the same lines. False: *line and err say what and where. */
MUST_USE bool rules_scan(struct bytes text, struct buf *out, unsigned *line, struct err *err);

#endif
