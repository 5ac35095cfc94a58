/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/store_record.h"

#include "audit/crc32c.h"
#include <assert.h>

enum form { FORM_PSEUDONYM, FORM_OTHER }; /* 2 is the mark */

enum key_layout {
	PSEUDONYM_DIGITS = 32,
	PSEUDONYM_BYTES = PSEUDONYM_DIGITS / 2,
	KEY_TAIL = 16, /* time, entry */
};

enum event_offset {
	EVENT_CRC = 0,
	EVENT_TYPE = 4,
	EVENT_PROMPT = 5,
	EVENT_SIGNAL = 6,
	EVENT_HAS = 7,
	EVENT_ID_LEN = 8,
	EVENT_TEXT = 10,
};

enum event_has { HAS_PROMPT_ID = 1, HAS_CATEGORY = 2, HAS_ITEM = 4 };
enum { ITEM_LEN = 2 }; /* bytes of the length that stands before an item */

enum mark_offset {
	MARK_CRC = 0,
	MARK_INDEX = 4,
	MARK_TIME = 12,
	MARK_SINCE = 20,
	MARK_TEXTS = 28,
};

static_assert(EVENT_ID_LEN + 2 == EVENT_TEXT, "texts follow the length");
static_assert(MARK_SINCE + 8 == MARK_TEXTS, "texts follow the numbers");

const struct bytes store_mark_key = {"\x02", 1};

static void put_big(unsigned char *at, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		at[i] = (unsigned char)(value >> (56 - 8 * i));
}

static uint64_t get_big(const unsigned char *at)
{
	uint64_t value = 0;
	for (int i = 0; i < 8; i++)
		value = value << 8 | at[i];
	return value;
}

static void put_little(char *at, uint64_t value, int size)
{
	for (int i = 0; i < size; i++)
		at[i] = (char)(value >> 8 * i);
}

