/* SPDX-License-Identifier: Apache-2.0
 *
 * Rotate: new certificates come into force while calls are taken, apart from rules and options, so that neither
 * a wrong rule keeps a certificate from being renewed nor a wrong certificate a rule. Each side is taken whole
 * or not at all; what is refused leaves the last good one, is counted, and is an entry of the log.
 *
 * Thread: the daemon's main one.
 */
#ifndef SIDECAR_ROTATE_H
#define SIDECAR_ROTATE_H

#include "sidecar/hop.h"

/* Reads the files of a side again; one in plain text has none. What became of them goes to `said`, one thing a line,
 * and to the operator's log. Unchanged files change nothing, whatever the time. False: refused. */
bool sidecar_rotate(struct sidecar_hop *hop, enum sidecar_side side, struct buf *said);

#endif
