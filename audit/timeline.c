/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/timeline.h"

#include "audit/entry_member.h"
#include <inttypes.h>

struct row {
	const char *word;
	const char *const member[AUDIT_EVENT_MEMBERS];
};

static const struct row rows[] = {
#define EVENT_ROW(name, word, ...) {word, {__VA_ARGS__}},
	AUDIT_EVENTS(EVENT_ROW)
#undef EVENT_ROW
};

static void tell(const struct audit_timeline *line, enum audit_event_kind kind, int64_t time_ns,
		 uint64_t index, struct bytes leaf)
{
	const struct audit_event event = {.kind = kind,
					  .word = rows[kind].word,
					  .member = rows[kind].member,
					  .time_ns = time_ns,
					  .epoch = line->epoch,
					  .index = index,
					  .leaf = leaf};
	line->see(line->ctx, &event);
}

static void tell_last(const struct audit_timeline *line, enum audit_event_kind kind)
{
	const struct audit_event event = {.kind = kind,
					  .word = rows[kind].word,
					  .member = rows[kind].member,
					  .time_ns = line->last_ns,
					  .epoch = line->last_epoch,
					  .index = line->last_index};
	line->see(line->ctx, &event);
}

static void opened(struct audit_timeline *line, const struct audit_entry_head *head, uint64_t index,
		   struct bytes leaf)
{
	if (line->running && !line->sealed)
		tell_last(line, AUDIT_EVENT_UNCLEAN);
	tell(line, line->sealed ? AUDIT_EVENT_CONTINUED : AUDIT_EVENT_START, head->time_ns, index, leaf);
	line->running = true;
	line->sealed = false;
}

static void closed(struct audit_timeline *line, const struct audit_entry_head *head, uint64_t index,
		   struct bytes leaf)
{
	line->sealed = bytes_present(entry_member(leaf, "successor"));
	tell(line, line->sealed ? AUDIT_EVENT_SEALED : AUDIT_EVENT_STOP, head->time_ns, index, leaf);
	line->running = line->sealed;
}

bool audit_timeline_leaf(struct audit_timeline *line, uint64_t index, struct bytes leaf, struct err *err)
{
	static const struct {
		const char *type;
		enum audit_event_kind kind;
	} plain[] = {{"ruleset", AUDIT_EVENT_RULESET}, {"mode", AUDIT_EVENT_MODE},
		     {"failure", AUDIT_EVENT_FAILURE}, {"recovery", AUDIT_EVENT_RECOVERY},
		     {"gap", AUDIT_EVENT_GAP},	       {"prune", AUDIT_EVENT_PRUNE}};
	struct audit_entry_head head;
	if (!audit_entry_read_head(leaf, &head, err))
		return err_within(err, "entry %" PRIu64, index);
	if (head.part <= 1) {
		if (bytes_equal(head.type, BYTES_LITERAL("open")))
			opened(line, &head, index, leaf);
		else if (bytes_equal(head.type, BYTES_LITERAL("close")))
			closed(line, &head, index, leaf);
		for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
			if (bytes_equal(head.type, bytes_of(plain[i].type)))
				tell(line, plain[i].kind, head.time_ns, index, leaf);
	}
	line->last_ns = head.time_ns;
	line->last_epoch = line->epoch;
	line->last_index = index;
	return true;
}

void audit_timeline_end(struct audit_timeline *line, bool live)
{
	if (line->running)
		tell_last(line, live ? AUDIT_EVENT_RUNNING : AUDIT_EVENT_UNCLEAN);
}
