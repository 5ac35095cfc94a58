/* SPDX-License-Identifier: Apache-2.0
 *
 * opt_out: who asked for peace gets it. The last word of session and user together counts, so that an opt-in
 * ends an opt-out that another session of the same user remembers. A dismissal may count like an opt-out for
 * a while, and then has no penalty; an opt-in ends that too.
 */
#include "rules/state.h"

enum honour { HONOUR_PROMPTS, HONOUR_ADJUSTMENTS };
enum on { ON_OPT_OUT, ON_PROMPT_DISMISSED };

struct settings {
	struct spot spot;
	uint32_t honour, on; /* bits of the above */
	struct moment lasts;
};

static const char *honour_word(unsigned n)
{
	static const char *const words[] = {"prompts", "adjustments"};
	return n < KEY_COUNT(words) ? words[n] : NULL;
}

static const char *on_word(unsigned n)
{
	static const char *const words[] = {"opt_out", "prompt_dismissed"};
	return n < KEY_COUNT(words) ? words[n] : NULL;
}

static const struct key keys[] = {
	{.name = "honour",
	 .type = KEY_WORDS,
	 .at = offsetof(struct settings, honour),
	 .limits = true,
	 .word = honour_word,
	 .standard = "prompts adjustments",
	 .help = "what ends: prompts, and adjustments of ranking and weights"},
	{.name = "on",
	 .type = KEY_WORDS,
	 .at = offsetof(struct settings, on),
	 .limits = true,
	 .word = on_word,
	 .standard = "opt_out",
	 .help = "signals that count as opting out"},
	{.name = "for",
	 .type = KEY_DURATION,
	 .at = offsetof(struct settings, lasts),
	 .limits = true,
	 .help = "how long a dismissal counts; an opt-out counts until an opt-in"},
};

static void check(struct loading *loading, struct rule *rule)
{
	const struct settings *settings = rule->settings;
	bool dismissed = settings->on >> ON_PROMPT_DISMISSED & 1;
	if (!(settings->on >> ON_OPT_OUT & 1))
		rules_keys_complain(&loading->reader, rule->head.line,
				    "on does not hold \"opt_out\"; add it");
	if (dismissed && !settings->lasts.present)
		rules_keys_complain(&loading->reader, rule->head.line,
				    "for is missing; with \"prompt_dismissed\" it must be a duration, as in "
				    "\"24h\"");
	if (!dismissed && settings->lasts.present)
		rules_keys_complain(&loading->reader, rule->head.line,
				    "for has no meaning without \"prompt_dismissed\" in on; remove it");
	if (rule->head.on_unknown == RULES_SUPPRESS && !(settings->honour >> HONOUR_PROMPTS & 1))
		rules_keys_complain(&loading->reader, rule->head.line,
				    "on_unknown is \"suppress\", but honour does not hold \"prompts\"; add "
				    "it, or write \"flag\"");
}

static int64_t memory(const struct rule *rule)
{
	const struct settings *settings = rule->settings;
	return settings->lasts.ns; /* opt-outs are never forgotten */
}

static bool is_word(const struct rules_event *event)
{
	return event->type == RULES_EVENT_SIGNAL &&
	       (event->signal == SIGNAL_OPT_OUT || event->signal == SIGNAL_OPT_IN);
}

/* The later of two, NULL: none. At the same time the later entry; then the opt-out. */
static const struct rules_event *later(const struct rules_event *a, const struct rules_event *b)
{
	if (!a || !b)
		return a ? a : b;
	if (a->time_ns != b->time_ns)
		return a->time_ns > b->time_ns ? a : b;
	if (a->entry != b->entry)
		return a->entry > b->entry ? a : b;
	return a->signal == SIGNAL_OPT_IN ? b : a;
}

/* What a subject said last about opting out, and its last dismissal that counts still. */
struct said {
	const struct rules_event *word, *dismissed;
};

static void listen(const struct settings *settings, const struct rules_history_subject *subject,
		   int64_t now_ns, struct said *said)
{
	const struct rules_event *word = NULL, *dismissed = NULL;
	for (size_t i = 0; i < subject->count; i++) {
		const struct rules_event *event = &subject->event[i];
		int64_t age = event->time_ns >= now_ns ? 0 : now_ns - event->time_ns;
		if (is_word(event))
			word = event;
		else if (settings->on >> ON_PROMPT_DISMISSED & 1 && event->type == RULES_EVENT_SIGNAL &&
			 event->signal == SIGNAL_PROMPT_DISMISSED && age < settings->lasts.ns)
			dismissed = event;
	}
	said->word = later(said->word, word);
	said->dismissed = later(said->dismissed, dismissed);
}

