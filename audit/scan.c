/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading the log back while it is open, for history.
 */
#include "audit/log_inside.h"
#include "audit/reader.h"

#include <inttypes.h>
#include <stdlib.h>

struct scan {
	bool (*see)(void *ctx, uint64_t place, struct bytes leaf);
	void *ctx;
	unsigned epoch; /* at hand */
	bool ended;
};

static bool scan_see(void *ctx, uint64_t index, struct bytes leaf)
{
	struct scan *scan = ctx;
	scan->ended = !scan->see(scan->ctx, audit_place(scan->epoch, index), leaf);
	return !scan->ended;
}

/* Entries of one epoch; those that were pruned are passed over. */
static bool scan_epoch(const struct audit_log *log, struct scan *scan, unsigned epoch, uint64_t from,
		       uint64_t to, uint64_t *next, struct err *err)
{
	struct audit_reader reader = {.epoch = -1};
	scan->epoch = epoch;
	bool good = audit_reader_open(&reader, log->found.directory, epoch, err);
	if (good && from < reader.pruned)
		from = reader.pruned;
	*next = from;
	good = good && audit_reader_walk(&reader, from, to, scan_see, scan, next, err);
	audit_reader_close(&reader);
	return good;
}

/* An epoch that is not extended any more may be damaged: that is why. What can be read of it counts. */
static void scan_earlier(const struct audit_log *log, struct scan *scan, unsigned epoch, uint64_t from)
{
	struct err err;
	uint64_t next;
	if (!scan_epoch(log, scan, epoch, from, UINT64_MAX, &next, &err))
		audit_log_talk(log, 'w', "%s/%04u: not all entries of this earlier epoch can be read: %s",
			       log->directory, epoch, err.text);
}

bool audit_log_scan(struct audit_log *log, uint64_t from,
		    bool (*see)(void *ctx, uint64_t place, struct bytes leaf), void *ctx, struct err *err)
{
	struct scan scan = {.see = see, .ctx = ctx};
	unsigned *epochs, first = audit_place_epoch(from);
	size_t count;
	pthread_mutex_lock(&log->lock);
	unsigned number = log->found.number;
	uint64_t to = log->acknowledged, next;
	pthread_mutex_unlock(&log->lock);
	if (!audit_epoch_list(log->found.directory, &epochs, &count, err))
		return err_within(err, "%s", log->directory);
	for (size_t i = 0; i < count && epochs[i] < number && !scan.ended; i++)
		if (epochs[i] >= first)
			scan_earlier(log, &scan, epochs[i], epochs[i] == first ? audit_place_index(from) : 0);
	free(epochs);
	uint64_t begin = first == number ? audit_place_index(from) : 0;
	if (scan.ended || first > number || begin >= to)
		return true;
	bool good = scan_epoch(log, &scan, number, begin, to, &next, err);
	if (!good)
		err_within(err, "%s", log->directory);
	else if (!scan.ended && next < to)
		good = err_set(err, "%s: entry %" PRIu64 " cannot be read back", log->directory, next);
	return good;
}
