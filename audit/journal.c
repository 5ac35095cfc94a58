/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/journal.h"

#include "audit/tile.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct segment {
	int fd;
	char name[AUDIT_SEGMENT_NAME];
	struct audit_segment_head head;
	uint64_t limit; /* entries from here on are told by a later segment */
};

/* What was read of a segment beyond the batch at hand: batches are small, and a read for each is dear. */
enum { AHEAD = 256 << 10 };
struct ahead {
	char *block;	 /* owned: AHEAD bytes */
	int fd;		 /* of which segment */
	uint64_t offset; /* of the block in it */
	size_t len;
};

/* Segments stand in order of their sequence; those that a later one replaces whole are not kept. So they are
 * in order of their first index too, and each one's limit is the next one's first index. */
struct audit_journal {
	struct segment *segment;
	size_t count, now;
	uint64_t want;	   /* entries below are skipped */
	uint64_t at;	   /* index of the next batch */
	uint64_t offset;   /* of the next batch in segment[now] */
	uint32_t previous; /* CRC before it */
	const char *why;   /* of the last STOP */
	struct buf frame;
	struct ahead ahead;
	bool watch;
	const char *leftover; /* name of a segment */
	uint64_t leftover_offset, leftover_next;
};

static bool read_at(int fd, void *to, size_t len, uint64_t at, size_t *have)
{
	*have = 0;
	while (*have < len) {
		ssize_t n = pread(fd, (char *)to + *have, len - *have, (off_t)(at + *have));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (n == 0)
			break;
		*have += (size_t)n;
	}
	return true;
}

/* read_at by way of the block, for what is shorter than it. Where what lies ahead cannot be read, what was asked
 * for perhaps can. */
static bool read_ahead(struct ahead *ahead, int fd, void *to, size_t len, uint64_t at, size_t *have)
{
	bool held = ahead->fd == fd && at >= ahead->offset && at + len <= ahead->offset + ahead->len;
	if (!ahead->block && !(ahead->block = malloc(AHEAD)))
		return false;
	if (!held) {
		*ahead = (struct ahead){.block = ahead->block, .fd = fd, .offset = at};
		if (len > AHEAD || !read_at(fd, ahead->block, AHEAD, at, &ahead->len)) {
			ahead->len = 0;
			return read_at(fd, to, len, at, have);
		}
	}
	size_t skip = (size_t)(at - ahead->offset);
	*have = ahead->len - skip < len ? ahead->len - skip : len;
	memcpy(to, ahead->block + skip, *have);
	return true;
}

