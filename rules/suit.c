/* SPDX-License-Identifier: Apache-2.0
 *
 * Walks the kind table's facts for each rule in force and each method that the rule may be about.
 */
#include "rules/suit.h"

#include "rules/effective.h"
#include "rules/findings.h"
#include "rules/loaded.h"
#include "rules/when.h"
#include <stdarg.h>
#include <stdio.h>

struct suit {
	const struct proto_mapping *mapping;
	const char *config_path;
	struct rules_findings *findings;
	const struct catalogue *catalogue;
	const struct rule *rule;
	uint64_t needs;			   /* of the rule */
	const struct proto_method *method; /* the ranking method looked at */
	char place[512];		   /* "METHOD (FILE:LINE)" */
	uint64_t signals;		   /* facts of all signal methods together */
};

#define SIGNAL_FACTS                                                                                         \
	(FACT_BIT(FACT_SIGNAL_USER) | FACT_BIT(FACT_SIGNAL_SESSION) | FACT_BIT(FACT_SIGNAL_KIND) |           \
	 FACT_BIT(FACT_SIGNAL_ITEM) | FACT_BIT(FACT_SIGNAL_CATEGORY) | FACT_BIT(FACT_SIGNAL_PROMPT))

static uint64_t facts_of(const struct proto_method *method)
{
	uint64_t facts = 0;
	for (size_t fact = 0; fact < PROTO_FACTS; fact++)
		facts |= proto_method_maps(method, (enum proto_fact)fact) ? FACT_BIT(fact) : 0;
	return facts;
}

/* All that the rule needs: of its kind, of its keys, and what rules of its step have in common. */
static uint64_t needs_of(const struct rule *rule)
{
	const struct kind *kind = rule->kind;
	uint64_t needs = kind->needs | (kind->also ? kind->also(rule) : 0);
	if (kind->step == STEP_FREQUENCY) {
		const struct frequency_settings *settings = rule->settings;
		needs |= settings->per == PER_SESSION ? FACT_BIT(FACT_SESSION)
			 : settings->per == PER_USER  ? FACT_BIT(FACT_USER)
						      : 0;
	}
	if (kind->step == STEP_LANGUAGE) {
		const struct language_settings *settings = rule->settings;
		needs |= settings->on >> ON_TEXT & 1 ? FACT_BIT(FACT_PROMPT_TEXT) : 0;
	}
	/* A signal counts for the id that it names. */
	if (needs & SIGNAL_FACTS)
		needs |= (needs & FACT_BIT(FACT_SESSION) ? FACT_BIT(FACT_SIGNAL_SESSION) : 0) |
			 (needs & FACT_BIT(FACT_USER) ? FACT_BIT(FACT_SIGNAL_USER) : 0);
	return needs;
}

/* A fact stands in a record; where that record's list is not given there is nothing to judge. */
static bool has_record(const struct proto_method *method, enum proto_record record)
{
	for (size_t fact = 0; fact < PROTO_FACTS; fact++)
		if (fact_rows[fact].type == FACT_LIST && fact_rows[fact].list == record)
			return proto_method_maps(method, (enum proto_fact)fact);
	return true;
}

/* "item.score, item.baseline" of bits; what is no single fact comes in words. */
static const char *words_of(uint64_t facts, char *text, size_t room)
{
	size_t len = 0;
	text[0] = '\0';
	for (size_t fact = 0; fact < PROTO_FACTS; fact++)
		if (facts >> fact & 1 && len < room)
			len += (size_t)snprintf(text + len, room - len, "%s%s", len ? ", " : "",
						fact_rows[fact].key);
	if (facts & NEED_SUBJECT && len < room)
		len += (size_t)snprintf(text + len, room - len, "%ssession or user", len ? ", " : "");
	if (facts & NEED_SAID && len < room)
		snprintf(text + len, room - len, "%ssignal.kind or opted_out", len ? ", " : "");
	return text;
}

