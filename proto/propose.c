/* SPDX-License-Identifier: Apache-2.0
 *
 * The guesses are tables of names. A name counts without its underscores and in any case ("itemId" is
 * "item_id"); earlier names are better than later ones, and fields of the message itself are better than
 * those of a message in it.
 */
#include "proto/propose.h"

#include "proto/method.h"
#include <stdio.h>

enum { DEPTH_MAX = 3, PATH_MAX_LEN = 256 };

/* Names that fields of a fact have, best first. */
static const struct guess {
	enum proto_fact fact;
	const char *names;
} guesses[] = {
	{FACT_USER, "user_id user uid customer_id visitor_id member_id account_id user_pseudo_id"},
	{FACT_SESSION, "session_id session visit_id conversation_id"},
	{FACT_SURFACE, "surface placement placement_id page_type slot scene collection"},
	{FACT_LOCALE, "locale language_code language lang"},
	{FACT_TIME_ZONE, "time_zone tz"},
	{FACT_SEGMENT, "segment cohort audience"},
	{FACT_EXPERIMENT, "experiment experiment_id variant arm bucket"},
	{FACT_OPTED_OUT, "opted_out opt_out"},
	{FACT_OFFSET, "offset start skip"},
	{FACT_CANDIDATES, "candidates records documents items"},
	{FACT_CANDIDATE_ID, "item_id id document_id doc_id product_id sku key uid"},
	{FACT_CANDIDATE_SCORE, "score base_score relevance_score prior_score"},
	{FACT_ITEMS, "items ranked_items results documents hits recommendations records products entries "
		     "scored_items"},
	{FACT_ITEM_ID, "item_id id document_id doc_id product_id sku key uid"},
	{FACT_ITEM_SCORE, "score relevance_score ranking_score relevance points similarity weight distance"},
	{FACT_ITEM_BASELINE, "baseline_score baseline base_score original_score prior_score"},
	{FACT_ITEM_CATEGORY, "category category_id topic genre department group"},
	{FACT_ITEM_SOURCE, "source recommender retriever strategy"},
	{FACT_ITEM_TAGS, "tags labels categories"},
	{FACT_WEIGHTS, "category_weights weights"},
	{FACT_WEIGHT_CATEGORY, "category category_id name"},
	{FACT_WEIGHT_WEIGHT, "weight value"},
	{FACT_WEIGHT_BASELINE, "baseline_weight baseline"},
	{FACT_PROMPTS, "prompts dialogs turns messages"},
	{FACT_PROMPT_ID, "prompt_id id"},
	{FACT_PROMPT_TEMPLATE_ID, "template_id template"},
	{FACT_PROMPT_KIND, "kind prompt_kind type"},
	{FACT_PROMPT_TEXT, "text message body content"},
	{FACT_PROMPT_LOCALE, "locale language_code language lang"},
	{FACT_CHOICES, "choices options answers buttons"},
	{FACT_CHOICE_ID, "choice_id id"},
	{FACT_CHOICE_KIND, "kind choice_kind type"},
	{FACT_CHOICE_LABEL, "label text title"},
	{FACT_EXPLANATION, "explanation reason rationale"},
	{FACT_CONFIDENCE, "confidence"},
	{FACT_MODEL_VERSION, "model_version model"},
	{FACT_SIGNAL_USER, "user_id user uid customer_id visitor_id member_id account_id user_pseudo_id"},
	{FACT_SIGNAL_SESSION, "session_id session visit_id conversation_id"},
	{FACT_SIGNAL_KIND, "kind signal feedback_type event_type type action"},
	{FACT_SIGNAL_ITEM, "item_id document_id product_id sku"},
	{FACT_SIGNAL_CATEGORY, "category category_id topic genre"},
	{FACT_SIGNAL_PROMPT, "prompt_id"},
};

