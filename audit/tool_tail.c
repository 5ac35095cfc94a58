/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/logdir.h"
#include "audit/tool.h"

#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum { POLL_MS = 200, LINES = 10 };

struct follow {
	uint64_t lines;
	bool json, forever, begun;
	unsigned epoch; /* at hand */
	uint64_t next;	/* entry to come */
	bool broken;	/* stdout is gone */
};

static bool print(void *ctx, uint64_t index, struct bytes leaf)
{
	struct follow *f = ctx;
	if (!f->json)
		printf("%" PRIu64 " ", index);
	fwrite(leaf.at, 1, leaf.len, stdout);
	f->broken = putchar('\n') == EOF;
	return !f->broken;
}

static bool count(void *ctx, uint64_t index, struct bytes leaf)
{
	(void)ctx;
	(void)index;
	(void)leaf;
	return true;
}

/* Prints what is new in one epoch. */
static bool look(struct follow *f, const struct audit_logdir *logdir, size_t i, struct err *err)
{
	struct audit_reader reader;
	if (!audit_logdir_reader(logdir, i, &reader, err))
		return false;
	bool good = true;
	if (!f->begun) {
		uint64_t end;
		good = audit_reader_walk(&reader, reader.checkpoint.size, UINT64_MAX, count, NULL, &end, err);
		f->next = good && end > f->lines ? end - f->lines : 0;
		f->epoch = logdir->epochs[i];
		f->begun = good;
	}
	good = good && audit_reader_walk(&reader, f->next, UINT64_MAX, print, f, &f->next, err);
	audit_reader_close(&reader);
	return good;
}

/* The epochs from the one at hand on; the next one begins at 0. */
static bool look_all(struct follow *f, const char *path, struct err *err)
{
	struct audit_logdir logdir;
	if (!audit_logdir_open(&logdir, path, err))
		return false;
	bool good = true;
	for (size_t i = f->begun ? 0 : logdir.count - 1; good && i < logdir.count; i++) {
		if (f->begun && logdir.epochs[i] < f->epoch)
			continue;
		if (f->begun && logdir.epochs[i] > f->epoch) {
			f->epoch = logdir.epochs[i];
			f->next = 0;
		}
		good = look(f, &logdir, i, err);
	}
	audit_logdir_close(&logdir);
	return good;
}

static enum tool_exit tail(const struct tool_verb *verb, int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, TOOL_OPTION_HELP},
						{"json", no_argument, NULL, TOOL_OPTION_JSON},
						{"follow", no_argument, NULL, 'f'},
						{"lines", required_argument, NULL, 'n'},
						{NULL, 0, NULL, 0}};
	struct follow f = {.lines = LINES};
	struct err err;
	for (int c; (c = getopt_long(argc, argv, "fn:", options, NULL)) != -1;) {
		char *end = NULL;
		if (c == TOOL_OPTION_HELP)
			return tool_help(verb);
		if (c == TOOL_OPTION_JSON)
			f.json = true;
		else if (c == 'f')
			f.forever = true;
		else if (c == 'n')
			f.lines = strtoull(optarg, &end, 10);
		else
			return tool_usage(verb, "wrong option");
		if (end && (*end || end == optarg || optarg[0] == '-'))
			return tool_usage(verb, "-n: \"%s\" is not a number of entries", optarg);
	}
	if (argc - optind != 1)
		return tool_usage(verb, "name one directory");
	do {
		if (!look_all(&f, argv[optind], &err))
			return tool_fail(&err);
		if (fflush(stdout) != 0 || f.broken) {
			perror("rankguard-audit: the answer cannot be written");
			return TOOL_FAILED;
		}
		if (f.forever)
			poll(NULL, 0, POLL_MS);
	} while (f.forever);
	return TOOL_YES;
}

const struct tool_verb tool_tail = {
	.name = "tail",
	.usage = "[-f] [-n N] [--json] DIR",
	.help = "Prints the newest entries, signed or not: index and leaf, one a line.\n\n"
		"  -f, --follow   goes on with what comes, also into the next epoch, until it is ended\n"
		"  -n, --lines N  how many to begin with (10)\n"
		"  --json         the leaves alone\n\n"
		"Example: the last entry, and what comes after it\n"
		"  rankguard-audit tail -f -n 1 DIR\n",
	.run = tail,
};
