/* SPDX-License-Identifier: Apache-2.0
 *
 * The certificates in force: taken whole by whoever asks, on any thread, and what is said of them as time goes by.
 * Certificates are made here; their files are read as the daemon reads them.
 */
#include "sidecar/tls.h"

#include "proto/time.h"
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define DAY_NS	TIME_DAY
#define START_S INT64_C(1763892000) /* 2025-11-23T10:00:00Z */
#define START	(START_S * TIME_SECOND)

static char folder[] = "/tmp/rankguard-tls-XXXXXX";

static void write_text(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* A certificate for ten days from START on, signed by itself, into c.pem, and its key into k.pem. */
static void write_pair(const char *name)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *made = X509_new();
	X509_NAME *subject = X509_get_subject_name(made);
	assert_non_null(key);
	ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
	ASN1_TIME_set(X509_getm_notBefore(made), START_S);
	ASN1_TIME_set(X509_getm_notAfter(made), START_S + 10 * 86400);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(made, subject);
	X509_set_pubkey(made, key);
	assert_true(X509_sign(made, key, EVP_sha256()) > 0);
	unlink("k.pem");
	FILE *cert = fopen("c.pem", "w"), *secret = fopen("k.pem", "w");
	assert_int_equal(PEM_write_X509(cert, made), 1);
	assert_int_equal(PEM_write_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(fclose(cert) | fclose(secret) | chmod("k.pem", 0400), 0);
	X509_free(made);
	EVP_PKEY_free(key);
}

static struct sidecar_config *configured(void)
{
	struct rules_findings findings = {0};
	write_text("a.cfg",
		   "listen = [ \"127.0.0.1:50050\" ]; upstream = \"unix:reco.sock\"; rules = \"rules.d\";\n"
		   "audit: { directory = \"log\"; origin = \"example.org/reco\"; };\n"
		   "tls: { cert = \"c.pem\"; key = \"k.pem\"; };\n");
	struct sidecar_config *config = sidecar_config_load("a.cfg", &findings);
	assert_non_null(config);
	rules_findings_done(&findings);
	return config;
}

/* Loads the pair that stands there; NULL, and the first finding into `said`, when it is refused. */
static struct sidecar_certificate *load(const struct sidecar_config *config, int64_t now_ns, struct buf *said)
{
	struct rules_findings findings = {0};
	struct sidecar_certificate *loaded =
		sidecar_certificate_load(config, SIDECAR_SIDE_LISTEN, NULL, now_ns, &findings);
	if (findings.count)
		buf_add_text(said, findings.finding[0].text);
	buf_add(said, "", 1);
	rules_findings_done(&findings);
	return loaded;
}

static struct sidecar_certificate *load_good(const struct sidecar_config *config)
{
	struct buf said = {0};
	struct sidecar_certificate *loaded = load(config, START, &said);
	assert_string_equal(said.at, "");
	assert_non_null(loaded);
	buf_done(&said);
	return loaded;
}

/* ---- time ---- */

static void a_span_grows_old(void **state)
{
	static const struct {
		struct sidecar_span span;
		int64_t now_ns;
		enum sidecar_age age;
	} rows[] = {
		{{0, 0}, 5, SIDECAR_FRESH}, /* none */
		{{0, 100}, 80, SIDECAR_FRESH},	 {{0, 100}, 81, SIDECAR_DUE},
		{{0, 100}, 100, SIDECAR_DUE},	 {{0, 100}, 101, SIDECAR_EXPIRED},
		{{0, 100}, -5, SIDECAR_FRESH},	 {{0, INT64_MAX}, START, SIDECAR_FRESH},
		{{50, 50}, 51, SIDECAR_EXPIRED},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(sidecar_span_age(rows[i].span, rows[i].now_ns), rows[i].age);
}

/* What was said since the last time, and why nobody can connect. */
static void assert_told(struct sidecar_tls *tls, FILE *spoken, int64_t now_ns, const char *said,
			const char *reasons)
{
	struct buf why = {0};
	char line[512];
	buf_add(&why, "", 0);
	sidecar_tls_look(tls, now_ns);
	sidecar_tls_reasons(tls, now_ns, &why);
	buf_add(&why, "", 1);
	const char *got = fgets(line, sizeof line, spoken);
	clearerr(spoken);
	if (*said)
		assert_non_null(strstr(got ? got : "", said));
	else
		assert_null(got);
	assert_string_equal(why.at, reasons);
	buf_done(&why);
}

static void each_age_is_said_once(void **state)
{
	(void)state;
	write_pair("one");
	struct sidecar_config *config = configured();
	FILE *writing = fopen("said", "w"), *spoken = fopen("said", "r");
	struct sidecar_talk *talk = sidecar_talk_new(fileno(writing), false);
	struct sidecar_tls *tls = sidecar_tls_new(config, talk);
	const char *over = "tls.cert has expired at 2025-12-03T10:00:00.000000000Z";
	const char *reason = "tls.cert has expired at 2025-12-03T10:00:00.000000000Z\n";
	assert_told(tls, spoken, START, "", ""); /* plain text */
	assert_true(sidecar_tls_put(tls, SIDECAR_SIDE_LISTEN, load_good(config), START));
	assert_told(tls, spoken, START, "", "");
	assert_told(tls, spoken, START + 9 * DAY_NS, "tls.cert expires at 2025-12-03T10:00:00.000000000Z",
		    "");
	assert_told(tls, spoken, START + 9 * DAY_NS, "", "");
	assert_told(tls, spoken, START + 11 * DAY_NS, over, reason);
	assert_told(tls, spoken, START + 12 * DAY_NS, "", reason);
	assert_false(sidecar_tls_put(tls, SIDECAR_SIDE_LISTEN, load_good(config), START)); /* the same */
	assert_told(tls, spoken, START + 12 * DAY_NS, "", reason);
	write_pair("two");
	assert_true(sidecar_tls_put(tls, SIDECAR_SIDE_LISTEN, load_good(config), START));
	assert_told(tls, spoken, START + DAY_NS, "", "");
	sidecar_tls_free(tls);
	sidecar_talk_free(talk);
	fclose(writing);
	fclose(spoken);
	sidecar_config_free(config);
}

/* What is in force is not judged again; any other is. */
static void a_certificate_in_force_is_kept_when_its_time_is_over(void **state)
{
	(void)state;
	struct rules_findings findings = {0};
	struct buf said = {0};
	write_pair("one");
	struct sidecar_config *config = configured();
	struct sidecar_certificate *before = load_good(config);
	struct sidecar_certificate *again =
		sidecar_certificate_load(config, SIDECAR_SIDE_LISTEN, before, START + 11 * DAY_NS, &findings);
	assert_ptr_equal(again, before);
	assert_int_equal(findings.count, 0);
	assert_null(load(config, START + 11 * DAY_NS, &said));
	assert_string_equal(said.at, "a.cfg:3: tls.cert c.pem: certificate 1 has expired at "
				     "2025-12-03T10:00:00.000000000Z; have it made anew");
	sidecar_certificate_drop(again);
	sidecar_certificate_drop(before);
	buf_done(&said);
	rules_findings_done(&findings);
	sidecar_config_free(config);
}

/* ---- threads ---- */

enum { PAIRS = 3, TURNS = 3000, READERS = 3 };

struct crowd {
	struct sidecar_tls *tls;
	struct sidecar_certificate *pair[PAIRS];
	atomic_bool over;
	atomic_int mixed, asked;
};

/* Certificate and key are always of one pair, and generations only grow. */
static void *ask(void *arg)
{
	struct crowd *crowd = arg;
	uint64_t last = 0;
	while (!atomic_load(&crowd->over)) {
		uint64_t generation;
		struct sidecar_certificate *now =
			sidecar_tls_hold(crowd->tls, SIDECAR_SIDE_LISTEN, &generation);
		bool whole = false;
		for (size_t i = 0; i < PAIRS; i++)
			whole |= sidecar_certificate_equal(now, crowd->pair[i]);
		atomic_fetch_add(&crowd->mixed, !whole || generation < last);
		atomic_fetch_add(&crowd->asked, 1);
		last = generation;
		sidecar_certificate_drop(now);
	}
	return NULL;
}

static void an_exchange_is_one_step_for_every_thread(void **state)
{
	(void)state;
	struct crowd crowd = {0};
	pthread_t reader[READERS];
	write_pair("first");
	struct sidecar_config *config = configured();
	crowd.tls = sidecar_tls_new(config, NULL);
	for (size_t i = 0; i < PAIRS; i++) {
		write_pair("one of three");
		crowd.pair[i] = load_good(config);
	}
	sidecar_tls_put(crowd.tls, SIDECAR_SIDE_LISTEN, sidecar_certificate_hold(crowd.pair[0]), START);
	for (size_t i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&reader[i], NULL, ask, &crowd), 0);
	for (size_t turn = 1; turn < TURNS || atomic_load(&crowd.asked) < TURNS; turn++)
		assert_true(sidecar_tls_put(crowd.tls, SIDECAR_SIDE_LISTEN,
					    sidecar_certificate_hold(crowd.pair[turn % PAIRS]), START));
	atomic_store(&crowd.over, true);
	for (size_t i = 0; i < READERS; i++)
		pthread_join(reader[i], NULL);
	assert_int_equal(atomic_load(&crowd.mixed), 0);
	for (size_t i = 0; i < PAIRS; i++)
		sidecar_certificate_drop(crowd.pair[i]);
	sidecar_tls_free(crowd.tls);
	sidecar_config_free(config);
}

/* The harness would see it: a pair that was put together of two is none of the three, and is refused. */
static void control_half_a_pair_is_refused(void **state)
{
	(void)state;
	struct buf said = {0};
	write_pair("one");
	struct sidecar_config *config = configured();
	assert_int_equal(rename("c.pem", "c.old"), 0);
	write_pair("two");
	assert_int_equal(rename("c.old", "c.pem"), 0);
	assert_null(load(config, START, &said));
	assert_string_equal(said.at,
			    "a.cfg:3: tls.key k.pem: is not the key of the certificate; write both of the "
			    "same pair");
	buf_done(&said);
	sidecar_config_free(config);
}

static int into_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int out_of_folder(void **state)
{
	static const char *const names[] = {"a.cfg", "c.pem", "k.pem", "said"};
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unlink(names[i]);
	return chdir("/") == 0 ? rmdir(folder) : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_span_grows_old),
		cmocka_unit_test(each_age_is_said_once),
		cmocka_unit_test(a_certificate_in_force_is_kept_when_its_time_is_over),
		cmocka_unit_test(an_exchange_is_one_step_for_every_thread),
		cmocka_unit_test(control_half_a_pair_is_refused),
	};
	return cmocka_run_group_tests(tests, into_folder, out_of_folder);
}
