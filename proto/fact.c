/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/fact.h"

#include "proto/suggest.h"
#include <stdio.h>

#define IN_FACTS(member)     offsetof(struct facts, member)
#define IN_PROMPT(member)    offsetof(struct facts_prompt, member)
#define IN_CHOICE(member)    offsetof(struct facts_choice, member)
#define IN_SIGNAL(member)    offsetof(struct facts_signal, member)
#define IN_ATTRIBUTE(member) offsetof(struct facts_attribute, member)

const struct fact_row fact_rows[] = {
	[FACT_USER] = {"user", RECORD_REQUEST, FACT_TEXT, .offset = IN_FACTS(user)},
	[FACT_SESSION] = {"session", RECORD_REQUEST, FACT_TEXT, .offset = IN_FACTS(session)},
	[FACT_SURFACE] = {"surface", RECORD_REQUEST, FACT_TEXT, .offset = IN_FACTS(surface)},
	[FACT_LOCALE] = {"locale", RECORD_REQUEST, FACT_TEXT, .offset = IN_FACTS(locale)},
	[FACT_TIME_ZONE] = {"time_zone", RECORD_REQUEST, FACT_TEXT, .offset = IN_FACTS(time_zone)},
	[FACT_SEGMENT] = {"segment", RECORD_REQUEST, FACT_TEXT, .offset = IN_FACTS(segment)},
	[FACT_EXPERIMENT] = {"experiment", RECORD_REQUEST, FACT_TEXT, .offset = IN_FACTS(experiment)},
	[FACT_OPTED_OUT] = {"opted_out", RECORD_REQUEST, FACT_BOOL, .offset = IN_FACTS(opted_out)},
	[FACT_OFFSET] = {"offset", RECORD_REQUEST, FACT_INTEGER, .offset = IN_FACTS(offset)},
	[FACT_ATTRIBUTES] = {"attributes", RECORD_REQUEST, FACT_LIST, .list = RECORD_ATTRIBUTE},
	[FACT_ATTRIBUTE_NAME] = {"attribute.name", RECORD_ATTRIBUTE, FACT_TEXT, .offset = IN_ATTRIBUTE(name)},
	[FACT_ATTRIBUTE_VALUE] = {"attribute.value", RECORD_ATTRIBUTE, FACT_TEXT,
				  .offset = IN_ATTRIBUTE(value)},
	[FACT_CANDIDATES] = {"candidates", RECORD_REQUEST, FACT_LIST, .list = RECORD_CANDIDATE},
	[FACT_CANDIDATE_ID] = {"candidate.id", RECORD_CANDIDATE, FACT_TEXT, .offset = IN_FACTS(candidate_id)},
	[FACT_CANDIDATE_SCORE] = {"candidate.score", RECORD_CANDIDATE, FACT_NUMBER,
				  .offset = IN_FACTS(candidate_score)},

	[FACT_ITEMS] = {"items", RECORD_RESPONSE, FACT_LIST, .list = RECORD_ITEM},
	[FACT_ITEM_ID] = {"item.id", RECORD_ITEM, FACT_TEXT, .offset = IN_FACTS(item_id)},
	[FACT_ITEM_SCORE] = {"item.score", RECORD_ITEM, FACT_NUMBER, .edited = true,
			     .offset = IN_FACTS(item_score)},
	[FACT_ITEM_BASELINE] = {"item.baseline", RECORD_ITEM, FACT_NUMBER, .offset = IN_FACTS(item_baseline)},
	[FACT_ITEM_CATEGORY] = {"item.category", RECORD_ITEM, FACT_TEXT, .offset = IN_FACTS(item_category)},
	[FACT_ITEM_SOURCE] = {"item.source", RECORD_ITEM, FACT_TEXT, .offset = IN_FACTS(item_source)},
	[FACT_ITEM_TAGS] = {"item.tags", RECORD_ITEM, FACT_TEXTS, .offset = IN_FACTS(item_tags)},

	[FACT_WEIGHTS] = {"weights", RECORD_RESPONSE, FACT_LIST, .list = RECORD_WEIGHT},
	[FACT_WEIGHT_CATEGORY] = {"weight.category", RECORD_WEIGHT, FACT_TEXT,
				  .offset = IN_FACTS(weight_category)},
	[FACT_WEIGHT_WEIGHT] = {"weight.weight", RECORD_WEIGHT, FACT_NUMBER, .edited = true,
				.offset = IN_FACTS(weight)},
	[FACT_WEIGHT_BASELINE] = {"weight.baseline", RECORD_WEIGHT, FACT_NUMBER,
				  .offset = IN_FACTS(weight_baseline)},

	[FACT_PROMPTS] = {"prompts", RECORD_RESPONSE, FACT_LIST, .list = RECORD_PROMPT},
	[FACT_PROMPT_ID] = {"prompt.id", RECORD_PROMPT, FACT_TEXT, .offset = IN_PROMPT(id)},
	[FACT_PROMPT_TEMPLATE_ID] = {"prompt.template_id", RECORD_PROMPT, FACT_TEXT, .edited = true,
				     .offset = IN_PROMPT(template_id)},
	[FACT_PROMPT_KIND] = {"prompt.kind", RECORD_PROMPT, FACT_KIND, .edited = true,
			      .offset = IN_PROMPT(kind), .other = PROMPT_OTHER},
	[FACT_PROMPT_TEXT] = {"prompt.text", RECORD_PROMPT, FACT_TEXT, .edited = true,
			      .offset = IN_PROMPT(text)},
	[FACT_PROMPT_LOCALE] = {"prompt.locale", RECORD_PROMPT, FACT_TEXT, .edited = true,
				.offset = IN_PROMPT(locale)},

	[FACT_CHOICES] = {"prompt.choices", RECORD_PROMPT, FACT_LIST, .list = RECORD_CHOICE},
	[FACT_CHOICE_ID] = {"choice.id", RECORD_CHOICE, FACT_TEXT, .edited = true, .offset = IN_CHOICE(id)},
	[FACT_CHOICE_KIND] = {"choice.kind", RECORD_CHOICE, FACT_KIND, .edited = true,
			      .offset = IN_CHOICE(kind), .other = CHOICE_OTHER},
	[FACT_CHOICE_LABEL] = {"choice.label", RECORD_CHOICE, FACT_TEXT, .edited = true,
			       .offset = IN_CHOICE(label)},

	[FACT_EXPLANATION] = {"explanation", RECORD_RESPONSE, FACT_TEXT, .edited = true,
			      .offset = IN_FACTS(explanation)},
	[FACT_CONFIDENCE] = {"confidence", RECORD_RESPONSE, FACT_NUMBER, .offset = IN_FACTS(confidence),
			     .present = IN_FACTS(confidence_present)},
	[FACT_MODEL_VERSION] = {"model_version", RECORD_RESPONSE, FACT_TEXT,
				.offset = IN_FACTS(model_version)},

	[FACT_SIGNAL_USER] = {"signal.user", RECORD_SIGNAL, FACT_TEXT, .offset = IN_SIGNAL(user)},
	[FACT_SIGNAL_SESSION] = {"signal.session", RECORD_SIGNAL, FACT_TEXT, .offset = IN_SIGNAL(session)},
	[FACT_SIGNAL_KIND] = {"signal.kind", RECORD_SIGNAL, FACT_KIND, .offset = IN_SIGNAL(kind),
			      .other = SIGNAL_OTHER},
	[FACT_SIGNAL_ITEM] = {"signal.item", RECORD_SIGNAL, FACT_TEXT, .offset = IN_SIGNAL(item)},
	[FACT_SIGNAL_CATEGORY] = {"signal.category", RECORD_SIGNAL, FACT_TEXT, .offset = IN_SIGNAL(category)},
	[FACT_SIGNAL_PROMPT] = {"signal.prompt", RECORD_SIGNAL, FACT_TEXT, .offset = IN_SIGNAL(prompt)},
};
_Static_assert(sizeof fact_rows / sizeof *fact_rows == PROTO_FACTS, "a row for each fact");

