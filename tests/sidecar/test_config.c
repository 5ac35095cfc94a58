/* SPDX-License-Identifier: Apache-2.0
 *
 * The configuration: every finding whole, values and defaults, what the log is told. Files are written into
 * a folder of their own that is the working directory, so that paths in findings are short.
 */
#include "sidecar/config.h"

#include "proto/buf.h"
#include "proto/time.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/rankguard-config-XXXXXX";

static void write_file(const char *path, struct bytes text)
{
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(text.at, 1, text.len, file), text.len);
	assert_int_equal(fclose(file), 0);
}

static struct sidecar_config *load(struct bytes text, struct rules_findings *findings)
{
	write_file("a.cfg", text);
	return sidecar_config_load("a.cfg", findings);
}

/* All findings, one a line. Returns owned. */
static char *join(const struct rules_findings *findings)
{
	struct buf out = {0};
	for (size_t i = 0; i < findings->count; i++)
		buf_printf(&out, "%s%s", i ? "\n" : "", findings->finding[i].text);
	buf_add(&out, "", 1);
	return out.at;
}

#define LISTEN	 "listen = [ \"unix:app.sock\" ];"
#define UPSTREAM "upstream = \"unix:reco.sock\";"
#define RULES	 "rules = \"rules.d\";"
#define HOP	 LISTEN " " UPSTREAM " " RULES
#define AUDIT	 "audit: { directory = \"log\"; origin = \"example.org/reco\"; };"
/* Everything that must be there, on line 1. */
#define WHOLE HOP " " AUDIT "\n"
/* The same on TCP. */
#define TCP		"listen = [ \"127.0.0.1:50050\" ]; upstream = \"127.0.0.1:50051\"; " RULES " " AUDIT "\n"
#define AUDIT_WITH(key) HOP "\naudit: { directory = \"log\"; origin = \"example.org/reco\";\n" key " };\n"

#define PATH_27	 "/abcdefghijklmnopqrstuvwxyz"
#define PATH_108 PATH_27 PATH_27 PATH_27 PATH_27

#define END		   "\"2026-12-01T00:00:00Z\""
#define OBSERVE(until, by) WHOLE "mode = \"observe\";\nobserve_until = " until ";\nobserve_by = " by ";\n"

struct row {
	const char *name;
	const char *text;
	const char *findings;
};

