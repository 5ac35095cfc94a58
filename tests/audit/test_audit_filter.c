/* SPDX-License-Identifier: Apache-2.0
 *
 * Filters find what they say and nothing else; an entry in parts is one entry; what is left out is counted; an
 * option that could never match is refused with words that help.
 */
#include "kit.h"

#include "audit/entry_member.h"
#include "audit/filter.h"
#include "audit/pseudonym.h"
#include "audit/tile.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define START  INT64_C(1763892000) /* 2025-11-23T10:00:00Z */
#define ALICE  "00112233445566778899aabbccddeeff"
#define BOB    "ffeeddccbbaa99887766554433221100"
#define METHOD "/shop.Ranker/Rank"

static int64_t at(int64_t seconds)
{
	return (START + seconds) * TIME_SECOND;
}

/* Entry 0: alice, two interventions. 1: bob, one. 2: a prompt for alice. 3: a tally. 4: a close. */
static void make(struct audit_batch *batch)
{
	const struct audit_entry_intervention two[] = {
		{.rule = BYTES_LITERAL("prompts.cap"),
		 .file = BYTES_LITERAL("r.cfg"),
		 .line = 1,
		 .kind = "prompt_cap",
		 .mode = "enforce",
		 .action = "suppress",
		 .verdict = "exceeded"},
		{.rule = BYTES_LITERAL("scores \"bound\""),
		 .file = BYTES_LITERAL("r.cfg"),
		 .line = 2,
		 .kind = "score_bound",
		 .mode = "observe",
		 .action = "clamp",
		 .verdict = "exceeded"},
	};
	struct audit_entry_decision decision = {.method = BYTES_LITERAL(METHOD),
						.user = BYTES_LITERAL(ALICE),
						.session = BYTES_LITERAL(BOB),
						.intervention = two,
						.intervention_count = 2};
	assert_true(audit_entry_decision(batch, at(0), &decision));
	decision.user = BYTES_LITERAL(BOB);
	decision.method = BYTES_LITERAL("/shop.Ranker/Other");
	decision.intervention_count = 1;
	assert_true(audit_entry_decision(batch, at(10), &decision));
	const struct audit_entry_delivered delivered = {
		.method = BYTES_LITERAL(METHOD), .user = BYTES_LITERAL(ALICE), .kind = "pause"};
	assert_true(audit_entry_delivered(batch, at(20), &delivered));
	const struct audit_entry_tally_rule rule = {.rule = BYTES_LITERAL("prompts.cap"), .exceeded = 2};
	const struct audit_entry_tally tally = {.rule = &rule, .rule_count = 1};
	assert_true(audit_entry_tally(batch, at(30), &tally));
	assert_true(audit_entry_close(batch, at(40)));
}

struct seen {
	char indices[512];
	uint64_t end_after; /* leaves; 0: never */
	uint64_t count;
};

static bool see(void *ctx, uint64_t index, struct bytes leaf)
{
	struct seen *seen = ctx;
	size_t len = strlen(seen->indices);
	(void)leaf;
	snprintf(seen->indices + len, sizeof seen->indices - len, "%s%" PRIu64, len ? " " : "", index);
	return ++seen->count != seen->end_after;
}

static void walk(struct audit_select *select, const struct audit_batch *batch)
{
	struct bytes rest = {batch->leaves.at, batch->leaves.len}, leaf;
	for (uint64_t i = 0; audit_bundle_next(&rest, &leaf); i++)
		if (!audit_select_leaf(select, i, leaf))
			return;
}

static enum audit_filter_name name_of(const char *option)
{
#define NAME(name, text, takes, help)                                                                        \
	if (strcmp(option, text) == 0)                                                                       \
		return AUDIT_FILTER_##name;
	AUDIT_FILTERS(NAME)
#undef NAME
	fail_msg("no filter %s", option);
	return AUDIT_FILTER_COUNT;
}

/* "--rule a --type tally" in words; `%K` is the key file. */
static bool parse(struct audit_filter *filter, const char *options, const char *key, struct err *err)
{
	char text[1024], *at_text = text, *option;
	bool good = true;
	snprintf(text, sizeof text, "%s", options);
	while (good && (option = strsep(&at_text, "|"))) {
		char *value = strsep(&at_text, "|");
		assert_non_null(value);
		good = audit_filter_take(filter, name_of(option), strcmp(value, "%K") ? value : key, at(100),
					 err);
	}
	return good && audit_filter_ready(filter, err);
}

