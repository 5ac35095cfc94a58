/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses as the configuration spells them. Names are not resolved: what a name means may change between
 * the check and the use, and whether it is loopback could not be said.
 */
#include "sidecar/config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

static bool unix_address(const char *text, struct sockaddr_storage *address, unsigned *len, struct err *err)
{
	const char *path = text + strlen("unix:");
	struct sockaddr_un *un = (struct sockaddr_un *)address;
	size_t path_len = strlen(path);
	if (path_len == 0)
		return err_set(err, "\"%s\" names no socket; write \"unix:/run/rankguard/app.sock\"", text);
	if (path_len >= sizeof un->sun_path)
		return err_set(err, "\"%s\" is too long for a Unix socket; at most %zu bytes of path", text,
			       sizeof un->sun_path - 1);
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, path_len + 1);
	*len = (unsigned)(offsetof(struct sockaddr_un, sun_path) + path_len + 1);
	return true;
}

/* 1 to 5 digits, at most 65535. */
static bool port_number(const char *text, in_port_t *port)
{
	size_t len = strlen(text);
	if (len == 0 || len > 5 || strspn(text, "0123456789") != len)
		return false;
	long value = strtol(text, NULL, 10);
	*port = htons((uint16_t)value);
	return value <= 65535;
}

/* "127.0.0.1:50050" or "[::1]:50050" */
static bool inet_address(const char *text, struct sockaddr_storage *address, unsigned *len)
{
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN];
	bool six = text[0] == '[';
	if (!colon || (six && (colon == text || colon[-1] != ']')))
		return false;
	const char *from = text + six;
	size_t host_len = (size_t)(colon - from) - six;
	in_port_t port;
	if (host_len >= sizeof host || !port_number(colon + 1, &port))
		return false;
	memcpy(host, from, host_len);
	host[host_len] = '\0';
	if (six) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;
		*in6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = port};
		*len = sizeof *in6;
		return inet_pton(AF_INET6, host, &in6->sin6_addr) == 1;
	}
	struct sockaddr_in *in = (struct sockaddr_in *)address;
	*in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = port};
	*len = sizeof *in;
	return inet_pton(AF_INET, host, &in->sin_addr) == 1;
}

static bool is_loopback(const struct sockaddr_storage *address)
{
	if (address->ss_family == AF_UNIX)
		return true;
	if (address->ss_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == 127;
	const struct in6_addr *six = &((const struct sockaddr_in6 *)address)->sin6_addr;
	return IN6_IS_ADDR_LOOPBACK(six) || (IN6_IS_ADDR_V4MAPPED(six) && six->s6_addr[12] == 127);
}

bool sidecar_config_address(const char *text, struct sockaddr_storage *address, unsigned *len, bool *loopback,
			    struct err *err)
{
	struct sockaddr_storage found = {0};
	unsigned found_len = 0;
	if (strncmp(text, "unix:", 5) == 0) {
		if (!unix_address(text, &found, &found_len, err))
			return false;
	} else if (!inet_address(text, &found, &found_len)) {
		return err_set(err,
			       "\"%s\" is not an address; write \"unix:/path\", \"127.0.0.1:50050\" or "
			       "\"[::1]:50050\" (numbers, no host names)",
			       text);
	}
	*address = found;
	*len = found_len;
	*loopback = is_loopback(&found);
	return true;
}
