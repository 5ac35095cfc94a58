/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/certificate.h"

#include "audit/key.h"
#include "proto/file.h"
#include "proto/time.h"
#include "rules/findings.h"
#include "sidecar/certificate_chain.h"
#include <openssl/crypto.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MIB = 1, KEY_BYTES = 32768 };

const struct sidecar_side_names sidecar_side_names[SIDECAR_SIDES] = {
	[SIDECAR_SIDE_LISTEN] = {"tls", "tls.cert", "tls.key", "tls.client_ca"},
	[SIDECAR_SIDE_UPSTREAM] = {"upstream_tls", "upstream_tls.cert", "upstream_tls.key",
				   "upstream_tls.ca"},
};

/* The paths of a side, as its names are. */
struct side_paths {
	const char *cert, *key, *authority;
};

static struct side_paths paths_of(const struct sidecar_config *config, enum sidecar_side side)
{
	if (side == SIDECAR_SIDE_LISTEN)
		return (struct side_paths){config->tls.cert, config->tls.key, config->tls.client_ca};
	return (struct side_paths){config->upstream_tls.cert, config->upstream_tls.key,
				   config->upstream_tls.ca};
}

size_t sidecar_side_paths(const struct sidecar_config *config, enum sidecar_side side,
			  const char *path[SIDECAR_SIDE_PATHS])
{
	struct side_paths paths = paths_of(config, side);
	const char *all[SIDECAR_SIDE_PATHS] = {paths.cert, paths.key, paths.authority};
	size_t count = 0;
	for (size_t i = 0; i < SIDECAR_SIDE_PATHS; i++)
		if (all[i])
			path[count++] = all[i];
	return count;
}

bool sidecar_side_secure(const struct sidecar_config *config, enum sidecar_side side)
{
	const char *path[SIDECAR_SIDE_PATHS];
	return sidecar_side_paths(config, side, path) > 0;
}

/* What all steps of one load share. */
struct load {
	const struct sidecar_config *config;
	struct rules_findings *findings;
	int64_t now_ns;
};

/* `tls.cert /path: what is wrong; what would be right` at the option's line. Always false for an error. */
static bool found(const struct load *load, bool error, const char *option, const char *path,
		  const struct err *err)
{
	rules_findings_add(load->findings, error, load->config->path,
			   sidecar_config_line(load->config, option), "%s %s: %s", option, path, err->text);
	return !error;
}

static bool end_text(struct buf *text, struct err *err)
{
	if (memchr(text->at ? text->at : "", '\0', text->len))
		return err_set(err, "holds a NUL byte; PEM is text");
	buf_add(text, "", 1);
	return !text->failed || err_set(err, "memory is short");
}

/* A certificate's file may be read by everybody; a key in it would be, too. */
static bool read_public(const struct load *load, const char *option, const char *path, struct buf *text)
{
	struct err err;
	bool good = file_read(path, "PEM file", FILE_MIB, text, &err) && end_text(text, &err);
	if (good && strstr(text->at, "PRIVATE KEY-----"))
		good = err_set(&err, "holds a private key; keep that in a file of its own, mode 0400");
	return good || found(load, true, option, path, &err);
}

static bool read_key(const struct load *load, const char *option, const char *path, struct buf *text)
{
	struct err err;
	if (audit_secret_read(path, KEY_BYTES, text, &err) && end_text(text, &err))
		return true;
	rules_findings_add(load->findings, true, load->config->path,
			   sidecar_config_line(load->config, option), "%s %s", option, err.text);
	return false;
}

enum sidecar_age sidecar_span_age(struct sidecar_span span, int64_t now_ns)
{
	if (!span.until_ns)
		return SIDECAR_FRESH;
	if (now_ns > span.until_ns)
		return SIDECAR_EXPIRED;
	return span.until_ns - now_ns < (span.until_ns - span.from_ns) / 5 ? SIDECAR_DUE : SIDECAR_FRESH;
}

static void warn_due(const struct load *load, const char *option, const char *path, struct sidecar_span span)
{
	struct err err;
	char text[TIME_TEXT_LEN + 1];
	if (sidecar_span_age(span, load->now_ns) != SIDECAR_DUE)
		return;
	time_format(span.until_ns, text);
	err_set(&err, "expires at %s; have it made anew", text);
	found(load, false, option, path, &err);
}

/* ---- own certificate ---- */