static const struct row rows[] = {
	{"unknown key with a near one", WHOLE "wrkers = 3;\n",
	 "a.cfg:2: unknown key \"wrkers\"; did you mean \"workers\"?"},
	{"unknown key in a group", WHOLE "drain: { graze = \"5s\"; };\n",
	 "a.cfg:2: unknown key \"drain.graze\"; did you mean \"grace\"?"},
	{"unknown group", WHOLE "adit: { };\n", "a.cfg:2: unknown key \"adit\"; did you mean \"audit\"?"},
	{"key in the wrong place", WHOLE "origin = \"x\";\n",
	 "a.cfg:2: unknown key \"origin\"; did you mean \"audit.origin\"?"},
	{"key of the top in a group", WHOLE "limits: { workers = 3; };\n",
	 "a.cfg:2: unknown key \"limits.workers\"; did you mean \"workers\"?"},
	{"unknown key like nothing", WHOLE "colour = \"blue\";\n",
	 "a.cfg:2: unknown key \"colour\"; remove it"},
	{"all findings, in order of lines", WHOLE "workers = 0;\nfoo = 1;\nlimits: { message = \"big\"; };\n",
	 "a.cfg:2: workers: 0 is out of range; write 1 to 64\n"
	 "a.cfg:3: unknown key \"foo\"; remove it\n"
	 "a.cfg:4: limits.message: \"big\" is not a size; write a whole number and B, KiB, MiB or GiB, as in "
	 "16MiB"},

	{"everything is missing", "",
	 "a.cfg: listen: is missing (where applications connect); write listen = [ "
	 "\"unix:/run/rankguard/app.sock\" ];\n"
	 "a.cfg: upstream: is missing (where the recommender listens); write upstream = "
	 "\"unix:/run/reco/reco.sock\";\n"
	 "a.cfg: rules: is missing (rule file, or directory of rule files); write rules = "
	 "\"/etc/rankguard/rules.d\";\n"
	 "a.cfg: audit.directory: is missing (where the log is written); write audit: { directory = "
	 "\"/var/lib/rankguard/audit\"; };\n"
	 "a.cfg: audit.origin: is missing (name of the log, without the sidecar's identity); write audit: { "
	 "origin = \"example.org/reco\"; };"},
	{"a required key is empty", UPSTREAM RULES AUDIT "\nlisten = [ ];\n",
	 "a.cfg:2: listen: a list of texts, not empty, is expected; write listen = [ "
	 "\"unix:/run/rankguard/app.sock\" ];"},

	{"a number for a text", LISTEN RULES AUDIT "\nupstream = 50051;\n",
	 "a.cfg:2: upstream: a text is expected; write upstream = \"unix:/run/reco/reco.sock\";"},
	{"a text for a number", WHOLE "workers = \"two\";\n",
	 "a.cfg:2: workers: a whole number is expected; write workers = 2;"},
	{"a float for a number", WHOLE "workers = 2.0;\n",
	 "a.cfg:2: workers: a whole number is expected; write workers = 2;"},
	{"a number for a flag", WHOLE "allow_plaintext = 1;\n",
	 "a.cfg:2: allow_plaintext: true or false is expected; write allow_plaintext = true;"},
	{"a text for a list", UPSTREAM RULES AUDIT "\nlisten = \"unix:app.sock\";\n",
	 "a.cfg:2: listen: a list of texts, not empty, is expected; write listen = [ "
	 "\"unix:/run/rankguard/app.sock\" ];"},
	{"a list of numbers", UPSTREAM RULES AUDIT "\nlisten = [ 1 ];\n",
	 "a.cfg:2: listen: a list of texts is expected; write listen = [ \"unix:/run/rankguard/app.sock\" "
	 "];"},
	{"a text for a group", HOP "\naudit = \"log\";\n",
	 "a.cfg:2: audit: a group is expected; write audit: { ... };"},
	{"a group for a text", WHOLE "mode: { };\n",
	 "a.cfg:2: mode: a text is expected; write mode = \"enforce\";"},
	{"a number for a duration", WHOLE "drain: { delay = 5; };\n",
	 "a.cfg:2: drain.delay: a text is expected; write delay = \"5s\";"},

	{"a duration without unit", WHOLE "drain: { delay = \"5\"; };\n",
	 "a.cfg:2: drain.delay: \"5\" is not a duration; write a positive whole number and a unit, as in "
	 "90s, "
	 "30m, 24h or 7d"},
	{"a duration that is too short", AUDIT_WITH("publish = \"5ms\";"),
	 "a.cfg:3: audit.publish: 5ms is out of range; write 10ms to 1h"},
	{"a duration of nothing where it cannot be", AUDIT_WITH("publish = \"0s\";"),
	 "a.cfg:3: audit.publish: \"0s\" is not a duration; write a positive whole number and a unit, as in "
	 "90s, 30m, 24h or 7d"},
	{"a retention without an end of epochs", AUDIT_WITH("retain = \"90d\";"),
	 "a.cfg:3: audit.retain: nothing is ever pruned, because no epoch is ever sealed; say "
	 "audit.seal_time = \"7d\", "
	 "or leave it \"forever\""},
	{"a retention of hours", AUDIT_WITH("retain = \"3h\"; seal_time = \"1h\";"),
	 "a.cfg:3: audit.retain: 3h is out of range; write 1d to 36525d"},
	{"a retention that is no duration", AUDIT_WITH("retain = \"for ever\"; seal_entries = 5;"),
	 "a.cfg:3: audit.retain: \"for ever\" is not a duration; write \"forever\", or a positive whole "
	 "number and a "
	 "unit, as in 90s, 30m, 24h or 7d"},
	{"a duration that is too long", WHOLE "drain: { grace = \"2h\"; };\n",
	 "a.cfg:2: drain.grace: 2h is out of range; write 0s to 1h"},
	{"a decimal size", WHOLE "limits: { message = \"16MB\"; };\n",
	 "a.cfg:2: limits.message: \"16MB\" is not a size; write a whole number and B, KiB, MiB or GiB, as "
	 "in "
	 "16MiB"},
	{"a negative size", WHOLE "limits: { metadata = \"-1KiB\"; };\n",
	 "a.cfg:2: limits.metadata: \"-1KiB\" is not a size; write a whole number and B, KiB, MiB or GiB, as "
	 "in 16MiB"},
	{"a size that is too large", WHOLE "limits: { message = \"2GiB\"; };\n",
	 "a.cfg:2: limits.message: 2GiB is out of range; write 1KiB to 1GiB"},
	{"a size that would overflow", WHOLE "limits: { message = \"999999999999999GiB\"; };\n",
	 "a.cfg:2: limits.message: \"999999999999999GiB\" is not a size; write a whole number and B, KiB, "
	 "MiB "
	 "or GiB, as in 16MiB"},
	{"a negative count", WHOLE "limits: { in_flight = -1; };\n",
	 "a.cfg:2: limits.in_flight: -1 is out of range; write 1 to 1000000"},
	{"a count of 64 bits", WHOLE "limits: { items = 99999999999L; };\n",
	 "a.cfg:2: limits.items: 99999999999 is out of range; write 1 to 10000000"},
	{"a count that libconfig would wrap", WHOLE "limits: { items = 4294967297; };\n",
	 "a.cfg:2: integer 4294967297 does not fit 32 bits; append L, or write a smaller one"},

	{"a misspelt choice", AUDIT_WITH("durability = \"dsik\";"),
	 "a.cfg:3: audit.durability: \"dsik\" is not a value; did you mean \"disk\"?"},
	{"an unknown choice", AUDIT_WITH("durability = \"never\";"),
	 "a.cfg:3: audit.durability: \"never\" is not a value; write \"disk\" or \"process\""},
	{"an unknown choice of three", WHOLE "failure: { history = \"open\"; };\n",
	 "a.cfg:2: failure.history: \"open\" is not a value; write \"suppress\", \"closed\" or \"pass\""},
	{"overload never passes", WHOLE "failure: { overload = \"pass\"; };\n",
	 "a.cfg:2: failure.overload: \"pass\" is not a value; write \"closed\""},

	{"a schema without methods and without its descriptors",
	 WHOLE "schema: {\ndescriptors = \"schema.pb\"; };\n",
	 "a.cfg:2: schema.methods is missing; write methods = ( { ... } );\n"
	 "a.cfg:3: schema.descriptors: schema.pb: cannot be opened: No such file or directory; give the "
	 "path of a readable file"},
	{"a schema that is no group", WHOLE "schema = 5;\n",
	 "a.cfg:2: schema: a group is expected; write schema: { ... };"},
	{"tls without anything", TCP "tls: { };\n",
	 "a.cfg:2: tls: needs tls.cert (certificate for the TCP addresses of listen, with its issuers; read "
	 "again "
	 "when it changes); write cert = \"/etc/rankguard/tls/tls.crt\";\n"
	 "a.cfg:2: tls: needs tls.key (private key of tls.cert, mode 0400 or 0440); write key = "
	 "\"/etc/rankguard/tls/tls.key\";"},
	{"tls that is empty", TCP "tls: { cert = \"\"; key = \"k\"; };\n",
	 "a.cfg:2: tls.cert: is empty; write a value, or leave the key out"},
	{"tls that is no group", TCP "tls = true;\n",
	 "a.cfg:2: tls: a group is expected; write tls: { ... };"},
	{"tls with a key read from elsewhere", TCP "tls: { cert = \"c\"; key = \"file:k\"; };\n",
	 "a.cfg:2: tls.key: \"file:k\" reads a value out of a file, and a path is expected; write \"k\""},
	{"tls with an unknown key", TCP "tls: { cert = \"c\"; key = \"k\"; ca = \"a\"; };\n",
	 "a.cfg:2: unknown key \"tls.ca\"; did you mean \"upstream_tls.ca\"?"},
	{"tls for Unix sockets", WHOLE "tls: { cert = \"c\"; key = \"k\"; };\n",
	 "a.cfg:2: tls: is of no use: listen has only Unix sockets, which stay plain; add a TCP address, or "
	 "leave "
	 "it out"},
	{"tls and plain text", TCP "tls: { cert = \"c\"; key = \"k\"; };\nallow_plaintext = true;\n",
	 "a.cfg:3: allow_plaintext: is of no use with tls: no TCP address of listen is in plain text; leave "
	 "it "
	 "out"},
	{"tls to the recommender without anything", TCP "upstream_tls: { };\n",
	 "a.cfg:2: upstream_tls: needs upstream_tls.ca (who signs the recommender's certificate; read again "
	 "when it "
	 "changes); write ca = \"/etc/rankguard/upstream/ca.crt\";"},
	{"tls to the recommender, half a pair", TCP "upstream_tls: { ca = \"a\"; cert = \"c\"; };\n",
	 "a.cfg:2: upstream_tls.cert: needs upstream_tls.key (private key of upstream_tls.cert, mode 0400 or "
	 "0440); "
	 "write key = \"/etc/rankguard/upstream/tls.key\";"},
	{"tls to the recommender, the other half", TCP "upstream_tls: { ca = \"a\"; key = \"k\"; };\n",
	 "a.cfg:2: upstream_tls.key: needs upstream_tls.cert (certificate shown to the recommender, with its "
	 "issuers; "
	 "default: none); write cert = \"/etc/rankguard/upstream/tls.crt\";"},
	{"tls to a Unix socket", WHOLE "upstream_tls: { ca = \"a\"; };\n",
	 "a.cfg:2: upstream_tls: is of no use: \"unix:reco.sock\" is a Unix socket; name a TCP address, or "
	 "leave it out"},
	{"a name that no certificate has",
	 TCP "upstream_tls: { ca = \"a\"; server_name = \"reco example\"; };\n",
	 "a.cfg:2: upstream_tls.server_name: \"reco example\" cannot stand in a certificate; write a DNS "
	 "name or an IP "
	 "address, such as \"reco.example.org\""},
	{"the embedded history without a directory", WHOLE "history: { backend = \"embedded\"; };\n",
	 "a.cfg:2: history.backend: \"embedded\" needs a directory; set history.directory, such as "
	 "\"/var/lib/rankguard/history\""},
	{"a directory for history in memory", WHOLE "history: { directory = \"h\"; };\n",
	 "a.cfg:2: history.directory: is of no use to the backend \"memory\"; write backend = \"embedded\", "
	 "or leave it out"},
	{"an unknown backend", WHOLE "history: { backend = \"redis\"; directory = \"h\"; };\n",
	 "a.cfg:2: history.backend: \"redis\" is not a value; write \"memory\" or \"embedded\""},
	{"observe without end and name", WHOLE "mode = \"observe\";\n",
	 "a.cfg:2: mode: \"observe\" needs observe_until (when it returns to enforce by itself, at most 30 "
	 "days "
	 "ahead); write observe_until = \"2026-12-01T00:00:00Z\";\n"
	 "a.cfg:2: mode: \"observe\" needs observe_by (who answers for it); write observe_by = "
	 "\"sre@example.org\";"},
	{"an end and a name in enforce",
	 WHOLE "observe_until = \"2026-12-01T00:00:00Z\";\nobserve_by = \"me\";\n",
	 "a.cfg:2: observe_until: is of no use in mode \"enforce\"; write mode = \"observe\", or leave it "
	 "out\n"
	 "a.cfg:3: observe_by: is of no use in mode \"enforce\"; write mode = \"observe\", or leave it out"},
	{"a misspelt mode", WHOLE "mode = \"obsevre\";\nobserve_by = \"me\";\n",
	 "a.cfg:2: mode: \"obsevre\" is not a value; did you mean \"observe\"?"},
	{"an end that is no time", OBSERVE("\"tomorrow\"", "\"me\""),
	 "a.cfg:3: observe_until: \"tomorrow\" is not a time; write it as \"2026-11-23T10:00:00Z\" or "
	 "\"2026-11-23\""},
	{"an end that is a number", OBSERVE("20261201", "\"me\""),
	 "a.cfg:3: observe_until: a text is expected; write observe_until = \"2026-12-01T00:00:00Z\";"},
	{"a name of nothing", OBSERVE(END, "\"\""),
	 "a.cfg:4: observe_by: is empty; write a value, or leave the key out"},
	{"a name of blanks", OBSERVE(END, "\"  \""),
	 "a.cfg:4: observe_by: names nobody; write who answers for it, such as \"sre@example.org\""},
	{"a name that is too long", OBSERVE(END, "\"" PATH_108 PATH_27 "\""),
	 "a.cfg:4: observe_by: is too long; at most 120 bytes"},
	{"an attribute named twice", AUDIT_WITH("attributes = [ \"tier\", \"tier\" ];"),
	 "a.cfg:3: audit.attributes: \"tier\" stands there twice; remove one"},
	{"attributes without a list", AUDIT_WITH("attributes = \"tier\";"),
	 "a.cfg:3: audit.attributes: a list of texts is expected; write attributes = [ \"tier\" ];"},
	{"an attribute that is no text", AUDIT_WITH("attributes = [ 7 ];"),
	 "a.cfg:3: audit.attributes: a list of texts is expected; write attributes = [ \"tier\" ];"},
	{"too many attributes",
	 AUDIT_WITH("attributes = [ \"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\", \"h\", \"i\", \"j\", "
		    "\"k\", \"l\", \"m\", \"n\", \"o\", \"p\", \"q\" ];"),
	 "a.cfg:3: audit.attributes: more than 16 names; leave some out"},
	{"a record of another kind", AUDIT_WITH("record = \"ful\";"),
	 "a.cfg:3: audit.record: \"ful\" is not a value; did you mean \"full\"?"},

	{"an unset variable", WHOLE "identity: { pod = \"env:RANKGUARD_TEST_UNSET\"; };\n",
	 "a.cfg:2: identity.pod: environment variable RANKGUARD_TEST_UNSET is not set; set it, or write the "
	 "value itself"},
	{"an empty variable", WHOLE "identity: { pod = \"env:RANKGUARD_TEST_EMPTY\"; };\n",
	 "a.cfg:2: identity.pod: environment variable RANKGUARD_TEST_EMPTY is empty; set it, or write the "
	 "value itself"},
	{"a variable without name", WHOLE "identity: { pod = \"env:\"; };\n",
	 "a.cfg:2: identity.pod: \"env:\" names no environment variable; write \"env:NAME\""},
	{"a file that is not there", WHOLE "identity: { node = \"file:missing\"; };\n",
	 "a.cfg:2: identity.node: missing cannot be read: No such file or directory; make it readable, or "
	 "write the value itself"},
	{"a folder for a file", WHOLE "identity: { node = \"file:.\"; };\n",
	 "a.cfg:2: identity.node: . cannot be read: Is a directory; make it readable, or write the value "
	 "itself"},
	{"an empty file", WHOLE "identity: { node = \"file:empty\"; };\n",
	 "a.cfg:2: identity.node: empty is empty; put the value into its first line"},
	{"a key taken for a path", AUDIT_WITH("key = \"file:audit.key\";"),
	 "a.cfg:3: audit.key: \"file:audit.key\" reads a value out of a file, and a path is expected; write "
	 "\"audit.key\""},
	{"an empty text", WHOLE "identity: { node = \"\"; };\n",
	 "a.cfg:2: identity.node: is empty; write a value, or leave the key out"},
	{"a control character", WHOLE "identity: { node = \"a\\nb\"; };\n",
	 "a.cfg:2: identity.node: holds a control character at byte 1; remove it"},
	{"a blank in the origin", HOP "\naudit: { directory = \"log\"; origin = \"our log\"; };\n",
	 "a.cfg:2: audit.origin: \"our log\" cannot stand in a log's name; use letters, digits and "
	 "punctuation without blanks and without +"},

	{"an address without port", LISTEN RULES AUDIT "\nupstream = \"127.0.0.1\";\n",
	 "a.cfg:2: upstream: \"127.0.0.1\" is not an address; write \"unix:/path\", \"127.0.0.1:50050\" or "
	 "\"[::1]:50050\" (numbers, no host names)"},
	{"a host name", LISTEN RULES AUDIT "\nupstream = \"localhost:50051\";\n",
	 "a.cfg:2: upstream: \"localhost:50051\" is not an address; write \"unix:/path\", "
	 "\"127.0.0.1:50050\" "
	 "or \"[::1]:50050\" (numbers, no host names)"},
	{"a port that is too large", LISTEN RULES AUDIT "\nupstream = \"127.0.0.1:65536\";\n",
	 "a.cfg:2: upstream: \"127.0.0.1:65536\" is not an address; write \"unix:/path\", "
	 "\"127.0.0.1:50050\" "
	 "or \"[::1]:50050\" (numbers, no host names)"},
	{"an upstream without port", LISTEN RULES AUDIT "\nupstream = \"127.0.0.1:0\";\n",
	 "a.cfg:2: upstream: \"127.0.0.1:0\" has no port; write the recommender's"},
	{"a socket without path", LISTEN RULES AUDIT "\nupstream = \"unix:\";\n",
	 "a.cfg:2: upstream: \"unix:\" names no socket; write \"unix:/run/rankguard/app.sock\""},
	{"a socket path that is too long", LISTEN RULES AUDIT "\nupstream = \"unix:" PATH_108 "\";\n",
	 "a.cfg:2: upstream: \"unix:" PATH_108 "\" is too long for a Unix socket; at most 107 bytes of path"},
	{"plain text to other machines", UPSTREAM RULES AUDIT "\nlisten = [ \"0.0.0.0:50050\" ];\n",
	 "a.cfg:2: listen: \"0.0.0.0:50050\" is reached by other machines, in plain text; set tls, listen on "
	 "loopback or a Unix socket, or say allow_plaintext = true"},
	{"plain text to other machines, IPv6", UPSTREAM RULES AUDIT "\nlisten = [ \"[::]:50050\" ];\n",
	 "a.cfg:2: listen: \"[::]:50050\" is reached by other machines, in plain text; set tls, listen on "
	 "loopback or a Unix socket, or say allow_plaintext = true"},
	{"a loop", LISTEN RULES AUDIT "\nupstream = \"unix:app.sock\";\n",
	 "a.cfg:2: upstream: \"unix:app.sock\" is an address of listen already; choose another"},
	{"the same address twice",
	 UPSTREAM RULES AUDIT "\nlisten = [ \"127.0.0.1:50050\", \"127.0.0.1:50050\" ];\n",
	 "a.cfg:2: listen: \"127.0.0.1:50050\" is an address of listen already; choose another"},
	{"admin on the data port",
	 UPSTREAM RULES AUDIT
	 "\nlisten = [ \"127.0.0.1:50050\" ];\nadmin: { http = \"127.0.0.1:50050\"; };\n",
	 "a.cfg:3: admin.http: \"127.0.0.1:50050\" is an address of listen already; choose another"},
	{"admin for other machines", WHOLE "admin: { http = \"0.0.0.0:9901\"; };\n",
	 "a.cfg:2: admin.http: \"0.0.0.0:9901\" is not a loopback port; write \"127.0.0.1:9901\" or "
	 "\"[::1]:9901\""},
	{"admin on a Unix socket", WHOLE "admin: { http = \"unix:/x.sock\"; };\n",
	 "a.cfg:2: admin.http: \"unix:/x.sock\" is not a loopback port; write \"127.0.0.1:9901\" or "
	 "\"[::1]:9901\""},

	{"control by a port", WHOLE "admin: { control = \"127.0.0.1:9902\"; };\n",
	 "a.cfg:2: admin.control: \"127.0.0.1:9902\" is not a Unix socket, whose owner can be told; write "
	 "\"unix:/run/rankguard/control.sock\""},
	{"control where calls come", WHOLE "admin: { control = \"unix:app.sock\"; };\n",
	 "a.cfg:2: admin.control: \"unix:app.sock\" is an address of listen already; choose another"},

	{"a syntax error", WHOLE "workers = ;\n",
	 "a.cfg:2: syntax error; look for a missing bracket, quote or ; here or on the line before"},
	{"a duplicate key", WHOLE "workers = 1;\nworkers = 2;\n",
	 "a.cfg:3: duplicate setting name; keep one of the two"},
	{"an include", WHOLE "@include \"other.cfg\"\n",
	 "a.cfg:2: @include is not supported; put the files into one directory"},
	{"a byte order mark", "\xef\xbb\xbf" WHOLE,
	 "a.cfg:1: begins with a byte order mark; save it as UTF-8 without one"},
	{"not UTF-8", WHOLE "# \xff\n", "a.cfg:2: is not valid UTF-8 at byte 140; save it as UTF-8"},
};

