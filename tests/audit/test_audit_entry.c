/* SPDX-License-Identifier: Apache-2.0
 *
 * Entries are exact lines of JSON; long ones are parted without losing anything; the reader takes nothing else.
 */
#include "kit.h"

#include "audit/entry.h"
#include "audit/entry_json.h"
#include "audit/pseudonym.h"
#include "audit/tile.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD "{\"v\":1,\"type\":\"%s\",\"time\":\"2025-11-23T10:00:00.000000001Z\""
enum { TIME_S = 1763892000 };
static const int64_t when = TIME_S * TIME_SECOND + 1;

static void expect_one(const struct audit_batch *batch, const char *type, const char *rest)
{
	struct bytes all = {batch->leaves.at, batch->leaves.len}, leaf;
	struct audit_entry_head head;
	struct err err;
	char want[4096];
	snprintf(want, sizeof want, HEAD "%s", type, rest);
	assert_int_equal(batch->count, 1);
	assert_true(audit_bundle_next(&all, &leaf));
	char *got = strndup(leaf.at, leaf.len);
	assert_string_equal(got, want);
	free(got);
	if (!audit_entry_check(leaf, &head, &err))
		fail_msg("%s", err.text);
	assert_true(head.time_ns == when);
}

static void each_entry_is_its_line(void **state)
{
	struct audit_batch b = {0};
	(void)state;
	const struct audit_entry_signal signal = {.method = BYTES_LITERAL("/a/B"),
						  .session = BYTES_LITERAL("s"),
						  .user = BYTES_LITERAL("u"),
						  .kind = "opt_out",
						  .item = BYTES_LITERAL("i\"\\\n\x01"),
						  .category = BYTES_LITERAL("c\xff"),
						  .prompt_id = BYTES_LITERAL("p")};
	assert_true(audit_entry_signal(&b, when, &signal));
	expect_one(
		&b, "signal",
		",\"method\":\"/a/"
		"B\",\"session\":\"s\",\"user\":\"u\",\"kind\":\"opt_out\",\"item\":\"i\\\"\\\\\\n\\u0001\","
		"\"category\":\"c\xef\xbf\xbd\",\"prompt_id\":\"p\"}");
	audit_batch_done(&b);
	const struct audit_entry_delivered delivered = {.method = BYTES_LITERAL("/a/B"),
							.ruleset = BYTES_LITERAL("sha256:0"),
							.session = BYTES_LITERAL("s"),
							.kind = "pause",
							.prompt_id = BYTES_LITERAL("p"),
							.text = BYTES_LITERAL("hmac-sha256:1"),
							.locale = BYTES_LITERAL("en")};
	assert_true(audit_entry_delivered(&b, when, &delivered));
	expect_one(&b, "delivered",
		   ",\"method\":\"/a/"
		   "B\",\"ruleset\":\"sha256:0\",\"session\":\"s\",\"kind\":\"pause\",\"prompt_id\":\"p\","
		   "\"text\":\"hmac-sha256:1\",\"locale\":\"en\"}");
	audit_batch_done(&b);
	const struct audit_entry_failure failure = {"audit", "closed", 3, BYTES_LITERAL("disk")};
	assert_true(audit_entry_failure(&b, when, &failure));
	expect_one(&b, "failure",
		   ",\"class\":\"audit\",\"effect\":\"closed\",\"count\":3,\"reason\":\"disk\"}");
	audit_batch_done(&b);
	const struct audit_entry_mode observe = {"observe", when, BYTES_LITERAL("me"), "start"};
	assert_true(audit_entry_mode(&b, when, &observe));
	expect_one(&b, "mode",
		   ",\"mode\":\"observe\",\"until\":\"2025-11-23T10:00:00.000000001Z\",\"by\":\"me\","
		   "\"cause\":\"start\"}");
	audit_batch_done(&b);
	const struct audit_entry_mode enforce = {.mode = "enforce", .cause = "until"};
	assert_true(audit_entry_mode(&b, when, &enforce));
	expect_one(&b, "mode", ",\"mode\":\"enforce\",\"cause\":\"until\"}");
	audit_batch_done(&b);
	assert_true(audit_entry_close(&b, when, (struct bytes){NULL, 0}));
	expect_one(&b, "close", "}");
	audit_batch_done(&b);
	assert_true(audit_entry_close(&b, when, BYTES_LITERAL("o/0002")));
	expect_one(&b, "close", ",\"successor\":\"o/0002\"}");
	audit_batch_done(&b);
	const struct audit_entry_set_aside file = {BYTES_LITERAL("quarantine/1.log"), 4096,
						   BYTES_LITERAL("sha256:0")};
	const struct audit_entry_gap gap = {BYTES_LITERAL("o/0001"), 3, 7, BYTES_LITERAL("why"), &file, 1};
	assert_true(audit_entry_gap(&b, when, &gap));
	expect_one(&b, "gap",
		   ",\"origin\":\"o/0001\",\"from\":3,\"to\":7,\"reason\":\"why\",\"files\":[{\"file\":"
		   "\"quarantine/1.log\",\"bytes\":4096,\"digest\":\"sha256:0\"}]}");
	audit_batch_done(&b);
	const struct audit_entry_prune prune = {BYTES_LITERAL("o/0001"), 9, BYTES_LITERAL("root="),
						BYTES_LITERAL("90d"), when};
	assert_true(audit_entry_prune(&b, when, &prune));
	expect_one(&b, "prune",
		   ",\"origin\":\"o/0001\",\"entries\":9,\"root\":\"root=\",\"retain\":\"90d\",\"sealed\":"
		   "\"2025-11-23T10:00:00.000000001Z\"}");
	audit_batch_done(&b);
}

