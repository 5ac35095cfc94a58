/* SPDX-License-Identifier: Apache-2.0
 *
 * One sidecar's part of the world for tests of the embedded store: a log, a history on it, entries that come in
 * as the sidecar makes them, what was said. And the oracle: a fold of the whole log into the store in memory.
 * Whatever happened before, after a start both read the same.
 */
#ifndef TESTS_SIDECAR_HISTORY_LIFE_H
#define TESTS_SIDECAR_HISTORY_LIFE_H

#include "tests/sidecar/history_kit.h"

#include "audit/log.h"
#include "sidecar/talk.h"
#include <stdatomic.h>

enum { HISTORY_LIFE_KEEP_S = 600 };

/* Time goes on over kills. */
struct history_life {
	char log_folder[64], folder[64];
	const char *boot, *subject_key, *identity;
	int64_t keep_ns;
	size_t batch, map_bytes;
	atomic_llong *clock; /* shared with children */
	int said;	     /* file of what talk said */
	struct audit_log *log;
	struct sidecar_talk *talk;
	struct sidecar_history *history;
	bool forgetful; /* the control: some entries are applied without their events */
	unsigned seed;
};

/* cmocka's setup and teardown; *state is the life. */
int history_life_begin(void **state);
int history_life_end(void **state);

/* All of these fail the test when they are refused. */
void history_life_start_log(struct history_life *life);
void history_life_start(struct history_life *life); /* log, store, history; caught up */
void history_life_end_run(struct history_life *life);

struct sidecar_store history_life_store(const struct history_life *life, struct err *err);

/* Since the last start. */
void history_life_assert_said(const struct history_life *life, const char *text);

/* Sends entries, some at a time; between them history is flushed and expired now and then. told: a file that
 * gets a byte for each that was acknowledged; -1: none. */
void history_life_send(struct history_life *life, unsigned count, int told);

/* Does history read as a fold of the whole log does? *events: how many it holds. */
bool history_life_like_the_log(struct history_life *life, size_t *events);
void history_life_assert_like_the_log(struct history_life *life); /* and holds some */

/* A file of the store. */
void history_life_path(const struct history_life *life, const char *name, char path[128]);

#endif