static const struct {
	const char *options, *found;
} finds[] = {
	{"since|2025-11-23T10:00:10Z", "1 2 3 4"},
	{"until|2025-11-23T10:00:10Z", "0"},
	{"since|2025-11-23T11:00:20+01:00|until|2025-11-23T10:00:30Z", "2"},
	{"since|80s", "2 3 4"},
	{"since|7d|until|70s", "0 1 2"},
	{"since|2025-11-24", ""},
	{"type|decision", "0 1"},
	{"type|decision|type|close", "0 1 4"},
	{"method|" METHOD, "0 2"},
	{"method|/shop.Ranker", ""},
	{"user|" ALICE, "0 2"},
	{"user|" ALICE "|user|" BOB, "0 1 2"},
	{"session|" BOB, "0 1"},
	{"session|" ALICE, ""},
	{"user|" ALICE "|type|delivered", "2"},
	{"rule|prompts.cap", "0 1"},
	{"rule|prompts", ""},
	{"rule|scores \"bound\"", "0"},
	{"action|suppress", "0 1"},
	{"action|clamp", "0"},
	{"rule|prompts.cap|action|clamp", ""},
	{"rule|prompts.cap|rule|scores \"bound\"|action|clamp", "0"},
	{"rule|prompts.cap|type|tally", "3"},
	{"rule|prompts.cap|type|tally|type|decision", "0 1 3"},
	{"rule|prompts.cap|user|" BOB "|since|2025-11-23", "1"},
	/* Words that stand in an entry, but not where the filter asks. */
	{"rule|suppress", ""},
	{"method|decision", ""},
	{"action|observe", ""},
};

static void each_filter_finds_its_entries(void **state)
{
	struct audit_batch batch = {0};
	(void)state;
	make(&batch);
	for (size_t i = 0; i < sizeof finds / sizeof *finds; i++) {
		struct audit_filter filter = {0};
		struct seen seen = {{0}, 0, 0};
		struct audit_select select = {.filter = &filter, .see = see, .ctx = &seen};
		struct err err;
		if (!parse(&filter, finds[i].options, NULL, &err))
			fail_msg("%s: %s", finds[i].options, err.text);
		walk(&select, &batch);
		assert_true(audit_select_end(&select, &err));
		if (strcmp(seen.indices, finds[i].found) != 0)
			fail_msg("%s: found \"%s\", want \"%s\"", finds[i].options, seen.indices,
				 finds[i].found);
		assert_int_equal(select.matched.entries + select.left_out.entries, batch.count);
		audit_select_done(&select);
		audit_filter_done(&filter);
	}
	audit_batch_done(&batch);
}

static void ids_are_found_by_their_pseudonyms(void **state)
{
	struct kit *kit = *state;
	struct audit_batch batch = {0};
	struct audit_filter filter = {0};
	struct seen seen = {{0}, 0, 0};
	struct audit_select select = {.filter = &filter, .see = see, .ctx = &seen};
	struct err err;
	char path[256], user[AUDIT_PSEUDONYM_LEN + 1], session[AUDIT_PSEUDONYM_LEN + 1];
	kit_path(kit, "subject.key", path);
	assert_true(audit_subject_key_create(path, &err));
	struct audit_subject_key *key = audit_subject_key_load(path, &err);
	assert_non_null(key);
	audit_pseudonym(key, "user", BYTES_LITERAL("al \"ice\""), user);
	audit_pseudonym(key, "session", BYTES_LITERAL("al \"ice\""), session);
	audit_subject_key_free(key);
	const struct audit_entry_signal of_user = {.user = bytes_of(user), .kind = "dismissed"};
	const struct audit_entry_signal of_session = {.session = bytes_of(session), .kind = "dismissed"};
	const struct audit_entry_signal swapped = {.user = bytes_of(session), .kind = "dismissed"};
	assert_true(audit_entry_signal(&batch, at(0), &of_user));
	assert_true(audit_entry_signal(&batch, at(0), &of_session));
	assert_true(audit_entry_signal(&batch, at(0), &swapped));
	assert_true(parse(&filter, "user|al \"ice\"|subject-key|%K", path, &err));
	walk(&select, &batch);
	assert_true(audit_select_end(&select, &err));
	assert_string_equal(seen.indices, "0");
	audit_filter_done(&filter);
	audit_batch_done(&batch);
}

