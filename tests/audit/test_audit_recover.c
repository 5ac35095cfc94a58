/* SPDX-License-Identifier: Apache-2.0
 *
 * What a restart does with each thing that can have happened to the files.
 */
#include "kit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ENTRIES = 3 }; /* after `open`, one batch each */

static const char segment[] = "0001/journal/00000000000000000000.log";

/* The folder as a kill leaves it: entries in the journal, nothing published. *offset: of each batch, and the
 * end. */
static void make_killed(struct kit *kit, struct buf *journal, size_t offset[ENTRIES + 2])
{
	char copy[80];
	snprintf(copy, sizeof copy, "%s-killed", kit->dir);
	struct audit_log *log = kit_open(kit);
	for (uint64_t i = 0; i < ENTRIES; i++)
		kit_append(log, i, 40);
	kit_copy(kit->dir, copy);
	kit_close(log);
	kit_remove(kit->dir);
	assert_int_equal(rename(copy, kit->dir), 0);
	kit_read(kit, segment, journal);
	size_t at = SEGMENT_HEADER;
	for (size_t i = 0; i <= ENTRIES; i++) {
		offset[i] = at;
		at += audit_batch_size(audit_batch_claim((const uint8_t *)journal->at + at, UINT64_MAX));
	}
	offset[ENTRIES + 1] = at;
}

static bool count_signals(void *ctx, uint64_t index, struct bytes leaf)
{
	(void)index;
	*(unsigned *)ctx += memmem(leaf.at, leaf.len, "\"signal\"", 8) != NULL;
	return true;
}

static unsigned signals(struct audit_log *log)
{
	unsigned count = 0;
	struct err err;
	if (!audit_log_scan(log, 0, count_signals, &count, &err))
		fail_msg("%s", err.text);
	return count;
}

/* Opens what stands in `journal`, expects so many entries, and that the log goes on soundly. */
static void expect_recovered(struct kit *kit, const struct buf *journal, unsigned entries)
{
	char path[256];
	kit_path(kit, "0001/quarantine", path);
	kit_remove(path);
	kit_path(kit, "0001/tile", path);
	kit_remove(path);
	kit_path(kit, "0001/checkpoint", path);
	unlink(path);
	kit_write(kit, segment, buf_bytes(journal));
	struct audit_log *log = kit_open(kit);
	assert_int_equal(signals(log), entries);
	kit_append(log, 99, 10);
	kit_close(log);
	kit_sound(kit);
}

/* The last batch is written up to any byte of it. */
static void a_tail_torn_anywhere_is_cut_off(void **state)
{
	struct kit *kit = *state;
	struct buf whole = {0}, torn = {0};
	size_t offset[ENTRIES + 2];
	make_killed(kit, &whole, offset);
	size_t end = offset[ENTRIES + 1];
	while (whole.at[end - 1] == 0)
		end--;
	for (size_t cut = offset[ENTRIES]; cut <= end; cut++) {
		buf_clear(&torn);
		buf_add_bytes(&torn, buf_bytes(&whole));
		memset(torn.at + cut, 0, torn.len - cut);
		expect_recovered(kit, &torn, cut == end ? ENTRIES : ENTRIES - 1);
		bool anything = cut > offset[ENTRIES];
		char tail[80];
		snprintf(tail, sizeof tail, "0001/quarantine/%020d-1.tail", ENTRIES);
		assert_int_equal(kit_exists(kit, tail), anything && cut < end);
	}
	assert_true(kit_said(
		kit,
		"the last write was cut off; recovered 3 entries, 3 of them beyond the checkpoint; cut "));
	buf_done(&whole);
	buf_done(&torn);
}

