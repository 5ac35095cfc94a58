/* SPDX-License-Identifier: Apache-2.0
 *
 * The kinds that look at what a subject has seen and said: boundaries to the nanosecond, kinds, ids that are
 * missing, reservations; and a naive log that judges random histories again.
 */
#include "support.h"

#include "proto/time.h"
#include <stdio.h>

enum { EVENTS_MAX = 32 };

#define RULE(kind, keys)                                                                                     \
	"rules = ( { id = \"c\"; kind = \"" kind "\"; reason = \"r\"; per = \"session\"; " keys " } );"
#define GAP(keys)	     RULE("prompt_gap", "gap = \"10m\"; " keys)
#define ANSWERED(keys)	     RULE("prompt_answered", "window = \"10m\"; " keys)
#define BACKOFF(after, keys) RULE("prompt_backoff", "after = " after "; base = \"1h\"; max = \"7h\"; " keys)
#define DISMISSED	     BACKOFF("\"dismissed\"", "")
#define UNANSWERED	     BACKOFF("\"unanswered\"", "")

struct row {
	const char *name, *rule;
	const char *prompts; /* proposed, by the letters of events_of */
	const char *history; /* of the session; NULL: no session id */
	const char *story, *texts;
};

static const struct row rows[] = {
	{"gap: nothing before", GAP(""), "q", "", "", "|q|"},
	{"gap: exactly as long ago", GAP(""), "q", "q-10m", "", "|q|"},
	{"gap: a nanosecond less", GAP(""), "q", "q-10m+1", "c suppress exceeded 0", "|"},
	{"gap: this instant", GAP(""), "q", "q-0", "c suppress exceeded 0", "|"},
	{"gap: later than now is now", GAP(""), "q", "q-0+5", "c suppress exceeded 0", "|"},
	{"gap: a call in flight holds its place", GAP(""), "q", "q-1h R", "c suppress exceeded 0", "|"},
	{"gap: only the last one matters", GAP(""), "q", "q-2h q-1h q-11m", "", "|q|"},
	{"gap: signals are no prompts", GAP(""), "q", "x-1m y-1m", "", "|q|"},
	{"gap: two of one response have none between them", GAP(""), "qa", "", "c suppress exceeded 1",
	 "|q|"},
	{"gap: other kinds neither count nor are limited", GAP("kinds = \"pause\";"), "qp", "q-1m p-11m", "",
	 "|q|p|"},
	{"gap: the last of its kinds", GAP("kinds = \"pause\";"), "qp", "p-1m q-30s", "c suppress exceeded 1",
	 "|q|"},
	{"gap: an absent or unknown kind does not escape", GAP("kinds = \"pause\";"), "?", "o-1m",
	 "c suppress exceeded 0", "|"},
	{"gap: no session id", GAP(""), "qa", NULL, "c suppress unknown 0,1", "|"},
	{"gap: no session id, flag", GAP("on_unknown = \"flag\";"), "q", NULL, "c flag unknown 0", "|q|"},
	{"gap: flag", GAP("action = \"flag\";"), "q", "q-1m", "c flag exceeded 0", "|q|"},
	{"gap: observe", GAP("mode = \"observe\";"), "qa", "q-1m", "(c suppress exceeded 0,1)", "|q|a|"},
	{"gap: the longer one is recorded",
	 "rules = ( { id = \"a\"; kind = \"prompt_gap\"; reason = \"r\"; per = \"session\"; gap = \"1h\"; },"
	 " { id = \"b\"; kind = \"prompt_gap\"; reason = \"r\"; per = \"session\"; gap = \"2h\"; } );",
	 "q", "q-1m", "b suppress exceeded 0", "|"},

	{"answered: nothing said", ANSWERED(""), "q", "q-5m x-1m", "", "|q|"},
	{"answered: exactly a window ago", ANSWERED(""), "q", "y-10m", "", "|q|"},
	{"answered: a nanosecond less", ANSWERED(""), "q", "y-10m+1", "c suppress exceeded 0", "|"},
	{"answered: this instant, and later than now", ANSWERED(""), "qa", "y-0+5", "c suppress exceeded 0,1",
	 "|"},
	{"answered: a call in flight is no answer", ANSWERED(""), "q", "R", "", "|q|"},
	{"answered: all of a response may leave", ANSWERED(""), "qa", "", "", "|q|a|"},
	{"answered: a prompt of another kind", ANSWERED("kinds = \"pause\";"), "qp", "q-2m:p1 y-1m:p1", "",
	 "|q|p|"},
	{"answered: a prompt of its kinds", ANSWERED("kinds = \"pause\";"), "qp", "p-2m:p1 y-1m:p1",
	 "c suppress exceeded 1", "|q|"},
	{"answered: its own and another", ANSWERED("kinds = \"pause\";"), "p",
	 "p-4m:p1 q-3m:p2 y-2m:p1 y-1m:p2", "c suppress exceeded 0", "|"},
	{"answered: a prompt that nobody named", ANSWERED("kinds = \"pause\";"), "p", "q-2m:p1 y-1m",
	 "c suppress exceeded 0", "|"},
	{"answered: a prompt that nobody knows", ANSWERED("kinds = \"pause\";"), "p", "q-2m:p1 y-1m:p2",
	 "c suppress exceeded 0", "|"},
	{"answered: a prompt that may be forgotten", ANSWERED("kinds = \"pause\";"), "p", "q-10m:p1 y-1m:p1",
	 "c suppress exceeded 0", "|"},
	{"answered: no session id", ANSWERED(""), "q", NULL, "c suppress unknown 0", "|"},
	{"answered: no session id, flag", ANSWERED("on_unknown = \"flag\";"), "q", NULL, "c flag unknown 0",
	 "|q|"},
	{"answered: flag", ANSWERED("action = \"flag\";"), "q", "y-1m", "c flag exceeded 0", "|q|"},
	{"answered: observe", ANSWERED("mode = \"observe\";"), "q", "y-1m", "(c suppress exceeded 0)", "|q|"},

	{"back-off: nothing dismissed", DISMISSED, "qa", "q-5m y-1m", "", "|q|a|"},
	{"back-off: one, just before the wait ends", DISMISSED, "q", "x-1h+1", "c suppress exceeded 0", "|"},
	{"back-off: one, the wait is over", DISMISSED, "q", "x-1h", "", "|q|"},
	{"back-off: this instant, and later than now", DISMISSED, "qa", "x-0+5", "c suppress exceeded 0,1",
	 "|"},
	{"back-off: two", DISMISSED, "q", "x-5h x-2h+1", "c suppress exceeded 0", "|"},
	{"back-off: two, over", DISMISSED, "q", "x-5h x-2h", "", "|q|"},
	{"back-off: three", DISMISSED, "q", "x-9h x-5h x-4h+1", "c suppress exceeded 0", "|"},
	{"back-off: three, over", DISMISSED, "q", "x-9h x-5h x-4h", "", "|q|"},
	{"back-off: four reach the longest wait", DISMISSED, "q", "x-10h x-9h x-8h x-7h+1",
	 "c suppress exceeded 0", "|"},
	{"back-off: four, over", DISMISSED, "q", "x-10h x-9h x-8h x-7h", "", "|q|"},
	{"back-off: an answer ends the row", DISMISSED, "q", "x-9h x-5h y-4h x-1h", "", "|q|"},
	{"back-off: a reset ends the row", DISMISSED, "q", "x-9h x-5h r-4h x-1h", "", "|q|"},
	{"back-off: and a new one begins", DISMISSED, "q", "x-9h x-5h r-4h x-59m", "c suppress exceeded 0",
	 "|"},
	{"back-off: other signals do not", DISMISSED, "q", "x-9h d-8h I-7h s-6h x-2h+1",
	 "c suppress exceeded 0", "|"},
	{"back-off: a tap that was sent again counts once", DISMISSED, "q",
	 "x-1h:p x-1h+5000000000:p x-1h+9999999999:p", "", "|q|"},
	{"back-off: also when it names no prompt", DISMISSED, "q", "x-1h x-1h+9999999999", "", "|q|"},
	{"back-off: ten seconds later it is another", DISMISSED, "q", "x-1h:p x-1h+10000000000:p",
	 "c suppress exceeded 0", "|"},
	{"back-off: so is that of another prompt", DISMISSED, "q", "x-1h:p x-1h+1:q", "c suppress exceeded 0",
	 "|"},
	{"back-off: as long as a row is remembered", DISMISSED, "q", "x-28h+1 x-2h+1",
	 "c suppress exceeded 0", "|"},
	{"back-off: what was forgotten", DISMISSED, "q", "x-28h x-2h+1", "", "|q|"},
	{"back-off: the factor", BACKOFF("\"dismissed\"", "factor = 1.5;"), "q", "x-5h x-90m+1",
	 "c suppress exceeded 0", "|"},
	{"back-off: the factor, over", BACKOFF("\"dismissed\"", "factor = 1.5;"), "q", "x-5h x-90m", "",
	 "|q|"},
	{"back-off: a factor of one", BACKOFF("\"dismissed\"", "factor = 1;"), "q", "x-5h x-4h x-1h", "",
	 "|q|"},
	{"back-off: a call in flight is not dismissed", DISMISSED, "q", "R", "", "|q|"},
	{"unanswered: the one before waits still", UNANSWERED, "q", "q-1h+1", "c suppress exceeded 0", "|"},
	{"unanswered: the first wait is over", UNANSWERED, "q", "q-1h", "", "|q|"},
	{"unanswered: two in a row", UNANSWERED, "q", "q-5h q-2h+1", "c suppress exceeded 0", "|"},
	{"unanswered: two in a row, over", UNANSWERED, "q", "q-5h q-2h", "", "|q|"},
	{"unanswered: answered", UNANSWERED, "q", "q-5h q-30m y-20m", "", "|q|"},
	{"unanswered: dismissed in time", UNANSWERED, "q", "q-5h q-30m x-20m", "", "|q|"},
	{"unanswered: a dismissal ends no row", UNANSWERED, "q", "q-9h q-8h x-8h q-2h+1",
	 "c suppress exceeded 0", "|"},
	{"unanswered: dismissed a nanosecond before the end", UNANSWERED, "q", "q-3h+1 x-2h q-2h+1", "",
	 "|q|"},
	{"unanswered: dismissed at the end is too late", UNANSWERED, "q", "q-3h x-2h q-2h+1",
	 "c suppress exceeded 0", "|"},
	{"unanswered: a reset", UNANSWERED, "q", "q-5h q-30m r-20m", "", "|q|"},
	{"unanswered: a call in flight", UNANSWERED, "q", "R", "c suppress exceeded 0", "|"},
	{"unanswered: the one beside it", UNANSWERED, "qa", "", "c suppress exceeded 1", "|q|"},
	{"either: both make one row", BACKOFF("[ \"dismissed\", \"unanswered\" ]", ""), "q",
	 "q-9h x-9h+1 q-2h+1", "c suppress exceeded 0", "|"},
	{"back-off: no session id", DISMISSED, "q", NULL, "c suppress unknown 0", "|"},
	{"back-off: no session id, flag", BACKOFF("\"dismissed\"", "on_unknown = \"flag\";"), "q", NULL,
	 "c flag unknown 0", "|q|"},
	{"back-off: flag", BACKOFF("\"dismissed\"", "action = \"flag\";"), "q", "x-1m", "c flag exceeded 0",
	 "|q|"},
	{"back-off: observe", BACKOFF("\"dismissed\"", "mode = \"observe\";"), "q", "x-1m",
	 "(c suppress exceeded 0)", "|q|"},
};

