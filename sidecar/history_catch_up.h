/* SPDX-License-Identifier: Apache-2.0
 *
 * Brings history to the end of the log at a start, before the first call.
 *
 * A store that lasts is resumed when it is the fold of this very log: same origin but for the epoch, the entry that it names last
 * stands there with its time, nothing that a rule can need was forgotten. Then only newer entries are folded.
 * Otherwise, and always for the store in memory, the whole log is folded, all epochs of it.
 */
#ifndef SIDECAR_HISTORY_CATCH_UP_H
#define SIDECAR_HISTORY_CATCH_UP_H

#include "audit/log.h"
#include "sidecar/history.h"
#include "sidecar/talk.h"

/* Says which it was, and why. False: the log or the store cannot be read or written. */
MUST_USE bool sidecar_history_catch_up(struct sidecar_history *history, struct audit_log *log,
				       struct sidecar_talk *talk, struct err *err);

#endif