/* What the method does not give of the needs. */
static uint64_t missing_of(const struct suit *suit)
{
	uint64_t given = facts_of(suit->method) | suit->signals, missing = 0;
	for (size_t fact = 0; fact < PROTO_FACTS; fact++) {
		enum proto_record record = fact_rows[fact].record;
		if (suit->needs & ~given & FACT_BIT(fact) &&
		    (record == RECORD_SIGNAL || has_record(suit->method, record)))
			missing |= FACT_BIT(fact);
	}
	if (suit->needs & NEED_SUBJECT && !(given & (FACT_BIT(FACT_SESSION) | FACT_BIT(FACT_USER))))
		missing |= NEED_SUBJECT;
	if (suit->needs & NEED_SAID && !(given & (FACT_BIT(FACT_SIGNAL_KIND) | FACT_BIT(FACT_OPTED_OUT))))
		missing |= NEED_SAID;
	return missing;
}

/* The facts without which the action cannot be carried out by the method. */
static uint64_t lacking_for(const struct suit *suit, enum rules_action action)
{
	uint64_t given = facts_of(suit->method), lacking = 0;
	if (action == RULES_REVERT) {
		if (given & FACT_BIT(FACT_ITEMS))
			lacking |= FACT_BIT(FACT_ITEM_BASELINE);
		if (given & FACT_BIT(FACT_WEIGHTS))
			lacking |= FACT_BIT(FACT_WEIGHT_BASELINE);
	}
	if (action == RULES_REPLACE && suit->needs & FACT_BIT(FACT_PROMPT_TEXT) &&
	    given & FACT_BIT(FACT_PROMPTS))
		lacking |= FACT_BIT(FACT_PROMPT_TEXT);
	return lacking & ~given;
}

#define PROMPT_FACTS                                                                                         \
	(FACT_BIT(FACT_PROMPT_TEXT) | FACT_BIT(FACT_PROMPT_TEMPLATE_ID) | FACT_BIT(FACT_PROMPT_LOCALE) |     \
	 FACT_BIT(FACT_PROMPT_KIND) | FACT_BIT(FACT_CHOICES) | FACT_BIT(FACT_CHOICE_ID) |                    \
	 FACT_BIT(FACT_CHOICE_KIND) | FACT_BIT(FACT_CHOICE_LABEL))

/* The facts that the action sets. */
static uint64_t written_by(const struct suit *suit, enum rules_action action)
{
	uint64_t numbers = FACT_BIT(FACT_ITEM_SCORE) | FACT_BIT(FACT_WEIGHT_WEIGHT);
	uint64_t language = suit->rule->kind->step == STEP_LANGUAGE ? FACT_BIT(FACT_EXPLANATION) : 0;
	switch (action) {
	case RULES_CLAMP:
		return suit->needs & numbers;
	case RULES_REVERT:
		return numbers;
	case RULES_REPLACE:
		return PROMPT_FACTS | language;
	case RULES_SUPPRESS:
		return language;
	case RULES_NONE:
	case RULES_FLAG:
	case RULES_REORDER:
	case RULES_REJECT:
		break;
	}
	return 0;
}

__attribute__((format(printf, 3, 4))) static void say(const struct suit *suit, bool error, const char *format,
						      ...)
{
	const struct rule *rule = suit->rule;
	struct err err;
	va_list args;
	va_start(args, format);
	vsnprintf(err.text, sizeof err.text, format, args);
	va_end(args);
	rules_findings_add(suit->findings, error, rule->spot.file, rule->head.line, "rule %.*s: %s",
			   BYTES_ARG(rule->head.id), err.text);
}

/* What is mapped and can only be read. */
static void check_written(const struct suit *suit, const char *key, enum rules_action action)
{
	uint64_t written = suit->rule->head.mode == RULES_ENFORCE ? written_by(suit, action) : 0;
	for (size_t fact = 0; fact < PROTO_FACTS; fact++) {
		unsigned line;
		const char *why = proto_method_unwritable(suit->method, (enum proto_fact)fact);
		const char *path = proto_method_path(suit->method, (enum proto_fact)fact, &line);
		if (!(written & FACT_BIT(fact)) || !why)
			continue;
		say(suit, true,
		    "%s \"%s\" cannot be carried out on %s: %s = \"%s\" (line %u) can only be read, because "
		    "%s; "
		    "map another field, choose another action, or let the rule observe",
		    key, rules_action_name(action), suit->place, fact_rows[fact].key, path, line, why);
	}
}