static void findings_are(void **state)
{
	const struct row *row = *state;
	struct rules_findings findings = {0};
	struct sidecar_config *config = load(bytes_of(row->text), &findings);
	char *got = join(&findings);
	assert_string_equal(got, row->findings);
	assert_null(config);
	free(got);
	rules_findings_done(&findings);
}

static void a_nul_is_found(void **state)
{
	(void)state;
	struct rules_findings findings = {0};
	assert_null(load(BYTES_LITERAL(WHOLE "\0workers = 0;\n"), &findings));
	assert_int_equal(findings.count, 1);
	assert_string_equal(findings.finding[0].text, "a.cfg:2: holds a NUL byte; remove it");
	rules_findings_done(&findings);
}

static void a_path_that_is_no_configuration_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *path, *finding;
	} paths[] = {
		{"missing.cfg",
		 "missing.cfg: cannot be opened: No such file or directory; give the path of a "
		 "readable file"},
		{".", ".: is not a regular file; give the path of the configuration file"},
		{"fifo", "fifo: is not a regular file; give the path of the configuration file"},
		{"large", "large: is larger than 1 MiB; a configuration file is smaller"},
	};
	assert_int_equal(mkfifo("fifo", 0600), 0);
	char *large = calloc(1, (1 << 20) + 1);
	assert_non_null(large);
	write_file("large", (struct bytes){large, (1 << 20) + 1});
	free(large);
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct rules_findings findings = {0};
		assert_null(sidecar_config_load(paths[i].path, &findings));
		char *got = join(&findings);
		assert_string_equal(got, paths[i].finding);
		free(got);
		rules_findings_done(&findings);
	}
	unlink("fifo");
	unlink("large");
}

