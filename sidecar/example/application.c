/* SPDX-License-Identifier: Apache-2.0
 *
 * A demo application: the caller on the other side of the sidecar. See --help.
 */
#include "sidecar/example/load.h"
#include "sidecar/example/scenario.h"
#include "sidecar/library.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

enum exit_code { EXIT_YES = 0, EXIT_NO = 1, EXIT_USAGE = 2, EXIT_SYSTEM = 3 };

enum { SESSION_MAX = 100, ODD_MAX = 100 };

struct wish {
	const char *target, *record, *session, *odd, *receipts;
	long calls, concurrency, sessions, items, timeout_ms;
	bool scenario, load, changed, help;
};

/* The command line: a flag, a text or a number within bounds. */
static const struct option_row {
	const char *name, *value, *help;
	size_t at; /* in struct wish */
	enum { FLAG, TEXT, NUMBER } type;
	long least, most;
} rows[] = {
	{"target", "ADDRESS", "the server: unix:PATH or 127.0.0.1:PORT", offsetof(struct wish, target), TEXT,
	 0, 0},
	{"scenario", "", "tell the story of one session", offsetof(struct wish, scenario), FLAG, 0, 0},
	{"record", "FILE", "scenario: the file of `recommender --record`", offsetof(struct wish, record),
	 TEXT, 0, 0},
	{"session", "NAME", "scenario: the session's id (mia-tonight)", offsetof(struct wish, session), TEXT,
	 0, 0},
	{"load", "", "send many Rank calls at once", offsetof(struct wish, load), FLAG, 0, 0},
	{"calls", "N", "load: how many calls (1000)", offsetof(struct wish, calls), NUMBER, 1, 100000000},
	{"concurrency", "C", "load: how many at a time (32)", offsetof(struct wish, concurrency), NUMBER, 1,
	 10000},
	{"sessions", "N", "load: spread over how many sessions (500)", offsetof(struct wish, sessions),
	 NUMBER, 1, 10000000},
	{"changed", "", "load: ask for overdone responses; each must carry a receipt",
	 offsetof(struct wish, changed), FLAG, 0, 0},
	{"odd", "NAMES", "load: the request attribute demo (see `recommender --help`)",
	 offsetof(struct wish, odd), TEXT, 0, 0},
	{"receipts", "FILE", "load: append each receipt as it arrives, one a line",
	 offsetof(struct wish, receipts), TEXT, 0, 0},
	{"items", "N", "load: items in a response (20)", offsetof(struct wish, items), NUMBER, 1, 504},
	{"timeout", "MS", "deadline of one call (10000)", offsetof(struct wish, timeout_ms), NUMBER, 1,
	 3600000},
	{"help", "", "this text", offsetof(struct wish, help), FLAG, 0, 0},
};

enum { ROWS = sizeof rows / sizeof *rows };

static void help(void)
{
	printf("application - a demo application that calls the canonical API\n\n"
	       "usage: application --target ADDRESS --scenario --record FILE\n"
	       "       application --target ADDRESS --load [--calls N] [--concurrency C] [--changed]\n\n");
	for (size_t i = 0; i < ROWS; i++)
		printf("  --%-11s %-8s %s\n", rows[i].name, rows[i].value, rows[i].help);
	printf("\nThe scenario prints for each ranking what the recommender proposed beside what arrived. "
	       "The\n"
	       "proposed bytes come from the recommender's record of what it sent on this very call; no "
	       "second\n"
	       "recommender and no second call is involved. A call straight to the recommender shows twice "
	       "the\n"
	       "same.\n\n"
	       "Exit codes: 0 all calls ended well, 1 one did not, 2 wrong usage, 3 the system failed.\n");
}

static bool read_value(const struct option_row *row, const char *value, struct wish *wish, struct err *err)
{
	char *at = (char *)wish + row->at, *end;
	switch (row->type) {
	case FLAG:
		*(bool *)at = true;
		return true;
	case TEXT:
		*(const char **)at = value;
		return true;
	case NUMBER:
		errno = 0;
		long number = strtol(value, &end, 10);
		if (errno || *end || end == value || number < row->least || number > row->most)
			return err_set(err, "--%s %s: not in range; a whole number from %ld to %ld",
				       row->name, value, row->least, row->most);
		*(long *)at = number;
		return true;
	}
	return false;
}

