/* SPDX-License-Identifier: Apache-2.0
 *
 * All time zones of this machine by name, read once when a ruleset with such a rule loads: a zone may come
 * with a request, and deciding does no I/O.
 */
#ifndef RULES_ZONES_H
#define RULES_ZONES_H

#include "proto/suggest.h"
#include "rules/tzif.h"

#define RULES_ZONEINFO "/usr/share/zoneinfo"

/* The release of the zone files in `folder`, as "2026f"; "unknown" where none is stated. */
void rules_zones_version(const char *folder, char version[16]);

struct zone {
	struct bytes name; /* "Europe/Berlin" */
	struct tzif tzif;
};

/* Zeroed: not read yet. Lives in the arena it was read into. */
struct zones {
	struct zone *zone; /* by name */
	size_t count, room;
	bool read;
};

/* Reads the tree below `root`: bounded in depth, number and size; what is no TZif file is passed over, and so
 * are zones with leap seconds. Does nothing the second time. False: memory is short. */
MUST_USE bool rules_zones_read(struct zones *zones, const char *root, struct arena *arena);

/* NULL: no zone has that name. */
const struct tzif *rules_zones_find(const struct zones *zones, struct bytes name);

/* Offers all names to a suggestion. */
void rules_zones_suggest(const struct zones *zones, struct suggestion *near);

#endif