static struct sidecar_config *load_good(const char *text)
{
	struct rules_findings findings = {0};
	struct sidecar_config *config = load(bytes_of(text), &findings);
	char *got = join(&findings);
	assert_string_equal(got, "");
	assert_non_null(config);
	free(got);
	rules_findings_done(&findings);
	return config;
}

static void defaults_are_those_of_the_design(void **state)
{
	(void)state;
	char host[256];
	gethostname(host, sizeof host);
	struct sidecar_config *config = load_good(WHOLE);
	assert_string_equal(config->path, "a.cfg");
	assert_int_equal(config->listen_count, 1);
	assert_false(config->allow_plaintext);
	assert_int_equal(config->workers, 2);
	assert_null(config->identity.pod);
	assert_string_equal(config->identity.uid, host);
	assert_string_equal(config->history.backend, "memory");
	assert_null(config->audit.key);
	assert_null(config->audit.subject_key);
	assert_int_equal(config->audit.durability, AUDIT_DISK);
	assert_int_equal(config->audit.publish_ns, TIME_SECOND);
	assert_int_equal(config->limits.in_flight, 1024);
	assert_int_equal(config->limits.connections, 256);
	assert_int_equal(config->limits.message, 16 << 20);
	assert_int_equal(config->limits.facts.items, 20000);
	assert_int_equal(config->limits.facts.prompts, 64);
	assert_int_equal(config->limits.metadata, 16 << 10);
	assert_int_equal(config->failure.undecodable, SIDECAR_UNDECODABLE_CLOSED);
	assert_int_equal(config->failure.history, SIDECAR_HISTORY_SUPPRESS);
	assert_int_equal(config->drain.delay_ns, 5 * TIME_SECOND);
	assert_int_equal(config->drain.grace_ns, 20 * TIME_SECOND);
	assert_null(config->admin.http);
	sidecar_config_free(config);
}

