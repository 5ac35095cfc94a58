/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sidecar/history_kit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* With batches of three the layers change hands all the time; with those of programs most of the events of a
 * test lie in memory. */
const struct history_kit history_kit[HISTORY_KITS] = {
	{.name = "memory"},
	{.name = "embedded", .embedded = true},
	{.name = "embedded, small batches", .embedded = true, .batch = 3},
};

void history_folder_make(char folder[64])
{
	/* In memory where there is such a place: tests start and end histories hundreds of times. */
	snprintf(folder, 64, "%s/rankguard-history-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(folder));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

void history_folder_remove(const char *folder)
{
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

struct sidecar_history *history_kit_open(const struct history_kit *kit, int64_t keep_ns, char folder[64])
{
	struct err err = {""};
	struct sidecar_store store = sidecar_store_memory();
	folder[0] = '\0';
	if (kit->embedded) {
		history_folder_make(folder);
		store.free(store.ctx);
		store = sidecar_store_lmdb(&(struct sidecar_store_lmdb_options){.directory = folder,
										.subject_key = "k",
										.batch = kit->batch},
					   &err);
	}
	assert_string_equal(err.text, "");
	struct sidecar_history *history = sidecar_history_new(store, keep_ns);
	assert_non_null(history);
	return history;
}

void history_kit_close(struct sidecar_history *history, const char *folder)
{
	sidecar_history_free(history);
	if (folder[0])
		history_folder_remove(folder);
}

void history_fold(struct sidecar_history *history, uint64_t index, struct audit_entry_seen seen)
{
	struct err err;
	if (!sidecar_history_fold(history, index, &seen, &err))
		fail_msg("%s", err.text);
}

struct rules_history history_look(struct sidecar_history *history, struct bytes session, struct bytes user,
				  struct arena *arena)
{
	struct sidecar_lease lease;
	struct rules_history seen;
	struct err err;
	if (!sidecar_history_lock(history, session, user, arena, &lease, &seen, &err))
		fail_msg("%s", err.text);
	sidecar_history_unlock(&lease);
	return seen;
}
