/* SPDX-License-Identifier: Apache-2.0
 *
 * Tells the service manager how far we are: the datagrams of sd_notify(3), which its manual page offers for
 * implementation without the library.
 */
#ifndef SIDECAR_NOTIFY_H
#define SIDECAR_NOTIFY_H

#include <stdbool.h>

/* state: lines such as "READY=1\nSTATUS=serving". Without NOTIFY_SOCKET in the environment nothing happens.
 * True when it was sent. */
bool sidecar_notify(const char *state);

#endif
