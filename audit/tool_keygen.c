/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/key.h"
#include "audit/pseudonym.h"
#include "audit/tool.h"

#include <getopt.h>
#include <stdio.h>

static enum tool_exit keygen_subject(const char *path)
{
	struct err err;
	if (!audit_subject_key_create(path, &err))
		return tool_fail(&err);
	fprintf(stderr,
		"%s: a new subject key. Whoever holds it can find a user's entries; without it nobody can.\n",
		path);
	return TOOL_YES;
}

static enum tool_exit keygen_audit(const char *path, const char *name, bool json)
{
	struct audit_vkey vkey;
	struct err err;
	struct buf answer = {0};
	char text[AUDIT_VKEY_LEN + 1];
	if (!audit_key_create(path, bytes_of(name), &vkey, &err))
		return tool_fail(&err);
	audit_vkey_text(&vkey, text);
	if (json) {
		json_open(&answer, '{');
		json_key(&answer, "file");
		json_text(&answer, path);
		json_key(&answer, "vkey");
		json_text(&answer, text);
		json_close(&answer, '}');
		buf_add_text(&answer, "\n");
	} else {
		buf_printf(&answer, "%s\n", text);
	}
	fprintf(stderr, "%s: a new audit key. Its verifier key is on stdout: give that to your auditors.\n",
		path);
	enum tool_exit result = tool_answer(&answer, TOOL_YES);
	buf_done(&answer);
	return result;
}

static enum tool_exit keygen(const struct tool_verb *verb, int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, TOOL_OPTION_HELP},
						{"json", no_argument, NULL, TOOL_OPTION_JSON},
						{"subject", no_argument, NULL, TOOL_OPTION_SUBJECT},
						{"name", required_argument, NULL, TOOL_OPTION_NAME},
						{NULL, 0, NULL, 0}};
	bool subject = false, json = false;
	const char *name = "rankguard";
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == TOOL_OPTION_HELP)
			return tool_help(verb);
		if (c == TOOL_OPTION_JSON)
			json = true;
		else if (c == TOOL_OPTION_SUBJECT)
			subject = true;
		else if (c == TOOL_OPTION_NAME)
			name = optarg;
		else
			return tool_usage(verb, "wrong option");
	}
	if (argc - optind != 1)
		return tool_usage(verb, "name one file to make");
	return subject ? keygen_subject(argv[optind]) : keygen_audit(argv[optind], name, json);
}

const struct tool_verb tool_keygen = {
	.name = "keygen",
	.usage = "[--name NAME] [--subject] [--json] FILE",
	.help = "Makes a new key file with mode 0400; a file that exists is never overwritten.\n\n"
		"  (nothing)      an Ed25519 audit key in Go's note form; its verifier key is the answer\n"
		"  --name NAME    the key's name in the file; a log signs under its own origin all the same\n"
		"  --subject      a subject key for pseudonyms and digests: 64 hex digits\n"
		"  --json         the answer as JSON\n\n"
		"Example:\n"
		"  rankguard-audit keygen --name example.org/reco /etc/rankguard/audit.key\n",
	.run = keygen,
};
