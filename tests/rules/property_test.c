/* SPDX-License-Identifier: Apache-2.0
 *
 * Properties over random rulesets and responses:
 *
 *   - governing a governed response with the same history changes nothing
 *   - what leaves satisfies every enforcing rule, judged by a naive second implementation, or the baseline
 *     order is served and the rule is recorded as unsatisfied
 *   - the baseline is within all limits on the distance to it
 *   - the order of rules and files never matters; nor does going through `effective`
 *   - adding a rule never widens a bound
 *   - a discarded decision changes nothing, and says of each intervention that it would have been
 */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	SEED = 20261123,
	RULESETS = 500,
	RESPONSES = 50,
	RULES_MAX = 7,
	ITEMS_MAX = 8,
	PROMPTS_MAX = 4,
	EVENTS_MAX = 5,
	WEIGHTS_MAX = 3
};

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled" */
static uint64_t random_state;

static unsigned pick(unsigned below)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (unsigned)((random_state * UINT64_C(2685821657736338717)) >> 33) % below;
}

#define ONE_OF(list) list[pick(COUNT(list))]

/* --- random rules --- */

/* A rule as text, and what the naive judge needs of it. */
struct random_rule {
	char text[1024], id[16];
	enum {
		BOUND,
		CAP,
		DENY,
		ALLOW,
		CHOICE,
		LOCALE,
		TONE,
		WHY,
		GRADE,
		WEIGHT,
		SHIFT,
		RETAIN,
		SHARE,
		GAP,
		ANSWERED,
		BACKOFF,
		OPT_OUT,
		FLOOR,
		CONFLICT,
		QUIET,
		KINDS,
	} kind;
	bool enforcing, flags, narrowed; /* narrowed: by `when`; not judged */
	double absolute, relative;	 /* negative: none */
	double min_weight;		 /* negative: none */
	bool missing_last;
	int max, top, within; /* of places: max_places, at_least, or items of a category */
	enum { RESPONSE, SESSION, USER } per;
	int64_t window_ns;
	const char *phrase;
};

static bool is_place(int kind)
{
	return kind == SHIFT || kind == RETAIN || kind == SHARE;
}

static const char *const words[] = {"bad", "worse", "fault", "blame"};
static const double bounds[] = {0, 0.1, 0.2, 0.5, 1, 3};
static const char catalogue[] =
	"texts = ( { id = \"n\"; locale = \"en\"; kind = \"acknowledgement\"; text = \"Sorry.\"; },"
	" { id = \"n\"; locale = \"de\"; text = \"Pardon.\"; choices = ( { kind = \"decline\"; label = "
	"\"Nein\"; } ); },"
	" { id = \"q\"; locale = \"en\"; text = \"Less {c}?\"; slots = ( { name = \"c\"; max_chars = 8; } ); "
	"} );\n";

static int random_bound(struct random_rule *rule, char *text, size_t room)
{
	static const char *const actions[] = {"clamp", "clamp", "revert", "reject", "flag"};
	static const char *const missing[] = {"last", "allow", "reject"};
	const char *action = ONE_OF(actions), *absent = ONE_OF(missing);
	unsigned which = 1 + pick(3);
	int len = 0;
	rule->flags = strcmp(action, "flag") == 0;
	rule->missing_last = strcmp(absent, "last") == 0;
	rule->absolute = which & 1 ? ONE_OF(bounds) : -1;
	rule->relative = which & 2 ? ONE_OF(bounds) : -1;
	if (which & 1)
		len += snprintf(text, room, "max_absolute = %g; ", rule->absolute);
	if (which & 2)
		len += snprintf(text + len, room - (size_t)len, "max_relative = %g; ", rule->relative);
	return len + snprintf(text + len, room - (size_t)len,
			      "kind = \"score_bound\"; action = \"%s\"; missing_baseline = \"%s\"; %s",
			      action, absent, pick(4) ? "" : "on_unknown = \"flag\"; ");
}

static int random_weight(struct random_rule *rule, char *text, size_t room)
{
	static const char *const actions[] = {"clamp", "clamp", "revert", "reject", "flag"};
	static const char *const unknowns[] = {"revert", "revert", "reject", "flag"};
	static const double least[] = {0.1, 0.3, 1, 1e-50};
	const char *action = ONE_OF(actions);
	unsigned which = 1 + pick(7);
	int len = 0;
	rule->flags = strcmp(action, "flag") == 0;
	rule->absolute = which & 1 ? ONE_OF(bounds) : -1;
	rule->relative = which & 2 ? ONE_OF(bounds) : -1;
	rule->min_weight = which & 4 ? ONE_OF(least) : -1;
	if (which & 1)
		len += snprintf(text, room, "max_absolute = %g; ", rule->absolute);
	if (which & 2)
		len += snprintf(text + len, room - (size_t)len, "max_relative = %g; ", rule->relative);
	if (which & 4)
		len += snprintf(text + len, room - (size_t)len, "min_weight = %g; ", rule->min_weight);
	return len + snprintf(text + len, room - (size_t)len,
			      "kind = \"weight_bound\"; action = \"%s\"; on_unknown = \"%s\"; ", action,
			      ONE_OF(unknowns));
}

static int random_places(struct random_rule *rule, char *text, size_t room)
{
	static const char *const actions[] = {"reorder", "reorder", "reorder", "revert", "flag"};
	static const char *const missing[] = {"last", "allow", "reject"};
	const char *action = ONE_OF(actions), *absent = ONE_OF(missing);
	const char *unknown = pick(3) ? "flag" : "reject";
	int len = 0;
	if (rule->kind == SHARE && strcmp(action, "revert") == 0)
		action = "reorder";
	rule->flags = strcmp(action, "flag") == 0;
	rule->missing_last = strcmp(absent, "last") == 0;
	rule->top = 1 + (int)pick(6);
	rule->within = 1 + (int)pick(6);
	rule->max = rule->kind == SHIFT	   ? (int)pick(6)
		    : rule->kind == RETAIN ? 1 + (int)pick(6)
					   : 1 + (int)pick((unsigned)rule->top);
	if (rule->kind == SHIFT)
		len = snprintf(text, room, "kind = \"rank_shift\"; max_places = %d; ", rule->max);
	if (rule->kind == RETAIN)
		len = snprintf(text, room,
			       "kind = \"retain_top\"; baseline_top = %d; within = %d; at_least = %d; ",
			       rule->top, rule->within, rule->max);
	if (rule->kind == SHARE)
		len = snprintf(text, room, "kind = \"category_share\"; top = %d; max_share = %.17g; ",
			       rule->top, (double)rule->max / rule->top);
	else
		len += snprintf(text + len, room - (size_t)len, "missing_baseline = \"%s\"; ", absent);
	return len + snprintf(text + len, room - (size_t)len, "action = \"%s\"; on_unknown = \"%s\"; ",
			      action, unknown);
}

