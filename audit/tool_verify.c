/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/tool.h"
#include "audit/tool_progress.h"
#include "audit/verify.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct session {
	struct buf answer;
	bool json;
	struct tool_progress progress;
};

static void on_line(struct session *s, const char *what, const char *text)
{
	tool_progress_clear(&s->progress);
	if (s->json) {
		json_open(&s->answer, '{');
		json_key(&s->answer, what);
		json_text(&s->answer, text);
		json_close(&s->answer, '}');
		buf_add_text(&s->answer, "\n");
	} else {
		buf_printf(&s->answer, "%s: %s\n", what, text);
	}
}

static void on_finding(void *ctx, const char *text)
{
	on_line(ctx, "finding", text);
}

static void on_note(void *ctx, const char *text)
{
	on_line(ctx, "note", text);
}

static void epoch_json(struct buf *b, const struct audit_verify_epoch *e)
{
	json_open(b, '{');
	json_key(b, "epoch");
	json_uint(b, e->number);
	json_key(b, "origin");
	json_text(b, e->origin);
	json_key(b, "vkey");
	json_text(b, e->vkey);
	json_key(b, "key_given");
	json_bool(b, e->trusted);
	json_key(b, "live");
	json_bool(b, e->live);
	json_key(b, "signed");
	json_uint(b, e->size);
	json_key(b, "root");
	json_text(b, e->root);
	json_key(b, "journal");
	json_uint(b, e->journal);
	json_key(b, "checkpoints_held");
	json_uint(b, e->held);
	json_key(b, "findings");
	json_uint(b, e->findings);
	json_close(b, '}');
	buf_add_text(b, "\n");
}

static void epoch_text(struct buf *b, const struct audit_verify_epoch *e)
{
	buf_printf(b, "log      %s%s\n", e->origin[0] ? e->origin : "(unknown)",
		   e->live ? " (a writer is at work)" : "");
	buf_printf(b, "key      %s%s\n", e->vkey,
		   e->trusted ? "" : " (as the log states it; --key checks it)");
	buf_printf(b, "signed   %" PRIu64 " entries%s%s\n", e->size, e->root[0] ? ", root " : "", e->root);
	if (e->journal)
		buf_printf(b, "journal  %" PRIu64 " more, not signed yet\n", e->journal);
	if (e->held)
		buf_printf(b, "held     %" PRIu64 " checkpoints kept elsewhere\n", e->held);
	buf_printf(b, "verdict  %s", e->findings ? "NOT SOUND" : "sound\n");
	if (e->findings)
		buf_printf(b, ": %" PRIu64 " finding%s\n", e->findings, e->findings == 1 ? "" : "s");
}

static void on_epoch(void *ctx, const struct audit_verify_epoch *epoch)
{
	struct session *s = ctx;
	tool_progress_clear(&s->progress);
	if (s->json)
		epoch_json(&s->answer, epoch);
	else
		epoch_text(&s->answer, epoch);
	/* What is known is said at once: the next epoch may take long. */
	if (tool_answer(&s->answer, TOOL_YES) != TOOL_YES)
		exit(TOOL_FAILED);
	buf_clear(&s->answer);
	tool_progress_begin(&s->progress, "entries");
}

static void on_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct session *s = ctx;
	tool_progress_show(&s->progress, done, total);
}

static enum tool_exit run(struct session *s, struct audit_verify_options *options)
{
	struct err err;
	options->ctx = s;
	options->finding = on_finding;
	options->note = on_note;
	options->epoch = on_epoch;
	options->progress = on_progress;
	tool_progress_begin(&s->progress, "entries");
	enum audit_verdict verdict = audit_verify(options, &err);
	tool_progress_clear(&s->progress);
	enum tool_exit result = tool_answer(&s->answer, TOOL_YES);
	if (result != TOOL_YES)
		return result;
	switch (verdict) {
	case AUDIT_SOUND:
		return TOOL_YES;
	case AUDIT_UNSOUND:
		return TOOL_NO;
	case AUDIT_BAD_KEY:
		fprintf(stderr, "rankguard-audit: --key: %s\n", err.text);
		return TOOL_USAGE;
	case AUDIT_CANNOT:
		break;
	}
	return tool_fail(&err);
}

static enum tool_exit verify(const struct tool_verb *verb, int argc, char **argv)
{
	static const struct option options[] = {
		{"help", no_argument, NULL, TOOL_OPTION_HELP},
		{"json", no_argument, NULL, TOOL_OPTION_JSON},
		{"strict", no_argument, NULL, TOOL_OPTION_STRICT},
		{"key", required_argument, NULL, TOOL_OPTION_KEY},
		{"checkpoints", required_argument, NULL, TOOL_OPTION_CHECKPOINTS},
		{NULL, 0, NULL, 0}};
	struct session session = {0};
	const char **keys = calloc((size_t)argc, sizeof *keys);
	struct audit_verify_options v = {.key = keys};
	enum tool_exit result = TOOL_YES;
	bool help = false, wrong = !keys;
	for (int c; !wrong && (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == TOOL_OPTION_JSON)
			session.json = true;
		else if (c == TOOL_OPTION_STRICT)
			v.strict = true;
		else if (c == TOOL_OPTION_KEY)
			keys[v.key_count++] = optarg;
		else if (c == TOOL_OPTION_CHECKPOINTS)
			v.checkpoints = optarg;
		else if (c == TOOL_OPTION_HELP)
			help = true;
		else
			wrong = true;
	}
	if (help)
		result = tool_help(verb);
	else if (wrong || argc - optind != 1)
		result = tool_usage(verb, wrong ? "wrong option" : "name one directory");
	else {
		v.path = argv[optind];
		result = run(&session, &v);
	}
	buf_done(&session.answer);
	free(keys);
	return result;
}

const struct tool_verb tool_verify = {
	.name = "verify",
	.usage = "[--strict] [--key KEY]... [--checkpoints FILE] [--json] DIR",
	.help = "Checks signature, tree, entries and the links between epochs. Exit code 1 when something is "
		"wrong;\n"
		"each finding names its place.\n\n"
		"  --strict             also canonical entries, sizes of files, files that do not belong "
		"there, and\n"
		"                       the journal: every bit of the directory is accounted for\n"
		"  --key KEY            a verifier key, or PUB: and the base64 of a public key. Without it "
		"the key\n"
		"                       that the log itself states is believed\n"
		"  --checkpoints FILE   holds the log against every checkpoint line in FILE, such as the "
		"operator's\n"
		"                       collected stderr of the daemon\n"
		"  --json               one JSON object a line: findings, notes, one for each epoch\n\n"
		"Example: every bit, against the key that you were given and what the daemon said on stderr\n"
		"  rankguard-audit verify --strict --key PUB:... --checkpoints daemon.log DIR\n",
	.run = verify,
};