static const char every_key[] =
	"listen = ( \"unix:app.sock\", \"[::1]:0\", \"0.0.0.0:50050\" ); // comment\n"
	"allow_plaintext = true;\n"
	"upstream = \"127.0.0.1:50051\";\n"
	"workers = 8L;\n"
	"rules = \"env:RANKGUARD_TEST_RULES\";\n"
	"mode = \"enforce\";\n"
	"sandbox = \"kill\";\n"
	"receipts = false;\n"
	"identity: { pod = \"file:value\"; namespace = \"shop\"; uid = \"u-1\"; node = \"n\\u00e9\"; };\n"
	"history: { backend = \"embedded\"; directory = \"/var/history\"; };\n"
	"audit: { directory = \"/var/log\"; origin = \"example.org/reco\"; key = \"k\"; subject_key = "
	"\"s\";\n"
	"  durability = \"process\"; record = \"full\"; publish = \"10ms\";\n"
	"  attributes = [ \"tier\", \"plan\" ]; retain = \"forever\"; };\n"
	"limits: { in_flight = 1; connections = 2; message = \"1500B\"; items = 3; prompts = 4;\n"
	"  metadata = \"1MiB\"; };\n"
	"failure: { undecodable = \"pass\"; history = \"closed\"; overload = \"closed\"; };\n"
	"drain: { delay = \"0s\"; grace = \"90s\"; };\n"
	"admin: { http = \"127.0.0.1:9901\"; };\n";

