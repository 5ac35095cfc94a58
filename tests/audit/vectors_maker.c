/* SPDX-License-Identifier: Apache-2.0
 *
 * vectors_maker DIR KEY: a small log with entries of most types, the same bytes each time: a clock that stands
 * still, a key that is given. What it makes is committed as tests/audit/vectors/log.
 */
#include "audit/log.h"

#include <stdio.h>
#include <stdlib.h>

enum { SIGNALS = 260, PHRASES = 3500 };

static int64_t still(void *ctx)
{
	(void)ctx;
	return INT64_C(1790000000) * TIME_SECOND + 123456789;
}

static bool append(struct audit_log *log, struct audit_batch *batch, bool good, struct err *err)
{
	good = good && audit_log_append_wait(log, batch, NULL, err);
	audit_batch_done(batch);
	return good;
}

static bool add_ruleset(struct audit_log *log, int64_t now, struct err *err)
{
	struct audit_batch batch = {0};
	struct buf text = {0};
	buf_add_text(&text, "format = 1; // \"quoted\", \\ and \xc3\xa9\n");
	for (int i = 0; i < PHRASES; i++)
		buf_printf(&text, "phrase %d of many\n", i);
	const struct audit_entry_source source[] = {{BYTES_LITERAL("a.cfg"), buf_bytes(&text)},
						    {BYTES_LITERAL("b.cfg"), BYTES_LITERAL("")}};
	const struct audit_entry_ruleset entry = {.name = BYTES_LITERAL("vectors"),
						  .version = BYTES_LITERAL("1"),
						  .digest = BYTES_LITERAL("sha256:0000"),
						  .source = source,
						  .source_count = 2};
	bool good = append(log, &batch, audit_entry_ruleset(&batch, now, &entry), err);
	buf_done(&text);
	return good;
}

static bool add_decision(struct audit_log *log, int64_t now, struct err *err)
{
	struct audit_batch batch = {0};
	struct audit_entry_target items[] = {
		{.id = BYTES_LITERAL("a"),
		 .numeric = true,
		 .before_present = true,
		 .after_present = true,
		 .before = 0.9,
		 .after = 0.6},
		{.id = BYTES_LITERAL("b"), .numeric = true, .before_present = true, .before = -1e-300}};
	struct audit_entry_target prompt = {.id = BYTES_LITERAL("p"),
					    .before_digest = BYTES_LITERAL("hmac-sha256:00ff")};
	const uint64_t evidence[] = {3};
	const struct audit_entry_intervention list[] = {{.rule = BYTES_LITERAL("scores.bound"),
							 .file = BYTES_LITERAL("a.cfg"),
							 .line = 3,
							 .kind = "score_bound",
							 .mode = "enforce",
							 .action = "clamp",
							 .verdict = "exceeded",
							 .limit = BYTES_LITERAL("max_absolute 0.2"),
							 .observed = BYTES_LITERAL("0.9 from 0.4"),
							 .reason = BYTES_LITERAL("Not \"too\" far."),
							 .target_type = "item",
							 .target = items,
							 .target_count = 2},
							{.rule = BYTES_LITERAL("prompts.cap"),
							 .file = BYTES_LITERAL("a.cfg"),
							 .line = 9,
							 .kind = "prompt_cap",
							 .mode = "enforce",
							 .action = "suppress",
							 .verdict = "exceeded",
							 .reason = BYTES_LITERAL("One a day."),
							 .target_type = "prompt",
							 .target = &prompt,
							 .target_count = 1,
							 .evidence = evidence,
							 .evidence_count = 1}};
	const struct audit_entry_attribute attribute = {BYTES_LITERAL("tier"), BYTES_LITERAL("gold")};
	const struct audit_entry_decision entry = {
		.pod = {BYTES_LITERAL("pod-0"), BYTES_LITERAL("shop"), BYTES_LITERAL("u-1"),
			BYTES_LITERAL("node-7")},
		.trace_id = BYTES_LITERAL("0af7651916cd43dd8448eb211c80319c"),
		.method = BYTES_LITERAL("/rankguard.v1.RankingService/Rank"),
		.ruleset = BYTES_LITERAL("sha256:0000"),
		.session = BYTES_LITERAL("00112233445566778899aabbccddeeff"),
		.surface = BYTES_LITERAL("home"),
		.locale = BYTES_LITERAL("en-GB"),
		.segment = BYTES_LITERAL("new"),
		.experiment = BYTES_LITERAL("arm-b"),
		.attribute = &attribute,
		.attribute_count = 1,
		.items = 2,
		.prompts = 1,
		.request = BYTES_LITERAL("hmac-sha256:01"),
		.proposed = BYTES_LITERAL("hmac-sha256:02"),
		.governed = BYTES_LITERAL("hmac-sha256:03"),
		.global_mode = BYTES_LITERAL("enforce"),
		.intervention = list,
		.intervention_count = 2,
		.record = BYTES_LITERAL("{\"format\":1}")};
	return append(log, &batch, audit_entry_decision(&batch, now, &entry), err);
}