static int random_cap(struct random_rule *rule, char *text, size_t room)
{
	static const char *const pers[] = {"response", "session", "user"};
	static const char *const windows[] = {"1m", "30m", "1d"};
	static const int64_t lengths[] = {60, 1800, 86400};
	unsigned window = pick(3);
	rule->max = (int)pick(4);
	rule->per = pick(3);
	rule->window_ns = lengths[window] * 1000000000;
	rule->flags = pick(6) == 0;
	int len = snprintf(text, room, "kind = \"prompt_cap\"; max = %d; per = \"%s\"; action = \"%s\"; ",
			   rule->max, pers[rule->per], rule->flags ? "flag" : "suppress");
	if (rule->per != RESPONSE)
		len += snprintf(text + len, room - (size_t)len, "window = \"%s\"; ", windows[window]);
	return len;
}

static int random_choice(struct random_rule *rule, char *text, size_t room)
{
	rule->flags = pick(6) == 0;
	return snprintf(text, room,
			"kind = \"choice_required\"; kinds = \"category_switch\"; action = \"%s\"; ",
			rule->flags ? "flag" : "suppress");
}

static int random_locale(struct random_rule *rule, char *text, size_t room)
{
	rule->flags = pick(6) == 0;
	return snprintf(text, room, "kind = \"locale_match\"; action = \"%s\"; on_unknown = \"suppress\"; ",
			rule->flags ? "flag" : "suppress");
}

/* The fallbacks have six and seven characters, and one sentence; "Less jazz?" has ten. */
static int random_tone(struct random_rule *rule, char *text, size_t room)
{
	static const char *const actions[] = {"replace", "replace", "suppress", "flag"};
	const char *action = ONE_OF(actions);
	rule->flags = strcmp(action, "flag") == 0;
	rule->max = 7 + (int)pick(4);
	return snprintf(text, room, "kind = \"tone\"; max_chars = %d; action = \"%s\"; fallback = \"n\"; ",
			rule->max, action);
}

static int random_why(struct random_rule *rule, char *text, size_t room)
{
	rule->flags = pick(6) == 0;
	return snprintf(text, room, "kind = \"explanation_required\"; action = \"%s\"; fallback = \"n\"; ",
			rule->flags ? "flag" : "replace");
}

/* All random texts are short but one, which is harder than any of these limits by either formula. */
static int random_grade(struct random_rule *rule, char *text, size_t room)
{
	rule->flags = pick(6) == 0;
	return snprintf(text, room,
			"kind = \"readability\"; max_grade = %u; action = \"%s\"; fallback = \"n\"; "
			"on_unknown = \"suppress\"; ",
			pick(13), rule->flags ? "flag" : "replace");
}

static int random_gap(struct random_rule *rule, char *text, size_t room)
{
	static const char *const gaps[] = {"1m", "30m", "1d"};
	static const int64_t lengths[] = {60, 1800, 86400};
	unsigned gap = pick(3);
	rule->per = pick(2) ? SESSION : USER;
	rule->window_ns = lengths[gap] * 1000000000;
	rule->flags = pick(6) == 0;
	if (rule->kind == BACKOFF)
		return snprintf(
			text, room,
			"kind = \"prompt_backoff\"; after = \"dismissed\"; base = \"%s\"; max = \"7d\"; "
			"per = \"%s\"; action = \"%s\"; ",
			gaps[gap], rule->per == USER ? "user" : "session", rule->flags ? "flag" : "suppress");
	return snprintf(text, room, "kind = \"%s\"; %s = \"%s\"; per = \"%s\"; action = \"%s\"; ",
			rule->kind == GAP ? "prompt_gap" : "prompt_answered",
			rule->kind == GAP ? "gap" : "window", gaps[gap],
			rule->per == USER ? "user" : "session", rule->flags ? "flag" : "suppress");
}

static int random_calm(struct random_rule *rule, char *text, size_t room)
{
	static const char *const honours[] = {"\"prompts\"", "\"adjustments\"",
					      "[ \"prompts\", \"adjustments\" ]"};
	unsigned honour = pick(3);
	rule->flags = pick(6) == 0;
	rule->max = (int)honour + 1;
	if (rule->kind == CONFLICT)
		return snprintf(text, room,
				"kind = \"conflicting_signals\"; window = \"1d\"; min_signals = 1; per = "
				"\"session\"; ");
	if (rule->kind == QUIET) {
		/* now is 10:00 on a Monday in UTC */
		static const char *const hours[] = {"from = \"09:59\"; to = \"10:01\"; ",
						    "from = \"22:00\"; to = \"10:01\"; days = \"sun\"; ",
						    "from = \"10:01\"; to = \"10:00\"; "};
		rule->max = honour < 2;
		return snprintf(text, room,
				"kind = \"prompt_quiet_hours\"; zone = \"UTC\"; action = \"%s\"; %s",
				rule->flags ? "flag" : "suppress", hours[honour]);
	}
	if (rule->kind == OPT_OUT) {
		rule->flags = false;
		return snprintf(text, room, "kind = \"opt_out\"; honour = %s; ", honours[honour]);
	}
	rule->relative = ONE_OF(bounds);
	rule->relative = rule->relative > 1 ? 1 : rule->relative;
	return snprintf(text, room, "kind = \"confidence_floor\"; min = %g; action = \"%s\"; ",
			rule->relative, rule->flags ? "flag" : "revert");
}

static int random_language(struct random_rule *rule, char *text, size_t room)
{
	static const char *const actions[] = {"replace", "replace", "suppress", "reject", "flag"};
	const char *action = ONE_OF(actions);
	rule->flags = strcmp(action, "flag") == 0;
	rule->phrase = ONE_OF(words);
	if (rule->kind == DENY)
		return snprintf(
			text, room,
			"kind = \"phrase_deny\"; phrases = \"%s\"; action = \"%s\"; fallback = \"n\"; ",
			rule->phrase, action);
	return snprintf(text, room,
			"kind = \"template_allow\"; action = \"%s\"; fallback = \"n\"; on = [ \"text\"%s ]; ",
			action, pick(2) ? ", \"explanation\"" : "");
}