/* Parts of names of enum values that tell a kind. */
static const struct hint {
	enum proto_fact fact;
	const char *part;
	unsigned kind;
} hints[] = {
	{FACT_SIGNAL_KIND, "dismiss", SIGNAL_PROMPT_DISMISSED},
	{FACT_SIGNAL_KIND, "answer", SIGNAL_PROMPT_ANSWERED},
	{FACT_SIGNAL_KIND, "optout", SIGNAL_OPT_OUT},
	{FACT_SIGNAL_KIND, "optin", SIGNAL_OPT_IN},
	{FACT_SIGNAL_KIND, "notrelevant", SIGNAL_NOT_RELEVANT},
	{FACT_SIGNAL_KIND, "irrelevant", SIGNAL_NOT_RELEVANT},
	{FACT_SIGNAL_KIND, "notinterested", SIGNAL_NOT_RELEVANT},
	{FACT_SIGNAL_KIND, "dissatisf", SIGNAL_DISSATISFIED},
	{FACT_SIGNAL_KIND, "dislike", SIGNAL_DISSATISFIED},
	{FACT_SIGNAL_KIND, "thumbsdown", SIGNAL_DISSATISFIED},
	{FACT_SIGNAL_KIND, "satisf", SIGNAL_SATISFIED},
	{FACT_SIGNAL_KIND, "like", SIGNAL_SATISFIED},
	{FACT_SIGNAL_KIND, "thumbsup", SIGNAL_SATISFIED},
	{FACT_SIGNAL_KIND, "reset", SIGNAL_RESET},
	{FACT_PROMPT_KIND, "ack", PROMPT_ACKNOWLEDGEMENT},
	{FACT_PROMPT_KIND, "question", PROMPT_CLARIFYING_QUESTION},
	{FACT_PROMPT_KIND, "preference", PROMPT_PREFERENCE_UPDATE},
	{FACT_PROMPT_KIND, "switch", PROMPT_CATEGORY_SWITCH},
	{FACT_PROMPT_KIND, "pause", PROMPT_PAUSE},
	{FACT_CHOICE_KIND, "accept", CHOICE_ACCEPT},
	{FACT_CHOICE_KIND, "yes", CHOICE_ACCEPT},
	{FACT_CHOICE_KIND, "decline", CHOICE_DECLINE},
	{FACT_CHOICE_KIND, "more", CHOICE_MORE_OF},
	{FACT_CHOICE_KIND, "less", CHOICE_LESS_OF},
	{FACT_CHOICE_KIND, "pause", CHOICE_PAUSE_CATEGORY},
};

/* --- names --- */

/* Lower case, without underscores, cut at `room`. */
static void plain(struct bytes name, char *to, size_t room)
{
	size_t len = 0;
	for (size_t i = 0; i < name.len && len + 1 < room; i++)
		if (name.at[i] != '_')
			to[len++] =
				name.at[i] >= 'A' && name.at[i] <= 'Z' ? (char)(name.at[i] + 32) : name.at[i];
	to[len] = '\0';
}

static bool same_name(struct bytes a, struct bytes b)
{
	char left[PATH_MAX_LEN], right[PATH_MAX_LEN];
	plain(a, left, sizeof left);
	plain(b, right, sizeof right);
	return strcmp(left, right) == 0;
}

/* --- paths --- */

/* A path that was found: its text, and the field at its end. */
struct found {
	char path[PATH_MAX_LEN];
	const struct proto_field *field;
};

static bool search(const struct proto_message *message, struct bytes name, enum proto_fact fact, int depth,
		   const char *before, struct found *found)
{
	for (size_t i = 0; i < message->field_count; i++) {
		const struct proto_field *field = &message->field[i];
		int len = snprintf(found->path, sizeof found->path, "%s%.*s", before, BYTES_ARG(field->name));
		if (len < 0 || (size_t)len >= sizeof found->path)
			continue;
		found->field = field;
		if (depth == 0 && same_name(field->name, name) &&
		    !proto_method_wanted(fact, field, field->repeated))
			return true;
		if (depth == 0 || field->type != PROTO_MESSAGE || field->repeated)
			continue;
		char inside[PATH_MAX_LEN + 1];
		snprintf(inside, sizeof inside, "%s.", found->path);
		if (search(field->message, name, fact, depth - 1, inside, found))
			return true;
	}
	return false;
}

/* The best field of a message for a fact: near ones first, then better names. */
static bool guess(const struct proto_message *message, const struct guess *row, struct found *found)
{
	for (int depth = 0; depth <= DEPTH_MAX; depth++)
		for (const char *at = row->names; *at;) {
			struct bytes name = {at, strcspn(at, " ")};
			if (search(message, name, row->fact, depth, "", found))
				return true;
			at += name.len;
			at += *at == ' ';
		}
	return false;
}

