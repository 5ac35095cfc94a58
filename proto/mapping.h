/* SPDX-License-Identifier: Apache-2.0
 *
 * The mapping: from a recommender's own API to facts. For each governed method it holds the paths of page
 * "Facts" compiled against the descriptors into field-number programs. The canonical API is the built-in
 * mapping, so there is one code path.
 *
 * Immutable after it was made: any thread may use it. The caller frees it after the last call that uses it.
 */
#ifndef PROTO_MAPPING_H
#define PROTO_MAPPING_H

#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/fact.h"
#include "proto/schema.h"
#include "proto/translation.h"

struct proto_mapping;
struct proto_method; /* one governed or signal method; borrowed from its mapping */

enum proto_method_role {
	PROTO_RANKING, /* the response is governed */
	PROTO_SIGNAL,  /* the request carries a signal */
};

/* What is said about one method: a path text for each fact (proto/path.h), NULL where a fact is not mapped.
 * The paths of a list's records begin at its elements: "items" at the response, "item.id" at an item. A text
 * that begins with "const:" is a constant: the fact is that text, or the kind of that name. Texts of a request
 * or signal may come from request metadata ("header:x-session-id"), and may have fallbacks, which are asked in
 * their order while what was found is absent or empty. */
struct proto_method_paths {
	const char *method; /* "/shop.reco.v1.Recommender/Recommend" */
	enum proto_method_role role;
	enum facts_order order;
	const char *path[PROTO_FACTS];
	const char *const *fallback[PROTO_FACTS];   /* what is asked after path; NULL-terminated, or NULL */
	struct proto_kind_pairs kinds[PROTO_FACTS]; /* KIND facts */
	/* Lines of the configuration where the method and its paths stand; 0: it is built in. */
	unsigned line, path_line[PROTO_FACTS];
};

/* Takes what is wrong with a mapping: `line` of the configuration, 0: unknown; `text` is borrowed. */
struct proto_mapping_report {
	void (*wrong)(void *context, unsigned line, const char *text);
	void *context;
};

/* Compiles `count` methods. Takes `schema` (also on failure), copies the texts. Returns owned; NULL after all
 * that is wrong was reported as `METHOD: KEY: path "x": what is wrong; what would be right`. */
MUST_USE struct proto_mapping *proto_mapping_compile(struct proto_schema *schema,
						     const struct proto_method_paths *methods, size_t count,
						     const struct proto_mapping_report *report);

/* The same; err is the first thing that is wrong. */
MUST_USE struct proto_mapping *proto_mapping_new(struct proto_schema *schema,
						 const struct proto_method_paths *methods, size_t count,
						 struct err *err);

/* The built-in mapping of package rankguard.v1. Returns owned, NULL and err on failure. */
MUST_USE struct proto_mapping *proto_mapping_canonical(struct err *err);

/* The descriptor set that it is compiled from. Static. */
struct bytes proto_mapping_canonical_set(void);

void proto_mapping_free(struct proto_mapping *mapping);

/* Do both read and write the same messages in the same way? Lines of configurations make no difference. */
bool proto_mapping_equal(const struct proto_mapping *a, const struct proto_mapping *b);

/* The method of a full name ("/rankguard.v1.RankingService/Rank"), NULL when it is not mapped. */
const struct proto_method *proto_mapping_find(const struct proto_mapping *mapping, struct bytes name);

/* Walks all methods in byte order of names: index from 0; NULL behind the last. */
const struct proto_method *proto_mapping_at(const struct proto_mapping *mapping, size_t index);

struct bytes proto_method_name(const struct proto_method *method);
enum proto_method_role proto_method_role(const struct proto_method *method);
bool proto_method_request_streams(const struct proto_method *method);
bool proto_method_response_streams(const struct proto_method *method);
enum facts_order proto_method_order(const struct proto_method *method);
/* Does the method give the fact, from whatever source? The baseline of items also by their candidates. */
bool proto_method_maps(const struct proto_method *method, enum proto_fact fact);

/* Can patch write this kind? True where the fact is not mapped: then nothing is said of it. */
bool proto_method_writes_kind(const struct proto_method *method, enum proto_fact fact, unsigned kind);

/* Why patch cannot write the fact, as static text; NULL: it can, or the fact is not mapped. Of lists: choices, which are
 * written anew. */
const char *proto_method_unwritable(const struct proto_method *method, enum proto_fact fact);

/* The path of a fact as it was written, NULL where it has none, and the line of the configuration. */
const char *proto_method_path(const struct proto_method *method, enum proto_fact fact, unsigned *line);

/* Where the method stands in the configuration; 0: it is built in. */
unsigned proto_method_line(const struct proto_method *method);

#endif