/* The last batch is there but for one byte, anywhere. */
static void a_tail_with_a_wrong_byte_is_cut_off(void **state)
{
	struct kit *kit = *state;
	struct buf whole = {0}, torn = {0};
	size_t offset[ENTRIES + 2];
	make_killed(kit, &whole, offset);
	for (size_t at = offset[ENTRIES]; at < offset[ENTRIES + 1]; at++) {
		buf_clear(&torn);
		buf_add_bytes(&torn, buf_bytes(&whole));
		torn.at[at] = (char)(torn.at[at] ^ (1 << (at % 8)));
		expect_recovered(kit, &torn, ENTRIES - 1);
	}
	buf_done(&whole);
	buf_done(&torn);
}

/* Any wrong byte before the last batch is damage: refused, with its place, and nothing is changed. */
static void damage_in_the_middle_is_refused(void **state)
{
	struct kit *kit = *state;
	struct buf whole = {0}, hurt = {0}, after = {0};
	size_t offset[ENTRIES + 2];
	make_killed(kit, &whole, offset);
	for (size_t at = SEGMENT_HEADER; at < offset[ENTRIES]; at++) {
		struct err err;
		char want[160];
		size_t batch = 0;
		while (offset[batch + 1] <= at)
			batch++;
		buf_clear(&hurt);
		buf_add_bytes(&hurt, buf_bytes(&whole));
		hurt.at[at] = (char)(hurt.at[at] ^ (1 << (at % 8)));
		kit_write(kit, segment, buf_bytes(&hurt));
		assert_null(audit_log_open(&kit->options, &err));
		snprintf(want, sizeof want, "%s/0001: journal/%s: byte %zu, entry %zu: ", kit->dir,
			 segment + 13, offset[batch], batch);
		if (strncmp(err.text, want, strlen(want)) != 0)
			fail_msg("byte %zu: %s", at, err.text);
		assert_non_null(strstr(
			err.text,
			", and valid entries follow; damage is never passed over: restore the file from "
			"a copy, or let `rankguard-audit repair "));
		kit_read(kit, segment, &after);
		assert_true(bytes_equal(buf_bytes(&after), buf_bytes(&hurt)));
	}
	buf_done(&whole);
	buf_done(&hurt);
	buf_done(&after);
}

static void a_wrong_header_is_refused(void **state)
{
	struct kit *kit = *state;
	struct buf whole = {0}, hurt = {0};
	size_t offset[ENTRIES + 2];
	make_killed(kit, &whole, offset);
	for (size_t at = 0; at < SEGMENT_HEADER; at += at < 100 ? 1 : 101) {
		struct err err;
		buf_clear(&hurt);
		buf_add_bytes(&hurt, buf_bytes(&whole));
		hurt.at[at] = (char)(hurt.at[at] ^ 0x10);
		kit_write(kit, segment, buf_bytes(&hurt));
		assert_null(audit_log_open(&kit->options, &err));
		assert_non_null(strstr(err.text, "0001: journal/00000000000000000000.log: header: "));
	}
	hurt.len = 100;
	kit_write(kit, segment, buf_bytes(&hurt));
	struct buf want = {0};
	buf_printf(&want,
		   "%%D/0001: journal/00000000000000000000.log: 100 bytes; a segment has at least 4096; "
		   "damage is never "
		   "passed over: restore the file from a copy, or let `rankguard-audit repair %s "
		   "--accept-gap` set the "
		   "damage aside and begin a new epoch that says so",
		   kit->dir);
	buf_add(&want, "", 1);
	kit_refused(kit, want.at);
	buf_done(&want);
	buf_done(&whole);
	buf_done(&hurt);
}

/* A new epoch must begin, name its predecessor, and be sound; the old one's entries still count. */
static void expect_new_epoch(struct kit *kit, const char *why, unsigned entries)
{
	struct audit_log_state now;
	struct audit_log *log = kit_open(kit);
	audit_log_state(log, &now);
	assert_string_equal(now.origin, "example.org/test/host/0002");
	assert_int_equal(now.size, 2);
	if (!kit_said(kit, why))
		fail_msg("%.*s", (int)kit->talk.len, kit->talk.at);
	assert_int_equal(signals(log), entries);
	kit_append(log, 1, 10);
	kit_close(log);
	char path[256];
	struct buf words = {0};
	kit_path(kit, "0002", path);
	if (kit_verify(path, true, &words) != AUDIT_SOUND)
		fail_msg("%.*s", (int)words.len, words.at);
	buf_done(&words);
	/* and it goes on there */
	log = kit_open(kit);
	audit_log_state(log, &now);
	assert_int_equal(now.size, 5);
	kit_close(log);
}

