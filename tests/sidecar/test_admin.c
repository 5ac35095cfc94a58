/* SPDX-License-Identifier: Apache-2.0
 *
 * The admin listener over real HTTP on loopback, port 0.
 */
#include "sidecar/admin.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

struct stage {
	struct sidecar_admin *admin;
	atomic_bool ready, failing;
};

static void stage_reasons(void *ctx, struct buf *out)
{
	struct stage *stage = ctx;
	if (!stage->ready)
		buf_add_text(out, "log: not writable: no space left\nupstream: unix:/x not reachable\n");
}

static void stage_metrics(void *ctx, struct buf *out)
{
	struct stage *stage = ctx;
	buf_add_text(out, "rankguard_in_flight 0\n");
	out->failed = stage->failing;
}

static void stage_status(void *ctx, struct buf *out)
{
	(void)ctx;
	buf_add_text(out, "{}\n");
}

static int stage_begin(void **state)
{
	static struct stage stage;
	struct err err;
	struct sidecar_admin_source source = {stage_reasons, stage_metrics, stage_status, &stage};
	stage = (struct stage){0};
	stage.admin = sidecar_admin_start("127.0.0.1:0", source, &err);
	assert_non_null(stage.admin);
	*state = &stage;
	return 0;
}

static int stage_end(void **state)
{
	sidecar_admin_stop(((struct stage *)*state)->admin);
	return 0;
}

static int dial(unsigned port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval patience = {.tv_sec = 20}; /* a hang is a failure, not a wait for ever */
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	return fd;
}