static void each_entry_of_a_run_is_its_line(void **state)
{
	struct audit_batch b = {0};
	(void)state;
	const struct audit_entry_tally_rule rule = {BYTES_LITERAL("r"), 1, 2, 3, 4};
	const struct audit_entry_tally_cell cell = {"locale", BYTES_LITERAL("en-GB"), 3, 2, 1};
	const struct audit_entry_tally_category category = {BYTES_LITERAL("jazz"), 4, -0.5, 3, 2, 1};
	const struct audit_entry_tally tally = {when - 1, when,	 10, 9,	    8, 7,	  6,
						5,	  &rule, 1,  &cell, 1, &category, 1};
	assert_true(audit_entry_tally(&b, when, &tally));
	expect_one(
		&b, "tally",
		",\"from\":\"2025-11-23T10:00:00.000000000Z\",\"to\":\"2025-11-23T10:00:00.000000001Z\","
		"\"calls\":10,"
		"\"governed\":9,\"changed\":8,\"rejected\":7,\"prompts_proposed\":6,\"prompts_delivered\":5,"
		"\"rules\":[{\"rule\":\"r\",\"within\":1,\"exceeded\":2,\"would\":3,\"unknown\":4}],"
		"\"cells\":[{\"by\":\"locale\",\"of\":\"en-GB\",\"governed\":3,\"changed\":2,"
		"\"interventions\":1}],\"categories\":[{\"category\":\"jazz\",\"items\":4,"
		"\"rank_change\":-0.5,\"top10_proposed\":3,\"top10_governed\":2,\"top10_baseline\":1}]}");
	audit_batch_done(&b);
	const struct audit_entry_source source = {BYTES_LITERAL("a.cfg"), BYTES_LITERAL("x = 1;\n")};
	const struct audit_entry_ruleset ruleset = {.name = BYTES_LITERAL("n"),
						    .version = BYTES_LITERAL("1"),
						    .digest = BYTES_LITERAL("sha256:0"),
						    .source = &source,
						    .source_count = 1};
	assert_true(audit_entry_ruleset(&b, when, &ruleset));
	expect_one(&b, "ruleset",
		   ",\"name\":\"n\",\"version\":\"1\",\"digest\":\"sha256:0\",\"sources\":[{\"name\":\"a."
		   "cfg\",\"text\":\"x = 1;\\n\"}]}");
	audit_batch_done(&b);
	const struct audit_entry_recovery recovery = {
		BYTES_LITERAL("why"), 1, 2, BYTES_LITERAL("quarantine/x"), BYTES_LITERAL("sha256:0")};
	assert_true(audit_entry_recovery(&b, when, &recovery));
	expect_one(&b, "recovery",
		   ",\"reason\":\"why\",\"entries\":1,\"cut\":2,\"file\":\"quarantine/"
		   "x\",\"digest\":\"sha256:0\"}");
	audit_batch_done(&b);
	const struct audit_entry_open open = {BYTES_LITERAL("o"),
					      BYTES_LITERAL("v"),
					      "disk",
					      TIME_SECOND,
					      BYTES_LITERAL("forever"),
					      BYTES_LITERAL("{\"a\":1}"),
					      BYTES_LITERAL("before"),
					      BYTES_LITERAL("note\n"),
					      BYTES_LITERAL("conf"),
					      NULL,
					      0};
	assert_true(audit_entry_open(&b, when, &open));
	expect_one(&b, "open",
		   ",\"origin\":\"o\",\"vkey\":\"v\",\"durability\":\"disk\",\"publish\":\"1s\",\"retain\":"
		   "\"forever\","
		   "\"predecessor\":{\"origin\":\"before\",\"checkpoint\":\"note\\n\"},\"versions\":{\"a\":1}"
		   ",\"configuration\":\"conf\"}");
	audit_batch_done(&b);
}

