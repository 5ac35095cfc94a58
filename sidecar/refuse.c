/* SPDX-License-Identifier: Apache-2.0
 *
 * A call that is not taken: it gets a status at once and nothing of it is read.
 */
#include "sidecar/hop.h"

#include <stdlib.h>

struct refusal {
	struct sidecar_worker *worker;
	struct sidecar_arrival arrival;
	struct sidecar_reply reply;
	struct sidecar_tag replied;
	int cancelled;
	unsigned waits; /* batches in flight */
};

static void refusal_ended(struct refusal *refusal)
{
	if (--refusal->waits)
		return;
	sidecar_arrival_done(refusal->worker, &refusal->arrival, refusal->reply.status);
	sidecar_reply_done(&refusal->reply);
	free(refusal);
}

static void refusal_replied(struct sidecar_tag *tag, bool ok)
{
	(void)ok;
	refusal_ended(SIDECAR_OWNER(tag, struct refusal, replied));
}

static void refusal_closed(struct sidecar_tag *tag, bool ok)
{
	(void)ok;
	refusal_ended(SIDECAR_OWNER(tag, struct refusal, arrival.closed_tag));
}

void sidecar_refuse_begin(struct sidecar_worker *worker, struct sidecar_arrival *arrival,
			  grpc_status_code status, const char *why)
{
	struct refusal *refusal = calloc(1, sizeof *refusal);
	if (!refusal) { /* the application sees the call cancelled */
		grpc_call_cancel_with_status(arrival->call, status, why, NULL);
		sidecar_arrival_done(worker, arrival, status);
		return;
	}
	refusal->worker = worker;
	refusal->arrival = *arrival;
	sidecar_reply_init(&refusal->reply);
	refusal->reply.status = status;
	refusal->reply.message = grpc_slice_from_copied_string(why);
	refusal->replied.complete = refusal_replied;
	refusal->arrival.closed_tag.complete = refusal_closed;
	refusal->waits = 1; /* our own, until both were started */
	refusal->waits += sidecar_batch_receive_close(refusal->arrival.call, &refusal->cancelled,
						      &refusal->arrival.closed_tag);
	refusal->waits +=
		sidecar_batch_unary_reply(refusal->arrival.call, &refusal->reply, NULL, &refusal->replied);
	refusal_ended(refusal);
}
