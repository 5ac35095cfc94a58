/* SPDX-License-Identifier: Apache-2.0
 *
 * Each tile has one path and each path is one tile.
 */
#include "kit.h"

#include "audit/crc32c.h"
#include "audit/tile.h"

static const struct {
	struct audit_tile tile;
	const char *path;
} paths[] = {
	{{0, 0, 256}, "tile/0/000"},
	{{0, 999, 256}, "tile/0/999"},
	{{0, 1000, 256}, "tile/0/x001/000"},
	{{0, 1234067, 256}, "tile/0/x001/x234/067"},
	{{0, 1234067, 1}, "tile/0/x001/x234/067.p/1"},
	{{0, 273, 112}, "tile/0/273.p/112"},
	{{1, 1, 17}, "tile/1/001.p/17"},
	{{2, 0, 1}, "tile/2/000.p/1"},
	{{7, 5, 255}, "tile/7/005.p/255"},
	{{AUDIT_TILE_ENTRIES, 0, 256}, "tile/entries/000"},
	{{AUDIT_TILE_ENTRIES, 1234067, 12}, "tile/entries/x001/x234/067.p/12"},
	{{0, UINT64_C(72057594037927935), 256}, "tile/0/x072/x057/x594/x037/x927/935"},
};

static void paths_are_those_of_tlog_tiles(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		char path[AUDIT_TILE_PATH_MAX];
		struct audit_tile tile;
		audit_tile_path(&paths[i].tile, path);
		assert_string_equal(path, paths[i].path);
		assert_true(audit_tile_parse(bytes_of(path), &tile));
		assert_int_equal(tile.level, paths[i].tile.level);
		assert_true(tile.n == paths[i].tile.n);
		assert_int_equal(tile.width, paths[i].tile.width);
	}
}

static const char *const not_paths[] = {
	"",
	"tile",
	"tile/",
	"tile/0",
	"tile/0/",
	"tile/0/0",
	"tile/0/00",
	"tile/0/0000",
	"tile/00/000",
	"tile/8/000",
	"tile/64/000",
	"tile/0/x000/001",
	"tile/0/x001/1",
	"tile/0/001/000",
	"tile/0/x1000/000",
	"tile/0/000.p",
	"tile/0/000.p/",
	"tile/0/000.p/0",
	"tile/0/000.p/256",
	"tile/0/000.p/01",
	"tile/0/000.p/1/",
	"tile/0/000/",
	"tile/0/000.p/1234",
	"tile/data/000",
	"tile/entries/x001",
	"tile/0/../0/000",
	"/tile/0/000",
	"tile/0/00a",
	"tile/-1/000",
	"tile/0/000.p/ 1",
	"tile/0/x999/x999/x999/x999/x999/x999/x999/x999/999",
};

static void other_paths_are_refused(void **state)
{
	struct audit_tile tile;
	(void)state;
	for (size_t i = 0; i < sizeof not_paths / sizeof *not_paths; i++)
		if (audit_tile_parse(bytes_of(not_paths[i]), &tile))
			fail_msg("%s was taken for a tile", not_paths[i]);
}

static void bundles_end_where_entries_end(void **state)
{
	static const char two[] = {0, 1, 'a', 0, 2, 'b', 'c'};
	struct bytes rest = {two, sizeof two}, entry;
	bool exact;
	(void)state;
	assert_true(audit_bundle_next(&rest, &entry));
	assert_true(bytes_equal(entry, BYTES_LITERAL("a")));
	assert_true(audit_bundle_next(&rest, &entry));
	assert_true(bytes_equal(entry, BYTES_LITERAL("bc")));
	assert_false(audit_bundle_next(&rest, &entry));
	for (size_t len = 0; len < sizeof two; len++) {
		struct bytes cut = {two, len};
		assert_false(bytes_present(audit_bundle_prefix(cut, 2, &exact)));
	}
	assert_int_equal(audit_bundle_prefix((struct bytes){two, sizeof two}, 1, &exact).len, 3);
	assert_false(exact);
	assert_int_equal(audit_bundle_prefix((struct bytes){two, sizeof two}, 2, &exact).len, 7);
	assert_true(exact);
}

/* RFC 3720 appendix B.4 */
static void crc32c_is_castagnolis(void **state)
{
	unsigned char text[32];
	(void)state;
	assert_true(audit_crc32c(0, "123456789", 9) == 0xe3069283u);
	memset(text, 0, sizeof text);
	assert_true(audit_crc32c(0, text, sizeof text) == 0x8a9136aau);
	memset(text, 0xff, sizeof text);
	assert_true(audit_crc32c(0, text, sizeof text) == 0x62a8ab43u);
	for (unsigned i = 0; i < sizeof text; i++)
		text[i] = (unsigned char)i;
	assert_true(audit_crc32c(0, text, sizeof text) == 0x46dd794eu);
	for (size_t len = 0; len <= sizeof text; len++) {
		uint32_t crc = audit_crc32c(0, text, len);
		assert_true(crc == audit_crc32c_plain(0, text, len));
		assert_true(audit_crc32c(crc, text + len, sizeof text - len) == 0x46dd794eu);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_those_of_tlog_tiles),
		cmocka_unit_test(other_paths_are_refused),
		cmocka_unit_test(bundles_end_where_entries_end),
		cmocka_unit_test(crc32c_is_castagnolis),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
