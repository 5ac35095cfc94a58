/* SPDX-License-Identifier: Apache-2.0
 *
 * What the daemon says to its operator: one JSON object a line on stderr (or plain text), rate-limited per
 * event, never an id of a user or session in clear. Programs talk; libraries do not.
 */
#ifndef SIDECAR_TALK_H
#define SIDECAR_TALK_H

#include "proto/err.h"
#include <stdbool.h>
#include <stdint.h>

struct sidecar_talk;

enum sidecar_level { SIDECAR_INFO, SIDECAR_WARN, SIDECAR_ERROR };

/* fd is borrowed. Returns owned; NULL only when memory is short. */
struct sidecar_talk *sidecar_talk_new(int fd, bool json);
void sidecar_talk_free(struct sidecar_talk *talk); /* says what was left out; NULL is fine */

/* Another clock than CLOCK_REALTIME (nanoseconds since 1970), before the first line. */
void sidecar_talk_clock(struct sidecar_talk *talk, int64_t (*clock)(void *ctx), void *ctx);

/* `event`: a short constant word ("ready", "upstream"); at most 10 lines of one event per second leave, then
 * one line says how many were left out. Thread: any; never blocks longer than a write. talk may be NULL. */
__attribute__((format(printf, 4, 5))) void sidecar_say(struct sidecar_talk *talk, enum sidecar_level level,
						       const char *event, const char *format, ...);

#endif
