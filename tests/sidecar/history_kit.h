/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of history share: the stores that all properties hold for, a folder for those that last, and
 * entries to fold.
 */
#ifndef TESTS_SIDECAR_HISTORY_KIT_H
#define TESTS_SIDECAR_HISTORY_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "sidecar/history.h"
#include "sidecar/store_lmdb.h"
#include <cmocka.h>

struct history_kit {
	const char *name;
	bool embedded;
	size_t batch; /* events of one transaction; 0: as programs have it */
};

enum { HISTORY_KITS = 3 };
extern const struct history_kit history_kit[HISTORY_KITS];

/* A new folder; fails the test when it cannot be made. */
void history_folder_make(char folder[64]);
void history_folder_remove(const char *folder);

/* A history on a new store; the folder is made for a store that needs one, "" otherwise. Fails the test. */
struct sidecar_history *history_kit_open(const struct history_kit *kit, int64_t keep_ns, char folder[64]);
void history_kit_close(struct sidecar_history *history, const char *folder);

/* Fails the test when it is refused. */
void history_fold(struct sidecar_history *history, uint64_t index, struct audit_entry_seen seen);

/* What a lock gives; it is given back at once. Fails the test when it is refused. */
struct rules_history history_look(struct sidecar_history *history, struct bytes session, struct bytes user,
				  struct arena *arena);

#endif
