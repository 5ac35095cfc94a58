/* SPDX-License-Identifier: Apache-2.0
 *
 * A rule test as the facts and the history that decide looks at.
 */
#include "rules/tool_case.h"

/* A string without presence: empty is absent. */
static struct bytes plain(struct bytes text)
{
	return text.len ? text : (struct bytes){0};
}

static bool add_context(const struct tool_case *test, struct arena *arena, struct facts *facts)
{
	const struct case_request *request = test->request;
	facts->method = plain(test->method);
	if (!bytes_present(facts->method))
		facts->method = BYTES_LITERAL("/rankguard.v1.RankingService/Rank");
	if (!request)
		return true;
	facts->user = plain(request->user_id);
	facts->session = plain(request->session_id);
	facts->surface = plain(request->surface);
	facts->locale = plain(request->locale);
	facts->time_zone = plain(request->time_zone);
	facts->segment = plain(request->segment);
	facts->experiment = plain(request->experiment);
	facts->opted_out = request->opted_out.value;
	facts->offset = (int64_t)request->offset.value;
	const struct case_attribute *attribute = request->attributes.at;
	facts->attribute_count = request->attributes.count;
	facts->attributes = arena_zalloc(arena, facts->attribute_count, sizeof *facts->attributes);
	for (size_t i = 0; facts->attributes && i < facts->attribute_count; i++)
		facts->attributes[i] = (struct facts_attribute){attribute[i].name, attribute[i].value};
	return facts->attributes != NULL;
}

static bool make_numbers(struct facts_numbers *numbers, size_t count, struct arena *arena)
{
	numbers->value = arena_zalloc(arena, count, sizeof *numbers->value);
	numbers->present = arena_zalloc(arena, count, sizeof *numbers->present);
	return numbers->value && numbers->present;
}

static void put_number(struct facts_numbers *numbers, size_t index, struct number number)
{
	numbers->value[index] = number.value;
	numbers->present[index] = number.present;
}

static bool add_tags(const struct case_item *item, struct arena *arena, struct facts *facts)
{
	size_t count = 0, at = 0;
	for (size_t i = 0; i < facts->item_count; i++)
		count += item[i].tags.count;
	if (count == 0)
		return true;
	facts->item_tags = arena_zalloc(arena, count, sizeof *facts->item_tags);
	facts->item_tag_from = arena_zalloc(arena, facts->item_count + 1, sizeof *facts->item_tag_from);
	if (!facts->item_tags || !facts->item_tag_from)
		return false;
	for (size_t i = 0; i < facts->item_count; i++) {
		for (size_t t = 0; t < item[i].tags.count; t++)
			facts->item_tags[at++] = item[i].tags.at[t];
		facts->item_tag_from[i + 1] = (uint32_t)at;
	}
	return true;
}

static bool add_items(const struct groups *items, struct arena *arena, struct facts *facts)
{
	const struct case_item *item = items->at;
	size_t count = items->count;
	if (count == 0)
		return true;
	facts->item_count = count;
	facts->item_id = arena_zalloc(arena, count, sizeof *facts->item_id);
	facts->item_category = arena_zalloc(arena, count, sizeof *facts->item_category);
	facts->item_source = arena_zalloc(arena, count, sizeof *facts->item_source);
	if (!facts->item_id || !facts->item_category || !facts->item_source ||
	    !make_numbers(&facts->item_score, count, arena) ||
	    !make_numbers(&facts->item_baseline, count, arena))
		return false;
	for (size_t i = 0; i < count; i++) {
		facts->item_id[i] = plain(item[i].item_id);
		facts->item_category[i] = plain(item[i].category);
		facts->item_source[i] = plain(item[i].source);
		put_number(&facts->item_score, i, item[i].score);
		put_number(&facts->item_baseline, i, item[i].baseline_score);
	}
	return add_tags(item, arena, facts);
}

static bool add_weights(const struct groups *weights, struct arena *arena, struct facts *facts)
{
	const struct case_weight *weight = weights->at;
	size_t count = weights->count;
	if (count == 0)
		return true;
	facts->weight_count = count;
	facts->weight_category = arena_zalloc(arena, count, sizeof *facts->weight_category);
	if (!facts->weight_category || !make_numbers(&facts->weight, count, arena) ||
	    !make_numbers(&facts->weight_baseline, count, arena))
		return false;
	for (size_t i = 0; i < count; i++) {
		facts->weight_category[i] = plain(weight[i].category);
		put_number(&facts->weight, i, weight[i].weight);
		put_number(&facts->weight_baseline, i, weight[i].baseline_weight);
	}
	return true;
}

