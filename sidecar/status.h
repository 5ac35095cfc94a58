/* SPDX-License-Identifier: Apache-2.0
 *
 * Status: one JSON object that tells an operator what is running - for `rankguard status` and /status.
 */
#ifndef SIDECAR_STATUS_H
#define SIDECAR_STATUS_H

#include "sidecar/hop.h"

/* reasons: why it is not ready, one a line; empty when it is. Thread: any. */
void sidecar_status_render(struct sidecar_hop *hop, struct bytes reasons, struct buf *out);

#endif