static void run_row(void **state)
{
	static const char *const ids[] = {"0", "1", "2", "3"};
	const struct row *row = *state;
	struct rules_ruleset *ruleset = ruleset_of(row->rule);
	struct facts_prompt prompts[4] = {{.kind = PROMPT_ABSENT}};
	struct rules_event events[EVENTS_MAX];
	struct trial trial = {.facts = {.prompts = prompts, .prompt_count = strlen(row->prompts)}};
	for (size_t i = 0; row->prompts[i]; i++)
		prompts[i] = (struct facts_prompt){.id = bytes_of(ids[i]),
						   .text = {&row->prompts[i], 1},
						   .kind = prompt_of(row->prompts[i])};
	size_t count = row->history ? events_of(row->history, events, EVENTS_MAX) : 0;
	trial.history.session = (struct rules_history_subject){row->history, events, count};
	trial.history.user = (struct rules_history_subject){true, NULL, 0};
	trial_decide(&trial, ruleset);
	assert_string_equal(trial_story(&trial), row->story);
	assert_string_equal(trial_texts(&trial), row->texts);
	trial_done(&trial);
	rules_ruleset_drop(ruleset);
}

/* What the first intervention says of one prompt: observed, limit, and the entries. */
struct said {
	const char *rule, *history, *observed, *limit;
	uint64_t evidence[4]; /* 0 ends */
};