static void check_action(const struct suit *suit, const char *key, enum rules_action action)
{
	char words[256];
	uint64_t lacking = lacking_for(suit, action);
	check_written(suit, key, action);
	if (!lacking)
		return;
	words_of(lacking, words, sizeof words);
	say(suit, true,
	    "%s \"%s\" cannot be carried out on %s, which gives no %s; map it, or choose another action", key,
	    rules_action_name(action), suit->place, words);
}

/* A text that replaces a prompt brings its kind and choices along: the mapping must have values for them. */
static void check_text(const struct suit *suit, const struct text *text)
{
	enum proto_fact fact = FACT_PROMPT_KIND;
	unsigned kind = (unsigned)text->kind;
	bool written = kind == PROMPT_ABSENT || proto_method_writes_kind(suit->method, fact, kind);
	for (size_t i = 0; written && i < text->choices.count; i++) {
		fact = FACT_CHOICE_KIND;
		kind = (unsigned)text->as_choice[i].kind;
		written = kind == CHOICE_ABSENT || proto_method_writes_kind(suit->method, fact, kind);
	}
	if (!written)
		say(suit, true,
		    "fallback \"%.*s\" (%.*s) cannot be written on %s, which has no value of %s for \"%s\"; "
		    "add it "
		    "to kinds, or choose another fallback",
		    BYTES_ARG(text->id), BYTES_ARG(text->locale), suit->place, fact_rows[fact].key,
		    fact_kind_name(fact, kind));
}

static void check_fallback(const struct suit *suit)
{
	const struct rule *rule = suit->rule;
	const struct language_settings *settings = rule->settings;
	if (rule->kind->step != STEP_LANGUAGE || !proto_method_maps(suit->method, FACT_PROMPTS))
		return;
	for (size_t i = 0; i < suit->catalogue->count; i++)
		if (bytes_equal(suit->catalogue->text[i]->id, settings->fallback) && settings->fallback.len)
			check_text(suit, suit->catalogue->text[i]);
}

/* The narrowing of `when` and of keys that the method can never tell: it holds for all. */
static void check_narrowing(const struct suit *suit)
{
	const struct rule *rule = suit->rule;
	uint64_t given = facts_of(suit->method);
	uint64_t asked = rule->when ? rules_when_facts(rule->when) & ~given : 0;
	char words[256];
	if (asked)
		say(suit, false,
		    "when asks for %s, which %s does not give; the rule applies to all its responses",
		    words_of(asked, words, sizeof words), suit->place);
	for (size_t i = 0; i < rule->kind->keys.count; i++) {
		const struct key *key = &rule->kind->keys.key[i];
		if (!key->narrows || key->narrows & given || key->narrows & suit->needs || key->standard ||
		    !rules_effective_has(key, (const char *)rule->settings + key->at) ||
		    !(given & rule->kind->concerns))
			continue;
		say(suit, false, "%s asks for %s, which %s does not give; the rule applies to all", key->name,
		    words_of(key->narrows, words, sizeof words), suit->place);
	}
}

static void check_method(const struct suit *suit)
{
	const struct rule *rule = suit->rule;
	uint64_t missing = missing_of(suit);
	char words[256];
	if (missing & SIGNAL_FACTS)
		missing &= ~SIGNAL_FACTS; /* said once, of all methods together */
	if (missing && rule->kind->on_unknown[0] == RULES_NONE)
		say(suit, false,
		    "%s gives no %s, which counts as absent in each response; map it, or name other methods "
		    "in when.method",
		    suit->place, words_of(missing, words, sizeof words));
	else if (missing)
		say(suit, false,
		    "it can never tell on %s, which gives no %s: on_unknown \"%s\" is done each time; map "
		    "it, or name other methods in when.method",
		    suit->place, words_of(missing, words, sizeof words),
		    rules_action_name(rule->head.on_unknown));
	if (!missing)
		check_action(suit, "action", suit->needs & NEED_REVERT ? RULES_REVERT : rule->head.action);
	check_action(suit, "on_unknown", rule->head.on_unknown);
	check_fallback(suit);
	check_narrowing(suit);
}

