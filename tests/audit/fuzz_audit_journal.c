/* SPDX-License-Identifier: Apache-2.0
 *
 * A segment whose batches come from anybody, behind a good header. The first byte says whether the CRCs of what
 * looks like batches are put right first, so that the walk gets past them.
 */
#include "audit/crc32c.h"
#include "audit/journal.h"
#include "audit/tile.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { MOST = 1 << 16 };

static void put(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

/* Walks the claims and writes the previous CRC and the CRC that would be right. */
static void mend(uint8_t *block, size_t size, const struct audit_segment_head *head)
{
	uint32_t previous = head->crc;
	for (size_t at = SEGMENT_HEADER; at + BATCH_HEADER <= size;) {
		size_t claim = audit_batch_claim(block + at, UINT64_MAX);
		if (claim == 0 || claim > size - at - BATCH_HEADER)
			return;
		put(block + at + BATCH_PREVIOUS, previous);
		uint32_t crc = audit_crc32c(0, head->salt, SEGMENT_SALT_LEN);
		crc = audit_crc32c(crc, block + at, BATCH_CRC);
		crc = audit_crc32c(crc, block + at + BATCH_ZERO, BATCH_HEADER - BATCH_ZERO);
		previous = audit_crc32c(crc, block + at + BATCH_HEADER, claim);
		put(block + at + BATCH_CRC, previous);
		at += audit_batch_size(claim);
	}
}

static void walk(int epoch, const struct audit_hash *log)
{
	struct audit_journal *journal;
	struct audit_journal_batch batch;
	struct audit_journal_tail tail;
	struct err err;
	uint64_t next = 0;
	if (audit_journal_open(epoch, log, &journal, &err) != AUDIT_JOURNAL_BATCH)
		abort();
	enum audit_journal_step step;
	while ((step = audit_journal_next(journal, &batch, &err)) == AUDIT_JOURNAL_BATCH) {
		struct bytes entry;
		assert(batch.first == next && batch.count > 0);
		for (size_t i = 0; i < batch.count; i++)
			if (!audit_bundle_next(&batch.entries, &entry))
				abort();
		assert(batch.entries.len == 0);
		next += batch.count;
	}
	assert(step == AUDIT_JOURNAL_STOP && audit_journal_here(journal).first == next);
	if (!audit_journal_tail(journal, &tail, NULL, &err))
		abort();
	assert(tail.index == next);
	audit_journal_close(journal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char top[] = "/dev/shm/rankguard-fuzz-XXXXXX", name[AUDIT_SEGMENT_NAME], path[96];
	struct audit_hash log = {{7}};
	if (len == 0 || len > MOST || !mkdtemp(top))
		return 0;
	size_t size = SEGMENT_HEADER + len - 1;
	struct audit_segment_head head = {.sequence = 1, .size = size, .log = log, .salt = {1, 2, 3}};
	uint8_t *block = malloc(size);
	audit_segment_encode(&head, block);
	memcpy(block + SEGMENT_HEADER, data + 1, len - 1);
	if (data[0] & 1)
		mend(block, size, &head);
	snprintf(path, sizeof path, "%s/journal", top);
	mkdir(path, 0700);
	audit_segment_name(0, name);
	snprintf(path, sizeof path, "%s/journal/%s", top, name);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	if (fd < 0 || write(fd, block, size) != (ssize_t)size)
		abort();
	close(fd);
	int epoch = open(top, O_RDONLY | O_DIRECTORY);
	walk(epoch, &log);
	close(epoch);
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	rmdir(top);
	free(block);
	return 0;
}