static const struct guess *guess_of(enum proto_fact fact)
{
	for (size_t i = 0; i < sizeof guesses / sizeof *guesses; i++)
		if (guesses[i].fact == fact)
			return &guesses[i];
	return NULL;
}

/* --- kinds --- */

static unsigned hinted(enum proto_fact fact, struct bytes value)
{
	char name[PATH_MAX_LEN];
	plain(value, name, sizeof name);
	for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
		if (hints[i].fact == fact && strstr(name, hints[i].part))
			return hints[i].kind;
	return 0;
}

/* The lines of an enum's values that look like kinds. False: there is none, and nothing was written. */
static bool write_kinds(enum proto_fact fact, const struct proto_field *field, struct buf *out)
{
	size_t lines = 0;
	for (size_t i = 0; field->enumeration && i < field->enumeration->value_count; i++) {
		const struct proto_enum_value *value = &field->enumeration->value[i];
		unsigned kind = hinted(fact, value->name);
		if (kind)
			buf_printf(out, "%s{ from = \"%.*s\"; to = \"%s\"; }", lines++ ? ", " : "",
				   BYTES_ARG(value->name), fact_kind_name(fact, kind));
	}
	return lines > 0;
}

/* --- sections --- */

struct writer {
	struct buf *out;
	const char *group; /* "item." while inside of item: { ... } */
	bool distance;	   /* the score is one: low is good */
};

static bool in_group(enum proto_fact fact, const char *group)
{
	const char *key = fact_rows[fact].key;
	return fact_rows[fact].record == RECORD_SIGNAL || strncmp(key, group, strlen(group)) == 0;
}

static const char *last_word(enum proto_fact fact)
{
	const char *dot = strrchr(fact_rows[fact].key, '.');
	return dot ? dot + 1 : fact_rows[fact].key;
}

/* A kind is written with the values that look like one; a string's values cannot be known. */
static void write_kind(struct writer *to, enum proto_fact fact, const struct found *found)
{
	struct buf kinds = {0};
	if (write_kinds(fact, found->field, &kinds))
		buf_printf(to->out, " %s = \"%s\"; kinds = ( %.*s );", last_word(fact), found->path,
			   BYTES_ARG(buf_bytes(&kinds)));
	else
		buf_printf(to->out, " /* %s = \"%s\"; kinds = ( { from = \"...\"; to = \"%s\"; } ); */",
			   last_word(fact), found->path, fact_kind_name(fact, 1));
	buf_done(&kinds);
}

/* All facts of a record that are found in `message`. */
static void write_record(struct writer *to, enum proto_record record, const struct proto_message *message)
{
	for (size_t i = 0; i < sizeof guesses / sizeof *guesses; i++) {
		enum proto_fact fact = guesses[i].fact;
		struct found found;
		if (fact_rows[fact].record != record || fact_rows[fact].type == FACT_LIST ||
		    !in_group(fact, to->group) || !guess(message, &guesses[i], &found))
			continue;
		if (fact_rows[fact].type == FACT_KIND)
			write_kind(to, fact, &found);
		else
			buf_printf(to->out, " %s = \"%s\";", last_word(fact), found.path);
		if (fact == FACT_ITEM_SCORE)
			to->distance = same_name(found.field->name, BYTES_LITERAL("distance"));
	}
}

/* `items = "results"; item: { ... };` where a list of messages looks like one. */
static bool write_list(struct writer *to, enum proto_fact list, const char *group, enum proto_fact needed,
		       const struct proto_message *message, struct found *found)
{
	struct found inner;
	if (!guess(message, guess_of(list), found) || !guess(found->field->message, guess_of(needed), &inner))
		return false;
	buf_printf(to->out, "\n        %s = \"%s\";", last_word(list), found->path);
	buf_printf(to->out, " %s: {", group);
	char dotted[32];
	snprintf(dotted, sizeof dotted, "%s.", group);
	to->group = dotted;
	write_record(to, fact_rows[list].list, found->field->message);
	to->group = "";
	return true;
}