/* Sends one request and returns all that comes back until the other side closes. Owned. */
static char *ask(const struct stage *stage, const char *request)
{
	struct buf answer = {0};
	char part[1024];
	int fd = dial(sidecar_admin_port(stage->admin));
	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	for (ssize_t got; (got = recv(fd, part, sizeof part, 0)) > 0;)
		buf_add(&answer, part, (size_t)got);
	close(fd);
	buf_add(&answer, "", 1);
	return answer.at;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static const struct row {
	const char *name;
	bool ready, failing;
	const char *request, *status;
	const char *header; /* stands among the headers; NULL: none looked for */
	const char *body;
} rows[] = {
	{"healthz", false, false, GET("/healthz"), "200 OK", "Content-Type: text/plain; charset=utf-8",
	 "ok\n"},
	{"readyz when ready", true, false, GET("/readyz"), "200 OK", "Cache-Control: no-store", "ready\n"},
	{"readyz names each reason", false, false, GET("/readyz"), "503 Service Unavailable",
	 "Cache-Control: no-store", "log: not writable: no space left\nupstream: unix:/x not reachable\n"},
	{"metrics", true, false, GET("/metrics"), "200 OK",
	 "Content-Type: text/plain; version=0.0.4; charset=utf-8", "rankguard_in_flight 0\n"},
	{"status", true, false, GET("/status"), "200 OK", "Content-Type: application/json", "{}\n"},
	{"half of the metrics is none", true, true, GET("/metrics"), "500 Internal Server Error", NULL, ""},
	{"a query is fine", true, false, GET("/healthz?verbose=1"), "200 OK", NULL, "ok\n"},
	{"another path", true, false, GET("/"), "404 Not Found", NULL,
	 "not found; there are /healthz /readyz /metrics /status\n"},
	{"a path below", true, false, GET("/metrics/x"), "404 Not Found", NULL,
	 "not found; there are /healthz /readyz /metrics /status\n"},
	{"HEAD", true, false, "HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "200 OK",
	 "Content-Length: 3", ""},
	{"POST", true, false,
	 "POST /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
	 "405 Method Not Allowed", "Allow: GET, HEAD", "read-only; use GET\n"},
	{"DELETE", true, false, "DELETE /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
	 "405 Method Not Allowed", "Allow: GET, HEAD", "read-only; use GET\n"},
	{"a made-up method", true, false, "BREW /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
	 "405 Method Not Allowed", "Allow: GET, HEAD", "read-only; use GET\n"},
};

static const struct row *current;

static void the_answer_is(void **state)
{
	struct stage *stage = *state;
	const struct row *row = current++;
	stage->ready = row->ready;
	stage->failing = row->failing;
	char *answer = ask(stage, row->request);
	char *head_end = strstr(answer, "\r\n\r\n");
	assert_non_null(head_end);
	assert_memory_equal(answer, "HTTP/1.1 ", 9);
	assert_memory_equal(answer + 9, row->status, strlen(row->status));
	assert_string_equal(head_end + 4, row->body);
	if (row->header)
		assert_non_null(strstr(answer, row->header));
	free(answer);
}

static void rubbish_does_not_stop_it(void **state)
{
	struct stage *stage = *state;
	static const char *const rubbish[] = {"\r\n\r\n", "GET\r\n\r\n",
					      "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
					      "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n"};
	for (size_t i = 0; i < sizeof rubbish / sizeof *rubbish; i++) {
		int fd = dial(sidecar_admin_port(stage->admin));
		send(fd, rubbish[i], strlen(rubbish[i]), MSG_NOSIGNAL);
		close(fd);
	}
	char *answer = ask(stage, GET("/healthz"));
	assert_non_null(strstr(answer, "200 OK"));
	free(answer);
}

/* A request's head that does not fit the memory for one is refused, not kept. */
static void a_huge_head_is_refused(void **state)
{
	struct stage *stage = *state;
	enum { HUGE = 200000 };
	char *head = calloc(1, HUGE + 64);
	assert_non_null(head);
	strcpy(head, "GET /healthz HTTP/1.1\r\nX: ");
	memset(head + strlen(head), 'x', HUGE);
	int fd = dial(sidecar_admin_port(stage->admin));
	for (size_t sent = 0, len = strlen(head); sent < len;) {
		ssize_t wrote = send(fd, head + sent, len - sent, MSG_NOSIGNAL);
		if (wrote <= 0)
			break;
		sent += (size_t)wrote;
	}
	char part[4096] = "";
	ssize_t got = recv(fd, part, sizeof part - 1, 0);
	assert_true(got <= 0 || !strstr(part, "200 OK"));
	close(fd);
	free(head);
}

static void a_port_in_use_is_said(void **state)
{
	struct stage *stage = *state;
	struct err err;
	char address[64], expected[200];
	snprintf(address, sizeof address, "127.0.0.1:%u", sidecar_admin_port(stage->admin));
	snprintf(expected, sizeof expected,
		 "%s: the port is in use; stop what listens there or choose another port", address);
	struct sidecar_admin_source source = {stage_reasons, stage_metrics, stage_status, stage};
	assert_null(sidecar_admin_start(address, source, &err));
	assert_string_equal(err.text, expected);
}

static void an_address_that_others_reach_is_refused(void **state)
{
	struct stage *stage = *state;
	static const struct {
		const char *address, *error;
	} bad[] = {
		{"0.0.0.0:0", "0.0.0.0:0: not a loopback address; use 127.0.0.1:PORT or [::1]:PORT"},
		{"unix:/x", "unix:/x: not a loopback address; use 127.0.0.1:PORT or [::1]:PORT"},
		{"nonsense", "\"nonsense\" is not an address; write \"unix:/path\", \"127.0.0.1:50050\" or "
			     "\"[::1]:50050\" (numbers, no host names)"},
	};
	struct sidecar_admin_source source = {stage_reasons, stage_metrics, stage_status, stage};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err err;
		assert_null(sidecar_admin_start(bad[i].address, source, &err));
		assert_string_equal(err.text, bad[i].error);
	}
}

static void stopping_nothing_is_fine(void **state)
{
	(void)state;
	sidecar_admin_stop(NULL);
}

int main(void)
{
	enum { ROWS = sizeof rows / sizeof *rows };
	const struct CMUnitTest others[] = {
		cmocka_unit_test(rubbish_does_not_stop_it),
		cmocka_unit_test(a_huge_head_is_refused),
		cmocka_unit_test(a_port_in_use_is_said),
		cmocka_unit_test(an_address_that_others_reach_is_refused),
		cmocka_unit_test(stopping_nothing_is_fine),
	};
	struct CMUnitTest tests[ROWS + sizeof others / sizeof *others];
	current = rows;
	for (size_t i = 0; i < ROWS; i++)
		tests[i] = (struct CMUnitTest){rows[i].name, the_answer_is, NULL, NULL, NULL};
	memcpy(tests + ROWS, others, sizeof others);
	return cmocka_run_group_tests_name("admin", tests, stage_begin, stage_end);
}
