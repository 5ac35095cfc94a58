/* SPDX-License-Identifier: Apache-2.0
 *
 * The configuration's options as text, made of the option table.
 */
#ifndef SIDECAR_CONFIG_MANUAL_H
#define SIDECAR_CONFIG_MANUAL_H

#include "proto/buf.h"

/* For a terminal. */
void sidecar_config_list(struct buf *out);
/* For rankguard.cfg(5): the list of options in roff's man macros. */
void sidecar_config_manual(struct buf *out);

#endif
