/* SPDX-License-Identifier: Apache-2.0
 *
 * Reload: new rules and options come into force while calls are taken. All or nothing: everything is loaded
 * and checked as a start would, the new ruleset is an entry of the log, and then the policy is exchanged in
 * one step. Calls in flight keep the policy that they began with. Whatever is refused, the last good
 * policy stays, and that is an entry too.
 *
 * Thread: the daemon's main one.
 */
#ifndef SIDECAR_RELOAD_H
#define SIDECAR_RELOAD_H

#include "sidecar/ground.h"
#include "sidecar/hop.h"

/* The first policy, of the ground that the daemon starts on: its ruleset is an entry of the log, then it comes
 * into force. Takes the ground's mapping. */
MUST_USE bool sidecar_reload_first(struct sidecar_hop *hop, struct sidecar_ground *ground, struct err *err);

/* Reads the configuration file of the start again. What is found, and what became of it, goes to `said`, one
 * thing a line, and to the operator's log. Unchanged rules and options change nothing. False: refused. */
bool sidecar_reload(struct sidecar_hop *hop, struct buf *said);

/* For what is reloaded beside the rules (sidecar/rotate.h): findings to `said` and to the operator's log, and the
 * entry of a refusal, whose reason is the first error. */
void sidecar_reload_say(struct sidecar_hop *hop, const struct rules_findings *findings, struct buf *said);
void sidecar_reload_record(struct sidecar_hop *hop, const struct rules_findings *findings);

#endif
