/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/pruned.h"

#include "proto/time.h"
#include <errno.h>
#include <inttypes.h>

static void text_of(const char *origin, uint64_t minimum, const char *time, struct buf *text)
{
	buf_printf(text, "rankguard pruned\n%s\n%" PRIu64 "\n%s\n", origin, minimum, time);
}

/* Reads loosely and then compares with what would be written: one spelling. */
static bool parse(struct bytes text, const char *origin, uint64_t *minimum, struct err *err)
{
	struct buf again = {0};
	uint64_t value = 0;
	int64_t time_ns = 0;
	char time[TIME_TEXT_LEN + 1] = "";
	size_t head = sizeof "rankguard pruned\n" - 1 + strlen(origin) + 1;
	struct bytes rest = {text.at + head, text.len > head ? text.len - head : 0};
	for (; rest.len > 0 && rest.at[0] >= '0' && rest.at[0] <= '9'; rest.at++, rest.len--)
		value = value * 10 + (uint64_t)(rest.at[0] - '0');
	if (rest.len == TIME_TEXT_LEN + 2 &&
	    time_parse((struct bytes){rest.at + 1, TIME_TEXT_LEN}, &time_ns, NULL))
		time_format(time_ns, time);
	text_of(origin, value, time, &again);
	bool good = !again.failed && time[0] && bytes_equal(buf_bytes(&again), text);
	buf_done(&again);
	if (good)
		*minimum = value;
	return good || err_set(err, "not a note of what was pruned; it has a title, origin, index and time");
}

enum audit_found audit_pruned_read(int epoch, const struct audit_vkey *vkey, uint64_t *minimum,
				   struct err *err)
{
	struct buf note = {0};
	struct bytes text;
	*minimum = 0;
	enum audit_found found = audit_file_read(epoch, "pruned", AUDIT_NOTE_MAX, &note, err);
	if (found == AUDIT_FOUND && !(audit_note_open(buf_bytes(&note), vkey, true, &text, err) &&
				      parse(text, vkey->name, minimum, err))) {
		err_within(err, "pruned");
		found = AUDIT_UNREADABLE;
	}
	buf_done(&note);
	return found;
}

bool audit_pruned_write(const struct audit_io *io, int epoch, const struct audit_signer *signer,
			uint64_t minimum, int64_t now_ns, struct err *err)
{
	struct buf text = {0}, note = {0};
	char time[TIME_TEXT_LEN + 1];
	time_format(now_ns, time);
	text_of(audit_signer_vkey(signer)->name, minimum, time, &text);
	bool good = !text.failed && audit_note_sign(signer, buf_bytes(&text), &note);
	if (!good)
		err_set(err, "pruned: cannot be signed");
	else if (!audit_io_replace(io, epoch, ".tmp-pruned", "pruned", buf_bytes(&note), 0444) ||
		 !audit_io_sync_parent(io, epoch, "pruned"))
		good = err_set(err, "pruned: cannot be written: %s", strerror(errno));
	buf_done(&text);
	buf_done(&note);
	return good;
}
