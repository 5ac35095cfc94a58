/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/history_catch_up.h"

#include "sidecar/store_record.h"
#include <inttypes.h>

struct catching_up {
	struct sidecar_history *history;
	int64_t horizon_ns;
	const struct sidecar_mark *mark; /* folded already; NULL: nothing was */
	bool met;			 /* the mark's entry stands in the log */
	uint64_t entries;		 /* looked at beyond it */
	struct buf scratch;
	struct err err; /* "" while all is well */
};

/* Older than any rule looks back: only what was said about opting out still counts. */
static bool matters(const struct catching_up *up, const struct audit_entry_seen *seen)
{
	enum signal_kind kind = seen->kind.len ? signal_kind_named(seen->kind) : SIGNAL_OTHER;
	return seen->time_ns >= up->horizon_ns || kind == SIGNAL_OPT_OUT || kind == SIGNAL_OPT_IN;
}

static bool fold_entry(void *ctx, uint64_t index, struct bytes leaf)
{
	struct catching_up *up = ctx;
	struct audit_entry_seen seen;
	if (!audit_entry_read(leaf, &up->scratch, &seen, &up->err))
		return false;
	if (up->mark && !up->met)
		return up->met = index == up->mark->index && seen.time_ns == up->mark->time_ns;
	if (!matters(up, &seen)) {
		seen.type = (struct bytes){0};
		sidecar_history_forgot(up->history, up->horizon_ns);
	}
	up->entries++;
	return sidecar_history_fold(up->history, index, &seen, &up->err);
}

static bool fold_from(struct catching_up *up, struct audit_log *log, struct err *err)
{
	bool good = audit_log_scan(log, up->mark ? up->mark->index : 0, fold_entry, up, err);
	if (good && up->err.text[0])
		good = err_set(err, "history cannot be rebuilt from the log: %s", up->err.text);
	return good;
}

/* *resumed: whether the store was the fold of this log and is up to date now; if not, why. */
static bool resume(struct catching_up *up, struct audit_log *log, const struct audit_log_state *state,
		   bool *resumed, struct err *why, struct err *err)
{
	const struct sidecar_store *store = sidecar_history_store(up->history);
	struct sidecar_mark mark;
	*resumed = false;
	if (!store->standing(store->ctx, state->origin, &mark, why))
		return true;
	if (up->horizon_ns < mark.since_ns) {
		err_set(why, "rules look further back now than it was kept");
		return true;
	}
	sidecar_history_forgot(up->history, mark.since_ns);
	up->mark = &mark;
	bool good = mark.index >= state->size || fold_from(up, log, err);
	up->mark = NULL;
	*resumed = good && up->met;
	if (!up->met)
		err_set(why, "its last entry is not the log's entry %" PRIu64, mark.index);
	return good;
}

static bool rebuild(struct catching_up *up, struct audit_log *log, const struct audit_log_state *state,
		    int64_t now_ns, struct err *err)
{
	const struct sidecar_store *store = sidecar_history_store(up->history);
	if ((store->restart && !store->restart(store->ctx, err)) || !fold_from(up, log, err))
		return false;
	sidecar_history_expire(up->history, now_ns); /* all but the last word on opting out */
	return !store->settle || store->settle(store->ctx, state->origin, err);
}

bool sidecar_history_catch_up(struct sidecar_history *history, struct audit_log *log,
			      struct sidecar_talk *talk, struct err *err)
{
	struct audit_log_state state;
	struct err why = {""};
	bool resumed = false, lasts = sidecar_history_store(history)->standing != NULL;
	int64_t now = audit_log_now(log);
	struct catching_up up = {.history = history, .horizon_ns = sidecar_history_horizon(history, now)};
	audit_log_state(log, &state);
	bool good = (!lasts || resume(&up, log, &state, &resumed, &why, err)) &&
		    (resumed || rebuild(&up, log, &state, now, err));
	buf_done(&up.scratch);
	if (!good || !lasts)
		return good;
	if (resumed)
		sidecar_say(talk, SIDECAR_INFO, "history",
			    "resumed: %" PRIu64 " entries of the log were newer", up.entries);
	else
		sidecar_say(talk, why.text[0] ? SIDECAR_WARN : SIDECAR_INFO, "history",
			    "built from %" PRIu64 " entries of the log%s%s", up.entries,
			    why.text[0] ? ": " : "", why.text);
	return true;
}
