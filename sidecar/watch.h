/* SPDX-License-Identifier: Apache-2.0
 *
 * Watches rules, configuration and certificates for changes, so that a reload follows them: inotify on the
 * folders (a mounted ConfigMap swaps its `..data` link, editors rename over a file), quiet for a moment before it
 * tells, and a slow look at names, sizes and times for file systems without notifications.
 *
 * Thread: the one that owns it.
 */
#ifndef SIDECAR_WATCH_H
#define SIDECAR_WATCH_H

#include "proto/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sidecar_watch;

/* Each path, which is copied, is a file or a folder; at least one. Never refuses a path: what is not there yet is
 * looked for by the slow look. Returns owned; NULL and err when the system refuses. */
MUST_USE struct sidecar_watch *sidecar_watch_new(const char *const *path, size_t count, struct err *err);
void sidecar_watch_free(struct sidecar_watch *watch); /* NULL is fine */

/* A descriptor that becomes readable when something may have changed. */
int sidecar_watch_fd(const struct sidecar_watch *watch);

/* Takes what was notified. True, once, when something changed and has been quiet since; now_ns is monotonic.
 * *wait_ms is lowered to when to ask again. */
bool sidecar_watch_changed(struct sidecar_watch *watch, int64_t now_ns, int *wait_ms);

#endif
