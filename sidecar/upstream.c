/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/upstream.h"

#include <grpc/grpc_security.h>
#include <stdlib.h>

/* What the core calls the least time between two attempts is the time that one may take. On a busy machine 100 ms
 * were too short for a plain connection, and for a handshake of TLS. */
enum { CONNECT_MS = 2000 };

/* ---- credentials ---- */

/* grpc_tls credentials, because those of grpc_ssl compare each call's :authority with the certificate: the
 * application's goes on to the recommender as it is, and names whom the application called. The recommender's
 * name is checked once for the connection. */
static grpc_channel_credentials *secure_credentials(const struct sidecar_certificate *certificate)
{
	grpc_tls_credentials_options *options = grpc_tls_credentials_options_create();
	grpc_tls_identity_pairs *pairs = NULL;
	if (certificate->cert.len) {
		pairs = grpc_tls_identity_pairs_create();
		grpc_tls_identity_pairs_add_pair(pairs, certificate->key.at, certificate->cert.at);
		grpc_tls_credentials_options_watch_identity_key_cert_pairs(options);
	}
	grpc_tls_certificate_provider *provider =
		grpc_tls_certificate_provider_static_data_create(certificate->authority.at, pairs);
	grpc_tls_credentials_options_set_certificate_provider(options, provider);
	grpc_tls_certificate_provider_release(provider);
	grpc_tls_credentials_options_watch_root_certs(options);
	grpc_tls_credentials_options_set_check_call_host(options, 0);
	return grpc_tls_credentials_create(options);
}

/* ---- channels ---- */

static grpc_arg integer(const char *key, int value)
{
	return (grpc_arg){.type = GRPC_ARG_INTEGER, .key = (char *)key, .value.integer = value};
}

/* Why each stands here: notes on Debian's C core, channel arguments. */
static grpc_channel *channel_new(const struct sidecar_config *config, grpc_channel_credentials *credentials)
{
	grpc_arg list[] = {
		integer(GRPC_ARG_ENABLE_RETRIES, 0),		/* retries belong to the application */
		integer(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1), /* a connection per worker */
		integer(GRPC_ARG_ENABLE_CHANNELZ, 0),
		integer(GRPC_ARG_MAX_CHANNEL_TRACE_EVENT_MEMORY_PER_NODE, 0),
		integer(GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0), /* sidecar/peer.h */
		integer(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0),
		integer(GRPC_ARG_ENABLE_HTTP_PROXY, 0), /* never follow http_proxy of the environment */
		integer(GRPC_ARG_DNS_ENABLE_SRV_QUERIES, 0),
		integer(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1),
		integer(GRPC_ARG_CLIENT_IDLE_TIMEOUT_MS,
			INT32_MAX), /* no reconnect after a quiet half hour */
		integer(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100),
		integer(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, CONNECT_MS),
		integer(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000),
		integer(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, (int)config->limits.message),
		integer(GRPC_ARG_MAX_METADATA_SIZE, 64 * 1024), /* rich error details are large */
		{.type = GRPC_ARG_STRING,
		 .key = (char *)GRPC_SSL_TARGET_NAME_OVERRIDE_ARG,
		 .value.string = config->upstream_tls.server_name},
	};
	size_t count = sizeof list / sizeof *list - !config->upstream_tls.server_name;
	return grpc_channel_create(config->upstream, credentials,
				   &(grpc_channel_args){.num_args = count, .args = list});
}

static struct sidecar_route *route_new(struct sidecar_upstream *upstream)
{
	struct sidecar_route *route = calloc(1, sizeof *route);
	if (!route)
		return NULL;
	struct sidecar_certificate *certificate =
		sidecar_tls_hold(upstream->tls, SIDECAR_SIDE_UPSTREAM, &upstream->generation);
	grpc_channel_credentials *credentials =
		certificate ? secure_credentials(certificate) : grpc_insecure_credentials_create();
	atomic_init(&route->holders, 1);
	route->channel = channel_new(upstream->config, credentials);
	grpc_channel_credentials_release(credentials);
	sidecar_certificate_drop(certificate);
	return route;
}

void sidecar_route_drop(struct sidecar_route *route)
{
	if (!route || atomic_fetch_sub_explicit(&route->holders, 1, memory_order_acq_rel) != 1)
		return;
	grpc_channel_destroy(route->channel);
	free(route);
}

static bool stands(const struct sidecar_route *route)
{
	return grpc_channel_check_connectivity_state(route->channel, 1) == GRPC_CHANNEL_READY;
}

/* ---- the worker's ---- */

bool sidecar_upstream_init(struct sidecar_upstream *upstream, const struct sidecar_config *config,
			   struct sidecar_tls *tls, struct err *err)
{
	*upstream = (struct sidecar_upstream){.config = config, .tls = tls};
	pthread_mutex_init(&upstream->lock, NULL);
	upstream->now = route_new(upstream);
	return upstream->now || err_set(err, "upstream %s: memory is short", config->upstream);
}

void sidecar_upstream_done(struct sidecar_upstream *upstream)
{
	if (!upstream->config)
		return;
	sidecar_route_drop(upstream->now);
	sidecar_route_drop(upstream->next);
	pthread_mutex_destroy(&upstream->lock);
	*upstream = (struct sidecar_upstream){0};
}

bool sidecar_upstream_ready(struct sidecar_upstream *upstream)
{
	return stands(upstream->now);
}

static void exchange(struct sidecar_upstream *upstream)
{
	struct sidecar_route *before = upstream->now;
	pthread_mutex_lock(&upstream->lock);
	upstream->now = upstream->next;
	pthread_mutex_unlock(&upstream->lock);
	upstream->next = NULL;
	sidecar_route_drop(before);
}

bool sidecar_upstream_renew(struct sidecar_upstream *upstream)
{
	if (sidecar_tls_generation(upstream->tls, SIDECAR_SIDE_UPSTREAM) != upstream->generation) {
		sidecar_route_drop(upstream->next);
		upstream->next =
			route_new(upstream); /* when memory is short: tried again, as nothing was noted */
	}
	if (upstream->next && (stands(upstream->next) || !stands(upstream->now)))
		exchange(upstream);
	return upstream->next != NULL;
}

/* A count alone would not do: between reading the pointer and counting, the route could go. */
struct sidecar_route *sidecar_upstream_hold(struct sidecar_upstream *upstream)
{
	pthread_mutex_lock(&upstream->lock);
	struct sidecar_route *route = upstream->now;
	atomic_fetch_add_explicit(&route->holders, 1, memory_order_relaxed);
	pthread_mutex_unlock(&upstream->lock);
	return route;
}
