/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/tool_progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { CLOCK_EACH = 256 }; /* calls between looks at the clock: one is made for each entry */

static double seconds(const struct timespec *from, const struct timespec *to)
{
	return (double)(to->tv_sec - from->tv_sec) + (double)(to->tv_nsec - from->tv_nsec) / 1e9;
}

void tool_progress_begin(struct tool_progress *progress, const char *what)
{
	*progress = (struct tool_progress){.what = what, .terminal = isatty(STDERR_FILENO) != 0};
	clock_gettime(CLOCK_MONOTONIC, &progress->began);
	progress->last = progress->began;
}

static void print(const struct tool_progress *progress, const struct timespec *now, uint64_t done,
		  uint64_t total)
{
	double took = seconds(&progress->began, now);
	double rate = took > 0 ? (double)done / took : 0;
	double left = rate > 0 && total > done ? (double)(total - done) / rate : 0;
	fprintf(stderr, "\r\033[K%3.0f%%  %" PRIu64 " of %" PRIu64 " %s, %.0f a second, ",
		total ? 100.0 * (double)done / (double)total : 100.0, done, total, progress->what, rate);
	if (left < 60)
		fprintf(stderr, "%.0f s left", left);
	else
		fprintf(stderr, "%.0f min left", left / 60);
}

void tool_progress_show(struct tool_progress *progress, uint64_t done, uint64_t total)
{
	struct timespec now;
	if (!progress->terminal || ++progress->calls % CLOCK_EACH != 0)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (seconds(&progress->last, &now) < 0.1)
		return;
	progress->last = now;
	progress->shown = true;
	print(progress, &now, done, total);
}

void tool_progress_clear(struct tool_progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
}
