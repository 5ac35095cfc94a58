/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/base64.h"
#include "audit/fleet.h"
#include "audit/tool.h"
#include "audit/tool_walk.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

struct survey {
	struct audit_fleet fleet;
	struct audit_timeline line; /* of the directory at hand */
	size_t directory;
	char **name; /* of the directories */
	bool live, json;
	uint64_t findings;
	struct buf text;
};

static bool begin(void *ctx, struct audit_reader *reader, struct err *err)
{
	struct survey *s = ctx;
	s->line.epoch = reader->number;
	s->live = audit_epoch_live(reader->epoch);
	audit_fleet_log(&s->fleet, reader->identity.vkey.name, s->directory, &reader->checkpoint);
	return !s->fleet.failed || err_set(err, "memory is short");
}

static bool see(void *ctx, uint64_t index, struct bytes leaf, struct err *err)
{
	struct survey *s = ctx;
	return audit_timeline_leaf(&s->line, index, leaf, err);
}

static bool read_directory(struct survey *s, struct err *err)
{
	struct tool_walk walk = {.journal = true, .begin = begin, .see = see, .ctx = s};
	s->line = (struct audit_timeline){.see = audit_fleet_event, .ctx = &s->fleet};
	if (!tool_walk_path(&walk, s->name[s->directory], err))
		return err_within(err, "%s", s->name[s->directory]);
	audit_timeline_end(&s->line, s->live);
	return true;
}

/* ---- what is told ---- */

static void finding(struct survey *s, const char *text)
{
	s->findings++;
	if (s->json) {
		json_open(&s->text, '{');
		json_key(&s->text, "finding");
		json_text(&s->text, text);
		json_close(&s->text, '}');
		buf_add_text(&s->text, "\n");
	} else {
		buf_printf(&s->text, "finding: %s\n", text);
	}
}

static void tell_logs(struct survey *s)
{
	for (size_t i = 0; i < s->fleet.log_count; i++) {
		const struct audit_fleet_log *log = &s->fleet.log[i];
		struct buf root = {0};
		audit_base64_add(&root, log->checkpoint.root.at, AUDIT_HASH_LEN);
		if (s->json) {
			json_open(&s->text, '{');
			json_key(&s->text, "log");
			json_text(&s->text, log->origin);
			json_key(&s->text, "directory");
			json_text(&s->text, s->name[log->directory]);
			json_key(&s->text, "signed");
			json_uint(&s->text, log->checkpoint.size);
			json_key(&s->text, "root");
			json_string(&s->text, buf_bytes(&root));
			json_key(&s->text, "predecessor");
			json_text(&s->text, log->predecessor[0] ? log->predecessor : NULL);
			json_close(&s->text, '}');
			buf_add_text(&s->text, "\n");
		} else {
			buf_printf(&s->text, "log  %s  %" PRIu64 " signed  %s%s%s\n", log->origin,
				   log->checkpoint.size, s->name[log->directory],
				   log->predecessor[0] ? "  after " : "", log->predecessor);
		}
		buf_done(&root);
	}
}

/* One line each: a stretch in which a pod ran, or was not covered by any of its logs. */
static void tell_stretch(struct survey *s, const char *what, struct bytes pod, int64_t from_ns, int64_t to_ns,
			 const char *end)
{
	char from[TIME_TEXT_LEN + 1], to[TIME_TEXT_LEN + 1];
	time_format(from_ns, from);
	time_format(to_ns, to);
	if (s->json) {
		json_open(&s->text, '{');
		json_key(&s->text, what);
		json_string(&s->text, pod);
		json_key(&s->text, "from");
		json_text(&s->text, from);
		json_key(&s->text, "to");
		json_text(&s->text, to);
		if (end[0]) {
			json_key(&s->text, "end");
			json_text(&s->text, end);
		}
		json_close(&s->text, '}');
		buf_add_text(&s->text, "\n");
	} else {
		buf_printf(&s->text, "%-10s %.*s  %s to %s%s%s\n", what, BYTES_ARG(pod), from, to,
			   end[0] ? "  " : "", end);
	}
}

struct pod {
	struct bytes name;
	int64_t from_ns, covered_to_ns, uncovered_ns;
	size_t runs, last_log;
};

static void tell_pod(struct survey *s, const struct pod *pod)
{
	char from[TIME_TEXT_LEN + 1], to[TIME_TEXT_LEN + 1];
	time_format(pod->from_ns, from);
	time_format(pod->covered_to_ns, to);
	if (pod->runs == 0)
		return;
	if (s->json) {
		json_open(&s->text, '{');
		json_key(&s->text, "pod");
		json_string(&s->text, pod->name);
		json_key(&s->text, "runs");
		json_uint(&s->text, pod->runs);
		json_key(&s->text, "from");
		json_text(&s->text, from);
		json_key(&s->text, "to");
		json_text(&s->text, to);
		json_key(&s->text, "uncovered_seconds");
		json_double(&s->text, (double)pod->uncovered_ns / (double)TIME_SECOND);
		json_close(&s->text, '}');
		buf_add_text(&s->text, "\n");
	} else {
		buf_printf(&s->text, "pod        %.*s  %zu run%s from %s to %s, %.0f s of it uncovered\n",
			   BYTES_ARG(pod->name), pod->runs, pod->runs == 1 ? "" : "s", from, to,
			   (double)pod->uncovered_ns / (double)TIME_SECOND);
	}
}

