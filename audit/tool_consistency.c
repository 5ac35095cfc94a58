/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/base64.h"
#include "audit/given_key.h"
#include "audit/logdir.h"
#include "audit/proof.h"
#include "audit/tool.h"
#include "audit/tool_file.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

struct compared {
	struct audit_checkpoint old, now;
	struct audit_path path;
};

/* A checkpoint file as it stands in a log, or one line of an operator's central log. */
static bool to_note(struct bytes text, struct buf *note)
{
	if (audit_checkpoint_find(text, note))
		return true;
	buf_clear(note);
	buf_add_bytes(note, text);
	return !note->failed;
}

/* The epoch that signed it; count when it is not here. */
static size_t epoch_of(const struct audit_logdir *logdir, const char *origin, struct audit_reader *reader,
		       struct err *err)
{
	for (size_t i = 0; i < logdir->count; i++) {
		if (!audit_logdir_reader(logdir, i, reader, err))
			return i;
		if (strcmp(reader->identity.vkey.name, origin) == 0)
			return i;
		audit_reader_close(reader);
	}
	return logdir->count;
}

/* False: err says why the log does not begin with what was signed. */
static bool extends(struct audit_reader *reader, struct compared *compared, struct err *err)
{
	struct audit_hasher hasher;
	const struct audit_checkpoint *old = &compared->old, *now = &reader->checkpoint;
	compared->now = *now;
	if (old->size > now->size)
		return err_set(err,
			       "a checkpoint of %" PRIu64 " entries was signed; this log has %" PRIu64
			       ", so entries were cut off",
			       old->size, now->size);
	if (!audit_hasher_init(&hasher, err))
		return false;
	bool good = audit_prove_growth(reader, &hasher, old->size, now->size, &compared->path, err);
	if (good &&
	    !audit_path_extends(&hasher, &compared->path, old->size, &old->root, now->size, &now->root))
		good = err_set(err,
			       "the log does not begin with the %" PRIu64
			       " entries that were signed: it was changed below them, or its hash tiles are "
			       "damaged; run verify --checkpoints",
			       old->size);
	audit_hasher_done(&hasher);
	return good;
}

static void add_root(struct buf *text, const char *key, const struct audit_hash *root)
{
	struct buf base64 = {0};
	audit_base64_add(&base64, root->at, AUDIT_HASH_LEN);
	if (key)
		json_key(text, key);
	json_string(text, buf_bytes(&base64));
	buf_done(&base64);
}

static enum tool_exit answer_json(const struct compared *compared, const struct err *why)
{
	struct buf text = {0};
	json_open(&text, '{');
	json_key(&text, "consistent");
	json_bool(&text, !why);
	json_key(&text, "origin");
	json_text(&text, compared->old.origin);
	json_key(&text, "old_signed");
	json_uint(&text, compared->old.size);
	add_root(&text, "old_root", &compared->old.root);
	if (why) {
		json_key(&text, "why");
		json_text(&text, why->text);
	} else {
		json_key(&text, "signed");
		json_uint(&text, compared->now.size);
		add_root(&text, "root", &compared->now.root);
		json_key(&text, "path");
		json_open(&text, '[');
		for (unsigned i = 0; i < compared->path.len; i++)
			add_root(&text, NULL, &compared->path.hash[i]);
		json_close(&text, ']');
	}
	json_close(&text, '}');
	buf_add_text(&text, "\n");
	enum tool_exit result = tool_answer(&text, why ? TOOL_NO : TOOL_YES);
	buf_done(&text);
	return result;
}

static enum tool_exit answer(const struct compared *compared, bool good, const struct err *err, bool json)
{
	if (json)
		return answer_json(compared, good ? NULL : err);
	if (!good) {
		fprintf(stderr, "rankguard-audit: %s: %s\n", compared->old.origin, err->text);
		return TOOL_NO;
	}
	printf("%s: its %" PRIu64 " signed entries begin with the %" PRIu64 " that were signed then\n",
	       compared->old.origin, compared->now.size, compared->old.size);
	return tool_answer(&(struct buf){0}, TOOL_YES);
}