static void a_decision_names_targets_in_parallel(void **state)
{
	struct audit_batch b = {0};
	(void)state;
	struct audit_entry_target items[] = {
		{.id = BYTES_LITERAL("a"),
		 .numeric = true,
		 .before_present = true,
		 .after_present = true,
		 .before = 0.5,
		 .after = 0.25},
		{.id = BYTES_LITERAL("b"), .numeric = true, .before_present = true, .before = NAN},
	};
	struct audit_entry_target texts[] = {{.id = BYTES_LITERAL("p"),
					      .before_digest = BYTES_LITERAL("hmac-sha256:1"),
					      .after_digest = {NULL, 0}}};
	const uint64_t evidence[] = {audit_place(1, 7), audit_place(2, 9)};
	const struct audit_entry_intervention list[] = {
		{.rule = BYTES_LITERAL("r1"),
		 .file = BYTES_LITERAL("f.cfg"),
		 .line = 3,
		 .kind = "score_bound",
		 .mode = "enforce",
		 .action = "clamp",
		 .verdict = "exceeded",
		 .limit = BYTES_LITERAL("0.1"),
		 .observed = BYTES_LITERAL("0.5"),
		 .reason = BYTES_LITERAL("why"),
		 .target_type = "item",
		 .target = items,
		 .target_count = 2},
		{.rule = BYTES_LITERAL("r2"),
		 .file = BYTES_LITERAL("f.cfg"),
		 .line = 9,
		 .kind = "prompt_cap",
		 .mode = "observe",
		 .action = "suppress",
		 .verdict = "unknown",
		 .would = true,
		 .unsatisfied = true,
		 .target_type = "prompt",
		 .target = texts,
		 .target_count = 1,
		 .evidence = evidence,
		 .evidence_count = 2},
	};
	const struct audit_entry_attribute attribute = {BYTES_LITERAL("tier"), BYTES_LITERAL("gold")};
	const struct audit_entry_decision d = {.pod = {BYTES_LITERAL("p-0"), BYTES_LITERAL("ns"),
						       BYTES_LITERAL("uid"), BYTES_LITERAL("node")},
					       .trace_id = BYTES_LITERAL("t"),
					       .method = BYTES_LITERAL("/m"),
					       .ruleset = BYTES_LITERAL("sha256:0"),
					       .session = BYTES_LITERAL("s"),
					       .segment = BYTES_LITERAL("seg"),
					       .experiment = BYTES_LITERAL("arm"),
					       .attribute = &attribute,
					       .attribute_count = 1,
					       .record = BYTES_LITERAL("{\"x\":1}"),
					       .items = 2,
					       .prompts = 1,
					       .request = BYTES_LITERAL("q"),
					       .proposed = BYTES_LITERAL("p"),
					       .governed = BYTES_LITERAL("g"),
					       .global_mode = BYTES_LITERAL("enforce"),
					       .intervention = list,
					       .intervention_count = 2};
	assert_true(audit_entry_decision(&b, when, &d));
	expect_one(
		&b, "decision",
		",\"pod\":{\"name\":\"p-0\",\"namespace\":\"ns\",\"uid\":\"uid\",\"node\":\"node\"},"
		"\"trace_id\":\"t\",\"method\":\"/"
		"m\",\"ruleset\":\"sha256:0\",\"session\":\"s\",\"segment\":\"seg\",\"experiment\":\"arm\","
		"\"attributes\":[{\"name\":\"tier\",\"value\":\"gold\"}],"
		"\"items\":2,\"prompts\":1,\"request\":\"q\","
		"\"proposed\":\"p\",\"governed\":\"g\",\"rejected\":false,\"global_mode\":\"enforce\","
		"\"interventions\":["
		"{\"rule\":\"r1\",\"file\":\"f.cfg\",\"line\":3,\"kind\":\"score_bound\",\"mode\":"
		"\"enforce\",\"action\":\"clamp\","
		"\"verdict\":\"exceeded\",\"would\":false,\"unsatisfied\":false,\"limit\":\"0.1\","
		"\"observed\":\"0.5\",\"reason\":\"why\","
		"\"target\":\"item\",\"ids\":[\"a\",\"b\"],\"before\":[0.5,\"NaN\"],\"after\":[0.25,null]},"
		"{\"rule\":\"r2\",\"file\":\"f.cfg\",\"line\":9,\"kind\":\"prompt_cap\",\"mode\":\"observe\","
		"\"action\":\"suppress\","
		"\"verdict\":\"unknown\",\"would\":true,\"unsatisfied\":true,\"target\":\"prompt\",\"ids\":["
		"\"p\"],"
		"\"before\":[\"hmac-sha256:1\"],\"after\":[null],\"evidence\":[7,9],\"evidence_epochs\":[1,2]"
		"}],\"record\":\"{"
		"\\\"x\\\":1}\"}");
	audit_batch_done(&b);
}

