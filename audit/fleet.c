/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/fleet.h"

#include "audit/entry_member.h"
#include <stdlib.h>

static void *grow(void *list, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return list;
	size_t want = *room ? 2 * *room : 16;
	void *grown = realloc(list, want * size);
	if (grown)
		*room = want;
	return grown;
}

void audit_fleet_log(struct audit_fleet *fleet, const char *origin, size_t directory,
		     const struct audit_checkpoint *checkpoint)
{
	struct audit_fleet_log *list =
		grow(fleet->log, fleet->log_count, &fleet->log_room, sizeof *fleet->log);
	if (!list) {
		fleet->failed = true;
		return;
	}
	fleet->log = list;
	struct audit_fleet_log *log = &list[fleet->log_count++];
	*log = (struct audit_fleet_log){.directory = directory, .checkpoint = *checkpoint};
	strcpy(log->origin, origin);
	const char *slash = strrchr(log->origin, '/');
	log->pod_len = slash ? (size_t)(slash - log->origin) : strlen(log->origin);
}

static void begin_run(struct audit_fleet *fleet, int64_t time_ns)
{
	struct audit_fleet_run *list =
		grow(fleet->run, fleet->run_count, &fleet->run_room, sizeof *fleet->run);
	if (!list) {
		fleet->failed = true;
		return;
	}
	fleet->run = list;
	list[fleet->run_count++] =
		(struct audit_fleet_run){.from_ns = time_ns, .to_ns = time_ns, .log = fleet->log_count - 1};
}

static void end_run(struct audit_fleet *fleet, const struct audit_event *event)
{
	if (fleet->run_count == 0)
		return;
	struct audit_fleet_run *run = &fleet->run[fleet->run_count - 1];
	run->to_ns = event->time_ns;
	run->unclean = event->kind == AUDIT_EVENT_UNCLEAN;
	run->live = event->kind == AUDIT_EVENT_RUNNING;
}

static void name_predecessor(struct audit_fleet *fleet, const struct audit_event *event)
{
	struct buf name = {0};
	struct bytes value = entry_member(entry_member(event->leaf, "predecessor"), "origin");
	struct audit_fleet_log *log = fleet->log_count ? &fleet->log[fleet->log_count - 1] : NULL;
	if (log && event->index == 0 && bytes_present(value) && entry_text(value, &name) &&
	    name.len < sizeof log->predecessor) {
		memcpy(log->predecessor, name.at, name.len);
		log->predecessor[name.len] = '\0';
	}
	buf_done(&name);
}

void audit_fleet_event(void *ctx, const struct audit_event *event)
{
	struct audit_fleet *fleet = ctx;
	switch (event->kind) {
	case AUDIT_EVENT_START:
		begin_run(fleet, event->time_ns);
		name_predecessor(fleet, event);
		break;
	case AUDIT_EVENT_CONTINUED:
		name_predecessor(fleet, event);
		break;
	case AUDIT_EVENT_STOP:
	case AUDIT_EVENT_UNCLEAN:
	case AUDIT_EVENT_RUNNING:
		end_run(fleet, event);
		break;
	case AUDIT_EVENT_SEALED:
	case AUDIT_EVENT_RULESET:
	case AUDIT_EVENT_MODE:
	case AUDIT_EVENT_FAILURE:
	case AUDIT_EVENT_RECOVERY:
	case AUDIT_EVENT_GAP:
	case AUDIT_EVENT_PRUNE:
		break;
	}
}

struct bytes audit_fleet_pod(const struct audit_fleet *fleet, size_t log)
{
	return (struct bytes){fleet->log[log].origin, fleet->log[log].pod_len};
}

bool audit_fleet_has(const struct audit_fleet *fleet, const char *origin)
{
	for (size_t i = 0; i < fleet->log_count; i++)
		if (strcmp(fleet->log[i].origin, origin) == 0)
			return true;
	return false;
}

static int by_pod_and_time(const void *a, const void *b, void *ctx)
{
	const struct audit_fleet *fleet = ctx;
	const struct audit_fleet_run *x = a, *y = b;
	int pods = bytes_compare(audit_fleet_pod(fleet, x->log), audit_fleet_pod(fleet, y->log));
	if (pods != 0)
		return pods;
	if (x->from_ns != y->from_ns)
		return x->from_ns < y->from_ns ? -1 : 1;
	return (x->log > y->log) - (x->log < y->log);
}

bool audit_fleet_sort(struct audit_fleet *fleet)
{
	if (fleet->run_count > 1)
		qsort_r(fleet->run, fleet->run_count, sizeof *fleet->run, by_pod_and_time, fleet);
	return !fleet->failed;
}

void audit_fleet_done(struct audit_fleet *fleet)
{
	free(fleet->log);
	free(fleet->run);
	*fleet = (struct audit_fleet){0};
}