static const struct {
	const char *name;
	size_t stride;
} records[] = {
	[RECORD_REQUEST] = {"request", 0},
	[RECORD_ATTRIBUTE] = {"attributes", sizeof(struct facts_attribute)},
	[RECORD_CANDIDATE] = {"candidates", 0},
	[RECORD_RESPONSE] = {"response", 0},
	[RECORD_ITEM] = {"items", 0},
	[RECORD_WEIGHT] = {"category weights", 0},
	[RECORD_PROMPT] = {"prompts", sizeof(struct facts_prompt)},
	[RECORD_CHOICE] = {"choices of one prompt", sizeof(struct facts_choice)},
	[RECORD_SIGNAL] = {"signal", 0},
};
_Static_assert(sizeof records / sizeof *records == PROTO_RECORDS, "a row for each record");

const char *fact_kind_name(enum proto_fact fact, unsigned kind)
{
	if (fact == FACT_PROMPT_KIND)
		return prompt_kind_name((enum prompt_kind)kind);
	if (fact == FACT_CHOICE_KIND)
		return choice_kind_name((enum choice_kind)kind);
	return signal_kind_name((enum signal_kind)kind);
}

bool fact_kind_named(enum proto_fact fact, struct bytes name, unsigned *kind, struct err *err)
{
	struct suggestion near = {.word = name};
	char all[256] = "";
	for (unsigned i = 1; i < fact_rows[fact].other; i++) {
		const char *one = fact_kind_name(fact, i);
		size_t len = strlen(all);
		snprintf(all + len, sizeof all - len, "%s%s", len ? ", " : "", one);
		suggest_offer(&near, bytes_of(one));
		if (bytes_equal(name, bytes_of(one))) {
			*kind = i;
			return true;
		}
	}
	if (bytes_present(near.best))
		return err_set(err, "there is no kind \"%.*s\"; did you mean \"%.*s\"?", BYTES_ARG(name),
			       BYTES_ARG(near.best));
	return err_set(err, "there is no kind \"%.*s\"; the kinds are %s", BYTES_ARG(name), all);
}

size_t fact_record_stride(enum proto_record record)
{
	return records[record].stride;
}

const char *fact_record_name(enum proto_record record)
{
	return records[record].name;
}