/* Counts a word in all leaves, and checks that the parts are numbered and sound. */
static size_t check_parts(const struct audit_batch *b, const char *word)
{
	struct bytes rest = {b->leaves.at, b->leaves.len}, leaf;
	size_t found = 0;
	unsigned part = 0;
	while (audit_bundle_next(&rest, &leaf)) {
		struct audit_entry_head head;
		struct err err;
		if (!audit_entry_check(leaf, &head, &err))
			fail_msg("%s", err.text);
		assert_int_equal(head.part, ++part);
		assert_int_equal(head.parts, b->count);
		for (const char *at = leaf.at;
		     (at = memmem(at, (size_t)(leaf.at + leaf.len - at), word, strlen(word))); at++)
			found++;
	}
	assert_int_equal(rest.len, 0);
	assert_true(b->count > 1);
	return found;
}

static void a_decision_of_thousands_of_targets_is_parted(void **state)
{
	enum { COUNT = 20000 };
	struct audit_batch b = {0};
	struct audit_entry_target *targets = calloc(COUNT, sizeof *targets);
	char(*ids)[16] = calloc(COUNT, sizeof *ids);
	uint64_t *evidence = calloc(COUNT, sizeof *evidence);
	(void)state;
	for (int i = 0; i < COUNT; i++) {
		snprintf(ids[i], sizeof ids[i], "item-%d", i);
		evidence[i] = audit_place(7, (UINT64_C(1) << 40) - 1 - (uint64_t)i);
		targets[i] = (struct audit_entry_target){.id = bytes_of(ids[i]),
							 .numeric = true,
							 .before_present = true,
							 .after_present = true,
							 .before = 1.0 / (i + 1),
							 .after = -1.0 / (i + 3)};
	}
	struct audit_entry_intervention list[40];
	for (size_t i = 0; i < 40; i++)
		list[i] = (struct audit_entry_intervention){.rule = BYTES_LITERAL("r"),
							    .kind = "k",
							    .mode = "m",
							    .action = "a",
							    .verdict = "v",
							    .target_type = "item",
							    .target = targets,
							    .target_count = i % 2 ? COUNT / 10 : 3,
							    .evidence = evidence,
							    .evidence_count = i == 5 ? COUNT : 0};
	const struct audit_entry_decision d = {.trace_id = BYTES_LITERAL("t"),
					       .method = BYTES_LITERAL("/m"),
					       .intervention = list,
					       .intervention_count = 40};
	assert_true(audit_entry_decision(&b, when, &d));
	assert_int_equal(check_parts(&b, "\"item-"), 20 * 3 + 20 * COUNT / 10);
	assert_int_equal(check_parts(&b, "10995116"), COUNT);
	assert_int_equal(check_parts(&b, "\"kind\":"), 40);
	audit_batch_done(&b);
	free(targets);
	free(ids);
	free(evidence);
}

/* All the longest texts that a decision can have fit its parts, and the record comes back whole. */
static void the_largest_decision_is_parted(void **state)
{
	enum { LONG = 1 << 20, COUNT = AUDIT_ENTRY_ATTRIBUTES + 4 };
	struct audit_batch b = {0};
	struct audit_entry_attribute attributes[COUNT];
	char *text = malloc(LONG);
	struct buf again = {0}, scratch = {0};
	(void)state;
	memset(text, '"', LONG);
	const struct bytes big = {text, LONG};
	for (size_t i = 0; i < COUNT; i++)
		attributes[i] = (struct audit_entry_attribute){big, big};
	struct audit_entry_target target = {.id = big, .before_digest = big, .after_digest = big};
	const struct audit_entry_intervention one = {big, big, 1,   "k", "m",	  "a", "v",  false, false,
						     big, big, big, "t", &target, 1,   NULL, 0};
	const struct audit_entry_decision d = {.pod = {big, big, big, big},
					       .trace_id = big,
					       .method = big,
					       .ruleset = big,
					       .session = big,
					       .user = big,
					       .surface = big,
					       .locale = big,
					       .segment = big,
					       .experiment = big,
					       .attribute = attributes,
					       .attribute_count = COUNT,
					       .request = big,
					       .proposed = big,
					       .governed = big,
					       .global_mode = big,
					       .intervention = &one,
					       .intervention_count = 1,
					       .record = big};
	assert_true(audit_entry_decision(&b, when, &d));
	assert_int_equal(check_parts(&b, "\"value\":"), AUDIT_ENTRY_ATTRIBUTES);
	assert_int_equal(check_parts(&b, "\"pod\":"), 1);
	struct bytes rest = {b.leaves.at, b.leaves.len}, leaf;
	while (audit_bundle_next(&rest, &leaf)) {
		const char *hit = memmem(leaf.at, leaf.len, "\"record\":", 9);
		struct bytes value, at = {hit + 9, hit ? (size_t)(leaf.at + leaf.len - hit - 9) : 0};
		buf_clear(&scratch);
		buf_add_bytes(&scratch, leaf);
		buf_clear(&scratch);
		if (hit && entry_take_string(&at, &scratch, &value))
			buf_add_bytes(&again, value);
	}
	assert_int_equal(again.len, LONG);
	assert_memory_equal(again.at, text, LONG);
	audit_batch_done(&b);
	buf_done(&again);
	buf_done(&scratch);
	free(text);
}