static const struct said said[] = {
	{GAP(""), "q-1h q-5m x-1m", "300s after the last prompt", "gap 10m, per session", {8}},
	{GAP(""), "q-5m R", "0s after the last prompt", "gap 10m, per session", {0}},
	{ANSWERED(""), "q-5m y-4m y-3m x-1m", "a choice was made 180s ago", "window 10m, per session", {9}},
	{DISMISSED,
	 "x-9h r-8h x-5h q-4h x-1h",
	 "2 in a row, the last 3600s ago: wait 7200s",
	 "after dismissed, base 1h, factor 2, max 7h, per session",
	 {9, 11}},
	{UNANSWERED,
	 "q-5h q-1h R",
	 "3 in a row, the last 0s ago: wait 14400s",
	 "after unanswered, base 1h, factor 2, max 7h, per session",
	 {7, 8}},
};

static void decisions_say_what_was_seen(void **state)
{
	for (size_t i = 0; i < COUNT(said); i++) {
		struct rules_event events[EVENTS_MAX];
		struct facts_prompt prompt = {.text = BYTES_LITERAL("q"), .kind = PROMPT_CLARIFYING_QUESTION};
		struct trial trial = {.facts = {.prompts = &prompt, .prompt_count = 1}};
		struct rules_ruleset *ruleset = ruleset_of(said[i].rule);
		trial.history.session = (struct rules_history_subject){
			true, events, events_of(said[i].history, events, EVENTS_MAX)};
		trial_decide(&trial, ruleset);
		assert_int_equal(trial.decision.intervention_count, 1);
		trial_says(&trial, said[i].observed, said[i].limit, said[i].evidence);
		trial_done(&trial);
		rules_ruleset_drop(ruleset);
	}
	(void)state;
}

