/* SPDX-License-Identifier: Apache-2.0
 *
 * Names and contents of C2SP tlog-tiles files (c2sp.org/tlog-tiles v0.1.0):
 *
 *     tile/<L>/<N>[.p/<W>]        hash tile: W (256 when full) hashes of 32 bytes
 *     tile/entries/<N>[.p/<W>]    entry bundle: W times (uint16 big-endian length || entry)
 *
 * N is written in groups of three digits, all but the last with an x: 1234067 is x001/x234/067.
 * Thread: any.
 */
#ifndef AUDIT_TILE_H
#define AUDIT_TILE_H

#include "audit/tree.h"

enum {
	AUDIT_TILE_PATH_MAX = 64,
	AUDIT_TILE_ENTRIES = AUDIT_TREE_LEVELS, /* the `level` of entry bundles */
	AUDIT_ENTRY_HEAD = 2,			/* the length before each entry of a bundle */
};

struct audit_tile {
	unsigned level; /* 0..7, or AUDIT_TILE_ENTRIES */
	uint64_t n;
	unsigned width; /* 1..256 */
};

void audit_tile_path(const struct audit_tile *tile, char path[AUDIT_TILE_PATH_MAX]);

/* The tile of a path; false when the path is not exactly one that audit_tile_path writes. */
MUST_USE bool audit_tile_parse(struct bytes path, struct audit_tile *tile);

/* Takes the next entry from a run of (length || entry). False: the run is empty or ends inside an entry;
 * then neither is written. */
MUST_USE bool audit_bundle_next(struct bytes *rest, struct bytes *entry);

/* The first `count` entries of `bundle`; at == NULL when there are fewer. *exact: nothing follows them. */
struct bytes audit_bundle_prefix(struct bytes bundle, size_t count, bool *exact);

#endif