static bool may_be_about(const struct rule *rule, const struct proto_method *method)
{
	return proto_method_role(method) == PROTO_RANKING &&
	       (!rule->when || rule->when->method.count == 0 ||
		rules_globs_match(&rule->when->method, proto_method_name(method)));
}

static void place_of(struct suit *suit)
{
	struct bytes name = proto_method_name(suit->method);
	unsigned line = proto_method_line(suit->method);
	if (line)
		snprintf(suit->place, sizeof suit->place, "%.*s (%s:%u)", BYTES_ARG(name), suit->config_path,
			 line);
	else
		snprintf(suit->place, sizeof suit->place, "%.*s", BYTES_ARG(name));
}

static bool gives_places(const struct rule *rule)
{
	return rule->kind->step == STEP_PLACES && rule->head.mode == RULES_ENFORCE &&
	       rule->head.action == RULES_REORDER;
}

static void check_rule(struct suit *suit)
{
	const struct rule *rule = suit->rule;
	bool about = false, concerned = false, noted = false;
	char words[256];
	suit->needs = needs_of(rule);
	for (size_t i = 0; (suit->method = proto_mapping_at(suit->mapping, i)); i++) {
		if (!may_be_about(rule, suit->method))
			continue;
		about = true;
		place_of(suit);
		if (!(facts_of(suit->method) & rule->kind->concerns))
			continue;
		concerned = true;
		check_method(suit);
		if (gives_places(rule) && proto_method_order(suit->method) != ORDER_POSITION && !noted)
			rules_findings_note(suit->findings, rule->spot.file, rule->head.line,
					    "rule %.*s: gives places beside the order by score of %s; "
					    "applications must keep the order that they get",
					    BYTES_ARG(rule->head.id), suit->place);
		noted |= gives_places(rule) && proto_method_order(suit->method) != ORDER_POSITION;
	}
	uint64_t signals = suit->needs & SIGNAL_FACTS & ~suit->signals;
	if (!about)
		say(suit, false, "when.method names no method that is mapped; it applies to nothing");
	else if (!concerned)
		say(suit, false, "no method that it is about gives %s; it has nothing to judge",
		    words_of(rule->kind->concerns, words, sizeof words));
	else if (signals)
		say(suit, false,
		    "no method gives %s, so that no signal ever reaches it; map a method with signal: { ... "
		    "}",
		    words_of(signals, words, sizeof words));
}

void rules_suit_check(const struct rules_ruleset *ruleset, const struct proto_mapping *mapping,
		      const char *config_path, struct rules_findings *findings)
{
	struct suit suit = {.mapping = mapping,
			    .config_path = config_path,
			    .findings = findings,
			    .catalogue = &ruleset->catalogue};
	bool counts = false;
	for (size_t i = 0; proto_mapping_at(mapping, i); i++)
		suit.signals |= facts_of(proto_mapping_at(mapping, i)) & SIGNAL_FACTS;
	for (size_t i = 0; i < ruleset->rule_count; i++) {
		suit.rule = ruleset->rule[i];
		if (suit.rule->head.mode == RULES_OFF)
			continue;
		counts |= suit.rule->kind->step == STEP_FREQUENCY && suit.rule->kind->memory &&
			  suit.rule->kind->memory(suit.rule) > 0;
		check_rule(&suit);
	}
	if (counts)
		rules_findings_note(
			findings, config_path, 0,
			"caps, gaps and waits hold within one sidecar: with several replicas route a "
			"session to one of them, or divide the caps");
	rules_findings_sort(findings);
}
