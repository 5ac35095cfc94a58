/* SPDX-License-Identifier: Apache-2.0
 *
 * rankguard-audit replay: decisions that were recorded in full are decided again by the program of rules/, with the
 * rule text that the log itself holds, or with a candidate's.
 */
#include "audit/entry_member.h"
#include "audit/replay_compare.h"
#include "audit/replay_program.h"
#include "audit/tool.h"
#include "audit/tool_rules.h"
#include "audit/tool_walk.h"

#include <errno.h>
#include <ftw.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { SHOWN = 100 }; /* differences that are told one by one */

/* A ruleset of the log, as files. */
struct ruleset {
	struct ruleset *next;
	char digest[80];
	char path[PATH_MAX]; /* what the program loads */
};

/* What a candidate does otherwise, by rule. */
struct impact {
	struct impact *next;
	struct buf rule; /* as JSON */
	uint64_t no_longer, newly;
};

struct replay {
	const char *program, *candidate;
	struct audit_subject_key *key;
	char folder[PATH_MAX];
	struct audit_in_force in_force; /* the text of the last ruleset entry */
	struct ruleset *ruleset;	/* owned; the newest first */
	struct replay_program child;
	const char *running; /* path that the child loaded */
	unsigned epoch;

	/* the decision that is being read, in whatever parts */
	struct buf leaves, record;
	struct bytes *leaf;
	size_t count, room;
	uint64_t index;

	uint64_t decisions, replayed, different, without, failed, shown;
	struct impact *impact;
	bool json;
	struct buf answer;
};

/* ---- rulesets ---- */

/* A directory of *.cfg files is loaded as one; anything else was one file by its name. */
static bool loads_as_directory(const struct audit_in_force *f)
{
	struct bytes name = buf_bytes(&f->file[0].name);
	return name.len > 4 && memcmp(name.at + name.len - 4, ".cfg", 4) == 0 && name.at[0] != '.' &&
	       !(name.len >= 9 && memcmp(name.at + name.len - 9, "_test.cfg", 9) == 0);
}

static bool keep_ruleset(struct replay *r, struct err *err)
{
	const struct audit_in_force *f = &r->in_force;
	char folder[PATH_MAX];
	struct ruleset *made = calloc(1, sizeof *made);
	if (!made)
		return err_set(err, "memory is short");
	made->next = r->ruleset;
	r->ruleset = made;
	snprintf(made->digest, sizeof made->digest, "%.*s", BYTES_ARG(buf_bytes(&f->digest)));
	int len = snprintf(folder, sizeof folder, "%.200s/%04u-%" PRIu64, r->folder, f->epoch, f->index);
	if (len < 0 || (mkdir(folder, 0700) != 0 && errno != EEXIST))
		return err_set(err, "%s: cannot be made: %s", folder, strerror(errno));
	if (f->count == 0)
		return err_set(err, "entry %04u/%" PRIu64 ": a ruleset without files", f->epoch, f->index);
	if (loads_as_directory(f))
		snprintf(made->path, sizeof made->path, "%.300s", folder);
	else
		snprintf(made->path, sizeof made->path, "%.300s/%.*s", folder,
			 BYTES_ARG(buf_bytes(&f->file[0].name)));
	return tool_rules_write(f, folder, err);
}

static const struct ruleset *find_ruleset(const struct replay *r, struct bytes digest)
{
	for (const struct ruleset *at = r->ruleset; at; at = at->next)
		if (bytes_equal(bytes_of(at->digest), digest))
			return at;
	return NULL;
}

/* The program runs with the rules that decide this entry. */
static bool ready(struct replay *r, struct bytes digest, struct err *err)
{
	const struct ruleset *ruleset = r->candidate ? NULL : find_ruleset(r, digest);
	const char *rules = r->candidate ? r->candidate : ruleset ? ruleset->path : NULL;
	if (!rules)
		return err_set(err, "the log has no text of the ruleset %.*s", BYTES_ARG(digest));
	if (r->running == rules)
		return true;
	replay_program_stop(&r->child);
	r->running = NULL;
	if (!replay_program_start(&r->child, r->program, rules, err))
		return false;
	if (!ruleset || strcmp(r->child.ruleset, ruleset->digest) == 0)
		r->running = rules;
	if (!r->running)
		return err_set(err,
			       "the text of the ruleset in the log has digest %s, not %s as its entry says",
			       r->child.ruleset, ruleset->digest);
	return true;
}

