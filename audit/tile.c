/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/tile.h"

#include <inttypes.h>
#include <stdio.h>

void audit_tile_path(const struct audit_tile *tile, char path[AUDIT_TILE_PATH_MAX])
{
	size_t used = 0;
	if (tile->level == AUDIT_TILE_ENTRIES)
		used = (size_t)snprintf(path, AUDIT_TILE_PATH_MAX, "tile/entries");
	else
		used = (size_t)snprintf(path, AUDIT_TILE_PATH_MAX, "tile/%u", tile->level);
	uint64_t unit = 1;
	while (tile->n / unit >= 1000)
		unit *= 1000;
	for (; unit > 1; unit /= 1000)
		used += (size_t)snprintf(path + used, AUDIT_TILE_PATH_MAX - used, "/x%03" PRIu64,
					 tile->n / unit % 1000);
	used += (size_t)snprintf(path + used, AUDIT_TILE_PATH_MAX - used, "/%03" PRIu64, tile->n % 1000);
	if (tile->width < AUDIT_TILE_WIDTH)
		snprintf(path + used, AUDIT_TILE_PATH_MAX - used, ".p/%u", tile->width);
}

static bool take_text(struct bytes *rest, const char *text)
{
	size_t len = strlen(text);
	if (rest->len < len || memcmp(rest->at, text, len) != 0)
		return false;
	rest->at += len;
	rest->len -= len;
	return true;
}

/* A decimal number of at most `digits` digits. */
static bool take_decimal(struct bytes *rest, size_t digits, uint64_t *value)
{
	size_t i = 0;
	for (*value = 0; i < rest->len && i < digits && rest->at[i] >= '0' && rest->at[i] <= '9'; i++)
		*value = *value * 10 + (uint64_t)(rest->at[i] - '0');
	rest->at += i;
	rest->len -= i;
	return i > 0;
}

/* Reads loosely and then compares with what would be written: one spelling for each tile. */
bool audit_tile_parse(struct bytes path, struct audit_tile *tile)
{
	struct bytes rest = path;
	uint64_t level = AUDIT_TILE_ENTRIES, group, width = AUDIT_TILE_WIDTH, n = 0;
	if (path.len >= AUDIT_TILE_PATH_MAX)
		return false;
	if (!take_text(&rest, "tile/entries/") &&
	    !(take_text(&rest, "tile/") && take_decimal(&rest, 1, &level) && take_text(&rest, "/") &&
	      level < AUDIT_TREE_LEVELS))
		return false;
	while (take_text(&rest, "x")) {
		if (!take_decimal(&rest, 3, &group) || !take_text(&rest, "/") || n > UINT64_MAX / 1000000)
			return false;
		n = n * 1000 + group;
	}
	if (!take_decimal(&rest, 3, &group))
		return false;
	if (take_text(&rest, ".p/") && (!take_decimal(&rest, 3, &width) || width >= AUDIT_TILE_WIDTH))
		return false;
	struct audit_tile found = {(unsigned)level, n * 1000 + group, (unsigned)width};
	char again[AUDIT_TILE_PATH_MAX];
	audit_tile_path(&found, again);
	if (width == 0 || !bytes_equal(path, bytes_of(again)))
		return false;
	*tile = found;
	return true;
}

bool audit_bundle_next(struct bytes *rest, struct bytes *entry)
{
	if (rest->len < AUDIT_ENTRY_HEAD)
		return false;
	const unsigned char *head = (const unsigned char *)rest->at;
	size_t len = (size_t)head[0] << 8 | head[1];
	if (rest->len - AUDIT_ENTRY_HEAD < len)
		return false;
	*entry = (struct bytes){rest->at + AUDIT_ENTRY_HEAD, len};
	rest->at += AUDIT_ENTRY_HEAD + len;
	rest->len -= AUDIT_ENTRY_HEAD + len;
	return true;
}

struct bytes audit_bundle_prefix(struct bytes bundle, size_t count, bool *exact)
{
	struct bytes rest = bundle, entry;
	for (size_t i = 0; i < count; i++)
		if (!audit_bundle_next(&rest, &entry))
			return (struct bytes){NULL, 0};
	*exact = rest.len == 0;
	return (struct bytes){bundle.at, bundle.len - rest.len};
}
