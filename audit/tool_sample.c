/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/base64.h"
#include "audit/entry_member.h"
#include "audit/given_key.h"
#include "audit/sample.h"
#include "audit/tool_file.h"
#include "audit/tool_proof.h"
#include "audit/tool_walk.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum by { BY_NOTHING, BY_RULE, BY_LOCALE, BY_DAY };

static const char *const by_names[] = {"nothing", "rule", "locale", "day"};

struct drawing {
	struct audit_filter filter;
	struct audit_select select; /* of the epoch at hand */
	struct audit_sample sample;
	struct tool_walk walk;
	enum by by;
	bool json;
	const char *prove, *checkpoint; /* NULL: not asked for */
	struct buf note;		/* of the old checkpoint */
	struct tool_anchor *anchor;	/* owned: one for each log */
	struct buf *notes;		/* owned: their notes */
	size_t logs;
	bool unlike;	/* the log does not extend the old checkpoint */
	bool ended;	/* the old checkpoint's log is behind us */
	uint64_t first; /* of the entry at hand */
	unsigned leaves;
	struct buf name; /* scratch */
	struct err err;
};

/* ---- what is offered ---- */

static bool offer(struct drawing *d, struct bytes stratum)
{
	return audit_sample_offer(&d->sample, stratum, d->first, d->leaves, &d->err);
}

static bool offer_text(struct drawing *d, struct bytes value)
{
	buf_clear(&d->name);
	if (!bytes_present(value) || !entry_text(value, &d->name))
		return offer(d, BYTES_LITERAL("_none"));
	return offer(d, buf_bytes(&d->name));
}

static bool offer_rules(struct drawing *d, struct bytes leaf)
{
	struct bytes rest, object;
	bool good = true;
	if (entry_opens(entry_member(leaf, "interventions"), '[', &rest))
		while (good && entry_next_value(&rest, &object))
			good = offer_text(d, entry_member(object, "rule"));
	return good;
}

/* Where the leaf is a later part, only rules can be new in it. */
static bool offer_leaf(void *ctx, uint64_t index, struct bytes leaf)
{
	struct drawing *d = ctx;
	struct audit_entry_head head;
	char day[TIME_TEXT_LEN + 1];
	if (!audit_entry_read_head(leaf, &head, &d->err))
		return false;
	if (head.part <= 1) {
		d->first = index;
		d->leaves = head.parts ? head.parts : 1;
	}
	if (d->by == BY_RULE)
		return offer_rules(d, leaf);
	if (head.part > 1)
		return true;
	time_format(head.time_ns, day);
	switch (d->by) {
	case BY_LOCALE:
		return offer_text(d, entry_member(leaf, "locale"));
	case BY_DAY:
		return offer(d, (struct bytes){day, strlen("2026-03-01")});
	case BY_NOTHING:
	case BY_RULE:
		break;
	}
	return offer(d, BYTES_LITERAL("all"));
}

/* ---- the walk ---- */

/* The old checkpoint, when it is of this log and the log has only grown since. */
static bool old_anchor(struct drawing *d, struct audit_reader *reader, struct tool_anchor *anchor,
		       struct err *err)
{
	struct bytes text, signatures;
	struct audit_checkpoint old;
	struct audit_path path;
	if (!audit_note_split(buf_bytes(&d->note), &text, &signatures, err) ||
	    !audit_checkpoint_parse(text, &old, err))
		return err_within(err, "--checkpoint");
	if (strcmp(old.origin, reader->identity.vkey.name) != 0)
		return true;
	if (!audit_checkpoint_open(buf_bytes(&d->note), &reader->identity.vkey, &old, err) ||
	    !tool_proof_extends(reader, &old, &path, err)) {
		d->unlike = true;
		return err_within(err, "--checkpoint");
	}
	anchor->checkpoint = old;
	d->ended = true;
	return true;
}

static bool begin(void *ctx, struct audit_reader *reader, struct err *err)
{
	struct drawing *d = ctx;
	struct tool_anchor *anchor = &d->anchor[d->logs];
	struct buf *note = &d->notes[d->logs];
	bool skip = d->ended;
	anchor->checkpoint = reader->checkpoint;
	d->select = (struct audit_select){.filter = &d->filter, .see = offer_leaf, .ctx = d};
	if (!skip && d->checkpoint && !old_anchor(d, reader, anchor, err))
		return false;
	buf_add_bytes(note, buf_bytes(!skip && d->ended ? &d->note : &reader->note));
	if (note->failed)
		return err_set(err, "memory is short");
	anchor->note = buf_bytes(note);
	if (!skip)
		d->walk.to = anchor->checkpoint.size;
	else
		anchor->checkpoint.size = 0;
	d->logs++;
	return audit_sample_log(&d->sample, &anchor->checkpoint.root, err);
}

