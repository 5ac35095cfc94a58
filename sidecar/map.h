/* SPDX-License-Identifier: Apache-2.0
 *
 * `rankguard map`: help with the mapping of a recommender's own API, without serving and without a daemon.
 *
 *     rankguard map test --config FILE --method M [--request FILE] [--response FILE] [--json]
 *                        [--header NAME=VALUE]...
 *     rankguard map suggest --descriptors FILE [--method M]
 *
 * Messages are files without the five-byte prefix of gRPC.
 */
#ifndef SIDECAR_MAP_H
#define SIDECAR_MAP_H

#include "proto/buf.h"
#include "proto/view.h"
#include "sidecar/daemon.h"

/* argv[0] is "map". */
enum sidecar_exit sidecar_map(int argc, char **argv);

enum { SIDECAR_MAP_HEADERS = 16 };

struct sidecar_map_options {
	const char *config, *method, *request, *response, *descriptors;
	bool json;
	const char *header[SIDECAR_MAP_HEADERS]; /* "x-session-id=s1" */
	size_t headers;
};

/* The verbs: on stdout what was asked for, on stderr what is wrong. */
enum sidecar_exit sidecar_map_test(const struct sidecar_map_options *options);
enum sidecar_exit sidecar_map_suggest(const struct sidecar_map_options *options);

/* What was viewed of one call. */
struct sidecar_map_facts {
	const struct proto_method *method;
	const struct facts *facts;	   /* ranking methods */
	const struct facts_signal *signal; /* signal methods */
	bool request, response;		   /* which messages were given */
};

/* All facts that the method maps: as tables, or as one JSON object. Texts stand in quotes with what cannot be
 * printed escaped; what is absent is "-", or null. */
void sidecar_map_print(const struct sidecar_map_facts *facts, bool json, struct buf *out);

#endif
