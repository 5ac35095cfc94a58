/* SPDX-License-Identifier: Apache-2.0
 *
 * log_writer DIR KEY COUNT [days=N] [targets=N] [wide=N] [cells=0] [hostile]: a log of COUNT entries of all types as a
 * deployment writes them, spread over N days from 2026-03-01 on, for readers and for measuring. Without `hostile`
 * names and texts are ordinary; with it every text in every entry is one that has broken a web page, a
 * spreadsheet, a database or a template somewhere.
 *
 *     targets=N   targets of an intervention (default 5: a decision is about 1.3 KiB)
 *     wide=N      one decision has N targets, so that many that it is written in parts
 *     cells=0     tallies without cells, as logs had them at first
 */
#include "audit/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { TARGETS_MAX = 20000, RULES = 6 };

static const char *const hostile[] = {
	"</script><script>alert(1)</script>",
	"\"><img src=x onerror=alert(2)>",
	"=cmd|' /C calc'!A0",
	"+1+cmd|' /C calc'!A0",
	"-2+3",
	"@SUM(1+1)",
	"\t=1+1",
	"a;=1+1",
	"<!--<script>",
	"'; DROP TABLE entries; --",
	"{{title}} ${x} %s %n",
	"]]></style><style>*{display:none}",
	"line one\nline two\r\nline three, \"quoted\"",
	"\xe2\x80\xae"
	"dlrow\xe2\x80\xa8javascript:alert(3)",
	"&lt;b&gt; &amp; \x01\x7f \\u003cscript",
	"\xef\xbc\x9d"
	"1+1",
};

struct writer {
	struct audit_log *log;
	struct audit_batch batch;
	size_t in_batch;
	uint64_t number, count, seed;
	int64_t now_ns, step_ns;
	bool hostile, cells;
	size_t targets, wide;
	struct audit_entry_target target[TARGETS_MAX];
	char id[TARGETS_MAX][24];
};

/* xorshift64*: the same log each time */
static uint64_t chance(struct writer *w, uint64_t below)
{
	w->seed ^= w->seed >> 12;
	w->seed ^= w->seed << 25;
	w->seed ^= w->seed >> 27;
	return (w->seed * UINT64_C(2685821657736338717) >> 33) % below;
}

static struct bytes text(struct writer *w, const char *ordinary)
{
	return bytes_of(w->hostile ? hostile[chance(w, sizeof hostile / sizeof *hostile)] : ordinary);
}

static const char *word(struct writer *w, const char *ordinary)
{
	return w->hostile ? hostile[chance(w, sizeof hostile / sizeof *hostile)] : ordinary;
}

