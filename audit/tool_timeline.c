/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/entry_member.h"
#include "audit/timeline.h"
#include "audit/tool.h"
#include "audit/tool_walk.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* What held when the span that was asked for begins: the run, its ruleset, the switch. */
enum held { HELD_RUN, HELD_RULESET, HELD_MODE, HELD_COUNT };

struct listing {
	struct audit_timeline line;
	struct audit_filter span; /* since and until alone */
	struct tool_walk walk;
	char origin[AUDIT_NAME_MAX + 1], last_origin[AUDIT_NAME_MAX + 1];
	uint64_t size; /* signed entries of the epoch at hand */
	struct buf text, held[HELD_COUNT];
	bool json, live, begun; /* begun: the span */
};

static bool before_span(const struct listing *l, int64_t time_ns)
{
	return (l->span.wanted & 1u << AUDIT_FILTER_SINCE) && time_ns < l->span.since_ns;
}

static bool behind_span(const struct listing *l, int64_t time_ns)
{
	return (l->span.wanted & 1u << AUDIT_FILTER_UNTIL) && time_ns >= l->span.until_ns;
}

/* A member's value for people: strings as they are, but on one line. */
static void add_plain(struct buf *text, struct bytes value)
{
	struct buf plain = {0};
	struct bytes origin = entry_member(value, "origin");
	value = bytes_present(origin) ? origin : value; /* of a predecessor its name will do */
	if (value.at[0] != '"' || !entry_text(value, &plain)) {
		buf_add_bytes(text, value);
	} else {
		for (size_t i = 0; i < plain.len; i++)
			if ((unsigned char)plain.at[i] < ' ' || plain.at[i] == 0x7f)
				plain.at[i] = ' ';
		buf_add_bytes(text, buf_bytes(&plain));
	}
	buf_done(&plain);
}

static void event_text(const struct listing *l, const struct audit_event *event, const char *origin,
		       bool is_signed, struct buf *text)
{
	char time[TIME_TEXT_LEN + 1];
	time_format(event->time_ns, time);
	buf_printf(text, "%s  %-12s  %s/%" PRIu64, time, event->word, origin, event->index);
	for (size_t i = 0; i < AUDIT_EVENT_MEMBERS && event->member[i]; i++) {
		struct bytes value = entry_member(event->leaf, event->member[i]);
		if (!bytes_present(value))
			continue;
		buf_printf(text, "  %s=", event->member[i]);
		add_plain(text, value);
	}
	if (event->kind == AUDIT_EVENT_UNCLEAN)
		buf_add_text(text, "  its last entry; no stop was recorded");
	else if (event->kind == AUDIT_EVENT_RUNNING)
		buf_add_text(text, "  its last entry; a writer is at work");
	if (before_span(l, event->time_ns))
		buf_add_text(text, "  (before)");
	buf_add_text(text, is_signed ? "\n" : "  (not signed yet)\n");
}

static void event_json(const struct listing *l, const struct audit_event *event, const char *origin,
		       bool is_signed, struct buf *text)
{
	char time[TIME_TEXT_LEN + 1];
	time_format(event->time_ns, time);
	json_open(text, '{');
	json_key(text, "time");
	json_text(text, time);
	json_key(text, "event");
	json_text(text, event->word);
	json_key(text, "origin");
	json_text(text, origin);
	json_key(text, "index");
	json_uint(text, event->index);
	json_key(text, "signed");
	json_bool(text, is_signed);
	json_key(text, "before");
	json_bool(text, before_span(l, event->time_ns));
	for (size_t i = 0; i < AUDIT_EVENT_MEMBERS && event->member[i]; i++) {
		struct bytes value = entry_member(event->leaf, event->member[i]);
		if (!bytes_present(value))
			continue;
		/* "origin" of a gap is the damaged log's; the event's own is named already. */
		json_key(text, strcmp(event->member[i], "origin") == 0 ? "of" : event->member[i]);
		buf_add_bytes(text, value);
	}
	json_close(text, '}');
	buf_add_text(text, "\n");
}

/* What a new event makes of those before the span. */
static struct buf *keep(struct listing *l, enum audit_event_kind kind)
{
	switch (kind) {
	case AUDIT_EVENT_START:
	case AUDIT_EVENT_STOP:
	case AUDIT_EVENT_UNCLEAN:
		buf_clear(&l->held[HELD_RULESET]);
		buf_clear(&l->held[HELD_MODE]);
		return &l->held[HELD_RUN];
	case AUDIT_EVENT_RULESET:
		return &l->held[HELD_RULESET];
	case AUDIT_EVENT_MODE:
		return &l->held[HELD_MODE];
	case AUDIT_EVENT_RUNNING:
	case AUDIT_EVENT_SEALED:
	case AUDIT_EVENT_CONTINUED:
	case AUDIT_EVENT_FAILURE:
	case AUDIT_EVENT_RECOVERY:
	case AUDIT_EVENT_GAP:
	case AUDIT_EVENT_PRUNE:
		break;
	}
	return NULL;
}

