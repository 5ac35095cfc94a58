/* SPDX-License-Identifier: Apache-2.0
 *
 * The walk of audit/filter.h: entries that match are handed out, the rest is counted.
 */
#include "audit/filter.h"

#include "audit/tile.h"
#include <inttypes.h>

static size_t type_of(struct bytes type)
{
	const char *name;
	size_t i = 0;
	for (; (name = audit_entry_type_name(i)) && i < AUDIT_TYPES - 1; i++)
		if (bytes_equal(type, bytes_of(name)))
			return i;
	return i;
}

static void count(struct audit_counts *counts, size_t type, uint64_t first, uint64_t last)
{
	if (counts->entries++ == 0)
		counts->first = first;
	counts->last = last;
	counts->type[type]++;
}

static bool fail(struct audit_select *select)
{
	select->failed = true;
	return false;
}

/* What is known of the parts decides about all of them. */
static bool end_parts(struct audit_select *select)
{
	struct bytes rest = buf_bytes(&select->parts), leaf;
	bool matches = (select->filter->wanted & ~select->satisfied) == 0, go_on = true;
	if (select->count == 0)
		return true;
	count(matches ? &select->matched : &select->left_out, select->type, select->first,
	      select->first + select->part - 1);
	for (uint64_t index = select->first; matches && go_on && audit_bundle_next(&rest, &leaf); index++)
		go_on = select->see(select->ctx, index, leaf);
	select->part = select->count = select->satisfied = 0;
	buf_clear(&select->parts);
	return go_on;
}

static bool add_part(struct audit_select *select, uint64_t index, struct bytes leaf,
		     const struct audit_entry_head *head)
{
	const unsigned char len[AUDIT_ENTRY_HEAD] = {(unsigned char)(leaf.len >> 8),
						     (unsigned char)(leaf.len & 255)};
	if (select->count == 0) {
		select->first = index;
		select->count = head->parts;
		select->type = type_of(head->type);
	}
	if (select->parts.len > AUDIT_SELECT_MAX - leaf.len) {
		err_set(&select->err,
			"entry %" PRIu64 ": its parts are longer than %d MiB together; run verify",
			select->first, AUDIT_SELECT_MAX >> 20);
		return fail(select);
	}
	select->part++;
	select->satisfied |= audit_filter_leaf(select->filter, leaf, head);
	buf_add(&select->parts, len, sizeof len);
	buf_add_bytes(&select->parts, leaf);
	if (!select->parts.failed)
		return head->part < head->parts || end_parts(select);
	err_set(&select->err, "memory is short");
	return fail(select);
}

bool audit_select_leaf(void *ctx, uint64_t index, struct bytes leaf)
{
	struct audit_select *select = ctx;
	struct audit_entry_head head;
	if (!audit_entry_read_head(leaf, &head, &select->err)) {
		err_within(&select->err, "entry %" PRIu64, index);
		return fail(select);
	}
	/* A part that does not go on where the last one ended begins an entry of its own; verify names that. */
	if (select->count > 0 &&
	    (head.parts != select->count || head.part != select->part + 1 ||
	     type_of(head.type) != select->type) &&
	    !end_parts(select))
		return false;
	if (head.parts > 0)
		return add_part(select, index, leaf, &head);
	bool matches = (select->filter->wanted & ~audit_filter_leaf(select->filter, leaf, &head)) == 0;
	count(matches ? &select->matched : &select->left_out, type_of(head.type), index, index);
	return !matches || select->see(select->ctx, index, leaf);
}

bool audit_select_end(struct audit_select *select, struct err *err)
{
	if (!select->failed)
		end_parts(select);
	if (select->failed && err)
		*err = select->err;
	return !select->failed;
}

void audit_select_done(struct audit_select *select)
{
	buf_done(&select->parts);
}

static const char *type_name(size_t type)
{
	const char *name = audit_entry_type_name(type);
	return name ? name : "_other";
}

void audit_counts_text(const struct audit_counts *counts, struct buf *text)
{
	const char *comma = "";
	if (counts->entries == 0)
		buf_add_text(text, "none");
	for (size_t i = 0; i < AUDIT_TYPES; i++) {
		if (counts->type[i] == 0)
			continue;
		buf_printf(text, "%s%" PRIu64 " %s", comma, counts->type[i], type_name(i));
		comma = ", ";
	}
	if (counts->entries > 0)
		buf_printf(text, " (entries %" PRIu64 " to %" PRIu64 ")", counts->first, counts->last);
}

void audit_counts_json(const struct audit_counts *counts, struct buf *json)
{
	json_open(json, '{');
	json_key(json, "entries");
	json_uint(json, counts->entries);
	if (counts->entries > 0) {
		json_key(json, "first");
		json_uint(json, counts->first);
		json_key(json, "last");
		json_uint(json, counts->last);
	}
	json_key(json, "types");
	json_open(json, '{');
	for (size_t i = 0; i < AUDIT_TYPES; i++) {
		if (counts->type[i] == 0)
			continue;
		json_key(json, type_name(i));
		json_uint(json, counts->type[i]);
	}
	json_close(json, '}');
	json_close(json, '}');
}
