/* SPDX-License-Identifier: Apache-2.0
 *
 * Every signed entry is looked at, in one pass from the first epoch to the last: no index, and memory for one
 * entry. What was not signed yet is left to `tail`.
 */
#include "audit/filter.h"
#include "audit/logdir.h"
#include "audit/tool.h"
#include "audit/tool_progress.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

struct query {
	struct audit_filter filter;
	struct audit_select select; /* of the epoch at hand */
	struct tool_progress progress;
	struct buf head; /* what stands before an index */
	uint64_t total;
	bool json, count, broken;
};

static bool print(void *ctx, uint64_t index, struct bytes leaf)
{
	struct query *q = ctx;
	if (q->count)
		return true;
	tool_progress_clear(&q->progress);
	printf("%.*s%" PRIu64 "%s", BYTES_ARG(buf_bytes(&q->head)), index, q->json ? ",\"entry\":" : " ");
	fwrite(leaf.at, 1, leaf.len, stdout);
	q->broken = fputs(q->json ? "}\n" : "\n", stdout) == EOF;
	return !q->broken;
}

static bool look(void *ctx, uint64_t index, struct bytes leaf)
{
	struct query *q = ctx;
	tool_progress_show(&q->progress, index, q->total);
	return audit_select_leaf(&q->select, index, leaf);
}

static void tell(struct query *q, const char *origin)
{
	const struct audit_counts *matched = &q->select.matched, *left_out = &q->select.left_out;
	struct buf text = {0};
	tool_progress_clear(&q->progress);
	if (q->json) {
		json_open(&text, '{');
		json_key(&text, "origin");
		json_text(&text, origin);
		json_key(&text, "signed");
		json_uint(&text, q->total);
		json_key(&text, "matched");
		audit_counts_json(matched, &text);
		json_key(&text, "left_out");
		audit_counts_json(left_out, &text);
		json_close(&text, '}');
		buf_add_text(&text, "\n");
		fwrite(text.at, 1, text.len, stdout);
	} else {
		audit_counts_text(matched, &text);
		fprintf(stderr, "%s: %" PRIu64 " of %" PRIu64 " entries match: %.*s\n", origin,
			matched->entries, matched->entries + left_out->entries, BYTES_ARG(buf_bytes(&text)));
	}
	buf_done(&text);
}

static void begin(struct query *q, const struct audit_reader *reader)
{
	q->select = (struct audit_select){.filter = &q->filter, .see = print, .ctx = q};
	q->total = reader->checkpoint.size;
	buf_clear(&q->head);
	if (q->json) {
		json_open(&q->head, '{');
		json_key(&q->head, "origin");
		json_text(&q->head, reader->identity.vkey.name);
		json_key(&q->head, "index");
	} else if (reader->number) {
		buf_printf(&q->head, "%04u/", reader->number);
	}
	tool_progress_begin(&q->progress, "entries");
}

static bool query_epoch(struct query *q, const struct audit_logdir *logdir, size_t i, struct err *err)
{
	struct audit_reader reader;
	if (!audit_logdir_reader(logdir, i, &reader, err))
		return false;
	begin(q, &reader);
	bool good = audit_reader_walk(&reader, 0, q->total, look, q, NULL, err);
	tool_progress_clear(&q->progress);
	good = good && audit_select_end(&q->select, err);
	if (good && !q->broken)
		tell(q, reader.identity.vkey.name);
	else if (!good)
		err_within(err, "%s", reader.identity.vkey.name);
	audit_select_done(&q->select);
	audit_reader_close(&reader);
	return good;
}

static enum tool_exit query_log(struct query *q, const char *path)
{
	struct audit_logdir logdir;
	struct err err;
	if (!audit_logdir_open(&logdir, path, &err))
		return tool_fail(&err);
	bool good = true;
	for (size_t i = 0; good && !q->broken && i < logdir.count; i++)
		good = query_epoch(q, &logdir, i, &err);
	audit_logdir_close(&logdir);
	if (good && (q->broken || fflush(stdout) != 0))
		good = err_set(&err, "the answer cannot be written: %s", strerror(errno));
	buf_done(&q->head);
	return good ? TOOL_YES : tool_fail(&err);
}

static enum tool_exit query(const struct tool_verb *verb, int argc, char **argv)
{
	static const struct option options[] = {
		TOOL_FILTER_OPTIONS{"help", no_argument, NULL, TOOL_OPTION_HELP},
		{"json", no_argument, NULL, TOOL_OPTION_JSON},
		{"count", no_argument, NULL, TOOL_OPTION_COUNT},
		{NULL, 0, NULL, 0}};
	struct query q = {.json = false};
	struct err err = {{0}};
	bool help = false, wrong = false;
	for (int c; !wrong && (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == TOOL_OPTION_HELP)
			help = true;
		else if (c == TOOL_OPTION_JSON)
			q.json = true;
		else if (c == TOOL_OPTION_COUNT)
			q.count = true;
		else
			wrong = !tool_filter(&q.filter, c, optarg, &err);
	}
	enum tool_exit result;
	if (help)
		result = tool_help(verb);
	else if (wrong || !audit_filter_ready(&q.filter, &err))
		result = tool_usage(verb, "%s", err.text);
	else if (argc - optind != 1)
		result = tool_usage(verb, "name one directory");
	else
		result = query_log(&q, argv[optind]);
	audit_filter_done(&q.filter);
	return result;
}

const struct tool_verb tool_query = {
	.name = "query",
	.usage = "[FILTER]... [--count] [--json] DIR",
	.help = "Prints the signed entries that match, in order: epoch, index and leaf, one a line. Nothing "
		"found is\n"
		"no error. Filters that are given several times: any of their values will do; all filters "
		"must\n"
		"hold. An entry in parts is found as a whole.\n\n" TOOL_FILTER_HELP
		"  --count\n      only how many, by type\n"
		"  --json\n      each entry as {\"origin\":...,\"index\":...,\"entry\":...}, then for each log "
		"what "
		"matched and\n      what was left out\n\n"
		"Example: all that user U's prompts went through last week\n"
		"  rankguard-audit query --user U --subject-key subject.key --since 7d DIR\n",
	.run = query,
};