/* ---- telling ---- */

static void tell(struct replay *r, const char *kind, struct bytes what)
{
	if (r->shown++ >= SHOWN)
		return;
	if (!r->json) {
		buf_printf(&r->answer, "%04u/%" PRIu64 ": %s: %.*s\n", r->epoch, r->index, kind,
			   BYTES_ARG(what));
		return;
	}
	json_open(&r->answer, '{');
	json_key(&r->answer, "epoch");
	json_uint(&r->answer, r->epoch);
	json_key(&r->answer, "index");
	json_uint(&r->answer, r->index);
	json_key(&r->answer, "kind");
	json_text(&r->answer, kind);
	json_key(&r->answer, "what");
	json_string(&r->answer, what);
	json_close(&r->answer, '}');
}

static void count_impact(void *ctx, struct bytes rule, bool now)
{
	struct replay *r = ctx;
	struct impact **at = &r->impact;
	while (*at && bytes_compare(buf_bytes(&(*at)->rule), rule) < 0)
		at = &(*at)->next;
	if (!*at || !bytes_equal(buf_bytes(&(*at)->rule), rule)) {
		struct impact *made = calloc(1, sizeof *made);
		if (!made) {
			r->answer.failed = true;
			return;
		}
		buf_add_bytes(&made->rule, rule);
		made->next = *at;
		*at = made;
	}
	(*at)->newly += now;
	(*at)->no_longer += !now;
}

/* ---- one decision ---- */

static void compare(struct replay *r, struct bytes answer)
{
	struct replay_sides sides = {.key = r->key, .logged = r->leaf[0], .answer = answer};
	struct buf what = {0};
	bool same;
	entry_view_read(&sides.was, r->leaf, r->count);
	entry_view_read(&sides.is, &answer, 1);
	r->answer.failed |= sides.was.failed || sides.is.failed;
	if (r->candidate) {
		size_t differ = replay_effect(&sides, count_impact, r);
		same = differ == 0 &&
		       bytes_equal(entry_member(r->leaf[0], "rejected"), entry_member(answer, "rejected"));
		buf_printf(&what, "%zu intervention%s", differ, differ == 1 ? "" : "s");
	} else {
		same = replay_same(&sides, &what);
	}
	r->different += !same;
	if (!same)
		tell(r, "different", buf_bytes(&what));
	buf_done(&what);
	entry_view_done(&sides.was);
	entry_view_done(&sides.is);
}

static bool decide_again(struct replay *r, struct err *err)
{
	struct buf digest = {0}, why = {0};
	struct bytes answer;
	struct err problem;
	bool good = entry_text(entry_member(r->leaf[0], "ruleset"), &digest) &&
		    ready(r, buf_bytes(&digest), &problem);
	if (good && !replay_program_ask(&r->child, buf_bytes(&r->record), &answer, err)) {
		buf_done(&digest);
		return false;
	}
	if (!good) {
		r->failed++;
		tell(r, "failed", bytes_of(digest.len ? problem.text : "it names no ruleset"));
	} else if (entry_text(entry_member(answer, "error"), &why)) {
		r->failed++;
		tell(r, "failed", buf_bytes(&why));
	} else {
		r->replayed++;
		compare(r, answer);
	}
	buf_done(&digest);
	buf_done(&why);
	return true;
}

/* All parts are there: their records are one text. */
static bool whole(struct replay *r, struct err *err)
{
	size_t from = 0;
	buf_clear(&r->record);
	for (size_t i = 0; i < r->count; i++) { /* their place is known only now that the buffer rests */
		r->leaf[i].at = r->leaves.at + from;
		from += r->leaf[i].len;
		struct bytes piece = entry_member(r->leaf[i], "record");
		if (bytes_present(piece) && !entry_text(piece, &r->record))
			return err_set(err, "entry %" PRIu64 ": its record is no text", r->index);
	}
	if (r->leaves.failed || r->record.failed)
		return err_set(err, "memory is short");
	r->decisions++;
	if (r->record.len == 0)
		r->without++;
	return r->record.len == 0 || decide_again(r, err);
}

