/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/tool_file.h"
#include "audit/tool_place.h"
#include "audit/tool_proof.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

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
	const struct tool_anchor anchor = {reader->checkpoint, buf_bytes(&reader->note)};
	if (!tool_proof_make(reader, &anchor, index, &proof, &err)) {
		err_within(&err, "%s", reader->identity.vkey.name);
		fprintf(stderr, "rankguard-audit: %s\n", err.text);
		result = TOOL_NO;
	}
	if (result == TOOL_YES && asked->entry) {
		result = tool_proof_entry(reader, index, &entry);
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