/* Paths are told, and nothing that stands behind them. */
static void tls_is_taken_and_told_to_the_log(void **state)
{
	(void)state;
	struct rules_findings findings = {0};
	struct sidecar_config *config =
		load(BYTES_LITERAL("listen = [ \"0.0.0.0:50050\", \"unix:app.sock\" ]; upstream = "
				   "\"10.0.0.1:50051\"; " RULES AUDIT "tls: { cert = \"c\"; key = \"k\"; };\n"
				   "upstream_tls: { ca = \"a\"; cert = \"d\"; key = \"l\"; server_name = "
				   "\"reco.example.org\"; };"),
		     &findings);
	char *got = join(&findings),
	     *text = config ? sidecar_config_describe(config, SIDECAR_OPTIONS_FIXED) : NULL;
	assert_string_equal(
		got, "a.cfg:1: tls: whoever reaches \"0.0.0.0:50050\" may call; set tls.client_ca, so that "
		     "applications must show a certificate");
	assert_non_null(config);
	assert_int_equal(findings.errors, 0);
	assert_int_equal(sidecar_config_line(config, "tls.cert"), 1);
	assert_non_null(strstr(
		text, "tls.cert = \"c\"\ntls.key = \"k\"\nupstream_tls.ca = \"a\"\nupstream_tls.cert = "
		      "\"d\"\nupstream_tls.key = \"l\"\nupstream_tls.server_name = \"reco.example.org\"\n"));
	free(got);
	free(text);
	rules_findings_done(&findings);
	sidecar_config_free(config);
}