static bool check_own(const struct load *load, enum sidecar_side side, struct sidecar_certificate *made)
{
	const struct sidecar_side_names *names = &sidecar_side_names[side];
	struct side_paths paths = paths_of(load->config, side);
	struct err err;
	struct stack_st_X509 *chain = sidecar_chain_read(made->cert.at, &err);
	EVP_PKEY *key = NULL;
	bool good = chain && sidecar_chain_links(chain, &err) &&
		    sidecar_chain_serves(chain, side == SIDECAR_SIDE_LISTEN, &err) &&
		    sidecar_chain_in_time(chain, load->now_ns, &err);
	if (!good)
		found(load, true, names->cert, paths.cert, &err);
	/* Also beside a wrong certificate, so that one run tells everything. */
	if (!(key = sidecar_chain_key(made->key.at, &err)))
		good = found(load, true, names->key, paths.key, &err);
	if (good && !(sidecar_chain_matches(chain, key, &err) && sidecar_chain_accepted(chain, key, &err)))
		good = found(load, true, names->key, paths.key, &err);
	if (good) {
		sidecar_chain_span(chain, &made->own.from_ns, &made->own.until_ns);
		warn_due(load, names->cert, paths.cert, made->own);
		sidecar_chain_fingerprint(chain, made->fingerprint);
	}
	EVP_PKEY_free(key);
	sidecar_chain_free(chain);
	return good;
}

/* ---- authorities ---- */

static bool check_authorities(const struct load *load, enum sidecar_side side,
			      struct sidecar_certificate *made)
{
	const char *option = sidecar_side_names[side].authority,
		   *path = paths_of(load->config, side).authority;
	struct err err;
	struct stack_st_X509 *all = sidecar_chain_read(made->authority.at, &err);
	size_t over = 0;
	bool good = all && sidecar_chain_some_in_time(all, load->now_ns, &over, &err);
	if (!good) {
		found(load, true, option, path, &err);
	} else {
		sidecar_chain_last(all, &made->authorities.from_ns, &made->authorities.until_ns);
		warn_due(load, option, path, made->authorities);
		if (over) { /* as it is while one authority follows another */
			err_set(&err,
				"%zu of its %d certificates cannot be used at this time; leave them out",
				over, sk_X509_num(all));
			found(load, false, option, path, &err);
		}
	}
	sidecar_chain_free(all);
	return good;
}

/* ---- life ---- */

static bool read_files(const struct load *load, enum sidecar_side side, struct sidecar_certificate *made)
{
	const struct sidecar_side_names *names = &sidecar_side_names[side];
	struct side_paths paths = paths_of(load->config, side);
	bool cert = !paths.cert || read_public(load, names->cert, paths.cert, &made->cert);
	bool key = !paths.key || read_key(load, names->key, paths.key, &made->key);
	bool authority =
		!paths.authority || read_public(load, names->authority, paths.authority, &made->authority);
	return cert && key && authority;
}

static bool check(const struct load *load, enum sidecar_side side, struct sidecar_certificate *made)
{
	bool own = !made->cert.len || check_own(load, side, made);
	bool authorities = !made->authority.len || check_authorities(load, side, made);
	return own && authorities;
}

struct sidecar_certificate *sidecar_certificate_load(const struct sidecar_config *config,
						     enum sidecar_side side,
						     struct sidecar_certificate *before, int64_t now_ns,
						     struct rules_findings *findings)
{
	struct load load = {.config = config, .findings = findings, .now_ns = now_ns};
	struct sidecar_certificate *made = calloc(1, sizeof *made), *result = NULL;
	if (!made) {
		rules_findings_fail(findings, config->path, "memory is short");
		return NULL;
	}
	atomic_init(&made->holders, 1);
	if (!read_files(&load, side, made))
		result = NULL;
	else if (before && sidecar_certificate_equal(before, made))
		result = sidecar_certificate_hold(before);
	else if (check(&load, side, made))
		result = sidecar_certificate_hold(made);
	sidecar_certificate_drop(made);
	return result;
}

struct sidecar_certificate *sidecar_certificate_hold(struct sidecar_certificate *certificate)
{
	atomic_fetch_add_explicit(&certificate->holders, 1, memory_order_relaxed);
	return certificate;
}

void sidecar_certificate_drop(struct sidecar_certificate *certificate)
{
	if (!certificate || atomic_fetch_sub_explicit(&certificate->holders, 1, memory_order_acq_rel) != 1)
		return;
	buf_done(&certificate->cert);
	buf_done(&certificate->authority);
	audit_secret_done(&certificate->key);
	free(certificate);
}

bool sidecar_certificate_equal(const struct sidecar_certificate *a, const struct sidecar_certificate *b)
{
	return bytes_equal(buf_bytes(&a->cert), buf_bytes(&b->cert)) &&
	       bytes_equal(buf_bytes(&a->key), buf_bytes(&b->key)) &&
	       bytes_equal(buf_bytes(&a->authority), buf_bytes(&b->authority));
}