static void random_rule(struct random_rule *rule, unsigned number)
{
	static const char *const modes[] = {"enforce", "enforce", "enforce", "observe", "off"};
	static const char *const whens[] = {"",
					    "",
					    "",
					    "when = { surface = \"home\"; }; ",
					    "when = { not = { surface = \"home\"; }; }; ",
					    "when = { locale = \"en\"; share = 0.5; }; "};
	const char *mode = ONE_OF(modes), *when = ONE_OF(whens);
	*rule = (struct random_rule){.kind = pick(KINDS)};
	unsigned name = pick(100);
	snprintf(rule->id, sizeof rule->id, "r%u.%u", name, number);
	int len = snprintf(rule->text, sizeof rule->text,
			   "{ id = \"r%u.%u\"; reason = \"r\"; mode = \"%s\"; %s", name, number, mode, when);
	char *rest = rule->text + len;
	size_t room = sizeof rule->text - (size_t)len;
	len = rule->kind == BOUND     ? random_bound(rule, rest, room)
	      : rule->kind == CAP     ? random_cap(rule, rest, room)
	      : rule->kind == CHOICE  ? random_choice(rule, rest, room)
	      : rule->kind == LOCALE  ? random_locale(rule, rest, room)
	      : rule->kind == TONE    ? random_tone(rule, rest, room)
	      : rule->kind == WHY     ? random_why(rule, rest, room)
	      : rule->kind == GRADE   ? random_grade(rule, rest, room)
	      : rule->kind == WEIGHT  ? random_weight(rule, rest, room)
	      : is_place(rule->kind)  ? random_places(rule, rest, room)
	      : rule->kind >= OPT_OUT ? random_calm(rule, rest, room)
	      : rule->kind >= GAP     ? random_gap(rule, rest, room)
				      : random_language(rule, rest, room);
	snprintf(rest + len, room - (size_t)len, "}");
	rule->enforcing = strcmp(mode, "enforce") == 0;
	rule->narrowed = *when != '\0';
}

/* One file, or two: the rules in the given order, the second half in the second file. */
static struct rules_ruleset *load(const struct random_rule *rule, const unsigned *order, unsigned count,
				  bool split)
{
	struct folder folder;
	struct rules_findings findings = {0};
	char *text[2] = {NULL, NULL};
	size_t room = (count + 1) * sizeof rule->text + sizeof catalogue + 256;
	folder_make(&folder);
	for (unsigned f = 0; f < (split ? 2u : 1u); f++) {
		unsigned from = f ? count / 2 : 0, to = split && !f ? count / 2 : count;
		text[f] = malloc(room);
		assert_non_null(text[f]);
		int len = snprintf(text[f], room, "%s%s\nrules = (", f ? "format = 1;" : HEAD,
				   f == split ? catalogue : "");
		for (unsigned i = from; i < to; i++)
			len += snprintf(text[f] + len, room - (size_t)len, "%s\n%s", i > from ? "," : "",
					rule[order[i]].text);
		snprintf(text[f] + len, room - (size_t)len, ");\n");
		folder_put(&folder, f ? "b.cfg" : "a.cfg", text[f], strlen(text[f]));
	}
	struct rules_ruleset *ruleset = rules_ruleset_load(folder.path, NOW, &findings);
	for (size_t i = 0; !ruleset && i < findings.count; i++)
		print_error("%s\n", findings.finding[i].text);
	rules_findings_done(&findings);
	folder_remove(&folder);
	free(text[0]);
	free(text[1]);
	assert_non_null(ruleset);
	return ruleset;
}

static struct rules_ruleset *through_effective(const struct rules_ruleset *ruleset)
{
	struct folder folder;
	struct rules_findings findings = {0};
	char *text = rules_ruleset_effective(ruleset);
	folder_make(&folder);
	folder_put(&folder, "e.cfg", text, strlen(text));
	struct rules_ruleset *again = rules_ruleset_load(folder.path, NOW, &findings);
	assert_non_null(again);
	rules_findings_done(&findings);
	folder_remove(&folder);
	free(text);
	return again;
}

/* --- random responses --- */

struct response {
	struct facts facts;
	double score[ITEMS_MAX], baseline[ITEMS_MAX];
	uint8_t score_present[ITEMS_MAX], baseline_present[ITEMS_MAX];
	struct bytes id[ITEMS_MAX], category[ITEMS_MAX];
	double weight[WEIGHTS_MAX], weight_baseline[WEIGHTS_MAX];
	uint8_t weight_present[WEIGHTS_MAX], weight_baseline_present[WEIGHTS_MAX];
	struct facts_prompt prompt[PROMPTS_MAX];
	struct rules_event session[EVENTS_MAX], user[EVENTS_MAX];
	struct rules_history history;
};

static double random_value(bool narrow)
{
	static const double plain[] = {0, 0.1, 0.25, 0.4, 0.5, 0.7, 1, 2, 3, -0.4, -1, 1e-9, 1e12};
	double value = ONE_OF(plain);
	if (pick(3) == 0)
		value += (double)pick(1000000) / 999983;
	return narrow ? (double)(float)value : value;
}

static int by_score(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x < y) - (x > y);
}