static bool read_wish(int argc, char **argv, struct wish *wish, struct err *err)
{
	struct option options[ROWS + 1] = {0};
	for (size_t i = 0; i < ROWS; i++)
		options[i] = (struct option){rows[i].name, rows[i].type != FLAG, NULL, (int)i + 1};
	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option == '?')
			return err_set(err, "%s: unknown, or its value is missing; --help lists the options",
				       argv[optind - 1]);
		if (!read_value(&rows[option - 1], optarg, wish, err))
			return false;
	}
	if (wish->help)
		return true;
	if (optind < argc)
		return err_set(err, "%s: an argument too many; --help shows the usage", argv[optind]);
	if (!wish->target || wish->scenario == wish->load)
		return err_set(err, "--target and one of --scenario and --load are needed; see --help");
	if (wish->scenario && !wish->record)
		return err_set(err, "--scenario needs --record FILE, the file of `recommender --record`");
	if (strlen(wish->session) > SESSION_MAX || strlen(wish->odd) > ODD_MAX)
		return err_set(err, "--session and --odd: too long; at most %d bytes", SESSION_MAX);
	return true;
}

static enum exit_code run_scenario(struct client *client, const struct wish *wish)
{
	struct err err;
	struct scenario scenario = {wish->session, wish->timeout_ms};
	enum exit_code code = EXIT_YES;
	struct proposal_reader *proposals = proposal_open(wish->record, &err);
	if (!proposals)
		code = EXIT_SYSTEM;
	else if (!scenario_run(client, proposals, &scenario, stdout, &err))
		code = EXIT_NO;
	if (code != EXIT_YES)
		fprintf(stderr, "application: %s\n", err.text);
	proposal_close(proposals);
	return code;
}

static enum exit_code run_load(struct client *client, const struct wish *wish)
{
	struct load load = {.calls = (size_t)wish->calls,
			    .concurrency = (size_t)wish->concurrency,
			    .sessions = (size_t)wish->sessions,
			    .items = (int)wish->items,
			    .odd = !*wish->odd && wish->changed ? "overdone" : wish->odd,
			    .changed = wish->changed,
			    .receipts = -1,
			    .timeout_ms = wish->timeout_ms};
	if (wish->receipts)
		load.receipts = open(wish->receipts, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (wish->receipts && load.receipts < 0) {
		fprintf(stderr,
			"application: --receipts %s: cannot be opened: %s; give a file in a folder "
			"that exists\n",
			wish->receipts, strerror(errno));
		return EXIT_SYSTEM;
	}
	bool done = load_run(client, &load, stdout);
	if (load.receipts >= 0)
		close(load.receipts);
	return done ? EXIT_YES : EXIT_NO;
}

int main(int argc, char **argv)
{
	struct err err;
	struct wish wish = {.session = "mia-tonight",
			    .odd = "",
			    .calls = 1000,
			    .concurrency = 32,
			    .sessions = 500,
			    .items = 20,
			    .timeout_ms = 10000};
	bool quiet = sidecar_library_prepare();

	if (!read_wish(argc, argv, &wish, &err)) {
		fprintf(stderr, "application: %s\n", err.text);
		return EXIT_USAGE;
	}
	if (wish.help) {
		help();
		return EXIT_YES;
	}
	if (!quiet)
		fprintf(stderr,
			"application: the lock checker of this build of Abseil cannot be switched off\n");
	struct client *client = client_new(wish.target);
	if (!client) {
		fprintf(stderr, "application: memory is short\n");
		return EXIT_SYSTEM;
	}
	enum exit_code code = wish.scenario ? run_scenario(client, &wish) : run_load(client, &wish);
	client_free(client);
	return (int)code;
}