static void less_than_the_checkpoint_begins_a_new_epoch(void **state)
{
	struct kit *kit = *state;
	char path[256];
	struct audit_log *log = kit_open(kit);
	for (uint64_t i = 0; i < 5; i++)
		kit_append(log, i, 10);
	kit_close(log);
	kit_path(kit, segment, path);
	unlink(path);
	expect_new_epoch(
		kit,
		"/0001: this log is not extended any more: journal: holds no segment, so what came after the "
		"checkpoint is lost; a new epoch 0002 begins and names it as its predecessor; keep 0001 as "
		"it is "
		"and find out what happened",
		5);
	/* The link is checked: strictly 0001 lacks its journal, and nothing else is wrong. */
	struct buf words = {0};
	assert_int_equal(kit_verify(kit->dir, false, &words), AUDIT_SOUND);
	assert_int_equal(kit_verify(kit->dir, true, &words), AUDIT_UNSOUND);
	buf_add(&words, "", 1);
	assert_string_equal(words.at, "0001/journal: holds no segment\n");
	buf_done(&words);
}

static void a_shorter_journal_begins_a_new_epoch(void **state)
{
	struct kit *kit = *state;
	struct buf journal = {0};
	struct audit_log *log = kit_open(kit);
	for (uint64_t i = 0; i < 5; i++)
		kit_append(log, i, 10);
	kit_close(log);
	kit_read(kit, segment, &journal);
	memset(journal.at + SEGMENT_HEADER + 1000, 0, journal.len - SEGMENT_HEADER - 1000);
	kit_write(kit, segment, buf_bytes(&journal));
	expect_new_epoch(kit, "this log is not extended any more: journal: ends before entry ", 5);
	buf_done(&journal);
}

static void another_root_begins_a_new_epoch(void **state)
{
	struct kit *kit = *state;
	struct buf tile = {0};
	struct audit_log *log = kit_open(kit);
	for (uint64_t i = 0; i < 5; i++)
		kit_append(log, i, 10);
	kit_close(log);
	kit_read(kit, "0001/tile/0/000.p/7", &tile);
	tile.at[40] ^= 1;
	kit_write(kit, "0001/tile/0/000.p/7", buf_bytes(&tile));
	expect_new_epoch(kit,
			 "this log is not extended any more: tile/: the tiles do not make the root of the "
			 "checkpoint; ",
			 5);
	buf_done(&tile);
}

static void another_key_begins_a_new_epoch(void **state)
{
	struct kit *kit = *state;
	struct audit_log *log = kit_open(kit);
	for (uint64_t i = 0; i < 5; i++)
		kit_append(log, i, 10);
	kit_close(log);
	kit->options.key_file = NULL;
	expect_new_epoch(kit,
			 "this log is not extended any more: the audit key is not the one that this log was "
			 "begun with; ",
			 5);
	kit_sound(kit);
}

static void a_spoiled_checkpoint_is_refused(void **state)
{
	struct kit *kit = *state;
	struct buf note = {0}, hurt = {0};
	kit_close(kit_open(kit));
	kit_read(kit, "0001/checkpoint", &note);
	for (size_t at = 0; at < note.len; at++) {
		struct err err;
		buf_clear(&hurt);
		buf_add_bytes(&hurt, buf_bytes(&note));
		hurt.at[at] ^= 4;
		kit_write(kit, "0001/checkpoint", buf_bytes(&hurt));
		assert_null(audit_log_open(&kit->options, &err));
		assert_non_null(strstr(err.text, "/0001: checkpoint: "));
	}
	kit_write(kit, "0001/checkpoint", buf_bytes(&note));
	kit_close(kit_open(kit));
	kit_sound(kit);
	buf_done(&note);
	buf_done(&hurt);
}