static void the_longest_time_that_an_event_matters(void **state)
{
	static const struct {
		const char *rule;
		int64_t seconds;
	} memory[] = {
		{GAP(""), 600},
		{GAP("mode = \"observe\";"), 600},
		{GAP("mode = \"off\";"), 0},
		{ANSWERED(""), 600},
		{DISMISSED, 4 * 7 * 3600},
		{BACKOFF("\"dismissed\"", "factor = 1;"), 7 * 3600},
		{BACKOFF("\"dismissed\"", "factor = 1.00001;"), 1000 * 7 * 3600},
		{RULE("prompt_backoff", "after = \"dismissed\"; base = \"1s\"; max = \"36525d\";"),
		 INT64_C(36525) * 24 * 3600},
	};
	for (size_t i = 0; i < COUNT(memory); i++) {
		struct rules_ruleset *ruleset = ruleset_of(memory[i].rule);
		assert_int_equal(rules_ruleset_longest_window(ruleset), memory[i].seconds * TIME_SECOND);
		rules_ruleset_drop(ruleset);
	}
	(void)state;
}

/* --- the naive log: no table, no row; every event is looked at from every other --- */

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled" */
static unsigned pick(uint64_t *state, unsigned below)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (unsigned)((*state * UINT64_C(2685821657736338717)) >> 33) % below;
}

struct log {
	struct rules_event event[EVENTS_MAX];
	size_t count;
};

static int64_t when(const struct log *log, size_t i)
{
	return log->event[i].time_ns < NOW ? log->event[i].time_ns : NOW;
}

static bool is_signal(const struct log *log, size_t i, enum signal_kind kind)
{
	return log->event[i].type == RULES_EVENT_SIGNAL && log->event[i].signal == kind;
}

static bool naive_gap(const struct log *log, int64_t gap_ns)
{
	for (size_t i = 0; i < log->count; i++)
		if (log->event[i].type == RULES_EVENT_DELIVERED && when(log, i) + gap_ns > NOW)
			return false;
	return true;
}

/* A dismissal that repeats one that counts; recursion instead of a table. */
static bool repeats(const struct log *log, size_t i)
{
	for (size_t b = 0; b < i; b++)
		if (is_signal(log, b, SIGNAL_PROMPT_DISMISSED) &&
		    bytes_equal(log->event[b].prompt_id, log->event[i].prompt_id) &&
		    log->event[i].time_ns < log->event[b].time_ns + 10 * TIME_SECOND && !repeats(log, b))
			return true;
	return false;
}

static bool ended(const struct log *log, size_t i)
{
	for (size_t a = i + 1; a < log->count; a++)
		if (is_signal(log, a, SIGNAL_PROMPT_ANSWERED) || is_signal(log, a, SIGNAL_RESET))
			return true;
	return false;
}

static bool responded(const struct log *log, size_t i, int64_t base_ns)
{
	for (size_t a = i + 1; a < log->count && log->event[a].type != RULES_EVENT_DELIVERED; a++)
		if (is_signal(log, a, SIGNAL_PROMPT_DISMISSED) &&
		    log->event[a].time_ns < when(log, i) + base_ns)
			return true;
	return false;
}

