/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls read one atomic number, the end. Everything else is under the lock, which is held while an entry is
 * written: changes of the switch stand in the log in the order in which they came into force.
 */
#include "sidecar/mode.h"

#include "proto/utf8.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define ENFORCE INT64_MIN /* an end that always lies behind */

struct sidecar_mode {
	struct audit_log *log;
	struct sidecar_talk *talk;
	_Atomic int64_t until_ns; /* ENFORCE, or when observing ends; may lie behind until it is recorded */
	pthread_mutex_t lock;
	char by[SIDECAR_OBSERVE_BY_MAX + 1]; /* of the last change; "": nobody */
	bool owed;			     /* enforces, and the entry of it is not written */
	enum sidecar_cause cause;	     /* of what is owed */
	bool configured;		     /* the next two are what a configuration asked for; one thread */
	int64_t wanted_until_ns;
	char wanted_by[SIDECAR_OBSERVE_BY_MAX + 1];
};

static const char *cause_name(enum sidecar_cause cause)
{
	static const char *const names[] = {
#define X(name, text) [SIDECAR_CAUSE_##name] = text,
		SIDECAR_CAUSES(X)
#undef X
	};
	return names[cause];
}

struct sidecar_mode *sidecar_mode_new(struct audit_log *log, struct sidecar_talk *talk)
{
	struct sidecar_mode *mode = calloc(1, sizeof *mode);
	if (!mode)
		return NULL;
	mode->log = log;
	mode->talk = talk;
	atomic_init(&mode->until_ns, ENFORCE);
	pthread_mutex_init(&mode->lock, NULL);
	return mode;
}

void sidecar_mode_free(struct sidecar_mode *mode)
{
	if (!mode)
		return;
	pthread_mutex_destroy(&mode->lock);
	free(mode);
}

bool sidecar_mode_by_valid(const char *by, struct err *err)
{
	size_t len = strlen(by);
	bool blank = strspn(by, " ") == len, control = false;
	for (size_t i = 0; i < len; i++)
		control |= (unsigned char)by[i] < 0x20 || by[i] == 0x7f;
	if (blank)
		return err_set(err, "names nobody; write who answers for it, such as \"sre@example.org\"");
	if (len > SIDECAR_OBSERVE_BY_MAX)
		return err_set(err, "is too long; at most %d bytes", SIDECAR_OBSERVE_BY_MAX);
	if (control || !utf8_valid(bytes_of(by)))
		return err_set(err, "holds a control character or is not UTF-8; write plain text");
	return true;
}

/* Whole seconds are enough for people. */
static const char *short_time(int64_t time_ns, char text[TIME_TEXT_LEN + 1])
{
	time_format(time_ns, text);
	memcpy(text + TIME_TEXT_LEN - 11, "Z", 2);
	return text;
}

bool sidecar_mode_until_valid(int64_t until_ns, int64_t now_ns, struct err *err)
{
	char until[TIME_TEXT_LEN + 1];
	short_time(until_ns, until);
	if (until_ns <= now_ns)
		return err_set(
			err,
			"%s has passed; write a later time, or mode = \"enforce\" without observe_until "
			"and observe_by",
			until);
	if (until_ns - now_ns > SIDECAR_OBSERVE_MAX)
		return err_set(err, "%s is more than 30 days ahead; write an earlier time", until);
	return true;
}

/* Under the lock. Waits until the entry is durable. */
static bool record(struct sidecar_mode *mode, int64_t until_ns, const char *by, enum sidecar_cause cause,
		   struct err *err)
{
	struct audit_batch batch = {0};
	bool observe = until_ns != ENFORCE;
	struct audit_entry_mode entry = {.mode = observe ? "observe" : "enforce",
					 .until_ns = observe ? until_ns : 0,
					 .by = by && *by ? bytes_of(by) : (struct bytes){0},
					 .cause = cause_name(cause)};
	bool good = audit_entry_mode(&batch, audit_log_now(mode->log), &entry);
	if (!good)
		err_set(err, "memory is short");
	good = good && audit_log_append_wait(mode->log, &batch, NULL, err);
	audit_batch_done(&batch);
	return good;
}

static void come_into_force(struct sidecar_mode *mode, int64_t until_ns, const char *by)
{
	atomic_store(&mode->until_ns, until_ns);
	snprintf(mode->by, sizeof mode->by, "%s", by ? by : "");
}

