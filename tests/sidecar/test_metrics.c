/* SPDX-License-Identifier: Apache-2.0
 *
 * Counters, their Prometheus text (whole, against data/metrics.prom, and by a parser of the format) and the
 * entries that they become.
 */
#include "sidecar/metrics.h"

#include "proto/time.h"
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define RANK "/rankguard.v1.RankingService/Rank"

struct stage {
	struct proto_mapping *mapping;
	struct rules_ruleset *rules;
	struct sidecar_metrics *metrics;
	struct sidecar_meter *meter;
	struct audit_batch batch;
};

static int stage_begin(void **state)
{
	struct stage *stage = calloc(1, sizeof *stage);
	struct rules_findings findings = {0};
	struct err err;
	assert_non_null(stage);
	stage->mapping = proto_mapping_canonical(&err);
	assert_non_null(stage->mapping);
	stage->rules = rules_ruleset_load(TEST_DATA "/data/metrics.cfg", 0, &findings);
	for (size_t i = 0; i < findings.count; i++)
		print_message("%s\n", findings.finding[i].text);
	assert_non_null(stage->rules);
	rules_findings_done(&findings);
	stage->metrics = sidecar_metrics_new(100 * TIME_SECOND);
	assert_non_null(stage->metrics);
	stage->meter = sidecar_meter_new(stage->metrics, stage->mapping, stage->rules);
	assert_non_null(stage->meter);
	sidecar_metrics_in_force(stage->metrics, stage->rules);
	*state = stage;
	return 0;
}

static int stage_end(void **state)
{
	struct stage *stage = *state;
	sidecar_meter_free(stage->meter);
	sidecar_meter_free(NULL);
	sidecar_metrics_free(stage->metrics);
	sidecar_metrics_free(NULL);
	rules_ruleset_drop(stage->rules);
	proto_mapping_free(stage->mapping);
	audit_batch_done(&stage->batch);
	free(stage);
	return 0;
}

/* Rules of data/metrics.cfg by their index. */
enum { CAP, OBSERVED, BOUND, RULES };

/* A decision with one intervention for each rule that has an action; `would` for the observing one. */
static void decide(struct stage *stage, const enum rules_verdict verdict[RULES],
		   const enum rules_action action[RULES], bool changed, size_t proposed)
{
	struct rules_intervention done[RULES];
	enum rules_verdict verdicts[RULES];
	struct rules_decision decision = {.intervention = done, .verdict = verdicts, .changed = changed};
	for (size_t i = 0; i < RULES; i++) {
		verdicts[i] = verdict[i];
		if (action[i] == RULES_NONE)
			continue;
		done[decision.intervention_count++] =
			(struct rules_intervention){.rule = rules_ruleset_rule(stage->rules, i),
						    .verdict = verdict[i],
						    .action = action[i],
						    .would = i == OBSERVED};
		decision.rejected |= action[i] == RULES_REJECT;
	}
	const struct facts facts = {.prompt_count = proposed};
	sidecar_metrics_decided(stage->metrics, stage->meter, &facts, &decision);
}

/* A life of a minute that touches every family. */
static void live(struct stage *stage)
{
	struct sidecar_metrics *metrics = stage->metrics;
	struct metrics_method *rank =
		sidecar_meter_method(stage->meter, proto_mapping_find(stage->mapping, BYTES_LITERAL(RANK)));
	struct metrics_method *other = sidecar_meter_method(stage->meter, NULL);
	for (int i = 0; i < 3; i++)
		sidecar_metrics_started(metrics, rank);
	sidecar_metrics_started(metrics, other);
	sidecar_metrics_handled(rank, 0, 5000000);  /* exactly a bound: le 0.005 */
	sidecar_metrics_handled(rank, 14, 5000001); /* just above it */
	sidecar_metrics_handled(rank, 7, 60 * TIME_SECOND);
	sidecar_metrics_handled(other, 99, -1); /* no such code, a clock set back */
	sidecar_metrics_overhead(metrics, 50000);
	sidecar_metrics_overhead(metrics, 750000);
	sidecar_metrics_overhead(metrics, TIME_SECOND);
	decide(stage, (enum rules_verdict[]){RULES_EXCEEDED, RULES_EXCEEDED, RULES_WITHIN},
	       (enum rules_action[]){RULES_SUPPRESS, RULES_REPLACE, RULES_NONE}, true, 3);
	decide(stage, (enum rules_verdict[]){RULES_UNKNOWN, RULES_UNKNOWN, RULES_EXCEEDED},
	       (enum rules_action[]){RULES_FLAG, RULES_SUPPRESS, RULES_REJECT}, true, 1);
	decide(stage, (enum rules_verdict[]){RULES_NOT_APPLIED, RULES_WITHIN, RULES_WITHIN},
	       (enum rules_action[]){RULES_NONE, RULES_NONE, RULES_NONE}, false, 0);
	sidecar_metrics_delivered(metrics, 2);
	sidecar_metrics_failed(metrics, SIDECAR_FAILURE_HISTORY, SIDECAR_SUPPRESS);
	sidecar_metrics_failed(metrics, SIDECAR_FAILURE_AUDIT, SIDECAR_CLOSED);
	sidecar_metrics_failed(metrics, SIDECAR_FAILURE_AUDIT, SIDECAR_CLOSED);
	sidecar_metrics_reloaded(metrics, true);
	sidecar_metrics_reloaded(metrics, false);
	sidecar_metrics_in_flight(metrics, 3);
	sidecar_metrics_in_flight(metrics, -1);
}

