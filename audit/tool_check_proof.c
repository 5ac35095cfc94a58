/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/base64.h"
#include "audit/given_key.h"
#include "audit/proof.h"
#include "audit/tool.h"
#include "audit/tool_file.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

struct checked {
	uint64_t index;
	struct audit_checkpoint checkpoint;
};

/* An entry holds no newline; one at the end is an editor's or an export's. */
static struct bytes without_newline(struct bytes entry)
{
	if (entry.len > 0 && entry.at[entry.len - 1] == '\n')
		entry.len--;
	return entry;
}

static bool check(struct bytes proof, struct bytes entry, const struct audit_vkey *key,
		  struct checked *checked, struct err *err)
{
	struct audit_path path;
	struct audit_hasher hasher;
	struct bytes note;
	if (!audit_proof_parse(proof, &path, &checked->index, &note, err) ||
	    !audit_given_key_open(key, note, &checked->checkpoint, err) || !audit_hasher_init(&hasher, err))
		return false;
	struct audit_hash leaf = audit_hash_leaf(&hasher, entry);
	bool good = audit_path_includes(&hasher, &path, checked->index, &leaf, checked->checkpoint.size,
					&checked->checkpoint.root);
	audit_hasher_done(&hasher);
	return good || err_set(err,
			       "the path does not lead from this entry to the signed root; it is not entry "
			       "%" PRIu64 " of that log",
			       checked->index);
}

static void answer(const struct checked *checked, bool json, struct buf *text)
{
	struct buf root = {0};
	audit_base64_add(&root, checked->checkpoint.root.at, AUDIT_HASH_LEN);
	if (json) {
		json_open(text, '{');
		json_key(text, "proven");
		json_bool(text, true);
		json_key(text, "origin");
		json_text(text, checked->checkpoint.origin);
		json_key(text, "index");
		json_uint(text, checked->index);
		json_key(text, "signed");
		json_uint(text, checked->checkpoint.size);
		json_key(text, "root");
		json_string(text, buf_bytes(&root));
		json_close(text, '}');
		buf_add_text(text, "\n");
	} else {
		buf_printf(text,
			   "proven   entry %" PRIu64 " of %s\nsigned   %" PRIu64 " entries, root %.*s\n",
			   checked->index, checked->checkpoint.origin, checked->checkpoint.size,
			   BYTES_ARG(buf_bytes(&root)));
	}
	buf_done(&root);
}

/* What is no proof is as much a "no" as one that does not hold: both files are somebody's claim. */
static enum tool_exit refuse(const char *path, const struct err *err, bool json)
{
	struct buf text = {0};
	if (!json) {
		fprintf(stderr, "rankguard-audit: %s: %s\n", path, err->text);
		return TOOL_NO;
	}
	json_open(&text, '{');
	json_key(&text, "proven");
	json_bool(&text, false);
	json_key(&text, "why");
	json_text(&text, err->text);
	json_close(&text, '}');
	buf_add_text(&text, "\n");
	enum tool_exit result = tool_answer(&text, TOOL_NO);
	buf_done(&text);
	return result;
}

static enum tool_exit run(const char *path, const char *entry_path, const struct audit_vkey *key, bool json)
{
	struct buf proof = {0}, entry = {0}, text = {0};
	struct checked checked;
	struct err err;
	enum tool_exit result;
	if (!tool_file_read(path, AUDIT_PROOF_MAX, &proof, &err) ||
	    !tool_file_read(entry_path, AUDIT_ENTRY_MAX + 1, &entry, &err)) {
		result = tool_fail(&err);
	} else if (!check(buf_bytes(&proof), without_newline(buf_bytes(&entry)), key, &checked, &err)) {
		result = refuse(path, &err, json);
	} else {
		answer(&checked, json, &text);
		result = tool_answer(&text, TOOL_YES);
	}
	buf_done(&proof);
	buf_done(&entry);
	buf_done(&text);
	return result;
}

static enum tool_exit check_proof(const struct tool_verb *verb, int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, TOOL_OPTION_HELP},
						{"json", no_argument, NULL, TOOL_OPTION_JSON},
						{"entry", required_argument, NULL, TOOL_OPTION_ENTRY},
						{"key", required_argument, NULL, TOOL_OPTION_KEY},
						{NULL, 0, NULL, 0}};
	const char *entry = NULL, *text = NULL;
	bool json = false;
	struct audit_vkey key;
	struct err err;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == TOOL_OPTION_HELP)
			return tool_help(verb);
		if (c == TOOL_OPTION_JSON)
			json = true;
		else if (c == TOOL_OPTION_ENTRY)
			entry = optarg;
		else if (c == TOOL_OPTION_KEY)
			text = optarg;
		else
			return tool_usage(verb, "wrong option");
	}
	if (argc - optind != 1)
		return tool_usage(verb, "name one proof");
	if (!entry)
		return tool_usage(verb, "name the entry that it is said to prove: --entry FILE");
	if (!text)
		return tool_usage(verb, "name the key that you trust: --key VKEY");
	if (!audit_given_key(text, &key, &err))
		return tool_usage(verb, "--key: %s", err.text);
	return run(argv[optind], entry, &key, json);
}

const struct tool_verb tool_check_proof = {
	.name = "check-proof",
	.usage = "--entry FILE --key KEY [--json] PROOF",
	.help = "Checks, with nothing but these files, that an entry stands in a log: the checkpoint inside "
		"the\n"
		"proof is signed by the key, and the path leads from the entry to its root. Exit code 1 when "
		"not.\n\n"
		"  --entry FILE  the entry, as `prove --entry` or a line of an export has it; - is stdin\n"
		"  --key KEY     a verifier key, or PUB: and the base64 of a public key\n"
		"  --json        the answer as JSON\n\n"
		"Example:\n"
		"  rankguard-audit check-proof --entry 17.json --key PUB:... 17.tlog-proof\n",
	.run = check_proof,
};