/* Texts of any bytes come back whole when the parts are put together again. */
static void a_ruleset_of_long_texts_is_parted(void **state)
{
	enum { LONG = 300000 };
	struct audit_batch b = {0};
	char *text = malloc(LONG);
	struct buf again = {0}, scratch = {0};
	struct bytes rest, leaf;
	(void)state;
	for (int i = 0; i < LONG; i++)
		text[i] = "\"\\\na\x01\x7f z{[,:"[i % 12];
	for (int i = 0; i + 3 < LONG; i += 101)
		memcpy(text + i, "\xe2\x82\xac", 3);
	const struct audit_entry_source source[] = {{BYTES_LITERAL("a.cfg"), {text, LONG}},
						    {BYTES_LITERAL("empty.cfg"), {"", 0}},
						    {BYTES_LITERAL("b.cfg"), {text, LONG / 2}}};
	const struct audit_entry_ruleset r = {.name = BYTES_LITERAL("n"),
					      .version = BYTES_LITERAL("1"),
					      .digest = BYTES_LITERAL("sha256:0"),
					      .source = source,
					      .source_count = 3};
	assert_true(audit_entry_ruleset(&b, when, &r));
	assert_int_equal(check_parts(&b, "\"name\":\"empty.cfg\""), 1);
	rest = (struct bytes){b.leaves.at, b.leaves.len};
	while (audit_bundle_next(&rest, &leaf)) {
		struct bytes at = leaf, value;
		buf_clear(&scratch);
		buf_add_bytes(&scratch, leaf);
		buf_clear(&scratch);
		for (const char *hit; (hit = memmem(at.at, at.len, "\"text\":", 7));) {
			at.len -= (size_t)(hit + 7 - at.at);
			at.at = hit + 7;
			assert_true(entry_take_string(&at, &scratch, &value));
			buf_add_bytes(&again, value);
		}
	}
	assert_int_equal(again.len, LONG + LONG / 2);
	assert_memory_equal(again.at, text, LONG);
	assert_memory_equal(again.at + LONG, text, LONG / 2);
	audit_batch_done(&b);
	buf_done(&again);
	buf_done(&scratch);
	free(text);
}

static void tallies_and_configurations_are_parted_too(void **state)
{
	enum { RULES = 3000, LONG = 200000 };
	struct audit_batch b = {0};
	struct audit_entry_tally_rule *rules = calloc(RULES, sizeof *rules);
	char *text = malloc(LONG);
	(void)state;
	for (int i = 0; i < RULES; i++)
		rules[i] = (struct audit_entry_tally_rule){BYTES_LITERAL("some-rule"), 1, 2, 3, UINT64_MAX};
	struct audit_entry_tally_cell *cells = calloc(RULES, sizeof *cells);
	struct audit_entry_tally_category *categories = calloc(RULES, sizeof *categories);
	for (int i = 0; i < RULES; i++) {
		cells[i] = (struct audit_entry_tally_cell){"surface", BYTES_LITERAL("some-cell"), 1, 2, 3};
		categories[i] =
			(struct audit_entry_tally_category){.category = BYTES_LITERAL("some-category")};
	}
	const struct audit_entry_tally tally = {.rule = rules,
						.rule_count = RULES,
						.cell = cells,
						.cell_count = RULES,
						.category = categories,
						.category_count = RULES};
	assert_true(audit_entry_tally(&b, when, &tally));
	assert_int_equal(check_parts(&b, "\"some-rule\""), RULES);
	assert_int_equal(check_parts(&b, "\"some-cell\""), RULES);
	assert_int_equal(check_parts(&b, "\"some-category\""), RULES);
	free(cells);
	free(categories);
	audit_batch_done(&b);
	memset(text, '\x02', LONG);
	const struct audit_entry_open open = {.origin = BYTES_LITERAL("o"),
					      .vkey = BYTES_LITERAL("v"),
					      .durability = "disk",
					      .publish_ns = TIME_SECOND,
					      .configuration = {text, LONG}};
	assert_true(audit_entry_open(&b, when, &open));
	assert_int_equal(check_parts(&b, "\\u0002"), LONG);
	audit_batch_done(&b);
	free(rules);
	free(text);
}

