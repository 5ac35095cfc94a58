/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/format.h"

#include "audit/crc32c.h"
#include "audit/tile.h"
#include <inttypes.h>
#include <stdio.h>

static const char segment_magic[8] = {'R', 'G', 'J', 'R', 'N', 'L', '0', '1'};
static const char batch_magic[4] = {'R', 'G', 'B', '1'};

static void put_u32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static void put_u64(uint8_t *at, uint64_t value)
{
	put_u32(at, (uint32_t)value);
	put_u32(at + 4, (uint32_t)(value >> 32));
}

static uint32_t get_u32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t get_u64(const uint8_t *at)
{
	return get_u32(at) | (uint64_t)get_u32(at + 4) << 32;
}

static bool all_zero(const void *from, size_t len)
{
	const char *at = from;
	return len == 0 || (at[0] == 0 && memcmp(at, at + 1, len - 1) == 0);
}

void audit_segment_name(uint64_t first, char name[AUDIT_SEGMENT_NAME])
{
	snprintf(name, AUDIT_SEGMENT_NAME, "%020" PRIu64 ".log", first);
}

bool audit_segment_name_parse(const char *name, uint64_t *first)
{
	uint64_t value = 0;
	char again[AUDIT_SEGMENT_NAME];
	if (strlen(name) != 24)
		return false;
	for (int i = 0; i < 20; i++) {
		if (name[i] < '0' || name[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(name[i] - '0');
	}
	audit_segment_name(value, again);
	*first = value;
	return strcmp(name, again) == 0;
}

void audit_segment_encode(struct audit_segment_head *head, uint8_t block[SEGMENT_HEADER])
{
	memset(block, 0, SEGMENT_HEADER);
	memcpy(block + SEGMENT_MAGIC, segment_magic, sizeof segment_magic);
	put_u64(block + SEGMENT_SEQUENCE, head->sequence);
	put_u64(block + SEGMENT_FIRST, head->first);
	put_u64(block + SEGMENT_SIZE, head->size);
	memcpy(block + SEGMENT_LOG, head->log.at, AUDIT_HASH_LEN);
	memcpy(block + SEGMENT_SALT, head->salt, SEGMENT_SALT_LEN);
	head->crc = audit_crc32c(0, block, SEGMENT_CRC);
	put_u32(block + SEGMENT_CRC, head->crc);
}

bool audit_segment_check(const uint8_t block[SEGMENT_HEADER], const struct audit_hash *log,
			 struct audit_segment_head *head, struct err *err)
{
	struct audit_segment_head made = {
		.sequence = get_u64(block + SEGMENT_SEQUENCE),
		.first = get_u64(block + SEGMENT_FIRST),
		.size = get_u64(block + SEGMENT_SIZE),
		.crc = get_u32(block + SEGMENT_CRC),
	};
	memcpy(made.log.at, block + SEGMENT_LOG, AUDIT_HASH_LEN);
	memcpy(made.salt, block + SEGMENT_SALT, SEGMENT_SALT_LEN);
	if (memcmp(block + SEGMENT_MAGIC, segment_magic, sizeof segment_magic) != 0)
		return err_set(err, "header: not a journal segment");
	if (made.crc != audit_crc32c(0, block, SEGMENT_CRC))
		return err_set(err, "header: its CRC is wrong");
	if (!audit_hash_equal(&made.log, log))
		return err_set(err, "header: a segment of another log");
	if (made.sequence == 0 || made.first > INT64_MAX || made.size < SEGMENT_HEADER ||
	    made.size > INT64_MAX || !all_zero(block + SEGMENT_ZEROS, SEGMENT_CRC - SEGMENT_ZEROS))
		return err_set(err, "header: its numbers cannot be");
	*head = made;
	return true;
}

static uint32_t batch_crc(const uint8_t *salt, const uint8_t *head, struct bytes payload)
{
	uint32_t crc = audit_crc32c(0, salt, SEGMENT_SALT_LEN);
	crc = audit_crc32c(crc, head, BATCH_CRC);
	crc = audit_crc32c(crc, head + BATCH_ZERO, BATCH_HEADER - BATCH_ZERO);
	return audit_crc32c(crc, payload.at, payload.len);
}

uint32_t audit_batch_encode(const struct audit_batch_place *place, uint32_t count, const struct bytes *run,
			    size_t runs, struct buf *to)
{
	static const uint8_t zeros[BATCH_HEADER];
	size_t start = to->len, payload = 0;
	buf_add(to, zeros, BATCH_HEADER);
	for (size_t i = 0; i < runs; i++) {
		buf_add_bytes(to, run[i]);
		payload += run[i].len;
	}
	buf_add(to, zeros, audit_batch_size(payload) - BATCH_HEADER - payload);
	if (to->failed)
		return 0;
	assert(payload <= AUDIT_BATCH_MAX);
	uint8_t *head = (uint8_t *)to->at + start;
	memcpy(head + BATCH_MAGIC, batch_magic, sizeof batch_magic);
	put_u32(head + BATCH_LENGTH, (uint32_t)payload);
	put_u64(head + BATCH_FIRST, place->first);
	put_u32(head + BATCH_COUNT, count);
	put_u32(head + BATCH_PREVIOUS, place->previous);
	uint32_t crc = batch_crc(place->salt, head, (struct bytes){(char *)head + BATCH_HEADER, payload});
	put_u32(head + BATCH_CRC, crc);
	return crc;
}

size_t audit_batch_claim(const uint8_t head[BATCH_HEADER], uint64_t first)
{
	size_t len = get_u32(head + BATCH_LENGTH);
	if (memcmp(head + BATCH_MAGIC, batch_magic, sizeof batch_magic) != 0 || len > AUDIT_BATCH_MAX ||
	    (first != UINT64_MAX && get_u64(head + BATCH_FIRST) != first))
		return 0;
	return len;
}

static bool entries_whole(struct bytes payload, uint32_t count)
{
	struct bytes entry;
	uint32_t found = 0;
	for (; audit_bundle_next(&payload, &entry); found++)
		if (entry.len == 0)
			return false;
	return payload.len == 0 && found == count && found > 0;
}

const char *audit_batch_check(struct bytes from, const struct audit_batch_place *place,
			      struct audit_batch_view *view)
{
	const uint8_t *head = (const uint8_t *)from.at;
	if (from.len < BATCH_HEADER)
		return "the segment ends inside a batch";
	size_t len = audit_batch_claim(head, place->first);
	if (len == 0)
		return "no batch begins here";
	if (from.len < audit_batch_size(len))
		return "the batch is longer than the segment";
	struct bytes payload = {from.at + BATCH_HEADER, len};
	uint32_t crc = get_u32(head + BATCH_CRC), count = get_u32(head + BATCH_COUNT);
	if (get_u32(head + BATCH_PREVIOUS) != place->previous)
		return "the batch does not follow the one before it";
	if (get_u32(head + BATCH_ZERO) != 0 ||
	    !all_zero(payload.at + len, audit_batch_size(len) - BATCH_HEADER - len))
		return "bytes that must be zero are not";
	if (crc != batch_crc(place->salt, head, payload))
		return "the batch's CRC is wrong";
	if (!entries_whole(payload, count))
		return "the batch does not hold the entries that it says";
	*view = (struct audit_batch_view){get_u64(head + BATCH_FIRST), count, crc, payload};
	return NULL;
}

uint64_t audit_batch_anywhere(struct bytes from, const uint8_t *salt)
{
	const uint8_t *head = (const uint8_t *)from.at;
	if (from.len < BATCH_HEADER || audit_batch_claim(head, UINT64_MAX) == 0)
		return 0;
	struct audit_batch_place place = {salt, get_u64(head + BATCH_FIRST), get_u32(head + BATCH_PREVIOUS)};
	struct audit_batch_view view;
	return audit_batch_check(from, &place, &view) == NULL ? view.first + view.count : 0;
}