static bool look(void *ctx, uint64_t index, struct bytes leaf, struct err *err)
{
	struct drawing *d = ctx;
	if (audit_select_leaf(&d->select, index, leaf))
		return true;
	*err = d->select.failed ? d->select.err : d->err;
	return false;
}

static bool end(void *ctx, struct audit_reader *reader, struct err *err)
{
	struct drawing *d = ctx;
	(void)reader;
	d->err.text[0] = '\0';
	bool good = audit_select_end(&d->select, err);
	audit_select_done(&d->select);
	if (good && d->err.text[0]) {
		*err = d->err;
		good = false;
	}
	return good;
}

/* ---- the answer ---- */

static void tell_logs(const struct drawing *d, struct buf *text)
{
	json_open(text, '{');
	json_key(text, "seed");
	json_text(text, d->sample.seed);
	json_key(text, "n");
	json_uint(text, d->sample.n);
	json_key(text, "by");
	json_text(text, d->by ? by_names[d->by] : NULL);
	json_key(text, "logs");
	json_open(text, '[');
	for (size_t i = 0; i < d->logs; i++) {
		struct buf root = {0};
		if (d->anchor[i].checkpoint.size == 0)
			continue;
		audit_base64_add(&root, d->anchor[i].checkpoint.root.at, AUDIT_HASH_LEN);
		json_open(text, '{');
		json_key(text, "origin");
		json_text(text, d->anchor[i].checkpoint.origin);
		json_key(text, "signed");
		json_uint(text, d->anchor[i].checkpoint.size);
		json_key(text, "root");
		json_string(text, buf_bytes(&root));
		json_close(text, '}');
		buf_done(&root);
	}
	json_close(text, ']');
	json_key(text, "strata");
	json_open(text, '[');
	for (size_t i = 0; i < d->sample.count; i++) {
		const struct audit_stratum *stratum = &d->sample.stratum[i];
		json_open(text, '{');
		json_key(text, "stratum");
		json_string(text, buf_bytes(&stratum->name));
		json_key(text, "population");
		json_uint(text, stratum->population);
		json_key(text, "drawn");
		json_uint(text, stratum->drawn);
		json_close(text, '}');
	}
	json_close(text, ']');
	json_close(text, '}');
	buf_add_text(text, "\n");
}

static void tell_one(const struct drawing *d, const struct audit_stratum *stratum,
		     const struct audit_candidate *drawn, struct buf *text)
{
	char key[2 * AUDIT_HASH_LEN + 1];
	audit_hash_hex(&drawn->key, key);
	const char *origin = d->anchor[drawn->log].checkpoint.origin;
	if (!d->json) {
		buf_printf(text, "%s/%" PRIu64 "  %.*s\n", origin, drawn->index,
			   BYTES_ARG(buf_bytes(&stratum->name)));
		return;
	}
	json_open(text, '{');
	json_key(text, "stratum");
	json_string(text, buf_bytes(&stratum->name));
	json_key(text, "origin");
	json_text(text, origin);
	json_key(text, "index");
	json_uint(text, drawn->index);
	json_key(text, "parts");
	json_uint(text, drawn->leaves);
	json_key(text, "key");
	json_text(text, key);
	json_close(text, '}');
	buf_add_text(text, "\n");
}

static enum tool_exit tell(const struct drawing *d)
{
	struct buf text = {0};
	if (d->json)
		tell_logs(d, &text);
	for (size_t i = 0; i < d->sample.count; i++) {
		const struct audit_stratum *stratum = &d->sample.stratum[i];
		for (size_t k = 0; k < stratum->drawn; k++)
			tell_one(d, stratum, &stratum->kept[k], &text);
		if (!d->json)
			fprintf(stderr, "%.*s: %zu of %" PRIu64 " entries\n",
				BYTES_ARG(buf_bytes(&stratum->name)), stratum->drawn, stratum->population);
	}
	enum tool_exit result = tool_answer(&text, TOOL_YES);
	buf_done(&text);
	return result;
}

/* ---- proofs ---- */

/* <directory>/<last word of the origin>-<index><ending> */
static bool write_beside(const struct drawing *d, const char *origin, uint64_t index, const char *ending,
			 struct bytes text, struct err *err)
{
	char path[PATH_MAX];
	const char *slash = strrchr(origin, '/');
	int len = snprintf(path, sizeof path, "%s/%s-%" PRIu64 "%s", d->prove, slash ? slash + 1 : origin,
			   index, ending);
	if (len < 0 || (size_t)len >= sizeof path)
		return err_set(err, "%s: is too long a name", d->prove);
	return tool_file_write(path, text, err);
}

