/* SPDX-License-Identifier: Apache-2.0
 *
 * The embedded store of history: LMDB in one directory, for one process. It lasts over restarts, so that a
 * start folds only what the log holds beyond it; sidecar_history_catch_up decides that.
 *
 * What is added lies in memory first, where `read` sees it at once, and is written in one transaction when
 * `batch` events have come together, at a flush, and at the end. Each transaction holds the mark that goes with
 * its events. So a kill loses only what the log still has.
 *
 *     read     any thread: one short read transaction, then what is still in memory; never waits for the disk
 *     add      the log's thread, in entry order
 *     flush    the log's thread or the daemon's: one at a time, calls do not wait for it
 *     expire   the daemon's thread: looks through all records in read transactions of bounded length and
 *              removes what is old in write transactions of bounded size
 *
 * When a batch cannot be written (disk full, I/O error) read fails until it can: the events stay in memory, up
 * to a bound. Beyond the bound, add fails, and history stays unavailable until a restart rebuilds it.
 */
#ifndef SIDECAR_STORE_LMDB_H
#define SIDECAR_STORE_LMDB_H

#include "sidecar/history.h"

struct sidecar_store_lmdb_options {
	const char *directory;	 /* borrowed; must exist */
	const char *subject_key; /* borrowed: what tells the subject key from others, a pseudonym of nobody */
	/* Zero in programs; tests set them. */
	const char *boot; /* borrowed: in place of the system's boot id */
	size_t map_bytes; /* of the map at first; it grows */
	size_t batch;	  /* events of one transaction */
	size_t bound;	  /* events that may wait while nothing can be written */
};

/* The store; NULL ctx on failure, and err names the directory and what would be right. Returns owned. */
MUST_USE struct sidecar_store sidecar_store_lmdb(const struct sidecar_store_lmdb_options *options,
						 struct err *err);

#endif
