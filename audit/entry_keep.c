/* SPDX-License-Identifier: Apache-2.0
 *
 * What holds epochs together when one is sealed, repaired or pruned:
 *
 *     open    ..., "opt_outs":[["<pseudonym>","<time>","opt_out"|"opt_in",<epoch>,<index>],...]
 *             what each subject said last about opting out, in all epochs before, and where. The member is
 *             there, perhaps empty, in the first `open` of every epoch but the first.
 *     close   "successor":"<origin>": the epoch is sealed and that one begins; absent when the log only stops.
 *             A close with a successor that anything follows was not carried out.
 *     gap     "origin", "from", "to", "reason", "files":[{"file","bytes","digest"},...]
 *     prune   "origin", "entries", "root", "retain", "sealed"
 */
#include "audit/entry_keep.h"

#include "audit/entry_json.h"

enum { WORD_WIDTH = EMIT_ID_MAX + 128, FILE_WIDTH = EMIT_ID_MAX + 256 };

static const char opt_out[] = "opt_out", opt_in[] = "opt_in";

static void list_open(struct emit *emit, const char *key)
{
	json_key(emit->json, key);
	json_open(emit->json, '[');
}

static void emit_word_row(struct emit *emit, const struct audit_entry_word *word)
{
	char time[TIME_TEXT_LEN + 1];
	time_format(word->time_ns, time);
	json_open(emit->json, '[');
	json_string(emit->json, word->subject);
	json_text(emit->json, time);
	json_text(emit->json, word->out ? opt_out : opt_in);
	json_uint(emit->json, audit_place_epoch(word->place));
	json_uint(emit->json, audit_place_index(word->place));
	json_close(emit->json, ']');
}

void entry_emit_words(struct emit *emit, const struct audit_entry_open *open)
{
	if (emit_room(emit) < WORD_WIDTH) {
		emit_next(emit);
		emit_id(emit, "origin", open->origin);
	}
	list_open(emit, "opt_outs");
	for (size_t i = 0; i < open->word_count; i++) {
		if (emit_room(emit) < WORD_WIDTH) {
			json_close(emit->json, ']');
			emit_next(emit);
			emit_id(emit, "origin", open->origin);
			list_open(emit, "opt_outs");
		}
		emit_word_row(emit, &open->word[i]);
	}
	json_close(emit->json, ']');
}

static void close_entry(struct emit *emit, const void *entry)
{
	emit_id(emit, "successor", *(const struct bytes *)entry);
}

bool audit_entry_close(struct audit_batch *batch, int64_t time_ns, struct bytes successor)
{
	return emit_entry(batch, time_ns, "close", close_entry, &successor);
}

static void gap_head(struct emit *emit, const struct audit_entry_gap *g)
{
	emit_id(emit, "origin", g->origin);
	emit_uint(emit, "from", g->from);
	emit_uint(emit, "to", g->to);
	emit_text(emit, "reason", g->reason, EMIT_TEXT_MAX);
	list_open(emit, "files");
}

static void gap(struct emit *emit, const void *entry)
{
	const struct audit_entry_gap *g = entry;
	gap_head(emit, g);
	for (size_t i = 0; i < g->file_count; i++) {
		if (emit_room(emit) < FILE_WIDTH) {
			json_close(emit->json, ']');
			emit_next(emit);
			gap_head(emit, g);
		}
		json_open(emit->json, '{');
		emit_id(emit, "file", g->file[i].file);
		emit_uint(emit, "bytes", g->file[i].bytes);
		emit_id(emit, "digest", g->file[i].digest);
		json_close(emit->json, '}');
	}
	json_close(emit->json, ']');
}

bool audit_entry_gap(struct audit_batch *batch, int64_t time_ns, const struct audit_entry_gap *g)
{
	return emit_entry(batch, time_ns, "gap", gap, g);
}

static void prune(struct emit *emit, const void *entry)
{
	const struct audit_entry_prune *p = entry;
	emit_id(emit, "origin", p->origin);
	emit_uint(emit, "entries", p->entries);
	emit_id(emit, "root", p->root);
	emit_id(emit, "retain", p->retain);
	emit_time(emit, "sealed", p->sealed_ns);
}

bool audit_entry_prune(struct audit_batch *batch, int64_t time_ns, const struct audit_entry_prune *p)
{
	return emit_entry(batch, time_ns, "prune", prune, p);
}

/* readers */

/* Room for all unescaped text at once, so that no run moves when the next one is read. */
static bool reserve(struct buf *scratch, struct bytes leaf)
{
	buf_clear(scratch);
	buf_add_bytes(scratch, leaf);
	bool good = !scratch->failed;
	buf_clear(scratch);
	return good;
}

/* What follows the head of an entry of this type. */
static bool body(struct bytes leaf, const char *type, struct buf *scratch, struct bytes *rest,
		 struct err *err)
{
	struct audit_entry_head head;
	if (!audit_entry_read_head(leaf, &head, err))
		return false;
	if (!bytes_equal(head.type, bytes_of(type)))
		return err_set(err, "not a %s entry", type);
	*rest = (struct bytes){leaf.at + head.rest_at, leaf.len - head.rest_at};
	return reserve(scratch, leaf) || err_set(err, "memory is short");
}

