/* SPDX-License-Identifier: Apache-2.0
 *
 * The tree is RFC 6962's, however its leaves arrive.
 */
#include "kit.h"

#include "audit/tree.h"
#include <stdio.h>
#include <stdlib.h>

/* Known answers of certificate-transparency's and golang.org/x/mod's own tests. */
static const struct bytes leaves[] = {
	{"", 0},
	{"\x00", 1},
	{"\x10", 1},
	{"\x20\x21", 2},
	{"\x30\x31", 2},
	{"\x40\x41\x42\x43", 4},
	{"\x50\x51\x52\x53\x54\x55\x56\x57", 8},
	{"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16},
};
static const char *const roots[] = {
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
	"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
	"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
	"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
	"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
	"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
	"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
	"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

static void roots_are_those_of_the_rfc(void **state)
{
	struct audit_hasher hasher;
	struct audit_tree *tree = calloc(1, sizeof *tree);
	char hex[65];
	(void)state;
	assert_true(audit_hasher_init(&hasher, NULL));
	for (size_t n = 0; n <= 8; n++) {
		struct audit_hash root = audit_tree_root(tree, &hasher);
		audit_hash_hex(&root, hex);
		assert_string_equal(hex, roots[n]);
		if (n < 8) {
			struct audit_hash leaf = audit_hash_leaf(&hasher, leaves[n]);
			assert_true(audit_tree_push(tree, &hasher, &leaf, NULL));
		}
	}
	free(tree);
	audit_hasher_done(&hasher);
}

/* The definition, word for word: split at the largest power of two below n. */
static struct audit_hash naive(struct audit_hasher *hasher, const struct audit_hash *leaf, size_t n)
{
	if (n == 0)
		return audit_hash_plain(hasher, (struct bytes){"", 0});
	if (n == 1)
		return leaf[0];
	size_t k = 1;
	while (2 * k < n)
		k *= 2;
	struct audit_hash left = naive(hasher, leaf, k), right = naive(hasher, leaf + k, n - k);
	return audit_hash_node(hasher, &left, &right);
}

enum { MOST = 65537 };

static bool interesting(size_t n)
{
	return n <= 600 || (n >= 65534) || n % 4099 == 0;
}

static void any_size_is_the_definition(void **state)
{
	struct audit_hasher hasher;
	struct audit_tree *tree = calloc(1, sizeof *tree);
	struct audit_hash *leaf = calloc(MOST, sizeof *leaf);
	(void)state;
	assert_true(audit_hasher_init(&hasher, NULL));
	for (size_t n = 0; n < MOST; n++) {
		uint32_t number = (uint32_t)n;
		leaf[n] = audit_hash_leaf(&hasher, (struct bytes){(char *)&number, sizeof number});
		assert_true(audit_tree_push(tree, &hasher, &leaf[n], NULL));
		if (!interesting(n + 1))
			continue;
		struct audit_hash root = audit_tree_root(tree, &hasher), want = naive(&hasher, leaf, n + 1);
		assert_true(audit_hash_equal(&root, &want));
	}
	free(leaf);
	free(tree);
	audit_hasher_done(&hasher);
}

struct seen {
	uint64_t count[AUDIT_TREE_LEVELS];
};

static bool count_tile(void *ctx, unsigned level, uint64_t tile,
		       const struct audit_hash hash[AUDIT_TILE_WIDTH])
{
	struct seen *seen = ctx;
	(void)hash;
	assert_int_equal(tile, seen->count[level]);
	seen->count[level]++;
	return true;
}

/* Size 70,000 as in notes on tlog-tiles: 273 full tiles and 112, one full and 17, one. */
static void tiles_fill_in_order(void **state)
{
	struct audit_hasher hasher;
	struct audit_tree *tree = calloc(1, sizeof *tree);
	struct audit_hash leaf = {{1}};
	struct seen seen = {{0}};
	const struct audit_tree_sink sink = {count_tile, &seen};
	(void)state;
	assert_true(audit_hasher_init(&hasher, NULL));
	for (int i = 0; i < 70000; i++)
		assert_true(audit_tree_push(tree, &hasher, &leaf, &sink));
	assert_int_equal(seen.count[0], 273);
	assert_int_equal(audit_tree_width(70000, 0), 112);
	assert_int_equal(seen.count[1], 1);
	assert_int_equal(audit_tree_width(70000, 1), 17);
	assert_int_equal(audit_tree_tile(70000, 1), 1);
	assert_int_equal(seen.count[2], 0);
	assert_int_equal(audit_tree_width(70000, 2), 1);
	assert_int_equal(audit_tree_width(256, 0), 0);
	assert_int_equal(audit_tree_width(256, 1), 1);
	free(tree);
	audit_hasher_done(&hasher);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roots_are_those_of_the_rfc),
		cmocka_unit_test(any_size_is_the_definition),
		cmocka_unit_test(tiles_fill_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
