/* SPDX-License-Identifier: Apache-2.0
 *
 * The facts as a table: for each, the key that a mapping writes its path under, the record it belongs to,
 * and where it stands in struct facts. Mapping, view and patch walk this table.
 *
 * A record is what facts stand in together: the request, one item of the response, one choice of a prompt.
 * Records of a list begin at each element of the list; the list's own path starts at the parent record.
 */
#ifndef PROTO_FACT_H
#define PROTO_FACT_H

#include "proto/err.h"
#include "proto/facts.h"

enum proto_record {
	RECORD_REQUEST,
	RECORD_ATTRIBUTE,
	RECORD_CANDIDATE,
	RECORD_RESPONSE,
	RECORD_ITEM,
	RECORD_WEIGHT,
	RECORD_PROMPT,
	RECORD_CHOICE,
	RECORD_SIGNAL,
	PROTO_RECORDS, /* how many; as "no record", too */
};

enum proto_fact {
	FACT_USER,
	FACT_SESSION,
	FACT_SURFACE,
	FACT_LOCALE,
	FACT_TIME_ZONE,
	FACT_SEGMENT,
	FACT_EXPERIMENT,
	FACT_OPTED_OUT,
	FACT_OFFSET,
	FACT_ATTRIBUTES,
	FACT_ATTRIBUTE_NAME,
	FACT_ATTRIBUTE_VALUE,
	FACT_CANDIDATES,
	FACT_CANDIDATE_ID,
	FACT_CANDIDATE_SCORE,
	FACT_ITEMS,
	FACT_ITEM_ID,
	FACT_ITEM_SCORE,
	FACT_ITEM_BASELINE,
	FACT_ITEM_CATEGORY,
	FACT_ITEM_SOURCE,
	FACT_ITEM_TAGS,
	FACT_WEIGHTS,
	FACT_WEIGHT_CATEGORY,
	FACT_WEIGHT_WEIGHT,
	FACT_WEIGHT_BASELINE,
	FACT_PROMPTS,
	FACT_PROMPT_ID,
	FACT_PROMPT_TEMPLATE_ID,
	FACT_PROMPT_KIND,
	FACT_PROMPT_TEXT,
	FACT_PROMPT_LOCALE,
	FACT_CHOICES,
	FACT_CHOICE_ID,
	FACT_CHOICE_KIND,
	FACT_CHOICE_LABEL,
	FACT_EXPLANATION,
	FACT_CONFIDENCE,
	FACT_MODEL_VERSION,
	FACT_SIGNAL_USER,
	FACT_SIGNAL_SESSION,
	FACT_SIGNAL_KIND,
	FACT_SIGNAL_ITEM,
	FACT_SIGNAL_CATEGORY,
	FACT_SIGNAL_PROMPT,
	PROTO_FACTS, /* how many */
};

enum fact_type {
	FACT_TEXT,    /* struct bytes; from strings, integers in decimal, enums by name */
	FACT_TEXTS,   /* a list of them */
	FACT_NUMBER,  /* double and a flag; from any number */
	FACT_INTEGER, /* int64_t; from integers */
	FACT_BOOL,    /* bool */
	FACT_KIND,    /* an enum of proto/facts.h; from enums and integers, by number */
	FACT_LIST,    /* begins the records of `list` */
};

struct fact_row {
	const char *key;	  /* "item.score" */
	enum proto_record record; /* where its path begins */
	enum fact_type type;
	bool edited;		/* patch writes it: the field must take what patch writes */
	size_t offset;		/* in struct facts, facts_signal, or the element of the record */
	size_t present;		/* NUMBER outside columns: offset of its flag */
	unsigned other;		/* KIND: the number that stands for all others */
	enum proto_record list; /* LIST: the record of one element */
};

/* PROTO_FACTS rows, by enum proto_fact. */
extern const struct fact_row fact_rows[];

/* Kinds of a KIND fact: "dissatisfied"; "" for 0, "other" for the fact's other. Static text. */
const char *fact_kind_name(enum proto_fact fact, unsigned kind);

/* The kind of a name. False and err when there is none. */
MUST_USE bool fact_kind_named(enum proto_fact fact, struct bytes name, unsigned *kind, struct err *err);

/* Bytes from one record to the next where records are structs; 0 where facts are columns or single. */
size_t fact_record_stride(enum proto_record record);

/* "items": how the elements are called in messages. */
const char *fact_record_name(enum proto_record record);

#endif