/* The user stands in the first part, the second rule in the last one: together they match, and all parts come. */
static void parts_belong_together(void **state)
{
	enum { TARGETS = 9000 };
	struct audit_entry_target *target = calloc(TARGETS, sizeof *target);
	struct audit_entry_intervention two[2] = {{.rule = BYTES_LITERAL("first"),
						   .action = "clamp",
						   .target = target,
						   .target_count = TARGETS},
						  {.rule = BYTES_LITERAL("last"), .action = "suppress"}};
	struct audit_batch batch = {0};
	(void)state;
	assert_non_null(target);
	for (size_t i = 0; i < TARGETS; i++)
		target[i] = (struct audit_entry_target){.id = BYTES_LITERAL("item"), .numeric = true};
	const struct audit_entry_decision decision = {.method = BYTES_LITERAL(METHOD),
						      .user = BYTES_LITERAL(ALICE),
						      .intervention = two,
						      .intervention_count = 2};
	assert_true(audit_entry_close(&batch, at(0)));
	assert_true(audit_entry_decision(&batch, at(0), &decision));
	size_t parts = batch.count - 1;
	assert_true(parts >= 2 && parts < 100);
	assert_true(audit_entry_decision(&batch, at(0), &decision));
	assert_true(audit_entry_close(&batch, at(0)));

	static const struct {
		const char *options;
		bool found;
	} rows[] = {{"rule|last|user|" ALICE, true},
		    {"rule|first", true},
		    {"rule|last|action|clamp", false},
		    {"rule|last|user|" BOB, false}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct audit_filter filter = {0};
		struct seen seen = {{0}, 0, 0};
		struct audit_select select = {.filter = &filter, .see = see, .ctx = &seen};
		struct err err;
		assert_true(parse(&filter, rows[i].options, NULL, &err));
		walk(&select, &batch);
		assert_true(audit_select_end(&select, &err));
		assert_int_equal(seen.count, rows[i].found ? 2 * parts : 0);
		assert_int_equal(select.matched.entries, rows[i].found ? 2 : 0);
		assert_int_equal(select.left_out.entries, rows[i].found ? 2 : 4);
		audit_select_done(&select);
		audit_filter_done(&filter);
	}
	audit_batch_done(&batch);
	free(target);
}

static void part(struct audit_batch *batch, const char *type, unsigned k, unsigned n)
{
	char leaf[256];
	int len = snprintf(leaf, sizeof leaf,
			   "{\"v\":1,\"type\":\"%s\",\"time\":\"2025-11-23T10:00:00.000000000Z\","
			   "\"part\":[%u,%u],\"method\":\"m\"}",
			   type, k, n);
	buf_add(&batch->leaves, (char[]){(char)(len >> 8), (char)len}, 2);
	buf_add(&batch->leaves, leaf, (size_t)len);
	batch->count++;
}

/* A log that was tampered with: what does not go on is an entry of its own, and nothing is lost. */
static void parts_that_do_not_go_on_are_not_lost(void **state)
{
	struct audit_batch batch = {0};
	struct audit_filter filter = {0};
	struct seen seen = {{0}, 0, 0};
	struct audit_select select = {.filter = &filter, .see = see, .ctx = &seen};
	struct err err;
	struct buf text = {0};
	(void)state;
	part(&batch, "decision", 1, 3);
	part(&batch, "decision", 3, 3);
	part(&batch, "open", 1, 2);
	part(&batch, "later_type", 2, 2);
	part(&batch, "decision", 1, 2);
	assert_true(audit_entry_close(&batch, at(0)));
	part(&batch, "decision", 1, 2);
	walk(&select, &batch);
	assert_true(audit_select_end(&select, &err));
	assert_string_equal(seen.indices, "0 1 2 3 4 5 6");
	audit_counts_text(&select.matched, &text);
	buf_add(&text, "", 1);
	assert_string_equal(text.at, "1 open, 4 decision, 1 close, 1 _other (entries 0 to 6)");
	buf_clear(&text);
	audit_counts_json(&select.matched, &text);
	buf_add(&text, "", 1);
	assert_string_equal(text.at,
			    "{\"entries\":7,\"first\":0,\"last\":6,\"types\":{\"open\":1,\"decision\":4,"
			    "\"close\":1,\"_other\":1}}");
	buf_clear(&text);
	audit_counts_text(&select.left_out, &text);
	assert_memory_equal(text.at, "none", 4);
	buf_done(&text);
	audit_select_done(&select);
	audit_batch_done(&batch);
}

static void a_walk_ends_when_told_or_when_a_leaf_is_no_entry(void **state)
{
	struct audit_batch batch = {0};
	struct audit_filter filter = {0};
	struct seen seen = {{0}, 2, 0};
	struct audit_select select = {.filter = &filter, .see = see, .ctx = &seen};
	struct err err;
	(void)state;
	make(&batch);
	walk(&select, &batch);
	assert_true(audit_select_end(&select, &err));
	assert_string_equal(seen.indices, "0 1");
	assert_false(audit_select_leaf(&select, 9, BYTES_LITERAL("{\"v\":2}")));
	assert_false(audit_select_end(&select, &err));
	assert_string_equal(err.text, "entry 9: not an entry of version 1; it begins {\"v\":1,\"type\":");
	audit_batch_done(&batch);
}

