/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/verify.h"

#include "audit/base64.h"
#include "audit/given_key.h"
#include "audit/verify_inside.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FINDINGS_TOLD = 1000 }; /* of each epoch; all are counted */

void verify_find(struct verify *v, const char *format, ...)
{
	char text[1400];
	va_list args;
	v->findings++;
	if (++v->epoch_findings > FINDINGS_TOLD || !v->o->finding)
		return;
	size_t used = (size_t)snprintf(text, sizeof text, "%s", v->place);
	va_start(args, format);
	vsnprintf(text + used, sizeof text - used, format, args);
	va_end(args);
	v->o->finding(v->o->ctx, text);
}

void verify_note(struct verify *v, const char *format, ...)
{
	char text[1400];
	va_list args;
	if (!v->o->note)
		return;
	size_t used = (size_t)snprintf(text, sizeof text, "%s%s", v->place, v->place[0] ? " " : "");
	va_start(args, format);
	vsnprintf(text + used, sizeof text - used, format, args);
	va_end(args);
	v->o->note(v->o->ctx, text);
}

/* Is the epoch's key one of those given? The public key decides: each epoch signs under a name of its own. */
static bool key_given(const struct verify *v)
{
	for (size_t i = 0; i < v->o->key_count; i++) {
		struct audit_vkey key;
		if (audit_given_key(v->o->key[i], &key, NULL) &&
		    memcmp(key.public, v->reader.identity.vkey.public, AUDIT_PUBLIC_LEN) == 0)
			return true;
	}
	return false;
}

static bool keys_sound(const struct verify *v, struct err *err)
{
	struct audit_vkey key;
	for (size_t i = 0; i < v->o->key_count; i++)
		if (!audit_given_key(v->o->key[i], &key, err))
			return false;
	return true;
}

static void tell_epoch(struct verify *v, size_t i, bool trusted)
{
	struct buf root = {0};
	char vkey[AUDIT_VKEY_LEN + 1] = "";
	bool known = v->reader.epoch >= 0;
	if (known)
		audit_vkey_text(&v->reader.identity.vkey, vkey);
	if (known && v->reader.signed_once)
		audit_base64_add(&root, v->reader.checkpoint.root.at, AUDIT_HASH_LEN);
	buf_add(&root, "", 1);
	struct audit_verify_epoch epoch = {
		.number = v->logdir.epochs[i],
		.origin = known ? v->reader.identity.vkey.name : "",
		.vkey = vkey,
		.trusted = trusted,
		.live = v->live,
		.size = known ? v->reader.checkpoint.size : 0,
		.root = root.failed ? "" : root.at,
		.journal = v->journal_entries,
		.held = v->held_count,
		.findings = v->epoch_findings,
	};
	if (v->o->epoch)
		v->o->epoch(v->o->ctx, &epoch);
	buf_done(&root);
}

/* Remembers what the next epoch's first entry must say of this one. */
static void remember(struct verify *v)
{
	v->before[0] = v->before_successor[0] = '\0';
	buf_clear(&v->before_note);
	if (v->reader.epoch < 0)
		return;
	strcpy(v->before, v->reader.identity.vkey.name);
	strcpy(v->before_successor, v->sealed ? v->successor : "");
	buf_add_bytes(&v->before_note, buf_bytes(&v->reader.note));
}

static bool verify_opened(struct verify *v, bool *trusted, struct err *err)
{
	bool have_tiles = faccessat(v->reader.epoch, "tile", F_OK, 0) == 0;
	*trusted = v->o->key_count > 0 && key_given(v);
	if (v->o->key_count > 0 && !*trusted)
		verify_find(v, "log.id: the log's key %s is none of those given",
			    v->reader.identity.vkey.name);
	/* A writer that is killed before its first checkpoint leaves tiles, and all entries in the journal. */
	bool whole = v->reader.journal && audit_journal_segments(v->reader.journal) > 0 &&
		     audit_journal_first(v->reader.journal) == 0;
	if (!v->reader.signed_once && have_tiles && !v->live && (v->o->strict || !whole))
		verify_find(v, "checkpoint: is missing, and there are tiles");
	if (!verify_held_load(v, err))
		return false;
	if (v->reader.pruned > v->reader.checkpoint.size)
		verify_find(v, "pruned: names %" PRIu64 " entries; the checkpoint covers %" PRIu64,
			    v->reader.pruned, v->reader.checkpoint.size);
	else if (v->reader.pruned > 0)
		verify_note(v,
			    "entries 0 to %" PRIu64 " are pruned, as a note signed by the log says; their "
			    "hashes are here and make the tree",
			    v->reader.pruned - 1);
	if (!verify_under_checkpoint(v, err))
		return false;
	verify_journal(v);
	verify_entries_end(v);
	verify_held_end(v);
	if (v->o->strict)
		verify_files(v);
	return true;
}

struct peek {
	struct verify *v;
	struct buf scratch;
	bool found;
};