static char *render(struct sidecar_metrics *metrics, bool with_log)
{
	struct audit_log_state log = {.writable = true,
				      .size = 1234,
				      .published = 1200,
				      .bytes = 56789,
				      .syncs = 77,
				      .append_count = 80,
				      .append_ns_sum = 1500000000,
				      .publish_lag_ns = 250000000};
	struct buf out = {0};
	sidecar_metrics_render(metrics, with_log ? &log : NULL, &out);
	assert_false(out.failed);
	buf_add(&out, "", 1);
	return out.at;
}

/* ---- a parser of the format, as far as a scraper needs it ---- */

struct sample {
	char name[80], labels[256];
	double value;
};

/* Ends behind the closing brace; escapes keep their backslash. */
static const char *take_labels(const char *at, char labels[256])
{
	size_t len = 0;
	bool quoted = false;
	for (at++; *at && (quoted || *at != '}'); at++) {
		if (quoted && *at == '\\') {
			assert_non_null(strchr("\\\"n", at[1]));
			labels[len++] = *at++;
		} else if (*at == '"') {
			quoted = !quoted;
		}
		labels[len++] = *at;
		assert_true(len < 250);
	}
	labels[len] = '\0';
	assert_int_equal(*at, '}');
	return at + 1;
}

static struct sample take_sample(const char *line)
{
	struct sample sample = {0};
	size_t len = strspn(line, "abcdefghijklmnopqrstuvwxyz_");
	assert_in_range(len, 1, sizeof sample.name - 1);
	memcpy(sample.name, line, len);
	const char *at = line + len;
	if (*at == '{')
		at = take_labels(at, sample.labels);
	assert_int_equal(*at, ' ');
	char *end;
	sample.value = strtod(at + 1, &end);
	assert_true(end != at + 1 && *end == '\0');
	return sample;
}

struct scrape {
	struct sample *sample;
	size_t count;
	char family[80], type[20];
};

/* A sample's name belongs to the family that was announced last. */
static void check_family(const struct scrape *scrape, const char *name)
{
	size_t len = strlen(scrape->family);
	assert_memory_equal(name, scrape->family, len);
	const char *rest = name + len;
	bool parts = strcmp(rest, "_sum") == 0 || strcmp(rest, "_count") == 0;
	if (strcmp(scrape->type, "histogram") == 0)
		assert_true(parts || strcmp(rest, "_bucket") == 0);
	else if (strcmp(scrape->type, "summary") == 0)
		assert_true(parts);
	else
		assert_string_equal(rest, "");
	if (strcmp(scrape->type, "counter") == 0)
		assert_string_equal(name + strlen(name) - 6, "_total");
}

/* Checks the text line by line; series must not come twice. Samples owned by the caller. */
static struct scrape parse(char *text)
{
	struct scrape scrape = {.sample = calloc(2000, sizeof *scrape.sample)};
	assert_non_null(scrape.sample);
	assert_int_equal(text[strlen(text) - 1], '\n');
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (sscanf(line, "# TYPE %79s %19s", scrape.family, scrape.type) == 2 ||
		    strncmp(line, "# HELP ", 7) == 0)
			continue;
		struct sample sample = take_sample(line);
		check_family(&scrape, sample.name);
		for (size_t i = 0; i < scrape.count; i++)
			assert_true(strcmp(scrape.sample[i].name, sample.name) != 0 ||
				    strcmp(scrape.sample[i].labels, sample.labels) != 0);
		assert_true(scrape.count < 2000);
		scrape.sample[scrape.count++] = sample;
	}
	return scrape;
}

