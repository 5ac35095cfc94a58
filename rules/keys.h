/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys of rule files as tables: name, type, range, default, help, and where the value goes. One reader walks
 * the tables to load and check a group, one writer (rules/effective.c) walks them to print it again.
 *
 * A group of keys fills a struct of its own that begins with a struct spot. Values are in the arena and
 * outlive the libconfig text.
 */
#ifndef RULES_KEYS_H
#define RULES_KEYS_H

#include "proto/arena.h"
#include "proto/fact.h"
#include "rules/findings.h"
#include <libconfig.h>
#include <stdint.h>

/* Where something stands. */
struct spot {
	const char *file; /* path, for messages; lives as long as the arena */
	unsigned line;
};

/* The value types. Zeroed means absent. */
struct number { /* KEY_NUMBER, KEY_WHOLE */
	bool present;
	double value;
};
struct moment { /* KEY_DURATION, KEY_TIME */
	bool present;
	int64_t ns;
};
struct flag { /* KEY_BOOL */
	bool present, value;
};
struct texts { /* KEY_TEXTS */
	struct bytes *at;
	size_t count;
};
struct groups { /* KEY_GROUPS: an array of the inner struct */
	void *at;
	size_t count;
};

enum key_type {
	KEY_TEXT,     /* struct bytes */
	KEY_TEXTS,    /* struct texts; one text stands for a list of one */
	KEY_WHOLE,    /* struct number */
	KEY_NUMBER,   /* struct number */
	KEY_DURATION, /* struct moment */
	KEY_TIME,     /* struct moment */
	KEY_BOOL,     /* struct flag */
	KEY_WORD,     /* int: one of the words */
	KEY_WORDS,    /* uint32_t: a set of words, bit n for word n */
	KEY_GROUP,    /* pointer to the inner struct */
	KEY_GROUPS,   /* struct groups of the inner struct */
	KEY_RAW,      /* config_setting_t *: a list of groups that the caller reads */
};

/* Of two values, which one allows less; for NUMBER, WHOLE and DURATION. Absent: no limit. */
enum key_tighter { TIGHTER_NOT, TIGHTER_SMALL, TIGHTER_LARGE };

#define FACT_BIT(fact) (UINT64_C(1) << (fact))

struct keys;

struct key {
	const char *name;
	enum key_type type;
	size_t at; /* offset of the value in its struct */
	bool required;
	double min, max;		 /* WHOLE, NUMBER; both 0: no range but finite */
	const char *(*word)(unsigned n); /* WORD, WORDS: name of word n, "" for a gap, NULL behind the last */
	const char *standard; /* the default, as it would stand in a file; words of a set with spaces */
	bool (*check)(struct bytes value, struct err *err); /* TEXT, TEXTS: each value */
	const struct keys *inner;			    /* GROUP, GROUPS */
	bool may_be_empty; /* GROUPS: an empty list is a value, too; then groups.at is not NULL */
	bool limits;	   /* it is part of what a decision calls the limit */
	enum key_tighter tighter;
	uint64_t narrows; /* FACT_BIT of the fact by which it narrows the rule; 0: it does not narrow it */
	const char *help; /* one line */
};

struct keys {
	const struct key *key;
	size_t count;
	size_t size; /* of the struct that is filled */
};

/* A group being read: what every finding about it needs. */
struct reader {
	struct arena *arena;
	struct rules_findings *findings;
	const char *file;    /* path */
	const char *subject; /* "rule prompts.cap"; NULL at the top level */
	const char *path;    /* "when.any[0]."; "" in the subject's own group */
	bool lenient;	     /* unknown keys are no findings: whose they are is not known */
};

struct keys_into {
	const struct keys *keys;
	void *base; /* begins with a struct spot */
};

/* Reads a group whose keys are those of all tables together: unknown and missing keys, wrong types and bad
 * values become findings; what is good is stored. Defaults are filled in. */
void rules_keys_read(const struct reader *reader, config_setting_t *group, const struct keys_into *into,
		     size_t count);

/* Adds an error about line `line` of the reader's file, as `file:line: subject: ...`. */
__attribute__((format(printf, 3, 4))) void rules_keys_complain(const struct reader *reader, unsigned line,
							       const char *format, ...);

/* `"a", "b" or "c"` in the arena: the words that would have been right. */
const char *rules_keys_words(const struct key *key, struct arena *arena);

/* Fills values that are absent and have a default. */
void rules_keys_defaults(const struct keys_into *into, size_t count);

#define KEY_COUNT(array) (sizeof(array) / sizeof *(array))

#endif
