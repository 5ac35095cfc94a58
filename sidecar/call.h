/* SPDX-License-Identifier: Apache-2.0
 *
 * One governed unary call, from its arrival to its last byte. call.c is the file to read first: the table of
 * steps stands there. The other files below do one verb each on the same struct.
 */
#ifndef SIDECAR_CALL_H
#define SIDECAR_CALL_H

#include "proto/patch.h"
#include "sidecar/hop.h"

enum { SIDECAR_RECEIPTS = 4 }; /* trailing metadata of our own, at most */

struct sidecar_call {
	struct sidecar_worker *worker;
	struct sidecar_arrival arrival; /* the application's end */
	grpc_call *up;			/* the recommender's end; NULL before FORWARD */
	unsigned step;			/* enum call_step */
	unsigned waits;	    /* the chain of steps, and the batch that waits for the end of the call */
	int cancelled;	    /* the application gave up */
	struct arena arena; /* facts, decision, pieces: everything that is derived */

	/* Messages: `request_kept` holds the slices that facts borrow from while `request` is being sent. */
	grpc_byte_buffer *request, *request_kept, *response;
	grpc_byte_buffer *original; /* the recommender's response, when `response` is the governed one */
	struct bytes request_bytes, response_bytes;
	struct sidecar_reply reply;
	grpc_slice receipt[SIDECAR_RECEIPTS]; /* owned values of our own trailing metadata */
	size_t receipt_count;

	/* Governing */
	struct facts facts;
	struct facts_signal signal;
	const struct proto_places *places;
	struct rules_decision decision;
	bool decided; /* `decision` is complete */
	int64_t now_ns;
	struct proto_pieces governed; /* the response as it leaves, when the decision changed it */
	char session[AUDIT_PSEUDONYM_LEN + 1], user[AUDIT_PSEUDONYM_LEN + 1]; /* "" without id */
	struct sidecar_reservation reservation;

	/* A failure that did not close the call: it is an entry of its own. */
	bool failed_open;
	enum sidecar_failure failure_class;
	enum sidecar_effect failure_effect;
	const char *failure_reason; /* arena */

	/* Recording */
	struct audit_batch batch;
	struct audit_append append;
	bool decision_recorded; /* the batch begins with decision parts; `delivered_at` entries follow */
	size_t delivered_at;	/* position in the batch of the first `delivered` entry */

	/* The time that the hop costs: all but the wait for the recommender. */
	gpr_timespec forwarded_at, answered_at;

	struct sidecar_tag received, forwarded, recorded, replied;
};

/* ---- govern.c: facts + history -> decision -> governed message ---- */

/* Decides on the response whose facts were viewed, reserves the prompts that leave, and makes the governed
 * message. False: a limit was reached; err says which. */
MUST_USE bool sidecar_govern(struct sidecar_call *call, struct err *err);

/* Pseudonyms of the call's session and user into call->session and ->user. */
void sidecar_govern_subjects(struct sidecar_call *call, struct bytes session, struct bytes user);

/* ---- record.c: decision -> entries -> append ---- */

/* True when the response must not leave without an entry. */
bool sidecar_record_needed(const struct sidecar_call *call);

/* Builds the entries of a response (or of a signal) and hands them to the log; call->recorded completes when
 * they are durable or failed (call->append.durable). False: memory is short, nothing was started. */
MUST_USE bool sidecar_record_response(struct sidecar_call *call);
MUST_USE bool sidecar_record_signal(struct sidecar_call *call);

/* ---- receipt.c: what the caller sees ---- */

/* Takes the recommender's own metadata of the receipt's names away: they are ours to give. */
void sidecar_receipt_strip(grpc_metadata_array *metadata);

/* Adds the receipt to the reply's trailing metadata; the entries are durable. */
void sidecar_receipt_add(struct sidecar_call *call);

/* Makes the reply of a rejected call: PERMISSION_DENIED, the rule's reason, ErrorInfo. */
void sidecar_receipt_reject(struct sidecar_call *call);

#endif