static double value_of(const struct scrape *scrape, const char *name, const char *labels)
{
	for (size_t i = 0; i < scrape->count; i++)
		if (strcmp(scrape->sample[i].name, name) == 0 &&
		    strcmp(scrape->sample[i].labels, labels) == 0)
			return scrape->sample[i].value;
	fail_msg("no series %s{%s}", name, labels);
	return NAN;
}

/* ---- tests ---- */

static void the_text_is_pinned(void **state)
{
	struct stage *stage = *state;
	live(stage);
	char *text = render(stage->metrics, true);
	FILE *file = fopen(TEST_DATA "/data/metrics.prom", "rb");
	assert_non_null(file);
	char *expected = calloc(1, 100000);
	assert_non_null(expected);
	assert_true(fread(expected, 1, 99999, file) > 0);
	fclose(file);
	assert_string_equal(text, expected);
	free(expected);
	free(text);
}

static void a_scraper_reads_what_was_counted(void **state)
{
	struct stage *stage = *state;
	live(stage);
	char *text = render(stage->metrics, true);
	struct scrape scrape = parse(text);
#define METHOD "grpc_type=\"unary\",grpc_service=\"rankguard.v1.RankingService\",grpc_method=\"Rank\""
#define OTHER  "grpc_type=\"_OTHER\",grpc_service=\"_OTHER\",grpc_method=\"_OTHER\""
	static const struct {
		const char *name, *labels;
		double value;
	} rows[] = {
		{"grpc_server_started_total", METHOD, 3},
		{"grpc_server_started_total", OTHER, 1},
		{"grpc_server_handled_total", METHOD ",grpc_code=\"OK\"", 1},
		{"grpc_server_handled_total", METHOD ",grpc_code=\"Unavailable\"", 1},
		{"grpc_server_handled_total", METHOD ",grpc_code=\"PermissionDenied\"", 1},
		{"grpc_server_handled_total", OTHER ",grpc_code=\"Unknown\"", 1},
		{"grpc_server_handling_seconds_bucket", METHOD ",le=\"0.005\"", 1},
		{"grpc_server_handling_seconds_bucket", METHOD ",le=\"0.01\"", 2},
		{"grpc_server_handling_seconds_bucket", METHOD ",le=\"10\"", 2},
		{"grpc_server_handling_seconds_bucket", METHOD ",le=\"+Inf\"", 3},
		{"grpc_server_handling_seconds_count", METHOD, 3},
		{"grpc_server_handling_seconds_sum", METHOD, 60.010000001},
		{"grpc_server_handling_seconds_sum", OTHER, 0},
		{"rankguard_overhead_seconds_bucket", "le=\"5e-05\"", 1},
		{"rankguard_overhead_seconds_bucket", "le=\"0.0005\"", 1},
		{"rankguard_overhead_seconds_bucket", "le=\"0.001\"", 2},
		{"rankguard_overhead_seconds_bucket", "le=\"0.05\"", 2},
		{"rankguard_overhead_seconds_count", "", 3},
		{"rankguard_rule_results_total", "rule=\"a.cap\",result=\"exceeded\"", 1},
		{"rankguard_rule_results_total", "rule=\"a.cap\",result=\"unknown\"", 1},
		{"rankguard_rule_results_total", "rule=\"a.cap\",result=\"within\"", 0},
		{"rankguard_rule_results_total", "rule=\"b.observed\",result=\"would\"", 2},
		{"rankguard_rule_results_total", "rule=\"b.observed\",result=\"exceeded\"", 0},
		{"rankguard_rule_results_total", "rule=\"b.observed\",result=\"within\"", 1},
		{"rankguard_rule_results_total", "rule=\"c.bound\",result=\"within\"", 2},
		{"rankguard_interventions_total", "rule=\"a.cap\",action=\"suppress\"", 1},
		{"rankguard_interventions_total", "rule=\"a.cap\",action=\"flag\"", 1},
		{"rankguard_interventions_total", "rule=\"b.observed\",action=\"replace\"", 0},
		{"rankguard_interventions_total", "rule=\"c.bound\",action=\"reject\"", 1},
		{"rankguard_failures_total", "class=\"history\",effect=\"suppress\"", 1},
		{"rankguard_failures_total", "class=\"audit\",effect=\"closed\"", 2},
		{"rankguard_responses_governed_total", "", 3},
		{"rankguard_responses_changed_total", "", 2},
		{"rankguard_responses_rejected_total", "", 1},
		{"rankguard_prompts_proposed_total", "", 4},
		{"rankguard_prompts_delivered_total", "", 2},
		{"rankguard_in_flight", "", 2},
		{"rankguard_audit_writable", "", 1},
		{"rankguard_audit_entries_total", "", 1234},
		{"rankguard_audit_append_seconds_sum", "", 1.5},
		{"rankguard_audit_publish_lag_seconds", "", 0.25},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (fabs(value_of(&scrape, rows[i].name, rows[i].labels) - rows[i].value) > 1e-9)
			fail_msg("%s{%s} is %g", rows[i].name, rows[i].labels,
				 value_of(&scrape, rows[i].name, rows[i].labels));
	free(scrape.sample);
	free(text);
}

static void labels_are_escaped(void **state)
{
	struct stage *stage = *state;
	char *text = render(stage->metrics, false);
	assert_non_null(strstr(text, ",version=\"1 \\\"beta\\\" \\\\\"} 1\n"));
	assert_null(strstr(text, "rankguard_audit_"));
	free(text);
}

enum { THREADS = 8, ROUNDS = 2000 };

static void *count_much(void *ctx)
{
	struct stage *stage = ctx;
	struct metrics_method *row = sidecar_meter_method(stage->meter, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		sidecar_metrics_started(stage->metrics, row);
		sidecar_metrics_in_flight(stage->metrics, 1);
		sidecar_metrics_overhead(stage->metrics, 1000);
		sidecar_metrics_failed(stage->metrics, SIDECAR_FAILURE_LIMIT, SIDECAR_PASS);
		sidecar_metrics_handled(row, 0, 1000);
		sidecar_metrics_in_flight(stage->metrics, -1);
	}
	return NULL;
}

static void no_count_of_a_thread_is_lost(void **state)
{
	struct stage *stage = *state;
	pthread_t thread[THREADS];
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, count_much, stage), 0);
	for (int i = 0; i < 20; i++) { /* a reload meanwhile */
		struct sidecar_meter *meter = sidecar_meter_new(stage->metrics, stage->mapping, stage->rules);
		assert_non_null(meter);
		sidecar_metrics_in_force(stage->metrics, stage->rules);
		free(render(stage->metrics, false));
		sidecar_meter_free(meter);
	}
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	char *text = render(stage->metrics, false);
	struct scrape scrape = parse(text);
	assert_true(value_of(&scrape, "rankguard_overhead_seconds_count", "") == THREADS * ROUNDS);
	assert_true(value_of(&scrape, "rankguard_failures_total", "class=\"limit\",effect=\"pass\"") ==
		    THREADS * ROUNDS);
	assert_true(value_of(&scrape, "rankguard_in_flight", "") == 0);
	free(scrape.sample);
	free(text);
}

