/* SPDX-License-Identifier: Apache-2.0
 *
 * A demo recommender: the canonical API over the model of model.h. See --help.
 */
#include "proto/buf.h"
#include "rankguard/v1/ranking.pb-c.h"
#include "sidecar/example/model.h"
#include "sidecar/example/odd.h"
#include "sidecar/example/serve.h"
#include "sidecar/library.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

enum { ARENA_LIMIT = 64 << 20, PAGES = 3 };

struct recommender {
	struct model *model;
	int record; /* -1: nothing is recorded */
};

/* One call: what the answer is made from. */
struct work {
	struct recommender *recommender;
	const struct serve_request *request;
	struct serve_answer *answer;
	struct arena arena;
};

static void refuse(struct work *work, grpc_status_code status, struct bytes details)
{
	work->answer->status = status;
	work->answer->details = details;
}

static bool write_whole(int fd, struct bytes bytes)
{
	while (bytes.len > 0) {
		ssize_t put = write(fd, bytes.at, bytes.len);
		if (put < 0 && errno != EINTR)
			return false;
		bytes.at += put > 0 ? put : 0;
		bytes.len -= put > 0 ? (size_t)put : 0;
	}
	return true;
}

/* One line of JSON with the exact bytes as hex digits, written before the response leaves: who has received
 * the response finds it in the file. */
static bool record(const struct work *work, const Rankguard__V1__RankRequest *request, struct bytes message)
{
	static const char digit[] = "0123456789abcdef";
	struct buf hex = {0}, line = {0};
	for (size_t i = 0; i < message.len; i++) {
		unsigned char byte = (unsigned char)message.at[i];
		buf_add(&hex, (char[]){digit[byte >> 4], digit[byte & 15]}, 2);
	}
	json_open(&line, '{');
	json_key(&line, "method");
	json_string(&line, work->request->method);
	json_key(&line, "session");
	json_text(&line, request->session_id);
	json_key(&line, "response");
	json_string(&line, buf_bytes(&hex));
	json_close(&line, '}');
	buf_add_text(&line, "\n");
	bool done = !hex.failed && !line.failed && write_whole(work->recommender->record, buf_bytes(&line));
	buf_done(&hex);
	buf_done(&line);
	return done;
}

/* Adds one message to the answer. */
static bool add(struct work *work, const struct odd_wishes *odd, const Rankguard__V1__RankRequest *request,
		const Rankguard__V1__RankResponse *response)
{
	size_t len = rankguard__v1__rank_response__get_packed_size(response);
	uint8_t *packed = arena_alloc(&work->arena, len > 0 ? len : 1);
	if (!packed)
		return false;
	rankguard__v1__rank_response__pack(response, packed);
	struct bytes message = {(const char *)packed, len};
	if (!odd_bytes(odd, &work->arena, &message))
		return false;
	if (work->recommender->record >= 0 && !record(work, request, message))
		return false;
	struct serve_answer *answer = work->answer;
	answer->message[answer->count++] = grpc_slice_from_copied_buffer(message.at, message.len);
	return true;
}

/* One ranking in several messages: the items page by page, the prompts with the first page. */
static bool add_pages(struct work *work, const struct odd_wishes *odd,
		      const Rankguard__V1__RankRequest *request, Rankguard__V1__RankResponse page)
{
	Rankguard__V1__RankedItem **items = page.items;
	size_t count = page.n_items;
	bool done = true;
	for (size_t i = 0; i < PAGES && done; i++) {
		page.items = items + i * count / PAGES;
		page.n_items = (i + 1) * count / PAGES - i * count / PAGES;
		done = add(work, odd, request, &page);
		page.n_prompts = 0;
	}
	return done;
}

static const char *attribute(const Rankguard__V1__RankRequest *request, const char *name)
{
	for (size_t i = 0; i < request->n_attributes; i++)
		if (strcmp(request->attributes[i]->key, name) == 0)
			return request->attributes[i]->value;
	return "";
}

static void rank(struct work *work, bool pages)
{
	Rankguard__V1__RankResponse response;
	struct odd_wishes odd = {.count = 0};
	struct bytes from = work->request->message;
	Rankguard__V1__RankRequest *request =
		rankguard__v1__rank_request__unpack(NULL, from.len, (const uint8_t *)from.at);

	if (!request)
		refuse(work, GRPC_STATUS_INVALID_ARGUMENT, BYTES_LITERAL("the request is not a RankRequest"));
	else if (!odd_read(attribute(request, "demo"), &odd))
		refuse(work, GRPC_STATUS_INVALID_ARGUMENT,
		       BYTES_LITERAL("attribute demo: not in the list, or too many; --help shows the list"));
	else if (!model_rank(work->recommender->model, request, &work->arena, &response) ||
		 !odd_response(&odd, &work->arena, &response) ||
		 !(pages ? add_pages(work, &odd, request, response) : add(work, &odd, request, &response)))
		refuse(work, GRPC_STATUS_INTERNAL,
		       BYTES_LITERAL("memory or the place for --record is short"));
	odd_answer(&odd, work->answer);
	rankguard__v1__rank_request__free_unpacked(request, NULL);
}

