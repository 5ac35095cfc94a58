/* SPDX-License-Identifier: Apache-2.0
 *
 * Compressed messages: what was compressed comes back, whatever its size and pieces; what is cut, too long or
 * followed by something is refused before anything is allocated for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "sidecar/compress.h"
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

static const enum sidecar_coding codings[] = {SIDECAR_DEFLATE, SIDECAR_GZIP};
enum { CODINGS = sizeof codings / sizeof *codings, MUCH = 1 << 20 };

/* Bytes that deflate can shorten, but not to nothing. */
static char *text_of(size_t len)
{
	char *text = malloc(len + 1);
	uint32_t state = 20261123;
	assert_non_null(text);
	for (size_t i = 0; i < len; i++) {
		state = state * 1664525u + 1013904223u;
		text[i] = (char)('a' + (state >> 29));
	}
	return text;
}

/* Returns owned. */
static char *pack(enum sidecar_coding coding, struct bytes *piece, size_t count, size_t *len)
{
	struct proto_pieces pieces = {.piece = piece, .count = count};
	for (size_t i = 0; i < count; i++)
		pieces.len += piece[i].len;
	size_t room = sidecar_compress_bound(coding, pieces.len);
	char *to = malloc(room); /* just the bound: ASan sees one byte more */
	assert_non_null(to);
	*len = sidecar_compress(coding, &pieces, to);
	assert_in_range(*len, 1, room);
	return to;
}

static void round_trip(enum sidecar_coding coding, size_t len, size_t cut)
{
	struct err err;
	struct arena arena;
	struct bytes back;
	char *text = text_of(len);
	struct bytes piece[] = {{text, cut}, {text + cut, 0}, {text + cut, len - cut}};
	size_t packed_len;
	char *packed = pack(coding, piece, 3, &packed_len);
	arena_init(&arena, MUCH);
	assert_int_equal(
		sidecar_decompress(coding, (struct bytes){packed, packed_len}, len, &arena, &back, &err),
		PROTO_OK);
	assert_true(bytes_equal(back, (struct bytes){text, len}));
	arena_done(&arena);
	free(packed);
	free(text);
}

static void test_what_was_compressed_comes_back(void **state)
{
	(void)state;
	static const size_t sizes[] = {0, 1, 23, 65535, 65536, 65537, 131072, 300000};
	for (size_t c = 0; c < CODINGS; c++)
		for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
			round_trip(codings[c], sizes[i], 0);
			round_trip(codings[c], sizes[i], sizes[i] / 3);
		}
}

/* By hand, from RFC 1950 to 1952. */
static const struct vector {
	const char *name;
	enum sidecar_coding coding;
	const char *from;
	size_t len;
	const char *to;
} vectors[] = {
#define ROW(name, coding, from, to)                                                                          \
	{                                                                                                    \
		name, coding, from, sizeof(from) - 1, to                                                     \
	}
	ROW("a stored block", SIDECAR_GZIP,
	    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x01\x02\x00\xfd\xffhi\xac\x2a\x93\xd8\x02\x00\x00\x00",
	    "hi"),
	ROW("a name in the header", SIDECAR_GZIP,
	    "\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\xffm\x00\x01\x02\x00\xfd\xffhi\xac\x2a\x93\xd8\x02\x00\x00"
	    "\x00",
	    "hi"),
	ROW("fixed codes", SIDECAR_DEFLATE, "\x78\x9c\xcb\xc8\x04\x00\x01\x3b\x00\xd2", "hi"),
	ROW("nothing, compressed", SIDECAR_DEFLATE, "\x78\x9c\x03\x00\x00\x00\x00\x01", ""),
	ROW("no bytes at all", SIDECAR_GZIP, "", ""),
#undef ROW
};

static void test_vectors(void **state)
{
	struct err err;
	struct arena arena;
	struct bytes to;
	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		const struct vector *row = &vectors[i];
		arena_init(&arena, MUCH);
		if (sidecar_decompress(row->coding, (struct bytes){row->from, row->len}, MUCH, &arena, &to,
				       &err) != PROTO_OK)
			fail_msg("%s: %s", row->name, err.text);
		assert_true(bytes_equal(to, bytes_of(row->to)));
		arena_done(&arena);
	}
}

/* Refused with this result and these words, and nothing was allocated. */
static void refused(enum sidecar_coding coding, struct bytes from, size_t limit, enum proto_result result,
		    const char *why)
{
	struct err err;
	struct arena arena;
	struct bytes to = BYTES_LITERAL("as before");
	arena_init(&arena, MUCH);
	assert_int_equal(sidecar_decompress(coding, from, limit, &arena, &to, &err), result);
	assert_string_equal(err.text, why);
	assert_string_equal(to.at, "as before");
	assert_int_equal(arena.used, 0);
	arena_done(&arena);
}

