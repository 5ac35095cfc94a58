/* SPDX-License-Identifier: Apache-2.0
 *
 * View and patch on lines of text, for oracle.py: reads messages and edits, writes facts and patched bytes.
 *
 *     patch_lines canonical|trap
 *
 * Input, one message at a time; texts are hex, "-" is absent, "+" is empty:
 *
 *     request HEX | signal HEX      one answer each
 *     response HEX                  begins; then any of
 *     score I BITS                  BITS: the double as a decimal 64-bit number
 *     order I I I ...
 *     weight I BITS
 *     drop I
 *     replace I TEXT TEMPLATE LOCALE KIND
 *     choice I ID KIND LABEL        one more choice of a replaced prompt
 *     explain TEXT
 *     go                            one answer: {"result", "error", "facts", "patched", "again"}
 *
 * "again" are the facts of the patched message. Every answer is one line of JSON.
 */
#include "facts_json.h"
#include "proto/patch.h"
#include "proto/view.h"
#include "trap_mapping.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct session {
	struct proto_mapping *mapping;
	const struct proto_method *rank, *signal;
	struct arena arena;
	struct bytes message;
	struct facts facts;
	const struct proto_places *places;
	struct edits edits;
	enum proto_result result;
	struct err err;
};

static const struct proto_limits limits = {10000, 1000};

static unsigned digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static struct bytes from_hex(struct arena *arena, const char *hex)
{
	if (!hex || strcmp(hex, "-") == 0)
		return (struct bytes){0};
	size_t len = strcmp(hex, "+") == 0 ? 0 : strlen(hex) / 2;
	/* Exactly sized, so that AddressSanitizer sees one byte too far. */
	char *at = arena_alloc(arena, len);
	assert(at);
	for (size_t i = 0; i < len; i++)
		at[i] = (char)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
	return (struct bytes){at, len};
}

static char *next_word(char **rest)
{
	char *word = strsep(rest, " ");
	return word ? word : (char *)"-";
}

static size_t next_index(char **rest, size_t count)
{
	size_t index = strtoul(next_word(rest), NULL, 10);
	assert(index < count);
	return index;
}

static double next_double(char **rest)
{
	uint64_t bits = strtoull(next_word(rest), NULL, 10);
	double value;
	memcpy(&value, &bits, sizeof value);
	return value;
}

static void begin(struct session *to, char *rest)
{
	arena_done(&to->arena);
	arena_init(&to->arena, (size_t)64 << 20);
	to->edits = (struct edits){0};
	to->facts = (struct facts){0};
	to->err.text[0] = '\0';
	to->message = from_hex(&to->arena, next_word(&rest));
}

static void set_number(struct session *to, double **value, uint8_t **set, size_t count, char *rest)
{
	if (!*value) {
		*value = arena_zalloc(&to->arena, count, sizeof **value);
		*set = arena_zalloc(&to->arena, count, 1);
	}
	size_t index = next_index(&rest, count);
	(*value)[index] = next_double(&rest);
	(*set)[index] = 1;
}

static struct edits_prompt *prompt_edit(struct session *to, char **rest)
{
	size_t count = to->facts.prompt_count;
	if (!to->edits.prompts)
		to->edits.prompts = arena_zalloc(&to->arena, count, sizeof *to->edits.prompts);
	return &to->edits.prompts[next_index(rest, count)];
}

static void edit_order(struct session *to, char *rest)
{
	size_t count = to->facts.item_count;
	to->edits.order = arena_array(&to->arena, count, sizeof *to->edits.order);
	for (size_t i = 0; i < count; i++)
		to->edits.order[i] = (uint32_t)next_index(&rest, count);
}

static void edit_replace(struct session *to, char *rest)
{
	struct edits_prompt *edit = prompt_edit(to, &rest);
	edit->replace = true;
	edit->with.text = from_hex(&to->arena, next_word(&rest));
	edit->with.template_id = from_hex(&to->arena, next_word(&rest));
	edit->with.locale = from_hex(&to->arena, next_word(&rest));
	edit->with.kind = (enum prompt_kind)strtoul(next_word(&rest), NULL, 10);
}

static void edit_choice(struct session *to, char *rest)
{
	struct facts_prompt *with = &prompt_edit(to, &rest)->with;
	struct facts_choice *all = arena_array(&to->arena, with->choice_count + 1, sizeof *all);
	if (with->choice_count)
		memcpy(all, with->choices, with->choice_count * sizeof *all);
	struct facts_choice *choice = &all[with->choice_count++];
	choice->id = from_hex(&to->arena, next_word(&rest));
	choice->kind = (enum choice_kind)strtoul(next_word(&rest), NULL, 10);
	choice->label = from_hex(&to->arena, next_word(&rest));
	with->choices = all;
}

