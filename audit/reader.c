/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/reader.h"

#include "audit/pruned.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

static bool read_checkpoint(struct audit_reader *reader, struct err *err)
{
	enum audit_found found =
		audit_file_read(reader->epoch, "checkpoint", AUDIT_NOTE_MAX, &reader->note, err);
	if (found == AUDIT_MISSING)
		return true;
	reader->signed_once = found == AUDIT_FOUND;
	return found == AUDIT_FOUND &&
	       (audit_checkpoint_open(buf_bytes(&reader->note), &reader->identity.vkey, &reader->checkpoint,
				      err) ||
		err_within(err, "checkpoint"));
}

bool audit_reader_open_at(struct audit_reader *reader, int epoch, struct err *err)
{
	*reader = (struct audit_reader){.epoch = epoch};
	bool good = audit_identity_read(epoch, &reader->identity, err) == AUDIT_FOUND;
	if (good) {
		enum audit_journal_step step = audit_journal_open(epoch, &reader->identity.log,
								  &reader->journal, &reader->journal_err);
		if (step == AUDIT_JOURNAL_FAILED) {
			good = false;
			if (err)
				*err = reader->journal_err;
		}
	}
	good = good && read_checkpoint(reader, err) &&
	       audit_pruned_read(epoch, &reader->identity.vkey, &reader->pruned, err) != AUDIT_UNREADABLE;
	if (!good)
		audit_reader_close(reader);
	return good;
}

bool audit_reader_open(struct audit_reader *reader, int dir, unsigned epoch, struct err *err)
{
	char name[AUDIT_EPOCH_NAME];
	audit_epoch_name(epoch, name);
	*reader = (struct audit_reader){.epoch = -1};
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, "%s: cannot be read: %s", name, strerror(errno));
	if (!audit_reader_open_at(reader, fd, err))
		return err_within(err, "%s", name);
	reader->number = epoch;
	return true;
}

void audit_reader_close(struct audit_reader *reader)
{
	if (reader->epoch >= 0)
		close(reader->epoch);
	audit_journal_close(reader->journal);
	buf_done(&reader->note);
	buf_done(&reader->file);
	*reader = (struct audit_reader){.epoch = -1};
}

unsigned audit_reader_width(const struct audit_reader *reader, uint64_t n)
{
	uint64_t size = reader->checkpoint.size;
	if (n < size / AUDIT_TILE_WIDTH)
		return AUDIT_TILE_WIDTH;
	return n == size / AUDIT_TILE_WIDTH ? (unsigned)(size % AUDIT_TILE_WIDTH) : 0;
}

bool audit_reader_bundle_pruned(const struct audit_reader *reader, uint64_t n)
{
	return n * AUDIT_TILE_WIDTH + audit_reader_width(reader, n) <= reader->pruned;
}

enum audit_found audit_tile_read(int epoch, const struct audit_tile *tile, bool fallback, struct buf *file,
				 bool *partial, struct err *err)
{
	char path[AUDIT_TILE_PATH_MAX];
	struct audit_tile full = {tile->level, tile->n, AUDIT_TILE_WIDTH};
	size_t max = tile->level == AUDIT_TILE_ENTRIES ? AUDIT_BUNDLE_MAX : AUDIT_TILE_WIDTH * AUDIT_HASH_LEN;
	audit_tile_path(tile, path);
	enum audit_found found = audit_file_read(epoch, path, max, file, err);
	*partial = tile->width < AUDIT_TILE_WIDTH && found == AUDIT_FOUND;
	if (found == AUDIT_MISSING && fallback && tile->width < AUDIT_TILE_WIDTH) {
		char again[AUDIT_TILE_PATH_MAX];
		audit_tile_path(&full, again);
		found = audit_file_read(epoch, again, max, file, err);
		if (found == AUDIT_MISSING)
			err_set(err, "%s: is missing, and so is the full one", path);
	}
	return found;
}

