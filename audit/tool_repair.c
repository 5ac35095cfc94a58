/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/repair.h"
#include "audit/tool.h"
#include "audit/versions.h"

#include <getopt.h>
#include <stdio.h>

static void talk(void *ctx, char severity, const char *text)
{
	(void)ctx;
	(void)severity;
	fprintf(stderr, "rankguard-audit: %s\n", text);
}

static enum tool_exit tell(struct buf *text, enum tool_exit result)
{
	result = tool_answer(text, result);
	buf_done(text);
	return result;
}

static enum tool_exit repair_damage(const struct audit_repair_options *options, bool accept,
				    const struct err *what)
{
	struct buf text = {0};
	struct err err;
	if (!accept) {
		buf_printf(
			&text,
			"%s\n"
			"with --accept-gap: what can be read before it is signed, the journal is moved into "
			"quarantine/ as it is, and a new epoch begins with a gap entry that says what was "
			"lost. "
			"A copy of the damaged file that is whole would lose nothing: restore that first if "
			"you "
			"have one.\n",
			what->text);
		return tell(&text, TOOL_NO);
	}
	if (!audit_repair(options, &err))
		return tool_fail(&err);
	buf_printf(
		&text,
		"%s\nset aside; a new epoch began and names what was lost: run `rankguard-audit verify %s`\n",
		what->text, options->directory);
	return tell(&text, TOOL_YES);
}

static enum tool_exit run(const struct audit_repair_options *options, bool accept)
{
	struct err err = {""};
	struct buf text = {0};
	bool moved = false;
	switch (audit_repair_look(options, &err)) {
	case AUDIT_LOOK_FAILED:
		break;
	case AUDIT_LOOK_DAMAGED:
		return repair_damage(options, accept, &err);
	case AUDIT_LOOK_ABANDONED:
		buf_printf(&text, "%s\nthe writer begins a new epoch by itself; there is nothing to repair\n",
			   err.text);
		return tell(&text, TOOL_NO);
	case AUDIT_LOOK_WHOLE:
		if (accept && !audit_repair_finish(options, &moved, &err))
			return tool_fail(&err);
		buf_printf(&text,
			   moved ? "%s: a repair that was ended before is done now\n"
				 : "%s: nothing is damaged; there is nothing to repair\n",
			   options->directory);
		return tell(&text, moved || !accept ? TOOL_YES : TOOL_NO);
	}
	return tool_fail(&err);
}

static enum tool_exit repair(const struct tool_verb *verb, int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, TOOL_OPTION_HELP},
						{"accept-gap", no_argument, NULL, 'g'},
						{"audit-key", required_argument, NULL, 'k'},
						{"origin", required_argument, NULL, 'o'},
						{NULL, 0, NULL, 0}};
	struct buf versions = {0};
	struct audit_repair_options repair = {.talk = talk};
	bool accept = false;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == TOOL_OPTION_HELP)
			return tool_help(verb);
		if (c == 'g')
			accept = true;
		else if (c == 'k')
			repair.key_file = optarg;
		else if (c == 'o')
			repair.origin = optarg;
		else
			return tool_usage(verb, "wrong option");
	}
	if (argc - optind != 1)
		return tool_usage(verb, "name one directory");
	json_open(&versions, '{');
	json_key(&versions, "rankguard");
	json_text(&versions, RANKGUARD_VERSION);
	audit_versions(&versions);
	json_close(&versions, '}');
	repair.versions = buf_bytes(&versions);
	repair.directory = argv[optind];
	enum tool_exit result = run(&repair, accept);
	buf_done(&versions);
	return result;
}

const struct tool_verb tool_repair = {
	.name = "repair",
	.usage = "[--accept-gap] [--audit-key FILE] [--origin ORIGIN] DIR",
	.help = "Says whether the newest epoch is damaged so that its writer refuses it, and, with "
		"--accept-gap, sets\n"
		"the damage aside: nothing is deleted, and a new epoch begins whose gap entry says which "
		"entries were\n"
		"lost and holds a digest of what was set aside. The writer must be stopped. Refuses where "
		"nothing is\n"
		"damaged. Exit code 0: nothing is damaged, or it was set aside; 1: damaged, and what would "
		"be done.\n\n"
		"  --accept-gap       do it: what was lost is lost\n"
		"  --audit-key FILE   the key that signs this log (DIR/audit.key)\n"
		"  --origin ORIGIN    of the damaged epoch, where its log.id cannot be read\n",
	.run = repair,
};
