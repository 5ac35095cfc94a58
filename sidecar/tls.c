/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/tls.h"

#include "proto/time.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

enum { OWN, AUTHORITIES, SPANS };

struct tls_side {
	struct sidecar_certificate *now; /* held; NULL: plain text */
	uint64_t generation;		 /* 0 before the first */
	int64_t since_ns;
	bool refused;
	enum sidecar_age told[SPANS];
};

struct sidecar_tls {
	const struct sidecar_config *config;
	struct sidecar_talk *talk;
	pthread_mutex_t lock; /* of all below */
	struct tls_side side[SIDECAR_SIDES];
};

static struct sidecar_span span_of(const struct sidecar_certificate *certificate, size_t which)
{
	return which == OWN ? certificate->own : certificate->authorities;
}

static const char *option_of(size_t side, size_t which)
{
	return which == OWN ? sidecar_side_names[side].cert : sidecar_side_names[side].authority;
}

struct sidecar_tls *sidecar_tls_new(const struct sidecar_config *config, struct sidecar_talk *talk)
{
	struct sidecar_tls *tls = calloc(1, sizeof *tls);
	if (!tls)
		return NULL;
	tls->config = config;
	tls->talk = talk;
	pthread_mutex_init(&tls->lock, NULL);
	return tls;
}

void sidecar_tls_free(struct sidecar_tls *tls)
{
	if (!tls)
		return;
	for (size_t i = 0; i < SIDECAR_SIDES; i++)
		sidecar_certificate_drop(tls->side[i].now);
	pthread_mutex_destroy(&tls->lock);
	free(tls);
}

/* ---- exchange ---- */

bool sidecar_tls_put(struct sidecar_tls *tls, enum sidecar_side side, struct sidecar_certificate *certificate,
		     int64_t now_ns)
{
	struct tls_side *at = &tls->side[side];
	struct sidecar_certificate *over = certificate;
	pthread_mutex_lock(&tls->lock);
	bool changed = !at->now || !sidecar_certificate_equal(at->now, certificate);
	if (changed) {
		over = at->now;
		at->now = certificate;
		at->generation++;
		at->since_ns = now_ns;
		for (size_t i = 0; i < SPANS; i++) /* loading has said so */
			at->told[i] = sidecar_span_age(span_of(certificate, i), now_ns);
	}
	pthread_mutex_unlock(&tls->lock);
	sidecar_certificate_drop(over);
	return changed;
}

struct sidecar_certificate *sidecar_tls_hold(struct sidecar_tls *tls, enum sidecar_side side,
					     uint64_t *generation)
{
	pthread_mutex_lock(&tls->lock);
	struct sidecar_certificate *now = tls->side[side].now;
	if (now)
		sidecar_certificate_hold(now);
	*generation = tls->side[side].generation;
	pthread_mutex_unlock(&tls->lock);
	return now;
}

uint64_t sidecar_tls_generation(struct sidecar_tls *tls, enum sidecar_side side)
{
	pthread_mutex_lock(&tls->lock);
	uint64_t generation = tls->side[side].generation;
	pthread_mutex_unlock(&tls->lock);
	return generation;
}

void sidecar_tls_refused(struct sidecar_tls *tls, enum sidecar_side side, bool refused)
{
	pthread_mutex_lock(&tls->lock);
	tls->side[side].refused = refused;
	pthread_mutex_unlock(&tls->lock);
}

/* ---- time ---- */

void sidecar_tls_look(struct sidecar_tls *tls, int64_t now_ns)
{
	pthread_mutex_lock(&tls->lock);
	for (size_t i = 0; i < SIDECAR_SIDES * SPANS; i++) {
		struct tls_side *at = &tls->side[i / SPANS];
		const char *option = option_of(i / SPANS, i % SPANS);
		char when[TIME_TEXT_LEN + 1];
		if (!at->now)
			continue;
		struct sidecar_span span = span_of(at->now, i % SPANS);
		enum sidecar_age age = sidecar_span_age(span, now_ns);
		if (age == at->told[i % SPANS])
			continue;
		at->told[i % SPANS] = age;
		time_format(span.until_ns, when);
		if (age == SIDECAR_EXPIRED)
			sidecar_say(tls->talk, SIDECAR_ERROR, "certificate",
				    "%s has expired at %s; no new connection can be made with it", option,
				    when);
		else if (age == SIDECAR_DUE)
			sidecar_say(tls->talk, SIDECAR_WARN, "certificate",
				    "%s expires at %s; have it made anew", option, when);
	}
	pthread_mutex_unlock(&tls->lock);
}