/* A leaf of 65,535 bytes stands alone; one more is parted. */
static void the_limit_is_exact(void **state)
{
	struct audit_batch b = {0};
	char *text = malloc(70000);
	(void)state;
	memset(text, 'x', 70000);
	for (size_t len = 65300; len < 65600; len++) {
		const struct audit_entry_source source = {BYTES_LITERAL("a"), {text, len}};
		const struct audit_entry_ruleset r = {.name = BYTES_LITERAL("n"),
						      .version = BYTES_LITERAL("1"),
						      .digest = BYTES_LITERAL("d"),
						      .source = &source,
						      .source_count = 1};
		struct bytes rest, leaf;
		assert_true(audit_entry_ruleset(&b, when, &r));
		rest = (struct bytes){b.leaves.at, b.leaves.len};
		assert_true(audit_bundle_next(&rest, &leaf));
		size_t whole = leaf.len - (b.count == 1 ? len : 0);
		if (b.count == 1)
			assert_true(len + whole <= 65535);
		else
			assert_true(len + 140 > 65535);
		audit_batch_done(&b);
	}
	free(text);
}

static void texts_without_end_are_cut(void **state)
{
	struct audit_batch b = {0};
	size_t len = 1 << 20;
	char *text = malloc(len);
	struct buf scratch = {0};
	struct audit_entry_seen seen;
	struct bytes rest, leaf;
	(void)state;
	memset(text, '"', len);
	struct bytes big = {text, len};
	const struct audit_entry_signal signal = {big, big, big, "k", big, big, big};
	assert_true(audit_entry_signal(&b, when, &signal));
	assert_int_equal(b.count, 1);
	rest = (struct bytes){b.leaves.at, b.leaves.len};
	assert_true(audit_bundle_next(&rest, &leaf));
	assert_true(audit_entry_read(leaf, &scratch, &seen, NULL));
	assert_true(seen.session.len < 1024);
	assert_non_null(memmem(seen.session.at, seen.session.len, "(1048576 bytes)", 15));
	audit_batch_done(&b);
	buf_done(&scratch);
	free(text);
}

static void history_reads_what_was_written(void **state)
{
	struct audit_batch b = {0};
	struct buf scratch = {0};
	struct audit_entry_seen seen;
	struct bytes rest, leaf;
	(void)state;
	const struct audit_entry_delivered d = {.method = BYTES_LITERAL("/m"),
						.user = BYTES_LITERAL("u\n\""),
						.kind = "pause",
						.prompt_id = BYTES_LITERAL("p\x01")};
	const struct audit_entry_signal s = {.session = BYTES_LITERAL("s"),
					     .kind = "opt_out",
					     .item = BYTES_LITERAL("i"),
					     .category = BYTES_LITERAL("c")};
	assert_true(audit_entry_delivered(&b, when, &d) && audit_entry_signal(&b, when + 5, &s) &&
		    audit_entry_close(&b, when + 6, (struct bytes){NULL, 0}));
	rest = (struct bytes){b.leaves.at, b.leaves.len};
	assert_true(audit_bundle_next(&rest, &leaf) && audit_entry_read(leaf, &scratch, &seen, NULL));
	assert_true(bytes_equal(seen.type, BYTES_LITERAL("delivered")) && seen.time_ns == when);
	assert_false(bytes_present(seen.session));
	assert_true(bytes_equal(seen.user, BYTES_LITERAL("u\n\"")) &&
		    bytes_equal(seen.prompt_id, BYTES_LITERAL("p\x01")));
	assert_true(bytes_equal(seen.kind, BYTES_LITERAL("pause")));
	assert_true(audit_bundle_next(&rest, &leaf) && audit_entry_read(leaf, &scratch, &seen, NULL));
	assert_true(bytes_equal(seen.type, BYTES_LITERAL("signal")) &&
		    bytes_equal(seen.item, BYTES_LITERAL("i")) &&
		    bytes_equal(seen.category, BYTES_LITERAL("c")));
	assert_true(bytes_equal(seen.session, BYTES_LITERAL("s")) && !bytes_present(seen.prompt_id));
	assert_true(audit_bundle_next(&rest, &leaf) && audit_entry_read(leaf, &scratch, &seen, NULL));
	assert_true(bytes_equal(seen.type, BYTES_LITERAL("close")));
	audit_batch_done(&b);
	buf_done(&scratch);
}

