/* SPDX-License-Identifier: Apache-2.0
 *
 * rankguard: the daemon and its verbs.
 */
#include "sidecar/config.h"
#include "sidecar/config_manual.h"
#include "sidecar/control.h"
#include "sidecar/daemon.h"
#include "sidecar/library.h"
#include "sidecar/map.h"
#include "sidecar/versions.h"
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
	const char *config, *until, *by;
	bool text;
	bool detector_found; /* the library's deadlock detector was found and switched off */
};

static int serve(const struct options *options)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set,
		    NULL); /* before any thread: they inherit it, the main one waits for them */
	signal(SIGPIPE, SIG_IGN);
	struct sidecar_talk *talk = sidecar_talk_new(STDERR_FILENO, !options->text);
	if (!options->detector_found)
		sidecar_say(talk, SIDECAR_WARN, "library",
			    "the lock-deadlock detector's switch was not found in this build of Abseil");
	int code = (int)sidecar_daemon_serve(options->config, talk);
	sidecar_talk_free(talk);
	return code;
}

static int check(const struct options *options)
{
	return (int)sidecar_daemon_check(options->config);
}

static int wrong_usage(const char *what, const char *which)
{
	fprintf(stderr, "rankguard: %s%s; see rankguard --help\n", what, which);
	return SIDECAR_USAGE;
}

/* A verb that a running daemon carries out. */
static int ask(const struct options *options, const char *question)
{
	struct err err;
	struct buf answer = {0};
	struct rules_findings findings = {0};
	bool yes = false;
	struct sidecar_config *config = sidecar_config_load(options->config, &findings);
	for (size_t i = 0; !config && i < findings.count; i++)
		fprintf(stderr, "rankguard: %s\n", findings.finding[i].text);
	rules_findings_done(&findings);
	if (!config)
		return SIDECAR_NO;
	bool good = config->admin.control
			    ? sidecar_control_ask(config->admin.control, question, &yes, &answer, &err)
			    : err_set(&err,
				      "%s: admin.control is not set; set it, such as "
				      "\"unix:/run/rankguard/control.sock\", and restart",
				      options->config);
	if (good)
		fwrite(answer.at, 1, answer.len, stdout);
	else
		fprintf(stderr, "rankguard: %s\n", err.text);
	buf_done(&answer);
	sidecar_config_free(config);
	return good ? (yes ? SIDECAR_YES : SIDECAR_NO) : SIDECAR_FAILED;
}

static int status(const struct options *options)
{
	return ask(options, "status");
}

static int ready(const struct options *options)
{
	return ask(options, "ready");
}

static int reload(const struct options *options)
{
	return ask(options, "reload");
}

static int drain(const struct options *options)
{
	return ask(options, "drain");
}

static int observe(const struct options *options)
{
	char question[512];
	if (!options->until || !options->by)
		return wrong_usage("observe: ", "--until TIME and --by WHO are needed");
	snprintf(question, sizeof question, "observe %s %s", options->until, options->by);
	return ask(options, question);
}

static int enforce(const struct options *options)
{
	char question[512];
	if (!options->by)
		return wrong_usage("enforce: ", "--by WHO is needed");
	snprintf(question, sizeof question, "enforce %s", options->by);
	return ask(options, question);
}

static int print(void (*make)(struct buf *out))
{
	struct buf out = {0};
	make(&out);
	bool good = !out.failed && fwrite(out.at, 1, out.len, stdout) == out.len && fflush(stdout) == 0;
	buf_done(&out);
	return good ? SIDECAR_YES : SIDECAR_FAILED;
}

static int list_options(const struct options *options)
{
	(void)options;
	return print(sidecar_config_list);
}

static int manual_options(const struct options *options)
{
	(void)options;
	return print(sidecar_config_manual);
}

static const struct verb {
	const char *name, *help; /* help NULL: for the build */
	int (*run)(const struct options *options);
	bool bare; /* needs no configuration */
} verbs[] = {
	{"serve", "serve until SIGTERM", serve, false},
	{"check", "everything that serve would refuse, without serving", check, false},
	{"status", "what the running daemon serves, as JSON", status, false},
	{"ready", "is the running daemon ready; if not, why", ready, false},
	{"reload", "new rules and options into the running daemon", reload, false},
	{"observe", "no rule is enforced --until TIME, asked for --by WHO", observe, false},
	{"enforce", "rules are enforced again, asked for --by WHO", enforce, false},
	{"drain", "the running daemon finishes its calls and ends", drain, false},
	{"options", "the options of a configuration, with their defaults", list_options, true},
	{"options-manual", NULL, manual_options, true},
};

static void usage(FILE *to)
{
	fprintf(to, "usage: rankguard VERB --config FILE [--log json|text]\n"
		    "       rankguard map test|suggest ...\n"
		    "       rankguard --version | --help\n\nverbs:\n");
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (verbs[i].help)
			fprintf(to, "  %-8s %s\n", verbs[i].name, verbs[i].help);
	fprintf(to, "  %-8s %s\n", "map", "the mapping of a recommender's own API: rankguard map --help");
	fprintf(to, "\nexit codes: 0 yes, 1 refused or findings, 2 wrong usage, 3 the system failed\n");
}

static int version(void)
{
	char *versions = sidecar_versions();
	printf("rankguard %s\n%s\n", RANKGUARD_VERSION, versions ? versions : "");
	free(versions);
	return SIDECAR_YES;
}

static int run_verb(const char *name, const struct options *options)
{
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		if (strcmp(name, verbs[i].name) != 0)
			continue;
		if (!options->config && !verbs[i].bare)
			return wrong_usage(name, ": --config FILE is missing");
		return verbs[i].run(options);
	}
	return wrong_usage("there is no verb ", name);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
					      {"log", required_argument, NULL, 'l'},
					      {"until", required_argument, NULL, 'u'},
					      {"by", required_argument, NULL, 'b'},
					      {"version", no_argument, NULL, 'V'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	if (argc > 1 && strcmp(argv[1], "map") == 0)
		return (int)sidecar_map(argc - 1, argv + 1);
	/* First of all: a lock taken before this is checked by a detector that may end the process. */
	struct options options = {.detector_found = sidecar_library_prepare()};
	for (int option; (option = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
		switch (option) {
		case 'c':
			options.config = optarg;
			break;
		case 'l':
			options.text = strcmp(optarg, "text") == 0;
			if (!options.text && strcmp(optarg, "json") != 0)
				return wrong_usage("--log takes json or text, not ", optarg);
			break;
		case 'u':
			options.until = optarg;
			break;
		case 'b':
			options.by = optarg;
			break;
		case 'V':
			return version();
		case 'h':
			usage(stdout);
			return SIDECAR_YES;
		default:
			return SIDECAR_USAGE; /* getopt has said what is wrong */
		}
	}
	if (optind == argc)
		return wrong_usage("no verb is given", "");
	if (optind + 1 != argc)
		return wrong_usage("one verb is taken, not also ", argv[optind + 1]);
	return run_verb(argv[optind], &options);
}
