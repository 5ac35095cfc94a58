/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/example/wording.h"

enum { CHOICES = 3 };

/* One prompt of one moment; several rows of a moment are several prompts of one response. */
static const struct wording {
	enum wording_moment moment;
	Rankguard__V1__PromptKind kind;
	const char *template_id, *text; /* {category} stands for a category's name */
	struct {
		Rankguard__V1__ChoiceKind kind;
		const char *label;
	} choice[CHOICES];
} wordings[] = {
	{WORDING_SORRY,
	 RANKGUARD__V1__PROMPT_KIND__PROMPT_KIND_ACKNOWLEDGEMENT,
	 "ack.neutral",
	 "These picks are not quite right. We will adjust.",
	 {{0}}},
	{WORDING_BLAME,
	 RANKGUARD__V1__PROMPT_KIND__PROMPT_KIND_ACKNOWLEDGEMENT,
	 "ack.blame",
	 "It is your fault that we cannot find anything you like.",
	 {{0}}},
	{WORDING_BLAME,
	 RANKGUARD__V1__PROMPT_KIND__PROMPT_KIND_CLARIFYING_QUESTION,
	 "ask.less",
	 "Would you like to see less {category}?",
	 {{RANKGUARD__V1__CHOICE_KIND__CHOICE_KIND_LESS_OF, "Yes, less of this"},
	  {RANKGUARD__V1__CHOICE_KIND__CHOICE_KIND_DECLINE, "No, thanks"}}},
	{WORDING_QUESTION,
	 RANKGUARD__V1__PROMPT_KIND__PROMPT_KIND_CLARIFYING_QUESTION,
	 "ask.less",
	 "Would you like to see less {category}?",
	 {{RANKGUARD__V1__CHOICE_KIND__CHOICE_KIND_LESS_OF, "Yes, less of this"},
	  {RANKGUARD__V1__CHOICE_KIND__CHOICE_KIND_DECLINE, "No, thanks"}}},
	{WORDING_SHOUT,
	 RANKGUARD__V1__PROMPT_KIND__PROMPT_KIND_PREFERENCE_UPDATE,
	 "ask.shout",
	 "TELL US NOW what you want instead of {category}!!! We are only trying to help you!!!",
	 {{RANKGUARD__V1__CHOICE_KIND__CHOICE_KIND_MORE_OF, "More of it"},
	  {RANKGUARD__V1__CHOICE_KIND__CHOICE_KIND_LESS_OF, "Less of it"},
	  {RANKGUARD__V1__CHOICE_KIND__CHOICE_KIND_PAUSE_CATEGORY, "Pause it"}}},
	{WORDING_REPROACH,
	 RANKGUARD__V1__PROMPT_KIND__PROMPT_KIND_PREFERENCE_UPDATE,
	 "ask.reproach",
	 "You should have answered our question about {category}. Please answer it now.",
	 {{RANKGUARD__V1__CHOICE_KIND__CHOICE_KIND_ACCEPT, "Answer"}}},
	{WORDING_INSIST,
	 RANKGUARD__V1__PROMPT_KIND__PROMPT_KIND_CATEGORY_SWITCH,
	 "ask.sure",
	 "Are you sure? Everybody else likes our suggestions about {category}.",
	 {{RANKGUARD__V1__CHOICE_KIND__CHOICE_KIND_ACCEPT, "Turn them on again"}}},
};

enum { WORDINGS = sizeof wordings / sizeof *wordings };

/* The protobuf-c messages hold plain char pointers that nobody writes through. */
static char *text(const char *constant)
{
	return (char *)(uintptr_t)constant;
}

static char *fill(const char *pattern, const char *category, struct arena *arena)
{
	static const char slot[] = "{category}";
	const char *at = strstr(pattern, slot);
	if (!at)
		return text(pattern);
	return arena_printf(arena, "%.*s%s%s", (int)(at - pattern), pattern, category, at + sizeof slot - 1);
}

static bool choices(const struct wording *wording, struct arena *arena, Rankguard__V1__Prompt *prompt)
{
	Rankguard__V1__Choice *choice = arena_array(arena, CHOICES, sizeof *choice);
	prompt->choices = arena_array(arena, CHOICES, sizeof(Rankguard__V1__Choice *));
	if (!choice || !prompt->choices)
		return false;
	for (size_t i = 0; i < CHOICES && wording->choice[i].label; i++) {
		rankguard__v1__choice__init(&choice[i]);
		choice[i].choice_id = arena_printf(arena, "c%zu", i + 1);
		choice[i].kind = wording->choice[i].kind;
		choice[i].label = text(wording->choice[i].label);
		prompt->choices[prompt->n_choices++] = &choice[i];
		if (!choice[i].choice_id)
			return false;
	}
	return true;
}

static Rankguard__V1__Prompt *make(const struct wording *wording, const char *category, unsigned number,
				   struct arena *arena)
{
	Rankguard__V1__Prompt *prompt = arena_alloc(arena, sizeof *prompt);
	if (!prompt)
		return NULL;
	rankguard__v1__prompt__init(prompt);
	prompt->prompt_id = arena_printf(arena, "prompt-%u", number);
	prompt->template_id = text(wording->template_id);
	prompt->kind = wording->kind;
	prompt->text = fill(wording->text, category, arena);
	prompt->locale = text("en");
	bool complete = prompt->prompt_id && prompt->text && choices(wording, arena, prompt);
	return complete ? prompt : NULL;
}

bool wording_prompts(enum wording_moment moment, const char *category, unsigned *asked, struct arena *arena,
		     Rankguard__V1__RankResponse *response)
{
	response->n_prompts = 0;
	response->prompts = arena_array(arena, WORDINGS, sizeof(Rankguard__V1__Prompt *));
	if (!response->prompts)
		return false;
	for (size_t i = 0; i < WORDINGS; i++) {
		if (wordings[i].moment != moment)
			continue;
		Rankguard__V1__Prompt *prompt = make(&wordings[i], category, ++*asked, arena);
		if (!prompt)
			return false;
		response->prompts[response->n_prompts++] = prompt;
	}
	return true;
}

char *wording_explanation(enum wording_moment moment, const char *category, struct arena *arena)
{
	bool rude = moment == WORDING_SHOUT || moment == WORDING_REPROACH;
	return fill(rude ? "Because you keep changing your mind about {category}."
			 : "Because people with your taste listen to {category}.",
		    category, arena);
}
