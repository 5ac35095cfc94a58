/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sidecar/naive_log.h"

#include <stdio.h>

void naive_rule_write(const struct naive_rule *rule, int number, char *text, size_t room)
{
	static const char *const heads[] = {
		[NAIVE_CAP] = "kind = \"prompt_cap\"; window",
		[NAIVE_GAP] = "kind = \"prompt_gap\"; gap",
		[NAIVE_DISMISSED] = "kind = \"prompt_backoff\"; after = \"dismissed\"; base",
		[NAIVE_UNANSWERED] = "kind = \"prompt_backoff\"; after = \"unanswered\"; base",
		[NAIVE_ANSWERED] = "kind = \"prompt_answered\"; window",
		[NAIVE_OPT_OUT] = "kind = \"opt_out\"; honour = \"prompts\"; for",
	};
	char more[128] = "";
	if (rule->what == NAIVE_CAP)
		snprintf(more, sizeof more, "max = %zu; ", rule->max);
	if (rule->what == NAIVE_DISMISSED || rule->what == NAIVE_UNANSWERED)
		snprintf(more, sizeof more, "max = \"%llds\"; ", (long long)(rule->max_ns / 1000000000));
	if (rule->what == NAIVE_OPT_OUT)
		snprintf(more, sizeof more, "on = [ \"opt_out\", \"prompt_dismissed\" ]; ");
	snprintf(text, room, "{ id = \"r%d\"; reason = \"r\"; %s = \"%llds\"; %s%s%s%s%s}", number,
		 heads[rule->what], (long long)(rule->window_ns / 1000000000), more,
		 rule->what == NAIVE_OPT_OUT ? ""
		 : rule->per_user	     ? "per = \"user\"; "
					     : "per = \"session\"; ",
		 rule->only ? "kinds = \"" : "", rule->only ? prompt_kind_name(rule->only) : "",
		 rule->only ? "\"; " : "");
}

static bool looks_at(const struct naive_rule *rule, enum prompt_kind kind)
{
	return rule->only == PROMPT_ABSENT || kind == PROMPT_ABSENT || kind == rule->only;
}

static bool is_of(const struct naive_rule *rule, const struct naive_event *event, int session)
{
	return rule->per_user || event->session == session;
}

static bool is_signal(const struct naive_event *event, enum signal_kind signal)
{
	return !event->delivered && event->signal == signal;
}

/* now - window < t, and what lies ahead counts as if it were now */
static bool in_window(const struct naive_event *event, int64_t now_ns, int64_t window_ns)
{
	return now_ns - window_ns < event->time_ns;
}

static size_t prompts_counted(const struct naive_rule *rule, const struct naive_event *log, size_t count,
			      int session, int64_t now_ns, const struct naive_prompt *prompt, size_t at)
{
	size_t counted = 0;
	for (size_t i = 0; i < count; i++)
		counted += log[i].delivered && is_of(rule, &log[i], session) && looks_at(rule, log[i].kind) &&
			   in_window(&log[i], now_ns, rule->window_ns);
	for (size_t i = 0; i < at; i++)
		counted += prompt[i].admitted && looks_at(rule, prompt[i].kind);
	return counted;
}

/* "The same (subject, kind, prompt or item) within 10 s counts once." */
static bool is_said_again(const struct naive_rule *rule, const struct naive_event *log, size_t i, int session)
{
	int64_t counted = 0;
	bool any = false, again = false;
	for (size_t b = 0; b <= i; b++) {
		if (!is_of(rule, &log[b], session) || !is_signal(&log[b], log[i].signal) ||
		    log[b].prompt != log[i].prompt)
			continue;
		again = any && log[b].time_ns - counted < INT64_C(10000000000);
		counted = again ? counted : log[b].time_ns;
		any = true;
	}
	return again;
}

/* "A delivered prompt followed by no answer or dismissal before the next delivered one, or for `base`." */
static bool is_unanswered(const struct naive_rule *rule, const struct naive_event *log, size_t count,
			  size_t i, int session)
{
	for (size_t n = i + 1; n < count; n++) {
		if (!is_of(rule, &log[n], session))
			continue;
		if (log[n].delivered || log[n].time_ns - log[i].time_ns >= rule->window_ns)
			return true;
		if (log[n].signal == SIGNAL_PROMPT_ANSWERED || log[n].signal == SIGNAL_PROMPT_DISMISSED)
			return false;
	}
	return true;
}

