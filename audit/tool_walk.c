/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/tool_walk.h"

struct step {
	struct tool_walk *walk;
	uint64_t total;
	struct err *err;
	bool failed;
};

static bool see(void *ctx, uint64_t index, struct bytes leaf)
{
	struct step *step = ctx;
	tool_progress_show(&step->walk->progress, index, step->total);
	step->failed = !step->walk->see(step->walk->ctx, index, leaf, step->err);
	return !step->failed;
}

static bool walk_epoch(struct tool_walk *walk, struct audit_reader *reader, struct err *err)
{
	struct step step = {walk, reader->checkpoint.size, err, false};
	tool_progress_begin(&walk->progress, "entries");
	bool good = (!walk->begin || walk->begin(walk->ctx, reader, err)) &&
		    audit_reader_walk(reader, 0, walk->journal ? UINT64_MAX : step.total, see, &step, NULL,
				      err) &&
		    !step.failed;
	tool_progress_clear(&walk->progress);
	good = good && (!walk->end || walk->end(walk->ctx, reader, err));
	return good || err_within(err, "%s", reader->identity.vkey.name);
}

bool tool_walk(struct tool_walk *walk, const struct audit_logdir *logdir, struct err *err)
{
	bool good = true;
	for (size_t i = 0; good && i < logdir->count; i++) {
		struct audit_reader reader;
		if (!audit_logdir_reader(logdir, i, &reader, err))
			return false;
		good = walk_epoch(walk, &reader, err);
		audit_reader_close(&reader);
	}
	return good;
}

bool tool_walk_path(struct tool_walk *walk, const char *path, struct err *err)
{
	struct audit_logdir logdir;
	if (!audit_logdir_open(&logdir, path, err))
		return false;
	bool good = tool_walk(walk, &logdir, err);
	audit_logdir_close(&logdir);
	return good;
}
