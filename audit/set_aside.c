/* SPDX-License-Identifier: Apache-2.0
 *
 * Setting damage aside, for `rankguard-audit repair --accept-gap`:
 *
 *   1  what can be read up to the damage is published and signed in the damaged epoch, as its last checkpoint
 *   2  a new epoch begins; its first entries are `open`, which names the predecessor, and `gap`
 *   3  the damaged epoch's journal segments move into its quarantine/, as the gap entry says
 *
 * Nothing is deleted, and being ended at any point and run again gives the same result: until 2 is done the
 * damage stands where it was, and after it only 3 is left.
 */
#include "audit/recover_inside.h"

#include "audit/publish.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Signs entries up to s->end: they were acknowledged and can be read. */
static bool sign_rest(const struct audit_recover_options *o, struct audit_recovered *r,
		      const struct survey *s, struct err *err)
{
	struct audit_publisher publisher = {
		.io = o->io,
		.epoch = r->epoch,
		.signer = r->signer,
		.identity = &r->identity,
		.tree = *r->tree,
		.unsure = true,
		.broken_journal = true,
	};
	bool good = audit_hasher_init(&publisher.hasher, err) && audit_publish(&publisher, s->end, err);
	struct buf line = {0};
	if (good && o->talk && audit_checkpoint_line(buf_bytes(&publisher.note), &line, NULL)) {
		buf_add(&line, "", 1);
		o->talk(o->talk_ctx, 'c', line.failed ? "" : line.at);
	}
	buf_done(&line);
	audit_publisher_done(&publisher);
	return good || err_within(err, "%s/%04u", o->directory, r->number);
}

static bool add_file(const struct audit_recover_options *o, struct audit_recovered *r, const char *from,
		     const char *to, struct err *err)
{
	struct audit_gap *gap = &r->gap;
	struct audit_gap_file *grown = realloc(gap->file, (gap->file_count + 1) * sizeof *grown);
	struct audit_hasher hasher = {0};
	struct buf content = {0};
	char hex[2 * AUDIT_HASH_LEN + 1];
	if (!grown)
		return err_set(err, "%s: memory is short", o->directory);
	gap->file = grown;
	bool good = audit_file_read(r->epoch, from, SIZE_MAX / 2, &content, err) == AUDIT_FOUND &&
		    audit_hasher_init(&hasher, err);
	if (good) {
		struct audit_gap_file *file = &gap->file[gap->file_count++];
		struct audit_hash digest = audit_hash_plain(&hasher, buf_bytes(&content));
		*file = (struct audit_gap_file){.bytes = content.len};
		audit_hash_hex(&digest, hex);
		snprintf(file->from, sizeof file->from, "%s", from);
		snprintf(file->to, sizeof file->to, "%s", to);
		snprintf(file->digest, sizeof file->digest, "sha256:%s", hex);
	}
	audit_hasher_done(&hasher);
	buf_done(&content);
	return good || err_within(err, "%s/%04u", o->directory, r->number);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct audit_gap_file *)a)->from, ((const struct audit_gap_file *)b)->from);
}

/* All segments: what counts of them is signed, the rest is what is set aside. */
static bool add_segments(const struct audit_recover_options *o, struct audit_recovered *r, struct err *err)
{
	int fd = openat(r->epoch, "journal", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	bool good = true;
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return errno == ENOENT || err_set(err, "%s/%04u/journal: cannot be listed: %s", o->directory,
						  r->number, strerror(errno));
	}
	for (struct dirent *entry; good && (entry = readdir(dir));) {
		char from[64], to[64];
		uint64_t first;
		if (!audit_segment_name_parse(entry->d_name, &first))
			continue;
		snprintf(from, sizeof from, "journal/%.24s", entry->d_name);
		snprintf(to, sizeof to, "quarantine/%.24s", entry->d_name);
		good = add_file(o, r, from, to, err);
	}
	closedir(dir);
	if (r->gap.file_count > 1)
		qsort(r->gap.file, r->gap.file_count, sizeof *r->gap.file, by_name);
	return good;
}

/* The journal's damage can be gone around: what is before it is signed, the segments are set aside. */
static bool note_journal(const struct audit_recover_options *o, struct audit_recovered *r, struct survey *s,
			 struct err *err)
{
	struct audit_hasher hasher = {0};
	struct err why;
	if (!s->reader.journal && audit_journal_open_some(r->epoch, &r->identity.log, &s->reader.journal,
							  err) != AUDIT_JOURNAL_BATCH)
		return false;
	if (!audit_hasher_init(&hasher, err))
		return false;
	r->gap.to = audit_journal_reach(s->reader.journal);
	buf_clear(&s->head);
	buf_clear(&s->torn);
	s->head_count = 0;
	enum outcome outcome = survey_journal(o, r, s, &hasher, &why);
	audit_hasher_done(&hasher);
	/* Publishing reads the journal from the start of the bundle that is not full. */
	bool reaches = outcome != ABANDON && s->end > r->checkpoint.size &&
		       audit_journal_first(s->reader.journal) <= s->begin;
	if (reaches && !sign_rest(o, r, s, err))
		return false;
	r->gap.from = reaches ? s->end : r->checkpoint.size;
	if (r->gap.to < r->gap.from)
		r->gap.to = r->gap.from;
	return add_segments(o, r, err);
}

bool set_aside_note(const struct audit_recover_options *o, struct audit_recovered *r, struct survey *s,
		    const struct err *why, struct err *err)
{
	struct audit_gap *gap = &r->gap;
	bool known = r->signer != NULL;
	audit_gap_done(gap);
	gap->found = true;
	gap->epoch = r->number;
	snprintf(gap->reason, sizeof gap->reason, "%s", why->text);
	if (known)
		snprintf(gap->origin, sizeof gap->origin, "%s", r->identity.vkey.name);
	else
		snprintf(gap->origin, sizeof gap->origin, "%s/%s/%04u", o->origin, o->identity, r->number);
	bool good;
	if (known && s->reader.epoch >= 0)
		good = note_journal(o, r, s, err);
	else /* neither identity nor checkpoint can be read: all of the epoch stays as it is */
		good = faccessat(r->epoch, known ? "checkpoint" : "log.id", F_OK, 0) != 0 ||
		       add_file(o, r, known ? "checkpoint" : "log.id", "", err);
	if (good)
		*err = *why;
	return good;
}

bool audit_gap_move(const struct audit_io *io, int directory, const struct audit_gap *gap, struct err *err)
{
	char name[AUDIT_EPOCH_NAME];
	audit_epoch_name(gap->epoch, name);
	int epoch = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool good = epoch >= 0 && audit_io_make_dirs(io, epoch, "quarantine") &&
		    audit_io_sync_parent(io, epoch, "quarantine");
	for (size_t i = 0; good && i < gap->file_count; i++) {
		const struct audit_gap_file *file = &gap->file[i];
		if (file->to[0] && faccessat(epoch, file->to, F_OK, 0) != 0)
			good = io->rename(io->ctx, epoch, file->from, file->to) == 0 &&
			       audit_io_sync_parent(io, epoch, file->to) &&
			       audit_io_sync_parent(io, epoch, file->from);
	}
	if (!good)
		err_set(err, "%s: what is damaged cannot be moved into quarantine/: %s", name,
			strerror(errno));
	if (epoch >= 0)
		close(epoch);
	return good;
}

void audit_gap_done(struct audit_gap *gap)
{
	free(gap->file);
	*gap = (struct audit_gap){0};
}
