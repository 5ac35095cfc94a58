/* SPDX-License-Identifier: Apache-2.0
 *
 * Settings of the gRPC C core library as a whole, for every program that links it.
 *
 *     int main(...)
 *     {
 *             bool quiet = sidecar_library_prepare();   before threads, before grpc_init
 *             ...
 *
 * Debian builds gRPC and Abseil without NDEBUG. Two things follow that a program must undo itself:
 *
 * - Abseil's deadlock detector is on in its abort mode. Each lock then goes through one global spinlock
 *   and a graph, which costs a third of a hop's CPU time, and a false positive ends the process
 *   (github.com/grpc/grpc/issues/40390, the destination being down is enough).
 * - Experiments that are "on in debug builds" are on, one of which starts a second poller thread.
 */
#ifndef SIDECAR_LIBRARY_H
#define SIDECAR_LIBRARY_H

#include "proto/err.h"
#include <stdbool.h>

/* Switches the deadlock detector off, and sets the environment that the C core reads in grpc_init; what
 * the operator has set there already stays. Returns whether the detector's switch was found: false with
 * another build of Abseil, which is worth a line in the log. Call once, while there is one thread. */
MUST_USE bool sidecar_library_prepare(void);

#endif
