/* SPDX-License-Identifier: Apache-2.0
 *
 * Governing one message: what a unary call does once and a stream does for each message. The verbs stand in
 * files of their own: govern.c (facts + history -> decision -> governed message), record.c (decision ->
 * entries -> append), receipt.c (what the caller sees).
 *
 *     sidecar_governing_init     when the call arrives
 *     sidecar_govern_request     its request: context facts, or a signal
 *     sidecar_govern_response    a response: decision and governed message
 *     sidecar_record_needed      does it have to wait for the log?
 *     sidecar_record_response    append; `recorded` completes on the call's queue
 *     sidecar_governing_next     a stream: forget the message, keep the context
 *     sidecar_governing_done     when the call has ended
 *
 * Owned by one call; its thread is the call's worker, except that the log's thread runs the acknowledgement
 * between append and `recorded`.
 */
#ifndef SIDECAR_GOVERN_H
#define SIDECAR_GOVERN_H

#include "proto/patch.h"
#include "rules/record.h"
#include "sidecar/hop.h"

/* A failure that does not close the call: it is an entry of its own. */
struct sidecar_leniency {
	bool taken;
	enum sidecar_failure failure;
	enum sidecar_effect effect;
	const char *reason; /* arena */
};

struct sidecar_governing {
	struct sidecar_hop *hop;
	const struct sidecar_policy *policy;   /* the arrival's */
	const struct sidecar_arrival *arrival; /* borrowed: method, metadata, and the queue to come back to */

	/* The request, for as long as the call lives */
	struct arena context_arena;
	grpc_byte_buffer *request; /* owned: the slices that the context facts borrow from */
	struct bytes request_bytes;
	struct facts context; /* facts with nothing but the context in them */
	struct facts_signal signal;
	/* Pseudonyms, "" without id; made when history or the log first asks (2 us that most responses need not
	 * pay). */
	bool named;
	char session[AUDIT_PSEUDONYM_LEN + 1], user[AUDIT_PSEUDONYM_LEN + 1];
	bool request_lenient; /* the request was passed on undecoded: responses are too */

	/* One response */
	struct arena arena; /* facts, decision, pieces, entries */
	struct bytes response_bytes;
	struct facts facts;
	const struct proto_places *places;
	struct rules_decision decision;
	bool decided;			     /* `decision` is complete */
	struct rules_history state, history; /* as steps 1 and 5 saw them; in the arena */
	bool state_read, history_read;
	enum rules_frequency_end frequency;
	enum sidecar_failure closed_by; /* why it is not */
	int64_t now_ns;
	bool observes;		      /* the global switch, at now_ns: the decision is what would have been */
	struct proto_pieces governed; /* the response as it leaves, when the decision changed it */
	grpc_byte_buffer *original;   /* owned: the recommender's message, when another one leaves */
	struct sidecar_leniency leniency;
	struct sidecar_reservation reservation;

	/* Its entries */
	struct audit_batch batch;
	struct audit_append append;
	size_t delivered_at;	     /* position in the batch of the first `delivered` entry */
	struct sidecar_tag recorded; /* the owner sets `complete` */
};

/* Borrows the arrival, which lives as long as the call. */
void sidecar_governing_init(struct sidecar_governing *governing, struct sidecar_hop *hop,
			    const struct sidecar_arrival *arrival);
void sidecar_governing_next(struct sidecar_governing *governing);
void sidecar_governing_done(struct sidecar_governing *governing); /* zeroed is fine */

/* Makes the pseudonyms, once. The request has been read; one that could not be decoded has none. */
void sidecar_governing_name(struct sidecar_governing *governing);

/* What became of a message. REFUSED: the call fails closed with INTERNAL and the words in err. */
enum sidecar_governed { SIDECAR_GOVERNED, SIDECAR_REFUSED };

/* Reads the context facts, or the signal of a signal method, from the request's first message (NULL: there
 * is none). Counts failures. Keeps its own reference of the message. */
MUST_USE enum sidecar_governed sidecar_govern_request(struct sidecar_governing *governing,
						      grpc_byte_buffer *message, struct err *err);

/* Decides on *message, reserves the prompts that leave, and puts the governed message in its place when it
 * was changed. Counts failures. */
MUST_USE enum sidecar_governed sidecar_govern_response(struct sidecar_governing *governing,
						       grpc_byte_buffer **message, struct err *err);

/* True when the response must not leave without an entry. */
bool sidecar_record_needed(const struct sidecar_governing *governing);

/* Builds the entries of a response (or of the request's signal) and hands them to the log; `recorded`
 * completes when they are durable or failed (append.durable). False: memory is short, nothing was started. */
MUST_USE bool sidecar_record_response(struct sidecar_governing *governing);
MUST_USE bool sidecar_record_signal(struct sidecar_governing *governing);

/* The first of a response's entries alone, into `batch`: the decision. False: memory is short. */
MUST_USE bool sidecar_record_decision(struct sidecar_governing *governing);

/* What the caller will be told, gathered over the messages of a call and written once, with its status. */
enum { SIDECAR_RECEIPTS = 16 };
struct sidecar_receipts {
	struct sidecar_receipt {
		const char *origin; /* lives as long as the log */
		uint64_t index;
	} entry[SIDECAR_RECEIPTS]; /* the first ones; more are in the log all the same */
	size_t entries;
	size_t targets[RULES_REJECT + 1]; /* changed or flagged, by action */
	uint8_t *named; /* owned: one per rule of the ruleset, 1 when it changed or flagged */
	grpc_slice value[SIDECAR_RECEIPTS + 3]; /* owned: the metadata's values */
	size_t values;
};
void sidecar_receipts_done(struct sidecar_receipts *receipts); /* zeroed is fine */

/* Takes the recommender's own metadata named rankguard-... away: they are ours to give. */
void sidecar_receipt_strip(grpc_metadata_array *metadata);

/* Notes the last recorded response; its entries are durable. */
void sidecar_receipt_note(struct sidecar_receipts *receipts, const struct sidecar_governing *governing);

/* Makes the reply that of a rejected call: PERMISSION_DENIED, the rule's reason, ErrorInfo. */
void sidecar_receipt_reject(struct sidecar_receipts *receipts, const struct sidecar_governing *governing,
			    struct sidecar_reply *reply);

/* Adds what was noted to the trailing metadata, unless the option `receipts` is off. Once. */
void sidecar_receipt_write(struct sidecar_receipts *receipts, const struct sidecar_hop *hop,
			   const struct sidecar_policy *policy, grpc_metadata_array *trailing);

#endif
