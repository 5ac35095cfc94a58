/* SPDX-License-Identifier: Apache-2.0
 *
 * Which entries an auditor wants: the filters that `query` and `export` share.
 *
 * Each filter may be given several times: then any of its values will do. All filters that are given must hold.
 * An entry that says nothing about what a filter asks for does not match.
 *
 *     --since --until   its time: at or after, before. RFC 3339, a date, or a duration back from now ("7d")
 *     --type            its type
 *     --method          the method it is about
 *     --user --session  its subject: an id, whose pseudonym is computed with --subject-key; without that key the
 *                       pseudonym itself
 *     --rule --action   one intervention of a decision that has both; with --type tally, --rule also finds the
 *                       tallies that count the rule
 *
 * An entry in parts is one entry: it matches when its parts together do, and is handed out whole.
 *
 *     struct audit_filter filter = {0};
 *     audit_filter_take(&filter, AUDIT_FILTER_RULE, optarg, now_ns, &err);   for each option
 *     audit_filter_ready(&filter, &err);
 *     struct audit_select select = {.filter = &filter, .see = print, .ctx = ...};
 *     audit_reader_walk(&reader, 0, reader.checkpoint.size, audit_select_leaf, &select, NULL, &err);
 *     audit_select_end(&select, &err);
 *     audit_select_done(&select); audit_filter_done(&filter);
 *
 * Memory: the entry at hand with all its parts, at most AUDIT_SELECT_MAX. One thread at a time; a filter that is
 * ready is immutable.
 */
#ifndef AUDIT_FILTER_H
#define AUDIT_FILTER_H

#include "audit/entry.h"

/* name of the option, what it takes, one line of help */
#define AUDIT_FILTERS(X)                                                                                     \
	X(SINCE, "since", "TIME", "at or after: 2026-03-01, 2026-03-01T08:00:00Z, or 7d for seven days ago") \
	X(UNTIL, "until", "TIME", "before")                                                                  \
	X(TYPE, "type", "TYPE", "entries of this type: decision, delivered, signal, tally, ...")             \
	X(METHOD, "method", "NAME", "about this method: /package.Service/Method")                            \
	X(USER, "user", "ID", "about this user: an id with --subject-key, or else a pseudonym")              \
	X(SESSION, "session", "ID", "about this session, in the same way")                                   \
	X(RULE, "rule", "ID", "decisions in which this rule intervened; with --type tally also its tallies") \
	X(ACTION, "action", "ACTION", "decisions in which a rule did this: clamp, reorder, suppress, ...")   \
	X(SUBJECT_KEY, "subject-key", "FILE", "the deployment's key, by which ids become pseudonyms")

enum audit_filter_name {
#define AUDIT_FILTER_ENUM(name, option, takes, help) AUDIT_FILTER_##name,
	AUDIT_FILTERS(AUDIT_FILTER_ENUM)
#undef AUDIT_FILTER_ENUM
		AUDIT_FILTER_COUNT
};

enum {
	AUDIT_FILTER_VALUES = 16,	     /* of one filter */
	AUDIT_SELECT_MAX = 64 * 1024 * 1024, /* bytes of one entry in parts */
	AUDIT_TYPES = 16,		     /* room for the types of entries, and one for all others */
};

/* Zeroed to begin: everything matches. */
struct audit_filter {
	int64_t since_ns, until_ns;
	struct audit_filter_values {
		struct buf json[AUDIT_FILTER_VALUES]; /* as the value stands in an entry, with its quotes */
		size_t count;
	} values[AUDIT_FILTER_COUNT];
	unsigned wanted; /* set of filters that were given, as bits 1 << name */
	const char *subject_key;
};

/* Takes one option. now_ns: what durations go back from. `value` is kept until audit_filter_ready. False: err
 * is `--option: what is wrong; what would be right`. */
MUST_USE bool audit_filter_take(struct audit_filter *filter, enum audit_filter_name name, const char *value,
				int64_t now_ns, struct err *err);

/* After the last option: reads the subject key and turns ids into pseudonyms. */
MUST_USE bool audit_filter_ready(struct audit_filter *filter, struct err *err);
void audit_filter_done(struct audit_filter *filter); /* half-built is fine */

/* The filters that this leaf satisfies by itself, as bits; it matches when none of `wanted` is missing. */
unsigned audit_filter_leaf(const struct audit_filter *filter, struct bytes leaf,
			   const struct audit_entry_head *head);

/* Entries that go one way; those in parts count once. */
struct audit_counts {
	uint64_t entries;
	uint64_t first, last;	    /* indices of leaves; meaningless when entries is 0 */
	uint64_t type[AUDIT_TYPES]; /* by audit_entry_type; behind the last type: all others */
};

/* A walk that hands out what matches and counts the rest. Zeroed but for the first three. */
struct audit_select {
	const struct audit_filter *filter;
	/* Every leaf of every entry that matches, in order. False ends the walk. */
	bool (*see)(void *ctx, uint64_t index, struct bytes leaf);
	void *ctx;
	struct audit_counts matched, left_out;
	struct err err; /* why the walk ended, when it is not see's doing */
	bool failed;

	/* the entry in parts that is at hand */
	struct buf parts;     /* (uint16 length || leaf)* */
	uint64_t first;	      /* index of its first part */
	unsigned part, count; /* 0: none is */
	unsigned satisfied;
	size_t type;
};

/* A callback for audit_reader_walk; ctx is the audit_select. */
bool audit_select_leaf(void *ctx, uint64_t index, struct bytes leaf);

/* After the last leaf of a log. An entry whose last parts are not there is judged by those that are. False:
 * an error of the walk, in err. */
MUST_USE bool audit_select_end(struct audit_select *select, struct err *err);
void audit_select_done(struct audit_select *select);

/* "12 decision, 3 signal (entries 4 to 90)"; "none". */
void audit_counts_text(const struct audit_counts *counts, struct buf *text);

/* {"entries":15,"first":4,"last":90,"types":{"decision":12,"signal":3}} */
void audit_counts_json(const struct audit_counts *counts, struct buf *json);

#endif
