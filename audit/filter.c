/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/filter.h"

#include "audit/entry_member.h"
#include "audit/pseudonym.h"
#include "proto/suggest.h"

#define BIT(name) (1u << AUDIT_FILTER_##name)

static const char *const option_names[] = {
#define FILTER_OPTION(name, option, takes, help) option,
	AUDIT_FILTERS(FILTER_OPTION)
#undef FILTER_OPTION
};

/* ---- options ---- */

static bool take_time(enum audit_filter_name name, const char *value, int64_t now_ns, int64_t *time_ns,
		      struct err *err)
{
	int64_t back;
	if (time_parse(bytes_of(value), time_ns, NULL))
		return true;
	if (!time_parse_duration(bytes_of(value), &back, NULL))
		return err_set(
			err,
			"--%s: \"%s\" is not a time; write 2026-03-01, 2026-03-01T08:00:00Z, or 7d for "
			"seven days ago",
			option_names[name], value);
	*time_ns = now_ns - back;
	return true;
}

static bool type_known(const char *value, struct err *err)
{
	struct suggestion near = {.word = bytes_of(value)};
	const char *type;
	for (size_t i = 0; (type = audit_entry_type_name(i)); i++) {
		if (strcmp(type, value) == 0)
			return true;
		suggest_offer(&near, bytes_of(type));
	}
	if (bytes_present(near.best))
		return err_set(err, "--type: \"%s\" is not a type of entry; did you mean \"%.*s\"?", value,
			       BYTES_ARG(near.best));
	return err_set(err,
		       "--type: \"%s\" is not a type of entry; decision, delivered, signal and tally are",
		       value);
}

static bool add_value(struct audit_filter_values *values, enum audit_filter_name name, const char *value,
		      struct err *err)
{
	if (!value[0])
		return err_set(err, "--%s: is empty; leave it out to see all", option_names[name]);
	if (values->count == AUDIT_FILTER_VALUES)
		return err_set(err, "--%s: is given more than %d times", option_names[name],
			       AUDIT_FILTER_VALUES);
	struct buf *json = &values->json[values->count++];
	json_text(json, value);
	return json->failed ? err_set(err, "memory is short") : true;
}

bool audit_filter_take(struct audit_filter *filter, enum audit_filter_name name, const char *value,
		       int64_t now_ns, struct err *err)
{
	bool good = true;
	if (name == AUDIT_FILTER_SUBJECT_KEY) {
		filter->subject_key = value;
		return true;
	}
	if (name == AUDIT_FILTER_SINCE)
		good = take_time(name, value, now_ns, &filter->since_ns, err);
	else if (name == AUDIT_FILTER_UNTIL)
		good = take_time(name, value, now_ns, &filter->until_ns, err);
	else
		good = (name != AUDIT_FILTER_TYPE || type_known(value, err)) &&
		       add_value(&filter->values[name], name, value, err);
	if (good)
		filter->wanted |= 1u << name;
	return good;
}

/* A value that is an id becomes its pseudonym. */
static bool to_pseudonym(const struct audit_subject_key *key, enum audit_filter_name name, struct buf *json,
			 struct err *err)
{
	char pseudonym[AUDIT_PSEUDONYM_LEN + 1];
	struct buf id = {0};
	bool good = entry_text(buf_bytes(json), &id);
	if (good && key) {
		audit_pseudonym(key, option_names[name], buf_bytes(&id), pseudonym);
		buf_clear(json);
		json_text(json, pseudonym);
		good = !json->failed;
	}
	if (!good)
		err_set(err, "memory is short");
	else if (!key && (id.len != AUDIT_PSEUDONYM_LEN ||
			  strspn(json->at + 1, "0123456789abcdef") != AUDIT_PSEUDONYM_LEN))
		good = err_set(err,
			       "--%s: \"%.*s\" is not a pseudonym of %d hex digits; to look for an id, give "
			       "--subject-key FILE",
			       option_names[name], BYTES_ARG(buf_bytes(&id)), AUDIT_PSEUDONYM_LEN);
	buf_done(&id);
	return good;
}