static void write_prompts(struct writer *to, const struct proto_message *response)
{
	struct found prompts, choices, label;
	if (!write_list(to, FACT_PROMPTS, "prompt", FACT_PROMPT_TEXT, response, &prompts))
		return;
	bool more = guess(prompts.field->message, guess_of(FACT_CHOICES), &choices) &&
		    guess(choices.field->message, guess_of(FACT_CHOICE_LABEL), &label);
	if (more) {
		buf_printf(to->out, " choices = \"%s\"; };\n        choice: {", choices.path);
		to->group = "choice.";
		write_record(to, RECORD_CHOICE, choices.field->message);
		to->group = "";
	}
	buf_add_text(to->out, " };");
}

/* False: it does not look like a ranking; nothing was written. */
static bool write_ranking(const struct proto_rpc *rpc, struct buf *out)
{
	struct writer to = {.out = out, .group = ""};
	struct found candidates, items, score, weights, inner;
	if (!guess(rpc->response, guess_of(FACT_ITEMS), &items) ||
	    !guess(items.field->message, guess_of(FACT_ITEM_ID), &inner))
		return false;
	bool scored = guess(items.field->message, guess_of(FACT_ITEM_SCORE), &score);
	buf_printf(out, "    { method = \"%.*s\";\n      request: {", BYTES_ARG(rpc->name));
	write_record(&to, RECORD_REQUEST, rpc->request);
	if (write_list(&to, FACT_CANDIDATES, "candidate", FACT_CANDIDATE_SCORE, rpc->request, &candidates))
		buf_add_text(out, " };");
	buf_add_text(out, " };\n      response: {");
	write_record(&to, RECORD_RESPONSE, rpc->response);
	if (write_list(&to, FACT_ITEMS, "item", FACT_ITEM_ID, rpc->response, &items))
		buf_add_text(out, " };");
	if (write_list(&to, FACT_WEIGHTS, "weight", FACT_WEIGHT_WEIGHT, rpc->response, &weights))
		buf_add_text(out, " };");
	write_prompts(&to, rpc->response);
	buf_printf(out, "\n      };\n      order = \"%s\"; }",
		   !scored	 ? "position"
		   : to.distance ? "score_asc"
				 : "score_desc");
	return true;
}

/* A request with a kind of feedback from somebody. */
static bool write_signal(const struct proto_rpc *rpc, struct buf *out)
{
	struct writer to = {.out = out, .group = ""};
	struct found kind, who;
	if (!guess(rpc->request, guess_of(FACT_SIGNAL_KIND), &kind) ||
	    (!guess(rpc->request, guess_of(FACT_SIGNAL_SESSION), &who) &&
	     !guess(rpc->request, guess_of(FACT_SIGNAL_USER), &who)))
		return false;
	buf_printf(out, "    { method = \"%.*s\";\n      signal: {", BYTES_ARG(rpc->name));
	write_record(&to, RECORD_SIGNAL, rpc->request);
	buf_add_text(out, " }; }");
	return true;
}

static void write_quoted(struct buf *out, const char *text)
{
	buf_add_text(out, "\"");
	for (; *text; text++)
		buf_printf(out, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
	buf_add_text(out, "\"");
}

bool proto_propose(const struct proto_schema *schema, const char *descriptors, const char *method,
		   struct buf *out, struct err *err)
{
	const struct proto_rpc *only = method ? proto_schema_rpc(schema, bytes_of(method), err) : NULL, *rpc;
	size_t count = 0;
	if (method && !only)
		return false;
	buf_add_text(out, "// Guessed from names and types: correct it, and look at real messages with\n"
			  "// rankguard map test.\nschema: {\n  descriptors = ");
	write_quoted(out, descriptors);
	buf_add_text(out, "; // relative to this file\n  methods = (\n");
	for (size_t i = 0; (rpc = proto_schema_rpc_at(schema, i)); i++) {
		struct buf one = {0};
		if ((!only || rpc == only) && (write_ranking(rpc, &one) || write_signal(rpc, &one))) {
			buf_printf(out, "%s", count++ ? ",\n" : "");
			buf_add_bytes(out, buf_bytes(&one));
		}
		out->failed |= one.failed;
		buf_done(&one);
	}
	buf_add_text(out, "\n  );\n};\n");
	if (out->failed)
		return err_set(err, "no memory");
	if (count == 0 && method)
		return err_set(err,
			       "%s looks neither like a ranking nor like a signal; write its mapping by hand",
			       method);
	return count > 0 ||
	       err_set(err, "no method looks like a ranking or a signal; write the mapping by hand");
}
