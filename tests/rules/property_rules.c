/* SPDX-License-Identifier: Apache-2.0 */
#include "property.h"

#include <stdio.h>
#include <stdlib.h>

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled" */
static uint64_t random_state;

void pick_seed(uint64_t seed)
{
	random_state = seed;
}

unsigned pick(unsigned below)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (unsigned)((random_state * UINT64_C(2685821657736338717)) >> 33) % below;
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

static int (*const writers[KINDS])(struct random_rule *rule, char *text, size_t room) = {
	[BOUND] = random_bound,	   [CAP] = random_cap,	     [DENY] = random_language,
	[ALLOW] = random_language, [CHOICE] = random_choice, [LOCALE] = random_locale,
	[TONE] = random_tone,	   [WHY] = random_why,	     [GRADE] = random_grade,
	[WEIGHT] = random_weight,  [SHIFT] = random_places,  [RETAIN] = random_places,
	[SHARE] = random_places,   [GAP] = random_gap,	     [ANSWERED] = random_gap,
	[BACKOFF] = random_gap,	   [OPT_OUT] = random_calm,  [FLOOR] = random_calm,
	[CONFLICT] = random_calm,  [QUIET] = random_calm,
};

void random_rule(struct random_rule *rule, unsigned number)
{
	static const char *const modes[] = {"enforce", "enforce", "enforce", "observe", "off"};
	static const char *const whens[] = {
		[EVERYWHERE] = "",
		[HOME] = "when = { surface = \"home\"; }; ",
		[NOT_HOME] = "when = { not = { surface = \"home\"; }; }; ",
		[SHARED] = "when = { locale = \"en\"; share = 0.5; }; ",
	};
	const char *mode = ONE_OF(modes);
	*rule = (struct random_rule){.kind = pick(KINDS), .when = pick(2) ? pick(SHARED + 1) : EVERYWHERE};
	unsigned name = pick(100);
	snprintf(rule->id, sizeof rule->id, "r%u.%u", name, number);
	int len = snprintf(rule->text, sizeof rule->text,
			   "{ id = \"r%u.%u\"; reason = \"r\"; mode = \"%s\"; %s", name, number, mode,
			   whens[rule->when]);
	char *rest = rule->text + len;
	size_t room = sizeof rule->text - (size_t)len;
	len = writers[rule->kind](rule, rest, room);
	snprintf(rest + len, room - (size_t)len, "}");
	rule->enforcing = strcmp(mode, "enforce") == 0;
}

struct rules_ruleset *random_rules_load(const struct random_rule *rule, const unsigned *order, unsigned count,
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