/* Why the user is left in peace; absent: is not. *event: what said so. */
static struct bytes cause(const struct settings *settings, const struct rules_work *work,
			  const struct rules_event **event)
{
	struct said said = {NULL, NULL};
	listen(settings, &work->history->session, work->now_ns, &said);
	listen(settings, &work->history->user, work->now_ns, &said);
	bool opted_in = said.word && said.word->signal == SIGNAL_OPT_IN;
	*event = NULL;
	if (work->facts->opted_out)
		return BYTES_LITERAL("the request says that the user opted out");
	*event = said.word;
	if (said.word && !opted_in)
		return BYTES_LITERAL("the user opted out");
	*event = said.dismissed;
	if (said.dismissed && !(opted_in && later(said.dismissed, said.word) == said.word))
		return BYTES_LITERAL("the user dismissed a prompt");
	return (struct bytes){0};
}

static void suppress(const struct rule *rule, struct rules_work *work, const struct finding *of)
{
	for (size_t i = 0; i < work->facts->prompt_count && !work->full; i++) {
		struct finding finding = *of;
		finding.rule = rule;
		finding.action = RULES_SUPPRESS;
		finding.type = RULES_TARGET_PROMPT;
		finding.index = i;
		if (!work->prompt[i].dropped)
			rules_work_find(work, finding);
	}
}

static bool any_prompt(const struct rules_work *work)
{
	for (size_t i = 0; i < work->facts->prompt_count; i++)
		if (!work->prompt[i].dropped)
			return true;
	return false;
}

static void evaluate(const struct rule *rule, struct rules_work *work)
{
	const struct settings *settings = rule->settings;
	const struct rules_event *event;
	bool prompts = settings->honour >> HONOUR_PROMPTS & 1 && any_prompt(work);
	bool adjusted = settings->honour >> HONOUR_ADJUSTMENTS & 1 && !rules_work_at_baseline(work);
	struct finding finding = {.verdict = RULES_EXCEEDED, .observed = cause(settings, work, &event)};
	bool unknown = !bytes_present(finding.observed) && !work->history->session.known &&
		       !work->history->user.known;
	if (unknown) {
		finding.verdict = RULES_UNKNOWN;
		finding.observed = BYTES_LITERAL("no session or user id");
	}
	if (!bytes_present(finding.observed) || (!prompts && !adjusted))
		return;
	if (event && (finding.evidence = rules_work_alloc(work, 1, sizeof *finding.evidence)))
		finding.evidence[finding.evidence_count++] = event->entry;
	if (prompts && (!unknown || rule->head.on_unknown == RULES_SUPPRESS))
		suppress(rule, work, &finding);
	else if (unknown)
		rules_state_find(rule, work, RULES_UNKNOWN, RULES_FLAG, finding.observed, NULL, 0);
	if (adjusted && !unknown)
		rules_state_find(rule, work, RULES_EXCEEDED, RULES_REVERT, finding.observed, finding.evidence,
				 finding.evidence_count);
}

/* What is done stands in `honour`; there is no other action. */
static uint64_t also(const struct rule *rule)
{
	const struct settings *settings = rule->settings;
	return settings->honour >> HONOUR_ADJUSTMENTS & 1 ? NEED_REVERT : 0;
}

const struct kind rules_opt_out = {
	.name = "opt_out",
	.help = "no prompts and no adjustments for who opted out",
	.example = "honour = [ \"prompts\", \"adjustments\" ];\n"
		   "  reason = \"Whoever opted out is left alone.\";",
	.step = STEP_STATE,
	.keys = {keys, KEY_COUNT(keys), sizeof(struct settings)},
	.concerns = FACT_BIT(FACT_ITEMS) | FACT_BIT(FACT_WEIGHTS) | FACT_BIT(FACT_PROMPTS),
	.needs = NEED_SUBJECT | NEED_SAID,
	.also = also,
	.actions = {RULES_NONE},
	.on_unknown = {RULES_FLAG, RULES_SUPPRESS},
	.check = check,
	.memory = memory,
	.evaluate = evaluate,
};