bool sidecar_mode_observe(struct sidecar_mode *mode, int64_t until_ns, const char *by,
			  enum sidecar_cause cause, struct err *err)
{
	char until[TIME_TEXT_LEN + 1];
	if (!sidecar_mode_until_valid(until_ns, audit_log_now(mode->log), err))
		return err_within(err, "observe_until");
	if (!sidecar_mode_by_valid(by, err))
		return err_within(err, "observe_by");
	pthread_mutex_lock(&mode->lock);
	bool good = record(mode, until_ns, by, cause, err);
	if (good) {
		come_into_force(mode, until_ns, by);
		mode->owed = false;
		sidecar_say(mode->talk, SIDECAR_WARN, "mode",
			    "observe: no rule is enforced until %s, asked for by %s",
			    short_time(until_ns, until), by);
	}
	pthread_mutex_unlock(&mode->lock);
	return good ? true : err_within(err, "mode");
}

/* Under the lock. What is owed is written, or stays owed. */
static bool pay(struct sidecar_mode *mode, struct err *err)
{
	if (mode->owed && !record(mode, ENFORCE, mode->by, mode->cause, err))
		return err_within(err, "mode");
	mode->owed = false;
	return true;
}

static bool enforce(struct sidecar_mode *mode, const char *by, enum sidecar_cause cause, struct err *err)
{
	come_into_force(mode, ENFORCE, by);
	mode->owed = true;
	mode->cause = cause;
	return pay(mode, err);
}

bool sidecar_mode_enforce(struct sidecar_mode *mode, const char *by, enum sidecar_cause cause,
			  struct err *err)
{
	if (by && !sidecar_mode_by_valid(by, err))
		return err_within(err, "observe_by");
	pthread_mutex_lock(&mode->lock);
	bool good = enforce(mode, by, cause, err);
	pthread_mutex_unlock(&mode->lock);
	return good;
}

bool sidecar_mode_configure(struct sidecar_mode *mode, int64_t until_ns, const char *by,
			    enum sidecar_cause cause, struct err *err)
{
	const char *name = by ? by : "";
	if (mode->configured && until_ns == mode->wanted_until_ns && strcmp(name, mode->wanted_by) == 0)
		return true;
	bool good = until_ns ? sidecar_mode_observe(mode, until_ns, name, cause, err)
			     : sidecar_mode_enforce(mode, NULL, cause, err);
	if (!good)
		return false;
	mode->configured = true;
	mode->wanted_until_ns = until_ns;
	snprintf(mode->wanted_by, sizeof mode->wanted_by, "%s", name);
	return true;
}

bool sidecar_mode_observes(const struct sidecar_mode *mode, int64_t now_ns)
{
	return now_ns < atomic_load(&mode->until_ns);
}

bool sidecar_mode_tick(struct sidecar_mode *mode, struct err *err)
{
	pthread_mutex_lock(&mode->lock);
	int64_t until_ns = atomic_load(&mode->until_ns);
	bool due = until_ns != ENFORCE && until_ns <= audit_log_now(mode->log);
	bool good = due ? enforce(mode, NULL, SIDECAR_CAUSE_UNTIL, err) : pay(mode, err);
	if (due)
		sidecar_say(mode->talk, SIDECAR_WARN, "mode", "enforce: the time to observe is over");
	pthread_mutex_unlock(&mode->lock);
	return good;
}

void sidecar_mode_state(struct sidecar_mode *mode, struct sidecar_mode_state *state)
{
	pthread_mutex_lock(&mode->lock);
	int64_t until_ns = atomic_load(&mode->until_ns);
	*state = (struct sidecar_mode_state){.observes = audit_log_now(mode->log) < until_ns};
	if (state->observes) {
		state->until_ns = until_ns;
		memcpy(state->by, mode->by, sizeof state->by);
	}
	pthread_mutex_unlock(&mode->lock);
}

void sidecar_mode_render(const struct sidecar_mode *mode, struct buf *out)
{
	bool observes = sidecar_mode_observes(mode, audit_log_now(mode->log));
	buf_printf(out,
		   "# HELP rankguard_mode 1 for the mode in force: observe decides, records and changes "
		   "nothing.\n"
		   "# TYPE rankguard_mode gauge\n"
		   "rankguard_mode{mode=\"enforce\"} %d\n"
		   "rankguard_mode{mode=\"observe\"} %d\n",
		   !observes, observes);
}