static const struct {
	const char *options, *want;
} refusals[] = {
	{"since|yesterday", "--since: \"yesterday\" is not a time; write 2026-03-01, 2026-03-01T08:00:00Z, "
			    "or 7d for seven days ago"},
	{"until|",
	 "--until: \"\" is not a time; write 2026-03-01, 2026-03-01T08:00:00Z, or 7d for seven days ago"},
	{"since|-7d",
	 "--since: \"-7d\" is not a time; write 2026-03-01, 2026-03-01T08:00:00Z, or 7d for seven days ago"},
	{"since|1d|until|2d", "--until: is not after --since; nothing lies between them"},
	{"since|2025-11-23|until|2025-11-23", "--until: is not after --since; nothing lies between them"},
	{"type|decison", "--type: \"decison\" is not a type of entry; did you mean \"decision\"?"},
	{"type|xyzzy", "--type: \"xyzzy\" is not a type of entry; decision, delivered, signal and tally are"},
	{"rule|", "--rule: is empty; leave it out to see all"},
	{"user|alice",
	 "--user: \"alice\" is not a pseudonym of 32 hex digits; to look for an id, give --subject-key FILE"},
	{"session|00112233445566778899AABBCCDDEEFF", "--session: \"00112233445566778899AABBCCDDEEFF\" is not "
						     "a pseudonym of 32 hex digits; to look for an id, "
						     "give --subject-key FILE"},
	{"subject-key|/k|rule|r", "--subject-key: is for --user ID and --session ID; name one"},
	{"subject-key|/not/there|user|u",
	 "--subject-key: /not/there: cannot be read: No such file or directory"},
	{"rule|a|rule|a|rule|a|rule|a|rule|a|rule|a|rule|a|rule|a|rule|a|rule|a|rule|a|rule|a|rule|a|rule|a|"
	 "rule|a|"
	 "rule|a|rule|a",
	 "--rule: is given more than 16 times"},
};

static void what_could_never_match_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		struct audit_filter filter = {0};
		struct err err = {{0}};
		assert_false(parse(&filter, refusals[i].options, NULL, &err));
		assert_string_equal(err.text, refusals[i].want);
		audit_filter_done(&filter);
	}
}

static void members_are_found_and_nothing_else(void **state)
{
	struct bytes object =
		BYTES_LITERAL("{\"a\":1,\"b\":{\"c\":\"x\"},\"d\":[1,[2],{\"a\":3}],\"e\":\"q\\\"\\u0001\"}");
	struct bytes rest, key, value;
	struct buf text = {0};
	uint64_t number;
	(void)state;
	assert_true(bytes_equal(entry_member(object, "a"), BYTES_LITERAL("1")));
	assert_true(bytes_equal(entry_member(object, "b"), BYTES_LITERAL("{\"c\":\"x\"}")));
	assert_false(bytes_present(entry_member(object, "c")));
	assert_false(bytes_present(entry_member(BYTES_LITERAL("[1]"), "a")));
	assert_true(entry_opens(entry_member(object, "d"), '[', &rest));
	assert_true(entry_next_value(&rest, &value) && value.len == 1);
	assert_true(entry_next_value(&rest, &value) && value.len == 3);
	assert_true(entry_next_value(&rest, &value) && value.len == 7);
	assert_false(entry_next_value(&rest, &value));
	assert_true(entry_text(entry_member(object, "e"), &text));
	assert_memory_equal(text.at, "q\"\x01", 3);
	assert_false(entry_text(entry_member(object, "a"), &text));
	assert_true(entry_uint(entry_member(object, "a"), &number) && number == 1);
	assert_false(entry_uint(BYTES_LITERAL("1x"), &number));
	assert_false(entry_uint(BYTES_LITERAL(""), &number));
	static const char *const wrong[] = {
		"", "}", "\"a\"", "\"a\":", "\"a\":,1", "a:1", "1:2", ",,\"a\":1"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		rest = bytes_of(wrong[i]);
		assert_false(entry_next_member(&rest, &key, &value));
		assert_int_equal(rest.len, strlen(wrong[i]));
	}
	buf_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_filter_finds_its_entries),
		cmocka_unit_test_setup_teardown(ids_are_found_by_their_pseudonyms, kit_setup, kit_teardown),
		cmocka_unit_test(parts_belong_together),
		cmocka_unit_test(parts_that_do_not_go_on_are_not_lost),
		cmocka_unit_test(a_walk_ends_when_told_or_when_a_leaf_is_no_entry),
		cmocka_unit_test(what_could_never_match_is_refused),
		cmocka_unit_test(members_are_found_and_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
