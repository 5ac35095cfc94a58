/* SPDX-License-Identifier: Apache-2.0
 *
 * The JSON Lines export: the leaves as they stand, so SHA-256(0x00 || line) of each line is its leaf's hash and
 * anybody can rebuild the root.
 */
#include "audit/base64.h"
#include "audit/logdir.h"
#include "audit/tool.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct output {
	FILE *file;
	struct audit_hasher hasher;
	struct audit_tree tree;
	uint64_t total;
	bool terminal, shown;
	struct timespec began;
};

static void progress(struct output *out)
{
	struct timespec now;
	if (!out->terminal || out->tree.size % 16384 != 0)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	double took =
		(double)(now.tv_sec - out->began.tv_sec) + (double)(now.tv_nsec - out->began.tv_nsec) / 1e9;
	fprintf(stderr, "\r\033[K%" PRIu64 " of %" PRIu64 " entries, %.0f a second", out->tree.size,
		out->total, took > 0 ? (double)out->tree.size / took : 0.0);
	out->shown = true;
}

static bool write_line(void *ctx, uint64_t index, struct bytes leaf)
{
	struct output *out = ctx;
	(void)index;
	struct audit_hash hash = audit_hash_leaf(&out->hasher, leaf);
	bool pushed = audit_tree_push(&out->tree, &out->hasher, &hash, NULL);
	progress(out);
	return fwrite(leaf.at, 1, leaf.len, out->file) == leaf.len && putc('\n', out->file) != EOF && pushed;
}

static bool count_line(void *ctx, uint64_t index, struct bytes leaf)
{
	(void)index;
	(void)leaf;
	++*(uint64_t *)ctx;
	return true;
}

/* What was exported, and what was left out, so that omission shows. */
static enum tool_exit tell(struct output *out, struct audit_reader *reader)
{
	struct audit_hash root = audit_tree_root(&out->tree, &out->hasher);
	struct buf text = {0};
	uint64_t left = 0;
	bool same = !reader->signed_once || audit_hash_equal(&root, &reader->checkpoint.root);
	audit_base64_add(&text, root.at, AUDIT_HASH_LEN);
	bool counted =
		audit_reader_walk(reader, reader->checkpoint.size, UINT64_MAX, count_line, &left, NULL, NULL);
	if (out->shown)
		fputs("\r\033[K", stderr);
	fprintf(stderr, "%s: %" PRIu64 " entries, root %.*s", reader->identity.vkey.name, out->tree.size,
		BYTES_ARG(buf_bytes(&text)));
	if (left || !counted)
		fprintf(stderr, "; left out: %s%" PRIu64 " that are not signed yet",
			counted ? "" : "at least ", left);
	fputs("\n", stderr);
	if (!same)
		fprintf(stderr,
			"rankguard-audit: %s: the entries do not make the root that was signed; run verify\n",
			reader->identity.vkey.name);
	buf_done(&text);
	return same ? TOOL_YES : TOOL_NO;
}

static enum tool_exit export_epoch(struct output *out, const struct audit_logdir *logdir, size_t i)
{
	struct audit_reader reader;
	struct err err;
	uint64_t next = 0;
	enum tool_exit result;
	if (!audit_logdir_reader(logdir, i, &reader, &err))
		return tool_fail(&err);
	if (reader.pruned > 0) { /* whole epochs are pruned, so nothing of this one is left */
		fprintf(stderr, "%s: %" PRIu64 " entries are pruned and left out\n",
			reader.identity.vkey.name, reader.pruned);
		audit_reader_close(&reader);
		return TOOL_YES;
	}
	out->tree.size = 0;
	out->total = reader.checkpoint.size;
	bool good = audit_reader_walk(&reader, 0, reader.checkpoint.size, write_line, out, &next, &err);
	if (ferror(out->file)) {
		err_set(&err, "the export cannot be written: %s", strerror(errno));
		result = tool_fail(&err);
	} else if (!good) {
		err_within(&err, "%s", reader.identity.vkey.name);
		result = tool_fail(&err);
	} else {
		result = tell(out, &reader);
	}
	audit_reader_close(&reader);
	return result;
}

