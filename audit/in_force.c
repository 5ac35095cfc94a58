/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/in_force.h"

#include "audit/entry_member.h"
#include "audit/filter.h"
#include "audit/hash.h"
#include <inttypes.h>
#include <stdlib.h>

static void forget(struct audit_in_force *f)
{
	for (size_t i = 0; i < f->count; i++) {
		buf_done(&f->file[i].name);
		buf_done(&f->file[i].text);
	}
	f->count = f->bytes = 0;
	f->part = f->parts = 0;
	f->found = false;
	buf_clear(&f->name);
	buf_clear(&f->version);
	buf_clear(&f->digest);
}

void audit_in_force_done(struct audit_in_force *f)
{
	forget(f);
	free(f->file);
	buf_done(&f->name);
	buf_done(&f->version);
	buf_done(&f->digest);
	f->file = NULL;
	f->room = 0;
}

static struct audit_in_force_file *add_file(struct audit_in_force *f)
{
	if (f->count == f->room) {
		size_t want = f->room ? 2 * f->room : 8;
		struct audit_in_force_file *grown = realloc(f->file, want * sizeof *grown);
		if (!grown)
			return NULL;
		f->file = grown;
		f->room = want;
	}
	f->file[f->count] = (struct audit_in_force_file){0};
	return &f->file[f->count++];
}

/* One element of `sources`: a file, or more of the last one, from the byte where it ended. */
static bool add_source(struct audit_in_force *f, struct bytes source, struct err *err)
{
	struct bytes at = entry_member(source, "from"), text = entry_member(source, "text");
	struct audit_in_force_file *file = NULL;
	uint64_t from = 0;
	if (bytes_present(at)) {
		file = f->count > 0 ? &f->file[f->count - 1] : NULL;
		if (!file || !entry_uint(at, &from) || from != file->text.len)
			return err_set(err, "its sources do not follow each other");
	} else {
		file = add_file(f);
		if (!file)
			return err_set(err, "memory is short");
		if (!entry_text(entry_member(source, "name"), &file->name))
			return err_set(err, "a source has no name");
	}
	if (f->bytes > AUDIT_SELECT_MAX - text.len)
		return err_set(err, "its files are longer than %d MiB together", AUDIT_SELECT_MAX >> 20);
	f->bytes += text.len;
	if (!entry_text(text, &file->text))
		return err_set(err, "a source has no text");
	return !file->text.failed && !file->name.failed ? true : err_set(err, "memory is short");
}

static bool optional_text(struct bytes leaf, const char *key, struct buf *text)
{
	struct bytes value = entry_member(leaf, key);
	return !bytes_present(value) || entry_text(value, text);
}

static bool add_ruleset(struct audit_in_force *f, uint64_t index, struct bytes leaf,
			const struct audit_entry_head *head, struct err *err)
{
	struct bytes rest, source;
	if (head->part <= 1) {
		forget(f);
		f->found = true;
		f->since_ns = head->time_ns;
		f->epoch = f->line.epoch;
		f->index = index;
		f->parts = head->parts;
		if (!optional_text(leaf, "name", &f->name) || !optional_text(leaf, "version", &f->version) ||
		    !entry_text(entry_member(leaf, "digest"), &f->digest))
			return err_set(err, "entry %" PRIu64 ": a ruleset without a digest", index);
	} else if (head->part != f->part + 1 || head->parts != f->parts) {
		return err_set(err, "entry %" PRIu64 ": a part that does not go on where the last one ended",
			       index);
	}
	f->part = head->part;
	if (!entry_opens(entry_member(leaf, "sources"), '[', &rest))
		return err_set(err, "entry %" PRIu64 ": a ruleset without sources", index);
	while (entry_next_value(&rest, &source))
		if (!add_source(f, source, err))
			return err_within(err, "entry %" PRIu64, index);
	return true;
}

/* A new run has no rules until its own ruleset entry; one that only goes on in a new epoch keeps them. */
static void on_event(void *ctx, const struct audit_event *event)
{
	struct audit_in_force *f = ctx;
	if (event->kind == AUDIT_EVENT_START)
		forget(f);
}

bool audit_in_force_leaf(struct audit_in_force *f, uint64_t index, struct bytes leaf, struct err *err)
{
	struct audit_entry_head head;
	if (f->passed)
		return true;
	if (!audit_entry_read_head(leaf, &head, err))
		return err_within(err, "entry %" PRIu64, index);
	if (head.time_ns > f->at_ns) {
		f->passed = true;
		f->next_starts = bytes_equal(head.type, BYTES_LITERAL("open")) && !f->line.sealed;
		f->next_ns = head.time_ns;
		return true;
	}
	f->line.see = on_event;
	f->line.ctx = f;
	if (!audit_timeline_leaf(&f->line, index, leaf, err))
		return false;
	f->running = f->line.running;
	f->last_ns = head.time_ns;
	return !bytes_equal(head.type, BYTES_LITERAL("ruleset")) || add_ruleset(f, index, leaf, &head, err);
}

/* As `rules/` makes it: SHA-256 over "<name>\n<size>\n<bytes>" of each file. */
static bool digest_right(const struct audit_in_force *f, struct err *err)
{
	struct audit_hasher hasher;
	struct buf all = {0};
	char hex[2 * AUDIT_HASH_LEN + 1];
	if (!audit_hasher_init(&hasher, err))
		return false;
	for (size_t i = 0; i < f->count; i++) {
		buf_add_bytes(&all, buf_bytes(&f->file[i].name));
		buf_printf(&all, "\n%zu\n", f->file[i].text.len);
		buf_add_bytes(&all, buf_bytes(&f->file[i].text));
	}
	struct audit_hash hash = audit_hash_plain(&hasher, buf_bytes(&all));
	audit_hash_hex(&hash, hex);
	bool failed = all.failed;
	buf_done(&all);
	audit_hasher_done(&hasher);
	if (failed)
		return err_set(err, "memory is short");
	return f->digest.len == strlen("sha256:") + strlen(hex) && memcmp(f->digest.at, "sha256:", 7) == 0 &&
			       memcmp(f->digest.at + 7, hex, strlen(hex)) == 0
		       ? true
		       : err_set(err, "entry %04u/%" PRIu64 ": its files do not make its digest %.*s",
				 f->epoch, f->index, BYTES_ARG(buf_bytes(&f->digest)));
}

bool audit_in_force_end(struct audit_in_force *f, struct err *err)
{
	char last[TIME_TEXT_LEN + 1], next[TIME_TEXT_LEN + 1];
	time_format(f->last_ns, last);
	time_format(f->next_ns, next);
	if (f->last_ns == 0)
		return f->passed ? err_set(err, "nothing was in force: the log begins at %s", next)
				 : err_set(err, "nothing was in force: the log is empty");
	if (!f->running || f->next_starts)
		return f->passed ? err_set(err, "nothing was in force: %s at %s, started again at %s",
					   f->running ? "the log's last entry before it is" : "stopped", last,
					   next)
				 : err_set(err, "nothing was in force: stopped at %s", last);
	if (!f->found)
		return err_set(err, "nothing was in force: that run had no ruleset yet");
	if (f->part < f->parts)
		return err_set(err, "entry %04u/%" PRIu64 ": part %u of %u is missing", f->epoch, f->index,
			       f->part + 1, f->parts);
	return digest_right(f, err);
}