static bool take_time(struct bytes *rest, int64_t *time_ns)
{
	struct buf none = {0};
	struct bytes text;
	return entry_take_string(rest, &none, &text) && time_parse(text, time_ns, NULL);
}

void audit_entry_words_begin(struct bytes leaf, const struct audit_entry_head *head, struct buf *scratch,
			     struct audit_entry_words *words)
{
	struct bytes rest = {leaf.at + head->rest_at, leaf.len - head->rest_at}, key;
	*words = (struct audit_entry_words){.bad = !reserve(scratch, leaf)};
	while (!words->bad && entry_take(&rest, ",")) {
		if (entry_take(&rest, "\"opt_outs\":[")) {
			words->listed = true;
			words->rest = rest;
			return;
		}
		words->bad = !entry_take_string(&rest, scratch, &key) || !entry_take(&rest, ":") ||
			     !entry_take_value(&rest);
	}
}

bool audit_entry_words_next(struct audit_entry_words *words, struct buf *scratch,
			    struct audit_entry_word *word)
{
	struct bytes *rest = &words->rest;
	uint64_t epoch, index;
	if (words->bad || !words->listed || entry_take(rest, "]"))
		return words->listed = false;
	buf_clear(scratch);
	bool good = (words->count++ == 0 || entry_take(rest, ",")) && entry_take(rest, "[") &&
		    entry_take_string(rest, scratch, &word->subject) && entry_take(rest, ",") &&
		    take_time(rest, &word->time_ns) && entry_take(rest, ",");
	word->out = good && entry_take(rest, "\"opt_out\"");
	good = good && (word->out || entry_take(rest, "\"opt_in\"")) && entry_take(rest, ",") &&
	       entry_take_uint(rest, &epoch) && entry_take(rest, ",") && entry_take_uint(rest, &index) &&
	       entry_take(rest, "]") && epoch < UINT64_C(1) << (64 - AUDIT_PLACE_INDEX_BITS) &&
	       index < UINT64_C(1) << AUDIT_PLACE_INDEX_BITS;
	words->bad = !good;
	if (good)
		word->place = audit_place((unsigned)epoch, index);
	return good;
}

bool audit_entry_read_close(struct bytes leaf, struct buf *scratch, struct bytes *successor, struct err *err)
{
	struct bytes rest;
	if (!body(leaf, "close", scratch, &rest, err))
		return false;
	if (!entry_take_member(&rest, "successor", scratch, successor) ||
	    !bytes_equal(rest, BYTES_LITERAL("}")))
		return err_set(err, "close entry: it has a successor or nothing");
	return true;
}

static bool take_file(struct bytes *rest, struct buf *scratch, struct audit_entry_set_aside *file)
{
	return entry_take(rest, "{\"file\":") && entry_take_string(rest, scratch, &file->file) &&
	       entry_take(rest, ",\"bytes\":") && entry_take_uint(rest, &file->bytes) &&
	       entry_take(rest, ",\"digest\":") && entry_take_string(rest, scratch, &file->digest) &&
	       entry_take(rest, "}");
}

bool audit_entry_read_gap(struct bytes leaf, struct buf *scratch, struct audit_entry_gap *made,
			  void (*each)(void *ctx, const struct audit_entry_set_aside *), void *ctx,
			  struct err *err)
{
	struct audit_entry_gap g = {0};
	struct audit_entry_set_aside file;
	struct bytes rest;
	if (!body(leaf, "gap", scratch, &rest, err))
		return false;
	bool good = entry_take(&rest, ",\"origin\":") && entry_take_string(&rest, scratch, &g.origin) &&
		    entry_take(&rest, ",\"from\":") && entry_take_uint(&rest, &g.from) &&
		    entry_take(&rest, ",\"to\":") && entry_take_uint(&rest, &g.to) && g.to >= g.from &&
		    entry_take(&rest, ",\"reason\":") && entry_take_string(&rest, scratch, &g.reason) &&
		    entry_take(&rest, ",\"files\":[");
	for (; good && !entry_take(&rest, "]"); g.file_count++) {
		good = (g.file_count == 0 || entry_take(&rest, ",")) && take_file(&rest, scratch, &file);
		if (good && each)
			each(ctx, &file);
	}
	if (!good || !bytes_equal(rest, BYTES_LITERAL("}")))
		return err_set(err, "gap entry: its members are not there in their order");
	*made = g;
	return true;
}

bool audit_entry_read_prune(struct bytes leaf, struct buf *scratch, struct audit_entry_prune *made,
			    struct err *err)
{
	struct audit_entry_prune p = {0};
	struct bytes rest;
	if (!body(leaf, "prune", scratch, &rest, err))
		return false;
	bool good = entry_take(&rest, ",\"origin\":") && entry_take_string(&rest, scratch, &p.origin) &&
		    entry_take(&rest, ",\"entries\":") && entry_take_uint(&rest, &p.entries) &&
		    entry_take(&rest, ",\"root\":") && entry_take_string(&rest, scratch, &p.root) &&
		    entry_take(&rest, ",\"retain\":") && entry_take_string(&rest, scratch, &p.retain) &&
		    entry_take(&rest, ",\"sealed\":") && take_time(&rest, &p.sealed_ns) &&
		    bytes_equal(rest, BYTES_LITERAL("}"));
	if (!good)
		return err_set(err, "prune entry: its members are not there in their order");
	*made = p;
	return true;
}