/* ---- entries ---- */

/* The leaf at `index` of the stage's batch, as text. Owned. */
static char *leaf(const struct stage *stage, size_t index)
{
	struct bytes rest = buf_bytes(&stage->batch.leaves);
	for (;; index--) {
		assert_true(rest.len > 2);
		size_t len = (size_t)((unsigned char)rest.at[0] << 8 | (unsigned char)rest.at[1]);
		if (index == 0)
			return strndup(rest.at + 2, len);
		rest.at += 2 + len;
		rest.len -= 2 + len;
	}
}

static void tally_is(struct stage *stage, int64_t now_s, const char *expected)
{
	audit_batch_done(&stage->batch);
	assert_true(sidecar_metrics_tally(stage->metrics, now_s * TIME_SECOND, &stage->batch));
	assert_int_equal(stage->batch.count, 1);
	char *text = leaf(stage, 0);
	const char *from = strstr(text, "\"from\"");
	assert_non_null(from);
	assert_string_equal(from, expected);
	free(text);
}

#define FROM_TO(from, to)                                                                                    \
	"\"from\":\"1970-01-01T00:0" from ".000000000Z\",\"to\":\"1970-01-01T00:0" to ".000000000Z\","
#define NO_ITEMS "],\"categories\":[]}"
#define CELL(by, governed, changed, interventions)                                                           \
	"{\"by\":\"" by "\",\"of\":\"\",\"governed\":" governed ",\"changed\":" changed                      \
	",\"interventions\":" interventions "}"
