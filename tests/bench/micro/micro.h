/* SPDX-License-Identifier: Apache-2.0
 *
 * Micro-benchmarks: what one thing costs inside the process. Each row is made once, then its step is run many
 * times; several rounds, of which the median counts. Time is the thread's CPU time, because other programs may
 * share the machine; instruction counts (`--once`, tests/bench/instructions) do not depend on them at all.
 *
 * A table of rows stands in one file together with what makes them; main.c walks the tables.
 */
#ifndef TESTS_BENCH_MICRO_H
#define TESTS_BENCH_MICRO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 2026-11-23T10:00:00Z */
#define MICRO_NOW INT64_C(1795428000000000000)

/* Items as the recommender sends them. */
enum micro_shape {
	MICRO_CALM,	/* nothing exceeded */
	MICRO_OVER,	/* every score exceeds its bound, in the baseline's order */
	MICRO_REVERSED, /* every score within its bound, in the reverse of the baseline's order */
};

struct micro_row {
	const char *name;  /* "whole/100/20/calm": what --once takes */
	const char *input; /* for people */
	double target_ns;  /* of one step; 0: none */
	double target_bytes;

	/* Returns what the steps work on; ends the program when it cannot. */
	void *(*make)(const struct micro_row *row, size_t subjects);
	void (*step)(void *made);
	double (*bytes)(void *made); /* that one subject takes; NULL: not measured */
	void (*free)(void *made);

	/* what make looks at */
	size_t items, rules;
	enum micro_shape shape;
	const char *text, *more; /* more: rules of its own, or what else the file needs to know */
	int part;
};

struct micro_table {
	const struct micro_row *row;
	size_t count;
};

extern const struct micro_table micro_rankings, micro_words, micro_history, micro_load;

/* --- what the files share --- */

struct rules_ruleset;

/* Ends the program with the sentence on stderr and exit code 3. */
__attribute__((format(printf, 1, 2), noreturn)) void micro_fail(const char *format, ...);

/* A text that grows; the caller frees `at`. */
struct micro_text {
	char *at;
	size_t len, room;
};
__attribute__((format(printf, 2, 3))) void micro_add(struct micro_text *text, const char *format, ...);

/* `rules` is what stands between the brackets of rules = ( ). Takes the text; returns owned. */
struct rules_ruleset *micro_ruleset(struct micro_text *rules);

/* Adds `count` rules of mixed kinds, of the ranking and of prompts. */
void micro_mixed_rules(struct micro_text *rules, size_t count);

/* A new folder; the same one removed with all files in it. */
void micro_folder_make(char folder[64]);
void micro_folder_remove(const char *folder);

#endif
