/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/recover_inside.h"

#include "audit/publish.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static bool lock_file(int fd)
{
	enum { TRIES = 100, PAUSE_MS = 10 };
	/* A reader asks for the lock for an instant to learn whether a writer lives. */
	for (int i = 0; i < TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		poll(NULL, 0, PAUSE_MS);
	}
	errno = EWOULDBLOCK;
	return false;
}

static bool locked_by_other(const struct audit_recover_options *o, struct err *err)
{
	if (errno == EWOULDBLOCK)
		return err_set(
			err,
			"%s: another process writes this log; stop it first, or give this one a directory "
			"of its own",
			o->directory);
	return err_set(err, "%s: cannot be locked: %s", o->directory, strerror(errno));
}

static bool open_directory(const struct audit_recover_options *o, struct audit_recovered *r, struct err *err)
{
	r->directory = open(o->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->directory < 0 && errno == ENOENT)
		return err_set(err,
			       "%s: no such directory; make it and give it to the user that runs rankguard",
			       o->directory);
	if (r->directory < 0 && errno == ENOTDIR)
		return err_set(err, "%s: not a directory; name the directory that holds the log",
			       o->directory);
	if (r->directory < 0)
		return err_set(err, "%s: cannot be opened: %s", o->directory, strerror(errno));
	if (faccessat(r->directory, ".", W_OK, AT_EACCESS) != 0)
		return err_set(
			err,
			"%s: cannot be written: %s; the log's directory must belong to the user that runs "
			"rankguard, on a file system that is mounted read-write",
			o->directory, strerror(errno));
	return lock_file(r->directory) ? true : locked_by_other(o, err);
}

