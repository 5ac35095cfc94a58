/* SPDX-License-Identifier: Apache-2.0
 *
 * The global observe switch: while it observes, the whole chain is decided as in enforce, recorded as `would`,
 * and thrown away. It always has an end, and returns to enforce by itself; each change is an entry of the log.
 *
 *     mode = sidecar_mode_new(log, talk)
 *     sidecar_mode_configure                          at the start and at each reload
 *     sidecar_mode_enforce / sidecar_mode_observe     when an operator asks
 *     sidecar_mode_observes(mode, now)                each response: a call that comes after the end is enforced,
 *                                                     whether or not the return was recorded yet
 *     sidecar_mode_tick(mode)                         every second: records the return, once
 *
 * Each start states its mode, so that the last `mode` entry of a log tells what is in force. To observe needs
 * its entry first; to enforce never waits: without an entry it is in force all the same, and the entry is owed
 * and tried again with each tick. The only clock is the log's.
 */
#ifndef SIDECAR_MODE_H
#define SIDECAR_MODE_H

#include "audit/log.h"
#include "sidecar/talk.h"

/* How far ahead the end may lie: a trial of four weeks, and not a switch that was forgotten. */
#define SIDECAR_OBSERVE_MAX (30 * TIME_DAY)
enum { SIDECAR_OBSERVE_BY_MAX = 120 }; /* bytes of the name */

#define SIDECAR_CAUSES(X)                                                                                    \
	X(START, "start")     /* the configuration that the daemon started with */                           \
	X(UNTIL, "until")     /* the end came */                                                             \
	X(CONTROL, "control") /* an operator asked for it */                                                 \
	X(RELOAD, "reload")   /* a changed configuration */
enum sidecar_cause {
#define X(name, text) SIDECAR_CAUSE_##name,
	SIDECAR_CAUSES(X)
#undef X
};

struct sidecar_mode;

/* Enforces, and has recorded nothing yet. Keeps log and talk. Returns owned; NULL when memory is short. */
struct sidecar_mode *sidecar_mode_new(struct audit_log *log, struct sidecar_talk *talk);
void sidecar_mode_free(struct sidecar_mode *mode); /* NULL is fine */

/* What may be asked for. The end is later than now and at most SIDECAR_OBSERVE_MAX ahead; the name is not blank,
 * at most SIDECAR_OBSERVE_BY_MAX bytes of UTF-8 without control characters. */
MUST_USE bool sidecar_mode_until_valid(int64_t until_ns, int64_t now_ns, struct err *err);
MUST_USE bool sidecar_mode_by_valid(const char *by, struct err *err);

/* Observes until then; also while it observes already, to move the end. Copies `by`. False: not valid, or the
 * entry could not be written: the mode stays what it was. Waits for the log; never on a call's thread. */
MUST_USE bool sidecar_mode_observe(struct sidecar_mode *mode, int64_t until_ns, const char *by,
				   enum sidecar_cause cause, struct err *err);

/* Enforces from now on. by: who asked; NULL: nobody. False: the name is not valid, and nothing has changed; or
 * the entry could not be written yet. */
MUST_USE bool sidecar_mode_enforce(struct sidecar_mode *mode, const char *by, enum sidecar_cause cause,
				   struct err *err);

/* The switch as a configuration asks for it; until_ns 0: enforce. The first one is always carried out; a later
 * one only where it differs from the one before, so that a reload of other things leaves alone what an operator
 * asked for meanwhile, and a switch that has returned. */
MUST_USE bool sidecar_mode_configure(struct sidecar_mode *mode, int64_t until_ns, const char *by,
				     enum sidecar_cause cause, struct err *err);

/* Is nothing enforced at that time? Thread: any, never waits. */
bool sidecar_mode_observes(const struct sidecar_mode *mode, int64_t now_ns);

/* Records a return that is due. False: it is still owed; err says why. */
MUST_USE bool sidecar_mode_tick(struct sidecar_mode *mode, struct err *err);

struct sidecar_mode_state {
	bool observes;
	int64_t until_ns;		     /* 0 when it does not observe */
	char by[SIDECAR_OBSERVE_BY_MAX + 1]; /* "" when it does not observe */
};
/* A snapshot. Thread: any; may wait for an entry that is being written. */
void sidecar_mode_state(struct sidecar_mode *mode, struct sidecar_mode_state *state);

/* The gauge rankguard_mode in Prometheus text. Thread: any, never waits. */
void sidecar_mode_render(const struct sidecar_mode *mode, struct buf *out);

#endif