static void a_spoiled_identity_is_refused(void **state)
{
	struct kit *kit = *state;
	struct err err;
	kit_close(kit_open(kit));
	kit_write(kit, "0001/log.id", BYTES_LITERAL("rubbish\n"));
	assert_null(audit_log_open(&kit->options, &err));
	assert_non_null(strstr(err.text, "/0001: log.id: note: no signature"));
	char path[256];
	kit_path(kit, "0001/log.id", path);
	unlink(path);
	assert_null(audit_log_open(&kit->options, &err));
	assert_non_null(strstr(err.text, "/0001: log.id: is missing; damage is never passed over"));
}

/* A recovery that was itself ended leaves old segments beside the new one: a later segment counts. */
static void a_recovery_cut_short_is_done_again(void **state)
{
	struct kit *kit = *state;
	struct buf whole = {0};
	size_t offset[ENTRIES + 2];
	kit->options.segment_bytes = AUDIT_SEGMENT_LEAST;
	make_killed(kit, &whole, offset);
	struct audit_log *log = kit_open(kit);
	for (uint64_t i = 0; i < 200; i++)
		kit_append(log, i, 900);
	char copy[80];
	snprintf(copy, sizeof copy, "%s-killed", kit->dir);
	kit_copy(kit->dir, copy);
	kit_close(log);
	kit_remove(kit->dir);
	assert_int_equal(rename(copy, kit->dir), 0);
	/* recover, then put all segments of before back but the one with the same name */
	snprintf(copy, sizeof copy, "%s-old", kit->dir);
	kit_copy(kit->dir, copy);
	log = kit_open(kit);
	assert_int_equal(signals(log), ENTRIES + 200);
	char live[80];
	snprintf(live, sizeof live, "%s-live", kit->dir);
	kit_copy(kit->dir, live);
	kit_close(log);
	char from[256], to[256];
	snprintf(from, sizeof from, "%s/0001/journal/00000000000000000000.log", live);
	snprintf(to, sizeof to, "%s/0001/journal/00000000000000000000.log", copy);
	unlink(to);
	assert_int_equal(rename(from, to), 0);
	kit_remove(live);
	kit_remove(kit->dir);
	assert_int_equal(rename(copy, kit->dir), 0);
	log = kit_open(kit);
	assert_int_equal(signals(log), ENTRIES + 200);
	kit_append(log, 1, 10);
	kit_close(log);
	kit_sound(kit);
	char only[64];
	kit_segment(kit, only);
	buf_done(&whole);
}

/* A clock that was put back before a restart: times go on from the last entry's. */
static void a_clock_that_was_put_back_is_not_seen(void **state)
{
	struct kit *kit = *state;
	struct audit_log *log = kit_open(kit);
	kit_append(log, 1, 10);
	kit_close(log);
	atomic_fetch_sub(&kit->now_ns, TIME_DAY);
	log = kit_open(kit);
	kit_append(log, 2, 10);
	kit_close(log);
	kit_sound(kit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_tail_torn_anywhere_is_cut_off, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(a_tail_with_a_wrong_byte_is_cut_off, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(damage_in_the_middle_is_refused, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(a_wrong_header_is_refused, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(less_than_the_checkpoint_begins_a_new_epoch, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(a_shorter_journal_begins_a_new_epoch, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(another_root_begins_a_new_epoch, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(another_key_begins_a_new_epoch, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(a_spoiled_checkpoint_is_refused, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(a_spoiled_identity_is_refused, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(a_clock_that_was_put_back_is_not_seen, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(a_recovery_cut_short_is_done_again, kit_setup, kit_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