#define FIRST_CELLS                                                                                          \
	CELL("surface", "3", "2", "3")                                                                       \
	"," CELL("locale", "3", "2", "3") "," CELL("segment", "3", "2", "3") "," CELL("experiment", "3",     \
										      "2", "3")
#define FIRST                                                                                                \
	"\"calls\":4,\"governed\":3,\"changed\":2,\"rejected\":1,\"prompts_proposed\":4,"                    \
	"\"prompts_delivered\":2,\"rules\":["                                                                \
	"{\"rule\":\"a.cap\",\"within\":0,\"exceeded\":1,\"would\":0,\"unknown\":1},"                        \
	"{\"rule\":\"b.observed\",\"within\":1,\"exceeded\":0,\"would\":2,\"unknown\":0},"                   \
	"{\"rule\":\"c.bound\",\"within\":2,\"exceeded\":1,\"would\":0,\"unknown\":0}],\"cells\":"           \
	"[" FIRST_CELLS NO_ITEMS
#define NOTHING                                                                                              \
	"\"calls\":0,\"governed\":0,\"changed\":0,\"rejected\":0,\"prompts_proposed\":0,"                    \
	"\"prompts_delivered\":0,\"rules\":["                                                                \
	"{\"rule\":\"a.cap\",\"within\":0,\"exceeded\":0,\"would\":0,\"unknown\":0},"                        \
	"{\"rule\":\"b.observed\",\"within\":0,\"exceeded\":0,\"would\":0,\"unknown\":0},"                   \
	"{\"rule\":\"c.bound\",\"within\":0,\"exceeded\":0,\"would\":0,\"unknown\":0}],\"cells\":[" NO_ITEMS

static void tallies_join_without_gap_or_overlap(void **state)
{
	struct stage *stage = *state;
	live(stage);
	tally_is(stage, 160, FROM_TO("1:40", "2:40") FIRST);
	tally_is(stage, 220, FROM_TO("2:40", "3:40") NOTHING);
	live(stage);
	tally_is(stage, 280, FROM_TO("3:40", "4:40") FIRST);
}

static void a_lost_tally_is_counted_again(void **state)
{
	struct stage *stage = *state;
	live(stage);
	tally_is(stage, 160, FROM_TO("1:40", "2:40") FIRST);
	sidecar_metrics_tally_lost(stage->metrics);
	sidecar_metrics_tally_lost(stage->metrics);
	tally_is(stage, 220, FROM_TO("1:40", "3:40") FIRST);
	tally_is(stage, 280, FROM_TO("3:40", "4:40") NOTHING);
}

static void failures_are(struct stage *stage, const char *const *expected, size_t count)
{
	audit_batch_done(&stage->batch);
	assert_true(sidecar_metrics_failures(stage->metrics, 0, &stage->batch));
	assert_int_equal(stage->batch.count, count);
	for (size_t i = 0; i < count; i++) {
		char *text = leaf(stage, i);
		assert_non_null(strstr(text, "\"type\":\"failure\""));
		if (!strstr(text, expected[i]))
			fail_msg("%s is not in %s", expected[i], text);
		free(text);
	}
}

static void failures_become_entries_once(void **state)
{
	struct stage *stage = *state;
	static const char *const both[] = {"\"class\":\"limit\",\"effect\":\"closed\",\"count\":1",
					   "\"class\":\"overload\",\"effect\":\"closed\",\"count\":2"};
	failures_are(stage, NULL, 0);
	live(stage);
	live(stage);
	sidecar_metrics_failed(stage->metrics, SIDECAR_FAILURE_LIMIT, SIDECAR_CLOSED);
	sidecar_metrics_failed(stage->metrics, SIDECAR_FAILURE_LIMIT, SIDECAR_PASS);
	sidecar_metrics_failed(stage->metrics, SIDECAR_FAILURE_OVERLOAD, SIDECAR_CLOSED);
	sidecar_metrics_failed(stage->metrics, SIDECAR_FAILURE_OVERLOAD, SIDECAR_CLOSED);
	/* the log's own class is left to the log, and what did not close a call has an entry of its own */
	failures_are(stage, both, 2);
	sidecar_metrics_failures_lost(stage->metrics);
	failures_are(stage, both, 2);
	failures_are(stage, NULL, 0);
	sidecar_metrics_failures_lost(stage->metrics); /* nothing was in it */
	failures_are(stage, NULL, 0);
}