static enum tool_exit compare(const struct audit_logdir *logdir, struct bytes note,
			      const struct audit_vkey *key, bool json)
{
	struct compared compared = {.path.len = 0};
	struct audit_reader reader;
	struct bytes text, signatures;
	struct err err;
	bool good = audit_note_split(note, &text, &signatures, &err) &&
		    audit_checkpoint_parse(text, &compared.old, &err);
	if (!good) {
		fprintf(stderr, "rankguard-audit: OLD-CHECKPOINT: %s\n", err.text);
		return TOOL_NO;
	}
	size_t i = epoch_of(logdir, compared.old.origin, &reader, &err);
	if (i == logdir->count) {
		err_set(&err, "%s does not hold that log", logdir->path);
		return answer(&compared, false, &err, json);
	}
	if (reader.epoch < 0)
		return tool_fail(&err);
	const struct audit_vkey *trusted = key ? key : &reader.identity.vkey;
	good = memcmp(trusted->public, reader.identity.vkey.public, AUDIT_PUBLIC_LEN) == 0 ||
	       err_set(&err, "the log's key is not the one given");
	good = good && audit_given_key_open(trusted, note, &compared.old, &err) &&
	       extends(&reader, &compared, &err);
	audit_reader_close(&reader);
	return answer(&compared, good, &err, json);
}

static enum tool_exit run(const char *directory, const char *path, const struct audit_vkey *key, bool json)
{
	struct audit_logdir logdir;
	struct buf text = {0}, note = {0};
	struct err err;
	enum tool_exit result;
	if (!tool_file_read(path, AUDIT_NOTE_MAX, &text, &err) ||
	    !audit_logdir_open(&logdir, directory, &err)) {
		result = tool_fail(&err);
	} else {
		if (to_note(buf_bytes(&text), &note)) {
			result = compare(&logdir, buf_bytes(&note), key, json);
		} else {
			err_set(&err, "memory is short");
			result = tool_fail(&err);
		}
		audit_logdir_close(&logdir);
	}
	buf_done(&text);
	buf_done(&note);
	return result;
}

static enum tool_exit consistency(const struct tool_verb *verb, int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, TOOL_OPTION_HELP},
						{"json", no_argument, NULL, TOOL_OPTION_JSON},
						{"key", required_argument, NULL, TOOL_OPTION_KEY},
						{NULL, 0, NULL, 0}};
	const char *text = NULL;
	bool json = false;
	struct audit_vkey key;
	struct err err;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == TOOL_OPTION_HELP)
			return tool_help(verb);
		if (c == TOOL_OPTION_JSON)
			json = true;
		else if (c == TOOL_OPTION_KEY)
			text = optarg;
		else
			return tool_usage(verb, "wrong option");
	}
	if (argc - optind != 2)
		return tool_usage(verb, "name a directory and an old checkpoint");
	if (text && !audit_given_key(text, &key, &err))
		return tool_usage(verb, "--key: %s", err.text);
	return run(argv[optind], argv[optind + 1], text ? &key : NULL, json);
}

const struct tool_verb tool_consistency = {
	.name = "consistency",
	.usage = "[--key KEY] [--json] DIR OLD-CHECKPOINT",
	.help = "Shows that the log has only grown since an old checkpoint was signed: nothing below it was "
		"changed,\nremoved or put in. OLD-CHECKPOINT is a file with the signed note, or with one "
		"checkpoint "
		"line of the\ndaemon's stderr; - is stdin. Many at once: verify --checkpoints. Exit code 1 "
		"when "
		"not.\n\n"
		"  --key KEY  a verifier key, or PUB: and the base64 of a public key. Without it the key "
		"that "
		"the log\n             itself states is believed\n"
		"  --json     the answer as JSON, with the proof's path (RFC 6962, section 2.1.2)\n\n"
		"Example: against the line that was kept last month\n"
		"  grep checkpoint daemon.log | tail -n 1 | rankguard-audit consistency --key PUB:... DIR "
		"-\n",
	.run = consistency,
};