static bool naive_backoff(const struct log *log, bool unanswered, int64_t base_ns, int64_t max_ns,
			  int64_t memory_ns)
{
	int64_t wait = base_ns, last = 0;
	size_t count = 0;
	for (size_t i = 0; i < log->count; i++) {
		bool one = unanswered ? log->event[i].type == RULES_EVENT_DELIVERED &&
						!responded(log, i, base_ns)
				      : is_signal(log, i, SIGNAL_PROMPT_DISMISSED) && !repeats(log, i);
		if (!one || ended(log, i) || when(log, i) <= NOW - memory_ns)
			continue;
		wait = count++ ? wait * 2 : wait;
		wait = wait < max_ns ? wait : max_ns;
		last = when(log, i);
	}
	return count == 0 || NOW - last >= wait;
}

static void random_log(struct log *log, uint64_t *random)
{
	static const char *const ids[] = {NULL, "p", "q"};
	static const enum signal_kind kinds[] = {SIGNAL_PROMPT_DISMISSED,
						 SIGNAL_PROMPT_DISMISSED,
						 SIGNAL_PROMPT_DISMISSED,
						 SIGNAL_PROMPT_ANSWERED,
						 SIGNAL_RESET,
						 SIGNAL_OPT_IN};
	int64_t step = pick(random, 2) ? 5 * TIME_SECOND : 30 * TIME_MINUTE;
	int64_t time = NOW - (int64_t)pick(random, 4) * step + (int64_t)pick(random, 3) - 1;
	log->count = pick(random, 9);
	for (size_t i = log->count; i > 0; i--) {
		log->event[i - 1] = (struct rules_event){.time_ns = time,
							 .entry = i,
							 .type = pick(random, 2) ? RULES_EVENT_SIGNAL
										 : RULES_EVENT_DELIVERED,
							 .prompt = PROMPT_PAUSE,
							 .prompt_id = bytes_of(ids[pick(random, 3)]),
							 .signal = kinds[pick(random, COUNT(kinds))]};
		time -= (int64_t)pick(random, 9) * step + (int64_t)pick(random, 3);
	}
	if (pick(random, 8) == 0)
		log->event[log->count++] = (struct rules_event){.time_ns = INT64_MAX / 2,
								.entry = RULES_EVENT_RESERVED,
								.type = RULES_EVENT_DELIVERED};
}

static bool admits(const struct rules_ruleset *ruleset, const struct log *log)
{
	struct facts_prompt prompt = {.text = BYTES_LITERAL("q"), .kind = PROMPT_CLARIFYING_QUESTION};
	struct trial trial = {.facts = {.prompts = &prompt, .prompt_count = 1}};
	trial.history.session = (struct rules_history_subject){true, log->event, log->count};
	trial_decide(&trial, ruleset);
	bool admitted = trial.decision.prompt_count == 1;
	trial_done(&trial);
	return admitted;
}

static void a_naive_log_says_the_same(void **state)
{
	enum { SEED = 20261124, ROUNDS = 20000 };
	uint64_t random = SEED;
	size_t denied[3] = {0}, differ = 0;
	struct rules_ruleset *ruleset[] = {ruleset_of(GAP("")), ruleset_of(DISMISSED),
					   ruleset_of(UNANSWERED)};
	print_message("seed %d\n", SEED);
	for (size_t round = 0; round < ROUNDS; round++) {
		struct log log;
		random_log(&log, &random);
		bool naive[] = {
			naive_gap(&log, 10 * TIME_MINUTE),
			naive_backoff(&log, false, TIME_HOUR, 7 * TIME_HOUR, 28 * TIME_HOUR),
			naive_backoff(&log, true, TIME_HOUR, 7 * TIME_HOUR, 28 * TIME_HOUR),
		};
		for (size_t r = 0; r < COUNT(ruleset); r++) {
			assert_int_equal(admits(ruleset[r], &log), naive[r]);
			denied[r] += !naive[r];
		}
		/* the control: a judge with another wait is found out */
		differ +=
			naive[1] != naive_backoff(&log, false, TIME_HOUR + 1, 7 * TIME_HOUR, 28 * TIME_HOUR);
	}
	print_message("%d logs: %zu, %zu and %zu denied\n", ROUNDS, denied[0], denied[1], denied[2]);
	for (size_t r = 0; r < COUNT(ruleset); r++) {
		assert_in_range(denied[r], ROUNDS / 20, ROUNDS - ROUNDS / 20);
		rules_ruleset_drop(ruleset[r]);
	}
	assert_true(differ > 0);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(a_naive_log_says_the_same),
		cmocka_unit_test(decisions_say_what_was_seen),
		cmocka_unit_test(the_longest_time_that_an_event_matters),
	};
	return ROWS_RUN("frequency", rows, run_row, others, COUNT(others));
}
