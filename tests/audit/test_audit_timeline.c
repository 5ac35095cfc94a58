/* SPDX-License-Identifier: Apache-2.0
 *
 * What entries make of a run: starts, stops, runs without an end, epochs that only go on.
 */
#include "kit.h"

#include "audit/timeline.h"
#include <stdio.h>

/* One letter an entry: o open, c close, s close that names a successor, r ruleset, p later part of a ruleset,
 * x anything else; | the next epoch. A capital L at the end: a writer is at work. */
static const struct {
	const char *entries, *events;
} rows[] = {
	{"", ""},
	{"o", "start@0 unclean stop@0"},
	{"oL", "start@0 running@0"},
	{"orc", "start@0 ruleset@1 stop@2"},
	{"orpc", "start@0 ruleset@1 stop@3"},
	{"oxc|oc", "start@0 stop@2 start@0 stop@1"},
	{"oxxox", "start@0 unclean stop@2 start@3 unclean stop@4"},
	{"oxx|oc", "start@0 unclean stop@2 start@0 stop@1"},
	{"ors|oxc", "start@0 ruleset@1 sealed@2 continued@0 stop@2"},
	{"os|os|oL", "start@0 sealed@1 continued@0 sealed@1 continued@0 running@0"},
	{"os|", "start@0 sealed@1 unclean stop@1"},
	{"os|oxoc", "start@0 sealed@1 continued@0 unclean stop@1 start@2 stop@3"},
	{"xc", "stop@1"},
};

static void add_event(void *ctx, const struct audit_event *event)
{
	char *text = ctx;
	size_t len = strlen(text);
	snprintf(text + len, 512 - len, "%s%s@%u", len ? " " : "", event->word, (unsigned)event->index);
}

static struct bytes leaf_of(char letter, char leaf[256])
{
	static const struct {
		char letter;
		const char *type, *rest;
	} kinds[] = {{'o', "open", ""},
		     {'c', "close", ""},
		     {'s', "close", ",\"successor\":\"o/0002\""},
		     {'r', "ruleset", ",\"part\":[1,2]"},
		     {'p', "ruleset", ",\"part\":[2,2]"},
		     {'x', "signal", ""}};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (kinds[i].letter == letter)
			snprintf(leaf, 256,
				 "{\"v\":1,\"type\":\"%s\",\"time\":\"2025-11-23T10:00:00.000000001Z\"%s}",
				 kinds[i].type, kinds[i].rest);
	return bytes_of(leaf);
}

static void runs_are_told_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char events[512] = "", leaf[256];
		struct audit_timeline line = {.see = add_event, .ctx = events, .epoch = 1};
		struct err err;
		uint64_t index = 0;
		bool live = false;
		for (const char *at = rows[i].entries; *at; at++) {
			live = *at == 'L';
			if (*at == '|') {
				line.epoch++;
				index = 0;
			} else if (!live) {
				assert_true(audit_timeline_leaf(&line, index++, leaf_of(*at, leaf), &err));
			}
		}
		audit_timeline_end(&line, live);
		if (strcmp(events, rows[i].events) != 0)
			fail_msg("%s: \"%s\", want \"%s\"", rows[i].entries, events, rows[i].events);
	}
}

static void what_is_no_entry_is_named(void **state)
{
	char events[512] = "";
	struct audit_timeline line = {.see = add_event, .ctx = events};
	struct err err;
	(void)state;
	assert_false(audit_timeline_leaf(&line, 7, BYTES_LITERAL("{}"), &err));
	assert_string_equal(err.text, "entry 7: not an entry of version 1; it begins {\"v\":1,\"type\":");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_are_told_apart),
		cmocka_unit_test(what_is_no_entry_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