static void methods_have_rows(void **state)
{
	struct stage *stage = *state;
	struct metrics_method *other = sidecar_meter_method(stage->meter, NULL);
	for (size_t i = 0; proto_mapping_at(stage->mapping, i); i++)
		assert_ptr_not_equal(sidecar_meter_method(stage->meter, proto_mapping_at(stage->mapping, i)),
				     other);
	struct err err;
	struct proto_mapping *foreign = proto_mapping_canonical(&err);
	assert_ptr_equal(sidecar_meter_method(stage->meter, proto_mapping_at(foreign, 0)), other);
	proto_mapping_free(foreign);
}

/* A ruleset like that of the stage without its first rule, and another one behind. */
static struct rules_ruleset *next_rules(void)
{
	struct rules_findings findings = {0};
	struct rules_ruleset *rules = rules_ruleset_load(TEST_DATA "/data/metrics_next.cfg", 0, &findings);
	assert_non_null(rules);
	rules_findings_done(&findings);
	return rules;
}

/* Rules are known by their ids over a reload, whatever their places; those of before go on being counted by the
 * calls that still use them, and a tally holds them all. */
static void rules_go_on_counting_over_a_reload(void **state)
{
	struct stage *stage = *state;
	struct rules_ruleset *rules = next_rules();
	struct err err;
	struct proto_mapping *mapping = proto_mapping_canonical(&err);
	live(stage);
	struct sidecar_meter *meter = sidecar_meter_new(stage->metrics, mapping, rules);
	assert_non_null(meter);
	sidecar_metrics_in_force(stage->metrics, rules);
	assert_ptr_equal(sidecar_meter_method(meter, proto_mapping_at(mapping, 0)),
			 sidecar_meter_method(stage->meter, proto_mapping_at(stage->mapping, 0)));
	enum rules_verdict verdict[] = {RULES_EXCEEDED, RULES_WITHIN};
	struct rules_decision decision = {.verdict = verdict};
	sidecar_metrics_decided(stage->metrics, meter, &(struct facts){.prompt_count = 0}, &decision);
	decide(stage, (enum rules_verdict[]){RULES_WITHIN, RULES_WITHIN, RULES_WITHIN},
	       (enum rules_action[]){RULES_NONE, RULES_NONE, RULES_NONE}, false, 0);
	tally_is(stage, 160,
		 FROM_TO("1:40",
			 "2:40") "\"calls\":4,\"governed\":5,\"changed\":2,\"rejected\":1,\"prompts_"
				 "proposed\":4,"
				 "\"prompts_delivered\":2,\"rules\":["
				 "{\"rule\":\"a.cap\",\"within\":1,\"exceeded\":1,\"would\":0,\"unknown\":1},"
				 "{\"rule\":\"b.observed\",\"within\":2,\"exceeded\":0,\"would\":2,"
				 "\"unknown\":0},"
				 "{\"rule\":\"c.bound\",\"within\":3,\"exceeded\":2,\"would\":0,\"unknown\":"
				 "0},"
				 "{\"rule\":\"d.next\",\"within\":1,\"exceeded\":0,\"would\":0,\"unknown\":0}"
				 "],\"cells\":[" CELL("surface", "5", "2", "3") "," CELL(
					 "locale", "5", "2", "3") "," CELL("segment", "5", "2",
									   "3") "," CELL("experiment", "5",
											 "2", "3") NO_ITEMS);
	sidecar_meter_free(meter);
	proto_mapping_free(mapping);
	rules_ruleset_drop(rules);
}

int main(void)
{
#define STAGED(test) cmocka_unit_test_setup_teardown(test, stage_begin, stage_end)
	const struct CMUnitTest tests[] = {
		STAGED(the_text_is_pinned),
		STAGED(a_scraper_reads_what_was_counted),
		STAGED(labels_are_escaped),
		STAGED(no_count_of_a_thread_is_lost),
		STAGED(tallies_join_without_gap_or_overlap),
		STAGED(a_lost_tally_is_counted_again),
		STAGED(failures_become_entries_once),
		STAGED(methods_have_rows),
		STAGED(rules_go_on_counting_over_a_reload),
	};
	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
