/* SPDX-License-Identifier: Apache-2.0
 *
 * Retention: entries of epochs that were sealed long enough ago are removed; hash tiles, checkpoint and log.id
 * stay, so every proof and every checkpoint that was kept elsewhere still holds.
 *
 *   1  a `prune` entry in the epoch at hand, durable: what is removed, and by which policy
 *   2  the signed note <epoch>/pruned
 *   3  entry bundles and journal are removed
 *
 * Ended anywhere and run again it goes on. Only sealed epochs are pruned: the next one's `open` carries what
 * history needs of them, and all their entries are older than their `close`.
 */
#include "audit/base64.h"
#include "audit/log_inside.h"
#include "audit/pruned.h"
#include "audit/reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { AGAIN_S = 60, DEPTH = 12 };

struct last {
	struct buf scratch;
	bool sealed;
	int64_t time_ns;
};

static bool see_last(void *ctx, uint64_t index, struct bytes leaf)
{
	struct last *last = ctx;
	struct audit_entry_head head;
	struct bytes successor = {NULL, 0};
	(void)index;
	last->sealed = audit_entry_read_head(leaf, &head, NULL) &&
		       audit_entry_read_close(leaf, &last->scratch, &successor, NULL) &&
		       bytes_present(successor);
	last->time_ns = last->sealed ? head.time_ns : 0;
	return true;
}

/* Removes a directory below the epoch with everything in it. What is gone already is fine. */
static bool remove_tree(const struct audit_io *io, int epoch, const char *name, unsigned depth)
{
	char path[AUDIT_TILE_PATH_MAX + 300];
	int fd = openat(epoch, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT;
	DIR *dir = fdopendir(fd);
	bool good = dir != NULL && depth < DEPTH;
	if (!dir)
		close(fd);
	for (struct dirent *entry; good && (entry = readdir(dir));) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		int len = snprintf(path, sizeof path, "%s/%s", name, entry->d_name);
		good = len > 0 && (size_t)len < sizeof path &&
		       (io->remove(io->ctx, epoch, path) == 0 || errno == ENOENT ||
			((errno == EISDIR || errno == EPERM) && remove_tree(io, epoch, path, depth + 1)));
	}
	if (dir)
		closedir(dir);
	return good && (unlinkat(epoch, name, AT_REMOVEDIR) == 0 || errno == ENOENT);
}

static bool remove_entries(const struct audit_log *log, int epoch, unsigned number, struct err *err)
{
	if (remove_tree(log->place.io, epoch, "tile/entries", 0) &&
	    remove_tree(log->place.io, epoch, "journal", 0))
		return true;
	return err_set(err, "%04u: entries that are pruned cannot be removed: %s", number, strerror(errno));
}

/* Steps 1 and 2. */
static bool announce(struct audit_log *log, const struct audit_reader *reader, int64_t sealed_ns,
		     struct err *err)
{
	uint8_t seed[AUDIT_SEED_LEN];
	struct audit_batch batch = {0};
	struct buf root = {0};
	const char *name = reader->identity.vkey.name;
	int64_t now = audit_log_now(log);
	audit_base64_add(&root, reader->checkpoint.root.at, AUDIT_HASH_LEN);
	const struct audit_entry_prune prune = {.origin = bytes_of(name),
						.entries = reader->checkpoint.size,
						.root = buf_bytes(&root),
						.retain = buf_bytes(&log->retain),
						.sealed_ns = sealed_ns};
	bool good = audit_entry_prune(&batch, now, &prune) || err_set(err, "memory is short");
	good = good && audit_log_append_wait(log, &batch, NULL, err) &&
	       audit_signer_seed(log->found.signer, seed);
	struct audit_signer *signer = good ? audit_signer_new(bytes_of(name), seed, err) : NULL;
	OPENSSL_cleanse(seed, sizeof seed);
	good = signer &&
	       audit_pruned_write(log->place.io, reader->epoch, signer, reader->checkpoint.size, now, err);
	audit_signer_free(signer);
	audit_batch_done(&batch);
	buf_done(&root);
	return good;
}

/* Is this a sealed epoch of our own key whose time has come? What cannot be read is not pruned. */
static bool due(struct audit_log *log, struct audit_reader *reader, struct last *last)
{
	uint64_t size = reader->checkpoint.size;
	struct err ignored;
	return memcmp(reader->identity.vkey.public, log->found.identity.vkey.public, AUDIT_PUBLIC_LEN) == 0 &&
	       size > 0 && audit_reader_walk(reader, size - 1, size, see_last, last, NULL, &ignored) &&
	       last->sealed && audit_log_now(log) - last->time_ns >= log->retain_ns;
}

/* *done: something was pruned. */
static bool prune_epoch(struct audit_log *log, unsigned number, bool *done, struct err *err)
{
	struct audit_reader reader = {.epoch = -1};
	struct last last = {.sealed = false};
	struct err ignored;
	bool good = true;
	if (audit_reader_open(&reader, log->found.directory, number, &ignored)) {
		bool pruned = reader.pruned > 0;
		*done = pruned ? faccessat(reader.epoch, "tile/entries", F_OK, 0) == 0 ||
					 faccessat(reader.epoch, "journal", F_OK, 0) == 0
			       : due(log, &reader, &last);
		good = !*done || ((pruned || announce(log, &reader, last.time_ns, err)) &&
				  remove_entries(log, reader.epoch, number, err));
		if (good && *done)
			audit_log_talk(log, 'i',
				       "%s: entries pruned, as audit.retain says; hashes and checkpoint stay",
				       reader.identity.vkey.name);
	}
	buf_done(&last.scratch);
	audit_reader_close(&reader);
	return good;
}

bool audit_log_prune(struct audit_log *log, struct err *err)
{
	unsigned *epochs;
	size_t count;
	bool done = false;
	if (!log->retain_ns || audit_monotonic_ns() < log->prune_again_ns || !log->writable)
		return true;
	if (!audit_epoch_list(log->found.directory, &epochs, &count, err))
		return false;
	bool good = true;
	for (size_t i = 0; i < count && good && !done && epochs[i] < log->found.number; i++)
		good = prune_epoch(log, epochs[i], &done, err);
	free(epochs);
	log->prune_again_ns = good && done ? 0 : audit_monotonic_ns() + AGAIN_S * TIME_SECOND;
	return good;
}
