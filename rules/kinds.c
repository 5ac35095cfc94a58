/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/kind.h"

#include "rules/checks.h"

static const struct kind *const kinds[] = {
	&rules_category_share,
	&rules_choice_required,
	&rules_confidence_floor,
	&rules_conflicting_signals,
	&rules_explanation_required,
	&rules_locale_match,
	&rules_opt_out,
	&rules_phrase_deny,
	&rules_prompt_answered,
	&rules_prompt_backoff,
	&rules_prompt_cap,
	&rules_prompt_gap,
	&rules_prompt_quiet_hours,
	&rules_rank_shift,
	&rules_readability,
	&rules_retain_top,
	&rules_score_bound,
	&rules_template_allow,
	&rules_tone,
	&rules_weight_bound,
};

const struct kind *rules_kind_at(size_t index)
{
	return index < KEY_COUNT(kinds) ? kinds[index] : NULL;
}

const struct kind *rules_kind_named(struct bytes name)
{
	for (size_t i = 0; i < KEY_COUNT(kinds); i++)
		if (bytes_equal(bytes_of(kinds[i]->name), name))
			return kinds[i];
	return NULL;
}

const char *rules_passage_word(unsigned n)
{
	static const char *const words[] = {"text", "labels", "explanation"};
	return n < KEY_COUNT(words) ? words[n] : NULL;
}

static const struct key period_keys[] = {
	{.name = "from", .type = KEY_TIME, .at = offsetof(struct period, from), .help = "first instant"},
	{.name = "until",
	 .type = KEY_TIME,
	 .at = offsetof(struct period, until),
	 .help = "first instant after"},
};
static const struct keys period_table = {period_keys, KEY_COUNT(period_keys), sizeof(struct period)};

static const struct key rule_keys[] = {
	{.name = "id",
	 .type = KEY_TEXT,
	 .at = offsetof(struct rule, head.id),
	 .required = true,
	 .check = rules_check_id,
	 .help = "names the rule in decisions and logs"},
	{.name = "kind",
	 .type = KEY_TEXT,
	 .at = offsetof(struct rule, head.kind),
	 .help = "what the rule limits: one of the kinds; required"},
	{.name = "mode",
	 .type = KEY_WORD,
	 .at = offsetof(struct rule, mode),
	 .word = rules_mode_word,
	 .standard = "enforce",
	 .help = "enforce changes responses, observe only records, off does nothing"},
	{.name = "when",
	 .type = KEY_GROUP,
	 .at = offsetof(struct rule, when),
	 .inner = &rules_when_keys,
	 .help = "to which responses it applies"},
	{.name = "effective",
	 .type = KEY_GROUP,
	 .at = offsetof(struct rule, effective),
	 .inner = &period_table,
	 .help = "at which times it applies"},
	{.name = "action",
	 .type = KEY_TEXT,
	 .at = offsetof(struct rule, action_word),
	 .help = "what is done when the limit is exceeded"},
	{.name = "on_unknown",
	 .type = KEY_TEXT,
	 .at = offsetof(struct rule, unknown_word),
	 .help = "what is done when the rule cannot tell"},
	{.name = "reason",
	 .type = KEY_TEXT,
	 .at = offsetof(struct rule, head.reason),
	 .required = true,
	 .check = rules_check_filled,
	 .help = "why, in plain language"},
	{.name = "reference",
	 .type = KEY_TEXT,
	 .at = offsetof(struct rule, head.reference),
	 .help = "where it was decided"},
	{.name = "owner",
	 .type = KEY_TEXT,
	 .at = offsetof(struct rule, head.owner),
	 .help = "who answers for it"},
};
const struct keys rules_rule_keys = {rule_keys, KEY_COUNT(rule_keys), sizeof(struct rule)};