static bool open_epoch(const struct audit_recover_options *o, struct audit_recovered *r, struct err *err)
{
	char name[AUDIT_EPOCH_NAME];
	audit_epoch_name(r->number, name);
	if (o->io->make_dir(o->io->ctx, r->directory, name) != 0 && errno != EEXIST)
		return err_set(err, "%s/%s: cannot be made: %s", o->directory, name, strerror(errno));
	r->epoch = openat(r->directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (r->epoch < 0)
		return err_set(err, "%s/%s: cannot be opened: %s", o->directory, name, strerror(errno));
	r->lock = o->io->open(o->io->ctx, r->epoch, "lock", O_RDWR | O_CREAT, 0644);
	if (r->lock < 0)
		return err_set(err, "%s/%s/lock: cannot be made: %s", o->directory, name, strerror(errno));
	if (!lock_file(r->lock))
		return locked_by_other(o, err);
	if (!audit_io_make_dirs(o->io, r->epoch, "journal") ||
	    !audit_io_sync_parent(o->io, r->epoch, "journal") ||
	    !audit_io_sync_parent(o->io, r->directory, name))
		return err_set(err, "%s/%s: cannot be written: %s", o->directory, name, strerror(errno));
	return true;
}

/* Half-made files of a run that was ended. */
static void remove_temporary(const struct audit_io *io, int epoch)
{
	int fd = openat(epoch, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir && fd >= 0)
		close(fd);
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		if (strncmp(entry->d_name, ".tmp-", 5) == 0)
			io->remove(io->ctx, epoch, entry->d_name);
	if (dir)
		closedir(dir);
}

static enum outcome identify(const struct audit_recover_options *o, struct audit_recovered *r,
			     struct err *err)
{
	char origin[3 * AUDIT_NAME_MAX];
	enum audit_found found = audit_identity_read(r->epoch, &r->identity, err);
	if (found == AUDIT_UNREADABLE)
		return DAMAGED;
	if (found == AUDIT_MISSING &&
	    (faccessat(r->epoch, "checkpoint", F_OK, 0) == 0 || faccessat(r->epoch, "tile", F_OK, 0) == 0))
		return DAMAGED;
	snprintf(origin, sizeof origin, "%s/%s/%04u", o->origin, o->identity, r->number);
	r->signer = audit_signer_new(bytes_of(found == AUDIT_FOUND ? r->identity.vkey.name : origin), o->seed,
				     err);
	if (!r->signer)
		return REFUSED;
	if (found == AUDIT_MISSING && o->look_only)
		return READY;
	if (found == AUDIT_MISSING) {
		if (audit_identity_write(o->io, r->epoch, r->signer, o->now_ns, &r->identity, err))
			return READY;
		err_within(err, "%s", o->directory);
		return REFUSED;
	}
	if (o->look_only ||
	    memcmp(audit_signer_vkey(r->signer)->public, r->identity.vkey.public, AUDIT_PUBLIC_LEN) == 0)
		return READY;
	err_set(err, "the audit key is not the one that this log was begun with");
	return ABANDON;
}

static bool quarantine(const struct audit_recover_options *o, struct audit_recovered *r, struct survey *s,
		       struct audit_hasher *hasher, struct err *err)
{
	char hex[2 * AUDIT_HASH_LEN + 1];
	if (r->cut.kind != AUDIT_TAIL_TORN)
		return true;
	struct audit_hash digest = audit_hash_plain(hasher, buf_bytes(&s->torn));
	audit_hash_hex(&digest, hex);
	snprintf(r->cut_digest, sizeof r->cut_digest, "sha256:%s", hex);
	snprintf(r->cut_file, sizeof r->cut_file, "quarantine/%020" PRIu64 "-%" PRIu64 ".tail", r->cut.index,
		 r->cut.sequence);
	if (audit_io_make_dirs(o->io, r->epoch, "quarantine") &&
	    audit_io_sync_parent(o->io, r->epoch, "quarantine") &&
	    audit_io_replace(o->io, r->epoch, ".tmp-tail", r->cut_file, buf_bytes(&s->torn), 0444) &&
	    audit_io_sync_parent(o->io, r->epoch, r->cut_file))
		return true;
	return err_set(err, "%s/%04u/%s: cannot be written: %s", o->directory, r->number, r->cut_file,
		       strerror(errno));
}

/* Every segment but ours: what they held that counts is in ours. */
static bool remove_old_segments(const struct audit_recover_options *o, const struct audit_recovered *r)
{
	char ours[AUDIT_SEGMENT_NAME], name[AUDIT_SEGMENT_NAME + 8];
	uint64_t first;
	audit_segment_name(r->segment.head.first, ours);
	int fd = openat(r->epoch, "journal", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return false;
	bool good = true;
	for (struct dirent *entry; good && (entry = readdir(dir));) {
		if (!audit_segment_name_parse(entry->d_name, &first) || strcmp(entry->d_name, ours) == 0)
			continue;
		snprintf(name, sizeof name, "journal/%.24s", entry->d_name);
		good = o->io->remove(o->io->ctx, r->epoch, name) == 0;
	}
	closedir(dir);
	return good;
}

static bool renew_journal(const struct audit_recover_options *o, struct audit_recovered *r, struct survey *s,
			  struct err *err)
{
	struct audit_segment_place place = {o->io, r->epoch, r->identity.log};
	struct audit_rewrite rewrite = {
		.place = &place,
		.journal = s->reader.journal,
		.head = buf_bytes(&s->head),
		.head_count = s->head_count,
		.from = s->begin,
		.to = s->end,
		.sequence = s->sequence + 1,
		.room = o->segment_bytes - SEGMENT_HEADER,
		.bytes_known = true,
		.bytes = s->bytes,
	};
	if (!audit_rewrite(&rewrite, &r->segment, err))
		return err_within(err, "%s/%04u", o->directory, r->number);
	if (!remove_old_segments(o, r))
		return err_set(err, "%s/%04u/journal: an old segment cannot be removed: %s", o->directory,
			       r->number, strerror(errno));
	audit_publish_trim(o->io, r->epoch, r->checkpoint.size);
	r->size = s->end;
	r->rewritten = s->end - r->checkpoint.size;
	r->clean = s->clean || s->end == 0;
	r->point = (struct audit_journal_point){r->segment.head.sequence, SEGMENT_HEADER, s->begin,
						r->segment.head.crc};
	return true;
}

static enum outcome recover_identified(const struct audit_recover_options *o, struct audit_recovered *r,
				       struct survey *s, struct audit_hasher *hasher, struct err *err)
{
	if (!audit_reader_open_at(&s->reader, dup(r->epoch), err))
		return DAMAGED;
	if (!s->reader.journal) {
		*err = s->reader.journal_err;
		return DAMAGED;
	}
	r->checkpoint = s->reader.checkpoint;
	if (!s->reader.signed_once)
		r->checkpoint.root = audit_hash_plain(hasher, (struct bytes){"", 0});
	if (!s->reader.signed_once && faccessat(r->epoch, "tile/0", F_OK, 0) == 0 &&
	    audit_journal_first(s->reader.journal) > 0) {
		err_set(err, "checkpoint: is missing");
		return DAMAGED;
	}
	buf_add_bytes(&r->note, buf_bytes(&s->reader.note));
	if (audit_publish_load(r->epoch, &r->checkpoint, hasher, r->tree, err) != AUDIT_FOUND)
		return ABANDON;
	s->begin = r->checkpoint.size - r->checkpoint.size % AUDIT_TILE_WIDTH;
	s->sequence = audit_journal_sequence(s->reader.journal);
	enum outcome outcome = survey_journal(o, r, s, hasher, err);
	if (outcome != READY || o->look_only)
		return outcome;
	r->last_ns = s->last_ns;
	r->sealed = s->sealed && r->checkpoint.size == s->end;
	return quarantine(o, r, s, hasher, err) && renew_journal(o, r, s, err) ? READY : REFUSED;
}

/* err: within the epoch. */
static enum outcome recover_epoch(const struct audit_recover_options *o, struct audit_recovered *r,
				  struct err *err)
{
	struct survey survey = {.reader = {.epoch = -1}};
	struct audit_hasher hasher = {0};
	enum outcome outcome = REFUSED;
	r->tree = calloc(1, sizeof *r->tree);
	if (!r->tree)
		err_set(err, "%s: memory is short", o->directory);
	else if (open_epoch(o, r, err) && audit_hasher_init(&hasher, err)) {
		if (!o->look_only)
			remove_temporary(o->io, r->epoch);
		outcome = identify(o, r, err);
		if (outcome == READY)
			outcome = recover_identified(o, r, &survey, &hasher, err);
	}
	if (outcome == DAMAGED && o->accept_gap) {
		struct err why = *err;
		outcome = set_aside_note(o, r, &survey, &why, err) ? ABANDON : REFUSED;
	}
	audit_hasher_done(&hasher);
	survey_done(&survey);
	return outcome;
}

/* What the first entry of a new epoch says of the one before it. */
static void remember_predecessor(struct audit_recovered *r)
{
	struct audit_identity identity;
	char name[AUDIT_EPOCH_NAME];
	struct err ignored;
	if (r->number <= 1 || r->size > 0)
		return;
	audit_epoch_name(r->number - 1, name);
	int before = openat(r->directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (before < 0)
		return;
	if (audit_identity_read(before, &identity, &ignored) == AUDIT_FOUND)
		strcpy(r->predecessor, identity.vkey.name);
	struct audit_checkpoint checkpoint;
	if (audit_file_read(before, "checkpoint", AUDIT_NOTE_MAX, &r->predecessor_note, &ignored) !=
		    AUDIT_FOUND ||
	    !audit_checkpoint_open(buf_bytes(&r->predecessor_note), &identity.vkey, &checkpoint, &ignored))
		buf_clear(&r->predecessor_note);
	close(before);
}

/* Lets go of one epoch, not of the directory. */
static void leave_epoch(struct audit_recovered *r)
{
	audit_segment_close(&r->segment);
	audit_signer_free(r->signer);
	r->signer = NULL;
	free(r->tree);
	r->tree = NULL;
	buf_done(&r->note);
	if (r->lock >= 0)
		close(r->lock);
	if (r->epoch >= 0)
		close(r->epoch);
	r->lock = r->epoch = -1;
	r->cut = (struct audit_journal_tail){0};
	r->checkpoint = (struct audit_checkpoint){{0}, 0, {{0}}};
}

static enum outcome begin_next(const struct audit_recover_options *o, struct audit_recovered *r,
			       struct err *err)
{
	leave_epoch(r);
	r->number++;
	return recover_epoch(o, r, err);
}

/* Says loudly why the epoch at hand is not extended, and begins the next. */
static enum outcome abandon(const struct audit_recover_options *o, struct audit_recovered *r, struct err *err)
{
	char text[sizeof r->why + 512];
	snprintf(r->why, sizeof r->why, "%s", err->text);
	snprintf(
		text, sizeof text,
		"%s/%04u: this log is not extended any more: %s; a new epoch %04u begins and names it as its "
		"predecessor; keep %04u as it is and find out what happened",
		o->directory, r->number, r->why, r->number + 1, r->number);
	if (o->talk)
		o->talk(o->talk_ctx, 'e', text);
	return begin_next(o, r, err);
}

static bool stands(int directory, unsigned number, const char *name)
{
	char path[AUDIT_EPOCH_NAME + 16];
	snprintf(path, sizeof path, "%04u/%s", number, name);
	return faccessat(directory, path, F_OK, 0) == 0;
}

static bool has_segments(int directory, unsigned number)
{
	char path[AUDIT_EPOCH_NAME + 16];
	bool any = false;
	snprintf(path, sizeof path, "%04u/journal", number);
	int fd = openat(directory, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno != ENOENT;
	DIR *dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return true;
	}
	for (struct dirent *entry; (entry = readdir(dir));)
		any |= entry->d_name[0] != '.';
	closedir(dir);
	return any;
}

/* Has nothing been written to this epoch yet? Then the one before it counts, if that was not ended. Its name
 * comes before its first segment, so a folder that died before that holds at most an empty journal. */
static bool epoch_empty(int directory, unsigned number)
{
	struct audit_reader reader;
	struct audit_journal_batch batch;
	struct err ignored;
	if (!audit_reader_open(&reader, directory, number, &ignored))
		return !stands(directory, number, "log.id") && !stands(directory, number, "checkpoint") &&
		       !stands(directory, number, "tile") && !has_segments(directory, number);
	bool empty = !reader.signed_once && faccessat(reader.epoch, "tile", F_OK, 0) != 0 && reader.journal &&
		     audit_journal_first(reader.journal) == 0 &&
		     audit_journal_next(reader.journal, &batch, &ignored) == AUDIT_JOURNAL_STOP;
	audit_reader_close(&reader);
	return empty;
}

/* The hint that an operator needs. */
static void refuse_damage(const struct audit_recover_options *o, const struct audit_recovered *r,
			  struct err *err)
{
	char name[AUDIT_EPOCH_NAME];
	audit_epoch_name(r->number, name);
	err_within(err, "%s/%s", o->directory, name);
	if (o->look_only)
		return;
	size_t len = strlen(err->text);
	snprintf(err->text + len, sizeof err->text - len,
		 "; damage is never passed over: restore the file from a copy, or let `rankguard-audit "
		 "repair %s "
		 "--accept-gap` set the damage aside and begin a new epoch that says so",
		 o->directory);
}

static enum outcome recover_newest(const struct audit_recover_options *o, struct audit_recovered *r,
				   const unsigned *epochs, size_t count, struct err *err)
{
	r->number = count ? epochs[count - 1] : 1;
	if (count > 1 && epochs[count - 2] == r->number - 1 && epoch_empty(r->directory, r->number))
		r->number--;
	enum outcome outcome = recover_epoch(o, r, err);
	if (o->look_only)
		return outcome;
	if (outcome == ABANDON)
		outcome = abandon(o, r, err);
	else if (outcome == READY && r->sealed)
		outcome = begin_next(o, r, err);
	return outcome;
}

static enum audit_look look_of(enum outcome outcome)
{
	switch (outcome) {
	case READY:
		return AUDIT_LOOK_WHOLE;
	case ABANDON:
		return AUDIT_LOOK_ABANDONED;
	case DAMAGED:
		return AUDIT_LOOK_DAMAGED;
	case REFUSED:
		break;
	}
	return AUDIT_LOOK_FAILED;
}

bool audit_recover(const struct audit_recover_options *o, struct audit_recovered *recovered, struct err *err)
{
	struct audit_recovered r = {
		.directory = -1, .epoch = -1, .lock = -1, .segment = {.fd = -1}, .number = 1};
	struct err local;
	struct err *words = err ? err : &local;
	unsigned *epochs = NULL;
	size_t count = 0;
	bool good = open_directory(o, &r, words);
	if (good && !audit_epoch_list(r.directory, &epochs, &count, words))
		good = err_within(words, "%s", o->directory);
	if (good) {
		enum outcome outcome = recover_newest(o, &r, epochs, count, words);
		if (outcome == DAMAGED)
			refuse_damage(o, &r, words);
		r.look = look_of(outcome);
		good = outcome == READY;
	}
	free(epochs);
	if (good && !o->look_only)
		remember_predecessor(&r);
	else
		audit_recovered_done(&r);
	if (good || o->look_only)
		*recovered = r;
	return good;
}

bool audit_recover_next(const struct audit_recover_options *o, int directory, unsigned number,
			struct audit_recovered *recovered, struct err *err)
{
	struct audit_recovered r = {
		.directory = directory, .epoch = -1, .lock = -1, .segment = {.fd = -1}, .number = number};
	bool good = recover_epoch(o, &r, err) == READY;
	if (good && r.size > 0)
		good = err_set(err, "%s/%04u: has entries already", o->directory, number);
	if (good) {
		*recovered = r;
		return true;
	}
	r.directory = -1;
	audit_recovered_done(&r);
	return false;
}

bool audit_recover_predecessor(struct audit_recovered *r)
{
	buf_clear(&r->predecessor_note);
	remember_predecessor(r);
	return r->predecessor[0] && r->predecessor_note.len > 0;
}

void audit_recovered_done(struct audit_recovered *r)
{
	leave_epoch(r);
	buf_done(&r->predecessor_note);
	audit_gap_done(&r->gap);
	if (r->directory >= 0)
		close(r->directory);
	r->directory = -1;
}