bool audit_filter_ready(struct audit_filter *filter, struct err *err)
{
	static const enum audit_filter_name subjects[] = {AUDIT_FILTER_USER, AUDIT_FILTER_SESSION};
	struct audit_subject_key *key = NULL;
	bool good = true;
	if ((filter->wanted & BIT(SINCE)) && (filter->wanted & BIT(UNTIL)) &&
	    filter->since_ns >= filter->until_ns)
		return err_set(err, "--until: is not after --since; nothing lies between them");
	if (filter->subject_key && !(filter->wanted & (BIT(USER) | BIT(SESSION))))
		return err_set(err, "--subject-key: is for --user ID and --session ID; name one");
	if (filter->subject_key && !(key = audit_subject_key_load(filter->subject_key, err)))
		return err_within(err, "--subject-key");
	for (size_t s = 0; s < sizeof subjects / sizeof *subjects; s++) {
		struct audit_filter_values *values = &filter->values[subjects[s]];
		for (size_t i = 0; good && i < values->count; i++)
			good = to_pseudonym(key, subjects[s], &values->json[i], err);
	}
	audit_subject_key_free(key);
	return good;
}

void audit_filter_done(struct audit_filter *filter)
{
	for (size_t name = 0; name < AUDIT_FILTER_COUNT; name++)
		for (size_t i = 0; i < filter->values[name].count; i++)
			buf_done(&filter->values[name].json[i]);
	*filter = (struct audit_filter){0};
}

/* ---- one leaf ---- */

static bool any(const struct audit_filter_values *values, struct bytes value)
{
	for (size_t i = 0; i < values->count; i++)
		if (bytes_equal(buf_bytes(&values->json[i]), value))
			return true;
	return false;
}

/* Does one of the values stand anywhere in the leaf? Where none does, there is no need to look closer. */
static bool occurs(const struct audit_filter_values *values, struct bytes leaf)
{
	for (size_t i = 0; i < values->count; i++)
		if (memmem(leaf.at, leaf.len, values->json[i].at, values->json[i].len))
			return true;
	return values->count == 0;
}

/* Objects of a list that have the members that were asked for; `action` may be NULL. */
static bool list_has(struct bytes list, const struct audit_filter_values *rule,
		     const struct audit_filter_values *action)
{
	struct bytes rest, object;
	if (!entry_opens(list, '[', &rest))
		return false;
	while (entry_next_value(&rest, &object))
		if ((rule->count == 0 || any(rule, entry_member(object, "rule"))) &&
		    (!action || action->count == 0 || any(action, entry_member(object, "action"))))
			return true;
	return false;
}

/* --rule and --action are one question: is there an intervention that has both? */
static unsigned interventions(const struct audit_filter *filter, struct bytes leaf,
			      const struct audit_entry_head *head)
{
	const struct audit_filter_values *rule = &filter->values[AUDIT_FILTER_RULE];
	const struct audit_filter_values *action = &filter->values[AUDIT_FILTER_ACTION];
	unsigned asked = filter->wanted & (BIT(RULE) | BIT(ACTION));
	if (!asked || !occurs(rule, leaf) || !occurs(action, leaf))
		return 0;
	if (bytes_equal(head->type, BYTES_LITERAL("decision")))
		return list_has(entry_member(leaf, "interventions"), rule, action) ? asked : 0;
	if (bytes_equal(head->type, BYTES_LITERAL("tally")) && filter->values[AUDIT_FILTER_TYPE].count > 0)
		return list_has(entry_member(leaf, "rules"), rule, NULL) ? asked & BIT(RULE) : 0;
	return 0;
}

unsigned audit_filter_leaf(const struct audit_filter *filter, struct bytes leaf,
			   const struct audit_entry_head *head)
{
	static const struct {
		enum audit_filter_name name;
		const char *key;
	} members[] = {{AUDIT_FILTER_METHOD, "method"},
		       {AUDIT_FILTER_USER, "user"},
		       {AUDIT_FILTER_SESSION, "session"}};
	unsigned satisfied = 0;
	if (head->time_ns >= filter->since_ns)
		satisfied |= BIT(SINCE);
	if (head->time_ns < filter->until_ns)
		satisfied |= BIT(UNTIL);
	const struct audit_filter_values *types = &filter->values[AUDIT_FILTER_TYPE];
	for (size_t i = 0; i < types->count; i++) {
		struct bytes json = buf_bytes(&types->json[i]);
		if (bytes_equal((struct bytes){json.at + 1, json.len - 2}, head->type))
			satisfied |= BIT(TYPE);
	}
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		const struct audit_filter_values *values = &filter->values[members[i].name];
		if (values->count > 0 && occurs(values, leaf) &&
		    any(values, entry_member(leaf, members[i].key)))
			satisfied |= 1u << members[i].name;
	}
	return (satisfied | interventions(filter, leaf, head)) & filter->wanted;
}