static void begin_span(struct listing *l)
{
	for (size_t i = 0; i < HELD_COUNT && !l->begun; i++)
		buf_add_bytes(&l->text, buf_bytes(&l->held[i]));
	l->begun = true;
}

static void on_event(void *ctx, const struct audit_event *event)
{
	struct listing *l = ctx;
	bool here = event->epoch == l->line.epoch;
	const char *origin = here ? l->origin : l->last_origin;
	bool is_signed = !here || event->index < l->size;
	struct buf *text = &l->text;
	if (before_span(l, event->time_ns)) {
		text = keep(l, event->kind);
		if (!text)
			return;
		buf_clear(text);
	} else {
		begin_span(l);
		if (behind_span(l, event->time_ns))
			return;
	}
	if (l->json)
		event_json(l, event, origin, is_signed, text);
	else
		event_text(l, event, origin, is_signed, text);
}

static bool begin(void *ctx, struct audit_reader *reader, struct err *err)
{
	struct listing *l = ctx;
	(void)err;
	strcpy(l->last_origin, l->origin);
	strcpy(l->origin, reader->identity.vkey.name);
	l->line.epoch = reader->number;
	l->size = reader->checkpoint.size;
	l->live = audit_epoch_live(reader->epoch);
	return true;
}

static bool see(void *ctx, uint64_t index, struct bytes leaf, struct err *err)
{
	struct listing *l = ctx;
	if (!audit_timeline_leaf(&l->line, index, leaf, err))
		return false;
	if (l->text.len == 0)
		return true;
	tool_progress_clear(&l->walk.progress);
	bool good = tool_answer(&l->text, TOOL_YES) == TOOL_YES;
	buf_clear(&l->text);
	return good || err_set(err, "the answer cannot be written");
}

static enum tool_exit list(struct listing *l, const char *path)
{
	struct err err;
	l->line.see = on_event;
	l->line.ctx = l;
	l->walk = (struct tool_walk){.journal = true, .begin = begin, .see = see, .ctx = l};
	if (!tool_walk_path(&l->walk, path, &err))
		return tool_fail(&err);
	audit_timeline_end(&l->line, l->live);
	begin_span(l);
	return tool_answer(&l->text, TOOL_YES);
}

static enum tool_exit timeline(const struct tool_verb *verb, int argc, char **argv)
{
	static const struct option options[] = {
		{"help", no_argument, NULL, TOOL_OPTION_HELP},
		{"json", no_argument, NULL, TOOL_OPTION_JSON},
		{"since", required_argument, NULL, TOOL_OPTION_FILTER + AUDIT_FILTER_SINCE},
		{"until", required_argument, NULL, TOOL_OPTION_FILTER + AUDIT_FILTER_UNTIL},
		{NULL, 0, NULL, 0}};
	struct listing *l = calloc(1, sizeof *l);
	struct err err = {{0}};
	bool help = false, wrong = !l;
	for (int c; !wrong && (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == TOOL_OPTION_HELP)
			help = true;
		else if (c == TOOL_OPTION_JSON)
			l->json = true;
		else
			wrong = !tool_filter(&l->span, c, optarg, &err);
	}
	enum tool_exit result;
	if (help)
		result = tool_help(verb);
	else if (wrong || !audit_filter_ready(&l->span, &err))
		result = tool_usage(verb, "%s", l ? err.text : "memory is short");
	else if (argc - optind != 1)
		result = tool_usage(verb, "name one directory");
	else
		result = list(l, argv[optind]);
	for (size_t i = 0; l && i < HELD_COUNT; i++)
		buf_done(&l->held[i]);
	if (l)
		buf_done(&l->text);
	free(l);
	return result;
}

const struct tool_verb tool_timeline = {
	.name = "timeline",
	.usage = "[--since TIME] [--until TIME] [--json] DIR",
	.help = "Lists what was operating, when: starts and stops, rulesets, the observe switch, failures "
		"and "
		"recoveries,\ngaps, epochs. A run that did not end with a stop is named, with its last "
		"entry. "
		"Entries that are not\nsigned yet are listed too, and say so.\n\n"
		"  --since TIME   events at or after: 2026-03-01, 2026-03-01T08:00:00Z, or 7d for seven days "
		"ago; and\n                 first what held then: the run, its ruleset, the switch\n"
		"  --until TIME   events before\n"
		"  --json         one JSON object a line\n\n"
		"Example: what was operating in March, and what changed in it\n"
		"  rankguard-audit timeline --since 2026-03-01 --until 2026-04-01 DIR\n",
	.run = timeline,
};