#define SIGNAL "{\"v\":1,\"type\":\"signal\",\"time\":\"2025-11-23T10:00:00.000000001Z\""
static const struct {
	const char *leaf, *want;
} lines[] = {
	{SIGNAL ",\"kind\":\"k\"}", NULL},
	{SIGNAL ",\"method\":\"m\",\"kind\":\"k\",\"prompt_id\":\"\"}", NULL},
	{"{\"v\":1,\"type\":\"gap\",\"time\":\"2025-11-23T10:00:00.000000001Z\",\"from\":1}", NULL},
	{"{\"v\":1,\"type\":\"something_new\",\"time\":\"2025-11-23T10:00:00.000000001Z\"}", NULL},
	{"", "not an entry of version 1; it begins {\"v\":1,\"type\":"},
	{"{\"v\":2,\"type\":\"signal\"}", "not an entry of version 1; it begins {\"v\":1,\"type\":"},
	{"{\"v\":1,\"type\":\"Signal\",\"time\":\"2025-11-23T10:00:00.000000001Z\"}",
	 "not an entry of version 1; it begins {\"v\":1,\"type\":"},
	{"{ \"v\":1,\"type\":\"signal\"}", "not an entry of version 1; it begins {\"v\":1,\"type\":"},
	{"{\"v\":1,\"type\":\"signal\",\"kind\":\"k\"}", "the entry has no time after its type"},
	{"{\"v\":1,\"type\":\"signal\",\"time\":\"2025-11-23T10:00:00Z\",\"kind\":\"k\"}",
	 "the entry's time is not written with nine digits and Z"},
	{"{\"v\":1,\"type\":\"signal\",\"time\":\"2025-02-30T10:00:00.000000001Z\",\"kind\":\"k\"}",
	 "the entry's time is not a time"},
	{SIGNAL, "the entry ends in its head"},
	{SIGNAL ",\"part\":[2,1],\"kind\":\"k\"}",
	 "the entry's part is not [k,n] with 1 <= k <= n and n >= 2"},
	{SIGNAL ",\"part\":[0,2],\"kind\":\"k\"}",
	 "the entry's part is not [k,n] with 1 <= k <= n and n >= 2"},
	{SIGNAL ",\"part\":[1,1],\"kind\":\"k\"}",
	 "the entry's part is not [k,n] with 1 <= k <= n and n >= 2"},
	{SIGNAL "}", "signal entry: member \"kind\" is missing or not in its place"},
	{SIGNAL ",\"kind\":1}", "signal entry: member \"kind\" is not a string"},
	{SIGNAL ",\"kind\":\"k\",\"method\":\"m\"}",
	 "signal entry: a member that does not belong there, or not in its place"},
	{SIGNAL ",\"kind\":\"k\",\"kind\":\"k\"}",
	 "signal entry: a member that does not belong there, or not in its place"},
	{SIGNAL ",\"kind\":\"k\"} ",
	 "signal entry: a member that does not belong there, or not in its place"},
	{SIGNAL ",\"kind\":\"k\"", "signal entry: a member that does not belong there, or not in its place"},
	{SIGNAL ",\"kind\":\"k\\u0041\"}", "signal entry: member \"kind\" is not a string"},
	{SIGNAL ",\"kind\":\"k\\/\"}", "signal entry: member \"kind\" is not a string"},
	{SIGNAL ",\"kind\":\"k\t\"}", "signal entry: member \"kind\" is not a string"},
	{SIGNAL ",\"kind\":\"k\xff\"}", "signal entry: member \"kind\" is not a string"},
	{SIGNAL ", \"kind\":\"k\"}", "signal entry: member \"kind\" is missing or not in its place"},
};

static void the_reader_takes_nothing_else(void **state)
{
	struct buf scratch = {0};
	struct audit_entry_seen seen;
	struct err err;
	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		bool good = audit_entry_read(bytes_of(lines[i].leaf), &scratch, &seen, &err);
		if (good != !lines[i].want)
			fail_msg("row %zu: %s", i, good ? "accepted" : err.text);
		if (!good)
			assert_string_equal(err.text, lines[i].want);
	}
	buf_done(&scratch);
}