static bool add_choices(const struct groups *choices, struct arena *arena, struct facts_prompt *prompt)
{
	const struct case_choice *choice = choices->at;
	prompt->choice_count = choices->count;
	prompt->choices = arena_zalloc(arena, choices->count, sizeof *prompt->choices);
	for (size_t i = 0; prompt->choices && i < choices->count; i++)
		prompt->choices[i] = (struct facts_choice){plain(choice[i].choice_id), plain(choice[i].label),
							   (enum choice_kind)choice[i].kind};
	return prompt->choices != NULL;
}

static bool add_prompts(const struct groups *prompts, struct arena *arena, struct facts *facts)
{
	const struct case_prompt *prompt = prompts->at;
	bool good = true;
	facts->prompt_count = prompts->count;
	facts->prompts = arena_zalloc(arena, prompts->count, sizeof *facts->prompts);
	for (size_t i = 0; facts->prompts && good && i < prompts->count; i++) {
		facts->prompts[i] = (struct facts_prompt){.id = plain(prompt[i].prompt_id),
							  .template_id = plain(prompt[i].template_id),
							  .text = plain(prompt[i].text),
							  .locale = plain(prompt[i].locale),
							  .kind = (enum prompt_kind)prompt[i].kind};
		good = add_choices(&prompt[i].choices, arena, &facts->prompts[i]);
	}
	return facts->prompts && good;
}

bool tool_case_facts(const struct tool_case *test, struct arena *arena, struct facts *facts)
{
	const struct case_response *response = test->response;
	*facts = (struct facts){.order = (enum facts_order)test->order};
	if (!add_context(test, arena, facts))
		return false;
	if (!response)
		return true;
	facts->explanation = plain(response->explanation);
	facts->model_version = plain(response->model_version);
	facts->confidence = response->confidence.value;
	facts->confidence_present = response->confidence.present;
	return add_items(&response->items, arena, facts) &&
	       add_weights(&response->category_weights, arena, facts) &&
	       add_prompts(&response->prompts, arena, facts);
}

/* --- history --- */

static struct rules_event event_of(const struct case_event *event, int64_t now_ns, size_t index)
{
	struct rules_event made = {.entry = index,
				   .type = RULES_EVENT_DELIVERED,
				   .prompt = (enum prompt_kind)event->kind,
				   .prompt_id = plain(event->prompt_id),
				   .item = plain(event->item_id),
				   .category = plain(event->category)};
	if (event->event > 1) {
		made.type = RULES_EVENT_SIGNAL;
		made.signal = (enum signal_kind)(event->event - 1);
	}
	if (!tool_case_moment(event->at, now_ns, &made.time_ns, NULL))
		made.time_ns = now_ns; /* it was checked when it was read */
	return made;
}

/* Events whose subject is `own`; of one time in the order of the file. */
static bool fill(const struct tool_case *test, struct arena *arena, struct bytes own, bool user,
		 struct rules_history_subject *subject)
{
	const struct case_event *event = test->history.at;
	struct rules_event *list = arena_zalloc(arena, test->history.count, sizeof *list);
	if (!list)
		return false;
	*subject = (struct rules_history_subject){.known = own.len > 0, .event = list};
	for (size_t i = 0; subject->known && i < test->history.count; i++) {
		struct bytes whose = user ? event[i].user_id : event[i].session_id;
		if (bytes_present(whose) && !bytes_equal(whose, own))
			continue;
		struct rules_event one = event_of(&event[i], test->now.ns, i);
		size_t at = subject->count++;
		for (; at > 0 && list[at - 1].time_ns > one.time_ns; at--)
			list[at] = list[at - 1];
		list[at] = one;
	}
	return true;
}

bool tool_case_history(const struct tool_case *test, struct arena *arena, struct rules_history *history)
{
	const struct case_request *request = test->request;
	struct bytes user = request ? request->user_id : (struct bytes){0};
	struct bytes session = request ? request->session_id : (struct bytes){0};
	return fill(test, arena, session, false, &history->session) &&
	       fill(test, arena, user, true, &history->user);
}
