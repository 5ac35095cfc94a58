/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/base64.h"
#include "audit/export.h"
#include "audit/tool.h"
#include "audit/tool_progress.h"

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static void on_progress(void *ctx, uint64_t done, uint64_t total)
{
	tool_progress_show(ctx, done, total);
}

static void add_left_out(struct buf *text, const struct audit_counts *counts, const char *why)
{
	buf_add_text(text, "; left out, ");
	buf_add_text(text, why);
	buf_add_text(text, ": ");
	audit_counts_text(counts, text);
}

/* What was exported, and what was left out, so that omission shows. */
static void on_log(void *ctx, const struct export_log *log)
{
	struct buf text = {0};
	tool_progress_clear(ctx);
	buf_printf(&text, "%s: %" PRIu64 " entries, root ", log->reader.identity.vkey.name, log->leaves);
	audit_base64_add(&text, log->root.at, AUDIT_HASH_LEN);
	if (log->filtered.entries > 0) {
		buf_add_text(&text, "; exported: ");
		audit_counts_text(&log->exported, &text);
		add_left_out(&text, &log->filtered, "filtered");
	}
	if (log->not_signed.entries > 0 || !log->not_signed_all)
		add_left_out(&text, &log->not_signed,
			     log->not_signed_all ? "not signed yet" : "not signed yet, at least");
	fprintf(stderr, "%.*s\n", BYTES_ARG(buf_bytes(&text)));
	if (!log->matches)
		fprintf(stderr,
			"rankguard-audit: %s: the entries do not make the root that was signed; run verify\n",
			log->reader.identity.vkey.name);
	buf_done(&text);
}

static void on_pruned(void *ctx, const struct export_log *log)
{
	tool_progress_clear(ctx);
	fprintf(stderr, "%s: %" PRIu64 " entries are pruned and left out\n", log->reader.identity.vkey.name,
		log->reader.pruned);
}

/* The filters as they hold: times as instants, subjects as pseudonyms. So no id gets into an export. */
static void add_filter_words(const struct audit_filter *filter, struct buf *words)
{
	static const char *const names[] = {
#define FILTER_NAME(name, option, takes, help) "--" option,
		AUDIT_FILTERS(FILTER_NAME)
#undef FILTER_NAME
	};
	char time[TIME_TEXT_LEN + 1];
	for (size_t name = 0; name < AUDIT_FILTER_COUNT; name++) {
		const struct audit_filter_values *values = &filter->values[name];
		if (!(filter->wanted & (1u << name)))
			continue;
		if (name == AUDIT_FILTER_SINCE || name == AUDIT_FILTER_UNTIL) {
			time_format(name == AUDIT_FILTER_SINCE ? filter->since_ns : filter->until_ns, time);
			buf_printf(words, "%s%s %s", words->len > 0 ? " " : "", names[name], time);
		}
		for (size_t i = 0; i < values->count; i++)
			buf_printf(words, "%s%s %.*s", words->len > 0 ? " " : "", names[name],
				   BYTES_ARG(buf_bytes(&values->json[i])));
	}
}

static enum tool_exit result_of(enum export_result result, const struct err *err)
{
	switch (result) {
	case EXPORT_DONE:
		return TOOL_YES;
	case EXPORT_MISMATCH:
		return TOOL_NO;
	case EXPORT_FAILED:
		break;
	}
	return tool_fail(err);
}

static enum tool_exit export_log(const struct export_format *format, const struct export_request *request,
				 const char *directory, const char *path)
{
	struct tool_progress progress;
	const struct export_talk talk = {
		.ctx = &progress, .progress = on_progress, .log = on_log, .pruned = on_pruned};
	struct export_file file = {0};
	struct audit_logdir logdir;
	struct err err;
	enum export_result result = EXPORT_FAILED;
	/* A pipe that is closed and a file that may not grow are errors like others: what was begun is removed. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (!audit_logdir_open(&logdir, directory, &err))
		return tool_fail(&err);
	tool_progress_begin(&progress, "entries");
	if (export_file_open(&file, path, format->seeks, &err))
		result = export_run(&logdir, format, request, &file, &talk, &err);
	tool_progress_clear(&progress);
	if (result != EXPORT_FAILED && !export_file_keep(&file, &err))
		result = EXPORT_FAILED;
	export_file_done(&file);
	audit_logdir_close(&logdir);
	return result_of(result, &err);
}

static enum tool_exit export_help(const struct tool_verb *verb)
{
	tool_help(verb);
	for (size_t i = 0; export_format_at(i); i++)
		printf("  --format %-9s%s\n", export_format_at(i)->name, export_format_at(i)->help);
	fputs("  --json            the same as --format jsonl\n"
	      "  --output FILE     to a file, which appears whole or not at all and never in the place of "
	      "another;\n"
	      "                    stdout otherwise\n" TOOL_FILTER_HELP,
	      stdout);
	return TOOL_YES;
}

static enum tool_exit export_verb(const struct tool_verb *verb, int argc, char **argv)
{
	static const struct option options[] = {
		TOOL_FILTER_OPTIONS{"help", no_argument, NULL, TOOL_OPTION_HELP},
		{"json", no_argument, NULL, TOOL_OPTION_JSON},
		{"format", required_argument, NULL, TOOL_OPTION_FORMAT},
		{"output", required_argument, NULL, TOOL_OPTION_OUTPUT},
		{NULL, 0, NULL, 0}};
	const char *name = NULL, *output = NULL;
	struct audit_filter filter = {0};
	struct buf words = {0};
	struct err err = {{0}};
	const struct export_format *format = NULL;
	bool help = false, wrong = false;
	for (int c; !wrong && (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == TOOL_OPTION_HELP)
			help = true;
		else if (c == TOOL_OPTION_JSON)
			name = "jsonl";
		else if (c == TOOL_OPTION_FORMAT)
			name = optarg;
		else if (c == TOOL_OPTION_OUTPUT)
			output = optarg;
		else
			wrong = !tool_filter(&filter, c, optarg, &err);
	}
	if (!wrong && !help && !name)
		wrong = !err_set(&err, "name a format: --format jsonl, csv, sqlite or html");
	wrong = wrong ||
		(!help && (!(format = export_format_find(name, &err)) || !audit_filter_ready(&filter, &err)));
	if (!wrong && format && format->seeks && !output && isatty(STDOUT_FILENO))
		wrong = !err_set(&err, "%s is nothing for a terminal; name a file: --output FILE", name);
	add_filter_words(&filter, &words);
	const struct export_request request = {.filter = &filter, .filter_words = buf_bytes(&words)};
	enum tool_exit result;
	if (help)
		result = export_help(verb);
	else if (wrong)
		result = tool_usage(verb, "%s", err.text);
	else if (argc - optind != 1)
		result = tool_usage(verb, "name one directory");
	else
		result = export_log(format, &request, argv[optind], output);
	buf_done(&words);
	audit_filter_done(&filter);
	return result;
}

const struct tool_verb tool_export = {
	.name = "export",
	.usage = "--format FORMAT [--output FILE] [FILTER]... DIR",
	.help = "Writes the signed entries of every epoch, in order. Every entry is hashed and the root held "
		"against the\nsigned one, also when filters leave entries out; what was left out is said on "
		"stderr, "
		"and inside\nsqlite and html. Exit code 1 when the root is not the signed one. "
		"audit/EXPORTS.md "
		"describes the formats.\n\n",
	.run = export_verb,
};
