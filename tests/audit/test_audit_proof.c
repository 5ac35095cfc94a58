/* SPDX-License-Identifier: Apache-2.0
 *
 * Every proof that a log's tiles give is accepted, and none that was changed is; the file's form is read strictly.
 */
#include "kit.h"

#include "audit/proof.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ALL_PAIRS = 70, ENTRIES = 700, RANDOM = 1500, SEED = 20261123 };

struct log {
	struct audit_reader reader;
	struct audit_hasher hasher;
	struct audit_tree tree;
	struct audit_hash leaf[ENTRIES + 2], root[ENTRIES + 3]; /* root[n]: of the first n */
};

static bool grow(void *ctx, uint64_t index, struct bytes leaf)
{
	struct log *log = ctx;
	log->leaf[index] = audit_hash_leaf(&log->hasher, leaf);
	assert_true(audit_tree_push(&log->tree, &log->hasher, &log->leaf[index], NULL));
	log->root[index + 1] = audit_tree_root(&log->tree, &log->hasher);
	return true;
}

static struct log *open_log(struct kit *kit)
{
	struct log *log = calloc(1, sizeof *log);
	struct err err;
	assert_non_null(log);
	struct audit_log *writer = kit_open(kit);
	kit_fill(writer, ENTRIES);
	kit_close(writer);
	int dir = open(kit->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(audit_hasher_init(&log->hasher, &err));
	assert_true(audit_reader_open(&log->reader, dir, 1, &err));
	close(dir);
	assert_int_equal(log->reader.checkpoint.size, ENTRIES + 2);
	assert_true(audit_reader_walk(&log->reader, 0, ENTRIES + 2, grow, log, NULL, &err));
	return log;
}

static void close_log(struct log *log)
{
	audit_reader_close(&log->reader);
	audit_hasher_done(&log->hasher);
	free(log);
}

static bool includes(struct log *log, const struct audit_path *path, uint64_t index, uint64_t size)
{
	return audit_path_includes(&log->hasher, path, index, &log->leaf[index], size, &log->root[size]);
}

static bool extends(struct log *log, const struct audit_path *path, uint64_t old, uint64_t size)
{
	return audit_path_extends(&log->hasher, path, old, &log->root[old], size, &log->root[size]);
}

/* What is changed in any way is refused. `check` is one of the two above. */
static void refuse_changes(struct log *log, const struct audit_path *path, uint64_t a, uint64_t size,
			   bool (*check)(struct log *, const struct audit_path *, uint64_t, uint64_t))
{
	struct audit_path changed = *path;
	for (unsigned i = 0; i < path->len; i++) {
		changed.hash[i].at[i % AUDIT_HASH_LEN] ^= 1;
		assert_false(check(log, &changed, a, size));
		changed.hash[i] = path->hash[i];
	}
	if (path->len > 0) {
		changed.len--;
		assert_false(check(log, &changed, a, size));
	}
	changed.len = path->len + 1;
	changed.hash[path->len] = log->leaf[0];
	assert_false(check(log, &changed, a, size));
}

static void prove_both(struct log *log, uint64_t index, uint64_t size)
{
	struct audit_path path;
	struct err err;
	if (!audit_prove_entry(&log->reader, &log->hasher, index, size, &path, &err))
		fail_msg("entry %" PRIu64 " of %" PRIu64 ": %s", index, size, err.text);
	if (!includes(log, &path, index, size))
		fail_msg("entry %" PRIu64 " of %" PRIu64 " is not proven", index, size);
	assert_false(index > 0 && includes(log, &path, index - 1, size));
	refuse_changes(log, &path, index, size, includes);
	if (!audit_prove_growth(&log->reader, &log->hasher, index + 1, size, &path, &err))
		fail_msg("%" PRIu64 " to %" PRIu64 ": %s", index + 1, size, err.text);
	if (!extends(log, &path, index + 1, size))
		fail_msg("%" PRIu64 " to %" PRIu64 " is not proven", index + 1, size);
	refuse_changes(log, &path, index + 1, size, extends);
	/* The old root, too, must be the right one. */
	assert_false(
		audit_path_extends(&log->hasher, &path, index + 1, &log->leaf[1], size, &log->root[size]));
}

static void every_proof_holds_and_no_other(void **state)
{
	struct log *log = open_log(*state);
	struct err err;
	struct audit_path path;
	for (uint64_t size = 1; size <= ALL_PAIRS; size++)
		for (uint64_t index = 0; index < size; index++)
			prove_both(log, index, size);
	for (uint64_t size = 254; size <= 258; size++)
		for (uint64_t index = 0; index < size; index += 5)
			prove_both(log, index, size);
	srand(SEED);
	for (int i = 0; i < RANDOM; i++) {
		uint64_t size = 1 + (uint64_t)rand() % (ENTRIES + 2);
		prove_both(log, (uint64_t)rand() % size, size);
	}
	assert_true(audit_prove_growth(&log->reader, &log->hasher, 0, 5, &path, &err) && path.len == 0);
	assert_true(extends(log, &path, 0, 5));
	assert_false(extends(log, &path, 6, 5));
	assert_false(audit_path_includes(&log->hasher, &path, 1, &log->leaf[0], 1, &log->root[1]));
	assert_false(audit_prove_entry(&log->reader, &log->hasher, 5, 5, &path, &err));
	assert_false(audit_prove_entry(&log->reader, &log->hasher, 5, ENTRIES + 3, &path, &err));
	assert_false(audit_prove_growth(&log->reader, &log->hasher, 9, 8, &path, &err));
	close_log(log);
}

static void roots_come_from_the_tiles(void **state)
{
	struct log *log = open_log(*state);
	struct audit_hash hash;
	struct err err;
	for (uint64_t size = 1; size <= ENTRIES + 2; size++) {
		assert_true(audit_prove_root(&log->reader, &log->hasher, size, &hash, &err));
		assert_true(audit_hash_equal(&hash, &log->root[size]));
		assert_true(audit_prove_leaf(&log->reader, size - 1, &hash, &err));
		assert_true(audit_hash_equal(&hash, &log->leaf[size - 1]));
	}
	close_log(log);
}

#define HASH  "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
#define TITLE "c2sp.org/tlog-proof@v1\n"

static void a_proof_is_read_as_it_was_written(void **state)
{
	struct audit_path path = {.len = 3}, again;
	struct buf text = {0};
	struct bytes note;
	struct err err;
	uint64_t index;
	(void)state;
	for (unsigned i = 0; i < path.len; i++)
		memset(path.hash[i].at, (int)i, AUDIT_HASH_LEN);
	audit_proof_text(&path, 12345, BYTES_LITERAL("a note\n"), &text);
	assert_true(audit_proof_parse(buf_bytes(&text), &again, &index, &note, &err));
	assert_int_equal(index, 12345);
	assert_int_equal(again.len, 3);
	assert_memory_equal(again.hash, path.hash, 3 * sizeof *path.hash);
	assert_true(bytes_equal(note, BYTES_LITERAL("a note\n")));
	assert_true(audit_proof_parse(BYTES_LITERAL(TITLE "extra AAAA\nindex 0\n\nn"), &again, &index, &note,
				      &err));
	assert_true(index == 0 && again.len == 0 && note.len == 1);
	/* Every beginning of it is refused. */
	for (size_t len = 0; len < text.len - strlen("a note\n"); len++)
		assert_false(audit_proof_parse((struct bytes){text.at, len}, &again, &index, &note, &err));
	buf_done(&text);
}

static const struct {
	const char *text, *want;
} refusals[] = {
	{"", "not a proof; its first line is c2sp.org/tlog-proof@v1"},
	{"c2sp.org/tlog-proof@v2\nindex 1\n\nn", "not a proof; its first line is c2sp.org/tlog-proof@v1"},
	{TITLE "extra A\nindex 1\n\nn", "the line extra is not base64"},
	{TITLE "extra AAAA", "the line extra is not base64"},
	{TITLE "\nn", "there is no line `index <number>`"},
	{TITLE "index 01\n\nn", "there is no line `index <number>`"},
	{TITLE "index -1\n\nn", "there is no line `index <number>`"},
	{TITLE "index 18446744073709551616\n\nn", "there is no line `index <number>`"},
	{TITLE "index 1\nAAAA\n\nn", "hash 0 of the path is not the base64 of 32 bytes"},
	{TITLE "index 1\n" HASH " " HASH "\nn", "hash 1 of the path is not the base64 of 32 bytes"},
	{TITLE "index 1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n\nn",
	 "hash 0 of the path is not the base64 of 32 bytes"},
	{TITLE "index 1\n" HASH, "there is no checkpoint behind a blank line"},
	{TITLE "index 1\n" HASH "\n", "there is no checkpoint behind a blank line"},
};

static void what_is_no_proof_is_refused(void **state)
{
	struct audit_path path;
	struct bytes note;
	struct buf text = {0};
	uint64_t index;
	(void)state;
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		struct err err = {{0}};
		assert_false(audit_proof_parse(bytes_of(refusals[i].text), &path, &index, &note, &err));
		assert_string_equal(err.text, refusals[i].want);
	}
	struct err err;
	buf_add_text(&text, TITLE "index 1\n");
	for (int i = 0; i <= AUDIT_PATH_MAX; i++)
		buf_add_text(&text, HASH);
	buf_add_text(&text, "\nn");
	assert_false(audit_proof_parse(buf_bytes(&text), &path, &index, &note, &err));
	assert_string_equal(err.text, "the path has more than 64 hashes");
	buf_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_proof_holds_and_no_other, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(roots_come_from_the_tiles, kit_setup, kit_teardown),
		cmocka_unit_test(a_proof_is_read_as_it_was_written),
		cmocka_unit_test(what_is_no_proof_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
