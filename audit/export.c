/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/export.h"

#include "audit/ahead.h"
#include "audit/tree.h"
#include "proto/suggest.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

static const struct export_format *const formats[] = {&export_jsonl, &export_csv, &export_sqlite,
						      &export_html};

enum { FORMATS = sizeof formats / sizeof *formats, PARTS_AT_FIRST = 16 };

const struct export_format *export_format_at(size_t i)
{
	return i < FORMATS ? formats[i] : NULL;
}

const struct export_format *export_format_find(const char *name, struct err *err)
{
	struct suggestion near = {.word = bytes_of(name)};
	struct buf known = {0};
	for (size_t i = 0; i < FORMATS; i++) {
		if (strcmp(formats[i]->name, name) == 0) {
			buf_done(&known);
			return formats[i];
		}
		suggest_offer(&near, bytes_of(formats[i]->name));
		buf_printf(&known, "%s%s", i == 0 ? "" : i + 1 == FORMATS ? " and " : ", ", formats[i]->name);
	}
	if (bytes_present(near.best))
		err_set(err, "\"%s\" is not a format; did you mean %.*s?", name, BYTES_ARG(near.best));
	else
		err_set(err, "\"%s\" is not a format; %.*s are", name, BYTES_ARG(buf_bytes(&known)));
	buf_done(&known);
	return NULL;
}

bool export_write(struct export_file *file, const void *from, size_t len, struct err *err)
{
	if (fwrite(from, 1, len, file->file) == len)
		return true;
	return err_set(err, "cannot be written: %s", strerror(errno));
}

struct run {
	const struct export_format *format;
	const struct export_request *request;
	const struct export_talk *talk;
	void *state;
	struct audit_hasher hasher;
	struct audit_tree tree;
	struct audit_hash hash_read; /* of the leaf last read */
	uint64_t index_read;
	struct audit_select select;
	struct export_log log;
	/* the entry at hand, when it is in parts */
	struct audit_entry_head head;
	uint64_t first;
	struct buf text;	 /* its leaves */
	size_t *end;		 /* owned: where each ends in text */
	struct bytes *leaf;	 /* owned */
	struct audit_hash *hash; /* owned: theirs */
	size_t count, cap;
	struct err *err;
	bool failed; /* the format's doing, or memory's: not that of a log */
};

static bool hand_over(struct run *run, const struct export_entry *entry)
{
	run->failed = !run->format->entry(run->state, entry, run->err);
	return !run->failed;
}

/* The entry in parts ends here, whether or not all parts came. */
static bool end_parts(struct run *run)
{
	const struct export_entry entry = {.log = &run->log,
					   .index = run->first,
					   .head = run->head,
					   .leaf = run->leaf,
					   .hash = run->hash,
					   .count = run->count};
	if (run->count == 0)
		return true;
	for (size_t i = 0, from = 0; i < run->count; from = run->end[i++])
		run->leaf[i] = (struct bytes){run->text.at + from, run->end[i] - from};
	run->count = 0;
	return hand_over(run, &entry);
}

static bool more_parts(struct run *run)
{
	size_t cap = run->cap ? run->cap * 2 : PARTS_AT_FIRST;
	size_t *end = realloc(run->end, cap * sizeof *end);
	run->end = end ? end : run->end;
	struct bytes *leaf = realloc(run->leaf, cap * sizeof *leaf);
	run->leaf = leaf ? leaf : run->leaf;
	struct audit_hash *hash = realloc(run->hash, cap * sizeof *hash);
	run->hash = hash ? hash : run->hash;
	if (!end || !leaf || !hash)
		return false;
	run->cap = cap;
	return true;
}

static bool add_part(struct run *run, uint64_t index, struct bytes leaf, const struct audit_hash *hash)
{
	if (run->count == 0) {
		run->first = index;
		buf_clear(&run->text);
	}
	buf_add_bytes(&run->text, leaf);
	if (run->text.failed || (run->count == run->cap && !more_parts(run))) {
		run->failed = true;
		return err_set(run->err, "memory is short");
	}
	run->hash[run->count] = *hash;
	run->end[run->count++] = run->text.len;
	return run->head.part < run->head.parts || end_parts(run);
}

/* A leaf that the filter wants. */
static bool take_leaf(void *ctx, uint64_t index, struct bytes leaf)
{
	struct run *run = ctx;
	struct audit_hash hash =
		index == run->index_read ? run->hash_read : audit_hash_leaf(&run->hasher, leaf);
	struct audit_entry_head head;
	struct err err;
	if (run->format->leaves) {
		const struct export_entry entry = {
			.log = &run->log, .index = index, .leaf = &leaf, .hash = &hash, .count = 1};
		return hand_over(run, &entry);
	}
	if (!audit_entry_read_head(leaf, &head, &err))
		return true; /* the filter has read it before */
	if (run->log.from_ns == 0)
		run->log.from_ns = head.time_ns;
	run->log.to_ns = head.time_ns;
	if ((head.part <= 1 || run->count == 0 || head.part != run->head.part + 1) && !end_parts(run))
		return false;
	run->head = head;
	if (head.parts > 0)
		return add_part(run, index, leaf, &hash);
	const struct export_entry entry = {
		.log = &run->log, .index = index, .head = head, .leaf = &leaf, .hash = &hash, .count = 1};
	return hand_over(run, &entry);
}

