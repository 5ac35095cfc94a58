/* SPDX-License-Identifier: Apache-2.0
 *
 * The sidecar's configuration: one libconfig file, read once and checked completely before anything of it
 * is used. One option table drives the loader, `check`, "did you mean" and the text that the log's `open`
 * entry keeps. An unknown key is an error with file:line.
 *
 * A text value may be `env:NAME` (unset is an error) or `file:PATH` (first line of the file). Durations and
 * sizes are texts with a unit: "5s", "16MiB". Relative paths are relative to the configuration file.
 */
#ifndef SIDECAR_CONFIG_H
#define SIDECAR_CONFIG_H

#include "audit/log.h"
#include "proto/view.h"
#include "rules/ruleset.h"
#include "sidecar/sandbox.h"

enum sidecar_on_undecodable { SIDECAR_UNDECODABLE_CLOSED, SIDECAR_UNDECODABLE_PASS };
enum sidecar_record { SIDECAR_RECORD_CHANGES, SIDECAR_RECORD_FULL };
enum sidecar_wanted { SIDECAR_ENFORCE = 1, SIDECAR_OBSERVE };
enum sidecar_on_history { SIDECAR_HISTORY_SUPPRESS, SIDECAR_HISTORY_CLOSED, SIDECAR_HISTORY_PASS };

/* What a call is allowed. */
struct sidecar_limits {
	int in_flight, connections;
	size_t message;		   /* bytes */
	struct proto_limits facts; /* items, prompts */
	size_t metadata;	   /* bytes */
};

/* In which direction it fails. */
struct sidecar_directions {
	enum sidecar_on_undecodable undecodable;
	enum sidecar_on_history history;
};

struct sidecar_texts {
	char **at;
	size_t count;
};

/* All texts are owned by the configuration; NULL where an optional value is not given. */
struct sidecar_config {
	char *path; /* of the file */

	char **listen; /* "unix:/path", "127.0.0.1:50050", "[::1]:50050"; at least one */
	size_t listen_count;
	bool allow_plaintext; /* a listen address that is not loopback is refused without it */
	char *upstream;	      /* same forms */
	int workers;	      /* threads, one completion queue each: 1..64, default 2 */
	char *rules;	      /* file or directory */
	/* The schema, or the canonical API; NULL after somebody took it. */
	struct proto_mapping *mapping;
	bool own_schema; /* the section is given */
	struct sidecar_switch {
		enum sidecar_wanted wanted; /* observe: no rule is enforced until then */
		int64_t until_ns;	    /* observe: not checked against any clock yet; enforce: 0 */
		char *by;		    /* observe: who answers for it; enforce: NULL */
		unsigned until_line;
	} mode;
	enum sidecar_sandbox sandbox;
	bool receipts; /* callers are told in trailing metadata what was recorded */

	struct {
		char *cert, *key; /* both, or neither: plain text */
		char *client_ca;
	} tls; /* of the TCP addresses of listen; Unix sockets stay plain */

	struct {
		char *ca;	  /* NULL: plain text, and all others too */
		char *cert, *key; /* both, or neither */
		char *server_name;
	} upstream_tls;

	struct {
		char *pod, *namespace, *uid, *node;
	} identity; /* uid default: the host name */

	struct {
		char *backend;	 /* "memory": rebuilt from the log at each start; "embedded": lasts */
		char *directory; /* of the embedded backend, and only there */
	} history;

	struct {
		char *directory, *origin, *key, *subject_key;
		enum audit_durability durability;
		enum sidecar_record record;
		struct sidecar_texts attributes; /* names of those that entries show */
		int64_t publish_ns;
		int64_t seal_ns;   /* 0: never */
		int seal_entries;  /* 0: not for that */
		int64_t retain_ns; /* 0: forever */
	} audit;

	struct sidecar_limits limits;
	struct sidecar_directions failure;

	struct {
		int64_t delay_ns, grace_ns;
	} drain;

	struct {
		char *http;    /* "127.0.0.1:9901"; NULL: no admin listener */
		char *control; /* "unix:/run/rankguard/control.sock"; NULL: no control socket */
	} admin;

	unsigned *line; /* where each option stands, in table order; 0: not given */
};

/* Reads and checks one file. All findings, not only the first, go to `findings` as
 * `file:line: what is wrong; what would be right`. Returns owned, NULL when there is an error. */
MUST_USE struct sidecar_config *sidecar_config_load(const char *path, struct rules_findings *findings);

void sidecar_config_free(struct sidecar_config *config); /* NULL is fine */

/* The line of an option, which must be one of the table; 0: not given. */
unsigned sidecar_config_line(const struct sidecar_config *config, const char *name);

/* The options in force as text for the log: `name = value` a line, in table order, without secrets (key
 * paths are named, keys are not); all of them, or a part. Heap text, the caller frees; NULL when memory is short. The
 * mapping must not have been taken, except for SIDECAR_OPTIONS_FIXED. */
enum sidecar_options {
	SIDECAR_OPTIONS_ALL,
	SIDECAR_OPTIONS_FIXED,	    /* until a restart */
	SIDECAR_OPTIONS_RELOADABLE, /* those that a reload may change */
};
MUST_USE char *sidecar_config_describe(const struct sidecar_config *config, enum sidecar_options part);

/* What a reload cannot change and `after` changes all the same: one finding each, at its line. False when there
 * are any. */
MUST_USE bool sidecar_config_reloadable(const struct sidecar_config *before,
					const struct sidecar_config *after, struct rules_findings *findings);

/* "unix:/path" or "host:port" into a socket address. Loopback tells whether it stays on this machine. */
struct sockaddr_storage;
MUST_USE bool sidecar_config_address(const char *text, struct sockaddr_storage *address, unsigned *len,
				     bool *loopback, struct err *err);

#endif
