/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/recover.h"

#include "audit/tile.h"
#include <inttypes.h>

/* Batches are small: so many bytes of them are one write. */
enum { WRITE = 256 << 10 };

/* Walks the journal's part. Without a segment it only counts the bytes that the batches will take. */
static bool copy_batches(const struct audit_rewrite *r, struct audit_segment *segment, uint64_t *bytes,
			 struct err *err)
{
	uint64_t next = r->from + r->head_count;
	struct audit_journal_batch batch;
	if (next < r->to)
		audit_journal_seek(r->journal, next, NULL);
	while (next < r->to) {
		enum audit_journal_step step = audit_journal_next(r->journal, &batch, err);
		if (step == AUDIT_JOURNAL_STOP || (step == AUDIT_JOURNAL_BATCH && batch.first != next))
			return err_set(err, "journal: entry %" PRIu64 " cannot be read back", next);
		if (step != AUDIT_JOURNAL_BATCH)
			return false;
		if (batch.count > r->to - next) {
			bool exact;
			batch.count = (size_t)(r->to - next);
			batch.entries = audit_bundle_prefix(batch.entries, batch.count, &exact);
		}
		*bytes += audit_batch_size(batch.entries.len);
		if (segment && !audit_segment_add(segment, (uint32_t)batch.count, &batch.entries, 1, err))
			return false;
		if (segment && segment->frame.len >= WRITE && !audit_segment_flush(r->place, segment, err))
			return false;
		next += batch.count;
	}
	return !segment || audit_segment_flush(r->place, segment, err);
}

bool audit_rewrite(const struct audit_rewrite *r, struct audit_segment *segment, struct err *err)
{
	struct audit_segment made = {.fd = -1};
	struct audit_spare spare = {.fd = -1};
	uint64_t bytes = r->bytes + (r->head_count ? audit_batch_size(r->head.len) : 0);
	bool good = (r->bytes_known || copy_batches(r, NULL, &bytes, err)) &&
		    audit_segment_prepare(r->place, "recovery", SEGMENT_HEADER + bytes + r->room,
					  SEGMENT_HEADER + bytes, &spare, err) &&
		    audit_segment_begin(r->place, &spare, r->sequence, r->from, &made, err) &&
		    (r->head_count == 0 ||
		     audit_segment_write(r->place, &made, (uint32_t)r->head_count, &r->head, 1, err)) &&
		    copy_batches(r, &made, &bytes, err) &&
		    audit_segment_publish(r->place, &made, spare.temp, err);
	if (good)
		*segment = made;
	else
		audit_segment_close(&made);
	audit_spare_drop(r->place, &spare);
	return good;
}
