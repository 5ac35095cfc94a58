/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/base64.h"
#include "audit/entry.h"
#include "audit/tool_place.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

/* One entry for people: each member on a line of its own, lists of plain values on one line. */
static void indent_json(struct buf *to, struct bytes json)
{
	int depth = 0;
	bool quoted = false;
	for (size_t i = 0; i < json.len; i++) {
		char c = json.at[i];
		bool opens = !quoted && (c == '{' || (c == '[' && i + 1 < json.len && json.at[i + 1] == '{'));
		bool closes = !quoted && (c == '}' || (c == ']' && json.at[i - 1] == '}'));
		bool parts = !quoted && c == ',' && i + 1 < json.len &&
			     ((json.at[i + 1] == '"' && depth > 0) || json.at[i + 1] == '{');
		if (closes)
			buf_printf(to, "\n%*s", 2 * --depth, "");
		buf_add(to, &c, 1);
		if (opens)
			depth++;
		if (opens || parts)
			buf_printf(to, "\n%*s", 2 * depth, "");
		if (quoted && c == '\\')
			buf_add(to, &json.at[++i], 1);
		else if (c == '"')
			quoted = !quoted;
		if (!quoted && c == ':')
			buf_add(to, " ", 1);
	}
	buf_add_text(to, "\n");
}

static void add_hash(struct buf *to, struct bytes leaf)
{
	struct audit_hasher hasher;
	struct err err;
	if (!audit_hasher_init(&hasher, &err)) {
		to->failed = true;
		return;
	}
	struct audit_hash hash = audit_hash_leaf(&hasher, leaf);
	audit_base64_add(to, hash.at, AUDIT_HASH_LEN);
	audit_hasher_done(&hasher);
}

static enum tool_exit answer(const struct audit_reader *reader, uint64_t index, struct bytes leaf, bool json)
{
	struct buf text = {0}, hash = {0};
	bool is_signed = index < reader->checkpoint.size;
	add_hash(&hash, leaf);
	if (json) {
		json_open(&text, '{');
		json_key(&text, "origin");
		json_text(&text, reader->identity.vkey.name);
		json_key(&text, "index");
		json_uint(&text, index);
		json_key(&text, "signed");
		json_bool(&text, is_signed);
		json_key(&text, "leaf_hash");
		json_string(&text, buf_bytes(&hash));
		json_key(&text, "entry");
		buf_add_bytes(&text, leaf);
		json_close(&text, '}');
		buf_add_text(&text, "\n");
	} else {
		buf_printf(&text, "receipt  %s/%" PRIu64 "\n", reader->identity.vkey.name, index);
		if (is_signed)
			buf_printf(&text, "state    under the checkpoint of %" PRIu64 " entries\n",
				   reader->checkpoint.size);
		else
			buf_add_text(&text, "state    in the journal, not signed yet\n");
		buf_printf(&text, "leaf     %.*s\n", BYTES_ARG(buf_bytes(&hash)));
		indent_json(&text, leaf);
	}
	enum tool_exit result = hash.failed ? TOOL_FAILED : tool_answer(&text, TOOL_YES);
	buf_done(&text);
	buf_done(&hash);
	return result;
}

/* An entry that was parted is shown with all its parts, whichever was named. */
static enum tool_exit show_whole(struct audit_reader *reader, uint64_t index, bool json)
{
	struct buf leaf = {0};
	struct audit_entry_head head = {.parts = 0};
	enum tool_exit result = tool_place_read(reader, index, &leaf);
	bool parted = result == TOOL_YES && audit_entry_read_head(buf_bytes(&leaf), &head, NULL) &&
		      head.parts > 0 && index + 1 >= head.part;
	uint64_t first = parted ? index + 1 - head.part : index,
		 end = parted ? first + head.parts : index + 1;
	for (uint64_t at = first; at < end && result == TOOL_YES; at++) {
		if (at != index || parted)
			result = tool_place_read(reader, at, &leaf);
		if (result == TOOL_YES)
			result = answer(reader, at, buf_bytes(&leaf), json);
	}
	buf_done(&leaf);
	return result;
}

static enum tool_exit show(const struct tool_verb *verb, int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, TOOL_OPTION_HELP},
						{"json", no_argument, NULL, TOOL_OPTION_JSON},
						{NULL, 0, NULL, 0}};
	struct audit_reader reader;
	bool json = false;
	uint64_t index;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == TOOL_OPTION_HELP)
			return tool_help(verb);
		if (c != TOOL_OPTION_JSON)
			return tool_usage(verb, "wrong option");
		json = true;
	}
	if (argc - optind != 2)
		return tool_usage(verb, "name a directory and an index");
	enum tool_exit result = tool_place_open(verb, argv[optind], argv[optind + 1], &reader, &index);
	if (result != TOOL_YES)
		return result;
	result = show_whole(&reader, index, json);
	audit_reader_close(&reader);
	return result;
}

const struct tool_verb tool_show = {
	.name = "show",
	.usage = "[--json] DIR INDEX",
	.help = "Shows one entry. INDEX is a number in the newest epoch, <epoch>/<number>, or a receipt as\n"
		"rankguard puts it into a response's metadata. Of a long entry that was written in parts all "
		"are\n"
		"shown.\n\n"
		"  --json   as one JSON object a part; its member `entry` is the leaf as it stands\n\n"
		"Example: what a response's receipt names\n"
		"  rankguard-audit show DIR example.org/reco/pod-a/0001/17\n",
	.run = show,
};
