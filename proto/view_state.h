/* SPDX-License-Identifier: Apache-2.0
 *
 * One message being viewed. Private to proto/view*.c: counting, reading, and the three kinds of messages.
 *
 * Two walks. The first counts the records of each list, by headers only, so that limits are obeyed before
 * anything is allocated and every column has its final size. The second reads values, last one wins; the
 * choices of a prompt are counted and read when their prompt is.
 */
#ifndef PROTO_VIEW_STATE_H
#define PROTO_VIEW_STATE_H

#include "proto/places.h"

/* Where the values of one fact go: row i of its record stands at base + i * stride. */
struct view_sink {
	char *base;
	size_t stride;
	uint8_t *present; /* NUMBER: present[i] */
};

/* Texts of all items in one run, from[i] is where those of item i begin. */
struct view_tags {
	struct bytes *at;
	size_t count, room;
	uint32_t *from;
};

struct view {
	const struct proto_method *method;
	struct bytes message;
	struct arena *arena;
	struct err *err;
	const char *what;		     /* "response" */
	const struct proto_headers *headers; /* or NULL */
	enum proto_result result;
	size_t limit[PROTO_RECORDS];
	size_t room[PROTO_RECORDS];  /* rows that there is memory for */
	size_t count[PROTO_RECORDS]; /* rows begun; the last one is the current one */
	struct view_sink sink[PROTO_FACTS];
	struct proto_span *span[PROTO_RECORDS];
	struct view_tags tags;
	struct facts_prompt *prompts;
	uint32_t *item_first;	   /* as in struct facts */
	uint32_t seen[PLAN_SLOTS]; /* elements of lists that [n] counts */
	/* Rows there were, and of the last line: tags, when the innermost list element around began. */
	uint32_t begun[PROTO_RECORDS + 1][PLAN_LEVELS];
};

enum { BEGUN_TAGS = PROTO_RECORDS };

/* All false: they set view->result and the error. */
bool view_fail_memory(struct view *view);
bool view_fail_wire(struct view *view, const struct wire_cursor *cursor);

/* Elements of the lists of these slots ([n]) count from 0 again. */
void view_restart_slots(struct view *view, uint32_t slots);

/* The same of all that `entry` goes into: it was replaced. */
void view_restart_inside(struct view *view, const struct plan_entry *entry);

/* Is this occurrence of an entered message one that the path means? Asked once of each: it counts. */
bool view_picks(struct view *view, const struct plan_entry *entry, const struct wire_field *field,
		bool *picked);

/* The first walk: adds to view->room. */
bool view_count_rows(struct view *view, const struct plan_node *node, struct bytes body);

/* The facts of a record that are members of one struct, or of an array of structs. */
void view_sink_into(struct view *view, enum proto_record record, void *base);

/* The facts of a record that are columns of struct facts, with room for the rows that were counted. */
bool view_sink_columns(struct view *view, enum proto_record record, struct facts *facts);

/* An array of structs, one for each row that was counted. */
bool view_sink_structs(struct view *view, enum proto_record record, void **structs);

/* NULL for what has no sink: lists, and the tags. */
char *view_sink_at(const struct view *view, enum proto_fact fact, size_t row);

/* The fact is absent in the row. */
void view_forget(struct view *view, enum proto_fact fact, size_t row);

/* The second walk. */
bool view_read_message(struct view *view, const struct plan_node *node, struct bytes body);

#endif
