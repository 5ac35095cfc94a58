/* SPDX-License-Identifier: Apache-2.0
 *
 * What the operator reads: the form of a line, and how many of them.
 */
#include "sidecar/talk.h"

#include "proto/buf.h"
#include "proto/time.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

struct stage {
	int fd;
	int64_t now_ns;
	struct sidecar_talk *talk;
};

static int64_t stage_clock(void *ctx)
{
	return ((const struct stage *)ctx)->now_ns;
}

static void stage_begin(struct stage *stage, bool json)
{
	stage->fd = memfd_create("talk", MFD_CLOEXEC);
	assert_true(stage->fd >= 0);
	stage->now_ns = 1795434600 * TIME_SECOND; /* 2026-11-23T11:50:00Z */
	stage->talk = sidecar_talk_new(stage->fd, json);
	assert_non_null(stage->talk);
	sidecar_talk_clock(stage->talk, stage_clock, stage);
}

/* Ends the talk and returns all that was said. Owned. */
static char *stage_end(struct stage *stage)
{
	sidecar_talk_free(stage->talk);
	off_t len = lseek(stage->fd, 0, SEEK_END);
	char *text = calloc(1, (size_t)len + 1);
	assert_non_null(text);
	assert_int_equal(pread(stage->fd, text, (size_t)len, 0), len);
	close(stage->fd);
	return text;
}

static void a_line_is_one_json_object(void **state)
{
	(void)state;
	struct stage stage;
	stage_begin(&stage, true);
	sidecar_say(stage.talk, SIDECAR_INFO, "ready", "listens on %s", "unix:/x");
	sidecar_say(stage.talk, SIDECAR_ERROR, "upstream", "said \"no\"\nand \xff\\");
	char *text = stage_end(&stage);
	assert_string_equal(text,
			    "{\"time\":\"2026-11-23T11:50:00.000000000Z\",\"level\":\"info\",\"event\":"
			    "\"ready\",\"text\":\"listens on unix:/x\"}\n"
			    "{\"time\":\"2026-11-23T11:50:00.000000000Z\",\"level\":\"error\",\"event\":"
			    "\"upstream\",\"text\":\"said \\\"no\\\"\\nand \xef\xbf\xbd\\\\\"}\n");
	free(text);
}

static void plain_text_cannot_forge_a_line(void **state)
{
	(void)state;
	struct stage stage;
	stage_begin(&stage, false);
	sidecar_say(stage.talk, SIDECAR_WARN, "upstream", "gone\n2026 info all is well\x1b[2J");
	char *text = stage_end(&stage);
	assert_string_equal(text, "2026-11-23T11:50:00.000000000Z warn upstream: gone 2026 info all is well "
				  "[2J\n");
	free(text);
}

static void a_long_text_is_cut(void **state)
{
	(void)state;
	struct stage stage;
	char large[10000];
	memset(large, 'x', sizeof large - 1);
	large[sizeof large - 1] = '\0';
	stage_begin(&stage, false);
	sidecar_say(stage.talk, SIDECAR_INFO, "long", "%s", large);
	char *text = stage_end(&stage);
	assert_true(strlen(text) > 2000 && strlen(text) < 2200);
	assert_int_equal(text[strlen(text) - 1], '\n');
	free(text);
}

static size_t count(const char *text, const char *word)
{
	size_t found = 0;
	for (const char *at = text; (at = strstr(at, word)); at++)
		found++;
	return found;
}

static void ten_lines_of_an_event_leave_in_a_second(void **state)
{
	(void)state;
	struct stage stage;
	stage_begin(&stage, false);
	for (int i = 0; i < 25; i++)
		sidecar_say(stage.talk, SIDECAR_INFO, "often", "line %d.", i);
	sidecar_say(stage.talk, SIDECAR_INFO, "seldom", "once");
	stage.now_ns += TIME_SECOND - 1;
	sidecar_say(stage.talk, SIDECAR_INFO, "often", "too early");
	stage.now_ns += 1;
	sidecar_say(stage.talk, SIDECAR_INFO, "seldom", "twice");
	sidecar_say(stage.talk, SIDECAR_INFO, "often", "again");
	char *text = stage_end(&stage);
	assert_int_equal(count(text, "often: line "), 10);
	assert_int_equal(count(text, "too early"), 0);
	assert_int_equal(count(text, "seldom: "), 2);
	assert_non_null(strstr(text, "often: line 9.\n"));
	assert_non_null(strstr(text, "2026-11-23T11:50:01.000000000Z warn often: 16 more lines of this event "
				     "were left out\n2026-11-23T11:50:01.000000000Z info seldom: twice\n"));
	assert_non_null(strstr(text, "often: again\n"));
	free(text);
}

static void what_was_left_out_is_said_at_the_end(void **state)
{
	(void)state;
	struct stage stage;
	stage_begin(&stage, false);
	for (int i = 0; i < 12; i++)
		sidecar_say(stage.talk, SIDECAR_INFO, "often", "line");
	char *text = stage_end(&stage);
	assert_non_null(strstr(text, "often: 2 more lines of this event were left out\n"));
	free(text);
}

static void a_clock_set_back_does_not_silence(void **state)
{
	(void)state;
	struct stage stage;
	stage_begin(&stage, false);
	for (int i = 0; i < 12; i++)
		sidecar_say(stage.talk, SIDECAR_INFO, "often", "line");
	stage.now_ns -= TIME_DAY;
	sidecar_say(stage.talk, SIDECAR_INFO, "often", "yesterday");
	char *text = stage_end(&stage);
	assert_int_equal(count(text, "yesterday"), 1);
	free(text);
}

enum { THREADS = 8, LINES = 200 };

static void *chatter(void *ctx)
{
	struct stage *stage = ctx;
	static const char *const events[] = {"a", "b", "c", "d", "e"};
	for (int i = 0; i < LINES; i++)
		sidecar_say(stage->talk, SIDECAR_INFO, events[i % 5], "said by a thread");
	return NULL;
}

/* The clock stands still, so exactly ten lines of each of the five events leave. */
static void lines_of_threads_stay_whole(void **state)
{
	(void)state;
	struct stage stage;
	pthread_t thread[THREADS];
	stage_begin(&stage, false);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, chatter, &stage), 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	char *text = stage_end(&stage);
	assert_int_equal(count(text, ": said by a thread\n"), 50);
	assert_int_equal(count(text, "310 more lines"), 5);
	assert_int_equal(count(text, "\n"), 55);
	free(text);
}

static void a_closed_reader_and_no_talk_are_fine(void **state)
{
	(void)state;
	struct sidecar_talk *talk = sidecar_talk_new(-1, true);
	sidecar_say(talk, SIDECAR_INFO, "ready", "nobody hears");
	sidecar_talk_free(talk);
	sidecar_say(NULL, SIDECAR_INFO, "ready", "nobody hears");
	sidecar_talk_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_one_json_object),
		cmocka_unit_test(plain_text_cannot_forge_a_line),
		cmocka_unit_test(a_long_text_is_cut),
		cmocka_unit_test(ten_lines_of_an_event_leave_in_a_second),
		cmocka_unit_test(what_was_left_out_is_said_at_the_end),
		cmocka_unit_test(a_clock_set_back_does_not_silence),
		cmocka_unit_test(lines_of_threads_stay_whole),
		cmocka_unit_test(a_closed_reader_and_no_talk_are_fine),
	};
	return cmocka_run_group_tests_name("talk", tests, NULL, NULL);
}
