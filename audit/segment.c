/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool write_zeros(const struct audit_io *io, int fd, uint64_t from, uint64_t size)
{
	enum { BLOCK = 1 << 20 };
	size_t block = size < BLOCK ? (size_t)size : BLOCK;
	char *zeros = calloc(1, block);
	bool good = zeros != NULL;
	if (!good)
		errno = ENOMEM;
	for (uint64_t at = from; good && at < size; at += block)
		good = audit_io_write_all(io, fd, zeros, size - at < block ? (size_t)(size - at) : block,
					  (off_t)at);
	int why = errno;
	free(zeros);
	errno = why;
	return good;
}

bool audit_segment_prepare(const struct audit_segment_place *place, const char *name, uint64_t size,
			   uint64_t filled, struct audit_spare *spare, struct err *err)
{
	const struct audit_io *io = place->io;
	struct audit_spare made = {.fd = -1, .size = size};
	snprintf(made.temp, sizeof made.temp, ".tmp-%s", name);
	bool good = io->remove(io->ctx, place->epoch, made.temp) == 0 || errno == ENOENT;
	if (good)
		made.fd = io->open(io->ctx, place->epoch, made.temp, O_RDWR | O_CREAT | O_EXCL, 0644);
	/* Blocks are written now, so that a batch later changes no metadata and its fdatasync is one write. */
	good = good && made.fd >= 0 && write_zeros(io, made.fd, filled, size) &&
	       (filled > 0 || io->sync_all(io->ctx, made.fd) == 0);
	if (good) {
		*spare = made;
		return true;
	}
	err_set(err, "%s: a journal segment of %llu bytes cannot be made: %s", made.temp,
		(unsigned long long)size, strerror(errno));
	audit_spare_drop(place, &made);
	return false;
}

void audit_spare_drop(const struct audit_segment_place *place, struct audit_spare *spare)
{
	if (spare->fd < 0)
		return;
	close(spare->fd);
	spare->fd = -1;
	place->io->remove(place->io->ctx, place->epoch, spare->temp);
}

bool audit_segment_begin(const struct audit_segment_place *place, struct audit_spare *spare,
			 uint64_t sequence, uint64_t first, struct audit_segment *segment, struct err *err)
{
	uint8_t block[SEGMENT_HEADER];
	struct audit_segment made = {
		.fd = spare->fd,
		.head = {.sequence = sequence, .first = first, .size = spare->size, .log = place->log},
		.offset = SEGMENT_HEADER,
		.next = first,
	};
	spare->fd = -1;
	bool good = RAND_bytes(made.head.salt, sizeof made.head.salt) == 1;
	if (!good)
		err_set(err, "journal: the system gives no random bytes");
	audit_segment_encode(&made.head, block);
	made.previous = made.head.crc;
	if (good && !audit_io_write_all(place->io, made.fd, block, sizeof block, 0))
		good = err_set(err, "%s: cannot be written: %s", spare->temp, strerror(errno));
	if (good)
		*segment = made;
	else
		close(made.fd);
	return good;
}

bool audit_segment_publish(const struct audit_segment_place *place, struct audit_segment *segment,
			   const char *temp, struct err *err)
{
	const struct audit_io *io = place->io;
	char base[AUDIT_SEGMENT_NAME], name[AUDIT_SEGMENT_NAME + 8];
	audit_segment_name(segment->head.first, base);
	snprintf(name, sizeof name, "journal/%s", base);
	if (io->sync_all(io->ctx, segment->fd) == 0 && io->rename(io->ctx, place->epoch, temp, name) == 0 &&
	    audit_io_sync_parent(io, place->epoch, name))
		return true;
	return err_set(err, "%s: cannot be begun: %s", name, strerror(errno));
}

bool audit_segment_fits(const struct audit_segment *segment, size_t payload)
{
	return audit_batch_size(payload) <= segment->head.size - segment->offset;
}

bool audit_segment_add(struct audit_segment *segment, uint32_t count, const struct bytes *run, size_t runs,
		       struct err *err)
{
	struct audit_batch_place at = {segment->head.salt, segment->next, segment->previous};
	uint32_t crc = audit_batch_encode(&at, count, run, runs, &segment->frame);
	if (segment->frame.failed)
		return err_set(err, "journal: memory is short for a batch");
	assert(segment->frame.len <= segment->head.size - segment->offset);
	segment->next += count;
	segment->previous = crc;
	return true;
}

bool audit_segment_flush(const struct audit_segment_place *place, struct audit_segment *segment,
			 struct err *err)
{
	struct buf *frame = &segment->frame;
	if (frame->len > 0 &&
	    !audit_io_write_all(place->io, segment->fd, frame->at, frame->len, (off_t)segment->offset)) {
		char name[AUDIT_SEGMENT_NAME];
		audit_segment_name(segment->head.first, name);
		return err_set(err, "journal/%s: cannot be written: %s", name, strerror(errno));
	}
	segment->offset += frame->len;
	buf_clear(frame);
	return true;
}

bool audit_segment_write(const struct audit_segment_place *place, struct audit_segment *segment,
			 uint32_t count, const struct bytes *run, size_t runs, struct err *err)
{
	struct audit_segment before = *segment;
	buf_clear(&segment->frame);
	if (audit_segment_add(segment, count, run, runs, err) && audit_segment_flush(place, segment, err))
		return true;
	segment->next = before.next;
	segment->previous = before.previous;
	return false;
}

bool audit_segment_sync(const struct audit_segment_place *place, struct audit_segment *segment,
			struct err *err)
{
	if (place->io->sync_data(place->io->ctx, segment->fd) == 0)
		return true;
	char name[AUDIT_SEGMENT_NAME];
	audit_segment_name(segment->head.first, name);
	return err_set(err, "journal/%s: fdatasync failed: %s", name, strerror(errno));
}

void audit_segment_close(struct audit_segment *segment)
{
	if (segment->fd >= 0)
		close(segment->fd);
	segment->fd = -1;
	buf_done(&segment->frame);
}