/* A row is remembered for `max` for each step that it takes to get there. */
static int64_t row_memory(const struct naive_rule *rule)
{
	int64_t steps = 1;
	for (int64_t wait = rule->window_ns; wait < rule->max_ns; wait *= 2)
		steps++;
	return rule->max_ns * steps;
}

static bool backs_off(const struct naive_rule *rule, const struct naive_event *log, size_t count, int session,
		      int64_t now_ns, const struct naive_prompt *prompt, size_t at)
{
	size_t row = 0, from = 0;
	int64_t last = 0, wait = rule->window_ns;
	for (size_t i = 0; i < count; i++)
		if (is_of(rule, &log[i], session) &&
		    (is_signal(&log[i], SIGNAL_PROMPT_ANSWERED) || is_signal(&log[i], SIGNAL_RESET)))
			from = i;
	for (size_t i = from; i < count; i++) {
		bool counts = is_of(rule, &log[i], session) && in_window(&log[i], now_ns, row_memory(rule)) &&
			      (rule->what == NAIVE_UNANSWERED
				       ? log[i].delivered && is_unanswered(rule, log, count, i, session)
				       : is_signal(&log[i], SIGNAL_PROMPT_DISMISSED) &&
						 !is_said_again(rule, log, i, session));
		row += counts;
		last = counts ? log[i].time_ns : last;
	}
	for (size_t i = 0; i < at && rule->what == NAIVE_UNANSWERED; i++) {
		row += prompt[i].admitted;
		last = prompt[i].admitted ? now_ns : last;
	}
	for (size_t n = 1; n < row && wait < rule->max_ns; n++)
		wait *= 2;
	wait = wait < rule->max_ns ? wait : rule->max_ns;
	return row > 0 && now_ns - last < wait;
}

/* The kind of the prompt that was answered, as far as the window remembers it. */
static enum prompt_kind kind_of(const struct naive_rule *rule, const struct naive_event *log, size_t count,
				int session, int64_t now_ns, int prompt)
{
	enum prompt_kind kind = PROMPT_ABSENT;
	for (size_t i = 0; i < count && prompt; i++)
		if (log[i].delivered && log[i].prompt == prompt && is_of(rule, &log[i], session) &&
		    in_window(&log[i], now_ns, rule->window_ns))
			kind = log[i].kind;
	return kind;
}

static bool was_answered(const struct naive_rule *rule, const struct naive_event *log, size_t count,
			 int session, int64_t now_ns)
{
	for (size_t i = 0; i < count; i++)
		if (is_signal(&log[i], SIGNAL_PROMPT_ANSWERED) && is_of(rule, &log[i], session) &&
		    in_window(&log[i], now_ns, rule->window_ns) &&
		    looks_at(rule, kind_of(rule, log, count, session, now_ns, log[i].prompt)))
			return true;
	return false;
}

/* The last word counts, until an opt-in; that ends a dismissal too. */
static bool is_left_alone(const struct naive_rule *rule, const struct naive_event *log, size_t count,
			  int64_t now_ns)
{
	bool out = false, dismissed = false;
	for (size_t i = 0; i < count; i++) {
		if (is_signal(&log[i], SIGNAL_OPT_IN))
			out = dismissed = false;
		out |= is_signal(&log[i], SIGNAL_OPT_OUT);
		dismissed |= is_signal(&log[i], SIGNAL_PROMPT_DISMISSED) &&
			     in_window(&log[i], now_ns, rule->window_ns);
	}
	return out || dismissed;
}

bool naive_rule_admits(const struct naive_rule *rule, const struct naive_event *log, size_t count,
		       int session, int64_t now_ns, const struct naive_prompt *prompt, size_t at)
{
	if (!looks_at(rule, prompt[at].kind))
		return true;
	switch (rule->what) {
	case NAIVE_CAP:
		return prompts_counted(rule, log, count, session, now_ns, prompt, at) < rule->max;
	case NAIVE_GAP:
		return prompts_counted(rule, log, count, session, now_ns, prompt, at) == 0;
	case NAIVE_DISMISSED:
	case NAIVE_UNANSWERED:
		return !backs_off(rule, log, count, session, now_ns, prompt, at);
	case NAIVE_ANSWERED:
		return !was_answered(rule, log, count, session, now_ns);
	case NAIVE_OPT_OUT:
		return !is_left_alone(rule, log, count, now_ns);
	}
	return false;
}