static bool read_leaf(struct run *run, uint64_t index, struct bytes leaf, const struct audit_hash *hash)
{
	run->hash_read = *hash;
	run->index_read = index;
	run->log.leaves++;
	if (!audit_tree_push(&run->tree, &run->hasher, hash, NULL))
		return false;
	run->talk->progress(run->talk->ctx, run->log.leaves, run->log.reader.checkpoint.size);
	if (run->format->leaves && !run->request->filter->wanted)
		return take_leaf(run, index, leaf);
	return audit_select_leaf(&run->select, index, leaf);
}

/* Every leaf under the checkpoint, or as far as the format and the filter go. False: run->err. */
static bool read_leaves(struct run *run)
{
	struct audit_ahead *ahead = audit_ahead_new(&run->log.reader, run->err);
	const struct audit_ahead_bundle *bundle;
	bool good = ahead != NULL, ended = false;
	while (good && !ended && (bundle = audit_ahead_next(ahead))) {
		struct bytes rest = bundle->entries, leaf;
		good = bundle->found;
		if (!good)
			*run->err = bundle->err;
		for (unsigned i = 0; good && !ended && i < bundle->width && audit_bundle_next(&rest, &leaf);
		     i++)
			ended = !read_leaf(run, bundle->n * AUDIT_TILE_WIDTH + i, leaf, &bundle->leaf[i]);
	}
	audit_ahead_free(ahead);
	return good;
}

static bool pass(void *ctx, uint64_t index, struct bytes leaf)
{
	(void)ctx;
	(void)index;
	(void)leaf;
	return true;
}

/* What stands in the journal beyond the checkpoint. Its end may be damaged, or being written. */
static void count_unsigned(struct export_log *log)
{
	static const struct audit_filter everything;
	struct audit_select rest = {.filter = &everything, .see = pass};
	struct err err;
	log->not_signed_all = audit_reader_walk(&log->reader, log->reader.checkpoint.size, UINT64_MAX,
						audit_select_leaf, &rest, NULL, &err);
	log->not_signed_all = audit_select_end(&rest, &err) && log->not_signed_all;
	log->not_signed = rest.matched;
	audit_select_done(&rest);
}

static bool end_log(struct run *run)
{
	struct export_log *log = &run->log;
	log->exported = run->select.matched;
	log->filtered = run->select.left_out;
	log->root = audit_tree_root(&run->tree, &run->hasher);
	log->matches = !log->reader.signed_once || audit_hash_equal(&log->root, &log->reader.checkpoint.root);
	count_unsigned(log);
	if (run->format->log && !run->format->log(run->state, log, run->err)) {
		run->failed = true;
		return false;
	}
	run->talk->log(run->talk->ctx, log);
	return true;
}

/* One epoch. False: run->err. */
static bool run_log(struct run *run, const struct audit_logdir *logdir, size_t i)
{
	struct export_log *log = &run->log;
	*log = (struct export_log){.number = (unsigned)i + 1};
	if (!audit_logdir_reader(logdir, i, &log->reader, run->err))
		return false;
	if (log->reader.pruned > 0) { /* whole epochs are pruned, so nothing of this one is left */
		run->talk->pruned(run->talk->ctx, log);
		log->matches = true;
		audit_reader_close(&log->reader);
		return true;
	}
	run->select = (struct audit_select){.filter = run->request->filter, .see = take_leaf, .ctx = run};
	run->tree.size = 0;
	bool good = read_leaves(run) && !run->failed && audit_select_end(&run->select, run->err);
	good = good && !run->failed && end_parts(run) && end_log(run);
	if (!good && !run->failed)
		err_within(run->err, "%s", log->reader.identity.vkey.name);
	audit_select_done(&run->select);
	audit_reader_close(&log->reader);
	return good;
}

static void run_done(struct run *run)
{
	run->format->free(run->state);
	audit_hasher_done(&run->hasher);
	buf_done(&run->text);
	free(run->end);
	free(run->leaf);
	free(run->hash);
	free(run);
}

enum export_result export_run(const struct audit_logdir *logdir, const struct export_format *format,
			      const struct export_request *request, struct export_file *file,
			      const struct export_talk *talk, struct err *err)
{
	struct run *run = calloc(1, sizeof *run);
	bool matches = true;
	if (!run) {
		err_set(err, "memory is short");
		return EXPORT_FAILED;
	}
	*run = (struct run){.format = format, .request = request, .talk = talk, .err = err};
	bool good = audit_hasher_init(&run->hasher, err);
	if (good) {
		run->state = format->begin(file, request, err);
		good = run->state != NULL;
		run->failed = !good;
	}
	for (size_t i = 0; good && i < logdir->count; i++) {
		good = run_log(run, logdir, i);
		matches = matches && run->log.matches;
	}
	if (good && format->end) {
		good = format->end(run->state, err);
		run->failed = !good;
	}
	if (run->failed)
		err_within(err, "%s", file->path ? file->path : "the export");
	run_done(run);
	return !good ? EXPORT_FAILED : matches ? EXPORT_DONE : EXPORT_MISMATCH;
}