static bool add_leaf(struct replay *r, struct bytes leaf, struct err *err)
{
	if (r->count == r->room) {
		size_t want = r->room ? 2 * r->room : 8;
		struct bytes *grown = realloc(r->leaf, want * sizeof *grown);
		if (!grown)
			return err_set(err, "memory is short");
		r->leaf = grown;
		r->room = want;
	}
	buf_add_bytes(&r->leaves, leaf);
	r->leaf[r->count++] = (struct bytes){NULL, leaf.len};
	return true;
}

static bool see(void *ctx, uint64_t index, struct bytes leaf, struct err *err)
{
	struct replay *r = ctx;
	struct audit_entry_head head;
	if (!audit_entry_read_head(leaf, &head, err))
		return err_within(err, "entry %" PRIu64, index);
	if (!audit_in_force_leaf(&r->in_force, index, leaf, err))
		return false;
	if (bytes_equal(head.type, BYTES_LITERAL("ruleset")) && head.part == head.parts)
		return keep_ruleset(r, err);
	if (!bytes_equal(head.type, BYTES_LITERAL("decision")))
		return true;
	if (head.part <= 1) {
		r->index = index;
		r->count = 0;
		buf_clear(&r->leaves);
	}
	return add_leaf(r, leaf, err) && (head.part < head.parts || whole(r, err));
}

static bool begin(void *ctx, struct audit_reader *reader, struct err *err)
{
	struct replay *r = ctx;
	(void)err;
	r->epoch = r->in_force.line.epoch = reader->number;
	return true;
}

/* ---- the answer ---- */

static void number(struct replay *r, const char *key, uint64_t value)
{
	json_key(&r->answer, key);
	json_uint(&r->answer, value);
}

static void end_json(struct replay *r)
{
	json_close(&r->answer, ']');
	number(r, "decisions", r->decisions);
	number(r, "replayed", r->replayed);
	number(r, "different", r->different);
	number(r, "failed", r->failed);
	number(r, "without_record", r->without);
	if (r->candidate) {
		json_key(&r->answer, "rules");
		json_open(&r->answer, '[');
		for (const struct impact *at = r->impact; at; at = at->next) {
			buf_add_text(&r->answer, at == r->impact ? "{\"rule\":" : ",{\"rule\":");
			buf_add_bytes(&r->answer, buf_bytes(&at->rule));
			number(r, "no_longer", at->no_longer);
			number(r, "newly", at->newly);
			json_close(&r->answer, '}');
		}
		json_close(&r->answer, ']');
	}
	json_close(&r->answer, '}');
	buf_add_text(&r->answer, "\n");
}

static void end_text(struct replay *r)
{
	if (r->shown > SHOWN)
		buf_printf(&r->answer, "... and %" PRIu64 " more\n", r->shown - SHOWN);
	for (const struct impact *at = r->impact; at; at = at->next)
		buf_printf(&r->answer, "rule %.*s: %" PRIu64 " interventions no longer, %" PRIu64 " newly\n",
			   BYTES_ARG(buf_bytes(&at->rule)), at->no_longer, at->newly);
	buf_printf(&r->answer,
		   "%" PRIu64 " decisions: %" PRIu64 " decided again, %" PRIu64 " of them different; %" PRIu64
		   " failed, %" PRIu64 " without a record\n",
		   r->decisions, r->replayed, r->different, r->failed, r->without);
}