static void test_cut_at_every_byte(void **state)
{
	static const char *const why[] = {[SIDECAR_DEFLATE] = "message: its deflate data end too early",
					  [SIDECAR_GZIP] = "message: its gzip data end too early"};
	(void)state;
	char *text = text_of(1000);
	for (size_t c = 0; c < CODINGS; c++) {
		struct bytes piece = {text, 1000};
		size_t len;
		char *packed = pack(codings[c], &piece, 1, &len);
		for (size_t cut = 1; cut < len; cut++) {
			char *part = malloc(cut); /* of its own, so that ASan sees one byte too far */
			memcpy(part, packed, cut);
			refused(codings[c], (struct bytes){part, cut}, MUCH, PROTO_MALFORMED,
				why[codings[c]]);
			free(part);
		}
		free(packed);
	}
	free(text);
}

static void test_one_byte_over_the_limit(void **state)
{
	static const size_t sizes[] = {1, 1000, 65536, 65537, 200000};
	(void)state;
	for (size_t c = 0; c < CODINGS; c++)
		for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
			char why[128], *text = text_of(sizes[i]);
			struct bytes piece = {text, sizes[i]};
			size_t len;
			char *packed = pack(codings[c], &piece, 1, &len);
			snprintf(why, sizeof why,
				 "message: decompressed it is longer than %zu bytes, the most that "
				 "limits.message allows",
				 sizes[i] - 1);
			refused(codings[c], (struct bytes){packed, len}, sizes[i] - 1, PROTO_LIMIT, why);
			free(packed);
			free(text);
		}
}

static void test_behind_the_end(void **state)
{
	(void)state;
	char *text = text_of(100);
	struct bytes piece = {text, 100};
	size_t len;
	char *packed = pack(SIDECAR_GZIP, &piece, 1, &len), *twice = malloc(2 * len), why[80];
	memcpy(twice, packed, len);
	memcpy(twice + len, packed, len);
	refused(SIDECAR_GZIP, (struct bytes){twice, len + 1}, MUCH, PROTO_MALFORMED,
		"message: 1 bytes stand behind the end of its gzip data");
	snprintf(why, sizeof why, "message: %zu bytes stand behind the end of its gzip data", len);
	refused(SIDECAR_GZIP, (struct bytes){twice, 2 * len}, MUCH, PROTO_MALFORMED, why);
	free(twice);
	free(packed);
	free(text);
}

static void test_other_data(void **state)
{
	(void)state;
	refused(SIDECAR_GZIP, BYTES_LITERAL("plain text"), MUCH, PROTO_MALFORMED,
		"message: these are no gzip data: incorrect header check");
	refused(SIDECAR_DEFLATE, BYTES_LITERAL("plain text"), MUCH, PROTO_MALFORMED,
		"message: these are no deflate data: incorrect header check");
	refused(SIDECAR_GZIP, BYTES_LITERAL("\x78\x9c\x03\x00\x00\x00\x00\x01"), MUCH, PROTO_MALFORMED,
		"message: these are no gzip data: incorrect header check");
	refused(SIDECAR_DEFLATE, BYTES_LITERAL("\x78\xbb\x01\x02\x03\x04"), MUCH, PROTO_MALFORMED,
		"message: these are no deflate data: they need a dictionary");
	refused(SIDECAR_DEFLATE, BYTES_LITERAL("\x78\x9c\x07"), MUCH, PROTO_MALFORMED,
		"message: these are no deflate data: invalid block type");
}

static void test_an_arena_that_is_full(void **state)
{
	struct err err;
	struct arena arena;
	struct bytes to;
	(void)state;
	arena_init(&arena, 1);
	assert_int_equal(sidecar_decompress(SIDECAR_DEFLATE,
					    BYTES_LITERAL("\x78\x9c\xcb\xc8\x04\x00\x01\x3b\x00\xd2"), MUCH,
					    &arena, &to, &err),
			 PROTO_LIMIT);
	assert_string_equal(err.text, "message: 2 bytes are more than one call may use");
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_compressed_comes_back),
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_cut_at_every_byte),
		cmocka_unit_test(test_one_byte_over_the_limit),
		cmocka_unit_test(test_behind_the_end),
		cmocka_unit_test(test_other_data),
		cmocka_unit_test(test_an_arena_that_is_full),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