static enum tool_exit prove_leaf(const struct drawing *d, struct audit_reader *reader,
				 const struct tool_anchor *anchor, uint64_t index)
{
	struct buf proof = {0}, entry = {0};
	struct err err;
	enum tool_exit result = tool_proof_entry(reader, index, &entry);
	if (result == TOOL_YES &&
	    (!tool_proof_make(reader, anchor, index, &proof, &err) ||
	     !write_beside(d, anchor->checkpoint.origin, index, ".json", buf_bytes(&entry), &err) ||
	     !write_beside(d, anchor->checkpoint.origin, index, ".tlog-proof", buf_bytes(&proof), &err)))
		result = tool_fail(&err);
	buf_done(&proof);
	buf_done(&entry);
	return result;
}

/* Every entry that was drawn from this log, with all its parts. One that was drawn twice is written twice. */
static enum tool_exit prove_log(struct drawing *d, const struct audit_logdir *logdir, size_t log)
{
	struct audit_reader reader;
	struct err err;
	enum tool_exit result = TOOL_YES;
	if (!audit_logdir_reader(logdir, log, &reader, &err))
		return tool_fail(&err);
	for (size_t i = 0; i < d->sample.count; i++) {
		const struct audit_stratum *stratum = &d->sample.stratum[i];
		for (size_t k = 0; k < stratum->drawn; k++) {
			const struct audit_candidate *drawn = &stratum->kept[k];
			for (unsigned part = 0;
			     drawn->log == log && part < drawn->leaves && result == TOOL_YES; part++)
				result = prove_leaf(d, &reader, &d->anchor[log], drawn->index + part);
		}
	}
	audit_reader_close(&reader);
	return result;
}

static enum tool_exit prove_all(struct drawing *d, const struct audit_logdir *logdir)
{
	enum tool_exit result = TOOL_YES;
	struct err err;
	if (mkdir(d->prove, 0777) != 0 && errno != EEXIST) {
		err_set(&err, "%s: cannot be made: %s", d->prove, strerror(errno));
		return tool_fail(&err);
	}
	for (size_t log = 0; log < d->logs && result == TOOL_YES; log++)
		result = prove_log(d, logdir, log);
	return result;
}

/* ---- the verb ---- */

static enum tool_exit draw(struct drawing *d, const struct audit_logdir *logdir)
{
	struct err err;
	enum tool_exit result;
	d->walk = (struct tool_walk){.begin = begin, .see = look, .end = end, .ctx = d};
	d->anchor = calloc(logdir->count, sizeof *d->anchor);
	d->notes = calloc(logdir->count, sizeof *d->notes);
	if (!d->anchor || !d->notes)
		err_set(&err, "memory is short");
	bool good = d->anchor && d->notes && audit_sample_init(&d->sample, &err) &&
		    tool_walk(&d->walk, logdir, &err);
	if (good && d->checkpoint && !d->ended) {
		d->unlike = true;
		good = err_set(&err, "--checkpoint: %s does not hold that log", logdir->path);
	}
	if (good) {
		audit_sample_draw(&d->sample);
		result = d->prove ? prove_all(d, logdir) : TOOL_YES;
		result = result == TOOL_YES ? tell(d) : result;
	} else {
		result = tool_fail(&err);
		result = d->unlike ? TOOL_NO : result;
	}
	audit_select_done(&d->select);
	audit_sample_done(&d->sample);
	for (size_t i = 0; d->notes && i < logdir->count; i++)
		buf_done(&d->notes[i]);
	free(d->notes);
	free(d->anchor);
	return result;
}

static enum tool_exit run(struct drawing *d, const char *directory)
{
	struct audit_logdir logdir;
	struct err err;
	if ((d->checkpoint && !tool_proof_note(d->checkpoint, &d->note, &err)) ||
	    !audit_logdir_open(&logdir, directory, &err))
		return tool_fail(&err);
	enum tool_exit result = draw(d, &logdir);
	audit_logdir_close(&logdir);
	return result;
}

static bool take_by(struct drawing *d, const char *value, struct err *err)
{
	for (int by = BY_RULE; by <= BY_DAY; by++) {
		if (strcmp(value, by_names[by]) == 0) {
			d->by = (enum by)by;
			return true;
		}
	}
	return err_set(err, "--by: \"%s\" is not a stratum; rule, locale and day are", value);
}