static enum tool_exit conclude(struct replay *r)
{
	if (r->json)
		end_json(r);
	else
		end_text(r);
	if (r->decisions > 0 && r->replayed == 0)
		fputs("rankguard-audit: no decision has a record; the sidecar writes them with audit.record "
		      "= "
		      "\"full\"\n",
		      stderr);
	bool good = r->different == 0 && r->failed == 0 && (r->replayed > 0 || r->decisions == 0);
	return tool_answer(&r->answer, good ? TOOL_YES : TOOL_NO);
}

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *ftw)
{
	(void)stat;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static void done(struct replay *r)
{
	replay_program_stop(&r->child);
	for (struct ruleset *next; r->ruleset; r->ruleset = next) {
		next = r->ruleset->next;
		free(r->ruleset);
	}
	for (struct impact *next; r->impact; r->impact = next) {
		next = r->impact->next;
		buf_done(&r->impact->rule);
		free(r->impact);
	}
	if (r->folder[0])
		nftw(r->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	audit_in_force_done(&r->in_force);
	audit_subject_key_free(r->key);
	buf_done(&r->leaves);
	buf_done(&r->record);
	buf_done(&r->answer);
	free(r->leaf);
}

static bool make_folder(struct replay *r, struct err *err)
{
	const char *base = getenv("TMPDIR");
	snprintf(r->folder, sizeof r->folder, "%.150s/rankguard-replay-XXXXXX",
		 base && *base ? base : "/tmp");
	if (mkdtemp(r->folder))
		return true;
	r->folder[0] = '\0';
	return err_set(err, "a folder for rules cannot be made: %s", strerror(errno));
}

static enum tool_exit run(struct replay *r, const char *path, const char *key)
{
	struct tool_walk walk = {.journal = true, .begin = begin, .see = see, .ctx = r};
	struct err err;
	enum tool_exit result;
	signal(SIGPIPE, SIG_IGN); /* a child that ends is an error like others */
	r->in_force.at_ns = INT64_MAX;
	if (r->json)
		buf_add_text(&r->answer, "{\"differences\":[");
	if (key)
		r->key = audit_subject_key_load(key, &err);
	if ((key && !r->key) || !make_folder(r, &err) || !tool_walk_path(&walk, path, &err))
		result = tool_fail(&err);
	else
		result = conclude(r);
	done(r);
	return result;
}

static enum tool_exit replay(const struct tool_verb *verb, int argc, char **argv)
{
	static const struct option options[] = {
		{"help", no_argument, NULL, TOOL_OPTION_HELP},
		{"json", no_argument, NULL, TOOL_OPTION_JSON},
		{"rules", required_argument, NULL, TOOL_OPTION_RULES},
		{"rules-program", required_argument, NULL, TOOL_OPTION_PROGRAM},
		{"subject-key", required_argument, NULL, TOOL_OPTION_SUBJECT_KEY},
		{NULL, 0, NULL, 0},
	};
	struct replay r = {.json = false};
	const char *key = NULL;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == TOOL_OPTION_HELP)
			return tool_help(verb);
		if (c == TOOL_OPTION_JSON)
			r.json = true;
		else if (c == TOOL_OPTION_RULES)
			r.candidate = optarg;
		else if (c == TOOL_OPTION_PROGRAM)
			r.program = optarg;
		else if (c == TOOL_OPTION_SUBJECT_KEY)
			key = optarg;
		else
			return tool_usage(verb, "wrong option");
	}
	if (argc - optind != 1)
		return tool_usage(verb, "name one directory");
	return run(&r, argv[optind], key);
}

const struct tool_verb tool_replay = {
	.name = "replay",
	.usage = "[--rules CANDIDATE] [--subject-key FILE] [--rules-program FILE] [--json] DIR",
	.help = "Decides again what the log recorded in full (audit.record = \"full\"), by the rule text "
		"that the\n"
		"log holds and the code of rankguard-rules, and says where the outcome is not the same bit "
		"for\n"
		"bit. It does not verify the log: run verify before.\n\n"
		"  --rules CANDIDATE      decides by these rules instead, and says what they would do "
		"otherwise:\n"
		"                         by rule, the interventions that are no longer made and those that "
		"are new\n"
		"  --subject-key FILE     the deployment's key: texts are held against their digests, too\n"
		"  --rules-program FILE   the program that decides; default: rankguard-rules beside this "
		"program,\n"
		"                         or in PATH\n"
		"  --json                 the answer as one JSON object\n\n"
		"Exit codes: 0 the same, 1 something differs or could not be decided, 2 wrong usage, 3 the "
		"system "
		"failed.\n",
	.run = replay,
};
