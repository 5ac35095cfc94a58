/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/tool_rules.h"

#include "audit/tool.h"
#include "audit/tool_file.h"
#include "audit/tool_walk.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

static bool begin(void *ctx, struct audit_reader *reader, struct err *err)
{
	struct audit_in_force *f = ctx;
	(void)err;
	f->line.epoch = reader->number;
	return true;
}

static bool see(void *ctx, uint64_t index, struct bytes leaf, struct err *err)
{
	return audit_in_force_leaf(ctx, index, leaf, err);
}

/* The log says how its files are called: a path below a folder, never a place outside. */
static bool name_safe(struct bytes name)
{
	size_t start = 0;
	for (size_t i = 0; i <= name.len; i++) {
		if (i < name.len && name.at[i] == '\0')
			return false;
		if (i < name.len && name.at[i] != '/')
			continue;
		struct bytes word = {name.at + start, i - start};
		if (word.len == 0 || bytes_equal(word, BYTES_LITERAL(".")) ||
		    bytes_equal(word, BYTES_LITERAL("..")))
			return false;
		start = i + 1;
	}
	return true;
}

/* The folders above a path, from `from` on. */
static bool make_folders(char *path, size_t from, struct err *err)
{
	for (char *slash = path + from; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		bool made = mkdir(path, 0777) == 0 || errno == EEXIST;
		if (!made)
			err_set(err, "%s: cannot be made: %s", path, strerror(errno));
		*slash = '/';
		if (!made)
			return false;
	}
	return true;
}

bool tool_rules_write(const struct audit_in_force *f, const char *directory, struct err *err)
{
	char path[PATH_MAX];
	for (size_t i = 0; i < f->count; i++) {
		struct bytes name = buf_bytes(&f->file[i].name);
		if (!name_safe(name))
			return err_set(err,
				       "\"%.*s\" is not the name of a file below a folder; --json shows it",
				       BYTES_ARG(name));
		int len = snprintf(path, sizeof path, "%s/%.*s", directory, BYTES_ARG(name));
		if (len < 0 || (size_t)len >= sizeof path)
			return err_set(err, "%s: is too long a name", directory);
		if (!make_folders(path, strlen(directory), err) ||
		    !tool_file_write(path, buf_bytes(&f->file[i].text), err))
			return false;
	}
	return true;
}

static void head_json(const struct audit_in_force *f, struct buf *text)
{
	char since[TIME_TEXT_LEN + 1];
	time_format(f->since_ns, since);
	json_key(text, "since");
	json_text(text, since);
	json_key(text, "epoch");
	json_uint(text, f->epoch);
	json_key(text, "index");
	json_uint(text, f->index);
	json_key(text, "name");
	json_string(text, buf_bytes(&f->name));
	json_key(text, "version");
	json_string(text, buf_bytes(&f->version));
	json_key(text, "digest");
	json_string(text, buf_bytes(&f->digest));
}

static void answer_json(const struct audit_in_force *f, bool texts, struct buf *text)
{
	json_open(text, '{');
	head_json(f, text);
	json_key(text, "files");
	json_open(text, '[');
	for (size_t i = 0; i < f->count; i++) {
		json_open(text, '{');
		json_key(text, "name");
		json_string(text, buf_bytes(&f->file[i].name));
		json_key(text, "bytes");
		json_uint(text, f->file[i].text.len);
		if (texts) {
			json_key(text, "text");
			json_string(text, buf_bytes(&f->file[i].text));
		}
		json_close(text, '}');
	}
	json_close(text, ']');
	json_close(text, '}');
	buf_add_text(text, "\n");
}

