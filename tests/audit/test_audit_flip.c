/* SPDX-License-Identifier: Apache-2.0
 *
 * Every bit of a log counts: whichever is flipped, verify --strict finds it. By default one bit of each byte, and
 * of the journal's zeros one byte in 61; with RANKGUARD_EXHAUSTIVE=1 every bit. RANKGUARD_FLIP_ENTRIES=600 makes
 * the log longer; tests/torture takes both.
 */
#include "kit.h"

#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES = 64 };

struct files {
	char path[FILES][256];
	size_t count;
};
static struct files files; /* nftw has no context */

static int note_file(const char *path, const struct stat *stat, int kind, struct FTW *ftw)
{
	(void)ftw;
	/* A temporary file has no meaning: verify tells of it, and the writer removes it when it starts. */
	if (kind == FTW_F && stat->st_size > 0 && strstr(path, "/.tmp-") == NULL) {
		assert_true(files.count < FILES);
		snprintf(files.path[files.count++], 256, "%s", path);
	}
	return 0;
}

/* Closes the log as a kill would have: what was not published stays in the journal. */
static void kit_kill(struct kit *kit, struct audit_log *log)
{
	char copy[80];
	snprintf(copy, sizeof copy, "%s-killed", kit->dir);
	kit_copy(kit->dir, copy);
	kit_close(log);
	kit_remove(kit->dir);
	assert_int_equal(rename(copy, kit->dir), 0);
}

/* A log with everything that a small log can have: three runs, a cut tail, older partial tiles. */
static void make_log(struct kit *kit)
{
	struct buf journal = {0};
	char name[64];
	kit->options.key_file = NULL;
	struct audit_log *log = kit_open(kit);
	kit_append(log, 1, 30);
	kit_close(log);
	log = kit_open(kit);
	kit_append(log, 2, 30);
	kit_kill(kit, log);
	kit_segment(kit, name);
	kit_read(kit, name, &journal);
	size_t end = journal.len;
	while (journal.at[end - 1] == 0)
		end--;
	journal.at[end - 3] ^= 1;
	kit_write(kit, name, buf_bytes(&journal));
	log = kit_open(kit);
	kit_append(log, 3, 30);
	kit_close(log);
	buf_done(&journal);
}

/* Entries as small as any the daemon writes. */
static void fill(struct audit_log *log, uint64_t count)
{
	struct audit_batch batch = {0};
	struct err err;
	for (uint64_t i = 0; i < count; i++) {
		char item[24];
		snprintf(item, sizeof item, "%" PRIu64, i);
		const struct audit_entry_signal signal = {.kind = "dissatisfied", .item = bytes_of(item)};
		assert_true(audit_entry_signal(&batch, audit_log_now(log), &signal));
	}
	if (!audit_log_append_wait(log, &batch, NULL, &err))
		fail_msg("%s", err.text);
	audit_batch_done(&batch);
}

/* The same with `entries` more: a sealed epoch, a second one, and entries that no checkpoint covers. */
static void make_long_log(struct kit *kit, uint64_t entries)
{
	enum { UNPUBLISHED = 20 };
	static const char sealed_journal[] = "0001/journal/00000000000000000000.log";
	struct audit_log_state now;
	make_log(kit);
	kit->options.seal_entries = entries / 2;
	kit->options.publish_ns = TIME_SECOND / 100;
	struct audit_log *log = kit_open(kit);
	fill(log, entries / 2);
	do
		audit_log_state(log, &now);
	while (now.epoch < 2);
	fill(log, 1);
	while (kit_exists(kit, sealed_journal))
		;
	kit_close(log);
	kit->options.seal_entries = 0;
	kit->options.publish_ns = TIME_HOUR;
	log = kit_open(kit);
	fill(log, entries - entries / 2 - UNPUBLISHED);
	kit_close(log);
	log = kit_open(kit);
	fill(log, UNPUBLISHED);
	kit_kill(kit, log);
}

struct flips {
	bool all; /* every bit; else one of each byte, and of the journal's zeros of one byte in 61 */
	size_t done, missed;
};

/* Whichever bit it is: verify goes over the whole log again. */
static void flip_bit(const struct kit *kit, const char *path, int fd, off_t at, int bit, struct flips *flips)
{
	enum { MISSED_TOLD = 20 };
	unsigned char was, is;
	assert_int_equal(pread(fd, &was, 1, at), 1);
	is = (unsigned char)(was ^ (1 << bit));
	assert_int_equal(pwrite(fd, &is, 1, at), 1);
	if (kit_verify(kit->dir, true, NULL) == AUDIT_SOUND && flips->missed++ < MISSED_TOLD)
		print_error("%s: bit %d of byte %lld can be flipped\n", path + strlen(kit->dir), bit,
			    (long long)at);
	assert_int_equal(pwrite(fd, &was, 1, at), 1);
	flips->done++;
}

