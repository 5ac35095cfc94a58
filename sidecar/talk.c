/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/talk.h"

#include "proto/buf.h"
#include "proto/time.h"
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
	LINES_PER_SECOND = 10,
	EVENTS_MAX = 64, /* more different events than the daemon has; later ones share the last row */
	TEXT_MAX = 2048,
};

/* One event's current second. */
struct talk_event {
	const char *name;
	int64_t since_ns;
	unsigned said;
	unsigned left_out;
};

struct sidecar_talk {
	int fd;
	bool json;
	int64_t (*clock)(void *);
	void *clock_ctx;
	pthread_mutex_t lock; /* guards the events and keeps lines whole */
	struct talk_event event[EVENTS_MAX];
	size_t event_count;
};

static const char *const level_names[] = {"info", "warn", "error"};

static int64_t real_clock(void *ctx)
{
	(void)ctx;
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * TIME_SECOND + now.tv_nsec;
}

struct sidecar_talk *sidecar_talk_new(int fd, bool json)
{
	struct sidecar_talk *talk = calloc(1, sizeof *talk);
	if (talk) {
		talk->fd = fd;
		talk->json = json;
		talk->clock = real_clock;
		pthread_mutex_init(&talk->lock, NULL);
	}
	return talk;
}

void sidecar_talk_clock(struct sidecar_talk *talk, int64_t (*clock)(void *ctx), void *ctx)
{
	talk->clock = clock;
	talk->clock_ctx = ctx;
}

/* Control characters would let a text from outside forge a line. */
static void plain_text(struct buf *line, const char *text)
{
	for (; *text; text++)
		buf_add(line, (unsigned char)*text < 0x20 || *text == 0x7f ? " " : text, 1);
}

static void format_line(struct buf *line, const struct sidecar_talk *talk, enum sidecar_level level,
			const char *event, int64_t now_ns, const char *text)
{
	char time[TIME_TEXT_LEN + 1];
	time_format(now_ns, time);
	if (talk->json) {
		json_open(line, '{');
		json_key(line, "time");
		json_text(line, time);
		json_key(line, "level");
		json_text(line, level_names[level]);
		json_key(line, "event");
		json_text(line, event);
		json_key(line, "text");
		json_text(line, text);
		json_close(line, '}');
	} else {
		buf_printf(line, "%s %s %s: ", time, level_names[level], event);
		plain_text(line, text);
	}
	buf_add_text(line, "\n");
}

/* Nobody is left to tell when this fails. */
static void write_all(int fd, struct bytes from)
{
	while (from.len) {
		ssize_t wrote = write(fd, from.at, from.len);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return;
		from.at += wrote;
		from.len -= (size_t)wrote;
	}
}

static void write_line(const struct sidecar_talk *talk, enum sidecar_level level, const char *event,
		       int64_t now_ns, const char *text)
{
	struct buf line = {0};
	format_line(&line, talk, level, event, now_ns, text);
	if (!line.failed)
		write_all(talk->fd, buf_bytes(&line));
	buf_done(&line);
}

/* The second of an event ends: what it left out is said, and the row is ready for the next second. */
static void end_second(const struct sidecar_talk *talk, struct talk_event *event, int64_t now_ns)
{
	if (event->left_out) {
		char text[80];
		snprintf(text, sizeof text, "%u more lines of this event were left out", event->left_out);
		write_line(talk, SIDECAR_WARN, event->name, now_ns, text);
	}
	event->said = event->left_out = 0;
}

static struct talk_event *find_event(struct sidecar_talk *talk, const char *name)
{
	for (size_t i = 0; i < talk->event_count; i++)
		if (strcmp(talk->event[i].name, name) == 0)
			return &talk->event[i];
	if (talk->event_count == EVENTS_MAX)
		return &talk->event[EVENTS_MAX - 1];
	struct talk_event *event = &talk->event[talk->event_count++];
	event->name = name;
	return event;
}

/* A clock that was set back ends the second too, or an event could stay silent for hours. */
static bool admit(struct sidecar_talk *talk, const char *name, int64_t now_ns)
{
	for (size_t i = 0; i < talk->event_count; i++) {
		struct talk_event *event = &talk->event[i];
		if (now_ns < event->since_ns || now_ns - event->since_ns >= TIME_SECOND)
			end_second(talk, event, now_ns);
	}
	struct talk_event *event = find_event(talk, name);
	if (event->said == 0)
		event->since_ns = now_ns;
	if (event->said == LINES_PER_SECOND) {
		event->left_out++;
		return false;
	}
	event->said++;
	return true;
}

void sidecar_say(struct sidecar_talk *talk, enum sidecar_level level, const char *event, const char *format,
		 ...)
{
	if (!talk)
		return;
	char text[TEXT_MAX];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	pthread_mutex_lock(&talk->lock);
	int64_t now_ns = talk->clock(talk->clock_ctx);
	if (admit(talk, event, now_ns))
		write_line(talk, level, event, now_ns, text);
	pthread_mutex_unlock(&talk->lock);
}

void sidecar_talk_free(struct sidecar_talk *talk)
{
	if (!talk)
		return;
	int64_t now_ns = talk->clock(talk->clock_ctx);
	for (size_t i = 0; i < talk->event_count; i++)
		end_second(talk, &talk->event[i], now_ns);
	pthread_mutex_destroy(&talk->lock);
	free(talk);
}