static void random_items(struct response *response)
{
	static const char *const ids[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
	static const char *const categories[] = {"k", "k", "m", "m", "n", "o", NULL};
	struct facts *facts = &response->facts;
	bool narrow = pick(2), odd = pick(8) == 0;
	facts->item_count = pick(ITEMS_MAX + 1);
	facts->order = pick(3);
	for (size_t i = 0; i < facts->item_count; i++) {
		response->id[i] = bytes_of(ids[i]);
		response->category[i] = bytes_of(ONE_OF(categories));
		response->score[i] = random_value(narrow);
		response->score_present[i] = 1;
		response->baseline[i] = random_value(narrow && pick(2));
		response->baseline_present[i] = pick(12) != 0;
		if (odd && pick(4) == 0)
			response->score[i] = pick(2) ? (double)NAN : (double)INFINITY;
		if (odd && pick(6) == 0)
			response->score_present[i] = 0;
		if (odd && pick(8) == 0)
			response->baseline[i] = (double)NAN;
	}
	if (!odd && pick(2))
		qsort(response->score, facts->item_count, sizeof(double), by_score);
	facts->item_id = response->id;
	facts->item_category = response->category;
	facts->offset = pick(6) == 0;
	facts->item_score = (struct facts_numbers){response->score, response->score_present, narrow};
	facts->item_baseline = (struct facts_numbers){response->baseline, response->baseline_present, false};
}

static void random_weights(struct response *response)
{
	struct facts *facts = &response->facts;
	bool narrow = pick(2), odd = pick(8) == 0;
	facts->weight_count = pick(WEIGHTS_MAX + 1);
	for (size_t i = 0; i < facts->weight_count; i++) {
		response->weight[i] = odd && pick(3) == 0 ? (double)NAN : random_value(narrow);
		response->weight_present[i] = !odd || pick(3) != 0;
		response->weight_baseline[i] = random_value(narrow && pick(2));
		response->weight_baseline_present[i] = pick(10) != 0;
	}
	facts->weight = (struct facts_numbers){response->weight, response->weight_present, narrow};
	facts->weight_baseline =
		(struct facts_numbers){response->weight_baseline, response->weight_baseline_present, false};
}

static void random_prompts(struct response *response)
{
	static const char *const texts[] = {
		"Sorry.",
		"Pardon.",
		"Less jazz?",
		"Less bad?",
		"It is your fault",
		"so BAD",
		"worse",
		"y\xff",
		"\xd0\xb2\x61\x64", /* Cyrillic ve, then "ad" */
		"f\xc3\xa0ult",
		"fine",
		"Considerations notwithstanding, we restructure whatever you disliked today."};
	static const char *const locales[] = {NULL, "en", "en-GB", "de", "fr", "de_DE"};
	static struct facts_choice choice = {.label = {"Nein", 4}, .kind = CHOICE_DECLINE};
	struct facts *facts = &response->facts;
	facts->prompt_count = pick(PROMPTS_MAX + 1);
	facts->prompts = response->prompt;
	for (size_t i = 0; i < facts->prompt_count; i++)
		response->prompt[i] = (struct facts_prompt){.id = bytes_of(i % 2 ? "odd" : "even"),
							    .text = bytes_of(ONE_OF(texts)),
							    .locale = bytes_of(ONE_OF(locales)),
							    .kind = pick(PROMPT_OTHER + 1),
							    .choices = &choice,
							    .choice_count = pick(2)};
	facts->locale = bytes_of(ONE_OF(locales));
	facts->explanation = bytes_of(pick(2) ? ONE_OF(texts) : NULL);
}

static int by_time(const void *a, const void *b)
{
	int64_t x = ((const struct rules_event *)a)->time_ns, y = ((const struct rules_event *)b)->time_ns;
	return (x > y) - (x < y);
}

static void random_events(struct rules_history_subject *subject, struct rules_event *event)
{
	static const int64_t ages[] = {0, 1, 59, 60, 61, 1799, 1800, 86399, 86400};
	*subject = (struct rules_history_subject){pick(5) != 0, event, pick(EVENTS_MAX)};
	if (!subject->known)
		subject->count = 0;
	for (size_t i = 0; i < subject->count; i++)
		event[i] = (struct rules_event){.time_ns = NOW - ONE_OF(ages) * 1000000000 +
							   (int64_t)pick(3) - 1,
						.entry = i,
						.prompt = pick(PROMPT_OTHER + 1),
						.signal = pick(SIGNAL_OTHER + 1),
						.category = bytes_of(pick(2) ? "jazz" : NULL),
						.type = pick(5) ? RULES_EVENT_DELIVERED : RULES_EVENT_SIGNAL};
	qsort(event, subject->count, sizeof *event, by_time);
}

static void random_response(struct response *response)
{
	static const char *const surfaces[] = {NULL, "home", "feed"};
	static const char *const sessions[] = {NULL, "s1", "s2", "s3"};
	*response = (struct response){.facts = {.surface = bytes_of(ONE_OF(surfaces))}};
	response->facts.session = bytes_of(ONE_OF(sessions));
	response->facts.opted_out = pick(8) == 0;
	response->facts.confidence_present = pick(8) != 0;
	response->facts.confidence = (double)pick(5) / 4;
	random_items(response);
	random_weights(response);
	random_prompts(response);
	random_events(&response->history.session, response->session);
	random_events(&response->history.user, response->user);
}

/* The response as it leaves. Runs of bytes still belong to the decision's arena. */
static void apply(const struct response *from, const struct rules_decision *decision, struct response *to)
{
	const struct edits *edits = &decision->edits;
	*to = *from;
	for (size_t place = 0; place < from->facts.item_count; place++) {
		size_t item = edits->order ? edits->order[place] : place;
		bool set = edits->score && edits->score_set[item];
		to->score[place] = set ? edits->score[item] : from->score[item];
		to->score_present[place] = set || from->score_present[item];
		to->baseline[place] = from->baseline[item];
		to->baseline_present[place] = from->baseline_present[item];
		to->id[place] = from->id[item];
		to->category[place] = from->category[item];
		if (set && from->facts.item_score.narrow)
			assert_true((double)(float)to->score[place] == to->score[place]);
	}
	to->facts.item_score.value = to->score;
	to->facts.item_score.present = to->score_present;
	to->facts.item_baseline.value = to->baseline;
	to->facts.item_baseline.present = to->baseline_present;
	to->facts.item_id = to->id;
	to->facts.item_category = to->category;
	for (size_t i = 0; i < from->facts.weight_count; i++) {
		if (!edits->weight || !edits->weight_set[i])
			continue;
		to->weight[i] = edits->weight[i];
		to->weight_present[i] = 1;
	}
	to->facts.weight.value = to->weight;
	to->facts.weight.present = to->weight_present;
	to->facts.weight_baseline.value = to->weight_baseline;
	to->facts.weight_baseline.present = to->weight_baseline_present;
	to->facts.prompts = to->prompt;
	to->facts.prompt_count = decision->prompt_count;
	for (size_t i = 0; i < decision->prompt_count; i++)
		to->prompt[i] = decision->prompt[i];
	if (edits->explanation_set)
		to->facts.explanation = edits->explanation;
	to->history.session.event = to->session;
	to->history.user.event = to->user;
}

/* --- properties --- */

static void decide(const struct response *response, const struct rules_ruleset *ruleset, struct trial *trial)
{
	*trial = (struct trial){.facts = response->facts, .history = response->history};
	trial_decide(trial, ruleset);
}

/* All that a decision says, in bits. */
static const char *print(struct trial *trial)
{
	const struct edits *edits = &trial->decision.edits;
	const char *text =
		arena_printf(&trial->arena, "%d %s %s [%.*s]", trial->decision.rejected, trial_story(trial),
			     trial_texts(trial), BYTES_ARG(edits->explanation));
	for (size_t i = 0; text && i < trial->facts.item_count; i++)
		text = arena_printf(&trial->arena, "%s %u:%a", text,
				    edits->order ? edits->order[i] : (unsigned)i,
				    edits->score && edits->score_set[i] ? edits->score[i] : 0);
	for (size_t i = 0; text && i < trial->facts.weight_count; i++)
		text = arena_printf(&trial->arena, "%s w%a", text,
				    edits->weight && edits->weight_set[i] ? edits->weight[i] : 0);
	assert_non_null(text);
	return text;
}

static bool judged(const struct random_rule *rule)
{
	return rule->enforcing && !rule->flags && !rule->narrowed;
}

static bool finite_baseline(const struct response *response, size_t item)
{
	return response->baseline_present[item] && isfinite(response->baseline[item]);
}

static bool near_enough(const struct random_rule *rule, double value, long double b)
{
	long double distance = fabsl((long double)value - b);
	/* the judge's own rounding: one part in 2^62 */
	long double slack = (fabsl(b) + distance) * 0x1p-62L;
	return (rule->absolute < 0 || distance <= (long double)rule->absolute + slack) &&
	       (rule->relative < 0 || distance <= (long double)rule->relative * fabsl(b) + slack);
}

static bool bound_holds(const struct random_rule *rule, const struct response *left)
{
	bool any = false, behind = false, good = true;
	for (size_t i = 0; i < left->facts.item_count; i++)
		any |= finite_baseline(left, i);
	for (size_t i = 0; any && i < left->facts.item_count; i++) {
		if (!finite_baseline(left, i)) {
			behind = true;
			continue;
		}
		good &= !(rule->missing_last && behind);
		long double b = left->facts.item_score.narrow ? (long double)(float)left->baseline[i]
							      : (long double)left->baseline[i];
		if (left->score_present[i] && isfinite(left->score[i])) /* else on_unknown = "flag" */
			good &= near_enough(rule, left->score[i], b);
	}
	return good;
}

/* A weight that cannot be told: on_unknown = "flag", or nothing to revert to. */
static bool weights_hold(const struct random_rule *rule, const struct response *left)
{
	bool good = true;
	for (size_t i = 0; i < left->facts.weight_count; i++) {
		bool known = left->weight_baseline_present[i];
		if (!left->weight_present[i] || !isfinite(left->weight[i]))
			continue;
		double b = left->facts.weight.narrow ? (double)(float)left->weight_baseline[i]
						     : left->weight_baseline[i];
		double least = known && b < rule->min_weight ? b : rule->min_weight;
		good &= !known || near_enough(rule, left->weight[i], (long double)b);
		good &= rule->min_weight < 0 || left->weight[i] >= least;
	}
	return good;
}

/* Larger baseline, or smaller where the list is by score upwards; in a tie what stands first. */
static size_t baseline_place(const struct response *left, size_t item)
{
	size_t place = 0;
	bool up = left->facts.order == ORDER_SCORE_ASC, narrow = left->facts.item_score.narrow;
	double here = narrow ? (double)(float)left->baseline[item] : left->baseline[item];
	for (size_t i = 0; i < left->facts.item_count; i++) {
		double there = narrow ? (double)(float)left->baseline[i] : left->baseline[i];
		bool before = up ? there < here : there > here;
		bool tie = !(there < here) && !(there > here);
		place += finite_baseline(left, i) && (before || (tie && i < item));
	}
	return place;
}

static bool distances_hold(const struct random_rule *rule, const struct response *left)
{
	size_t kept = 0, known = 0;
	bool good = true, behind = false;
	for (size_t i = 0; i < left->facts.item_count; i++) {
		behind |= !finite_baseline(left, i);
		if (!finite_baseline(left, i))
			continue;
		size_t place = baseline_place(left, i);
		known++;
		kept += i < (size_t)rule->within && place < (size_t)rule->top;
		good &= !(behind && rule->missing_last);
		if (rule->kind == SHIFT)
			good &= (i > place ? i - place : place - i) <= (size_t)rule->max;
	}
	size_t want = known < (size_t)rule->max ? known : (size_t)rule->max;
	want = want < (size_t)rule->top ? want : (size_t)rule->top;
	want = want < (size_t)rule->within ? want : (size_t)rule->within;
	return known == 0 || (good && (rule->kind == SHIFT || kept >= want));
}

static bool shares_hold(const struct random_rule *rule, const struct response *left)
{
	for (size_t i = 0; i < left->facts.item_count && i < (size_t)rule->top; i++) {
		int count = 0;
		for (size_t k = 0; k <= i; k++)
			count += bytes_equal(left->category[k], left->category[i]);
		if (left->category[i].len && count > rule->max)
			return false;
	}
	return true;
}

static bool places_hold(const struct random_rule *rule, const struct response *left)
{
	if (rule->kind != SHIFT && left->facts.offset > 0)
		return true;
	return rule->kind == SHARE ? shares_hold(rule, left) : distances_hold(rule, left);
}

static bool cap_holds(const struct random_rule *rule, const struct response *left)
{
	const struct rules_history_subject *subject =
		rule->per == USER ? &left->history.user : &left->history.session;
	size_t count = left->facts.prompt_count;
	if (rule->per != RESPONSE && !subject->known)
		return count == 0;
	for (size_t i = 0; rule->per != RESPONSE && i < subject->count; i++)
		count += subject->event[i].type == RULES_EVENT_DELIVERED &&
			 NOW - rule->window_ns < subject->event[i].time_ns;
	return left->facts.prompt_count == 0 || count <= (size_t)rule->max;
}

static bool gap_holds(const struct random_rule *rule, const struct response *left)
{
	struct random_rule as_cap = *rule;
	as_cap.max = 1;
	return cap_holds(&as_cap, left);
}

/* Weaker than the rule, which frequency_test judges in full: no prompt within the first wait of a dismissal
 * that nothing followed. */
static bool backoff_holds(const struct random_rule *rule, const struct response *left)
{
	const struct rules_history_subject *subject =
		rule->per == USER ? &left->history.user : &left->history.session;
	const struct rules_event *last = subject->count ? &subject->event[subject->count - 1] : NULL;
	bool waits = !subject->known ||
		     (last && last->type == RULES_EVENT_SIGNAL && last->signal == SIGNAL_PROMPT_DISMISSED &&
		      subject->count == 1 && NOW - rule->window_ns < last->time_ns);
	return left->facts.prompt_count == 0 || !waits;
}

/* Every item that has a baseline stands at it. */
static bool at_baseline(const struct response *left)
{
	for (size_t i = 0; i < left->facts.item_count; i++) {
		double b =
			left->facts.item_score.narrow ? (double)(float)left->baseline[i] : left->baseline[i];
		if (finite_baseline(left, i) &&
		    !(left->score_present[i] && left->score[i] <= b && left->score[i] >= b))
			return false;
	}
	return true;
}

static bool opt_out_holds(const struct random_rule *rule, const struct response *left)
{
	return !left->facts.opted_out || ((!(rule->max & 1) || left->facts.prompt_count == 0) &&
					  (!(rule->max & 2) || at_baseline(left)));
}

/* Weaker than the rule, which state_test judges in full: any two signs on any category within the window. */
static bool conflict_holds(const struct response *left)
{
	bool liked = false, disliked = false;
	const struct rules_history_subject *subject = &left->history.session;
	for (size_t i = 0; i < subject->count; i++) {
		const struct rules_event *event = &subject->event[i];
		bool counts = event->type == RULES_EVENT_SIGNAL && event->category.len &&
			      event->time_ns > NOW - INT64_C(86400000000000);
		liked |= counts && event->signal == SIGNAL_SATISFIED;
		disliked |= counts &&
			    (event->signal == SIGNAL_DISSATISFIED || event->signal == SIGNAL_NOT_RELEVANT);
	}
	return !subject->known || !liked || !disliked || at_baseline(left);
}

static bool floor_holds(const struct random_rule *rule, const struct response *left)
{
	return (left->facts.confidence_present && left->facts.confidence >= rule->relative) ||
	       at_baseline(left);
}

static bool answered_holds(const struct random_rule *rule, const struct response *left)
{
	const struct rules_history_subject *subject =
		rule->per == USER ? &left->history.user : &left->history.session;
	bool answered = !subject->known;
	for (size_t i = 0; i < subject->count; i++)
		answered |= subject->event[i].type == RULES_EVENT_SIGNAL &&
			    subject->event[i].signal == SIGNAL_PROMPT_ANSWERED &&
			    NOW - rule->window_ns < subject->event[i].time_ns;
	return left->facts.prompt_count == 0 || !answered;
}

static bool language_holds(const struct random_rule *rule, const struct response *left)
{
	for (size_t i = 0; i < left->facts.prompt_count; i++) {
		char text[128];
		snprintf(text, sizeof text, "%.*s", BYTES_ARG(left->facts.prompts[i].text));
		if (rule->kind == DENY && strcasestr(text, rule->phrase))
			return false;
		if (rule->kind == ALLOW && *text && strcmp(text, "Sorry.") != 0 &&
		    strcmp(text, "Pardon.") != 0 && strncmp(text, "Less ", 5) != 0)
			return false;
	}
	return true;
}

static bool choice_holds(const struct response *left)
{
	for (size_t i = 0; i < left->facts.prompt_count; i++) {
		const struct facts_prompt *prompt = &left->facts.prompts[i];
		bool asks = prompt->kind == PROMPT_ABSENT || prompt->kind == PROMPT_OTHER ||
			    prompt->kind == PROMPT_CATEGORY_SWITCH;
		if (asks && (prompt->choice_count == 0 || prompt->choices[0].kind != CHOICE_DECLINE))
			return false;
	}
	return true;
}

/* The random locales have two letters of language, and then a well-formed region or none. */
static bool locale_holds(const struct response *left)
{
	for (size_t i = 0; i < left->facts.prompt_count; i++) {
		struct bytes own = left->facts.prompts[i].locale, asked = left->facts.locale;
		if (own.len < 2 || asked.len < 2 || memchr(own.at, '_', own.len) ||
		    memchr(asked.at, '_', asked.len) || memcmp(own.at, asked.at, 2) != 0)
			return false;
	}
	return true;
}

/* No mark in the random texts combines. */
static bool tone_holds(const struct random_rule *rule, const struct response *left)
{
	for (size_t i = 0; i < left->facts.prompt_count; i++) {
		struct bytes text = left->facts.prompts[i].text;
		int count = 0;
		for (size_t b = 0; b < text.len; b++)
			count += ((unsigned char)text.at[b] & 0xc0) != 0x80;
		if (count > rule->max || memchr(text.at, 0xff, text.len))
			return false;
	}
	return true;
}

/* There is a fallback for English and German. */
static bool why_holds(const struct response *left)
{
	struct bytes asked = left->facts.locale;
	bool said = asked.len >= 2 && !memchr(asked.at, '_', asked.len) &&
		    (memcmp(asked.at, "en", 2) == 0 || memcmp(asked.at, "de", 2) == 0);
	return !said || left->facts.explanation.len > 0;
}

/* What is not UTF-8 cannot be told. */
static bool grade_holds(const struct response *left)
{
	for (size_t i = 0; i < left->facts.prompt_count; i++) {
		struct bytes text = left->facts.prompts[i].text;
		if (text.len > 40 || memchr(text.at, 0xff, text.len))
			return false;
	}
	return true;
}

static bool holds(const struct random_rule *rule, const struct response *left)
{
	return rule->kind == BOUND	? bound_holds(rule, left)
	       : rule->kind == CAP	? cap_holds(rule, left)
	       : rule->kind == CHOICE	? choice_holds(left)
	       : rule->kind == LOCALE	? locale_holds(left)
	       : rule->kind == TONE	? tone_holds(rule, left)
	       : rule->kind == WHY	? why_holds(left)
	       : rule->kind == GRADE	? grade_holds(left)
	       : rule->kind == WEIGHT	? weights_hold(rule, left)
	       : is_place(rule->kind)	? places_hold(rule, left)
	       : rule->kind == GAP	? gap_holds(rule, left)
	       : rule->kind == OPT_OUT	? opt_out_holds(rule, left)
	       : rule->kind == CONFLICT ? conflict_holds(left)
	       : rule->kind == QUIET	? !rule->max || left->facts.prompt_count == 0
	       : rule->kind == FLOOR	? floor_holds(rule, left)
	       : rule->kind == ANSWERED ? answered_holds(rule, left)
	       : rule->kind == BACKOFF	? backoff_holds(rule, left)
					: language_holds(rule, left);
}

static void governed_again_nothing_changes(const struct response *left, const struct rules_ruleset *ruleset)
{
	struct trial again;
	decide(left, ruleset, &again);
	if (again.decision.changed)
		fail_msg("not idempotent: %s", print(&again));
	trial_done(&again);
}

/* By item id: how far from its baseline it leaves. */
/* The same interventions and verdicts, and everything leaves as it came. */
static void discarded_nothing_changes(const struct response *response, const struct rules_ruleset *ruleset,
				      const struct rules_decision *enforced)
{
	struct trial trial;
	struct err err;
	decide(response, ruleset, &trial);
	const struct rules_decision *would = &trial.decision;
	assert_true(rules_decide_discard(&trial.arena, &trial.decision, &err));
	assert_true(edits_empty(&would->edits) && !would->changed && !would->rejected && !would->rejected_by);
	assert_int_equal(would->prompt_count, response->facts.prompt_count);
	for (size_t i = 0; i < would->prompt_count; i++)
		assert_memory_equal(&would->prompt[i], &response->facts.prompts[i], sizeof *would->prompt);
	assert_int_equal(would->intervention_count, enforced->intervention_count);
	for (size_t i = 0; i < would->intervention_count; i++) {
		const struct rules_intervention *a = &would->intervention[i], *b = &enforced->intervention[i];
		assert_true(a->would && a->action == b->action && a->verdict == b->verdict &&
			    a->target_count == b->target_count && bytes_equal(a->rule->id, b->rule->id));
	}
	assert_memory_equal(would->verdict, enforced->verdict,
			    rules_ruleset_rule_count(ruleset) * sizeof *would->verdict);
	trial_done(&trial);
}

static double distance_of(const struct response *left, struct bytes id)
{
	for (size_t i = 0; i < left->facts.item_count; i++)
		if (bytes_equal(left->id[i], id) && finite_baseline(left, i)) {
			double b = left->facts.item_score.narrow ? (double)(float)left->baseline[i]
								 : left->baseline[i];
			return fabs(left->score[i] - b);
		}
	return 0;
}

struct variants {
	struct rules_ruleset *plain, *shuffled, *again, *extended;
	struct random_rule rule[RULES_MAX + 1];
	unsigned count;
	size_t changed, rejected, widened_checked, unsatisfied;
};

/* The baseline is served and this is recorded: only category_share does not give way to the baseline. */
static bool unsatisfied(const struct random_rule *rule, const struct rules_decision *decision,
			struct variants *variants)
{
	for (size_t i = 0; i < decision->intervention_count; i++) {
		const struct rules_intervention *one = &decision->intervention[i];
		if (!one->unsatisfied || !bytes_equal(one->rule->id, bytes_of(rule->id)))
			continue;
		variants->unsatisfied++;
		return rule->kind == SHARE;
	}
	return false;
}

/* A rule that reverts because of places need not any more when another one has moved an item. */
static bool places_reverted(const struct rules_decision *decision)
{
	for (size_t i = 0; i < decision->intervention_count; i++)
		if (decision->intervention[i].action == RULES_REVERT && !decision->intervention[i].would &&
		    (bytes_equal(decision->intervention[i].rule->kind, BYTES_LITERAL("rank_shift")) ||
		     bytes_equal(decision->intervention[i].rule->kind, BYTES_LITERAL("retain_top"))))
			return true;
	return false;
}

static int by_baseline(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return isnan(x) || isnan(y) ? isnan(x) - isnan(y) : (x < y) - (x > y);
}

/* The response that adjusts nothing: no limit on distance to the baseline is exceeded. */
static void the_baseline_is_within(const struct response *response, const struct rules_ruleset *ruleset)
{
	struct response plain = *response;
	struct trial trial;
	for (size_t i = 0; i < plain.facts.item_count; i++)
		if (!finite_baseline(&plain, i))
			plain.baseline[i] = (double)NAN;
	qsort(plain.baseline, plain.facts.item_count, sizeof(double), by_baseline);
	plain.facts.order = plain.facts.order == ORDER_SCORE_ASC ? ORDER_POSITION : plain.facts.order;
	for (size_t i = 0; i < plain.facts.item_count; i++) {
		double baseline = plain.baseline[i];
		plain.baseline_present[i] = (uint8_t)!isnan(baseline);
		plain.score_present[i] = 1;
		plain.score[i] = isnan(baseline)		 ? 0
				 : plain.facts.item_score.narrow ? (double)(float)baseline
								 : baseline;
	}
	for (size_t i = 0; i < plain.facts.weight_count; i++) {
		double baseline = plain.weight_baseline[i];
		plain.weight_present[i] = plain.weight_baseline_present[i] = 1;
		plain.weight[i] = plain.facts.weight.narrow ? (double)(float)baseline : baseline;
	}
	plain.facts.item_score.value = plain.score;
	plain.facts.item_score.present = plain.score_present;
	plain.facts.item_baseline.value = plain.baseline;
	plain.facts.item_baseline.present = plain.baseline_present;
	plain.facts.weight.value = plain.weight;
	plain.facts.weight.present = plain.weight_present;
	plain.facts.weight_baseline.value = plain.weight_baseline;
	plain.facts.weight_baseline.present = plain.weight_baseline_present;
	decide(&plain, ruleset, &trial);
	for (size_t i = 0; i < trial.decision.intervention_count; i++) {
		const struct rules_intervention *one = &trial.decision.intervention[i];
		bool distance = bytes_equal(one->rule->kind, BYTES_LITERAL("score_bound")) ||
				bytes_equal(one->rule->kind, BYTES_LITERAL("weight_bound")) ||
				bytes_equal(one->rule->kind, BYTES_LITERAL("rank_shift")) ||
				bytes_equal(one->rule->kind, BYTES_LITERAL("retain_top"));
		if (distance && one->verdict == RULES_EXCEEDED && !one->would)
			fail_msg("the baseline exceeds: %s", print(&trial));
	}
	trial_done(&trial);
}

static void check_response(struct variants *variants, const struct response *response)
{
	struct trial plain, other;
	struct response left, tighter;
	the_baseline_is_within(response, variants->plain);
	decide(response, variants->plain, &plain);
	decide(response, variants->shuffled, &other);
	assert_string_equal(print(&plain), print(&other));
	trial_done(&other);
	decide(response, variants->again, &other);
	assert_string_equal(print(&plain), print(&other));
	trial_done(&other);
	discarded_nothing_changes(response, variants->plain, &plain.decision);
	variants->changed += plain.decision.changed;
	variants->rejected += plain.decision.rejected;
	if (!plain.decision.rejected) {
		apply(response, &plain.decision, &left);
		for (unsigned i = 0; i < variants->count; i++)
			if (judged(&variants->rule[i]) && !holds(&variants->rule[i], &left) &&
			    !unsatisfied(&variants->rule[i], &plain.decision, variants))
				fail_msg("%s does not hold: %s", variants->rule[i].text, print(&plain));
		governed_again_nothing_changes(&left, variants->plain);
		decide(response, variants->extended, &other);
		if (!other.decision.rejected && !places_reverted(&plain.decision)) {
			apply(response, &other.decision, &tighter);
			for (size_t i = 0; i < response->facts.item_count; i++)
				if (distance_of(&tighter, response->id[i]) >
				    distance_of(&left, response->id[i]))
					fail_msg("%s widens: %s, not %s",
						 variants->rule[variants->count].text, print(&other),
						 print(&plain));
			variants->widened_checked++;
		}
		trial_done(&other);
	}
	trial_done(&plain);
}

static void properties_hold(void **state)
{
	struct variants variants = {.changed = 0};
	random_state = SEED;
	print_message("seed %d\n", SEED);
	for (int r = 0; r < RULESETS; r++) {
		unsigned order[RULES_MAX + 1];
		variants.count = 1 + pick(RULES_MAX);
		for (unsigned i = 0; i <= variants.count; i++) {
			random_rule(&variants.rule[i], i);
			order[i] = i;
		}
		variants.plain = load(variants.rule, order, variants.count, false);
		variants.extended = load(variants.rule, order, variants.count + 1, false);
		for (unsigned i = variants.count; i > 1; i--) {
			unsigned other = pick(i), kept = order[i - 1];
			order[i - 1] = order[other];
			order[other] = kept;
		}
		variants.shuffled = load(variants.rule, order, variants.count, true);
		variants.again = through_effective(variants.plain);
		for (int i = 0; i < RESPONSES; i++) {
			struct response response;
			random_response(&response);
			check_response(&variants, &response);
		}
		rules_ruleset_drop(variants.plain);
		rules_ruleset_drop(variants.extended);
		rules_ruleset_drop(variants.shuffled);
		rules_ruleset_drop(variants.again);
	}
	print_message("%d pairs: %zu changed, %zu rejected, %zu with one rule more, %zu unsatisfied\n",
		      RULESETS * RESPONSES, variants.changed, variants.rejected, variants.widened_checked,
		      variants.unsatisfied);
	/* the generator must not drift into responses that no rule touches */
	assert_true(variants.changed > RULESETS * RESPONSES / 4);
	assert_true(variants.widened_checked > RULESETS * RESPONSES / 4);
	(void)state;
}

/* The control: the naive judge sees a bound broken by one unit in the last place, a cap by one prompt, and a
 * denied word. */
static void the_judge_can_fail(void **state)
{
	struct response left = {
		.score = {1.5}, .baseline = {1}, .score_present = {1}, .baseline_present = {1}};
	struct random_rule bound = {.kind = BOUND, .absolute = 0.5, .relative = -1};
	struct random_rule cap = {.kind = CAP, .max = 1, .per = RESPONSE},
			   deny = {.kind = DENY, .phrase = "bad"};
	left.facts = (struct facts){.item_count = 1, .prompt_count = 1, .prompts = left.prompt};
	left.prompt[0].text = BYTES_LITERAL("good");
	assert_true(holds(&bound, &left) && holds(&cap, &left) && holds(&deny, &left));
	left.score[0] = nextafter(1.5, 2);
	assert_false(holds(&bound, &left));
	left.facts.prompt_count = 2;
	assert_false(holds(&cap, &left));
	struct random_rule weight = {.kind = WEIGHT, .absolute = -1, .relative = -1, .min_weight = 0.25};
	left.facts.weight_count = 1;
	left.weight[0] = 0.25;
	left.weight_present[0] = 1;
	assert_true(holds(&weight, &left));
	left.weight[0] = nextafter(0.25, 0);
	assert_false(holds(&weight, &left));
	struct random_rule shift = {.kind = SHIFT, .max = 1};
	struct random_rule share = {.kind = SHARE, .top = 2, .max = 1};
	struct random_rule retain = {.kind = RETAIN, .top = 1, .within = 2, .max = 1};
	left.facts.item_count = 3;
	for (size_t i = 0; i < 3; i++) {
		left.baseline[i] = (double[]){2, 3, 1}[i];
		left.baseline_present[i] = 1;
		left.category[i] = bytes_of(i ? "k" : "n");
	}
	assert_true(holds(&shift, &left) && holds(&share, &left) && holds(&retain, &left));
	left.baseline[2] = 4; /* two places up */
	assert_false(holds(&shift, &left));
	assert_false(holds(&retain, &left));
	left.category[0] = bytes_of("k");
	assert_false(holds(&share, &left));
	left.prompt[1].text = BYTES_LITERAL("so Bad");
	assert_false(holds(&deny, &left));
	assert_false(holds(&(struct random_rule){.kind = CHOICE}, &left));
	assert_false(holds(&(struct random_rule){.kind = LOCALE}, &left));
	assert_false(holds(&(struct random_rule){.kind = TONE, .max = 5}, &left));
	left.facts.locale = BYTES_LITERAL("de");
	assert_false(holds(&(struct random_rule){.kind = WHY}, &left));
	left.prompt[1].text = BYTES_LITERAL("\xff");
	assert_false(holds(&(struct random_rule){.kind = GRADE}, &left));
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_judge_can_fail),
		cmocka_unit_test(properties_hold),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
