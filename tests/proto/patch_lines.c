/* SPDX-License-Identifier: Apache-2.0
 *
 * View and patch on lines of text, for oracle.py: reads messages and edits, writes facts and patched bytes.
 *
 *     patch_lines canonical|trap|shape
 *
 * Input, one message at a time:
 *
 *     request HEX | signal HEX      one answer each
 *     response HEX                  begins; then any edits (edit_words.h), then
 *     go                            one answer: {"result", "error", "facts", "patched", "again"}
 *
 * "again" are the facts of the patched message. Every answer is one line of JSON.
 */
#include "edit_words.h"
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

static void begin(struct session *to, char *rest)
{
	arena_done(&to->arena);
	arena_init(&to->arena, (size_t)64 << 20);
	to->edits = (struct edits){0};
	to->facts = (struct facts){0};
	to->err.text[0] = '\0';
	to->message = edit_text(&to->arena, edit_next_word(&rest));
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
	to->result =
		proto_view_request(to->rank, to->message, NULL, &limits, &to->arena, &to->facts, &to->err);
	answer_begin(to, out);
	json_key(out, "facts");
	facts_json_request(out, &to->facts);
	answer_end(out);
}

static void answer_signal(struct session *to, struct buf *out)
{
	struct facts_signal signal = {0};
	to->result = proto_view_signal(to->signal, to->message, NULL, &to->arena, &signal, &to->err);
	answer_begin(to, out);
	json_key(out, "facts");
	facts_json_signal(out, &signal);
	answer_end(out);
}

static void obey(struct session *to, char *line, struct buf *out)
{
	struct facts *facts = &to->facts;
	if (edit_words(&to->edits, facts, &to->arena, line))
		return;
	char *rest = line;
	const char *word = edit_next_word(&rest);
	if (strcmp(word, "request") == 0 || strcmp(word, "signal") == 0) {
		begin(to, rest);
		(word[0] == 'r' ? answer_request : answer_signal)(to, out);
	} else if (strcmp(word, "response") == 0) {
		begin(to, rest);
		to->result = proto_view_response(to->rank, to->message, &limits, &to->arena, facts,
						 &to->places, &to->err);
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
	const char *which = argc == 2 ? argv[1] : "";
	bool trap = strcmp(which, "trap") == 0, shape = strcmp(which, "shape") == 0;
	session.mapping = trap	  ? trap_mapping()
			  : shape ? shape_mapping()
				  : proto_mapping_canonical(&session.err);
	if (argc != 2 || !session.mapping) {
		fprintf(stderr, "%s\n", session.err.text);
		return 2;
	}
	session.rank = proto_mapping_find(session.mapping, bytes_of(trap    ? TRAP_RANK
								    : shape ? SHAPE_RANK
									    : CANONICAL_RANK));
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
