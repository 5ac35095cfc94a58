/* SPDX-License-Identifier: Apache-2.0
 *
 * A disk that can be made sick at any of its calls, and that remembers what was not synced, so that a power cut
 * can be played: what no fsync covered is taken back.
 *
 *     SICK_ERROR   the call fails with `error`, once; the disk is well again afterwards
 *     SICK_SHORT   a write writes `tear` bytes and says so; the rest must come by another call
 *     SICK_TORN    a write writes `tear` bytes and fails with `error`, once
 *     SICK_DEAD    from this call on everything fails; a write still writes `tear` bytes of its first block
 *
 * The power cut takes back, newest first: bytes written since the file's last sync, and renames, removals and
 * directories since the last sync of the directory they stand in.
 */
#ifndef TESTS_AUDIT_SICK_IO_H
#define TESTS_AUDIT_SICK_IO_H

#include "kit.h"

#include "audit/io.h"

enum sickness { SICK_NONE, SICK_ERROR, SICK_SHORT, SICK_TORN, SICK_DEAD };

struct sick_undo;

struct sick_io {
	struct audit_io io; /* give this to the log */
	pthread_mutex_t lock;
	unsigned calls, at; /* calls so far; the one that is sick, from 1 */
	enum sickness sickness;
	int error;
	size_t tear;
	bool no_sync; /* the control: syncs say yes and do nothing */
	bool dead;
	struct sick_undo *undo; /* newest first */
	char grave[64];		/* removed files, until their removal is synced */
	unsigned buried;
};

void sick_init(struct sick_io *sick);
void sick_done(struct sick_io *sick);

/* Takes back everything that was not synced. Nothing may use the disk meanwhile. */
void sick_power_cut(struct sick_io *sick);

#endif
