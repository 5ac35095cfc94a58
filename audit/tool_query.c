/* SPDX-License-Identifier: Apache-2.0
 *
 * Every signed entry is looked at, in one pass from the first epoch to the last: no index, and memory for one
 * entry. What was not signed yet is left to `tail`.
 */
#include "audit/filter.h"
#include "audit/tool.h"
#include "audit/tool_walk.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

struct query {
	struct audit_filter filter;
	struct audit_select select; /* of the epoch at hand */
	struct tool_walk walk;
	struct buf head; /* what stands before an index */
	bool json, count;
};

static bool print(void *ctx, uint64_t index, struct bytes leaf)
{
	struct query *q = ctx;
	if (q->count)
		return true;
	tool_progress_clear(&q->walk.progress);
	printf("%.*s%" PRIu64 "%s", BYTES_ARG(buf_bytes(&q->head)), index, q->json ? ",\"entry\":" : " ");
	fwrite(leaf.at, 1, leaf.len, stdout);
	return fputs(q->json ? "}\n" : "\n", stdout) != EOF;
}

static bool broken(struct err *err)
{
	return err_set(err, "the answer cannot be written: %s", strerror(errno));
}

/* The walk of entries ends where the select says so: by an error of its own, or because stdout is gone. */
static bool look(void *ctx, uint64_t index, struct bytes leaf, struct err *err)
{
	struct query *q = ctx;
	if (audit_select_leaf(&q->select, index, leaf))
		return true;
	return audit_select_end(&q->select, err) ? broken(err) : false;
}

static void tell(const struct query *q, const char *origin, uint64_t size)
{
	const struct audit_counts *matched = &q->select.matched, *left_out = &q->select.left_out;
	struct buf text = {0};
	if (q->json) {
		json_open(&text, '{');
		json_key(&text, "origin");
		json_text(&text, origin);
		json_key(&text, "signed");
		json_uint(&text, size);
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

static bool begin(void *ctx, struct audit_reader *reader, struct err *err)
{
	struct query *q = ctx;
	q->select = (struct audit_select){.filter = &q->filter, .see = print, .ctx = q};
	buf_clear(&q->head);
	if (q->json) {
		json_open(&q->head, '{');
		json_key(&q->head, "origin");
		json_text(&q->head, reader->identity.vkey.name);
		json_key(&q->head, "index");
	} else if (reader->number) {
		buf_printf(&q->head, "%04u/", reader->number);
	}
	return !q->head.failed || err_set(err, "memory is short");
}

static bool end(void *ctx, struct audit_reader *reader, struct err *err)
{
	struct query *q = ctx;
	if (!audit_select_end(&q->select, err))
		return false;
	audit_select_done(&q->select);
	if (fflush(stdout) != 0)
		return broken(err);
	tell(q, reader->identity.vkey.name, reader->checkpoint.size);
	return true;
}

static enum tool_exit query_log(struct query *q, const char *path)
{
	struct err err;
	q->walk = (struct tool_walk){.begin = begin, .see = look, .end = end, .ctx = q};
	bool good = tool_walk_path(&q->walk, path, &err);
	audit_select_done(&q->select);
	buf_done(&q->head);
	if (good && fflush(stdout) != 0)
		good = broken(&err);
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
		"  --json\n      each entry as {\"origin\":...,\"index\":...,\"entry\":...}, then for each "
		"log "
		"what "
		"matched and\n      what was left out\n\n"
		"Example: all that user U's prompts went through last week\n"
		"  rankguard-audit query --user U --subject-key subject.key --since 7d DIR\n",
	.run = query,
};