static uint64_t get_little(const char *at, int size)
{
	uint64_t value = 0;
	for (int i = size; i-- > 0;)
		value = value << 8 | (unsigned char)at[i];
	return value;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool pack_pseudonym(struct bytes subject, unsigned char to[PSEUDONYM_BYTES])
{
	bool good = subject.len == PSEUDONYM_DIGITS;
	for (size_t i = 0; good && i < PSEUDONYM_BYTES; i++) {
		int high = hex_digit(subject.at[2 * i]), low = hex_digit(subject.at[2 * i + 1]);
		good = high >= 0 && low >= 0;
		to[i] = (unsigned char)(16 * high + low);
	}
	return good;
}

bool store_key_subject(struct bytes subject, struct store_key *key)
{
	if (pack_pseudonym(subject, key->at + 1)) {
		key->at[0] = FORM_PSEUDONYM;
		key->subject_len = 1 + PSEUDONYM_BYTES;
	} else if (subject.len <= UINT8_MAX) {
		key->at[0] = FORM_OTHER;
		key->at[1] = (unsigned char)subject.len;
		memcpy(key->at + 2, subject.at, subject.len);
		key->subject_len = 2 + subject.len;
	} else {
		return false;
	}
	key->len = key->subject_len;
	return true;
}

void store_key_event(struct store_key *key, int64_t time_ns, uint64_t entry)
{
	put_big(key->at + key->subject_len, (uint64_t)time_ns ^ UINT64_C(1) << 63);
	put_big(key->at + key->subject_len + 8, entry);
	key->len = key->subject_len + KEY_TAIL;
}

bool store_key_read(struct bytes from, struct store_key *key, int64_t *time_ns, uint64_t *entry)
{
	const unsigned char *at = (const unsigned char *)from.at;
	if (from.len < 2 + KEY_TAIL || from.len > STORE_KEY_MAX)
		return false;
	size_t subject_len = at[0] == FORM_PSEUDONYM ? 1 + PSEUDONYM_BYTES : 2 + (size_t)at[1];
	if (at[0] > FORM_OTHER || from.len != subject_len + KEY_TAIL)
		return false;
	key->subject_len = subject_len;
	key->len = from.len;
	memcpy(key->at, at, from.len);
	*time_ns = (int64_t)(get_big(at + subject_len) ^ UINT64_C(1) << 63);
	*entry = get_big(at + subject_len + 8);
	return true;
}

/* Over the key and all of the value but the CRC itself, which stands first in both kinds of records. */
static uint32_t record_crc(struct bytes key, struct bytes value)
{
	return audit_crc32c(audit_crc32c(0, key.at, key.len), value.at + 4, value.len - 4);
}

static void seal(struct bytes key, struct buf *value)
{
	if (!value->failed)
		put_little(value->at, record_crc(key, buf_bytes(value)), 4);
}

static bool sealed(struct bytes key, struct bytes value, size_t least)
{
	return value.len >= least && get_little(value.at, 4) == record_crc(key, value);
}

void store_event_encode(const struct store_key *key, const struct rules_event *event, struct buf *value)
{
	char head[EVENT_TEXT] = {0};
	head[EVENT_TYPE] = (char)event->type;
	head[EVENT_PROMPT] = (char)event->prompt;
	head[EVENT_SIGNAL] = (char)event->signal;
	head[EVENT_HAS] = (char)((bytes_present(event->prompt_id) ? HAS_PROMPT_ID : 0) |
				 (bytes_present(event->category) ? HAS_CATEGORY : 0) |
				 (bytes_present(event->item) ? HAS_ITEM : 0));
	put_little(head + EVENT_ID_LEN, event->prompt_id.len, 2);
	buf_clear(value);
	buf_add(value, head, sizeof head);
	buf_add_bytes(value, event->prompt_id);
	if (bytes_present(event->item)) {
		char item_len[ITEM_LEN];
		put_little(item_len, event->item.len, ITEM_LEN);
		buf_add(value, item_len, ITEM_LEN);
		buf_add_bytes(value, event->item);
	}
	buf_add_bytes(value, event->category);
	seal((struct bytes){(const char *)key->at, key->len}, value);
}

static bool take_run(struct bytes *rest, size_t len, struct bytes *run)
{
	if (len > rest->len)
		return false;
	*run = (struct bytes){rest->at, len};
	*rest = (struct bytes){rest->at + len, rest->len - len};
	return true;
}

bool store_event_decode(struct bytes key, struct bytes value, struct rules_event *event)
{
	struct store_key parts;
	*event = (struct rules_event){0};
	if (!store_key_read(key, &parts, &event->time_ns, &event->entry) || !sealed(key, value, EVENT_TEXT))
		return false;
	struct bytes rest = {value.at + EVENT_TEXT, value.len - EVENT_TEXT}, prompt_id, item_len;
	if (!take_run(&rest, (size_t)get_little(value.at + EVENT_ID_LEN, 2), &prompt_id))
		return false;
	if (value.at[EVENT_HAS] & HAS_ITEM &&
	    (!take_run(&rest, ITEM_LEN, &item_len) ||
	     !take_run(&rest, (size_t)get_little(item_len.at, ITEM_LEN), &event->item)))
		return false;
	event->type = (enum rules_event_type)value.at[EVENT_TYPE];
	event->prompt = (enum prompt_kind)value.at[EVENT_PROMPT];
	event->signal = (enum signal_kind)value.at[EVENT_SIGNAL];
	if (value.at[EVENT_HAS] & HAS_PROMPT_ID)
		event->prompt_id = prompt_id;
	if (value.at[EVENT_HAS] & HAS_CATEGORY)
		event->category = rest;
	return true;
}

void store_mark_encode(const struct store_mark *mark, struct buf *value)
{
	char head[MARK_TEXTS] = {0};
	put_little(head + MARK_INDEX, mark->mark.index, 8);
	put_little(head + MARK_TIME, (uint64_t)mark->mark.time_ns, 8);
	put_little(head + MARK_SINCE, (uint64_t)mark->mark.since_ns, 8);
	buf_clear(value);
	buf_add(value, head, sizeof head);
	buf_add(value, mark->origin, strlen(mark->origin) + 1);
	buf_add(value, mark->subject_key, strlen(mark->subject_key) + 1);
	buf_add(value, mark->version, strlen(mark->version) + 1);
	seal(store_mark_key, value);
}

static bool take_text(struct bytes *rest, char *to, size_t size)
{
	size_t len = strnlen(rest->at, rest->len);
	if (len == rest->len || len >= size)
		return false;
	memcpy(to, rest->at, len + 1);
	*rest = (struct bytes){rest->at + len + 1, rest->len - len - 1};
	return true;
}

bool store_mark_decode(struct bytes value, struct store_mark *mark)
{
	*mark = (struct store_mark){0};
	if (!sealed(store_mark_key, value, MARK_TEXTS))
		return false;
	struct bytes rest = {value.at + MARK_TEXTS, value.len - MARK_TEXTS};
	mark->mark.index = get_little(value.at + MARK_INDEX, 8);
	mark->mark.time_ns = (int64_t)get_little(value.at + MARK_TIME, 8);
	mark->mark.since_ns = (int64_t)get_little(value.at + MARK_SINCE, 8);
	return take_text(&rest, mark->origin, sizeof mark->origin) &&
	       take_text(&rest, mark->subject_key, sizeof mark->subject_key) &&
	       take_text(&rest, mark->version, sizeof mark->version) && rest.len == 0;
}