static bool add_small(struct audit_log *log, int64_t now, struct err *err)
{
	struct audit_batch batch = {0};
	const struct audit_entry_delivered delivered = {
		.method = BYTES_LITERAL("/a/B"),
		.ruleset = BYTES_LITERAL("sha256:0000"),
		.session = BYTES_LITERAL("00112233445566778899aabbccddeeff"),
		.kind = "pause",
		.prompt_id = BYTES_LITERAL("p\n\x01"),
		.text = BYTES_LITERAL("hmac-sha256:04"),
		.locale = BYTES_LITERAL("en")};
	const struct audit_entry_failure failure = {"history", "suppress", 2, BYTES_LITERAL("away")};
	const struct audit_entry_mode mode = {"observe", now + TIME_HOUR, BYTES_LITERAL("sre@example.org"),
					      "control"};
	const struct audit_entry_tally_rule rule = {BYTES_LITERAL("scores.bound"), 1, 2, 3, 4};
	const struct audit_entry_tally_cell cell = {"surface", BYTES_LITERAL("home"), 3, 2, 1};
	const struct audit_entry_tally_category category = {BYTES_LITERAL("jazz"), 4, -0.5, 3, 2, 1};
	const struct audit_entry_tally tally = {now - TIME_MINUTE, now, 10, 9, 8, 7, 6, 5, &rule, 1, &cell, 1,
						&category,	   1};
	return append(log, &batch,
		      audit_entry_delivered(&batch, now, &delivered) &&
			      audit_entry_failure(&batch, now, &failure) &&
			      audit_entry_mode(&batch, now, &mode) && audit_entry_tally(&batch, now, &tally),
		      err);
}

static bool add_signals(struct audit_log *log, int64_t now, struct err *err)
{
	struct audit_batch batch = {0};
	bool good = true;
	for (int i = 0; i < SIGNALS && good; i++) {
		char item[16];
		snprintf(item, sizeof item, "item-%d", i);
		const struct audit_entry_signal signal = {
			.method = BYTES_LITERAL("/a/B"),
			.user = BYTES_LITERAL("ffeeddccbbaa99887766554433221100"),
			.kind = "dissatisfied",
			.item = bytes_of(item),
			.category = BYTES_LITERAL("jazz")};
		good = audit_entry_signal(&batch, now, &signal);
	}
	return append(log, &batch, good, err);
}

int main(int argc, char **argv)
{
	struct err err = {"usage: vectors_maker DIR KEY"};
	struct audit_options options = {.directory = argc == 3 ? argv[1] : NULL,
					.origin = "example.org/vectors",
					.identity = "u-1",
					.key_file = argc == 3 ? argv[2] : NULL,
					.durability = AUDIT_DISK,
					.publish_ns = TIME_HOUR,
					.configuration = BYTES_LITERAL("workers = 2\n"),
					.versions = BYTES_LITERAL("{\"rankguard\":\"test\"}"),
					.retain = BYTES_LITERAL("forever"),
					.clock = still};
	struct audit_log *log = argc == 3 ? audit_log_open(&options, &err) : NULL;
	int64_t now = still(NULL);
	bool good = log && add_ruleset(log, now, &err) && add_small(log, now, &err) &&
		    add_decision(log, now, &err) && add_signals(log, now, &err);
	if (log && !audit_log_close(log, &err))
		good = false;
	if (!good)
		fprintf(stderr, "vectors_maker: %s\n", err.text);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
