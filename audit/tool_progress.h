/* SPDX-License-Identifier: Apache-2.0
 *
 * Progress on stderr, when that is a terminal: how far, how fast, how long it will still take. One line that is
 * written over and cleared at the end; nothing at all in a file or a pipe.
 *
 *     struct tool_progress progress;
 *     tool_progress_begin(&progress, "entries");
 *     tool_progress_show(&progress, done, total);   as often as one likes: ten times a second are shown
 *     tool_progress_clear(&progress);               before other talk, and at the end
 */
#ifndef AUDIT_TOOL_PROGRESS_H
#define AUDIT_TOOL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct tool_progress {
	const char *what; /* kept */
	bool terminal, shown;
	struct timespec began, last;
	uint64_t calls;
};

void tool_progress_begin(struct tool_progress *progress, const char *what);
void tool_progress_show(struct tool_progress *progress, uint64_t done, uint64_t total);
void tool_progress_clear(struct tool_progress *progress);

#endif
