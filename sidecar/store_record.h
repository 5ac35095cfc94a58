/* SPDX-License-Identifier: Apache-2.0
 *
 * Records of the embedded store: what one event and the mark look like on disk. One record an event, so that
 * adding one touches nothing else and adding it again changes nothing. Keys sort by subject, time and entry.
 *
 * Key of an event:
 *
 *     subject   0x00, 16 bytes          a pseudonym: 32 lower-case hex digits
 *               0x01, length, bytes     any other subject of at most 255 bytes
 *     8         time, big-endian, its sign bit flipped
 *     8         index of its entry, big-endian
 *
 * Value of an event; numbers of values are little-endian:
 *
 *     offset size
 *      0      4   CRC-32C of the key and what follows
 *      4      1   type
 *      5      1   prompt kind
 *      6      1   signal kind
 *      7      1   1: there is a prompt id, 2: there is a category, 4: there is an item
 *      8      2   length of the prompt id
 *     10          prompt id; with an item its length in two bytes, and the item; category
 *
 * Mark: key 0x02; one record, written with every batch.
 *
 *     offset size
 *      0      4   CRC-32C of the key and what follows
 *      4      8   index of the last entry folded
 *     12      8   its time
 *     20      8   what is older may have been forgotten
 *     28          texts with a NUL behind each: the log's origin (empty: no whole fold yet), subject key
 *                 (a pseudonym of nobody), rankguard's version, whose kinds the numbers above count
 *
 * A record is valid if and only if its CRC is right and its lengths fill it: the decoders are the one judge.
 */
#ifndef SIDECAR_STORE_RECORD_H
#define SIDECAR_STORE_RECORD_H

#include "proto/buf.h"
#include "sidecar/history.h"

enum {
	STORE_SUBJECT_MAX = 2 + 255,
	STORE_KEY_MAX = STORE_SUBJECT_MAX + 16,
	STORE_ORIGIN_MAX = 256,
};

struct store_key {
	size_t subject_len; /* of the part that all events of the subject share */
	size_t len;
	unsigned char at[STORE_KEY_MAX];
};

/* The subject's part. False: the subject is longer than 255 bytes. */
MUST_USE bool store_key_subject(struct bytes subject, struct store_key *key);

/* Puts time and entry behind the subject's part. */
void store_key_event(struct store_key *key, int64_t time_ns, uint64_t entry);

/* Reads an event's key. False: it is none. */
MUST_USE bool store_key_read(struct bytes from, struct store_key *key, int64_t *time_ns, uint64_t *entry);

/* Replaces what stands in *value. */
void store_event_encode(const struct store_key *key, const struct rules_event *event, struct buf *value);

/* Runs borrow from value. False: the record is damaged. */
MUST_USE bool store_event_decode(struct bytes key, struct bytes value, struct rules_event *event);

/* What a subject says last about opting out never expires. */
static inline bool store_event_is_word(const struct rules_event *event)
{
	return event->type == RULES_EVENT_SIGNAL &&
	       (event->signal == SIGNAL_OPT_OUT || event->signal == SIGNAL_OPT_IN);
}

struct store_mark {
	struct sidecar_mark mark;
	char origin[STORE_ORIGIN_MAX];
	char subject_key[64], version[64];
};

extern const struct bytes store_mark_key;
void store_mark_encode(const struct store_mark *mark, struct buf *value);
MUST_USE bool store_mark_decode(struct bytes value, struct store_mark *mark);

#endif