bool audit_bundle_read(int epoch, uint64_t n, unsigned width, struct buf *file, struct bytes *bundle,
		       bool *exact, struct err *err)
{
	struct audit_tile tile = {AUDIT_TILE_ENTRIES, n, width};
	bool partial, whole;
	if (audit_tile_read(epoch, &tile, true, file, &partial, err) != AUDIT_FOUND)
		return false;
	struct bytes found = audit_bundle_prefix(buf_bytes(file), width, &whole);
	if (!bytes_present(found)) {
		char path[AUDIT_TILE_PATH_MAX];
		audit_tile_path(&tile, path);
		return err_set(err, "%s: holds fewer than %u whole entries", path, width);
	}
	*bundle = found;
	*exact = whole || !partial;
	return true;
}

bool audit_reader_bundle(struct audit_reader *reader, uint64_t n, unsigned width, struct bytes *bundle,
			 bool *exact, struct err *err)
{
	return audit_bundle_read(reader->epoch, n, width, &reader->file, bundle, exact, err);
}

struct walk {
	uint64_t next, to;
	bool (*see)(void *ctx, uint64_t index, struct bytes leaf);
	void *ctx;
	bool ended; /* see said so */
};

/* Entries of a run that begins at `first`. */
static void walk_run(struct walk *walk, uint64_t first, struct bytes run)
{
	struct bytes entry;
	for (uint64_t index = first; index < walk->to && !walk->ended && audit_bundle_next(&run, &entry);
	     index++) {
		if (index < walk->next)
			continue;
		walk->ended = !walk->see(walk->ctx, index, entry);
		walk->next = index + 1;
	}
}

static bool walk_bundles(struct audit_reader *reader, struct walk *walk, struct err *err)
{
	while (!walk->ended && walk->next < walk->to && walk->next < reader->checkpoint.size) {
		uint64_t n = walk->next / AUDIT_TILE_WIDTH;
		struct bytes bundle;
		bool exact;
		if (!audit_reader_bundle(reader, n, audit_reader_width(reader, n), &bundle, &exact, err))
			return false;
		walk_run(walk, n * AUDIT_TILE_WIDTH, bundle);
	}
	return true;
}

static bool walk_journal(struct audit_reader *reader, struct walk *walk, struct err *err)
{
	struct audit_journal_batch batch;
	enum audit_journal_step step = AUDIT_JOURNAL_BATCH;
	if (walk->ended || walk->next >= walk->to)
		return true;
	if (!reader->journal) {
		if (err)
			*err = reader->journal_err;
		return false;
	}
	if (audit_journal_segments(reader->journal) == 0)
		return true;
	if (audit_journal_first(reader->journal) > walk->next)
		return err_set(
			err, "journal: begins at entry %" PRIu64 "; entries from %" PRIu64 " on are missing",
			audit_journal_first(reader->journal), walk->next);
	audit_journal_seek(reader->journal, walk->next, NULL);
	while (!walk->ended && walk->next < walk->to &&
	       (step = audit_journal_next(reader->journal, &batch, err)) == AUDIT_JOURNAL_BATCH)
		walk_run(walk, batch.first, batch.entries);
	return step == AUDIT_JOURNAL_BATCH || step == AUDIT_JOURNAL_STOP;
}

bool audit_reader_walk(struct audit_reader *reader, uint64_t from, uint64_t to,
		       bool (*see)(void *ctx, uint64_t index, struct bytes leaf), void *ctx, uint64_t *next,
		       struct err *err)
{
	struct walk walk = {.next = from, .to = to, .see = see, .ctx = ctx};
	if (from < reader->pruned && from < to) {
		if (next)
			*next = from;
		return err_set(err,
			       "entries 0 to %" PRIu64
			       " are pruned: the log's retention policy removed them; their "
			       "hashes stay, and a copy of an entry can still be proven",
			       reader->pruned - 1);
	}
	bool good = walk_bundles(reader, &walk, err) && walk_journal(reader, &walk, err);
	if (next)
		*next = walk.next;
	return good;
}