/* Of the listener alone: a recommender that cannot be reached tells itself, and until then connections stand. */
void sidecar_tls_reasons(struct sidecar_tls *tls, int64_t now_ns, struct buf *out)
{
	const struct tls_side *at = &tls->side[SIDECAR_SIDE_LISTEN];
	pthread_mutex_lock(&tls->lock);
	for (size_t i = 0; at->now && i < SPANS; i++) {
		char when[TIME_TEXT_LEN + 1];
		struct sidecar_span span = span_of(at->now, i);
		if (sidecar_span_age(span, now_ns) != SIDECAR_EXPIRED)
			continue;
		time_format(span.until_ns, when);
		buf_printf(out, "%s has expired at %s\n", option_of(SIDECAR_SIDE_LISTEN, i), when);
	}
	pthread_mutex_unlock(&tls->lock);
}

/* ---- telling ---- */

static void render_family(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void render_expiry(const struct sidecar_tls *tls, struct buf *out)
{
	const char *name = "rankguard_certificate_expiration_timestamp_seconds";
	render_family(out, name, "gauge",
		      "When the certificate in force expires (of authorities the last one), in seconds since "
		      "1970.");
	for (size_t i = 0; i < SIDECAR_SIDES * SPANS; i++) {
		const struct tls_side *at = &tls->side[i / SPANS];
		struct sidecar_span span = at->now ? span_of(at->now, i % SPANS) : (struct sidecar_span){0};
		if (span.until_ns)
			buf_printf(out, "%s{certificate=\"%s\"} %" PRId64 "\n", name,
				   option_of(i / SPANS, i % SPANS), span.until_ns / TIME_SECOND);
	}
}

static void render_exchanges(const struct sidecar_tls *tls, struct buf *out)
{
	const char *name = "rankguard_certificate_exchanges_total";
	render_family(out, name, "counter",
		      "How often other certificates came into force, the first time included.");
	for (size_t i = 0; i < SIDECAR_SIDES; i++)
		if (tls->side[i].now)
			buf_printf(out, "%s{side=\"%s\"} %" PRIu64 "\n", name, sidecar_side_names[i].group,
				   tls->side[i].generation);
}

static void render_refused(const struct sidecar_tls *tls, struct buf *out)
{
	const char *name = "rankguard_certificate_reload_failed";
	render_family(out, name, "gauge",
		      "1 when the last new certificates were refused and older ones stay in force.");
	for (size_t i = 0; i < SIDECAR_SIDES; i++)
		if (tls->side[i].now)
			buf_printf(out, "%s{side=\"%s\"} %d\n", name, sidecar_side_names[i].group,
				   (int)tls->side[i].refused);
}

void sidecar_tls_render(struct sidecar_tls *tls, struct buf *out)
{
	pthread_mutex_lock(&tls->lock);
	if (tls->side[SIDECAR_SIDE_LISTEN].now || tls->side[SIDECAR_SIDE_UPSTREAM].now) {
		render_expiry(tls, out);
		render_exchanges(tls, out);
		render_refused(tls, out);
	}
	pthread_mutex_unlock(&tls->lock);
}

static void status_time(struct buf *out, const char *key, int64_t time_ns)
{
	char text[TIME_TEXT_LEN + 1];
	if (!time_ns)
		return;
	time_format(time_ns, text);
	json_key(out, key);
	json_text(out, text);
}

static void status_side(const struct tls_side *at, const char *group, struct buf *out)
{
	json_open(out, '{');
	json_key(out, "side");
	json_text(out, group);
	if (at->now->own.until_ns) {
		json_key(out, "sha256");
		json_text(out, at->now->fingerprint);
	}
	status_time(out, "from", at->now->own.from_ns);
	status_time(out, "until", at->now->own.until_ns);
	status_time(out, "authorities_until", at->now->authorities.until_ns);
	status_time(out, "since", at->since_ns);
	json_key(out, "reload_failed");
	json_bool(out, at->refused);
	json_close(out, '}');
}

void sidecar_tls_status(struct sidecar_tls *tls, struct buf *out)
{
	json_key(out, "certificates");
	json_open(out, '[');
	pthread_mutex_lock(&tls->lock);
	for (size_t i = 0; i < SIDECAR_SIDES; i++)
		if (tls->side[i].now)
			status_side(&tls->side[i], sidecar_side_names[i].group, out);
	pthread_mutex_unlock(&tls->lock);
	json_close(out, ']');
}
