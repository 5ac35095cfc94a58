/* SPDX-License-Identifier: Apache-2.0
 *
 * Every bit of a log counts: whichever is flipped, verify --strict finds it. By default one bit of each byte, and
 * of the journal's zeros one byte in 61; with RANKGUARD_EXHAUSTIVE=1 every bit.
 */
#include "kit.h"

#include <fcntl.h>
#include <ftw.h>
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
	if (kind == FTW_F && stat->st_size > 0) {
		assert_true(files.count < FILES);
		snprintf(files.path[files.count++], 256, "%s", path);
	}
	return 0;
}

/* A log with everything that a small log can have: two runs, two epochs, a cut tail, older partial tiles. */
static void make_log(struct kit *kit)
{
	struct buf journal = {0};
	char name[64], copy[80];
	kit->options.key_file = NULL;
	struct audit_log *log = kit_open(kit);
	kit_append(log, 1, 30);
	kit_close(log);
	log = kit_open(kit);
	kit_append(log, 2, 30);
	snprintf(copy, sizeof copy, "%s-killed", kit->dir);
	kit_copy(kit->dir, copy);
	kit_close(log);
	kit_remove(kit->dir);
	assert_int_equal(rename(copy, kit->dir), 0);
	kit_segment(kit, name);
	kit_read(kit, name, &journal);
	size_t end = journal.len;
	while (journal.at[end - 1] == 0)
		end--;
	journal.at[end - 3] ^= 1;
	kit_write(kit, name, buf_bytes(&journal));
	log = kit_open(kit);
	kit_append(log, 3, 30);
	const char *more =
		getenv("RANKGUARD_FLIP_ENTRIES"); /* for tests/torture: as many in all, and two epochs */
	if (more) {
		kit_fill(log, strtoull(more, NULL, 10) / 2);
		kit_close(log);
		kit->options.seal_entries = 1;
		kit->options.publish_ns = TIME_SECOND / 100;
		log = kit_open(kit);
		for (struct audit_log_state now = {.epoch = 0}; now.epoch < 2; audit_log_state(log, &now))
			kit_append(log, 4, 30);
		kit->options.seal_entries = 0;
		kit_close(log);
		log = kit_open(kit);
		kit_fill(log, strtoull(more, NULL, 10) / 2);
	}
	kit_close(log);
	buf_done(&journal);
}

static size_t flip_all(struct kit *kit, const char *path, bool exhaustive)
{
	struct stat stat_;
	size_t flips = 0;
	chmod(path, 0600);
	int fd = open(path, O_RDWR);
	assert_true(fd >= 0 && fstat(fd, &stat_) == 0);
	bool key = strstr(path, "audit.key") != NULL;
	for (off_t at = 0; at < stat_.st_size; at++) {
		unsigned char was, is;
		assert_int_equal(pread(fd, &was, 1, at), 1);
		if (!exhaustive && was == 0 && at % 61 != 0 && stat_.st_size > 60000)
			continue;
		for (int bit = exhaustive ? 0 : (int)(at % 8); bit < (exhaustive ? 8 : (int)(at % 8) + 1);
		     bit++) {
			is = (unsigned char)(was ^ (1 << bit));
			assert_int_equal(pwrite(fd, &is, 1, at), 1);
			if (kit_verify(kit->dir, true, NULL) == AUDIT_SOUND)
				fail_msg("%s: bit %d of byte %lld can be flipped", path + strlen(kit->dir),
					 bit, (long long)at);
			assert_int_equal(pwrite(fd, &was, 1, at), 1);
			flips++;
		}
	}
	close(fd);
	chmod(path, key ? 0400 : 0444);
	return flips;
}

static void every_flipped_bit_is_found(void **state)
{
	struct kit *kit = *state;
	const char *all = getenv("RANKGUARD_EXHAUSTIVE");
	size_t flips = 0;
	make_log(kit);
	kit_sound(kit);
	assert_int_equal(nftw(kit->dir, note_file, 16, FTW_PHYS), 0);
	for (size_t i = 0; i < files.count; i++)
		flips += flip_all(kit, files.path[i], all && all[0] == '1');
	kit_sound(kit);
	print_message("%zu flips in %zu files\n", flips, files.count);
}

/* The control: without `strict` the journal's zeros are nobody's business, so this sweep can fail. */
static void a_flip_can_be_missed(void **state)
{
	struct kit *kit = *state;
	struct buf journal = {0};
	char name[64];
	make_log(kit);
	kit_segment(kit, name);
	kit_read(kit, name, &journal);
	journal.at[journal.len - 1] ^= 1;
	kit_write(kit, name, buf_bytes(&journal));
	assert_int_equal(kit_verify(kit->dir, false, NULL), AUDIT_SOUND);
	assert_int_equal(kit_verify(kit->dir, true, NULL), AUDIT_UNSOUND);
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