static void overlap(struct survey *s, const struct pod *pod, const struct audit_fleet_run *run)
{
	struct buf text = {0};
	const struct audit_fleet_log *one = &s->fleet.log[pod->last_log], *other = &s->fleet.log[run->log];
	buf_printf(&text, "%.*s: ran twice at the same time: %s in %s and %s in %s", BYTES_ARG(pod->name),
		   one->origin, s->name[one->directory], other->origin, s->name[other->directory]);
	buf_add(&text, "", 1);
	finding(s, text.failed ? "memory is short" : text.at);
	buf_done(&text);
}

static void tell_runs(struct survey *s)
{
	struct pod pod = {.runs = 0};
	for (size_t i = 0; i < s->fleet.run_count; i++) {
		const struct audit_fleet_run *run = &s->fleet.run[i];
		struct bytes name = audit_fleet_pod(&s->fleet, run->log);
		if (pod.runs == 0 || !bytes_equal(name, pod.name)) {
			tell_pod(s, &pod);
			pod = (struct pod){
				.name = name, .from_ns = run->from_ns, .covered_to_ns = run->from_ns};
		}
		if (pod.runs > 0 && run->from_ns > pod.covered_to_ns) {
			tell_stretch(s, "uncovered", name, pod.covered_to_ns, run->from_ns, "");
			pod.uncovered_ns += run->from_ns - pod.covered_to_ns;
		} else if (pod.runs > 0 && run->from_ns < pod.covered_to_ns) {
			overlap(s, &pod, run);
		}
		tell_stretch(s, "run", name, run->from_ns, run->to_ns,
			     run->live	    ? "running"
			     : run->unclean ? "no stop was recorded"
					    : "");
		if (run->to_ns >= pod.covered_to_ns) {
			pod.covered_to_ns = run->to_ns;
			pod.last_log = run->log;
		}
		pod.runs++;
	}
	tell_pod(s, &pod);
}

/* Logs that are named and not there, and two that say they are the same and are not. */
static void tell_links(struct survey *s)
{
	char text[3 * AUDIT_NAME_MAX];
	for (size_t i = 0; i < s->fleet.log_count; i++) {
		const struct audit_fleet_log *log = &s->fleet.log[i];
		if (log->predecessor[0] && !audit_fleet_has(&s->fleet, log->predecessor)) {
			snprintf(text, sizeof text, "%s: its predecessor %s is not here", log->origin,
				 log->predecessor);
			finding(s, text);
		}
		for (size_t k = 0; k < i; k++) {
			const struct audit_fleet_log *other = &s->fleet.log[k];
			if (strcmp(log->origin, other->origin) != 0)
				continue;
			bool same = log->checkpoint.size == other->checkpoint.size &&
				    !audit_hash_equal(&log->checkpoint.root, &other->checkpoint.root);
			snprintf(text, sizeof text, "%s: is here twice%s", log->origin,
				 same ? ", with the same size and different entries" : "");
			finding(s, text);
		}
	}
}

static enum tool_exit run(struct survey *s, size_t count)
{
	struct err err;
	bool good = true;
	for (; good && s->directory < count; s->directory++)
		good = read_directory(s, &err);
	if (good && !audit_fleet_sort(&s->fleet))
		good = err_set(&err, "memory is short");
	if (!good)
		return tool_fail(&err);
	tell_logs(s);
	tell_runs(s);
	tell_links(s);
	return tool_answer(&s->text, s->findings ? TOOL_NO : TOOL_YES);
}

static enum tool_exit fleet(const struct tool_verb *verb, int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, TOOL_OPTION_HELP},
						{"json", no_argument, NULL, TOOL_OPTION_JSON},
						{NULL, 0, NULL, 0}};
	struct survey s = {.json = false};
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == TOOL_OPTION_HELP)
			return tool_help(verb);
		if (c != TOOL_OPTION_JSON)
			return tool_usage(verb, "wrong option");
		s.json = true;
	}
	if (argc == optind)
		return tool_usage(verb, "name the directories of the logs");
	s.name = argv + optind;
	enum tool_exit result = run(&s, (size_t)(argc - optind));
	audit_fleet_done(&s.fleet);
	buf_done(&s.text);
	return result;
}

const struct tool_verb tool_fleet = {
	.name = "fleet",
	.usage = "[--json] DIR...",
	.help = "Holds the logs of many pods against each other: each log with its predecessor, each pod's "
		"runs, "
		"and the\ntime between them in which no log of the pod was running. A pod is a log's origin "
		"without its epoch.\nExit code 1 when logs overlap, when a predecessor is not here, or when "
		"a log is "
		"here twice.\n\n"
		"  --json   one JSON object a line\n\n"
		"Example:\n"
		"  rankguard-audit fleet /srv/audit/*\n",
	.run = fleet,
};
