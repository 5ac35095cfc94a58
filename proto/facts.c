/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/facts.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const prompt_names[] = {
	"",	 "acknowledgement", "clarifying_question", "preference_update", "category_switch",
	"pause", "other",
};
static const char *const choice_names[] = {
	"", "accept", "decline", "more_of", "less_of", "pause_category", "other",
};
static const char *const signal_names[] = {
	"",
	"dissatisfied",
	"not_relevant",
	"satisfied",
	"prompt_dismissed",
	"prompt_answered",
	"opt_out",
	"opt_in",
	"reset",
	"prompt_shown",
	"other",
};
_Static_assert(COUNT(prompt_names) == PROMPT_OTHER + 1, "a name for each kind");
_Static_assert(COUNT(choice_names) == CHOICE_OTHER + 1, "a name for each kind");
_Static_assert(COUNT(signal_names) == SIGNAL_OTHER + 1, "a name for each kind");

/* The first and the last name of a table stand for "absent" and "other": they name no kind. */
static size_t named(const char *const *names, size_t other, struct bytes name)
{
	for (size_t i = 1; i < other; i++)
		if (bytes_equal(bytes_of(names[i]), name))
			return i;
	return other;
}

const char *prompt_kind_name(enum prompt_kind kind)
{
	return prompt_names[kind];
}

const char *choice_kind_name(enum choice_kind kind)
{
	return choice_names[kind];
}

const char *signal_kind_name(enum signal_kind kind)
{
	return signal_names[kind];
}

enum prompt_kind prompt_kind_named(struct bytes name)
{
	return (enum prompt_kind)named(prompt_names, PROMPT_OTHER, name);
}

enum choice_kind choice_kind_named(struct bytes name)
{
	return (enum choice_kind)named(choice_names, CHOICE_OTHER, name);
}

enum signal_kind signal_kind_named(struct bytes name)
{
	return (enum signal_kind)named(signal_names, SIGNAL_OTHER, name);
}
