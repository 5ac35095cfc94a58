/* SPDX-License-Identifier: Apache-2.0
 *
 * Entries read from anybody, and entries written from anybody's texts: what we write is always sound, and what
 * history reads of it is what was written.
 */
#include "audit/entry.h"
#include "audit/entry_view.h"
#include "audit/tile.h"
#include "proto/utf8.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void read_it(struct bytes leaf)
{
	struct audit_entry_seen seen;
	struct audit_entry_recovery recovery;
	struct audit_entry_open open;
	struct audit_entry_head head;
	struct buf scratch = {0};
	struct err err;
	if (audit_entry_read(leaf, &scratch, &seen, &err))
		assert(audit_entry_read_head(leaf, &head, &err));
	if (audit_entry_check(leaf, &head, &err))
		assert(leaf.at[leaf.len - 1] == '}' && utf8_valid(leaf));
	if (audit_entry_read_recovery(leaf, &scratch, &recovery, &err))
		assert(bytes_present(recovery.reason));
	if (audit_entry_read_open(leaf, &scratch, &open, &err))
		assert(bytes_present(open.origin));
	buf_done(&scratch);
}

/* Whatever stands there, what a view hands out lies in the leaf, and before and after go with an id. */
static void view_it(struct bytes leaf)
{
	const struct bytes parts[] = {leaf, leaf};
	struct entry_view view = {0};
	struct bytes value[ENTRY_SIDES];
	entry_view_read(&view, parts, 2);
	for (size_t first = 0, end; first < view.count; first = end) {
		end = entry_view_end(&view, first);
		struct entry_walk walk = {.piece = view.piece + first, .end = view.piece + end};
		while (entry_walk_target(&walk, value))
			assert(value[0].at > leaf.at && value[0].at + value[0].len <= leaf.at + leaf.len &&
			       value[1].len > 0 && value[2].len > 0);
		assert(end > first && end <= view.count);
	}
	assert(!view.failed);
	entry_view_done(&view);
}

static void write_it(struct bytes text)
{
	struct audit_batch batch = {0};
	struct bytes half = {text.at, text.len / 2}, rest, leaf;
	struct audit_entry_target targets[] = {{.id = text, .numeric = true, .before_present = true},
					       {.id = half, .before_digest = half}};
	const uint64_t evidence[] = {0, UINT64_MAX};
	const struct audit_entry_intervention list[] = {{.rule = half,
							 .kind = "k",
							 .limit = text,
							 .reason = text,
							 .target_type = "item",
							 .target = targets,
							 .target_count = 2,
							 .evidence = evidence,
							 .evidence_count = 2}};
	const struct audit_entry_decision decision = {
		.trace_id = text, .method = half, .intervention = list, .intervention_count = 1};
	const struct audit_entry_source source[] = {{half, text}, {text, half}};
	const struct audit_entry_ruleset ruleset = {text, half, text, half, source, 2};
	const struct audit_entry_signal signal = {.session = text, .kind = "k", .category = half};
	const struct audit_entry_open open = {
		.origin = half, .vkey = text, .durability = "disk", .versions = text, .configuration = text};
	assert(audit_entry_decision(&batch, 0, &decision) && audit_entry_ruleset(&batch, 0, &ruleset) &&
	       audit_entry_signal(&batch, 0, &signal) && audit_entry_open(&batch, 0, &open));
	rest = (struct bytes){batch.leaves.at, batch.leaves.len};
	size_t count = 0;
	for (; audit_bundle_next(&rest, &leaf); count++) {
		struct audit_entry_head head;
		struct err err;
		bool good = audit_entry_check(leaf, &head, &err);
		assert(good);
		read_it(leaf);
		view_it(leaf);
	}
	assert(count == batch.count && rest.len == 0);
	audit_batch_done(&batch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct bytes input = {len ? (const char *)data : "", len};
	read_it(input);
	view_it(input);
	write_it(input);
	return 0;
}
