/* SPDX-License-Identifier: Apache-2.0
 *
 * Where one entry stands, as people write it: `12` in the newest epoch, `0001/12`, or a whole receipt
 * `<origin>/0001/12` as rankguard puts it into a response's metadata.
 */
#ifndef AUDIT_TOOL_PLACE_H
#define AUDIT_TOOL_PLACE_H

#include "audit/logdir.h"
#include "audit/tool.h"

/* Opens the epoch that `place` names. Anything but TOOL_YES: it was said on stderr, and nothing is open. */
enum tool_exit tool_place_open(const struct tool_verb *verb, const char *directory, const char *place,
			       struct audit_reader *reader, uint64_t *index);

/* Reads one entry, signed or not. TOOL_NO: there is none at that index. */
enum tool_exit tool_place_read(struct audit_reader *reader, uint64_t index, struct buf *leaf);

#endif