static void answer_begin(struct session *to, struct buf *out)
{
	buf_clear(out);
	json_open(out, '{');
	json_key(out, "result");
	json_uint(out, to->result);
	json_key(out, "error");
	json_text(out, to->err.text);
}

static void answer_end(struct buf *out)
{
	json_close(out, '}');
	assert(!out->failed);
	printf("%.*s\n", BYTES_ARG(buf_bytes(out)));
	fflush(stdout); /* oracle.py counts answers to name the message that was the end */
}

static void answer_patched(struct session *to, struct buf *out)
{
	struct proto_pieces pieces;
	to->result = proto_patch(to->places, &to->edits, &to->arena, &pieces, &to->err);
	assert(to->result == PROTO_OK);
	struct bytes patched = proto_pieces_join(&pieces, &to->arena);
	json_key(out, "patched");
	facts_json_hex(out, patched);
	json_key(out, "pieces");
	json_uint(out, pieces.count);
	struct facts again = {0};
	const struct proto_places *places;
	to->result = proto_view_response(to->rank, patched, &limits, &to->arena, &again, &places, &to->err);
	assert(to->result == PROTO_OK);
	json_key(out, "again");
	facts_json_response(out, &again);
}

static void answer_response(struct session *to, struct buf *out)
{
	answer_begin(to, out);
	if (to->result == PROTO_OK) {
		json_key(out, "facts");
		facts_json_response(out, &to->facts);
		answer_patched(to, out);
	}
	answer_end(out);
}

static void answer_request(struct session *to, struct buf *out)
{
	to->result = proto_view_request(to->rank, to->message, &limits, &to->arena, &to->facts, &to->err);
	answer_begin(to, out);
	json_key(out, "facts");
	facts_json_request(out, &to->facts);
	answer_end(out);
}

static void answer_signal(struct session *to, struct buf *out)
{
	struct facts_signal signal = {0};
	to->result = proto_view_signal(to->signal, to->message, &to->arena, &signal, &to->err);
	answer_begin(to, out);
	json_key(out, "facts");
	facts_json_signal(out, &signal);
	answer_end(out);
}

static void obey(struct session *to, char *line, struct buf *out)
{
	char *rest = line;
	const char *word = next_word(&rest);
	struct facts *facts = &to->facts;
	if (strcmp(word, "request") == 0 || strcmp(word, "signal") == 0) {
		begin(to, rest);
		(word[0] == 'r' ? answer_request : answer_signal)(to, out);
	} else if (strcmp(word, "response") == 0) {
		begin(to, rest);
		to->result = proto_view_response(to->rank, to->message, &limits, &to->arena, facts,
						 &to->places, &to->err);
	} else if (strcmp(word, "score") == 0) {
		set_number(to, &to->edits.score, &to->edits.score_set, facts->item_count, rest);
	} else if (strcmp(word, "weight") == 0) {
		set_number(to, &to->edits.weight, &to->edits.weight_set, facts->weight_count, rest);
	} else if (strcmp(word, "order") == 0) {
		edit_order(to, rest);
	} else if (strcmp(word, "drop") == 0) {
		prompt_edit(to, &rest)->drop = true;
	} else if (strcmp(word, "replace") == 0) {
		edit_replace(to, rest);
	} else if (strcmp(word, "choice") == 0) {
		edit_choice(to, rest);
	} else if (strcmp(word, "explain") == 0) {
		to->edits.explanation_set = true;
		to->edits.explanation = from_hex(&to->arena, next_word(&rest));
	} else if (strcmp(word, "go") == 0) {
		answer_response(to, out);
	} else {
		fprintf(stderr, "no such word: %s\n", word);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct session session = {0};
	bool trap = argc == 2 && strcmp(argv[1], "trap") == 0;
	session.mapping = trap ? trap_mapping() : proto_mapping_canonical(&session.err);
	if (argc != 2 || !session.mapping) {
		fprintf(stderr, "%s\n", session.err.text);
		return 2;
	}
	session.rank = proto_mapping_find(session.mapping, bytes_of(trap ? TRAP_RANK : CANONICAL_RANK));
	session.signal = proto_mapping_find(session.mapping, bytes_of(CANONICAL_SIGNAL));
	char *line = NULL;
	size_t room = 0;
	struct buf out = {0};
	for (ssize_t len; (len = getline(&line, &room, stdin)) > 0;) {
		line[len - 1] = '\0';
		obey(&session, line, &out);
	}
	free(line);
	buf_done(&out);
	arena_done(&session.arena);
	proto_mapping_free(session.mapping);
	return 0;
}
