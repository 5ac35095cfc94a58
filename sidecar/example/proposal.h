/* SPDX-License-Identifier: Apache-2.0
 *
 * What the recommender proposed: the file of `recommender --record`, read as it grows. The recommender
 * writes a response down before it sends it, so after a call has ended its line is there; with one call at
 * a time it is the last one.
 */
#ifndef EXAMPLE_PROPOSAL_H
#define EXAMPLE_PROPOSAL_H

#include "proto/buf.h"

struct proposal_reader;

/* Starts behind what the file holds now. Returns owned; NULL when it cannot be opened. */
MUST_USE struct proposal_reader *proposal_open(const char *path, struct err *err);
void proposal_close(struct proposal_reader *reader); /* NULL is fine */

/* The exact bytes of the newest response since the last call, into *message. False: there is none. */
MUST_USE bool proposal_newest(struct proposal_reader *reader, struct buf *message, struct err *err);

#endif
