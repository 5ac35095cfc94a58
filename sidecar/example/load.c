/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/example/load.h"

#include "rankguard/v1/ranking.pb-c.h"
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { STATUSES = 17, REQUEST_MAX = 512 };

struct tally {
	size_t ended, by_status[STATUSES];
	size_t receipts, lacking, undecoded, unwritten;
	uint64_t bytes;
	char first_failure[200];
};

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The nth request of the load, packed. */
static struct bytes make_request(const struct load *load, size_t nth, char room[REQUEST_MAX])
{
	char session[48], user[48];
	snprintf(session, sizeof session, "load-session-%zu", nth % load->sessions);
	snprintf(user, sizeof user, "load-user-%zu", nth % load->sessions);
	Rankguard__V1__RankRequest__AttributesEntry odd = RANKGUARD__V1__RANK_REQUEST__ATTRIBUTES_ENTRY__INIT;
	Rankguard__V1__RankRequest__AttributesEntry *attributes = &odd;
	Rankguard__V1__RankRequest request = RANKGUARD__V1__RANK_REQUEST__INIT;
	char surface[] = "home", locale[] = "en", name[] = "demo";
	odd.key = name;
	odd.value = (char *)(uintptr_t)load->odd;
	request.user_id = user;
	request.session_id = session;
	request.surface = surface;
	request.locale = locale;
	request.limit = load->items;
	request.attributes = &attributes;
	request.n_attributes = *load->odd ? 1 : 0;
	if (rankguard__v1__rank_request__get_packed_size(&request) > REQUEST_MAX)
		abort(); /* the command line's `odd` is checked to be short */
	return (struct bytes){room, rankguard__v1__rank_request__pack(&request, (uint8_t *)room)};
}

static void start(struct client *client, const struct load *load, struct client_call *call, size_t nth)
{
	char room[REQUEST_MAX];
	client_start(client, call, "/rankguard.v1.RankingService/Rank", make_request(load, nth, room),
		     load->timeout_ms);
}

/* One write per receipt, so that the file never claims more than what had arrived. */
static bool write_receipt(int fd, struct bytes receipt)
{
	char line[300];
	int len = snprintf(line, sizeof line, "%.*s\n", BYTES_ARG(receipt));
	return fd < 0 || (len < (int)sizeof line && write(fd, line, (size_t)len) == len);
}

static void check_ranking(const struct client_call *call, struct tally *tally)
{
	struct bytes from = call->response;
	Rankguard__V1__RankResponse *response =
		from.at ? rankguard__v1__rank_response__unpack(NULL, from.len, (const uint8_t *)from.at)
			: NULL;
	tally->bytes += from.len;
	tally->undecoded += response == NULL;
	rankguard__v1__rank_response__free_unpacked(response, NULL);
}

static void count(const struct load *load, const struct client_call *call, struct tally *tally)
{
	struct bytes receipt = client_trailer(call, "rankguard-decision", 0);
	struct bytes actions = client_trailer(call, "rankguard-actions", 0);
	size_t status = (size_t)call->status < STATUSES ? (size_t)call->status : GRPC_STATUS_UNKNOWN;
	tally->ended++;
	tally->by_status[status]++;
	if (bytes_present(receipt)) {
		tally->receipts++;
		tally->unwritten += !write_receipt(load->receipts, receipt);
	}
	if (status == GRPC_STATUS_OK) {
		check_ranking(call, tally);
		tally->lacking += load->changed && !(bytes_present(receipt) && bytes_present(actions));
	} else if (!*tally->first_failure) {
		snprintf(tally->first_failure, sizeof tally->first_failure, "status %zu: %.*s", status,
			 BYTES_ARG(call->details));
	}
}

static bool report(const struct load *load, const struct tally *tally, double took_s, FILE *out)
{
	size_t ok = tally->by_status[GRPC_STATUS_OK];
	fprintf(out, "%zu calls at concurrency %zu over %zu sessions: %zu OK, %zu failed\n", tally->ended,
		load->concurrency, load->sessions, ok, tally->ended - ok);
	fprintf(out, "%zu receipts, %.1f MB of responses, %.2f s, %.0f calls/s\n", tally->receipts,
		(double)tally->bytes / 1e6, took_s, (double)tally->ended / took_s);
	for (size_t i = 1; i < STATUSES; i++)
		if (tally->by_status[i] > 0)
			fprintf(out, "status %zu: %zu calls\n", i, tally->by_status[i]);
	if (*tally->first_failure)
		fprintf(out, "first failure: %s\n", tally->first_failure);
	if (tally->lacking > 0)
		fprintf(out, "%zu changed responses came without receipt and actions\n", tally->lacking);
	if (tally->undecoded > 0)
		fprintf(out, "%zu responses are not a RankResponse\n", tally->undecoded);
	if (tally->unwritten > 0)
		fprintf(out, "%zu receipts could not be written to the file\n", tally->unwritten);
	return ok == load->calls && tally->lacking + tally->undecoded + tally->unwritten == 0;
}

bool load_run(struct client *client, const struct load *load, FILE *out)
{
	struct tally tally = {0};
	size_t started = 0;
	double begin = seconds();
	struct client_call *calls = calloc(load->concurrency, sizeof *calls);
	if (!calls) {
		fprintf(out, "load: memory is short; a lower concurrency needs less\n");
		return false;
	}
	while (started < load->concurrency && started < load->calls) {
		start(client, load, &calls[started], started);
		started++;
	}
	while (tally.ended < load->calls) {
		struct client_call *call = client_next(client);
		count(load, call, &tally);
		client_call_done(call);
		if (started < load->calls)
			start(client, load, call, started++);
	}
	free(calls);
	return report(load, &tally, seconds() - begin, out);
}
