/* SPDX-License-Identifier: Apache-2.0
 *
 * Many logs held against each other: which pods they are of, when each pod was covered by a log and when not,
 * which logs overlap, and which are named but not there.
 *
 * A pod is an origin without its epoch: example.org/reco/<pod>. Between a pod's first entry and its last, the time
 * in which none of its logs was running is uncovered.
 *
 *     audit_fleet_log(&fleet, ...)          each epoch of each directory
 *     audit_fleet_event(&fleet, &event)     what audit/timeline.h makes of it
 *     audit_fleet_sort(&fleet)              then runs in order of pods and time
 *
 * Memory grows with the number of logs and runs, not with entries. One thread.
 */
#ifndef AUDIT_FLEET_H
#define AUDIT_FLEET_H

#include "audit/checkpoint.h"
#include "audit/timeline.h"

struct audit_fleet_run {
	int64_t from_ns, to_ns; /* to_ns: of its stop, or of the last entry seen */
	bool unclean, live;
	size_t log;
};

struct audit_fleet_log {
	char origin[AUDIT_NAME_MAX + 1];
	size_t pod_len;			      /* of origin: the pod's name */
	size_t directory;		      /* the how many-th of those given */
	struct audit_checkpoint checkpoint;   /* size 0: none */
	char predecessor[AUDIT_NAME_MAX + 1]; /* "" when it names none */
};

/* Zeroed to begin. */
struct audit_fleet {
	struct audit_fleet_log *log; /* owned */
	size_t log_count, log_room;
	struct audit_fleet_run *run; /* owned */
	size_t run_count, run_room;
	bool failed; /* memory is short */
};

/* A new log; events until the next one are of it. */
void audit_fleet_log(struct audit_fleet *fleet, const char *origin, size_t directory,
		     const struct audit_checkpoint *checkpoint);
void audit_fleet_event(void *fleet, const struct audit_event *event);

/* Sorts runs by pod and time. False: memory was short. */
MUST_USE bool audit_fleet_sort(struct audit_fleet *fleet);
void audit_fleet_done(struct audit_fleet *fleet);

/* The pod's name. */
struct bytes audit_fleet_pod(const struct audit_fleet *fleet, size_t log);

/* Is a log of this origin among them? */
bool audit_fleet_has(const struct audit_fleet *fleet, const char *origin);

#endif
