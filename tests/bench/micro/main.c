/* SPDX-License-Identifier: Apache-2.0
 *
 * usage: bench_micro [--json] [--rounds N] [--subjects N] [--only PREFIX] [--list | --smoke | --once NAME]
 *
 * Prints a line for each row: its name, what one step costs in nanoseconds of CPU time (median of the rounds,
 * and the least), its target and PASS or SHORT, its input. Exit codes: 0 measured (whatever the figures),
 * 2 wrong usage, 3 the system failed.
 *
 *     --list       the names
 *     --smoke      each row once, with small histories: shows that they still run
 *     --once NAME  one step of one row inside micro_measured(), for valgrind --tool=callgrind
 *                  --toggle-collect=micro_measured (tests/bench/instructions does that)
 */
#include "micro.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 15, ROUNDS_MAX = 1000, ROUND_NS = 10 * 1000 * 1000 };

struct options {
	bool json, list, smoke;
	const char *once, *only;
	size_t rounds, subjects;
};

static const struct micro_table *const tables[] = {&micro_rankings, &micro_words, &micro_load,
						   &micro_history};

/* A function of its own, so that callgrind can count what it calls and nothing else. */
__attribute__((noinline)) void micro_measured(const struct micro_row *row, void *made);
void micro_measured(const struct micro_row *row, void *made)
{
	row->step(made);
}

static double cpu_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double run(const struct micro_row *row, void *made, size_t steps)
{
	double from = cpu_ns();
	for (size_t i = 0; i < steps; i++)
		row->step(made);
	return cpu_ns() - from;
}

/* So many steps that a round takes about ROUND_NS; they warm up as well. */
static size_t steps_of(const struct micro_row *row, void *made)
{
	size_t steps = 1;
	while (run(row, made, steps) < ROUND_NS && steps < (size_t)1 << 24)
		steps *= 2;
	return steps;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

struct figure {
	const char *name, *unit, *input;
	double median, least, target;
};

static void print(const struct options *options, const struct figure *figure, bool *first)
{
	const char *verdict = figure->target <= 0 ? "" : figure->median <= figure->target ? "PASS" : "SHORT";
	if (options->json)
		printf("%s\n  {\"name\": \"%s\", \"unit\": \"%s\", \"median\": %.1f, \"least\": %.1f, "
		       "\"target\": %.0f, \"verdict\": \"%s\", \"input\": \"%s\"}",
		       *first ? "[" : ",", figure->name, figure->unit, figure->median, figure->least,
		       figure->target, verdict, figure->input);
	else if (figure->target > 0)
		printf("%-28s %12.1f %12.1f %-5s %10.0f  %-5s  %s\n", figure->name, figure->median,
		       figure->least, figure->unit, figure->target, verdict, figure->input);
	else
		printf("%-28s %12.1f %12.1f %-5s %10s  %-5s  %s\n", figure->name, figure->median,
		       figure->least, figure->unit, "", "", figure->input);
	fflush(stdout);
	*first = false;
}

static void measure(const struct options *options, const struct micro_row *row, bool *first)
{
	double round[ROUNDS_MAX];
	void *made = row->make(row, options->subjects);
	size_t steps = options->smoke ? 1 : steps_of(row, made);
	for (size_t i = 0; i < options->rounds; i++)
		round[i] = run(row, made, steps) / (double)steps;
	qsort(round, options->rounds, sizeof *round, by_size);
	print(options,
	      &(struct figure){row->name, "ns", row->input, round[options->rounds / 2], round[0],
			       row->target_ns},
	      first);
	if (row->bytes) {
		double bytes = row->bytes(made);
		print(options,
		      &(struct figure){row->name, "bytes", "of one subject", bytes, bytes, row->target_bytes},
		      first);
	}
	row->free(made);
}

static void once(const struct micro_row *row, size_t subjects)
{
	void *made = row->make(row, subjects);
	row->step(made);
	row->step(made);
	micro_measured(row, made);
	row->free(made);
}

/* False: --once names no row. */
static bool walk(const struct options *options)
{
	bool first = true, found = false;
	for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
		for (size_t i = 0; i < tables[t]->count; i++) {
			const struct micro_row *row = &tables[t]->row[i];
			if (strncmp(row->name, options->only, strlen(options->only)) != 0)
				continue;
			if (options->list)
				printf("%s\n", row->name);
			else if (!options->once)
				measure(options, row, &first);
			else if (strcmp(row->name, options->once) == 0) {
				once(row, options->subjects);
				found = true;
			}
		}
	}
	if (options->json && !options->list && !options->once)
		printf("%s\n]\n", first ? "[" : "");
	return found || !options->once;
}

static int usage(void)
{
	fprintf(stderr, "usage: bench_micro [--json] [--rounds N] [--subjects N] [--only PREFIX] [--list | "
			"--smoke | --once NAME]\n");
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{"json", no_argument, NULL, 'j'},	    {"rounds", required_argument, NULL, 'r'},
		{"subjects", required_argument, NULL, 's'}, {"only", required_argument, NULL, 'p'},
		{"list", no_argument, NULL, 'l'},	    {"smoke", no_argument, NULL, 'k'},
		{"once", required_argument, NULL, 'o'},	    {0},
	};
	struct options options = {.only = "", .rounds = ROUNDS, .subjects = 1000000};
	for (int c; (c = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
		options.json |= c == 'j';
		options.list |= c == 'l';
		options.smoke |= c == 'k';
		options.once = c == 'o' ? optarg : options.once;
		options.only = c == 'p' ? optarg : options.only;
		options.rounds = c == 'r' ? strtoul(optarg, NULL, 10) : options.rounds;
		options.subjects = c == 's' ? strtoul(optarg, NULL, 10) : options.subjects;
		if (c == '?')
			return usage();
	}
	if (options.smoke) {
		options.rounds = 1;
		options.subjects = 1000;
	}
	if (optind < argc || options.rounds < 1 || options.rounds > ROUNDS_MAX || options.subjects < 1)
		return usage();
	if (!options.json && !options.list && !options.once)
		printf("%-28s %12s %12s %-5s %10s\n", "what", "median", "least", "", "target");
	return walk(&options) ? 0 : usage();
}
