/* SPDX-License-Identifier: Apache-2.0
 *
 * Load: many Rank calls at a fixed concurrency, each answer checked, each receipt written down outside the
 * sidecar as soon as it has arrived.
 */
#ifndef EXAMPLE_LOAD_H
#define EXAMPLE_LOAD_H

#include "sidecar/example/client.h"
#include <stdio.h>

struct load {
	size_t calls, concurrency;
	size_t sessions; /* the calls are spread over that many sessions in turn */
	int items;	 /* in each response */
	const char *odd; /* the request attribute "demo"; empty for none */
	bool changed;	 /* each answer must name a receipt and actions */
	int receipts;	 /* file that gets one line per receipt, -1 for none */
	int64_t timeout_ms;
};

/* Runs it and prints what came back. False: a call failed, or lacked what it must name; `out` says so. */
MUST_USE bool load_run(struct client *client, const struct load *load, FILE *out);

#endif