static void every_key_is_taken_and_told_to_the_log(void **state)
{
	(void)state;
	struct sidecar_config *config = load_good(every_key);
	assert_false(config->receipts);
	assert_int_equal(config->limits.in_flight, 1);
	assert_int_equal(config->limits.connections, 2);
	assert_int_equal(config->limits.facts.items, 3);
	assert_int_equal(config->limits.facts.prompts, 4);
	assert_int_equal(config->failure.history, SIDECAR_HISTORY_CLOSED);
	char *text = sidecar_config_describe(config, SIDECAR_OPTIONS_ALL);
	assert_string_equal(text, "listen = [ \"unix:app.sock\", \"[::1]:0\", \"0.0.0.0:50050\" ]\n"
				  "allow_plaintext = true\n"
				  "upstream = \"127.0.0.1:50051\"\n"
				  "workers = 8\n"
				  "rules = \"from-env\"\n"
				  "mode = \"enforce\"\n"
				  "sandbox = \"kill\"\n"
				  "receipts = false\n"
				  "identity.pod = \"first line\"\n"
				  "identity.namespace = \"shop\"\n"
				  "identity.uid = \"u-1\"\n"
				  "identity.node = \"n\xc3\xa9\"\n"
				  "history.backend = \"embedded\"\n"
				  "history.directory = \"/var/history\"\n"
				  "audit.directory = \"/var/log\"\n"
				  "audit.origin = \"example.org/reco\"\n"
				  "audit.key = \"k\"\n"
				  "audit.subject_key = \"s\"\n"
				  "audit.durability = \"process\"\n"
				  "audit.record = \"full\"\n"
				  "audit.publish = \"10ms\"\n"
				  "audit.attributes = [ \"tier\", \"plan\" ]\n"
				  "audit.seal_time = \"never\"\n"
				  "audit.seal_entries = 0\n"
				  "audit.retain = \"forever\"\n"
				  "limits.in_flight = 1\n"
				  "limits.connections = 2\n"
				  "limits.message = \"1500B\"\n"
				  "limits.items = 3\n"
				  "limits.prompts = 4\n"
				  "limits.metadata = \"1MiB\"\n"
				  "failure.undecodable = \"pass\"\n"
				  "failure.history = \"closed\"\n"
				  "failure.overload = \"closed\"\n"
				  "drain.delay = \"0s\"\n"
				  "drain.grace = \"90s\"\n"
				  "admin.http = \"127.0.0.1:9901\"\n");
	free(text);
	sidecar_config_free(config);
}