static enum audit_journal_step open_segment(int dir, const char *name, const struct audit_hash *log,
					    struct segment *segment, struct err *err)
{
	uint8_t block[SEGMENT_HEADER];
	struct stat stat;
	size_t have;
	uint64_t first;
	*segment = (struct segment){.fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
	if (segment->fd < 0 && errno == ENOENT)
		return AUDIT_JOURNAL_STOP; /* deleted since it was listed: list again */
	snprintf(segment->name, sizeof segment->name, "%s", name);
	if (segment->fd < 0 || fstat(segment->fd, &stat) != 0 ||
	    !read_at(segment->fd, block, sizeof block, 0, &have)) {
		err_set(err, "journal/%s: cannot be read: %s", name, strerror(errno));
		return AUDIT_JOURNAL_FAILED;
	}
	if (have < sizeof block) {
		err_set(err, "journal/%s: %zu bytes; a segment has at least %d", name, have, SEGMENT_HEADER);
		return AUDIT_JOURNAL_DAMAGED;
	}
	if (!audit_segment_check(block, log, &segment->head, err)) {
		err_within(err, "journal/%s", name);
		return AUDIT_JOURNAL_DAMAGED;
	}
	if ((uint64_t)stat.st_size != segment->head.size || !audit_segment_name_parse(name, &first) ||
	    first != segment->head.first) {
		err_set(err,
			"journal/%s: name or size is not what its header says (first index %" PRIu64
			", %" PRIu64 " bytes)",
			name, segment->head.first, segment->head.size);
		return AUDIT_JOURNAL_DAMAGED;
	}
	return AUDIT_JOURNAL_BATCH;
}

static bool add_segment(struct audit_journal *journal, const struct segment *segment)
{
	struct segment *grown = realloc(journal->segment, (journal->count + 1) * sizeof *grown);
	if (!grown)
		return false;
	journal->segment = grown;
	journal->segment[journal->count++] = *segment;
	return true;
}

static void drop_segments(struct audit_journal *journal)
{
	for (size_t i = 0; i < journal->count; i++)
		close(journal->segment[i].fd);
	free(journal->segment);
	journal->segment = NULL;
	journal->count = 0;
}

static enum audit_journal_step list_segments(int epoch, const struct audit_hash *log, bool some,
					     struct audit_journal *journal, struct err *err)
{
	enum audit_journal_step step = AUDIT_JOURNAL_BATCH;
	int fd = openat(epoch, "journal", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return AUDIT_JOURNAL_BATCH;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		err_set(err, "journal: cannot be read: %s", strerror(errno));
		if (fd >= 0)
			close(fd);
		return AUDIT_JOURNAL_FAILED;
	}
	for (struct dirent *entry; step == AUDIT_JOURNAL_BATCH && (entry = readdir(dir));) {
		struct segment segment;
		uint64_t first;
		if (!audit_segment_name_parse(entry->d_name, &first))
			continue;
		step = open_segment(fd, entry->d_name, log, &segment, err);
		if (step == AUDIT_JOURNAL_BATCH && !add_segment(journal, &segment)) {
			err_set(err, "journal: memory is short");
			step = AUDIT_JOURNAL_FAILED;
		}
		if (step != AUDIT_JOURNAL_BATCH && segment.fd >= 0)
			close(segment.fd);
		if (step == AUDIT_JOURNAL_DAMAGED && some)
			step = AUDIT_JOURNAL_BATCH;
	}
	closedir(dir);
	return step;
}

static int by_sequence(const void *a, const void *b)
{
	const struct segment *x = a, *y = b;
	return (x->head.sequence > y->head.sequence) - (x->head.sequence < y->head.sequence);
}

/* A later segment replaces what earlier ones say from its first index on. */
static void set_limits(struct audit_journal *journal)
{
	size_t kept = 0;
	if (journal->count > 1)
		qsort(journal->segment, journal->count, sizeof *journal->segment, by_sequence);
	for (size_t i = 0; i < journal->count; i++) {
		struct segment next = journal->segment[i];
		while (kept > 0 && journal->segment[kept - 1].head.first >= next.head.first)
			close(journal->segment[--kept].fd);
		if (kept > 0)
			journal->segment[kept - 1].limit = next.head.first;
		next.limit = UINT64_MAX;
		journal->segment[kept++] = next;
	}
	journal->count = kept;
}

static enum audit_journal_step open_journal(int epoch, const struct audit_hash *log, bool some,
					    struct audit_journal **journal, struct err *err)
{
	enum { TRIES = 1000 };
	struct audit_journal *made = calloc(1, sizeof *made);
	enum audit_journal_step step = AUDIT_JOURNAL_FAILED;
	if (!made) {
		err_set(err, "journal: memory is short");
		return step;
	}
	/* A live writer deletes segments whose entries are published: then the list is taken again. */
	for (int i = 0; i < TRIES; i++) {
		step = list_segments(epoch, log, some, made, err);
		if (step != AUDIT_JOURNAL_STOP)
			break;
		drop_segments(made);
	}
	if (step == AUDIT_JOURNAL_BATCH) {
		set_limits(made);
		audit_journal_seek(made, audit_journal_first(made), NULL);
		*journal = made;
		return step;
	}
	if (step == AUDIT_JOURNAL_STOP) {
		err_set(err, "journal: changes faster than it can be read");
		step = AUDIT_JOURNAL_FAILED;
	}
	audit_journal_close(made);
	return step;
}

enum audit_journal_step audit_journal_open(int epoch, const struct audit_hash *log,
					   struct audit_journal **journal, struct err *err)
{
	return open_journal(epoch, log, false, journal, err);
}

enum audit_journal_step audit_journal_open_some(int epoch, const struct audit_hash *log,
						struct audit_journal **journal, struct err *err)
{
	return open_journal(epoch, log, true, journal, err);
}

void audit_journal_close(struct audit_journal *journal)
{
	if (!journal)
		return;
	drop_segments(journal);
	buf_done(&journal->frame);
	free(journal->ahead.block);
	free(journal);
}

size_t audit_journal_segments(const struct audit_journal *journal)
{
	return journal->count;
}

uint64_t audit_journal_first(const struct audit_journal *journal)
{
	return journal->count ? journal->segment[0].head.first : 0;
}

uint64_t audit_journal_sequence(const struct audit_journal *journal)
{
	return journal->count ? journal->segment[journal->count - 1].head.sequence : 0;
}

struct audit_journal_point audit_journal_here(const struct audit_journal *journal)
{
	uint64_t sequence = journal->now < journal->count ? journal->segment[journal->now].head.sequence : 0;
	return (struct audit_journal_point){sequence, journal->offset, journal->at, journal->previous};
}

static void enter_segment(struct audit_journal *journal, size_t now)
{
	journal->now = now;
	journal->offset = SEGMENT_HEADER;
	if (now < journal->count) {
		journal->at = journal->segment[now].head.first;
		journal->previous = journal->segment[now].head.crc;
	}
}

void audit_journal_seek(struct audit_journal *journal, uint64_t index,
			const struct audit_journal_point *point)
{
	size_t now = 0;
	while (now + 1 < journal->count && journal->segment[now].limit <= index)
		now++;
	enter_segment(journal, now);
	journal->ahead.len = 0; /* a live writer may have gone on */
	journal->want = index;
	if (now < journal->count && point && point->sequence == journal->segment[now].head.sequence &&
	    point->first <= index) {
		journal->at = point->first;
		journal->offset = point->offset;
		journal->previous = point->previous;
	}
}

/* Reads the batch that the header at the present offset claims, or less when the file ends before. */
static bool read_frame(struct audit_journal *journal)
{
	const struct segment *segment = &journal->segment[journal->now];
	uint64_t room = segment->head.size - journal->offset;
	uint8_t head[BATCH_HEADER];
	size_t have;
	if (!read_ahead(&journal->ahead, segment->fd, head, room < sizeof head ? (size_t)room : sizeof head,
			journal->offset, &have))
		return false;
	buf_clear(&journal->frame);
	size_t claim = have == sizeof head ? audit_batch_claim(head, journal->at) : 0;
	size_t size = audit_batch_size(claim);
	if (claim == 0 || size > room) {
		buf_add(&journal->frame, head, have);
		return !journal->frame.failed;
	}
	if (journal->frame.cap < size) {
		buf_done(&journal->frame);
		journal->frame.at = malloc(size);
		if (!journal->frame.at) {
			errno = ENOMEM;
			return false;
		}
		journal->frame.cap = size;
	}
	return read_ahead(&journal->ahead, segment->fd, journal->frame.at, size, journal->offset,
			  &journal->frame.len);
}

/* Cuts entries off the batch that are below `want` or at the segment's limit and above. */
static void trim(const struct audit_journal *journal, struct audit_journal_batch *batch)
{
	uint64_t limit = journal->segment[journal->now].limit;
	struct bytes rest = batch->entries, entry;
	while (batch->first < journal->want && batch->count > 0 && audit_bundle_next(&rest, &entry)) {
		batch->first++;
		batch->count--;
	}
	batch->entries = rest;
	if (batch->first + batch->count <= limit)
		return;
	batch->count = limit > batch->first ? (size_t)(limit - batch->first) : 0;
	bool exact;
	batch->entries = audit_bundle_prefix(rest, batch->count, &exact);
}

/* One batch from the present place; moves behind it. */
static enum audit_journal_step step_batch(struct audit_journal *journal, struct audit_journal_batch *batch,
					  struct err *err)
{
	const struct segment *segment = &journal->segment[journal->now];
	struct audit_batch_place place = {segment->head.salt, journal->at, journal->previous};
	struct audit_batch_view view;
	if (!read_frame(journal)) {
		err_set(err, "journal/%s: byte %" PRIu64 ": cannot be read: %s", segment->name,
			journal->offset, strerror(errno));
		return AUDIT_JOURNAL_FAILED;
	}
	journal->why = audit_batch_check(buf_bytes(&journal->frame), &place, &view);
	if (journal->why && segment->limit == UINT64_MAX)
		return AUDIT_JOURNAL_STOP;
	if (journal->why) {
		err_set(err, "journal/%s: byte %" PRIu64 ", entry %" PRIu64 ": %s", segment->name,
			journal->offset, journal->at, journal->why);
		return AUDIT_JOURNAL_DAMAGED;
	}
	*batch = (struct audit_journal_batch){
		.first = view.first,
		.count = view.count,
		.entries = view.payload,
	};
	journal->offset += audit_batch_size(view.payload.len);
	journal->previous = view.crc;
	journal->at += view.count;
	trim(journal, batch);
	return AUDIT_JOURNAL_BATCH;
}

/* Everything from the present offset to the last byte that is not zero. */
static bool read_rest(struct audit_journal *journal, struct buf *rest)
{
	const struct segment *segment = &journal->segment[journal->now];
	char block[65536];
	size_t have, end = 0;
	for (uint64_t at = journal->offset; at < segment->head.size; at += have) {
		uint64_t room = segment->head.size - at;
		size_t len = room < sizeof block ? (size_t)room : sizeof block;
		if (!read_at(segment->fd, block, len, at, &have))
			return false;
		if (have == 0)
			break;
		size_t used = have;
		while (used > 0 && block[used - 1] == 0)
			used--;
		if (used == 0)
			continue;
		/* the zeros that were passed over belong to what is torn */
		static const char zeros[4096];
		for (uint64_t gap = at - journal->offset; rest->len < gap && !rest->failed;)
			buf_add(rest, zeros,
				gap - rest->len < sizeof zeros ? (size_t)(gap - rest->len) : sizeof zeros);
		buf_add(rest, block, used);
		end = rest->len;
	}
	rest->len = rest->failed ? 0 : end;
	if (rest->failed)
		errno = ENOMEM;
	return !rest->failed;
}

/* Behind the last batch of a segment that counts no further. */
static bool watch_rest(struct audit_journal *journal, struct err *err)
{
	const struct segment *segment = &journal->segment[journal->now];
	struct buf rest = {0};
	bool good = !journal->watch || read_rest(journal, &rest);
	if (!good)
		err_set(err, "journal/%s: cannot be read: %s", segment->name, strerror(errno));
	if (good && rest.len > 0) {
		journal->leftover = segment->name;
		journal->leftover_offset = journal->offset;
		journal->leftover_next = segment->limit;
	}
	buf_done(&rest);
	return good;
}

enum audit_journal_step audit_journal_next(struct audit_journal *journal, struct audit_journal_batch *batch,
					   struct err *err)
{
	journal->why = "there is no segment";
	while (journal->now < journal->count) {
		if (journal->at >= journal->segment[journal->now].limit) {
			if (!watch_rest(journal, err))
				return AUDIT_JOURNAL_FAILED;
			enter_segment(journal, journal->now + 1);
			continue;
		}
		enum audit_journal_step step = step_batch(journal, batch, err);
		if (step != AUDIT_JOURNAL_BATCH || batch->count > 0)
			return step;
	}
	return AUDIT_JOURNAL_STOP;
}

/* A batch that lies whole behind the tear: then it is no tear. */
static bool batch_behind(const struct buf *rest, const uint8_t *salt, uint64_t room)
{
	/* The last batch may end in zeros that read_rest left out. */
	struct buf padded = {0};
	bool found = false;
	static const char zeros[BATCH_ALIGN];
	buf_add(&padded, rest->at, rest->len);
	for (int i = 0; i < BATCH_ALIGN && padded.len < room; i++)
		buf_add(&padded, zeros, 1);
	for (size_t at = BATCH_ALIGN; !found && !padded.failed && at + BATCH_HEADER <= padded.len;
	     at += BATCH_ALIGN)
		found = audit_batch_anywhere((struct bytes){padded.at + at, padded.len - at}, salt) > 0;
	buf_done(&padded);
	return found;
}

bool audit_journal_tail(struct audit_journal *journal, struct audit_journal_tail *tail, struct buf *bytes,
			struct err *err)
{
	struct audit_journal_tail made = {
		.kind = AUDIT_TAIL_CLEAN, .index = journal->at, .why = journal->why};
	struct buf rest = {0};
	if (journal->now >= journal->count) {
		*tail = made;
		return true;
	}
	const struct segment *segment = &journal->segment[journal->now];
	memcpy(made.name, segment->name, sizeof made.name);
	made.sequence = segment->head.sequence;
	made.offset = journal->offset;
	bool good = read_rest(journal, &rest);
	if (!good)
		err_set(err, "journal/%s: cannot be read: %s", segment->name, strerror(errno));
	made.len = rest.len;
	if (good && rest.len > 0)
		made.kind = batch_behind(&rest, segment->head.salt, segment->head.size - journal->offset)
				    ? AUDIT_TAIL_DAMAGED
				    : AUDIT_TAIL_TORN;
	if (good && bytes)
		buf_add_bytes(bytes, buf_bytes(&rest));
	if (good)
		*tail = made;
	buf_done(&rest);
	return good;
}

void audit_journal_watch(struct audit_journal *journal)
{
	journal->watch = true;
}

bool audit_journal_leftover(const struct audit_journal *journal, uint64_t *next, uint64_t *offset,
			    const char **name)
{
	*next = journal->leftover_next;
	*offset = journal->leftover_offset;
	*name = journal->leftover;
	return journal->leftover != NULL;
}

bool audit_journal_has(const struct audit_journal *journal, const char *name)
{
	for (size_t i = 0; i < journal->count; i++)
		if (strcmp(journal->segment[i].name, name) == 0)
			return true;
	return false;
}

/* The highest index after a valid batch that begins at a multiple of BATCH_ALIGN. */
static uint64_t reach_of(const struct segment *segment)
{
	uint64_t reach = 0;
	char *content = malloc(segment->head.size);
	size_t have = 0;
	bool good = content && read_at(segment->fd, content, segment->head.size, 0, &have);
	for (size_t at = SEGMENT_HEADER; good && at + BATCH_HEADER <= have; at += BATCH_ALIGN) {
		uint64_t end =
			audit_batch_anywhere((struct bytes){content + at, have - at}, segment->head.salt);
		reach = end > reach ? end : reach;
	}
	free(content);
	return reach;
}

uint64_t audit_journal_reach(const struct audit_journal *journal)
{
	uint64_t reach = 0;
	for (size_t i = 0; i < journal->count; i++) {
		uint64_t end = reach_of(&journal->segment[i]);
		reach = end > reach ? end : reach;
	}
	return reach;
}
