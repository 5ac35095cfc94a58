/* SPDX-License-Identifier: Apache-2.0
 *
 * The daemon's life: everything that `serve` needs, in the order in which it is made and, backwards, ended.
 *
 *     config, keys, rules      checked completely: what `check` refuses, `serve` refuses in the same words
 *     sockets                  bound, nothing accepted yet
 *     log                      opened and recovered; ruleset and mode are entries; history folded from it
 *     server, workers, admin   calls are taken
 *     control, watch           questions are answered, changed files and SIGHUP reload
 *     ...                      until SIGTERM, SIGINT or `drain`
 *     drain                    readiness off, drain.delay, no more accepts, calls in flight within drain.grace
 *     log                      last tally, `close`, checkpoint
 */
#ifndef SIDECAR_DAEMON_H
#define SIDECAR_DAEMON_H

#include "sidecar/talk.h"

/* Exit codes of every program of rankguard. */
enum sidecar_exit { SIDECAR_YES = 0, SIDECAR_NO = 1, SIDECAR_USAGE = 2, SIDECAR_FAILED = 3 };

/* Serves until a signal ends it. `config_path`: the configuration file. SIGTERM, SIGINT and SIGHUP must be
 * blocked in the calling thread, which is the program's only one. */
enum sidecar_exit sidecar_daemon_serve(const char *config_path, struct sidecar_talk *talk);

/* Everything that serve would refuse, without serving: findings go to stdout, one a line. The sockets are
 * not bound and the log is not opened; its directory and keys are looked at. */
enum sidecar_exit sidecar_daemon_check(const char *config_path);

#endif