static bool take_n(struct drawing *d, const char *value, struct err *err)
{
	char *stop;
	size_t len = strlen(value);
	unsigned long n = strtoul(value, &stop, 10);
	if (len == 0 || len > 9 || strspn(value, "0123456789") != len || n < 1 || n > AUDIT_SAMPLE_MAX)
		return err_set(err, "--n: \"%s\" is not a number from 1 to %d", value, AUDIT_SAMPLE_MAX);
	d->sample.n = n;
	return true;
}

static bool take(struct drawing *d, int option, const char *value, struct err *err)
{
	switch (option) {
	case TOOL_OPTION_JSON:
		d->json = true;
		return true;
	case 'n':
		return take_n(d, value, err);
	case 's':
		d->sample.seed = value;
		return (value[0] && !strchr(value, '\n')) ||
		       err_set(err, "--seed: must be one line that is not empty");
	case 'b':
		return take_by(d, value, err);
	case 'p':
		d->prove = value;
		return true;
	case 'c':
		d->checkpoint = value;
		return true;
	default:
		return tool_filter(&d->filter, option, value, err);
	}
}

static bool ready(struct drawing *d, struct err *err)
{
	if (d->sample.n == 0)
		return err_set(err, "say how many: --n N");
	if (!d->sample.seed)
		return err_set(err, "give a seed that was chosen after the checkpoint was signed: --seed S");
	if (!(d->filter.wanted & 1u << AUDIT_FILTER_TYPE) &&
	    !audit_filter_take(&d->filter, AUDIT_FILTER_TYPE, "decision", 0, err))
		return false;
	return audit_filter_ready(&d->filter, err);
}

static enum tool_exit sample(const struct tool_verb *verb, int argc, char **argv)
{
	static const struct option options[] = {
		TOOL_FILTER_OPTIONS{"help", no_argument, NULL, TOOL_OPTION_HELP},
		{"json", no_argument, NULL, TOOL_OPTION_JSON},
		{"n", required_argument, NULL, 'n'},
		{"seed", required_argument, NULL, 's'},
		{"by", required_argument, NULL, 'b'},
		{"prove", required_argument, NULL, 'p'},
		{"checkpoint", required_argument, NULL, 'c'},
		{NULL, 0, NULL, 0}};
	struct drawing *d = calloc(1, sizeof *d);
	struct err err = {{0}};
	bool help = false, good = d || err_set(&err, "memory is short");
	for (int c; good && !help && (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		help = c == TOOL_OPTION_HELP;
		good = help || take(d, c, optarg, &err);
	}
	enum tool_exit result;
	if (help)
		result = tool_help(verb);
	else if (!good || !ready(d, &err))
		result = tool_usage(verb, "%s", err.text);
	else if (argc - optind != 1)
		result = tool_usage(verb, "name one directory");
	else
		result = run(d, argv[optind]);
	if (d) {
		audit_filter_done(&d->filter);
		buf_done(&d->note);
		buf_done(&d->name);
	}
	free(d);
	return result;
}

const struct tool_verb tool_sample = {
	.name = "sample",
	.usage = "--n N --seed S [--by rule|locale|day] [FILTER]... [--prove DIRECTORY] [--checkpoint FILE] "
		 "[--json] DIR",
	.help = "Draws N signed decisions at random, so that anybody can draw them again and nobody could "
		"choose "
		"them.\nEach entry has a key, SHA-256 over the lines <root>, <seed>, <index>; the lowest "
		"keys are "
		"drawn:\n"
		"  printf '%s\\n%s\\n%s\\n' ROOT SEED INDEX | sha256sum\n"
		"Choose the seed after the checkpoint was signed. With --by each stratum gets the same "
		"number; one "
		"that\nhas fewer entries gives the rest to the others. How many entries each has is on "
		"stderr.\n\n"
		"  --n N\n      how many, at most 10000\n"
		"  --seed S\n      any line of text\n"
		"  --by rule|locale|day\n      strata: the rules that intervened, the locale, the day (UTC)\n"
		"  --prove DIRECTORY\n      writes each entry and its .tlog-proof there: check-proof needs "
		"nothing "
		"else\n"
		"  --checkpoint FILE\n      draws from the log as this older checkpoint covers it: the same "
		"sample "
		"again, although\n      the log has grown\n"
		"  --json\n      logs and strata first, then one object a line for each draw\n"
		"Filters, when the entries are not to be all decisions:\n" TOOL_FILTER_HELP
		"\nExample: 200 interventions, stratified by rule, each with its proof\n"
		"  rankguard-audit sample --n 200 --seed \"dice 4 2 6 1\" --by rule --prove sample DIR\n",
	.run = sample,
};
