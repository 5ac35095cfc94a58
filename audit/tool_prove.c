/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/proof.h"
#include "audit/tool_file.h"
#include "audit/tool_place.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

/* A proof that would not be accepted is not handed out: then the files are damaged, and verify says where. */
static bool prove_entry(struct audit_reader *reader, uint64_t index, struct buf *proof, struct err *err)
{
	struct audit_hasher hasher;
	struct audit_path path;
	struct audit_hash leaf;
	if (!audit_hasher_init(&hasher, err))
		return false;
	bool good = audit_prove_leaf(reader, index, &leaf, err) &&
		    audit_prove_entry(reader, &hasher, index, reader->checkpoint.size, &path, err);
	if (good && !audit_path_includes(&hasher, &path, index, &leaf, reader->checkpoint.size,
					 &reader->checkpoint.root))
		good = err_set(err, "the hash tiles do not make the root that was signed; run verify");
	if (good)
		audit_proof_text(&path, index, buf_bytes(&reader->note), proof);
	audit_hasher_done(&hasher);
	return good && (!proof->failed || err_set(err, "memory is short"));
}

/* The entry itself, held against the proof's leaf. */
static enum tool_exit entry_of(struct audit_reader *reader, uint64_t index, struct buf *entry)
{
	struct audit_hasher hasher;
	struct audit_hash leaf, signed_leaf;
	struct err err;
	enum tool_exit result = tool_place_read(reader, index, entry);
	if (result != TOOL_YES)
		return result;
	if (!audit_hasher_init(&hasher, &err))
		return tool_fail(&err);
	leaf = audit_hash_leaf(&hasher, buf_bytes(entry));
	audit_hasher_done(&hasher);
	if (!audit_prove_leaf(reader, index, &signed_leaf, &err))
		return tool_fail(&err);
	if (audit_hash_equal(&leaf, &signed_leaf))
		return TOOL_YES;
	fprintf(stderr, "rankguard-audit: entry %" PRIu64 " is not the one that was signed; run verify\n",
		index);
	return TOOL_NO;
}

struct asked {
	const char *output, *entry;
	bool json;
};

static enum tool_exit answer(const struct asked *asked, struct bytes proof)
{
	struct buf text = {0};
	struct err err;
	enum tool_exit result = TOOL_YES;
	if (asked->output && !tool_file_write(asked->output, proof, &err))
		return tool_fail(&err);
	if (asked->json) {
		json_open(&text, '{');
		json_key(&text, "proof");
		json_string(&text, proof);
		json_close(&text, '}');
		buf_add_text(&text, "\n");
	} else if (!asked->output) {
		buf_add_bytes(&text, proof);
	}
	result = tool_answer(&text, TOOL_YES);
	buf_done(&text);
	return result;
}

static enum tool_exit prove_in(struct audit_reader *reader, uint64_t index, const struct asked *asked)
{
	struct buf proof = {0}, entry = {0};
	struct err err;
	enum tool_exit result = TOOL_YES;
	if (index >= reader->checkpoint.size) {
		fprintf(stderr,
			"rankguard-audit: %s: entry %" PRIu64 " is not signed; %" PRIu64 " entries are\n",
			reader->identity.vkey.name, index, reader->checkpoint.size);
		return TOOL_NO;
	}
	if (!prove_entry(reader, index, &proof, &err)) {
		err_within(&err, "%s", reader->identity.vkey.name);
		fprintf(stderr, "rankguard-audit: %s\n", err.text);
		result = TOOL_NO;
	}
	if (result == TOOL_YES && asked->entry) {
		result = entry_of(reader, index, &entry);
		if (result == TOOL_YES && !tool_file_write(asked->entry, buf_bytes(&entry), &err))
			result = tool_fail(&err);
	}
	if (result == TOOL_YES)
		result = answer(asked, buf_bytes(&proof));
	buf_done(&proof);
	buf_done(&entry);
	return result;
}

static enum tool_exit prove(const struct tool_verb *verb, int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, TOOL_OPTION_HELP},
						{"json", no_argument, NULL, TOOL_OPTION_JSON},
						{"output", required_argument, NULL, TOOL_OPTION_OUTPUT},
						{"entry", required_argument, NULL, TOOL_OPTION_ENTRY},
						{NULL, 0, NULL, 0}};
	struct asked asked = {NULL, NULL, false};
	struct audit_reader reader;
	uint64_t index;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == TOOL_OPTION_HELP)
			return tool_help(verb);
		if (c == TOOL_OPTION_JSON)
			asked.json = true;
		else if (c == TOOL_OPTION_OUTPUT)
			asked.output = optarg;
		else if (c == TOOL_OPTION_ENTRY)
			asked.entry = optarg;
		else
			return tool_usage(verb, "wrong option");
	}
	if (argc - optind != 2)
		return tool_usage(verb, "name a directory and an index");
	enum tool_exit result = tool_place_open(verb, argv[optind], argv[optind + 1], &reader, &index);
	if (result != TOOL_YES)
		return result;
	result = prove_in(&reader, index, &asked);
	audit_reader_close(&reader);
	return result;
}

const struct tool_verb tool_prove = {
	.name = "prove",
	.usage = "[--output FILE] [--entry FILE] [--json] DIR INDEX",
	.help = "Writes a proof that one entry stands in the log under its signed checkpoint: a C2SP "
		".tlog-proof, "
		"which\nneeds neither the log nor the network to be checked. INDEX is a number in the newest "
		"epoch,\n"
		"<epoch>/<number>, or a receipt.\n\n"
		"  --output FILE  the proof to a file, which appears whole or not at all; stdout otherwise\n"
		"  --entry FILE   also the entry itself, byte for byte\n"
		"  --json         the proof as the member of an object\n\n"
		"Example: carry entry 17 away, with what proves it\n"
		"  rankguard-audit prove --output 17.tlog-proof --entry 17.json DIR 17\n",
	.run = prove,
};
