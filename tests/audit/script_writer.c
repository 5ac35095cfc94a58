/* SPDX-License-Identifier: Apache-2.0
 *
 * script_writer DIR KEY IDENTITY: a log by script, so that other programs have stories to read. Lines of stdin:
 *
 *     @2026-03-01T08:00:00Z     the clock stands there; the log opens at the first one
 *     <type> <members>          an entry: its members as JSON with a leading comma, or nothing
 *     crash                     ends at once, without closing
 *
 * Entries with the same time go in one batch, so that parts stay together. The end of the script closes the log.
 */
#include "audit/log.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct script {
	struct audit_options options;
	struct audit_log *log;
	struct audit_batch batch;
	_Atomic int64_t now_ns;
};

static int64_t script_clock(void *ctx)
{
	return atomic_load(&((struct script *)ctx)->now_ns);
}

static void talk(void *ctx, char severity, const char *text)
{
	(void)ctx;
	fprintf(stderr, "%c %s\n", severity, text);
}

static bool flush(struct script *script, struct err *err)
{
	uint64_t index;
	bool good =
		script->batch.count == 0 || audit_log_append_wait(script->log, &script->batch, &index, err);
	audit_batch_done(&script->batch);
	return good;
}

static bool set_clock(struct script *script, const char *text, struct err *err)
{
	int64_t now;
	if (!flush(script, err) || !time_parse(bytes_of(text), &now, err))
		return false;
	atomic_store(&script->now_ns, now);
	return script->log || (script->log = audit_log_open(&script->options, err));
}

static bool add_entry(struct script *script, char *line, struct err *err)
{
	struct buf leaf = {0};
	char *members = strchr(line, ' '), time[TIME_TEXT_LEN + 1];
	if (members)
		*members++ = '\0';
	time_format(script->now_ns, time);
	buf_printf(&leaf, "{\"v\":1,\"type\":\"%s\",\"time\":\"%s\"%s}", line, time, members ? members : "");
	bool good = !leaf.failed && leaf.len <= AUDIT_ENTRY_MAX;
	if (good) {
		buf_add(&script->batch.leaves, (char[]){(char)(leaf.len >> 8), (char)leaf.len}, 2);
		buf_add_bytes(&script->batch.leaves, buf_bytes(&leaf));
		script->batch.count++;
	} else {
		err_set(err, "an entry of %zu bytes is too long", leaf.len);
	}
	buf_done(&leaf);
	return good;
}

static bool act(struct script *script, char *line, struct err *err)
{
	if (line[0] == '@')
		return set_clock(script, line + 1, err);
	if (!script->log)
		return err_set(err, "the script begins with a time");
	if (strcmp(line, "crash") != 0)
		return add_entry(script, line, err);
	if (flush(script, err))
		_exit(0);
	return false;
}

int main(int argc, char **argv)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	struct err err;
	bool good = true;
	if (argc != 4)
		return 2;
	struct script *script = calloc(1, sizeof *script);
	if (!script)
		return 3;
	script->options = (struct audit_options){.directory = argv[1],
						 .origin = "example.org/script",
						 .identity = argv[3],
						 .key_file = argv[2],
						 .durability = AUDIT_PROCESS,
						 .publish_ns = TIME_HOUR,
						 .segment_bytes = 256 << 10,
						 .versions = BYTES_LITERAL("{\"rankguard\":\"test\"}"),
						 .retain = BYTES_LITERAL("forever"),
						 .clock = script_clock,
						 .clock_ctx = script,
						 .talk = talk};
	while (good && (len = getline(&line, &room, stdin)) > 0) {
		line[len - (line[len - 1] == '\n')] = '\0';
		good = act(script, line, &err);
	}
	good = good && flush(script, &err);
	if (script->log && !audit_log_close(script->log, good ? &err : NULL))
		good = false;
	if (!good)
		fprintf(stderr, "%s\n", err.text);
	audit_batch_done(&script->batch);
	free(script);
	free(line);
	return good ? 0 : 3;
}