static const struct {
	const char *text;
	bool good;
} jsons[] = {
	{"{}", true},
	{"{\"a\":[]}", true},
	{"{\"a\":[1,-2.5e+3,true,false,null,\"x\",{\"b\":[[]]}],\"c\":{}}", true},
	{"{\"a\":[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]}", true},
	{"{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}", false},
	{"[]", false},
	{"{", false},
	{"{\"a\"}", false},
	{"{\"a\":}", false},
	{"{\"a\":1,}", false},
	{"{\"a\":[1,]}", false},
	{"{\"a\":[,1]}", false},
	{"{\"a\":01}", false},
	{"{\"a\":1.}", false},
	{"{\"a\":.5}", false},
	{"{\"a\":1e}", false},
	{"{\"a\":-}", false},
	{"{\"a\":tru}", false},
	{"{a:1}", false},
	{"{\"a\":1]", false},
	{"{\"a\":[1}", false},
	{"{\"a\": 1}", false},
	{"{\"a\":1}x", false},
	{"{\"a\":\"\\n\"}", true},
	{"{\"a\":\"\\t\"}", false},
	{"", false},
	{"{,\"a\":1}", false},
	{"{\"a\":1\"b\":2}", false},
	{"{\"a\":1,\"b\":{\"c\":2},\"d\":3}", true},
};

static void json_is_ours_or_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof jsons / sizeof *jsons; i++)
		if (entry_json_object(bytes_of(jsons[i].text)) != jsons[i].good)
			fail_msg("%s", jsons[i].text);
}

/* HMAC-SHA-256 of Python's hmac module, key 00 01 .. 1f. */
static void pseudonyms_are_known(void **state)
{
	struct kit *kit = *state;
	char path[256], text[AUDIT_DIGEST_LEN + 1], pseudonym[AUDIT_PSEUDONYM_LEN + 1];
	struct err err;
	kit_path(kit, "subject", path);
	kit_write(kit, "subject",
		  BYTES_LITERAL("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"));
	assert_int_equal(chmod(path, 0400), 0);
	struct audit_subject_key *key = audit_subject_key_load(path, &err);
	assert_non_null(key);
	audit_pseudonym(key, "user", BYTES_LITERAL("u-1"), pseudonym);
	assert_string_equal(pseudonym, "a010fb2cdfa691cd3fb7891595134515");
	audit_pseudonym(key, "session", BYTES_LITERAL("u-1"), pseudonym);
	assert_string_equal(pseudonym, "310ee830abdf50a34e80dc563fb5d1e9");
	const struct bytes runs[] = {BYTES_LITERAL("ab"), {NULL, 0}, BYTES_LITERAL("c")},
			   whole = BYTES_LITERAL("abc");
	audit_digest(key, runs, 3, text);
	assert_string_equal(text,
			    "hmac-sha256:0f7123721b62939148bec13e09fbc3ff321d7506e63c3ab7c5a7515fe6e9ab3a");
	audit_digest(key, &whole, 1, text);
	assert_string_equal(text,
			    "hmac-sha256:0f7123721b62939148bec13e09fbc3ff321d7506e63c3ab7c5a7515fe6e9ab3a");
	audit_subject_key_free(key);
	assert_int_equal(chmod(path, 0404), 0);
	assert_null(audit_subject_key_load(path, &err));
	assert_non_null(strstr(err.text, ": mode 0404 lets everybody read it; chmod 0400"));
	kit_path(kit, "new", path);
	assert_true(audit_subject_key_create(path, &err));
	key = audit_subject_key_load(path, &err);
	assert_non_null(key);
	audit_subject_key_free(key);
	kit_write(kit, "subject",
		  BYTES_LITERAL("000102030405060708090A0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"));
	kit_path(kit, "subject", path);
	chmod(path, 0400);
	assert_null(audit_subject_key_load(path, &err));
	assert_non_null(strstr(
		err.text, ": not a subject key; it must be 64 hex digits in lower case and a newline, as "
			  "`rankguard-audit keygen --subject FILE` makes them"));
	audit_subject_key_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_entry_is_its_line),
		cmocka_unit_test(each_entry_of_a_run_is_its_line),
		cmocka_unit_test(a_decision_names_targets_in_parallel),
		cmocka_unit_test(a_decision_of_thousands_of_targets_is_parted),
		cmocka_unit_test(the_largest_decision_is_parted),
		cmocka_unit_test(a_ruleset_of_long_texts_is_parted),
		cmocka_unit_test(tallies_and_configurations_are_parted_too),
		cmocka_unit_test(the_limit_is_exact),
		cmocka_unit_test(texts_without_end_are_cut),
		cmocka_unit_test(history_reads_what_was_written),
		cmocka_unit_test(the_reader_takes_nothing_else),
		cmocka_unit_test(json_is_ours_or_not),
		cmocka_unit_test_setup_teardown(pseudonyms_are_known, kit_setup, kit_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
