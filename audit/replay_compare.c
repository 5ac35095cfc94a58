/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/replay_compare.h"

#include "audit/emit.h"

/* Members of an intervention that are no lists; the first EFFECTS say what it does. */
static const char *const members[] = {
	"rule", "action",  "would",	  "target", "file",	"line",	  "kind",
	"mode", "verdict", "unsatisfied", "limit",  "observed", "reason",
};
enum { MEMBERS = sizeof members / sizeof *members, EFFECTS = 4 };

/* emit_value cuts: the beginning, U+2026 and the length. */
static bool same_cut(struct bytes was, struct bytes is)
{
	static const char mark[] = "\xe2\x80\xa6 (";
	const char *at = was.len ? memmem(was.at, was.len, mark, strlen(mark)) : NULL;
	size_t len = at ? (size_t)(at - was.at) : 0;
	return len > 0 && is.len > len && is.len > EMIT_ID_MAX / 2 && memcmp(was.at, is.at, len) == 0;
}

static bool same_value(struct bytes was, struct bytes is)
{
	return bytes_equal(was, is) || same_cut(was, is);
}

static bool same_digest(const struct audit_subject_key *key, struct bytes was, struct bytes is)
{
	static const char head[] = "\"hmac-sha256:";
	if (was.len < strlen(head) || memcmp(was.at, head, strlen(head)) != 0 || is.len == 0 ||
	    is.at[0] != '"')
		return false;
	if (!key)
		return true;
	char digest[AUDIT_DIGEST_LEN + 1];
	struct buf text = {0};
	bool good = entry_text(is, &text) && !text.failed;
	struct bytes run = buf_bytes(&text);
	if (good)
		audit_digest(key, &run, 1, digest);
	good = good && was.len == AUDIT_DIGEST_LEN + 2 && memcmp(was.at + 1, digest, AUDIT_DIGEST_LEN) == 0;
	buf_done(&text);
	return good;
}

static struct entry_walk walk_of(const struct entry_view *view, size_t first)
{
	return (struct entry_walk){.piece = &view->piece[first],
				   .end = &view->piece[entry_view_end(view, first)]};
}

/* NULL: the targets are the same. */
static const char *targets_differ(const struct replay_sides *sides, size_t was, size_t is)
{
	struct entry_walk left = walk_of(&sides->was, was), right = walk_of(&sides->is, is);
	struct bytes a[ENTRY_SIDES], b[ENTRY_SIDES];
	for (;;) {
		bool more = entry_walk_target(&left, a);
		if (more != entry_walk_target(&right, b))
			return "ids";
		if (!more)
			return NULL;
		if (!same_value(a[0], b[0]))
			return "ids";
		if (!same_value(a[1], b[1]) && !same_digest(sides->key, a[1], b[1]))
			return "before";
		if (!same_value(a[2], b[2]) && !same_digest(sides->key, a[2], b[2]))
			return "after";
	}
}

/* A record may name an entry's epoch in the bits above its index. */
static bool same_index(struct bytes was, struct bytes is)
{
	static const uint64_t index_mask = (UINT64_C(1) << 40) - 1;
	uint64_t a, b;
	return entry_uint(was, &a) && entry_uint(is, &b) && a == (b & index_mask);
}

static bool same_evidence(const struct replay_sides *sides, size_t was, size_t is)
{
	struct entry_walk left = walk_of(&sides->was, was), right = walk_of(&sides->is, is);
	struct bytes a, b;
	for (;;) {
		bool more = entry_walk_evidence(&left, &a);
		if (more != entry_walk_evidence(&right, &b))
			return false;
		if (!more)
			return true;
		if (!same_index(a, b))
			return false;
	}
}

static void read_members(const struct entry_view *view, size_t piece, struct bytes value[MEMBERS])
{
	memset(value, 0, MEMBERS * sizeof *value);
	entry_members(view->piece[piece].object, members, value, MEMBERS);
}

/* The first member that differs among `count`; NULL: none. */
static const char *member_differs(const struct replay_sides *sides, size_t was, size_t is, size_t count,
				  struct bytes *a, struct bytes *b)
{
	struct bytes left[MEMBERS], right[MEMBERS];
	read_members(&sides->was, was, left);
	read_members(&sides->is, is, right);
	for (size_t i = 0; i < count; i++) {
		*a = left[i];
		*b = right[i];
		if (!same_value(left[i], right[i]))
			return members[i];
	}
	*a = left[0];
	*b = (struct bytes){0};
	return NULL;
}

static void say(struct buf *what, const char *name, struct bytes was, struct bytes is)
{
	buf_printf(what, "%s was %.*s, is %.*s", name,
		   BYTES_ARG(bytes_present(was) ? was : BYTES_LITERAL("nothing")),
		   BYTES_ARG(bytes_present(is) ? is : BYTES_LITERAL("nothing")));
}

static bool same_intervention(const struct replay_sides *sides, size_t was, size_t is, struct buf *what)
{
	struct bytes a, b;
	const char *member = member_differs(sides, was, is, MEMBERS, &a, &b);
	if (member) {
		say(what, member, a, b);
		return false;
	}
	const char *list = targets_differ(sides, was, is);
	if (!list && !same_evidence(sides, was, is))
		list = "evidence";
	if (list)
		buf_printf(what, "rule %.*s: \"%s\" differs", BYTES_ARG(a), list);
	return !list;
}

bool replay_same(const struct replay_sides *sides, struct buf *what)
{
	struct bytes was = entry_member(sides->logged, "rejected");
	struct bytes is = entry_member(sides->answer, "rejected");
	size_t a = 0, b = 0;
	if (!bytes_equal(was, is)) {
		say(what, "rejected", was, is);
		return false;
	}
	for (; a < sides->was.count && b < sides->is.count;
	     a = entry_view_end(&sides->was, a), b = entry_view_end(&sides->is, b))
		if (!same_intervention(sides, a, b, what))
			return false;
	if (a == sides->was.count && b == sides->is.count)
		return true;
	bool more = b < sides->is.count;
	const struct entry_view *view = more ? &sides->is : &sides->was;
	struct bytes rule = entry_member(view->piece[more ? b : a].object, "rule");
	buf_printf(what, "rule %.*s: an intervention that is %s", BYTES_ARG(rule),
		   more ? "not in the log" : "not made again");
	return false;
}

/* One side's interventions that have no fellow on the other. */
static size_t alone(const struct replay_sides *sides, bool now, void (*differs)(void *, struct bytes, bool),
		    void *ctx)
{
	const struct entry_view *mine = now ? &sides->is : &sides->was;
	const struct entry_view *other = now ? &sides->was : &sides->is;
	struct bytes a, b;
	size_t count = 0;
	for (size_t i = 0; i < mine->count; i = entry_view_end(mine, i)) {
		bool found = false;
		for (size_t n = 0; n < other->count && !found; n = entry_view_end(other, n)) {
			size_t was = now ? n : i, is = now ? i : n;
			found = !member_differs(sides, was, is, EFFECTS, &a, &b) &&
				!targets_differ(sides, was, is);
		}
		if (found)
			continue;
		differs(ctx, entry_member(mine->piece[i].object, "rule"), now);
		count++;
	}
	return count;
}

size_t replay_effect(const struct replay_sides *sides,
		     void (*differs)(void *ctx, struct bytes rule, bool now), void *ctx)
{
	return alone(sides, false, differs, ctx) + alone(sides, true, differs, ctx);
}
