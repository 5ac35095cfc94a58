/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/map.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const struct map_verb {
	const char *name, *help;
	enum sidecar_exit (*run)(const struct sidecar_map_options *options);
} verbs[] = {
	{"test",
	 "--config FILE --method M [--request FILE] [--response FILE] [--json]\n"
	 "          [--header NAME=VALUE]...\n"
	 "          the facts that the mapping finds in these messages",
	 sidecar_map_test},
	{"suggest",
	 "--descriptors FILE [--method M]\n"
	 "          a schema section to begin with, from the names and types of fields",
	 sidecar_map_suggest},
};

static enum sidecar_exit usage(FILE *to, enum sidecar_exit code)
{
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		fprintf(to, "%s rankguard map %s %s\n", i ? "      " : "usage:", verbs[i].name,
			verbs[i].help);
	return code;
}

static enum sidecar_exit wrong(const char *what, const char *which)
{
	fprintf(stderr, "rankguard: map: %s%s; see rankguard map --help\n", what, which);
	return SIDECAR_USAGE;
}

enum sidecar_exit sidecar_map(int argc, char **argv)
{
	static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
					      {"method", required_argument, NULL, 'm'},
					      {"request", required_argument, NULL, 'q'},
					      {"response", required_argument, NULL, 'p'},
					      {"descriptors", required_argument, NULL, 'd'},
					      {"header", required_argument, NULL, 'H'},
					      {"json", no_argument, NULL, 'j'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	struct sidecar_map_options options = {0};
	for (int option; (option = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
		const char **to = option == 'c'	  ? &options.config
				  : option == 'm' ? &options.method
				  : option == 'q' ? &options.request
				  : option == 'p' ? &options.response
				  : option == 'd' ? &options.descriptors
						  : NULL;
		if (option == 'h')
			return usage(stdout, SIDECAR_YES);
		if (option == 'H' && (!strchr(optarg, '=') || options.headers == SIDECAR_MAP_HEADERS))
			return wrong("--header takes NAME=VALUE, 16 times, not ", optarg);
		if (option == 'j')
			options.json = true;
		else if (option == 'H')
			options.header[options.headers++] = optarg;
		else if (!to)
			return SIDECAR_USAGE; /* getopt has said what is wrong */
		else
			*to = optarg;
	}
	if (optind + 1 != argc)
		return wrong("one of test and suggest is taken", optind == argc ? "" : ", once");
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (strcmp(argv[optind], verbs[i].name) == 0)
			return verbs[i].run(&options);
	return wrong("there is no verb ", argv[optind]);
}
