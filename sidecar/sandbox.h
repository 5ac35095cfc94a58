/* SPDX-License-Identifier: Apache-2.0
 *
 * The sandbox: what this process may ask of the kernel from here on, whatever a peer makes of it. Two steps:
 *
 *   begin   before keys are read: no core dump, no memory to other processes of the user, no new privileges
 *   enter   when everything is open and nothing is accepted yet: a list of system calls (seccomp), for all
 *           threads there are and will be. There is no way back.
 *
 * The list is that of a daemon that reads files, writes its own, talks over sockets that it has or makes, and starts
 * threads. Not on it: starting programs, listening, other address families, executable memory that is written to,
 * changing users, mounting, tracing.
 */
#ifndef SIDECAR_SANDBOX_H
#define SIDECAR_SANDBOX_H

#include "proto/err.h"
#include <stdbool.h>

enum sidecar_sandbox {
	SIDECAR_SANDBOX_OFF,
	SIDECAR_SANDBOX_ON,   /* what is not on the list is refused with EPERM */
	SIDECAR_SANDBOX_KILL, /* what is not on the list ends the process: SIGSYS */
};

/* Before the first thread. */
void sidecar_sandbox_begin(void);

/* In either mode, starting a program and looking into another process end the process: nothing of ours does
 * it. Fails where the kernel or a filter around us does not allow filters. OFF does nothing. */
MUST_USE bool sidecar_sandbox_enter(enum sidecar_sandbox how, struct err *err);

/* What `enter` did, for the operator. */
const char *sidecar_sandbox_text(enum sidecar_sandbox how);

#endif