static struct bytes one_of(struct writer *w, const char *const *list, size_t count)
{
	/* The first is the most frequent. */
	size_t a = chance(w, count), b = chance(w, count);
	return text(w, list[a < b ? a : b]);
}
#define ONE_OF(w, ...)                                                                                       \
	one_of(w, (const char *const[]){__VA_ARGS__},                                                        \
	       sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static const struct {
	const char *rule, *kind, *action, *target, *limit, *reason;
} rules[RULES] = {
	{"scores.bound", "score_bound", "clamp", "item", "0.25", "No score moves further than a quarter."},
	{"ranks.shift", "rank_shift", "reorder", "item", "8", "No item falls more than eight ranks."},
	{"weights.floor", "weight_floor", "clamp", "weight", "0.2", "Lower a category, never remove it."},
	{"prompts.session-cap", "prompt_cap", "suppress", "prompt", "2 in 30m",
	 "No more than two prompts in half an hour."},
	{"language.approved", "approved_text", "replace", "prompt", "approved",
	 "Only approved words reach users."},
	{"confidence.low", "confidence_floor", "revert", "response", "0.5",
	 "When confidence is low, the baseline is served."},
};

static struct bytes pseudonym(struct writer *w, char out[33])
{
	snprintf(out, 33, "%016" PRIx64 "%016" PRIx64, chance(w, 900) * UINT64_C(0x9e3779b97f4a7c15),
		 (uint64_t)0x5eed);
	return w->hostile ? text(w, "") : bytes_of(out);
}

static const char digest[] = "hmac-sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

static void fill_targets(struct writer *w, size_t count, bool numeric)
{
	for (size_t i = 0; i < count; i++) {
		double before = (double)chance(w, 1000000) / 1e6, after = before * 0.75;
		snprintf(w->id[i], sizeof w->id[i], "item-%06" PRIu64, chance(w, 200000));
		w->target[i] = (struct audit_entry_target){.id = text(w, w->id[i]),
							   .numeric = numeric,
							   .before_present = true,
							   .after_present = chance(w, 50) != 0,
							   .before = before,
							   .after = after};
		if (!numeric) {
			w->target[i].before_digest = text(w, digest);
			w->target[i].after_digest = chance(w, 2) ? (struct bytes){NULL, 0} : text(w, digest);
		}
	}
}

static bool decision(struct writer *w)
{
	static const uint64_t evidence[] = {17, 4711, UINT64_C(1) << 40};
	char session[33], user[33], trace[33];
	size_t r = chance(w, RULES) * chance(w, RULES) / RULES, count = 1 + (chance(w, 4) == 0);
	struct audit_entry_intervention list[2];
	bool wide = w->wide && w->number >= w->count / 2 && rules[r].target[0] != 'p' &&
		    rules[r].target[0] != 'r';
	size_t targets = wide ? w->wide : w->targets;
	w->wide = wide ? 0 : w->wide;
	for (size_t i = 0; i < count; i++, r = (r + 1) % RULES) {
		bool numeric = rules[r].target[0] == 'i' || rules[r].target[0] == 'w';
		list[i] = (struct audit_entry_intervention){
			.rule = text(w, rules[r].rule),
			.file = text(w, "careful.cfg"),
			.line = (unsigned)(10 + 7 * r),
			.kind = word(w, rules[r].kind),
			.mode = word(w, chance(w, 8) ? "enforce" : "observe"),
			.action = word(w, rules[r].action),
			.verdict = word(w, chance(w, 12) ? "exceeded" : "unknown"),
			.limit = text(w, rules[r].limit),
			.observed = text(w, "0.4137"),
			.reason = text(w, rules[r].reason),
			.target_type = word(w, rules[r].target),
			.target = w->target,
			.target_count = numeric ? targets : 1,
			.evidence = evidence,
			.evidence_count = r == 3 ? 3 : 0};
		list[i].would = list[i].mode[0] == 'o';
	}
	fill_targets(w, targets, list[0].target_type[0] == 'i' || list[0].target_type[0] == 'w');
	snprintf(trace, sizeof trace, "%032" PRIx64, w->number * UINT64_C(0x9e3779b97f4a7c15));
	const struct audit_entry_decision d = {.trace_id = text(w, trace),
					       .method = text(w, "/rankguard.v1.RankingService/Rank"),
					       .ruleset = text(w, digest + 5),
					       .session = pseudonym(w, session),
					       .user = pseudonym(w, user),
					       .surface = ONE_OF(w, "home", "search", "player"),
					       .locale = ONE_OF(w, "en", "de", "fr", "pt-BR", "ja"),
					       .items = 100,
					       .prompts = chance(w, 3),
					       .request = text(w, digest),
					       .proposed = text(w, digest),
					       .governed = text(w, digest),
					       .rejected = chance(w, 200) == 0,
					       .global_mode = text(w, "enforce"),
					       .intervention = list,
					       .intervention_count = count};
	return audit_entry_decision(&w->batch, w->now_ns, &d);
}

static bool delivered(struct writer *w)
{
	char session[33], user[33];
	const struct audit_entry_delivered d = {.method = text(w, "/rankguard.v1.RankingService/Rank"),
						.ruleset = text(w, digest + 5),
						.session = pseudonym(w, session),
						.user = pseudonym(w, user),
						.kind = word(w, "clarifying_question"),
						.prompt_id = text(w, "p-1"),
						.template_id = text(w, "ask.less"),
						.text = text(w, digest),
						.locale = ONE_OF(w, "en", "de", "fr")};
	return audit_entry_delivered(&w->batch, w->now_ns, &d);
}

static bool signal_entry(struct writer *w)
{
	char session[33], user[33];
	const struct audit_entry_signal s = {
		.method = text(w, "/rankguard.v1.RankingService/ReportSignal"),
		.session = pseudonym(w, session),
		.user = pseudonym(w, user),
		.kind = word(w, chance(w, 3) ? "dissatisfied" : "prompt_dismissed"),
		.item = text(w, "item-000017"),
		.category = ONE_OF(w, "jazz", "metal", "podcast"),
		.prompt_id = text(w, "p-1")};
	return audit_entry_signal(&w->batch, w->now_ns, &s);
}

static bool failure(struct writer *w)
{
	const struct audit_entry_failure f = {.class = word(w, "history"),
					      .effect = word(w, "suppress"),
					      .count = 1 + chance(w, 9),
					      .reason = text(w, "history is unavailable: timed out")};
	return audit_entry_failure(&w->batch, w->now_ns, &f);
}

static bool ruleset(struct writer *w)
{
	const struct audit_entry_source source[] = {
		{text(w, "careful.cfg"),
		 text(w, "rules = ( { id = \"scores.bound\"; kind = \"score_bound\"; } );\n")}};
	const struct audit_entry_ruleset r = {.name = text(w, "careful"),
					      .version = text(w, "4"),
					      .digest = text(w, digest + 5),
					      .source = source,
					      .source_count = 1};
	return audit_entry_ruleset(&w->batch, w->now_ns, &r);
}

static void member(struct buf *json, const char *key, struct bytes value)
{
	json_key(json, key);
	json_string(json, value);
}

static void number(struct buf *json, const char *key, uint64_t value)
{
	json_key(json, key);
	json_uint(json, value);
}

static void cells(struct writer *w, struct buf *json)
{
	static const char *const by[][5] = {{"surface", "home", "search", "player", "_other"},
					    {"locale", "en", "de", "ja", "pt-BR"},
					    {"segment", "new", "regular", "lapsed", "_other"},
					    {"experiment", "control", "gentle", "off", "_other"}};
	json_key(json, "cells");
	json_open(json, '[');
	for (size_t i = 0; i < 16; i++) {
		uint64_t governed = 20 + chance(w, 400) / (1 + i % 4), changed = chance(w, governed / 3 + 2);
		json_open(json, '{');
		member(json, "by", bytes_of(by[i / 4][0]));
		member(json, "of", text(w, by[i / 4][1 + i % 4]));
		number(json, "governed", governed);
		number(json, "changed", changed);
		number(json, "interventions", changed + changed / 4);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void categories(struct writer *w, struct buf *json)
{
	static const char *const names[] = {"jazz", "metal", "podcast", "news", "kids", "_other"};
	json_key(json, "categories");
	json_open(json, '[');
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		uint64_t items = 50 + chance(w, 500);
		json_open(json, '{');
		member(json, "category", text(w, names[i]));
		number(json, "items", items);
		json_key(json, "rank_change");
		json_double(json, ((double)chance(w, 300) - 100 - (double)i * 20) / 100);
		number(json, "top10_proposed", items / 8);
		number(json, "top10_governed", items / 9 + i);
		number(json, "top10_baseline", items / 9);
		json_close(json, '}');
	}
	json_close(json, ']');
}

/* A leaf as it stands, where the writers of audit/entry.h do not write all that a reader may meet. */
static bool add_leaf(struct writer *w, const struct buf *json)
{
	const char len[] = {(char)(json->len >> 8), (char)(json->len & 255)};
	buf_add(&w->batch.leaves, len, sizeof len);
	buf_add_bytes(&w->batch.leaves, buf_bytes(json));
	w->batch.count++;
	return !json->failed && !w->batch.leaves.failed;
}

static bool tally(struct writer *w)
{
	struct buf json = {0};
	char now[TIME_TEXT_LEN + 1];
	uint64_t governed = 100 + chance(w, 900), changed = chance(w, governed / 3);
	time_format(w->now_ns, now);
	json_open(&json, '{');
	number(&json, "v", 1);
	member(&json, "type", BYTES_LITERAL("tally"));
	member(&json, "time", bytes_of(now));
	member(&json, "from", bytes_of(now));
	member(&json, "to", bytes_of(now));
	number(&json, "calls", governed + 12);
	number(&json, "governed", governed);
	number(&json, "changed", changed);
	number(&json, "rejected", chance(w, 2));
	number(&json, "prompts_proposed", governed / 9);
	number(&json, "prompts_delivered", governed / 12);
	json_key(&json, "rules");
	json_open(&json, '[');
	for (size_t i = 0; i < RULES; i++) {
		uint64_t exceeded = chance(w, changed + 1);
		json_open(&json, '{');
		member(&json, "rule", text(w, rules[i].rule));
		number(&json, "within", governed - exceeded);
		number(&json, "exceeded", exceeded);
		number(&json, "would", exceeded / 9);
		number(&json, "unknown", chance(w, 3));
		json_close(&json, '}');
	}
	json_close(&json, ']');
	if (w->cells) {
		cells(w, &json);
		categories(w, &json);
	}
	json_close(&json, '}');
	bool good = add_leaf(w, &json);
	buf_done(&json);
	return good;
}

/* Out of twenty entries fourteen are decisions. */
static bool add_one(struct writer *w)
{
	if (w->number == 0)
		return ruleset(w);
	if (w->number % 2003 == 0)
		return failure(w);
	switch (w->number % 20) {
	case 3:
	case 13:
		return delivered(w);
	case 7:
	case 11:
	case 17:
		return signal_entry(w);
	case 19:
		return tally(w);
	default:
		return decision(w);
	}
}

static int64_t clock_of(void *ctx)
{
	return ((struct writer *)ctx)->now_ns;
}

static bool send(struct writer *w, struct err *err)
{
	uint64_t first;
	bool good = w->batch.count == 0 || audit_log_append_wait(w->log, &w->batch, &first, err);
	audit_batch_done(&w->batch);
	w->in_batch = 0;
	return good;
}

/* A batch has one time: small logs get one for each entry. */
static bool write_all(struct writer *w, struct err *err)
{
	bool good = true;
	for (; w->number < w->count && good; w->number++) {
		w->now_ns += w->step_ns;
		good = add_one(w) ? true : err_set(err, "memory is short");
		if (good && ++w->in_batch > w->count / 1000)
			good = send(w, err);
	}
	return good && send(w, err);
}

static uint64_t option(int argc, char **argv, const char *name, uint64_t otherwise)
{
	for (int i = 4; i < argc; i++)
		if (strncmp(argv[i], name, strlen(name)) == 0)
			return strtoull(argv[i] + strlen(name), NULL, 10);
	return otherwise;
}

int main(int argc, char **argv)
{
	struct writer *w = calloc(1, sizeof *w);
	struct err err;
	if (argc < 4 || !w)
		return 2;
	w->count = strtoull(argv[3], NULL, 10);
	w->seed = 0x5eed;
	w->targets = option(argc, argv, "targets=", 5);
	w->wide = option(argc, argv, "wide=", 0);
	w->cells = option(argc, argv, "cells=", 1) != 0;
	w->hostile = strcmp(argv[argc - 1], "hostile") == 0;
	if (w->targets > TARGETS_MAX || w->wide > TARGETS_MAX)
		return 2;
	w->now_ns = INT64_C(1772323200) * TIME_SECOND; /* 2026-03-01 */
	w->step_ns = (int64_t)option(argc, argv, "days=", 30) * TIME_DAY / (int64_t)(w->count + 1);
	const struct audit_options options = {.directory = argv[1],
					      .origin = "example.org/reco",
					      .identity = "pod-7f",
					      .key_file = argv[2],
					      .durability = AUDIT_PROCESS,
					      .publish_ns = TIME_SECOND,
					      .clock = clock_of,
					      .clock_ctx = w,
					      .retain = BYTES_LITERAL("forever")};
	w->log = audit_log_open(&options, &err);
	bool good = w->log && write_all(w, &err);
	if (w->log && !audit_log_close(w->log, good ? &err : NULL))
		good = false;
	if (!good)
		fprintf(stderr, "log_writer: %s\n", err.text);
	audit_batch_done(&w->batch);
	free(w);
	return good ? 0 : 3;
}