static void rank_once(struct work *work)
{
	rank(work, false);
}

static void rank_in_pages(struct work *work)
{
	rank(work, true);
}

static void report_signal(struct work *work)
{
	struct bytes from = work->request->message;
	Rankguard__V1__SignalRequest *signal =
		rankguard__v1__signal_request__unpack(NULL, from.len, (const uint8_t *)from.at);
	if (!signal)
		refuse(work, GRPC_STATUS_INVALID_ARGUMENT,
		       BYTES_LITERAL("the request is not a SignalRequest"));
	else if (!model_signal(work->recommender->model, signal))
		refuse(work, GRPC_STATUS_RESOURCE_EXHAUSTED, BYTES_LITERAL("memory is short"));
	else
		work->answer->message[work->answer->count++] = grpc_empty_slice(); /* SignalResponse */
	rankguard__v1__signal_request__free_unpacked(signal, NULL);
}

static void echo(struct work *work)
{
	struct bytes from = work->request->message;
	work->answer->message[work->answer->count++] = grpc_slice_from_copied_buffer(from.at, from.len);
}

static const struct method {
	const char *name, *help;
	void (*answer)(struct work *work);
} methods[] = {
	{"/rankguard.v1.RankingService/Rank", "one ranking", rank_once},
	{"/rankguard.v1.RankingService/StreamRank", "one ranking in three messages", rank_in_pages},
	{"/rankguard.v1.RankingService/ReportSignal", "what the user said", report_signal},
	{"/rankguard.demo.Echo/Echo", "the request's bytes come back; outside the canonical API", echo},
};

enum { METHODS = sizeof methods / sizeof *methods };

static void answer(void *ctx, const struct serve_request *request, struct serve_answer *to)
{
	struct work work = {.recommender = ctx, .request = request, .answer = to};
	size_t i = 0;
	while (i < METHODS && !bytes_equal(bytes_of(methods[i].name), request->method))
		i++;
	arena_init(&work.arena, ARENA_LIMIT);
	if (i == METHODS)
		refuse(&work, GRPC_STATUS_UNIMPLEMENTED, BYTES_LITERAL("the demo has no such method"));
	else if (!bytes_present(request->message))
		refuse(&work, GRPC_STATUS_INVALID_ARGUMENT, BYTES_LITERAL("the request has no message"));
	else
		methods[i].answer(&work);
	arena_done(&work.arena);
}

static void help(void)
{
	printf("recommender - a demo recommender behind the canonical API\n\n"
	       "usage: recommender --listen ADDRESS [--record FILE]\n\n"
	       "  --listen ADDRESS   unix:PATH or 127.0.0.1:PORT (port 0: any free one)\n"
	       "  --record FILE      append each response to FILE as it is sent: one line of JSON with\n"
	       "                     method, session, and the exact bytes as hex digits\n"
	       "  --help             this text\n\n"
	       "It prints `listening on ADDRESS` when it takes calls. SIGTERM ends it.\n"
	       "Exit codes: 0 ended by a signal, 2 wrong usage, 3 the system failed.\n\nMethods:\n");
	for (size_t i = 0; i < METHODS; i++)
		printf("  %-42s %s\n", methods[i].name, methods[i].help);
	printf("\nFor tests: the request attribute \"demo\" asks for odd answers, several with commas\n"
	       "(\"slow:50,overdone\"):\n");
	odd_help(stdout);
}

enum exit_code { EXIT_YES = 0, EXIT_USAGE = 2, EXIT_SYSTEM = 3 };

static enum exit_code run(const char *listen, const char *record_path)
{
	struct err err;
	enum exit_code code = EXIT_YES;
	struct recommender recommender = {.model = model_new(), .record = -1};
	if (record_path)
		recommender.record = open(record_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (!recommender.model || (record_path && recommender.record < 0)) {
		fprintf(stderr,
			"recommender: %s: cannot be opened: %s; give a file in a folder that exists\n",
			record_path ? record_path : "memory", strerror(errno));
		code = EXIT_SYSTEM;
	} else if (!serve_run(listen, (struct serve_handler){answer, &recommender}, &err)) {
		fprintf(stderr, "recommender: %s\n", err.text);
		code = EXIT_SYSTEM;
	}
	if (recommender.record >= 0)
		close(recommender.record);
	model_free(recommender.model);
	return code;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"listen", required_argument, NULL, 'l'},
		{"record", required_argument, NULL, 'r'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	const char *listen = NULL, *record_path = NULL;
	bool quiet = sidecar_library_prepare();

	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option == 'h') {
			help();
			return EXIT_YES;
		}
		if (option == '?')
			return EXIT_USAGE;
		*(option == 'l' ? &listen : &record_path) = optarg;
	}
	if (!listen || optind < argc) {
		fprintf(stderr, "recommender: %s; --help shows the usage\n",
			listen ? "there is an argument too many" : "--listen ADDRESS is missing");
		return EXIT_USAGE;
	}
	if (!quiet)
		fprintf(stderr,
			"recommender: the lock checker of this build of Abseil cannot be switched off\n");
	return (int)run(listen, record_path);
}