static void observing_is_told_to_the_log(void **state)
{
	(void)state;
	struct sidecar_config *config = load_good(OBSERVE("\"2026-12-01T01:00:00+01:00\"", "\"me\""));
	assert_int_equal(config->mode.wanted, SIDECAR_OBSERVE);
	assert_int_equal(config->mode.until_ns, INT64_C(1796083200) * TIME_SECOND);
	assert_string_equal(config->mode.by, "me");
	assert_int_equal(config->mode.until_line, 3);
	char *text = sidecar_config_describe(config, SIDECAR_OPTIONS_ALL);
	assert_non_null(strstr(text, "\nmode = \"observe\"\n"));
	assert_non_null(
		strstr(text, "\nobserve_until = \"2026-12-01T00:00:00.000000000Z\"\nobserve_by = \"me\"\n"));
	free(text);
	sidecar_config_free(config);
}

static void relative_paths_are_relative_to_the_file(void **state)
{
	(void)state;
	char path[256], rules[256], listen[256];
	snprintf(path, sizeof path, "%s/a.cfg", folder);
	snprintf(rules, sizeof rules, "%s/rules.d", folder);
	snprintf(listen, sizeof listen, "unix:%s/app.sock", folder);
	struct rules_findings findings = {0};
	write_file("a.cfg", bytes_of(WHOLE));
	struct sidecar_config *config = sidecar_config_load(path, &findings);
	assert_non_null(config);
	assert_string_equal(config->rules, rules);
	assert_string_equal(config->listen[0], listen);
	sidecar_config_free(config);
	rules_findings_done(&findings);
}

static void a_link_to_the_file_is_followed(void **state)
{
	(void)state;
	struct rules_findings findings = {0};
	write_file("a.cfg", bytes_of(WHOLE));
	assert_int_equal(symlink("a.cfg", "link.cfg"), 0);
	struct sidecar_config *config = sidecar_config_load("link.cfg", &findings);
	assert_non_null(config);
	sidecar_config_free(config);
	rules_findings_done(&findings);
	unlink("link.cfg");
}

/* The file may end anywhere while somebody writes it: whatever comes of it, nothing breaks. */
static void a_file_cut_anywhere_is_taken_or_refused(void **state)
{
	(void)state;
	size_t refused = 0;
	for (size_t len = 0; len < sizeof every_key - 1; len++) {
		struct rules_findings findings = {0};
		struct sidecar_config *config = load((struct bytes){every_key, len}, &findings);
		assert_true((config == NULL) == (findings.errors > 0));
		refused += config == NULL;
		sidecar_config_free(config);
		rules_findings_done(&findings);
	}
	assert_true(refused > sizeof every_key / 2);
}

static void loopback_is_told_from_what_is_not(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool loopback;
	} addresses[] = {
		{"127.0.0.1:1", true}, {"127.9.9.9:1", true},	       {"[::1]:1", true},
		{"unix:/x", true},     {"[::ffff:127.0.0.1]:1", true}, {"128.0.0.1:1", false},
		{"10.0.0.1:1", false}, {"[::ffff:10.0.0.1]:1", false}, {"[fe80::1]:1", false},
		{"[::]:1", false},
	};
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		struct sockaddr_storage address;
		unsigned len;
		bool loopback;
		assert_true(sidecar_config_address(addresses[i].text, &address, &len, &loopback, NULL));
		assert_int_equal(loopback, addresses[i].loopback);
	}
}

static int make_folder(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	setenv("RANKGUARD_TEST_RULES", "from-env", 1);
	setenv("RANKGUARD_TEST_EMPTY", "", 1);
	unsetenv("RANKGUARD_TEST_UNSET");
	write_file("empty", BYTES_LITERAL(""));
	write_file("value", BYTES_LITERAL("first line\r\nsecond line\n"));
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink("a.cfg");
	unlink("empty");
	unlink("value");
	assert_int_equal(chdir("/"), 0);
	return rmdir(folder);
}

int main(void)
{
	enum { ROWS = sizeof rows / sizeof *rows };
	const struct CMUnitTest others[] = {
		cmocka_unit_test(a_nul_is_found),
		cmocka_unit_test(a_path_that_is_no_configuration_is_refused),
		cmocka_unit_test(defaults_are_those_of_the_design),
		cmocka_unit_test(tls_is_taken_and_told_to_the_log),
		cmocka_unit_test(every_key_is_taken_and_told_to_the_log),
		cmocka_unit_test(observing_is_told_to_the_log),
		cmocka_unit_test(relative_paths_are_relative_to_the_file),
		cmocka_unit_test(a_link_to_the_file_is_followed),
		cmocka_unit_test(a_file_cut_anywhere_is_taken_or_refused),
		cmocka_unit_test(loopback_is_told_from_what_is_not),
	};
	struct CMUnitTest tests[ROWS + sizeof others / sizeof *others];
	for (size_t i = 0; i < ROWS; i++)
		tests[i] = (struct CMUnitTest){rows[i].name, findings_are, NULL, NULL, (void *)&rows[i]};
	memcpy(tests + ROWS, others, sizeof others);
	return cmocka_run_group_tests_name("config", tests, make_folder, remove_folder);
}