static void flip_file(const struct kit *kit, const char *path, struct flips *flips)
{
	struct stat stat_;
	unsigned char byte;
	chmod(path, 0600);
	int fd = open(path, O_RDWR);
	assert_true(fd >= 0 && fstat(fd, &stat_) == 0);
	bool key = strstr(path, "audit.key") != NULL;
	for (off_t at = 0; at < stat_.st_size; at++) {
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		if (!flips->all && byte == 0 && at % 61 != 0 && stat_.st_size > 60000)
			continue;
		if (!flips->all)
			flip_bit(kit, path, fd, at, (int)(at % 8), flips);
		for (int bit = 0; flips->all && bit < 8; bit++)
			flip_bit(kit, path, fd, at, bit, flips);
	}
	close(fd);
	chmod(path, key ? 0400 : 0444);
}

static void every_flipped_bit_is_found(void **state)
{
	struct kit *kit = *state;
	const char *all = getenv("RANKGUARD_EXHAUSTIVE"), *entries = getenv("RANKGUARD_FLIP_ENTRIES");
	struct flips flips = {.all = all && all[0] == '1'};
	if (entries)
		make_long_log(kit, strtoull(entries, NULL, 10));
	else
		make_log(kit);
	kit_sound(kit);
	assert_int_equal(nftw(kit->dir, note_file, 16, FTW_PHYS), 0);
	for (size_t i = 0; i < files.count; i++)
		flip_file(kit, files.path[i], &flips);
	kit_sound(kit);
	print_message("%zu flips in %zu files, %zu found\n", flips.done, files.count,
		      flips.done - flips.missed);
	assert_int_equal(flips.missed, 0);
}

/* The control: without `strict` the journal's zeros are nobody's business, so a sweep without it misses flips. */
static void a_flip_can_be_missed(void **state)
{
	enum { TRIED = 100 };
	struct kit *kit = *state;
	struct buf journal = {0};
	char name[64];
	size_t missed = 0;
	make_log(kit);
	kit_segment(kit, name);
	kit_read(kit, name, &journal);
	for (size_t i = 1; i <= TRIED; i++) {
		journal.at[journal.len - i] ^= 1;
		kit_write(kit, name, buf_bytes(&journal));
		missed += kit_verify(kit->dir, false, NULL) == AUDIT_SOUND;
		if (i == 1)
			assert_int_equal(kit_verify(kit->dir, true, NULL), AUDIT_UNSOUND);
		journal.at[journal.len - i] ^= 1;
	}
	print_message("%d flips without --strict, %zu missed\n", TRIED, missed);
	assert_int_equal(missed, TRIED);
	buf_done(&journal);
}

/* Files that are swapped, removed, added, cut or longer are found, with their place. */
static void every_other_change_is_found(void **state)
{
	struct kit *kit = *state;
	struct buf file = {0}, words = {0};
	char path[256];
	make_log(kit);
	kit_sound(kit);
	files.count = 0;
	assert_int_equal(nftw(kit->dir, note_file, 16, FTW_PHYS), 0);
	for (size_t i = 0; i < files.count; i++) {
		const char *name = files.path[i] + strlen(kit->dir) + 1;
		bool partial = strstr(name, ".p/") != NULL;
		mode_t mode = strcmp(name, "audit.key") == 0 ? 0400 : 0444;
		kit_read(kit, name, &file);
		struct bytes shorter = {file.at, file.len - 1};
		kit_write(kit, name, shorter);
		chmod(files.path[i], mode);
		assert_int_equal(kit_verify(kit->dir, true, NULL), AUDIT_UNSOUND);
		kit_write(kit, name, (struct bytes){"", 0});
		chmod(files.path[i], mode);
		assert_int_equal(kit_verify(kit->dir, true, NULL), AUDIT_UNSOUND);
		kit_write(kit, name, buf_bytes(&file));
		FILE *more = fopen(files.path[i], "ab");
		putc('\n', more);
		fclose(more);
		chmod(files.path[i], mode);
		assert_int_equal(kit_verify(kit->dir, true, NULL), AUDIT_UNSOUND);
		unlink(files.path[i]);
		/* The key may be taken away, and partial tiles that no checkpoint at hand needs. */
		if (strcmp(name, "audit.key") != 0 && !partial)
			assert_int_equal(kit_verify(kit->dir, true, NULL), AUDIT_UNSOUND);
		assert_int_equal(symlink("/dev/null", files.path[i]), 0);
		assert_int_equal(kit_verify(kit->dir, true, NULL), AUDIT_UNSOUND);
		unlink(files.path[i]);
		kit_write(kit, name, buf_bytes(&file));
		chmod(files.path[i], mode);
		kit_sound(kit);
	}
	static const char *const strays[] = {"stray",
					     "0001/stray",
					     "0001/tile/stray",
					     "0001/tile/0/1",
					     "0001/journal/x.log",
					     "0001/journal/00000000000000000999.log",
					     "0001/tile/0/000.p/0",
					     "0001/log.id.old"};
	for (size_t i = 0; i < sizeof strays / sizeof *strays; i++) {
		kit_write(kit, strays[i], BYTES_LITERAL("x"));
		buf_clear(&words);
		assert_int_equal(kit_verify(kit->dir, true, &words), AUDIT_UNSOUND);
		assert_int_equal(strncmp(words.at, strays[i], strlen(strays[i])), 0);
		kit_path(kit, strays[i], path);
		unlink(path);
	}
	kit_sound(kit);
	buf_done(&file);
	buf_done(&words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_flipped_bit_is_found, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(a_flip_can_be_missed, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(every_other_change_is_found, kit_setup, kit_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
