/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/proof.h"

#include "audit/base64.h"
#include "audit/entry_json.h"
#include <inttypes.h>

#define TITLE "c2sp.org/tlog-proof@v1\n"

/* Where a node stands in its row, and the last place of that row, on the way up. */
struct climb {
	uint64_t at, last;
};

static void up(struct climb *climb)
{
	climb->at >>= 1;
	climb->last >>= 1;
}

/* Is the neighbour to the left? Then the rows in which this node has none are climbed too. */
static bool left_comes(struct climb *climb)
{
	bool left = (climb->at & 1) || climb->at == climb->last;
	if (left)
		while (!(climb->at & 1) && climb->at != 0)
			up(climb);
	up(climb);
	return left;
}

bool audit_path_includes(struct audit_hasher *hasher, const struct audit_path *path, uint64_t index,
			 const struct audit_hash *leaf, uint64_t size, const struct audit_hash *root)
{
	struct climb climb = {index, size - 1};
	struct audit_hash hash = *leaf;
	if (index >= size)
		return false;
	for (unsigned i = 0; i < path->len; i++) {
		const struct audit_hash *next = &path->hash[i];
		if (climb.last == 0)
			return false;
		bool left = left_comes(&climb);
		hash = audit_hash_node(hasher, left ? next : &hash, left ? &hash : next);
	}
	return climb.last == 0 && audit_hash_equal(&hash, root);
}

bool audit_path_extends(struct audit_hasher *hasher, const struct audit_path *path, uint64_t old_size,
			const struct audit_hash *old_root, uint64_t size, const struct audit_hash *root)
{
	if (old_size > size)
		return false;
	if (old_size == 0 || old_size == size)
		return path->len == 0 && (old_size == 0 || audit_hash_equal(old_root, root));
	struct climb climb = {old_size - 1, size - 1};
	while (climb.at & 1)
		up(&climb);
	/* A full old tree is a node of the new one: then the path begins with its neighbour. */
	unsigned i = (old_size & (old_size - 1)) ? 1 : 0;
	if (i > path->len)
		return false;
	struct audit_hash old = i ? path->hash[0] : *old_root, now = old;
	for (; i < path->len; i++) {
		const struct audit_hash *next = &path->hash[i];
		if (climb.last == 0)
			return false;
		bool left = left_comes(&climb);
		if (left)
			old = audit_hash_node(hasher, next, &old);
		now = audit_hash_node(hasher, left ? next : &now, left ? &now : next);
	}
	return climb.last == 0 && audit_hash_equal(&old, old_root) && audit_hash_equal(&now, root);
}

void audit_proof_text(const struct audit_path *path, uint64_t index, struct bytes note, struct buf *text)
{
	buf_printf(text, TITLE "index %" PRIu64 "\n", index);
	for (unsigned i = 0; i < path->len; i++) {
		audit_base64_add(text, path->hash[i].at, AUDIT_HASH_LEN);
		buf_add_text(text, "\n");
	}
	buf_add_text(text, "\n");
	buf_add_bytes(text, note);
}

static bool take_line(struct bytes *rest, struct bytes *line)
{
	const char *end = rest->len ? memchr(rest->at, '\n', rest->len) : NULL;
	if (!end)
		return false;
	*line = (struct bytes){rest->at, (size_t)(end - rest->at)};
	rest->at += line->len + 1;
	rest->len -= line->len + 1;
	return true;
}

/* What `extra` says is not proven; that it is base64 is all we ask. */
static bool extra_sound(struct bytes line)
{
	unsigned char unused[AUDIT_PROOF_MAX / 4];
	size_t len;
	return audit_base64_read(line, unused, sizeof unused, &len);
}

bool audit_proof_parse(struct bytes text, struct audit_path *path, uint64_t *index, struct bytes *note,
		       struct err *err)
{
	struct audit_path made = {.len = 0};
	struct bytes rest = text, line = {NULL, 0};
	size_t len;
	uint64_t at;
	if (!entry_take(&rest, TITLE))
		return err_set(err, "not a proof; its first line is c2sp.org/tlog-proof@v1");
	if (entry_take(&rest, "extra ") && (!take_line(&rest, &line) || !extra_sound(line)))
		return err_set(err, "the line extra is not base64");
	if (!entry_take(&rest, "index ") || !entry_take_uint(&rest, &at) || !entry_take(&rest, "\n"))
		return err_set(err, "there is no line `index <number>`");
	while (take_line(&rest, &line) && line.len > 0) {
		if (made.len == AUDIT_PATH_MAX)
			return err_set(err, "the path has more than %d hashes", AUDIT_PATH_MAX);
		if (!audit_base64_read(line, made.hash[made.len].at, AUDIT_HASH_LEN, &len) ||
		    len != AUDIT_HASH_LEN)
			return err_set(err, "hash %u of the path is not the base64 of 32 bytes", made.len);
		made.len++;
	}
	if (!bytes_present(line) || line.len > 0 || rest.len == 0)
		return err_set(err, "there is no checkpoint behind a blank line");
	*path = made;
	*index = at;
	*note = rest;
	return true;
}
