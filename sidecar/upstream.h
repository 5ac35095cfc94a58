/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker's connection to the recommender.
 *
 * With TLS the credentials of a channel cannot be changed, so other certificates mean another channel. It connects
 * beside the one in use; calls go over it from when it stands, or at once when the old one does not. The old one
 * ends with its last call: no call is lost.
 *
 * Thread: the main one makes, looks, renews and ends; the worker's begins calls; routes are dropped by any.
 */
#ifndef SIDECAR_UPSTREAM_H
#define SIDECAR_UPSTREAM_H

#include "sidecar/tls.h"
#include <grpc/grpc.h>
#include <pthread.h>

/* A channel, counted: the upstream holds it while it is in use, and each call that was begun on it. */
struct sidecar_route {
	atomic_int holders;
	grpc_channel *channel;
};

struct sidecar_upstream {
	const struct sidecar_config *config;
	struct sidecar_tls *tls;
	pthread_mutex_t lock;	    /* of `now` against the worker's thread; the main one alone changes it */
	struct sidecar_route *now;  /* calls go over this one */
	struct sidecar_route *next; /* connects with newer certificates; NULL: none does */
	uint64_t generation;	    /* of the newest certificates that a channel was made with */
};

/* Zeroed is fine for done. Keeps config and tls. Begins to connect with the first look. */
MUST_USE bool sidecar_upstream_init(struct sidecar_upstream *upstream, const struct sidecar_config *config,
				    struct sidecar_tls *tls, struct err *err);
void sidecar_upstream_done(struct sidecar_upstream *upstream);

/* True when the recommender answers; asks for a connection when there is none. */
bool sidecar_upstream_ready(struct sidecar_upstream *upstream);

/* Follows the certificates in force. True: a newer connection is being made, so ask again soon. */
bool sidecar_upstream_renew(struct sidecar_upstream *upstream);

/* The route for one call, held for the caller. */
struct sidecar_route *sidecar_upstream_hold(struct sidecar_upstream *upstream);
void sidecar_route_drop(struct sidecar_route *route); /* NULL is fine */

#endif