static enum tool_exit export_all(struct output *out, const struct audit_logdir *logdir)
{
	enum tool_exit worst = TOOL_YES;
	struct err err;
	for (size_t i = 0; i < logdir->count && worst != TOOL_FAILED; i++) {
		enum tool_exit result = export_epoch(out, logdir, i);
		worst = result > worst ? result : worst;
	}
	if (worst != TOOL_FAILED && (fflush(out->file) != 0 || ferror(out->file))) {
		err_set(&err, "the export cannot be written: %s", strerror(errno));
		worst = tool_fail(&err);
	}
	return worst;
}

/* Into a temporary file beside the one that was named: nobody ever sees half an export under its name. */
static enum tool_exit export_to(struct output *out, const struct audit_logdir *logdir, const char *path)
{
	char temp[PATH_MAX];
	struct err err;
	const char *slash = strrchr(path, '/');
	int dir = slash ? (int)(slash - path + 1) : 0;
	int len = snprintf(temp, sizeof temp, "%.*s.tmp-%s-%d", dir, path, path + dir, (int)getpid());
	out->file = len > 0 && (size_t)len < sizeof temp ? fopen(temp, "wxe") : NULL;
	if (!out->file) {
		err_set(&err, "%s: cannot be made: %s", path, strerror(errno));
		return tool_fail(&err);
	}
	enum tool_exit result = export_all(out, logdir);
	bool kept = fsync(fileno(out->file)) == 0;
	kept = fclose(out->file) == 0 && kept;
	if (result != TOOL_FAILED && kept && rename(temp, path) == 0)
		return result;
	if (result != TOOL_FAILED) {
		err_set(&err, "%s: cannot be written: %s", path, strerror(errno));
		result = tool_fail(&err);
	}
	unlink(temp);
	return result;
}

static enum tool_exit export_log(const char *directory, const char *path)
{
	struct audit_logdir logdir;
	struct err err;
	enum tool_exit result = TOOL_FAILED;
	struct output *out = calloc(1, sizeof *out);
	if (!out || !audit_hasher_init(&out->hasher, &err)) {
		free(out);
		err_set(&err, "memory is short");
		return tool_fail(&err);
	}
	out->terminal = isatty(STDERR_FILENO) != 0;
	clock_gettime(CLOCK_MONOTONIC, &out->began);
	if (!audit_logdir_open(&logdir, directory, &err)) {
		result = tool_fail(&err);
	} else {
		out->file = stdout;
		result = path ? export_to(out, &logdir, path) : export_all(out, &logdir);
		audit_logdir_close(&logdir);
	}
	audit_hasher_done(&out->hasher);
	free(out);
	return result;
}

static enum tool_exit export_verb(const struct tool_verb *verb, int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, TOOL_OPTION_HELP},
						{"json", no_argument, NULL, TOOL_OPTION_JSON},
						{"format", required_argument, NULL, TOOL_OPTION_FORMAT},
						{"output", required_argument, NULL, TOOL_OPTION_OUTPUT},
						{NULL, 0, NULL, 0}};
	const char *format = NULL, *output = NULL;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == TOOL_OPTION_HELP)
			return tool_help(verb);
		if (c == TOOL_OPTION_JSON)
			format = "jsonl";
		else if (c == TOOL_OPTION_FORMAT)
			format = optarg;
		else if (c == TOOL_OPTION_OUTPUT)
			output = optarg;
		else
			return tool_usage(verb, "wrong option");
	}
	if (!format)
		return tool_usage(verb, "name a format: --format jsonl");
	if (strcmp(format, "jsonl") != 0)
		return tool_usage(verb, "\"%s\" is not a format; this version knows jsonl", format);
	if (argc - optind != 1)
		return tool_usage(verb, "name one directory");
	return export_log(argv[optind], output);
}

const struct tool_verb tool_export = {
	.name = "export",
	.usage = "--format jsonl [--output FILE] DIR",
	.help = "Writes every signed entry of every epoch, in order. What was left out is said on stderr.\n\n"
		"  --format jsonl   the leaves as they stand, one a line: they rebuild the root with SHA-256 "
		"alone\n"
		"  --json           the same\n"
		"  --output FILE    to a file, which appears whole or not at all; stdout otherwise\n",
	.run = export_verb,
};
