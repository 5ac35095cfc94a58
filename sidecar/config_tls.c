/* SPDX-License-Identifier: Apache-2.0
 *
 * What the groups `tls` and `upstream_tls` need: certificate and key together, a socket that they are of use to,
 * a name that a certificate can state. The files themselves are checked by sidecar/certificate.h.
 */
#include "sidecar/config_load.h"

#include <sys/socket.h>

/* A group that says TLS and leaves out what it takes must not end in plain text. */
static const struct {
	const char *group, *needs;
	const char *why; /* the option whose presence asks for it; NULL: the group's */
} needs[] = {
	{"tls", "tls.cert", NULL},
	{"tls", "tls.key", NULL},
	{"upstream_tls", "upstream_tls.ca", NULL},
	{"upstream_tls", "upstream_tls.cert", "upstream_tls.key"},
	{"upstream_tls", "upstream_tls.key", "upstream_tls.cert"},
};

static unsigned line_of(const struct config_load *load, const char *name)
{
	return sidecar_config_line(load->config, name);
}

static void check_whole(struct config_load *load, const config_t *settings)
{
	for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
		const config_setting_t *group = config_lookup(settings, needs[i].group);
		const struct config_option *option = sidecar_config_find(needs[i].needs);
		if (!group || !config_setting_is_group(group) || line_of(load, option->name) ||
		    (needs[i].why && !line_of(load, needs[i].why)))
			continue;
		unsigned line =
			needs[i].why ? line_of(load, needs[i].why) : config_setting_source_line(group);
		sidecar_config_wrong(load, line, needs[i].why ? needs[i].why : needs[i].group,
				     "needs %s (%s); write %s = %s;", option->name, option->help,
				     option->name + strlen(needs[i].group) + 1, option->example);
	}
}

static bool is_unix(const char *address)
{
	return strncmp(address, "unix:", 5) == 0;
}

static bool all_unix(const struct sidecar_config *config)
{
	size_t count = 0;
	while (count < config->listen_count && is_unix(config->listen[count]))
		count++;
	return count == config->listen_count;
}

static void check_use(struct config_load *load)
{
	const struct sidecar_config *config = load->config;
	if (config->tls.cert && config->listen_count && all_unix(config))
		sidecar_config_wrong(
			load, line_of(load, "tls.cert"), "tls",
			"is of no use: listen has only Unix sockets, which stay plain; add a TCP "
			"address, or leave it out");
	if (config->tls.cert && config->allow_plaintext)
		sidecar_config_wrong(
			load, line_of(load, "allow_plaintext"), "allow_plaintext",
			"is of no use with tls: no TCP address of listen is in plain text; leave it "
			"out");
	if (config->upstream_tls.ca && config->upstream && is_unix(config->upstream))
		sidecar_config_wrong(
			load, line_of(load, "upstream_tls.ca"), "upstream_tls",
			"is of no use: \"%s\" is a Unix socket; name a TCP address, or leave it out",
			config->upstream);
}

/* Not refused: a network may let nobody but the application in. */
static void warn_open(struct config_load *load)
{
	const struct sidecar_config *config = load->config;
	struct sockaddr_storage at;
	unsigned len;
	bool loopback;
	for (size_t i = 0; config->tls.cert && !config->tls.client_ca && i < config->listen_count; i++)
		if (sidecar_config_address(config->listen[i], &at, &len, &loopback, NULL) && !loopback)
			rules_findings_add(load->findings, false, load->path, line_of(load, "tls.cert"),
					   "tls: whoever reaches \"%s\" may call; set tls.client_ca, so that "
					   "applications must show a certificate",
					   config->listen[i]);
}

/* DNS names (RFC 1123) and IP addresses, as they stand in subjectAltName. */
static void check_server_name(struct config_load *load)
{
	const char *name = load->config->upstream_tls.server_name;
	const char *good = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:_";
	if (name && (strlen(name) > 253 || strspn(name, good) != strlen(name)))
		sidecar_config_wrong(
			load, line_of(load, "upstream_tls.server_name"), "upstream_tls.server_name",
			"\"%s\" cannot stand in a certificate; write a DNS name or an IP address, such "
			"as \"reco.example.org\"",
			name);
}

void sidecar_config_check_tls(struct config_load *load, const config_t *settings)
{
	check_whole(load, settings);
	check_use(load);
	warn_open(load);
	check_server_name(load);
}