/* The gap entry stands right behind `open`, which may have many parts. */
static bool peek_gap(void *ctx, uint64_t index, struct bytes leaf)
{
	struct peek *peek = ctx;
	struct audit_entry_head head;
	struct audit_entry_gap gap;
	(void)index;
	peek->found = audit_entry_read_gap(leaf, &peek->scratch, &gap, NULL, NULL, NULL) &&
		      bytes_equal(gap.origin, bytes_of(peek->v->reader.identity.vkey.name));
	return !peek->found && audit_entry_read_head(leaf, &head, NULL) &&
	       bytes_equal(head.type, BYTES_LITERAL("open"));
}

/* The last of several epochs, and nothing was ever written to it: its writer was ended while it made it. Where
 * the one before was sealed for it, entries may as well have been taken away. */
static void verify_unborn(struct verify *v)
{
	static const char what[] = "holds no entry: a run was ended while it began this epoch";
	if (v->live)
		return;
	if (v->o->strict && v->before_successor[0])
		verify_find(v, "%s, and the writer was not started since; or its entries were taken away",
			    what);
	else
		verify_note(v, "%s; it does not count until the writer starts", what);
}

static bool no_entry(const struct verify *v, int epoch)
{
	return v->newest && faccessat(epoch, "checkpoint", F_OK, 0) != 0 &&
	       faccessat(epoch, "tile", F_OK, 0) != 0;
}

bool verify_set_aside(struct verify *v)
{
	struct audit_reader next = {.epoch = -1};
	struct peek peek = {.v = v};
	if (v->at + 1 < v->logdir.count && audit_logdir_reader(&v->logdir, v->at + 1, &next, NULL) &&
	    !audit_reader_walk(&next, next.pruned, UINT64_MAX, peek_gap, &peek, NULL, NULL))
		peek.found = false;
	audit_reader_close(&next);
	buf_done(&peek.scratch);
	return peek.found;
}

static bool verify_epoch(struct verify *v, size_t i, struct err *err)
{
	struct err why;
	bool trusted = false, good = true;
	v->at = i;
	v->epoch_findings = v->journal_entries = v->next = 0;
	v->time_ns = 0;
	v->part = v->parts = 0;
	v->sealed = false;
	v->last_failure = UINT64_MAX;
	v->held_count = 0;
	v->place[0] = '\0';
	if (!v->logdir.single)
		snprintf(v->place, sizeof v->place, "%04u/", v->logdir.epochs[i]);
	int epoch = audit_logdir_epoch(&v->logdir, i);
	v->live = epoch >= 0 && audit_epoch_live(epoch);
	v->newest = i > 0 && i == v->logdir.count - 1;
	bool unborn = epoch >= 0 && no_entry(v, epoch);
	bool named = epoch >= 0 && faccessat(epoch, "log.id", F_OK, 0) == 0;
	v->reader = (struct audit_reader){.epoch = -1};
	if (epoch < 0)
		verify_find(v, "cannot be read: %s", strerror(errno));
	else if (unborn && !named)
		close(epoch);
	else if (!audit_reader_open_at(&v->reader, epoch, &why))
		verify_find(v, "%s", why.text);
	else
		good = verify_opened(v, &trusted, err);
	if (good && unborn && v->next == 0)
		verify_unborn(v);
	if (good) {
		tell_epoch(v, i, trusted);
		remember(v);
	}
	audit_reader_close(&v->reader);
	return good;
}

static bool verify_all(struct verify *v, struct err *err)
{
	for (size_t i = 0; i < v->logdir.count; i++) {
		if (i > 0 && v->logdir.epochs[i] != v->logdir.epochs[i - 1] + 1) {
			v->place[0] = '\0';
			v->before[0] = v->before_successor[0] = '\0';
			verify_find(v, "%04u: is missing between %04u and %04u", v->logdir.epochs[i - 1] + 1,
				    v->logdir.epochs[i - 1], v->logdir.epochs[i]);
		}
		if (!verify_epoch(v, i, err))
			return false;
	}
	v->place[0] = '\0';
	if (v->before_successor[0] && !v->logdir.single)
		verify_find(v, "%s is sealed and names %s, which is not here", v->before,
			    v->before_successor);
	if (!v->logdir.single)
		verify_held_epochs(v);
	if (v->o->strict && !v->logdir.single)
		verify_top_files(v);
	return true;
}

enum audit_verdict audit_verify(const struct audit_verify_options *options, struct err *err)
{
	enum audit_verdict verdict = AUDIT_CANNOT;
	struct verify *v = calloc(1, sizeof *v);
	if (!v) {
		err_set(err, "%s: memory is short", options->path);
		return AUDIT_CANNOT;
	}
	v->o = options;
	v->logdir.fd = -1;
	if (!keys_sound(v, err))
		verdict = AUDIT_BAD_KEY;
	else if (audit_logdir_open(&v->logdir, options->path, err) && audit_hasher_init(&v->hasher, err) &&
		 verify_all(v, err))
		verdict = v->findings ? AUDIT_UNSOUND : AUDIT_SOUND;
	audit_hasher_done(&v->hasher);
	audit_logdir_close(&v->logdir);
	buf_done(&v->tile);
	buf_done(&v->above);
	buf_done(&v->scratch);
	buf_done(&v->before_note);
	free(v->held);
	free(v);
	return verdict;
}