static void answer_text(const struct audit_in_force *f, bool texts, struct buf *text)
{
	char since[TIME_TEXT_LEN + 1];
	time_format(f->since_ns, since);
	buf_printf(text, "ruleset  %.*s %.*s\ndigest   %.*s (made by these files)\nsince    %s, entry ",
		   BYTES_ARG(buf_bytes(&f->name)), BYTES_ARG(buf_bytes(&f->version)),
		   BYTES_ARG(buf_bytes(&f->digest)), since);
	if (f->epoch)
		buf_printf(text, "%04u/", f->epoch);
	buf_printf(text, "%" PRIu64 "\n", f->index);
	for (size_t i = 0; i < f->count; i++) {
		const struct audit_in_force_file *file = &f->file[i];
		buf_printf(text, texts ? "==> %.*s, %zu bytes <==\n" : "file     %.*s, %zu bytes\n",
			   BYTES_ARG(buf_bytes(&file->name)), file->text.len);
		if (texts)
			buf_add_bytes(text, buf_bytes(&file->text));
	}
}

static enum tool_exit answer(struct audit_in_force *f, const char *directory, bool json)
{
	struct buf text = {0};
	struct err err;
	if (directory && !tool_rules_write(f, directory, &err))
		return tool_fail(&err);
	if (json)
		answer_json(f, !directory, &text);
	else
		answer_text(f, !directory, &text);
	enum tool_exit result = tool_answer(&text, TOOL_YES);
	buf_done(&text);
	return result;
}

static enum tool_exit run(struct audit_in_force *f, const char *path, const char *directory, bool json)
{
	struct tool_walk walk = {.journal = true, .begin = begin, .see = see, .ctx = f};
	struct err err;
	enum tool_exit result;
	if (!tool_walk_path(&walk, path, &err)) {
		result = tool_fail(&err);
	} else if (!audit_in_force_end(f, &err)) {
		fprintf(stderr, "rankguard-audit: %s\n", err.text);
		result = TOOL_NO;
	} else {
		result = answer(f, directory, json);
	}
	audit_in_force_done(f);
	return result;
}

static enum tool_exit rules(const struct tool_verb *verb, int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, TOOL_OPTION_HELP},
						{"json", no_argument, NULL, TOOL_OPTION_JSON},
						{"at", required_argument, NULL, TOOL_OPTION_AT},
						{"output", required_argument, NULL, TOOL_OPTION_OUTPUT},
						{NULL, 0, NULL, 0}};
	struct audit_in_force in_force = {.at_ns = 0};
	struct audit_filter at = {0}; /* its --since is our --at */
	const char *directory = NULL;
	struct err err;
	bool json = false;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == TOOL_OPTION_HELP)
			return tool_help(verb);
		if (c == TOOL_OPTION_JSON)
			json = true;
		else if (c == TOOL_OPTION_OUTPUT)
			directory = optarg;
		else if (c != TOOL_OPTION_AT)
			return tool_usage(verb, "wrong option");
		else if (!tool_filter(&at, TOOL_OPTION_FILTER + AUDIT_FILTER_SINCE, optarg, &err))
			return tool_usage(verb,
					  "--at: \"%s\" is not a time; write 2026-03-01T08:00:00Z, or 7d "
					  "for seven days ago",
					  optarg);
	}
	if (!at.wanted)
		return tool_usage(verb, "name a time: --at 2026-03-01T08:00:00Z");
	if (argc - optind != 1)
		return tool_usage(verb, "name one directory");
	in_force.at_ns = at.since_ns;
	return run(&in_force, argv[optind], directory, json);
}

const struct tool_verb tool_rules = {
	.name = "rules",
	.usage = "--at TIME [--output DIRECTORY] [--json] DIR",
	.help = "Shows the exact rule text in force at a time, from the log alone: every file byte for byte. "
		"The "
		"files are\nheld against the digest that decisions name. Exit code 1 when nothing was in "
		"force.\n\n"
		"  --at TIME           2026-03-01, 2026-03-01T08:00:00Z, or 7d for seven days ago\n"
		"  --output DIRECTORY  writes the files there, and lists them\n"
		"  --json              the answer as JSON\n\n"
		"Example: the rules on the evening of 1 March, ready for rankguard-rules explain\n"
		"  rankguard-audit rules --at 2026-03-01T20:00:00Z --output march DIR\n",
	.run = rules,
};
